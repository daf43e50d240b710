//! Everything that is tested from outside, in one binary: the built program and the library's doors, over real sockets.

/// A private world to run the built program in, with a sandbox as its provider.
#[allow(dead_code, reason = "a harness may offer more than the tests of the day need")]
mod harness;

/// `load`: files of groups and entities into the database, and what is said about bad ones.
mod load;

/// `profile`: what is asked, and that only what is sound can be chosen.
mod profile;

/// Topics to choose from: the cleaned list that is offered to the next ask.
mod allowed;

/// The commands of the main job, from `batch create` to `rebuild`, and the original program's flags.
mod batch;

/// The ledger's promise: asked once, paid once, nothing lost; through crashes, cuts, refusals and odd answers.
mod ledger;

/// Asking without a batch: `extract`, `compare`, the request sent ahead, and servers that can do less.
mod direct;
/// The table of models, and what a selection would cost with each.
mod models;

/// The sandbox itself: its endpoints, and each fault that a script can ask for.
mod sandbox;

/// The bundled collections: stories, catalogs and gold hold together, and fit the profiles.
mod collections;

/// How well mentions are linked, measured on the bundled collections.
mod gold;

/// That a group's other mentions help to link a mention, and never harm: a collection of namesakes.
mod context;

/// `resolve`: what is made of two, and input that no name is.
mod resolve;

/// Where mentions stand in their stories, and what is left out where they stand nowhere.
mod grounding;

/// Other programs on the same file: what Datasette and sqlite-utils send, and that edits of theirs are followed.
mod other_programs;

/// The README: its session, and its table of exit codes.
mod readme;

/// What was learned: show, topics, entities, search, related, unresolved, audit, report, export, and the SQL of the docs.
mod explore;

/// `export`: files that come back whole, rows that lead to their sources, graphs.
mod exports;

/// Tending the catalog: decisions and their scope, a catalog made of the stories' names, merging, splitting, duplicates.
mod catalog;

/// `history` and `undo`: what changed the database, and how it is taken back.
mod history;

/// What `--json` prints, against its schema, and `--jsonl`.
mod json_schema;

/// Two copies of a database, merged.
mod merge;

/// Groups that are forgotten.
mod forget;

/// Jobs that nobody watches: waits with an end, `--notify`, `--log`, the nightly recipe.
mod unattended;

/// Exit codes of every command, and errors as JSON.
mod exits;

/// The configuration: file, variables, options, kept keys.
mod config;

/// `demo` on a folder that was worked in.
mod demo;

/// Decisions about topics, merged and in files.
mod topics;

/// Care for the file: `check`, what it finds and mends, and `backup`.
mod upkeep;
/// Two processes on one file: who reads slowly keeps nobody from writing.
mod readers;

/// Questions in SQL, and what is made from the definition of the command line: completions, manual pages.
mod sql;

/// Signals: what they end, what is said, and what stays ignored.
#[cfg(unix)]
mod signals;

/// Whose files they are: modes of what is made, and of what was there.
#[cfg(unix)]
mod modes;

/// The whole `--help` tree against its snapshot.
mod help;

/// Commands that the program names can be copied as they are.
mod hints;

/// The interactive walks, on a pseudo-terminal.
#[cfg(unix)]
mod walks;

/// Random bytes for everything that reads from outside.
mod fuzz;

/// Kills at random moments of every writing command.
mod kill;

/// Every kind of fault on every call, and faults and kills at random: nothing is bought twice, lost or forgotten.
mod faults;

/// Two processes at once: every writing command beside every other, and beside a reader that pauses.
mod pairs;
