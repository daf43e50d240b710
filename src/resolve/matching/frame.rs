//! Names of one frame: the same words in the same order but for one run of them, as *University of Northport at Elmwood*
//! and *University of Northport at Ashby*. What fills the frame tells them apart.

use crate::resolve::matching::likeness::How;
use crate::resolve::matching::pairing::{Pair, Pairing};
use crate::resolve::matching::probe::Probe;
use crate::resolve::names::exclusive;
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
    // A small word that both have is of the frame too: *Anna of Elmwood* is not *Anna of Ashby*.
    let is_frame = |role: Role, side: usize, at: usize| role == Role::Small && firm[side] & 1 << at != 0;
    let of_mention = |i: &usize| {
        let token = &probe.words[*i].token;
        (token.role.is_core() || is_frame(token.role, 0, *i) && probe.text(*i) != "the") && !token.aside
    };
    let mention = (0..probe.words.len()).filter(of_mention).map(|i| {
        let token = &probe.words[i].token;
        (firm[0] & 1 << i != 0, token.role, token.class, has_digit(probe.text(i).as_bytes()))
    });
    let of_name = |j: &usize| {
        let token = &pairing.name[*j];
        (token.role.is_core() || is_frame(token.role, 1, *j) && token.text != b"the") && !token.aside
    };
    let name = (0..pairing.name.len()).filter(of_name).map(|j| {
        let token = &pairing.name[j];
        (firm[1] & 1 << j != 0, token.role, token.class, has_digit(token.text))
    });
    let has_head = probe.core_at.iter().any(|i| words::is_generic(probe.words[*i].token.class));
    let is_place = |class: u16, text: &[u8]| {
        let is_region = || std::str::from_utf8(text).is_ok_and(exclusive::is_region);
        class != 0 && !words::is_generic(class) || is_region()
    };
    let has_place = || {
        probe
            .core_at
            .iter()
            .any(|i| firm[0] & 1 << i != 0 && is_place(probe.words[*i].token.class, probe.text(*i).as_bytes()))
    };
    let (Some(a), Some(b)) = (run(mention), run(name)) else { return false };
    if a.before != b.before || a.after != b.after {
        return false;
    }
    // *Department of Justice* is not *Department of State*, though one of the words is generic.
    let is_told = match (a.is_generic, b.is_generic) {
        (false, false) => true,
        (true, true) => a.before > FILL,
        _ => a.before > 0 && a.inside + b.inside == 2 || a.before > FILL && a.inside + b.inside == 3,
    };
    let has_head = has_head && !a.is_generic && !b.is_generic;
    let frame = a.before + a.after + usize::from(has_head);
    is_told && (frame > FRAME || frame == FRAME && has_place())
}

/// The only run of words of a name that is not of the frame.
struct Run {
    /// Words of the frame before it.
    before: usize,
    /// Words of the frame behind it.
    after: usize,
    /// Its words.
    inside: usize,
    /// It has a generic word.
    is_generic: bool,
}

/// Returns the run of words that is not of the frame; none where there are several, or it has numbers.
fn run(words: impl Iterator<Item = (bool, Role, u16, bool)>) -> Option<Run> {
    let (mut before, mut inside, mut after, mut is_generic) = (0, 0, 0, false);
    for (is_frame, role, class, has_digit) in words {
        match is_frame {
            true if inside == 0 => before += 1,
            true => after += 1,
            false if after > 0 || role != Role::Word || has_digit => return None,
            false => {
                inside += 1;
                is_generic |= words::is_generic(class);
            }
        }
    }
    (1..=FILL).contains(&inside).then_some(Run { before, after, inside, is_generic })
}

fn has_digit(word: &[u8]) -> bool {
    word.iter().any(u8::is_ascii_digit)
}
