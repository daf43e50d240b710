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
//! `fuzz > command > cli > extract > batch > {import curation upkeep} > linking > {intake explore} > session >
//! {report sandbox store} > request > profile > {provider answer resolve terminal} > config > interrupt > error >
//! model > text`.
//!
//! `.ci/check-circles` holds the files to that list, and `docs/architecture.md` walks one group, one batch, one mention
//! and one decision through it.
//!
//! # One word for one thing
//!
//! | word | meaning |
//! | --- | --- |
//! | group | a few stories about one event; asked about as a whole |
//! | copy | a group with the text of another one; it shares the answer and is not asked |
//! | story | one text of a group, with its title, date and address |
//! | mention | a name as a model found it in a group |
//! | entity | a row of the user's catalog; named by its type and id |
//! | topic | what a group is about; topics of one key are one |
//! | prompt | everything of a request except the story, known by its fingerprint |
//! | request | one prompt asked about one group, of a kind: `topic` or `entity` |
//! | answer | what came back for a request: one output line, classified |
//! | run | all that one command set out to ask |
//! | batch | requests that are one batch at the provider |
//! | part | a batch's share of a run, before it is one and after |
//! | decision | a person's ruling on a mention or a topic; it counts before every computed link |
//! | origin | base URL and dialect of a provider, by which answers are kept apart |
//! | ledger | what was asked, paid and answered |
//! | rehearsal | what the sandbox answered; it never counts as an answer elsewhere |
//! | uncertain | bought or not, nobody knows yet; looked at again, never sent again by itself |
//!
//! # What must not exist
//!
//! SQL outside `store`, HTTP outside `provider` and `sandbox`, printing outside `terminal`, reading
//! of the environment or the clock outside `config`, and any I/O at all in the pure rooms (`text`, `model`,
//! `profile`, `request`, `answer`, `resolve`), which take values and return values.

// The crate is closed: `pub` in a room means for the other rooms, and out of the house comes only `run`. So the compiler
// knows what is used by nobody.
mod fuzz;
mod cli;
mod command;
mod extract;
mod batch;
mod import;
mod curation;
mod upkeep;
mod linking;

mod intake;
mod explore;
mod session;

mod profile;
mod request;
mod answer;
mod resolve;
mod report;

mod provider;
mod sandbox;
mod store;

mod model;
mod text;

mod config;
mod error;
mod interrupt;
mod terminal;

use std::ffi::OsString;

use error::Exit;
use terminal::{ColorChoice, Manner, Pager, Terminal};

/// Runs the program with the given arguments (the first is its own name) and returns the exit code.
///
/// This is the one place where an error is shown and an exit code is picked. It may be called more than once in a
/// process.
pub fn run(args: impl IntoIterator<Item = OsString>) -> Exit {
    let args: Vec<OsString> = args.into_iter().collect();
    // Bare `gleaner` prints help as a result, not as a mistake.
    let asked_for_help = args.len() < 2;
    // Also where the rest of it cannot be read.
    let is_json = args.iter().take_while(|arg| *arg != "--").any(|arg| arg == "--json" || arg == "--jsonl");
    if let [_, help, name] = args.as_slice()
        && help == "help"
        && let Some(text) = name.to_str().and_then(cli::subjects::text_on)
    {
        let terminal = Terminal::new(Manner { color: ColorChoice::Never, ..Manner::default() });
        return match terminal.line(text.trim_end()).and_then(|()| terminal.flush()) {
            Ok(()) => Exit::Done,
            Err(error) => show(&terminal, &error),
        };
    }
    let cli = match cli::parse(if asked_for_help { vec!["gleaner".into(), "--help".into()] } else { args }) {
        Ok(cli) => cli,
        Err(error) if error.use_stderr() && is_json => {
            return show(&Terminal::new(Manner { json: true, ..Manner::default() }), &cli::mistake(&error));
        }
        Err(error) => {
            // A closed pipe is no reason to fail.
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage } else { Exit::Done };
        }
    };
    let global = &cli.global;
    let config = match config::Config::from_process(global.env_file.as_deref()) {
        // A command that mends the configuration file does not need one that can be read.
        Ok(config) if command::mends_config(&cli) => {
            Ok(config.clone().with_file(global.config.as_deref()).unwrap_or(config))
        }
        Ok(config) => config.with_file(global.config.as_deref()),
        Err(error) => Err(error),
    };
    let said_color = |config: &config::Config| config.said(config::Setting::Color);
    let (config, color) = match config.and_then(|config| Ok((said_color(&config)?, config))) {
        Ok((said, config)) => (config, said.and_then(|(word, _)| ColorChoice::named(&word))),
        Err(error) => return show(&Terminal::new(Manner { json: is_json, ..Manner::default() }), &error),
    };
    let terminal = Terminal::new(Manner {
        json: cli.global.json || cli.global.jsonl,
        json_lines: cli.global.jsonl,
        quiet: cli.global.quiet,
        // Lines by the clock would make the outputs of tests differ.
        waits_in_words: config.var("GLEANER_TEST_SLEEP_MS").is_none(),
        verbose: cli.global.verbose,
        color: cli.global.color.or(color).unwrap_or_default(),
        no_color: config.var("NO_COLOR").is_some(),
    });
    if command::is_read_by_pages(&cli) && !cli.global.no_pager {
        let (command, is_named) = match config.said(config::Setting::Pager) {
            Ok(Some((command, _))) => (command, true),
            _ => (config.var("PAGER").unwrap_or("less").to_owned(), false),
        };
        terminal.start_pager(Pager { command, is_named, has_options: config.var("LESS").is_some() });
    }
    let listener = terminal.clone();
    let acknowledged = "interrupted: ending as soon as nothing is lost (once more ends at once)";
    interrupt::install(move || listener.status(acknowledged));
    if let Some(db) = &cli.global.db {
        terminal.name_db(db);
    }
    let context = command::Context {
        config,
        terminal: terminal.clone(),
        db: cli.global.db.clone(),
        base_url: cli.global.base_url.clone(),
        config_file: cli.global.config.clone(),
        color: cli.global.color.map(ColorChoice::word),
        log: cli.global.log.clone(),
        rehearsal: cli.global.rehearsal,
    };
    let ended = command::run(cli, &context).and_then(|exit| terminal.flush().map(|()| exit));
    terminal.close_pager();
    match ended {
        // A prompt that was not answered is how some commands end early.
        Ok(Exit::Done) if interrupt::cut_a_prompt() => Exit::Interrupted,
        Ok(exit) => exit,
        Err(error) => match show(&terminal, &error) {
            Exit::Failed | Exit::Usage if interrupt::cut_a_prompt() => Exit::Interrupted,
            exit => exit,
        },
    }
}

fn show(terminal: &Terminal, error: &anyhow::Error) -> Exit {
    if error.chain().any(|cause| cause.is::<terminal::ClosedPipe>()) {
        return Exit::Done;
    }
    interrupt::begin_last_word();
    let _ = terminal.flush();
    let explained = session::explain(error);
    if !terminal.is_json() && explained.exit == Exit::Interrupted && explained.message == error::INTERRUPTED {
        // Who pressed Ctrl-C knows; what goes on without us is worth a word.
        explained.hints.iter().for_each(|hint| terminal.hint(hint));
    } else {
        terminal.error(&explained);
    }
    explained.exit
}

/// Names that this project's own tests and benches use of the rooms. Not for others: anything here may change at any
/// time.
#[doc(hidden)]
pub mod door {
    pub mod answer {
        pub use crate::answer::{Expect, Line};
    }
    pub mod config {
        pub use crate::config::Config;
    }
    pub mod error {
        pub use crate::error::{ErrorKind, Exit};
    }
    pub mod fuzz {
        pub use crate::fuzz::{TARGETS, answer_text, custom_ids, dates, names, output_line, records, splitter, wire};
    }
    pub mod intake {
        pub use crate::intake::{bundled_entities, bundled_groups};
    }
    pub mod linking {
        pub use crate::linking::{Linker, Load, rebuild, refresh};
    }
    pub mod model {
        pub use crate::model::{
            Attributes, Entity, EntityId, EntityKey, Group, GroupId, GroupKey, LinkOutcome, Mention, PromptKey,
            RequestKey, Story, StoryValue, Topic, Usage,
        };
    }
    pub mod profile {
        pub use crate::profile::Profile;
    }
    pub mod request {
        pub use crate::request::{Prices, escaped, json_bytes, tokens};
    }
    pub mod resolve {
        pub use crate::resolve::{
            Blocks, Builder, Method, Query, Resolution, Resolver, Strictness, feature_names, mention_key, read_pair,
        };
    }
    pub mod sandbox {
        pub use crate::sandbox::{Dictionary, Journal, Keyword, Options, Pace, Sandbox, Script};
    }
    pub mod store {
        pub use crate::store::{LinkedMention, Provenance, Store};
    }
    pub mod terminal {
        pub mod words {
            pub use crate::text::words::{bytes, dollars, number};
        }
    }
    pub mod text {
        pub mod hidden {
            pub use crate::text::hidden::{is_hidden, is_steering};
        }
    }
}
