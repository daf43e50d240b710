//! Differences of a mention and a name that tell two names apart or are none of meaning, by degree: a word more, a word
//! written otherwise. How much of a name is left over does not say it: a middle name and a town left over weigh alike, and a
//! letter in a surname is a letter in a word of Latin.

use std::sync::LazyLock;

use crate::resolve::matching::likeness::How;
use crate::resolve::matching::pairing::Pairing;
use crate::resolve::matching::probe::{Probe, Word};
use crate::resolve::names::spelling;
use crate::resolve::names::words::{self, Role};

/// In words of fewer letters another spelling makes another name: *Thorp* and *Thorpe*.
const LONG: usize = 7;
/// A letter in a word of so many letters is a misspelling: words of that length are seldom alike.
const MISSPELT: f32 = 0.88;
const VERY_LONG: usize = 10;
/// An abbreviation without a dot leaves out more letters than this.
const LEFT_OUT: usize = 2;
/// Shorter words are initials and abbreviations.
const SHORTEST: usize = 3;

/// Degrees of both differences; 0 is none.
///
/// Words that the mention has more: 1 a common noun or number, 2 an initial or generic word, 3 another one. A word that is
/// written otherwise: 1 a scanner's digit, a matter of spelling in a long word or a letter in a very long one, 2 a common
/// noun, 3 a matter of spelling in a short word, 4 any other.
pub(super) struct Differences {
    pub(super) more: u8,
    pub(super) edited: u8,
}

/// Finds the greatest degree of both.
pub(super) fn find(probe: &Probe, pairing: &Pairing<'_>) -> Differences {
    let of_mention = |i: &usize| pairing.mention_paired[*i] < 0.5;
    let open = || probe.core_at.iter().copied().filter(of_mention);
    // Behind a comma stands an address, or the first name.
    let more =
        if probe.segments > 1 { 0 } else { open().map(|i| more(&probe.words[i], probe.text(i))).max().unwrap_or(0) };
    let edited = pairing.pairs.iter().map(|pair| {
        let (i, name) = (usize::from(pair.mention), &pairing.name[usize::from(pair.name)]);
        let word = &probe.words[i];
        match pair.how {
            How::Similar if pair.similarity >= MISSPELT && probe.text(i).len() >= VERY_LONG => 1,
            How::Similar if word.token.role.is_core() => edited(word, probe.text(i).as_bytes(), name.text),
            How::Abbreviation if word.token.role.is_core() && !word.token.dotted => {
                let (a, b) = (probe.text(i).len(), name.text.len());
                let is_near = a.abs_diff(b) <= LEFT_OUT && a.min(b) >= SHORTEST;
                if is_near { edited(word, probe.text(i).as_bytes(), name.text) } else { 0 }
            }
            _ => 0,
        }
    });
    Differences { more, edited: edited.max().unwrap_or(0) }
}

/// Short for *football club* and the like, which the names of clubs have or do without.
const CLUB: [&str; 18] =
    ["fc", "cf", "afc", "sc", "ac", "fk", "sk", "cd", "ca", "as", "us", "sv", "bc", "hc", "rc", "nk", "if", "bk"];

fn more(word: &Word, text: &str) -> u8 {
    // Words of a whole, which the name often leaves out.
    static WHOLE: LazyLock<[u16; 5]> =
        LazyLock::new(|| ["group", "holding", "football", "club", "sports"].map(words::class));
    match word.token.role {
        _ if word.token.small || WHOLE.contains(&word.token.class) || CLUB.contains(&text) => 1,
        Role::Word if words::is_generic(word.token.class) => 2,
        Role::Word => 3,
        Role::Initials => 2,
        _ => 1,
    }
}

fn edited(word: &Word, text: &[u8], name: &[u8]) -> u8 {
    let has_digit = |text: &[u8]| text.iter().any(u8::is_ascii_digit);
    if has_digit(text) || has_digit(name) {
        return 1;
    }
    match spelling::is_one_word(text, name) {
        true if text.len() >= LONG => 1,
        _ if word.token.small => 2,
        true => 3,
        false => 4,
    }
}
