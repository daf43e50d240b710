//! One group: what is known of it, and from where.

use rusqlite::{OptionalExtension as _, params};
use serde::Serialize;

use super::{EntityHead, GroupHead};
use crate::model::{Attributes, Grounding, GroupId, GroupKey, Kind, LinkOutcome, Place};
use crate::store::Read;

/// A topic of a group.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TopicRow {
    /// The key: lower case.
    pub topic: String,
    /// As the model wrote it.
    pub label: String,
    /// The topic as the model wrote it, where a decision merged it into this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub merged_from: Option<String>,
    /// 0 to 1.
    pub confidence: f64,
    /// 1 is the main topic.
    pub rank: u32,
}

/// A mention of a group, with its link.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MentionRow {
    /// Place in the answer, from 1.
    pub ordinal: u32,
    /// The profile's word for what it is.
    pub entity_type: String,
    /// The name as the stories write it.
    #[serde(rename = "mention")]
    pub text: String,
    /// Hints that tell namesakes apart.
    #[serde(skip_serializing_if = "Attributes::is_empty")]
    pub hints: Attributes,
    /// The entity it is; `None` unless linked.
    pub entity: Option<EntityHead>,
    /// Method.
    pub outcome: LinkOutcome,
    /// By what.
    pub method: String,
    /// Probability that the link is right.
    pub score: f64,
    /// The model's.
    pub confidence: f64,
    /// True where the stories are chiefly about it.
    pub is_primary: bool,
    /// 1 is the most important.
    pub rank: u32,
    /// Closeness to the words of the stories; `None`: not looked for.
    pub grounding: Option<Grounding>,
    /// Place there; `None`: nowhere.
    pub place: Option<Place>,
}

/// The answer a group's topics or entities come from.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AnswerHead {
    /// Which of the two.
    pub kind: Kind,
    /// The model that says it answered.
    pub model: Option<String>,
    /// The provider's id of the batch; `None`: asked directly, or by hand.
    pub batch_id: Option<String>,
    /// True where its batch was carried by hand, so that no id is known.
    #[serde(skip)]
    pub is_by_hand: bool,
    /// When it was answered.
    pub answered_at: Option<String>,
    /// `None`: price unknown.
    pub cost_usd: Option<f64>,
    /// Tokens read.
    pub input_tokens: Option<u64>,
    /// Tokens written.
    pub output_tokens: Option<u64>,
    /// True where a sandbox answered.
    pub sandbox: bool,
    /// The group that was asked, which has or had the same text; `None`: this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shared_with: Option<GroupId>,
}

impl Read<'_> {
    /// Returns what a group is called in a list.
    pub fn group_head(self, key: GroupKey) -> anyhow::Result<Option<GroupHead>> {
        let row = self
            .0
            .prepare_cached("SELECT id, external_id, title, date FROM story_groups WHERE id = ?1")?
            .query_row([key], |row| GroupHead::read(row, 0))
            .optional()?;
        Ok(row)
    }

    /// Returns ids that begin as `id` does, in any case: what may have been meant.
    pub fn group_ids_like(self, id: &str, limit: u32) -> anyhow::Result<Vec<String>> {
        let n_chars = id.chars().count();
        let half: String = id.chars().take(n_chars.div_ceil(2)).collect();
        let mut found: Vec<(usize, String)> = self
            .ids_that_begin_with(&half)?
            .into_iter()
            .map(|known| (strsim::damerau_levenshtein(&known, id), known))
            .collect();
        found.retain(|(distance, _)| *distance <= 3.max(id.len() / 3));
        // Another case, or a slip near the beginning: nearer ones only.
        let lower = id.to_lowercase();
        let first: String = id.chars().take(1).collect();
        for stem in [half.to_lowercase(), half.to_uppercase(), first.to_lowercase(), first.to_uppercase()] {
            let known = self.ids_that_begin_with(&stem)?.into_iter();
            let known = known.map(|known| (strsim::damerau_levenshtein(&known.to_lowercase(), &lower), known));
            found.extend(known.filter(|(distance, _)| *distance <= 1 + n_chars / 4));
        }
        found.sort();
        let mut ids: Vec<String> = vec![];
        for (_, known) in found {
            if !ids.contains(&known) {
                ids.push(known);
            }
        }
        ids.truncate(limit as usize);
        Ok(ids)
    }

    fn ids_that_begin_with(self, stem: &str) -> anyhow::Result<Vec<String>> {
        // The end of a range of texts that begin with the stem: no character is larger than this one.
        let end = format!("{stem}\u{10FFFF}");
        let mut statement = self.0.prepare_cached(
            "SELECT external_id FROM story_groups WHERE external_id >= ?1 AND external_id < ?2 ORDER BY external_id
             LIMIT 1000",
        )?;
        Ok(statement.query_map([stem, &end], |row| row.get(0))?.collect::<Result<_, _>>()?)
    }

    /// Returns a group's topics by rank.
    pub fn topics_of(self, group: GroupKey) -> anyhow::Result<Vec<TopicRow>> {
        let mut statement = self.0.prepare_cached(
            "SELECT topic, label, merged_from, confidence, rank FROM story_topics WHERE story_group_id = ?1
             ORDER BY rank, topic",
        )?;
        let rows = statement.query_map([group], |row| {
            Ok(TopicRow {
                topic: row.get(0)?,
                label: row.get(1)?,
                merged_from: row.get(2)?,
                confidence: row.get(3)?,
                rank: row.get(4)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Returns the texts of a group's mentions.
    pub fn mention_texts_of(self, group: GroupKey) -> anyhow::Result<Vec<String>> {
        let mut statement = self
            .0
            .prepare_cached("SELECT mention_text FROM story_entities WHERE story_group_id = ?1 ORDER BY ordinal")?;
        Ok(statement.query_map([group], |row| row.get(0))?.collect::<Result<_, _>>()?)
    }

    /// Returns a group's mentions by rank, with their links.
    pub fn mentions_of(self, group: GroupKey) -> anyhow::Result<Vec<MentionRow>> {
        let mut statement = self.0.prepare_cached(
            "SELECT m.ordinal, m.entity_type, m.mention_text, m.hints, m.outcome, m.method, m.score, m.confidence,
                    m.is_primary, m.rank, e.id, e.external_id, e.type, e.name, m.grounding, m.place_story, m.place_in,
                    m.place_at, m.place_length
             FROM story_entities m LEFT JOIN entities e ON e.id = m.entity_id
             WHERE m.story_group_id = ?1
             ORDER BY m.rank, m.ordinal",
        )?;
        let rows = statement.query_map([group], |row| {
            let hints: Option<String> = row.get(3)?;
            let is_linked = row.get::<_, Option<i64>>(10)?.is_some();
            Ok(MentionRow {
                ordinal: row.get(0)?,
                entity_type: row.get(1)?,
                text: row.get(2)?,
                hints: hints_of(hints.as_deref()),
                outcome: row.get(4)?,
                method: row.get(5)?,
                score: row.get(6)?,
                confidence: row.get(7)?,
                is_primary: row.get(8)?,
                rank: row.get(9)?,
                entity: if is_linked { Some(EntityHead::read(row, 10)?) } else { None },
                grounding: row.get(14)?,
                place: match row.get::<_, Option<String>>(16)? {
                    Some(part) => Some(Place {
                        story: row.get(15)?,
                        in_title: part == "title",
                        at: row.get(17)?,
                        length: row.get(18)?,
                    }),
                    None => None,
                },
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Returns the answers that a group's topics and entities come from.
    pub fn answers_of(self, group: GroupKey) -> anyhow::Result<Vec<AnswerHead>> {
        let mut statement = self.0.prepare_cached(
            // Its cost was paid once, for the group that was asked.
            "SELECT c.kind, a.model, b.external_id, a.answered_at, CASE WHEN c.is_shared = 0 THEN a.cost_usd END,
                    CASE WHEN c.is_shared = 0 THEN a.input_tokens END, CASE WHEN c.is_shared = 0 THEN a.output_tokens END,
                    r.sandbox, CASE WHEN c.is_shared = 1 THEN coalesce(asked.external_id, '(removed)') END,
                    b.id IS NOT NULL AND b.external_id IS NULL
             FROM current_answers c
             JOIN requests r ON r.id = c.request_id
             LEFT JOIN story_groups asked ON asked.id = r.story_group_id
             LEFT JOIN answers a ON a.request_id = c.request_id
             LEFT JOIN batches b ON b.id = r.batch_id
             WHERE c.story_group_id = ?1 ORDER BY c.kind DESC",
        )?;
        let rows = statement.query_map([group], |row| {
            Ok(AnswerHead {
                kind: row.get(0)?,
                model: row.get(1)?,
                batch_id: row.get(2)?,
                answered_at: row.get(3)?,
                cost_usd: row.get(4)?,
                input_tokens: row.get::<_, Option<i64>>(5)?.map(|n| n as u64),
                output_tokens: row.get::<_, Option<i64>>(6)?.map(|n| n as u64),
                sandbox: row.get(7)?,
                shared_with: row.get(8)?,
                is_by_hand: row.get(9)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Returns what all answers about a group have cost, also those that were replaced or could not be used, and how
    /// many there were.
    pub fn cost_of_group(self, group: GroupKey) -> anyhow::Result<(f64, u64)> {
        Ok(self
            .0
            .prepare_cached(
                "SELECT coalesce(sum(a.cost_usd), 0.0), count(*) FROM requests r JOIN answers a ON a.request_id = r.id
                 WHERE r.story_group_id = ?1 AND a.input_tokens IS NOT NULL AND NOT r.sandbox",
            )?
            .query_row(params![group], |row| Ok((row.get(0)?, row.get::<_, i64>(1)? as u64)))?)
    }
}

/// Reads the hints of a mention; what other programs wrote there beside text values is not ours to judge.
pub(in crate::store) fn hints_of(text: Option<&str>) -> Attributes {
    let map: serde_json::Map<String, serde_json::Value> =
        text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    map.into_iter().filter_map(|(name, value)| Some((name, value.as_str()?.to_owned()))).collect()
}
