//! `gleaner batch status`

use super::super::Context;
use super::facts;
use crate::batch::look::{self, Looked};
use crate::batch::reconcile;
use crate::batch::target::Target;
use crate::cli::batch::StatusArgs;
use crate::error::Exit;
use crate::store::{BatchFacts, BatchState};

/// Runs the command: looks at what is open among the batches that are meant, and shows them.
pub(in crate::command) fn status(args: &StatusArgs, context: &Context) -> anyhow::Result<Exit> {
    let mut session = context.session()?;
    let target = args.id.as_deref().map(|id| Target::find(session.store.read(), id)).transpose()?;
    let meant = |session: &crate::session::Session<'_>| -> anyhow::Result<Vec<BatchFacts>> {
        match &target {
            Some(target) => target.batches(session.store.read()),
            None => session.store.read().pending_batches(),
        }
    };
    let batches = meant(&session)?;
    let is_moving = |facts: &BatchFacts| matches!(facts.state, BatchState::Open | BatchState::Creating);
    if !args.offline && batches.iter().any(is_moving) {
        let client = context.client()?;
        reconcile::adopt_what_was_bought(&mut session, &client)?;
        for facts in batches.iter().filter(|facts| facts.state == BatchState::Open) {
            if look::look(&mut session, &client, facts.key)? == Looked::Elsewhere {
                context.terminal.warn(look::elsewhere(&session, facts)?);
            }
        }
    }
    let mut batches = meant(&session)?;
    if target.is_none() {
        // What ended just now is no longer open, but it is what the person wants to hear about.
        batches.retain(|facts| facts.state.is_pending());
    }
    let read = session.store.read();
    if context.terminal.is_json() {
        match (&target, &batches[..]) {
            (Some(Target::Batch(_)), [facts]) => context.terminal.json(&facts::json_of(read, facts)?)?,
            _ => context.terminal.json(&facts::json_of_runs(read, &batches)?)?,
        }
        return Ok(Exit::Done);
    }
    if batches.is_empty() {
        context.terminal.line("no batch is open")?;
        return Ok(Exit::Done);
    }
    for facts in &batches {
        facts::show(context, read, facts)?;
    }
    if batches.iter().any(|facts| facts.state == BatchState::Ended) {
        context.terminal.hint("`gleaner batch process` imports what has ended");
    } else if batches.iter().any(|facts| facts.state == BatchState::Open) {
        context.terminal.hint("`gleaner batch wait` waits and imports");
    }
    Ok(Exit::Done)
}
