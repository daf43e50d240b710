//! CSV and its kin: a line of column names, then a row a record.
//!
//! Rows are put together from lines by our own hand, since a quote that is never closed must cost its own row only: the
//! reader then goes back to the line behind the one where the quote opens.

use std::collections::VecDeque;
use std::io::BufRead;

use anyhow::{Result, anyhow, bail};
use serde_json::Value;

use super::{COLUMNS_MAX, Record, Source};
use crate::intake::{Fields, LineError, RECORD_BYTES_MAX};
use crate::text::lines::Lines;

/// Separators of cells; where the line of names has two of them as often, the later one counts.
const DELIMITERS: [u8; 6] = [0x1f, 0x01, b'|', b'\t', b';', b','];

/// Unclosed quotes after which a row may be no longer than [`SHORT_ROW_BYTES`]: each costs reading on to that limit.
const UNCLOSED_MAX: u32 = 10;
const SHORT_ROW_BYTES: usize = 256 * 1024;

/// Begins to read a table; `delimiter` is the one that was typed.
pub(in crate::intake) fn open(reader: impl BufRead + 'static, delimiter: Option<u8>) -> Result<Source> {
    let table = Table::new(reader, delimiter)?;
    Ok(Source { columns: table.columns.clone(), ..Source::of(table) })
}

/// Reads what was typed as a delimiter.
pub(in crate::intake) fn parse_delimiter(word: &str) -> Option<u8> {
    match word {
        "tab" | "\\t" => Some(b'\t'),
        "comma" => Some(b','),
        "semicolon" => Some(b';'),
        "pipe" => Some(b'|'),
        "space" => Some(b' '),
        _ => match word.as_bytes() {
            [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\n' | b'\r') => Some(*byte),
            _ => None,
        },
    }
}

/// The rows of a table, as fields by column name; empty cells are left out.
struct Table<R> {
    lines: Lines<R>,
    /// Lines to be read again.
    again: VecDeque<(u64, Vec<u8>)>,
    row: Row,
    columns: Vec<String>,
    n_unclosed: u32,
    is_over: bool,
}

/// A line, or why there is none.
enum Next {
    Line(u64, Vec<u8>),
    TooLong(u64),
    Broken(u64, String),
    End,
}

impl<R: BufRead> Table<R> {
    fn new(reader: R, delimiter: Option<u8>) -> Result<Self> {
        let mut table = Self {
            lines: Lines::new(reader, RECORD_BYTES_MAX),
            again: VecDeque::new(),
            row: Row::default(),
            columns: vec![],
            n_unclosed: 0,
            is_over: false,
        };
        let mut told = delimiter;
        let (number, heads) = loop {
            match table.next_line() {
                Next::Line(_, line) if line.trim_ascii().is_empty() => {}
                // A spreadsheet program's word to itself.
                Next::Line(1, line) if line.len() < 10 && line.to_ascii_lowercase().starts_with(b"sep=") => {
                    told = told.or(line.get(4).copied().filter(|byte| byte.is_ascii() && *byte != b'\r'));
                }
                Next::Line(number, line) => break (number, line),
                Next::TooLong(_) => bail!("the line of column names is {}", super::too_long()),
                Next::Broken(_, reason) => bail!("{reason}"),
                Next::End => return Ok(table),
            }
        };
        table.row.delimiter = told.unwrap_or_else(|| delimiter_of(&heads));
        table.again.push_front((number, heads));
        match table.read_row() {
            Some(Ok(_)) => {}
            Some(Err(error)) => bail!("line {}: {}", error.line, error.reason),
            None => return Ok(table),
        }
        if table.row.cells.len() > COLUMNS_MAX {
            bail!("{}", super::too_wide(table.row.cells.len()));
        }
        let text = |cell: &Vec<u8>| String::from_utf8(cell.clone()).map(|name| name.trim().to_owned());
        let names: Result<Vec<String>, _> = table.row.cells.iter().map(text).collect();
        let names = names.map_err(|_| anyhow!("the line of column names is not UTF-8"))?;
        table.columns = super::distinct(names.into_iter());
        Ok(table)
    }

    fn next_line(&mut self) -> Next {
        if let Some((number, line)) = self.again.pop_front() {
            return Next::Line(number, line);
        }
        let number = self.lines.number() + 1;
        match self.lines.next() {
            Ok(Some(line)) if line.is_whole => Next::Line(number, line.bytes.to_vec()),
            Ok(Some(_)) => Next::TooLong(number),
            Ok(None) => Next::End,
            Err(error) => Next::Broken(number, format!("cannot be read: {error}")),
        }
    }

    /// Reads a row into `self.row`, over as many lines as its quotes ask for; returns the line it starts on.
    fn read_row(&mut self) -> Option<Result<u64, LineError>> {
        let (first, line) = loop {
            match self.next_line() {
                Next::Line(_, line) if line.trim_ascii().is_empty() => {}
                Next::Line(number, line) => break (number, line),
                Next::TooLong(number) => return Some(Err(LineError::new(number, super::too_long()))),
                Next::Broken(number, reason) => {
                    self.is_over = true;
                    return Some(Err(LineError::fatal(number, reason)));
                }
                Next::End => return None,
            }
        };
        self.row.start();
        self.row.feed(&line);
        let mut more: Vec<(u64, Vec<u8>)> = vec![];
        let mut n_bytes = line.len();
        let bytes_max = if self.n_unclosed < UNCLOSED_MAX { RECORD_BYTES_MAX } else { SHORT_ROW_BYTES };
        let mut stop = None;
        while self.row.is_open() && !self.row.is_broken && n_bytes <= bytes_max {
            match self.next_line() {
                Next::Line(number, line) => {
                    self.row.feed_break();
                    self.row.feed(&line);
                    n_bytes += line.len();
                    more.push((number, line));
                }
                end @ (Next::TooLong(_) | Next::Broken(..)) => {
                    stop = Some(end);
                    break;
                }
                Next::End => break,
            }
        }
        let was_open = self.row.is_open();
        self.row.end();
        let fits = self.columns.is_empty() || self.row.cells.len() == self.columns.len();
        if was_open || (!more.is_empty() && (self.row.is_broken || !fits)) {
            self.n_unclosed += 1;
            for line in more.into_iter().rev() {
                self.again.push_front(line);
            }
            if let Some(Next::Broken(number, reason)) = stop {
                self.is_over = self.again.is_empty();
                // Said when the lines before it have been read again.
                if self.is_over {
                    return Some(Err(LineError::fatal(number, reason)));
                }
            }
            return Some(Err(LineError::new(first, "a quote opens here and is not closed in this row")));
        }
        Some(Ok(first))
    }

    fn fields(&mut self) -> Result<Fields, String> {
        let (n_cells, n_columns) = (self.row.cells.len(), self.columns.len());
        let is_filled = |cell: &Vec<u8>| !cell.trim_ascii().is_empty();
        if n_cells < n_columns || self.row.cells.iter().skip(n_columns).any(is_filled) {
            return Err(format!("cells: {n_cells}, column names: {n_columns}"));
        }
        let mut fields = Fields::new();
        for (name, cell) in self.columns.iter().zip(&self.row.cells) {
            let text = std::str::from_utf8(cell).map_err(|_| format!("not UTF-8 in column `{name}`"))?.trim();
            if !name.is_empty() && !text.is_empty() {
                fields.insert(name.clone(), Value::from(text));
            }
        }
        Ok(fields)
    }
}

impl<R: BufRead> Iterator for Table<R> {
    type Item = Record;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over || self.columns.is_empty() {
            return None;
        }
        Some(match self.read_row()? {
            Ok(line) => self.fields().map(|fields| (line, fields)).map_err(|reason| LineError::new(line, reason)),
            Err(error) => Err(error),
        })
    }
}

/// Returns what stands between the cells of the line of names: what it has most of, outside of quotes.
fn delimiter_of(line: &[u8]) -> u8 {
    let mut counts = [0_u32; DELIMITERS.len()];
    let mut in_quotes = false;
    for byte in line {
        in_quotes ^= *byte == b'"';
        if !in_quotes && let Some(place) = DELIMITERS.iter().position(|delimiter| delimiter == byte) {
            counts[place] += 1;
        }
    }
    // The last of equals wins in `max_by_key`.
    let most = (0..DELIMITERS.len()).max_by_key(|place| counts[*place]);
    most.map_or(b',', |place| DELIMITERS[place])
}

/// A row being put together.
#[derive(Default)]
struct Row {
    delimiter: u8,
    cells: Vec<Vec<u8>>,
    n_cells: usize,
    state: State,
    /// True where something stands between a closing quote and the end of its cell.
    is_broken: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Start,
    Plain,
    Quoted,
    /// Behind a quote within quotes: the end of the cell, or the first of two.
    Quote,
}

impl Row {
    fn start(&mut self) {
        (self.n_cells, self.state, self.is_broken) = (0, State::Start, false);
        self.begin_cell();
    }

    fn begin_cell(&mut self) {
        match self.cells.get_mut(self.n_cells) {
            Some(cell) => cell.clear(),
            None => self.cells.push(Vec::new()),
        }
        self.n_cells += 1;
        self.state = State::Start;
    }

    fn push(&mut self, byte: u8) {
        if let Some(cell) = self.cells.get_mut(self.n_cells - 1) {
            cell.push(byte);
        }
    }

    fn feed(&mut self, line: &[u8]) {
        // The carriage return before a line end belongs to it; within quotes it stays, as the text has it.
        for (at, &byte) in line.iter().enumerate() {
            match self.state {
                State::Start | State::Plain if byte == self.delimiter => self.begin_cell(),
                State::Quote if byte == self.delimiter => self.begin_cell(),
                State::Start if byte == b'"' => self.state = State::Quoted,
                State::Start if byte == b' ' && self.delimiter != b' ' => self.push(byte),
                State::Start | State::Plain => {
                    self.state = State::Plain;
                    self.push(byte);
                }
                State::Quoted if byte == b'"' => self.state = State::Quote,
                State::Quoted => self.push(byte),
                State::Quote if byte == b'"' => {
                    self.state = State::Quoted;
                    self.push(byte);
                }
                State::Quote if matches!(byte, b' ' | b'\r') || (byte == b'\t' && at + 1 == line.len()) => {}
                State::Quote => {
                    self.is_broken = true;
                    self.state = State::Plain;
                    self.push(b'"');
                    self.push(byte);
                }
            }
        }
    }

    fn feed_break(&mut self) {
        self.push(b'\n');
    }

    fn is_open(&self) -> bool {
        self.state == State::Quoted
    }

    fn end(&mut self) {
        self.cells.truncate(self.n_cells);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delimiters_are_counted_outside_of_quotes() {
        for (line, expected) in [
            ("a,b", b','),
            ("a;b", b';'),
            ("a\tb", b'\t'),
            ("a|b", b'|'),
            ("\"a,b,c\";d", b';'),
            ("a", b','),
            ("a,b;c", b','),
        ] {
            assert_eq!(delimiter_of(line.as_bytes()), expected, "{line}");
        }
        assert_eq!(parse_delimiter("tab"), Some(b'\t'));
        assert_eq!(parse_delimiter(":"), Some(b':'));
        assert_eq!(parse_delimiter("ab"), None);
        assert_eq!(parse_delimiter("é"), None);
    }
}
