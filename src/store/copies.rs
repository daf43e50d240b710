//! Groups with the same text are asked once: the others share the answer.
//!
//! A copy has no request of its own, so nothing of it looks like money. Its topics and mentions are rows of their own,
//! and `current_answers` says whose request they come from. Which answer that is follows from the ledger alone, whatever
//! was imported in which order: of all usable answers to the text that the group has today, real ones before rehearsed
//! ones, the one asked last; and the group's own instead, where it answers the same prompt.

use std::collections::HashMap;

use rusqlite::params;

use super::{Read, Tx};
use crate::model::{GroupKey, Kind, PromptKey, RequestKey};

/// An answer that a group is to share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// The group whose text was answered elsewhere.
    pub group: GroupKey,
    /// The question.
    pub kind: Kind,
    /// The request that was answered.
    pub request: RequestKey,
    /// The group that was asked.
    pub asked: GroupKey,
}

/// A usable answer to a text that another group has.
#[derive(Clone, Copy)]
struct Answered {
    request: RequestKey,
    asked: GroupKey,
    prompt: PromptKey,
    sandbox: bool,
}

impl Read<'_> {
    /// Returns which groups are to take the answer of another one, by all that the ledger knows.
    pub fn shares_due(self) -> anyhow::Result<Vec<Share>> {
        let mut statement = self.0.prepare_cached(
            "SELECT r.text_hash, r.kind, r.id, r.story_group_id, r.prompt_id, r.sandbox FROM requests r
             WHERE r.state = 'usable' AND r.is_comparison = 0
               AND EXISTS (SELECT 1 FROM story_groups g WHERE g.text_hash = r.text_hash AND g.status = 'active'
                             AND g.id <> r.story_group_id)
             ORDER BY r.id",
        )?;
        let mut texts: HashMap<([u8; 16], Kind), Vec<Answered>> = HashMap::new();
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let answered =
                Answered { request: row.get(2)?, asked: row.get(3)?, prompt: row.get(4)?, sandbox: row.get(5)? };
            texts.entry((row.get(0)?, row.get(1)?)).or_default().push(answered);
        }
        let mut groups = self.0.prepare_cached(
            "SELECT g.id, c.request_id, r.sandbox FROM story_groups g
             LEFT JOIN current_answers c ON c.story_group_id = g.id AND c.kind = ?2
             LEFT JOIN requests r ON r.id = c.request_id
             WHERE g.text_hash = ?1 AND g.status = 'active'",
        )?;
        let mut due = vec![];
        for ((text_hash, kind), answered) in &texts {
            let Some(last) = answered.iter().max_by_key(|answer| (!answer.sandbox, answer.request)) else { continue };
            let own: HashMap<GroupKey, &Answered> = answered
                .iter()
                .filter(|answer| answer.sandbox == last.sandbox && answer.prompt == last.prompt)
                .map(|answer| (answer.asked, answer))
                .collect();
            let mut rows = groups.query(params![text_hash, kind])?;
            while let Some(row) = rows.next()? {
                let group: GroupKey = row.get(0)?;
                let (current, is_rehearsed): (Option<RequestKey>, Option<bool>) = (row.get(1)?, row.get(2)?);
                let counts = own.get(&group).copied().unwrap_or(last);
                if current == Some(counts.request) || (is_rehearsed == Some(false) && counts.sandbox) {
                    continue;
                }
                due.push(Share { group, kind: *kind, request: counts.request, asked: counts.asked });
            }
        }
        due.sort_unstable_by_key(|share| (share.request, share.group));
        Ok(due)
    }

    /// Gives the text of each active group that has any.
    pub fn each_active_text(self, mut visit: impl FnMut(&str, [u8; 16])) -> anyhow::Result<()> {
        let mut statement = self.0.prepare(
            "SELECT external_id, text_hash FROM story_groups WHERE status = 'active' AND text_hash IS NOT NULL",
        )?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            visit(row.get_ref(0)?.as_str()?, row.get(1)?);
        }
        Ok(())
    }

    /// Returns how many active groups have the text of another one, the first of each text not counted.
    pub fn n_copies(self) -> anyhow::Result<u64> {
        let n: i64 = self.0.query_row(
            "SELECT count(*) - count(DISTINCT text_hash) FROM main.story_groups
             WHERE status = 'active' AND text_hash IS NOT NULL",
            [],
            |row| row.get(0),
        )?;
        Ok(n.max(0) as u64)
    }
}

impl Tx<'_> {
    /// Gives a group the rows that stand for the answer at the group that was asked. Returns whether they stand there:
    /// where that group has learned something else since, the answer must be read again.
    pub fn copy_knowledge(&self, share: &Share) -> anyhow::Result<bool> {
        let current = self.read().current_answer(share.asked, share.kind)?;
        // An import of many answers runs no triggers.
        self.uncount([share.group].into_iter())?;
        if share.asked == share.group || current.is_none_or(|current| current.request != share.request) {
            return Ok(false);
        }
        match share.kind {
            Kind::Topic => {
                self.prepare_cached("DELETE FROM story_topics WHERE story_group_id = ?1")?.execute([share.group])?;
                self.prepare_cached(
                    "INSERT INTO story_topics (story_group_id, topic, label, merged_from, confidence, rank, sandbox,
                                               prompt_id, batch_id, extracted_at)
                     SELECT ?1, topic, label, merged_from, confidence, rank, sandbox, prompt_id, batch_id, extracted_at
                     FROM story_topics WHERE story_group_id = ?2",
                )?
                .execute([share.group, share.asked])?;
            }
            Kind::Entity => {
                self.prepare_cached("DELETE FROM story_entities WHERE story_group_id = ?1")?.execute([share.group])?;
                self.prepare_cached(
                    "INSERT INTO story_entities (story_group_id, ordinal, entity_type, mention_text, mention_key, hints,
                                                 entity_id, outcome, method, score, confidence, is_primary, rank,
                                                 sandbox, prompt_id, batch_id, extracted_at, grounding, place_story,
                                                 place_in, place_at, place_length)
                     SELECT ?1, ordinal, entity_type, mention_text, mention_key, hints, entity_id, outcome, method, score,
                            confidence, is_primary, rank, sandbox, prompt_id, batch_id, extracted_at, grounding,
                            place_story, place_in, place_at, place_length
                     FROM story_entities WHERE story_group_id = ?2",
                )?
                .execute([share.group, share.asked])?;
            }
        }
        if share.kind == Kind::Entity {
            // The same text in other markup has its names at other places.
            self.prepare_cached(
                "UPDATE story_entities SET place_story = NULL, place_in = NULL, place_at = NULL, place_length = NULL
                 WHERE story_group_id = ?1
                   AND EXISTS (SELECT 1 FROM story_groups WHERE id IN (?1, ?2) AND clean_hash IS NOT NULL)",
            )?
            .execute([share.group, share.asked])?;
        }
        self.set_current(share.group, share.request, share.kind)?;
        Ok(true)
    }
}
