//! Decisions and the links that follow from them, in words.

use serde_json::json;

use crate::command::Context;
use crate::curation::mentions::{About, Choice, Done};
use crate::error::Exit;
use crate::linking::relink::{Changes, LinkChange, Relinked};
use crate::linking::typed_name::SHOWN;
use crate::model::{Decision, EntityId, EntityKey, Target, Verdict, typed_id};
use crate::store::explore::EntityHead;
use crate::store::{Store, active_profile};
use crate::terminal::{style, words};
use crate::text::nearest;

/// Says what came of a decision, and what stands against it.
pub(crate) fn report_one(store: &Store, about: &About, done: &Done, context: &Context) -> anyhow::Result<Exit> {
    let exit = report(store, done, context)?;
    if done.mentions == 0 && done.n_decisions() > 0 {
        let mut queue = vec![];
        store.read().each_unresolved(|_, mention, _| {
            queue.push(mention.to_owned());
            Ok(())
        })?;
        if let Some(meant) = nearest(&about.mention, &queue) {
            let meant = words::shorten(meant, SHOWN);
            context.terminal.hint(format!("did you mean `{meant}`? `gleaner undo` takes this back"));
        }
    }
    if !about.entity_type.is_empty() {
        let profile = active_profile::active(store.read())?;
        if profile.entity_type(&about.entity_type).is_none() && done.mentions == 0 {
            let known: Vec<&str> = profile.types.iter().map(|known| known.name.as_str()).collect();
            context.terminal.warn(format!("no mention is of the type `{}`", about.entity_type));
            context.terminal.hint(format!("the active profile has {}", words::list(&known, "and")));
        }
    }
    super::decisions::warn_about(store, &about.mention, context)?;
    Ok(exit)
}

/// Says what came of decisions.
pub(crate) fn report(store: &Store, done: &Done, context: &Context) -> anyhow::Result<Exit> {
    let terminal = &context.terminal;
    if terminal.is_json() {
        let mut value = serde_json::to_value(done.relinked)?;
        value["mentions"] = done.mentions.into();
        value["replaced"] = json!(done.replaced.iter().map(|known| taught_json(&known.decision)).collect::<Vec<_>>());
        if terminal.is_verbose() {
            value["changes"] = json!(done.changes.named(store.read())?);
        }
        terminal.json(&value)?;
    } else {
        show_changes(store, &done.changes, context)?;
    }
    for known in &done.replaced {
        terminal.done(format!("no longer holds: {}", sentence(&known.decision)))?;
    }
    if done.mentions == 0 && done.n_decisions() > 0 {
        terminal.done("saved; no mention is called so yet, it holds for those to come")?;
    } else {
        terminal.done(format!("saved; {}", changes(done.relinked)))?;
    }
    if !done.created.is_empty() {
        terminal.hint("`gleaner resolve --all` links other mentions to the new entity, too");
    }
    Ok(Exit::Done)
}

/// Hints at the way back where a decision took links from others: it reaches all mentions of that name, not only those
/// that wait.
pub(super) fn hint_if_moved(done: &Done, narrower: &str, context: &Context) {
    if done.relinked.moved + done.relinked.unlinked > 0 {
        context.terminal.hint(format!("links that stood have changed, too: `gleaner undo` takes it back; {narrower}"));
    }
}

/// Lists what changed, with `-v`.
pub(crate) fn show_changes(store: &Store, changes: &Changes, context: &Context) -> anyhow::Result<()> {
    if context.terminal.is_verbose() { show_named(&changes.named(store.read())?, context) } else { Ok(()) }
}

/// Lists changes, a line each.
pub(crate) fn show_named(changes: &[LinkChange], context: &Context) -> anyhow::Result<()> {
    for change in changes {
        let name = |entity: &Option<EntityHead>| match entity {
            Some(e) => format!("{} ({})", words::shorten(&e.name, SHOWN), typed_id(&e.entity_type, &e.id)),
            None => "nothing".to_owned(),
        };
        let after = if change.outcome == "ambiguous" { "ambiguous".to_owned() } else { name(&change.after) };
        let mention = words::shorten(&change.mention, SHOWN);
        let what = format!("`{mention}` {}: {} -> {after}", change.entity_type, name(&change.before));
        context.terminal.line(format!("{:>6}  {}", words::number(change.mentions), style::single_line(&what)))?;
    }
    Ok(())
}

/// A decision in words: `` `KC` is team:chiefs where team=KC ``.
pub(crate) fn sentence(taught: &Decision) -> String {
    let mut sentence = format!("`{}`", words::shorten(&taught.mention, SHOWN));
    if !taught.mention_type.is_empty() {
        sentence.push_str(&format!(" ({})", taught.mention_type));
    }
    match &taught.verdict {
        Verdict::Is(target) => sentence.push_str(&format!(" is {target}")),
        Verdict::Not(target) => sentence.push_str(&format!(" is not {target}")),
        Verdict::Nothing => sentence.push_str(" is none of the catalog"),
    }
    let hints: Vec<String> = taught.hints.iter().map(|(name, value)| format!("{name}={value}")).collect();
    if !hints.is_empty() {
        sentence.push_str(&format!(" where {}", hints.join(" and ")));
    }
    if taught.only_unlinked {
        sentence.push_str(" where nothing else links it");
    }
    style::single_line(&sentence)
}

/// Decision about to be made, in words, as `history` lists it.
pub(crate) fn in_words(store: &Store, about: &About, answer: &Choice) -> anyhow::Result<String> {
    let target = |key: EntityKey| {
        let found = store.read().entity_name(key)?;
        Ok::<_, anyhow::Error>(found.map(|(id, entity_type, _)| Target { entity_type, id: EntityId::new(id) }))
    };
    let verdict = match answer {
        Choice::Is(key) => target(*key)?.map(Verdict::Is),
        Choice::Not(key) => target(*key)?.map(Verdict::Not),
        Choice::Nothing => Some(Verdict::Nothing),
        Choice::New(entity) => {
            Some(Verdict::Is(Target { entity_type: entity.entity_type.clone(), id: entity.id.clone() }))
        }
    };
    Ok(sentence(&Decision {
        mention: about.mention.clone(),
        mention_type: about.entity_type.clone(),
        hints: about.hints.clone(),
        only_unlinked: about.only_unlinked,
        verdict: verdict.unwrap_or(Verdict::Nothing),
        decided_at: None,
    }))
}

/// A decision as JSON, as it also stands in an export of the catalog.
fn taught_json(taught: &Decision) -> serde_json::Value {
    crate::explore::export::decision(taught)
}

/// The links that changed, in words.
pub(crate) fn changes(relinked: Relinked) -> String {
    let mut parts = vec![
        format!("{} linked", words::number(relinked.linked)),
        format!("{} unlinked", words::number(relinked.unlinked)),
    ];
    if relinked.moved > 0 {
        parts.push(format!("{} moved to another entity", words::number(relinked.moved)));
    }
    let rest = relinked.changed - relinked.linked - relinked.unlinked - relinked.moved;
    if rest > 0 {
        parts.push(format!("{} not linked for another reason than before", words::number(rest)));
    }
    format!(
        "{} changed in {} looked at: {}",
        words::count(relinked.changed, "mention"),
        words::count(relinked.groups, "group"),
        parts.join(", ")
    )
}
