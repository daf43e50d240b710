//! Names as models write them -> names: markup taken off, placeholders left out.

use super::Notes;
use crate::text::{clean, decode_entities};

/// The longest name that is still one; a longer one is a text in the wrong place.
const NAME_CHARS_MAX: usize = 300;

/// Words that stand for no name, in whatever case.
const PLACEHOLDERS: [&str; 13] = [
    "n/a",
    "n.a.",
    "none",
    "null",
    "undefined",
    "unknown",
    "unnamed",
    "unspecified",
    "not specified",
    "not mentioned",
    "not applicable",
    "not available",
    "no name",
];

/// The longest of these; marks of case may make a word longer or shorter by some bytes.
const PLACEHOLDER_BYTES_MAX: usize = 24;

/// Words that name nothing, in this case only: `It`, `WHO` and `Nan` may be names.
const NO_NAMES: [&str; 18] = [
    "an", "the", "he", "she", "it", "we", "they", "you", "I", "this", "that", "his", "her", "its", "who", "na", "nil",
    "NaN",
];

/// Pairs around a whole name that are no part of it: quotes, and what Markdown writes bold, italic and code with.
const WRAPS: [(&str, &str); 12] = [
    ("**", "**"),
    ("__", "__"),
    ("~~", "~~"),
    ("*", "*"),
    ("_", "_"),
    ("`", "`"),
    ("\"", "\""),
    ("“", "”"),
    ("„", "“"),
    ("«", "»"),
    ("‘", "’"),
    ("'", "'"),
];

/// Returns a name, cleaned; none where it is empty, a placeholder, or too long to be one. What was more than white space
/// is counted.
pub(super) fn name_of(text: &str, notes: &mut Notes) -> Option<String> {
    if is_plain(text) && !is_placeholder(text) {
        return Some(text.to_owned());
    }
    let plain = clean(text, NAME_CHARS_MAX + 1);
    // A soft hyphen shows only where a line ends in it.
    let bare = without_markup(&decode_entities(&plain).replace('\u{ad}', ""));
    let name = clean(&bare, NAME_CHARS_MAX + 1);
    if !plain.is_empty() && (name.is_empty() || is_placeholder(&name)) {
        notes.n_placeholders += 1;
        return None;
    }
    if name.is_empty() || name.chars().count() > NAME_CHARS_MAX {
        notes.n_dropped += 1;
        return None;
    }
    notes.n_cleaned += usize::from(name != plain);
    Some(name)
}

/// Returns whether nothing of a text can be cleaned or taken off: words of letters, digits, hyphens, periods and commas,
/// one space apart.
fn is_plain(text: &str) -> bool {
    let bytes = text.as_bytes();
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b',');
    bytes.len() <= NAME_CHARS_MAX
        && bytes.first().is_some_and(is_word)
        && bytes.last().is_some_and(is_word)
        && bytes.iter().all(|byte| is_word(byte) || *byte == b' ')
        && !bytes.windows(2).any(|two| two == b"  ")
}

/// Takes off what wraps a whole name: tags, links, quotes and marks, however many of them.
fn without_markup(text: &str) -> String {
    let mut name = without_tags(text);
    loop {
        let trimmed = name.trim();
        let inner = link_text(trimmed)
            .or_else(|| WRAPS.iter().find_map(|(open, close)| unwrapped(trimmed, open, close)))
            .map(str::to_owned);
        match inner {
            Some(inner) => name = inner,
            None => return trimmed.to_owned(),
        }
    }
}

/// Returns what stands between two marks that wrap a whole name; none where they end and begin again inside.
fn unwrapped<'a>(name: &'a str, open: &str, close: &str) -> Option<&'a str> {
    let inner = name.strip_prefix(open)?.strip_suffix(close)?;
    (!inner.trim().is_empty() && !inner.contains(open) && !inner.contains(close)).then_some(inner)
}

/// Returns the text of `[text](address)`.
fn link_text(name: &str) -> Option<&str> {
    let (text, address) = name.strip_prefix('[')?.strip_suffix(')')?.split_once("](")?;
    (!text.is_empty() && !text.contains([']', '[']) && !address.contains(['(', ')', ' '])).then_some(text)
}

/// Takes out tags of HTML: `<b>`, `</a>`, `<br/>`; a `<` that begins none stays.
fn without_tags(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        match tag_bytes(rest) {
            Some(n_bytes) => rest = &rest[n_bytes..],
            None => {
                out.push('<');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

fn tag_bytes(text: &str) -> Option<usize> {
    let inner = text[1..].strip_prefix('/').unwrap_or(&text[1..]);
    let is_tag = inner.starts_with(|c: char| c.is_ascii_alphabetic());
    let end = text.find('>').filter(|_| is_tag)?;
    (!text[1..end].contains('<')).then_some(end + 1)
}

/// Returns whether a text is one of some words in lower case, whatever its own case.
pub(super) fn is_one_of(text: &str, words: &[&str]) -> bool {
    match text.is_ascii() {
        true => words.iter().any(|word| word.eq_ignore_ascii_case(text)),
        false => words.contains(&text.to_lowercase().as_str()),
    }
}

fn is_placeholder(name: &str) -> bool {
    // Most names are longer than any word that stands for none, and begin with a letter.
    if name.len() > PLACEHOLDER_BYTES_MAX && name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return false;
    }
    let is_number_of_a_list = || {
        let digits = name.trim_end_matches(['.', ')', ':']);
        digits.len() < name.len() && !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
    };
    let shows_nothing = !name.chars().any(char::is_alphanumeric) && name.is_ascii();
    is_one_of(name, &PLACEHOLDERS) || NO_NAMES.contains(&name) || shows_nothing || is_number_of_a_list()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_taken_off_a_name() {
        let check = |text: &str, expected: &str| {
            let mut notes = Notes::default();
            assert_eq!(name_of(text, &mut notes).as_deref(), Some(expected), "{text}");
            assert_eq!((notes.n_cleaned, notes.n_placeholders), (1, 0), "{text}");
        };
        for marked in [
            "**Gene Kranz**",
            "_Gene Kranz_",
            "***Gene Kranz***",
            "`Gene Kranz`",
            "\"Gene Kranz\"",
            "“Gene Kranz”",
            "«Gene Kranz»",
            "[Gene Kranz](https://example.org/a)",
            "<b>Gene Kranz</b>",
            "<a href=\"x\">Gene Kranz</a>",
            "**“Gene Kranz”**",
            "Gene&nbsp;Kranz",
            "Ge\u{ad}ne Kranz",
            "<i>Gene</i> Kranz<br/>",
        ] {
            check(marked, "Gene Kranz");
        }
        check("AT&amp;T", "AT&T");
        check("&lt;i&gt;Endeavour&lt;/i&gt;", "Endeavour");
    }

    #[test]
    fn a_plain_name_is_the_same_the_long_way() {
        for name in [
            "Gene Kranz",
            "St. Louis, Mo.",
            "Apollo 11",
            "A-10",
            "n/a",
            "none",
            "12.",
            "-",
            "...",
            "a  b",
            " a",
            "N.A.",
        ] {
            let long = without_markup(&decode_entities(&clean(name, NAME_CHARS_MAX + 1)));
            let long = clean(&long, NAME_CHARS_MAX + 1);
            assert!(!is_plain(name) || long == name, "{name}");
        }
        assert!(PLACEHOLDERS.iter().chain(&NO_NAMES).all(|word| word.len() < PLACEHOLDER_BYTES_MAX));
    }

    #[test]
    fn what_belongs_to_a_name_stays() {
        for name in [
            "Gene Kranz",
            "AT&T",
            "O'Neill",
            "'Oumuamua",
            "the \"Eagle\" lander",
            "\"A\" and \"B\"",
            "M*A*S*H",
            "*NSYNC",
            "@sallyride",
            "3 < 4",
            "<3",
            "WHO",
            "It",
            "Nan",
            "US",
            "1984",
            "49ers",
            "7",
            "東京",
            "Nil Durand",
            "[sic] Records",
            "C++",
            "???!?é",
            "P!nk",
            "Sally Ride's",
            "snake_case_",
            "♥",
        ] {
            let mut notes = Notes::default();
            assert_eq!(name_of(name, &mut notes).as_deref(), Some(name));
            assert_eq!(notes, Notes::default(), "{name}");
        }
    }

    #[test]
    fn what_stands_for_no_name_is_left_out_and_counted() {
        for text in [
            "N/A",
            "None",
            "null",
            "-",
            "--",
            "?",
            "…".replace('…', "...").as_str(),
            "**None**",
            "Not specified",
            "the",
            "I",
            "1.",
            "12)",
            "UNKNOWN",
            "\"\"",
            "<br>",
            "n/a ",
        ] {
            let mut notes = Notes::default();
            assert_eq!(name_of(text, &mut notes), None, "{text}");
            assert_eq!((notes.n_placeholders, notes.n_dropped), (1, 0), "{text}");
        }
        for text in ["", "  ", "\u{200b}", &"long ".repeat(80)] {
            let mut notes = Notes::default();
            assert_eq!(name_of(text, &mut notes), None);
            assert_eq!((notes.n_placeholders, notes.n_dropped), (0, 1), "{text}");
        }
    }
}
