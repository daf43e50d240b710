//! The packed name index in the database, and which entities changed since it was packed.

use rusqlite::OptionalExtension as _;

use super::{Read, Tx};
use crate::error::hinted;
use crate::model::{Entity, EntityKey};

/// Key of a page.
fn page_id(table: u8, number: u32) -> i64 {
    i64::from(table) << 32 | i64::from(number)
}

/// Bytes of the checksum at the end of a page.
const CHECKSUM_BYTES: usize = 4;
/// Table of which a page has none: it says the format, which programs of any version read.
const UNCHECKED: u8 = 0;
/// Row of `meta` with the number of pages of the index.
const INDEX_PAGES: &str = "name_index_pages";

/// Remedy of a damaged name index.
pub const INDEX_REMEDY: &str = "`gleaner check --repair` packs the name index anew; nothing else is touched";

/// Returns the checksum of a page, its place included: a page in another one's place is none of the index.
fn checksum(id: i64, page: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&id.to_le_bytes());
    hasher.update(page);
    hasher.finalize().to_le_bytes()
}

/// Returns what a stored page holds; an error where it is not what was written.
fn sound(id: i64, stored: &[u8]) -> anyhow::Result<&[u8]> {
    if id >> 32 == i64::from(UNCHECKED) {
        return Ok(stored);
    }
    let parts = stored.split_last_chunk::<CHECKSUM_BYTES>();
    let page = parts.filter(|(page, sum)| checksum(id, page) == **sum).map(|(page, _)| page);
    page.ok_or_else(|| damaged("is damaged", id))
}

fn damaged(how: &str, id: i64) -> anyhow::Error {
    let what = anyhow::anyhow!("a page of the name index {how} (page {id})");
    hinted(what, INDEX_REMEDY)
}

impl Read<'_> {
    /// Returns the number of entities changed or removed since the name index was packed.
    pub fn n_stale_entities(self) -> anyhow::Result<u64> {
        Ok(self.0.query_row("SELECT count(*) FROM _name_index_stale", [], |row| row.get::<_, i64>(0))? as u64)
    }

    /// Returns whether the catalog is larger than this. To count a million for a single mention takes as long as to find
    /// it.
    pub fn has_more_entities_than(self, n: u64) -> anyhow::Result<bool> {
        Ok(self
            .0
            .query_row("SELECT EXISTS (SELECT 1 FROM entities LIMIT 1 OFFSET ?1)", [n as i64], |row| row.get(0))?)
    }

    /// Returns a page of the name index; an error where it is damaged.
    pub fn index_page<R>(self, table: u8, number: u32, read: impl FnOnce(&[u8]) -> R) -> anyhow::Result<Option<R>> {
        let id = page_id(table, number);
        let mut statement = self.0.prepare_cached("SELECT page FROM _name_index WHERE id = ?1")?;
        let found = statement.query_row([id], |row| Ok(sound(id, row.get_ref(0)?.as_blob()?).map(read))).optional()?;
        found.transpose()
    }

    /// Gives all pages of a table of the name index in order; an error where one is damaged or gone.
    pub fn each_index_page(self, table: u8, mut visit: impl FnMut(&[u8])) -> anyhow::Result<()> {
        let mut statement =
            self.0.prepare_cached("SELECT id, page FROM _name_index WHERE id >= ?1 AND id < ?2 ORDER BY id")?;
        let mut rows = statement.query([page_id(table, 0), page_id(table + 1, 0)])?;
        let mut expected = page_id(table, 0);
        while let Some(row) = rows.next()? {
            let id: i64 = row.get(0)?;
            if id != expected {
                return Err(damaged("is gone", expected));
            }
            visit(sound(id, row.get_ref(1)?.as_blob()?)?);
            expected += 1;
        }
        Ok(())
    }

    /// Returns whether so many pages of the name index were written.
    pub fn is_number_of_index_pages(self, n: u64) -> anyhow::Result<bool> {
        Ok(self.meta(INDEX_PAGES)? == Some(n.to_string()))
    }

    /// Returns the size of the name index in bytes, counted up to a bound.
    pub fn index_pages_of(self, table: u8) -> anyhow::Result<u64> {
        let mut statement = self.0.prepare_cached("SELECT max(id) FROM _name_index WHERE id >= ?1 AND id < ?2")?;
        let last: Option<i64> = statement.query_row([page_id(table, 0), page_id(table + 1, 0)], |row| row.get(0))?;
        Ok(last.map_or(0, |id| (id - page_id(table, 0)) as u64 + 1))
    }

    /// Returns the entities that changed since the index was packed; those removed among them.
    pub fn stale_entities(self) -> anyhow::Result<Vec<EntityKey>> {
        let mut statement = self.0.prepare_cached("SELECT entity_id FROM _name_index_stale ORDER BY entity_id")?;
        let keys = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
        Ok(keys)
    }

    /// Gives every entity by type, so that those of one type come together.
    pub fn each_entity_by_type(self, mut visit: impl FnMut(EntityKey, &Entity)) -> anyhow::Result<()> {
        let mut types = self.0.prepare("SELECT DISTINCT type FROM entities ORDER BY type")?;
        let types: Vec<String> = types.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
        for kind in types {
            self.each_entity_of(&kind, |key, entity| visit(key, &entity))?;
        }
        Ok(())
    }

    /// Gives every entity of a type, in the order of their ids, whatever the history of the
    /// catalog; aliases in the same pass.
    pub fn each_entity_of(self, entity_type: &str, mut visit: impl FnMut(EntityKey, Entity)) -> anyhow::Result<()> {
        let mut statement = self.0.prepare_cached(
            "SELECT e.id, e.external_id, e.type, e.name, e.attributes FROM entities e WHERE e.type = ?1 ORDER BY e.external_id",
        )?;
        let has_aliases: bool =
            self.0.query_row("SELECT EXISTS (SELECT 1 FROM entity_aliases)", [], |row| row.get(0))?;
        let mut aliases =
            self.0.prepare_cached("SELECT alias FROM entity_aliases WHERE entity_id = ?1 ORDER BY alias")?;
        let mut rows = statement.query([entity_type])?;
        while let Some(row) = rows.next()? {
            let key: EntityKey = row.get(0)?;
            let mut entity = super::catalog::entity(row, 1)?;
            if has_aliases {
                entity.aliases = aliases.query_map([key], |row| row.get(0))?.collect::<Result<_, _>>()?;
            }
            visit(key, entity);
        }
        Ok(())
    }

    /// Returns name and type of an entity, for showing.
    pub fn entity_name(self, key: EntityKey) -> anyhow::Result<Option<(String, String, String)>> {
        Ok(self
            .0
            .prepare_cached("SELECT external_id, type, name FROM entities WHERE id = ?1")?
            .query_row([key], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .optional()?)
    }
}

/// Row of `meta` that says which packing of the name index this is.
const INDEX_NUMBER: &str = "name_index";

impl Tx<'_> {
    /// Drops the name index, before a new one is written.
    pub fn clear_index(&self) -> anyhow::Result<()> {
        self.execute("DELETE FROM _name_index", [])?;
        Ok(())
    }

    /// Writes a page of the name index.
    pub fn put_index_page(&self, table: u8, number: u32, page: &[u8]) -> anyhow::Result<()> {
        let id = page_id(table, number);
        let mut statement = self.prepare_cached("INSERT INTO _name_index (id, page) VALUES (?1, ?2)")?;
        if table == UNCHECKED {
            statement.execute(rusqlite::params![id, page])?;
        } else {
            statement.execute(rusqlite::params![id, [page, &checksum(id, page)[..]].concat()])?;
        }
        Ok(())
    }

    /// Notes that the index now says what the catalog says. It gets a number of its own, by which others see that it is
    /// another one than before.
    pub fn index_is_fresh(&self) -> anyhow::Result<()> {
        self.execute("DELETE FROM _name_index_stale", [])?;
        let n_pages: i64 = self.query_row("SELECT count(*) FROM _name_index", [], |row| row.get(0))?;
        self.set_meta(INDEX_PAGES, &n_pages.to_string())?;
        let number = self.read().meta(INDEX_NUMBER)?.and_then(|n| n.parse::<u64>().ok()).unwrap_or(0);
        self.set_meta(INDEX_NUMBER, &number.wrapping_add(1).to_string())
    }
}
