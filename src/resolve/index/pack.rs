//! Packing: records one after the other into blocks, keys with their lists into buckets.

use anyhow::Result;

use crate::resolve::index::layout::{LONGEST_LIST, Table, get_varint, put_varint, read_u32};

/// A key with a number that it finds, in 12 bytes and not in 16.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(C, packed(4))]
pub(super) struct Posting {
    key: u64,
    number: u32,
}

impl Posting {
    /// Returns a posting.
    pub(super) fn new(key: u64, number: u32) -> Posting {
        Posting { key, number }
    }

    /// Returns its key.
    pub(super) fn key(&self) -> u64 {
        self.key
    }

    /// Returns its number.
    pub(super) fn number(&self) -> u32 {
        self.number
    }
}

/// Records one after the other, with where each starts.
#[derive(Default)]
pub(crate) struct Packed {
    pub(crate) bytes: Vec<u8>,
    pub(crate) starts: Vec<u32>,
}

impl Packed {
    pub(crate) fn record(&self, number: usize) -> &[u8] {
        let start = self.starts[number] as usize;
        let end = self.starts.get(number + 1).map_or(self.bytes.len(), |end| *end as usize);
        &self.bytes[start..end]
    }

    pub(crate) fn begin(&mut self) -> u32 {
        self.starts.push(u32::try_from(self.bytes.len()).unwrap_or(u32::MAX));
        u32::try_from(self.starts.len() - 1).unwrap_or(u32::MAX)
    }

    pub(crate) fn len(&self) -> u32 {
        u32::try_from(self.starts.len()).unwrap_or(u32::MAX)
    }
}

/// Header (count), then the low halves of the keys in order, each with a number behind it: a single entry itself with the
/// top bit set, or where its list starts.
pub(super) fn pack_bucket(postings: &[Posting]) -> Vec<u8> {
    let mut groups: Vec<&[Posting]> = postings.chunk_by(|a, b| a.key() == b.key()).collect();
    groups.sort_unstable_by_key(|group| group[0].key() as u32);
    let count = groups.len();
    let mut block = Vec::with_capacity(4 + count * 8);
    block.extend_from_slice(&u32::try_from(count).unwrap_or(0).to_le_bytes());
    let mut lists = Vec::new();
    for group in &groups {
        let word = if group.len() == 1 {
            group[0].number() | 0x8000_0000
        } else {
            let at = u32::try_from(lists.len()).unwrap_or(0);
            put_varint(&mut lists, group.len() as u64);
            if group.len() <= LONGEST_LIST {
                let mut previous = 0;
                for posting in *group {
                    put_varint(&mut lists, u64::from(posting.number() - previous));
                    previous = posting.number();
                }
            }
            at
        };
        block.extend_from_slice(&(group[0].key() as u32).to_le_bytes());
        block.extend_from_slice(&word.to_le_bytes());
    }
    block.extend_from_slice(&lists);
    block
}

/// A block: for each record where it starts (two bytes, or four if the block is large), then the records.
pub(crate) fn put_blocked(
    table: Table,
    packed: &Packed,
    per_block: u32,
    sink: &mut dyn FnMut(Table, u32, &[u8]) -> Result<()>,
) -> Result<()> {
    let mut block = Vec::new();
    let count = packed.starts.len();
    for (number, from) in (0u32..).zip((0..count).step_by(per_block as usize)) {
        let until = (from + per_block as usize).min(count);
        block.clear();
        let start = packed.starts[from];
        for record in from..until {
            block.extend_from_slice(&(packed.starts[record] - start).to_le_bytes());
        }
        let end = packed.starts.get(until).map_or(packed.bytes.len(), |end| *end as usize);
        block.extend_from_slice(&u32::try_from(end - start as usize)?.to_le_bytes());
        block.extend_from_slice(&packed.bytes[start as usize..end]);
        sink(table, number, &block)?;
    }
    Ok(())
}

/// Returns a block of labels without the ids, which may take most of it: for linking where nothing is shown.
pub fn without_ids(block: &[u8]) -> Vec<u8> {
    let start_of = |record: usize| block.get(4 * record..).filter(|rest| rest.len() >= 4).map(|rest| read_u32(rest, 0));
    // The table of starts ends where the start behind the last record fills the block.
    let fills = |n: &usize| start_of(*n).is_none_or(|end| 4 * (n + 1) + end as usize >= block.len());
    let count = (0..).find(fills).unwrap_or(0);
    let mut names = Packed::default();
    for at in 0..count {
        let from = |record: usize| 4 * (count + 1) + start_of(record).map_or(0, |start| start as usize);
        let label = block.get(from(at)..from(at + 1)).unwrap_or_default();
        let mut after_length = 0;
        let n_id = get_varint(label, &mut after_length) as usize;
        names.begin();
        put_varint(&mut names.bytes, 0);
        names.bytes.extend_from_slice(label.get(after_length + n_id..).unwrap_or_default());
    }
    let mut out = Vec::with_capacity(4 * (count + 1) + names.bytes.len());
    let ends = names.starts.iter().copied().chain([names.bytes.len() as u32]);
    ends.for_each(|start| out.extend_from_slice(&start.to_le_bytes()));
    out.extend_from_slice(&names.bytes);
    out
}
