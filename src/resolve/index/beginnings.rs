//! Places of the vocabulary's words by their length and first two letters, of an index that lies in memory: the words that some
//! letters begin are looked for among few.

use std::ops::Range;

use anyhow::Result;

use crate::resolve::index::layout::{Blocks, Meta, Table, WORDS_PER_BLOCK, record};

/// Pairs of letters, and the end.
const PLACES: usize = 26 * 26 + 1;
/// A vocabulary of fewer words is searched as fast as a whole.
const FEW: u32 = 1_000;

/// First words of each length, by their first two letters.
pub(super) struct Beginnings {
    starts: Vec<u32>,
}

impl Beginnings {
    /// Reads the whole vocabulary; none where it is small.
    pub(super) fn of<P: Blocks>(blocks: &P, meta: &Meta) -> Result<Option<Beginnings>> {
        if meta.words < FEW {
            return Ok(None);
        }
        let mut starts = Vec::with_capacity(PLACES * meta.word_starts.len());
        for bounds in meta.word_starts.windows(2) {
            let full = starts.len() + PLACES;
            for number in bounds[0]..bounds[1] {
                let block = blocks.block(Table::Words, number / WORDS_PER_BLOCK)?;
                let count = WORDS_PER_BLOCK.min(meta.words - number / WORDS_PER_BLOCK * WORDS_PER_BLOCK);
                let (from, until) = record(&block, number % WORDS_PER_BLOCK, count);
                let reached = full - PLACES + places_before(&block[from..until]);
                if starts.len() < reached {
                    starts.resize(reached, number);
                }
            }
            starts.resize(full, bounds[1]);
        }
        Ok(Some(Beginnings { starts }))
    }

    /// Returns among which words of a length those are that begin with a text; none where that is not known.
    pub(super) fn words(&self, length: usize, text: &[u8]) -> Option<Range<u32>> {
        let at = length * PLACES + place(text)?;
        Some(*self.starts.get(at)?..*self.starts.get(at + 1)?)
    }
}

/// Returns the place of a text that begins with two letters.
fn place(text: &[u8]) -> Option<usize> {
    let letter = |at: usize| text.get(at).filter(|byte| byte.is_ascii_lowercase()).map(|byte| usize::from(byte - b'a'));
    Some(26 * letter(0)? + letter(1)?)
}

/// Returns how many places begin no later than a word: those of pairs up to its own first two bytes.
fn places_before(word: &[u8]) -> usize {
    let byte = |at: usize| word.get(at).copied().unwrap_or(0);
    let letters = |byte: u8| usize::from(byte.saturating_sub(b'a' - 1)).min(26);
    match byte(0) {
        first if first < b'a' => 0,
        first if first > b'z' => PLACES - 1,
        first => 26 * usize::from(first - b'a') + letters(byte(1)),
    }
}
