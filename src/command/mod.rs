//! One thin file a command; [`run`] is the match.
//!
//! A command turns what was typed into plain options, calls a flow of `workflow` or a question of `store`, and says
//! what came of it. Nothing is decided here that another command would have to decide again.

mod batch;
mod load;
mod original;
mod profile;
mod progress;
mod rebuild;
mod sandbox;

use std::path::PathBuf;

use crate::cli::{Cli, Command};
use crate::config::Config;
use crate::error::{Exit, Explain as _, usage};
use crate::store::Store;
use crate::terminal::Terminal;

/// What every command gets: the surroundings, the terminal, and the global options.
pub struct Context {
    /// Environment and clock.
    pub config: Config,
    /// Where everything is said.
    pub terminal: Terminal,
    /// `--db`, as typed.
    pub db: Option<PathBuf>,
    /// `--base-url`, as typed.
    pub base_url: Option<String>,
}

impl Context {
    /// Returns the path of the database.
    pub fn db_path(&self) -> anyhow::Result<PathBuf> {
        self.config.db_path(self.db.as_deref())
    }

    /// Opens the database, which must exist.
    pub fn open(&self) -> anyhow::Result<Store> {
        Store::open(&self.db_path()?)
    }

    /// Opens the database, making it where there is none.
    pub fn open_or_create(&self) -> anyhow::Result<Store> {
        Store::open_or_create(&self.db_path()?, &self.config.now_text())
    }
}

/// Runs what was typed and returns the exit code.
pub fn run(cli: Cli, context: &Context) -> anyhow::Result<Exit> {
    let Some(command) = cli.command else {
        return original::run(&cli.original, context);
    };
    if let Some(flag) = original::first_flag(&cli.original) {
        return Err(usage(format!("`{flag}` stands before the command, where it would have no effect")))
            .hint("put it behind the command, as in `gleaner batch create --limit 10`");
    }
    match command {
        Command::Load(command) => load::run(&command, context),
        Command::Profile(command) => profile::run(&command, context),
        Command::Batch(command) => batch::run(&command, context),
        Command::Progress => progress::run(context),
        Command::Rebuild => rebuild::run(context),
        Command::Sandbox(args) => sandbox::run(&args, context),
    }
}
