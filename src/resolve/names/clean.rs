//! Characters: brings any text to plain ASCII with its case and its meaningful punctuation.
//!
//! Letters lose their marks (NFKD and the letters that do not decompose), other scripts are transliterated, typographic
//! quotes and dashes become the plain ones, and whatever is neither (emoji, control and direction characters) becomes a
//! space. The tables of `deunicode` do the bulk; the exceptions here are where its choice does not suit names.

use std::borrow::Cow;
use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;

use crate::resolve::names::kana;
use crate::resolve::names::table::rows;
use crate::text::hidden::{is_hidden, is_joiner};

/// Names longer than this are cut: no catalog name is, and a mention of 10 kB must not cost more than a long one.
const MAX_BYTES: usize = 600;

/// Returns `text` as ASCII. Borrowed where it already is.
pub(crate) fn clean(text: &str) -> Cow<'_, str> {
    let text = cut(text);
    match with_escapes_read(text) {
        Some(read) => Cow::Owned(to_ascii(&read).into_owned()),
        None => to_ascii(text),
    }
}

/// Returns the text with the letters that were left of escapes whose backslash was lost, if there are any: `Renu00e9`.
fn with_escapes_read(text: &str) -> Option<String> {
    const DIGITS: usize = 4;
    let mut out: Option<String> = None;
    let mut copied = 0;
    for (at, _) in text.match_indices("u0") {
        let digits = text.get(at + 1..at + 1 + DIGITS).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
        let letter = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()).and_then(char::from_u32);
        let Some(letter) = letter.filter(|c| LETTERS_WITH_MARKS.contains(c) && c.is_alphabetic()) else { continue };
        let end = at + 1 + DIGITS;
        let is_letter = |c: Option<char>| c.is_some_and(char::is_alphabetic);
        if at >= copied && (is_letter(text[..at].chars().next_back()) || is_letter(text[end..].chars().next())) {
            let out = out.get_or_insert_default();
            out.push_str(&text[copied..at]);
            out.push(letter);
            copied = end;
        }
    }
    let mut out = out?;
    out.push_str(&text[copied..]);
    Some(out)
}

/// Latin letters beyond ASCII.
const LETTERS_WITH_MARKS: std::ops::RangeInclusive<char> = '\u{c0}'..='\u{17f}';

fn to_ascii(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|b| (b' '..=b'~').contains(&b)) {
        return Cow::Borrowed(text);
    }
    // A letter is transliterated with its mark: й is not и, nor が か, nor a syllable of Hangul its letters.
    let composed = match text.contains(is_part_of_letter) {
        true => Cow::Owned(text.nfc().collect::<String>()),
        false => Cow::Borrowed(text),
    };
    let mut out = String::with_capacity(text.len() + 8);
    let mut rest = &*composed;
    while let Some(c) = rest.chars().next() {
        match known_word(c, rest) {
            Some((word, meaning)) => {
                out.push(' ');
                out.push_str(meaning);
                out.push(' ');
                rest = &rest[word.len()..];
            }
            None => {
                let mut read = kana::read(rest, &mut out);
                if read == 0 {
                    push(c, &mut out);
                    read = c.len_utf8();
                }
                rest = &rest[read..];
            }
        }
        if out.len() > MAX_BYTES {
            break;
        }
    }
    Cow::Owned(out)
}

/// Returns whether it makes one letter with what stands before it: marks of Latin, Greek, Cyrillic, Arabic and kana, and the
/// letters of Hangul. Not those of India: NFC takes some of their letters apart.
fn is_part_of_letter(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{653}'..='\u{655}' | '\u{1100}'..='\u{11ff}' | '\u{3099}' | '\u{309a}')
}

/// Words that are written without spaces between them, and what they are called in English.
static EAST_ASIAN: LazyLock<Vec<(&str, &str)>> = LazyLock::new(|| {
    let pair = |mut row: std::str::Split<'static, char>| Some((row.next()?, row.next()?));
    rows(include_str!("east_asian_words.tsv")).filter_map(pair).collect()
});

/// Returns the word of a script without spaces that a text begins with, and what it is called.
fn known_word(first: char, text: &str) -> Option<(&'static str, &'static str)> {
    // Katakana, Han and Hangul.
    if !matches!(first, '\u{30a0}'..='\u{30ff}' | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}') {
        return None;
    }
    EAST_ASIAN.iter().filter(|(word, _)| text.starts_with(word)).max_by_key(|(word, _)| word.len()).copied()
}

fn cut(text: &str) -> &str {
    let mut end = text.len().min(MAX_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

fn push(c: char, out: &mut String) {
    if (' '..='~').contains(&c) {
        out.push(c);
        return;
    }
    match c {
        // Apostrophes, primes, modifier letters, the okina: removed later where they stand inside a word.
        '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{201b}' | '\u{2032}' | '\u{02bb}' | '\u{02bc}' | '\u{02b9}'
        | '\u{02ba}' | '\u{02be}' | '\u{02bf}' | '\u{02c8}' | '\u{00b4}' | '\u{ff07}' => out.push('\''),
        '\u{201c}' | '\u{201d}' | '\u{201e}' | '\u{201f}' | '\u{00ab}' | '\u{00bb}' | '\u{300c}' | '\u{300d}'
        | '\u{ff02}' => out.push('"'),
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{ff0d}' => out.push('-'),
        // Marks written after their letter, the soft hyphen, joiners, whatever is hidden: nothing at all.
        '\u{0300}'..='\u{036f}' | '\u{00ad}' | '\u{fe00}'..='\u{fe0f}' => {}
        c if !c.is_whitespace() && !c.is_control() && (is_hidden(c) || is_joiner(c)) => {}
        // Arabic and Hebrew vowel signs; the letters that only carry or lengthen.
        '\u{064b}'..='\u{0652}' | '\u{0670}' | '\u{0640}' | '\u{0591}'..='\u{05c7}' => {}
        'ع' | 'ء' | 'א' | 'ע' => {}
        'ا' | 'أ' | 'إ' | 'آ' | 'ى' | 'ة' => out.push('a'),
        'ə' | 'Ə' => out.push('a'),
        'ъ' | 'Ъ' | 'ь' | 'Ь' => {}
        'й' => out.push('y'),
        'Й' => out.push('Y'),
        'х' => out.push_str("kh"),
        'Х' => out.push_str("Kh"),
        'я' => out.push_str("ya"),
        'Я' => out.push_str("Ya"),
        'ю' => out.push_str("yu"),
        'Ю' => out.push_str("Yu"),
        'ё' | 'э' => out.push('e'),
        'Ё' | 'Э' => out.push('E'),
        'þ' => out.push_str("th"),
        'Þ' => out.push_str("Th"),
        'ð' => out.push('d'),
        'Ð' => out.push('D'),
        '№' => out.push_str(" no "),
        '\u{fffd}' => out.push('?'),
        _ if c.is_alphanumeric() => transliterate(c, out),
        // A mark that belongs to its letter (Indic vowel signs count as marks, not as letters).
        '\u{0900}'..='\u{0dff}' | '\u{0e30}'..='\u{0e4e}' | '\u{0f71}'..='\u{0fbc}' | '\u{1000}'..='\u{109f}' => {
            transliterate(c, out);
        }
        _ => out.push(' '),
    }
}

/// Scripts without capitals, from Hebrew to Georgian; `deunicode` writes some of their letters as capitals, which would cut a
/// word as `CamelCase` is cut.
const CASELESS: std::ops::RangeInclusive<char> = '\u{590}'..='\u{10ff}';

/// Adds what `deunicode` makes of a letter, without the signs it uses for silent or guttural letters.
fn transliterate(c: char, out: &mut String) {
    if let Some(ascii) = deunicode::deunicode_char(c) {
        let kept = ascii.chars().filter(|a| a.is_ascii_alphanumeric() || *a == ' ');
        match CASELESS.contains(&c) {
            true => out.extend(kept.map(|a| a.to_ascii_lowercase())),
            false => out.extend(kept),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::clean;

    #[test]
    fn every_script_becomes_ascii() {
        for (text, expected) in [
            ("Plain text", "Plain text"),
            ("Łódź, Øresund, Đà Nẵng, Straße, Iğdır", "Lodz, Oresund, Da Nang, Strasse, Igdir"),
            ("Санкт-Петербург", "Sankt-Peterburg"),
            ("O’Brien “The Rock” – x", "O'Brien \"The Rock\" - x"),
            ("e\u{301}tat\u{200b}", "etat"),
            ("a\u{7}b😀c", "a b c"),
            ("ＡＢＣ", "ABC"),
            ("広島大学", " hiroshima  university "),
            ("ティーカフェ", "ti cafe "),
            ("بنك مصرف", "bnk msrf"),
            ("बैंक", "baink"),
            ("Renu00E9 Moru00e1n", "Rene Moran"),
            ("Tutu0041, model U0152, u00e9", "Tutu0041, model U0152, u00e9"),
            ("Ren\u{fffd}e", "Ren?e"),
        ] {
            assert_eq!(clean(text), expected, "{text}");
        }
    }

    #[test]
    fn a_letter_is_one_with_its_mark_written_apart() {
        use unicode_normalization::UnicodeNormalization;
        for text in ["Андрей Йорданов", "Алёна", "がぎぐ ピアノ", "홍길동", "آدم أحمد", "Łódź, Đà Nẵng", "Ώρα"]
        {
            let apart: String = text.nfd().collect();
            assert_ne!(apart, text);
            assert_eq!(clean(&apart), clean(text), "{text}");
        }
    }

    #[test]
    fn a_huge_text_is_cut() {
        assert!(clean(&"é".repeat(10_000)).len() <= super::MAX_BYTES + 8);
        assert!(clean(&"x".repeat(10_000)).len() <= super::MAX_BYTES);
    }
}
