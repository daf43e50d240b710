//! `gleaner rehearsal`: what a sandbox answered, removed by name.

use crate::cli::upkeep::RehearsalCommand;
use crate::command::Context;
use crate::error::Exit;
use crate::store::Forgotten;
use crate::terminal::words::count;

/// Runs the command.
pub(super) fn run(command: &RehearsalCommand, context: &Context) -> anyhow::Result<Exit> {
    let RehearsalCommand::Forget { dry_run } = *command;
    let mut store = context.open()?;
    let tx = store.write()?;
    let forgotten = tx.forget_rehearsals(&context.config.now_text())?;
    if !dry_run {
        tx.commit()?;
    }
    if context.terminal.is_json() {
        context.terminal.json(&forgotten)?;
        return Ok(Exit::Done);
    }
    if forgotten == Forgotten::default() {
        context.terminal.line("nothing to forget: no sandbox was asked")?;
        return Ok(Exit::Done);
    }
    context.terminal.line(format!(
        "{} {} with their answers, {}, and what {} learned from them",
        if dry_run { "would forget" } else { "forgot" },
        count(forgotten.requests, "rehearsed request"),
        count(forgotten.batches, "batch"),
        count(forgotten.groups, "group")
    ))?;
    Ok(Exit::Done)
}
