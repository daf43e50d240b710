//! `gleaner batch …`

mod cancel;
mod clean;
mod create;
mod describe;
mod list;
mod process;
mod status;
mod wait;

use super::Context;
use crate::cli::batch::BatchCommand;
use crate::error::Exit;

pub(super) use cancel::cancel;
pub(super) use create::{create, say_what_is_not_sent};
pub(super) use list::list;
pub(super) use process::process;
pub(super) use status::status;

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
    }
}
