//! `gleaner resolve --all`: the links of the whole database, made anew.

use anyhow::Result;
use serde_json::json;

use crate::cli::resolve::ResolveArgs;
use crate::command::Context;
use crate::command::unresolved::report::{changes as in_words, show_changes};
use crate::curation::decisions;
use crate::error::Exit;
use crate::linking::relink::{self, Changes};
use crate::linking::{self, LinkedAhead, Load};
use crate::resolve::Strictness;
use crate::store::{HowUndone, active_profile};
use crate::terminal::bar::Unit;
use crate::terminal::words::count;

/// Links everything anew and says what changed.
pub(super) fn run(args: &ResolveArgs, strictness: Strictness, context: &Context) -> Result<Exit> {
    let terminal = &context.terminal;
    let mut store = context.open()?;
    if !store.read().has_entities()? {
        terminal
            .hint("the catalog is empty; `gleaner load entities FILE` fills it, `gleaner catalog propose` makes one");
    }
    if args.dry_run {
        store = context.writable(store, "the links are tried")?;
    }
    let bar = |n_groups: usize| terminal.bar(n_groups as u64, Unit::Count, "linking");
    let mut changes = Changes::default();
    let mut wanted = terminal.is_verbose().then_some(&mut changes);
    // A trial may not pack the index for the threads.
    let ahead = match args.dry_run {
        true => None,
        false => {
            let tx = store.write()?;
            linking::pack(&tx)?;
            tx.commit()?;
            LinkedAhead::of(&store, strictness, |n_groups| {
                let bar = bar(n_groups);
                move |n| bar.inc(n as u64)
            })?
        }
    };
    let tx = store.write()?;
    let relinked = match ahead.map(|ahead| ahead.write(&tx, wanted.as_deref_mut())).transpose()?.flatten() {
        Some(relinked) => relinked,
        None => {
            linking::pack(&tx)?;
            let profile = active_profile::active(tx.read())?;
            let groups = tx.read().groups_with_mentions()?;
            let bar = bar(groups.len());
            relink::groups(&tx, &profile, strictness, groups, Load::Many, wanted, || bar.inc(1))?
        }
    };
    match args.dry_run {
        true => drop(tx),
        false => {
            if relinked.changed > 0 {
                let counts = [("links", relinked.changed)];
                tx.note_change("resolve --all", "", HowUndone::Derived, &counts, &context.config.now_text())?;
            }
            tx.commit()?;
        }
    }
    if terminal.is_json() {
        let mut value = serde_json::to_value(relinked)?;
        value["dry_run"] = args.dry_run.into();
        if terminal.is_verbose() {
            value["changes"] = json!(changes.named(store.read())?);
        }
        terminal.json(&value)?;
        return Ok(Exit::Done);
    }
    show_changes(&store, &changes, context)?;
    terminal.line(in_words(relinked))?;
    if args.dry_run {
        terminal.status("nothing was changed");
    }
    if relinked.changed > 0 && !terminal.is_verbose() {
        terminal.hint("`-v` lists which mentions");
    }
    let odd = decisions::all(store.read())?.iter().filter(|resolution| !resolution.conflicts.is_empty()).count();
    if odd > 0 {
        terminal.warn(format!("{} at odds with another", count(odd as u64, "resolution")));
        terminal.hint("`gleaner unresolved decisions --conflicts` lists them");
    }
    Ok(Exit::Done)
}
