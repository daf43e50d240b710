//! Which ids a file has shown already, in a few bytes each.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// Ids by hash, with the line of their first appearance. The hash has 128 bits, so that among a hundred million ids
/// the odds of two falling together stay below one in 10^22.
#[derive(Default)]
pub(super) struct SeenIds {
    lines: HashMap<[u32; 4], u32>,
}

impl SeenIds {
    /// Notes an id; returns the line of its first appearance if this is not it.
    pub(super) fn see(&mut self, kind: &str, id: &str, line: u64) -> Option<u64> {
        let line = u32::try_from(line).unwrap_or(u32::MAX);
        let first = *self.lines.entry(hash(kind, id)).or_insert(line);
        (first != line).then_some(u64::from(first))
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
        assert_eq!(seen.see("", "a", 1), None);
        assert_eq!(seen.see("", "b", 2), None);
        assert_eq!(seen.see("", "a", 3), Some(1));
        assert_eq!(seen.see("", "a", 4), Some(1));
        assert_eq!(seen.see("person", "a", 5), None, "the type is part of the name");
        assert_eq!(seen.see("persona", "", 6), None, "type and id do not run together");
    }
}
