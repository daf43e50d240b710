//! Full-text search: the index brought up to date.

use crate::interrupt;
use crate::store::Store;

/// Groups read in one transaction. Each commit writes the pages of the index that were touched, so there are few; what
/// was read before an interruption stays.
const GROUPS_PER_COMMIT: usize = 20_000;
/// Of so many it pays to sort their words in more memory.
const MANY_GROUPS: usize = 1_000;

/// Returns whether the full-text index is there and holds everything as it is now.
pub fn is_fresh(store: &Store) -> anyhow::Result<bool> {
    let read = store.read();
    Ok(read.has_search_index()?
        && read.has_rehearsals_in_search_as(!store.leaves_rehearsals_out())?
        && read.unsearched_groups()?.is_empty()
        && !read.has_removed_groups_in_search()?)
}

/// Makes the full-text index, or reads into it what has changed since; `on_group` counts. Returns how many groups were
/// read.
pub fn refresh(
    store: &mut Store,
    is_rebuild: bool,
    mut on_begin: impl FnMut(u64),
    mut on_group: impl FnMut(),
) -> anyhow::Result<u64> {
    if is_rebuild || !store.read().has_search_index()? {
        let tx = store.write()?;
        tx.make_search_index()?;
        tx.commit()?;
    }
    let with_rehearsals = !store.leaves_rehearsals_out();
    if !store.read().has_rehearsals_in_search_as(with_rehearsals)? {
        let tx = store.write()?;
        tx.set_rehearsals_in_search(with_rehearsals)?;
        tx.commit()?;
    }
    let keys = store.read().unsearched_groups()?;
    if store.read().has_removed_groups_in_search()? {
        let tx = store.write()?;
        tx.unindex_removed_groups()?;
        tx.commit()?;
    }
    on_begin(keys.len() as u64);
    for keys in keys.chunks(GROUPS_PER_COMMIT) {
        interrupt::check()?;
        let tx = store.write()?;
        let are_many = keys.len() >= MANY_GROUPS;
        if are_many {
            tx.read_many_groups(true)?;
        }
        for key in keys {
            tx.index_group(*key, with_rehearsals)?;
            on_group();
        }
        if are_many {
            tx.read_many_groups(false)?;
        }
        tx.commit()?;
    }
    Ok(keys.len() as u64)
}
