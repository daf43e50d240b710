//! `gleaner unresolved decisions`: what people decided about mentions, and what is at odds in it.

use serde_json::json;

use crate::command::Context;
use crate::curation::decisions::{self, Listed};
use crate::error::Exit;
use crate::linking::typed_name::SHOWN;
use crate::model::typed_id;
use crate::resolve::mention_key;
use crate::store::Store;
use crate::terminal::style::{bold, dim, single_line, yellow};
use crate::terminal::words;

/// Lists decisions: all, those about a mention, or those that something is to be said of.
pub(super) fn list(store: &Store, mention: Option<&str>, odd: bool, context: &Context) -> anyhow::Result<Exit> {
    let terminal = &context.terminal;
    let mut all = decisions::all(store.read())?;
    let total = all.len() as u64;
    if let Some(mention) = mention {
        let key = mention_key(mention);
        all.retain(|decision| mention_key(&decision.mention) == key);
    }
    let n_odd = all.iter().filter(|decision| is_odd(decision)).count() as u64;
    if odd {
        all.retain(is_odd);
    }
    if terminal.is_json() {
        terminal.json(&json!({"decisions": all, "total": total, "odd": n_odd}))?;
        return Ok(Exit::Done);
    }
    for decision in &all {
        terminal.line(format!(
            "{:>5}  {}  {}",
            decision.id,
            single_line(&sentence(decision)),
            dim(single_line(decision.decided_at.as_deref().unwrap_or_default()))
        ))?;
        for remark in remarks(decision) {
            terminal.line(format!("       {}", yellow(single_line(&remark))))?;
        }
    }
    let shown = words::number(all.len() as u64);
    terminal.status(format!("{shown} of {}", words::count(total, "decision")));
    if n_odd > 0 {
        terminal.hint(
            "`gleaner unresolved undo MENTION --type TYPE --hint NAME=VALUE` takes back what holds in that scope",
        );
    }
    Ok(Exit::Done)
}

/// Warns where what was just decided about a mention is at odds with something.
pub(super) fn warn_about(store: &Store, mention: &str, context: &Context) -> anyhow::Result<()> {
    for decision in decisions::about(store.read(), &mention_key(mention))? {
        for remark in remarks(&decision) {
            context.terminal.warn(single_line(&format!("{}: {remark}", sentence(&decision))));
        }
    }
    Ok(())
}

fn is_odd(decision: &Listed) -> bool {
    decision.is_dangling || !decision.conflicts.is_empty() || !decision.namesakes.is_empty()
}

fn sentence(decision: &Listed) -> String {
    let target = match (&decision.target_type, &decision.target_id) {
        (Some(entity_type), Some(id)) => typed_id(entity_type, id),
        _ => String::new(),
    };
    let what = match decision.decision {
        "is" => format!("is {target}"),
        "not" => format!("is not {target}"),
        _ => "is none of the catalog".to_owned(),
    };
    let mut scope: Vec<String> = decision.mention_type.iter().map(|word| format!("type {word}")).collect();
    scope.extend(decision.hints.iter().map(|(name, value)| format!("{name}={value}")));
    if decision.only_unlinked {
        scope.push("nothing else links it".to_owned());
    }
    let scope = if scope.is_empty() { String::new() } else { format!(" where {}", scope.join(" and ")) };
    let name = decision.name.as_ref().map_or(String::new(), |name| format!(" ({})", words::shorten(name, SHOWN)));
    format!("{} {what}{name}{scope}", bold(format!("`{}`", single_line(&words::shorten(&decision.mention, SHOWN)))))
}

fn remarks(decision: &Listed) -> Vec<String> {
    let mut remarks = vec![];
    if decision.is_dangling {
        remarks.push("dangling: the catalog does not have that entity".to_owned());
    }
    for conflict in &decision.conflicts {
        let counts = if conflict.counts == decision.id { "this one".to_owned() } else { conflict.counts.to_string() };
        remarks.push(format!("at odds with decision {}; where both hold, {counts} counts", conflict.with));
    }
    if !decision.namesakes.is_empty() {
        let ids: Vec<String> = decision.namesakes.iter().map(|e| typed_id(&e.entity_type, &e.id)).collect();
        remarks.push(format!("in the catalog it is also a name of {}", words::list(&ids, "and")));
    }
    remarks
}
