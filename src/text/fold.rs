//! Folding: two spellings of a name that differ in case, marks, quotes, dashes or spaces become one.
//!
//! SQLite's `lower()`, `NOCASE` and `LIKE` know the case of ASCII letters only; the store registers [`fold`] as a
//! function of SQL and compares names with it.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

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
    folded
}

/// Adds one folded character; none for marks, joiners and what is white space after white space.
pub(crate) fn fold_char(c: char, into: &mut String) {
    match c {
        c if c.is_ascii() && !c.is_ascii_whitespace() && c != '`' => into.push(c.to_ascii_lowercase()),
        '‘' | '’' | 'ʼ' | '`' | '´' => into.push('\''),
        '“' | '”' | '„' | '«' | '»' => into.push('"'),
        '‐'..='―' | '−' => into.push('-'),
        c if c.is_whitespace() => {
            if !into.ends_with(' ') {
                into.push(' ');
            }
        }
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{feff}' => {}
        // Letters that Unicode does not take apart, and the small sigma at the end of a word.
        'ł' | 'Ł' => into.push('l'),
        'ø' | 'Ø' => into.push('o'),
        'đ' | 'Đ' => into.push('d'),
        'ħ' | 'Ħ' => into.push('h'),
        'ı' => into.push('i'),
        'ß' | 'ẞ' => into.push_str("ss"),
        'æ' | 'Æ' => into.push_str("ae"),
        'œ' | 'Œ' => into.push_str("oe"),
        'ς' => into.push('σ'),
        c => into.extend(c.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase)),
    }
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
            ("Łódź", "lodz"),
            ("Straße", "STRASSE"),
            ("İstanbul", "istanbul"),
            ("  New \n York ", "new york"),
            ("O’Neill", "o'neill"),
            ("Soyuz–11", "soyuz-11"),
            ("Bjo\u{308}rk", "Björk"),
            ("ﬁne", "FINE"),
            ("co\u{ad}operate", "cooperate"),
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
