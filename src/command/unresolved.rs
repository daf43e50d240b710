//! `gleaner unresolved …`: the queue of unlinked mentions.

use serde_json::json;

use super::Context;
use super::entities::entity_named;
use super::explore::{day, percent, title};
use crate::cli::explore::{QueueArgs, ScopeArgs, UnresolvedArgs, UnresolvedCommand};
use crate::error::{Exit, Explain as _, usage};
use crate::model::{Attributes, EntityKey};
use crate::store::{Store, Unresolved};
use crate::terminal::{style, words};
use crate::workflow::decide::{self, About, Answer, Case, Cases};
use crate::workflow::relink::Relinked;

/// Groups shown of a mention.
const GROUPS: u64 = 3;

/// Runs the command.
pub(super) fn run(args: &UnresolvedArgs, context: &Context) -> anyhow::Result<Exit> {
    let mut store = context.open()?;
    match &args.command {
        None => list(&store, &args.queue, context),
        Some(UnresolvedCommand::Walk(queue)) => super::walk::run(&mut store, queue, context),
        Some(UnresolvedCommand::Accept { mention, entity, scope }) => {
            let entity = one_entity(&store, entity, context)?;
            decide_one(&mut store, &about(mention, scope)?, &Answer::Is(entity), context)
        }
        Some(UnresolvedCommand::Reject { mention, entity, scope }) => {
            let answer = match entity {
                Some(entity) => Answer::Not(one_entity(&store, entity, context)?),
                None => Answer::Nothing,
            };
            decide_one(&mut store, &about(mention, scope)?, &answer, context)
        }
        Some(UnresolvedCommand::New { mention, id, entity_type, name }) => {
            let mut entity = decide::new_entity(mention, entity_type, id);
            if let Some(name) = name {
                entity.name.clone_from(name);
            }
            decide_one(&mut store, &about(mention, &ScopeArgs::default())?, &Answer::New(entity), context)
        }
        Some(UnresolvedCommand::Undo { mention }) => undo(&mut store, mention, context),
        Some(UnresolvedCommand::Export { queue, output }) => {
            super::spreadsheet::export(&store, queue, output.as_deref(), context)
        }
        Some(UnresolvedCommand::Import { file }) => super::spreadsheet::import(&mut store, file, context),
    }
}

/// Returns the cases of the queue, and the numbers of mentions and of different ones in it.
pub(super) fn cases(store: &Store, queue: &QueueArgs) -> anyhow::Result<(Vec<Case>, u64, u64)> {
    let (mentions, n_mentions, n_different) = store.read().unresolved(&queue.types, queue.limit)?;
    let mut open = Cases::open(store.read())?;
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
        style::bold(style::one_line(&case.mention.mention)),
        style::dim(style::one_line(&format!("{} {}", case.mention.entity_type, hints.join(", "))))
    )];
    for group in &case.groups {
        lines.push(style::dim(format!(
            "       in {}  {}  {}",
            day(group.at.as_deref()),
            title(group),
            style::one_line(group.id.as_str())
        )));
    }
    for (i, candidate) in case.candidates.iter().enumerate() {
        lines.push(format!(
            "       {}  {}  {}  {}",
            i + 1,
            style::cyan(style::one_line(&candidate.entity.name)),
            percent(candidate.score),
            style::dim(style::one_line(&format!("{}:{}", candidate.entity.entity_type, candidate.entity.id)))
        ));
    }
    lines
}

fn about(mention: &str, scope: &ScopeArgs) -> anyhow::Result<About> {
    let mut hints = Attributes::new();
    for hint in &scope.hints {
        let Some((name, value)) = hint.split_once('=').filter(|(name, value)| !name.is_empty() && !value.is_empty())
        else {
            return Err(usage(format!("`{hint}` is not a hint"))).hint("a hint is NAME=VALUE, as in `--hint team=KC`");
        };
        hints.insert(name.to_owned(), value.to_owned());
    }
    Ok(About { mention: mention.to_owned(), entity_type: scope.entity_type.clone().unwrap_or_default(), hints })
}

/// Returns the one entity that is named, or an error that tells them apart.
pub(super) fn one_entity(store: &Store, name: &str, context: &Context) -> anyhow::Result<EntityKey> {
    let found = entity_named(store, name, &[], context)?;
    match found.as_slice() {
        [one] => Ok(one.entity.key),
        _ => {
            let ids: Vec<String> =
                found.iter().map(|row| format!("{}:{}", row.entity.entity_type, row.entity.id)).collect();
            Err(usage(format!("`{name}` names several entities")))
                .hint(format!("name it as {}", words::list(&ids, "or")))
        }
    }
}

fn decide_one(store: &mut Store, about: &About, answer: &Answer, context: &Context) -> anyhow::Result<Exit> {
    let tx = store.write()?;
    let done = decide::decide(&tx, about, answer, &[], &context.config.now_text())?;
    tx.commit()?;
    report(done.relinked, context)
}

fn undo(store: &mut Store, mention: &str, context: &Context) -> anyhow::Result<Exit> {
    let tx = store.write()?;
    let Some(relinked) = decide::forget(&tx, mention)? else {
        return Err(usage(format!("nothing was decided about `{mention}`")));
    };
    tx.commit()?;
    report(relinked, context)
}

/// Says what came of decisions.
pub(super) fn report(relinked: Relinked, context: &Context) -> anyhow::Result<Exit> {
    if context.terminal.is_json() {
        context.terminal.json(&relinked)?;
    }
    context.terminal.status(format!("saved; {}", changes(relinked)));
    Ok(Exit::Done)
}

/// The links that changed, in words.
pub(super) fn changes(relinked: Relinked) -> String {
    format!(
        "{} changed in {}: {} linked, {} unlinked",
        words::count(relinked.changed, "mention"),
        words::count(relinked.groups, "group"),
        words::number(relinked.linked),
        words::number(relinked.unlinked)
    )
}
