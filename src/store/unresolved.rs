//! The queue of unlinked mentions.

use rusqlite::params;
use serde::Serialize;

use super::Read;
use super::explore::{GroupHead, Most};
use crate::model::{Attributes, EntityKey, GroupKey};
use crate::text::fold;

/// An unlinked mention, over all groups.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unresolved {
    /// The profile's word for what it is.
    pub entity_type: String,
    /// As the stories write it.
    pub mention: String,
    /// Frequency.
    pub mentions: u64,
}

impl Read<'_> {
    /// Gives every unlinked mention nobody decided about, with how often it stands: one pass over the index of these.
    pub fn each_unresolved(self, mut visit: impl FnMut(&str, &str, u64) -> anyhow::Result<()>) -> anyhow::Result<()> {
        let mut statement = self.0.prepare_cached(
            "SELECT entity_type, mention_text, count(*) FROM story_entities
             WHERE entity_id IS NULL AND method <> 'decision' GROUP BY entity_type, mention_text",
        )?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            visit(row.get_ref(0)?.as_str()?, row.get_ref(1)?.as_str()?, row.get::<_, i64>(2)? as u64)?;
        }
        Ok(())
    }

    /// Gives every mention that nothing in the catalog fits and nobody decided about, with how often it stands.
    pub fn each_unknown(self, mut visit: impl FnMut(&str, &str, u64) -> anyhow::Result<()>) -> anyhow::Result<()> {
        let mut statement = self.0.prepare_cached(
            "SELECT entity_type, mention_text, count(*) FROM story_entities
             WHERE entity_id IS NULL AND method <> 'decision' AND outcome <> 'ambiguous'
             GROUP BY entity_type, mention_text",
        )?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            visit(row.get_ref(0)?.as_str()?, row.get_ref(1)?.as_str()?, row.get::<_, i64>(2)? as u64)?;
        }
        Ok(())
    }

    /// Returns whether a mention of this type is not linked and nobody decided about it.
    pub fn has_unlinked_type(self, entity_type: &str) -> anyhow::Result<bool> {
        Ok(self.0.query_row(
            "SELECT EXISTS (SELECT 1 FROM story_entities
                            WHERE entity_id IS NULL AND method <> 'decision' AND fold(entity_type) = ?1)",
            [fold(entity_type)],
            |row| row.get(0),
        )?)
    }

    /// Returns the most frequent unlinked mentions nobody decided about, with the numbers of such mentions and of
    /// different ones.
    pub fn unresolved(self, entity_types: &[String], limit: u64) -> anyhow::Result<(Vec<Unresolved>, u64, u64)> {
        let (mut queue, mut n_mentions, mut n_different) = (Most::new(limit), 0, 0);
        let wanted: Vec<String> = entity_types.iter().map(|wanted| fold(wanted)).collect();
        self.each_unresolved(|entity_type, mention, mentions| {
            if wanted.is_empty() || wanted.contains(&fold(entity_type)) {
                n_mentions += mentions;
                n_different += 1;
                queue.add(mentions, || (mention.to_owned(), entity_type.to_owned()));
            }
            Ok(())
        })?;
        let queue = queue.finish().into_iter();
        let queue =
            queue.map(|(mentions, (mention, entity_type))| Unresolved { entity_type, mention, mentions }).collect();
        Ok((queue, n_mentions, n_different))
    }

    /// Returns the groups with an unlinked mention, newest first.
    pub fn groups_of_unresolved(
        self,
        entity_type: &str,
        mention: &str,
        limit: u64,
    ) -> anyhow::Result<Vec<(GroupHead, u32)>> {
        let mut statement = self.0.prepare_cached(
            "SELECT g.id, g.external_id, g.title, g.date, m.ordinal
             FROM story_entities m JOIN story_groups g ON g.id = m.story_group_id
             WHERE m.entity_id IS NULL AND m.method <> 'decision' AND m.entity_type = ?1 AND m.mention_text = ?2
             ORDER BY g.sort_at DESC, g.id LIMIT ?3",
        )?;
        let rows = statement.query_map(params![entity_type, mention, limit as i64], |row| {
            Ok((GroupHead::read(row, 0)?, row.get(4)?))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Returns the hints that an unlinked mention has, each with how often, the most frequent first.
    pub fn hints_of_unresolved(self, entity_type: &str, mention: &str) -> anyhow::Result<Vec<(Attributes, u64)>> {
        let mut statement = self.0.prepare_cached(
            "SELECT hints, count(*) FROM story_entities
             WHERE entity_id IS NULL AND method <> 'decision' AND entity_type = ?1 AND mention_text = ?2
             GROUP BY hints ORDER BY count(*) DESC, hints",
        )?;
        let rows = statement.query_map(params![entity_type, mention], |row| {
            let hints: Option<String> = row.get(0)?;
            let hints = hints.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
            Ok((hints, row.get::<_, i64>(1)? as u64))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Returns the mentions linked to an entity, with their groups.
    pub fn mentions_linked_to(self, entity: EntityKey) -> anyhow::Result<Vec<(GroupKey, String)>> {
        let mut statement =
            self.0.prepare_cached("SELECT story_group_id, mention_text FROM story_entities WHERE entity_id = ?1")?;
        let rows = statement.query_map([entity], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
