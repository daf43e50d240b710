//! Given names of East Asia, of one or two syllables: a letter that differs makes another name, where letters elsewhere are
//! a matter of spelling.

use std::sync::LazyLock;

use crate::resolve::fast_map::Map;
use crate::resolve::names::phonetic;
use crate::resolve::names::table::rows;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Origin {
    Chinese,
    Korean,
    Both,
}

static SURNAMES: LazyLock<Map<&'static str, Origin>> = LazyLock::new(|| {
    let mut surnames = Map::default();
    for (row, origin) in rows(include_str!("east_asian_surnames.tsv")).zip([Origin::Chinese, Origin::Korean]) {
        for name in row {
            surnames.entry(name).and_modify(|known| *known = Origin::Both).or_insert(origin);
        }
    }
    surnames
});

/// Returns whether a word is a surname of China or Korea.
pub(crate) fn is_surname(word: &str) -> bool {
    SURNAMES.contains_key(word)
}

/// Returns whether two given names behind a surname are two names: two that pinyin can write, or two that sound unlike in
/// Korean.
pub(crate) fn differ(surname: &str, a: &str, b: &str) -> bool {
    let Some(origin) = SURNAMES.get(surname) else { return false };
    if a == b || a.len().min(b.len()) < 2 {
        return false;
    }
    let is_chinese = *origin != Origin::Korean && is_pinyin(a) && is_pinyin(b);
    is_chinese || *origin != Origin::Chinese && are_korean(a, b)
}

/// Returns whether two words before or behind one given name are two surnames of China.
pub(crate) fn surnames_differ(a: &str, b: &str, given: &str) -> bool {
    // Two spellings of one, for what a typewriter lacks.
    const ONE: [&str; 2] = ["lu", "lv"];
    let is_chinese = |name: &str| SURNAMES.get(name).is_some_and(|origin| *origin != Origin::Korean);
    let is_one = a == b || ONE.contains(&a) && ONE.contains(&b);
    !is_one && is_chinese(a) && is_chinese(b) && is_pinyin(given)
}

/// Longest given name of two syllables.
const TWO_SYLLABLES: usize = 10;

fn are_korean(a: &str, b: &str) -> bool {
    let sound = |name: &str| {
        let (mut sound, mut coarse) = (vec![], vec![]);
        phonetic::skeleton(name.as_bytes(), &mut sound);
        phonetic::coarse(&sound, &mut coarse);
        coarse
    };
    a.len().max(b.len()) <= TWO_SYLLABLES && sound(a) != sound(b)
}

/// Returns whether a word is one or two syllables of pinyin.
fn is_pinyin(word: &str) -> bool {
    word.is_ascii()
        && (is_syllable(word) || (1..word.len()).any(|at| is_syllable(&word[..at]) && is_syllable(&word[at..])))
}

fn is_syllable(word: &str) -> bool {
    const INITIALS: [&str; 23] = [
        "zh", "ch", "sh", "b", "p", "m", "f", "d", "t", "n", "l", "g", "k", "h", "j", "q", "x", "r", "z", "c", "s",
        "y", "w",
    ];
    const FINALS: [&str; 36] = [
        "a", "o", "e", "ai", "ei", "ao", "ou", "an", "en", "ang", "eng", "er", "i", "ia", "ie", "iao", "iu", "ian",
        "in", "iang", "ing", "iong", "u", "ua", "uo", "uai", "ui", "uan", "un", "uang", "ong", "v", "ve", "ue", "van",
        "vn",
    ];
    let initial = INITIALS.iter().find(|initial| word.starts_with(**initial)).map_or(0, |initial| initial.len());
    FINALS.contains(&&word[initial..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_makes_another_name_where_syllables_are_few() {
        for (surname, a, b, expected) in [
            ("wang", "fang", "feng", true),
            ("wang", "xiaofang", "xiaofeng", true),
            ("wang", "fang", "fangg", false),
            ("wang", "f", "fang", false),
            ("lin", "tsetung", "zedong", false),
            ("kim", "minsu", "minho", true),
            ("kim", "minsu", "minsoo", false),
            ("hale", "fang", "feng", false),
        ] {
            assert_eq!(differ(surname, a, b), expected, "{surname} {a} {b}");
        }
    }

    #[test]
    fn two_surnames_of_china_are_two() {
        for (a, b, given, expected) in [
            ("liu", "li", "xiang", true),
            ("wang", "zhang", "wei", true),
            ("lu", "lv", "xiaofang", false),
            ("wang", "wang", "wei", false),
            ("lin", "li", "harrison", false),
            ("lim", "lin", "wei", false),
        ] {
            assert_eq!(surnames_differ(a, b, given), expected, "{a} {b} {given}");
        }
    }
}
