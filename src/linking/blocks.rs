//! Where the pages of the name index lie: all in memory, or in the database with a bounded number of them kept.

use std::cell::{Cell, RefCell};
use std::ops::Deref;
use std::rc::Rc;

use anyhow::{Context as _, Result};

use crate::resolve::{N_TABLES, Pages, Resident, Table};
use crate::store::Read;

/// Pages kept in memory while an import runs, in two halves; the rest is fetched again.
const CACHE_BYTES: usize = 128 << 20;
/// Pages of labels kept, which only showing needs.
const LABEL_BYTES: usize = 8 << 20;
/// An index of no more pages than this, some 150 MiB, is read whole once it is clear that most of it will be needed: in
/// their order pages take a third of the time that they take one by one.
const WHOLE_PAGES: u64 = 64_000;
/// That is when this share of the pages was fetched one by one.
const CLEAR_SHARE: u64 = 32;
/// An index with no more pages of keys than this is read whole, about 24 MiB.
const SMALL_INDEX: u64 = 8192;

/// Where the pages of the index lie.
pub(super) enum Source<'a> {
    /// All in memory.
    Memory(Resident),
    /// In the database, fetched when they are needed.
    Database(DatabasePages<'a>),
}

/// A page, borrowed or shared.
pub(super) enum PageRef<'s> {
    /// Of an index in memory.
    Borrowed(&'s [u8]),
    /// Of an index in the database.
    Shared(Rc<[u8]>),
}

impl Deref for PageRef<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            PageRef::Borrowed(page) => page,
            PageRef::Shared(page) => page,
        }
    }
}

impl<'a> Source<'a> {
    pub(super) fn open(read: Read<'a>, whole: bool) -> Result<Source<'a>> {
        if read.index_pages_of(Table::Keys as u8)? <= SMALL_INDEX && whole {
            let mut resident = Resident::default();
            for table in Table::ALL {
                read.each_index_page(table as u8, |page| resident.push(table, page))?;
            }
            return Ok(Source::Memory(resident));
        }
        let mut n_pages = 0;
        for table in Table::ALL.into_iter().filter(|table| *table != Table::Labels) {
            n_pages += read.index_pages_of(table as u8)?;
        }
        let kept = || RefCell::new(Kept::default());
        let patience = if n_pages <= WHOLE_PAGES { n_pages / CLEAR_SHARE } else { u64::MAX };
        let is_whole = Cell::new(false);
        Ok(Source::Database(DatabasePages {
            read,
            recent: kept(),
            before: kept(),
            labels: kept(),
            patience: Cell::new(patience),
            is_whole,
        }))
    }
}

impl Pages for Source<'_> {
    type Page<'s>
        = PageRef<'s>
    where
        Self: 's;

    fn page(&self, table: Table, number: u32) -> Result<PageRef<'_>> {
        match self {
            Source::Memory(resident) => resident.page(table, number).map(PageRef::Borrowed),
            Source::Database(pages) => pages.page(table, number).map(PageRef::Shared),
        }
    }
}

/// Pages in the database, those used of late kept in memory.
pub(super) struct DatabasePages<'a> {
    read: Read<'a>,
    recent: RefCell<Kept>,
    /// What was recent before; a page that is asked for again becomes recent, the others go.
    before: RefCell<Kept>,
    labels: RefCell<Kept>,
    /// Pages still fetched one by one before all are read.
    patience: Cell<u64>,
    is_whole: Cell<bool>,
}

/// Pages in memory, by table and number.
#[derive(Default)]
struct Kept {
    pages: [Vec<Option<Rc<[u8]>>>; N_TABLES],
    bytes: usize,
}

impl Kept {
    fn get(&self, table: Table, number: u32) -> Option<&Rc<[u8]>> {
        self.pages[table as usize].get(number as usize)?.as_ref()
    }

    fn put(&mut self, table: Table, number: u32, page: Rc<[u8]>) {
        let pages = &mut self.pages[table as usize];
        if pages.len() <= number as usize {
            pages.resize(number as usize + 1, None);
        }
        self.bytes += page.len();
        pages[number as usize] = Some(page);
    }
}

impl DatabasePages<'_> {
    fn page(&self, table: Table, number: u32) -> Result<Rc<[u8]>> {
        if table == Table::Labels {
            return self.label_page(number);
        }
        let mut recent = self.recent.borrow_mut();
        if let Some(page) = recent.get(table, number) {
            return Ok(Rc::clone(page));
        }
        if self.patience.get() == 0 {
            self.patience.set(u64::MAX);
            self.is_whole.set(true);
            for table in Table::ALL.into_iter().filter(|table| *table != Table::Labels) {
                let mut number = 0;
                self.read.each_index_page(table as u8, |page| {
                    if recent.get(table, number).is_none() {
                        recent.put(table, number, Rc::from(page));
                    }
                    number += 1;
                })?;
            }
        } else {
            self.patience.set(self.patience.get() - 1);
        }
        let mut before = self.before.borrow_mut();
        let page = match before.get(table, number).or_else(|| recent.get(table, number)) {
            Some(page) => Rc::clone(page),
            None => self.fetch(table, number)?,
        };
        if recent.bytes > CACHE_BYTES / 2 && !self.is_whole.get() {
            *before = std::mem::take(&mut *recent);
        }
        recent.put(table, number, Rc::clone(&page));
        Ok(page)
    }

    fn label_page(&self, number: u32) -> Result<Rc<[u8]>> {
        let mut labels = self.labels.borrow_mut();
        if let Some(page) = labels.get(Table::Labels, number) {
            return Ok(Rc::clone(page));
        }
        let page = self.fetch(Table::Labels, number)?;
        if labels.bytes > LABEL_BYTES {
            *labels = Kept::default();
        }
        labels.put(Table::Labels, number, Rc::clone(&page));
        Ok(page)
    }

    fn fetch(&self, table: Table, number: u32) -> Result<Rc<[u8]>> {
        self.read
            .index_page(table as u8, number, |page| Rc::<[u8]>::from(page))?
            .with_context(|| format!("the name index lacks page {number} of {table:?}"))
    }
}
