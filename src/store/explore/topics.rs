//! Topics over all groups.

use rusqlite::params;
use serde::Serialize;

use super::most::Most;
use super::{GroupHead, IN_PERIOD, KeySet, Period};
use crate::model::{EntityKey, GroupKey};
use crate::store::Read;

/// A topic of many groups is not looked at in all of them: a few hundred tell how it is written.
const LABELS_MAX: u32 = 200;

/// A topic and how many groups have it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TopicCount {
    /// The key: lower case.
    pub topic: String,
    /// As most answers write it.
    pub label: String,
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
    ///
    /// `among`: only these groups, which are of the period.
    pub fn top_topics(
        self,
        period: &Period,
        among: Option<&KeySet>,
        limit: u64,
    ) -> anyhow::Result<(Vec<TopicCount>, u64)> {
        let within = if period.is_always() || among.is_some() { None } else { Some(self.groups_in(period)?) };
        self.top_topics_in(among.or(within.as_ref()), u64::MAX, limit)
    }

    /// Returns the rare topics of groups in a period, which at most `most` of them have, and how many there are.
    pub fn rare_topics(
        self,
        period: &Period,
        among: Option<&KeySet>,
        most: u64,
        limit: u64,
    ) -> anyhow::Result<(Vec<TopicCount>, u64)> {
        let within = if period.is_always() || among.is_some() { None } else { Some(self.groups_in(period)?) };
        self.top_topics_in(among.or(within.as_ref()), most, limit)
    }

    /// Returns the topics that stand under none and have others under them, each as key and as it is shown.
    pub fn top_parents(self) -> anyhow::Result<Vec<(String, String)>> {
        let mut statement = self.0.prepare_cached(
            "SELECT child.target, child.target_label FROM topic_decisions child
             WHERE child.verdict = 'parent'
               AND NOT EXISTS (SELECT 1 FROM topic_decisions o WHERE o.topic = child.target AND o.verdict = 'parent')
             GROUP BY child.target ORDER BY child.target",
        )?;
        Ok(statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?)
    }

    /// Returns the number of a period's groups that have one of these topics.
    pub fn count_groups_of_topics(self, topics: &[String], period: &Period) -> anyhow::Result<u64> {
        let mut statement = self.0.prepare_cached(&format!(
            "SELECT count(*) FROM story_groups g
             WHERE {IN_PERIOD} AND g.id IN (SELECT t.story_group_id FROM story_topics t
                                            WHERE t.topic IN (SELECT value FROM json_each(?4)))"
        ))?;
        let topics = serde_json::json!(topics).to_string();
        let n: i64 =
            statement.query_row(params![period.since, period.before, period.attributes, topics], |row| row.get(0))?;
        Ok(n as u64)
    }

    /// Returns the most frequent topics, and how many there are. `within`: only these groups count; `most`: only topics
    /// that so many of them have.
    pub(in crate::store) fn top_topics_in(
        self,
        within: Option<&KeySet>,
        most: u64,
        limit: u64,
    ) -> anyhow::Result<(Vec<TopicCount>, u64)> {
        let (mut top, mut total) = (Most::new(limit), 0);
        let mut add = |topic: &str, groups: u64| {
            if groups > 0 && groups <= most {
                total += 1;
                top.add(groups, || topic.to_owned());
            }
        };
        if let Some(within) = within {
            let mut statement =
                self.0.prepare_cached("SELECT topic, story_group_id FROM story_topics ORDER BY topic")?;
            let mut rows = statement.query([])?;
            let (mut topic, mut n) = (String::new(), 0);
            while let Some(row) = rows.next()? {
                let next = row.get_ref(0)?.as_str()?;
                if next != topic {
                    add(&topic, n);
                    next.clone_into(&mut topic);
                    n = 0;
                }
                n += u64::from(within.has(row.get(1)?));
            }
            add(&topic, n);
        } else {
            let mut statement = self.0.prepare_cached("SELECT topic, count(*) FROM story_topics GROUP BY topic")?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                add(row.get_ref(0)?.as_str()?, row.get::<_, i64>(1)? as u64);
            }
        }
        let top = top.finish().into_iter().map(|(groups, topic)| {
            Ok(TopicCount { label: self.topic_label(&topic)?.unwrap_or_else(|| topic.clone()), topic, groups })
        });
        Ok((top.collect::<anyhow::Result<_>>()?, total))
    }

    /// Returns a topic as most answers write it; `None`: no group has it.
    pub fn topic_label(self, topic: &str) -> anyhow::Result<Option<String>> {
        let mut statement = self.0.prepare_cached("SELECT label FROM story_topics WHERE topic = ?1 LIMIT ?2")?;
        let mut rows = statement.query(params![topic, LABELS_MAX])?;
        let mut counts: Vec<(u32, String)> = vec![];
        while let Some(row) = rows.next()? {
            let label = row.get_ref(0)?.as_str()?;
            let place = counts.iter().position(|(_, known)| known == label).unwrap_or(counts.len());
            if place == counts.len() {
                counts.push((0, label.to_owned()));
            }
            counts[place].0 += 1;
            // Each stands on another page, and no other can have as many any more.
            if counts[place].0 > LABELS_MAX / 2 {
                return Ok(Some(counts.swap_remove(place).1));
            }
        }
        counts.sort_unstable_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        Ok(counts.into_iter().next().map(|(_, label)| label))
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
            "SELECT g.id, g.external_id, g.title, g.date, t.rank, t.confidence
             FROM story_topics t JOIN story_groups g ON g.id = t.story_group_id
             WHERE t.topic = ?1 AND (?2 IS NULL OR g.sort_at >= ?2) AND (?3 IS NULL OR g.sort_at < ?3)
               AND (?5 IS NULL OR EXISTS (SELECT 1 FROM stories s WHERE s.story_group_id = g.id AND attributes_fit(s.attributes, ?5)))
             ORDER BY t.rank, g.sort_at DESC, g.id LIMIT ?4",
        )?;
        let rows = statement
            .query_map(params![topic, period.since, period.before, limit as i64, period.attributes], |row| {
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

    /// Gives every topic of every group, group by group; of groups with the same text, which share an answer, those of one.
    pub fn each_topic_of_texts(self, mut visit: impl FnMut(GroupKey, &str)) -> anyhow::Result<()> {
        let mut statement = self.0.prepare_cached(
            "SELECT g.id, t.topic FROM story_groups g JOIN story_topics t ON t.story_group_id = g.id
             WHERE NOT EXISTS (SELECT 1 FROM story_groups o
                               WHERE o.text_hash = g.text_hash AND o.status = 'active' AND o.id < g.id)
             ORDER BY g.id",
        )?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            visit(row.get(0)?, row.get_ref(1)?.as_str()?);
        }
        Ok(())
    }

    /// Gives every linked entity of every group, group by group; one that is named twice comes twice.
    pub fn each_entity_of_groups(self, mut visit: impl FnMut(GroupKey, EntityKey)) -> anyhow::Result<()> {
        let mut statement = self.0.prepare_cached(
            "SELECT story_group_id, entity_id FROM story_entities WHERE entity_id IS NOT NULL ORDER BY 1",
        )?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            visit(row.get(0)?, row.get(1)?);
        }
        Ok(())
    }
}
