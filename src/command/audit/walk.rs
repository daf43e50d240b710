//! A sample judged one item after the other, one key a verdict.

use super::{AROUND, TOPIC_TEXT};
use crate::answer::grounding;
use crate::command::Context;
use crate::command::excerpt::{Mark, excerpt, mark, places};
use crate::command::shown::{day, percent, title};
use crate::command::unresolved::report::changes;
use crate::curation::audit;
use crate::curation::mentions::{self, Choice};
use crate::linking::typed_name::one_entity;
use crate::session::explain;
use crate::store::{Audit, AuditItem, AuditWhat, Store};
use crate::terminal::style;
use crate::terminal::table::wrap;

/// Shows one item after the other and asks.
pub(crate) fn run(store: &mut Store, what: AuditWhat, audit: &Audit, context: &Context) -> anyhow::Result<()> {
    let terminal = &context.terminal;
    let items = store.read().audit_items(audit.id)?;
    let Some(mut i) = items.iter().position(|item| item.verdict.is_none()) else { return Ok(()) };
    terminal.status("y right · n wrong · s unsure · u undo · q quit; every verdict is saved at once");
    let mut done: Vec<(usize, Option<mentions::Done>)> = vec![];
    while let Some(item) = items.get(i) {
        terminal.line("")?;
        terminal.line(style::dim(format!("{} of {}", i + 1, items.len())))?;
        show_item(store, item, context)?;
        let Some(key) = terminal.key("[y/n/s/u/q]") else { break };
        let verdict = match key {
            'y' | 'r' => "right",
            'n' | 'w' => "wrong",
            's' | '?' => "unsure",
            'u' => {
                let Some((back, correction)) = done.pop() else { continue };
                let tx = store.write()?;
                tx.judge(audit.id, items[back].ordinal, None, "")?;
                if let Some(correction) = correction {
                    mentions::undo(&tx, &correction)?;
                }
                tx.commit()?;
                i = back;
                continue;
            }
            'q' => break,
            _ => continue,
        };
        let answer = match (verdict, what) {
            ("wrong", AuditWhat::Links) => ask_right(store, item, context),
            _ => None,
        };
        let now = context.config.now_text();
        let tx = store.write()?;
        tx.judge(audit.id, item.ordinal, Some(verdict), &now)?;
        let correction = match answer {
            Some(answer) => Some(audit::correct(&tx, item, &answer, &now)?),
            None => None,
        };
        tx.commit()?;
        if let Some(correction) = &correction {
            terminal.status(changes(correction.relinked));
        }
        done.push((i, correction));
        i += 1;
    }
    Ok(())
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
        let known = format!("{}:{}  {}", entity.entity_type, entity.id, facts.join(" · "));
        terminal.line(style::dim(style::single_line(&known)))?;
    }
    terminal.line(style::dim(format!("{} {}", style::single_line(&item.method), percent(item.score))))?;
    let Some(row) = item.group.map(|group| read.group(group)).transpose()?.flatten() else { return Ok(()) };
    if let Some(head) = read.group_head(row.key)? {
        terminal.line(style::dim(format!("in {}  {}", day(head.at.as_deref()), title(&head))))?;
    }
    let width = terminal.width().min(100);
    for story in &row.group.stories {
        let Some(place) = grounding::find(&story.text, &item.item).filter(|_| item.entity.is_some()) else { continue };
        let text = style::single_line(&excerpt(&story.text, place, AROUND));
        let marks = places(&text, &item.item).into_iter().map(|place| (place, YELLOW)).collect();
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
