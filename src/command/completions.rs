//! `gleaner completions`: what a shell completes.

use clap::CommandFactory as _;

use super::Context;
use crate::cli::Cli;
use crate::cli::shell::CompletionsArgs;
use crate::error::Exit;

/// Runs the command.
pub(super) fn run(args: CompletionsArgs, context: &Context) -> anyhow::Result<Exit> {
    let mut script = vec![];
    clap_complete::generate(args.shell, &mut Cli::command(), "gleaner", &mut script);
    context.terminal.raw(|out| Ok(out.write_all(&script)?))?;
    Ok(Exit::Done)
}
