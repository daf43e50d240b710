//! Session of one command: the database, the terminal, the configuration; and the locks between processes.

mod lock;
mod patience;

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use jiff::Timestamp;
use jiff::civil::Date;

use crate::config::Config;
use crate::error::{self, ErrorKind, Explain as _, Explained};
use crate::interrupt;
use crate::model::BatchKey;
use crate::provider::{self, ApiError, Client, Fault};
use crate::request::Prices;
use crate::store::{Origin, Store};
use crate::terminal::Terminal;
use crate::text::private;

pub use lock::{Lock, Tried, holders as lock_holders};
pub use patience::LockPatience;

/// Between two tries to take a lock that another process holds.
const LOCK_PAUSE: Duration = Duration::from_millis(200);

/// Session of every flow.
pub struct Session<'a> {
    /// The database.
    pub store: Store,
    /// Output for progress and warnings go.
    pub terminal: &'a Terminal,
    /// Clock and pauses.
    pub config: &'a Config,
    /// True where work is sent that its model may not live to answer (`--anyway`).
    pub anyway: bool,
    /// The first day without a model, as the provider named it, and when it was asked.
    pub model_ends: HashMap<String, (Timestamp, Option<Date>)>,
    /// Warnings that were said, each once a command.
    warned: HashSet<String>,
}

impl<'a> Session<'a> {
    /// Makes what a command works with.
    pub fn new(store: Store, terminal: &'a Terminal, config: &'a Config) -> Self {
        Session { store, terminal, config, anyway: false, model_ends: HashMap::new(), warned: HashSet::new() }
    }
}

impl Session<'_> {
    /// Warns, unless the same was said before by this command; returns whether it was not.
    pub fn warn_once(&mut self, text: String) -> bool {
        let is_first = !self.warned.contains(&text);
        if is_first {
            self.terminal.warn(&text);
            self.warned.insert(text);
        }
        is_first
    }

    /// Returns the folder of request and answer files, beside the database, making it where there is none.
    pub fn batch_files(&self) -> anyhow::Result<PathBuf> {
        let folder = self.store.folder().join("batch_files");
        private::create_folder(&folder).with_context(|| format!("cannot make the folder `{}`", folder.display()))?;
        Ok(folder)
    }

    /// Takes the right to spend with this database. Two processes that submit the same plan at the same time would buy
    /// it twice; the second one is sent away.
    pub fn lock_spending(&self) -> anyhow::Result<Lock> {
        match self.try_lock_spending()? {
            Tried::Taken(lock) => Ok(lock),
            Tried::Held(holder) => Err(anyhow!("another gleaner is sending requests with this database: {holder}"))
                .kind(ErrorKind::Busy)
                .hint("wait until it is done, or stop it"),
        }
    }

    /// Tries to take the right to spend with this database.
    pub fn try_lock_spending(&self) -> anyhow::Result<Tried> {
        lock::try_take(self.store.path(), "spending", false, &self.config.now_text())
    }

    /// Takes the right to collect a batch, waiting while another process has it, which is said: two that download the
    /// same files and import them would be in each other's way.
    pub fn lock_collecting(&self, batch: BatchKey, name: &str) -> anyhow::Result<Lock> {
        let mut waited = false;
        loop {
            let now = self.config.now_text();
            match lock::try_take(self.store.path(), &format!("batch-{}", batch.0), true, &now)? {
                Tried::Taken(lock) => return Ok(lock),
                Tried::Held(holder) if !waited => {
                    self.terminal.status(format!("batch {name} is being collected by {holder}; waiting for it"));
                    waited = true;
                }
                Tried::Held(_) => {}
            }
            interrupt::check()?;
            std::thread::sleep(LOCK_PAUSE);
        }
    }

    /// Returns the origin a client talks to, recorded. Whether it is a sandbox is known after its first reply.
    pub fn origin_of(&mut self, client: &Client) -> anyhow::Result<Origin> {
        let now = self.config.now_text();
        let tx = self.store.write()?;
        let origin = tx.keep_origin(client.origin().as_str(), client.dialect().as_str(), client.saw_sandbox(), &now)?;
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
        Some(hint) => error::hinted(api, hint),
        None => api.into(),
    }
}
