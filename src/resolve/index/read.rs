//! Reads the blocks of an index.

use std::ops::{Deref, Range};

use anyhow::{Context, Result, ensure};

use crate::model::EntityKey;
use crate::resolve::index::beginnings::Beginnings;
use crate::resolve::index::filter::Filter;
use crate::resolve::index::layout::{
    Blocks, ENTITIES_PER_BLOCK, FORMAT, LABELS_PER_BLOCK, LONGEST_LIST, Meta, NAMES_PER_BLOCK, RARITY_UNIT, Table,
    VALUES_PER_BLOCK, WEIGHTS_PER_BLOCK, WORDS_PER_BLOCK, bucket_of, get_varint, key_at, read_u32, record,
    value_numbers,
};
use crate::resolve::names::words::Role;

/// An index over blocks that lie anywhere.
pub(crate) struct Index<P> {
    blocks: P,
    pub(crate) meta: Meta,
    filter: Option<Filter>,
    beginnings: Option<Beginnings>,
}

/// Entries under a key.
pub(crate) enum List<G> {
    /// Nothing.
    Empty,
    /// One entry.
    One(u32),
    /// Several; the block and where the list starts in it.
    Many { block: G, at: usize, len: u32 },
}

impl<G: Deref<Target = [u8]>> List<G> {
    /// Returns the number of entries, also of a list too long to be kept.
    pub(crate) fn len(&self) -> u32 {
        match self {
            List::Empty => 0,
            List::One(_) => 1,
            List::Many { len, .. } => *len,
        }
    }

    /// Calls `each` with every entry in order; nothing for a list that was not kept.
    pub(crate) fn each(&self, each: impl FnMut(u32)) {
        self.each_below(u32::MAX, each);
    }

    /// Calls `each` with every entry below a bound, in order.
    pub(crate) fn each_below(&self, bound: u32, mut each: impl FnMut(u32)) {
        match self {
            List::Empty => {}
            List::One(number) if *number < bound => each(*number),
            List::One(_) => {}
            List::Many { block, at, len } => {
                if *len as usize > LONGEST_LIST {
                    return;
                }
                let bytes: &[u8] = block;
                let (mut at, mut number) = (*at, 0u32);
                for _ in 0..*len {
                    // Most steps of a long list take one byte.
                    let step = match bytes.get(at) {
                        Some(&byte) if byte < 0x80 => {
                            at += 1;
                            u32::from(byte)
                        }
                        _ => get_varint(bytes, &mut at) as u32,
                    };
                    number = number.wrapping_add(step);
                    if number >= bound {
                        return;
                    }
                    each(number);
                }
            }
        }
    }

    /// Returns whether the entries were kept.
    pub(crate) fn is_kept(&self) -> bool {
        self.len() as usize <= LONGEST_LIST
    }
}

/// A token of a catalog name, in its block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TokenView<'a> {
    pub(crate) text: &'a [u8],
    /// Natural logarithm of how rare it is among the names of its type.
    pub(crate) rarity: f32,
    pub(crate) role: Role,
    pub(crate) aside: bool,
    pub(crate) class: u16,
    pub(crate) segment: u8,
}

/// A catalog name in its block.
pub(crate) struct NameCard<G> {
    block: G,
    at: usize,
    pub(crate) entity: u32,
    pub(crate) alias: bool,
    pub(crate) inverted: bool,
    tokens: u8,
}

impl<G: Deref<Target = [u8]>> NameCard<G> {
    /// Returns its words with single spaces between them.
    pub(crate) fn spaced(&self) -> String {
        let mut words = String::new();
        self.tokens(|token| {
            if !words.is_empty() {
                words.push(' ');
            }
            words.push_str(std::str::from_utf8(token.text).unwrap_or_default());
        });
        words
    }

    /// Calls `each` with every token in reading order.
    pub(crate) fn tokens<'a>(&'a self, mut each: impl FnMut(TokenView<'a>)) {
        let bytes: &[u8] = &self.block;
        let mut at = self.at;
        for _ in 0..self.tokens {
            let len = usize::from(bytes[at]);
            each(TokenView {
                text: &bytes[at + 6..at + 6 + len],
                rarity: f32::from(bytes[at + 1]) / RARITY_UNIT,
                role: Role::from_u8(bytes[at + 2] & 0x7f),
                aside: bytes[at + 2] & 0x80 != 0,
                class: u16::from_le_bytes([bytes[at + 3], bytes[at + 4]]),
                segment: bytes[at + 5],
            });
            at += 6 + len;
        }
    }
}

/// A catalog entity in its block.
pub(crate) struct EntityCard<G> {
    block: G,
    start: usize,
    end: usize,
    pub(crate) key: EntityKey,
    pub(crate) kind: u16,
    /// A number out of type and id: of two that are as good, the lesser comes first, whatever the catalog's history.
    pub(crate) order: u32,
    /// The first of its names, which stand one after the other; that of another where it has none.
    first_name: u32,
}

/// A value of an attribute, normalized.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ValueView<'a> {
    /// Which country it names, 0 for none.
    pub(crate) country: u16,
    /// Lower-case words with single spaces.
    pub(crate) text: &'a str,
}

impl<G: Deref<Target = [u8]>> EntityCard<G> {
    /// Returns the numbers of its attributes, and of their values.
    pub(crate) fn values(&self) -> impl Iterator<Item = (u16, u32)> + '_ {
        value_numbers(&self.block[self.start..self.end])
    }
}

/// Returns whether the block of figures is that of an index which this program can read.
pub fn is_current(figures: &[u8]) -> bool {
    serde_json::from_slice::<Meta>(figures).is_ok_and(|meta| meta.format == FORMAT)
}

/// Returns whether the block of figures is that of an index which an earlier program wrote.
pub fn is_earlier(figures: &[u8]) -> bool {
    let format = serde_json::from_slice::<serde_json::Value>(figures).ok().and_then(|meta| meta["format"].as_u64());
    format.is_some_and(|format| format < FORMAT.into())
}

impl<P: Blocks> Index<P> {
    /// Opens an index; one of another format is an error, the caller builds it anew.
    pub(crate) fn open(blocks: P) -> Result<Index<P>> {
        let meta: Meta = serde_json::from_slice(&blocks.block(Table::Meta, 0)?).context("the name index is broken")?;
        ensure!(meta.format == FORMAT, "the name index has format {}, this program writes {FORMAT}", meta.format);
        let (filter, beginnings) = match blocks.is_resident() {
            true => (Some(Filter::of(&blocks, meta.bucket_bits)?), Beginnings::of(&blocks, &meta)?),
            false => (None, None),
        };
        Ok(Index { blocks, meta, filter, beginnings })
    }

    /// Looks a key up.
    pub(crate) fn list(&self, key: u64) -> Result<List<P::Block<'_>>> {
        if !self.may_have(key) {
            return Ok(List::Empty);
        }
        let bucket = bucket_of(key, self.meta.bucket_bits);
        let block = self.blocks.block(Table::Keys, bucket as u32)?;
        let count = match &self.filter {
            Some(filter) => filter.count(bucket),
            None => read_u32(&block, 0),
        } as usize;
        let wanted = key as u32;
        // Hashes are spread evenly: the place where one should stand is at most a few steps from where it stands.
        let mut low = ((u64::from(wanted) * count as u64) >> 32) as usize;
        while low > 0 && read_u32(&block, key_at(low - 1)) >= wanted {
            low -= 1;
        }
        while low < count && read_u32(&block, key_at(low)) < wanted {
            low += 1;
        }
        if low >= count || read_u32(&block, key_at(low)) != wanted {
            return Ok(List::Empty);
        }
        let word = read_u32(&block, key_at(low) + 4);
        if word & 0x8000_0000 != 0 {
            return Ok(List::One(word & 0x7fff_ffff));
        }
        let mut at = key_at(count) + word as usize;
        let len = get_varint(&block, &mut at) as u32;
        Ok(List::Many { block, at, len })
    }

    fn may_have(&self, key: u64) -> bool {
        self.filter.as_ref().is_none_or(|filter| filter.may_have(key, self.meta.bucket_bits))
    }

    /// Leaves of many keys those that may be there. No look waits for the one before.
    pub(crate) fn keep_likely(&self, keys: &mut Vec<u64>) {
        let mut n_likely = 0;
        for at in 0..keys.len() {
            let key = keys[at];
            keys[n_likely] = key;
            n_likely += usize::from(self.may_have(key));
        }
        keys.truncate(n_likely);
    }

    /// Fetches a name.
    pub(crate) fn name(&self, number: u32) -> Result<NameCard<P::Block<'_>>> {
        let block = self.blocks.block(Table::Names, number / NAMES_PER_BLOCK)?;
        let count = NAMES_PER_BLOCK.min(self.meta.names - number / NAMES_PER_BLOCK * NAMES_PER_BLOCK);
        let (start, _) = record(&block, number % NAMES_PER_BLOCK, count);
        let (entity, flags, tokens) = (read_u32(&block, start), block[start + 4], block[start + 5]);
        Ok(NameCard { block, at: start + 6, entity, alias: flags & 1 != 0, inverted: flags & 2 != 0, tokens })
    }

    /// Fetches an entity.
    pub(crate) fn entity(&self, number: u32) -> Result<EntityCard<P::Block<'_>>> {
        let block = self.blocks.block(Table::Entities, number / ENTITIES_PER_BLOCK)?;
        let count = ENTITIES_PER_BLOCK.min(self.meta.entities - number / ENTITIES_PER_BLOCK * ENTITIES_PER_BLOCK);
        let (start, end) = record(&block, number % ENTITIES_PER_BLOCK, count);
        let mut key = [0; 8];
        key.copy_from_slice(&block[start..start + 8]);
        let kind = u16::from_le_bytes([block[start + 8], block[start + 9]]);
        let order = read_u32(&block, start + 10);
        let first_name = read_u32(&block, start + 14);
        Ok(EntityCard { block, start, end, key: EntityKey(i64::from_le_bytes(key)), kind, order, first_name })
    }

    /// Calls `each` with the names of an entity, its preferred one first if it has words, until that says no.
    pub(crate) fn each_name_of(
        &self,
        (number, entity): (u32, &EntityCard<P::Block<'_>>),
        mut each: impl FnMut(NameCard<P::Block<'_>>) -> bool,
    ) -> Result<()> {
        for number_of_name in entity.first_name..self.meta.names {
            let card = self.name(number_of_name)?;
            if card.entity != number || !each(card) {
                break;
            }
        }
        Ok(())
    }

    /// Calls `read` with a value of an attribute.
    pub(crate) fn value<R>(&self, number: u32, read: impl FnOnce(ValueView<'_>) -> R) -> Result<R> {
        let block = self.blocks.block(Table::Values, number / VALUES_PER_BLOCK)?;
        let count = VALUES_PER_BLOCK.min(self.meta.values - number / VALUES_PER_BLOCK * VALUES_PER_BLOCK);
        let (start, end) = record(&block, number % VALUES_PER_BLOCK, count);
        let country = u16::from_le_bytes([block[start], block[start + 1]]);
        Ok(read(ValueView { country, text: std::str::from_utf8(&block[start + 2..end]).unwrap_or_default() }))
    }

    /// Calls `read` with the user's id of an entity and its preferred name.
    pub(crate) fn label<R>(&self, number: u32, read: impl FnOnce(&str, &str) -> R) -> Result<R> {
        let block = self.blocks.block(Table::Labels, number / LABELS_PER_BLOCK)?;
        let count = LABELS_PER_BLOCK.min(self.meta.entities - number / LABELS_PER_BLOCK * LABELS_PER_BLOCK);
        let (start, end) = record(&block, number % LABELS_PER_BLOCK, count);
        let bytes = &block[start..end];
        let mut at = 0;
        let len = (get_varint(bytes, &mut at) as usize).min(bytes.len() - at);
        let (id, name) = bytes[at..].split_at(len);
        Ok(read(std::str::from_utf8(id).unwrap_or_default(), std::str::from_utf8(name).unwrap_or_default()))
    }

    /// Calls `read` with a word of the vocabulary.
    pub(crate) fn word<R>(&self, number: u32, read: impl FnOnce(&[u8]) -> R) -> Result<R> {
        let block = self.blocks.block(Table::Words, number / WORDS_PER_BLOCK)?;
        let count = WORDS_PER_BLOCK.min(self.meta.words - number / WORDS_PER_BLOCK * WORDS_PER_BLOCK);
        let (start, end) = record(&block, number % WORDS_PER_BLOCK, count);
        Ok(read(&block[start..end]))
    }

    /// Returns which words of a length may begin with a text; they are in order.
    pub(crate) fn words_like(&self, length: usize, text: &[u8]) -> Range<u32> {
        let known = self.beginnings.as_ref().and_then(|beginnings| beginnings.words(length, text));
        known.unwrap_or_else(|| match self.meta.word_starts.get(length..length + 2) {
            Some(bounds) => bounds[0]..bounds[1],
            None => 0..0,
        })
    }

    /// Returns a reader of how much there is to explain in a name.
    pub(crate) fn weights(&self) -> Weights<'_, P> {
        Weights { blocks: &self.blocks, block: None }
    }
}

/// Reads weights; names asked for one after the other often stand on one block.
pub(crate) struct Weights<'i, P: Blocks> {
    blocks: &'i P,
    block: Option<(u32, P::Block<'i>)>,
}

impl<P: Blocks> Weights<'_, P> {
    /// Returns how much there is to explain in a name.
    pub(crate) fn of(&mut self, number: u32) -> Result<f32> {
        let wanted = number / WEIGHTS_PER_BLOCK;
        let block = match &mut self.block {
            Some((known, block)) if *known == wanted => block,
            other => &mut other.insert((wanted, self.blocks.block(Table::Weights, wanted)?)).1,
        };
        Ok(f32::from(block[(number % WEIGHTS_PER_BLOCK) as usize]) / 4.0)
    }
}
