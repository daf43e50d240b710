//! Records prepared outside of the transaction and written inside: records in memory up to half a MiB, and in a
//! temporary file beside the database from there on, which nobody else sees and which goes with the process.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

/// Bytes that are kept in memory.
const MEMORY_BYTES: usize = 512 << 10;
/// Bytes that are read at a time where records are asked for in about the order in which they were written.
const AHEAD_BYTES: usize = 64 << 10;

/// Records, written one after the other and read in any order.
#[derive(Debug)]
pub(super) struct Spool {
    folder: PathBuf,
    file: Option<File>,
    /// Start of `recent`.
    at: u64,
    recent: Vec<u8>,
    /// Part of the file that was read last, and where it starts.
    read: Vec<u8>,
    read_at: u64,
    /// End of the record that was asked for last.
    next: u64,
}

impl Spool {
    /// Makes a spool whose file, if it needs one, lies in this folder.
    pub(super) fn new(folder: &Path) -> Spool {
        // A vector that grows by itself takes up to twice as much; what is not written to takes nothing.
        let recent = Vec::with_capacity(MEMORY_BYTES);
        Spool { folder: folder.to_owned(), file: None, at: 0, recent, read: vec![], read_at: 0, next: 0 }
    }

    /// Adds a record, and returns where it stands.
    pub(super) fn put(&mut self, record: &[u8]) -> io::Result<u64> {
        if self.recent.len() + record.len() > MEMORY_BYTES && !self.recent.is_empty() {
            let file = match &mut self.file {
                Some(file) => file,
                none => none.insert(tempfile::tempfile_in(&self.folder)?),
            };
            file.write_all(&self.recent)?;
            self.at += self.recent.len() as u64;
            self.recent.clear();
        }
        self.recent.extend_from_slice(record);
        Ok(self.at + (self.recent.len() - record.len()) as u64)
    }

    /// Reads a record once all are written.
    pub(super) fn get(&mut self, at: u64, n_bytes: usize, record: &mut Vec<u8>) -> io::Result<()> {
        record.clear();
        if let Some(from) = at.checked_sub(self.at) {
            let from = from as usize;
            record.extend_from_slice(self.recent.get(from..from + n_bytes).ok_or(io::ErrorKind::UnexpectedEof)?);
            return Ok(());
        }
        let end = at + n_bytes as u64;
        if at < self.read_at || end > self.read_at.saturating_add(self.read.len() as u64) {
            let file = self.file.as_mut().ok_or(io::ErrorKind::UnexpectedEof)?;
            let is_in_order = at.abs_diff(self.next) <= AHEAD_BYTES as u64;
            let ahead = if is_in_order { (self.at - at).min(AHEAD_BYTES as u64) as usize } else { 0 };
            self.read.clear();
            self.read.resize(ahead.max(n_bytes), 0);
            file.seek(SeekFrom::Start(at))?;
            file.read_exact(&mut self.read).inspect_err(|_| self.read_at = u64::MAX)?;
            self.read_at = at;
        }
        self.next = end;
        let from = (at - self.read_at) as usize;
        record.extend_from_slice(&self.read[from..from + n_bytes]);
        Ok(())
    }
}

/// Fields of a record, written one after the other.
#[derive(Debug, Default)]
pub(super) struct Record(Vec<u8>);

impl Record {
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    pub(super) fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    pub(super) fn real(&mut self, number: f64) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    pub(super) fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.0.extend_from_slice(text.as_bytes());
    }

    /// Writes a field that may be absent.
    pub(super) fn maybe<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Record, T)) {
        self.0.push(u8::from(value.is_some()));
        if let Some(value) = value {
            write(self, value);
        }
    }
}

/// Fields of a record, read one after the other.
#[derive(Debug)]
pub(super) struct Fields<'r>(pub(super) &'r [u8]);

impl<'r> Fields<'r> {
    pub(super) fn number(&mut self) -> io::Result<u64> {
        let (mut number, mut shift) = (0u64, 0);
        loop {
            let (&byte, rest) = self.0.split_first().ok_or(io::ErrorKind::UnexpectedEof)?;
            self.0 = rest;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
            shift = (shift + 7).min(63);
        }
    }

    pub(super) fn real(&mut self) -> io::Result<f64> {
        let (bytes, rest) = self.0.split_first_chunk().ok_or(io::ErrorKind::UnexpectedEof)?;
        self.0 = rest;
        Ok(f64::from_le_bytes(*bytes))
    }

    pub(super) fn text(&mut self) -> io::Result<&'r str> {
        let n_bytes = self.number()? as usize;
        let (bytes, rest) = self.0.split_at_checked(n_bytes).ok_or(io::ErrorKind::UnexpectedEof)?;
        self.0 = rest;
        std::str::from_utf8(bytes).map_err(|_| io::ErrorKind::InvalidData.into())
    }

    pub(super) fn maybe<T>(&mut self, read: impl FnOnce(&mut Fields<'r>) -> io::Result<T>) -> io::Result<Option<T>> {
        Ok(if self.number()? != 0 { Some(read(self)?) } else { None })
    }

    pub(super) fn maybe_string(&mut self) -> io::Result<Option<String>> {
        self.maybe(|fields| fields.text().map(str::to_owned))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_come_back_from_memory_and_from_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = Spool::new(folder.path());
        let record =
            |n: usize| vec![n as u8; if n.is_multiple_of(3) { 1 + n * 79_190 % (MEMORY_BYTES / 5) } else { n * 7 }];
        let places: Vec<u64> = (0..120).map(|n| spool.put(&record(n)).unwrap()).collect();
        assert!(spool.file.is_some() && spool.recent.len() <= MEMORY_BYTES);
        let mut read = vec![];
        let orders = [(0..120).collect::<Vec<_>>(), (0..120).rev().collect(), (0..120).map(|n| n * 77 % 120).collect()];
        for order in orders {
            for n in order {
                spool.get(places[n], record(n).len(), &mut read).unwrap();
                assert!(read == record(n), "{n}");
            }
        }
        if cfg!(unix) {
            assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "the file has no name");
        }
    }

    #[test]
    fn fields_come_back_as_they_were() {
        let mut record = Record::default();
        for number in [0, 1, 127, 128, 300, u64::MAX] {
            record.number(number);
        }
        record.real(-0.25);
        record.text("Zoë");
        record.maybe(Some("x"), Record::text);
        record.maybe(None::<&str>, Record::text);
        let mut fields = Fields(record.bytes());
        for number in [0, 1, 127, 128, 300, u64::MAX] {
            assert_eq!(fields.number().unwrap(), number);
        }
        assert_eq!(fields.real().unwrap(), -0.25);
        assert_eq!(fields.text().unwrap(), "Zoë");
        assert_eq!(fields.maybe_string().unwrap().as_deref(), Some("x"));
        assert_eq!(fields.maybe_string().unwrap(), None);
        assert!(fields.number().is_err() && fields.real().is_err() && fields.text().is_err());
    }
}
