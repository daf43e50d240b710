//! The packed index: pages of bytes that can lie in memory or in the database, and the reading of them.
//!
//! `build` makes the pages from entities; `Index` answers questions over any [`Pages`]. Everything is addressed by
//! number: a *name* is one name or alias of one entity; a *word* is a distinct word of the vocabulary. Names of one type
//! stand together, so that a type is a range of numbers.
//!
//! | table | a page holds | numbered by |
//! | --- | --- | --- |
//! | `Meta` | the catalog's figures, as JSON | one page |
//! | `Keys` | a bucket of hashed keys with their lists of names or words | top bits of the hash |
//! | `Names` | 64 names, tokenized, with the rarity of each token | name / 64 |
//! | `Entities` | 128 entities: key, type, and the numbers of their attribute values | entity / 128 |
//! | `Words` | 256 words | word / 256 |
//! | `Weights` | one byte a name: how much there is to explain | name / 4096 |
//! | `Values` | 256 distinct values of attributes, as words, with the country they name | value / 256 |
//! | `Labels` | 64 entities: id and name as the user knows them, for showing | entity / 64 |
//!
//! A list longer than [`LONGEST_LIST`] is not kept, only its length: words that common find nothing by themselves, and
//! the pair keys (initial and surname, surname and attribute value) take their place.

mod build;
mod read;

use std::ops::{Deref, Range};

use serde::{Deserialize, Serialize};

pub(crate) use build::Background;
pub use build::Builder;
pub use read::is_current;
pub(crate) use read::{EntityCard, Index, List, NameCard, TokenView};

/// Raised whenever the bytes or what they mean change, which is also when names are read otherwise: an index of another
/// version is built anew, and the keys of decisions with it.
const FORMAT: u32 = 6;

/// Number of kinds of pages.
pub const N_TABLES: usize = 8;

/// A kind of page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Table {
    /// The catalog's figures.
    Meta = 0,
    /// Hashed keys and their lists.
    Keys = 1,
    /// Tokenized names.
    Names = 2,
    /// Entities.
    Entities = 3,
    /// The vocabulary.
    Words = 4,
    /// Weight of each name.
    Weights = 5,
    /// Distinct values of attributes.
    Values = 6,
    /// Ids and names of entities.
    Labels = 7,
}

impl Table {
    /// All kinds, in the order of their numbers.
    pub const ALL: [Table; N_TABLES] = [
        Table::Meta,
        Table::Keys,
        Table::Names,
        Table::Entities,
        Table::Words,
        Table::Weights,
        Table::Values,
        Table::Labels,
    ];
}

/// Where pages lie. In memory a page is borrowed, from a database it may be shared.
pub trait Pages {
    /// A page while it is read.
    type Page<'a>: Deref<Target = [u8]>
    where
        Self: 'a;

    /// Fetches a page; one that is not there is an error, the index is broken then.
    fn page(&self, table: Table, number: u32) -> anyhow::Result<Self::Page<'_>>;
}

impl<P: Pages> Pages for &P {
    type Page<'a>
        = P::Page<'a>
    where
        Self: 'a;

    fn page(&self, table: Table, number: u32) -> anyhow::Result<Self::Page<'_>> {
        (**self).page(table, number)
    }
}

/// All pages in memory.
#[derive(Debug, Default)]
pub struct Resident {
    bytes: Vec<u8>,
    ends: [Vec<(usize, usize)>; N_TABLES],
}

impl Resident {
    /// Adds a page; pages of a table come in order.
    pub fn push(&mut self, table: Table, page: &[u8]) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(page);
        self.ends[table as usize].push((start, self.bytes.len()));
    }

    /// Returns the size of all pages in bytes.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }
}

impl Pages for Resident {
    type Page<'a> = &'a [u8];

    fn page(&self, table: Table, number: u32) -> anyhow::Result<&[u8]> {
        let Some(&(start, end)) = self.ends[table as usize].get(number as usize) else {
            anyhow::bail!("the name index lacks page {number} of {table:?}");
        };
        Ok(&self.bytes[start..end])
    }
}

/// What is known of an attribute of a type, learned from the catalog.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
pub(crate) struct AttributeFacts {
    /// Its name.
    pub(crate) name: String,
    /// Share of the type's entities that have a value.
    pub(crate) filled: f32,
    /// How much agreement by value tells, in bits: how unlikely two of the type agree by chance.
    pub(crate) bits: f32,
}

/// What is known of a type of the catalog.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
pub(crate) struct TypeFacts {
    /// The catalog's word, as it stands there.
    pub(crate) name: String,
    /// Which names are of this type.
    pub(crate) ranges: Vec<Range<u32>>,
    /// Number of names.
    pub(crate) names: u32,
    /// Number of entities.
    pub(crate) entities: u32,
    /// By number of attribute.
    pub(crate) attributes: Vec<AttributeFacts>,
}

/// The catalog's figures.
#[derive(Clone, Debug, Default, Serialize, Deserialize, PartialEq)]
pub(crate) struct Meta {
    pub(crate) format: u32,
    pub(crate) bucket_bits: u32,
    pub(crate) names: u32,
    pub(crate) entities: u32,
    pub(crate) words: u32,
    pub(crate) values: u32,
    pub(crate) types: Vec<TypeFacts>,
    /// First word of each length; words are ordered by length.
    pub(crate) word_starts: Vec<u32>,
}

/// Lists longer than this are not kept.
pub(crate) const LONGEST_LIST: usize = 8192;
pub(crate) const NAMES_PER_PAGE: u32 = 64;
pub(crate) const ENTITIES_PER_PAGE: u32 = 128;
pub(crate) const VALUES_PER_PAGE: u32 = 256;
pub(crate) const LABELS_PER_PAGE: u32 = 64;
pub(crate) const WORDS_PER_PAGE: u32 = 256;
pub(crate) const WEIGHTS_PER_PAGE: u32 = 4096;
/// How often a word stands in the names of a type is kept from here on; fewer are counted when they are asked for.
pub(crate) const COUNTED_FROM: u32 = 64;
/// A surname (or any last word) rarer than this finds its entities alone; pair keys are kept from here on.
pub(crate) const PAIRED_FROM: u32 = 12;
/// Rarity is kept in sixteenths of a natural logarithm.
pub(crate) const RARITY_UNIT: f32 = 16.0;

/// A type of fewer names than this counts as one of so many: in a list of seventy, a word that stands once is no less
/// telling than in one of thousands.
pub(crate) const LEAST_NAMES: u32 = 4000;

/// Returns how rare a word is that stands in so many names of so many, as a natural logarithm.
pub(crate) fn rarity(frequency: u32, names: u32) -> f32 {
    ((names.max(LEAST_NAMES) as f32 + 1.0) / (frequency as f32 + 0.5)).ln().max(0.1)
}

/// What a key is made of; the first byte of what is hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum KeyKind {
    /// All letters of a name, its core, or its sorted words.
    Form = b'F',
    /// A word.
    Word = b'T',
    /// A class of generic words.
    Class = b'C',
    /// First letter of the first word, and the last word.
    InitialLast = b'P',
    /// A last word, and a value of an attribute.
    LastValue = b'H',
    /// Two words that follow each other.
    Pair = b'B',
    /// Sound of the whole name.
    Sound = b'K',
    /// Coarse sound of the whole name.
    CoarseSound = b'Q',
    /// Initial letters of the words.
    Initialism = b'I',
    /// Sound of a word; lists words.
    WordSound = b'k',
    /// Three letters of a word; lists words.
    Gram = b'g',
    /// A word, whole or less one letter; lists words.
    Less = b'l',
    /// A word or class and a type: in how many names of the type it stands, where these are many.
    Count = b'#',
}

impl KeyKind {
    /// What the numbers under such a key are: 0 names, 1 words, 2 counts.
    fn lists(self) -> u64 {
        match self {
            KeyKind::WordSound | KeyKind::Gram | KeyKind::Less => 1,
            KeyKind::Count => 2,
            _ => 0,
        }
    }
}

/// Hashes a key of one or two parts. Ours, so that an index reads the same on every machine and release. The kind is
/// spread over all bits, else it would meet the first letter: the word `mar` would be the trigram `^ar`. What lists names,
/// what lists words and what counts never meet, whatever the hash: the number of a word is not one of a name.
pub(crate) fn key(kind: KeyKind, a: &[u8], b: &[u8]) -> u64 {
    let mut state = 0x9e37_79b9_7f4a_7c15 ^ u64::from(kind as u8).wrapping_mul(0xff51_afd7_ed55_8ccd);
    state = absorb(state, a);
    if !b.is_empty() {
        state = absorb(state.wrapping_add(0x1234_5677), b);
    }
    let folded = u128::from(state ^ 0xe703_7ed1_a0b4_28db).wrapping_mul(0x8ebc_6af0_9c88_c6e3_u128);
    let hash = (folded >> 64) as u64 ^ folded as u64;
    hash & !3 | kind.lists()
}

fn absorb(mut state: u64, bytes: &[u8]) -> u64 {
    for chunk in bytes.chunks(8) {
        let mut word = [0u8; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        let mixed = u128::from(state ^ u64::from_le_bytes(word)).wrapping_mul(0xa076_1d64_78bd_642f_u128);
        state = (mixed >> 64) as u64 ^ mixed as u64;
    }
    state ^ bytes.len() as u64
}

/// Appends a number in seven-bit groups.
pub(crate) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value as u8) | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Reads such a number; broken bytes read as what there is.
pub(crate) fn get_varint(bytes: &[u8], at: &mut usize) -> u64 {
    let mut value = 0u64;
    let mut shift = 0;
    while let Some(&byte) = bytes.get(*at) {
        *at += 1;
        value |= u64::from(byte & 0x7f) << shift;
        shift += 7;
        if byte < 0x80 || shift > 56 {
            break;
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_different_kinds_never_meet() {
        const KINDS: [KeyKind; 13] = [
            KeyKind::Form,
            KeyKind::Word,
            KeyKind::Class,
            KeyKind::InitialLast,
            KeyKind::LastValue,
            KeyKind::Pair,
            KeyKind::Sound,
            KeyKind::CoarseSound,
            KeyKind::Initialism,
            KeyKind::WordSound,
            KeyKind::Gram,
            KeyKind::Less,
            KeyKind::Count,
        ];
        let mut keys = std::collections::HashMap::new();
        for kind in KINDS {
            for first in 0x20..0x7f {
                for rest in ["", "ar", "mith", "cdefghijk"] {
                    let text = [&[first], rest.as_bytes()].concat();
                    let key = key(kind, &text, &[]);
                    assert_eq!(keys.insert(key, (kind, text.clone())), None, "{kind:?} {text:?}");
                    assert_eq!(key & 3, kind.lists());
                }
            }
        }
    }
}
