//! Styles that hostile text can't forge.
//!
//! A style is written into a text as a pair of Unicode noncharacters; the terminal turns them into escape sequences, or
//! into nothing, after it has taken every control character out. So a story can at the worst make itself bold.

use std::borrow::Cow;

use crate::text::hidden::{is_hidden, is_style_mark};
pub(crate) use crate::text::single_line;

const BOLD: char = '\u{FDD0}';
const DIM: char = '\u{FDD1}';
const RED: char = '\u{FDD2}';
const GREEN: char = '\u{FDD3}';
const YELLOW: char = '\u{FDD4}';
const CYAN: char = '\u{FDD5}';
const END: char = '\u{FDDF}';

macro_rules! style {
    ($(#[$doc:meta])* $name:ident, $mark:ident) => {
        $(#[$doc])*
        pub fn $name(text: impl std::fmt::Display) -> String {
            format!("{}{text}{END}", $mark)
        }
    };
}

style! {
    /// Marks what the eye should find first.
    bold, BOLD
}
style! {
    /// Marks what may be skipped.
    dim, DIM
}
style! {
    /// Marks an error.
    red, RED
}
style! {
    /// Marks what went well.
    green, GREEN
}
style! {
    /// Marks a warning.
    yellow, YELLOW
}
style! {
    /// Marks a name or a hint.
    cyan, CYAN
}

/// Makes one piece of text safe to print: styles become escape sequences (or nothing), control characters and
/// characters that reorder or hide text become visible or disappear. Newlines and tabs stay.
pub fn render(text: &str, color: bool) -> Cow<'_, str> {
    if text.bytes().all(|b| (b' '..0x7f).contains(&b) || b == b'\n') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        let escape = match c {
            BOLD => "\x1b[1m",
            DIM => "\x1b[2m",
            RED => "\x1b[31m",
            GREEN => "\x1b[32m",
            YELLOW => "\x1b[33m",
            CYAN => "\x1b[36m",
            END => "\x1b[0m",
            '\n' | '\t' => {
                out.push(c);
                continue;
            }
            c if is_hidden(c) && !is_style_mark(c) => {
                out.push('\u{FFFD}');
                continue;
            }
            c => {
                out.push(c);
                continue;
            }
        };
        if color {
            out.push_str(escape);
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_cannot_steer_the_terminal() {
        for (text, expected) in [
            ("plain", "plain"),
            ("a\x1b[31mred\x07", "a\u{FFFD}[31mred\u{FFFD}"),
            ("\u{9b}2J", "\u{FFFD}2J"),
            ("abc\u{202e}txt.exe", "abc\u{FFFD}txt.exe"),
            ("line\r\nnext\ttab", "line\u{FFFD}\nnext\ttab"),
            ("a\u{200b}b\u{2060}c\u{e0041}", "a\u{FFFD}b\u{FFFD}c\u{FFFD}"),
            ("می\u{200c}خواهم", "می\u{200c}خواهم"),
            ("Kraków 東京", "Kraków 東京"),
        ] {
            assert_eq!(render(text, true), expected);
        }
    }

    #[test]
    fn styles_show_only_where_color_is_wanted() {
        assert_eq!(render(&bold("x"), true), "\x1b[1mx\x1b[0m");
        assert_eq!(render(&bold("x"), false), "x");
        assert_eq!(single_line(" a \n\t b\x1b "), "a b\u{FFFD}");
    }
}
