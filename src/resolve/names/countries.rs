//! Countries by code and name, and the states whose short forms stand in addresses: a hint's `GBR` is a row's `GB`.
//!
//! A country is known by its two codes and all its names (`countries.tsv`), a state by its postal code and its names
//! (`states.tsv`), as `clean` and lower case leave them.

use std::sync::LazyLock;

use crate::resolve::fast_map::Map;
use crate::resolve::names::table::rows;

struct Table {
    /// Codes and names to the number of a country.
    countries: Map<&'static str, u16>,
    /// Names and short forms of states to the number of their country, and their own.
    states: Map<&'static str, (u16, u16)>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let mut table = Table { countries: Map::default(), states: Map::default() };
    for (number, names) in (1u16..).zip(rows(include_str!("countries.tsv"))) {
        for name in names {
            table.countries.entry(name).or_insert(number);
        }
    }
    for (number, mut names) in (1u16..).zip(rows(include_str!("states.tsv"))) {
        let Some(&country) = names.next().and_then(|code| table.countries.get(code)) else {
            continue;
        };
        for name in names {
            table.states.entry(name).or_insert((country, number));
        }
    }
    table
});

/// Returns the country a code or name means; `words` is lower case with single spaces.
pub(crate) fn country(words: &str) -> Option<u16> {
    TABLE.countries.get(words).copied().filter(|_| !words.is_empty())
}

/// Returns the country of a state or province.
pub(crate) fn country_of_state(words: &str) -> Option<u16> {
    TABLE.states.get(words).map(|(country, _)| *country).filter(|_| !words.is_empty())
}

/// The country and the state that a whole name may mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Places {
    country: u16,
    state: u16,
}

impl Places {
    /// Returns whether it is the name of neither.
    pub(crate) fn is_none(self) -> bool {
        self == Places::default()
    }

    /// Returns whether two names mean the same country.
    pub(crate) fn is_same_country(self, other: Places) -> bool {
        self.country != 0 && self.country == other.country
    }

    /// Returns whether two names may mean the same country or state.
    pub(crate) fn meets(self, other: Places) -> bool {
        self.country != 0 && self.country == other.country || self.state != 0 && self.state == other.state
    }
}

/// Returns which country and which state a whole name means; codes of states are too short to tell.
pub(crate) fn places(words: &str) -> Places {
    let state = TABLE.states.get(words).filter(|_| words.len() > 3).map_or(0, |(_, number)| *number);
    Places { country: country(words).unwrap_or(0), state }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_names_are_one_country() {
        for (a, b) in [("gb", "gbr"), ("us", "united states"), ("de", "deutschland"), ("cn", "pr china")] {
            assert_eq!(country(a), country(b), "{a} {b}");
            assert!(country(a).is_some());
        }
        assert_ne!(country("gb"), country("us"));
        assert_eq!(country(""), None);
        assert_eq!(country_of_state("calif"), country("us"));
    }
}
