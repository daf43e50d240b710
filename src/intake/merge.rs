//! Several records that are one entity, put together.
//!
//! OpenRefine writes a value of a record with several on a row of its own that has nothing else; a Wikidata query gives a
//! row for each combination of values. Fields that differ become lists.

use std::collections::HashMap;

use serde_json::Value;

use super::readers::Record;
use super::{Fields, columns, wikidata};

/// Adds the fields of another record of the same thing.
fn add(fields: &mut Fields, more: Fields) {
    for (name, value) in more {
        if columns::is_blank(&value) {
            continue;
        }
        match fields.get_mut(&name) {
            None => _ = fields.insert(name, value),
            Some(own) if *own == value => {}
            Some(own) => {
                let mut all = match own.take() {
                    Value::Array(all) => all,
                    one => vec![one],
                };
                let more = match value {
                    Value::Array(more) => more,
                    one => vec![one],
                };
                for value in more {
                    if !all.contains(&value) {
                        all.push(value);
                    }
                }
                *own = Value::Array(all);
            }
        }
    }
}

/// Rows of a table; those in which none of the columns `keys` is filled belong to the row before.
pub(super) struct Continued<I: Iterator> {
    rows: std::iter::Peekable<I>,
    keys: Vec<String>,
}

impl<I: Iterator<Item = Record>> Continued<I> {
    pub(super) fn new(rows: I, keys: Vec<String>) -> Self {
        Self { rows: rows.peekable(), keys }
    }
}

impl<I: Iterator<Item = Record>> Iterator for Continued<I> {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        let mut record = self.rows.next()?;
        let keys = &self.keys;
        let goes_on = |record: &Record| matches!(record, Ok((_, fields)) if !fields.is_empty() && !keys.iter().any(|key| fields.contains_key(key)));
        while let Ok((_, fields)) = &mut record
            && let Some(Ok((_, more))) = self.rows.next_if(goes_on)
        {
            add(fields, more);
        }
        Some(record)
    }
}

/// Reads all rows of a Wikidata query and puts those of one item together. They are held in memory, as the results of a
/// query that the service answers can be.
pub(super) fn by_item(rows: impl Iterator<Item = Record>) -> Vec<Record> {
    let mut records: Vec<Record> = vec![];
    let mut places: HashMap<String, usize> = HashMap::new();
    for row in rows {
        let Ok((line, fields)) = row else {
            records.push(row);
            continue;
        };
        let fields = wikidata::plain(fields);
        let id = fields.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
        match places.get(&id).and_then(|place| records.get_mut(*place)) {
            Some(Ok((_, own))) if !id.is_empty() => add(own, fields),
            _ => {
                places.insert(id, records.len());
                records.push(Ok((line, fields)));
            }
        }
    }
    records
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn rows(values: Value) -> Vec<Record> {
        let Value::Array(values) = values else { panic!("a list") };
        let fields = |(index, value)| match value {
            Value::Object(fields) => Ok((index as u64 + 1, fields)),
            _ => panic!("an object"),
        };
        values.into_iter().enumerate().map(fields).collect()
    }

    #[test]
    fn a_row_without_a_key_goes_on() {
        let table =
            rows(json!([{"x": "0"}, {"id": "1", "aliases": "a"}, {"aliases": "b"}, {"aliases": "a"}, {"id": "2"}]));
        let found: Vec<Record> = Continued::new(table.into_iter(), vec!["id".into()]).collect();
        assert_eq!(found, rows_at(json!([[1, {"x": "0"}], [2, {"id": "1", "aliases": ["a", "b"]}], [5, {"id": "2"}]])));
    }

    #[test]
    fn rows_of_one_item_are_one() {
        let item = |q: u32, team: &str| json!({"item": format!("http://www.wikidata.org/entity/Q{q}"), "itemLabel": format!("N{q}"), "team": team});
        let found = by_item(rows(json!([item(1, "a"), item(2, "c"), item(1, "b")])).into_iter());
        let expected =
            json!([[1, {"id": "Q1", "name": "N1", "team": ["a", "b"]}], [2, {"id": "Q2", "name": "N2", "team": "c"}]]);
        assert_eq!(found, rows_at(expected));
    }

    fn rows_at(values: Value) -> Vec<Record> {
        let pairs: Vec<(u64, Fields)> = serde_json::from_value(values).unwrap();
        pairs.into_iter().map(Ok).collect()
    }
}
