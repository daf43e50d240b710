//! `gleaner catalog …`: looking at the catalog, changing single entities, duplicates and proposals.

use anyhow::{Context as _, Result};
use serde_json::json;

use super::Context;
use super::entities::entity_named;
use super::explore::hint_if_empty;
use super::unresolved::{about, changes, report_one, sentence, show_named};
use crate::cli::catalog::{
    AliasArgs, AliasCommand, CatalogAcceptArgs, CatalogAddArgs, CatalogCommand, CatalogDedupeArgs, CatalogEditArgs,
    CatalogListArgs, CatalogMergeArgs, CatalogProposeArgs, CatalogSplitArgs,
};
use crate::curation::catalog_edit::{self, Edit, EntityEdit};
use crate::curation::duplicates::duplicates;
use crate::curation::mentions::{self, Answer};
use crate::curation::propose::{self, Proposal};
use crate::error::{Exit, Explain as _, usage};
use crate::explore::export;
use crate::linking::Load;
use crate::linking::relink::{self, Changes};
use crate::linking::typed_name::{SHOWN, one_entity};
use crate::model::Entity;
use crate::resolve::Strictness;
use crate::store::active_profile;
use crate::store::{Read, Store, Tx};
use crate::terminal::bar::Unit;
use crate::terminal::style::{bold, dim, single_line};
use crate::terminal::words::{count, list as list_of, number, shorten};
use crate::text::fold;

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
    let (rows, total) = store.read().list_entities(&args.entity_type, &args.text, args.limit)?;
    if context.terminal.is_json() {
        context.terminal.json(&json!({"entities": rows, "total": total}))?;
        return Ok(Exit::Done);
    }
    for row in &rows {
        context.terminal.line(format!(
            "{}  {}",
            short(&row.name),
            dim(single_line(&format!("{}:{}  {}", row.entity_type, row.id, count(row.mentions, "mention"))))
        ))?;
    }
    context.terminal.status(format!("{} of {}", number(rows.len() as u64), count(total, "entity")));
    if total == 0 && store.read().n_entities()? == 0 {
        context.terminal.hint("`gleaner load entities FILE` loads a catalog, `gleaner catalog propose` makes one");
    }
    Ok(Exit::Done)
}

/// A name for a list: on one line, and of a length that leaves room for the rest.
fn short(name: &str) -> String {
    single_line(&shorten(name, SHOWN))
}

fn show(typed: &str, context: &Context) -> Result<Exit> {
    let store = context.open()?;
    let found = entity_named(&store, typed, &[], context)?;
    let key = match found.as_slice() {
        [one] => one.entity.key,
        _ => one_entity(&store, typed)?,
    };
    let entity = store.read().entity(key)?.context("the entity was removed meanwhile")?;
    let mut taught = store.read().remembered()?;
    taught.retain(|known| known.entity.as_ref().is_some_and(|(entity, _)| *entity == key));
    if context.terminal.is_json() {
        let taught: Vec<_> = taught.iter().map(|known| export::decision(&known.taught)).collect();
        context.terminal.json(&json!({"entity": entity, "taught": taught}))?;
        return Ok(Exit::Done);
    }
    let terminal = &context.terminal;
    terminal.line(format!(
        "{}  {}",
        bold(short(&entity.name)),
        dim(single_line(&format!("{}:{}", entity.entity_type, entity.id)))
    ))?;
    for alias in &entity.aliases {
        terminal.line(format!("  also    {}", short(alias)))?;
    }
    for (name, value) in &entity.attributes {
        terminal.line(format!("  {}", single_line(&format!("{name}: {value}"))))?;
    }
    for known in &taught {
        terminal.line(format!("  taught  {}", sentence(&known.taught)))?;
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

fn add(args: &CatalogAddArgs, context: &Context) -> Result<Exit> {
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

fn edit(args: &CatalogEditArgs, context: &Context) -> Result<Exit> {
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

fn remove(typed: &str, context: &Context) -> Result<Exit> {
    let mut store = context.open()?;
    let key = one_entity(&store, typed)?;
    change(&mut store, context, |tx, _| catalog_edit::remove(tx, key))
}

fn alias(args: &AliasArgs, is: bool, context: &Context) -> Result<Exit> {
    let mut store = context.open()?;
    let key = one_entity(&store, &args.entity)?;
    let about = about(&args.alias, &args.scope)?;
    let answer = if is { Answer::Is(key) } else { Answer::Not(key) };
    let tx = store.write()?;
    let done = mentions::decide(&tx, &about, &answer, &context.config.now_text())?;
    tx.commit()?;
    report_one(&store, &about, &done, context)
}

fn merge(args: &CatalogMergeArgs, context: &Context) -> Result<Exit> {
    let mut store = context.open()?;
    let (from, into) = (one_entity(&store, &args.from)?, one_entity(&store, &args.into)?);
    change(&mut store, context, |tx, now| catalog_edit::merge(tx, from, into, args.across_types, now))
}

fn split(args: &CatalogSplitArgs, context: &Context) -> Result<Exit> {
    let mut store = context.open()?;
    let key = one_entity(&store, &args.entity)?;
    change(&mut store, context, |tx, now| catalog_edit::split(tx, key, &args.aliases, args.id.as_deref(), now))
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

fn dedupe(args: &CatalogDedupeArgs, context: &Context) -> Result<Exit> {
    let store = context.open()?;
    let snapshot = store.snapshot()?;
    let read = snapshot.read();
    if let Some(wanted) = &args.entity_type
        && !read.catalog_types()?.iter().any(|known| fold(known) == fold(wanted))
    {
        return Err(usage(format!("the catalog has no entity of the type `{wanted}`")))
            .hint(format!("it has {}", list_of(&read.catalog_types()?, "and")));
    }
    let bar = context.terminal.bar(read.n_entities()?, Unit::Count, "comparing");
    let mut pairs = duplicates(read, args.entity_type.as_deref(), args.min_score, |n| bar.inc(n))?;
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
            short(&pair.a.name),
            dim(single_line(&format!("{}:{}", pair.a.entity_type, pair.a.id))),
            short(&pair.b.name),
            dim(single_line(&format!("{}:{}", pair.b.entity_type, pair.b.id)))
        ))?;
    }
    context.terminal.status(format!("{} of {}", number(pairs.len() as u64), count(total as u64, "likely pair")));
    if total > 0 {
        context.terminal.hint("`gleaner catalog merge FROM INTO` makes one of two");
    }
    Ok(Exit::Done)
}

fn proposals(read: Read<'_>, entity_type: Option<&str>, min_count: u64) -> Result<Vec<Proposal>> {
    let profile = active_profile::active(read)?;
    if let Some(wanted) = entity_type
        && !read.has_unlinked_type(wanted)?
    {
        return Err(usage(format!("no unlinked mention is of the type `{wanted}`"))).hint(format!(
            "the active profile has {}",
            list_of(&profile.types.iter().map(|t| &t.name).collect::<Vec<_>>(), "and")
        ));
    }
    propose::propose(read, &profile, entity_type, min_count)
}

fn propose(args: &CatalogProposeArgs, context: &Context) -> Result<Exit> {
    let store = context.open()?;
    let mut proposals = proposals(store.read(), args.entity_type.as_deref(), args.min_count)?;
    let total = proposals.len() as u64;
    let mentions: u64 = proposals.iter().map(|proposal| proposal.mentions).sum();
    proposals.truncate(usize::try_from(args.limit).unwrap_or(usize::MAX));
    if context.terminal.is_json() {
        context.terminal.json(&json!({"proposals": proposals, "total": total, "mentions": mentions}))?;
        return Ok(Exit::Done);
    }
    for proposal in &proposals {
        let aliases: Vec<String> = proposal.aliases.iter().map(|alias| short(alias)).collect();
        context.terminal.line(format!(
            "{:>6}  {}  {}",
            number(proposal.mentions),
            short(&proposal.name),
            dim(single_line(&format!("{}  {}", proposal.entity_type, shorten(&aliases.join(" | "), 3 * SHOWN))))
        ))?;
    }
    let shown = number(proposals.len() as u64);
    context.terminal.status(format!(
        "{shown} of {} for {}",
        count(total, "proposed entity"),
        count(mentions, "mention")
    ));
    if total > 0 {
        context.terminal.hint("`gleaner catalog accept --min-count N` makes those with N mentions or more real");
    } else {
        hint_if_empty(context, &store)?;
    }
    Ok(Exit::Done)
}

fn accept(args: &CatalogAcceptArgs, context: &Context) -> Result<Exit> {
    let mut store = context.open()?;
    let now = context.config.now_text();
    let (made, left_out, relinked, changed);
    {
        let tx = store.write()?;
        let proposals = proposals(tx.read(), args.entity_type.as_deref(), args.min_count)?;
        (made, left_out) = propose::accept(&tx, &proposals, &now)?;
        let profile = active_profile::active(tx.read())?;
        let groups = if made > 0 { tx.read().groups_with_mentions()? } else { vec![] };
        let bar = context.terminal.bar(groups.len() as u64, Unit::Count, "linking");
        let mut changes = Changes::default();
        let wanted = context.terminal.is_verbose().then_some(&mut changes);
        relinked = relink::groups(&tx, &profile, Strictness::Default, groups, Load::Many, wanted, || bar.inc(1))?;
        changed = changes.named(tx.read())?;
        if !args.dry_run {
            tx.commit()?;
        }
    }
    if context.terminal.is_json() {
        let mut value = json!({"entities": made, "left_out": left_out, "relinked": relinked, "dry_run": args.dry_run});
        if context.terminal.is_verbose() {
            value["changes"] = json!(changed);
        }
        context.terminal.json(&value)?;
        return Ok(Exit::Done);
    }
    show_named(&changed, context)?;
    let would = if args.dry_run { "would be " } else { "" };
    context.terminal.status(format!("{} {would}made; {}", count(made, "entity"), changes(relinked)));
    if left_out > 0 {
        context.terminal.status(format!("{} left out: the catalog has that id already", count(left_out, "proposal")));
    }
    if made == 0 {
        context.terminal.hint("`gleaner catalog propose` shows what there is; `--min-count 1` takes it all");
    } else if !args.dry_run {
        context.terminal.hint("`gleaner entities` lists them; `gleaner catalog dedupe` finds those that may be one");
    }
    Ok(Exit::Done)
}
