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
    /// Names and short forms of states to the number of their country.
    states: Map<&'static str, u16>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let mut table = Table { countries: Map::default(), states: Map::default() };
    for (number, names) in (1u16..).zip(rows(include_str!("countries.tsv"))) {
        for name in names {
            table.countries.entry(name).or_insert(number);
        }
    }
    for mut names in rows(include_str!("states.tsv")) {
        let Some(&country) = names.next().and_then(|code| table.countries.get(code)) else {
            continue;
        };
        for name in names {
            table.states.entry(name).or_insert(country);
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
    TABLE.states.get(words).copied().filter(|_| !words.is_empty())
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
