//! The queue itself: unlinked mentions nobody decided about, each with where it stands and who may be meant.

use serde_json::json;

use crate::cli::page::SortArg;
use crate::cli::unresolved::QueueArgs;
use crate::command::Context;
use crate::command::known_types::check_mention_types;
use crate::command::page::{Key, Page};
use crate::command::shown::{day, hint_if_empty, percent, title};
use crate::curation::mentions::{Case, Cases};
use crate::error::Exit;
use crate::model::{Attributes, facts, typed_id};
use crate::store::{Store, Unresolved};
use crate::terminal::{style, words};

/// Orders of the queue.
const ORDERS: [SortArg; 3] = [SortArg::Count, SortArg::Name, SortArg::Type];
/// Groups shown of a mention.
pub(crate) const GROUPS: u64 = 3;

/// Returns the cases of the queue, and the numbers of mentions and of different ones in it.
pub(crate) fn cases(store: &Store, queue: &QueueArgs) -> anyhow::Result<(Vec<Case>, u64, u64)> {
    let page = Page::new(&queue.page, &ORDERS)?;
    let snapshot = store.snapshot()?;
    check_mention_types(snapshot.read(), &queue.types)?;
    let (mentions, n_mentions, n_different) = snapshot.read().unresolved(&queue.types, page.n_read())?;
    let mentions = page.of(mentions, |row, sort| match sort {
        SortArg::Name => Key::word(&row.mention),
        SortArg::Type => Key::word(&row.entity_type),
        _ => Key::count(row.mentions),
    });
    let mut open = Cases::open(snapshot.read())?;
    let cases = mentions.into_iter().map(|mention: Unresolved| open.case(mention, GROUPS, queue.candidates));
    Ok((cases.collect::<anyhow::Result<_>>()?, n_mentions, n_different))
}

pub(crate) fn list(store: &Store, queue: &QueueArgs, context: &Context) -> anyhow::Result<Exit> {
    let (mut cases, n_mentions, n_different) = cases(store, queue)?;
    let terminal = &context.terminal;
    if terminal.is_json() {
        store.read().add_stories(cases.iter_mut().flat_map(|case| &mut case.groups))?;
        terminal.json(&json!({"unresolved": cases, "mentions": n_mentions, "different": n_different}))?;
        return Ok(Exit::Done);
    }
    for case in &cases {
        for line in lines(case) {
            terminal.line(line)?;
        }
    }
    if n_different == 0 {
        match queue.types.as_slice() {
            [] if store.read().knowledge_counts()?.1 == 0 => hint_if_empty(context, store)?,
            [] => terminal.status("every mention is linked or decided about"),
            types => terminal.status(format!("no mention of the type {} waits", words::list(types, "or"))),
        }
        return Ok(Exit::Done);
    }
    if !store.read().has_entities()? {
        terminal.hint("there is no catalog: `gleaner catalog propose` makes one of these names");
    }
    terminal.status(format!(
        "{} of {} that wait, in {}",
        Page::new(&queue.page, &ORDERS)?.shown(cases.len() as u64),
        words::count(n_different, "different name"),
        words::count(n_mentions, "mention")
    ));
    terminal.hint(
        "`gleaner unresolved walk` asks about one after the other; `gleaner unresolved export -o FILE.csv` makes a table",
    );
    Ok(Exit::Done)
}

/// Returns what the catalog says of each candidate, in words.
pub(crate) fn case_facts(case: &Case) -> Vec<String> {
    facts(&case.candidates.iter().map(|candidate| &candidate.attributes).collect::<Vec<_>>())
}

/// Other hints shown of a case.
const OTHER_HINTS: usize = 3;

/// Returns hints as the queue shows them.
pub(crate) fn hints_in_words(hints: &Attributes) -> String {
    hints.iter().map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>().join(", ")
}

/// Returns the hints that a case has elsewhere, with how often.
pub(crate) fn other_hints(case: &Case) -> String {
    let mut others: Vec<String> = case
        .other_hints
        .iter()
        .take(OTHER_HINTS)
        .map(|other| {
            let hints = if other.hints.is_empty() { "without hints".to_owned() } else { hints_in_words(&other.hints) };
            format!("{hints} ({})", words::number(other.mentions))
        })
        .collect();
    if let Some(n_more @ 1..) = case.other_hints.len().checked_sub(OTHER_HINTS) {
        others.push(format!("{} more", words::number(n_more as u64)));
    }
    others.join("; ")
}

/// A case in words: the mention, where it stands, who may be meant.
pub(crate) fn lines(case: &Case) -> Vec<String> {
    let mut lines = vec![format!(
        "{:>5}  {}  {}",
        words::number(case.mention.mentions),
        style::bold(style::single_line(&case.mention.mention)),
        style::dim(style::single_line(&format!("{} {}", case.mention.entity_type, hints_in_words(&case.hints))))
    )];
    if !case.other_hints.is_empty() {
        lines.push(style::dim(style::single_line(&format!("       elsewhere {}", other_hints(case)))));
    }
    for group in &case.groups {
        lines.push(style::dim(format!(
            "       in {}  {}  {}",
            day(group.at.as_deref()),
            title(group),
            style::single_line(group.id.as_str())
        )));
    }
    for (i, (candidate, facts)) in case.candidates.iter().zip(case_facts(case)).enumerate() {
        let id = style::single_line(&typed_id(&candidate.entity.entity_type, &candidate.entity.id));
        let line = format!("{id}  {}", style::single_line(&facts));
        lines.push(format!(
            "       {}  {}  {}  {}",
            i + 1,
            style::cyan(style::single_line(&candidate.entity.name)),
            candidate.note.as_deref().map_or_else(|| percent(candidate.score), style::single_line),
            style::dim(line.trim_end())
        ));
    }
    lines
}
