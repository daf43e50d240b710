//! Storage of the blocks of the name index: all in memory, or in the database with a bounded number of them kept.

use std::cell::{Cell, RefCell};
use std::ops::Deref;
use std::rc::Rc;
use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow};

use crate::error::Explain as _;
use crate::resolve::{self, Blocks, N_TABLES, Resident, Table};
use crate::store::{INDEX_REMEDY, Read};

/// Blocks kept in memory while an import runs, in two halves; the rest is fetched again.
const CACHE_BYTES: usize = 128 << 20;
/// Blocks of labels kept, which only showing needs.
const LABEL_BYTES: usize = 8 << 20;
/// An index of no more blocks than this, some 150 MiB, is read whole once it is clear that most of it will be needed:
/// in their order blocks take a third of the time that they take one by one.
const WHOLE_BLOCKS: u64 = 64_000;
/// Share of the blocks that must have been fetched one by one before, where many mentions are to come.
const CLEAR_SHARE: u64 = 32;
/// The same where nobody said how many: until then to read them whole would have cost as much.
const CLEAR_SHARE_OF_FEW: u64 = 3;
/// An index with no more blocks of keys than this is read whole, about 24 MiB.
const SMALL_INDEX: u64 = 8192;

/// Intended use of a linker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Load {
    /// A single mention: only the blocks it needs are read.
    One,
    /// Many mentions: a small index is read whole.
    Many,
    /// So many that they need nearly all of an index: up to some 150 MiB it is read whole, but for the ids of entities,
    /// since nothing is shown.
    All,
}

/// Groups or answers from which on nearly all of an index is needed.
const ALL_FROM: usize = 10_000;

impl Load {
    /// Returns how an index is used for so many groups or answers.
    pub fn of_so_many(n: usize) -> Load {
        if n >= ALL_FROM { Load::All } else { Load::Many }
    }
}

/// Storage of the blocks of the index.
pub(super) enum IndexBlocks<'a> {
    /// Index in memory, which several threads may read.
    Memory(Arc<Resident>),
    /// Index in the database, whose blocks are fetched when they are needed.
    Database(DatabaseBlocks<'a>),
}

/// A block, borrowed or shared.
pub(super) enum BlockRef<'s> {
    /// Block of an index in memory.
    Borrowed(&'s [u8]),
    /// Block of an index in the database.
    Shared(Rc<[u8]>),
}

impl Deref for BlockRef<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            BlockRef::Borrowed(block) => block,
            BlockRef::Shared(block) => block,
        }
    }
}

impl<'a> IndexBlocks<'a> {
    pub(super) fn open(read: Read<'a>, load: Load) -> Result<IndexBlocks<'a>> {
        let mut n_blocks = 0;
        for table in Table::ALL.into_iter().filter(|table| *table != Table::Labels) {
            n_blocks += read.index_pages_of(table as u8)?;
        }
        let is_small = read.index_pages_of(Table::Keys as u8)? <= SMALL_INDEX;
        if load == Load::Many && is_small || load == Load::All && n_blocks <= WHOLE_BLOCKS {
            let (mut resident, mut n_pages) = (Resident::default(), 0);
            for table in Table::ALL {
                let has_ids = table == Table::Labels && load == Load::All;
                read.each_index_page(table as u8, |block| {
                    n_pages += 1;
                    match has_ids {
                        true => resident.push(table, &resolve::without_ids(block)),
                        false => resident.push(table, block),
                    }
                })?;
            }
            if !read.is_number_of_index_pages(n_pages)? {
                return Err(anyhow!("pages of the name index are gone")).hint(INDEX_REMEDY);
            }
            return Ok(IndexBlocks::Memory(Arc::new(resident)));
        }
        let kept = || RefCell::new(Kept::default());
        let share = if load == Load::One { CLEAR_SHARE_OF_FEW } else { CLEAR_SHARE };
        let patience = if n_blocks <= WHOLE_BLOCKS { n_blocks / share } else { u64::MAX };
        let is_whole = Cell::new(false);
        Ok(IndexBlocks::Database(DatabaseBlocks {
            read,
            recent: kept(),
            before: kept(),
            labels: kept(),
            patience: Cell::new(patience),
            is_whole,
        }))
    }
}

impl Blocks for IndexBlocks<'_> {
    type Block<'s>
        = BlockRef<'s>
    where
        Self: 's;

    fn block(&self, table: Table, number: u32) -> Result<BlockRef<'_>> {
        match self {
            IndexBlocks::Memory(resident) => resident.block(table, number).map(BlockRef::Borrowed),
            IndexBlocks::Database(blocks) => blocks.block(table, number).map(BlockRef::Shared),
        }
    }

    fn resident(&self) -> Option<&Resident> {
        match self {
            IndexBlocks::Memory(resident) => Some(resident),
            IndexBlocks::Database(_) => None,
        }
    }
}

/// Blocks in the database, those used of late kept in memory.
pub(super) struct DatabaseBlocks<'a> {
    read: Read<'a>,
    recent: RefCell<Kept>,
    /// Blocks that were recent before; a block that is asked for again becomes recent, the others go.
    before: RefCell<Kept>,
    labels: RefCell<Kept>,
    /// Blocks still fetched one by one before all are read.
    patience: Cell<u64>,
    is_whole: Cell<bool>,
}

/// Blocks in memory, by table and number.
#[derive(Default)]
struct Kept {
    blocks: [Vec<Option<Rc<[u8]>>>; N_TABLES],
    bytes: usize,
}

impl Kept {
    fn get(&self, table: Table, number: u32) -> Option<&Rc<[u8]>> {
        self.blocks[table as usize].get(number as usize)?.as_ref()
    }

    fn put(&mut self, table: Table, number: u32, block: Rc<[u8]>) {
        let blocks = &mut self.blocks[table as usize];
        if blocks.len() <= number as usize {
            blocks.resize(number as usize + 1, None);
        }
        self.bytes += block.len();
        blocks[number as usize] = Some(block);
    }
}

impl DatabaseBlocks<'_> {
    fn block(&self, table: Table, number: u32) -> Result<Rc<[u8]>> {
        if table == Table::Labels {
            return self.label_block(number);
        }
        let mut recent = self.recent.borrow_mut();
        if let Some(block) = recent.get(table, number) {
            return Ok(Rc::clone(block));
        }
        if self.patience.get() == 0 {
            self.patience.set(u64::MAX);
            self.is_whole.set(true);
            for table in Table::ALL.into_iter().filter(|table| *table != Table::Labels) {
                let mut number = 0;
                self.read.each_index_page(table as u8, |block| {
                    if recent.get(table, number).is_none() {
                        recent.put(table, number, Rc::from(block));
                    }
                    number += 1;
                })?;
            }
        } else {
            self.patience.set(self.patience.get() - 1);
        }
        let mut before = self.before.borrow_mut();
        let block = match before.get(table, number).or_else(|| recent.get(table, number)) {
            Some(block) => Rc::clone(block),
            None => self.fetch(table, number)?,
        };
        if recent.bytes > CACHE_BYTES / 2 && !self.is_whole.get() {
            *before = std::mem::take(&mut *recent);
        }
        recent.put(table, number, Rc::clone(&block));
        Ok(block)
    }

    fn label_block(&self, number: u32) -> Result<Rc<[u8]>> {
        let mut labels = self.labels.borrow_mut();
        if let Some(block) = labels.get(Table::Labels, number) {
            return Ok(Rc::clone(block));
        }
        let block = self.fetch(Table::Labels, number)?;
        if labels.bytes > LABEL_BYTES {
            *labels = Kept::default();
        }
        labels.put(Table::Labels, number, Rc::clone(&block));
        Ok(block)
    }

    fn fetch(&self, table: Table, number: u32) -> Result<Rc<[u8]>> {
        self.read
            .index_page(table as u8, number, |block| Rc::<[u8]>::from(block))?
            .with_context(|| format!("the name index lacks block {number} of {table:?}"))
            .hint(INDEX_REMEDY)
    }
}
