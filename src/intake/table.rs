//! CSV: a line of column names, then a row a record.

use std::cell::Cell;
use std::io::{self, BufRead, Read};
use std::rc::Rc;

use anyhow::{Context as _, Result, bail};
use csv::StringRecord;
use serde_json::Value;

use super::{Fields, LineError, RECORD_BYTES_MAX};
use crate::error::Explain as _;
use crate::text::separator::separator;

/// The rows of a table, as fields by column name; empty cells are left out.
pub(super) struct Table<R> {
    reader: csv::Reader<Guard<R>>,
    columns: Vec<String>,
    left: Rc<Cell<usize>>,
    row: csv::ByteRecord,
}

impl<R: BufRead> Table<R> {
    /// Reads the names of the columns. All of `required` must be there, and one of each of `one_of`.
    pub(super) fn new(mut reader: R, required: &[&str], one_of: &[&[&str]]) -> Result<Self> {
        let separator = separator(reader.fill_buf().context("cannot read the first line")?);
        let left = Rc::new(Cell::new(RECORD_BYTES_MAX));
        let guard = Guard { reader, left: Rc::clone(&left), last: b'\n' };
        // With `\n` alone as the end of a row, lines are counted right; the `\r` of a `\r\n` is trimmed off the last cell.
        let mut builder = csv::ReaderBuilder::new();
        builder.delimiter(separator).terminator(csv::Terminator::Any(b'\n')).flexible(true);
        let mut reader = builder.from_reader(guard);
        let columns: Vec<String> = reader
            .headers()
            .context("cannot read the line of column names")?
            .iter()
            .map(|name| name.trim().to_lowercase())
            .collect();
        let has = |name: &&str| columns.iter().any(|column| column == *name);
        let missing = required.iter().find(|name| !has(name)).copied();
        let missing = missing.or_else(|| one_of.iter().find(|names| !names.iter().any(&has)).map(|names| names[0]));
        if let Some(missing) = missing {
            let there: Vec<&str> = columns.iter().map(|name| super::message::excerpt(name)).take(20).collect();
            return Err(anyhow::anyhow!("no column `{missing}`, only `{}`", there.join("`, `")))
                .hint("the first line of a CSV file must name its columns; rename the one that is meant");
        }
        for (index, name) in columns.iter().enumerate() {
            if !name.is_empty() && columns[..index].contains(name) {
                bail!("two columns are named `{}`", super::message::excerpt(name));
            }
        }
        Ok(Self { reader, columns, left, row: csv::ByteRecord::new() })
    }

    /// Returns the line that the row just read starts on. The library's own count starts before empty lines.
    fn first_line(&self) -> u64 {
        let within = self.row.as_slice().iter().filter(|byte| **byte == b'\n').count();
        self.reader.position().line().saturating_sub(1 + within as u64)
    }

    fn fields(&self) -> Result<Fields, String> {
        if self.row.len() != self.columns.len() {
            return Err(format!("cells: {}, column names: {}", self.row.len(), self.columns.len()));
        }
        let row = StringRecord::from_byte_record(self.row.clone())
            .map_err(|error| format!("not UTF-8 in column `{}`", self.columns[error.utf8_error().field()]))?;
        let cells = self.columns.iter().zip(row.iter());
        let filled = cells.filter(|(name, cell)| !name.is_empty() && !cell.trim().is_empty());
        Ok(filled.map(|(name, cell)| (name.clone(), Value::from(cell.trim()))).collect())
    }
}

impl<R: BufRead> Iterator for Table<R> {
    type Item = Result<(u64, Fields), LineError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            self.left.set(RECORD_BYTES_MAX);
            let line = self.reader.position().line();
            match self.reader.read_byte_record(&mut self.row) {
                Ok(false) => return None,
                Ok(true) if self.row.len() == 1 && self.row[0].trim_ascii().is_empty() => {}
                Ok(true) => {
                    let line = self.first_line();
                    return Some(self.fields().map(|fields| (line, fields)).map_err(|why| LineError::new(line, why)));
                }
                Err(error) => return Some(Err(LineError::fatal(line, reason(&error)))),
            }
        }
    }
}

fn reason(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::Io(error) => error.to_string(),
        _ => error.to_string(),
    }
}

/// Stops a row that never ends: a quote that is not closed would take the rest of the file into memory. And ends the
/// last row, so that all rows end alike.
struct Guard<R> {
    reader: R,
    left: Rc<Cell<usize>>,
    last: u8,
}

impl<R: Read> Read for Guard<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.left.get();
        if left == 0 {
            let mib = RECORD_BYTES_MAX / (1024 * 1024);
            return Err(io::Error::other(format!("a row longer than {mib} MiB; a quote that is never closed?")));
        }
        let mut n_bytes = self.reader.read(buffer)?;
        if n_bytes == 0 && !buffer.is_empty() && self.last != b'\n' {
            buffer[0] = b'\n';
            n_bytes = 1;
        }
        if let Some(last) = buffer[..n_bytes].last() {
            self.last = *last;
        }
        self.left.set(left.saturating_sub(n_bytes));
        Ok(n_bytes)
    }
}
