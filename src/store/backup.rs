//! A copy of the whole database: consistent, compact, and made while others read and write.

use std::cell::Cell;
use std::path::Path;

use anyhow::Context as _;
use rusqlite::{MAIN_DB, OpenFlags};

use super::rehearsal::Hidden;
use super::{
    BUSY_TIMEOUT, OPERATIONS_BETWEEN_LOOKS, Pages, Read, Store, cannot_open, functions, keep_statements, migrate,
};
use crate::interrupt;

impl Store {
    /// Opens a database as it is: it is not brought to this program's version, and nothing of it is changed but what a
    /// crash left in its journal.
    pub fn open_as_it_is(path: &Path) -> anyhow::Result<Store> {
        let open = || {
            let store = Self::open_beside(path)?;
            // Only a question makes SQLite look whether it is a database; other damage is told by `check`.
            match store.connection.query_row("PRAGMA schema_version", [], |row| row.get::<_, i64>(0)) {
                Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::NotADatabase) => Err(error.into()),
                _ => Ok(store),
            }
        };
        open().map_err(|error| cannot_open(path, error))
    }

    /// Opens the database of another place, of which nothing is changed but what a crash left in its journal.
    pub(super) fn open_beside(path: &Path) -> anyhow::Result<Store> {
        Self::open_for_reading(path, OpenFlags::SQLITE_OPEN_READ_WRITE)
    }

    /// Opens a copy of a database that nobody may change.
    pub fn open_copy(path: &Path) -> anyhow::Result<Store> {
        Self::open_for_reading(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
    }

    /// Opens the database once more, for another thread that only asks.
    pub fn open_reader(path: &Path) -> anyhow::Result<Store> {
        Self::open_for_reading(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
    }

    fn open_for_reading(path: &Path, flags: OpenFlags) -> anyhow::Result<Store> {
        let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = rusqlite::Connection::open_with_flags(path, flags)
            .with_context(|| format!("cannot open `{}`", path.display()))?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.progress_handler(OPERATIONS_BETWEEN_LOOKS, Some(interrupt::ends_queries))?;
        connection.execute_batch("PRAGMA trusted_schema = OFF; PRAGMA foreign_keys = ON;")?;
        keep_statements(&connection)?;
        functions::register(&connection)?;
        Ok(Self {
            connection,
            path: path.to_owned(),
            busy_timeout: BUSY_TIMEOUT,
            hidden: Hidden::default(),
            // SQLite's own number is as large.
            pages: Cell::new(Pages::Passing),
            _copy: None,
        })
    }

    /// Returns whether nothing can be written here: the file is not ours to change, or no journal can be made beside it.
    pub fn is_read_only(&self) -> anyhow::Result<bool> {
        Ok(self.connection.is_readonly(MAIN_DB)? || tempfile::tempfile_in(self.folder()).is_err())
    }

    /// Returns a temporary copy of the database to write into, for what needs an index or tries something out.
    pub fn temporary_copy(&self) -> anyhow::Result<Store> {
        let file = tempfile::NamedTempFile::new().context("cannot make a temporary file")?.into_temp_path();
        self.read().copy_to(&file).context("cannot copy the database to a temporary file")?;
        let mut copy = Store::open(&file)?;
        copy._copy = Some(file);
        copy.hide(self.hidden)?;
        Ok(copy)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_temporary_copy_is_written_to_and_goes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("g.db");
        let store = Store::open_or_create(&path, "2026-01-01T00:00:00Z").unwrap();
        assert!(!store.is_read_only().unwrap());
        let mut copy = store.temporary_copy().unwrap();
        assert_eq!(copy.read().db_id().unwrap(), store.read().db_id().unwrap());
        let tx = copy.write().unwrap();
        tx.make_search_index().unwrap();
        tx.commit().unwrap();
        assert!(copy.read().has_search_index().unwrap() && !store.read().has_search_index().unwrap());
        let place = copy.path().to_owned();
        assert!(place.exists());
        drop(copy);
        assert!(!place.exists() && path.exists());
    }
}
