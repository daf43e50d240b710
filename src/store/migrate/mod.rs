//! The schema's history: an append-only list of steps, counted by `user_version`.
//!
//! Never edit or reorder a released step; step 1 is the first schema and frozen. A database newer than the program is
//! refused, with both versions named. `schema.sql` at the top level is the whole as it reads after the last step: who
//! adds a step writes it there too, and a test holds the two equal.

use std::collections::BTreeMap;

use anyhow::{Context as _, anyhow};
use rusqlite::{Connection, TransactionBehavior};

use super::derived::KEY_FORMAT;
use crate::error::Explain as _;
use crate::resolve;

/// "glnr": tells `file` and other programs whose database this is.
const APPLICATION_ID: i32 = 0x676C_6E72;

/// The steps in their order: number N makes version N of version N - 1.
const STEPS: [&str; 9] = [
    include_str!("../migrations/0001_initial.sql"),
    include_str!("../migrations/0002_more_of_the_wire.sql"),
    include_str!("../migrations/0003_tables.sql"),
    include_str!("../migrations/0004_triggers.sql"),
    include_str!("../migrations/0005_views.sql"),
    include_str!("../migrations/0006_copies_and_history.sql"),
    include_str!("../migrations/0007_dates.sql"),
    include_str!("../migrations/0008_exploring.sql"),
    include_str!("../migrations/0009_counts.sql"),
];

/// The version that this program writes.
pub(super) const NEWEST: i64 = STEPS.len() as i64;

/// Refuses a file that is not ours, or newer than the program. Nothing of it is changed.
pub(super) fn check(connection: &Connection) -> anyhow::Result<()> {
    let found = version(connection)?;
    let newest = STEPS.len() as i64;
    if found == 0 && is_empty(connection)? {
        return Ok(());
    }
    // Others count their versions too, so whose it is comes first.
    check_owner(connection).hint("name another file with `--db PATH`")?;
    if found < 0 {
        return Err(anyhow!("its schema version is {found}, which no gleaner writes"))
            .hint("another program changed `user_version`; take a copy from before that");
    }
    if found > newest {
        return Err(anyhow!("it was made by a newer gleaner (schema {found}; this program knows up to {newest})"))
            .hint("install the newer gleaner; nothing was changed");
    }
    Ok(())
}

/// Page of a new file. With SQLite's usual half of it loads and imports take a tenth longer: each page is filled, spilled and written
/// by itself.
const PAGE_BYTES: u32 = 8192;

/// Brings the database to the newest version. An empty file is made a database only if `create` gives the time.
pub(super) fn run(connection: &mut Connection, create: Option<&str>) -> anyhow::Result<()> {
    check(connection)?;
    let found = version(connection)?;
    let newest = STEPS.len() as i64;
    if found > 0 {
        check_columns(connection, found)?;
    }
    if found == newest {
        return Ok(());
    }
    if found > 0 && connection.is_readonly(rusqlite::MAIN_DB)? {
        return Err(anyhow!("an older gleaner made it (schema {found}), and it can only be read"))
            .hint("change the permissions of the file, or name a copy of it with `--db PATH`");
    }
    if found == 0 && create.is_none() {
        return Err(anyhow!("it is empty")).hint("`gleaner load groups FILE` fills it");
    }
    if found == 0 {
        connection.pragma_update(None, "page_size", PAGE_BYTES)?;
    }
    // A step that makes a table anew drops the old one; with foreign keys on that would delete what refers to it. The
    // setting can't be changed inside a transaction. Rows that refer to nothing, left by another program, are carried
    // over as they are: a file is brought forward whatever stands in it.
    connection.pragma_update(None, "foreign_keys", false)?;
    let done = take_steps(connection, STEPS.len(), create);
    connection.pragma_update(None, "foreign_keys", true)?;
    done
}

/// Takes the steps that are missing up to step number `last`, all in one transaction.
fn take_steps(connection: &mut Connection, last: usize, create: Option<&str>) -> anyhow::Result<()> {
    let tx = connection.transaction_with_behavior(TransactionBehavior::Exclusive)?;
    // Another process may have done it while we waited; `check` has refused what is negative.
    let found = usize::try_from(version(&tx)?).unwrap_or(last);
    for step in &STEPS[found.min(last)..last] {
        tx.execute_batch(step).context("cannot bring the database to this version")?;
    }
    tx.pragma_update(None, "application_id", APPLICATION_ID)?;
    tx.pragma_update(None, "user_version", last.max(found) as i64)?;
    tx.execute(
        "INSERT OR IGNORE INTO meta (key, value)
         VALUES ('db_id', lower(hex(randomblob(16)))), ('created_at', ?1), (?2, ?3)",
        (create.unwrap_or("unknown"), KEY_FORMAT, resolve::FORMAT),
    )?;
    tx.commit()?;
    Ok(())
}

/// Refuses a file that lacks a table or column of its version. Tables, columns and indexes that people added are theirs.
fn check_columns(connection: &Connection, version: i64) -> anyhow::Result<()> {
    let n_steps = usize::try_from(version).unwrap_or(0).min(STEPS.len());
    let expected = if n_steps == STEPS.len() { columns_of(SCHEMA) } else { columns_after(n_steps)? };
    let found = columns(connection)?;
    let missing = |name: String| {
        Err(anyhow!("its tables are not those of schema version {version}: {name} is missing"))
            .hint("another program changed it, or it was made by an unreleased gleaner; nothing was changed")
    };
    for (table, expected) in expected {
        let Some(found) = found.get(&table) else { return missing(format!("the table `{table}`")) };
        if let Some(column) = expected.iter().find(|column| !found.contains(column)) {
            return missing(format!("the column `{column}` of `{table}`"));
        }
    }
    Ok(())
}

/// The database as the steps leave it; a test holds the two equal.
pub(super) const SCHEMA: &str = include_str!("../../../schema.sql");

/// Returns the columns of each table of a schema, in which each has a line of its own. This is done each time a file is
/// opened; to have SQLite make the tables takes longer than all else about it.
fn columns_of(schema: &str) -> BTreeMap<String, Vec<String>> {
    let mut columns: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut table = None;
    for line in schema.lines() {
        if let Some(rest) = line.strip_prefix("CREATE TABLE ") {
            table = Some(columns.entry(rest.trim_end_matches(" (").to_owned()).or_default());
        } else if line.starts_with(')') {
            table = None;
        } else if let (Some(table), Some(rest)) = (&mut table, line.strip_prefix("    ")) {
            // Constraints of a table are in upper case, and what goes on with a column stands further in.
            let name = rest.split(' ').next().unwrap_or_default();
            if name.starts_with(|c: char| c.is_ascii_lowercase()) {
                table.push(name.to_owned());
            }
        }
    }
    columns
}

/// Returns the columns of each table after so many steps.
fn columns_after(n_steps: usize) -> anyhow::Result<BTreeMap<String, Vec<String>>> {
    let made = Connection::open_in_memory()?;
    STEPS[..n_steps].iter().try_for_each(|step| made.execute_batch(step))?;
    columns(&made)
}

/// Returns the columns of each table; virtual ones are not made by a step.
fn columns(connection: &Connection) -> anyhow::Result<BTreeMap<String, Vec<String>>> {
    let mut statement = connection.prepare(
        "SELECT m.name, c.name FROM sqlite_schema m JOIN pragma_table_info(m.name) c
         WHERE m.type = 'table' AND m.sql NOT LIKE 'CREATE VIRTUAL%'",
    )?;
    let mut columns: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        columns.entry(row.get(0)?).or_default().push(row.get(1)?);
    }
    Ok(columns)
}

pub(super) fn version(connection: &Connection) -> anyhow::Result<i64> {
    Ok(connection.query_row("PRAGMA user_version", [], |row| row.get(0))?)
}

pub(super) fn check_owner(connection: &Connection) -> anyhow::Result<()> {
    let id: i32 = connection.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    if id == APPLICATION_ID {
        return Ok(());
    }
    if is_empty(connection)? {
        return Err(anyhow!("there is nothing in it"));
    }
    Err(anyhow!("it is a database of another program"))
}

fn is_empty(connection: &Connection) -> anyhow::Result<bool> {
    Ok(connection.query_row("SELECT NOT EXISTS (SELECT 1 FROM sqlite_schema)", [], |row| row.get(0))?)
}

#[cfg(test)]
mod tests;
