//! Text from outside on one line: for values that are kept, and for cells and messages that are shown.

use super::entities::decode_entities;
use super::hidden::{is_hidden, is_joiner, is_style_mark, joins};

/// Returns a text without hidden characters, white space single and none around it; of a longer text the first
/// `chars_max` characters and an ellipsis. For what is kept or put into a message.
///
/// A joiner stays only between letters that it joins.
pub(crate) fn clean(text: &str, chars_max: usize) -> String {
    if text.len() <= chars_max && is_plain(text.as_bytes()) {
        return text.to_owned();
    }
    let (mut out, mut n_chars, mut is_spaced, mut joiner) = (String::new(), 0, false, None);
    for c in text.chars() {
        if c.is_whitespace() {
            is_spaced = n_chars > 0;
            continue;
        }
        if is_joiner(c) {
            joiner = Some(c);
            continue;
        }
        if is_hidden(c) {
            continue;
        }
        let before = out.chars().next_back().filter(|_| !is_spaced);
        if let Some(joiner) =
            joiner.take().filter(|_| before.is_some_and(|before| joins(before, c)) && n_chars < chars_max)
        {
            out.push(joiner);
            n_chars += 1;
        }
        if n_chars + usize::from(is_spaced) >= chars_max {
            out.push('…');
            break;
        }
        if std::mem::take(&mut is_spaced) {
            out.push(' ');
            n_chars += 1;
        }
        out.push(c);
        n_chars += 1;
    }
    out
}

/// Returns whether a text is words of visible ASCII, one space apart: most are.
fn is_plain(text: &[u8]) -> bool {
    let is_visible = |byte: &u8| byte.is_ascii_graphic();
    text.first().is_none_or(is_visible)
        && text.last().is_none_or(is_visible)
        && text.iter().all(|byte| is_visible(byte) || *byte == b' ')
        && !text.windows(2).any(|two| two == b"  ")
}

/// Returns a text for one line of a table: white space single and none around it, each hidden character as U+FFFD,
/// so that a hostile text is seen to be one.
pub(crate) fn single_line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            _ if c.is_whitespace() => {
                if !out.ends_with(' ') {
                    out.push(' ');
                }
            }
            c if is_style_mark(c) => {}
            c if is_hidden(c) => out.push('\u{FFFD}'),
            c => out.push(c),
        }
    }
    out.trim().to_owned()
}

/// Returns a name as it shows: single-spaced, without hidden characters; however long.
pub(crate) fn visible(name: &str) -> String {
    let name = single_spaced(name);
    if name.is_ascii() { name } else { clean(&name, usize::MAX) }
}

/// Returns a name as people read it: [`visible`], with references of HTML (`AT&amp;T`) replaced and without soft hyphens.
pub(crate) fn plain_name(name: &str) -> String {
    visible(&decode_entities(name)).replace('\u{ad}', "")
}

/// Returns the words of a text with one space between them; control characters end a word as white space does.
pub(crate) fn single_spaced(text: &str) -> String {
    if is_single_spaced(text) {
        return text.to_owned();
    }
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    let mut line = String::with_capacity(text.len());
    for word in words {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    line
}

/// Returns whether a text of ASCII characters is single-spaced already, as most are.
fn is_single_spaced(text: &str) -> bool {
    let mut before = b' ';
    let are_spaced = text.bytes().all(|byte| {
        let is_right = matches!(byte, b' '..=b'~') && (byte != b' ' || before != b' ');
        before = byte;
        is_right
    });
    are_spaced && (before != b' ' || text.is_empty())
}

/// Returns the key of a topic: lower case, single spaces. Topics of one key are one topic; marks count, so that
/// `résumé` and `resume` are two.
pub(crate) fn topic_key(topic: &str) -> String {
    let mut key = String::with_capacity(topic.len());
    for word in topic.split_whitespace() {
        if !key.is_empty() {
            key.push(' ');
        }
        key.push_str(word);
    }
    key.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_text_has_one_line_and_nothing_hidden() {
        for (text, chars_max, expected) in [
            ("  a \n\t b\u{a0} c ", 99, "a b c"),
            ("a\x1b[31mb\u{202e}c\u{200b}d\u{feff}", 99, "a[31mbcd"),
            ("می\u{200c}خواهم", 99, "می\u{200c}خواهم"),
            ("می\u{200c}\u{200c}خواهم\u{200d} \u{200c}", 99, "می\u{200c}خواهم"),
            ("a\u{200d}b \u{200c}c\u{200d}", 99, "ab c"),
            ("👩\u{200d}🚀", 99, "👩\u{200d}🚀"),
            ("abcdef", 6, "abcdef"),
            ("abc def", 4, "abc…"),
            ("abc   ", 3, "abc"),
            ("\u{fdd0}", 99, ""),
        ] {
            assert_eq!(clean(text, chars_max), expected, "{text:?}");
        }
    }

    #[test]
    fn a_shown_text_has_one_line_and_its_controls_are_seen() {
        for (text, expected) in [
            (" a \n\t b\x1b ", "a b\u{FFFD}"),
            ("\u{fdd0}bold\u{fddf}", "bold"),
            ("abc\u{202e}txt.exe", "abc\u{FFFD}txt.exe"),
            ("a\u{200b}b\u{e0041}", "a\u{FFFD}b\u{FFFD}"),
        ] {
            assert_eq!(single_line(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_name_is_as_people_read_it() {
        for (name, expected) in [
            ("AT&amp;T", "AT&T"),
            ("Procter &#38;  Gamble", "Procter & Gamble"),
            ("Ride&nbsp;Sally", "Ride Sally"),
            ("Sal\u{ad}ly&shy; Ri\u{200b}de", "Sally Ride"),
            ("R&D; A&B", "R&D; A&B"),
        ] {
            assert_eq!(plain_name(name), expected, "{name:?}");
        }
    }

    #[test]
    fn words_are_single_spaced() {
        assert_eq!(single_spaced("\u{7} New \r\n York\u{0}City "), "New York City");
        assert_eq!(single_spaced(" \t"), "");
    }

    #[test]
    fn a_topic_is_the_same_in_any_case_and_script() {
        for (topic, key) in [(" Économie  mondiale", "économie mondiale"), ("ГАГАРИН", "гагарин"), ("", "")]
        {
            assert_eq!(topic_key(topic), key);
        }
    }
}
