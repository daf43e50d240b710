//! Databases of other programs, from which records are loaded: opened to be read, and trusted in nothing.

use std::path::Path;

use anyhow::{Context as _, bail};
use rusqlite::limits::Limit;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, InterruptHandle, OpenFlags};

/// A SQLite database that is not ours.
pub struct Foreign(Connection);

impl Foreign {
    /// Opens a database for reading; a value in it may have so many bytes.
    pub fn open(path: &Path, value_bytes_max: usize) -> anyhow::Result<Foreign> {
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
            .context("cannot open it as a SQLite database")?;
        // Views and defaults of a schema may call functions; none of them is ours to run.
        connection.pragma_update(None, "trusted_schema", false)?;
        connection.pragma_update(None, "query_only", true)?;
        connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, i32::try_from(value_bytes_max).unwrap_or(i32::MAX))?;
        connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
        Ok(Foreign(connection))
    }

    /// Returns the names of the tables and views that somebody made.
    pub fn tables(&self) -> anyhow::Result<Vec<String>> {
        let mut statement = self.0.prepare(
            "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
             ORDER BY rowid",
        )?;
        let names = statement.query_map([], |row| row.get(0))?;
        names.collect::<Result<_, _>>().context("cannot read its schema")
    }

    /// Returns the statement that reads a whole table.
    pub fn whole(table: &str) -> String {
        format!("SELECT * FROM \"{}\"", table.replace('"', "\"\""))
    }

    /// Returns the names of the columns that a statement gives, or why it is none that reads.
    pub fn columns(&self, sql: &str) -> anyhow::Result<Vec<String>> {
        let statement = self.0.prepare(sql)?;
        if !statement.readonly() || statement.column_count() == 0 {
            bail!("the statement gives no rows");
        }
        Ok(statement.column_names().map(str::to_owned).collect())
    }

    /// Returns what ends a running statement.
    pub fn interrupt_handle(&self) -> InterruptHandle {
        self.0.get_interrupt_handle()
    }

    /// Hands over every row as text, NULL and what is no text as `None`; ends when `give` returns false.
    pub fn each_row(&self, sql: &str, give: &mut dyn FnMut(Vec<Option<String>>) -> bool) -> anyhow::Result<()> {
        let mut statement = self.0.prepare(sql)?;
        let n_columns = statement.column_count();
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let text = |column: usize| {
                Ok(match row.get_ref(column)? {
                    ValueRef::Null => None,
                    ValueRef::Integer(number) => Some(number.to_string()),
                    ValueRef::Real(number) => Some(number.to_string()),
                    ValueRef::Text(text) => Some(String::from_utf8_lossy(text).into_owned()),
                    ValueRef::Blob(bytes) => std::str::from_utf8(bytes).ok().map(str::to_owned),
                })
            };
            let cells: Result<Vec<Option<String>>, rusqlite::Error> = (0..n_columns).map(text).collect();
            if !give(cells?) {
                break;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_and_nothing_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f.db");
        let connection = Connection::open(&path).unwrap();
        connection
            .execute_batch("CREATE TABLE \"a \"\"b\" (id, t); INSERT INTO \"a \"\"b\" VALUES (1, 'x'), (2.5, NULL);")
            .unwrap();
        drop(connection);
        let foreign = Foreign::open(&path, 1000).unwrap();
        assert_eq!(foreign.tables().unwrap(), ["a \"b"]);
        let sql = Foreign::whole("a \"b");
        assert_eq!(foreign.columns(&sql).unwrap(), ["id", "t"]);
        let mut rows = vec![];
        foreign
            .each_row(&sql, &mut |row| {
                rows.push(row);
                true
            })
            .unwrap();
        assert_eq!(rows, [vec![Some("1".into()), Some("x".to_owned())], vec![Some("2.5".into()), None]]);
        for sql in ["DELETE FROM \"a \"\"b\"", "ATTACH 'x' AS y", "SELECT 1; SELECT 2", "nonsense", ""] {
            assert!(foreign.columns(sql).is_err(), "{sql}");
        }
    }
}
