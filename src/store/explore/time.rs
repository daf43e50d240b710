//! When groups were: the dates behind what they name.

use std::collections::{BTreeMap, HashSet};

use rusqlite::params;

use crate::model::{EntityKey, GroupKey};
use crate::store::Read;
use crate::store::explore::{GroupHead, IN_PERIOD, KeySet, Period};

/// Groups that have a topic, and groups that name an entity.
const WITH_TOPIC: &str = "SELECT story_group_id FROM story_topics WHERE topic = ?4";
const WITH_ENTITY: &str = "SELECT story_group_id FROM story_entities WHERE entity_id = ?4";

impl Read<'_> {
    /// Returns the dates of a period's groups that have a topic, each with the number of groups.
    pub fn dates_of_topic(
        self,
        topic: &str,
        period: &Period,
        among: Option<&KeySet>,
    ) -> anyhow::Result<Vec<(String, u64)>> {
        self.dates_in(WITH_TOPIC, period, among, topic)
    }

    /// Returns the dates of a period's groups that name an entity, each with the number of groups.
    pub fn dates_of_entity(
        self,
        entity: EntityKey,
        period: &Period,
        among: Option<&KeySet>,
    ) -> anyhow::Result<Vec<(String, u64)>> {
        self.dates_in(WITH_ENTITY, period, among, entity)
    }

    /// Returns the number of a period's groups that have a topic.
    pub fn n_groups_of_topic(self, topic: &str, period: &Period, among: Option<&KeySet>) -> anyhow::Result<u64> {
        self.n_groups_in(WITH_TOPIC, period, among, topic)
    }

    /// Returns the number of a period's groups that name an entity.
    pub fn n_groups_of_entity(self, entity: EntityKey, period: &Period, among: Option<&KeySet>) -> anyhow::Result<u64> {
        self.n_groups_in(WITH_ENTITY, period, among, entity)
    }

    fn n_groups_in(
        self,
        groups: &str,
        period: &Period,
        among: Option<&KeySet>,
        value: impl rusqlite::ToSql,
    ) -> anyhow::Result<u64> {
        let mut statement =
            self.0.prepare_cached(&format!("SELECT id FROM story_groups g WHERE id IN ({groups}) AND {IN_PERIOD}"))?;
        let mut n = 0;
        let mut rows = statement.query(params![period.since, period.before, period.attributes, value])?;
        while let Some(row) = rows.next()? {
            let key = row.get(0)?;
            n += u64::from(among.is_none_or(|among| among.has(key)));
        }
        Ok(n)
    }

    fn dates_in(
        self,
        groups: &str,
        period: &Period,
        among: Option<&KeySet>,
        value: impl rusqlite::ToSql,
    ) -> anyhow::Result<Vec<(String, u64)>> {
        let mut statement = self.0.prepare_cached(&format!(
            "SELECT substr(date, 1, 10), id FROM story_groups g
             WHERE id IN ({groups}) AND date IS NOT NULL AND {IN_PERIOD}"
        ))?;
        let mut dates: BTreeMap<String, u64> = BTreeMap::new();
        let mut rows = statement.query(params![period.since, period.before, period.attributes, value])?;
        while let Some(row) = rows.next()? {
            if among.is_none_or(|among| row.get(1).is_ok_and(|key| among.has(key))) {
                *dates.entry(row.get(0)?).or_default() += 1;
            }
        }
        Ok(dates.into_iter().collect())
    }

    /// Returns the dated groups of a period, newest first.
    pub fn dated_groups(self, period: &Period) -> anyhow::Result<Vec<GroupHead>> {
        let mut groups = vec![];
        self.each_group_head(period, |head| {
            groups.extend(Some(head).filter(|head| head.at.is_some()));
            Ok(())
        })?;
        Ok(groups)
    }

    /// Gives every topic of every group.
    pub fn each_topic_of_a_group(self, mut visit: impl FnMut(GroupKey, &str)) -> anyhow::Result<()> {
        let mut statement = self.0.prepare("SELECT story_group_id, topic FROM story_topics")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            visit(row.get(0)?, row.get_ref(1)?.as_str()?);
        }
        Ok(())
    }

    /// Returns the groups that have a topic.
    pub fn groups_with_topic(self, topic: &str) -> anyhow::Result<HashSet<GroupKey>> {
        let mut statement = self.0.prepare_cached("SELECT story_group_id FROM story_topics WHERE topic = ?1")?;
        let rows = statement.query_map([topic], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Returns which entities groups name, each once a group, in the order of groups.
    pub fn entities_by_group(self) -> anyhow::Result<Vec<(GroupKey, EntityKey)>> {
        let mut statement =
            self.0.prepare("SELECT story_group_id, entity_id FROM story_entities WHERE entity_id IS NOT NULL")?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let mut named: Vec<(GroupKey, EntityKey)> = rows.collect::<Result<_, _>>()?;
        named.sort_unstable();
        named.dedup();
        Ok(named)
    }
}
