//! Topics over all groups.

use rusqlite::{OptionalExtension as _, params};
use serde::Serialize;

use super::{GroupHead, Period};
use crate::store::Read;

/// A topic and how many groups have it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TopicCount {
    /// The key: lower case.
    pub topic: String,
    /// As most answers write it.
    pub display: String,
    /// Groups that have it.
    pub groups: u64,
}

/// A group that has a topic.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TopicGroup {
    /// The group.
    #[serde(flatten)]
    pub group: GroupHead,
    /// Rank of the topic in it.
    pub rank: u32,
    /// The model's confidence.
    pub confidence: f64,
}

impl Read<'_> {
    /// Returns the most frequent topics of groups in a period, and how many topics there are.
    pub fn top_topics(self, period: &Period, limit: u64) -> anyhow::Result<(Vec<TopicCount>, u64)> {
        let mut counts: Vec<(u64, String)> = vec![];
        let mut add = |topic: &str, groups: i64| counts.push((groups as u64, topic.to_owned()));
        if period.is_always() {
            let mut statement = self.0.prepare_cached("SELECT topic, count(*) FROM story_topics GROUP BY topic")?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                add(row.get_ref(0)?.as_str()?, row.get(1)?);
            }
        } else {
            let mut statement = self.0.prepare_cached(
                "SELECT t.topic, count(*)
                 FROM story_groups g CROSS JOIN story_topics t ON t.story_group_id = g.id
                 WHERE (?1 IS NULL OR g.sort_at >= ?1) AND (?2 IS NULL OR g.sort_at < ?2) GROUP BY t.topic",
            )?;
            let mut rows = statement.query(params![period.since, period.before])?;
            while let Some(row) = rows.next()? {
                add(row.get_ref(0)?.as_str()?, row.get(1)?);
            }
        }
        let total = counts.len() as u64;
        counts.sort_unstable_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        counts.truncate(limit as usize);
        let top = counts.into_iter().map(|(groups, topic)| {
            Ok(TopicCount { display: self.topic_display(&topic)?.unwrap_or_else(|| topic.clone()), topic, groups })
        });
        Ok((top.collect::<anyhow::Result<_>>()?, total))
    }

    /// Returns a topic as most answers write it; `None`: no group has it.
    pub fn topic_display(self, topic: &str) -> anyhow::Result<Option<String>> {
        // A topic of many groups is not asked in all of them: a few hundred tell how it is written.
        let row = self
            .0
            .prepare_cached(
                "SELECT display FROM (SELECT display FROM story_topics WHERE topic = ?1 LIMIT 200)
                 GROUP BY display ORDER BY count(*) DESC, display LIMIT 1",
            )?
            .query_row([topic], |row| row.get(0))
            .optional()?;
        Ok(row)
    }

    /// Returns the number of groups that have a topic.
    pub fn topic_count(self, topic: &str) -> anyhow::Result<u64> {
        Ok(self
            .0
            .prepare_cached("SELECT count(*) FROM story_topics WHERE topic = ?1")?
            .query_row([topic], |row| row.get::<_, i64>(0))? as u64)
    }

    /// Returns the groups that have a topic: those it is the main topic of first, then the newest.
    pub fn groups_of_topic(self, topic: &str, period: &Period, limit: u64) -> anyhow::Result<Vec<TopicGroup>> {
        let mut statement = self.0.prepare_cached(
            "SELECT g.id, g.external_id, g.title, g.sort_at, t.rank, t.confidence
             FROM story_topics t JOIN story_groups g ON g.id = t.story_group_id
             WHERE t.topic = ?1 AND (?2 IS NULL OR g.sort_at >= ?2) AND (?3 IS NULL OR g.sort_at < ?3)
             ORDER BY t.rank, g.sort_at DESC, g.id LIMIT ?4",
        )?;
        let rows = statement.query_map(params![topic, period.since, period.before, limit as i64], |row| {
            Ok(TopicGroup { group: GroupHead::read(row, 0)?, rank: row.get(4)?, confidence: row.get(5)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Gives every topic with its number of groups, in alphabetical order. It reads one covering index from end to
    /// end, which is what finding a similar topic takes.
    pub fn each_topic(self, mut visit: impl FnMut(&str, u64)) -> anyhow::Result<()> {
        let mut statement = self.0.prepare_cached("SELECT topic, count(*) FROM story_topics GROUP BY topic")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            visit(row.get_ref(0)?.as_str()?, row.get::<_, i64>(1)? as u64);
        }
        Ok(())
    }
}
