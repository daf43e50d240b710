//! The catalog into files: entities, and decisions beside them, as `load entities` reads them.

use std::collections::BTreeSet;
use std::io::Write;

use serde_json::{Value as Json, json};

use super::cell;
use crate::model::Decision;
use crate::report::csv::{Cell, Rows};
use crate::store::{Read, TopicDecision};

/// Columns of a catalog that are no attributes.
pub(super) const CATALOG: [&str; 4] = ["id", "type", "name", "aliases"];

/// Columns of a decision beside an entity's: a row has the ones or the others.
const DECISION: [&str; 8] =
    ["decision", "mention", "mention_type", "hints", "only_unlinked", "target_type", "target_id", "decided_at"];

/// Columns of a decision about topics beside those of one about a mention.
const TOPIC_DECISION: [&str; 2] = ["topic", "topic_target"];

/// Entities in the order of their keys and decisions in the order in which they were made: loaded into an empty
/// database they link as they do here.
pub(super) fn catalog_lines(read: Read<'_>, mut out: &mut dyn Write) -> anyhow::Result<u64> {
    let mut n = 0;
    read.each_entity(|_, entity| {
        n += 1;
        serde_json::to_writer(&mut out, &entity)?;
        Ok(out.write_all(b"\n")?)
    })?;
    for known in read.stored_decisions()? {
        n += 1;
        serde_json::to_writer(&mut out, &decision(&known.decision))?;
        out.write_all(b"\n")?;
    }
    for known in read.topic_decisions()? {
        n += 1;
        serde_json::to_writer(&mut out, &topic_decision(&known))?;
        out.write_all(b"\n")?;
    }
    Ok(n)
}

/// The same as a table: every attribute a column, except those that are called as another column is.
pub(super) fn catalog_table(read: Read<'_>, mut out: &mut dyn Write) -> anyhow::Result<u64> {
    let mut names = BTreeSet::new();
    read.each_entity(|_, entity| {
        names.extend(entity.attributes.into_keys());
        Ok(())
    })?;
    let decisions = read.stored_decisions()?;
    let topics = read.topic_decisions()?;
    let mut own: Vec<&str> = if decisions.is_empty() && topics.is_empty() { vec![] } else { DECISION.to_vec() };
    if !topics.is_empty() {
        own.extend(TOPIC_DECISION);
    }
    names.retain(|name| !CATALOG.contains(&name.as_str()) && !own.contains(&name.as_str()) && name != "attributes");
    let heads: Vec<&str> = CATALOG.into_iter().chain(names.iter().map(String::as_str)).chain(own.clone()).collect();
    let mut rows = Rows::new(&mut out, &heads)?;
    let mut n = 0;
    read.each_entity(|_, entity| {
        n += 1;
        let mut row = vec![
            Cell::Text(entity.id.as_str()),
            Cell::Text(&entity.entity_type),
            Cell::Text(&entity.name),
            Cell::Owned(aliases_cell(&entity.aliases)),
        ];
        row.extend(names.iter().map(|name| Cell::Opt(entity.attributes.get(name).map(String::as_str))));
        row.extend(own.iter().map(|_| Cell::Opt(None)));
        rows.row(&row)
    })?;
    let records: Vec<Json> =
        decisions.iter().map(|known| decision(&known.decision)).chain(topics.iter().map(topic_decision)).collect();
    for record in &records {
        n += 1;
        let mut row = vec![Cell::Opt(None); CATALOG.len() + names.len()];
        row.extend(own.iter().map(|name| match &record[*name] {
            Json::Object(hints) => Cell::Owned(json!(hints).to_string()),
            other => cell(other),
        }));
        rows.row(&row)?;
    }
    rows.finish()?;
    Ok(n)
}

/// Other names in one cell, with `|` between them; as a JSON list where a name has `|` in it, or looks like such a
/// list.
fn aliases_cell(aliases: &[String]) -> String {
    match aliases.iter().any(|alias| alias.contains('|') || alias.starts_with('[')) {
        true => json!(aliases).to_string(),
        false => aliases.join("|"),
    }
}

/// A decision as it stands beside the entities of a catalog.
pub fn decision(taught: &Decision) -> Json {
    let target = taught.verdict.target();
    let mut record = json!({"decision": taught.verdict.as_str(), "mention": taught.mention});
    if !taught.mention_type.is_empty() {
        record["mention_type"] = json!(taught.mention_type);
    }
    if !taught.hints.is_empty() {
        record["hints"] = json!(taught.hints);
    }
    if taught.only_unlinked {
        record["only_unlinked"] = json!(true);
    }
    if let Some(target) = target {
        record["target_type"] = json!(target.entity_type);
        record["target_id"] = json!(target.id);
    }
    if let Some(at) = &taught.decided_at {
        record["decided_at"] = json!(at);
    }
    record
}

/// A decision about topics as it stands beside the entities of a catalog.
fn topic_decision(known: &TopicDecision) -> Json {
    json!({
        "decision": known.verdict.as_str(),
        "topic": known.topic,
        "topic_target": known.label,
        "decided_at": known.decided_at,
    })
}
