//! Full-text search: the index brought up to date.

use crate::interrupt;
use crate::store::{CalledNames, Read, Store, Tx};

/// Groups read in one transaction. Each commit writes the pages of the index that were touched, so there are few; what
/// was read before an interruption stays.
const GROUPS_PER_COMMIT: usize = 20_000;
/// Of so many it pays to sort their words in more memory.
const MANY_GROUPS: usize = 1_000;

/// Returns whether the full-text index is there and holds everything as it is now. A caller who asks it next does both in
/// one snapshot: another command may take it away in between.
pub fn is_fresh(store: &Store) -> anyhow::Result<bool> {
    let read = store.read();
    Ok(has_right_form(read, !store.leaves_rehearsals_out())?
        && (read.is_searched_whole()?
            || (!read.has_removed_groups_in_search()? && read.unsearched_groups()?.is_empty())))
}

/// Returns whether nothing of the index is of another form or of groups that are gone.
fn is_in_order(read: Read<'_>, with_rehearsals: bool) -> anyhow::Result<bool> {
    Ok(has_right_form(read, with_rehearsals)? && !read.has_removed_groups_in_search()?)
}

fn has_right_form(read: Read<'_>, with_rehearsals: bool) -> anyhow::Result<bool> {
    Ok(read.has_search_index()? && read.has_rehearsals_in_search_as(with_rehearsals)?)
}

/// Makes the full-text index, or reads into it what has changed since; `on_group` counts. Returns how many groups were
/// read.
pub fn refresh(
    store: &mut Store,
    is_rebuild: bool,
    mut on_begin: impl FnMut(u64),
    mut on_group: impl FnMut(),
) -> anyhow::Result<u64> {
    let with_rehearsals = !store.leaves_rehearsals_out();
    let is_in_order = {
        let snapshot = store.snapshot()?;
        is_in_order(snapshot.read(), with_rehearsals)?
    };
    if is_rebuild || !is_in_order {
        let tx = store.write()?;
        put_in_order(&tx, is_rebuild, with_rehearsals)?;
        tx.commit()?;
    }
    let keys = store.read().unsearched_groups()?;
    on_begin(keys.len() as u64);
    for keys in keys.chunks(GROUPS_PER_COMMIT) {
        interrupt::check()?;
        let tx = store.write()?;
        // Another command may have taken the index away since.
        put_in_order(&tx, false, with_rehearsals)?;
        let are_many = keys.len() >= MANY_GROUPS;
        if are_many {
            tx.read_many_groups(true)?;
        }
        let mut called = CalledNames::default();
        for key in keys {
            tx.index_group(*key, with_rehearsals, &mut called)?;
            on_group();
        }
        if are_many {
            tx.read_many_groups(false)?;
        }
        tx.commit()?;
    }
    Ok(keys.len() as u64)
}

/// Makes the index where it is not there or is wanted anew, and has what is of another form read again.
fn put_in_order(tx: &Tx<'_>, is_rebuild: bool, with_rehearsals: bool) -> anyhow::Result<()> {
    if is_rebuild || !tx.read().has_search_index()? {
        tx.make_search_index()?;
    }
    if !tx.read().has_rehearsals_in_search_as(with_rehearsals)? {
        tx.set_rehearsals_in_search(with_rehearsals)?;
    }
    if tx.read().has_removed_groups_in_search()? {
        tx.unindex_removed_groups()?;
    }
    Ok(())
}
