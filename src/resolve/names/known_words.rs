//! Words that are rightly spelled: family names, places, substances and words of a language that everybody knows. A list says
//! of two of its words that they are two, however alike their letters are: *Burgas* is no misspelt *Burgos*.

use std::sync::LazyLock;

use crate::resolve::fast_map::Map;
use crate::resolve::names::table::rows;
use crate::resolve::names::{plural, spelling};

/// Kind of words that are no names.
const WORD: u8 = 8;
/// Kind of surnames that many have.
const COMMON: u8 = 16;

/// Kinds of a word, a bit a kind.
static KINDS: LazyLock<Map<&'static str, u8>> = LazyLock::new(|| {
    let mut kinds: Map<&'static str, u8> = Map::default();
    for mut row in rows(include_str!("known_words.tsv")) {
        let kind = match row.next() {
            Some("common surname") => COMMON | 1,
            Some("surname") => 1,
            Some("place") => 2,
            Some("substance") => 4,
            _ => WORD,
        };
        for word in row.flat_map(|words| words.split(' ')) {
            *kinds.entry(word).or_default() |= kind;
        }
    }
    kinds
});

/// Returns whether a word is known.
pub(crate) fn is_known(word: &str) -> bool {
    KINDS.contains_key(word)
}

/// Returns whether a word is a surname that many persons of one first name have.
pub(crate) fn is_common_surname(word: &str) -> bool {
    KINDS.get(word).is_some_and(|kinds| kinds & COMMON != 0)
}

/// Returns whether two words are known to be two of one kind. Spellings of one word and its plural are one; and one of which
/// the other is the beginning may be short for it, but for names.
pub(crate) fn differ(a: &str, b: &str) -> bool {
    let of = |word: &str| KINDS.get(word).copied().unwrap_or(0);
    let may_be_short = a.starts_with(b) || b.starts_with(a);
    let names = if may_be_short { !WORD } else { !0 };
    // A long word is rather spelled in two ways than two.
    const LONG: usize = 7;
    a != b
        && of(a) & of(b) & names != 0
        && !plural::is_plural_of_other(a, b)
        && !(a.len() >= LONG && spelling::is_one_word(a.as_bytes(), b.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_of_one_kind_are_two() {
        for (a, b, expected) in [
            ("burgas", "burgos", true),
            ("stewart", "stuart", true),
            ("wealth", "health", true),
            ("tower", "towers", false),
            ("business", "bus", false),
            ("browne", "brown", true),
            ("burgas", "burgas", false),
            ("burgas", "burgess", false),
            ("lantern", "lectern", false),
        ] {
            assert_eq!(differ(a, b), expected, "{a} {b}");
        }
    }
}
