//! `gleaner catalog list` and `show`.

use std::collections::HashMap;

use anyhow::{Context as _, Result};
use serde_json::json;

use crate::cli::catalog::CatalogListArgs;
use crate::cli::page::SortArg;
use crate::command::Context;
use crate::command::known_types::check_catalog_types;
use crate::command::named::entity_named;
use crate::command::page::{Key, Page};
use crate::command::unresolved::report::sentence;
use crate::error::Exit;
use crate::explore::export;
use crate::linking::typed_name::{SHOWN, one_entity};
use crate::model::{EntityId, facts, typed_id};
use crate::store::{EntityRow, Store};
use crate::terminal::style::{bold, dim, single_line};
use crate::terminal::words::{count, shorten};
use crate::text::fold;

pub(crate) fn list(args: &CatalogListArgs, context: &Context) -> Result<Exit> {
    let page = Page::new(&args.page, &[SortArg::Name, SortArg::Count, SortArg::Type, SortArg::Id])?;
    let store = context.open()?;
    if !args.entity_type.is_empty() {
        check_catalog_types(store.read(), std::slice::from_ref(&args.entity_type))?;
    }
    let (rows, total) = store.read().list_entities(&args.entity_type, &args.text, page.n_read())?;
    let rows = page.of(rows, |row, sort| match sort {
        SortArg::Count => Key::count(row.mentions),
        SortArg::Type => Key::word(&row.entity_type),
        SortArg::Id => Key::word(row.id.as_str()),
        _ => Key::word(&row.name),
    });
    if context.terminal.is_json() {
        context.terminal.json(&json!({"entities": rows, "total": total}))?;
        return Ok(Exit::Done);
    }
    for (row, facts) in rows.iter().zip(facts_of_namesakes(&store, &rows)?) {
        let id = single_line(&typed_id(&row.entity_type, &row.id));
        let line = format!("{id}  {}  {}", count(row.mentions, "mention"), single_line(&facts));
        context.terminal.line(format!("{}  {}", short(&row.name), dim(line.trim_end())))?;
    }
    context.terminal.status(format!("{} of {}", page.shown(rows.len() as u64), count(total, "entity")));
    if total == 0 && !store.read().has_entities()? {
        context.terminal.hint("`gleaner load entities FILE` loads a catalog, `gleaner catalog propose` makes one");
    }
    Ok(Exit::Done)
}

/// Returns what tells each entity of a list apart from those of it that have the same name; empty where none has.
fn facts_of_namesakes(store: &Store, rows: &[EntityRow]) -> Result<Vec<String>> {
    let mut by_name: HashMap<String, Vec<usize>> = HashMap::new();
    for (at, row) in rows.iter().enumerate() {
        by_name.entry(fold(&row.name)).or_default().push(at);
    }
    let mut told = vec![String::new(); rows.len()];
    for all in by_name.into_values().filter(|all| all.len() > 1) {
        let mut attributes = vec![];
        for at in &all {
            let key = store.read().entity_key(&rows[*at].entity_type, &EntityId::new(rows[*at].id.as_str()))?;
            let entity = key.map(|key| store.read().entity(key)).transpose()?.flatten();
            attributes.push(entity.map(|entity| entity.attributes).unwrap_or_default());
        }
        for (at, facts) in all.iter().zip(facts(&attributes.iter().collect::<Vec<_>>())) {
            told[*at] = facts;
        }
    }
    Ok(told)
}

/// A name for a list: on one line, and of a length that leaves room for the rest.
pub(crate) fn short(name: &str) -> String {
    single_line(&shorten(name, SHOWN))
}

pub(crate) fn show(typed: &str, context: &Context) -> Result<Exit> {
    let store = context.open()?;
    let found = entity_named(&store, typed, &[], context)?;
    let key = match found.as_slice() {
        [one] => one.entity.key,
        _ => one_entity(&store, typed)?,
    };
    let entity = store.read().entity(key)?.context("the entity was removed meanwhile")?;
    let mut taught = store.read().stored_decisions()?;
    taught.retain(|known| known.entity.as_ref().is_some_and(|(entity, _)| *entity == key));
    if context.terminal.is_json() {
        let taught: Vec<_> = taught.iter().map(|known| export::decision(&known.decision)).collect();
        context.terminal.json(&json!({"entity": entity, "taught": taught}))?;
        return Ok(Exit::Done);
    }
    let terminal = &context.terminal;
    terminal.line(format!(
        "{}  {}",
        bold(short(&entity.name)),
        dim(single_line(&typed_id(&entity.entity_type, &entity.id)))
    ))?;
    for alias in &entity.aliases {
        terminal.line(format!("  also    {}", short(alias)))?;
    }
    for (name, value) in &entity.attributes {
        terminal.line(format!("  {}", single_line(&format!("{name}: {value}"))))?;
    }
    for known in &taught {
        terminal.line(format!("  taught  {}", sentence(&known.decision)))?;
    }
    Ok(Exit::Done)
}
