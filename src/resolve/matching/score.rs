//! From features to probabilities: a plain sum that orders candidates, and two small forests of decision trees.
//!
//! The *pair* forest says how likely a mention means a name, the *decision* forest how likely the best candidate is
//! right, seeing how it stands among the others. Both were fitted by `benches/fit_linking.py` (gradient boosting after
//! J. Friedman, "Greedy function approximation", 2001) with monotone constraints: more agreement never lowers a score,
//! more left unexplained never raises it. `weights.txt` holds them as text: a line a split, with the feature's name.

use std::sync::LazyLock;

use crate::resolve::matching::features::{self, COUNT, Feature, Vector};

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
    fast: Fast,
}

/// The same trees laid out by feature, so that a score takes no unforeseeable step (QuickScorer: C. Lucchese and others,
/// "QuickScorer: a fast algorithm to rank documents with additive ensembles of regression trees", 2015).
///
/// A tree's leaves are bits, the leftmost lowest. A split whose feature is above the threshold takes away the leaves on
/// its left; the lowest bit that remains is the leaf.
#[derive(Debug, Default)]
struct Fast {
    /// Splits by feature, lowest threshold first.
    splits: Vec<Split>,
    /// Where the splits of each feature start, and where the last end.
    starts: Vec<u32>,
    leaves: Vec<f32>,
    /// Where the leaves of each tree start.
    first_leaf: Vec<u32>,
}

#[derive(Clone, Copy, Debug)]
struct Split {
    threshold: f32,
    /// The leaves that remain where the feature is above the threshold.
    remain: u32,
    tree: u32,
}

/// Trees of one forest, and leaves of one tree, at most.
const TREES_MAX: usize = 256;
const LEAVES_MAX: u32 = 32;

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
        forest.fast = forest.laid_out(names.len());
        forest
    }

    fn laid_out(&self, n_features: usize) -> Fast {
        assert!(self.roots.len() <= TREES_MAX, "the table of weights has at most {TREES_MAX} trees");
        let mut fast = Fast::default();
        let mut splits: Vec<(u16, Split)> = Vec::new();
        for (tree, &root) in (0u32..).zip(&self.roots) {
            let first = fast.leaves.len();
            fast.first_leaf.push(u32::try_from(first).expect("a forest has few leaves"));
            self.lay_out(root, tree, first, &mut fast.leaves, &mut splits);
        }
        splits
            .sort_by(|a, b| a.0.cmp(&b.0).then(a.1.threshold.total_cmp(&b.1.threshold)).then(a.1.tree.cmp(&b.1.tree)));
        let start = |feature: usize| splits.partition_point(|(f, _)| usize::from(*f) < feature);
        fast.starts = (0..=n_features).map(|f| u32::try_from(start(f)).expect("a forest has few splits")).collect();
        fast.splits = splits.into_iter().map(|(_, split)| split).collect();
        fast
    }

    /// Appends the leaves below a node, and the splits; `first` is where the tree's leaves start.
    fn lay_out(&self, node: u16, tree: u32, first: usize, leaves: &mut Vec<f32>, splits: &mut Vec<(u16, Split)>) {
        let node = &self.nodes[usize::from(node)];
        if node.feature == LEAF {
            leaves.push(node.number);
            return;
        }
        let from = leaves.len() - first;
        self.lay_out(node.left, tree, first, leaves, splits);
        let until = leaves.len() - first;
        assert!(until < LEAVES_MAX as usize, "a tree of the table of weights has at most {LEAVES_MAX} leaves");
        let left = (1u32 << until) - (1u32 << from);
        splits.push((node.feature, Split { threshold: node.number, remain: !left, tree }));
        self.lay_out(node.right, tree, first, leaves, splits);
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
        let fast = &self.fast;
        let mut remain = [u32::MAX; TREES_MAX];
        for (feature, bounds) in features.iter().zip(fast.starts.windows(2)) {
            for split in &fast.splits[bounds[0] as usize..bounds[1] as usize] {
                if *feature <= split.threshold {
                    break;
                }
                remain[split.tree as usize] &= split.remain;
            }
        }
        let leaf = |(first, remain): (&u32, &u32)| fast.leaves[(first + remain.trailing_zeros()) as usize];
        fast.first_leaf.iter().zip(&remain).map(leaf).fold(self.base, |sum, value| sum + value)
    }

    /// Returns the log-odds, tree by tree as the table says.
    #[cfg(test)]
    fn score_by_walking(&self, features: &[f32]) -> f32 {
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

/// What it costs, in log-odds, to differ in nothing but a number: `Photo Studio 8` is not `Photo Studio 7`. A rule and not
/// a weight, since labelled mentions have few such pairs: of 72 in the tasks of `docs/linking.md` 13 are the same thing.
const ANOTHER_VERSION: f32 = -5.0;

/// Returns the log-odds that mention and name mean the same.
pub(crate) fn pair(features: &Vector) -> f32 {
    let forest = &FORESTS.0;
    let log_odds = if forest.roots.is_empty() { plain(features) } else { forest.score(features) };
    log_odds + ANOTHER_VERSION * features[Feature::version as usize]
}

/// Returns how much each feature moved that.
pub(crate) fn pair_parts(features: &Vector) -> Vector {
    let mut parts = [0.0; COUNT];
    FORESTS.0.explain(features, &mut parts);
    parts[Feature::version as usize] += ANOTHER_VERSION * features[Feature::version as usize];
    parts
}

/// Returns the log-odds that the best candidate is right.
pub(crate) fn decision(features: &[f32]) -> f32 {
    let forest = &FORESTS.1;
    if forest.roots.is_empty() { features[0] } else { forest.score(features) }
}

/// What the sound counts in the plain sum; only the best candidates' is known.
pub(crate) const SOUND_WORTH: f32 = 1.5;

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
    fn the_table_of_weights_is_whole() {
        let (pair, decision) = &*FORESTS;
        assert_eq!(pair.roots.len(), WEIGHTS.split("[decision]").next().unwrap_or("").matches("tree\n").count());
        assert!(decision.roots.len() <= pair.roots.len() + 200);
    }
}
