//! Trends: topics, entities and pairs of entities that the groups of a window name more often than those before it.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::hash::Hash;

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
