//! Words that are rightly spelled: family names, places, substances and words of a language that everybody knows. A list says
//! of two of its words that they are two, however alike their letters are: *Burgas* is no misspelt *Burgos*.

use std::sync::LazyLock;

use crate::resolve::fast_map::Map;
use crate::resolve::names::table::rows;
use crate::resolve::names::{plural, spelling};

/// Kind of surnames.
const SURNAME: u8 = 1;
/// Kind of places.
const PLACE: u8 = 2;
/// Kind of words that are no names.
const WORD: u8 = 8;
/// Kind of surnames that many have.
const COMMON: u8 = 16;

/// Kinds of a word, a bit a kind.
static KINDS: LazyLock<Map<&'static str, u8>> = LazyLock::new(|| {
    let mut kinds: Map<&'static str, u8> = Map::default();
    for mut row in rows(include_str!("known_words.tsv")) {
        let kind = match row.next() {
            Some("common surname") => COMMON | SURNAME,
            Some("surname") => SURNAME,
            Some("place") => PLACE,
            Some("substance") => 4,
            _ => WORD,
        };
        for word in row.flat_map(|words| words.split(' ')) {
            *kinds.entry(word).or_default() |= kind;
        }
    }
    kinds
});

/// Endings of the names of sciences and trades, behind two letters at least.
const STEM: usize = 2;
const FIELDS: [&str; 6] = ["ology", "ography", "onomy", "ometry", "iatry", "istics"];

/// Returns the kinds of a word; a plural is a word where its singular is.
fn kinds(word: &str) -> u8 {
    let singular = || {
        let (stem, end) = plural::singular(word)?;
        let kinds = match end {
            "" => KINDS.get(stem),
            _ => KINDS.get(format!("{stem}{end}").as_str()),
        };
        kinds.map(|kinds| kinds & WORD)
    };
    KINDS.get(word).copied().or_else(singular).unwrap_or(0)
}

/// Returns whether a word is known.
pub(crate) fn is_known(word: &str) -> bool {
    KINDS.contains_key(word)
}

/// Returns whether a word is the name of a place, and none of a person besides.
pub(crate) fn is_place(word: &str) -> bool {
    KINDS.get(word).is_some_and(|kinds| kinds & (PLACE | SURNAME) == PLACE)
}

/// Returns whether a word is known that is no name.
pub(crate) fn is_word(word: &str) -> bool {
    kinds(word) & WORD != 0 || FIELDS.iter().any(|end| word.len() >= end.len() + STEM && word.ends_with(end))
}

/// Returns whether a word is a surname that many persons of one first name have.
pub(crate) fn is_common_surname(word: &str) -> bool {
    KINDS.get(word).is_some_and(|kinds| kinds & COMMON != 0)
}

/// Returns whether two words are known to be two of one kind. Spellings of one word, its plural and its forms are one, and one
/// of which the other is the beginning or the end may be short for it; of surnames each spelling is another one.
pub(crate) fn differ(a: &str, b: &str) -> bool {
    let common = kinds(a) & kinds(b);
    if a == b || common == 0 {
        return false;
    }
    // A long word is rather spelled in two ways than two.
    const LONG: usize = 7;
    // An abbreviation leaves out more letters, and no word: *trademark* is no *trade*, but for these.
    const LEFT_OUT: usize = 3;
    const LEFT: [&str; 5] = ["photo", "phone", "plane", "cycle", "graph"];
    let begins = |long: &str, short: &str| {
        let rest = long.strip_prefix(short).or_else(|| long.strip_suffix(short));
        rest.is_some_and(|rest| LEFT.contains(&short) || kinds(rest) & WORD == 0)
    };
    let may_be_short = a.len().abs_diff(b.len()) >= LEFT_OUT && (begins(a, b) || begins(b, a));
    let has_an_s = |long: &str, short: &str| long.strip_suffix('s') == Some(short);
    let is_one = plural::is_plural_of_other(a, b)
        || has_an_s(a, b)
        || has_an_s(b, a)
        || a.len() >= LONG && spelling::is_one_word(a.as_bytes(), b.as_bytes());
    let kinds = match () {
        () if is_one => SURNAME,
        () if may_be_short || spelling::are_forms_of_one(a, b) => !WORD,
        () => !0,
    };
    common & kinds != 0
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
            ("phone", "telephone", false),
            ("crow", "crown", true),
            ("trade", "trademarks", true),
            ("art", "arts", false),
            ("browne", "brown", true),
            ("schuman", "schumann", true),
            ("physics", "physiology", true),
            ("physics", "physical", false),
            ("agriculture", "aquaculture", true),
            ("burgas", "burgas", false),
            ("burgas", "burgess", false),
            ("lantern", "lectern", false),
        ] {
            assert_eq!(differ(a, b), expected, "{a} {b}");
        }
    }
}
