//! Precision of a sample, and how far that can be off.
//!
//! The sample is stratified: of each stratum (method and band of the score) some items are drawn, and each stands for
//! as many as its weight says. The estimate is the weighted share of right ones. Its interval is Wilson's (1927) for a
//! share, at the effective sample size of Kish (1965), `(Σw)² / Σw²`: it stays within 0 and 1, and does not claim
//! certainty where all of a small sample were right.

use serde::Serialize;

/// Quantile of the normal distribution for an interval of 95 %.
const Z: f64 = 1.959_963_985;

/// A share with its 95 % confidence interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Precision {
    /// Items judged right or wrong.
    pub judged: u64,
    /// Number of these that are right.
    pub right: u64,
    /// Estimated share of right ones in the database.
    pub precision: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
}

impl Precision {
    /// Says it in a sentence part: `96.2 % (95 % confidence: 91.3 to 98.4 %)`.
    pub fn in_words(&self) -> String {
        let p = |x: f64| format!("{:.1}", x * 100.0);
        format!("{} % (95 % confidence interval: {} to {} %)", p(self.precision), p(self.low), p(self.high))
    }
}

/// Estimates from judged items: the weight of each, and whether it is right. `None` where nothing was judged.
pub fn estimate(items: &[(f64, bool)]) -> Option<Precision> {
    let sum: f64 = items.iter().map(|(weight, _)| weight).sum();
    if sum <= 0.0 {
        return None;
    }
    let squares: f64 = items.iter().map(|(weight, _)| weight * weight).sum();
    let n = sum * sum / squares;
    // The sum of nothing is -0.0, which would be shown as such.
    let right: f64 = items.iter().filter(|(_, right)| *right).fold(0.0, |sum, (weight, _)| sum + weight);
    let p = right / sum;
    let (low, high) = wilson(p, n);
    Some(Precision {
        judged: items.len() as u64,
        right: items.iter().filter(|(_, right)| *right).count() as u64,
        precision: p,
        low,
        high,
    })
}

/// Returns Wilson's interval for a share of `n` items.
pub(super) fn wilson(p: f64, n: f64) -> (f64, f64) {
    let z2 = Z * Z;
    let middle = (p + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = Z / (1.0 + z2 / n) * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
    ((middle - half).max(0.0), (middle + half).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(items: &[(f64, bool)], expected: (f64, f64, f64)) {
        let p = estimate(items).unwrap();
        let round = |x: f64| (x * 1000.0).round() / 1000.0;
        assert_eq!((round(p.precision), round(p.low), round(p.high)), expected);
    }

    #[test]
    fn the_interval_is_wilsons_where_all_weigh_the_same() {
        // Newcombe (1998), table I: 81 of 263 gives 0.2553 to 0.3662 by Wilson's method.
        let mut items = vec![(1.0, true); 81];
        items.extend(vec![(1.0, false); 182]);
        check(&items, (0.308, 0.255, 0.366));
        // 0 of 20: 0.0000 to 0.1611.
        check(&vec![(3.0, false); 20], (0.0, 0.0, 0.161));
        assert_eq!(estimate(&[]), None);
        let none = estimate(&[(1.0, false)]).unwrap().in_words();
        assert_eq!(none, "0.0 % (95 % confidence interval: 0.0 to 79.3 %)");
    }

    #[test]
    fn what_stands_for_more_counts_more() {
        let mut items = vec![(9.0, true); 10];
        items.extend(vec![(1.0, false); 10]);
        let p = estimate(&items).unwrap();
        assert!((p.precision - 0.9).abs() < 1e-9);
        assert!(p.high - p.low > 0.3, "twenty items of which ten hardly count are no twenty");
    }
}
