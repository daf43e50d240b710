//! A copy of the whole database: consistent, compact, and made while others read and write.

use std::path::Path;

use anyhow::Context as _;
use rusqlite::OpenFlags;

use super::{BUSY_TIMEOUT, OPERATIONS_BETWEEN_LOOKS, Read, Store, functions, migrate};
use crate::interrupt;

impl Store {
    /// Opens a database as it is: it is not brought to this program's version, and nothing of it is changed but what a
    /// crash left in its journal.
    pub fn open_as_it_is(path: &Path) -> anyhow::Result<Store> {
        Self::open_for_reading(path, OpenFlags::SQLITE_OPEN_READ_WRITE)
    }

    /// Opens a copy of a database that nobody may change.
    pub fn open_copy(path: &Path) -> anyhow::Result<Store> {
        Self::open_for_reading(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
    }

    fn open_for_reading(path: &Path, flags: OpenFlags) -> anyhow::Result<Store> {
        let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = rusqlite::Connection::open_with_flags(path, flags)
            .with_context(|| format!("cannot open `{}`", path.display()))?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.progress_handler(OPERATIONS_BETWEEN_LOOKS, Some(interrupt::ends_queries))?;
        connection.execute_batch("PRAGMA trusted_schema = OFF; PRAGMA foreign_keys = ON;")?;
        functions::register(&connection)?;
        Ok(Self { connection, path: path.to_owned() })
    }

    /// Refuses a file of another program.
    pub fn check_owner(&self) -> anyhow::Result<()> {
        migrate::check_owner(&self.connection)
    }
}

impl Read<'_> {
    /// Writes the database, without its free pages, to an empty or new file.
    pub fn copy_to(self, path: &Path) -> anyhow::Result<()> {
        let path = path.to_str().context("SQLite writes to paths of Unicode only")?;
        self.0.execute("VACUUM INTO ?1", [path])?;
        Ok(())
    }

    /// Returns how many groups, entities of the catalog and kept answers there are.
    pub fn sizes(self) -> anyhow::Result<[u64; 3]> {
        Ok(self.0.query_row(
            "SELECT (SELECT count(*) FROM story_groups), (SELECT count(*) FROM entities), (SELECT count(*) FROM answers)",
            [],
            |row| Ok([row.get::<_, i64>(0)? as u64, row.get::<_, i64>(1)? as u64, row.get::<_, i64>(2)? as u64]),
        )?)
    }
}
