//! Characters that show nothing and change how others look, act or are compared.

/// Returns whether a character could steer a terminal or reorder what is read: C0, DEL, C1, line and paragraph
/// separators, bidirectional overrides and isolates (Unicode UAX #9), the byte order mark.
pub fn is_steering(c: char) -> bool {
    matches!(c, '\0'..='\x1f' | '\x7f'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// Returns whether a character shows nothing and only changes how others look: what steers, direction marks, zero-width
/// characters, fillers, anchors of annotations, tags, and the noncharacters that `is_style_mark` names.
///
/// The joiners U+200C and U+200D are not hidden: Persian and Indic names are written with them (`joins`).
pub fn is_hidden(c: char) -> bool {
    is_steering(c)
        || is_style_mark(c)
        || matches!(c, '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Returns whether a character is a joiner or a non-joiner: zero-width, and part of the spelling in some scripts.
pub(crate) fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}')
}

/// Returns whether a joiner between two characters belongs there: both are letters of a script that joins (Arabic and
/// its relatives, the scripts of India and its neighbors), or both are emoji. Elsewhere it only hides.
pub(crate) fn joins(before: char, after: char) -> bool {
    let is_script = |c: char| {
        matches!(c, '\u{600}'..='\u{8ff}' | '\u{900}'..='\u{dff}' | '\u{f00}'..='\u{109f}' | '\u{1780}'..='\u{18af}'
            | '\u{a8e0}'..='\u{a8ff}' | '\u{fb50}'..='\u{fdcf}' | '\u{fe70}'..='\u{fefc}' | '\u{11000}'..='\u{11fff}')
    };
    let is_emoji = |c: char| {
        matches!(c, '\u{2190}'..='\u{21ff}' | '\u{2600}'..='\u{27bf}' | '\u{2b00}'..='\u{2bff}' | '\u{fe0f}'
            | '\u{1f000}'..='\u{1faff}')
    };
    is_script(before) && is_script(after) || is_emoji(before) && is_emoji(after)
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
    fn a_joiner_belongs_between_letters_that_join() {
        for (before, after, expected) in [
            ('ی', 'خ', true),
            ('\u{94d}', 'ष', true),
            ('👩', '🚀', true),
            ('\u{fe0f}', '🌈', true),
            ('a', 'b', false),
            ('ی', 'b', false),
            ('ی', ' ', false),
            ('東', '京', false),
        ] {
            assert_eq!(joins(before, after), expected, "{before:?} {after:?}");
        }
    }

    #[test]
    fn what_steers_is_hidden_too() {
        for c in ['\x1b', '\u{9b}', '\n', '\u{202e}', '\u{2066}', '\u{feff}', '\u{2028}'] {
            assert!(is_steering(c) && is_hidden(c), "{:?}", c);
        }
        for c in ['\u{61c}', '\u{3164}', '\u{200b}', '\u{200e}', '\u{2060}', '\u{e0041}', '\u{fdd0}'] {
            assert!(!is_steering(c) && is_hidden(c), "{:?}", c);
        }
    }
}
