//! Positions of players: the ways of writing one, and the groups in which a listing may put him.
//!
//! A depth chart says `LCB` where a roster says `CB` and a summary `DB`. Equal is agreement, the same group is half an
//! agreement, another group is a contradiction.

use std::sync::LazyLock;

use crate::resolve::fast_map::Map;
use crate::resolve::names::table::rows;

/// Comparison of two positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Positions {
    /// The same position in two spellings.
    Same,
    /// Neighbours that listings mix up.
    Near,
    /// Both are positions, and they differ.
    Apart,
}

/// Group and position numbers of every spelling.
static TABLE: LazyLock<Map<&'static str, Vec<(u8, u8)>>> = LazyLock::new(|| {
    let mut table: Map<&'static str, Vec<(u8, u8)>> = Map::default();
    for (group, positions) in (0u8..).zip(rows(include_str!("positions.tsv"))) {
        for (position, spellings) in (0u8..).zip(positions.skip(1)) {
            for spelling in spellings.split_whitespace() {
                table.entry(spelling).or_default().push((group, position));
            }
        }
    }
    table
});

/// Returns what positions a squashed value may mean; empty for anything else.
pub(crate) fn places(word: &str) -> &'static [(u8, u8)] {
    TABLE.get(word).map_or(&[], Vec::as_slice)
}

/// Compares the positions of two values; `None` unless both are positions.
pub(crate) fn compare(a: &[(u8, u8)], b: &[(u8, u8)]) -> Option<Positions> {
    if a.is_empty() || b.is_empty() {
        return None;
    }
    if a.iter().any(|place| b.contains(place)) {
        return Some(Positions::Same);
    }
    if a.iter().any(|(group, _)| b.iter().any(|(other, _)| group == other)) {
        return Some(Positions::Near);
    }
    Some(Positions::Apart)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listings_agree_in_groups() {
        for (a, b, expected) in [
            ("lcb", "cb", Some(Positions::Same)),
            ("pk", "kicker", Some(Positions::Same)),
            ("cb", "db", Some(Positions::Near)),
            ("wlb", "lb", Some(Positions::Near)),
            ("qb", "cb", Some(Positions::Apart)),
            ("qb", "left", None),
        ] {
            assert_eq!(compare(places(a), places(b)), expected, "{a} {b}");
        }
    }
}
