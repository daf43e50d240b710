//! `gleaner topics rename`, `drop` and `parent`: what topics are called, which are none, and which stand under another.

use serde_json::json;

use crate::command::Context;
use crate::command::named::topic_named;
use crate::error::{Exit, Explain as _, usage};
use crate::store::Change;
use crate::store::explore::{Period, TopicCount};
use crate::terminal::{style, words};
use crate::text::{single_spaced, topic_key};

/// Gives a topic another name, which no topic has yet.
pub(super) fn rename(typed: &str, name: &str, context: &Context) -> anyhow::Result<Exit> {
    let mut store = context.open()?;
    let topic = topic_named(&store, typed, context)?;
    let (label, key) = (single_spaced(name), topic_key(name));
    if key.is_empty() || key == topic {
        return Err(usage(format!("`{typed}` can't be called `{name}`: a name differs in more than case and blanks")));
    }
    let n_others = store.read().topic_count(&key)?;
    if n_others > 0 {
        return Err(usage(format!("{} the topic `{key}` already", words::count_verb(n_others, "group", "has"))))
            .hint(format!("`gleaner topics merge {} into {}` makes one of two", quoted(typed), quoted(name)));
    }
    let now = context.config.now_text();
    let change = Change::new("topics rename", format!("{topic} to {label}"), &now);
    let tx = store.change(&change)?;
    let n = tx.merge_topic(&topic, &key, &label, &now)?;
    if let Some((parent, shown)) = tx.read().parents_of(&topic)?.first() {
        tx.set_parent(&key, parent, shown, &now)?;
    }
    tx.commit()?;
    if context.terminal.is_json() {
        context.terminal.json(&json!({"topic": topic, "renamed": key, "label": label, "groups": n}))?;
    }
    context.terminal.done(format!(
        "`{}` is called `{}` in {}, and in every later import",
        style::single_line(&topic),
        style::single_line(&label),
        words::count(n, "group")
    ))?;
    Ok(Exit::Done)
}

/// Takes topics out of all groups.
pub(super) fn drop(typed: &[String], context: &Context) -> anyhow::Result<Exit> {
    let mut store = context.open()?;
    let topics = typed.iter().map(|typed| topic_named(&store, typed, context)).collect::<anyhow::Result<Vec<_>>>()?;
    let now = context.config.now_text();
    let change = Change::new("topics drop", typed.join(", "), &now);
    let tx = store.change(&change)?;
    let mut dropped = vec![];
    for topic in &topics {
        let n = tx.drop_topic(topic, &now)?;
        dropped.push(json!({"topic": topic, "groups": n}));
        context.terminal.done(format!(
            "`{}` is gone from {}, and comes with no later import",
            style::single_line(topic),
            words::count(n, "group")
        ))?;
    }
    tx.commit()?;
    if context.terminal.is_json() {
        context.terminal.json(&json!({"dropped": dropped}))?;
    }
    context.terminal.hint("`gleaner undo` takes it back");
    Ok(Exit::Done)
}

/// Puts a topic under another one, or under none.
pub(super) fn parent(typed: &str, parent: Option<&str>, context: &Context) -> anyhow::Result<Exit> {
    let mut store = context.open()?;
    // A heading need not be the topic of any group, and may itself stand under one that is none.
    let key = topic_key(typed);
    let topic = match store.read().children_of(&key)?.is_empty() {
        true => topic_named(&store, typed, context)?,
        false => key,
    };
    let now = context.config.now_text();
    let done = match parent {
        None => {
            let change = Change::new("topics parent", format!("{topic} under none"), &now);
            let tx = store.change(&change)?;
            if !tx.remove_parent(&topic)? {
                return Err(usage(format!("`{typed}` stands under no other topic")));
            }
            tx.commit()?;
            format!("`{}` stands under no other topic", style::single_line(&topic))
        }
        Some(parent) => {
            let above = topic_key(parent);
            if above.is_empty() {
                return Err(usage(format!("`{parent}` has no letters or digits to be a topic")));
            }
            let label = store.read().topic_label(&above)?.unwrap_or_else(|| single_spaced(parent));
            let change = Change::new("topics parent", format!("{topic} under {label}"), &now);
            let tx = store.change(&change)?;
            if !tx.set_parent(&topic, &above, &label, &now)? {
                return Err(usage(format!(
                    "`{typed}` can't stand under `{parent}`, which stands under it or too deep"
                )));
            }
            tx.commit()?;
            format!("`{}` stands under `{}`", style::single_line(&topic), style::single_line(&label))
        }
    };
    if context.terminal.is_json() {
        let above: Vec<String> = store.read().parents_of(&topic)?.into_iter().map(|(_, label)| label).collect();
        context.terminal.json(&json!({"topic": topic, "parents": above}))?;
    }
    context.terminal.done(done)?;
    Ok(Exit::Done)
}

/// Shows the topics that have others under them: a parent counts each group once that has it or one of those.
pub(super) fn tree(store: &crate::store::Store, period: &Period, context: &Context) -> anyhow::Result<Exit> {
    let terminal = &context.terminal;
    let read = store.read();
    let mut roots: Vec<TopicCount> = vec![];
    for (topic, label) in read.top_parents()? {
        let groups = read.count_groups_of_topics(&read.topics_under(&topic)?, period)?;
        roots.push(TopicCount { topic, label, groups });
    }
    roots.sort_by(|a, b| b.groups.cmp(&a.groups).then_with(|| a.topic.cmp(&b.topic)));
    let mut rows: Vec<(usize, TopicCount)> = vec![];
    let mut waiting: Vec<(usize, TopicCount)> = roots.into_iter().rev().map(|root| (0, root)).collect();
    while let Some((depth, topic)) = waiting.pop() {
        let mut children = vec![];
        for child in read.children_of(&topic.topic)? {
            if rows.iter().chain(&waiting).any(|(_, known)| known.topic == child) {
                continue;
            }
            let groups = read.count_groups_of_topics(&read.topics_under(&child)?, period)?;
            let label = read.topic_label(&child)?.unwrap_or_else(|| child.clone());
            children.push((depth + 1, TopicCount { topic: child, label, groups }));
        }
        children.sort_by(|a, b| a.1.groups.cmp(&b.1.groups).then_with(|| b.1.topic.cmp(&a.1.topic)));
        waiting.extend(children);
        rows.push((depth, topic));
    }
    if terminal.is_json() {
        let rows: Vec<_> = rows
            .iter()
            .map(|(depth, topic)| {
                json!({"topic": topic.topic, "label": topic.label, "groups": topic.groups, "depth": depth})
            })
            .collect();
        terminal.json(&json!({"topics": rows}))?;
        return Ok(Exit::Done);
    }
    for (depth, topic) in &rows {
        let label = style::single_line(&topic.label);
        let label = if *depth == 0 { style::bold(label) } else { label };
        terminal.line(format!("{:>7}  {}{label}", words::number(topic.groups), "  ".repeat(*depth)))?;
    }
    if rows.is_empty() {
        terminal.status("no topic stands under another");
        terminal.hint("`gleaner topics parent CHILD PARENT` puts one there");
    }
    Ok(Exit::Done)
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", style::single_line(text))
}
