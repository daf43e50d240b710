//! The queue of unlinked mentions, and what people decided about mentions.

use rusqlite::{OptionalExtension as _, params};
use serde::Serialize;

use super::explore::GroupHead;
use super::{Read, Tx};
use crate::model::{Attributes, EntityKey, GroupKey};

/// An unlinked mention, over all groups.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unresolved {
    /// The profile's word for what it is.
    pub entity_type: String,
    /// As the stories write it.
    pub mention: String,
    /// How often.
    pub mentions: u64,
}

/// What people decided about a mention.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDecision {
    /// The normalized mention.
    pub mention_key: String,
    /// As it was shown.
    pub mention: String,
    /// The profile's word; empty: any.
    pub entity_type: String,
    /// It holds where these agree.
    pub hints: Attributes,
    /// What was decided.
    pub verdict: Verdict,
}

/// What was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is this entity.
    Is(EntityKey),
    /// It is not this entity.
    Not(EntityKey),
    /// It is none of the catalog.
    Nothing,
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

    /// Returns the most frequent unlinked mentions nobody decided about, with the numbers of such mentions and of
    /// different ones.
    pub fn unresolved(self, entity_types: &[String], limit: u64) -> anyhow::Result<(Vec<Unresolved>, u64, u64)> {
        let mut queue: Vec<Unresolved> = vec![];
        self.each_unresolved(|entity_type, mention, mentions| {
            if entity_types.is_empty() || entity_types.iter().any(|t| t.eq_ignore_ascii_case(entity_type)) {
                queue.push(Unresolved { entity_type: entity_type.into(), mention: mention.into(), mentions });
            }
            Ok(())
        })?;
        let (n_mentions, n_different) = (queue.iter().map(|row| row.mentions).sum(), queue.len() as u64);
        queue.sort_unstable_by(|a, b| {
            b.mentions.cmp(&a.mentions).then_with(|| (&a.mention, &a.entity_type).cmp(&(&b.mention, &b.entity_type)))
        });
        queue.truncate(limit as usize);
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
            "SELECT g.id, g.external_id, g.title, g.sort_at, m.ordinal
             FROM story_entities m JOIN story_groups g ON g.id = m.story_group_id
             WHERE m.entity_id IS NULL AND m.method <> 'decision' AND m.entity_type = ?1 AND m.mention_text = ?2
             ORDER BY g.sort_at DESC, g.id LIMIT ?3",
        )?;
        let rows = statement.query_map(params![entity_type, mention, limit as i64], |row| {
            Ok((GroupHead::read(row, 0)?, row.get(4)?))
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

    /// Returns the groups with a mention whose text a closure picks. It reads every mention: for taking back a decision.
    pub fn groups_with_mention(self, mut is_it: impl FnMut(&str) -> bool) -> anyhow::Result<Vec<GroupKey>> {
        let mut statement = self.0.prepare("SELECT story_group_id, mention_text FROM story_entities")?;
        let mut rows = statement.query([])?;
        let mut groups = vec![];
        while let Some(row) = rows.next()? {
            let group = row.get(0)?;
            if groups.last() != Some(&group) && is_it(row.get_ref(1)?.as_str()?) {
                groups.push(group);
            }
        }
        Ok(groups)
    }

    /// Returns the ids of the decisions about a mention, oldest first.
    pub fn decisions_about(self, mention_key: &str) -> anyhow::Result<Vec<i64>> {
        let mut statement = self.0.prepare_cached("SELECT id FROM decisions WHERE mention_key = ?1 ORDER BY id")?;
        let rows = statement.query_map([mention_key], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

impl Tx<'_> {
    /// Remembers a decision; one that says the opposite of the same thing is replaced. Returns its id.
    pub fn decide(&self, decision: &NewDecision, now: &str) -> anyhow::Result<i64> {
        let (verdict, target) = match decision.verdict {
            Verdict::Is(entity) => ("is", Some(entity)),
            Verdict::Not(entity) => ("not", Some(entity)),
            Verdict::Nothing => ("nothing", None),
        };
        let target: Option<(String, String)> = match target {
            Some(entity) => self
                .prepare_cached("SELECT type, external_id FROM entities WHERE id = ?1")?
                .query_row([entity], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?,
            None => None,
        };
        let (target_type, target_id) = target.unzip();
        let hints = serde_json::json!(decision.hints).to_string();
        // A mention is one thing: what was said before of the same mention, type and hints gives way, except that it
        // may be "not" several entities at once.
        self.prepare_cached(
            "DELETE FROM decisions WHERE mention_key = ?1 AND entity_type = ?2 AND hints = ?3
                 AND (?4 <> 'not' AND verdict <> 'not'
                      OR coalesce(target_type, '') = coalesce(?5, '')
                         AND coalesce(target_external_id, '') = coalesce(?6, ''))",
        )?
        .execute(params![
            decision.mention_key,
            decision.entity_type,
            hints,
            verdict,
            target_type,
            target_id
        ])?;
        self.prepare_cached(
            "INSERT INTO decisions (mention_key, mention, entity_type, hints, verdict, target_type, target_external_id,
                                    decided_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![
            decision.mention_key,
            decision.mention,
            decision.entity_type,
            hints,
            verdict,
            target_type,
            target_id,
            now
        ])?;
        Ok(self.last_insert_rowid())
    }

    /// Takes a decision back.
    pub fn undecide(&self, id: i64) -> anyhow::Result<()> {
        self.prepare_cached("DELETE FROM decisions WHERE id = ?1")?.execute([id])?;
        Ok(())
    }
}
