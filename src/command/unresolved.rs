//! `gleaner unresolved …`: the queue of unlinked mentions.

use serde_json::json;

use super::Context;
use super::explore::{day, percent, title};
use crate::cli::explore::{QueueArgs, ScopeArgs, UnresolvedArgs, UnresolvedCommand};
use crate::curation::mentions::{self, About, Answer, Case, Cases, Done};
use crate::error::{Exit, Explain as _, usage};
use crate::linking::relink::{Change, Changes, Relinked};
use crate::linking::typed_name::{SHOWN, one_entity};
use crate::model::{Attributes, Taught, Verdict, attribute_name};
use crate::store::active_profile;
use crate::store::explore::EntityHead;
use crate::store::{Store, Unresolved};
use crate::terminal::{style, words};

/// Groups shown of a mention.
const GROUPS: u64 = 3;

/// Runs the command.
pub(super) fn run(args: &UnresolvedArgs, context: &Context) -> anyhow::Result<Exit> {
    let mut store = context.open()?;
    match &args.command {
        None => list(&store, &args.queue, context),
        Some(UnresolvedCommand::Walk(queue)) => super::walk::run(&mut store, queue, context),
        Some(UnresolvedCommand::Accept { mention, entity, scope }) => {
            let entity = one_entity(&store, entity)?;
            decide_one(&mut store, &about(mention, scope)?, &Answer::Is(entity), context)
        }
        Some(UnresolvedCommand::Reject { mention, entity, scope }) => {
            let answer = match entity {
                Some(entity) => Answer::Not(one_entity(&store, entity)?),
                None => Answer::Nothing,
            };
            decide_one(&mut store, &about(mention, scope)?, &answer, context)
        }
        Some(UnresolvedCommand::New { mention, id, entity_type, name, mention_type, hints }) => {
            let mut entity = mentions::new_entity(mention, entity_type, id);
            if let Some(name) = name {
                entity.name.clone_from(name);
            }
            let scope = ScopeArgs { entity_type: mention_type.clone(), hints: hints.clone() };
            decide_one(&mut store, &about(mention, &scope)?, &Answer::New(entity), context)
        }
        Some(UnresolvedCommand::Undo { mention, scope }) => undo(&mut store, &about(mention, scope)?, context),
        Some(UnresolvedCommand::Decisions { mention, conflicts }) => {
            super::decisions::list(&store, mention.as_deref(), *conflicts, context)
        }
        Some(UnresolvedCommand::Export { queue, output }) => {
            super::spreadsheet::export(&store, queue, output.as_deref(), context)
        }
        Some(UnresolvedCommand::Import { file }) => super::spreadsheet::import(&mut store, file, context),
    }
}

/// Returns the cases of the queue, and the numbers of mentions and of different ones in it.
pub(super) fn cases(store: &Store, queue: &QueueArgs) -> anyhow::Result<(Vec<Case>, u64, u64)> {
    let snapshot = store.snapshot()?;
    let (mentions, n_mentions, n_different) = snapshot.read().unresolved(&queue.types, queue.limit)?;
    let mut open = Cases::open(snapshot.read())?;
    let cases = mentions.into_iter().map(|mention: Unresolved| open.case(mention, GROUPS, queue.candidates));
    Ok((cases.collect::<anyhow::Result<_>>()?, n_mentions, n_different))
}

fn list(store: &Store, queue: &QueueArgs, context: &Context) -> anyhow::Result<Exit> {
    let (cases, n_mentions, n_different) = cases(store, queue)?;
    let terminal = &context.terminal;
    if terminal.is_json() {
        terminal.json(&json!({"unresolved": cases, "mentions": n_mentions, "different": n_different}))?;
        return Ok(Exit::Done);
    }
    for case in &cases {
        for line in lines(case) {
            terminal.line(line)?;
        }
    }
    if cases.is_empty() {
        terminal.status("every mention is linked or decided about");
        return Ok(Exit::Done);
    }
    terminal.status(format!(
        "{} of {} that wait, in {}",
        cases.len(),
        words::count(n_different, "different name"),
        words::count(n_mentions, "mention")
    ));
    terminal.hint(
        "`gleaner unresolved walk` asks about one after the other; `unresolved export -o FILE.csv` makes a table",
    );
    Ok(Exit::Done)
}

/// A case in words: the mention, where it stands, who may be meant.
pub(super) fn lines(case: &Case) -> Vec<String> {
    let hints: Vec<String> = case.hints.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    let mut lines = vec![format!(
        "{:>5}  {}  {}",
        words::number(case.mention.mentions),
        style::bold(style::single_line(&case.mention.mention)),
        style::dim(style::single_line(&format!("{} {}", case.mention.entity_type, hints.join(", "))))
    )];
    for group in &case.groups {
        lines.push(style::dim(format!(
            "       in {}  {}  {}",
            day(group.at.as_deref()),
            title(group),
            style::single_line(group.id.as_str())
        )));
    }
    for (i, candidate) in case.candidates.iter().enumerate() {
        lines.push(format!(
            "       {}  {}  {}  {}",
            i + 1,
            style::cyan(style::single_line(&candidate.entity.name)),
            percent(candidate.score),
            style::dim(style::single_line(&format!("{}:{}", candidate.entity.entity_type, candidate.entity.id)))
        ));
    }
    lines
}

/// Reads what a decision is about.
pub(super) fn about(mention: &str, scope: &ScopeArgs) -> anyhow::Result<About> {
    let hints = hints(&scope.hints)?;
    Ok(About { mention: mention.to_owned(), entity_type: scope.entity_type.clone().unwrap_or_default(), hints })
}

/// Reads hints as they are typed, `team=KC`.
pub(super) fn hints(typed: &[String]) -> anyhow::Result<Attributes> {
    let mut hints = Attributes::new();
    for hint in typed {
        let Some((name, value)) =
            hint.split_once('=').filter(|(name, value)| !name.trim().is_empty() && !value.trim().is_empty())
        else {
            return Err(usage(format!("`{hint}` is not a hint"))).hint("a hint is NAME=VALUE, as in `--hint team=KC`");
        };
        hints.insert(attribute_name(name), value.trim().to_owned());
    }
    Ok(hints)
}

fn decide_one(store: &mut Store, about: &About, answer: &Answer, context: &Context) -> anyhow::Result<Exit> {
    let tx = store.write()?;
    let done = mentions::decide(&tx, about, answer, &context.config.now_text())?;
    tx.commit()?;
    report_one(store, about, &done, context)
}

fn undo(store: &mut Store, about: &About, context: &Context) -> anyhow::Result<Exit> {
    let tx = store.write()?;
    let Some(done) = mentions::forget(&tx, about)? else {
        return Err(usage(format!("nothing was decided about `{}`", words::shorten(&about.mention, SHOWN))))
            .hint("`gleaner unresolved decisions` lists what was, with its scope");
    };
    tx.commit()?;
    report(store, &done, context)
}

/// Says what came of a decision, and what stands against it.
pub(super) fn report_one(store: &Store, about: &About, done: &Done, context: &Context) -> anyhow::Result<Exit> {
    let exit = report(store, done, context)?;
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
pub(super) fn report(store: &Store, done: &Done, context: &Context) -> anyhow::Result<Exit> {
    let terminal = &context.terminal;
    if terminal.is_json() {
        let mut value = serde_json::to_value(done.relinked)?;
        value["mentions"] = done.mentions.into();
        value["replaced"] = json!(done.replaced.iter().map(|known| taught_json(&known.taught)).collect::<Vec<_>>());
        if terminal.is_verbose() {
            value["changes"] = json!(done.changes.named(store.read())?);
        }
        terminal.json(&value)?;
    } else {
        show_changes(store, &done.changes, context)?;
    }
    for known in &done.replaced {
        terminal.status(format!("no longer holds: {}", sentence(&known.taught)));
    }
    if done.mentions == 0 && done.n_decisions() > 0 {
        terminal.status("saved; no mention is called so yet, it holds for those to come");
    } else {
        terminal.status(format!("saved; {}", changes(done.relinked)));
    }
    if !done.created.is_empty() {
        terminal.hint("`gleaner resolve --all` links other mentions to the new entity, too");
    }
    Ok(Exit::Done)
}

/// Lists what changed, with `-v`.
pub(super) fn show_changes(store: &Store, changes: &Changes, context: &Context) -> anyhow::Result<()> {
    if context.terminal.is_verbose() { show_named(&changes.named(store.read())?, context) } else { Ok(()) }
}

/// Lists changes, a line each.
pub(super) fn show_named(changes: &[Change], context: &Context) -> anyhow::Result<()> {
    for change in changes {
        let name = |entity: &Option<EntityHead>| match entity {
            Some(e) => format!("{} ({}:{})", words::shorten(&e.name, SHOWN), e.entity_type, e.id),
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
pub(super) fn sentence(taught: &Taught) -> String {
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
    style::single_line(&sentence)
}

/// A decision as JSON, as it also stands in an export of the catalog.
fn taught_json(taught: &Taught) -> serde_json::Value {
    crate::explore::export::decision(taught)
}

/// The links that changed, in words.
pub(super) fn changes(relinked: Relinked) -> String {
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
