//! `gleaner batch …`

use super::Context;
use crate::cli::batch::{BatchCommand, CancelArgs, CreateArgs, ListArgs, ProcessArgs, StatusArgs};
use crate::error::Exit;

/// Runs the command.
pub(super) fn run(command: &BatchCommand, context: &Context) -> anyhow::Result<Exit> {
    match command {
        BatchCommand::Create(args) => create(args, context),
        BatchCommand::Status(args) => status(args, context),
        BatchCommand::Process(args) => process(args, context),
        BatchCommand::List(args) => list(args, context),
        BatchCommand::Cancel(args) => cancel(args, context),
        _ => Ok(Exit::Done),
    }
}

/// `batch create`
pub(super) fn create(_args: &CreateArgs, _context: &Context) -> anyhow::Result<Exit> {
    Ok(Exit::Done)
}

/// `batch status`
pub(super) fn status(_args: &StatusArgs, _context: &Context) -> anyhow::Result<Exit> {
    Ok(Exit::Done)
}

/// `batch process`
pub(super) fn process(_args: &ProcessArgs, _context: &Context) -> anyhow::Result<Exit> {
    Ok(Exit::Done)
}

/// `batch list`
pub(super) fn list(_args: &ListArgs, _context: &Context) -> anyhow::Result<Exit> {
    Ok(Exit::Done)
}

/// `batch cancel`
pub(super) fn cancel(_args: &CancelArgs, _context: &Context) -> anyhow::Result<Exit> {
    Ok(Exit::Done)
}
