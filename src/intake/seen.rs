//! Which ids a file has shown already, in a few bytes each.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// Ids by hash, with the line of their first appearance and a hash of what was there. The hash of an id has 128 bits,
/// so that among a hundred million ids the odds of two falling together stay below one in 10^22.
#[derive(Default)]
pub(super) struct SeenIds {
    lines: HashMap<[u32; 4], (u32, u32), foldhash::fast::RandomState>,
}

/// The first appearance of an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Before {
    pub(super) line: u64,
    /// True where its content was the same.
    pub(super) is_same: bool,
}

impl SeenIds {
    /// Notes an id and its content; returns the first appearance if this is not it. Two records may stand on one line: a
    /// whole array does.
    pub(super) fn see(&mut self, kind: &str, id: &str, content: Option<[u8; 16]>, line: u64) -> Option<Before> {
        let content = content.map_or(0, |hash| u32::from_le_bytes([hash[0], hash[1], hash[2], hash[3]]));
        match self.lines.entry(hash(kind, id)) {
            Entry::Vacant(place) => {
                place.insert((u32::try_from(line).unwrap_or(u32::MAX), content));
                None
            }
            Entry::Occupied(first) => {
                let (line, other) = *first.get();
                Some(Before { line: line.into(), is_same: other == content })
            }
        }
    }
}

fn hash(kind: &str, id: &str) -> [u32; 4] {
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        (salt, kind, id).hash(&mut hasher);
        hasher.finish()
    };
    let (a, b) = (half(0), half(1));
    [a as u32, (a >> 32) as u32, b as u32, (b >> 32) as u32]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_appearance_names_the_first() {
        let mut seen = SeenIds::default();
        let mut see =
            |kind: &str, id: &str, line| seen.see(kind, id, Some([line as u8; 16]), line).map(|before| before.line);
        assert_eq!(see("", "a", 1), None);
        assert_eq!(see("", "b", 2), None);
        assert_eq!(see("", "a", 3), Some(1));
        assert_eq!(see("", "a", 4), Some(1));
        assert_eq!(see("", "b", 2), Some(2), "an array may stand on one line");
        assert_eq!(see("person", "a", 5), None, "the type is part of the name");
        assert_eq!(see("persona", "", 6), None, "type and id do not run together");
        assert_eq!(seen.see("", "a", Some([1; 16]), 7), Some(Before { line: 1, is_same: true }));
    }
}
