//! Places of the records of a table of an index that lies in memory, one after the other: a block has them too, but to read
//! them there brings a line of the block into the processor's cache for each record that is read.

use anyhow::Result;

use crate::resolve::index::layout::{ResidentBlocks, Table, read_u32, records_at};

/// Places at which the records of a table begin in their blocks.
#[derive(Debug)]
pub(super) struct Places {
    starts: Vec<u16>,
    per_block: u32,
}

impl Places {
    /// Reads the places of the records of a table, of which a block has so many and there are so many in all; `None` where a
    /// block is too large for them.
    pub(super) fn of(blocks: &ResidentBlocks, table: Table, (per_block, count): (u32, u32)) -> Result<Option<Places>> {
        let mut starts = Vec::with_capacity(count as usize);
        for first in (0..count).step_by(per_block as usize) {
            let block = blocks.block(table, first / per_block)?;
            let n_records = per_block.min(count - first) as usize;
            if block.len() > usize::from(u16::MAX) {
                return Ok(None);
            }
            let table = block.chunks_exact(4).take(n_records);
            starts.extend(table.map(|start| (records_at(n_records) + read_u32(start, 0) as usize) as u16));
        }
        Ok(Some(Places { starts, per_block }))
    }

    /// Returns where a record of a block begins and ends; the last one ends with its block.
    pub(super) fn record(&self, block: &[u8], number: u32) -> (usize, usize) {
        let at = number as usize;
        let is_last = (number + 1).is_multiple_of(self.per_block);
        let next = self.starts.get(at + 1).filter(|_| !is_last);
        (usize::from(self.starts[at]), next.map_or(block.len(), |next| usize::from(*next)))
    }
}
