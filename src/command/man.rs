//! `gleaner man`: manual pages.

use std::path::Path;

use anyhow::Context as _;
use clap_mangen::Man;

use super::Context;
use super::output::whole_file;
use crate::cli;
use crate::cli::shell::ManArgs;
use crate::error::Exit;
use crate::terminal::words::count;

/// Runs the command.
pub(super) fn run(args: &ManArgs, context: &Context) -> anyhow::Result<Exit> {
    let mut root = cli::command();
    let Some(folder) = &args.dir else {
        let page = page(root)?;
        context.terminal.raw(|out| Ok(out.write_all(&page)?))?;
        return Ok(Exit::Done);
    };
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make the folder `{}`", folder.display()))?;
    root.build();
    let n = write_pages(&root, "gleaner", folder)?;
    if context.terminal.is_json() {
        context.terminal.json(&serde_json::json!({"folder": folder, "pages": n}))?;
    }
    context.terminal.status(format!("wrote {} to `{}`", count(n, "page"), folder.display()));
    Ok(Exit::Done)
}

/// Writes the page of a command and those of its own commands; returns how many.
fn write_pages(command: &clap::Command, name: &str, folder: &Path) -> anyhow::Result<u64> {
    let bytes = page(command.clone())?;
    whole_file(&folder.join(format!("{name}.1")), |out| Ok(out.write_all(&bytes)?))?;
    let mut n = 1;
    for below in command.get_subcommands().filter(|below| below.get_name() != "help") {
        n += write_pages(below, &format!("{name}-{}", below.get_name()), folder)?;
    }
    Ok(n)
}

fn page(command: clap::Command) -> anyhow::Result<Vec<u8>> {
    let mut page = vec![];
    Man::new(command).render(&mut page)?;
    Ok(page)
}
