//! `gleaner batch cancel`

use anyhow::anyhow;

use super::super::Context;
use super::describe;
use crate::batch::batch_or_run::BatchOrRun;
use crate::batch::remote_import;
use crate::batch::uncertain;
use crate::batch::{batch_or_run, cancel};
use crate::cli::batch::CancelArgs;
use crate::error::{Exit, Explain as _};
use crate::store::BatchState;

/// Runs the command.
pub(in crate::command) fn cancel(args: &CancelArgs, context: &Context) -> anyhow::Result<Exit> {
    let mut session = context.session()?;
    let target = match BatchOrRun::find(session.store.read(), &args.id) {
        Err(unknown) if args.local && !args.id.starts_with("run-") => {
            // One of another copy of this database may stand in the way of `batch create`.
            let aside = remote_import::leave_aside(&mut session, &context.client()?, &args.id)?;
            return match aside {
                Some(_) => {
                    context.terminal.line(format!("{}  given up here", args.id))?;
                    context
                        .terminal
                        .hint("what it asked may be asked and paid again by the next `gleaner batch create`");
                    Ok(Exit::Done)
                }
                None => Err(unknown),
            };
        }
        found => found?,
    };
    let batches = target.batches(session.store.read())?;
    let needs_network = !args.local
        && batches
            .iter()
            .any(|part| matches!(part.state, BatchState::Open | BatchState::Creating | BatchState::Uncertain));
    let client = if needs_network {
        let client = context.client()?;
        uncertain::adopt(&mut session, &client, &context.prices(None)?)?;
        Some(client)
    } else {
        None
    };
    let mut n_changed = 0;
    for part in target.batches(session.store.read())? {
        let changed = if args.local {
            cancel::give_up(&mut session, part.key)?
        } else {
            cancel::cancel(&mut session, client.as_ref(), part.key)?
        };
        n_changed += u32::from(changed);
    }
    let batches = target.batches(session.store.read())?;
    let read = session.store.read();
    if n_changed == 0 {
        let states: Vec<String> = batches.iter().map(describe::headline).collect();
        return Err(anyhow!("`{}` can't be cancelled: {}", args.id, states.join("; ")))
            .hint("`gleaner batch process` imports what has ended");
    }
    if context.terminal.is_json() {
        match (&target, &batches[..]) {
            (BatchOrRun::Batch(_), [part]) => context.terminal.json(&describe::json_of(read, part)?)?,
            _ => context.terminal.json(&describe::json_of_runs(read, &batches)?)?,
        }
        return super::say_uncertain(context, &session, client.as_ref(), Exit::Done);
    }
    for part in &batches {
        context.terminal.advise(format!("{}  {}", batch_or_run::name(part), describe::headline(part)))?;
    }
    if args.local {
        context.terminal.hint("its requests are sent again by the next `gleaner batch create`");
    } else if batches.iter().any(|part| part.state.is_pending()) {
        context.terminal.hint("cancelling takes up to ten minutes; `gleaner batch wait` imports what was answered");
    }
    super::say_uncertain(context, &session, client.as_ref(), Exit::Done)
}
