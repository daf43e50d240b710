//! A sample judged one item after the other, one key a verdict.

use super::{AROUND, TOPIC_TEXT};
use crate::command::Context;
use crate::command::excerpt::{Mark, excerpt, first_place, mark, places};
use crate::command::shown::{day, percent, title};
use crate::command::unresolved::report::changes;
use crate::curation::audit;
use crate::curation::history;
use crate::curation::mentions::Choice;
use crate::linking::typed_name::{SHOWN, one_entity};
use crate::model::typed_id;
use crate::session::explain;
use crate::store::{Audit, AuditItem, AuditWhat, Change, Store};
use crate::terminal::table::wrap;
use crate::terminal::{style, words};

/// Shows one item after the other and asks.
pub(crate) fn run(store: &mut Store, what: AuditWhat, audit: &Audit, context: &Context) -> anyhow::Result<()> {
    let terminal = &context.terminal;
    let items = store.read().audit_items(audit.id)?;
    let Some(mut i) = items.iter().position(|item| item.verdict.is_none()) else { return Ok(()) };
    terminal.status(HELP);
    let mut done: Vec<Judged> = vec![];
    let mut is_new = true;
    while let Some(item) = items.get(i) {
        if is_new {
            terminal.line("")?;
            terminal.line(style::dim(format!("{} of {}", i + 1, items.len())))?;
            show_item(store, item, context)?;
        }
        is_new = false;
        let Some(key) = terminal.key("[y/n/s/u/q/?]") else { break };
        let verdict = match key {
            'y' | 'r' => "right",
            'n' | 'w' => "wrong",
            's' => "unsure",
            'u' => {
                let Some(last) = done.pop() else {
                    terminal.status("there is nothing to undo");
                    continue;
                };
                if let Some(change) = last.change
                    && let Err(error) = history::take_back(store, change, &context.config.now_text())
                {
                    terminal.error(&explain(&error));
                    done.push(last);
                    continue;
                }
                i = last.at;
                is_new = true;
                continue;
            }
            'q' => break,
            '?' => {
                terminal.status(HELP);
                continue;
            }
            _ => continue,
        };
        let answer = match (verdict, what) {
            ("wrong", AuditWhat::Links) => ask_right(store, item, context),
            _ => None,
        };
        let now = context.config.now_text();
        let change = Change::new("audit", format!("`{}` is {verdict}", words::shorten(&item.item, SHOWN)), &now);
        let tx = store.change(&change)?;
        tx.judge(audit.id, item.ordinal, Some(verdict), &now)?;
        let correction = match answer {
            Some(answer) => Some(audit::correct(&tx, item, &answer, &now)?),
            None => None,
        };
        tx.commit()?;
        if let Some(correction) = &correction {
            terminal.status(changes(correction.relinked));
        }
        done.push(Judged { at: i, change: change.id(), is_corrected: correction.is_some() });
        i += 1;
        is_new = true;
    }
    let n_corrected = done.iter().filter(|judged| judged.is_corrected).count() as u64;
    terminal.status(format!(
        "{} and {} saved",
        words::count(done.len() as u64, "verdict"),
        words::count(n_corrected, "decision")
    ));
    Ok(())
}

const HELP: &str = "y right · n wrong · s unsure · u undo · q quit · ? this help; every verdict is saved at once";

/// An item that was judged in this walk.
struct Judged {
    at: usize,
    /// `None` where it had the same verdict before.
    change: Option<i64>,
    is_corrected: bool,
}

/// Asks what a wrongly linked mention is instead.
fn ask_right(store: &Store, item: &AuditItem, context: &Context) -> Option<Choice> {
    let wrong = item.entity?;
    loop {
        let typed = context
            .terminal
            .ask("which entity is it (id, TYPE:ID or name; empty: only not this one; `none`: none of the catalog)?")?;
        match typed.as_str() {
            "" => return Some(Choice::Not(wrong)),
            "none" => return Some(Choice::Nothing),
            name => match one_entity(store, name) {
                Ok(entity) => return Some(Choice::Is(entity)),
                Err(error) => context.terminal.error(&explain(&error)),
            },
        }
    }
}

fn show_item(store: &Store, item: &AuditItem, context: &Context) -> anyhow::Result<()> {
    let terminal = &context.terminal;
    let read = store.read();
    let entity = item.entity.map(|key| read.entity_head(key)).transpose()?.flatten();
    let is = match &entity {
        Some(entity) => format!(
            "{}  {}  {}",
            style::bold(style::single_line(&item.item)),
            style::dim("is"),
            style::bold(style::green(style::single_line(&entity.name)))
        ),
        None => style::bold(style::single_line(&item.item)),
    };
    terminal.line(is)?;
    if let Some(entity) = entity.as_ref().and_then(|entity| read.entity(entity.key).ok().flatten()) {
        let facts: Vec<String> = entity.attributes.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        let known = format!("{}  {}", typed_id(&entity.entity_type, &entity.id), facts.join(" · "));
        terminal.line(style::dim(style::single_line(&known)))?;
    }
    terminal.line(style::dim(format!("{} {}", style::single_line(&item.method), percent(item.score))))?;
    let Some(row) = item.group.map(|group| read.group(group)).transpose()?.flatten() else { return Ok(()) };
    if let Some(head) = read.group_head(row.key)? {
        terminal.line(style::dim(format!("in {}  {}", day(head.at.as_deref()), title(&head))))?;
    }
    let width = terminal.width().min(100);
    let all = read.mention_texts_of(row.key)?;
    let found = first_place(&row.group.stories, &item.item, &all).filter(|_| item.entity.is_some());
    if let Some((text, place)) = found {
        let text = style::single_line(&excerpt(text, place, AROUND));
        let marks = places(&text, &item.item, all.iter().map(String::as_str))
            .into_iter()
            .map(|place| (place, YELLOW))
            .collect();
        for line in wrap(&mark(&text, marks), width) {
            terminal.line(format!("  {line}"))?;
        }
        return Ok(());
    }
    let text = row.group.stories.iter().map(|story| story.text.as_str()).collect::<Vec<_>>().join(" ");
    for line in wrap(&style::single_line(&excerpt(&text, 0..0, TOPIC_TEXT)), width) {
        terminal.line(format!("  {line}"))?;
    }
    Ok(())
}

const YELLOW: Mark = |word| style::yellow(word);
