//! Folding: two spellings of a name that differ in case, marks, quotes, dashes or spaces become one.
//!
//! SQLite's `lower()`, `NOCASE` and `LIKE` know the case of ASCII letters only; the store registers [`fold`] as a
//! function of SQL and compares names with it.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use super::hidden::{is_hidden, is_joiner};

/// Returns a text without case and marks, with one kind of quote, dash and space, and no space around it.
pub(crate) fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    // Most catalogs are mostly ASCII, and a search folds all of one.
    if text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'`') {
        folded.push_str(text);
        folded.make_ascii_lowercase();
        return folded;
    }
    for c in text.trim().chars() {
        fold_char(c, &mut folded);
    }
    folded.truncate(folded.trim_end().len());
    // White space behind something hidden is around the text too.
    if folded.starts_with(' ') {
        folded.remove(0);
    }
    folded
}

/// Adds one folded character; none for marks, for what is hidden, and for what is white space after white space.
pub(crate) fn fold_char(c: char, into: &mut String) {
    match c {
        c if c.is_ascii_graphic() && c != '`' => into.push(c.to_ascii_lowercase()),
        '‘' | '’' | 'ʼ' | '`' | '´' => into.push('\''),
        '“' | '”' | '„' | '«' | '»' => into.push('"'),
        '‐'..='―' | '−' => into.push('-'),
        c if c.is_whitespace() => {
            if !into.ends_with(' ') {
                into.push(' ');
            }
        }
        '\u{ad}' => {}
        c if is_hidden(c) || is_joiner(c) => {}
        // Letters that Unicode does not take apart.
        'ł' | 'Ł' => into.push('l'),
        'ø' | 'Ø' => into.push('o'),
        'đ' | 'Đ' => into.push('d'),
        'ħ' | 'Ħ' => into.push('h'),
        'ı' => into.push('i'),
        'ß' | 'ẞ' => into.push_str("ss"),
        'æ' | 'Æ' => into.push_str("ae"),
        'œ' | 'Œ' => into.push_str("oe"),
        c => into.extend(c.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).map(one_sigma)),
    }
}

/// The small sigma at the end of a word is also what the lunate one decomposes to.
fn one_sigma(c: char) -> char {
    if c == 'ς' { 'σ' } else { c }
}

/// Returns whether two texts differ in no more than case and marks.
pub(crate) fn is_same(one: &str, other: &str) -> bool {
    one == other || fold(one) == fold(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_name_fold_to_one() {
        for (one, other) in [
            ("Économie", "ECONOMIE"),
            ("ГАГАРИН", "гагарин"),
            ("Королёв", "Королев"),
            ("Ελλάς", "ΕΛΛΑΣ"),
            ("Ελλάϲ", "ΕΛΛΑϹ"),
            ("Łódź", "lodz"),
            ("Straße", "STRASSE"),
            ("İstanbul", "istanbul"),
            ("  New \n York ", "new york"),
            ("\u{feff} New York", "new york"),
            ("O’Neill", "o'neill"),
            ("Soyuz–11", "soyuz-11"),
            ("Bjo\u{308}rk", "Björk"),
            ("ﬁne", "FINE"),
            ("co\u{ad}operate", "cooperate"),
            ("N\u{200b}AS\u{2060}A\u{202e}\u{e0041}\u{feff}", "nasa"),
            ("می\u{200c}خواهم", "میخواهم"),
            ("東京", "東京"),
        ] {
            assert_eq!(fold(one), fold(other), "{one} and {other}");
        }
    }

    #[test]
    fn different_names_stay_different() {
        for (one, other) in [("Apollo 11", "Apollo 12"), ("東京", "京都"), ("a b", "ab"), ("Гагарин", "Gagarin")]
        {
            assert_ne!(fold(one), fold(other), "{one} and {other}");
        }
        assert_eq!(fold(""), "");
    }
}
