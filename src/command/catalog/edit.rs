//! `gleaner catalog add`, `edit`, `remove`, `alias`, `merge`, `split`: one entity, one transaction.

use anyhow::Result;

use super::list::short;
use crate::cli::catalog::{AliasArgs, CatalogAddArgs, CatalogEditArgs, CatalogMergeArgs, CatalogSplitArgs};
use crate::command::Context;
use crate::command::unresolved::report::report_one;
use crate::command::unresolved::scope::about;
use crate::curation::catalog_edit::{self, Edit, EntityEdit};
use crate::curation::mentions::{self, Answer};
use crate::error::{Exit, Explain as _, usage};
use crate::linking::typed_name::one_entity;
use crate::model::Entity;
use crate::store::{Store, Tx};
use crate::terminal::words::{count, list as list_of};

pub(crate) fn add(args: &CatalogAddArgs, context: &Context) -> Result<Exit> {
    let entity = Entity {
        id: catalog_edit::id_for(&args.name, args.id.as_deref())?,
        entity_type: args.entity_type.clone(),
        name: args.name.clone(),
        aliases: args.aliases.clone(),
        attributes: pairs(&args.attributes)?.into_iter().filter(|(_, value)| !value.is_empty()).collect(),
    };
    let mut store = context.open_or_create()?;
    change(&mut store, context, |tx, now| catalog_edit::add(tx, &entity, now))
}

pub(crate) fn edit(args: &CatalogEditArgs, context: &Context) -> Result<Exit> {
    let edit = Edit {
        name: args.name.clone(),
        attributes: pairs(&args.attributes)?,
        aliases: args.aliases.clone(),
        removed_aliases: args.removed_aliases.clone(),
    };
    let mut store = context.open()?;
    let key = one_entity(&store, &args.entity)?;
    if edit.name.is_none() && edit.attributes.is_empty() && edit.aliases.is_empty() && edit.removed_aliases.is_empty() {
        return Err(usage("nothing is said to change"))
            .hint("give `--name`, `--alias`, `--remove-alias` or `--attribute NAME=VALUE`");
    }
    change(&mut store, context, |tx, now| catalog_edit::edit(tx, key, &edit, now))
}

pub(crate) fn remove(typed: &str, context: &Context) -> Result<Exit> {
    let mut store = context.open()?;
    let key = one_entity(&store, typed)?;
    change(&mut store, context, |tx, _| catalog_edit::remove(tx, key))
}

pub(crate) fn alias(args: &AliasArgs, is: bool, context: &Context) -> Result<Exit> {
    let mut store = context.open()?;
    let key = one_entity(&store, &args.entity)?;
    let about = about(&args.alias, &args.scope)?;
    let answer = if is { Answer::Is(key) } else { Answer::Not(key) };
    let tx = store.write()?;
    let done = mentions::decide(&tx, &about, &answer, &context.config.now_text())?;
    tx.commit()?;
    report_one(&store, &about, &done, context)
}

pub(crate) fn merge(args: &CatalogMergeArgs, context: &Context) -> Result<Exit> {
    let mut store = context.open()?;
    let (from, into) = (one_entity(&store, &args.from)?, one_entity(&store, &args.into)?);
    change(&mut store, context, |tx, now| catalog_edit::merge(tx, from, into, args.across_types, now))
}

pub(crate) fn split(args: &CatalogSplitArgs, context: &Context) -> Result<Exit> {
    let mut store = context.open()?;
    let key = one_entity(&store, &args.entity)?;
    change(&mut store, context, |tx, now| catalog_edit::split(tx, key, &args.aliases, args.id.as_deref(), now))
}

fn pairs(typed: &[String]) -> Result<Vec<(String, String)>> {
    let pair = |text: &String| match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => Ok((name.trim().to_owned(), value.trim().to_owned())),
        _ => Err(usage(format!("`{text}` is not NAME=VALUE"))),
    };
    typed.iter().map(pair).collect()
}

/// Changes the catalog in one transaction and says what was done, and what else bears the same names now.
fn change(
    store: &mut Store,
    context: &Context,
    write: impl FnOnce(&Tx<'_>, &str) -> Result<EntityEdit>,
) -> Result<Exit> {
    let terminal = &context.terminal;
    let tx = store.write()?;
    let tended = write(&tx, &context.config.now_text())?;
    tx.commit()?;
    if terminal.is_json() {
        terminal.json(&tended)?;
    }
    terminal.status(in_words(&tended));
    if matches!(tended.done, "added" | "changed" | "split") {
        warn_of_namesakes(store, &tended.entity, context)?;
    }
    if tended.done != "unchanged" && store.read().knowledge_counts()?.1 > 0 {
        terminal.hint("`gleaner resolve --all` links the mentions of the whole database anew");
    }
    Ok(Exit::Done)
}

fn in_words(tended: &EntityEdit) -> String {
    let EntityEdit { entity, mentions, decisions, .. } = tended;
    let entity = format!("{}:{}", entity.entity_type, entity.id);
    let (mentions, decisions) = (count(*mentions, "mention"), *decisions);
    match tended.done {
        "merged" => format!("merged into {entity}; {mentions} and {} moved", count(decisions, "decision")),
        "split" => format!("made {entity}; {mentions} and {} moved to it", count(decisions, "decision")),
        "removed" if decisions > 0 => {
            format!(
                "removed {entity}; {mentions} lost their link, {} will hold again when it is back",
                count(decisions, "decision")
            )
        }
        "removed" => format!("removed {entity}; {mentions} lost their link"),
        "added" if decisions > 0 => {
            format!("added {entity}; {} about it hold again", count(decisions, "decision"))
        }
        "unchanged" => format!("{entity} is so already; nothing was changed"),
        done => format!("{done} {entity}"),
    }
}

/// Names looked at for namesakes; an entity with more of them was hardly typed.
const NAMES_CHECKED: usize = 50;

fn warn_of_namesakes(store: &Store, entity: &Entity, context: &Context) -> Result<()> {
    for name in std::iter::once(&entity.name).chain(&entity.aliases).take(NAMES_CHECKED) {
        let mut others: Vec<String> = vec![];
        for other in store.read().namesakes(name, 5)? {
            let head = other.entity;
            if (&head.entity_type, &head.id) != (&entity.entity_type, &entity.id) {
                others.push(format!("{}:{}", head.entity_type, head.id));
            }
        }
        if !others.is_empty() {
            context.terminal.warn(format!(
                "`{}` is also a name of {}; hints and context tell them apart, or it is ambiguous",
                short(name),
                list_of(&others, "and")
            ));
        }
    }
    Ok(())
}
