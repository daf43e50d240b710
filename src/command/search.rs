//! `gleaner search WORDS`: groups by what stands in them.

use std::cell::OnceCell;

use serde_json::json;

use crate::cli::explore::SearchArgs;
use crate::command::Context;
use crate::command::named::{entity_named, topic_named};
use crate::command::period::{check_names, period};
use crate::command::shown::{day, title};
use crate::error::{Exit, usage};
use crate::explore::search::{is_fresh, query, refresh};
use crate::store::{MARK, MARK_END, SearchQuery};
use crate::terminal::bar::Unit;
use crate::terminal::table::wrap;
use crate::terminal::{style, words};
use crate::text::hidden::is_style_mark;

/// Tries to bring the index up to date while others write; then it is asked as it is.
const TRIES: usize = 5;

/// Runs the command.
pub(super) fn run(args: &SearchArgs, context: &Context) -> anyhow::Result<Exit> {
    let terminal = &context.terminal;
    let words = query(&args.words, false)?;
    let mut store = context.open_learned()?;
    check_names(&store, &args.period.conditions)?;
    if words.is_empty() && args.topic.is_empty() && args.entity.is_empty() && !args.rebuild {
        return Err(usage("name words to look for, or `--topic` or `--entity`"));
    }
    let bar = OnceCell::new();
    if !words.is_empty() && !is_fresh(&store)? {
        store = context.writable(store, "the index is made")?;
    }
    let mut wanted =
        SearchQuery { words: words.clone(), period: period(&args.period)?, limit: args.limit, ..Default::default() };
    for topic in &args.topic {
        wanted.topics.push(topic_named(&store, topic, context)?);
    }
    for entity in &args.entity {
        let found = entity_named(&store, entity, &[], context)?;
        wanted.entities.push(found.iter().map(|row| row.entity.key).collect());
    }
    let mut n_tries = 0;
    // One state of the file: another command may take the index away between making it and asking it.
    let _snapshot = loop {
        if !words.is_empty() || args.rebuild {
            refresh(
                &mut store,
                args.rebuild && n_tries == 0,
                |n| {
                    let _ = bar.set(terminal.bar(n, Unit::Count, "reading"));
                },
                || {
                    if let Some(bar) = bar.get() {
                        bar.inc(1);
                    }
                },
            )?;
        }
        let snapshot = store.snapshot()?;
        n_tries += 1;
        if words.is_empty() || n_tries == TRIES || is_fresh(&store)? {
            break snapshot;
        }
    };
    drop(bar);
    let (mut found, mut total) = store.read().search(&wanted)?;
    let mut is_any = false;
    if total == 0 && !wanted.words.is_empty() {
        wanted.words = query(&args.words, true)?;
        (found, total) = store.read().search(&wanted)?;
        is_any = total > 0;
    }
    if terminal.is_json() {
        let rows: Vec<serde_json::Value> = found
            .iter()
            .map(|row| {
                let mut value = serde_json::to_value(row)?;
                // Found words stand between asterisks, as in Markdown.
                value["snippet"] = row.snippet.replace([MARK, MARK_END], "**").into();
                Ok(value)
            })
            .collect::<serde_json::Result<_>>()?;
        terminal.json(&json!({"groups": rows, "total": total, "all_words": !is_any}))?;
        return Ok(Exit::Done);
    }
    for row in &found {
        terminal.line(format!(
            "{}  {}  {}",
            day(row.group.at.as_deref()),
            style::bold(title(&row.group)),
            style::dim(style::single_line(row.group.id.as_str()))
        ))?;
        let snippet = marked(&row.snippet);
        for line in wrap(&snippet, terminal.width().saturating_sub(12).min(100)).iter().filter(|line| !line.is_empty())
        {
            terminal.line(format!("            {line}"))?;
        }
    }
    if is_any {
        terminal.status("no group has all the words; these have some of them");
    }
    let shown = words::number(found.len() as u64);
    terminal.status(format!("{shown} of {}", words::count(total, "group")));
    Ok(Exit::Done)
}

/// A snippet with its found words styled.
fn marked(snippet: &str) -> String {
    let mut out = String::new();
    for (i, part) in snippet.split(MARK).enumerate() {
        let (found, rest) = if i == 0 { ("", part) } else { part.split_once(MARK_END).unwrap_or(("", part)) };
        for word in found.split_whitespace() {
            if out.ends_with(|c: char| is_style_mark(c)) {
                out.push(' ');
            }
            out.push_str(&style::yellow(style::single_line(word)));
        }
        // `single_line` takes the blanks at the ends, which part this from its neighbors.
        let inner = style::single_line(rest);
        if rest.starts_with(char::is_whitespace) && !inner.is_empty() {
            out.push(' ');
        }
        out.push_str(&inner);
        if rest.ends_with(char::is_whitespace) {
            out.push(' ');
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn found_words_are_marked_and_nothing_else() {
        let snippet = format!("a {MARK}moon landing{MARK_END} in\n1969 \u{1b}[2J");
        let plain = style::render(&marked(&snippet), true).into_owned();
        assert_eq!(plain, "a \u{1b}[33mmoon\u{1b}[0m \u{1b}[33mlanding\u{1b}[0m in 1969 \u{fffd}[2J");
    }
}
