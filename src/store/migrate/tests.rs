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

fn names(db: &Connection, table: &str) -> Vec<String> {
    let mut statement = db.prepare("SELECT name FROM pragma_table_info(?1)").unwrap();
    statement.query_map([table], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
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

/// Names changed since version 1; a table whose new name is empty is made anew when it is needed.
const RENAMED: [(&str, &str); 16] = [
    ("asks", "prompts"),
    ("ask_id", "prompt_id"),
    ("decisions", "mention_decisions"),
    ("name_index", "_name_index"),
    ("name_index_stale", "_name_index_stale"),
    ("searched_groups", ""),
    ("counts_total", "n_reported"),
    ("counts_completed", "n_reported_completed"),
    ("counts_failed", "n_reported_failed"),
    ("moved_at", "status_changed_at"),
    ("trial", "is_comparison"),
    ("repaired", "is_repaired"),
    ("clamped", "n_clamped"),
    ("said", "merged_from"),
    ("story_topics.display", "label"),
    ("topic_decisions.display", "target_label"),
];

fn now_called(table: &str, column: &str) -> String {
    let whole = format!("{table}.{column}");
    let name = RENAMED.iter().find(|(old, _)| *old == whole || *old == column);
    name.map_or(column, |(_, new)| new).to_owned()
}

#[test]
fn every_row_of_version_1_is_carried_over() {
    let mut old = version_1();
    let before: Vec<_> = tables(&old)
        .into_iter()
        .filter(|table| !table.starts_with("story_search"))
        .map(|table| {
            let columns = names(&old, &table);
            let found = rows(&old, &format!("SELECT {} FROM {table}", columns.join(", ")));
            assert!(!found.is_empty(), "the rows of version 1 leave `{table}` empty");
            (table, columns, found)
        })
        .collect();
    run(&mut old, None).unwrap();
    for (table, columns, expected) in before {
        let name = now_called("", &table);
        if name.is_empty() {
            continue;
        }
        let columns: Vec<_> = columns.iter().map(|column| now_called(&table, column)).collect();
        let mut found = rows(&old, &format!("SELECT {} FROM {name}", columns.join(", ")));
        // Facts of this version are added to the facts of the file.
        found.retain(|row| table != "meta" || expected.contains(row));
        assert_eq!(found, expected, "{table}");
    }
}

#[test]
fn what_version_1_could_not_say_is_made_of_what_it_said() {
    let mut db = version_1();
    run(&mut db, None).unwrap();
    for (sql, expected) in [
        ("SELECT group_concat(sandbox, '') FROM story_topics", "001"),
        ("SELECT group_concat(coalesce(custom_id, '-'), ' ') FROM requests", CUSTOM_IDS),
        (
            "SELECT group_concat(changed_at, ' ') FROM entities WHERE id < 3",
            "2026-01-05T00:00:00Z 2026-01-05T00:00:00Z",
        ),
        ("SELECT dialect FROM origins WHERE id = 1", "openai"),
        ("SELECT group_concat(coalesce(date, '-'), ' ') FROM story_groups", "2026-01-02 2026-01-03T10:00:00Z -"),
        ("SELECT created_at FROM group_overview WHERE group_id = 'a group/2'", "2026-01-03T10:00:00Z"),
        ("SELECT count(*) FROM story_entities WHERE mention_key IS NULL", "3"),
        ("SELECT count(*) FROM tombstones", "0"),
        ("SELECT has_index || is_complete FROM search_status", "00"),
    ] {
        let found: String = db.query_row(&format!("SELECT CAST(({sql}) AS TEXT)"), [], |row| row.get(0)).unwrap();
        assert_eq!(found, expected, "{sql}");
    }
}

const CUSTOM_IDS: &str = "topic_g-1 entity_g-1 topic_~00112233445566778899aabbccddeeff \
                          entity_~00112233445566778899aabbccddeeff - -";

#[test]
fn what_the_checks_refuse_is_brought_into_range() {
    let mut db = version_1();
    db.execute_batch(
        "UPDATE story_entities SET confidence = 7, score = -1, is_primary = 5 WHERE ordinal = 1;
         UPDATE story_groups SET created_at = 'yesterday', loaded_at = 'now', text_hash = 'x' WHERE id = 1;
         UPDATE batches SET counts_failed = -3, errors = 'torn', n_groups = 'many' WHERE id = 1;
         UPDATE stories SET text = x'4142' WHERE id = 1;
         UPDATE topic_decisions SET decided_at = ''",
    )
    .unwrap();
    run(&mut db, None).unwrap();
    assert_eq!(
        rows(&db, "SELECT confidence, score, is_primary FROM story_entities WHERE ordinal = 1"),
        ["Real(1.0) | Real(0.0) | Integer(1)"]
    );
    assert_eq!(rows(&db, "SELECT created_at, text_hash FROM story_groups WHERE id = 1"), ["Null | Null"]);
    assert_eq!(rows(&db, "SELECT count(*) FROM batches WHERE n_reported_failed = 0 AND n_groups = 0"), ["Integer(1)"]);
    assert_eq!(rows(&db, "SELECT count(*) FROM batches WHERE errors = '\"torn\"'"), ["Integer(1)"]);
    assert_eq!(rows(&db, "SELECT count(*) FROM stories WHERE text = 'AB'"), ["Integer(1)"]);
}

#[test]
fn a_newer_or_foreign_database_is_refused() {
    let mut newer = Connection::open_in_memory().unwrap();
    newer.pragma_update(None, "user_version", 99).unwrap();
    newer.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
    let error = explain(&run(&mut newer, Some("2026-01-01T00:00:00Z")).unwrap_err());
    assert_eq!(
        error.message,
        format!("it was made by a newer gleaner (schema 99; this program knows up to {})", STEPS.len())
    );

    for version in [0, 1, 99, -1] {
        let mut foreign = Connection::open_in_memory().unwrap();
        foreign.execute_batch("CREATE TABLE bookmarks (url)").unwrap();
        foreign.pragma_update(None, "user_version", version).unwrap();
        assert_eq!(
            explain(&run(&mut foreign, Some("2026-01-01T00:00:00Z")).unwrap_err()).message,
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

#[test]
fn a_file_whose_tables_are_not_those_of_its_version_is_named() {
    for (change, expected) in [
        ("DROP VIEW group_overview; DROP TABLE foreign_lines", "the table `foreign_lines`"),
        (
            "DROP INDEX requests_run; ALTER TABLE batches RENAME COLUMN moved_at TO moved",
            "the column `moved_at` of `batches`",
        ),
        ("ALTER TABLE answers RENAME TO answers_2", "the table `answers`"),
    ] {
        let mut db = version_1();
        db.execute_batch(change).unwrap();
        let error = explain(&run(&mut db, None).unwrap_err());
        assert_eq!(error.message, format!("its tables are not those of schema version 1: {expected} is missing"));
        assert_eq!(version(&db).unwrap(), 1);
    }
    let mut more = version_1();
    more.execute_batch("CREATE TABLE notes (text); ALTER TABLE stories ADD COLUMN mood").unwrap();
    run(&mut more, None).unwrap();
    assert_eq!(tables(&more).iter().filter(|name| *name == "notes").count(), 1);
}

#[test]
fn the_tables_of_the_schema_are_those_of_the_steps() {
    assert_eq!(columns_after(STEPS.len()).unwrap(), columns_of(SCHEMA));
}
