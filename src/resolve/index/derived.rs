//! Tables worked out of an index that lies in memory, once for all who read it.

use anyhow::Result;

use crate::resolve::index::alphabet::Alphabet;
use crate::resolve::index::filter::Filter;
use crate::resolve::index::layout::{Meta, N_TABLES, ResidentBlocks, Table};
use crate::resolve::index::places::Places;

/// Tables worked out of an index in memory.
#[derive(Debug)]
pub(super) struct Derived {
    /// Keys that may be there.
    pub(super) filter: Filter,
    /// Words of the vocabulary, by their letters.
    pub(super) alphabet: Alphabet,
    /// Places of the records that are read most, by table.
    places: [Option<Places>; N_TABLES],
}

impl Derived {
    /// Reads all that it takes.
    pub(super) fn of(blocks: &ResidentBlocks, meta: &Meta) -> Result<Derived> {
        let mut places: [Option<Places>; N_TABLES] = Default::default();
        for table in [Table::Names, Table::Entities, Table::Words, Table::Values] {
            places[table as usize] = Places::of(blocks, table, meta.records_of(table))?;
        }
        let filter = Filter::of(blocks, meta.bucket_bits)?;
        Ok(Derived { filter, alphabet: Alphabet::of(blocks, meta)?, places })
    }

    /// Returns the places of the records of a table; `None` where they are read in its blocks.
    pub(super) fn places(&self, table: Table) -> Option<&Places> {
        self.places[table as usize].as_ref()
    }
}
