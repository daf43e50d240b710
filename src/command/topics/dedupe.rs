//! `gleaner topics dedupe`: topics that are likely one.

use serde_json::json;

use crate::cli::page::SortArg;
use crate::cli::topics::TopicsDedupeArgs;
use crate::command::Context;
use crate::command::page::{Key, Page};
use crate::command::shown::{hint_if_empty, title};
use crate::curation::history;
use crate::curation::topics::{Method, Proposal, add_examples, duplicates, synonyms};
use crate::error::Exit;
use crate::linking::typed_name::SHOWN;
use crate::session::explain;
use crate::store::explore::GroupHead;
use crate::store::{Change, Pages, Store};
use crate::terminal::bar::Unit;
use crate::terminal::table::{Side, Table};
use crate::terminal::{style, words};

/// Likeness of spellings that are proposed where none is typed.
const SPELLING_MIN: f64 = 0.8;
/// Likeness of neighbours from which on synonyms were more than topics of one field, in collections made for it.
const NEIGHBOURS_MIN: f64 = 0.5;

const BY_NEIGHBOURS: &str = "`gleaner topics dedupe --neighbours` proposes synonyms that are spelled otherwise";

/// Runs the command.
pub(super) fn run(args: &TopicsDedupeArgs, context: &Context) -> anyhow::Result<Exit> {
    let page = Page::new(&args.page, &[SortArg::Score, SortArg::Count, SortArg::Name])?;
    let mut store = context.open()?;
    store.keep_pages(Pages::Passing)?;
    let terminal = &context.terminal;
    let method = if args.neighbours { Method::Neighbours } else { Method::Spelling };
    let least = args.min_score.unwrap_or(match method {
        Method::Spelling => SPELLING_MIN,
        Method::Neighbours => NEIGHBOURS_MIN,
    });
    let bar = terminal.bar(0, Unit::Count, "comparing");
    let on_part = |n_done: usize, n_all: usize| {
        bar.set_length(n_all as u64);
        bar.set(n_done as u64);
    };
    let proposals = match method {
        Method::Spelling => duplicates(&store, least, on_part)?,
        Method::Neighbours => synonyms(store.read(), least, on_part)?,
    };
    drop(bar);
    let total = proposals.len() as u64;
    if let Some(least) = args.accept {
        return accept(&mut store, &proposals, least, method, context);
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
        if store.read().knowledge_counts()?.0 == 0 {
            terminal.status("no group has a topic yet");
            hint_if_empty(context, &store)?;
            return Ok(Exit::Done);
        }
        match method {
            Method::Spelling => {
                terminal.status("no two topics look like one");
                terminal.hint(BY_NEIGHBOURS);
            }
            Method::Neighbours => {
                terminal.status("no two topics stand beside the same entities and never together");
                terminal.hint("a pair of topics must be frequent to be told: about 3 groups should have both");
            }
        }
        return Ok(Exit::Done);
    }
    if terminal.is_interactive() {
        return walk(&mut store, &proposals, context);
    }
    match method {
        Method::Spelling => show_spellings(&proposals, context)?,
        Method::Neighbours => show_neighbours(&proposals, context)?,
    }
    terminal.status(format!("{} of {}", page.shown(proposals.len() as u64), words::count(total, "pair")));
    match method {
        Method::Spelling => {
            terminal.hint(
                "`gleaner topics merge TOPIC into TOPIC` makes one of two; `--accept 0.95` all that are so alike",
            );
            terminal.hint(BY_NEIGHBOURS);
        }
        Method::Neighbours => terminal.hint(
            "some are synonyms, others opposites or kinds of one thing: `gleaner topics merge TOPIC into TOPIC` makes one \
             of two, `gleaner topics parent CHILD PARENT` puts one under another",
        ),
    }
    Ok(Exit::Done)
}

const HEADS: [(&str, Side); 5] =
    [("alike", Side::Right), ("topic", Side::Left), ("", Side::Right), ("into", Side::Left), ("", Side::Right)];

fn cells(pair: &Proposal) -> [String; 5] {
    [
        format!("{:.2}", pair.score),
        style::single_line(&pair.topic),
        words::number(pair.groups),
        style::single_line(&pair.into),
        words::number(pair.into_groups),
    ]
}

fn as_in(example: Option<&GroupHead>) -> String {
    example.map(|example| style::dim(title(example))).unwrap_or_default()
}

fn show_spellings(proposals: &[Proposal], context: &Context) -> anyhow::Result<()> {
    let mut table = Table::new(&[&HEADS[..], &[("as in", Side::Left)]].concat());
    for pair in proposals {
        table.row(cells(pair).into_iter().chain([as_in(pair.example.as_ref())]));
    }
    context.terminal.table(&table, 0)
}

fn show_neighbours(proposals: &[Proposal], context: &Context) -> anyhow::Result<()> {
    let more = [("both beside", Side::Left), ("as in", Side::Left), ("and in", Side::Left)];
    let mut table = Table::new(&[&HEADS[..], &more].concat());
    for pair in proposals {
        let examples = [as_in(pair.example.as_ref()), as_in(pair.into_example.as_ref())];
        table.row(cells(pair).into_iter().chain([shared(pair)]).chain(examples));
    }
    context.terminal.table(&table, 0)
}

/// Says beside which entities both topics stand.
fn shared(pair: &Proposal) -> String {
    let names: Vec<String> = pair.shared.iter().map(|name| style::single_line(&words::shorten(name, SHOWN))).collect();
    let n_more = pair.shared_entities.unwrap_or_default().saturating_sub(names.len() as u64);
    let more = if n_more > 0 { format!(" +{}", words::number(n_more)) } else { String::new() };
    format!("{}{more}", names.join(", "))
}

fn accept(
    store: &mut Store,
    proposals: &[Proposal],
    least: f64,
    method: Method,
    context: &Context,
) -> anyhow::Result<Exit> {
    let now = context.config.now_text();
    let by = if method == Method::Neighbours { " by neighbours" } else { "" };
    let change = Change::new("topics dedupe", format!("alike to {least:.2}{by}"), &now);
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
        if pair.method == Method::Neighbours {
            terminal.line(style::dim(format!("      never together; both beside {}", shared(pair))))?;
        }
        for (word, example) in [("as in", &pair.example), ("and in", &pair.into_example)] {
            if let Some(example) = example {
                let at = format!("      {word} {}  {}", title(example), style::single_line(example.id.as_str()));
                terminal.line(style::dim(at))?;
            }
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
