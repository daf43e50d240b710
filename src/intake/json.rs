//! JSON Lines, and the one JSON array that many exports are.

use std::io::{self, BufRead};

use super::{Fields, LineError, RECORD_BYTES_MAX};
use crate::text::lines::Lines;

/// One JSON object a line. Empty lines are nothing.
pub(super) struct JsonLines<R>(Lines<R>);

impl<R: BufRead> JsonLines<R> {
    pub(super) fn new(reader: R) -> Self {
        Self(Lines::new(reader, RECORD_BYTES_MAX))
    }
}

impl<R: BufRead> Iterator for JsonLines<R> {
    type Item = Result<(u64, Fields), LineError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let number = self.0.number() + 1;
            return Some(match self.0.next() {
                Err(error) => Err(LineError::fatal(number, format!("cannot be read: {error}"))),
                Ok(None) => return None,
                Ok(Some(line)) if line.is_blank() => continue,
                Ok(Some(line)) if !line.is_whole => Err(LineError::new(number, too_long())),
                Ok(Some(line)) => {
                    fields(line.bytes).map(|fields| (number, fields)).map_err(|reason| LineError::new(number, reason))
                }
            });
        }
    }
}

/// The elements of one JSON array, found by their brackets and read one at a time.
pub(super) struct JsonArray<R> {
    bytes: Bytes<R>,
    state: State,
    buffer: Vec<u8>,
}

enum State {
    Start,
    Between,
    Over,
}

impl<R: BufRead> JsonArray<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { bytes: Bytes { reader, line: 1 }, state: State::Start, buffer: Vec::new() }
    }

    /// Moves to the next element; `Ok(None)` at the end of the array.
    fn find_element(&mut self) -> Result<Option<u8>, String> {
        if matches!(self.state, State::Start) {
            // The caller has looked: the first byte that is not white space is the bracket.
            self.bytes.next_visible()?;
        }
        let next = self.bytes.next_visible()?;
        let next = match (&self.state, next) {
            (_, Some(b']')) => {
                self.state = State::Over;
                return match self.bytes.next_visible()? {
                    None => Ok(None),
                    Some(_) => Err("something follows the end of the JSON array".into()),
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

    /// Reads an element into the buffer, up to the bracket that closes it; one that is too long is read past.
    fn read_element(&mut self, first: u8) -> Result<bool, String> {
        self.buffer.clear();
        let (mut depth, mut in_string, mut is_escaped, mut byte) = (0_u32, false, false, first);
        let mut n_bytes = 0_usize;
        loop {
            n_bytes += 1;
            if n_bytes <= RECORD_BYTES_MAX {
                self.buffer.push(byte);
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
            if depth == 0 && !in_string && matches!(self.bytes.peek()?, Some(b',' | b']') | None) {
                return Ok(true);
            }
            byte = self.bytes.next()?.ok_or("the JSON array breaks off within an element")?;
        }
    }
}

impl<R: BufRead> Iterator for JsonArray<R> {
    type Item = Result<(u64, Fields), LineError>;

    fn next(&mut self) -> Option<Self::Item> {
        if matches!(self.state, State::Over) {
            return None;
        }
        let first = match self.find_element() {
            Ok(first) => first?,
            Err(reason) => return Some(Err(LineError::fatal(self.bytes.line, reason))),
        };
        let line = self.bytes.line;
        Some(match self.read_element(first) {
            Err(reason) => Err(LineError::fatal(line, reason)),
            Ok(false) => Err(LineError::new(line, too_long())),
            Ok(true) => {
                fields(&self.buffer).map(|fields| (line, fields)).map_err(|reason| LineError::new(line, reason))
            }
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

fn too_long() -> String {
    format!("longer than {} MiB", RECORD_BYTES_MAX / (1024 * 1024))
}

/// Reads one object, or says why it is none.
pub(super) fn fields(json: &[u8]) -> Result<Fields, String> {
    let text = std::str::from_utf8(json).map_err(|error| format!("not UTF-8 at byte {}", error.valid_up_to() + 1))?;
    let parsed = serde_json::from_str(text).or_else(|error| match without_nan(text) {
        Some(text) => serde_json::from_str(&text),
        None => Err(error),
    });
    match parsed {
        Ok(serde_json::Value::Object(fields)) => Ok(fields),
        Ok(other) => Err(format!("{} in place of a JSON object", super::message::kind_of(&other))),
        Err(error) => {
            // The library counts lines within the text; ours is one record, and the column is enough.
            let message = error.to_string();
            let message = message.split(" at line ").next().unwrap_or_default();
            Err(format!("not JSON: {message} (column {})", error.column()))
        }
    }
}

/// Puts `null` where Python writes `NaN`, `Infinity` or `-Infinity`, which are no JSON; `None` where there are none.
fn without_nan(text: &str) -> Option<String> {
    const WORDS: [&str; 3] = ["NaN", "-Infinity", "Infinity"];
    let mut out = String::new();
    let (mut copied, mut at, mut in_string) = (0, 0, false);
    let bytes = text.as_bytes();
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if in_string => at += 1,
            b'"' => in_string = !in_string,
            b'N' | b'I' | b'-' if !in_string => {
                if let Some(word) = WORDS.iter().find(|word| bytes[at..].starts_with(word.as_bytes())) {
                    out.push_str(&text[copied..at]);
                    out.push_str("null");
                    at += word.len();
                    copied = at;
                    continue;
                }
            }
            _ => {}
        }
        at += 1;
    }
    out.push_str(&text[copied..]);
    (copied > 0).then_some(out)
}
