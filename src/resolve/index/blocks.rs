//! Storage of the blocks of an index, which may lie anywhere.

use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use anyhow::Result;

use crate::resolve::index::derived::Derived;
use crate::resolve::index::layout::{Meta, ResidentBlocks, Table};

/// Storage of blocks. In memory a block is borrowed, from a database it may be shared.
pub trait Blocks {
    /// A block while it is read.
    type Block<'a>: Deref<Target = [u8]>
    where
        Self: 'a;

    /// Fetches a block; one that is not there is an error, the index is broken then.
    fn block(&self, table: Table, number: u32) -> Result<Self::Block<'_>>;

    /// Returns the blocks where all lie in memory.
    fn resident(&self) -> Option<&Resident>;
}

impl<P: Blocks> Blocks for &P {
    type Block<'a>
        = P::Block<'a>
    where
        Self: 'a;

    fn block(&self, table: Table, number: u32) -> Result<Self::Block<'_>> {
        (**self).block(table, number)
    }

    fn resident(&self) -> Option<&Resident> {
        (**self).resident()
    }
}

/// All blocks in memory.
#[derive(Debug, Default)]
pub struct Resident {
    blocks: ResidentBlocks,
    derived: OnceLock<Arc<Derived>>,
}

impl Resident {
    /// Adds a block; blocks of a table come in order.
    pub fn push(&mut self, table: Table, block: &[u8]) {
        self.blocks.push(table, block);
    }

    /// Returns the size of all blocks in bytes.
    pub fn size(&self) -> usize {
        self.blocks.size()
    }

    /// Returns the tables worked out of the blocks, once for all who read them; those must be whole.
    pub(super) fn derived(&self, meta: &Meta) -> Result<Arc<Derived>> {
        if let Some(known) = self.derived.get() {
            return Ok(Arc::clone(known));
        }
        let derived = Arc::new(Derived::of(&self.blocks, meta)?);
        Ok(Arc::clone(self.derived.get_or_init(|| derived)))
    }
}

impl Blocks for Resident {
    type Block<'a> = &'a [u8];

    fn block(&self, table: Table, number: u32) -> Result<&[u8]> {
        self.blocks.block(table, number)
    }

    fn resident(&self) -> Option<&Resident> {
        Some(self)
    }
}
