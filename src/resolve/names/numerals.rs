//! Numbers written as Roman numerals, as ordinals or as words.

use std::sync::LazyLock;

use crate::resolve::fast_map::Map;
use crate::resolve::names::table::rows;

/// Returns the value of a Roman numeral as it is properly written, up to 3999; it numbers films, kings and games. `did`,
/// `mild` and `civil` have its letters and are none. A lone letter is one only as `v` and `x`.
pub(crate) fn roman(word: &str) -> Option<u32> {
    const PLACES: [(u32, &[&str]); 4] = [
        (1000, &["m", "mm", "mmm"]),
        (100, &["c", "cc", "ccc", "cd", "d", "dc", "dcc", "dccc", "cm"]),
        (10, &["x", "xx", "xxx", "xl", "l", "lx", "lxx", "lxxx", "xc"]),
        (1, &["i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix"]),
    ];
    // No proper one is longer than mmmdccclxxxviii; most words are told by their first letter.
    let first = *word.as_bytes().first()?;
    if !b"mdclxvi".contains(&first) || word.len() > 15 || word.len() == 1 && !matches!(first, b'v' | b'x') {
        return None;
    }
    if !word.bytes().all(|letter| matches!(letter, b'm' | b'd' | b'c' | b'l' | b'x' | b'v' | b'i')) {
        return None;
    }
    let (mut value, mut rest) = (0, word);
    for (place, digits) in PLACES {
        let longest = (1u32..).zip(digits).filter(|(_, digit)| rest.starts_with(**digit)).max_by_key(|(_, d)| d.len());
        if let Some((digit, letters)) = longest {
            value += digit * place;
            rest = &rest[letters.len()..];
        }
    }
    rest.is_empty().then_some(value)
}

/// Returns the value of a Roman numeral that means a number wherever it stands behind a name: over twenty, where the
/// table of names knew none before, and long enough to be no word (`li`, `dc`, `mix`, `clix`).
pub(crate) fn numeral(word: &str) -> Option<u32> {
    let value = roman(word)?;
    let is_long = word.len() >= if value < 100 { 3 } else { 4 };
    (value > 20 && is_long && !matches!(word, "clix" | "mdii")).then_some(value)
}

/// Returns the value of a number written as a word.
pub(crate) fn number_word(word: &str) -> Option<u32> {
    static WORDS: LazyLock<Map<&str, u32>> = LazyLock::new(|| {
        let of_row = |mut row: std::str::Split<'static, char>| {
            let value = row.next().and_then(|value| value.parse().ok()).unwrap_or(0);
            row.map(move |word| (word, value)).collect::<Vec<(&str, u32)>>()
        };
        rows(include_str!("number_words.tsv")).flat_map(of_row).collect()
    });
    WORDS.get(word).copied()
}

/// Returns the letters and the number of an initialism that ends in a number: `wwii` and `ww2` are `ww` and 2.
pub(crate) fn numbered_initials(word: &str) -> Option<(&str, u32)> {
    if !(3..=8).contains(&word.len()) || !word.is_ascii() {
        return None;
    }
    (2..word.len()).find_map(|at| {
        let (letters, number) = word.split_at(at);
        let is_number = number.bytes().all(|byte| b"ivx0123456789".contains(&byte));
        let is_letters = letters.bytes().all(|byte| byte.is_ascii_lowercase());
        let value = if is_number && is_letters { value(number) } else { None };
        value.map(|value| (letters, value))
    })
}

/// Returns the value of an ordinal in digits: `1st`, `22nd`.
pub(crate) fn ordinal(word: &str) -> Option<u32> {
    let digits = word.len().checked_sub(2).filter(|at| word.is_char_boundary(*at))?;
    let (digits, ending) = word.split_at(digits);
    matches!(ending, "st" | "nd" | "rd" | "th").then(|| digits.parse().ok()).flatten()
}

/// Returns the number that a word of a name may be, however it is written: digits, an ordinal, a numeral, a word.
pub(crate) fn value(word: &str) -> Option<u32> {
    match word.as_bytes() {
        [b'i'] => Some(1),
        [first, ..] if first.is_ascii_digit() => word.parse().ok().or_else(|| ordinal(word)),
        _ => roman(word).or_else(|| number_word(word)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numerals_and_number_words_have_values() {
        assert_eq!(number_word("third"), Some(3));
        for (word, expected) in
            [("22nd", Some(22)), ("i", Some(1)), ("viii", Some(8)), ("eighth", Some(8)), ("th", None), ("st", None)]
        {
            assert_eq!(value(word), expected, "{word}");
        }
        for (word, expected) in [
            ("ii", Some(2)),
            ("iv", Some(4)),
            ("x", Some(10)),
            ("xiv", Some(14)),
            ("xx", Some(20)),
            ("xxi", Some(21)),
            ("xlix", Some(49)),
            ("li", Some(51)),
            ("lvii", Some(57)),
            ("xcix", Some(99)),
            ("cxvii", Some(117)),
            ("mcmxcix", Some(1999)),
            ("mmxxiv", Some(2024)),
            ("mmmcmxcix", Some(3999)),
            ("mmmdccclxxxviii", Some(3888)),
            ("mix", Some(1009)),
            ("", None),
            ("i", None),
            ("m", None),
            ("mmmm", None),
            ("iiii", None),
            ("iix", None),
            ("vx", None),
            ("ixi", None),
            ("xcx", None),
            ("cmc", None),
            ("lil", None),
            ("dim", None),
            ("did", None),
            ("vid", None),
            ("mild", None),
            ("civil", None),
            ("vivid", None),
            ("ivx", None),
            ("xvi\u{130}", None),
        ] {
            assert_eq!(roman(word), expected, "{word}");
        }
        let all: Vec<u32> = (0..=4000).filter(|n| numeral(&written(*n)).is_some()).collect();
        assert!(!all.contains(&20) && all.contains(&21) && all.contains(&57) && all.contains(&2024));
        for word in ["xx", "vii", "li", "dc", "mix", "dix", "mdi", "clix", "liv"] {
            assert_eq!(numeral(word).is_some(), word == "liv", "{word}");
        }
        for n in 1..4000 {
            let word = written(n);
            assert_eq!(roman(&word), Some(n).filter(|_| word.len() > 1 || matches!(n, 5 | 10)), "{word}");
        }
    }

    fn written(mut n: u32) -> String {
        let mut word = String::new();
        for (value, letters) in [
            (1000, "m"),
            (900, "cm"),
            (500, "d"),
            (400, "cd"),
            (100, "c"),
            (90, "xc"),
            (50, "l"),
            (40, "xl"),
            (10, "x"),
            (9, "ix"),
            (5, "v"),
            (4, "iv"),
            (1, "i"),
        ] {
            while n >= value {
                word.push_str(letters);
                n -= value;
            }
        }
        word
    }
}
