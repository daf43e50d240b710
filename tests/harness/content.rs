//! Content of a database as text, to compare two of them.

use std::path::Path;

use rusqlite::Connection;
use rusqlite::types::ValueRef;

/// Returns the rows of a query, each as its values with `|` between them; NULL is empty.
#[track_caller]
pub(crate) fn rows(connection: &Connection, sql: &str) -> Vec<String> {
    let mut statement = connection.prepare(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    let n_columns = statement.column_count();
    let rows = statement.query_map([], |row| {
        let values: Vec<String> = (0..n_columns)
            .map(|i| {
                Ok(match row.get_ref(i)? {
                    ValueRef::Null => String::new(),
                    ValueRef::Integer(n) => n.to_string(),
                    ValueRef::Real(n) => format!("{n:.9}"),
                    ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
                    ValueRef::Blob(bytes) => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
                })
            })
            .collect::<rusqlite::Result<_>>()?;
        Ok(values.join("|"))
    });
    rows.and_then(Iterator::collect).unwrap_or_else(|error| panic!("{sql}: {error}"))
}

/// What a database holds, table by table, without surrogate keys and without the times of our own looks.
const CONTENT: [(&str, &str); 7] = [
    (
        "topics",
        "SELECT g.external_id, t.topic, t.label, t.merged_from, t.confidence, t.rank, a.fingerprint, b.external_id, t.extracted_at
         FROM story_topics t JOIN story_groups g ON g.id = t.story_group_id JOIN prompts a ON a.id = t.prompt_id
              LEFT JOIN batches b ON b.id = t.batch_id",
    ),
    (
        "entities",
        "SELECT g.external_id, m.ordinal, m.entity_type, m.mention_text, m.hints, e.type, e.external_id, m.outcome,
                m.method, m.score, m.confidence, m.is_primary, m.rank, a.fingerprint, b.external_id, m.extracted_at
         FROM story_entities m JOIN story_groups g ON g.id = m.story_group_id JOIN prompts a ON a.id = m.prompt_id
              LEFT JOIN batches b ON b.id = m.batch_id LEFT JOIN entities e ON e.id = m.entity_id",
    ),
    (
        "current",
        "SELECT g.external_id, c.kind, r.run_id, r.attempt, b.external_id
         FROM current_answers c JOIN story_groups g ON g.id = c.story_group_id JOIN requests r ON r.id = c.request_id
              LEFT JOIN batches b ON b.id = r.batch_id",
    ),
    (
        "requests",
        "SELECT g.external_id, r.kind, a.fingerprint, r.text_hash, r.run_id, b.part, b.external_id, r.sandbox, r.is_comparison,
                r.attempt, r.state, r.reason
         FROM requests r JOIN story_groups g ON g.id = r.story_group_id JOIN prompts a ON a.id = r.prompt_id
              LEFT JOIN batches b ON b.id = r.batch_id",
    ),
    (
        "answers",
        "SELECT g.external_id, r.kind, r.run_id, r.attempt, w.answered_at, w.model, w.response_id, w.text, w.raw,
                w.message, w.is_repaired, w.input_tokens, w.cached_tokens, w.output_tokens, w.reasoning_tokens, w.cost_usd,
                w.sync_cost_usd
         FROM answers w JOIN requests r ON r.id = w.request_id JOIN story_groups g ON g.id = r.story_group_id",
    ),
    (
        "batches",
        "SELECT run_id, part, state, external_id, status, n_groups, n_requests, imported_at IS NULL, n_foreign,
                n_clamped, n_repaired, errors FROM batches",
    ),
    (
        "foreign lines",
        "SELECT b.external_id, f.custom_id, f.line FROM foreign_lines f JOIN batches b ON b.id = f.batch_id",
    ),
];

/// Expects the same content in two databases, line by line.
#[track_caller]
pub(crate) fn same_content(one: &str, other: &str) {
    for (one, other) in one.lines().zip(other.lines()) {
        assert_eq!(one, other);
    }
    assert_eq!(one.lines().count(), other.lines().count());
}

/// Returns the content of a database as text.
pub(crate) fn content(db: &Path) -> String {
    let connection = Connection::open(db).expect("the database opens");
    let mut text = String::new();
    for (table, sql) in CONTENT {
        let mut lines = rows(&connection, sql);
        lines.sort();
        text += &format!("== {table}\n{}\n", lines.join("\n"));
    }
    text
}
