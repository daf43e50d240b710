//! The original program's command line, another spelling of today's commands, with its guards.

use super::{Context, batch, extract, progress};
use crate::cli;
use crate::cli::batch::{CancelArgs, CreateArgs, ListArgs, ProcessArgs, StatusArgs, WaitingArgs};
use crate::cli::explore::GroundingArgs;
use crate::cli::extract::ExtractArgs;
use crate::cli::original::OriginalArgs;
use crate::cli::page::PageArgs;
use crate::cli::select::SelectArgs;
use crate::error::{Exit, Explain as _, usage};

/// Returns the first of the original's flags that was typed.
pub(super) fn first_flag(args: &OriginalArgs) -> Option<&'static str> {
    typed(args).into_iter().next()
}

/// Runs what the original's flags mean.
pub(super) fn run(args: &OriginalArgs, context: &Context) -> anyhow::Result<Exit> {
    let actions: Vec<&str> = typed(args).into_iter().filter(|flag| ACTIONS.contains(flag)).collect();
    if let [first, second, ..] = actions[..] {
        return Err(usage(format!("`{first}` and `{second}` are two different things to do; use one of them")));
    }
    match actions.first() {
        Some(&"--batch") => batch::create(&create_args(args), context),
        Some(&"--batch-status") => {
            allow(args, "--batch-status", &[])?;
            batch::status(&StatusArgs { id: args.batch_status.clone(), offline: false }, context)
        }
        Some(&"--batch-process") => {
            allow(args, "--batch-process", &["--dry-run"])?;
            let id = args.batch_process.clone();
            batch::process(&ProcessArgs { id, file: vec![], dry_run: args.dry_run }, context)
        }
        Some(&"--batch-list") => {
            allow(args, "--batch-list", &[])?;
            batch::list(&ListArgs { offline: false, page: PageArgs::default() }, context)
        }
        Some(&"--batch-cancel") => {
            allow(args, "--batch-cancel", &[])?;
            let id = args.batch_cancel.clone().unwrap_or_default();
            batch::cancel(&CancelArgs { id, local: false }, context)
        }
        Some(&"--progress") => {
            allow(args, "--progress", &[])?;
            progress::run(&GroundingArgs::default(), context)
        }
        // Only what was typed spends: global options alone ask for nothing.
        _ if typed(args).is_empty() => {
            context.terminal.line(cli::command().render_long_help().to_string().trim_end())?;
            Ok(Exit::Done)
        }
        _ => extract(args, context),
    }
}

const ACTIONS: [&str; 6] =
    ["--batch", "--batch-status", "--batch-process", "--batch-list", "--batch-cancel", "--progress"];

fn typed(args: &OriginalArgs) -> Vec<&'static str> {
    [
        (args.batch, "--batch"),
        (args.batch_status.is_some(), "--batch-status"),
        (args.batch_process.is_some(), "--batch-process"),
        (args.batch_list, "--batch-list"),
        (args.batch_cancel.is_some(), "--batch-cancel"),
        (args.progress, "--progress"),
        (args.limit.is_some(), "--limit"),
        (args.wait, "--wait"),
        (args.retry_failed, "--retry-failed"),
        (args.max_errors.is_some(), "--max-errors"),
        (args.dry_run, "--dry-run"),
        (args.poll_interval.is_some(), "--poll-interval"),
    ]
    .into_iter()
    .filter_map(|(is_typed, flag)| is_typed.then_some(flag))
    .collect()
}

/// Refuses a flag that would have no effect with `action`.
fn allow(args: &OriginalArgs, action: &str, allowed: &[&str]) -> anyhow::Result<()> {
    match typed(args).into_iter().find(|flag| *flag != action && !allowed.contains(flag)) {
        Some(flag) => Err(usage(format!("`{flag}` has no effect with `{action}`"))),
        None => Ok(()),
    }
}

fn select_args(args: &OriginalArgs) -> SelectArgs {
    SelectArgs {
        limit: args.limit,
        retry_failed: args.retry_failed,
        max_errors: args.max_errors.unwrap_or(3),
        seed: 1,
        ..SelectArgs::default()
    }
}

fn create_args(args: &OriginalArgs) -> CreateArgs {
    CreateArgs {
        select: select_args(args),
        wait: args.wait,
        waiting: WaitingArgs { poll_interval: args.poll_interval, ..WaitingArgs::default() },
        dry_run: args.dry_run,
        ..CreateArgs::default()
    }
}

/// `gleaner --limit N`, `--dry-run`, `--retry-failed` without `--batch`: the original's synchronous mode.
fn extract(args: &OriginalArgs, context: &Context) -> anyhow::Result<Exit> {
    for flag in ["--wait", "--poll-interval"] {
        if typed(args).contains(&flag) {
            return Err(usage(format!("`{flag}` needs `--batch`"))).hint("`gleaner --batch --wait` waits for a batch");
        }
    }
    if args.limit.is_none() && !args.dry_run && !args.retry_failed {
        return Err(usage("`--max-errors` needs `--retry-failed`"));
    }
    let args = ExtractArgs {
        select: select_args(args),
        concurrency: ExtractArgs::CONCURRENCY,
        timeout: ExtractArgs::TIMEOUT,
        dry_run: args.dry_run,
        ..ExtractArgs::default()
    };
    extract::run(&args, context)
}
