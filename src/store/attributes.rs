//! Conditions on the attributes of stories (`--where`), and the function of SQL that compares.

use std::collections::BTreeMap;

use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;
use rusqlite::types::{ToSql, ToSqlOutput};

use super::Read;
use crate::model::StoryValue;
use crate::text::fold;

/// Conditions that one story must fulfil, all of them; as JSON, which is how SQL is given them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conditions(String);

/// One condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// Name of the attribute, as it is stored.
    pub name: String,
    /// Values it is compared with, equal after folding.
    pub value: String,
    /// True where it must be anything else, or not there.
    pub is_not: bool,
}

impl Conditions {
    /// Makes conditions of a list; `None` where it is empty.
    pub fn new(all: &[Condition]) -> Option<Conditions> {
        let folded: Vec<(&str, String, bool)> =
            all.iter().map(|one| (one.name.as_str(), fold(&one.value), one.is_not)).collect();
        (!all.is_empty()).then(|| Conditions(serde_json::json!(folded).to_string()))
    }

    pub(super) fn as_json(&self) -> String {
        self.0.clone()
    }
}

impl ToSql for Conditions {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        self.0.to_sql()
    }
}

impl Read<'_> {
    /// Returns whether some story has an attribute; the first one with it ends the look.
    pub fn has_attribute(self, name: &str) -> anyhow::Result<bool> {
        // The quoted name stands in the text of the JSON; where it does, the JSON is read.
        let quoted = serde_json::to_string(name)?;
        Ok(self.0.query_row(
            "SELECT EXISTS (SELECT 1 FROM stories s WHERE instr(s.attributes, ?2)
                              AND EXISTS (SELECT 1 FROM json_each(s.attributes) a WHERE a.key = ?1))",
            [name, &quoted],
            |row| row.get(0),
        )?)
    }

    /// Returns the names of all tables and views.
    pub fn table_names(self) -> anyhow::Result<Vec<String>> {
        let mut statement = self.0.prepare(
            "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%' ORDER BY name",
        )?;
        Ok(statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
    }

    /// Returns the names of the stories' attributes in alphabetical order, at most so many.
    pub fn attribute_names(self, limit: u32) -> anyhow::Result<Vec<String>> {
        let mut statement = self.0.prepare(
            "SELECT DISTINCT a.key FROM stories s, json_each(s.attributes) a
             WHERE json_type(s.attributes) = 'object' ORDER BY 1 LIMIT ?1",
        )?;
        Ok(statement.query_map([limit], |row| row.get(0))?.collect::<Result<_, _>>()?)
    }
}

/// Registers `attributes_fit(attributes, conditions)`.
pub(super) fn register(connection: &Connection) -> rusqlite::Result<()> {
    connection.create_scalar_function(
        "attributes_fit",
        2,
        FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_DIRECTONLY,
        move |arguments| {
            // Read once a statement.
            let conditions = arguments.get_or_create_aux(1, |conditions| {
                Ok::<_, std::convert::Infallible>(read(conditions.as_str().unwrap_or_default()))
            })?;
            // A column that other programs edit may hold anything; that has no attributes.
            Ok(fit(arguments.get_raw(0).as_str().unwrap_or_default(), &conditions))
        },
    )
}

/// Reads conditions: name, folded value, and whether it must be another one.
fn read(conditions: &str) -> Vec<(String, String, bool)> {
    serde_json::from_str(conditions).unwrap_or_default()
}

fn fit(attributes: &str, conditions: &[(String, String, bool)]) -> bool {
    let attributes: BTreeMap<String, StoryValue> = serde_json::from_str(attributes).unwrap_or_default();
    conditions.iter().all(|(name, value, is_not)| {
        let is_equal = match attributes.get(name) {
            None => false,
            Some(StoryValue::One(own)) => fold(own) == *value,
            Some(StoryValue::Many(all)) => all.iter().any(|own| fold(own) == *value),
        };
        is_equal != *is_not
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_conditions_must_hold_for_one_story() {
        let attributes = r#"{"section":"Économie","tags":["a","B"]}"#;
        let check = |conditions: &[(&str, &str, bool)], expected: bool| {
            let all: Vec<Condition> = conditions
                .iter()
                .map(|(name, value, is_not)| Condition {
                    name: (*name).into(),
                    value: (*value).into(),
                    is_not: *is_not,
                })
                .collect();
            let conditions = Conditions::new(&all).map(|all| all.as_json()).unwrap_or_default();
            assert_eq!(fit(attributes, &read(&conditions)), expected, "{conditions}");
        };
        check(&[("section", "economie", false)], true);
        check(&[("section", "sport", false)], false);
        check(&[("section", "sport", true), ("tags", "b", false)], true);
        check(&[("section", "ÉCONOMIE", true)], false);
        check(&[("tags", "a", true)], false);
        check(&[("nothing", "x", true)], true);
        check(&[("section", "economie", false), ("tags", "c", false)], false);
        assert!(!fit("no JSON", &read(r#"[["a","b",false]]"#)));
        assert_eq!(Conditions::new(&[]), None);
    }
}
