//! `gleaner related GROUP`: which other groups hang together with it, and through what.

use serde_json::json;

use crate::cli::explore::RelatedArgs;
use crate::cli::page::SortArg;
use crate::command::Context;
use crate::command::named::group_named;
use crate::command::page::{Key, Page, key_of_group};
use crate::command::shown::{day, percent, show_sources, title};
use crate::error::Exit;
use crate::model::GroupKey;
use crate::store::explore::{GroupHead, Shared};
use crate::terminal::{Terminal, style, words};

/// Things shared that are named in a line.
const SHARED_MAX: usize = 6;
/// Groups of a thread that are listed.
const THREAD_MAX: usize = 20;

/// Runs the command.
pub(super) fn run(args: &RelatedArgs, context: &Context) -> anyhow::Result<Exit> {
    let store = context.open_learned()?;
    let key = group_named(&store, &args.group)?;
    let page = Page::new(&args.page, &[SortArg::Score, SortArg::Date, SortArg::Name, SortArg::Id])?;
    let (related, total) = store.read().related(key, page.n_read())?;
    let mut related = page.of(related, |row, sort| match sort {
        SortArg::Score => Key::Number(row.score),
        sort => key_of_group(&row.group, sort),
    });
    let mut thread = store.read().thread(key)?;
    store.read().add_stories(related.iter_mut().map(|row| &mut row.group).chain(&mut thread))?;
    // `gleaner copies` looks for them; before that nothing is known.
    let copies = if store.read().has_near_copies()? { store.read().near_copies_of(key)? } else { vec![] };
    let is_copy = |group: &GroupHead| copies.iter().any(|copy| copy.group.key == group.key);
    let terminal = &context.terminal;
    if terminal.is_json() {
        let rows = related.iter().map(|row| {
            let mut value = serde_json::to_value(row)?;
            value["near_copy"] = is_copy(&row.group).into();
            Ok(value)
        });
        let rows: Vec<serde_json::Value> = rows.collect::<serde_json::Result<_>>()?;
        terminal.json(&json!({"group_id": args.group, "related": rows, "total": total, "thread": thread}))?;
        return Ok(Exit::Done);
    }
    for row in &related {
        terminal.line(format!(
            "{:>5}  {}  {}  {}",
            percent(row.score),
            day(row.group.at.as_deref()),
            style::bold(title(&row.group)),
            style::dim(style::single_line(row.group.id.as_str()))
        ))?;
        if is_copy(&row.group) {
            terminal.line(format!("       {}", style::yellow("has nearly the same story")))?;
        }
        let mut shared: Vec<String> = row
            .shared
            .iter()
            .take(SHARED_MAX)
            .map(|shared| match shared {
                Shared::Topic { topic, groups } => format!("{} ({groups})", style::single_line(topic)),
                Shared::Entity { entity, groups } => {
                    format!("{} ({groups})", style::cyan(style::single_line(&entity.name)))
                }
            })
            .collect();
        if row.shared.len() > SHARED_MAX {
            shared.push(format!("{} more", row.shared.len() - SHARED_MAX));
        }
        terminal.line(format!("       {}", shared.join(", ")))?;
        show_sources(terminal, &row.group, 7)?;
    }
    show_thread(terminal, &thread, key)?;
    terminal.status(match total {
        0 => "no other group shares a topic or an entity with it".into(),
        total => format!(
            "{} of {}; behind each thing shared: the groups that have it",
            page.shown(related.len() as u64),
            words::count(total, "related group")
        ),
    });
    Ok(Exit::Done)
}

/// Shows the groups that go on with the same, in the order of time.
fn show_thread(terminal: &Terminal, thread: &[GroupHead], own: GroupKey) -> anyhow::Result<()> {
    if thread.is_empty() {
        return Ok(());
    }
    terminal.line(format!("\n{}", style::bold(format!("Thread of {}", words::count(thread.len() as u64, "group")))))?;
    let at = thread.iter().position(|group| group.key == own).unwrap_or(0);
    // Of a long thread the part around the group.
    let first = at.saturating_sub(THREAD_MAX / 2).min(thread.len().saturating_sub(THREAD_MAX));
    let shown = &thread[first..thread.len().min(first + THREAD_MAX)];
    for group in shown {
        let title = title(group);
        terminal.line(format!(
            "       {}  {}  {}",
            day(group.at.as_deref()),
            if group.key == own { style::bold(title) } else { title },
            style::dim(style::single_line(group.id.as_str()))
        ))?;
    }
    let n_more = thread.len() - shown.len();
    if n_more > 0 {
        terminal.line(format!(
            "       {}",
            style::dim(format!("{} more; `--json` has all", words::number(n_more as u64)))
        ))?;
    }
    Ok(())
}
