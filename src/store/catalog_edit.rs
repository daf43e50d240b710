//! Changes of single entities, and what lists of them need.

use rusqlite::params;

use super::{Read, Tx};
use crate::model::EntityKey;

/// A row of a list of entities.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct EntityRow {
    /// The user's id.
    pub id: String,
    /// The catalog's type.
    #[serde(rename = "type")]
    pub entity_type: String,
    /// The preferred name.
    pub name: String,
    /// Number of aliases.
    pub aliases: u64,
    /// Number of mentions linked to it.
    pub mentions: u64,
}

impl Read<'_> {
    /// Returns entities by name, and how many there are; of one type and with a text in one of their names, if these are
    /// given.
    pub fn list_entities(self, entity_type: &str, text: &str, limit: u64) -> anyhow::Result<(Vec<EntityRow>, u64)> {
        let total = self.0.query_row(
            "SELECT count(*) FROM entities e
             WHERE (?1 = '' OR e.type = ?1 COLLATE NOCASE)
               AND (?2 = '' OR instr(lower(e.name), lower(?2)) > 0
                    OR e.id IN (SELECT entity_id FROM entity_aliases WHERE instr(lower(alias), lower(?2)) > 0))",
            params![entity_type, text],
            |row| row.get::<_, i64>(0),
        )?;
        let mut statement = self.0.prepare(
            "SELECT e.external_id, e.type, e.name, (SELECT count(*) FROM entity_aliases a WHERE a.entity_id = e.id),
                    (SELECT count(*) FROM story_entities m WHERE m.entity_id = e.id)
             FROM entities e
             WHERE (?1 = '' OR e.type = ?1 COLLATE NOCASE)
               AND (?2 = '' OR instr(lower(e.name), lower(?2)) > 0
                    OR e.id IN (SELECT entity_id FROM entity_aliases WHERE instr(lower(alias), lower(?2)) > 0))
             ORDER BY e.name COLLATE NOCASE, e.id LIMIT ?3",
        )?;
        let rows = statement.query_map(params![entity_type, text, limit as i64], |row| {
            Ok(EntityRow {
                id: row.get(0)?,
                entity_type: row.get(1)?,
                name: row.get(2)?,
                aliases: row.get::<_, i64>(3)? as u64,
                mentions: row.get::<_, i64>(4)? as u64,
            })
        })?;
        Ok((rows.collect::<Result<_, _>>()?, total as u64))
    }
}

impl Tx<'_> {
    /// Moves every link of an entity to another, and what was judged of them in audits. Returns the number of links.
    pub fn move_links(&self, from: EntityKey, into: EntityKey) -> anyhow::Result<u64> {
        self.prepare_cached(
            "DELETE FROM searched_groups
             WHERE story_group_id IN (SELECT story_group_id FROM story_entities WHERE entity_id = ?1)",
        )?
        .execute([from])?;
        self.prepare_cached("UPDATE audit_items SET entity_id = ?2 WHERE entity_id = ?1")?
            .execute(params![from, into])?;
        let moved = self
            .prepare_cached("UPDATE story_entities SET entity_id = ?2 WHERE entity_id = ?1")?
            .execute(params![from, into])?;
        Ok(moved as u64)
    }
}
