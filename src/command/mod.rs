//! One thin file a command; [`run`] is the match.
//!
//! A command turns what was typed into plain options, calls a flow of the rooms below or a question of `store`, and says
//! what came of it. Nothing is decided here that another command would have to decide again. What several commands
//! share stands in the files before them: [`context`], how things are named ([`named`]) and shown ([`shown`],
//! [`excerpt`]), periods, selections, files of results.

mod context;
mod excerpt;
mod explained;
mod garbled;
mod input;
mod known_types;
mod named;
mod output;
mod own_file;
mod page;
mod period;
mod profile_text;
mod select;
mod shown;

mod allowed;
mod audit;
mod backup;
mod batch;
mod check;
mod config;
mod copies;
mod costs;
mod completions;
mod catalog;
mod demo;
mod demo_folder;
mod compare;
mod extract;
mod entities;
mod export;
mod forget;
mod history;
mod key;
mod load;
mod man;
mod merge;
mod models;
mod original;
mod profile;
mod progress;
mod rebuild;
mod related;
mod rehearsal;
mod resolve;
mod report;
mod sandbox;
mod search;
mod show;
mod sql;
mod topics;
mod trends;
mod unresolved;

use crate::cli::{Cli, Command};
use crate::error::{Exit, Explain as _, usage};
use crate::upkeep::diagnosis;

pub(crate) use context::Context;

/// Runs what was typed and returns the exit code.
pub fn run(cli: Cli, context: &Context) -> anyhow::Result<Exit> {
    dispatch(cli, context).map_err(|error| match context.db_path() {
        Ok(path) => diagnosis::explain(error, &path),
        Err(_) => error,
    })
}

/// Returns whether a command only shows what may be longer than a screen, and asks nothing.
pub fn is_read_by_pages(cli: &Cli) -> bool {
    use crate::cli::batch::BatchCommand;
    use crate::cli::catalog::CatalogCommand;
    match &cli.command {
        Some(Command::Topics(args)) => args.command.is_none(),
        Some(Command::Unresolved(args)) => args.command.is_none(),
        Some(Command::Catalog(command)) => {
            matches!(command, CatalogCommand::List(_) | CatalogCommand::Show(_) | CatalogCommand::Dedupe(_))
        }
        Some(Command::Batch(command)) => matches!(command, BatchCommand::List(_) | BatchCommand::Status(_)),
        Some(
            Command::Show(_)
            | Command::Entities(_)
            | Command::Trends(_)
            | Command::Search(_)
            | Command::Related(_)
            | Command::Copies(_)
            | Command::History(_)
            | Command::Costs(_)
            | Command::Models(_)
            | Command::Sql(_),
        ) => true,
        _ => false,
    }
}

/// Returns whether a command is there to mend the configuration file, or needs none.
pub fn mends_config(cli: &Cli) -> bool {
    use crate::cli::config::ConfigArgs;
    matches!(
        cli.command,
        Some(Command::Config(ConfigArgs { command: Some(_) }) | Command::Completions(_) | Command::Man(_))
    )
}

/// Says which files and which provider a command would use, with `-v`.
fn say_surroundings(context: &Context) {
    if let Ok(db) = context.db_path() {
        context.terminal.detail(format!("database: {}", db.display()));
    }
    if let Some(file) = context.config.file() {
        context.terminal.detail(format!("configuration: {}", file.path.display()));
    }
    if let Ok(origin) = context.origin() {
        context.terminal.detail(format!("provider: {origin}"));
    }
}

fn dispatch(cli: Cli, context: &Context) -> anyhow::Result<Exit> {
    context.check_log()?;
    let Some(command) = cli.command else {
        return original::run(&cli.original, context);
    };
    if let Some(flag) = original::first_flag(&cli.original) {
        return Err(usage(format!("`{flag}` stands before the command, where it would have no effect")))
            .hint("put it behind the command, as in `gleaner batch create --limit 10`");
    }
    if context.terminal.is_verbose() {
        say_surroundings(context);
    }
    match command {
        Command::Demo(args) => demo::run(&args, context),
        Command::Load(command) => load::run(&command, context),
        Command::Profile(command) => profile::run(&command, context),
        Command::Batch(command) => batch::run(&command, context),
        Command::Extract(args) => extract::run(&args, context),
        Command::Compare(args) => compare::run(&args, context),
        Command::Progress(args) => progress::run(&args, context),
        Command::Costs(args) => costs::run(&args, context),
        Command::Models(args) => models::run(&args, context),
        Command::Show(args) => show::run(&args, context),
        Command::Topics(args) => topics::run(&args, context),
        Command::Trends(args) => trends::run(&args, context),
        Command::Entities(args) => entities::run(&args, context),
        Command::Search(args) => search::run(&args, context),
        Command::Copies(args) => copies::run(&args, context),
        Command::Related(args) => related::run(&args, context),
        Command::Unresolved(args) => unresolved::run(&args, context),
        Command::Audit(args) => audit::run(&args, context),
        Command::Report(args) => report::run(&args, context),
        Command::Export(args) => export::run(&args, context),
        Command::Catalog(command) => catalog::run(&command, context),
        Command::Resolve(args) => resolve::run(&args, context),
        Command::Rebuild => rebuild::run(context),
        Command::Sql(args) => sql::run(&args, context),
        Command::Completions(args) => completions::run(args, context),
        Command::Man(args) => man::run(&args, context),
        Command::History(args) => history::history(&args, context),
        Command::Undo(args) => history::undo(&args, context),
        Command::Merge(args) => merge::run(&args, context),
        Command::Forget(args) => forget::run(&args, context),
        Command::Rehearsal(command) => rehearsal::run(&command, context),
        Command::Check(args) => check::run(&args, context),
        Command::Backup(args) => backup::run(&args, context),
        Command::Config(args) => config::run(&args, context),
        Command::Key(command) => key::run(&command, context),
        Command::Sandbox(args) => sandbox::run(&args, context),
    }
}
