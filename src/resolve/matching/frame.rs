//! Names of one frame: the same words in the same order but for one run of them, as *University of Northport at Elmwood*
//! and *University of Northport at Ashby*. What fills the frame tells them apart.

use crate::resolve::matching::likeness::How;
use crate::resolve::matching::pairing::{Pair, Pairing};
use crate::resolve::matching::probe::Probe;
use crate::resolve::names::words::{self, Role};

/// Words that what fills a frame has at most.
const FILL: usize = 2;
/// A frame has more words than this, its head counted twice.
const FRAME: usize = 1;
/// Fillings that are more alike than this may be one word, misspelt or in another language.
const ALIKE: f32 = 0.62;
/// In words of so few letters one that differs makes another word, and the same sound tells nothing.
const SHORT: usize = 4;
const ALIKE_SHORT: f32 = 0.72;

/// Returns whether mention and name have one frame and fill it with words that are neither alike nor short for each other.
/// A single shared word may be a surname or half a translation; it is a frame with a head like *University* only.
pub(crate) fn is_filled_otherwise(probe: &Probe, pairing: &Pairing<'_>) -> bool {
    let segments = 1 + pairing.name.iter().map(|token| token.segment).max().unwrap_or(0);
    if probe.segments > 1 && probe.segments != segments || pairing.spelled > 0 {
        return false;
    }
    let is_alike = |how: How| matches!(how, How::Similar | How::Abbreviation);
    let may_be_one = |pair: &Pair| match pair.how {
        How::Abbreviation | How::Initial => true,
        How::Similar => {
            let (i, j) = (usize::from(pair.mention), usize::from(pair.name));
            let is_short = probe.text(i).len().max(pairing.name[j].text.len()) <= SHORT;
            pair.similarity >= if is_short { ALIKE_SHORT } else { ALIKE }
        }
        _ => false,
    };
    if pairing.pairs.iter().any(may_be_one) {
        return false;
    }
    let mut firm = [0u32; 2];
    for pair in pairing.pairs.iter().filter(|pair| !is_alike(pair.how)) {
        firm[0] |= 1 << pair.mention;
        firm[1] |= 1 << pair.name;
    }
    let mention = probe.core_at.iter().map(|i| {
        let token = &probe.words[*i].token;
        (firm[0] & 1 << i != 0, token.role, token.class, has_digit(probe.text(*i).as_bytes()))
    });
    let core = |j: &usize| pairing.name[*j].role.is_core() && !pairing.name[*j].aside;
    let name = (0..pairing.name.len()).filter(core).map(|j| {
        let token = &pairing.name[j];
        (firm[1] & 1 << j != 0, token.role, token.class, has_digit(token.text))
    });
    let has_head = probe.core_at.iter().any(|i| words::is_generic(probe.words[*i].token.class));
    let (Some((a_before, a_after)), Some((b_before, b_after))) = (run(mention), run(name)) else { return false };
    let frame = a_before + a_after;
    a_before == b_before && a_after == b_after && frame + usize::from(has_head) > FRAME
}

/// Returns how many words of the frame stand before and after the only run of words that is not of it; none where there are
/// several, or the run has numbers or generic words.
fn run(words: impl Iterator<Item = (bool, Role, u16, bool)>) -> Option<(usize, usize)> {
    let (mut before, mut inside, mut after) = (0, 0, 0);
    for (is_frame, role, class, has_digit) in words {
        match is_frame {
            true if inside == 0 => before += 1,
            true => after += 1,
            false if after > 0 || role != Role::Word || has_digit || words::is_generic(class) => return None,
            false => inside += 1,
        }
    }
    (1..=FILL).contains(&inside).then_some((before, after))
}

fn has_digit(word: &[u8]) -> bool {
    word.iter().any(u8::is_ascii_digit)
}
