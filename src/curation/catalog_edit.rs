//! Changes of single entities, each with what hangs on it: links, decisions, the name index. All in the caller's
//! transaction.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result};
use serde::Serialize;

use crate::curation::mentions;
use crate::error::{Explain as _, usage};
use crate::intake;
use crate::linking;
use crate::linking::relink::{self, Relinked};
use crate::model::{Attributes, Entity, EntityId, EntityKey, Target, Verdict, attribute_name};
use crate::resolve::mention_key;
use crate::store::{Read, StoredDecision, Tx};
use crate::terminal::words;
use crate::text::is_same;

/// Outcome of a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EntityEdit {
    /// `added`, `changed`, `removed`, `merged`, `split`, or `unchanged`.
    pub done: &'static str,
    /// The entity as it is now; of a removal, as it was; of a split, the new one.
    pub entity: Entity,
    /// Mentions whose link moved to it, or was lost with it.
    pub mentions: u64,
    /// Decisions that moved to it, hold again with it, or dangle without it.
    pub decisions: u64,
    /// Links made anew because of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relinked: Option<Relinked>,
}

impl EntityEdit {
    fn new(done: &'static str, entity: Entity) -> Self {
        Self { done, entity, mentions: 0, decisions: 0, relinked: None }
    }
}

/// Changes to an entity; what is not given stays.
#[derive(Clone, Debug, Default)]
pub struct Edit {
    /// The new preferred name.
    pub name: Option<String>,
    /// Attributes to set; an empty value removes one.
    pub attributes: Vec<(String, String)>,
    /// Aliases to add.
    pub aliases: Vec<String>,
    /// Aliases to remove.
    pub removed_aliases: Vec<String>,
}

/// Returns the id an entity gets where none is given.
pub fn id_for(name: &str, given: Option<&str>) -> Result<EntityId> {
    let made = mention_key(name).replace(' ', "-");
    match given {
        Some(id) => Ok(EntityId::new(id)),
        None if made.is_empty() => {
            Err(usage(format!("`{name}` has no letters or digits to make an id of"))).hint("give one with `--id ID`")
        }
        None => Ok(EntityId::new(made)),
    }
}

/// Adds an entity that is not there yet.
pub fn add(tx: &Tx<'_>, entity: &Entity, now: &str) -> Result<EntityEdit> {
    let entity = checked(entity)?;
    if tx.read().entity_key(&entity.entity_type, &entity.id)?.is_some() {
        return Err(usage(format!("the catalog has `{}:{}` already", entity.entity_type, entity.id)))
            .hint("`gleaner catalog edit` changes it; another id is given with `--id ID`");
    }
    let key = tx.load_entity(&entity, now)?.1;
    linking::refresh(tx)?;
    // What was decided about it before it was removed holds again.
    let decisions = decisions_about(tx.read(), key)?;
    let relinked = relink_decided(tx, &decisions)?;
    Ok(EntityEdit { decisions: decisions.len() as u64, relinked, ..EntityEdit::new("added", entity) })
}

/// Links anew what decisions are about that speak of another entity now, or of one again.
fn relink_decided(tx: &Tx<'_>, decisions: &[StoredDecision]) -> Result<Option<Relinked>> {
    if decisions.is_empty() {
        return Ok(None);
    }
    let keys = decisions.iter().map(|known| known.mention_key.clone()).collect();
    let (groups, _) = relink::affected(tx.read(), &keys)?;
    Ok(Some(mentions::relink(tx, groups)?.0))
}

/// Holds what was typed to the rules of a file.
fn checked(entity: &Entity) -> Result<Entity> {
    intake::typed_entity(entity).map_err(usage)
}

fn found(read: Read<'_>, key: EntityKey) -> Result<Entity> {
    read.entity(key)?.context("the entity was removed meanwhile")
}

fn target(entity: &Entity) -> Target {
    Target { entity_type: entity.entity_type.clone(), id: entity.id.clone() }
}

/// Changes an entity.
pub fn edit(tx: &Tx<'_>, key: EntityKey, edit: &Edit, now: &str) -> Result<EntityEdit> {
    let before = found(tx.read(), key)?;
    let mut entity = before.clone();
    if let Some(missing) = edit.removed_aliases.iter().find(|alias| !entity.aliases.contains(alias)) {
        return Err(no_alias(&entity, missing));
    }
    entity.aliases.retain(|alias| !edit.removed_aliases.contains(alias));
    entity.aliases.extend(edit.aliases.iter().cloned());
    if let Some(name) = &edit.name {
        entity.name.clone_from(name);
    }
    for (name, value) in &edit.attributes {
        let name = attribute_name(name);
        match value.is_empty() {
            true => entity.attributes.remove(&name),
            false => entity.attributes.insert(name, value.clone()),
        };
    }
    let mut entity = checked(&entity)?;
    entity.aliases.sort();
    if entity == before {
        return Ok(EntityEdit::new("unchanged", entity));
    }
    tx.load_entity(&entity, now)?;
    linking::refresh(tx)?;
    Ok(EntityEdit::new("changed", entity))
}

fn no_alias(entity: &Entity, alias: &str) -> anyhow::Error {
    let error = Err::<(), _>(usage(format!("`{alias}` is not an alias of {}", target(entity))));
    let hint = match entity.aliases.len() {
        0 => "it has none".to_owned(),
        n if n > 10 => format!("it has {}; `gleaner catalog show` lists them", words::count(n as u64, "alias")),
        _ => format!("it has {}", words::list(&entity.aliases, "and")),
    };
    match error.hint(hint) {
        Err(error) => error,
        Ok(()) => usage("not an alias of it"),
    }
}

/// Removes an entity. Its mentions keep their text, and decisions about it dangle until it is back.
pub fn remove(tx: &Tx<'_>, key: EntityKey) -> Result<EntityEdit> {
    let entity = found(tx.read(), key)?;
    let mut edit = EntityEdit::new("removed", entity);
    edit.mentions = tx.read().mentions_linked_to(key)?.len() as u64;
    edit.decisions = decisions_about(tx.read(), key)?.len() as u64;
    tx.remove_entity(key)?;
    linking::refresh(tx)?;
    Ok(edit)
}

fn decisions_about(read: Read<'_>, key: EntityKey) -> Result<Vec<StoredDecision>> {
    let mut all = read.stored_decisions()?;
    all.retain(|known| known.entity.as_ref().is_some_and(|(entity, _)| *entity == key));
    Ok(all)
}

/// Makes one entity of two: names, attributes that the second lacks, links, decisions and verdicts of audits move to
/// it.
pub fn merge(tx: &Tx<'_>, from: EntityKey, into: EntityKey, across_types: bool, now: &str) -> Result<EntityEdit> {
    if from == into {
        return Err(usage("both names are of the same entity"));
    }
    let (gone, mut entity) = (found(tx.read(), from)?, found(tx.read(), into)?);
    if !is_same(&gone.entity_type, &entity.entity_type) && !across_types {
        return Err(usage(format!("they are of two types, `{}` and `{}`", gone.entity_type, entity.entity_type)))
            .hint("`--across-types` merges them all the same; the second keeps its type");
    }
    for name in std::iter::once(gone.name).chain(gone.aliases) {
        if name != entity.name && !entity.aliases.contains(&name) {
            entity.aliases.push(name);
        }
    }
    for (name, value) in gone.attributes {
        entity.attributes.entry(name).or_insert(value);
    }
    linking::rekey(tx)?;
    let decisions = decisions_about(tx.read(), from)?;
    for known in &decisions {
        tx.retarget_decision(known.id, &target(&entity))?;
    }
    tx.drop_contradicted(&target(&entity))?;
    let mentions = tx.move_links(from, into)?;
    tx.remove_entity(from)?;
    tx.load_entity(&entity, now)?;
    linking::refresh(tx)?;
    // What is not the one is not the other now, and may be linked to it.
    let relinked = relink_decided(tx, &decisions)?;
    Ok(EntityEdit { mentions, decisions: decisions.len() as u64, relinked, ..EntityEdit::new("merged", entity) })
}

/// Makes two entities of one: some of its aliases, or of the names that were taught of it, become a new one. What was
/// taught about these names goes along, and mentions that are written so are linked anew.
pub fn split(tx: &Tx<'_>, key: EntityKey, names: &[String], id: Option<&str>, now: &str) -> Result<EntityEdit> {
    linking::rekey(tx)?;
    let mut entity = found(tx.read(), key)?;
    let taught: Vec<StoredDecision> = decisions_about(tx.read(), key)?
        .into_iter()
        .filter(|known| matches!(known.decision.verdict, Verdict::Is(_)))
        .collect();
    let mut parted: Vec<String> = vec![];
    for name in names {
        if *name == entity.name {
            return Err(usage(format!("`{name}` is its preferred name, which it keeps")))
                .hint("`gleaner catalog edit --name NAME --alias NAME` gives it another first");
        }
        let is_taught = taught.iter().any(|known| known.mention_key == mention_key(name));
        if !is_taught && !entity.aliases.contains(name) {
            return Err(no_alias(&entity, name));
        }
        if !parted.contains(name) {
            parted.push(name.clone());
        }
    }
    let [first, rest @ ..] = parted.as_slice() else { return Err(usage("no alias is given")) };
    entity.aliases.retain(|alias| !parted.contains(alias));
    let new = checked(&Entity {
        id: id_for(first, id)?,
        entity_type: entity.entity_type.clone(),
        name: first.clone(),
        aliases: rest.to_vec(),
        attributes: Attributes::new(),
    })?;
    if tx.read().entity_key(&new.entity_type, &new.id)?.is_some() {
        return Err(usage(format!("the catalog has `{}:{}` already", new.entity_type, new.id)))
            .hint("give another id with `--id ID`");
    }
    tx.load_entity(&entity, now)?;
    tx.load_entity(&new, now)?;
    let keys: BTreeSet<String> = parted.iter().map(|name| mention_key(name)).collect();
    let mut decisions = 0;
    for known in taught.iter().filter(|known| keys.contains(&known.mention_key)) {
        tx.retarget_decision(known.id, &target(&new))?;
        decisions += 1;
    }
    linking::refresh(tx)?;
    let linked = tx.read().mentions_linked_to(key)?;
    let groups = linked.into_iter().filter(|(_, text)| keys.contains(&mention_key(text))).map(|(group, _)| group);
    let (relinked, _) = mentions::relink(tx, groups.collect())?;
    Ok(EntityEdit { mentions: relinked.moved, decisions, relinked: Some(relinked), ..EntityEdit::new("split", new) })
}
