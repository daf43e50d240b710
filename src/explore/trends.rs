//! Trends: topics, entities and pairs of entities that the groups of a window name more often than those before it.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use serde::Serialize;

use crate::interrupt;
use crate::model::{EntityKey, GroupKey};
use crate::store::Read;
use crate::store::explore::{EntityHead, GroupHead};

/// Frequency of something in the window and before it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rise {
    /// Groups of the window that have it.
    pub now: u64,
    /// Groups before it that have it.
    pub before: u64,
    /// G², signed: how surprising the difference is.
    pub surprise: f64,
}

/// Number of groups in the window and before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sizes {
    pub now: u64,
    pub before: u64,
}

/// Returns G², the log-likelihood ratio of two shares (T. Dunning, "Accurate methods for the statistics of surprise and
/// coincidence", 1993), negative where the share has fallen. 3.84 is passed by chance once in twenty times, 10.83 once
/// in a thousand. It needs no least number of groups, as measures do that assume a normal distribution.
pub fn surprise(now: u64, before: u64, sizes: Sizes) -> f64 {
    let (k, n) = (now as f64, sizes.now as f64);
    let (l, m) = (before as f64, sizes.before as f64);
    if n == 0.0 || m == 0.0 || k + l == 0.0 {
        return 0.0;
    }
    let part = |observed: f64, expected: f64| if observed > 0.0 { observed * (observed / expected).ln() } else { 0.0 };
    let share = (k + l) / (n + m);
    let sum = part(k, n * share) + part(n - k, n * (1.0 - share)) + part(l, m * share) + part(m - l, m * (1.0 - share));
    let sign = if k / n < l / m { -1.0 } else { 1.0 };
    sign * 2.0 * sum.max(0.0)
}

/// Counts of things by whether their group is in the window.
#[derive(Clone, Debug)]
pub struct Tally<T> {
    counts: HashMap<T, (u64, u64)>,
}

impl<T: Eq + Hash + Clone + Ord> Tally<T> {
    /// Begins with nothing.
    pub fn new() -> Tally<T> {
        Tally { counts: HashMap::new() }
    }

    /// Adds something that a group has; once a group.
    pub fn add(&mut self, what: T, is_now: bool) {
        let count = self.counts.entry(what).or_default();
        if is_now {
            count.0 += 1;
        } else {
            count.1 += 1;
        }
    }

    /// Returns what rises, the most surprising first, of what at least `least` groups of the window have.
    pub fn rising(&self, sizes: Sizes, least: u64, limit: usize) -> Vec<(T, Rise)> {
        let mut rising: Vec<(T, Rise)> = self
            .counts
            .iter()
            .filter(|(_, (now, _))| *now >= least.max(1))
            .map(|(what, (now, before))| {
                (what.clone(), Rise { now: *now, before: *before, surprise: surprise(*now, *before, sizes) })
            })
            .filter(|(_, rise)| rise.surprise > 0.0)
            .collect();
        rising.sort_by(|a, b| {
            b.1.surprise.partial_cmp(&a.1.surprise).unwrap_or(Ordering::Equal).then_with(|| a.0.cmp(&b.0))
        });
        rising.truncate(limit);
        rising
    }
}

/// Groups named behind each thing that rises, the newest first.
const BEHIND: usize = 3;
/// Pairs are counted of groups with at most so many entities: a list of hundreds is no news of any two of them.
const PAIRED_MAX: usize = 60;

/// A topic, an entity or a pair of entities that rises.
#[derive(Debug, Serialize)]
pub struct Trend {
    /// `topic`, `entity` or `pair`.
    pub kind: &'static str,
    /// The topic's label, or the names of the entities.
    pub name: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub entities: Vec<EntityHead>,
    /// Groups of the window that have it.
    pub now: u64,
    /// Groups before it that have it.
    pub before: u64,
    /// True where nothing before the window has it.
    pub is_new: bool,
    /// G², the log-likelihood ratio of the two shares.
    pub surprise: f64,
    /// The newest groups of the window that have it.
    pub groups: Vec<GroupHead>,
}

/// Window and what lies before it.
#[derive(Debug, Serialize)]
pub struct Window {
    pub since: String,
    pub until: String,
    pub groups: u64,
    pub groups_before: u64,
    pub groups_without_date: u64,
}

/// Returns what rises in the groups of a window, of each kind at most `limit`, that at least `least` of them have.
/// `is_now` tells of each dated group whether it is in the window.
///
/// # Errors
/// Fails where the database cannot be read.
pub fn find(
    read: Read<'_>,
    (least, limit): (u64, u64),
    groups: &[GroupHead],
    is_now: &HashMap<GroupKey, bool>,
    sizes: Sizes,
) -> anyhow::Result<Vec<Trend>> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut topics: Tally<String> = Tally::new();
    read.each_topic_of_a_group(|group, topic| {
        if let Some(is_now) = is_now.get(&group) {
            topics.add(topic.to_owned(), *is_now);
        }
    })?;
    interrupt::check()?;
    let named = read.entities_by_group()?;
    let (mut entities, mut pairs): (Tally<EntityKey>, Tally<(EntityKey, EntityKey)>) = (Tally::new(), Tally::new());
    for of_group in named.chunk_by(|a, b| a.0 == b.0) {
        let Some(is_now) = of_group.first().and_then(|(group, _)| is_now.get(group)) else { continue };
        for (i, (_, entity)) in of_group.iter().enumerate() {
            entities.add(*entity, *is_now);
            if of_group.len() <= PAIRED_MAX {
                of_group[i + 1..].iter().for_each(|(_, other)| pairs.add((*entity, *other), *is_now));
            }
        }
        interrupt::check()?;
    }
    let topics = topics.rising(sizes, least, limit);
    let entities = entities.rising(sizes, least, limit);
    // A pair is news when it never stood together before.
    let mut pairs = pairs.rising(sizes, least, usize::MAX);
    pairs.retain(|(_, rise)| rise.before == 0);
    pairs.truncate(limit);
    let window: Vec<&GroupHead> = groups.iter().filter(|group| is_now.get(&group.key) == Some(&true)).collect();
    let behind = |has: &HashSet<GroupKey>| -> Vec<GroupHead> {
        window.iter().filter(|group| has.contains(&group.key)).take(BEHIND).map(|group| (*group).clone()).collect()
    };
    let groups_of = |entity: EntityKey| -> HashSet<GroupKey> {
        named.iter().filter(|(_, other)| *other == entity).map(|(group, _)| *group).collect()
    };
    let trend = |kind: &'static str, name: String, entities: Vec<EntityHead>, rise: Rise, groups| Trend {
        kind,
        name,
        entities,
        now: rise.now,
        before: rise.before,
        is_new: rise.before == 0,
        surprise: (rise.surprise * 100.0).round() / 100.0,
        groups,
    };
    let mut trends = vec![];
    for (topic, rise) in topics {
        let has = read.groups_with_topic(&topic)?;
        let label = read.topic_label(&topic)?.unwrap_or(topic);
        trends.push(trend("topic", label, vec![], rise, behind(&has)));
    }
    for (entity, rise) in entities {
        let Some(head) = read.entity_head(entity)? else { continue };
        trends.push(trend("entity", head.name.clone(), vec![head], rise, behind(&groups_of(entity))));
    }
    for ((one, other), rise) in pairs {
        let (Some(a), Some(b)) = (read.entity_head(one)?, read.entity_head(other)?) else { continue };
        let has = groups_of(one).intersection(&groups_of(other)).copied().collect();
        trends.push(trend("pair", format!("{} + {}", a.name, b.name), vec![a, b], rise, behind(&has)));
    }
    Ok(trends)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn surprise_is_the_log_likelihood_ratio() {
        let check = |now: u64, before: u64, sizes: (u64, u64), expected: f64| {
            let found = surprise(now, before, Sizes { now: sizes.0, before: sizes.1 });
            assert!((found - expected).abs() < 0.005, "{now} of {}, {before} of {}: {found}", sizes.0, sizes.1);
        };
        // Worked out by hand: 2 * sum of observed * ln(observed / expected) over the four cells.
        check(10, 10, (20, 80), 12.07);
        check(5, 20, (20, 80), 0.0);
        check(0, 40, (20, 80), -23.70);
        check(5, 0, (10, 90), 25.84);
        check(0, 0, (10, 90), 0.0);
        check(3, 4, (0, 90), 0.0);
    }

    #[test]
    fn what_rises_is_listed_by_its_surprise() {
        let mut tally = Tally::new();
        for (what, now, before) in
            [("steady", 5, 20), ("new", 4, 0), ("rare", 1, 0), ("rises", 9, 10), ("falls", 1, 60)]
        {
            (0..now).for_each(|_| tally.add(what, true));
            (0..before).for_each(|_| tally.add(what, false));
        }
        let sizes = Sizes { now: 20, before: 80 };
        let found: Vec<&str> = tally.rising(sizes, 2, 10).into_iter().map(|(what, _)| what).collect();
        assert_eq!(found, ["new", "rises"]);
        assert_eq!(tally.rising(sizes, 1, 1).len(), 1);
    }
}
