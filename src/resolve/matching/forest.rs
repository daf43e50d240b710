//! A forest: a sum of small decision trees over features, in log-odds; read from a table, scored, explained.

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

/// The same trees laid out by feature, so that a score takes no unforeseeable step (after QuickScorer: C. Lucchese and
/// others, "QuickScorer: a fast algorithm to rank documents with additive ensembles of regression trees", 2015).
///
/// A tree's leaves are bits, the leftmost lowest. A split whose feature is above the threshold takes away the leaves on
/// its left; the lowest bit that remains is the leaf. Since all splits of a feature share some dozens of thresholds, what
/// they leave of every tree is worked out beforehand for each place between two: one row a feature, and no split, is read.
#[derive(Debug, Default)]
struct Fast {
    /// Different thresholds of each feature, lowest first.
    thresholds: Vec<f32>,
    /// Offsets at which the thresholds of each feature start, and where the last end.
    starts: Vec<u32>,
    /// Rows of so many parts as `width` says, one a threshold: of each tree the leaves that remain where the feature is
    /// above this threshold and not above the next.
    rows: Vec<Part>,
    width: usize,
    /// Leaves of each tree.
    leaves: Vec<[f32; LEAVES_MAX as usize]>,
}

#[derive(Clone, Copy, Debug)]
struct Split {
    threshold: f32,
    /// The leaves that remain where the feature is above the threshold.
    remain: u32,
    tree: u32,
}

/// Trees of one forest, and leaves of one tree, at most.
const TREES_MAX: usize = 128;
const FEATURES_MAX: usize = 64;
const LEAVES_MAX: u32 = 32;

/// Trees whose leaves are looked at side by side: so many fit four registers everywhere.
const PART: usize = 16;

/// Leaves of so many trees, on one line of the processor's cache.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Part([u32; PART]);

impl Forest {
    /// Reads a section of a table: `[section] base`, `features` with their names, then a line a tree, its nodes in
    /// preorder:
    /// `feature<threshold~mean` with the feature's place in that list, or `=value`. Lines that begin with `#` are
    /// comments.
    pub(crate) fn parse(text: &str, section: &str, names: &[&str]) -> Forest {
        let mut forest = Forest::default();
        let mut features = Vec::new();
        let mut inside = false;
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            if let Some(head) = line.strip_prefix('[') {
                let (name, base) = head.split_once(']').unwrap_or((head, ""));
                inside = name == section;
                if inside {
                    forest.base = base.trim().parse().unwrap_or(0.0);
                }
            } else if inside && let Some(list) = line.strip_prefix("features ") {
                let place = |name: &str| names.iter().position(|known| *known == name);
                features = list.split(' ').map(|name| place(name).expect("forests know only features")).collect();
            } else if inside {
                let root = forest.read(&mut line.split(' '), &features);
                forest.roots.push(root);
            }
        }
        forest.fast = forest.laid_out(names.len());
        forest
    }

    fn laid_out(&self, n_features: usize) -> Fast {
        assert!(self.roots.len() <= TREES_MAX, "a forest has at most {TREES_MAX} trees");
        let mut fast = Fast::default();
        let mut splits: Vec<(u16, Split)> = Vec::new();
        for (tree, &root) in (0u32..).zip(&self.roots) {
            let mut leaves = Vec::new();
            self.lay_out(root, tree, &mut leaves, &mut splits);
            leaves.resize(LEAVES_MAX as usize, 0.0);
            fast.leaves.extend(leaves.first_chunk());
        }
        splits.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.threshold.total_cmp(&b.1.threshold)));
        assert!(n_features <= FEATURES_MAX, "there are at most {FEATURES_MAX} features");
        fast.width = self.roots.len().div_ceil(PART);
        for feature in 0..n_features {
            fast.starts.push(u32::try_from(fast.thresholds.len()).expect("a forest has few splits"));
            let splits: Vec<&Split> =
                splits.iter().filter(|(other, _)| usize::from(*other) == feature).map(|(_, split)| split).collect();
            let mut row = vec![Part([u32::MAX; PART]); fast.width];
            for same in splits.chunk_by(|a, b| a.threshold == b.threshold) {
                fast.thresholds.push(same[0].threshold);
                for split in same {
                    let tree = split.tree as usize;
                    row[tree / PART].0[tree % PART] &= split.remain;
                }
                fast.rows.extend_from_slice(&row);
            }
        }
        fast.starts.push(u32::try_from(fast.thresholds.len()).expect("a forest has few splits"));
        fast
    }

    /// Appends the leaves below a node, and the splits.
    fn lay_out(&self, node: u16, tree: u32, leaves: &mut Vec<f32>, splits: &mut Vec<(u16, Split)>) {
        let node = &self.nodes[usize::from(node)];
        if node.feature == LEAF {
            leaves.push(node.number);
            return;
        }
        let from = leaves.len();
        self.lay_out(node.left, tree, leaves, splits);
        let until = leaves.len();
        assert!(until < LEAVES_MAX as usize, "a tree has at most {LEAVES_MAX} leaves");
        let left = (1u32 << until) - (1u32 << from);
        splits.push((node.feature, Split { threshold: node.number, remain: !left, tree }));
        self.lay_out(node.right, tree, leaves, splits);
    }

    fn read<'a>(&mut self, nodes: &mut impl Iterator<Item = &'a str>, features: &[usize]) -> u16 {
        let at = self.nodes.len();
        let index = |at: usize| u16::try_from(at).expect("a forest has fewer than 65,535 nodes");
        let number = |text: &str| text.parse::<f32>().expect("the table of forests has numbers");
        let node = nodes.next().expect("a tree is whole");
        if let Some(value) = node.strip_prefix('=') {
            self.nodes.push(Node { feature: LEAF, left: 0, right: 0, number: number(value), mean: number(value) });
            return index(at);
        }
        let (feature, rest) = node.split_once('<').expect("a split has a feature");
        let (threshold, mean) = rest.split_once('~').expect("a split has a mean");
        let feature = features[feature.parse::<usize>().expect("a feature is a number")];
        let (number, mean) = (number(threshold), number(mean));
        self.nodes.push(Node { feature: index(feature), left: 0, right: 0, number, mean });
        let left = self.read(nodes, features);
        let right = self.read(nodes, features);
        self.nodes[at].left = left;
        self.nodes[at].right = right;
        index(at)
    }

    /// Returns the number of trees.
    pub(crate) fn n_trees(&self) -> usize {
        self.roots.len()
    }

    /// Returns the log-odds.
    pub(crate) fn score(&self, features: &[f32]) -> f32 {
        let fast = &self.fast;
        let (mut rows, mut n_rows) = ([0; FEATURES_MAX], 0);
        for (feature, bounds) in features.iter().zip(fast.starts.windows(2)) {
            let (start, end) = (bounds[0] as usize, bounds[1] as usize);
            let below = fast.thresholds[start..end].iter().map(|threshold| u32::from(*feature > *threshold));
            let n_below: u32 = below.sum();
            if n_below > 0 {
                rows[n_rows % FEATURES_MAX] = (start + n_below as usize - 1) * fast.width;
                n_rows += 1;
            }
        }
        let mut sum = self.base;
        for (part, leaves) in fast.leaves.chunks(PART).enumerate() {
            let mut remain = Part([u32::MAX; PART]);
            for row in &rows[..n_rows.min(FEATURES_MAX)] {
                for (remain, row) in remain.0.iter_mut().zip(&fast.rows[row + part].0) {
                    *remain &= row;
                }
            }
            for (leaves, remain) in leaves.iter().zip(&remain.0) {
                sum += leaves[remain.trailing_zeros() as usize % leaves.len()];
            }
        }
        sum
    }

    /// Returns the log-odds, tree by tree as the table says.
    #[cfg(test)]
    pub(crate) fn score_by_walking(&self, features: &[f32]) -> f32 {
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
    pub(crate) fn explain(&self, features: &[f32], parts: &mut [f32]) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forest_is_read_from_text() {
        let text = "# x\n[pair] 0.5\nfeatures b a\n0<1.5~0.1 =-1 1<0~0.2 =2 =3\n[decision] 0\nfeatures a\n=7\n";
        let forest = Forest::parse(text, "pair", &["a", "b"]);
        for (features, expected) in [([0.0, 1.0], -0.5), ([0.0, 2.0], 2.5), ([1.0, 2.0], 3.5)] {
            assert!((forest.score(&features) - expected).abs() < 1e-6, "{features:?}");
        }
        assert!((Forest::parse(text, "decision", &["a"]).score(&[0.0]) - 7.0).abs() < 1e-6);
    }
}
