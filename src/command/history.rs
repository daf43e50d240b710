//! `gleaner history` and `gleaner undo`: what changed the database, and how to take it back.

use serde_json::{Value, json};

use super::Context;
use super::page::{Key, Page};
use super::unresolved::report::{changes as links, show_changes};
use crate::cli::upkeep::{HistoryArgs, UndoArgs};
use crate::curation::history::{self, Undone};
use crate::error::Exit;
use crate::import::rebuild;
use crate::store::{ChangeRow, HowUndone};
use crate::terminal::style::{dim, single_line};
use crate::terminal::table::{Side, Table};
use crate::terminal::words::{self, count};

/// Nouns of the counts, as they are kept and as they are read.
const NOUNS: [(&str, &str); 13] = [
    ("requests", "request"),
    ("batches", "batch"),
    ("groups", "group"),
    ("stories", "story"),
    ("entities", "entity"),
    ("aliases", "alias"),
    ("decisions", "decision"),
    ("topic_decisions", "topic decision"),
    ("topics", "topic"),
    ("links", "link"),
    ("answers", "answer"),
    ("verdicts", "verdict"),
    ("mentions", "mention"),
];

/// Lists what changed the database, the newest first.
pub(super) fn history(args: &HistoryArgs, context: &Context) -> anyhow::Result<Exit> {
    let store = context.open()?;
    let page = Page::new(&args.page, &[])?;
    let (changes, total) = store.read().changes(page.n_read())?;
    let changes = page.of(changes, |change, _| Key::date(Some(&change.at)));
    let terminal = &context.terminal;
    if terminal.is_json() {
        terminal.json(&json!({"changes": changes, "total": total}))?;
        return Ok(Exit::Done);
    }
    let left = |name| (name, Side::Left);
    let mut table = Table::new(&[
        ("id", Side::Right),
        ("when", Side::Whole),
        ("command", Side::Whole),
        left("what"),
        left("came of it"),
    ]);
    for change in &changes {
        let mut came = in_words(change);
        if let Some(at) = &change.undone_at {
            came = dim(format!("{came}; undone {at}"));
        } else if change.undo == HowUndone::None {
            came = format!("{came}; {}", dim("cannot be undone"));
        }
        table.row([
            change.id.to_string(),
            change.at.clone(),
            single_line(&change.command),
            single_line(change.subject.as_deref().unwrap_or_default()),
            came,
        ]);
    }
    terminal.table(&table, 0)?;
    terminal.status(format!("{} of {}", page.shown(changes.len() as u64), count(total, "change")));
    if changes.iter().any(|change| change.undo == HowUndone::Rows && change.undone_at.is_none()) {
        terminal.hint("`gleaner undo` takes back the last one, `gleaner undo --to ID` all from that one on");
    }
    Ok(Exit::Done)
}

/// Outcome of a change, in words: `2 entities added, 1 changed, 3 links changed`.
fn in_words(change: &ChangeRow) -> String {
    let Some(counts) = &change.counts else { return "was stopped in the middle".to_owned() };
    let mut parts = vec![];
    for (key, noun) in NOUNS {
        match &counts[key] {
            Value::Number(n) => parts.push(count(n.as_u64().unwrap_or(0), noun)),
            Value::Object(of) => {
                for (what, n) in of {
                    parts.push(format!("{} {what}", count(n.as_u64().unwrap_or(0), noun)));
                }
            }
            _ => {}
        }
    }
    if parts.is_empty() { "nothing is another now".to_owned() } else { parts.join(", ") }
}

/// Takes back the last change, or all since one.
pub(super) fn undo(args: &UndoArgs, context: &Context) -> anyhow::Result<Exit> {
    let mut store = context.open()?;
    let terminal = &context.terminal;
    let now = context.config.now_text();
    let tx = store.write()?;
    let Undone { changes, rows, relinked, links: mentions, reread } = history::undo(&tx, args.to, &now)?;
    rebuild::topics_again(&tx, &reread)?;
    match args.dry_run {
        true => drop(tx),
        false => tx.commit()?,
    }
    if terminal.is_json() {
        terminal.json(&json!({"undone": changes, "rows": rows, "relinked": relinked, "dry_run": args.dry_run}))?;
        return Ok(Exit::Done);
    }
    for change in &changes {
        let subject = words::shorten(change.subject.as_deref().unwrap_or_default(), 120);
        let is = if args.dry_run { "would be undone" } else { "undone" };
        terminal.line(format!(
            "{is}: {}",
            single_line(format!("{} {} {subject}", change.id, change.command).trim_end())
                + "  "
                + &dim(in_words(change))
        ))?;
    }
    show_changes(&store, &mentions, context)?;
    if relinked.groups > 0 {
        terminal.status(format!("linked anew: {}", links(relinked)));
    }
    Ok(Exit::Done)
}
