//! Trail of a search: the names it found and compared, kept for the same search with a context. A context adds to the
//! evidence for a few entities; which names are found does not depend on it, but for the words that are looked for
//! further, and those are asked for anew.

use crate::resolve::matching::contradiction::Contradiction;
use crate::resolve::matching::features::Vector;
use crate::resolve::matching::hints::Evidence;

/// Entity of a layer: which layer, and which entity there.
pub(crate) type Place = (u8, u32);

/// Trail of a search.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trail {
    /// Comparisons in their order, of all stages.
    pub(crate) comparisons: Vec<Comparison>,
    /// Names found as the mention is written, then by words near to its own, then by words further away.
    pub(crate) stages: Vec<Stage>,
    /// Rarity and frequency of the words of the mention, and how many names may be meant.
    pub(crate) words: Vec<(f32, u32)>,
    pub(crate) n_names: u32,
    /// True where names were found by a value of a hint.
    pub(crate) is_by_hint: bool,
}

/// Stage of a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stage {
    /// Words that were looked for further to find it, a bit a word.
    pub(crate) open: u32,
    /// Words that have found a close one by then, likewise.
    pub(crate) close: u32,
    /// Number of comparisons up to its end.
    pub(crate) end: usize,
}

/// Comparison of a mention with one name, without what stands around it.
#[derive(Clone, Debug)]
pub(crate) struct Comparison {
    pub(crate) name: u32,
    pub(crate) place: Place,
    /// Words of the mention that are surely in the name, a bit a word.
    pub(crate) certain: u32,
    /// Words of the mention that the entity's attributes tell, a bit a word.
    pub(crate) told: u32,
    /// The features but for the contradiction.
    pub(crate) vector: Vector,
    pub(crate) evidence: Evidence,
    /// The contradiction; `None` where it was not looked for.
    pub(crate) contradiction: Option<Option<Contradiction>>,
}

impl Trail {
    pub(crate) fn clear(&mut self) {
        self.comparisons.clear();
        self.stages.clear();
        self.words.clear();
        self.is_by_hint = false;
    }

    /// Returns the comparisons of a stage.
    pub(crate) fn of_stage(&self, at: usize) -> &[Comparison] {
        let start = at.checked_sub(1).map_or(0, |before| self.stages[before].end);
        &self.comparisons[start..self.stages[at].end]
    }
}
