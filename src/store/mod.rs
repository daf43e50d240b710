//! The only SQL: open, groups, catalog, prompts, ledger, knowledge.
//!
//! [`Store`] owns the connection. Prompts are methods of [`Read`], which both a store and a transaction give out;
//! writers are methods of [`Tx`], so nothing can be written outside a transaction, and dropping one undoes it all.
//!
//! The file is in rollback-journal mode with `synchronous=FULL` and never in WAL: between transactions the one file is
//! whole and can be copied, also while `batch wait` polls. (Killed in mid-transaction, a bare copy of the file in
//! either mode is wrong; so signals are caught, and the next open rolls back.)

pub mod active_profile;
pub mod attributes;
mod prompts;
mod put_off;
mod query;
mod asked;
mod audit;
mod backup;
mod bulk;
mod catalog;
mod catalog_edit;
mod changes;
mod copies;
mod costs;
mod damage;
mod decisions;
mod derived;
pub mod explore;
mod functions;
pub mod foreign;
mod forget;
mod grounding;
mod groups;
mod ids;
mod knowledge;
mod layouts;
mod left_out;
mod ledger;
mod links;
mod loading;
mod merge;
mod migrate;
mod near;
mod search;
mod postings;
mod rehearsal;
mod select;
mod comparisons;
mod topics;
mod counts;
mod totals;
mod unresolved;

use std::cell::Cell;
use std::fs::File;
use std::io;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, MAIN_DB, OpenFlags, Transaction, TransactionBehavior};

pub use asked::{Asked, AskedRow};
pub use audit::{Audit, AuditItem, AuditWhat};
pub use bulk::{BulkWriter, MentionRow, Pages, TopicRow};
pub use catalog::CatalogChange;
pub use catalog_edit::EntityRow;
pub use changes::{Change, ChangeRow, HowUndone, Touched};
pub use costs::{CostRow, CostsBy};
pub use counts::Counts;
pub use damage::{Damage, Loss};
pub use decisions::StoredDecision;
pub use groups::{GroupChange, GroupRow, TextHashes};
pub use knowledge::{LinkedMention, Provenance};
pub use ledger::{
    Account, AnswerRow, BatchRow, BatchState, Cause, Claim, FoundBy, LedgerProgress, NewBatch, NewRequest, Observation,
    RequestRow, RequestState, RunRow, Spend,
};
pub use left_out::TooLong;
pub use links::StoredLink;
pub use loading::Loading;
pub use merge::{MergeReport, Merged};
pub use near::NearCopy;
pub use postings::INDEX_REMEDY;
pub use prompts::{Origin, StoredProfile, StoredPrompt};
pub use query::{Sink, Value};
use rehearsal::Hidden;
pub use rehearsal::{Forgotten, Rehearsed};
pub use search::{CalledNames, Facets, MARK, MARK_END, SearchQuery, ValueCount, search_words};
pub use select::{Candidate, CurrentPrompt, CurrentPrompts, Resend, Selected, Selection};

pub use topics::{TopicDecision, TopicVerdict};
pub use totals::Totals;
pub use unresolved::Unresolved;

use crate::error::{Explain as _, hinted, not_found};
use crate::interrupt;
use crate::text::private;

/// Time that a statement waits for another process's transaction.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

/// Words for a commit that failed.
const NOT_KEPT: &str = "cannot commit to the database; nothing of this step was kept";

/// Number of operations SQLite does before it looks whether it should end: some milliseconds.
const OPERATIONS_BETWEEN_LOOKS: i32 = 20_000;

/// One open database.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    path: PathBuf,
    /// Time that a statement waits for another process's transaction.
    busy_timeout: Duration,
    /// State of this connection: what it leaves out for those who read.
    hidden: Hidden,
    /// State of this connection: pages that it keeps in memory.
    pages: Cell<Pages>,
    /// Of a temporary copy: the file, which goes with it.
    _copy: Option<tempfile::TempPath>,
}

/// The right to ask the database; cheap to copy.
#[derive(Clone, Copy, Debug)]
pub struct Read<'a>(&'a Connection);

/// The database as it was at one moment; while it is held others may read and not commit.
#[derive(Debug)]
pub struct Snapshot<'a>(rusqlite::Transaction<'a>);

impl Snapshot<'_> {
    /// Asks questions.
    pub fn read(&self) -> Read<'_> {
        Read(&self.0)
    }
}

impl Read<'_> {
    /// Returns a number that is another one after somebody else has written to the database.
    pub fn data_version(self) -> anyhow::Result<i64> {
        Ok(self.0.query_row("PRAGMA data_version", [], |row| row.get(0))?)
    }
}

/// The right to write: one immediate transaction. Dropped without [`Tx::commit`], it leaves no trace.
#[derive(Debug)]
pub struct Tx<'a>(rusqlite::Transaction<'a>, Option<changes::Step<'a>>);

impl Deref for Tx<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.0
    }
}

impl Store {
    /// Opens the database at `path`, which must exist.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        Self::must_exist(path)?;
        Self::open_with(path, OpenFlags::SQLITE_OPEN_READ_WRITE, None)
    }

    /// Refuses a path where nothing is.
    pub fn must_exist(path: &Path) -> anyhow::Result<()> {
        if path.exists() {
            return Ok(());
        }
        Err(not_found(format!("there is no database at `{}`", path.display())))
            .hint("`gleaner load groups FILE` makes one; `gleaner demo` shows the whole job")
            .hint("another place is named with `--db PATH` or the variable `GLEANER_DB`")
    }

    /// Opens the database at `path`, making it and its folder where there is none. `now` dates what is made.
    pub fn open_or_create(path: &Path, now: &str) -> anyhow::Result<Self> {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            private::create_folder(folder).with_context(|| format!("cannot make the folder `{}`", folder.display()))?;
        }
        // SQLite would make it with the mode of any file; its journal takes the mode of the database.
        match private::file_options().write(true).create_new(true).open(path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(error).with_context(|| format!("cannot make the database `{}`", path.display()));
            }
            _ => {}
        }
        Self::open_with(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE, Some(now))
    }

    /// Opens a database that lives in memory; for tests.
    pub fn open_in_memory(now: &str) -> anyhow::Result<Self> {
        Self::prepare(Connection::open_in_memory()?, PathBuf::from(":memory:"), Some(now))
    }

    fn open_with(path: &Path, flags: OpenFlags, create: Option<&str>) -> anyhow::Result<Self> {
        let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        Connection::open_with_flags(path, flags)
            .map_err(anyhow::Error::from)
            .and_then(|connection| Self::prepare(connection, path.to_owned(), create))
            .map_err(|error| cannot_open(path, error))
    }

    fn prepare(mut connection: Connection, path: PathBuf, create: Option<&str>) -> anyhow::Result<Self> {
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.progress_handler(OPERATIONS_BETWEEN_LOOKS, Some(interrupt::ends_queries))?;
        // The first statement that touches the file: a journal left by a crash is rolled back here. A file that is not
        // ours keeps its journal mode.
        migrate::check(&connection)?;
        let journal: String = connection.query_row("PRAGMA journal_mode = DELETE", [], |row| row.get(0))?;
        if journal != "delete" && journal != "memory" {
            return Err(anyhow!("another program keeps the database in `{journal}` mode"))
                .hint("close it and try again");
        }
        connection.execute_batch(
            "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY;
             PRAGMA trusted_schema = OFF;",
        )?;
        connection.pragma_update(None, "cache_size", Pages::Usual.cache_size())?;
        keep_statements(&connection)?;
        functions::register(&connection)?;
        migrate::run(&mut connection, create)?;
        let (hidden, pages) = (Hidden::default(), Cell::new(Pages::Usual));
        let mut store = Self { connection, path, busy_timeout: BUSY_TIMEOUT, hidden, pages, _copy: None };
        store.refresh_derived()?;
        Ok(store)
    }

    /// Changes how long a statement waits for another process's transaction.
    pub fn set_busy_timeout(&mut self, timeout: Duration) -> anyhow::Result<()> {
        self.busy_timeout = timeout;
        Ok(self.connection.busy_timeout(timeout)?)
    }

    /// Returns the path it was opened with.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the folder that holds the database, its `batch_files/` and its downloads.
    pub fn folder(&self) -> &Path {
        match self.path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        }
    }

    /// Asks questions.
    pub fn read(&self) -> Read<'_> {
        self.hide_again();
        Read(&self.connection)
    }

    /// Asks many questions of one state of the database: none of them sees what another program writes meanwhile, and
    /// none has to take the lock anew.
    pub fn snapshot(&self) -> anyhow::Result<Snapshot<'_>> {
        self.hide_again();
        Ok(Snapshot(self.connection.unchecked_transaction()?))
    }

    /// Begins a transaction that may write. It is immediate: a second writer waits here and not in the middle.
    pub fn write(&mut self) -> anyhow::Result<Tx<'_>> {
        let tx = self.begin()?;
        tx.refresh_derived()?;
        Ok(tx)
    }

    fn begin(&self) -> anyhow::Result<Tx<'_>> {
        self.show_hidden()?;
        if self.pages.get() == Pages::Passing {
            self.keep_pages(Pages::Usual)?;
        }
        // SQLite begins such a transaction, and only the first change fails.
        if self.connection.is_readonly(MAIN_DB)? {
            return Err(anyhow!("the database `{}` can only be read", self.path.display()))
                .hint("change the permissions of the file, or name a copy of it with `--db PATH`");
        }
        let tx = Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)
            .map_err(anyhow::Error::from)
            .hint("another gleaner may be writing to this database; try again when it is done")
            .context("cannot begin to write to the database")?;
        Ok(Tx(tx, None))
    }

    /// Counts tables that have grown tenfold, so that SQLite asks them in the right order: without that some views take
    /// 10 to 60 times as long. Called after loads and imports, outside of their transactions; it looks at some hundred
    /// rows of each index. Where another process writes just now it is left to the next time.
    pub fn optimize(&self) {
        // 0x10000: all tables, not only those this process has asked; 0x10: a limit for each index; 0x2: do it.
        let _ = self.connection.execute_batch("PRAGMA optimize = 0x10012");
    }

    /// Makes anew what other programs left out of date, so that also a command that only reads sees it as it is. Where
    /// the file cannot be written now (another process is at it, or the disk is full), the next one will.
    fn refresh_derived(&mut self) -> anyhow::Result<()> {
        if !derived::is_stale(&self.connection)? || self.connection.is_readonly(MAIN_DB)? {
            return Ok(());
        }
        self.connection.busy_timeout(Duration::ZERO)?;
        let refreshed = self.write().and_then(Tx::commit);
        self.connection.busy_timeout(self.busy_timeout)?;
        match refreshed {
            Err(error) if crate::error::find::<rusqlite::Error>(&error).is_none() => Err(error),
            _ => Ok(()),
        }
    }
}

/// Keeps statements that were prepared, as they were prepared.
fn keep_statements(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_prepared_statement_cache_capacity(128);
    // Without this the planner looks at the values that are bound, and prepares a cached statement anew each time
    // they change. With 20,000 groups a quarter of the processor time of planning went there.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

/// Returns whether a step failed because another process had the file for longer than is waited for.
pub fn is_locked(error: &anyhow::Error) -> bool {
    matches!(
        crate::error::find::<rusqlite::Error>(error).and_then(rusqlite::Error::sqlite_error_code),
        Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked)
    )
}

/// Says why a database cannot be opened where SQLite has few words for it. The file is looked at after SQLite failed, and
/// never beside it: to close a file takes the locks away that this process has on it.
fn cannot_open(path: &Path, error: anyhow::Error) -> anyhow::Error {
    use rusqlite::ErrorCode::{CannotOpen, NotADatabase};
    let code = crate::error::find::<rusqlite::Error>(&error).and_then(rusqlite::Error::sqlite_error_code);
    let another = "name another file with `--db PATH`";
    let why = match code {
        Some(NotADatabase) => hinted(anyhow!("it is not a SQLite database"), another),
        Some(CannotOpen) if path.is_dir() => hinted(anyhow!("it is a folder"), another),
        Some(CannotOpen) if path.is_file() => match File::open(path) {
            Err(denied) if denied.kind() == io::ErrorKind::PermissionDenied => {
                hinted(denied, "change the permissions of the file, or name another one with `--db PATH`")
            }
            _ => error,
        },
        _ => error,
    };
    why.context(format!("cannot open the database `{}`", path.display()))
}

impl<'a> Tx<'a> {
    /// Asks questions inside the transaction.
    pub fn read(&self) -> Read<'_> {
        Read(&self.0)
    }

    /// Makes all that was written durable.
    pub fn commit(self) -> anyhow::Result<()> {
        self.end_change()?;
        self.0.commit().context(NOT_KEPT)
    }

    /// Like [`Tx::commit`], for what must not be lost. A commit that finds the file locked leaves its transaction open
    /// and may be repeated, says SQLite, so nothing is written twice; it is repeated for as long as `wait`, which gets
    /// each failure, returns no error.
    pub fn commit_patiently(self, mut wait: impl FnMut(anyhow::Error) -> anyhow::Result<()>) -> anyhow::Result<()> {
        self.end_change()?;
        // Not by `Transaction::commit`, which rolls back what it cannot commit. Dropped after this COMMIT it finds that
        // no transaction is open, and does nothing.
        while let Err(error) = self.0.execute_batch("COMMIT") {
            wait(anyhow::Error::from(error).context(NOT_KEPT))?;
        }
        Ok(())
    }
}
