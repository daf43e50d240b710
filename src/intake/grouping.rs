//! Rows into groups of several stories (`--group-by`).
//!
//! The rows of a group need not stand together. Each is written to a temporary file, of which only places are kept in
//! memory; when all are read, the groups are put together in the order in which they first appeared.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufWriter, Read as _, Seek as _, SeekFrom, Write as _};

use super::LineError;
use super::record::group::Raw;
use crate::model::{Group, Story};

/// A group's first row, and where all of them lie.
struct Rows {
    line: u64,
    head: Group,
    places: Vec<(u64, u32)>,
}

/// Groups of rows.
pub(super) struct Grouped<I> {
    rows: I,
    spool: Option<BufWriter<File>>,
    n_bytes: u64,
    places: HashMap<String, usize>,
    groups: std::collections::VecDeque<Rows>,
    /// Rows that were the same as another of their group.
    pub(super) n_copies: u64,
}

impl<I: Iterator<Item = Result<(u64, Raw), LineError>>> Grouped<I> {
    pub(super) fn new(rows: I) -> std::io::Result<Self> {
        let spool = Some(BufWriter::new(tempfile::tempfile()?));
        Ok(Self { rows, spool, n_bytes: 0, places: HashMap::new(), groups: Default::default(), n_copies: 0 })
    }

    pub(super) fn inner(&self) -> &I {
        &self.rows
    }

    fn keep(&mut self, line: u64, raw: Raw) -> std::io::Result<()> {
        let mut group = raw.group;
        let stories = std::mem::take(&mut group.stories);
        let place = *self.places.entry(group.id.as_str().to_owned()).or_insert_with(|| {
            self.groups.push_back(Rows { line, head: group.clone(), places: vec![] });
            self.groups.len() - 1
        });
        for story in stories {
            let json = serde_json::to_vec(&story)?;
            if let Some(spool) = &mut self.spool {
                spool.write_all(&json)?;
            }
            self.groups[place].places.push((self.n_bytes, json.len() as u32));
            self.n_bytes += json.len() as u64;
        }
        Ok(())
    }

    fn next_group(&mut self) -> std::io::Result<Option<(u64, Raw)>> {
        let Some(rows) = self.groups.pop_front() else { return Ok(None) };
        let mut group = rows.head;
        if let Some(spool) = &mut self.spool {
            spool.flush()?;
            let file = spool.get_mut();
            for (offset, length) in rows.places {
                let mut json = vec![0; length as usize];
                file.seek(SeekFrom::Start(offset))?;
                file.read_exact(&mut json)?;
                let story: Story = serde_json::from_slice(&json)?;
                let is_copy = group.stories.iter().any(|own| own.text == story.text && own.url == story.url);
                self.n_copies += u64::from(is_copy);
                if !is_copy {
                    group.stories.push(story);
                }
            }
        }
        Ok(Some((rows.line, Raw { group, is_id_made: false, exported: None })))
    }
}

impl<I: Iterator<Item = Result<(u64, Raw), LineError>>> Iterator for Grouped<I> {
    type Item = Result<(u64, Raw), LineError>;

    fn next(&mut self) -> Option<Self::Item> {
        let failed = |error: std::io::Error| LineError::fatal(0, format!("cannot keep the rows of groups: {error}"));
        self.spool.as_ref()?;
        if !self.groups.is_empty() && self.places.is_empty() {
            return self.next_group().map_err(failed).transpose();
        }
        while let Some(row) = self.rows.next() {
            match row {
                Err(error) => return Some(Err(error)),
                Ok((line, raw)) => {
                    if let Err(error) = self.keep(line, raw) {
                        self.spool = None;
                        return Some(Err(failed(error)));
                    }
                }
            }
        }
        // All rows are read; from now on only places count.
        self.places.clear();
        self.next_group().map_err(failed).transpose()
    }
}
