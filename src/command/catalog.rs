//! `gleaner catalog …`: looking at the catalog, changing single entities, duplicates and proposals.

use anyhow::{Context as _, Result};
use serde_json::json;

use super::Context;
use super::unresolved::{changes, one_entity, report};
use crate::cli::catalog::{
    AliasArgs, AliasCommand, CatalogAcceptArgs, CatalogAddArgs, CatalogCommand, CatalogDedupeArgs, CatalogEditArgs,
    CatalogListArgs, CatalogMergeArgs, CatalogProposeArgs, CatalogSplitArgs,
};
use crate::error::{Exit, Explain as _, usage};
use crate::model::{Attributes, Entity, EntityId, EntityKey};
use crate::resolve::{Strictness, mention_key};
use crate::store::{Store, Tx};
use crate::terminal::bar::Unit;
use crate::terminal::style::{bold, dim, one_line};
use crate::terminal::words::{count, number};
use crate::workflow::decide::{self, About, Answer};
use crate::workflow::link::{self, Linker, Load};
use crate::workflow::{catalog, profile, relink};

/// Runs the command.
pub(super) fn run(command: &CatalogCommand, context: &Context) -> Result<Exit> {
    match command {
        CatalogCommand::List(args) => list(args, context),
        CatalogCommand::Show(args) => show(&args.entity, context),
        CatalogCommand::Add(args) => add(args, context),
        CatalogCommand::Edit(args) => edit(args, context),
        CatalogCommand::Remove(args) => remove(&args.entity, context),
        CatalogCommand::Alias(AliasCommand::Add(args)) => alias(args, true, context),
        CatalogCommand::Alias(AliasCommand::Remove(args)) => alias(args, false, context),
        CatalogCommand::Merge(args) => merge(args, context),
        CatalogCommand::Split(args) => split(args, context),
        CatalogCommand::Dedupe(args) => dedupe(args, context),
        CatalogCommand::Propose(args) => propose(args, context),
        CatalogCommand::Accept(args) => accept(args, context),
    }
}

fn list(args: &CatalogListArgs, context: &Context) -> Result<Exit> {
    let store = context.open()?;
    let rows = store.read().list_entities(&args.entity_type, &args.text, args.limit)?;
    let total = store.read().n_entities()?;
    if context.terminal.is_json() {
        context.terminal.json(&json!({"entities": rows, "total": total}))?;
        return Ok(Exit::Done);
    }
    for row in &rows {
        context.terminal.line(format!(
            "{}  {}",
            one_line(&row.name),
            dim(one_line(&format!("{}:{}  {}", row.entity_type, row.id, count(row.mentions, "mention"))))
        ))?;
    }
    context.terminal.status(format!("{} of {}", number(rows.len() as u64), count(total, "entity")));
    Ok(Exit::Done)
}

fn entity_of(store: &Store, typed: &str, context: &Context) -> Result<(EntityKey, Entity)> {
    let key = one_entity(store, typed, context)?;
    let entity = store.read().entity(key)?.context("the entity was removed meanwhile")?;
    Ok((key, entity))
}

fn show(typed: &str, context: &Context) -> Result<Exit> {
    let store = context.open()?;
    let (key, entity) = entity_of(&store, typed, context)?;
    let taught = store.read().taught(key)?;
    if context.terminal.is_json() {
        let taught: Vec<_> =
            taught.iter().map(|(mention, verdict)| json!({"mention": mention, "verdict": verdict})).collect();
        context.terminal.json(&json!({"entity": entity, "taught": taught}))?;
        return Ok(Exit::Done);
    }
    let terminal = &context.terminal;
    terminal.line(format!(
        "{}  {}",
        bold(one_line(&entity.name)),
        dim(one_line(&format!("{}:{}", entity.entity_type, entity.id)))
    ))?;
    for alias in &entity.aliases {
        terminal.line(format!("  also   {}", one_line(alias)))?;
    }
    for (name, value) in &entity.attributes {
        terminal.line(one_line(&format!("  {name}: {value}")))?;
    }
    for (mention, verdict) in &taught {
        terminal.line(one_line(&format!("  taught: `{mention}` {verdict} this")))?;
    }
    Ok(Exit::Done)
}

fn pairs(typed: &[String]) -> Result<Vec<(String, String)>> {
    let pair = |text: &String| match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => Ok((name.trim().to_owned(), value.trim().to_owned())),
        _ => Err(usage(format!("`{text}` is not NAME=VALUE"))),
    };
    typed.iter().map(pair).collect()
}

fn id_for(name: &str, given: Option<&String>) -> Result<EntityId> {
    let made = mention_key(name).replace(' ', "-");
    match given {
        Some(id) => Ok(EntityId::new(id.clone())),
        None if made.is_empty() => {
            Err(usage(format!("`{name}` has no letters to make an id of"))).hint("give one with `--id ID`")
        }
        None => Ok(EntityId::new(made)),
    }
}

fn add(args: &CatalogAddArgs, context: &Context) -> Result<Exit> {
    let entity = Entity {
        id: id_for(&args.name, args.id.as_ref())?,
        entity_type: args.entity_type.clone(),
        name: args.name.clone(),
        aliases: args.aliases.clone(),
        attributes: pairs(&args.attributes)?.into_iter().filter(|(_, value)| !value.is_empty()).collect(),
    };
    let mut store = context.open_or_create()?;
    change(&mut store, context, |tx, now| {
        if tx.read().entity_key(&entity.entity_type, &entity.id)?.is_some() {
            return Err(usage(format!("the catalog has a {} `{}` already", entity.entity_type, entity.id)))
                .hint("`gleaner catalog edit` changes it; another id is given with `--id ID`");
        }
        tx.load_entity(&entity, now)?;
        Ok(format!("added {}:{}", entity.entity_type, entity.id))
    })
}

fn edit(args: &CatalogEditArgs, context: &Context) -> Result<Exit> {
    let mut store = context.open()?;
    let (_, mut entity) = entity_of(&store, &args.entity, context)?;
    if let Some(name) = &args.name {
        entity.name.clone_from(name);
    }
    for (name, value) in pairs(&args.attributes)? {
        match value.is_empty() {
            true => entity.attributes.remove(&name),
            false => entity.attributes.insert(name, value),
        };
    }
    change(&mut store, context, |tx, now| {
        tx.load_entity(&entity, now)?;
        Ok(format!("changed {}:{}", entity.entity_type, entity.id))
    })
}

fn remove(typed: &str, context: &Context) -> Result<Exit> {
    let mut store = context.open()?;
    let (key, entity) = entity_of(&store, typed, context)?;
    change(&mut store, context, |tx, _| {
        tx.remove_entity(key)?;
        Ok(format!("removed {}:{}", entity.entity_type, entity.id))
    })
}

fn alias(args: &AliasArgs, is: bool, context: &Context) -> Result<Exit> {
    let mut store = context.open()?;
    let (key, _) = entity_of(&store, &args.entity, context)?;
    let about = About { mention: args.alias.clone(), entity_type: String::new(), hints: Attributes::new() };
    let answer = if is { Answer::Is(key) } else { Answer::Not(key) };
    let tx = store.write()?;
    let done = decide::decide(&tx, &about, &answer, &[], &context.config.now_text())?;
    tx.commit()?;
    report(done.relinked, context)
}

fn merge(args: &CatalogMergeArgs, context: &Context) -> Result<Exit> {
    let mut store = context.open()?;
    let (from_key, from) = entity_of(&store, &args.from, context)?;
    let (into_key, mut into) = entity_of(&store, &args.into, context)?;
    if from_key == into_key {
        return Err(usage("these are the same entity"));
    }
    for name in std::iter::once(from.name).chain(from.aliases) {
        if name != into.name && !into.aliases.contains(&name) {
            into.aliases.push(name);
        }
    }
    for (name, value) in from.attributes {
        into.attributes.entry(name).or_insert(value);
    }
    change(&mut store, context, |tx, now| {
        let moved = tx.move_links(from_key, into_key)?;
        tx.remove_entity(from_key)?;
        tx.load_entity(&into, now)?;
        Ok(format!("merged into {}:{}; {} moved", into.entity_type, into.id, count(moved, "mention")))
    })
}

fn split(args: &CatalogSplitArgs, context: &Context) -> Result<Exit> {
    let mut store = context.open()?;
    let (_, mut entity) = entity_of(&store, &args.entity, context)?;
    if let Some(missing) = args.aliases.iter().find(|alias| !entity.aliases.contains(alias)) {
        return Err(usage(format!("`{missing}` is not an alias of it")));
    }
    entity.aliases.retain(|alias| !args.aliases.contains(alias));
    let new = Entity {
        id: id_for(&args.aliases[0], args.id.as_ref())?,
        entity_type: entity.entity_type.clone(),
        name: args.aliases[0].clone(),
        aliases: args.aliases[1..].to_vec(),
        attributes: Attributes::new(),
    };
    change(&mut store, context, |tx, now| {
        if tx.read().entity_key(&new.entity_type, &new.id)?.is_some() {
            return Err(usage(format!("the catalog has a {} `{}` already", new.entity_type, new.id)))
                .hint("give another id with `--id ID`");
        }
        tx.load_entity(&entity, now)?;
        tx.load_entity(&new, now)?;
        Ok(format!("made {}:{}", new.entity_type, new.id))
    })
}

/// Changes the catalog in one transaction, keeps the name index true, and says what was done.
fn change(store: &mut Store, context: &Context, write: impl FnOnce(&Tx<'_>, &str) -> Result<String>) -> Result<Exit> {
    let tx = store.write()?;
    let done = write(&tx, &context.config.now_text())?;
    link::refresh(&tx)?;
    tx.commit()?;
    if context.terminal.is_json() {
        context.terminal.json(&json!({"done": done}))?;
    }
    context.terminal.status(&done);
    context.terminal.hint("`gleaner resolve --all` links the mentions of the whole database anew");
    Ok(Exit::Done)
}

fn dedupe(args: &CatalogDedupeArgs, context: &Context) -> Result<Exit> {
    let store = context.open()?;
    let read = store.read();
    let mut linker = Linker::open(read, Strictness::Default, Load::Many)?;
    let bar = context.terminal.bar(read.n_entities()?, Unit::Count, "comparing");
    let mut pairs = catalog::duplicates(read, &mut linker, args.entity_type.as_deref(), args.min_score, || bar.inc(1))?;
    drop(bar);
    let total = pairs.len();
    pairs.truncate(usize::try_from(args.limit).unwrap_or(usize::MAX));
    if context.terminal.is_json() {
        context.terminal.json(&json!({"pairs": pairs, "total": total}))?;
        return Ok(Exit::Done);
    }
    for pair in &pairs {
        context.terminal.line(format!(
            "{:>3.0} %  {} {}  =  {} {}",
            100.0 * pair.score,
            one_line(&pair.a.name),
            dim(one_line(&format!("{}:{}", pair.a.entity_type, pair.a.id))),
            one_line(&pair.b.name),
            dim(one_line(&format!("{}:{}", pair.b.entity_type, pair.b.id)))
        ))?;
    }
    context.terminal.status(format!("{} of {}", number(pairs.len() as u64), count(total as u64, "likely pair")));
    if total > 0 {
        context.terminal.hint("`gleaner catalog merge FROM INTO` makes one of two");
    }
    Ok(Exit::Done)
}

fn propose(args: &CatalogProposeArgs, context: &Context) -> Result<Exit> {
    let store = context.open()?;
    let mut proposals = catalog::propose(store.read(), args.min_count)?;
    let total = proposals.len() as u64;
    proposals.truncate(usize::try_from(args.limit).unwrap_or(usize::MAX));
    if context.terminal.is_json() {
        context.terminal.json(&json!({"proposals": proposals, "total": total}))?;
        return Ok(Exit::Done);
    }
    for proposal in &proposals {
        context.terminal.line(format!(
            "{:>6}  {}  {}",
            number(proposal.mentions),
            one_line(&proposal.name),
            dim(one_line(&format!("{} {}", proposal.entity_type, proposal.aliases.join(" | "))))
        ))?;
    }
    context.terminal.status(format!("{} of {}", number(proposals.len() as u64), count(total, "proposed entity")));
    if total > 0 {
        context.terminal.hint("`gleaner catalog accept --min-count N` makes those with N mentions or more real");
    }
    Ok(Exit::Done)
}

fn accept(args: &CatalogAcceptArgs, context: &Context) -> Result<Exit> {
    let mut store = context.open()?;
    let proposals = catalog::propose(store.read(), args.min_count)?;
    let now = context.config.now_text();
    let tx = store.write()?;
    let mut made = 0u64;
    for proposal in &proposals {
        let entity = proposal.entity();
        // One of this id was made before and is not linked to these mentions: a person decided otherwise.
        if tx.read().entity_key(&entity.entity_type, &entity.id)?.is_none() {
            tx.load_entity(&entity, &now)?;
            made += 1;
        }
    }
    link::refresh(&tx)?;
    let profile = profile::active(tx.read())?;
    let groups = tx.read().groups_with_mentions()?;
    let relinked = relink::groups(&tx, &profile, Strictness::Default, groups, Load::Many, || {})?;
    if !args.dry_run {
        tx.commit()?;
    }
    if context.terminal.is_json() {
        context.terminal.json(&json!({"entities": made, "relinked": relinked}))?;
        return Ok(Exit::Done);
    }
    let would = if args.dry_run { "would be " } else { "" };
    context.terminal.status(format!("{} {would}made; {}", count(made, "entity"), changes(relinked)));
    Ok(Exit::Done)
}
