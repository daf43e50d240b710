//! A plain list of names: one a line.

use std::io::BufRead;

use serde_json::Value;

use super::line_records::{LineRecords, text};
use crate::intake::Fields;

/// Reads one name a line, the only field of its record.
pub(in crate::intake) fn names<R: BufRead>(reader: R) -> LineRecords<R> {
    LineRecords::new(reader, |line| Ok(Fields::from_iter([("name".to_owned(), Value::from(text(line)?.trim()))])))
}
