//! Features of words that are neither of a name's core nor paired like its words: generation, legal form, numbers.

use crate::resolve::matching::generations;
use crate::resolve::matching::pairing::Pairing;
use crate::resolve::matching::probe::Probe;
use crate::resolve::names::numerals;
use crate::resolve::names::words::Role;

/// Returns the agreement of the generations, the larger the better.
pub(super) fn generation(probe: &Probe, pairing: &Pairing<'_>) -> f32 {
    match places(probe, pairing, Role::Generation) {
        (Some(i), Some(j)) => {
            let (a, b) = (probe.words[i].token.class, pairing.name[j].class);
            if a == b { generations::AGREE } else { generations::DIFFER }
        }
        // Written as a number on the other side: *Lantern III* is *Lantern 3*.
        (Some(i), None) if pairing.mention_paired[i] >= 0.5 => generations::AGREE,
        (None, Some(j)) if pairing.name_paired[j] >= 0.5 => generations::AGREE,
        (Some(_), None) => generations::ONLY_IN_MENTION,
        (None, Some(_)) => generations::ONLY_IN_NAME,
        (None, None) => 3.0,
    }
}

/// Returns the agreement of the legal forms, the larger the better.
pub(super) fn legal(probe: &Probe, pairing: &Pairing<'_>) -> f32 {
    match places(probe, pairing, Role::Legal) {
        (Some(_), Some(_)) => {
            let agree = probe.words.iter().any(|w| {
                w.token.role == Role::Legal
                    && pairing.name.iter().any(|t| t.role == Role::Legal && w.token.class == t.class)
            });
            if agree { 3.0 } else { 0.0 }
        }
        (None, None) => 2.0,
        _ => 1.0,
    }
}

/// Returns how many numbers of the mention, and of the name, found no partner.
pub(super) fn left_numbers(probe: &Probe, pairing: &Pairing<'_>) -> (usize, usize) {
    let left_of_mention = (0..probe.words.len())
        .filter(|i| {
            pairing.mention_paired[*i] < 0.5
                && probe.words[*i].token.role.is_core()
                && is_number(probe.text(*i).as_bytes())
        })
        .count();
    let left_of_name = (0..pairing.name.len())
        .filter(|j| {
            pairing.name_paired[*j] < 0.5 && pairing.name[*j].role.is_core() && is_number(pairing.name[*j].text)
        })
        .count();
    (left_of_mention, left_of_name)
}

/// Returns the first word of a role in the mention, and in the name.
fn places(probe: &Probe, pairing: &Pairing<'_>, role: Role) -> (Option<usize>, Option<usize>) {
    let in_mention = probe.words.iter().position(|w| w.token.role == role);
    let in_name = pairing.name.iter().position(|t| t.role == role);
    (in_mention, in_name)
}

/// Returns whether a word has digits or is a numeral: `Super Bowl VII` is not `Super Bowl 50`.
fn is_number(text: &[u8]) -> bool {
    let may_be_roman = || text.len() >= 2 && text.iter().all(|byte| b"ivxlcdm".contains(byte));
    text.iter().any(u8::is_ascii_digit)
        || may_be_roman() && std::str::from_utf8(text).is_ok_and(|text| numerals::roman(text).is_some())
}
