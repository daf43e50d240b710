//! `gleaner search WORDS`: groups by what stands in them.

use std::cell::OnceCell;

use serde_json::json;

use crate::cli::explore::SearchArgs;
use crate::cli::page::SortArg;
use crate::command::Context;
use crate::command::copies::distinct;
use crate::command::named::{entity_named, topic_named};
use crate::command::page::{Key, Page, key_of_group};
use crate::command::period::{check_names, period, say_if_none};
use crate::command::shown::{day, show_sources, title};
use crate::error::{Exit, usage};
use crate::explore::query::{Query, query};
use crate::explore::search::{is_fresh, refresh};
use crate::store::{Facets, MARK, MARK_END, SearchQuery, Store, ValueCount};
use crate::terminal::bar::Unit;
use crate::terminal::table::wrap;
use crate::terminal::{Terminal, style, words};
use crate::text::hidden::is_style_mark;

/// Tries to bring the index up to date while others write; then it is asked as it is.
const TRIES: usize = 5;
/// Words of a search of which it is said that no group has them.
const UNKNOWN_MAX: usize = 5;
/// Words that may have been meant.
const SIMILAR_MAX: usize = 3;
/// Values of each facet.
const FACET_VALUES: u64 = 8;

/// Runs the command.
pub(super) fn run(args: &SearchArgs, context: &Context) -> anyhow::Result<Exit> {
    let terminal = &context.terminal;
    let typed = query(&args.words)?;
    let words = &typed.all;
    let mut store = distinct(context.open_learned()?, &args.distinct, context)?;
    check_names(&store, &args.period.conditions)?;
    if words.is_empty() && args.topic.is_empty() && args.entity.is_empty() && !args.rebuild {
        return Err(usage("name words to look for, or `--topic` or `--entity`"));
    }
    let bar = OnceCell::new();
    let is_stale = !words.is_empty() && {
        let _snapshot = store.snapshot()?;
        !is_fresh(&store)?
    };
    if is_stale {
        store = context.writable(store, "the index is made")?;
    }
    let page = Page::new(&args.page, &[SortArg::Score, SortArg::Date, SortArg::Name, SortArg::Id])?;
    let period = period(&args.period)?;
    let mut wanted = SearchQuery { words: words.clone(), period, limit: page.n_read(), ..Default::default() };
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
        if !args.rebuild || n_tries > 0 {
            let snapshot = store.snapshot()?;
            if words.is_empty() || n_tries == TRIES || is_fresh(&store)? {
                break snapshot;
            }
        }
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
        n_tries += 1;
    };
    drop(bar);
    let mut found = store.read().search(&wanted)?;
    let (mut is_any, mut n_apart) = (false, 0);
    if found.groups.is_empty() && !wanted.words.is_empty() {
        if !typed.apart.is_empty() {
            let apart = SearchQuery { words: typed.apart.clone(), limit: 0, ..wanted.clone() };
            n_apart = store.read().search(&apart)?.groups.len() as u64;
        }
        wanted.words.clone_from(&typed.any);
        found = store.read().search(&wanted)?;
        is_any = !found.groups.is_empty();
    }
    let unknown = unknown_words(&store, &typed)?;
    let facets = if args.facets { Some(store.read().facets(&found.groups, FACET_VALUES)?) } else { None };
    let total = found.groups.len() as u64;
    found.hits = page.of(found.hits, |row, sort| match sort {
        SortArg::Score => Key::Number(row.score),
        sort => key_of_group(&row.group, sort),
    });
    store.read().add_stories(found.hits.iter_mut().map(|row| &mut row.group))?;
    if terminal.is_json() {
        let rows: Vec<serde_json::Value> = found
            .hits
            .iter()
            .map(|row| {
                let mut value = serde_json::to_value(row)?;
                // Found words stand between asterisks, as in Markdown.
                value["snippet"] = row.snippet.replace([MARK, MARK_END], "**").into();
                Ok(value)
            })
            .collect::<serde_json::Result<_>>()?;
        let unknown: Vec<_> = unknown.iter().map(|(word, similar)| json!({"word": word, "similar": similar})).collect();
        let mut shown = json!({"groups": rows, "total": total, "all_words": !is_any, "unknown_words": unknown});
        if let Some(facets) = facets {
            shown["facets"] = serde_json::to_value(facets)?;
        }
        terminal.json(&shown)?;
        return Ok(Exit::Done);
    }
    for row in &found.hits {
        terminal.line(format!(
            "{}  {}  {}",
            day(row.group.at.as_deref()),
            style::bold(title(&row.group)),
            style::dim(style::single_line(row.group.id.as_str()))
        ))?;
        let snippet = match row.snippet_of {
            Some("topics") => format!("{}{}", style::dim("topics: "), marked(&found_lines(&row.snippet))),
            Some("names") => format!("{}{}", style::dim("also called: "), marked(&found_lines(&row.snippet))),
            _ => marked(&row.snippet),
        };
        for line in wrap(&snippet, terminal.width().saturating_sub(12).min(100)).iter().filter(|line| !line.is_empty())
        {
            terminal.line(format!("            {line}"))?;
        }
        show_sources(terminal, &row.group, 12)?;
    }
    if let Some(facets) = facets.filter(|_| total > 0) {
        show_facets(terminal, &facets, total)?;
    }
    for (word, similar) in &unknown {
        let word = style::single_line(word);
        match similar.as_slice() {
            [] => terminal.status(format!("no group has `{word}`")),
            similar => terminal.status(format!("no group has `{word}`; did you mean {}?", words::list(similar, "or"))),
        }
    }
    if n_apart > 0 {
        let n = words::count_verb(n_apart, "group", "has");
        terminal.status(format!("no group has the words of a phrase side by side; {n} them all"));
    }
    if is_any {
        let all = if n_apart == 0 { "no group has all the words; " } else { "" };
        terminal.status(format!("{all}these have some of them"));
    }
    let shown = page.shown(found.hits.len() as u64);
    terminal.status(format!("{shown} of {}", words::count(total, "group")));
    if total == 0 {
        say_if_none(&store, &args.period, &wanted.period, context)?;
    }
    Ok(Exit::Done)
}

/// Words of a query that no group has, each with those that may have been meant.
type Unknown = Vec<(String, Vec<String>)>;

fn unknown_words(store: &Store, typed: &Query) -> anyhow::Result<Unknown> {
    let mut unknown: Unknown = vec![];
    for (word, query) in &typed.words {
        let is_new = unknown.len() < UNKNOWN_MAX && unknown.iter().all(|(known, _)| known != word);
        if is_new && !store.read().is_in_search(query)? {
            unknown.push((word.clone(), store.read().similar_words(word, SIMILAR_MAX)?));
        }
    }
    Ok(unknown)
}

/// Shows what the groups have in common that were found.
fn show_facets(terminal: &Terminal, facets: &Facets, total: u64) -> anyhow::Result<()> {
    let these = if total == 1 { "this group".into() } else { format!("these {}", words::count(total, "group")) };
    terminal.line(format!("\n{}", style::bold(format!("In {these}"))))?;
    let value = |one: &ValueCount| format!("{} ({})", style::single_line(&one.value), words::number(one.groups));
    let entities = facets.entities.iter();
    let entities =
        entities.map(|one| format!("{} ({})", style::single_line(&one.entity.name), words::number(one.groups)));
    let topics = facets.topics.iter();
    let topics = topics.map(|one| format!("{} ({})", style::single_line(&one.label), words::number(one.groups)));
    let mut rows: Vec<(String, Vec<String>)> = vec![
        ("entities".into(), entities.collect()),
        ("topics".into(), topics.collect()),
        ("years".into(), facets.years.iter().map(value).collect()),
    ];
    rows.extend(
        facets.attributes.iter().map(|(name, values)| (style::single_line(name), values.iter().map(value).collect())),
    );
    let width = terminal.width().min(112);
    for (name, values) in rows.iter().filter(|(_, values)| !values.is_empty()) {
        for (i, line) in wrap(&values.join(", "), width.saturating_sub(12)).iter().enumerate() {
            let name = if i == 0 { name.as_str() } else { "" };
            terminal.line(format!("{}  {line}", style::dim(format!("{name:>10}"))))?;
        }
    }
    Ok(())
}

/// Returns the lines of a snippet that have found words, each of which is a name or a topic. A phrase that was found
/// over the end of a line keeps all lines.
fn found_lines(snippet: &str) -> String {
    let n = |line: &str, mark: char| line.matches(mark).count();
    let lines: Vec<&str> = snippet.split('\n').collect();
    if lines.iter().any(|line| n(line, MARK) != n(line, MARK_END)) {
        return snippet.to_owned();
    }
    lines.into_iter().filter(|line| line.contains(MARK)).collect::<Vec<_>>().join(", ")
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
    fn of_names_only_those_are_shown_that_have_found_words() {
        let plain = |snippet: &str| {
            let marks = snippet.replace('[', &MARK.to_string()).replace(']', &MARK_END.to_string());
            found_lines(&marks).replace(MARK, "[").replace(MARK_END, "]")
        };
        for (snippet, expected) in [
            ("NASA\n[Lunar] [Bureau]\nAda", "[Lunar] [Bureau]"),
            ("[Moon] base\nAda\nthe [moon]", "[Moon] base, the [moon]"),
            ("NASA\nthe [Lunar\nBureau] x", "NASA\nthe [Lunar\nBureau] x"),
        ] {
            assert_eq!(plain(snippet), expected);
        }
    }

    #[test]
    fn found_words_are_marked_and_nothing_else() {
        let snippet = format!("a {MARK}moon landing{MARK_END} in\n1969 \u{1b}[2J");
        let plain = style::render(&marked(&snippet), true).into_owned();
        assert_eq!(plain, "a \u{1b}[33mmoon\u{1b}[0m \u{1b}[33mlanding\u{1b}[0m in 1969 \u{fffd}[2J");
    }
}
