//! `gleaner merge`: two copies of a database that went their own ways, brought together.

use serde_json::json;

use super::Context;
use crate::cli::upkeep::MergeArgs;
use crate::error::{Exit, not_found};
use crate::import::rebuild;
use crate::store::{HowUndone, MergeReport, Merged};
use crate::terminal::style::single_line;
use crate::terminal::table::{Side, Table};
use crate::terminal::words::{count, number};

/// The most conflicts that are named without `-v`.
const SHOWN: usize = 10;

/// Runs the command.
pub(super) fn run(args: &MergeArgs, context: &Context) -> anyhow::Result<Exit> {
    if !args.other.exists() {
        return Err(not_found(format!("there is no file `{}`", args.other.display())));
    }
    let terminal = &context.terminal;
    let mut session = context.session()?;
    // Whoever sends meanwhile would send by what the ledger said before.
    let _lock = if args.dry_run { None } else { Some(session.lock_spending()?) };
    let now = context.config.now_text();
    session.store.sort_in_files()?;
    let other = session.store.attach_other(&args.other)?;
    let overwrites = !args.dry_run && session.store.other_has_forgotten()?;
    if overwrites {
        session.store.overwrite_what_is_deleted()?;
    }
    let tx = session.store.write()?;
    let report = tx.merge_other(&now)?;
    if args.dry_run || report.is_empty() {
        drop(tx);
    } else {
        rebuild::all_again(&tx, terminal)?;
        let subject = args.other.display().to_string();
        let counts = [
            ("groups", report.groups.added + report.groups.changed + report.groups.removed),
            ("entities", report.entities.added + report.entities.changed + report.entities.removed),
            ("decisions", report.decisions.added + report.decisions.changed + report.decisions.removed),
            ("answers", report.answers.added + report.answers.changed),
        ];
        tx.note_change("merge", &subject, HowUndone::None, &counts, &now)?;
        tx.commit()?;
    }
    session.store.detach_other(other)?;
    if overwrites {
        session.store.finish_overwriting()?;
    }
    if !args.dry_run {
        session.store.optimize();
    }
    if terminal.is_json() {
        terminal.json(&json!({"dry_run": args.dry_run, "other": args.other, "merged": report}))?;
        return Ok(Exit::Done);
    }
    show(&report, args, context)?;
    Ok(Exit::Done)
}

fn show(report: &MergeReport, args: &MergeArgs, context: &Context) -> anyhow::Result<()> {
    let terminal = &context.terminal;
    if report.is_empty() {
        return terminal
            .line(format!("nothing to merge: what `{}` has is here, or was removed here since", args.other.display()));
    }
    let right = |name| (name, Side::Right);
    let mut table = Table::new(&[
        (if args.dry_run { "would be" } else { "merged" }, Side::Left),
        right("added"),
        right("changed"),
        right("kept"),
        right("removed"),
    ]);
    let mut add = |name: &str, of: &Merged| {
        if *of != Merged::default() {
            table.row([name.to_owned(), number(of.added), number(of.changed), number(of.kept), number(of.removed)]);
        }
    };
    add("groups", &report.groups);
    add("entities", &report.entities);
    add("decisions", &report.decisions);
    add("topic decisions", &report.topic_decisions);
    add("runs", &report.runs);
    add("batches", &report.batches);
    add("requests", &report.requests);
    add("answers", &report.answers);
    terminal.table(&table, 0)?;
    if report.forgotten > 0 {
        terminal.line(format!("{} forgotten, as in the other copy", count(report.forgotten, "group")))?;
    }
    let shown = if terminal.is_verbose() { report.conflicts.len() } else { SHOWN };
    for conflict in report.conflicts.iter().take(shown) {
        let what = conflict.what.replace('_', " ");
        terminal.status(match conflict.counts {
            "here" => format!("{what} `{}` differs: what stands here counts", single_line(&conflict.name)),
            "other" => format!("{what} `{}` differs: the other copy's counts", single_line(&conflict.name)),
            _ => format!("{what} `{}` contradicts another one: the later counts", single_line(&conflict.name)),
        });
    }
    if report.conflicts.len() > shown {
        terminal.status(format!("and {} more; `-v` names them", number((report.conflicts.len() - shown) as u64)));
    }
    if args.dry_run {
        terminal.hint("nothing was changed; leave `--dry-run` out to merge");
    } else {
        terminal.hint(
            "merged the other way round, or replaced by a copy of this file, the other copy comes to hold the same",
        );
    }
    Ok(())
}
