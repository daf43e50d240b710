//! The least that each of gleaner's own promises can cost: the ledger, the hashes, the answers' text, the index of names.
//!
//! `cargo bench --bench own -- DATABASE` takes a database into which answers were imported and writes its rows again, each
//! table by one bare statement, prepared once, into a file of its own with the same indexes (made at the end), the same
//! journal and the same flush to disk; and hashes as many bytes as were hashed. No trigger runs, no key is looked up, no
//! value checked, nothing parsed or linked: what gleaner takes for the same rows cannot be less. The database itself is
//! only read. Prints processor seconds, where the system tells them; else those of the clock.

use std::hint::black_box;
use std::io::Write as _;
use std::path::Path;
use std::time::Instant;

use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags, params_from_iter};
use sha2::{Digest as _, Sha256};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// A promise: what it is, the command that keeps it, and its table.
const PROMISES: [(&str, &str, &str); 10] = [
    ("groups, with their hashes", "load groups", "story_groups"),
    ("stories, as they came", "load groups", "stories"),
    ("entities", "load entities", "entities"),
    ("other names of entities", "load entities", "entity_aliases"),
    ("index of names, packed before", "load entities", "_name_index"),
    ("ledger: a row a request", "batch create", "requests"),
    ("ledger: the answers and their text", "batch process", "answers"),
    ("which answer counts", "batch process", "current_answers"),
    ("topics", "batch process", "story_topics"),
    ("mentions, with place and score", "batch process", "story_entities"),
];

fn main() {
    let Some(path) = std::env::args().skip(1).find(|arg| !arg.starts_with('-')) else {
        let _ = writeln!(std::io::stderr(), "no database named; see the head of benches/own.rs");
        return;
    };
    if let Err(error) = run(Path::new(&path)) {
        let _ = writeln!(std::io::stderr(), "error: {error}");
        std::process::exit(1);
    }
}

fn run(path: &Path) -> Result<()> {
    let mut out = std::io::stdout().lock();
    let folder =
        tempfile::tempdir_in(path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")))?;
    for (what, command, table) in PROMISES {
        let (seconds, n_rows) = copied(path, &folder.path().join(format!("{table}.db")), table)?;
        writeln!(out, "{command:<14} {what:<36} {n_rows:>9} rows {seconds:>7.2} s")?;
    }
    let (seconds, n_rows) = moved(path, &folder.path().join("moved.db"))?;
    writeln!(
        out,
        "{:<14} {:<36} {n_rows:>9} rows {seconds:>7.2} s",
        "batch process", "ledger: the state of each request"
    )?;

    let source = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let sent: i64 = source.query_row("SELECT coalesce(sum(input_bytes), 0) FROM batches", [], |row| row.get(0))?;
    let texts: i64 =
        source.query_row("SELECT coalesce(sum(length(CAST(text AS BLOB))), 0) FROM stories", [], |row| row.get(0))?;
    for (command, what, n_bytes) in
        [("batch create", "SHA-256 of the request files", sent), ("load groups", "SHA-256 of the texts", texts)]
    {
        writeln!(out, "{command:<14} {what:<36} {:>9} MiB  {:>7.2} s", n_bytes >> 20, hashed(n_bytes as u64))?;
    }
    Ok(())
}

/// Copies a table with its indexes into a new file, in one transaction. Returns how long the writing took, and its rows.
fn copied(source: &Path, target: &Path, table: &str) -> Result<(f64, i64)> {
    let connection = opened(source, target)?;
    let mut statement = connection.prepare(
        "SELECT sql FROM source.sqlite_schema WHERE tbl_name = ?1 AND sql IS NOT NULL AND type IN ('table', 'index')
         ORDER BY type DESC, rowid",
    )?;
    let all: Vec<String> = statement.query_map([table], |row| row.get(0))?.collect::<std::result::Result<_, _>>()?;
    let (table_sql, index_sql) = all.split_first().ok_or("a table is missing")?;
    connection.execute_batch(table_sql)?;
    drop(statement);
    let reader = Connection::open_with_flags(source, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut select = reader.prepare(&format!("SELECT * FROM {table}"))?;
    let n_columns = select.column_count();
    let marks = vec!["?"; n_columns].join(", ");
    let mut rows = select.query([])?;
    let (mut seconds, mut n_rows) = (0.0, 0);
    connection.execute_batch("BEGIN IMMEDIATE")?;
    let mut insert = connection.prepare(&format!("INSERT INTO main.{table} VALUES ({marks})"))?;
    loop {
        // Read before, so that only the writing counts.
        let mut some: Vec<Vec<Value>> = Vec::with_capacity(ROWS_AT_ONCE);
        while some.len() < ROWS_AT_ONCE
            && let Some(row) = rows.next()?
        {
            some.push((0..n_columns).map(|column| row.get(column)).collect::<rusqlite::Result<_>>()?);
        }
        if some.is_empty() {
            break;
        }
        n_rows += some.len() as i64;
        seconds += timed(|| Ok(some.iter().try_for_each(|row| insert.execute(params_from_iter(row)).map(drop))?))?;
    }
    // Made of all rows at once they cost least.
    seconds += timed(|| Ok(index_sql.iter().try_for_each(|sql| connection.execute_batch(sql))?))?;
    seconds += timed(|| Ok(connection.execute_batch("COMMIT")?))?;
    Ok((seconds, n_rows))
}

/// Rows that are read before they are written.
const ROWS_AT_ONCE: usize = 10_000;

/// Gives every request another state by one statement.
fn moved(source: &Path, target: &Path) -> Result<(f64, i64)> {
    let connection = opened(source, target)?;
    connection.execute_batch(
        "CREATE TABLE main.requests AS SELECT * FROM source.requests; UPDATE main.requests SET state = 'planned', reason = NULL",
    )?;
    let n_rows = connection.query_row("SELECT count(*) FROM main.requests", [], |row| row.get(0))?;
    Ok((timed(|| Ok(connection.execute_batch("UPDATE main.requests SET state = 'usable'")?))?, n_rows))
}

/// Opens a new file as gleaner opens its own, with the database beside it.
fn opened(source: &Path, target: &Path) -> Result<Connection> {
    let connection = Connection::open(target)?;
    connection.execute_batch(
        "PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL; PRAGMA foreign_keys = OFF;
         PRAGMA ignore_check_constraints = ON; PRAGMA cache_size = -16384",
    )?;
    let source = source.to_str().ok_or("the path is no text")?;
    connection.execute("ATTACH ?1 AS source", [source])?;
    Ok(connection)
}

/// Hashes so many bytes in pieces of the size of a line's instructions.
fn hashed(n_bytes: u64) -> f64 {
    let piece = [b'x'; 7 * 1024];
    let work = || {
        let mut hash = Sha256::new();
        (0..n_bytes / piece.len() as u64).for_each(|_| hash.update(piece));
        black_box(hash.finalize());
        Ok(())
    };
    timed(work).unwrap_or_default()
}

/// Returns how long some work took, in seconds of the processor or, where nobody tells them, of the clock.
fn timed(work: impl FnOnce() -> Result<()>) -> Result<f64> {
    let on_processor = || {
        let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
        told.split(' ').next()?.parse::<u64>().ok()
    };
    let (begun, before) = (Instant::now(), on_processor());
    work()?;
    Ok(match (before, on_processor()) {
        (Some(before), Some(after)) => after.saturating_sub(before) as f64 / 1e9,
        _ => begun.elapsed().as_secs_f64(),
    })
}
