//! Links of mentions, read and changed by themselves: for linking everything anew.

use rusqlite::params;

use super::knowledge::unit;
use super::{Read, Tx};
use crate::model::{EntityKey, GroupKey, LinkOutcome, Mention};

/// A mention with its place and its link.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredLink {
    /// Its place among the group's mentions.
    pub ordinal: i64,
    /// As the model gave it.
    pub mention: Mention,
    /// The entity it is linked to.
    pub entity: Option<EntityKey>,
    /// Method.
    pub outcome: String,
    /// By what.
    pub method: String,
    /// Probability.
    pub score: f64,
}

impl Read<'_> {
    /// Returns the groups that have mentions, in the order of their keys.
    pub fn groups_with_mentions(self) -> anyhow::Result<Vec<GroupKey>> {
        let mut statement =
            self.0.prepare("SELECT DISTINCT story_group_id FROM story_entities ORDER BY story_group_id")?;
        let groups = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
        Ok(groups)
    }

    /// Returns how many mentions of a group are linked, and how many are ambiguous.
    pub fn link_counts(self, group: GroupKey) -> anyhow::Result<(u64, u64)> {
        Ok(self
            .0
            .prepare_cached(
                "SELECT coalesce(sum(outcome = 'linked'), 0), coalesce(sum(outcome = 'ambiguous'), 0)
                 FROM story_entities WHERE story_group_id = ?1",
            )?
            .query_row([group], |row| Ok((row.get::<_, i64>(0)? as u64, row.get::<_, i64>(1)? as u64)))?)
    }

    /// Returns the mentions of a group with their links, in order.
    pub fn links_of_group(self, group: GroupKey) -> anyhow::Result<Vec<StoredLink>> {
        let mut statement = self.0.prepare_cached(
            "SELECT ordinal, entity_type, mention_text, hints, is_primary, confidence, rank, entity_id, outcome, method, score
             FROM story_entities WHERE story_group_id = ?1 ORDER BY ordinal",
        )?;
        let rows = statement.query_map([group], |row| {
            let hints: Option<String> = row.get(3)?;
            Ok(StoredLink {
                ordinal: row.get(0)?,
                mention: Mention {
                    entity_type: row.get(1)?,
                    text: row.get(2)?,
                    hints: hints.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default(),
                    is_primary: row.get(4)?,
                    confidence: row.get(5)?,
                    rank: row.get(6)?,
                },
                entity: row.get(7)?,
                outcome: row.get(8)?,
                method: row.get(9)?,
                score: row.get(10)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

impl Tx<'_> {
    /// Changes the link of a mention.
    pub fn set_link(
        &self,
        group: GroupKey,
        ordinal: i64,
        link: (Option<EntityKey>, LinkOutcome, &str, f64),
    ) -> anyhow::Result<()> {
        let (entity, outcome, method, score) = link;
        self.prepare_cached(
            "UPDATE story_entities SET entity_id = ?3, outcome = ?4, method = ?5, score = ?6
             WHERE story_group_id = ?1 AND ordinal = ?2",
        )?
        .execute(params![group, ordinal, entity, outcome, method, unit(score)])?;
        Ok(())
    }
}
