//! JSON over any number of lines: an array of objects, objects one behind the other, or an envelope with an array in
//! it.
//!
//! The file is first read once for its structure alone, which finds the array; then its elements are read one at a
//! time, so that memory does not grow with it.

use std::io::{self, BufRead, Read as _};

use anyhow::Result;
use serde_json::Value;

use super::{Record, Source, line_records};
use crate::intake::columns;
use crate::intake::{Fields, LineError, RECORD_BYTES_MAX};

/// Depth to which in an envelope an array of records is looked for: `{"response":{"docs":[…]}}` has it at 2.
const DEPTH_MAX: usize = 3;

/// An array with objects in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct FoundArray {
    path: String,
    offset: u64,
    line: u64,
    n_objects: u64,
}

/// Begins to read the records of a document; `open` begins its reading anew.
pub(in crate::intake) fn open<R: BufRead + 'static>(open: impl Fn() -> Result<R>, mut reader: R) -> Result<Source> {
    let mut scan = Scan::default();
    scan.read(&mut open()?)?;
    let mut found = std::mem::take(&mut scan.found);
    found.sort_by_key(|found| std::cmp::Reverse(found.n_objects));
    let envelope = (!columns::is_record(scan.keys.iter().map(String::as_str))).then(|| found.first()).flatten();
    let Some(array) = envelope else { return Ok(Source::of(Values::new(reader, scan.is_array))) };
    io::copy(&mut reader.by_ref().take(array.offset), &mut io::sink())?;
    let others: Vec<&str> = found.iter().skip(1).map(|found| found.path.as_str()).take(5).collect();
    let note = match others.as_slice() {
        [] => format!("records from `{}`", array.path),
        others => format!("records from `{}`; not read: `{}`", array.path, others.join("`, `")),
    };
    let mut values = Values::new(reader, true);
    values.bytes.line = array.line;
    values.is_within = true;
    Ok(Source { note: Some(note), ..Source::of(values) })
}

/// Returns whether an object is an envelope of records: no record itself, with a list of objects in it.
pub(in crate::intake) fn records_within(fields: &Fields) -> bool {
    fn holds(value: &Value, depth: usize) -> bool {
        match value {
            Value::Array(values) => values.first().is_some_and(Value::is_object),
            Value::Object(fields) if depth < DEPTH_MAX => fields.values().any(|value| holds(value, depth + 1)),
            _ => false,
        }
    }
    !columns::is_record(fields.keys().map(String::as_str)) && fields.values().any(|value| holds(value, 1))
}

/// The structure of the first value of a file.
#[derive(Default)]
struct Scan {
    is_array: bool,
    keys: Vec<String>,
    found: Vec<FoundArray>,
}

/// An open bracket.
enum Open {
    Object {
        key: String,
        is_key_next: bool,
    },
    /// Of an array that may hold the records, its place in `found`.
    Array(Option<usize>),
}

impl Scan {
    fn read(&mut self, reader: &mut impl BufRead) -> io::Result<()> {
        let (mut offset, mut line) = (0_u64, 1_u64);
        let mut open: Vec<Open> = vec![];
        let mut string: Option<Vec<u8>> = None;
        let (mut in_string, mut is_escaped) = (false, false);
        loop {
            let chunk = reader.fill_buf()?;
            if chunk.is_empty() {
                return Ok(());
            }
            let n_bytes = chunk.len();
            for &byte in chunk {
                line += u64::from(byte == b'\n');
                offset += 1;
                if in_string {
                    match byte {
                        _ if is_escaped => is_escaped = false,
                        b'\\' => is_escaped = true,
                        b'"' => {
                            in_string = false;
                            if let (Some(name), Some(Open::Object { key, is_key_next })) =
                                (string.take(), open.last_mut())
                            {
                                *key = String::from_utf8_lossy(&name).into_owned();
                                *is_key_next = false;
                                if open.len() == 1 && self.keys.len() < super::COLUMNS_MAX {
                                    self.keys.push(String::from_utf8_lossy(&name).into_owned());
                                }
                            }
                            continue;
                        }
                        _ => {}
                    }
                    if let Some(name) = string.as_mut().filter(|name| name.len() < 200) {
                        name.push(byte);
                    }
                    continue;
                }
                match byte {
                    b'"' => {
                        in_string = true;
                        string = matches!(open.last(), Some(Open::Object { is_key_next: true, .. })).then(Vec::new);
                    }
                    b'{' => {
                        if let Some(Open::Array(Some(place))) = open.last() {
                            self.found[*place].n_objects += 1;
                        }
                        open.push(Open::Object { key: String::new(), is_key_next: true });
                    }
                    b'[' if open.is_empty() => {
                        // An array is its own plan.
                        self.is_array = true;
                        return Ok(());
                    }
                    b'[' => {
                        let path = path(&open);
                        let place = path.map(|path| {
                            self.found.push(FoundArray { path, offset: offset - 1, line, n_objects: 0 });
                            self.found.len() - 1
                        });
                        open.push(Open::Array(place));
                    }
                    b'}' | b']' => {
                        if let Some(Open::Array(Some(place))) = open.pop()
                            && self.found[place].n_objects == 0
                            && place + 1 == self.found.len()
                        {
                            self.found.pop();
                        }
                        if open.is_empty() {
                            return Ok(());
                        }
                    }
                    b',' => {
                        if let Some(Open::Object { is_key_next, .. }) = open.last_mut() {
                            *is_key_next = true;
                        }
                    }
                    _ => {}
                }
                // No document nests so deep; what does is read as records, whose parser says it.
                if open.len() > 200 {
                    return Ok(());
                }
            }
            reader.consume(n_bytes);
        }
    }
}

/// The names that lead to here, if there are only objects on the way and not too many.
fn path(open: &[Open]) -> Option<String> {
    let name = |open: &Open| match open {
        Open::Object { key, .. } => Some(key.clone()),
        Open::Array(_) => None,
    };
    let names: Option<Vec<String>> = (open.len() <= DEPTH_MAX).then(|| open.iter().map(name).collect()).flatten();
    names.map(|names| names.join("."))
}

/// Values found by their brackets and read one at a time: the elements of an array, or values one behind the other.
pub(in crate::intake) struct Values<R> {
    bytes: Bytes<R>,
    state: State,
    is_array: bool,
    /// True where the array stands in something that goes on behind it.
    is_within: bool,
    buffer: Vec<u8>,
}

enum State {
    Start,
    Between,
    Over,
}

impl<R: BufRead> Values<R> {
    pub(in crate::intake) fn new(reader: R, is_array: bool) -> Self {
        let bytes = Bytes { reader, line: 1 };
        Self { bytes, state: State::Start, is_array, is_within: false, buffer: Vec::new() }
    }

    /// Moves to the next value; `Ok(None)` where there are no more.
    fn find(&mut self) -> Result<Option<u8>, String> {
        if !self.is_array {
            return self.bytes.next_visible();
        }
        if matches!(self.state, State::Start) {
            // The bracket: somebody has looked.
            self.bytes.next_visible()?;
        }
        let next = self.bytes.next_visible()?;
        let next = match (&self.state, next) {
            (_, Some(b']')) => {
                self.state = State::Over;
                return match self.is_within || self.bytes.next_visible()?.is_none() {
                    true => Ok(None),
                    false => Err("something follows the end of the JSON array".into()),
                };
            }
            (State::Between, Some(b',')) => self.bytes.next_visible()?,
            (State::Between, Some(_)) => return Err("a comma is missing between two elements of the JSON array".into()),
            (_, next) => next,
        };
        self.state = State::Between;
        match next {
            Some(b',' | b']') => Err("an element of the JSON array is missing".into()),
            Some(byte) => Ok(Some(byte)),
            None => Err("the JSON array has no end".into()),
        }
    }

    /// Reads a value into the buffer, up to the bracket that closes it; one that is too long is read past.
    fn read_value(&mut self, first: u8) -> Result<bool, String> {
        self.buffer.clear();
        let (mut depth, mut in_string, mut is_escaped, mut byte) = (0_u32, false, false, first);
        let mut n_bytes = 0_usize;
        loop {
            n_bytes += 1;
            if n_bytes <= RECORD_BYTES_MAX {
                self.buffer.push(byte);
            } else if n_bytes > 16 * RECORD_BYTES_MAX {
                return Err(format!("a value without an end: over {} MiB", 16 * RECORD_BYTES_MAX / (1024 * 1024)));
            }
            match byte {
                _ if is_escaped => is_escaped = false,
                b'\\' if in_string => is_escaped = true,
                b'"' => in_string = !in_string,
                _ if in_string => {}
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 && !in_string && matches!(byte, b'}' | b']' | b'"') {
                return Ok(n_bytes <= RECORD_BYTES_MAX);
            }
            // A bare number or word ends before the comma or bracket, which belongs to the array.
            if depth == 0 && !in_string {
                match self.bytes.peek()? {
                    Some(b',' | b']') if self.is_array => return Ok(true),
                    Some(b'\n' | b'{') if !self.is_array => return Ok(true),
                    None => return Ok(true),
                    _ => {}
                }
            }
            byte = self.bytes.next()?.ok_or(match self.is_array {
                true => "the JSON array breaks off within an element",
                false => "the JSON breaks off within a value",
            })?;
        }
    }
}

impl<R: BufRead> Iterator for Values<R> {
    type Item = Record;

    fn next(&mut self) -> Option<Self::Item> {
        if matches!(self.state, State::Over) {
            return None;
        }
        let first = match self.find() {
            Ok(first) => first?,
            Err(reason) => {
                self.state = State::Over;
                return Some(Err(LineError::fatal(self.bytes.line, reason)));
            }
        };
        let line = self.bytes.line;
        Some(match self.read_value(first) {
            Err(reason) => {
                self.state = State::Over;
                Err(LineError::fatal(line, reason))
            }
            Ok(false) => Err(LineError::new(line, super::too_long())),
            Ok(true) => line_records::fields(&self.buffer)
                .map(|fields| (line, fields))
                .map_err(|reason| LineError::new(line, reason)),
        })
    }
}

/// Single bytes of a reader, with the line they are on.
struct Bytes<R> {
    reader: R,
    line: u64,
}

impl<R: BufRead> Bytes<R> {
    fn peek(&mut self) -> Result<Option<u8>, String> {
        loop {
            match self.reader.fill_buf() {
                Ok(chunk) => return Ok(chunk.first().copied()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(format!("cannot be read: {error}")),
            }
        }
    }

    fn next(&mut self) -> Result<Option<u8>, String> {
        let byte = self.peek()?;
        if byte.is_some() {
            self.reader.consume(1);
            self.line += u64::from(byte == Some(b'\n'));
        }
        Ok(byte)
    }

    fn next_visible(&mut self) -> Result<Option<u8>, String> {
        loop {
            match self.next()? {
                Some(b' ' | b'\t' | b'\r' | b'\n') => {}
                other => return Ok(other),
            }
        }
    }
}
