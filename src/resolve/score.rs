//! From features to probabilities: a plain sum that orders candidates, and two small forests of decision trees.
//!
//! The *pair* forest says how likely a mention means a name, the *decision* forest how likely the best candidate is
//! right, seeing how it stands among the others. Both were fitted by `benches/fit_linking.py` (gradient boosting after
//! J. Friedman, "Greedy function approximation", 2001) with monotone constraints: more agreement never lowers a score,
//! more left unexplained never raises it. `weights.txt` holds them as text: a line a split, with the feature's name.

use std::sync::LazyLock;

use super::features::{self, COUNT, Feature, Vector};

/// The forests as text.
const WEIGHTS: &str = include_str!("weights.txt");

macro_rules! decision {
    ($($own:ident),*; $($source:ident),* $(,)?) => {
        /// What the decision forest sees: how the best stands among the others, and features of its pair.
        pub(crate) const DECISION_NAMES: [&str; [$(stringify!($own),)* $(stringify!($source)),*].len()] =
            [$(stringify!($own),)* $(stringify!($source)),*];
        /// Where those after the first few come from.
        pub(crate) const DECISION_SOURCES: [Feature; [$(stringify!($source)),*].len()] = [$(Feature::$source),*];
    };
}

decision! {
    best, second, third, gap, close;
    form, mention_explained, name_explained, part_explained, part_rest_max, name_rest_max, letters, sound, coarse_sound,
    shared, shared_max, hint_agree, hint_near, hint_against, hint_unknown, numbers_differ, mention_numbers, name_numbers,
    mention_words, name_words, mention_letters, initials, initialism, generation, legal, misspelt, nicknames,
    abbreviated, last_word, worst_pair, support, alias, namesakes, clash, first_word,
}

/// One split: go left if the feature is at most the threshold; a leaf has a value.
#[derive(Clone, Copy, Debug)]
struct Node {
    /// Feature, or `LEAF`.
    feature: u16,
    left: u16,
    right: u16,
    /// Threshold of a split; for a leaf its value.
    number: f32,
    /// Mean of the leaves below, for explanations.
    mean: f32,
}

const LEAF: u16 = u16::MAX;

/// A sum of trees, in log-odds.
#[derive(Debug, Default)]
pub(crate) struct Forest {
    base: f32,
    nodes: Vec<Node>,
    roots: Vec<u16>,
}

static FORESTS: LazyLock<(Forest, Forest)> = LazyLock::new(|| {
    (Forest::parse(WEIGHTS, "pair", features::NAMES), Forest::parse(WEIGHTS, "decision", &DECISION_NAMES))
});

impl Forest {
    /// Reads the section of a table. Lines: `# comment`, `[section] base`, `tree`, then its nodes in preorder:
    /// `feature threshold mean` or `= value`.
    fn parse(text: &str, section: &str, names: &[&str]) -> Forest {
        let mut forest = Forest::default();
        let mut inside = false;
        let mut lines =
            text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).peekable();
        while let Some(line) = lines.next() {
            if let Some(head) = line.strip_prefix('[') {
                let (name, base) = head.split_once(']').unwrap_or((head, ""));
                inside = name == section;
                if inside {
                    forest.base = base.trim().parse().unwrap_or(0.0);
                }
            } else if inside && line == "tree" {
                let root = forest.read(&mut lines, names);
                forest.roots.push(root);
            }
        }
        forest
    }

    fn read<'a>(&mut self, lines: &mut impl Iterator<Item = &'a str>, names: &[&str]) -> u16 {
        let at = self.nodes.len();
        let mut words = lines.next().unwrap_or("= 0").split(' ');
        let head = words.next().unwrap_or("=");
        let mut number = || words.next().and_then(|word| word.parse::<f32>().ok()).unwrap_or(0.0);
        let (first, second) = (number(), number());
        let index = |at: usize| u16::try_from(at).expect("the table of weights has fewer than 65,535 nodes");
        if head == "=" {
            self.nodes.push(Node { feature: LEAF, left: 0, right: 0, number: first, mean: first });
            return index(at);
        }
        let feature = names.iter().position(|name| *name == head).expect("the table of weights names known features");
        self.nodes.push(Node { feature: index(feature), left: 0, right: 0, number: first, mean: second });
        let left = self.read(lines, names);
        let right = self.read(lines, names);
        self.nodes[at].left = left;
        self.nodes[at].right = right;
        index(at)
    }

    /// Returns the log-odds.
    pub(crate) fn score(&self, features: &[f32]) -> f32 {
        let mut sum = self.base;
        for &root in &self.roots {
            let mut node = &self.nodes[usize::from(root)];
            while node.feature != LEAF {
                let next = if features[usize::from(node.feature)] <= node.number { node.left } else { node.right };
                node = &self.nodes[usize::from(next)];
            }
            sum += node.number;
        }
        sum
    }

    /// Adds to `parts` how much each feature moved the log-odds on the way from the mean of each tree to its leaf.
    fn explain(&self, features: &[f32], parts: &mut [f32]) {
        for &root in &self.roots {
            let mut node = &self.nodes[usize::from(root)];
            while node.feature != LEAF {
                let left = features[usize::from(node.feature)] <= node.number;
                let next = &self.nodes[usize::from(if left { node.left } else { node.right })];
                parts[usize::from(node.feature)] += next.mean - node.mean;
                node = next;
            }
        }
    }
}

/// Returns the log-odds that mention and name mean the same.
pub(crate) fn pair(features: &Vector) -> f32 {
    let forest = &FORESTS.0;
    if forest.roots.is_empty() { plain(features) } else { forest.score(features) }
}

/// Returns how much each feature moved that.
pub(crate) fn pair_parts(features: &Vector) -> Vector {
    let mut parts = [0.0; COUNT];
    FORESTS.0.explain(features, &mut parts);
    parts
}

/// Returns the log-odds that the best candidate is right.
pub(crate) fn decision(features: &[f32]) -> f32 {
    let forest = &FORESTS.1;
    if forest.roots.is_empty() { features[0] } else { forest.score(features) }
}

/// A plain sum of the main features. It orders candidates before the forests see them: who is whose rival must be known
/// first.
pub(crate) fn plain(v: &Vector) -> f32 {
    let at = |feature: Feature| v[feature as usize];
    let form = [0.0, 0.8, 1.5, 2.0, 3.0][at(Feature::form) as usize % 5];
    let generation = [-2.5, -0.4, -0.2, 0.0, 0.8][at(Feature::generation) as usize % 5];
    let initialism = if at(Feature::initialism) > 2.0 { 4.0 } else { 0.0 };
    -9.0 + 5.0 * at(Feature::part_explained)
        + 4.0 * at(Feature::name_explained)
        + 2.0 * at(Feature::letters)
        + 1.5 * at(Feature::sound)
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
}

/// Log-odds to probability.
pub(crate) fn probability(log_odds: f32) -> f64 {
    1.0 / (1.0 + (-f64::from(log_odds)).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forest_is_read_from_text() {
        let text = "# x\n[pair] 0.5\ntree\nb 1.5 0.1\n= -1\na 0 0.2\n= 2\n= 3\n[decision] 0\n";
        let forest = Forest::parse(text, "pair", &["a", "b"]);
        for (features, expected) in [([0.0, 1.0], -0.5), ([0.0, 2.0], 2.5), ([1.0, 2.0], 3.5)] {
            assert!((forest.score(&features) - expected).abs() < 1e-6, "{features:?}");
        }
    }

    #[test]
    fn the_table_of_weights_is_whole() {
        let (pair, decision) = &*FORESTS;
        assert_eq!(pair.roots.len(), WEIGHTS.split("[decision]").next().unwrap_or("").matches("tree\n").count());
        assert!(decision.roots.len() <= pair.roots.len() + 200);
    }
}
