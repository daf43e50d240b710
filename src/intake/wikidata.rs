//! Rows of a Wikidata query: an item's address in one column (`item`), its names in others (`itemLabel`,
//! `itemAltLabel`), and one row for each combination of its values.

use serde_json::Value;

use super::Fields;

/// Returns the id of an item, `Q42`, from its address.
pub(super) fn item(value: &str) -> Option<&str> {
    let path = value
        .strip_prefix("http://www.wikidata.org/entity/")
        .or_else(|| value.strip_prefix("https://www.wikidata.org/entity/"));
    path.or_else(|| value.strip_prefix("https://www.wikidata.org/wiki/"))
        .filter(|id| id.starts_with('Q') && id[1..].bytes().all(|byte| byte.is_ascii_digit()) && id.len() > 1)
}

/// Returns the column of a row that names its item: the first with an address whose label stands beside it.
fn key(fields: &Fields) -> Option<&str> {
    let is_item = |(name, value): &(&String, &Value)| {
        text(value).and_then(item).is_some() && fields.contains_key(&format!("{name}Label"))
    };
    fields.iter().find(is_item).map(|(name, _)| name.as_str())
}

/// Returns whether a record is a row of a Wikidata query.
pub(super) fn is_row(fields: &Fields) -> bool {
    key(fields).is_some()
}

/// A value of a CSV or of a JSON result.
fn text(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) => Some(text),
        Value::Object(fields) => fields.get("value").and_then(Value::as_str),
        _ => None,
    }
}

/// Gives a row's fields the names of our own files: `id`, `name`, `aliases`; and of a value that is an item itself, what
/// it is called.
pub(super) fn plain(mut fields: Fields) -> Fields {
    let Some(key) = key(&fields).map(str::to_owned) else { return fields };
    let mut out = Fields::new();
    let take = |fields: &mut Fields, name: &str| fields.shift_remove(name).as_ref().and_then(text).map(str::to_owned);
    let address = take(&mut fields, &key).unwrap_or_default();
    out.insert("id".into(), Value::from(item(&address).unwrap_or(&address)));
    if let Some(label) = take(&mut fields, &format!("{key}Label")) {
        out.insert("name".into(), Value::from(label));
    }
    if let Some(names) = take(&mut fields, &format!("{key}AltLabel")) {
        let names: Vec<&str> = names.split(", ").filter(|name| !name.is_empty()).collect();
        out.insert("aliases".into(), Value::from(names));
    }
    if let Some(description) = take(&mut fields, &format!("{key}Description")) {
        out.insert("description".into(), Value::from(description));
    }
    let names: Vec<String> = fields.keys().cloned().collect();
    for name in names {
        // The label alone, where the query left the item out.
        let name = name.strip_suffix("Label").filter(|base| !base.is_empty()).unwrap_or(&name).to_owned();
        let label = take(&mut fields, &format!("{name}Label"));
        if let Some(value) = label.or_else(|| take(&mut fields, &name)) {
            fields.shift_remove(&name);
            out.insert(name, Value::from(value));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn rows_of_a_query_become_plain() {
        let fields = |value: Value| match value {
            Value::Object(fields) => fields,
            _ => Fields::new(),
        };
        let row = json!({
            "person": "http://www.wikidata.org/entity/Q7259", "personLabel": "Ada Lovelace",
            "personAltLabel": "Ada Byron, Augusta Ada King", "country": "http://www.wikidata.org/entity/Q145",
            "countryLabel": "United Kingdom", "born": "1815-12-10"
        });
        assert!(is_row(&fields(row.clone())));
        let expected = json!({
            "id": "Q7259", "name": "Ada Lovelace", "aliases": ["Ada Byron", "Augusta Ada King"], "country": "United Kingdom",
            "born": "1815-12-10"
        });
        assert_eq!(Value::Object(plain(fields(row))), expected);
        let binding = json!({
            "item": {"type": "uri", "value": "http://www.wikidata.org/entity/Q1"},
            "itemLabel": {"type": "literal", "xml:lang": "en", "value": "universe"}
        });
        assert_eq!(Value::Object(plain(fields(binding))), json!({"id": "Q1", "name": "universe"}));
        assert!(!is_row(&fields(json!({"id": "Q1", "name": "x"}))));
        assert_eq!(item("http://www.wikidata.org/entity/Qx"), None);
    }
}
