//! Values of attributes as a context hears them: a few bits of their words, by which nearly all that a story does not say are
//! told without being read.

use anyhow::Result;

use crate::resolve::index::{Blocks, Index};
use crate::resolve::matching::context_names::{hash, last_word};

/// Values of an index that are remembered: the first ones, which are those that most entities have.
const REMEMBERED: usize = 1 << 16;

/// Bits of a value's words, all that a context must have for saying it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Heard(u32);

impl Heard {
    /// A value that may be said in other words.
    const IN_ANY_WORDS: Heard = Heard(u32::MAX);
    const UNKNOWN: Heard = Heard(0);

    /// Returns the bits as a number, for keeping.
    pub(super) fn bits(self) -> u32 {
        self.0
    }

    /// Takes them back.
    pub(super) fn of_bits(bits: u32) -> Heard {
        Heard(bits)
    }

    pub(super) fn of(value: &str, country: u16) -> Heard {
        if country != 0 {
            return Heard::IN_ANY_WORDS;
        }
        let bits = |words: &str| hash(words) as u32 & 0xffff;
        match bits(last_word(value)) << 16 | bits(value) {
            0 => Heard::IN_ANY_WORDS,
            bits => Heard(bits),
        }
    }
}

/// Values that were heard of, by their number in an index.
#[derive(Default)]
pub(crate) struct HeardValues(Vec<Heard>);

impl HeardValues {
    /// Returns the bits of a value.
    pub(super) fn of<P: Blocks>(&mut self, index: &Index<P>, number: u32) -> Result<Heard> {
        let at = number as usize;
        if let Some(known) = self.0.get(at).filter(|known| **known != Heard::UNKNOWN) {
            return Ok(*known);
        }
        let heard = index.value(number, |value| Heard::of(value.text, value.country))?;
        if at < REMEMBERED {
            if at >= self.0.len() {
                self.0.resize(at + 1, Heard::UNKNOWN);
            }
            self.0[at] = heard;
        }
        Ok(heard)
    }
}

/// Bits of the words that a context says.
#[derive(Clone, Debug)]
pub(super) struct SaidBits {
    bits: [u64; SaidBits::WORDS],
}

impl Default for SaidBits {
    fn default() -> SaidBits {
        SaidBits { bits: [0; SaidBits::WORDS] }
    }
}

impl SaidBits {
    const WORDS: usize = 64;

    /// Adds words by their hash.
    pub(super) fn add(&mut self, hash: u64) {
        let place = SaidBits::place(hash as u32);
        self.bits[place / 64] |= 1 << (place % 64);
    }

    /// Takes everything for said.
    pub(super) fn add_all(&mut self) {
        self.bits.fill(u64::MAX);
    }

    /// Returns false where a value is surely not said.
    pub(super) fn may_say(&self, heard: Heard) -> bool {
        let is_said = |part: u32| {
            let place = SaidBits::place(part);
            self.bits[place / 64] & 1 << (place % 64) != 0
        };
        heard == Heard::IN_ANY_WORDS || is_said(heard.0 >> 16) || is_said(heard.0)
    }

    fn place(part: u32) -> usize {
        part as usize % (64 * SaidBits::WORDS)
    }
}
