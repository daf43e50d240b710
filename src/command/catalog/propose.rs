//! `gleaner catalog propose` and `accept`: a catalog made from the mentions that nothing is linked to.

use anyhow::Result;
use serde_json::json;

use super::list::short;
use crate::cli::catalog::{CatalogAcceptArgs, CatalogProposeArgs};
use crate::cli::page::SortArg;
use crate::command::Context;
use crate::command::page::{Key, Page};
use crate::command::shown::hint_if_empty;
use crate::command::unresolved::report::{changes, show_named};
use crate::curation::propose::{self, Proposal};
use crate::error::{Exit, Explain as _, not_found};
use crate::linking::Load;
use crate::linking::relink::{self, Changes, Relinked};
use crate::linking::typed_name::SHOWN;
use crate::profile::Profile;
use crate::resolve::Strictness;
use crate::store::{Change, Read, active_profile};
use crate::terminal::bar::Unit;
use crate::terminal::style::{dim, single_line};
use crate::terminal::words::{count, list as list_of, number, shorten};

pub(crate) fn propose(args: &CatalogProposeArgs, context: &Context) -> Result<Exit> {
    let page = Page::new(&args.page, &[SortArg::Count, SortArg::Name, SortArg::Type])?;
    let store = context.open()?;
    context.say_rehearsed(&store)?;
    let proposals = proposals(store.read(), args.entity_type.as_deref(), args.min_count, context)?;
    let total = proposals.len() as u64;
    let mentions: u64 = proposals.iter().map(|proposal| proposal.mentions).sum();
    let proposals = page.of(proposals, |proposal, sort| match sort {
        SortArg::Name => Key::word(&proposal.name),
        SortArg::Type => Key::word(&proposal.entity_type),
        _ => Key::count(proposal.mentions),
    });
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
    let shown = page.shown(proposals.len() as u64);
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

pub(crate) fn accept(args: &CatalogAcceptArgs, context: &Context) -> Result<Exit> {
    let mut store = context.open()?;
    context.say_rehearsed(&store)?;
    if args.dry_run {
        store = context.writable(store, "what would be made is tried")?;
    }
    let now = context.config.now_text();
    let change = Change::new("catalog accept", args.entity_type.as_deref().unwrap_or_default(), &now);
    let (mut made, mut relinked, mut moves) = (0, Relinked::default(), Changes::default());
    let (left_out, changed);
    {
        let tx = store.change(&change)?;
        let profile = active_profile::active(tx.read())?;
        let mut proposals = proposals(tx.read(), args.entity_type.as_deref(), args.min_count, context)?;
        // A new entity parts names that were one proposal before. What is proposed then is made as well, so that the
        // same command has nothing left to do; each round makes at least one entity of names that are finite.
        left_out = loop {
            let (n_made, n_left_out) = propose::accept(&tx, &proposals, &now)?;
            if n_made == 0 {
                break n_left_out;
            }
            made += n_made;
            let groups = tx.read().groups_with_mentions()?;
            let bar = context.terminal.bar(groups.len() as u64, Unit::Count, "linking");
            let wanted = context.terminal.is_verbose().then_some(&mut moves);
            relinked += relink::groups(&tx, &profile, Strictness::Default, groups, Load::Many, wanted, || bar.inc(1))?;
            proposals = clustered(tx.read(), &profile, args.entity_type.as_deref(), args.min_count, context)?;
        };
        changed = moves.named(tx.read())?;
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
    context.terminal.done(format!("{} {would}made; {}", count(made, "entity"), changes(relinked)))?;
    if left_out > 0 {
        context.terminal.done(format!("{} left out: the catalog has that id already", count(left_out, "proposal")))?;
    }
    if made == 0 {
        context.terminal.hint("`gleaner catalog propose` shows what there is; `--min-count 1` takes it all");
    } else if !args.dry_run {
        context.terminal.hint("`gleaner entities` lists them; `gleaner catalog dedupe` finds those that may be one");
    }
    Ok(Exit::Done)
}

fn proposals(read: Read<'_>, entity_type: Option<&str>, min_count: u64, context: &Context) -> Result<Vec<Proposal>> {
    let profile = active_profile::active(read)?;
    if let Some(wanted) = entity_type
        && !read.has_unlinked_type(wanted)?
    {
        return Err(not_found(format!("no unlinked mention is of the type `{wanted}`"))).hint(format!(
            "the active profile has {}",
            list_of(&profile.types.iter().map(|t| &t.name).collect::<Vec<_>>(), "and")
        ));
    }
    clustered(read, &profile, entity_type, min_count, context)
}

fn clustered(
    read: Read<'_>,
    profile: &Profile,
    entity_type: Option<&str>,
    min_count: u64,
    context: &Context,
) -> Result<Vec<Proposal>> {
    let bar = context.terminal.bar(0, Unit::Count, "comparing");
    propose::propose(read, profile, entity_type, min_count, |n_done, n_all| {
        bar.set_length(n_all);
        bar.set(n_done);
    })
}
