//! From features to probabilities: a plain sum that orders candidates, and two small forests of decision trees.
//!
//! The *pair* forest says how likely a mention means a name, the *decision* forest how likely the best candidate is
//! right, seeing how it stands among the others. Both were fitted by `benches/fit_linking.py` (gradient boosting after
//! J. Friedman, "Greedy function approximation", 2001) with monotone constraints: more agreement never lowers a score,
//! more left unexplained never raises it. `benches/linking_forests.txt`, beside that script,
//! holds them.

use std::sync::LazyLock;

use crate::resolve::matching::features::{self, COUNT, Feature, Vector};
use crate::resolve::matching::forest::Forest;

/// The forests as text.
const TABLE: &str = include_str!("../../../benches/linking_forests.txt");

macro_rules! decision {
    ($($own:ident),*; $($source:ident),* $(,)?) => {
        /// Features of the decision forest: how the best stands among the others, and features of its pair.
        pub(crate) const DECISION_NAMES: [&str; [$(stringify!($own),)* $(stringify!($source)),*].len()] =
            [$(stringify!($own),)* $(stringify!($source)),*];
        /// Source of those after the first few: come from.
        pub(crate) const DECISION_SOURCES: [Feature; [$(stringify!($source)),*].len()] = [$(Feature::$source),*];
    };
}

decision! {
    best, second, third, gap, close;
    form, mention_explained, name_explained, part_explained, part_rest_max, name_rest_max, letters, sound, coarse_sound,
    shared, shared_max, hint_agree, hint_near, hint_against, hint_unknown, numbers_differ, mention_numbers, name_numbers,
    mention_words, name_words, mention_letters, initials, initialism, generation, legal, misspelt, nicknames,
    abbreviated, last_word, worst_pair, support, alias, namesakes, clash, first_word, known_rest, known_similar,
    mention_telling, name_telling, foreign, capitals, told,
}

static FORESTS: LazyLock<(Forest, Forest)> = LazyLock::new(|| {
    (Forest::parse(TABLE, "pair", features::NAMES), Forest::parse(TABLE, "decision", &DECISION_NAMES))
});

/// Returns the log-odds that mention and name mean the same.
pub(crate) fn pair(features: &Vector) -> f32 {
    let forest = &FORESTS.0;
    let log_odds = if forest.n_trees() == 0 { plain(features) } else { forest.score(features) };
    log_odds - penalty(features)
}

fn penalty(features: &Vector) -> f32 {
    features[Feature::contradiction as usize] + features[Feature::hint_contradiction as usize]
        - features[Feature::same_model as usize]
}

/// Returns how much each feature moved that.
pub(crate) fn pair_parts(features: &Vector) -> Vector {
    let mut parts = [0.0; COUNT];
    FORESTS.0.explain(features, &mut parts);
    for feature in [Feature::contradiction, Feature::hint_contradiction] {
        parts[feature as usize] -= features[feature as usize];
    }
    parts[Feature::same_model as usize] += features[Feature::same_model as usize];
    parts
}

/// Returns the log-odds that the best candidate is right.
pub(crate) fn decision(features: &[f32]) -> f32 {
    let forest = &FORESTS.1;
    if forest.n_trees() == 0 { features[0] } else { forest.score(features) }
}

/// Weight of the sound in the plain sum; only the best candidates' is known.
pub(crate) const SOUND_WORTH: f32 = 1.5;

/// Weight of a contradiction in the plain sum beside its penalty, so that who is contradicted is no rival.
const CONTRADICTED: f32 = 0.5;

/// Penalty up to which who is contradicted may still be meant, and remains a rival.
const DOUBTED: f32 = 4.0;

/// A plain sum of the main features. It orders candidates before the forests see them: who is whose rival must be known
/// first.
pub(crate) fn plain(v: &Vector) -> f32 {
    let at = |feature: Feature| v[feature as usize];
    let form = [0.0, 0.8, 1.5, 2.0, 3.0][at(Feature::form) as usize % 5];
    let generation = [-2.5, -0.4, -0.2, 0.0, 0.8][at(Feature::generation) as usize % 5];
    let contradiction = at(Feature::contradiction);
    let initialism = if at(Feature::initialism) > 2.0 { 4.0 } else { 0.0 };
    -9.0 + 5.0 * at(Feature::part_explained)
        + 4.0 * at(Feature::name_explained)
        + 2.0 * at(Feature::letters)
        + SOUND_WORTH * at(Feature::sound)
        + form
        + generation
        + initialism
        - 0.25 * at(Feature::part_rest_max)
        - 0.25 * at(Feature::name_rest_max)
        - 0.25 * at(Feature::clash)
        - 2.0 * at(Feature::numbers_differ)
        + 0.45 * at(Feature::hint_agree).min(12.0)
        + 0.15 * at(Feature::hint_near)
        - 0.3 * at(Feature::hint_against).min(12.0)
        - 0.1 * at(Feature::alias)
        + 0.5 * at(Feature::same_model)
        - if contradiction > DOUBTED { CONTRADICTED * contradiction } else { 0.0 }
}

/// Log-odds to probability.
pub(crate) fn probability(log_odds: f32) -> f64 {
    1.0 / (1.0 + (-f64::from(log_odds)).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layout_by_feature_scores_as_the_trees_do() {
        let (pair, decision) = &*FORESTS;
        let mut state = 7u64;
        let mut random = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f32 / (1 << 24) as f32
        };
        for _ in 0..500 {
            let features: Vec<f32> = (0..COUNT.max(DECISION_NAMES.len()))
                .map(|_| [0.0, 1.0, 20.0 * random() - 4.0][(3.0 * random()) as usize])
                .collect();
            for (forest, n) in [(pair, COUNT), (decision, DECISION_NAMES.len())] {
                let (fast, plain) = (forest.score(&features[..n]), forest.score_by_walking(&features[..n]));
                assert_eq!(fast.to_bits(), plain.to_bits(), "{features:?}");
            }
        }
    }

    #[test]
    fn the_forests_have_trees() {
        let (pair, decision) = &*FORESTS;
        assert!(pair.n_trees() > 50 && decision.n_trees() > 30);
    }
}
