//! Words in names: what a word does there, and which words mean the same in other languages, spellings and
//! abbreviations.
//!
//! All of it stands in tables beside this file, written from general knowledge of how names are written (company law,
//! forms of address, dictionaries, geography); none of it comes from a catalog. A word stands there as `clean` and
//! lower case leave it.

use std::ops::Range;
use std::sync::LazyLock;

use crate::resolve::fast_map::Map;
use crate::resolve::names::table::rows;

/// Role of a word in a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Role {
    /// Tells this name from others.
    Word = 0,
    /// Digits.
    Number = 1,
    /// Initials, one letter or several merged (`cj`).
    Initials = 2,
    /// `jr`, `iii`: tells father from son.
    Generation = 3,
    /// `inc`, `gmbh`.
    Legal = 4,
    /// Additions of an exchange to a company's name: share class, nominal value.
    Tail = 5,
    /// `dr`, `president`.
    Title = 6,
    /// `the`, `of`, `de`.
    Small = 7,
}

impl Role {
    /// Reads back what a card stores.
    pub(crate) fn from_u8(value: u8) -> Role {
        match value {
            1 => Role::Number,
            2 => Role::Initials,
            3 => Role::Generation,
            4 => Role::Legal,
            5 => Role::Tail,
            6 => Role::Title,
            7 => Role::Small,
            _ => Role::Word,
        }
    }

    /// Returns whether words of this role make up the core of a name.
    pub(crate) fn is_core(self) -> bool {
        matches!(self, Role::Word | Role::Number | Role::Initials)
    }
}

/// Entries of the tables for a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Its role; `Word` for a generic word.
    pub(crate) role: Role,
    /// Words of one class mean the same; 0 is none. Only generic words and legal forms have one.
    pub(crate) class: u16,
}

/// Words for generations: the usual spelling of each, and whether it is one only where it is written small or with a dot.
static GENERATIONS: LazyLock<Map<&'static str, (&'static str, bool)>> = LazyLock::new(|| {
    let mut words = Map::default();
    for row in rows(include_str!("generations.tsv")) {
        let mut row = row.peekable();
        let usual = row.peek().copied().unwrap_or_default();
        words.extend(row.map(|word| (word.trim_start_matches('.'), (usual, word.starts_with('.')))));
    }
    words
});

/// Returns the usual spelling of a word for a generation, and whether it is one only where it is written small or with a
/// dot.
pub(crate) fn generation(word: &str) -> Option<(&'static str, bool)> {
    GENERATIONS.get(word).copied()
}

/// Roles and classes of all words. A word that stands in several tables has the role of the first.
struct Table {
    words: Map<&'static str, Entry>,
    /// Classes of generic words.
    generic: Range<u16>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let mut words = Map::default();
    let mut class = 1u16;
    let mut add = |table: &'static str, role: Role, is_classed: bool| {
        let first = class;
        for row in rows(table) {
            for word in row {
                words.entry(word).or_insert(Entry { role, class: if is_classed { class } else { 0 } });
            }
            class += 1;
        }
        first..class
    };
    add(include_str!("legal_forms.tsv"), Role::Legal, true);
    add(include_str!("generations.tsv"), Role::Generation, true);
    add(include_str!("titles.tsv"), Role::Title, false);
    add(include_str!("security_words.tsv"), Role::Tail, false);
    add(include_str!("small_words.tsv"), Role::Small, false);
    let generic = add(include_str!("generic_words.tsv"), Role::Word, true);
    add(include_str!("exonyms.tsv"), Role::Word, true);
    Table { words, generic }
});

/// Returns whether a class is one of generic words: the names of a place are none.
pub(crate) fn is_generic(class: u16) -> bool {
    TABLE.generic.contains(&class)
}

/// Returns whether a word tells one name from others: not a title, a legal form, a small or a generic word. A city may
/// be a surname.
pub(crate) fn is_telling(word: &str) -> bool {
    entry(word).is_none_or(|entry| entry.role == Role::Word && !is_generic(entry.class))
}

/// Returns what the tables say of a lower-case ASCII word.
pub(crate) fn entry(word: &str) -> Option<Entry> {
    if word.len() > 24 {
        return None;
    }
    TABLE.words.get(word).copied()
}

/// Returns the class of a lower-case ASCII word, 0 where it has none.
pub(crate) fn class(word: &str) -> u16 {
    entry(word).map_or(0, |entry| entry.class)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_one_meaning_share_a_class() {
        for (a, b) in [
            ("universitat", "daigaku"),
            ("hldgs", "holding"),
            ("corp", "corporation"),
            ("san", "sankt"),
            ("apotheke", "farmacia"),
            ("masrif", "bank"),
        ] {
            assert_eq!(entry(a).map(|e| e.class), entry(b).map(|e| e.class), "{a} {b}");
        }
        assert_ne!(entry("inc").map(|e| e.class), entry("gmbh").map(|e| e.class));
        assert_eq!(entry("mahomes"), None);
    }

    #[test]
    fn a_place_has_many_names_and_is_not_generic() {
        for (a, b) in [("koln", "cologne"), ("munchen", "munich"), ("warszawa", "varsovie")] {
            assert_eq!(entry(a).map(|e| e.class), entry(b).map(|e| e.class), "{a} {b}");
            assert!(!is_generic(entry(a).expect("is there").class), "{a}");
        }
        for word in ["university", "red"] {
            assert!(is_generic(entry(word).expect("is there").class), "{word}");
        }
        assert!(!is_generic(entry("inc").expect("is there").class) && !is_generic(0));
    }
}
