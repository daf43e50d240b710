//! Tables of an index: the kinds of blocks, how they lie in memory, and the figures of a catalog.

use std::ops::Range;

use serde::{Deserialize, Serialize};

/// Raised whenever the bytes or what they mean change, which is also when names are read otherwise: an index of another
/// version is built anew, and the keys of decisions with it.
pub(crate) const FORMAT: u32 = 24;

/// Number of kinds of blocks.
pub const N_TABLES: usize = 8;

/// A kind of block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Table {
    /// The catalog's figures.
    Meta = 0,
    /// Hashed keys and their lists.
    Keys = 1,
    /// Tokenized names.
    Names = 2,
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

/// Blocks in memory, by table and number.
#[derive(Debug, Default)]
pub(super) struct ResidentBlocks {
    tables: [ResidentTable; N_TABLES],
}

/// Blocks of one table, one after the other, and where each ends.
#[derive(Debug, Default)]
struct ResidentTable {
    bytes: Vec<u8>,
    ends: Vec<u32>,
}

impl ResidentBlocks {
    /// Adds a block; blocks of a table come in order.
    pub(super) fn push(&mut self, table: Table, block: &[u8]) {
        let ResidentTable { bytes, ends } = &mut self.tables[table as usize];
        bytes.extend_from_slice(block);
        ends.push(u32::try_from(bytes.len()).expect("no table of an index in memory takes 4 GiB"));
    }

    /// Returns the size of all blocks in bytes.
    pub(super) fn size(&self) -> usize {
        self.tables.iter().map(|table| table.bytes.len()).sum()
    }

    /// Returns a block.
    #[inline]
    pub(super) fn block(&self, table: Table, number: u32) -> anyhow::Result<&[u8]> {
        let ResidentTable { bytes, ends } = &self.tables[table as usize];
        let Some(&end) = ends.get(number as usize) else {
            anyhow::bail!("the name index lacks block {number} of {table:?}");
        };
        let start = (number as usize).checked_sub(1).map_or(0, |before| ends[before]);
        Ok(&bytes[start as usize..end as usize])
    }
}

/// Statistics of an attribute of a type, learned from the catalog.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
pub(crate) struct AttributeStats {
    pub(crate) name: String,
    /// Share of the type's entities that have a value.
    pub(crate) filled: f32,
    /// Information in an agreement by value, in bits: how unlikely two of the type agree by chance.
    pub(crate) bits: f32,
    /// True where its values change with time, by its name, else by what the catalog has.
    pub(crate) changes: bool,
}

/// Statistics of a type of the catalog.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
pub(crate) struct TypeStats {
    /// The catalog's word, as it stands there.
    pub(crate) name: String,
    /// Which names are of this type.
    pub(crate) ranges: Vec<Range<u32>>,
    /// Number of names.
    pub(crate) names: u32,
    /// Number of entities.
    pub(crate) entities: u32,
    /// By number of attribute.
    pub(crate) attributes: Vec<AttributeStats>,
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
    pub(crate) types: Vec<TypeStats>,
    /// First word of each length; words are ordered by length.
    pub(crate) word_starts: Vec<u32>,
}

impl Meta {
    /// Returns how many records a block of a table has, and how many there are in all; one a block where a table has none.
    #[inline]
    pub(super) fn records_of(&self, table: Table) -> (u32, u32) {
        match table {
            Table::Names => (NAMES_PER_BLOCK, self.names),
            Table::Entities => (ENTITIES_PER_BLOCK, self.entities),
            Table::Words => (WORDS_PER_BLOCK, self.words),
            Table::Values => (VALUES_PER_BLOCK, self.values),
            Table::Labels => (LABELS_PER_BLOCK, self.entities),
            Table::Weights => (WEIGHTS_PER_BLOCK, self.names),
            Table::Meta | Table::Keys => (1, 0),
        }
    }
}

/// Of an attribute with more distinct values than this it is not kept which ones it has.
pub(crate) const VOCABULARY_MAX: usize = 1 << 16;
/// Lists longer than this are not kept.
pub(crate) const LONGEST_LIST: usize = 8192;
pub(crate) const NAMES_PER_BLOCK: u32 = 64;
pub(crate) const ENTITIES_PER_BLOCK: u32 = 128;
pub(crate) const VALUES_PER_BLOCK: u32 = 256;
pub(crate) const LABELS_PER_BLOCK: u32 = 64;
pub(crate) const WORDS_PER_BLOCK: u32 = 256;
pub(crate) const WEIGHTS_PER_BLOCK: u32 = 4096;
/// Frequency of a word in the names of a type from which on it is kept; lower ones are counted when they are
/// asked for.
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

/// Which bucket a key lies in.
pub(super) fn bucket_of(key: u64, bits: u32) -> u64 {
    if bits == 0 { 0 } else { key >> (64 - bits) }
}

/// Returns where a key of a bucket stands in its block; its number is behind it.
pub(super) fn key_at(number: usize) -> usize {
    4 + number * 8
}

/// Reads the numbers of attributes and values out of a packed entity.
pub(super) fn value_numbers(record: &[u8]) -> impl Iterator<Item = (u16, u32)> + '_ {
    let count = usize::from(u16::from_le_bytes([record[18], record[19]]));
    let each = record[20..].chunks_exact(6).take(count);
    each.map(|bytes| (u16::from_le_bytes([bytes[0], bytes[1]]), read_u32(bytes, 2)))
}

/// Reads a number of four bytes.
pub(crate) fn read_u32(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

/// Returns where the records of a block begin, behind the table of their starts.
pub(super) fn records_at(count: usize) -> usize {
    (count + 1) * 4
}

/// Returns where a record of a block begins and ends.
pub(super) fn record(block: &[u8], slot: u32, count: u32) -> (usize, usize) {
    let base = records_at(count as usize);
    let slot = slot as usize;
    (base + read_u32(block, slot * 4) as usize, base + read_u32(block, slot * 4 + 4) as usize)
}
