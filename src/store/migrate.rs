//! The schema's history: an append-only list of steps, counted by `user_version`.
//!
//! Never edit or reorder a released step. A database newer than the program is refused, with both versions named.

use anyhow::{Context as _, anyhow};
use rusqlite::{Connection, TransactionBehavior};

use crate::error::Explain as _;

/// "glnr": tells `file` and other programs whose database this is.
const APPLICATION_ID: i32 = 0x676C_6E72;

/// One step each; the first is the readable whole.
const STEPS: [&str; 1] = [include_str!("../../schema.sql")];

/// Refuses a file that is not ours, or newer than the program. Nothing of it is changed.
pub(super) fn check(connection: &Connection) -> anyhow::Result<()> {
    let found = version(connection)?;
    let newest = STEPS.len() as i64;
    if found == 0 && is_empty(connection)? {
        return Ok(());
    }
    // Others count their versions too, so whose it is comes first.
    check_owner(connection)?;
    if found > newest {
        return Err(anyhow!("it was made by a newer gleaner (schema {found}; this program knows up to {newest})"))
            .hint("install the newer gleaner; nothing was changed");
    }
    Ok(())
}

/// Brings the database to the newest version. An empty file is made a database only if `create` gives the time.
pub(super) fn run(connection: &mut Connection, create: Option<&str>) -> anyhow::Result<()> {
    check(connection)?;
    let found = version(connection)?;
    let newest = STEPS.len() as i64;
    if found == newest {
        return Ok(());
    }
    if found == 0 && create.is_none() {
        return Err(anyhow!("it is empty")).hint("`gleaner load groups FILE` fills it");
    }
    let tx = connection.transaction_with_behavior(TransactionBehavior::Exclusive)?;
    // Another process may have done it while we waited.
    for step in &STEPS[version(&tx)? as usize..] {
        tx.execute_batch(step).context("cannot bring the database to this version")?;
    }
    tx.pragma_update(None, "application_id", APPLICATION_ID)?;
    tx.pragma_update(None, "user_version", newest)?;
    tx.execute(
        "INSERT OR IGNORE INTO meta (key, value) VALUES ('db_id', lower(hex(randomblob(16)))), ('created_at', ?1)",
        [create.unwrap_or("unknown")],
    )?;
    tx.commit()?;
    Ok(())
}

fn version(connection: &Connection) -> anyhow::Result<i64> {
    Ok(connection.query_row("PRAGMA user_version", [], |row| row.get(0))?)
}

fn check_owner(connection: &Connection) -> anyhow::Result<()> {
    let id: i32 = connection.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    if id == APPLICATION_ID {
        return Ok(());
    }
    Err(anyhow!("it is a database of another program")).hint("name another file with `--db PATH`")
}

fn is_empty(connection: &Connection) -> anyhow::Result<bool> {
    Ok(connection.query_row("SELECT NOT EXISTS (SELECT 1 FROM sqlite_schema)", [], |row| row.get(0))?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::explain;

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
    fn a_newer_or_foreign_database_is_refused() {
        let mut newer = Connection::open_in_memory().unwrap();
        newer.pragma_update(None, "user_version", 99).unwrap();
        newer.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
        let error = explain(&run(&mut newer, Some("now")).unwrap_err());
        assert_eq!(error.message, "it was made by a newer gleaner (schema 99; this program knows up to 1)");

        for version in [0, 1, 99] {
            let mut foreign = Connection::open_in_memory().unwrap();
            foreign.execute_batch("CREATE TABLE bookmarks (url)").unwrap();
            foreign.pragma_update(None, "user_version", version).unwrap();
            assert_eq!(
                explain(&run(&mut foreign, Some("now")).unwrap_err()).message,
                "it is a database of another program"
            );
        }
    }
}
