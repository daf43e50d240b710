//! Recall of a sample of groups: how much of what a person finds in them the model found.
//!
//! A group is drawn as a whole, so the estimate is a ratio of sums, and its variance that of a ratio over groups
//! (W. G. Cochran, "Sampling Techniques", 1977, chapter 6). The interval is Wilson's (1927) at the number of independent
//! items that would have this variance.

use serde::Serialize;

use super::precision::wilson;

/// A recall with its 95 % confidence interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Recall {
    /// Groups that were judged.
    pub groups: u64,
    /// Items that the model found in them.
    pub found: u64,
    /// Items that it left out.
    pub missed: u64,
    /// Estimated share of what is there that it found.
    pub recall: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
}

/// Estimates from groups: what was found and what was left out of each. `None` where there is nothing of either.
pub fn estimate(groups: &[(u64, u64)]) -> Option<Recall> {
    let (found, missed) = groups.iter().fold((0, 0), |(f, m), (found, missed)| (f + found, m + missed));
    let total = (found + missed) as f64;
    if found + missed == 0 {
        return None;
    }
    let (p, n) = (found as f64 / total, groups.len() as f64);
    let squares: f64 = groups.iter().map(|(f, m)| (*f as f64 - p * (f + m) as f64).powi(2)).sum();
    let variance = n / (n - 1.0).max(1.0) * squares / (total * total);
    // Groups that all agree tell nothing of how they differ: each counts as one item.
    let n_items = if variance > 0.0 { (p * (1.0 - p) / variance).clamp(1.0, total) } else { n.min(total) };
    let (low, high) = wilson(p, n_items);
    Some(Recall { groups: groups.len() as u64, found, missed, recall: p, low, high })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_that_differ_much_widen_the_interval() {
        let round = |x: f64| (x * 1000.0).round() / 1000.0;
        let check = |groups: &[(u64, u64)], expected: (f64, f64, f64)| {
            let found = estimate(groups).unwrap();
            assert_eq!((round(found.recall), round(found.low), round(found.high)), expected, "{groups:?}");
        };
        // Of single items it is Wilson's: 81 of 263 (Newcombe 1998, table I), but for n - 1 in place of n.
        let single: Vec<(u64, u64)> = (0..263).map(|i| if i < 81 { (1, 0) } else { (0, 1) }).collect();
        check(&single, (0.308, 0.255, 0.366));
        // The same items in groups that are all or nothing say less.
        let lumps: Vec<(u64, u64)> = (0..26).map(|i| if i < 8 { (10, 0) } else { (0, 10) }).collect();
        check(&lumps, (0.308, 0.163, 0.504));
        // All found in ten groups is no certainty.
        check(&[(5, 0); 10], (1.0, 0.722, 1.0));
        assert_eq!(estimate(&[(0, 0)]), None);
    }
}
