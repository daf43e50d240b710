//! Characters that show nothing and change how others look, act or are compared.

/// Returns whether a character could steer a terminal or reorder what is read: C0, DEL, C1, line and paragraph
/// separators, bidirectional overrides and isolates (Unicode UAX #9), the byte order mark.
pub fn is_steering(c: char) -> bool {
    matches!(c, '\0'..='\x1f' | '\x7f'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// Returns whether a character shows nothing and only changes how others look: what steers, direction marks, zero-width
/// characters, tags, and the noncharacters that [`is_style_mark`] names.
///
/// The joiners U+200C and U+200D are not hidden: Persian and Indic names are written with them.
pub(crate) fn is_hidden(c: char) -> bool {
    is_steering(c)
        || is_style_mark(c)
        || matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2060}'..='\u{206f}' | '\u{e0000}'..='\u{e007f}')
}

/// Returns whether a character is one of the noncharacters that the terminal's styles are made of; they take no room on
/// the screen.
pub(crate) fn is_style_mark(c: char) -> bool {
    matches!(c, '\u{fdd0}'..='\u{fdef}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_of_every_script_and_their_joiners_show() {
        for c in ['a', 'é', '\u{301}', '東', 'ك', '\u{200c}', '\u{200d}', '😀', ' '] {
            assert!(!is_hidden(c) && !is_steering(c) && !is_style_mark(c), "{:?}", c);
        }
    }

    #[test]
    fn what_steers_is_hidden_too() {
        for c in ['\x1b', '\u{9b}', '\n', '\u{202e}', '\u{2066}', '\u{feff}', '\u{2028}'] {
            assert!(is_steering(c) && is_hidden(c), "{:?}", c);
        }
        for c in ['\u{200b}', '\u{200e}', '\u{2060}', '\u{e0041}', '\u{fdd0}'] {
            assert!(!is_steering(c) && is_hidden(c), "{:?}", c);
        }
    }
}
