//! Which groups hang together: shared topics and entities, weighted by rarity.

use std::collections::{HashMap, HashSet};

use rusqlite::OptionalExtension as _;
use serde::Serialize;

use super::{EntityHead, GroupHead};
use crate::model::{EntityKey, GroupKey};
use crate::store::Read;

/// Something that almost every group has tells nothing, and reading all its groups takes long.
const TOO_COMMON: u64 = 20_000;

/// A group related to another.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Related {
    /// The group.
    #[serde(flatten)]
    pub group: GroupHead,
    /// 0 to 1: how much of what the first group is about they share, by rarity.
    pub score: f64,
    /// Shared topics and entities, rarest first.
    pub shared: Vec<Shared>,
}

/// Overlap of two groups.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Shared {
    Topic {
        /// As it is written.
        topic: String,
        /// Groups that have it.
        groups: u64,
    },
    Entity {
        /// The entity.
        #[serde(flatten)]
        entity: EntityHead,
        /// Groups that name it.
        groups: u64,
    },
}

/// Days between two groups of a thread: a story that rests longer begins anew.
const THREAD_DAYS: f64 = 14.0;
/// Main entities that groups of a thread share; all, where a group has fewer.
const THREAD_ENTITIES: usize = 2;

impl Read<'_> {
    /// Returns the thread that a group is part of, in the order of time: groups that share its main entities, each at most
    /// two weeks from the next. Of a group with one main entity the others share a topic, too. Empty where it stands alone.
    pub fn thread(self, group: GroupKey) -> anyhow::Result<Vec<GroupHead>> {
        let mut main: Vec<EntityKey> = vec![];
        for mention in self.mentions_of(group)?.into_iter().filter(|mention| mention.is_primary) {
            main.extend(mention.entity.map(|entity| entity.key).filter(|key| !main.contains(key)));
        }
        let mut shared: HashMap<GroupKey, usize> = HashMap::new();
        let mut with = self.0.prepare_cached(
            "SELECT DISTINCT story_group_id FROM story_entities WHERE entity_id = ?1 AND is_primary = 1 LIMIT ?2",
        )?;
        for entity in &main {
            for other in with.query_map((entity, TOO_COMMON as i64), |row| row.get(0))? {
                *shared.entry(other?).or_default() += 1;
            }
        }
        let needed = main.len().min(THREAD_ENTITIES);
        shared.retain(|_, n| *n >= needed);
        if needed == 1 {
            let mut alike: HashSet<GroupKey> = HashSet::from([group]);
            let mut with =
                self.0.prepare_cached("SELECT story_group_id FROM story_topics WHERE topic = ?1 LIMIT ?2")?;
            for topic in self.topics_of(group)? {
                for other in with.query_map((&topic.topic, TOO_COMMON as i64), |row| row.get(0))? {
                    alike.insert(other?);
                }
            }
            shared.retain(|other, _| alike.contains(other));
        }
        let mut day = self.0.prepare_cached("SELECT julianday(sort_at) FROM story_groups WHERE id = ?1")?;
        let mut dated: Vec<(f64, GroupKey)> = vec![];
        for other in shared.into_keys() {
            let at: Option<Option<f64>> = day.query_row([other], |row| row.get(0)).optional()?;
            dated.extend(at.flatten().map(|at| (at, other)));
        }
        dated.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let near =
            dated.chunk_by(|a, b| b.0 - a.0 <= THREAD_DAYS).find(|part| part.iter().any(|(_, key)| *key == group));
        let Some(near) = near.filter(|part| part.len() > 1) else { return Ok(vec![]) };
        let heads = near.iter().map(|(_, key)| self.group_head(*key)).collect::<anyhow::Result<Vec<_>>>()?;
        Ok(heads.into_iter().flatten().collect())
    }

    /// Returns the groups most related to a group, and the number of all that are.
    ///
    /// Each shared topic or entity weighs `ln(N / n)`, the inverse document frequency (Spärck Jones, 1972), where `n`
    /// of all `N` groups have it; the score is the sum as a part of what sharing everything would give.
    pub fn related(self, group: GroupKey, limit: u64) -> anyhow::Result<(Vec<Related>, u64)> {
        let n_groups: i64 = self.0.query_row("SELECT count(*) FROM story_groups", [], |row| row.get(0))?;
        let weight = |groups: u64| (n_groups.max(1) as f64 / groups.max(1) as f64).ln().max(0.0);
        let mut features: Vec<(f64, Shared)> = vec![];
        let mut scores: HashMap<GroupKey, (f64, Vec<usize>)> = HashMap::new();
        let mut whole = 0.0;
        let mut add = |shared: Shared, groups: &[GroupKey]| {
            let weight = weight(groups.len() as u64);
            whole += weight;
            for other in groups.iter().filter(|other| **other != group) {
                let entry = scores.entry(*other).or_default();
                entry.0 += weight;
                entry.1.push(features.len());
            }
            features.push((weight, shared));
        };
        for topic in self.topics_of(group)? {
            let mut statement =
                self.0.prepare_cached("SELECT story_group_id FROM story_topics WHERE topic = ?1 LIMIT ?2")?;
            let groups = statement.query_map((&topic.topic, TOO_COMMON as i64), |row| row.get(0))?;
            let groups: Vec<GroupKey> = groups.collect::<Result<_, _>>()?;
            if (groups.len() as u64) < TOO_COMMON {
                add(Shared::Topic { topic: topic.label, groups: groups.len() as u64 }, &groups);
            }
        }
        let mut known: Vec<EntityKey> = vec![];
        for entity in self.mentions_of(group)?.into_iter().filter_map(|mention| mention.entity) {
            if known.contains(&entity.key) {
                continue;
            }
            known.push(entity.key);
            let mut statement = self
                .0
                .prepare_cached("SELECT DISTINCT story_group_id FROM story_entities WHERE entity_id = ?1 LIMIT ?2")?;
            let groups = statement.query_map((entity.key, TOO_COMMON as i64), |row| row.get(0))?;
            let groups: Vec<GroupKey> = groups.collect::<Result<_, _>>()?;
            if (groups.len() as u64) < TOO_COMMON {
                add(Shared::Entity { entity, groups: groups.len() as u64 }, &groups);
            }
        }
        let mut ranked: Vec<(f64, GroupKey, Vec<usize>)> =
            scores.into_iter().map(|(key, (score, shared))| (score, key, shared)).filter(|(s, ..)| *s > 0.0).collect();
        ranked.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let total = ranked.len() as u64;
        ranked.truncate(limit as usize);
        let mut related = vec![];
        for (score, key, mut shared) in ranked {
            let Some(group) = self.group_head(key)? else { continue };
            shared.sort_by(|a, b| features[*b].0.total_cmp(&features[*a].0));
            let shared = shared.into_iter().map(|i| features[i].1.clone()).collect();
            related.push(Related { group, score: score / whole, shared });
        }
        Ok((related, total))
    }
}
