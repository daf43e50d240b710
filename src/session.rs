//! What a command works with: the database, the terminal, the configuration; and the lock of those that spend.

use std::collections::{HashMap, HashSet};
use std::fs::{File, TryLockError};
use std::path::PathBuf;

use anyhow::{Context as _, anyhow};
use jiff::Timestamp;
use jiff::civil::Date;

use crate::config::Config;
use crate::error::{self, Explain as _, Explained};
use crate::provider::{self, ApiError, Client, Fault};
use crate::request::Prices;
use crate::store::{Origin, Store};
use crate::terminal::Terminal;
use crate::text::private;

/// What every flow works with.
pub struct Session<'a> {
    /// The database.
    pub store: Store,
    /// Where progress is shown and warnings go.
    pub terminal: &'a Terminal,
    /// Clock and pauses.
    pub config: &'a Config,
    /// Whether work is sent that its model may not live to answer (`--anyway`).
    pub anyway: bool,
    /// The first day without a model, as the provider named it, and when it was asked.
    pub model_ends: HashMap<String, (Timestamp, Option<Date>)>,
    /// Warnings that were said, each once a command.
    warned: HashSet<String>,
}

/// The right to spend with a database: held by one process at a time on one machine.
#[derive(Debug)]
pub struct SpendingLock(#[expect(dead_code, reason = "held, and let go when dropped")] File);

impl<'a> Session<'a> {
    /// Makes what a command works with.
    pub fn new(store: Store, terminal: &'a Terminal, config: &'a Config) -> Self {
        Session { store, terminal, config, anyway: false, model_ends: HashMap::new(), warned: HashSet::new() }
    }
}

impl Session<'_> {
    /// Warns, unless the same was said before by this command.
    pub fn warn_once(&mut self, text: String) {
        if !self.warned.contains(&text) {
            self.terminal.warn(&text);
            self.warned.insert(text);
        }
    }

    /// Returns the folder of request and answer files, beside the database, making it where there is none.
    pub fn batch_files(&self) -> anyhow::Result<PathBuf> {
        let folder = self.store.folder().join("batch_files");
        private::create_folder(&folder).with_context(|| format!("cannot make the folder `{}`", folder.display()))?;
        Ok(folder)
    }

    /// Takes the right to spend with this database. Two processes that submit the same plan at the same time would buy
    /// it twice; the second one is sent away.
    pub fn lock_spending(&self) -> anyhow::Result<SpendingLock> {
        let path = self.batch_files()?.join(".lock");
        let file = private::file_options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .with_context(|| format!("cannot open `{}`", path.display()))?;
        match file.try_lock() {
            Ok(()) => Ok(SpendingLock(file)),
            Err(TryLockError::WouldBlock) => Err(anyhow!("another gleaner is sending requests with this database"))
                .hint("wait until it is done, or stop it"),
            Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("cannot lock `{}`", path.display())),
        }
    }

    /// Returns the origin a client talks to, recorded. Whether it is a sandbox is known after its first reply.
    pub fn origin_of(&mut self, client: &Client) -> anyhow::Result<Origin> {
        let now = self.config.now_text();
        let tx = self.store.write()?;
        let origin = tx.keep_origin(client.origin().as_str(), client.saw_sandbox(), &now)?;
        tx.commit()?;
        Ok(origin)
    }
}

/// Returns the prices and lifetimes that count: the table of the program, before it the user's own.
pub fn table_of_prices(config: &Config) -> anyhow::Result<Prices> {
    match config.own_prices()? {
        None => Ok(Prices::builtin()),
        Some((path, table)) => {
            Prices::builtin().overridden_by(&table).with_context(|| format!("cannot use `{}`", path.display()))
        }
    }
}

/// Takes an error apart for showing, with what a failed call of the provider advises.
pub fn explain(error: &anyhow::Error) -> Explained {
    error::explain_with(error, provider::advise)
}

/// Turns a failed call into an error for the person, with its hint.
pub fn api_failure(api: ApiError) -> anyhow::Error {
    if api.fault == Fault::Interrupted {
        return error::interrupted();
    }
    match api.hint() {
        Some(hint) => Err::<(), _>(api).hint(hint).expect_err("it was made from an error"),
        None => api.into(),
    }
}
