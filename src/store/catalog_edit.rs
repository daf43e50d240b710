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
    /// Returns entities by name; of one type and with a text in their name, if these are given.
    pub fn list_entities(self, entity_type: &str, text: &str, limit: u64) -> anyhow::Result<Vec<EntityRow>> {
        let mut statement = self.0.prepare(
            "SELECT e.external_id, e.type, e.name, (SELECT count(*) FROM entity_aliases a WHERE a.entity_id = e.id),
                    (SELECT count(*) FROM story_entities m WHERE m.entity_id = e.id)
             FROM entities e
             WHERE (?1 = '' OR e.type = ?1 COLLATE NOCASE) AND (?2 = '' OR instr(lower(e.name), lower(?2)) > 0)
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
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Returns what people taught about an entity: mention and verdict.
    pub fn taught(self, key: EntityKey) -> anyhow::Result<Vec<(String, String)>> {
        let mut statement = self.0.prepare_cached(
            "SELECT d.mention, d.verdict FROM decisions d
             JOIN entities e ON e.type = d.target_type AND e.external_id = d.target_external_id
             WHERE e.id = ?1 ORDER BY d.id",
        )?;
        let rows = statement.query_map([key], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

impl Tx<'_> {
    /// Moves everything that points to one entity to another: links and decisions.
    pub fn move_links(&self, from: EntityKey, into: EntityKey) -> anyhow::Result<u64> {
        let moved = self
            .prepare_cached("UPDATE story_entities SET entity_id = ?2 WHERE entity_id = ?1")?
            .execute(params![from, into])?;
        self.prepare_cached(
            "UPDATE OR REPLACE decisions SET
                 target_type = (SELECT type FROM entities WHERE id = ?2),
                 target_external_id = (SELECT external_id FROM entities WHERE id = ?2)
             WHERE (target_type, target_external_id) = (SELECT type, external_id FROM entities WHERE id = ?1)",
        )?
        .execute(params![from, into])?;
        Ok(moved as u64)
    }
}
