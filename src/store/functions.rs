//! Functions of SQL that this connection has: for queries only. A trigger, index, view or CHECK that used one would keep
//! other programs from editing the file.

use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;

use crate::text::{fold, topic_key};

/// Registers `fold(text)` and `topic_key(text)`, which know the case and the marks of every script; SQLite's own
/// `lower()` and `NOCASE` know ASCII letters only.
pub(super) fn register(connection: &Connection) -> rusqlite::Result<()> {
    super::damage::register(connection)?;
    super::attributes::register(connection)?;
    super::changes::register(connection)?;
    for (name, function) in [("fold", fold as fn(&str) -> String), ("topic_key", topic_key)] {
        connection.create_scalar_function(
            name,
            1,
            FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_DIRECTONLY,
            // A column that other programs edit may hold anything; NULL and numbers are equal to no name.
            move |arguments| Ok(arguments.get_raw(0).as_str().ok().map(function)),
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_folded_and_anything_else_is_no_text() {
        let connection = Connection::open_in_memory().unwrap();
        register(&connection).unwrap();
        let ask = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, Option<String>>(0)).unwrap();
        assert_eq!(ask("SELECT fold('ÉCONOMIE')").as_deref(), Some("economie"));
        assert_eq!(ask("SELECT topic_key(' ÉCONOMIE  mondiale')").as_deref(), Some("économie mondiale"));
        for sql in ["SELECT fold(NULL)", "SELECT fold(12)", "SELECT fold(x'ff')", "SELECT topic_key(1.5)"] {
            assert_eq!(ask(sql), None, "{sql}");
        }
    }
}
