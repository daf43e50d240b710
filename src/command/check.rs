//! `gleaner check`: what is wrong with the database, and what mends it.

use std::time::Duration;

use serde_json::json;

use super::Context;
use crate::cli::upkeep::CheckArgs;
use crate::config::timestamp_text;
use crate::error::Exit;
use crate::linking;
use crate::store::Store;
use crate::terminal::words::count;
use crate::upkeep::check::check;
use crate::upkeep::repair::repair;

/// Difference of the clocks of two machines that a database may have been copied between.
const CLOCK_SKEW: Duration = Duration::from_secs(60 * 60);

/// Runs the command.
pub(super) fn run(args: &CheckArgs, context: &Context) -> anyhow::Result<Exit> {
    let path = context.db_path()?;
    let mut done = vec![];
    let store = if args.repair {
        let mut store = context.open()?;
        done = repair(&mut store)?;
        store
    } else {
        Store::must_exist(&path)?;
        Store::open_as_it_is(&path)?
    };
    let future = timestamp_text(context.config.now() + CLOCK_SKEW);
    let findings = check(&store, &future)?;
    let exit = if findings.is_empty() { Exit::Done } else { Exit::Incomplete };
    let terminal = &context.terminal;
    if terminal.is_json() {
        terminal.json(&json!({"database": path, "repaired": done, "findings": findings}))?;
        return Ok(exit);
    }
    for line in &done {
        terminal.line(line)?;
    }
    for finding in &findings {
        terminal.line(&finding.what)?;
        terminal.advise(format!("  mended by: {}", finding.mend))?;
    }
    if findings.is_empty() {
        terminal.line(format!("`{}` is sound", path.display()))?;
        if linking::is_earlier(store.read())? {
            terminal.status("an earlier gleaner packed its name index; the next command that links packs it anew");
        }
    } else {
        terminal.status(count(findings.len() as u64, "finding"));
    }
    Ok(exit)
}
