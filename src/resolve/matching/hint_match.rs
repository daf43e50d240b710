//! Comparison of a hint with the values of the catalog, and what is remembered of it: teams and countries come again and
//! again.

use std::rc::Rc;

use anyhow::Result;

use crate::resolve::fast_map::Map;
use crate::resolve::index::TypeStats;
use crate::resolve::names::attribute_names::same_meaning;

/// Id of a hint that is not prepared for more than one mention.
pub(super) const UNPREPARED: u32 = 0;

/// Ground on which a contradiction of a hint makes two things of a mention and an entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Ground {
    /// The profile says that the attribute does not change.
    Stable,
    /// The catalog has the hint's value too, for others.
    Vocabulary,
    /// They are two countries.
    Country,
}

/// Comparison of one hint.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum HintMatch {
    /// The values mean the same.
    Agree(f32),
    /// They are close.
    Near(f32),
    /// They differ.
    Against(f32),
    /// They differ, and neither is a spelling of the other, or the same at another time.
    Firmly(f32, Ground),
    /// The entity has no such attribute.
    Unknown,
}

impl HintMatch {
    pub(super) fn times(self, factor: f32) -> HintMatch {
        match self {
            HintMatch::Agree(bits) => HintMatch::Agree(bits * factor),
            HintMatch::Near(bits) => HintMatch::Near(bits * factor),
            HintMatch::Against(bits) => HintMatch::Against(bits * factor),
            HintMatch::Firmly(bits, ground) => HintMatch::Firmly(bits * factor, ground),
            HintMatch::Unknown => HintMatch::Unknown,
        }
    }

    /// Of several attributes that a hint may mean, the one that agrees counts.
    pub(super) fn or_better(self, other: HintMatch) -> HintMatch {
        let rank = |found_match: &HintMatch| match found_match {
            HintMatch::Agree(bits) => (3, *bits),
            HintMatch::Near(bits) => (2, *bits),
            HintMatch::Against(bits) | HintMatch::Firmly(bits, _) => (1, *bits),
            HintMatch::Unknown => (0, 0.0),
        };
        let (x, y) = (rank(&self), rank(&other));
        if y.0 > x.0 || y.0 == x.0 && y.1 > x.1 { other } else { self }
    }
}

/// Comparison of a hint with a value of the index, whatever the attribute.
#[derive(Clone, Copy, Debug)]
pub(super) struct Compared {
    /// Of an attribute that means the same; in shares of its bits.
    pub(super) found_match: HintMatch,
    /// The very same words, which tell even under another name.
    pub(super) is_same: bool,
}

/// Bearing of an attribute of a type on a hint.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Use {
    /// It means the same; with the ground on which another value is firmly another.
    Meant { firmly: Option<Ground> },
    /// It means something else, and may have the hint's value all the same.
    Other,
    /// It means something else, and no entity of the type has the hint's value there.
    None,
}

/// Meanings of hints in one index: which attributes of a type they may be, and how they compare with its values.
#[derive(Default)]
pub(crate) struct Meanings {
    same: SameMeanings,
    /// By hint and type.
    uses: Map<(u32, u16), Rc<[Use]>>,
    /// By hint and value.
    compared: Map<(u32, u32), Compared>,
}

/// Attributes that a name of a hint may mean, by type.
#[derive(Default)]
pub(super) struct SameMeanings(Map<String, Vec<Option<Box<[bool]>>>>);

/// Hints with a type, and with a value, that are remembered: so many that they stay in the processor's cache.
const USES_MAX: usize = 1 << 12;
const COMPARED_MAX: usize = 1 << 14;

impl SameMeanings {
    /// Returns of each attribute of a type whether it means the same as a hint of this name.
    pub(super) fn of(&mut self, hint: &str, kind: u16, stats: &TypeStats) -> &[bool] {
        if !self.0.contains_key(hint) {
            self.0.insert(hint.to_owned(), Vec::new());
        }
        let Some(kinds) = self.0.get_mut(hint) else {
            return &[];
        };
        let kind = usize::from(kind);
        if kinds.len() <= kind {
            kinds.resize(kind + 1, None);
        }
        kinds[kind].get_or_insert_with(|| stats.attributes.iter().map(|a| same_meaning(hint, &a.name)).collect())
    }
}

impl Meanings {
    /// Returns what each attribute of a type is to a hint, worked out once for one that is prepared.
    pub(super) fn uses(
        &mut self,
        key: (u32, u16),
        work_out: impl FnOnce(&mut SameMeanings) -> Result<Rc<[Use]>>,
    ) -> Result<Rc<[Use]>> {
        if key.0 == UNPREPARED {
            return work_out(&mut self.same);
        }
        if let Some(known) = self.uses.get(&key) {
            return Ok(Rc::clone(known));
        }
        if self.uses.len() >= USES_MAX {
            self.uses.clear();
        }
        let uses = work_out(&mut self.same)?;
        self.uses.insert(key, Rc::clone(&uses));
        Ok(uses)
    }

    /// Returns how a hint compares with a value, worked out once for one that is prepared.
    pub(super) fn compared(&mut self, key: (u32, u32), compare: impl FnOnce() -> Result<Compared>) -> Result<Compared> {
        if key.0 == UNPREPARED {
            return compare();
        }
        if let Some(known) = self.compared.get(&key) {
            return Ok(*known);
        }
        if self.compared.len() >= COMPARED_MAX {
            self.compared.clear();
        }
        let found = compare()?;
        self.compared.insert(key, found);
        Ok(found)
    }
}
