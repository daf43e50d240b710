//! Reads the pages of an index.

use std::ops::Deref;

use anyhow::{Context, Result, ensure};

use crate::model::EntityKey;
use crate::resolve::index::layout::{
    ENTITIES_PER_PAGE, FORMAT, LABELS_PER_PAGE, LONGEST_LIST, Meta, NAMES_PER_PAGE, Pages, RARITY_UNIT, Table,
    VALUES_PER_PAGE, WEIGHTS_PER_PAGE, WORDS_PER_PAGE, bucket_of, get_varint, read_u32, value_numbers,
};
use crate::resolve::names::words::Role;

/// An index over pages that lie anywhere.
pub(crate) struct Index<P> {
    pages: P,
    pub(crate) meta: Meta,
}

/// What a key finds.
pub(crate) enum List<G> {
    /// Nothing.
    Empty,
    /// One entry.
    One(u32),
    /// Several; the page and where the list starts in it.
    Many { page: G, at: usize, len: u32 },
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
            List::Many { page, at, len } => {
                if *len as usize > LONGEST_LIST {
                    return;
                }
                let bytes: &[u8] = page;
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

/// A token of a catalog name, in its page.
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

/// A catalog name in its page.
pub(crate) struct NameCard<G> {
    page: G,
    at: usize,
    pub(crate) entity: u32,
    pub(crate) alias: bool,
    pub(crate) inverted: bool,
    tokens: u8,
}

impl<G: Deref<Target = [u8]>> NameCard<G> {
    /// Calls `each` with every token in reading order.
    pub(crate) fn tokens<'a>(&'a self, mut each: impl FnMut(TokenView<'a>)) {
        let bytes: &[u8] = &self.page;
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

/// A catalog entity in its page.
pub(crate) struct EntityCard<G> {
    page: G,
    start: usize,
    end: usize,
    pub(crate) key: EntityKey,
    pub(crate) kind: u16,
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
        value_numbers(&self.page[self.start..self.end])
    }
}

/// Returns whether the page of figures is that of an index which this program can read.
pub fn is_current(figures: &[u8]) -> bool {
    serde_json::from_slice::<Meta>(figures).is_ok_and(|meta| meta.format == FORMAT)
}

impl<P: Pages> Index<P> {
    /// Opens an index; one of another format is an error, the caller builds it anew.
    pub(crate) fn open(pages: P) -> Result<Index<P>> {
        let meta: Meta = serde_json::from_slice(&pages.page(Table::Meta, 0)?).context("the name index is broken")?;
        ensure!(meta.format == FORMAT, "the name index has format {}, this program writes {FORMAT}", meta.format);
        Ok(Index { pages, meta })
    }

    /// Looks a key up.
    pub(crate) fn list(&self, key: u64) -> Result<List<P::Page<'_>>> {
        let bucket = bucket_of(key, self.meta.bucket_bits);
        let page = self.pages.page(Table::Keys, bucket as u32)?;
        let count = read_u32(&page, 0) as usize;
        let wanted = key as u32;
        // Hashes are spread evenly: the place where one should stand is at most a few steps from where it stands.
        let mut low = ((u64::from(wanted) * count as u64) >> 32) as usize;
        while low > 0 && read_u32(&page, low * 4) >= wanted {
            low -= 1;
        }
        while low < count && read_u32(&page, 4 + low * 4) < wanted {
            low += 1;
        }
        if low >= count || read_u32(&page, 4 + low * 4) != wanted {
            return Ok(List::Empty);
        }
        let word = read_u32(&page, 4 + count * 4 + low * 4);
        if word & 0x8000_0000 != 0 {
            return Ok(List::One(word & 0x7fff_ffff));
        }
        let mut at = 4 + count * 8 + word as usize;
        let len = get_varint(&page, &mut at) as u32;
        Ok(List::Many { page, at, len })
    }

    /// Fetches a name.
    pub(crate) fn name(&self, number: u32) -> Result<NameCard<P::Page<'_>>> {
        let page = self.pages.page(Table::Names, number / NAMES_PER_PAGE)?;
        let count = NAMES_PER_PAGE.min(self.meta.names - number / NAMES_PER_PAGE * NAMES_PER_PAGE);
        let (start, _) = record(&page, number % NAMES_PER_PAGE, count);
        let (entity, flags, tokens) = (read_u32(&page, start), page[start + 4], page[start + 5]);
        Ok(NameCard { page, at: start + 6, entity, alias: flags & 1 != 0, inverted: flags & 2 != 0, tokens })
    }

    /// Fetches an entity.
    pub(crate) fn entity(&self, number: u32) -> Result<EntityCard<P::Page<'_>>> {
        let page = self.pages.page(Table::Entities, number / ENTITIES_PER_PAGE)?;
        let count = ENTITIES_PER_PAGE.min(self.meta.entities - number / ENTITIES_PER_PAGE * ENTITIES_PER_PAGE);
        let (start, end) = record(&page, number % ENTITIES_PER_PAGE, count);
        let mut key = [0; 8];
        key.copy_from_slice(&page[start..start + 8]);
        let kind = u16::from_le_bytes([page[start + 8], page[start + 9]]);
        Ok(EntityCard { page, start, end, key: EntityKey(i64::from_le_bytes(key)), kind })
    }

    /// Calls `read` with a value of an attribute.
    pub(crate) fn value<R>(&self, number: u32, read: impl FnOnce(ValueView<'_>) -> R) -> Result<R> {
        let page = self.pages.page(Table::Values, number / VALUES_PER_PAGE)?;
        let count = VALUES_PER_PAGE.min(self.meta.values - number / VALUES_PER_PAGE * VALUES_PER_PAGE);
        let (start, end) = record(&page, number % VALUES_PER_PAGE, count);
        let country = u16::from_le_bytes([page[start], page[start + 1]]);
        Ok(read(ValueView { country, text: std::str::from_utf8(&page[start + 2..end]).unwrap_or_default() }))
    }

    /// Calls `read` with the user's id of an entity and its preferred name.
    pub(crate) fn label<R>(&self, number: u32, read: impl FnOnce(&str, &str) -> R) -> Result<R> {
        let page = self.pages.page(Table::Labels, number / LABELS_PER_PAGE)?;
        let count = LABELS_PER_PAGE.min(self.meta.entities - number / LABELS_PER_PAGE * LABELS_PER_PAGE);
        let (start, end) = record(&page, number % LABELS_PER_PAGE, count);
        let bytes = &page[start..end];
        let mut at = 0;
        let len = (get_varint(bytes, &mut at) as usize).min(bytes.len() - at);
        let (id, name) = bytes[at..].split_at(len);
        Ok(read(std::str::from_utf8(id).unwrap_or_default(), std::str::from_utf8(name).unwrap_or_default()))
    }

    /// Calls `read` with a word of the vocabulary.
    pub(crate) fn word<R>(&self, number: u32, read: impl FnOnce(&[u8]) -> R) -> Result<R> {
        let page = self.pages.page(Table::Words, number / WORDS_PER_PAGE)?;
        let count = WORDS_PER_PAGE.min(self.meta.words - number / WORDS_PER_PAGE * WORDS_PER_PAGE);
        let (start, end) = record(&page, number % WORDS_PER_PAGE, count);
        Ok(read(&page[start..end]))
    }

    /// Returns a reader of how much there is to explain in a name.
    pub(crate) fn weights(&self) -> Weights<'_, P> {
        Weights { pages: &self.pages, page: None }
    }
}

/// Reads weights; names asked for one after the other often stand on one page.
pub(crate) struct Weights<'i, P: Pages> {
    pages: &'i P,
    page: Option<(u32, P::Page<'i>)>,
}

impl<P: Pages> Weights<'_, P> {
    /// Returns how much there is to explain in a name.
    pub(crate) fn of(&mut self, number: u32) -> Result<f32> {
        let wanted = number / WEIGHTS_PER_PAGE;
        let page = match &mut self.page {
            Some((known, page)) if *known == wanted => page,
            other => &mut other.insert((wanted, self.pages.page(Table::Weights, wanted)?)).1,
        };
        Ok(f32::from(page[(number % WEIGHTS_PER_PAGE) as usize]) / 4.0)
    }
}

fn record(page: &[u8], slot: u32, count: u32) -> (usize, usize) {
    let base = (count as usize + 1) * 4;
    let slot = slot as usize;
    (base + read_u32(page, slot * 4) as usize, base + read_u32(page, slot * 4 + 4) as usize)
}
