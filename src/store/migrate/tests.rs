use std::collections::BTreeMap;

use super::*;
use crate::error::explain;

const ROWS_OF_VERSION_1: &str = include_str!("rows_of_version_1.sql");

/// Returns a database of version 1 with rows in each of its tables.
fn version_1() -> Connection {
    let mut db = Connection::open_in_memory().unwrap();
    take_steps(&mut db, 1, Some("2026-01-01T00:00:00Z")).unwrap();
    db.execute_batch("DELETE FROM meta").unwrap();
    db.execute_batch(ROWS_OF_VERSION_1).unwrap();
    db
}

/// Returns each statement of the schema without comments, quotes and spaces that mean nothing, by type and name.
/// What belongs to a virtual table is left out: it is not made by a step.
fn shape(db: &Connection) -> BTreeMap<(String, String), String> {
    let mut statement = db
        .prepare("SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'story_search%'")
        .unwrap();
    let rows = statement.query_map([], |row| Ok(((row.get(0)?, row.get(1)?), row.get::<_, String>(2)?))).unwrap();
    rows.map(Result::unwrap).map(|(name, sql)| (name, plain(&sql))).collect()
}

fn plain(sql: &str) -> String {
    let lines: Vec<_> = sql.lines().map(|line| line.split("--").next().unwrap_or_default()).collect();
    let words: Vec<_> = lines.iter().flat_map(|line| line.split_whitespace()).collect();
    let mut text = words.join(" ").replace('"', "");
    for mark in [",", "(", ")"] {
        text = text.replace(&format!(" {mark}"), mark).replace(&format!("{mark} "), mark);
    }
    text
}

/// Returns the rows of a query, each as text.
fn rows(db: &Connection, sql: &str) -> Vec<String> {
    let mut statement = db.prepare(sql).unwrap();
    let columns = statement.column_count();
    let rows = statement.query_map([], |row| {
        let cells: Result<Vec<_>, _> = (0..columns).map(|i| row.get_ref(i).map(|cell| format!("{cell:?}"))).collect();
        Ok(cells?.join(" | "))
    });
    rows.unwrap().map(Result::unwrap).collect()
}

fn tables(db: &Connection) -> Vec<String> {
    let sql = "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite_%'
               ORDER BY name";
    let mut statement = db.prepare(sql).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

#[test]
fn a_new_database_is_whole_and_is_left_alone_the_second_time() {
    let mut db = Connection::open_in_memory().unwrap();
    run(&mut db, Some("2026-01-01T00:00:00Z")).unwrap();
    let id: String = db.query_row("SELECT value FROM meta WHERE key = 'db_id'", [], |row| row.get(0)).unwrap();
    assert_eq!(id.len(), 32);
    run(&mut db, None).unwrap();
    let again: String = db.query_row("SELECT value FROM meta WHERE key = 'db_id'", [], |row| row.get(0)).unwrap();
    assert_eq!(id, again);
}

#[test]
fn the_readable_schema_is_what_the_steps_make() {
    let mut made = Connection::open_in_memory().unwrap();
    run(&mut made, Some("2026-01-01T00:00:00Z")).unwrap();
    let read = Connection::open_in_memory().unwrap();
    read.execute_batch(include_str!("../../../schema.sql")).unwrap();
    assert_eq!(shape(&made), shape(&read));
}

#[test]
fn an_old_database_comes_to_the_same_schema() {
    let mut old = version_1();
    run(&mut old, None).unwrap();
    let mut new = Connection::open_in_memory().unwrap();
    run(&mut new, Some("2026-01-01T00:00:00Z")).unwrap();
    assert_eq!(shape(&old), shape(&new));
}

#[test]
fn every_row_of_version_1_is_carried_over() {
    let mut old = version_1();
    let before: Vec<_> = tables(&old)
        .into_iter()
        .map(|table| {
            let columns = rows(&old, &format!("SELECT name FROM pragma_table_info('{table}')")).len();
            let sql = format!("SELECT * FROM {table}");
            let found = rows(&old, &sql);
            assert!(!found.is_empty(), "the rows of version 1 leave `{table}` empty");
            (table, columns, found)
        })
        .collect();
    run(&mut old, None).unwrap();
    for (table, columns, expected) in before {
        let names: Vec<String> = old
            .prepare(&format!("SELECT name FROM pragma_table_info('{table}') LIMIT {columns}"))
            .unwrap()
            .query_map([], |row| row.get(0))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        assert_eq!(rows(&old, &format!("SELECT {} FROM {table}", names.join(", "))), expected, "{table}");
    }
}

#[test]
fn a_newer_or_foreign_database_is_refused() {
    let mut newer = Connection::open_in_memory().unwrap();
    newer.pragma_update(None, "user_version", 99).unwrap();
    newer.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
    let error = explain(&run(&mut newer, Some("now")).unwrap_err());
    assert_eq!(
        error.message,
        format!("it was made by a newer gleaner (schema 99; this program knows up to {})", STEPS.len())
    );

    for version in [0, 1, 99, -1] {
        let mut foreign = Connection::open_in_memory().unwrap();
        foreign.execute_batch("CREATE TABLE bookmarks (url)").unwrap();
        foreign.pragma_update(None, "user_version", version).unwrap();
        assert_eq!(
            explain(&run(&mut foreign, Some("now")).unwrap_err()).message,
            "it is a database of another program"
        );
    }
}

#[test]
fn a_negative_version_is_an_error() {
    let mut db = version_1();
    db.pragma_update(None, "user_version", -3).unwrap();
    let error = explain(&run(&mut db, None).unwrap_err());
    assert_eq!(error.message, "its schema version is -3, which no gleaner writes");
    assert_eq!(error.hints, ["another program changed `user_version`; take a copy from before that"]);
}

#[test]
fn a_row_that_refers_to_nothing_is_carried_over_too() {
    let mut db = version_1();
    run(&mut db, None).unwrap();
    assert_eq!(rows(&db, "PRAGMA foreign_key_check"), [""; 0]);

    let mut torn = version_1();
    torn.execute_batch("PRAGMA foreign_keys = OFF; DELETE FROM asks WHERE id = 1").unwrap();
    run(&mut torn, None).unwrap();
    assert_eq!(rows(&torn, "SELECT count(*) FROM answers"), ["Integer(5)"]);
}
