//! `gleaner unresolved …`: the queue of unlinked mentions.

mod decisions;
mod list;
pub(crate) mod report;
pub(crate) mod scope;
mod spreadsheet;
mod walk;

use crate::cli::unresolved::{ScopeArgs, UnresolvedArgs, UnresolvedCommand};
use crate::command::Context;
use crate::command::known_types::new_type;
use crate::curation::mentions::{self, About, Choice};
use crate::error::{Exit, Explain as _, not_found};
use crate::linking;
use crate::linking::typed_name::{SHOWN, one_entity};
use crate::store::{Change, Store};
use crate::terminal::words;
use list::list;
use report::{hint_if_moved, in_words, report, report_one};
use scope::about;

/// Runs the command.
pub(super) fn run(args: &UnresolvedArgs, context: &Context) -> anyhow::Result<Exit> {
    let mut store = context.open_learned()?;
    if matches!(args.command, None | Some(UnresolvedCommand::Walk(_))) {
        // Each case asks the index of names who may be meant.
        linking::refresh_if_useless(&mut store)?;
    }
    match &args.command {
        None => list(&store, &args.queue, context),
        Some(UnresolvedCommand::Walk(queue)) => walk::run(&mut store, queue, context),
        Some(UnresolvedCommand::Accept { mention, entity, scope, only_unlinked }) => {
            let entity = one_entity(&store, entity)?;
            let about = About { only_unlinked: *only_unlinked, ..about(mention, scope)? };
            decide_one(&mut store, &about, &Choice::Is(entity), context)
        }
        Some(UnresolvedCommand::Reject { mention, entity, scope }) => {
            let answer = match entity {
                Some(entity) => Choice::Not(one_entity(&store, entity)?),
                None => Choice::Nothing,
            };
            decide_one(&mut store, &about(mention, scope)?, &answer, context)
        }
        Some(UnresolvedCommand::New { mention, id, entity_type, name, mention_type, hints }) => {
            let mut entity = mentions::new_entity(mention, entity_type, id);
            if let Some(name) = name {
                entity.name.clone_from(name);
            }
            let scope = ScopeArgs { entity_type: mention_type.clone(), hints: hints.clone() };
            let new_type = new_type(store.read(), entity_type)?;
            let exit = decide_one(&mut store, &about(mention, &scope)?, &Choice::New(entity), context)?;
            if let Some((warning, hint)) = new_type {
                context.terminal.warn(warning);
                context.terminal.hint(hint);
            }
            Ok(exit)
        }
        Some(UnresolvedCommand::Undo { mention, scope }) => undo(&mut store, &about(mention, scope)?, context),
        Some(UnresolvedCommand::Decisions { mention, conflicts }) => {
            decisions::list(&store, mention.as_deref(), *conflicts, context)
        }
        Some(UnresolvedCommand::Export { queue, output }) => {
            spreadsheet::export(&store, queue, output.as_deref(), context)
        }
        Some(UnresolvedCommand::Import { file, only_unlinked }) => {
            spreadsheet::import(&mut store, file, *only_unlinked, context)
        }
    }
}

/// Options by which `accept` reaches less.
const ONLY_UNLINKED: &str = "`--only-unlinked` leaves links as they are, `--type` and `--hint` narrow it";

fn decide_one(store: &mut Store, about: &About, answer: &Choice, context: &Context) -> anyhow::Result<Exit> {
    let now = context.config.now_text();
    let command = match answer {
        Choice::Is(_) => "unresolved accept",
        Choice::Not(_) | Choice::Nothing => "unresolved reject",
        Choice::New(_) => "unresolved new",
    };
    let change = Change::new(command, in_words(store, about, answer)?, &now);
    let tx = store.change(&change)?;
    let done = mentions::decide(&tx, about, answer, &now)?;
    tx.commit()?;
    let exit = report_one(store, about, &done, context)?;
    match answer {
        Choice::Is(_) => hint_if_moved(&done, ONLY_UNLINKED, context),
        Choice::New(_) => hint_if_moved(&done, "`--mention-type` and `--hint` narrow it", context),
        Choice::Not(_) | Choice::Nothing => {}
    }
    Ok(exit)
}

fn undo(store: &mut Store, about: &About, context: &Context) -> anyhow::Result<Exit> {
    let change = Change::new("unresolved undo", about.mention.as_str(), &context.config.now_text());
    let tx = store.change(&change)?;
    let Some(done) = mentions::forget(&tx, about)? else {
        return Err(not_found(format!("nothing was decided about `{}`", words::shorten(&about.mention, SHOWN))))
            .hint("`gleaner unresolved decisions` lists what was, with its scope");
    };
    tx.commit()?;
    report(store, &done, context)
}
