//! Damage: what is wrong with the file itself, by table, and with values that no gleaner writes.
//!
//! Whoever asks here expects the worst, so every question stands alone: one that cannot be answered is damage too.

use rusqlite::functions::FunctionFlags;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, params};

use super::{Read, Tx, migrate};

/// The most that is told of one table; a damaged page can be the cause of thousands of lines.
const LINES_MAX: u64 = 3;

/// Damage of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The table, or what else of the file.
    pub table: String,
    /// Finding, in SQLite's words or ours.
    pub what: String,
    /// Tables that can be made again from what is whole.
    pub loss: Loss,
}

/// Loss by a damage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// Rows, or parts of them.
    Data,
    /// An index: the table itself is whole.
    Index,
    /// The full-text index.
    Search,
}

/// A part of the schema that the file should have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaObject {
    /// `table`, `index`, `view` or `trigger`.
    pub kind: String,
    pub name: String,
    /// The statement that makes it.
    sql: String,
}

impl SchemaObject {
    /// Returns whether it can be made again without loss.
    pub fn is_derived(&self) -> bool {
        self.kind != "table"
    }
}

/// Rows that refer to something that is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dangling {
    /// The table of the rows.
    pub table: String,
    /// The table that lacks what they refer to.
    pub parent: String,
    /// Number.
    pub n: u64,
}

/// Registers `fits(value, declared)`: whether a value can be read as the type its column declares. SQLite keeps any
/// value in any column, and text of any bytes; a program reads neither.
pub(super) fn register(connection: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_DIRECTONLY;
    connection.create_scalar_function("fits", 2, flags, |arguments| {
        let declared = arguments.get_raw(1).as_str().unwrap_or_default();
        Ok(match (arguments.get_raw(0), declared) {
            (ValueRef::Null, _) => true,
            (ValueRef::Text(text), "TEXT") => std::str::from_utf8(text).is_ok(),
            (ValueRef::Integer(_), "INTEGER" | "REAL") | (ValueRef::Real(_), "REAL") => true,
            (ValueRef::Blob(_), "BLOB") => true,
            (_, "TEXT" | "INTEGER" | "REAL" | "BLOB") => false,
            _ => true,
        })
    })
}

impl Read<'_> {
    /// Returns what SQLite finds wrong with the file, by table; with `is_quick`, without comparing indexes to their
    /// tables.
    pub fn structural_damage(self, is_quick: bool) -> Vec<Damage> {
        let pragma = if is_quick { "pragma_quick_check" } else { "pragma_integrity_check" };
        if matches!(self.complaints(pragma, None), Ok(lines) if lines.is_empty()) {
            return vec![];
        }
        let mut damages = vec![];
        match self.tables() {
            Err(error) => damages.push(lost("the schema", error.to_string())),
            Ok(tables) => {
                for table in tables {
                    match self.complaints(pragma, Some(&table)) {
                        Ok(lines) => {
                            let losses: Vec<Loss> = lines.iter().map(|what| loss(&table, what)).collect();
                            // The indexes of a table that is damaged cannot be made again from it.
                            let is_lost = losses.contains(&Loss::Data);
                            damages.extend(lines.into_iter().zip(losses).map(|(what, loss)| {
                                let loss = if is_lost { Loss::Data } else { loss };
                                Damage { table: table.clone(), what, loss }
                            }));
                        }
                        Err(error) => damages.push(lost(&table, error.to_string())),
                    }
                }
            }
        }
        if damages.is_empty() {
            // Pages that belong to no table.
            match self.complaints(pragma, None) {
                Ok(lines) => damages.extend(lines.into_iter().map(|what| {
                    let loss = loss("", &what);
                    Damage { table: "the file".to_owned(), what, loss }
                })),
                Err(error) => damages.push(lost("the file", error.to_string())),
            }
        }
        damages
    }

    /// Returns what stands in columns that no gleaner could have written there, by table.
    pub fn misfits(self) -> Vec<Damage> {
        let tables = match self.tables() {
            Ok(tables) => tables,
            Err(error) => return vec![lost("the schema", error.to_string())],
        };
        let mut damages = vec![];
        for table in tables.iter().filter(|table| !table.starts_with("story_search")) {
            match self.misfits_of(table) {
                Ok(lines) => damages.extend(lines.into_iter().map(|what| lost(table, what))),
                Err(error) => damages.push(lost(table, error.to_string())),
            }
        }
        damages
    }

    /// Returns what a fresh database has and this one lacks.
    pub fn missing_objects(self) -> anyhow::Result<Vec<SchemaObject>> {
        let have = objects(self.0)?;
        let mut fresh = Connection::open_in_memory()?;
        migrate::run(&mut fresh, Some(""))?;
        let mut missing = objects(&fresh)?;
        missing.retain(|object| !have.iter().any(|other| other.kind == object.kind && other.name == object.name));
        Ok(missing)
    }

    /// Returns which rows refer to something that is not there.
    pub fn dangling(self) -> anyhow::Result<Vec<Dangling>> {
        let mut statement = self
            .0
            .prepare("SELECT \"table\", parent, count(*) FROM pragma_foreign_key_check GROUP BY 1, 2 ORDER BY 1, 2")?;
        let rows = statement.query_map([], |row| {
            Ok(Dangling { table: row.get(0)?, parent: row.get(1)?, n: row.get::<_, i64>(2)? as u64 })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Returns the version of the file's schema, and the newest that this program knows.
    pub fn schema_version(self) -> anyhow::Result<(i64, i64)> {
        Ok((migrate::version(self.0)?, migrate::NEWEST))
    }

    fn tables(self) -> rusqlite::Result<Vec<String>> {
        let mut statement =
            self.0.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0 ORDER BY name")?;
        statement.query_map([], |row| row.get(0))?.collect()
    }

    /// Returns the lines of a check, of one table or of the whole file.
    fn complaints(self, pragma: &str, table: Option<&str>) -> rusqlite::Result<Vec<String>> {
        let mut statement = match table {
            // What is bound to a pragma arrives as text, and text names a table; so the most lines are written out.
            None => self.0.prepare(&format!("PRAGMA {}({LINES_MAX})", pragma.trim_start_matches("pragma_")))?,
            Some(_) => self.0.prepare(&format!("SELECT * FROM {pragma}(?1) LIMIT {LINES_MAX}"))?,
        };
        let mut rows = statement.query(rusqlite::params_from_iter(table))?;
        let mut lines = vec![];
        while let Some(row) = rows.next()? {
            let line = String::from_utf8_lossy(row.get_ref(0)?.as_bytes().unwrap_or_default()).into_owned();
            if line != "ok" {
                lines.push(line.trim_start_matches("*** in database main ***").trim().to_owned());
            }
        }
        Ok(lines)
    }

    /// Returns what does not fit into a table's columns, a line a column.
    fn misfits_of(self, table: &str) -> rusqlite::Result<Vec<String>> {
        let mut statement = self.0.prepare("SELECT name, upper(type) FROM pragma_table_info(?1)")?;
        let columns: Vec<(String, String)> =
            statement.query_map([table], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
        let columns: Vec<_> =
            columns.into_iter().filter(|(_, of)| ["TEXT", "INTEGER", "REAL", "BLOB"].contains(&of.as_str())).collect();
        if columns.is_empty() {
            return Ok(vec![]);
        }
        // Names come from the file, so they are quoted; types are one of four words.
        let counts: Vec<String> = columns
            .iter()
            .map(|(name, of)| {
                let name = quoted(name);
                let is_json = of == "TEXT" && is_json(table, &name);
                let json = if is_json { format!(" OR NOT json_valid({name})") } else { String::new() };
                format!("count(CASE WHEN NOT fits({name}, '{of}'){json} THEN 1 END)")
            })
            .collect();
        let sql = format!("SELECT {} FROM {}", counts.join(", "), quoted(table));
        let mut statement = self.0.prepare(&sql)?;
        statement.query_row([], |row| {
            let mut lines = vec![];
            for (i, (name, of)) in columns.iter().enumerate() {
                let n: i64 = row.get(i)?;
                if n > 0 {
                    let what = if is_json(table, &quoted(name)) { "JSON" } else { &of.to_lowercase() };
                    lines.push(format!("column `{name}` holds no {what} in {n} of its rows"));
                }
            }
            Ok(lines)
        })
    }
}

impl Tx<'_> {
    /// Makes every index anew from its table.
    pub fn reindex(&self) -> anyhow::Result<()> {
        self.execute_batch("REINDEX")?;
        Ok(())
    }

    /// Makes a part of the schema that is missing.
    pub fn restore_object(&self, object: &SchemaObject) -> anyhow::Result<()> {
        if object.is_derived() {
            self.execute_batch(&object.sql)?;
        }
        Ok(())
    }
}

fn objects(connection: &Connection) -> rusqlite::Result<Vec<SchemaObject>> {
    let mut statement =
        connection.prepare("SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type, name")?;
    statement
        .query_map(params![], |row| Ok(SchemaObject { kind: row.get(0)?, name: row.get(1)?, sql: row.get(2)? }))?
        .collect()
}

fn lost(table: &str, what: String) -> Damage {
    Damage { table: table.to_owned(), what, loss: Loss::Data }
}

/// Tells from SQLite's words whether an index or the table is meant.
fn loss(table: &str, what: &str) -> Loss {
    if table.starts_with("story_search") || what.contains("story_search") {
        Loss::Search
    } else if what.contains(" index ") {
        Loss::Index
    } else {
        Loss::Data
    }
}

/// Returns whether a column holds JSON; `column` is quoted.
fn is_json(table: &str, column: &str) -> bool {
    matches!(
        (table, column.trim_matches('"')),
        ("stories" | "entities", "attributes")
            | ("story_entities" | "mention_decisions" | "audit_items", "hints")
            | ("prompts", "parameters" | "schema")
            | ("audit_items", "missed")
            | ("batches", "errors" | "metadata")
            | ("origins", "capabilities")
    )
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    fn store(sql: &str) -> Store {
        let store = Store::open_in_memory("2026-01-01T00:00:00Z").unwrap();
        store.connection.execute_batch("PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON").unwrap();
        store.connection.execute_batch(sql).unwrap();
        store
    }

    #[test]
    fn a_fresh_database_is_sound() {
        let store = store("");
        let read = store.read();
        assert_eq!(read.structural_damage(false), []);
        assert_eq!(read.misfits(), []);
        assert_eq!(read.missing_objects().unwrap(), []);
        assert_eq!(read.dangling().unwrap(), []);
    }

    #[test]
    fn what_does_not_fit_is_named_with_table_and_column() {
        let group = "INSERT INTO story_groups (external_id, title, loaded_at) VALUES ('a', ";
        for (sql, expected) in [
            (format!("{group}CAST(x'ff' AS TEXT), 'x')"), "story_groups: column `title` holds no text in 1 of its rows"),
            (
                "INSERT INTO entities (external_id, type, name, attributes, loaded_at) VALUES ('a', 'b', 'c', '{', 'x')"
                    .to_owned(),
                "entities: column `attributes` holds no JSON in 1 of its rows",
            ),
            (
                "INSERT INTO audit_items (audit_id, ordinal, stratum, weight, item, item_type, method, score, missed)
                 VALUES (1, 1, 's', 1.0, 'a', 'topic', 'm', 1.0, '[')"
                    .to_owned(),
                "audit_items: column `missed` holds no JSON in 1 of its rows",
            ),
        ] {
            let damages = store(&sql).read().misfits();
            let lines: Vec<String> = damages.iter().map(|it| format!("{}: {}", it.table, it.what)).collect();
            assert_eq!(lines, [expected], "{sql}");
        }
    }

    #[test]
    fn what_is_missing_or_refers_to_nothing_is_found() {
        let store = store(
            "DROP INDEX story_groups_sort; DROP VIEW group_overview;
             INSERT INTO stories (story_group_id, ordinal, text) VALUES (7, 1, 'x'), (7, 2, 'y');",
        );
        let missing = store.read().missing_objects().unwrap();
        let names: Vec<_> = missing.iter().map(|object| (object.name.as_str(), object.is_derived())).collect();
        assert_eq!(names, [("story_groups_sort", true), ("group_overview", true)]);
        let dangling = Dangling { table: "stories".into(), parent: "story_groups".into(), n: 2 };
        assert_eq!(store.read().dangling().unwrap(), [dangling]);
    }
}
