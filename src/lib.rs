//! gleaner turns a pile of news stories into linked knowledge in one SQLite file, through a model provider's Batch API.
//!
//! Data flows one way, and the rooms are the stations on that line:
//!
//! ```text
//! stories ─> intake ─> request ─> provider ─> answer ─> resolve ─> store ─> explore ─> report
//! (.jsonl/.csv)        (.jsonl)   (HTTP)      (.jsonl)  (fuzzy)   (SQLite)  (read)     (text, JSON, HTML)
//! ```
//!
//! Arrows point down and never in a circle:
//! `command > cli > extract > batch > {import curation upkeep} > linking > {intake explore} > session >
//! {report sandbox store} > request > profile > {provider answer resolve terminal} > config > interrupt > error >
//! model > text`.
//!
//! What must not exist: SQL outside `store`, HTTP outside `provider` and `sandbox`, printing outside `terminal`, reading
//! of the environment or the clock outside `config`, and any I/O at all in the pure rooms (`text`, `model`,
//! `profile`, `request`, `answer`, `resolve`), which take values and return values.

pub mod cli;
pub mod command;
pub mod extract;
pub mod batch;
pub mod import;
pub mod curation;
pub mod upkeep;
pub mod linking;

pub mod intake;
pub mod explore;
pub mod session;

pub mod profile;
pub mod request;
pub mod answer;
pub mod resolve;
pub mod report;

pub mod provider;
pub mod sandbox;
pub mod store;

pub mod model;
pub mod text;

pub mod config;
pub mod error;
pub mod interrupt;
pub mod terminal;

use std::ffi::OsString;

use clap::Parser as _;

use error::Exit;
use terminal::{Manner, Terminal};

/// Runs the program with the given arguments (the first is its own name) and returns the exit code.
///
/// This is the one place where an error is shown and an exit code is picked. It may be called more than once in a
/// process.
pub fn run(args: impl IntoIterator<Item = OsString>) -> Exit {
    let args: Vec<OsString> = args.into_iter().collect();
    // Bare `gleaner` prints help as a result, not as a mistake.
    let asked_for_help = args.len() < 2;
    let cli =
        match cli::Cli::try_parse_from(if asked_for_help { vec!["gleaner".into(), "--help".into()] } else { args }) {
            Ok(cli) => cli,
            Err(error) => {
                // A closed pipe is no reason to fail.
                let _ = error.print();
                return if error.use_stderr() { Exit::Usage } else { Exit::Done };
            }
        };
    let config = match config::Config::from_process() {
        Ok(config) => config,
        Err(error) => return show(&Terminal::new(Manner::default()), &error),
    };
    let terminal = Terminal::new(Manner {
        json: cli.global.json,
        quiet: cli.global.quiet,
        verbose: cli.global.verbose,
        color: cli.global.color,
        no_color: config.var("NO_COLOR").is_some(),
    });
    interrupt::install();
    let context = command::Context {
        config,
        terminal: terminal.clone(),
        db: cli.global.db.clone(),
        base_url: cli.global.base_url.clone(),
    };
    match command::run(cli, &context).and_then(|exit| terminal.flush().map(|()| exit)) {
        Ok(exit) => exit,
        Err(error) => show(&terminal, &error),
    }
}

fn show(terminal: &Terminal, error: &anyhow::Error) -> Exit {
    if error.chain().any(|cause| cause.is::<terminal::ClosedPipe>()) {
        return Exit::Done;
    }
    let _ = terminal.flush();
    let explained = session::explain(error);
    if explained.exit == Exit::Interrupted && explained.message == "interrupted" {
        // Who pressed Ctrl-C knows; what goes on without us is worth a word.
        explained.hints.iter().for_each(|hint| terminal.hint(hint));
    } else {
        terminal.error(&explained);
    }
    explained.exit
}
