//! Statements that a person types: they read, whatever they say.
//!
//! Three walls, each enough by itself for most of what could be tried: the connection refuses changes (`query_only`),
//! what a statement may touch is asked for at every step of its making (the authorizer), and a statement that SQLite
//! does not call read-only is not begun.

use rusqlite::Batch;
use rusqlite::fallible_iterator::FallibleIterator as _;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit;
use rusqlite::types::ValueRef;

use super::Store;
use crate::error::{hinted, usage};

/// Most bytes of one value; a longer one ends the statement. As much as SQLite lets a row hold by default.
const MOST_BYTES: i32 = 256 * 1024 * 1024;

/// A value of a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// Nothing.
    Null,
    /// A whole number.
    Integer(i64),
    /// A number.
    Real(f64),
    /// A text; bytes of it that are no UTF-8 are replaced by whoever shows it.
    Text(&'a [u8]),
    /// Bytes.
    Blob(&'a [u8]),
}

/// Sink of the rows of a statement.
pub trait Sink {
    /// Takes the names of the columns, once, before the rows.
    fn columns(&mut self, names: &[String]) -> anyhow::Result<()>;

    /// Takes a row; `false` asks for no more.
    fn row(&mut self, row: &[Value<'_>]) -> anyhow::Result<bool>;
}

impl Store {
    /// Runs one statement that reads, and hands its rows on. `parameters` are the values of `:name`, all of them texts.
    ///
    /// The store can only be read from then on. Whatever would write, attach, empty or leave the database is refused as
    /// wrong usage, and so are a second statement and a parameter that does not occur.
    pub fn query(&mut self, sql: &str, parameters: &[(String, String)], sink: &mut dyn Sink) -> anyhow::Result<()> {
        self.connection.execute_batch("PRAGMA query_only = ON")?;
        self.connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, MOST_BYTES)?;
        self.connection.authorizer(Some(allowed))?;
        let connection = &self.connection;
        let mut statements = Batch::new(connection, sql);
        let wrong = |error: rusqlite::Error| match refused(&error) {
            true => reads_only(),
            false => usage(error.to_string()),
        };
        let Some(mut statement) = statements.next().map_err(wrong)? else {
            return Err(usage("there is no statement in it"));
        };
        if !statement.readonly() {
            return Err(reads_only());
        }
        if !matches!(statements.next(), Ok(None)) {
            return Err(usage("one statement at a time; this is more than one"));
        }
        for (name, value) in parameters {
            let Some(index) = [":", "@", "$"]
                .iter()
                .find_map(|mark| statement.parameter_index(&format!("{mark}{name}")).ok().flatten())
            else {
                return Err(usage(format!("the statement has no parameter `:{name}`")));
            };
            statement.raw_bind_parameter(index, value)?;
        }
        let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
        sink.columns(&names)?;
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next().map_err(at_work)? {
            let values = (0..names.len()).map(|i| row.get_ref(i).map(Value::from)).collect::<Result<Vec<_>, _>>()?;
            if !sink.row(&values)? {
                break;
            }
        }
        Ok(())
    }
}

impl<'a> From<ValueRef<'a>> for Value<'a> {
    fn from(value: ValueRef<'a>) -> Self {
        match value {
            ValueRef::Null => Value::Null,
            ValueRef::Integer(n) => Value::Integer(n),
            ValueRef::Real(n) => Value::Real(n),
            ValueRef::Text(text) => Value::Text(text),
            ValueRef::Blob(bytes) => Value::Blob(bytes),
        }
    }
}

/// Pragmas that describe the table or index that is their value.
const DESCRIBE_ONE: [&str; 7] =
    ["table_info", "table_xinfo", "table_list", "index_list", "index_info", "index_xinfo", "foreign_key_list"];

/// Pragmas that describe the file; with a value they would change it.
const DESCRIBE_ALL: [&str; 5] = ["table_list", "database_list", "user_version", "application_id", "compile_options"];

/// Allows what only reads: tables and views, functions, and the pragmas that describe the schema.
fn allowed(context: AuthContext<'_>) -> Authorization {
    let is_allowed = match context.action {
        AuthAction::Select | AuthAction::Read { .. } | AuthAction::Recursive => true,
        AuthAction::Function { function_name } => !function_name.eq_ignore_ascii_case("load_extension"),
        AuthAction::Pragma { pragma_name, pragma_value } => {
            let names: &[&str] = if pragma_value.is_some() { &DESCRIBE_ONE } else { &DESCRIBE_ALL };
            names.iter().any(|name| pragma_name.eq_ignore_ascii_case(name))
        }
        _ => false,
    };
    if is_allowed { Authorization::Allow } else { Authorization::Deny }
}

fn refused(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(rusqlite::ErrorCode::AuthorizationForStatementDenied)
}

fn reads_only() -> anyhow::Error {
    let refused = usage("`gleaner sql` only reads; this statement would do more");
    hinted(refused, "to change rows, use a program such as `sqlite3` or Datasette")
}

/// Tells a mistake of the statement that shows only while it runs from a fault of the file.
fn at_work(error: rusqlite::Error) -> anyhow::Error {
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::Unknown | rusqlite::ErrorCode::TooBig) => usage(error.to_string()),
        _ if refused(&error) => reads_only(),
        _ => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Lines(Vec<String>);

    impl Sink for Lines {
        fn columns(&mut self, names: &[String]) -> anyhow::Result<()> {
            self.0.push(names.join("|"));
            Ok(())
        }

        fn row(&mut self, row: &[Value<'_>]) -> anyhow::Result<bool> {
            self.0.push(row.iter().map(|value| format!("{value:?}")).collect::<Vec<_>>().join("|"));
            Ok(self.0.len() < 5)
        }
    }

    fn run(sql: &str, parameters: &[(&str, &str)]) -> Result<Vec<String>, String> {
        let mut store = Store::open_in_memory("2026-01-01T00:00:00Z").expect("a database");
        let parameters: Vec<_> = parameters.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        let mut lines = Lines(vec![]);
        store.query(sql, &parameters, &mut lines).map_err(|error| error.to_string())?;
        Ok(lines.0)
    }

    #[test]
    fn what_reads_is_answered() {
        assert_eq!(
            run("SELECT 1 AS one, NULL, 'x', 1.5", &[]).unwrap(),
            ["one|NULL|'x'|1.5", "Integer(1)|Null|Text([120])|Real(1.5)"]
        );
        assert_eq!(
            run("SELECT :a || @b AS c -- end", &[("a", "x'"), ("b", ";")]).unwrap(),
            ["c", "Text([120, 39, 59])"]
        );
        assert_eq!(
            run("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n", &[]).unwrap().len(),
            5
        );
        for reads in [
            "SELECT count(*) FROM group_overview",
            "PRAGMA table_info(story_groups)",
            "PRAGMA user_version",
            "SELECT name FROM pragma_table_info('entities')",
            "EXPLAIN QUERY PLAN SELECT * FROM stories",
            "VALUES (1)",
            "SELECT * FROM sqlite_schema",
        ] {
            assert!(run(reads, &[]).is_ok(), "{reads}: {:?}", run(reads, &[]));
        }
    }

    #[test]
    fn what_would_do_more_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("out.db");
        let (attach, vacuum) =
            (format!("ATTACH '{}' AS other", file.display()), format!("VACUUM INTO '{}'", file.display()));
        for more in [
            attach.as_str(),
            &vacuum,
            "DELETE FROM meta",
            "INSERT INTO meta (key, value) VALUES ('a', 'b') RETURNING *",
            "CREATE TABLE t (x)",
            "CREATE TEMP TABLE t (x)",
            "DROP VIEW group_overview",
            "PRAGMA user_version = 9",
            "PRAGMA query_only = OFF",
            "PRAGMA writable_schema = ON",
            "PRAGMA journal_mode = WAL",
            "PRAGMA wal_checkpoint",
            "BEGIN",
            "COMMIT",
            "SAVEPOINT s",
            "VACUUM",
            "ANALYZE",
            "REINDEX",
            "DETACH main",
            "WITH x AS (SELECT 1) UPDATE meta SET value = 'x'",
        ] {
            assert_eq!(run(more, &[]), Err("`gleaner sql` only reads; this statement would do more".into()), "{more}");
        }
        assert!(!file.exists());
        assert!(run("SELECT load_extension('x')", &[]).is_err_and(|error| error.starts_with("not authorized")));
        assert_eq!(run("SELECT 1; SELECT 2", &[]), Err("one statement at a time; this is more than one".into()));
        assert_eq!(
            run("SELECT 1; DELETE FROM meta", &[]),
            Err("one statement at a time; this is more than one".into())
        );
        assert_eq!(run("-- nothing", &[]), Err("there is no statement in it".into()));
        assert_eq!(run("SELECT 1", &[("a", "b")]), Err("the statement has no parameter `:a`".into()));
        assert_eq!(run("SELECT absent", &[]), Err("no such column: absent in SELECT absent at offset 7".into()));
    }
}
