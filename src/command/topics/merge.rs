//! `gleaner topics merge` and `alias`: which topics are one.

use serde_json::json;

use crate::cli::topics::TopicAliasCommand;
use crate::command::Context;
use crate::error::{Exit, Explain as _, usage};
use crate::store::{Change, TopicVerdict};
use crate::terminal::{style, words};
use crate::text::topic_key;

pub(crate) fn merge(typed: &[String], context: &Context) -> anyhow::Result<Exit> {
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
    let label = target.split_whitespace().collect::<Vec<_>>().join(" ");
    let into = topic_key(target);
    let change = Change::new("topics merge", format!("{} into {label}", sources.join(", ")), &now);
    let tx = store.change(&change)?;
    // Written as the answers write it, unless nobody does.
    let label = tx.read().topic_label(&into)?.unwrap_or(label);
    let mut merged = vec![];
    let keys: Vec<String> = sources.iter().map(|source| topic_key(source)).collect();
    // The target may be named among those that become it.
    if into.is_empty() || keys.iter().all(|key| *key == into) {
        return Err(usage(format!("`{}` can't become `{target}`: it is the same topic", sources.join(" "))));
    }
    if let Some(at) = keys.iter().position(String::is_empty) {
        return Err(usage(format!("`{}` has no letters or digits to be a topic", sources[at])));
    }
    for key in keys.into_iter().filter(|key| *key != into) {
        let n = tx.merge_topic(&key, &into, &label, &now)?;
        merged.push(json!({"topic": key, "groups": n}));
        if n == 0 {
            context.terminal.warn(format!(
                "no group has the topic `{}`; what was said holds for later imports, and `gleaner undo` takes it back",
                style::single_line(&key)
            ));
        }
        context.terminal.done(format!(
            "`{}` is now `{}` in {}, and in every later import",
            style::single_line(&key),
            style::single_line(&label),
            words::count(n, "group")
        ))?;
    }
    tx.commit()?;
    if context.terminal.is_json() {
        context.terminal.json(&json!({"target": into, "label": label, "merged": merged}))?;
    }
    Ok(Exit::Done)
}

pub(crate) fn alias(command: &TopicAliasCommand, context: &Context) -> anyhow::Result<Exit> {
    let terminal = &context.terminal;
    match command {
        TopicAliasCommand::Add { alias, topic } => merge(&[alias.clone(), topic.clone()], context),
        TopicAliasCommand::Remove { alias } => {
            let mut store = context.open()?;
            let change = Change::new("topics alias remove", alias.as_str(), &context.config.now_text());
            let tx = store.change(&change)?;
            let Some(n) = tx.unmerge_topic(&topic_key(alias))? else {
                return Err(usage(format!("`{alias}` was not made another topic")))
                    .hint("`gleaner topics alias list` shows what was");
            };
            tx.commit()?;
            if terminal.is_json() {
                terminal.json(&json!({"topic": topic_key(alias), "groups": n}))?;
            }
            terminal.done(format!(
                "`{}` is a topic of its own again in {}",
                style::single_line(&topic_key(alias)),
                words::count(n, "group")
            ))?;
            if n == 0 {
                terminal.hint("`gleaner rebuild` brings back from the answers what was dropped");
            }
            Ok(Exit::Done)
        }
        TopicAliasCommand::List => {
            let decisions = context.open()?.read().topic_decisions()?;
            if terminal.is_json() {
                terminal.json(&json!({"decisions": decisions}))?;
                return Ok(Exit::Done);
            }
            for decision in &decisions {
                let sign = match decision.verdict {
                    TopicVerdict::Is => "is",
                    TopicVerdict::Not => "is not",
                    TopicVerdict::Parent => "stands under",
                    TopicVerdict::Drop => "is dropped",
                };
                terminal.line(format!(
                    "{}  {}  {}",
                    style::single_line(&decision.topic),
                    style::dim(sign),
                    style::single_line(&decision.label)
                ))?;
            }
            terminal.status(words::count(decisions.len() as u64, "decision"));
            Ok(Exit::Done)
        }
    }
}
