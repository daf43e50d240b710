//! `gleaner topics …`: what the groups are about.

mod arrange;
mod decisions;
mod dedupe;
mod merge;

use serde_json::json;

use crate::cli::page::SortArg;
use crate::cli::topics::{TopicsArgs, TopicsCommand, near_command};
use crate::command::Context;
use crate::command::copies::distinct;
use crate::command::named::topic_named;
use crate::command::page::{Key, Page, key_of_group};
use crate::command::period::{among, check_names, period, say_if_none};
use crate::command::shown::{
    Selected, day, days, hint_if_empty, percent, say_what_is_shown, show_series, show_steps, step, title,
};
use crate::error::{Exit, Explain as _};
use crate::explore::time::Axis;
use crate::terminal::table::{Side, Table, bar};
use crate::terminal::{style, words};
use merge::{alias, merge};

/// Runs the command.
pub(super) fn run(args: &TopicsArgs, context: &Context) -> anyhow::Result<Exit> {
    match (&args.command, &args.topic) {
        (Some(TopicsCommand::Merge { topics }), _) => merge(topics, context),
        (Some(TopicsCommand::Alias(command)), _) => alias(command, context),
        (Some(TopicsCommand::Export { output }), _) => decisions::export(output.as_deref(), context),
        (Some(TopicsCommand::Import { file }), _) => decisions::import(file, context),
        (Some(TopicsCommand::Rename { topic, name }), _) => arrange::rename(topic, name, context),
        (Some(TopicsCommand::Drop { topics }), _) => arrange::drop(topics, context),
        (Some(TopicsCommand::Parent { child, parent, .. }), _) => arrange::parent(child, parent.as_deref(), context),
        (Some(TopicsCommand::Dedupe(args)), _) => dedupe::run(args, context),
        (None, Some(topic)) => groups(topic, args, context),
        (None, None) => top(args, context),
    }
}

fn top(args: &TopicsArgs, context: &Context) -> anyhow::Result<Exit> {
    let store = distinct(context.open_grounded(&args.grounding)?, &args.distinct, context)?;
    check_names(&store, &args.period.conditions)?;
    let read = store.read();
    let period = period(&args.period)?;
    if args.tree {
        return arrange::tree(&store, &period, context);
    }
    let page = Page::new(&args.page, &[SortArg::Count, SortArg::Name])?;
    let among = among(&store, &[], &args.entity, &period, context)?;
    let most = args.max_groups.unwrap_or(u64::MAX);
    let (top, total) = read.rare_topics(&period, among.as_ref(), most, page.n_read())?;
    let top = page.of(top, |topic, sort| match sort {
        SortArg::Name => Key::word(&topic.label),
        _ => Key::count(topic.groups),
    });
    let terminal = &context.terminal;
    if let Some(typed) = args.by {
        let series = top.iter().map(|topic| Ok(days(&read.dates_of_topic(&topic.topic, &period, among.as_ref())?)));
        let rows = top.iter().map(|topic| (topic, topic.groups, style::single_line(&topic.label)));
        return show_series(terminal, "topics", step(typed), rows, &series.collect::<anyhow::Result<Vec<_>>>()?, total);
    }
    if terminal.is_json() {
        terminal.json(&json!({"topics": top, "total": total}))?;
        return Ok(Exit::Done);
    }
    let most = top.first().map_or(0, |topic| topic.groups);
    let mut table = Table::new(&[("groups", Side::Right), ("", Side::Whole), ("topic", Side::Left)]);
    for topic in &top {
        table.row([
            words::number(topic.groups),
            style::cyan(bar(topic.groups, most, terminal.bar_width())),
            style::single_line(&topic.label),
        ]);
    }
    terminal.table(&table, 0)?;
    terminal.status(format!("{} of {}", page.shown(top.len() as u64), words::count(total, "topic")));
    if total == 0 {
        say_if_none(&store, &args.period, &period, context)?;
    }
    hint_if_empty(context, &store)?;
    Ok(Exit::Done)
}

fn groups(typed: &str, args: &TopicsArgs, context: &Context) -> anyhow::Result<Exit> {
    let store = distinct(context.open_grounded(&args.grounding)?, &args.distinct, context)?;
    check_names(&store, &args.period.conditions)?;
    let topic = topic_named(&store, typed, context);
    let topic = match near_command(typed).filter(|_| topic.is_err()) {
        Some(command) => topic.hint(format!("or did you mean the command `gleaner topics {command}`?"))?,
        None => topic?,
    };
    let read = store.read();
    let label = read.topic_label(&topic)?.unwrap_or_else(|| topic.clone());
    let period = period(&args.period)?;
    let page = Page::new(&args.page, &[SortArg::Date, SortArg::Name, SortArg::Id, SortArg::Score])?;
    let among = among(&store, &[], &args.entity, &period, context)?;
    let all = read.topic_count(&topic)?;
    let is_whole = period.is_always() && among.is_none();
    let n = if is_whole { all } else { read.n_groups_of_topic(&topic, &period, among.as_ref())? };
    let total = Selected { n, all };
    let terminal = &context.terminal;
    if let Some(typed) = args.by {
        let days = days(&read.dates_of_topic(&topic, &period, among.as_ref())?);
        let counts = Axis::new(step(typed), days.iter().map(|(day, _)| *day)).counts(&days);
        if terminal.is_json() {
            let shown = json!({"topic": topic, "label": label, "total": total.n, "by": step(typed), "counts": counts});
            terminal.json(&shown)?;
        } else {
            show_steps(terminal, &counts)?;
        }
        return Ok(Exit::Done);
    }
    let n_read = if among.is_some() { i64::MAX as u64 } else { page.n_read() };
    let mut groups = read.groups_of_topic(&topic, &period, n_read)?;
    if let Some(among) = &among {
        groups.retain(|row| among.has(row.group.key.0));
    }
    let mut groups = page.of(groups, |row, sort| match sort {
        SortArg::Score => Key::Number(row.confidence),
        sort => key_of_group(&row.group, sort),
    });
    if terminal.is_json() {
        read.add_stories(groups.iter_mut().map(|row| &mut row.group))?;
        terminal.json(&json!({"topic": topic, "label": label, "total": total.n, "groups": groups}))?;
        return Ok(Exit::Done);
    }
    terminal.line(format!("{}  {}", style::bold(style::single_line(&label)), style::dim(total.words())))?;
    let names = |topics: Vec<String>| topics.iter().map(|topic| style::single_line(topic)).collect::<Vec<_>>();
    let above = names(read.parents_of(&topic)?.into_iter().map(|(_, label)| label).collect());
    let below = names(read.children_of(&topic)?);
    for (word, others, part) in [("under", above, " › "), ("above", below, ", ")] {
        if !others.is_empty() {
            terminal.line(style::dim(format!("{word} {}", others.join(part))))?;
        }
    }
    let heads =
        [("rank", Side::Right), ("", Side::Right), ("date", Side::Whole), ("group", Side::Left), ("", Side::Whole)];
    let mut table = Table::new(&heads);
    for row in &groups {
        table.row([
            row.rank.to_string(),
            style::dim(percent(row.confidence)),
            day(row.group.at.as_deref()),
            title(&row.group),
            style::dim(style::single_line(row.group.id.as_str())),
        ]);
    }
    terminal.table(&table, 0)?;
    say_what_is_shown(context, groups.len() as u64, page, total.n);
    if total.n == 0 {
        say_if_none(&store, &args.period, &period, context)?;
    }
    Ok(Exit::Done)
}
