//! `gleaner backup`: a copy of the database, or a look at one.

use serde_json::json;

use super::Context;
use crate::cli::upkeep::BackupArgs;
use crate::error::{Exit, not_found};
use crate::store::Store;
use crate::terminal::words::{bytes, count};
use crate::upkeep::backup::{backup, verify};

/// Runs the command.
pub(super) fn run(args: &BackupArgs, context: &Context) -> anyhow::Result<Exit> {
    let terminal = &context.terminal;
    if args.check {
        if !args.file.exists() {
            return Err(not_found(format!("there is no file `{}`", args.file.display())));
        }
        let (findings, sizes) = verify(&args.file)?;
        let exit = if findings.is_empty() { Exit::Done } else { Exit::Incomplete };
        if terminal.is_json() {
            terminal
                .json(&json!({"file": args.file, "findings": findings, "groups": sizes[0], "entities": sizes[1],
                "answers": sizes[2]}))?;
            return Ok(exit);
        }
        for finding in &findings {
            terminal.line(&finding.what)?;
        }
        if findings.is_empty() {
            terminal.line(format!("`{}` is sound: {}", args.file.display(), contents(sizes)))?;
        }
        return Ok(exit);
    }
    let path = context.db_path()?;
    Store::must_exist(&path)?;
    // As it is: a backup before an upgrade is of the version before.
    let copied = backup(&Store::open_as_it_is(&path)?, &args.file)?;
    if terminal.is_json() {
        terminal.json(&json!({"file": args.file, "bytes": copied.bytes, "groups": copied.sizes[0],
            "entities": copied.sizes[1], "answers": copied.sizes[2]}))?;
        return Ok(Exit::Done);
    }
    let file = args.file.display();
    terminal.line(format!("wrote and read back `{file}`: {} in {}", contents(copied.sizes), bytes(copied.bytes)))?;
    terminal.hint("to restore it, copy it to the place of the database while no gleaner runs");
    Ok(Exit::Done)
}

fn contents([groups, entities, answers]: [u64; 3]) -> String {
    format!(
        "{}, {} of the catalog, {}",
        count(groups, "group"),
        count(entities, "entity"),
        count(answers, "kept answer")
    )
}
