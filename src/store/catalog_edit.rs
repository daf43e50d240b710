//! Changes of single entities, and what lists of them need.

use rusqlite::params;

use super::{Read, Tx};
use crate::model::EntityKey;
use crate::text::fold;

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
    /// given. Case and marks make no difference.
    pub fn list_entities(self, entity_type: &str, text: &str, limit: u64) -> anyhow::Result<(Vec<EntityRow>, u64)> {
        let (entity_type, text) = (fold(entity_type), fold(text));
        let total = self.0.query_row(
            "SELECT count(*) FROM entities e
             WHERE (?1 = '' OR fold(e.type) = ?1)
               AND (?2 = '' OR instr(fold(e.name), ?2) > 0
                    OR e.id IN (SELECT entity_id FROM entity_aliases WHERE instr(fold(alias), ?2) > 0))",
            params![entity_type, text],
            |row| row.get::<_, i64>(0),
        )?;
        let mut statement = self.0.prepare(
            "SELECT e.external_id, e.type, e.name, (SELECT count(*) FROM entity_aliases a WHERE a.entity_id = e.id),
                    (SELECT count(*) FROM story_entities m WHERE m.entity_id = e.id)
             FROM entities e
             WHERE (?1 = '' OR fold(e.type) = ?1)
               AND (?2 = '' OR instr(fold(e.name), ?2) > 0
                    OR e.id IN (SELECT entity_id FROM entity_aliases WHERE instr(fold(alias), ?2) > 0))
             ORDER BY fold(e.name), e.name, e.id LIMIT ?3",
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
        self.prepare_cached("UPDATE audit_items SET entity_id = ?2 WHERE entity_id = ?1")?
            .execute(params![from, into])?;
        let moved = self
            .prepare_cached("UPDATE story_entities SET entity_id = ?2 WHERE entity_id = ?1")?
            .execute(params![from, into])?;
        Ok(moved as u64)
    }
}

#[cfg(test)]
mod tests {
    use crate::model::{Entity, EntityId};
    use crate::store::Store;

    #[test]
    fn a_name_is_found_in_any_case_and_without_its_marks() {
        let mut store = Store::open_in_memory("2026-01-01T00:00:00Z").unwrap();
        let tx = store.write().unwrap();
        for (id, entity_type, name, alias) in [
            ("1", "Köper", "Юрий Гагарин", "Gagarin"),
            ("2", "person", "Émile Zola", "ЗОЛЯ"),
            ("3", "person", "emil nobody", "x"),
        ] {
            let entity = Entity {
                id: EntityId::new(id),
                entity_type: entity_type.into(),
                name: name.into(),
                aliases: vec![alias.into()],
                attributes: Default::default(),
            };
            tx.load_entity(&entity, "2026-01-01T00:00:00Z").unwrap();
        }
        for (entity_type, text, expected) in [
            ("", "гагарин", &["1"][..]),
            ("", "ГАГАРИН", &["1"]),
            ("", "gagarin", &["1"]),
            ("", "emil", &["3", "2"]),
            ("", "Золя", &["2"]),
            ("KÖPER", "", &["1"]),
            ("person", "", &["3", "2"]),
            ("person", "гагарин", &[]),
        ] {
            let (rows, total) = tx.read().list_entities(entity_type, text, 10).unwrap();
            let ids: Vec<&str> = rows.iter().map(|row| row.id.as_str()).collect();
            assert_eq!((ids.as_slice(), total), (expected, expected.len() as u64), "{entity_type} {text}");
        }
    }
}
