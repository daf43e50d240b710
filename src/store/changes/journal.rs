//! Rows kept as they were: temporary triggers for the time of one transaction.

use std::collections::BTreeMap;

use anyhow::Context as _;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension as _, params};
use sha2::{Digest as _, Sha256};

use crate::store::Tx;

/// A table whose changes can be taken back. In the order in which rows are put back: parents first.
#[derive(Debug)]
pub(super) struct Journaled {
    pub name: &'static str,
    /// Noun in counts.
    pub noun: &'static str,
    /// Primary key of the row.
    pub key: &'static [&'static str],
    /// The table whose ids say which rows are new, and the column here that holds such an id; `None`: each row is
    /// noted.
    pub floor: Option<(&'static str, &'static str)>,
    /// True where its rows follow from other tables, so that a row that is another by now is made anew, and not
    /// refused.
    pub is_derived: bool,
}

const fn table(
    name: &'static str,
    noun: &'static str,
    key: &'static [&'static str],
    floor: Option<(&'static str, &'static str)>,
    is_derived: bool,
) -> Journaled {
    Journaled { name, noun, key, floor, is_derived }
}

/// Tables that people own, and what follows from it at once. Answers are in no journal: they were paid for.
pub(super) const TABLES: [Journaled; 10] = [
    table("story_groups", "groups", &["id"], Some(("story_groups", "id")), false),
    table("stories", "stories", &["id"], Some(("stories", "id")), false),
    table("entities", "entities", &["id"], Some(("entities", "id")), false),
    table("entity_aliases", "aliases", &["entity_id", "alias"], Some(("entities", "entity_id")), false),
    table("mention_decisions", "decisions", &["id"], Some(("mention_decisions", "id")), false),
    table("topic_decisions", "topic_decisions", &["topic", "verdict", "target"], None, false),
    table("story_topics", "topics", &["story_group_id", "topic"], None, true),
    table("story_entities", "links", &["story_group_id", "ordinal"], None, true),
    table("current_answers", "answers", &["story_group_id", "kind"], None, true),
    table("audit_items", "verdicts", &["audit_id", "ordinal"], None, true),
];

/// Columns that say nothing of whether a row is the same: times of changing, and what is made of other columns.
const UNCOMPARED: [&str; 11] = [
    "changed_at",
    "date",
    "sort_at",
    "text_hash",
    "clean_hash",
    "mention_key",
    "grounding",
    "place_story",
    "place_in",
    "place_at",
    "place_length",
];

/// The largest id of each table before a change; rows above it were added by the change.
pub(super) type Floors = BTreeMap<&'static str, i64>;

/// Registers `row_hash(text)`: what a row is recognized by.
pub(in crate::store) fn register(connection: &Connection) -> rusqlite::Result<()> {
    use rusqlite::functions::FunctionFlags;
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_DIRECTONLY;
    connection.create_scalar_function("row_hash", 1, flags, |arguments| {
        let ValueRef::Text(text) = arguments.get_raw(0) else { return Ok(None) };
        let hash = Sha256::digest(text);
        Ok(Some(i64::from_be_bytes(std::array::from_fn(|i| hash[i]))))
    })
}

/// A column with its declared type.
pub(super) type Column = (String, String);

/// Returns the columns of a table; those that people added are theirs and are kept like the others.
pub(super) fn columns(connection: &Connection, table: &str) -> rusqlite::Result<Vec<Column>> {
    let mut statement = connection.prepare_cached("SELECT name, type FROM pragma_table_info(?1)")?;
    statement.query_map([table], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

/// Quotes a name for SQL.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Returns the SQL of a row as JSON: bytes as hexadecimal digits, fractions with all their digits.
fn image(columns: &[Column], prefix: &str) -> String {
    let pair = |(name, kind): &Column| {
        let column = format!("{prefix}{}", quoted(name));
        let value = match kind.as_str() {
            "REAL" => format!("CASE WHEN {column} IS NOT NULL THEN format('%!.17g', {column}) END"),
            "BLOB" => format!("CASE WHEN {column} IS NOT NULL THEN hex({column}) END"),
            _ => column,
        };
        format!("'{}', {value}", name.replace('\'', "''"))
    };
    format!("json_object({})", columns.iter().map(pair).collect::<Vec<_>>().join(", "))
}

/// Returns the SQL of a row's key as JSON.
fn key(table: &Journaled, prefix: &str) -> String {
    let columns: Vec<String> = table.key.iter().map(|column| format!("{prefix}{column}")).collect();
    format!("json_array({})", columns.join(", "))
}

/// Returns the SQL of the hash of a table's row with the key of `change_rows`.
pub(super) fn hash_of_row(connection: &Connection, table: &Journaled) -> rusqlite::Result<String> {
    let mut columns = columns(connection, table.name)?;
    columns.retain(|(name, _)| !UNCOMPARED.contains(&name.as_str()));
    Ok(format!(
        "(SELECT row_hash({}) FROM {} AS t WHERE {})",
        image(&columns, "t."),
        table.name,
        has_key(table, "t.", "change_rows.key")
    ))
}

/// Returns the SQL of the condition that a row has the key in `key`.
pub(super) fn has_key(table: &Journaled, prefix: &str, key: &str) -> String {
    let parts = table.key.iter().enumerate();
    let parts: Vec<String> =
        parts.map(|(i, column)| format!("{prefix}{column} = json_extract({key}, '$[{i}]')")).collect();
    parts.join(" AND ")
}

/// Returns the ids above which rows are those of the change.
pub(super) fn floors(tx: &Tx<'_>, change: i64) -> anyhow::Result<Floors> {
    let mut floors = Floors::new();
    for (owner, _) in TABLES.iter().filter_map(|table| table.floor) {
        floors.insert(owner, floor(tx, change, owner)?);
    }
    Ok(floors)
}

/// Begins to keep rows as they are.
///
/// A trigger cannot be given values, so the numbers stand in its text.
pub(super) fn begin(tx: &Tx<'_>, change: i64, floors: &Floors) -> anyhow::Result<()> {
    for table in &TABLES {
        let columns = columns(tx, table.name)?;
        let (mut of_old, mut of_new) = (String::new(), String::new());
        if let Some((owner, column)) = table.floor {
            let floor = floors[owner];
            of_old = format!("WHEN old.{column} <= {floor}");
            of_new = format!("WHEN new.{column} <= {floor}");
        }
        let keep = |prefix: &str, row: &str| {
            let key = key(table, prefix);
            format!(
                "INSERT INTO change_rows (change_id, table_name, key, before) SELECT {change}, '{name}', {key}, {row}
                 WHERE NOT EXISTS (SELECT 1 FROM change_rows
                                   WHERE change_id = {change} AND table_name = '{name}' AND key = {key});",
                name = table.name
            )
        };
        let (old, new) = (keep("old.", &image(&columns, "old.")), keep("new.", "NULL"));
        let name = table.name;
        // The key of a row with an id of its own never changes.
        let rekeyed = if table.key == ["id"] { "" } else { &new };
        tx.execute_batch(&format!(
            "CREATE TEMP TRIGGER _change_{name}_update AFTER UPDATE ON main.{name} {of_old} BEGIN {old} {rekeyed} END;
             CREATE TEMP TRIGGER _change_{name}_delete AFTER DELETE ON main.{name} {of_old} BEGIN {old} END;
             CREATE TEMP TRIGGER _change_{name}_insert AFTER INSERT ON main.{name} {of_new} BEGIN {new} END;"
        ))
        .with_context(|| format!("cannot keep the rows of `{name}` as they are"))?;
    }
    Ok(())
}

/// Returns the largest id that was there before the change, and begins a range of those above it. Where the change goes
/// on and nobody else added rows since its last step, that is what it was before the first.
fn floor(tx: &Tx<'_>, change: i64, table: &str) -> anyhow::Result<i64> {
    let largest = largest(tx, table)?;
    let last: Option<(i64, i64)> = tx
        .prepare_cached(
            "SELECT first_id, last_id FROM change_ranges WHERE change_id = ?1 AND table_name = ?2
             ORDER BY first_id DESC LIMIT 1",
        )?
        .query_row(params![change, table], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    Ok(match last {
        Some((first, last)) if last == largest => first - 1,
        _ => largest,
    })
}

fn largest(tx: &Tx<'_>, table: &str) -> anyhow::Result<i64> {
    Ok(tx.query_row(&format!("SELECT coalesce(max(id), 0) FROM {table}"), [], |row| row.get(0))?)
}

/// Ends to keep rows, with the ranges of those that were added. Returns whether the change has any row.
pub(super) fn end(tx: &Tx<'_>, change: i64, floors: &Floors) -> anyhow::Result<bool> {
    for (table, floor) in floors {
        let largest = largest(tx, table)?;
        if largest > *floor {
            tx.prepare_cached(
                "INSERT INTO change_ranges (change_id, table_name, first_id, last_id) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT DO UPDATE SET last_id = excluded.last_id",
            )?
            .execute(params![change, table, floor + 1, largest])?;
        }
    }
    for table in &TABLES {
        let name = table.name;
        tx.execute_batch(&format!(
            "DROP TRIGGER IF EXISTS temp._change_{name}_update; DROP TRIGGER IF EXISTS temp._change_{name}_delete;
             DROP TRIGGER IF EXISTS temp._change_{name}_insert;"
        ))?;
    }
    let sql = "SELECT EXISTS (SELECT 1 FROM change_rows WHERE change_id = ?1)
                   OR EXISTS (SELECT 1 FROM change_ranges WHERE change_id = ?1)";
    Ok(tx.query_row(sql, [change], |row| row.get(0))?)
}

/// Notes what the change left of each row, so that a later change of it by somebody else is found, and counts.
pub(super) fn finish(tx: &Tx<'_>, change: i64) -> anyhow::Result<()> {
    let mut counts = serde_json::Map::new();
    for table in &TABLES {
        let hash = hash_of_row(tx, table)?;
        tx.execute(
            &format!("UPDATE change_rows SET after_hash = {hash} WHERE change_id = ?1 AND table_name = ?2"),
            params![change, table.name],
        )?;
        // A row that was touched and is as it was, or came and went, is no change.
        let unseen: Vec<String> = UNCOMPARED.iter().map(|column| format!("'$.{column}'")).collect();
        // A link whose place alone is another one, since its story was loaded anew, is no change of a link.
        let is_same = match table.name {
            "story_entities" => format!("after_hash IS row_hash(json_remove(before, {}))", unseen.join(", ")),
            _ => "false".to_owned(),
        };
        let (added, changed, removed): (i64, i64, i64) = tx.query_row(
            &format!(
                "SELECT total(before IS NULL AND after_hash IS NOT NULL),
                        total(before IS NOT NULL AND after_hash IS NOT NULL AND NOT {is_same}),
                        total(before IS NOT NULL AND after_hash IS NULL)
                 FROM change_rows WHERE change_id = ?1 AND table_name = ?2"
            ),
            params![change, table.name],
            |row| Ok((row.get::<_, f64>(0)? as i64, row.get::<_, f64>(1)? as i64, row.get::<_, f64>(2)? as i64)),
        )?;
        let in_ranges: i64 = tx.query_row(
            "SELECT coalesce(sum(last_id - first_id + 1), 0) FROM change_ranges WHERE change_id = ?1 AND table_name = ?2",
            params![change, table.name],
            |row| row.get(0),
        )?;
        let all = [("added", added + in_ranges), ("changed", changed), ("removed", removed)];
        let some: serde_json::Map<String, serde_json::Value> =
            all.iter().filter(|(_, n)| *n > 0).map(|(name, n)| ((*name).to_owned(), (*n).into())).collect();
        if !some.is_empty() {
            counts.insert(table.noun.to_owned(), some.into());
        }
    }
    tx.execute(
        "UPDATE changes SET counts = ?2 WHERE id = ?1",
        params![change, serde_json::Value::Object(counts).to_string()],
    )?;
    Ok(())
}
