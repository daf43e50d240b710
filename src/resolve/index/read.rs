//! Reads the blocks of an index.

use std::ops::Deref;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};

use crate::model::EntityKey;
use crate::resolve::index::alphabet::Alphabet;
use crate::resolve::index::blocks::Blocks;
use crate::resolve::index::derived::Derived;
use crate::resolve::index::layout::{
    FORMAT, LONGEST_LIST, Meta, RARITY_UNIT, Table, WEIGHTS_PER_BLOCK, bucket_of, get_varint, key_at, read_u32, record,
    value_numbers,
};
use crate::resolve::names::words::Role;

/// An index over blocks that lie anywhere.
pub(crate) struct Index<P> {
    blocks: P,
    pub(crate) meta: Meta,
    /// Tables worked out of it, where it lies in memory.
    derived: Option<Arc<Derived>>,
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
        let derived = blocks.resident().map(|resident| resident.derived(&meta)).transpose()?;
        Ok(Index { blocks, meta, derived })
    }

    /// Looks a key up.
    pub(crate) fn list(&self, key: u64) -> Result<List<P::Block<'_>>> {
        if self.may_have(key) { self.list_of_known(key) } else { Ok(List::Empty) }
    }

    /// Looks a key up that is most likely there.
    pub(crate) fn list_of_known(&self, key: u64) -> Result<List<P::Block<'_>>> {
        let bucket = bucket_of(key, self.meta.bucket_bits);
        let block = self.blocks.block(Table::Keys, bucket as u32)?;
        let count = match &self.derived {
            Some(derived) => derived.filter.count(bucket),
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
        self.derived.as_ref().is_none_or(|derived| derived.filter.may_have(key, self.meta.bucket_bits))
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

    /// Fetches the block of a record, and returns where the record begins and ends in it.
    #[inline]
    fn record(&self, table: Table, number: u32) -> Result<(P::Block<'_>, usize, usize)> {
        let (per_block, count) = self.meta.records_of(table);
        let block = self.blocks.block(table, number / per_block)?;
        let (start, end) = match self.derived.as_ref().and_then(|derived| derived.places(table)) {
            Some(places) => places.record(&block, number),
            None => record(&block, number % per_block, per_block.min(count - number / per_block * per_block)),
        };
        Ok((block, start, end))
    }

    /// Fetches a name.
    pub(crate) fn name(&self, number: u32) -> Result<NameCard<P::Block<'_>>> {
        let (block, start, _) = self.record(Table::Names, number)?;
        let (entity, flags, tokens) = (read_u32(&block, start), block[start + 4], block[start + 5]);
        Ok(NameCard { block, at: start + 6, entity, alias: flags & 1 != 0, inverted: flags & 2 != 0, tokens })
    }

    /// Fetches an entity.
    pub(crate) fn entity(&self, number: u32) -> Result<EntityCard<P::Block<'_>>> {
        let (block, start, end) = self.record(Table::Entities, number)?;
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
        let (block, start, end) = self.record(Table::Values, number)?;
        let country = u16::from_le_bytes([block[start], block[start + 1]]);
        Ok(read(ValueView { country, text: std::str::from_utf8(&block[start + 2..end]).unwrap_or_default() }))
    }

    /// Calls `read` with the user's id of an entity and its preferred name.
    pub(crate) fn label<R>(&self, number: u32, read: impl FnOnce(&str, &str) -> R) -> Result<R> {
        let (block, start, end) = self.record(Table::Labels, number)?;
        let bytes = &block[start..end];
        let mut at = 0;
        let len = (get_varint(bytes, &mut at) as usize).min(bytes.len() - at);
        let (id, name) = bytes[at..].split_at(len);
        Ok(read(std::str::from_utf8(id).unwrap_or_default(), std::str::from_utf8(name).unwrap_or_default()))
    }

    /// Calls `read` with a word of the vocabulary.
    pub(crate) fn word<R>(&self, number: u32, read: impl FnOnce(&[u8]) -> R) -> Result<R> {
        let (block, start, end) = self.record(Table::Words, number)?;
        Ok(read(&block[start..end]))
    }

    /// Returns the words of the vocabulary that a text begins, the shortest first and no more than so many, and whether these
    /// are all.
    pub(crate) fn words_begun_by(&self, text: &[u8], most: usize) -> Result<(Vec<u32>, bool)> {
        match &self.derived {
            Some(derived) => self.words_in_order(&derived.alphabet, text, most),
            None => self.words_of_each_length(text, most),
        }
    }

    fn words_in_order(&self, alphabet: &Alphabet, text: &[u8], most: usize) -> Result<(Vec<u32>, bool)> {
        // Words are numbered by their length, so that these are the longer ones.
        let Some(&least) = self.meta.word_starts.get(text.len() + 1) else { return Ok((Vec::new(), true)) };
        let mut begun: Vec<u32> = alphabet.begun_by(text).filter(|number| *number >= least).collect();
        if !Alphabet::tells_all(text) {
            let mut is_begun = Vec::with_capacity(begun.len());
            for &number in &begun {
                is_begun.push(self.word(number, |word| word.starts_with(text))?);
            }
            let mut is_begun = is_begun.into_iter();
            begun.retain(|_| is_begun.next().unwrap_or(false));
        }
        let is_all = begun.len() <= most;
        if !is_all {
            begun.select_nth_unstable(most);
            begun.truncate(most);
        }
        begun.sort_unstable();
        Ok((begun, is_all))
    }

    fn words_of_each_length(&self, text: &[u8], most: usize) -> Result<(Vec<u32>, bool)> {
        let mut begun = Vec::new();
        for bounds in self.meta.word_starts.windows(2).skip(text.len() + 1) {
            let (mut low, mut high) = (bounds[0], bounds[1]);
            while low < high {
                let middle = low + (high - low) / 2;
                if self.word(middle, |word| word < text)? { low = middle + 1 } else { high = middle }
            }
            while low < bounds[1] && self.word(low, |word| word.starts_with(text))? {
                if begun.len() >= most {
                    return Ok((begun, false));
                }
                begun.push(low);
                low += 1;
            }
        }
        Ok((begun, true))
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
