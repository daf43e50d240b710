//! Keeps the name index in the database true: packed anew when too much of the catalog changed, or when an earlier program
//! packed it; then the keys of decisions, which are read the same way, are made anew too.

use anyhow::Result;

use crate::resolve::{self, Builder, Table};
use crate::store::{Read, Store, Tx};

/// Up to this many changed entities are laid over the index; more are packed into it.
const OVERLAY: u64 = 2000;

/// A catalog that is packed in less time than anybody notices is packed whenever anything of it changed: in a few names every one
/// more makes the others' words less rare.
const TINY_CATALOG: u64 = 2000;

/// A catalog that is packed in a second or two; fewer changes of it are laid over, for what is packed is weighed best.
const SMALL_CATALOG: u64 = 50_000;
const SMALL_OVERLAY: u64 = 20;

/// Packs the name index anew if it is missing, of an older format, or too much of the catalog changed. Called by
/// whatever changes many entities, in its transaction.
pub fn refresh(tx: &Tx<'_>) -> Result<()> {
    rekey(tx)?;
    if is_good(tx.read())? { Ok(()) } else { rebuild(tx) }
}

/// Packs the name index as [`refresh`] does, and a small catalog whenever anything of it changed. Called before many
/// mentions are linked, whose answers then depend on the rows of the catalog and not on their history.
pub fn refresh_for_many(tx: &Tx<'_>) -> Result<()> {
    rekey(tx)?;
    if is_good_for_many(tx.read())? { Ok(()) } else { rebuild(tx) }
}

/// Returns whether [`refresh_for_many`] would change nothing.
pub fn is_refreshed_for_many(read: Read<'_>) -> Result<bool> {
    Ok(is_good_for_many(read)? && read.are_mentions_keyed(resolve::FORMAT)?)
}

fn is_good_for_many(read: Read<'_>) -> Result<bool> {
    let weighs_as_packed = read.n_stale_entities()? == 0 || read.has_more_entities_than(SMALL_CATALOG)?;
    Ok(weighs_as_packed && is_good(read)?)
}

fn is_good(read: Read<'_>) -> Result<bool> {
    let n_stale = read.n_stale_entities()?;
    let are_few = match n_stale {
        0 => true,
        1..=SMALL_OVERLAY => read.has_more_entities_than(TINY_CATALOG)?,
        _ => n_stale <= OVERLAY && read.has_more_entities_than(SMALL_CATALOG)?,
    };
    Ok(are_few && is_current(read)?)
}

/// Packs the name index anew if anything of the catalog changed: what a whole database is linked by depends on its rows
/// alone, not on their history.
pub fn pack(tx: &Tx<'_>) -> Result<()> {
    rekey(tx)?;
    let is_fresh = tx.read().n_stale_entities()? == 0 && is_current(tx.read())?;
    if is_fresh { Ok(()) } else { rebuild(tx) }
}

/// Returns whether the index in the database is as this program writes it; false where there is none.
pub(super) fn is_current(read: Read<'_>) -> Result<bool> {
    Ok(read.index_page(Table::Meta as u8, 0, resolve::is_current)?.unwrap_or(false))
}

/// Makes the keys of decisions and mentions anew where an earlier program wrote them, which read some names otherwise: `LVII` was no
/// number. Called by whatever asks for decisions by their keys to change them, in its transaction.
pub fn rekey(tx: &Tx<'_>) -> Result<()> {
    if !is_current(tx.read())? {
        tx.rekey_decisions(resolve::mention_key)?;
    }
    tx.rekey_mentions(resolve::FORMAT)
}

/// Packs the name index anew where it cannot be read as it is, so that the next command need not do it in memory.
pub fn refresh_if_useless(store: &mut Store) -> Result<()> {
    if !is_usable(store.read())? {
        // A file that cannot be written, or a folder where no journal can be, stays as it is.
        let packed = store.write().and_then(|tx| {
            refresh(&tx)?;
            tx.commit()
        });
        drop(packed);
    }
    Ok(())
}

/// Returns whether the index is to be read, with what changed since laid over it.
pub fn is_usable(read: Read<'_>) -> Result<bool> {
    Ok(read.n_stale_entities()? <= OVERLAY && is_current(read)?)
}

/// Returns whether an earlier program packed the index: nothing is wrong with it, and the next command that links packs it
/// anew.
pub fn is_earlier(read: Read<'_>) -> Result<bool> {
    Ok(read.index_page(Table::Meta as u8, 0, resolve::is_earlier)?.unwrap_or(false))
}

/// Returns whether the index is usable and each page of it is there and as it was written. Reads all of them.
pub fn is_sound(read: Read<'_>) -> Result<bool> {
    if !is_usable(read)? {
        return Ok(false);
    }
    let mut n_pages = 0;
    let is_each_sound = Table::ALL.into_iter().all(|table| read.each_index_page(table as u8, |_| n_pages += 1).is_ok());
    Ok(is_each_sound && read.is_number_of_index_pages(n_pages)?)
}

/// Collects the whole catalog, to be packed.
pub(super) fn whole_catalog(read: Read<'_>) -> Result<Builder> {
    let mut builder = Builder::new();
    read.each_entity_by_type(|key, entity| builder.add(key, entity))?;
    Ok(builder)
}

/// Packs the name index anew.
pub fn rebuild(tx: &Tx<'_>) -> Result<()> {
    let catalog = whole_catalog(tx.read())?;
    tx.clear_index()?;
    catalog.finish(&mut |table, number, block| tx.put_index_page(table as u8, number, block))?;
    tx.index_is_fresh()
}
