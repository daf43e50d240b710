//! `gleaner catalog add`, `edit`, `remove`, `alias`, `merge`, `split`: one entity, one transaction.

use anyhow::Result;

use super::list::short;
use crate::cli::catalog::{AliasArgs, CatalogAddArgs, CatalogEditArgs, CatalogMergeArgs, CatalogSplitArgs};
use crate::command::Context;
use crate::command::known_types::new_type;
use crate::command::unresolved::report::{in_words as in_words_of, report_one};
use crate::command::unresolved::scope::about;
use crate::curation::catalog_edit::{self, Edit, EntityEdit};
use crate::curation::mentions::{self, Choice};
use crate::error::{Exit, Explain as _, usage};
use crate::linking::typed_name::one_entity;
use crate::model::{Entity, EntityKey, typed_id};
use crate::store::{Change, Store, Tx};
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
    let subject = typed_id(&entity.entity_type, &entity.id);
    let new_type = new_type(store.read(), &entity.entity_type)?;
    let exit = change(&mut store, context, ("catalog add", subject), |tx, now| catalog_edit::add(tx, &entity, now))?;
    if let Some((warning, hint)) = new_type {
        context.terminal.warn(warning);
        context.terminal.hint(hint);
    }
    Ok(exit)
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
    let subject = named(&store, key)?;
    change(&mut store, context, ("catalog edit", subject), |tx, now| catalog_edit::edit(tx, key, &edit, now))
}

pub(crate) fn remove(typed: &str, context: &Context) -> Result<Exit> {
    let mut store = context.open()?;
    let key = one_entity(&store, typed)?;
    let subject = named(&store, key)?;
    change(&mut store, context, ("catalog remove", subject), |tx, _| catalog_edit::remove(tx, key))
}

pub(crate) fn alias(args: &AliasArgs, is: bool, context: &Context) -> Result<Exit> {
    let mut store = context.open()?;
    let key = one_entity(&store, &args.entity)?;
    let about = about(&args.alias, &args.scope)?;
    let answer = if is { Choice::Is(key) } else { Choice::Not(key) };
    let now = context.config.now_text();
    let command = if is { "catalog alias add" } else { "catalog alias remove" };
    let decision = Change::new(command, in_words_of(&store, &about, &answer)?, &now);
    let tx = store.change(&decision)?;
    let done = mentions::decide(&tx, &about, &answer, &now)?;
    tx.commit()?;
    report_one(&store, &about, &done, context)
}

pub(crate) fn merge(args: &CatalogMergeArgs, context: &Context) -> Result<Exit> {
    let mut store = context.open()?;
    let (from, into) = (one_entity(&store, &args.from)?, one_entity(&store, &args.into)?);
    let subject = format!("{} into {}", named(&store, from)?, named(&store, into)?);
    change(&mut store, context, ("catalog merge", subject), |tx, now| {
        catalog_edit::merge(tx, from, into, args.across_types, now)
    })
}

pub(crate) fn split(args: &CatalogSplitArgs, context: &Context) -> Result<Exit> {
    let mut store = context.open()?;
    let key = one_entity(&store, &args.entity)?;
    let subject = format!("{} of {}", args.aliases.join(", "), named(&store, key)?);
    change(&mut store, context, ("catalog split", subject), |tx, now| {
        catalog_edit::split(tx, key, &args.aliases, args.id.as_deref(), now)
    })
}

/// Returns what `history` calls an entity.
fn named(store: &Store, key: EntityKey) -> Result<String> {
    Ok(store.read().entity_name(key)?.map_or(String::new(), |(id, entity_type, _)| format!("{entity_type}:{id}")))
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
    (command, subject): (&'static str, String),
    write: impl FnOnce(&Tx<'_>, &str) -> Result<EntityEdit>,
) -> Result<Exit> {
    let terminal = &context.terminal;
    let now = context.config.now_text();
    let kept = Change::new(command, subject, &now);
    let tx = store.change(&kept)?;
    let edit = write(&tx, &now)?;
    tx.commit()?;
    if terminal.is_json() {
        terminal.json(&edit)?;
    }
    terminal.done(in_words(&edit))?;
    if matches!(edit.done, "added" | "changed" | "split") {
        warn_of_namesakes(store, &edit.entity, context)?;
    }
    if edit.done != "unchanged" && store.read().knowledge_counts()?.1 > 0 {
        terminal.hint("`gleaner resolve --all` links the mentions of the whole database anew");
    }
    Ok(Exit::Done)
}

fn in_words(edit: &EntityEdit) -> String {
    let EntityEdit { entity, mentions, decisions, .. } = edit;
    let entity = typed_id(&entity.entity_type, &entity.id);
    let (mentions, decisions) = (count(*mentions, "mention"), *decisions);
    match edit.done {
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
                others.push(typed_id(&head.entity_type, &head.id));
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
