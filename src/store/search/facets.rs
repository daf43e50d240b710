//! Facets of a search: entities, topics, years and attributes of stories that the found groups have in common.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::model::StoryValue;
use crate::store::Read;
use crate::store::explore::{EntityCount, KeySet, TopicCount};

/// An attribute with more values than this says something else of every story: an author, an address.
const VALUES_MAX: usize = 100;

/// Counts over groups.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Facets {
    /// Linked entities, most frequent first.
    pub entities: Vec<EntityCount>,
    /// Topics, most frequent first.
    pub topics: Vec<TopicCount>,
    /// Years, in order.
    pub years: Vec<ValueCount>,
    /// Attributes of stories that have few values, such as a section, each with its values, most frequent first.
    pub attributes: BTreeMap<String, Vec<ValueCount>>,
}

/// A value and how many groups have it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ValueCount {
    /// As the stories write it.
    pub value: String,
    /// Groups that have it.
    pub groups: u64,
}

impl Read<'_> {
    /// Returns what these groups are about, at most `limit` of each.
    pub fn facets(self, groups: &KeySet, limit: u64) -> anyhow::Result<Facets> {
        Ok(Facets {
            entities: self.top_entities_in(groups, limit)?,
            topics: self.top_topics_in(Some(groups), u64::MAX, limit)?.0,
            years: self.years_of(groups)?,
            attributes: self.values_of(groups, limit)?,
        })
    }

    fn years_of(self, groups: &KeySet) -> anyhow::Result<Vec<ValueCount>> {
        let mut statement = self.0.prepare_cached("SELECT substr(date, 1, 4) FROM story_groups WHERE id = ?1")?;
        let mut years: BTreeMap<String, u64> = BTreeMap::new();
        for key in groups.keys() {
            if let Some(year) = statement.query_row([key], |row| row.get::<_, Option<String>>(0))? {
                *years.entry(year).or_default() += 1;
            }
        }
        Ok(years.into_iter().map(|(value, groups)| ValueCount { value, groups }).collect())
    }

    fn values_of(self, groups: &KeySet, limit: u64) -> anyhow::Result<BTreeMap<String, Vec<ValueCount>>> {
        let mut statement = self.0.prepare_cached("SELECT attributes FROM stories WHERE story_group_id = ?1")?;
        // `None`: too many values.
        let mut counts: BTreeMap<String, Option<BTreeMap<String, u64>>> = BTreeMap::new();
        for key in groups.keys() {
            let mut own: BTreeSet<(String, String)> = BTreeSet::new();
            let mut rows = statement.query([key])?;
            while let Some(row) = rows.next()? {
                // A value of another program counts as no attributes.
                let attributes: BTreeMap<String, StoryValue> =
                    row.get_ref(0)?.as_str().ok().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
                for (name, value) in attributes {
                    match value {
                        StoryValue::One(one) => drop(own.insert((name, one))),
                        StoryValue::Many(all) => own.extend(all.into_iter().map(|one| (name.clone(), one))),
                    }
                }
            }
            for (name, value) in own.into_iter().filter(|(_, value)| !value.is_empty()) {
                let values = counts.entry(name).or_insert_with(|| Some(BTreeMap::new()));
                if let Some(known) = values {
                    *known.entry(value).or_default() += 1;
                    if known.len() > VALUES_MAX {
                        *values = None;
                    }
                }
            }
        }
        let most = |values: BTreeMap<String, u64>| {
            let mut values: Vec<_> = values.into_iter().map(|(value, groups)| ValueCount { value, groups }).collect();
            values.sort_by_key(|one| std::cmp::Reverse(one.groups));
            values.truncate(limit as usize);
            values
        };
        Ok(counts.into_iter().filter_map(|(name, values)| Some((name, most(values?)))).collect())
    }
}
