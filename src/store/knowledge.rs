//! Knowledge: topics and mentions, and whose answer they come from.

use rusqlite::{OptionalExtension as _, params};

use super::{Read, Tx};
use crate::model::{
    BatchKey, EntityKey, Grounded, GroupKey, Kind, LinkOutcome, Mention, Place, PromptKey, RequestKey, Topic,
};

/// A mention and what was decided about it.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkedMention {
    /// As the model gave it.
    pub mention: Mention,
    /// Key of its text, by which decisions about it are found.
    pub key: String,
    /// The entity it is; `None` unless linked.
    pub entity: Option<EntityKey>,
    /// Method.
    pub outcome: LinkOutcome,
    /// By what: `exact`, `alias`, `fuzzy`, `decision`, …
    pub method: String,
    /// Probability that the link is right; of the best candidate if unlinked.
    pub score: f64,
    /// Place in the stories; `None`: it was not looked for, since their text is another one by now.
    pub grounded: Option<Grounded>,
}

/// Returns the database's word for where in a story a place is.
pub(super) fn place_in(place: Place) -> &'static str {
    if place.in_title { "title" } else { "text" }
}

/// Whose answer a group's topics or entities come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CurrentAnswer {
    /// The request that was answered.
    pub request: RequestKey,
    /// True where a sandbox answered.
    pub sandbox: bool,
}

/// Provenance of a row of knowledge.
#[derive(Clone, Debug)]
pub struct Provenance {
    /// The group it is about.
    pub group: GroupKey,
    /// The request that was answered.
    pub request: RequestKey,
    /// The prompt it was asked with.
    pub prompt: PromptKey,
    /// The batch it came with; `None`: asked directly.
    pub batch: Option<BatchKey>,
    /// When it was answered, by the answer.
    pub extracted_at: Option<String>,
}

/// A number between 0 and 1, as the tables ask for it: a paid answer is never refused for a rounding.
pub(super) fn unit(number: f64) -> f64 {
    if number.is_nan() { 0.0 } else { number.clamp(0.0, 1.0) }
}

impl Read<'_> {
    /// Returns whose answer a group's topics or entities come from.
    pub fn current_answer(self, group: GroupKey, kind: Kind) -> anyhow::Result<Option<CurrentAnswer>> {
        let row = self
            .0
            .prepare_cached(
                "SELECT c.request_id, r.sandbox FROM current_answers c JOIN requests r ON r.id = c.request_id
                 WHERE c.story_group_id = ?1 AND c.kind = ?2",
            )?
            .query_row(params![group, kind], |row| Ok(CurrentAnswer { request: row.get(0)?, sandbox: row.get(1)? }))
            .optional()?;
        Ok(row)
    }

    /// Returns for how many groups an answer of a kind counts.
    pub fn n_answered(self, kind: Kind) -> anyhow::Result<u64> {
        let mut statement = self.0.prepare_cached("SELECT count(*) FROM current_answers WHERE kind = ?1")?;
        Ok(statement.query_row([kind], |row| row.get::<_, i64>(0))? as u64)
    }

    /// Returns all requests whose answer is usable, in the order they were asked; comparisons are left out.
    pub fn usable_requests(self) -> anyhow::Result<Vec<RequestKey>> {
        let mut statement = self.0.prepare_cached(
            "SELECT id FROM requests
                 WHERE state = 'usable' AND is_comparison = 0 AND story_group_id IS NOT NULL ORDER BY id",
        )?;
        Ok(statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
    }

    /// Returns the numbers of topics, mentions and linked mentions that were learned.
    pub fn knowledge_counts(self) -> anyhow::Result<(u64, u64, u64)> {
        Ok(self.0.query_row(
            "SELECT (SELECT count(*) FROM story_topics), (SELECT count(*) FROM story_entities),
                    (SELECT count(*) FROM story_entities WHERE entity_id IS NOT NULL)",
            [],
            |row| {
                let n = |i| row.get::<_, i64>(i).map(|n| n as u64);
                Ok((n(0)?, n(1)?, n(2)?))
            },
        )?)
    }
}

impl Tx<'_> {
    /// Forgets all topics, mentions and links; the answers they came from stay in the ledger.
    pub fn clear_knowledge(&self) -> anyhow::Result<()> {
        self.execute_batch("DELETE FROM story_topics; DELETE FROM story_entities; DELETE FROM current_answers;")?;
        Ok(())
    }

    /// Replaces a group's topics by those of one answer, as people have decided about topics.
    pub fn replace_topics(&self, source: &Provenance, topics: &[Topic]) -> anyhow::Result<()> {
        self.prepare_cached("DELETE FROM story_topics WHERE story_group_id = ?1")?.execute([source.group])?;
        let mut insert = self.prepare_cached(
            // Two topics of an answer may have become one: the more important of them stays.
            "INSERT INTO story_topics (story_group_id, topic, label, merged_from, confidence, rank, prompt_id, batch_id,
                                       extracted_at, sandbox)
             VALUES (?1, ?2, ?3, ?9, ?4, ?5, ?6, ?7, ?8, (SELECT sandbox FROM requests WHERE id = ?10))
             ON CONFLICT (story_group_id, topic) DO UPDATE SET label = excluded.label, merged_from = excluded.merged_from,
                 confidence = max(confidence, excluded.confidence), rank = excluded.rank
             WHERE excluded.rank < rank",
        )?;
        for topic in topics {
            let decided = self.read().topic_decision(&topic.topic)?;
            // Dropped.
            if decided.as_ref().is_some_and(|(target, _)| target.is_empty()) {
                continue;
            }
            insert.execute(params![
                source.group,
                decided.as_ref().map_or(&topic.topic, |(target, _)| target),
                decided.as_ref().map_or(&topic.label, |(_, label)| label),
                unit(topic.confidence),
                topic.rank.max(1),
                source.prompt,
                source.batch,
                source.extracted_at,
                decided.is_some().then_some(&topic.label),
                source.request,
            ])?;
        }
        self.set_current(source.group, source.request, Kind::Topic)
    }

    /// Replaces a group's mentions by those of one answer.
    pub fn replace_mentions(&self, source: &Provenance, mentions: &[LinkedMention]) -> anyhow::Result<()> {
        self.prepare_cached("DELETE FROM story_entities WHERE story_group_id = ?1")?.execute([source.group])?;
        let mut insert = self.prepare_cached(
            "INSERT INTO story_entities (story_group_id, ordinal, entity_type, mention_text, hints, entity_id, outcome,
                                         method, score, confidence, is_primary, rank, prompt_id, batch_id, extracted_at,
                                         mention_key, grounding, place_story, place_in, place_at, place_length,
                                         sandbox)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?18, ?19, ?20, ?21, ?22,
                     (SELECT sandbox FROM requests WHERE id = ?17))",
        )?;
        for (i, linked) in mentions.iter().enumerate() {
            let mention = &linked.mention;
            let hints = (!mention.hints.is_empty()).then(|| serde_json::json!(mention.hints).to_string());
            let place = linked.grounded.and_then(|grounded| grounded.place);
            insert.execute(params![
                source.group,
                i as i64 + 1,
                mention.entity_type,
                mention.text,
                hints,
                linked.entity,
                linked.outcome,
                linked.method,
                unit(linked.score),
                unit(mention.confidence),
                mention.is_primary,
                mention.rank.max(1),
                source.prompt,
                source.batch,
                source.extracted_at,
                linked.key,
                source.request,
                linked.grounded.map(|grounded| grounded.grounding),
                place.and_then(|place| place.story),
                place.map(place_in),
                place.map(|place| place.at),
                place.map(|place| place.length),
            ])?;
        }
        self.set_current(source.group, source.request, Kind::Entity)
    }

    pub(super) fn set_current(&self, group: GroupKey, request: RequestKey, kind: Kind) -> anyhow::Result<()> {
        self.prepare_cached(
            "INSERT INTO current_answers (story_group_id, kind, request_id, is_shared)
             VALUES (?1, ?2, ?3, (SELECT story_group_id <> ?1 FROM requests WHERE id = ?3))
             ON CONFLICT (story_group_id, kind)
                 DO UPDATE SET request_id = excluded.request_id, is_shared = excluded.is_shared",
        )?
        .execute(params![group, kind, request])?;
        // A trigger does so too, but not in the transaction of an import.
        self.prepare_cached("DELETE FROM _searched_groups WHERE story_group_id = ?1")?.execute([group])?;
        Ok(())
    }
}
