//! `gleaner batch …`

mod cancel;
mod clean;
mod create;
mod describe;
mod limits;
mod list;
mod notify;
mod process;
mod status;
mod wait;

use super::Context;
use crate::batch::{batch_or_run, uncertain};
use crate::cli::batch::BatchCommand;
use crate::error::Exit;
use crate::provider::Client;
use crate::session::Session;

pub(super) use cancel::cancel;
pub(super) use clean::{Deleted, delete, ids};
pub(super) use create::{create, say_what_is_not_sent, warn_of_estimate};
pub(super) use describe::{cache_words, cost_line};
pub(super) use list::list;
pub(super) use process::process;
pub(super) use status::status;

/// Says which parts and batches of a provider are uncertain after a command that talked to it; returns the exit code of
/// the command, which is incomplete where there are any. Without a client the command talked to nobody.
pub(super) fn say_uncertain(
    context: &Context,
    session: &Session<'_>,
    client: Option<&Client>,
    exit: Exit,
) -> anyhow::Result<Exit> {
    let Some(client) = client else { return Ok(exit) };
    let rows = uncertain::of_origin(session, client)?;
    if rows.is_empty() {
        return Ok(exit);
    }
    for row in rows.iter().take(10) {
        context.terminal.warn(format!("{}  {}", batch_or_run::name(row), describe::headline(row)));
    }
    if rows.len() > 10 {
        context.terminal.warn(format!("and {} more are uncertain", rows.len() - 10));
    }
    context.terminal.hint("nothing of it is sent again before that is known; `gleaner batch wait` goes on looking");
    Ok(Exit::Incomplete)
}

/// Runs the command.
pub(super) fn run(command: &BatchCommand, context: &Context) -> anyhow::Result<Exit> {
    match command {
        BatchCommand::Create(args) => create(args, context),
        BatchCommand::Submit(args) => wait::submit(args, context),
        BatchCommand::Wait(args) => wait::wait(args, context),
        BatchCommand::Status(args) => status(args, context),
        BatchCommand::Process(args) => process(args, context),
        BatchCommand::List(args) => list(args, context),
        BatchCommand::Cancel(args) => cancel(args, context),
        BatchCommand::Clean(args) => clean::clean(args, context),
        BatchCommand::Limits(args) => limits::limits(args, context),
    }
}
