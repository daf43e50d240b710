//! `gleaner completions`: what a shell completes.

use super::Context;
use crate::cli;
use crate::cli::shell::CompletionsArgs;
use crate::error::Exit;

/// Runs the command.
pub(super) fn run(args: CompletionsArgs, context: &Context) -> anyhow::Result<Exit> {
    let mut script = vec![];
    clap_complete::generate(args.shell, &mut cli::command(), "gleaner", &mut script);
    context.terminal.raw(|out| Ok(out.write_all(&script)?))?;
    Ok(Exit::Done)
}
