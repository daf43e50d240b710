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

/// Returns the country a code or name means; `words` is lower case with single spaces. Official names are those of the
/// table behind a form of government (*Kingdom of Norway*, *Italian Republic*), also as lists sort them (*Congo, the
/// Democratic Republic of the*, as ISO 3166 writes it).
pub(crate) fn country(words: &str) -> Option<u16> {
    let known = |name: &str| TABLE.countries.get(name).copied().filter(|_| !name.is_empty());
    known(words).or_else(|| official(words)).or_else(|| turned(words))
}

/// Forms of government before the name of a country.
const GOVERNMENTS: [&str; 27] = [
    "arab republic of ",
    "bolivarian republic of ",
    "commonwealth of ",
    "cooperative republic of ",
    "democratic republic of ",
    "democratic socialist republic of ",
    "eastern republic of ",
    "federal democratic republic of ",
    "federal republic of ",
    "federated states of ",
    "federation of ",
    "federative republic of ",
    "grand duchy of ",
    "hashemite kingdom of ",
    "independent state of ",
    "islamic republic of ",
    "kingdom of ",
    "oriental republic of ",
    "peoples democratic republic of ",
    "peoples republic of ",
    "plurinational state of ",
    "principality of ",
    "republic of ",
    "socialist republic of ",
    "sultanate of ",
    "union of ",
    "united republic of ",
];

/// Names that a form of government makes into another country: of these the table has each form.
const DIVIDED: [&str; 3] = ["china", "congo", "korea"];

fn official(words: &str) -> Option<u16> {
    let words = words.strip_prefix("the ").unwrap_or(words);
    let name = match words.strip_suffix(" republic") {
        Some(name) => name,
        None => {
            // Most names have no such word.
            let has_government = words.as_bytes().windows(4).any(|four| four == b" of ");
            let mut governments = GOVERNMENTS.iter().filter(|_| has_government);
            let name = governments.find_map(|government| words.strip_prefix(government)).unwrap_or(words);
            name.strip_prefix("the ").unwrap_or(name)
        }
    };
    // A code is no name: the *Republic of Co* is nobody's.
    if name.len() <= 3 || name.len() != words.len() && DIVIDED.contains(&name) {
        return None;
    }
    TABLE.countries.get(name).copied()
}

/// Returns the country of a name that was turned around for a list.
fn turned(words: &str) -> Option<u16> {
    const LONGEST: usize = 3;
    if !words.ends_with(" of") && !words.ends_with(" of the") {
        return None;
    }
    let blanks = words.match_indices(' ').map(|(at, _)| at).take(LONGEST);
    let names = blanks.map(|at| format!("{} {}", &words[at + 1..], &words[..at]));
    names
        .map(|name| name.strip_prefix("the ").map_or(name.clone(), str::to_owned))
        .find_map(|name| TABLE.countries.get(name.as_str()).copied().or_else(|| official(&name)))
}

/// Returns whether one of two countries stands where the other was.
pub(crate) fn succeed(a: u16, b: u16) -> bool {
    static SUCCESSORS: LazyLock<Vec<(u16, u16)>> = LazyLock::new(|| {
        let of_row = |row: std::str::Split<'static, char>| {
            let mut row = row.filter_map(country);
            let former = row.next().unwrap_or_default();
            row.map(move |successor| (former, successor)).collect::<Vec<_>>()
        };
        rows(include_str!("successors.tsv")).flat_map(of_row).collect()
    });
    SUCCESSORS.iter().any(|two| *two == (a, b) || *two == (b, a))
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
    fn a_country_succeeds_another() {
        let check = |a: &str, b: &str, expected: bool| {
            let [a, b] = [a, b].map(|name| country(name).expect("is a country"));
            assert_eq!(succeed(a, b), expected, "{a} {b}");
        };
        check("ussr", "russia", true);
        check("kazakhstan", "soviet union", true);
        check("czechoslovakia", "slovakia", true);
        check("germany", "gdr", true);
        check("russia", "ukraine", false);
        check("yugoslavia", "russia", false);
    }

    #[test]
    fn codes_and_names_are_one_country() {
        for (a, b) in [("gb", "gbr"), ("us", "united states"), ("de", "deutschland"), ("cn", "pr china")] {
            assert_eq!(country(a), country(b), "{a} {b}");
            assert!(country(a).is_some());
        }
        assert_ne!(country("gb"), country("us"));
        for (official, code) in [
            ("kingdom of norway", "no"),
            ("the kingdom of norway", "no"),
            ("italian republic", "it"),
            ("congo the democratic republic of the", "cd"),
            ("democratic republic of congo", "cd"),
            ("republic of congo", "cg"),
            ("congo republic of the", "cg"),
            ("korea republic of", "kr"),
            ("korea democratic peoples republic of", "kp"),
            ("tanzania united republic of", "tz"),
            ("macedonia the former yugoslav republic of", "mk"),
            ("republic of china", "tw"),
            ("peoples republic of china", "cn"),
            ("state of georgia", ""),
            ("republic of co", ""),
            ("republic", ""),
            ("of", ""),
        ] {
            assert_eq!(country(official), country(code), "{official}");
            assert!(code.is_empty() || country(code).is_some(), "{code}");
        }
        assert_eq!(country(""), None);
        assert_eq!(country_of_state("calif"), country("us"));
    }
}
