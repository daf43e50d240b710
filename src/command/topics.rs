//! `gleaner topics …`: what the groups are about.

use anyhow::anyhow;
use serde_json::json;

use super::Context;
use super::explore::{day, hint_if_empty, percent, title};
use super::period::period;
use crate::cli::explore::{TopicAliasCommand, TopicsArgs, TopicsCommand};
use crate::curation::topics::similar;
use crate::error::{Exit, Explain as _, usage};
use crate::store::Store;
use crate::terminal::table::{Side, Table, bar};
use crate::terminal::{style, words};
use crate::text::topic_key;

/// Columns of a bar.
const BAR: usize = 24;

/// Runs the command.
pub(super) fn run(args: &TopicsArgs, context: &Context) -> anyhow::Result<Exit> {
    match (&args.command, &args.topic) {
        (Some(TopicsCommand::Merge { topics }), _) => merge(topics, context),
        (Some(TopicsCommand::Alias(command)), _) => alias(command, context),
        (Some(TopicsCommand::Dedupe(args)), _) => super::dedupe::run(args, context),
        (None, Some(topic)) => groups(topic, args, context),
        (None, None) => top(args, context),
    }
}

fn top(args: &TopicsArgs, context: &Context) -> anyhow::Result<Exit> {
    let store = context.open()?;
    let (top, total) = store.read().top_topics(&period(&args.period)?, args.limit)?;
    let terminal = &context.terminal;
    if terminal.is_json() {
        terminal.json(&json!({"topics": top, "total": total}))?;
        return Ok(Exit::Done);
    }
    let most = top.first().map_or(0, |topic| topic.groups);
    let mut table = Table::new(&[("groups", Side::Right), ("", Side::Left), ("topic", Side::Left)], 2);
    for topic in &top {
        table.row([
            words::number(topic.groups),
            style::cyan(bar(topic.groups, most, BAR)),
            style::single_line(&topic.display),
        ]);
    }
    for line in table.lines(terminal.width()).iter().filter(|_| !table.is_empty()) {
        terminal.line(line)?;
    }
    terminal.status(format!("{} of {}", words::number(top.len() as u64), words::count(total, "topic")));
    hint_if_empty(context, &store)?;
    Ok(Exit::Done)
}

fn groups(typed: &str, args: &TopicsArgs, context: &Context) -> anyhow::Result<Exit> {
    let store = context.open()?;
    let topic = topic_named(&store, typed, context)?;
    let read = store.read();
    let total = read.topic_count(&topic)?;
    let display = read.topic_display(&topic)?.unwrap_or_else(|| topic.clone());
    let groups = read.groups_of_topic(&topic, &period(&args.period)?, args.limit)?;
    let terminal = &context.terminal;
    if terminal.is_json() {
        terminal.json(&json!({"topic": topic, "display": display, "total": total, "groups": groups}))?;
        return Ok(Exit::Done);
    }
    terminal.line(format!(
        "{}  {}",
        style::bold(style::single_line(&display)),
        style::dim(words::count(total, "group"))
    ))?;
    let heads =
        [("rank", Side::Right), ("", Side::Right), ("date", Side::Left), ("group", Side::Left), ("", Side::Left)];
    let mut table = Table::new(&heads, 3);
    for row in &groups {
        table.row([
            row.rank.to_string(),
            style::dim(percent(row.confidence)),
            day(row.group.at.as_deref()),
            title(&row.group),
            style::dim(style::single_line(row.group.id.as_str())),
        ]);
    }
    for line in table.lines(terminal.width()) {
        terminal.line(line)?;
    }
    Ok(Exit::Done)
}

/// Returns the key of a topic that was typed: as it is, as people decided, or one that is written almost so.
pub(super) fn topic_named(store: &Store, typed: &str, context: &Context) -> anyhow::Result<String> {
    let key = topic_key(typed);
    let read = store.read();
    if read.topic_count(&key)? > 0 {
        return Ok(key);
    }
    if let Some((target, display)) = read.topic_decision(&key)?.filter(|(target, _)| *target != key) {
        context.terminal.status(format!("`{key}` was made `{}`", style::single_line(&display)));
        return Ok(target);
    }
    let found = similar(store, &key, 5)?;
    match found.as_slice() {
        // One that is clearly the same, and no second one near it: a typo.
        [(score, best), rest @ ..] if *score >= 0.9 && rest.first().is_none_or(|(next, _)| *next < score - 0.05) => {
            context.terminal.status(format!(
                "no topic `{}`; this is `{}`",
                style::single_line(typed),
                style::single_line(best)
            ));
            Ok(best.clone())
        }
        [] => Err(anyhow!("no group has the topic `{typed}`")).exit(Exit::Usage).hint("`gleaner topics` lists them"),
        _ => {
            let names: Vec<&String> = found.iter().map(|(_, topic)| topic).collect();
            Err(anyhow!("no group has the topic `{typed}`"))
                .exit(Exit::Usage)
                .hint(format!("did you mean {}?", words::list(&names, "or")))
        }
    }
}

fn merge(typed: &[String], context: &Context) -> anyhow::Result<Exit> {
    let (sources, target) = match typed.iter().position(|word| word.eq_ignore_ascii_case("into")) {
        Some(at) if at > 0 && at + 2 == typed.len() => (&typed[..at], &typed[at + 1]),
        None if typed.len() == 2 => (&typed[..1], &typed[1]),
        _ => {
            return Err(usage("say which topics become which one"))
                .hint("as in `gleaner topics merge \"injury updates\" injuries into \"injury update\"`");
        }
    };
    let mut store = context.open()?;
    let now = context.config.now_text();
    let display = target.split_whitespace().collect::<Vec<_>>().join(" ");
    let into = topic_key(target);
    let tx = store.write()?;
    // Written as the answers write it, unless nobody does.
    let display = tx.read().topic_display(&into)?.unwrap_or(display);
    let mut merged = vec![];
    for source in sources {
        let key = topic_key(source);
        if key == into || key.is_empty() || into.is_empty() {
            return Err(usage(format!("`{source}` can't become `{target}`: it is the same topic")));
        }
        let n = tx.merge_topic(&key, &into, &display, &now)?;
        merged.push(json!({"topic": key, "groups": n}));
        context.terminal.status(format!(
            "`{}` is now `{}` in {}, and in every later import",
            style::single_line(&key),
            style::single_line(&display),
            words::count(n, "group")
        ));
    }
    tx.commit()?;
    if context.terminal.is_json() {
        context.terminal.json(&json!({"target": into, "display": display, "merged": merged}))?;
    }
    Ok(Exit::Done)
}

fn alias(command: &TopicAliasCommand, context: &Context) -> anyhow::Result<Exit> {
    let terminal = &context.terminal;
    match command {
        TopicAliasCommand::Add { alias, topic } => merge(&[alias.clone(), topic.clone()], context),
        TopicAliasCommand::Remove { alias } => {
            let mut store = context.open()?;
            let tx = store.write()?;
            let Some(n) = tx.unmerge_topic(&topic_key(alias))? else {
                return Err(usage(format!("`{alias}` was not made another topic")))
                    .hint("`gleaner topics alias list` shows what was");
            };
            tx.commit()?;
            terminal.status(format!(
                "`{}` is a topic of its own again in {}",
                style::single_line(&topic_key(alias)),
                words::count(n, "group")
            ));
            Ok(Exit::Done)
        }
        TopicAliasCommand::List => {
            let decisions = context.open()?.read().topic_decisions()?;
            if terminal.is_json() {
                terminal.json(&json!({"decisions": decisions}))?;
                return Ok(Exit::Done);
            }
            for decision in &decisions {
                let sign = if decision.is_same { "is" } else { "is not" };
                terminal.line(format!(
                    "{}  {}  {}",
                    style::single_line(&decision.topic),
                    style::dim(sign),
                    style::single_line(&decision.display)
                ))?;
            }
            terminal.status(words::count(decisions.len() as u64, "decision"));
            Ok(Exit::Done)
        }
    }
}
