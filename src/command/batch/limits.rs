//! `gleaner batch limits`

use serde_json::json;

use super::super::Context;
use crate::cli::batch::{LimitsArgs, LimitsCommand};
use crate::error::Exit;
use crate::terminal::words::{count, number};

/// Runs the command: shows what was learned of the providers' queues, or forgets it.
pub(super) fn limits(args: &LimitsArgs, context: &Context) -> anyhow::Result<Exit> {
    let mut session = context.session()?;
    if let Some(LimitsCommand::Forget { model }) = &args.command {
        let tx = session.store.write()?;
        let n = tx.forget_queue_limits(model)?;
        tx.commit()?;
        if context.terminal.is_json() {
            context.terminal.json(&json!({"model": model, "forgotten": n}))?;
        } else {
            context.terminal.line(format!("{} of `{model}` forgotten", count(n as u64, "limit")))?;
        }
        return Ok(Exit::Done);
    }
    let limits = session.store.read().queue_limits()?;
    if context.terminal.is_json() {
        let list: Vec<_> = limits
            .iter()
            .map(|(origin, model, tokens, learned_at)| {
                json!({"origin": origin, "model": model, "max_enqueued_tokens": tokens, "learned_at": learned_at})
            })
            .collect();
        context.terminal.json(&json!({ "limits": list }))?;
        return Ok(Exit::Done);
    }
    if limits.is_empty() {
        context.terminal.line("no limit was learned: no provider has refused a batch for a full queue")?;
    }
    for (origin, model, tokens, learned_at) in limits {
        context
            .terminal
            .line(format!("{model}  {} tokens in the queue of {origin}, learned at {learned_at}", number(tokens)))?;
    }
    context.terminal.hint("a limit holds for a week; `--max-enqueued-tokens` goes before it");
    Ok(Exit::Done)
}
