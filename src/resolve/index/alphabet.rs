//! Vocabulary in the order of its letters, of an index that lies in memory: the words that some letters begin stand one after
//! the other there, where the index itself has them apart by their lengths.

use anyhow::Result;

use crate::resolve::index::layout::{Meta, ResidentBlocks, Table, WORDS_PER_BLOCK, record};

/// Letters by which words are in order; of those with the same the shorter comes first.
const LETTERS: usize = 8;

/// Numbers of the words in that order, and the letters of each, the first as the highest byte.
#[derive(Debug)]
pub(super) struct Alphabet {
    letters: Vec<u64>,
    numbers: Vec<u32>,
}

impl Alphabet {
    /// Reads the whole vocabulary.
    pub(super) fn of(blocks: &ResidentBlocks, meta: &Meta) -> Result<Alphabet> {
        let mut words = Vec::with_capacity(meta.words as usize);
        for number in 0..meta.words {
            let block = blocks.block(Table::Words, number / WORDS_PER_BLOCK)?;
            let count = WORDS_PER_BLOCK.min(meta.words - number / WORDS_PER_BLOCK * WORDS_PER_BLOCK);
            let (from, until) = record(block, number % WORDS_PER_BLOCK, count);
            words.push((first_letters(&block[from..until]), number));
        }
        // Words of one length stand in order already, which this way of sorting makes use of.
        words.sort_by_key(|(letters, _)| *letters);
        let (letters, numbers) = words.into_iter().unzip();
        Ok(Alphabet { letters, numbers })
    }

    /// Returns the numbers of the words of which some letters, of these as many as words are in order by, are the beginning;
    /// these letters themselves are among them where they are a word.
    pub(super) fn begun_by(&self, text: &[u8]) -> impl Iterator<Item = u32> + '_ {
        let first = first_letters(text);
        let others = u64::MAX.checked_shr(8 * text.len() as u32).unwrap_or(0);
        let from = self.letters.partition_point(|letters| *letters < first);
        let begun = self.letters[from..].iter().zip(&self.numbers[from..]);
        begun.take_while(move |(letters, _)| **letters <= first | others).map(|(_, number)| *number)
    }

    /// Returns whether the letters of a text are all that words are in order by.
    pub(super) fn tells_all(text: &[u8]) -> bool {
        text.len() <= LETTERS
    }
}

/// Returns the first letters of a word, the first as the highest byte, and no letter as the lowest of all.
fn first_letters(word: &[u8]) -> u64 {
    let mut letters = [0; LETTERS];
    for (letter, byte) in letters.iter_mut().zip(word) {
        *letter = *byte;
    }
    u64::from_be_bytes(letters)
}
