//! Everything, in order, one row at a time: for exports and the report.

use std::collections::HashMap;

use rusqlite::params;

use super::{EntityHead, GroupHead, IN_PERIOD, MentionRow, Period, TopicRow};
use crate::model::{EntityKey, GroupKey};
use crate::store::Read;

/// A group with all that was learned of it.
#[derive(Clone, Debug, PartialEq)]
pub struct ExportGroup {
    /// The group.
    pub head: GroupHead,
    pub status: String,
    /// Its topics by rank.
    pub topics: Vec<TopicRow>,
    /// Its mentions by rank.
    pub mentions: Vec<MentionRow>,
}

/// Two entities that stand in the same groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The one with the smaller key.
    pub a: EntityKey,
    /// The other.
    pub b: EntityKey,
    /// Groups that name both.
    pub groups: u64,
}

impl Read<'_> {
    /// Gives every group of a period with its topics and mentions, newest first, without holding them all.
    pub fn each_known_group(
        self,
        period: &Period,
        mut visit: impl FnMut(ExportGroup) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let mut statement = self.0.prepare(&format!(
            "SELECT id, external_id, title, date, status FROM story_groups g WHERE {IN_PERIOD} ORDER BY sort_at DESC, id"
        ))?;
        let mut rows = statement.query(params![period.since, period.before, period.attributes])?;
        while let Some(row) = rows.next()? {
            let head = GroupHead::read(row, 0)?;
            let (topics, mentions) = (self.topics_of(head.key)?, self.mentions_of(head.key)?);
            visit(ExportGroup { status: row.get(4)?, head, topics, mentions })?;
        }
        Ok(())
    }

    /// Gives every group of a period, newest first.
    pub fn each_group_head(
        self,
        period: &Period,
        mut visit: impl FnMut(GroupHead) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let mut statement = self.0.prepare(&format!(
            "SELECT id, external_id, title, date, status FROM story_groups g WHERE {IN_PERIOD} ORDER BY sort_at DESC, id"
        ))?;
        let mut rows = statement.query(params![period.since, period.before, period.attributes])?;
        while let Some(row) = rows.next()? {
            visit(GroupHead::read(row, 0)?)?;
        }
        Ok(())
    }

    /// Gives every entity that a group of the period names, with the number of groups, most frequent first.
    pub fn each_linked_entity(
        self,
        period: &Period,
        mut visit: impl FnMut(EntityHead, u64) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let within = if period.is_always() { None } else { Some(self.groups_in(period)?) };
        for (groups, key) in self.entity_counts(within.as_ref())? {
            if let Some(entity) = self.entity_head(key)? {
                visit(entity, groups)?;
            }
        }
        Ok(())
    }

    /// Returns which entities stand in the same groups of a period, at least `least` of them; most groups first.
    ///
    /// The view `entity_cooccurrence` says the same; this is many times faster, because it reads the links once.
    pub fn cooccurrence(self, period: &Period, least: u64) -> anyhow::Result<Vec<Pair>> {
        let within = if period.is_always() { None } else { Some(self.groups_in(period)?) };
        let mut counts: HashMap<(EntityKey, EntityKey), u64> = HashMap::new();
        let mut of_group: Vec<EntityKey> = vec![];
        let mut count = |entities: &mut Vec<EntityKey>| {
            entities.sort_unstable();
            entities.dedup();
            for (i, a) in entities.iter().enumerate() {
                for b in &entities[i + 1..] {
                    *counts.entry((*a, *b)).or_default() += 1;
                }
            }
            entities.clear();
        };
        // Sorting here is cheaper than reading the rows of the table, hints and all, in the order of groups.
        let mut links: Vec<(GroupKey, EntityKey)> = vec![];
        let mut statement =
            self.0.prepare("SELECT story_group_id, entity_id FROM story_entities WHERE entity_id IS NOT NULL")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let group: GroupKey = row.get(0)?;
            if within.as_ref().is_none_or(|within| within.has(group.0)) {
                links.push((group, row.get(1)?));
            }
        }
        links.sort_unstable();
        let mut last = None;
        for (group, entity) in links {
            if last != Some(group) {
                count(&mut of_group);
                last = Some(group);
            }
            of_group.push(entity);
        }
        count(&mut of_group);
        let mut pairs: Vec<Pair> = counts
            .into_iter()
            .filter(|(_, groups)| *groups >= least)
            .map(|((a, b), groups)| Pair { a, b, groups })
            .collect();
        pairs.sort_unstable_by(|x, y| y.groups.cmp(&x.groups).then((x.a, x.b).cmp(&(y.a, y.b))));
        Ok(pairs)
    }
}
