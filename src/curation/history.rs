//! Changes taken back: the newest, or all since one of them. One of them that cannot be taken back holds all of them.

use std::collections::BTreeSet;

use anyhow::anyhow;

use crate::curation::mentions;
use crate::error::{Explain as _, not_found, usage};
use crate::linking;
use crate::linking::relink::{self, Changes, Relinked};
use crate::model::GroupKey;
use crate::resolve::mention_key;
use crate::store::{ChangeRow, HowUndone, Store, Touched, Tx};

/// Result of taking back.
#[derive(Debug, Default)]
pub struct Undone {
    /// The changes, newest first.
    pub changes: Vec<ChangeRow>,
    /// Rows put back or removed.
    pub rows: u64,
    /// Links made anew, where they could not be put back as they were.
    pub relinked: Relinked,
    /// The mentions among them.
    pub links: Changes,
    /// Groups whose topics are to be read again from their answers.
    pub reread: BTreeSet<GroupKey>,
}

/// Takes one change back that was just made, unless something was changed after it.
pub fn take_back(store: &mut Store, id: i64, now: &str) -> anyhow::Result<()> {
    let tx = store.write()?;
    if tx.read().last_change()?.map(|last| last.id) != Some(id) {
        return Err(usage("something else was changed meanwhile"))
            .hint(format!("`gleaner undo --to {id}` takes all back since then"));
    }
    undo(&tx, Some(id), now)?;
    tx.commit()
}

/// Takes back the last change, or all from `to` on.
pub fn undo(tx: &Tx<'_>, to: Option<i64>, now: &str) -> anyhow::Result<Undone> {
    let read = tx.read();
    let first = match to {
        Some(id) => match read.change(id)? {
            None => {
                return Err(not_found(format!("there is no change {id}")))
                    .hint("`gleaner history` lists them with their ids");
            }
            Some(row) if row.undone_at.is_some() => {
                return Err(usage(format!("change {id} was taken back already")))
                    .hint("`gleaner history` lists what holds");
            }
            Some(_) => id,
        },
        None => match read.last_change()? {
            None => {
                return Err(usage("there is nothing to undo"))
                    .hint("`gleaner history` lists what changed the database");
            }
            Some(last) => last.id,
        },
    };
    let all = read.changes_since(first)?;
    if let Some(fixed) = all.iter().find(|change| change.undo == HowUndone::None) {
        let subject = fixed.subject.as_ref().map_or(String::new(), |subject| format!(" {subject}"));
        let why = match fixed.command.as_str() {
            "forget" | "forget texts" | "rehearsal forget" => "what is forgotten is gone for good",
            "merge" => "another copy of the database was brought in",
            _ => "it brought answers, which were asked for and are kept",
        };
        let error = Err(anyhow!("change {} ({}{subject}) cannot be undone: {why}", fixed.id, fixed.command));
        return if to.is_some() { error.hint("nothing was changed") } else { error }
            .hint("single decisions are taken back with `gleaner unresolved undo MENTION`, `gleaner topics alias remove TOPIC`");
    }
    let is_derived_since = all.iter().any(|change| change.undo == HowUndone::Derived);
    let mut undone = Undone::default();
    let mut touched = Touched::default();
    for change in all {
        if change.undo == HowUndone::Rows {
            touched.add(tx.undo_change(change.id, now)?);
            undone.changes.push(change);
        }
    }
    tx.rekey_decisions(mention_key)?;
    linking::refresh(tx)?;
    let mut groups = std::mem::take(&mut touched.relink);
    if is_derived_since {
        // All links were made anew meanwhile, also those that the changes had not touched.
        groups.extend(&touched.groups);
        groups.extend(relink::affected(tx.read(), &touched.mention_keys)?.0);
        for entity in &touched.entities {
            groups.extend(tx.read().mentions_linked_to(*entity)?.into_iter().map(|(group, _)| group));
        }
    }
    (undone.relinked, undone.links) = mentions::relink(tx, groups)?;
    undone.rows = touched.rows;
    undone.reread = touched.reread;
    Ok(undone)
}
