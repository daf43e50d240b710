//! Likeness of two words: the same in another writing, an initial, a short form, an abbreviation, similar letters or
//! sounds.

use crate::resolve::index::TokenView;
use crate::resolve::matching::probe::Word;
use crate::resolve::names::similarity::{Pattern, is_contraction, lacks_vowels_only, look_alike};
use crate::resolve::names::words::Role;
use crate::resolve::names::{first_names, numerals, phonetic, plural, transliteration};

/// Pairing of two words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    Equal,
    SameMeaning,
    Number,
    Initial,
    Nickname,
    Abbreviation,
    Similar,
    Joined,
}

/// Returns how a word of the mention and a word of a name are the same: written alike, of one meaning, one number.
pub(crate) fn same(word: &Word, text: &[u8], other: &TokenView<'_>) -> Option<(f32, How)> {
    // Asked of each pair of words, and most differ in their first letter.
    if text.first() == other.text.first() && text == other.text {
        return Some((1.0, if other.role == Role::Number { How::Number } else { How::Equal }));
    }
    if word.token.class != 0 && word.token.class == other.class {
        return Some((0.97, How::SameMeaning));
    }
    // A common noun, as no name of a person is written.
    if word.token.small
        && text[0] == other.text[0]
        && let (Ok(own), Ok(other)) = (std::str::from_utf8(text), std::str::from_utf8(other.text))
        && plural::is_plural_of_other(own, other)
    {
        return Some((0.98, How::SameMeaning));
    }
    if let Some(value) = word.value {
        // Written as a numeral, an ordinal or a word. A lone letter is a number only beside one that is none.
        let other = std::str::from_utf8(other.text).ok().and_then(numerals::value);
        return (other == Some(value)).then_some((0.95, How::Number));
    }
    None
}

/// Compares two words that are not the same; `None` if they have nothing in common.
pub(crate) fn likeness(word: &Word, text: &[u8], other: &TokenView<'_>) -> Option<(f32, How)> {
    let role = word.token.role;
    if word.value.is_some_and(|value| is_other_number(value, other.text)) {
        return None;
    }
    if role == Role::Number || other.role == Role::Number {
        return None;
    }
    if !role.is_core() || !other.role.is_core() {
        let short = role == Role::Generation || other.role == Role::Generation;
        return if short { None } else { letters(word, text, other) };
    }
    if role == Role::Initials || other.role == Role::Initials {
        if text[0] == other.text[0] && (text.len() == 1 || other.text.len() == 1) {
            return Some((0.6, How::Initial));
        }
        if role == other.role || text[0] != other.text[0] {
            return None;
        }
    }
    letters(word, text, other)
}

/// Returns whether a word is a numeral, and of another number.
fn is_other_number(value: u32, other: &[u8]) -> bool {
    std::str::from_utf8(other).ok().and_then(numerals::value).is_some_and(|other| other != value)
}

/// A word of fewer sounds than this is not the same for sounding alike: `Murray` is not `Moore`.
const SOUND_LENGTH: usize = 3;

/// Similarity above which words are alike that sound the same.
const LEAST_SOUNDING: f32 = 0.3;

fn letters(word: &Word, text: &[u8], other: &TokenView<'_>) -> Option<(f32, How)> {
    let long = text.len().max(other.text.len());
    let short = text.len().min(other.text.len());
    if long < 2 {
        return None;
    }
    if !word.families.is_empty()
        && let Ok(name) = std::str::from_utf8(other.text)
        && first_names::families(name).iter().any(|family| word.families.contains(family))
    {
        return Some((0.88, How::Nickname));
    }
    if word.is_slavic && transliteration::is_one_surname(text, other.text) {
        return Some((0.98, How::Equal));
    }
    let digits = |text: &[u8]| text.iter().any(u8::is_ascii_digit);
    let coded = digits(text) || digits(other.text);
    let mut best: Option<(f32, How)> = None;
    if text[0] == other.text[0] && !coded {
        let (a, b) = if text.len() < other.text.len() { (text, other.text) } else { (other.text, text) };
        if short >= 2 && short < long && b.starts_with(a) {
            best = Some((0.62 + 0.3 * short as f32 / long as f32, How::Abbreviation));
        } else if lacks_vowels_only(a, b) {
            best = Some((0.6 + 0.3 * short as f32 / long as f32, How::Abbreviation));
        } else if short <= 5 && is_contraction(a, b) && a.last() == b.last() {
            best = Some((0.55 + 0.2 * short as f32 / long as f32, How::Abbreviation));
        }
    }
    if word.abjad.len() >= 2 && phonetic::sounds_as(other.text, &word.abjad) {
        best = Some((if word.abjad.len() >= SOUND_LENGTH { 0.9 } else { 0.75 }, How::Similar));
    }
    // Letters that are less alike are not, whatever they sound like.
    if long - short <= long / 2 + 1 && short >= 2 && (coded || word.pattern.may_reach(other.text, LEAST_SOUNDING)) {
        let mut similarity = word.pattern.similarity(other.text);
        if coded {
            // One digit of a model number that differs makes another model; a digit read for a letter does not.
            similarity = misread(text, other.text).unwrap_or(if similarity > 0.85 { 0.5 } else { 0.0 });
        } else if (0.5..0.93).contains(&similarity) && misread(text, other.text).is_some() {
            similarity = 0.93;
        } else if similarity > LEAST_SOUNDING
            && similarity < 0.8
            && word.sound.len() >= SOUND_LENGTH
            && phonetic::sounds_as(other.text, &word.sound)
        {
            similarity = similarity.max(0.6 + 0.2 * similarity);
        }
        if similarity >= 0.5 && best.is_none_or(|(found, _)| similarity > found) {
            best = Some((similarity, How::Similar));
        }
    }
    best
}

/// Returns how alike two words are that a scanner may have misread one for the other. A digit read for a letter takes
/// few digits in a word of letters: `S5` and `SS` are two models.
fn misread(a: &[u8], b: &[u8]) -> Option<f32> {
    let digits = |word: &[u8]| word.iter().filter(|byte| byte.is_ascii_digit()).count();
    let (in_a, in_b) = (digits(a), digits(b));
    let plausible = in_a != in_b && in_a.abs_diff(in_b) * 3 <= a.len() || in_a + in_b == 0;
    (plausible && a.len().min(b.len()) >= 4 && look_alike(a, b)).then_some(0.93)
}

/// Returns the similarity of two words as the comparison sees it; for the expansion of words.
pub(crate) fn word_similarity(pattern: &Pattern, sound: &[u8], other: &[u8]) -> f32 {
    // No less tells anything, whatever the sound.
    if !pattern.may_reach(other, LEAST_SOUNDING) {
        return 0.0;
    }
    let similarity = pattern.similarity(other);
    if similarity < 0.8
        && similarity > LEAST_SOUNDING
        && sound.len() >= SOUND_LENGTH
        && phonetic::sounds_as(other, sound)
    {
        return similarity.max(0.6 + 0.2 * similarity);
    }
    similarity
}
