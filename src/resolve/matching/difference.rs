//! Differences of a mention and a name that tell two names apart or are none of meaning, by degree: a word more, a word
//! written otherwise. How much of a name is left over does not say it: a middle name and a town left over weigh alike, and a
//! letter in a surname is a letter in a word of Latin.

use std::sync::LazyLock;

use crate::resolve::index::TokenView;
use crate::resolve::matching::likeness::How;
use crate::resolve::matching::pairing::Pairing;
use crate::resolve::matching::probe::{Probe, Word};
use crate::resolve::names::words::{self, Role};
use crate::resolve::names::{exclusive, first_names, known_words, spelling};

/// In words of fewer letters another spelling makes another name: *Thorp* and *Thorpe*.
const LONG: usize = 7;
/// A letter in a word of so many letters is a misspelling: words of that length are seldom alike.
const MISSPELT: f32 = 0.88;
const VERY_LONG: usize = 10;
/// A word so alike without a letter that looks like another is a very long one.
const MISREAD: f32 = 0.925;
/// So many abbreviations make a name an abbreviated one.
const SEVERAL: usize = 2;
/// An abbreviation without a dot leaves out more letters than this.
const LEFT_OUT: usize = 2;
/// Shorter words are initials and abbreviations.
const SHORTEST: usize = 3;

/// Degrees of the differences; 0 is none.
///
/// Words that the mention has more: 1 a common noun or number, 2 an initial or generic word, 3 another one, and the acid of a
/// salt. A word that is written otherwise: 1 a scanner's misreading, a matter of spelling in a long word, an exchange of letters
/// or a letter in a very long one, 2 a common noun, 3 a matter of spelling in a short word or an ending of a name, 4 any other,
/// 5 a first name that may be another one. Words that a short mention lacks: 1 one that tells names apart, 2 where the mention
/// is nothing but what a hint says: *Elmwood* of the city Elmwood.
pub(super) struct Differences {
    pub(super) more: u8,
    pub(super) edited: u8,
    pub(super) lacks: u8,
}

/// Finds the greatest degree of each, whatever the hints say.
pub(super) fn find(probe: &Probe, pairing: &Pairing<'_>) -> Differences {
    let of_mention = |i: &usize| pairing.mention_paired[*i] < 0.5;
    let open = || probe.core_at.iter().copied().filter(of_mention);
    // A word once more, or the beginning of one, is none more: exchanges write a name twice, cut.
    let is_again = |i: usize| {
        let again = |other: &usize| *other != i && probe.text(*other).starts_with(probe.text(i));
        !of_mention(&i) || probe.text(i).len() < SHORTEST || !probe.core_at.iter().any(again)
    };
    // Before a name that is numbered stands what its bearer is.
    let is_numbered = || pairing.name.iter().any(|token| token.role == Role::Generation);
    let is_title = |i: usize| probe.core_at.first() == Some(&i) && TITLES.contains(&probe.text(i)) && is_numbered();
    // Behind a comma stands an address, or the first name.
    let more = match probe.segments {
        0 | 1 => open()
            .filter(|i| is_again(*i) && !is_title(*i))
            .map(|i| more(&probe.words[i], probe.text(i)))
            .max()
            .unwrap_or(0),
        _ => 0,
    };
    // Of several words cut none is a guess: *Mill* is *Milling* in a title that is cut throughout.
    let n_cut = pairing.pairs.iter().filter(|pair| pair.how == How::Abbreviation).count();
    let edited = pairing.pairs.iter().map(|pair| {
        let (i, name) = (usize::from(pair.mention), &pairing.name[usize::from(pair.name)]);
        let (word, text) = (&probe.words[i], probe.text(i).as_bytes());
        match pair.how {
            How::Similar if pair.similarity >= MISREAD => 1,
            How::Similar if pair.similarity >= MISSPELT && text.len() >= VERY_LONG => 1,
            How::Similar if word.token.role.is_core() => edited(word, text, name.text),
            How::Abbreviation if word.token.role.is_core() && !word.token.dotted && n_cut < SEVERAL => {
                let (a, b) = (text.len(), name.text.len());
                let is_near = a.abs_diff(b) <= LEFT_OUT && a.min(b) >= SHORTEST && name.role.is_core();
                if is_near { edited(word, text, name.text) } else { 0 }
            }
            How::Nickname => nickname(probe, probe.text(i), name.text),
            _ => 0,
        }
    });
    let edited = edited.max().unwrap_or(0);
    Differences { more, edited, lacks: u8::from(lacks(probe, pairing)) }
}

/// Returns the degree in which a mention lacks words that is nothing but what its hints say.
pub(super) fn lacks_all_but_hints(probe: &Probe, pairing: &Pairing<'_>) -> u8 {
    if is_of_hints(probe) && is_more_named(pairing) { 2 } else { 0 }
}

/// Short for *football club* and the like, which the names of clubs have or do without.
const CLUB: [&str; 41] = [
    "fc", "cf", "afc", "sc", "ac", "fk", "sk", "cd", "ca", "as", "us", "sv", "bc", "hc", "rc", "nk", "if", "bk", "ec",
    "ks", "kf", "vfr", "vfl", "vfb", "tsv", "tsg", "sg", "oks", "gks", "mks", "hnk", "ofk", "ud", "sd", "cp", "gd",
    "pfc", "ssc", "bv", "ao", "ae",
];

/// Returns whether a word is short for a club, which stands before or behind its name.
pub(super) fn is_club(text: &str) -> bool {
    CLUB.contains(&text)
}

/// Titles of rulers, which are no titles elsewhere: *King* is a surname.
const TITLES: [&str; 12] =
    ["king", "queen", "emperor", "empress", "prince", "princess", "duke", "duchess", "pope", "tsar", "sultan", "saint"];

fn more(word: &Word, text: &str) -> u8 {
    // Words of a whole, which the name often leaves out.
    static WHOLE: LazyLock<[u16; 5]> =
        LazyLock::new(|| ["group", "holding", "football", "club", "sports"].map(words::class));
    match word.token.role {
        _ if word.token.small && exclusive::is_ion(word.alternatives) && text != "hydrochloride" => 3,
        _ if word.token.small || WHOLE.contains(&word.token.class) || is_club(text) || text == "number" => 1,
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
    let is_one_alternative = || {
        let other = std::str::from_utf8(name).map_or(&[][..], exclusive::alternatives);
        word.alternatives.iter().any(|alternative| other.contains(alternative))
    };
    match spelling::is_one_word(text, name) {
        _ if spelling::is_umlaut_spelled(text, name) => 1,
        true if text.len() >= LONG && (word.token.small || spelling::is_one_sound(text, name)) => 1,
        _ if is_one_alternative() || word.families.is_empty() && spelling::has_exchanged_letters(text, name) => 1,
        _ if word.token.small => 2,
        true => 3,
        false => 4,
    }
}

/// *Bill* is *William* and *Sergey* *Sergei* where few bear the surname; two short forms of one name may be two names.
fn nickname(probe: &Probe, text: &str, name: &[u8]) -> u8 {
    let Some((last, _)) = probe.last_and_first() else { return 5 };
    let is_rare = !known_words::is_common_surname(probe.text(last));
    let is_form = std::str::from_utf8(name).is_ok_and(|name| first_names::is_form_of_other(text, name));
    if is_rare && is_form { 1 } else { 5 }
}

/// Returns whether all words of the mention stand in its hints, so that these tell no more than it does.
fn is_of_hints(probe: &Probe) -> bool {
    let is_given = |word: &str| probe.hints.iter().any(|hint| hint.value.split(' ').any(|part| part == word));
    !probe.hints.is_empty()
        && probe.core_at.iter().map(|i| probe.text(*i)).filter(|word| !CLUB.contains(word)).all(is_given)
}

/// Returns whether a word of the name that tells names apart is in the mention neither as it is nor otherwise.
fn is_more_named(pairing: &Pairing<'_>) -> bool {
    let open = pairing.name.iter().zip(pairing.name_paired).filter(|(token, paired)| *paired < 0.5 && !token.aside);
    open.into_iter().any(|(token, _)| tells(token))
}

/// Returns whether a word of a name tells names apart: no short or generic one, but what clubs are usually called.
fn tells(token: &TokenView<'_>) -> bool {
    let text = std::str::from_utf8(token.text).unwrap_or_default();
    token.role == Role::Word
        && (!words::is_generic(token.class) || exclusive::is_club(exclusive::alternatives(text)))
        && !CLUB.contains(&text)
}

/// *Ashby* may be *Ashby Falkenrath* and *Ashby Moss*: of so short a name what stands behind it tells what is meant.
fn lacks(probe: &Probe, pairing: &Pairing<'_>) -> bool {
    const SHORT: usize = 2;
    let is_named = |i: &usize| pairing.mention_paired[*i] > 0.9 && !probe.words[*i].token.small;
    if probe.core_at.len() > SHORT || pairing.spelled > 0 || !probe.core_at.iter().all(is_named) {
        return false;
    }
    let tells = |j: usize| tells(&pairing.name[j]);
    let mut core = (0..pairing.name.len()).filter(|j| {
        let token = &pairing.name[*j];
        token.role.is_core() && !token.aside
    });
    let is_paired = |j: usize| pairing.name_paired[j] >= 0.5;
    let Some(open) = core.by_ref().find(|j| !is_paired(*j)) else { return false };
    // Behind a first name stands the initial of another one.
    let has_first_name = probe.core_at.first().is_some_and(|first| !probe.words[*first].families.is_empty());
    if pairing.name[open].role == Role::Initials && has_first_name {
        return (0..open).any(is_paired);
    }
    // Between a first name and a surname stands one that tells them from another's.
    if has_first_name && (0..open).any(is_paired) && tells(open) && core.clone().any(is_paired) {
        return true;
    }
    let rest = || std::iter::once(open).chain(core.clone());
    (0..open).any(is_paired) && rest().all(|j| !is_paired(j)) && rest().any(tells)
}
