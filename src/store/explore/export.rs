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
    /// The oldest of them; `None`: none has a date.
    pub first: Option<GroupKey>,
    /// The newest of them.
    pub newest: GroupKey,
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
        let (by_time, n_undated) = self.groups_by_time()?;
        let places: HashMap<GroupKey, u32> = by_time.iter().copied().zip(0..).collect();
        // Number of groups, and the places in time of the first and the last of them.
        let mut counts: HashMap<(EntityKey, EntityKey), (u32, u32, u32)> = HashMap::new();
        let mut of_group: Vec<EntityKey> = vec![];
        let mut count = |group: Option<GroupKey>, entities: &mut Vec<EntityKey>| {
            let place = group.and_then(|group| places.get(&group)).copied().unwrap_or(0);
            entities.sort_unstable();
            entities.dedup();
            for (i, a) in entities.iter().enumerate() {
                for b in &entities[i + 1..] {
                    let known = counts.entry((*a, *b)).or_insert((0, u32::MAX, place));
                    let first = if place < n_undated { known.1 } else { known.1.min(place) };
                    *known = (known.0 + 1, first, known.2.max(place));
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
                count(last, &mut of_group);
                last = Some(group);
            }
            of_group.push(entity);
        }
        count(last, &mut of_group);
        let group_at = |place: u32| by_time.get(place as usize).copied();
        let mut pairs: Vec<Pair> = counts
            .into_iter()
            .filter(|(_, (groups, ..))| u64::from(*groups) >= least)
            .filter_map(|((a, b), (groups, first, newest))| {
                Some(Pair { a, b, groups: groups.into(), first: group_at(first), newest: group_at(newest)? })
            })
            .collect();
        pairs.sort_unstable_by(|x, y| y.groups.cmp(&x.groups).then((x.a, x.b).cmp(&(y.a, y.b))));
        Ok(pairs)
    }

    /// Returns all groups from the oldest to the newest, those without a date before them, and the number of those.
    fn groups_by_time(self) -> anyhow::Result<(Vec<GroupKey>, u32)> {
        let mut statement =
            self.0.prepare_cached("SELECT id, sort_at IS NULL FROM story_groups ORDER BY sort_at, id")?;
        let (mut groups, mut n_undated) = (vec![], 0);
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            groups.push(row.get(0)?);
            n_undated += u32::from(row.get::<_, bool>(1)?);
        }
        Ok((groups, n_undated))
    }
}
