//! `gleaner related GROUP`: which other groups hang together with it, and through what.

use serde_json::json;

use crate::cli::explore::RelatedArgs;
use crate::command::Context;
use crate::command::named::group_named;
use crate::command::shown::{day, percent, show_sources, title};
use crate::error::Exit;
use crate::store::explore::Shared;
use crate::terminal::{style, words};

/// Things shared that are named in a line.
const SHARED_MAX: usize = 6;

/// Runs the command.
pub(super) fn run(args: &RelatedArgs, context: &Context) -> anyhow::Result<Exit> {
    let store = context.open_learned()?;
    let key = group_named(&store, &args.group)?;
    let mut related = store.read().related(key, args.limit)?;
    store.read().add_stories(related.iter_mut().map(|row| &mut row.group))?;
    let terminal = &context.terminal;
    if terminal.is_json() {
        terminal.json(&json!({"group_id": args.group, "related": related}))?;
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
    terminal.status(match related.len() {
        0 => "no other group shares a topic or an entity with it".into(),
        n => format!("{}; behind each thing shared: the groups that have it", words::count(n as u64, "related group")),
    });
    Ok(Exit::Done)
}
