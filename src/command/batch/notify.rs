//! The command that is run when a wait ends: for a mail, a message, the next step of a job.

use std::io;
use std::process::{Command, Stdio};

use super::super::Context;
use crate::error::Exit;
use crate::session::explain;
use crate::store::Account;

/// Outcome of a wait, as far as it got.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// Batches that were imported, by the provider's ids.
    pub(super) imported: Vec<String>,
    /// Batches and parts that are still open.
    pub(super) n_open: u64,
    /// The account of what was imported.
    pub(super) account: Account,
    /// Cost of what was imported, in USD.
    pub(super) cost_usd: f64,
    /// True where the time of `--max-wait` ran out.
    pub(super) ran_out: bool,
}

/// Runs a command of the shell, which finds what came of the wait in its environment. That it fails is said and changes
/// nothing: the wait has ended as it has.
pub(super) fn notify(command: &str, outcome: &Outcome, result: &anyhow::Result<Exit>, context: &Context) {
    let exit = match result {
        Ok(exit) => *exit,
        Err(error) => explain(error).exit,
    };
    let event = match exit {
        Exit::Interrupted => return,
        Exit::Done => "done",
        _ if outcome.ran_out => "max_wait",
        Exit::Incomplete => "incomplete",
        Exit::Failed | Exit::Usage => "failed",
    };
    let message = result.as_ref().err().map(|error| explain(error).message).unwrap_or_default();
    let account = &outcome.account;
    let db = context.db_path().and_then(|path| Ok(std::path::absolute(path)?));
    let (shell, flag) = if cfg!(windows) { ("cmd", "/C") } else { ("sh", "-c") };
    let status = Command::new(shell)
        .args([flag, command])
        .stdin(Stdio::null())
        // stdout is the result.
        .stdout(io::stderr())
        .env_remove("OPENAI_API_KEY")
        .env("GLEANER_EVENT", event)
        .env("GLEANER_EXIT_CODE", (exit as u8).to_string())
        .env("GLEANER_MESSAGE", message)
        .env("GLEANER_BATCH_IDS", outcome.imported.join(" "))
        .env("GLEANER_IMPORTED", outcome.imported.len().to_string())
        .env("GLEANER_OPEN", outcome.n_open.to_string())
        .env("GLEANER_SENT", account.sent.to_string())
        .env("GLEANER_USABLE", account.usable.to_string())
        .env("GLEANER_UNUSABLE", account.unusable.to_string())
        .env("GLEANER_FAILED", account.failed.to_string())
        .env("GLEANER_MISSING", account.missing.to_string())
        .env("GLEANER_COST_USD", format!("{:.6}", outcome.cost_usd))
        .envs(db.ok().map(|db| ("GLEANER_DB", db)))
        .status();
    match status {
        Ok(status) if status.success() => {}
        Ok(status) => context.terminal.warn(format!("the command of `--notify` failed: {status}")),
        Err(error) => context.terminal.warn(format!("the command of `--notify` cannot be started: {error}")),
    }
}
