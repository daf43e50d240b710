//! Words of scripts that are written without spaces: every character is one, so that a phrase of them can be searched.

/// Returns a text with `separator` between the characters of scripts that do not part words by spaces.
pub(crate) fn cut_words(text: &str, separator: char) -> String {
    let mut cut = String::with_capacity(text.len());
    let mut last = None;
    for c in text.chars() {
        if last.is_some_and(|last: char| {
            is_unspaced(last) && c.is_alphanumeric() || is_unspaced(c) && last.is_alphanumeric()
        }) {
            cut.push(separator);
        }
        cut.push(c);
        last = Some(c);
    }
    cut
}

/// Returns whether a text has letters that full-text search of other programs finds only as they are written: those that
/// folding turns into others, and those of scripts without spaces.
pub(crate) fn is_folded_elsewhere(word: &str) -> bool {
    word.chars().any(|c| is_unspaced(c) || "łŁøØđĐħĦıßẞæÆœŒς".contains(c))
}

/// Thai, Lao, Burmese, Khmer; kana; Han. Korean is written with spaces.
fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{3040}'..='\u{30ff}'
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{323af}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_of_unspaced_scripts_are_words() {
        for (text, expected) in [
            ("moon landing", "moon landing"),
            ("月球基地", "月 球 基 地"),
            ("NASA在月球。", "NASA 在 月 球。"),
            ("달 착륙", "달 착륙"),
            ("", ""),
        ] {
            assert_eq!(cut_words(text, ' '), expected);
        }
        assert!(is_folded_elsewhere("Straße") && is_folded_elsewhere("月") && !is_folded_elsewhere("Économie"));
    }
}
