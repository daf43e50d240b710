//! A plain list of names: one a line.

use std::io::BufRead;

use serde_json::Value;

use super::Record;
use crate::intake::{Fields, LineError, RECORD_BYTES_MAX};
use crate::text::lines::Lines;

/// One name a line, the only field of its record. Empty lines are nothing.
pub(in crate::intake) struct Names<R> {
    lines: Lines<R>,
    is_over: bool,
}

impl<R: BufRead> Names<R> {
    pub(in crate::intake) fn new(reader: R) -> Self {
        Self { lines: Lines::new(reader, RECORD_BYTES_MAX), is_over: false }
    }
}

impl<R: BufRead> Iterator for Names<R> {
    type Item = Record;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.is_over {
            let number = self.lines.number() + 1;
            return Some(match self.lines.next() {
                Ok(None) => return None,
                Ok(Some(line)) if line.is_blank() => continue,
                Ok(Some(line)) if !line.is_whole => Err(LineError::new(number, super::too_long())),
                Ok(Some(line)) => match std::str::from_utf8(line.bytes) {
                    Ok(name) => Ok((number, Fields::from_iter([("name".to_owned(), Value::from(name.trim()))]))),
                    Err(error) => Err(LineError::new(number, format!("not UTF-8 at byte {}", error.valid_up_to() + 1))),
                },
                Err(error) => {
                    self.is_over = true;
                    Err(LineError::fatal(number, format!("cannot be read: {error}")))
                }
            });
        }
        None
    }
}
