//! Trail of a search: the names it found and compared, kept for the same search with a context. A context adds to the
//! evidence for a few entities; which names are found does not depend on it, but for the words that are looked for
//! further, and those are asked for anew.

use std::ops::Range;
use std::sync::Arc;

use crate::resolve::index::{get_varint, put_varint};
use crate::resolve::matching::contradiction::Contradiction;
use crate::resolve::matching::features::Vector;
use crate::resolve::matching::hints::Evidence;

/// Entity of a layer: which layer, and which entity there.
pub(crate) type Place = (u8, u32);

/// Comparisons for which there is room from the first on; few mentions need more.
const ROOM: usize = 16;

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
    /// The features but for the contradiction; where none was looked for, those alone that count for the plain score.
    pub(crate) vector: Vector,
    pub(crate) evidence: Evidence,
    /// The contradiction; `None` where it was not looked for.
    pub(crate) contradiction: Option<Option<Contradiction>>,
}

/// Trail without its comparisons: the names in their order, in some hundred bytes, by which the same search is made again
/// without looking for them.
#[derive(Clone, Debug)]
pub(crate) struct NamesOfTrail {
    /// Number of words, stages and names that may be meant; two numbers a word, three a stage, one a name.
    packed: Arc<[u32]>,
}

impl NamesOfTrail {
    /// Marks a name of the layer of changes.
    const CHANGED: u32 = 1 << 31;

    pub(crate) fn of(trail: &Trail) -> NamesOfTrail {
        let Trail { comparisons, stages, words, n_names, .. } = trail;
        let short = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let mut packed = Vec::with_capacity(3 + 2 * words.len() + 3 * stages.len() + comparisons.len());
        packed.extend([short(words.len()), short(stages.len()), *n_names]);
        packed.extend(words.iter().flat_map(|(rarity, frequency)| [rarity.to_bits(), *frequency]));
        packed.extend(stages.iter().flat_map(|stage| [stage.open, stage.close, short(stage.end)]));
        packed.extend(comparisons.iter().map(|comparison| match comparison.place.0 {
            0 => comparison.name,
            _ => comparison.name | NamesOfTrail::CHANGED,
        }));
        NamesOfTrail { packed: packed.into() }
    }

    /// Appends them as bytes.
    pub(crate) fn pack(&self, out: &mut Vec<u8>) {
        put_varint(out, self.packed.len() as u64);
        self.packed.iter().for_each(|number| put_varint(out, u64::from(*number)));
    }

    /// Reads them back.
    pub(crate) fn unpack(bytes: &[u8], at: &mut usize) -> NamesOfTrail {
        let n_numbers = get_varint(bytes, at);
        NamesOfTrail { packed: (0..n_numbers).map(|_| get_varint(bytes, at) as u32).collect() }
    }

    /// Returns how many names may be meant.
    pub(crate) fn n_names(&self) -> u32 {
        self.packed[2]
    }

    /// Returns rarity and frequency of the words of the mention.
    pub(crate) fn words(&self) -> Vec<(f32, u32)> {
        let (n_words, _) = self.counts();
        self.packed[3..3 + 2 * n_words].chunks_exact(2).map(|word| (f32::from_bits(word[0]), word[1])).collect()
    }

    /// Returns the stages.
    pub(crate) fn stages(&self) -> impl Iterator<Item = Stage> + '_ {
        let (n_words, n_stages) = self.counts();
        let packed = self.packed[3 + 2 * n_words..][..3 * n_stages].chunks_exact(3);
        packed.map(|stage| Stage { open: stage[0], close: stage[1], end: stage[2] as usize })
    }

    /// Returns the names of a layer among some of all names.
    pub(crate) fn of_layer(&self, layer: u8, range: Range<usize>) -> impl Iterator<Item = u32> + '_ {
        let (n_words, n_stages) = self.counts();
        let names = &self.packed[3 + 2 * n_words + 3 * n_stages..][range];
        let is_of_layer = move |name: &&u32| (**name & NamesOfTrail::CHANGED != 0) == (layer != 0);
        names.iter().filter(is_of_layer).map(|name| name & !NamesOfTrail::CHANGED)
    }

    fn counts(&self) -> (usize, usize) {
        (self.packed[0] as usize, self.packed[1] as usize)
    }
}

impl Trail {
    pub(crate) fn clear(&mut self) {
        self.comparisons.clear();
        self.comparisons.reserve(ROOM);
        self.stages.clear();
        self.words.clear();
    }

    /// Returns the comparisons of a stage.
    pub(crate) fn of_stage(&self, at: usize) -> &[Comparison] {
        let start = at.checked_sub(1).map_or(0, |before| self.stages[before].end);
        &self.comparisons[start..self.stages[at].end]
    }
}
