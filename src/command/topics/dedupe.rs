//! `gleaner topics dedupe`: topics that are likely one.

use serde_json::json;

use crate::cli::page::SortArg;
use crate::cli::topics::TopicsDedupeArgs;
use crate::command::Context;
use crate::command::page::{Key, Page};
use crate::command::shown::title;
use crate::curation::history;
use crate::curation::topics::{Proposal, add_examples, duplicates};
use crate::error::Exit;
use crate::session::explain;
use crate::store::{Change, Store};
use crate::terminal::bar::Unit;
use crate::terminal::table::{Side, Table};
use crate::terminal::{style, words};

/// Runs the command.
pub(super) fn run(args: &TopicsDedupeArgs, context: &Context) -> anyhow::Result<Exit> {
    let page = Page::new(&args.page, &[SortArg::Score, SortArg::Count, SortArg::Name])?;
    let mut store = context.open()?;
    let terminal = &context.terminal;
    let bar = terminal.bar(0, Unit::Count, "comparing");
    let proposals = duplicates(&store, args.min_score, |n_done, n_all| {
        bar.set_length(n_all as u64);
        bar.set(n_done as u64);
    })?;
    drop(bar);
    let total = proposals.len() as u64;
    if let Some(least) = args.accept {
        return accept(&mut store, &proposals, least, context);
    }
    let mut proposals = page.of(proposals, |pair, sort| match sort {
        SortArg::Count => Key::count(pair.groups + pair.into_groups),
        SortArg::Name => Key::word(&pair.topic),
        _ => Key::Number(pair.score),
    });
    add_examples(store.read(), &mut proposals)?;
    if terminal.is_json() {
        terminal.json(&json!({"proposals": proposals, "total": total}))?;
        return Ok(Exit::Done);
    }
    if total == 0 {
        terminal.status("no two topics look like one");
        return Ok(Exit::Done);
    }
    if terminal.is_interactive() {
        return walk(&mut store, &proposals, context);
    }
    let heads = [
        ("alike", Side::Right),
        ("topic", Side::Left),
        ("", Side::Right),
        ("into", Side::Left),
        ("", Side::Right),
        ("as in", Side::Left),
    ];
    let mut table = Table::new(&heads);
    for pair in &proposals {
        table.row([
            format!("{:.2}", pair.score),
            style::single_line(&pair.topic),
            words::number(pair.groups),
            style::single_line(&pair.into),
            words::number(pair.into_groups),
            pair.example.as_ref().map(|example| style::dim(title(example))).unwrap_or_default(),
        ]);
    }
    terminal.table(&table, 0)?;
    terminal.status(format!("{} of {}", page.shown(proposals.len() as u64), words::count(total, "pair")));
    terminal.hint("`gleaner topics merge TOPIC into TOPIC` makes one of two; `--accept 0.95` all that are so alike");
    Ok(Exit::Done)
}

fn accept(store: &mut Store, proposals: &[Proposal], least: f64, context: &Context) -> anyhow::Result<Exit> {
    let now = context.config.now_text();
    let change = Change::new("topics dedupe", format!("alike to {least:.2}"), &now);
    let tx = store.change(&change)?;
    let (mut n_merged, mut n_groups) = (0, 0);
    for pair in proposals.iter().filter(|pair| pair.score >= least) {
        // What an earlier pair has merged has another name now.
        let into = tx.read().topic_decision(&pair.into)?.map_or(pair.into.clone(), |(target, _)| target);
        if tx.read().topic_decision(&pair.topic)?.is_some() || into == pair.topic || into.is_empty() {
            continue;
        }
        let label = tx.read().topic_label(&into)?.unwrap_or_else(|| into.clone());
        n_groups += tx.merge_topic(&pair.topic, &into, &label, &now)?;
        n_merged += 1;
    }
    tx.commit()?;
    if context.terminal.is_json() {
        context.terminal.json(&json!({"merged": n_merged, "groups": n_groups}))?;
    }
    context.terminal.done(format!(
        "{} merged, in {}; `gleaner topics alias list` shows them",
        words::count(n_merged, "topic"),
        words::count(n_groups, "group")
    ))?;
    Ok(Exit::Done)
}

const HELP: &str = "m merge · r merge the other way round · k keep apart · s skip · u undo · q quit · ? this help; all is saved at once";

/// Asks about each pair; every decision is saved at once.
fn walk(store: &mut Store, proposals: &[Proposal], context: &Context) -> anyhow::Result<Exit> {
    let terminal = &context.terminal;
    terminal.status(HELP);
    let mut done: Vec<(usize, Option<i64>)> = vec![];
    let mut i = 0;
    while let Some(pair) = proposals.get(i) {
        let now = context.config.now_text();
        let read = store.read();
        // Decided by an earlier answer, in this walk.
        if read.topic_count(&pair.topic)? == 0 || read.topic_count(&pair.into)? == 0 {
            i += 1;
            continue;
        }
        terminal.line(format!(
            "{:.2}  {} ({})  →  {} ({})",
            pair.score,
            style::bold(style::single_line(&pair.topic)),
            pair.groups,
            style::bold(style::single_line(&pair.into)),
            pair.into_groups
        ))?;
        if let Some(example) = &pair.example {
            let at = format!("      as in {}  {}", title(example), style::single_line(example.id.as_str()));
            terminal.line(style::dim(at))?;
        }
        let Some(key) = terminal.key("[m/r/k/s/u/q/?]") else { break };
        let (from, into) = if key == 'r' { (&pair.into, &pair.topic) } else { (&pair.topic, &pair.into) };
        let change = match key {
            'm' | 'r' => {
                let label = read.topic_label(into)?.unwrap_or_else(|| into.clone());
                let change = Change::new("topics dedupe", format!("{from} into {into}"), &now);
                let tx = store.change(&change)?;
                let n = tx.merge_topic(from, into, &label, &now)?;
                tx.commit()?;
                terminal.status(format!("{} changed", words::count(n, "group")));
                change.id()
            }
            'k' => {
                let change = Change::new("topics dedupe", format!("{from} is not {into}"), &now);
                let tx = store.change(&change)?;
                tx.keep_topics_apart(from, into, &now)?;
                tx.commit()?;
                change.id()
            }
            's' => None,
            'u' => {
                let Some((back, change)) = done.pop() else {
                    terminal.status("there is nothing to undo");
                    continue;
                };
                if let Some(id) = change
                    && let Err(error) = history::take_back(store, id, &now)
                {
                    terminal.error(&explain(&error));
                    done.push((back, change));
                    continue;
                }
                i = back;
                continue;
            }
            'q' => break,
            '?' => {
                terminal.status(HELP);
                continue;
            }
            _ => continue,
        };
        done.push((i, change));
        i += 1;
    }
    let n = done.iter().filter(|(_, change)| change.is_some()).count() as u64;
    terminal.status(format!("{} saved", words::count(n, "decision")));
    Ok(Exit::Done)
}
