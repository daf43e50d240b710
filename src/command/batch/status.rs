//! `gleaner batch status`

use super::super::Context;
use super::describe;
use crate::batch::batch_or_run::BatchOrRun;
use crate::batch::look::{self, Looked};
use crate::batch::uncertain;
use crate::cli::batch::StatusArgs;
use crate::error::Exit;
use crate::store::{BatchRow, BatchState};

/// Runs the command: looks at what is open among the batches that are meant, and shows them.
pub(in crate::command) fn status(args: &StatusArgs, context: &Context) -> anyhow::Result<Exit> {
    let mut session = context.session()?;
    let target = args.id.as_deref().map(|id| BatchOrRun::find(session.store.read(), id)).transpose()?;
    let meant = |session: &crate::session::Session<'_>| -> anyhow::Result<Vec<BatchRow>> {
        match &target {
            Some(target) => target.batches(session.store.read()),
            None => session.store.read().pending_batches(),
        }
    };
    let batches = meant(&session)?;
    let is_moving = |part: &BatchRow| {
        matches!(part.state, BatchState::Open | BatchState::Creating | BatchState::Uncertain)
            || (target.is_some() && part.state == BatchState::Gone)
    };
    let mut client = None;
    if !args.offline && batches.iter().any(is_moving) {
        let client = client.insert(context.client()?);
        uncertain::adopt(&mut session, client, &context.prices(None)?)?;
        for part in batches.iter().filter(|part| is_moving(part)) {
            if look::look(&mut session, client, part.key)? == Looked::Elsewhere {
                context.terminal.warn(look::elsewhere(&session, part)?);
            }
        }
    }
    let mut batches = meant(&session)?;
    if target.is_none() {
        // What ended just now is no longer open, but it is what the person wants to hear about.
        batches.retain(|part| part.state.is_pending());
    }
    let read = session.store.read();
    if context.terminal.is_json() {
        match (&target, &batches[..]) {
            (Some(BatchOrRun::Batch(_)), [part]) => context.terminal.json(&describe::json_of(read, part)?)?,
            _ => context.terminal.json(&describe::json_of_runs(read, &batches)?)?,
        }
        return super::say_uncertain(context, &session, client.as_ref(), Exit::Done);
    }
    if batches.is_empty() {
        context.terminal.line("no batch is open")?;
        return super::say_uncertain(context, &session, client.as_ref(), Exit::Done);
    }
    for part in &batches {
        describe::show(context, read, part)?;
    }
    if batches.iter().any(|part| part.state == BatchState::Ended) {
        context.terminal.hint("`gleaner batch process` imports what has ended");
    } else if batches.iter().any(|part| part.state == BatchState::Open) {
        context.terminal.hint("`gleaner batch wait` waits and imports");
    }
    super::say_uncertain(context, &session, client.as_ref(), Exit::Done)
}
