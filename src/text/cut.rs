//! Words of scripts that are written without spaces: every character is one, so that a phrase of them can be searched.

use std::borrow::Cow;

use super::fold::fold_char;

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

/// Returns a text as full-text search holds it: folded and cut, and behind it the words that folding makes others of, for
/// programs that ask without folding. A tokenizer lowers ASCII letters by itself, so a text of them stays as it is.
pub(crate) fn indexed(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let mut words = cut_words_of(text, |_, _| ());
    if beyond_ascii(text).any(|(_, c)| is_other(c)) {
        for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| is_folded_elsewhere(word)) {
            words.push(' ');
            words.push_str(word);
        }
    }
    Cow::Owned(words)
}

/// Returns a text folded and cut, letters of ASCII as they are; `on_char` is given where each character began, and how
/// many bytes it became.
pub(crate) fn cut_words_of(text: &str, mut on_char: impl FnMut(usize, usize)) -> String {
    let mut words = String::with_capacity(text.len() + text.len() / 4);
    let (mut folded, mut last, mut done) = (String::new(), ' ', 0);
    for (at, c) in beyond_ascii(text).map(|(at, c)| (at, Some(c))).chain([(text.len(), None)]) {
        let before = words.len();
        let run = &text[done..at];
        if let [first, .., end] | [first @ end] = run.as_bytes() {
            if is_unspaced(last) && first.is_ascii_alphanumeric() {
                words.push(' ');
            }
            words.push_str(run);
            last = char::from(*end);
            on_char(done, words.len() - before - (run.len() - 1));
            (done + 1..at).for_each(|at| on_char(at, 1));
        }
        let Some(c) = c else { break };
        let before = words.len();
        folded.clear();
        fold_char(c, &mut folded);
        for c in folded.chars() {
            if is_unspaced(last) && c.is_alphanumeric() || is_unspaced(c) && last.is_alphanumeric() {
                words.push(' ');
            }
            words.push(c);
            last = c;
        }
        on_char(at, words.len() - before);
        done = at + c.len_utf8();
    }
    words
}

/// Returns the characters of a text that are not ASCII, and where they begin. Most texts have few.
fn beyond_ascii(text: &str) -> impl Iterator<Item = (usize, char)> {
    let mut next = 0;
    std::iter::from_fn(move || {
        let rest = &text.as_bytes()[next..];
        let at = next + rest.iter().position(|byte| !byte.is_ascii())?;
        let c = text[at..].chars().next()?;
        next = at + c.len_utf8();
        Some((at, c))
    })
}

/// Returns whether a text has letters that full-text search of other programs finds only as they are written: those that
/// folding turns into others, and those of scripts without spaces.
fn is_folded_elsewhere(word: &str) -> bool {
    word.chars().any(is_other)
}

fn is_other(c: char) -> bool {
    is_unspaced(c)
        || matches!(c, 'ł' | 'Ł' | 'ø' | 'Ø' | 'đ' | 'Đ' | 'ħ' | 'Ħ' | 'ı' | 'ß' | 'ẞ' | 'æ' | 'Æ' | 'œ' | 'Œ' | 'ς')
}

/// Thai, Lao, Burmese with its extensions, Khmer; kana; Han. Korean is written with spaces.
pub(super) fn is_unspaced(c: char) -> bool {
    c >= '\u{e00}'
        && matches!(c, '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{a9e0}'..='\u{a9ff}' | '\u{aa60}'..='\u{aa7f}' | '\u{1780}'..='\u{17ff}' | '\u{3040}'..='\u{30ff}'
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
        for (text, expected) in [
            ("Moon Landing, 1969", "Moon Landing, 1969"),
            ("Économie « x »", "Economie \" x \""),
            ("Große Łódź!", "Grosse lodz! Große Łódź"),
            ("NASA在月球", "NASA 在 月 球 NASA在月球"),
            ("Co\u{ad}op\u{200b}erate", "Cooperate"),
            ("在 a月b1é月", "在 a 月 b1e 月 在 a月b1é月"),
        ] {
            assert_eq!(indexed(text).to_lowercase(), expected.to_lowercase(), "{text}");
        }
        assert!(is_folded_elsewhere("Straße") && is_folded_elsewhere("月") && !is_folded_elsewhere("Économie"));
    }
}
