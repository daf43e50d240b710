//! One reader a format. Each yields records, with the line they start on, and none of them prints or decides.

pub(super) mod folder;
pub(super) mod json_document;
pub(super) mod line_records;
pub(super) mod names;
mod producer;
pub(super) mod sheet;
pub(super) mod sqlite;
pub(super) mod table;

use super::{Fields, LineError, RECORD_BYTES_MAX};

/// Most columns of a table, and fields of a record: what the widest spreadsheet has. A file with more is of another
/// kind.
pub(super) const COLUMNS_MAX: usize = 16_384;

/// A record of a file: its fields, and the line it starts on.
pub(super) type Record = Result<(u64, Fields), LineError>;

/// The records of a file.
pub(super) struct Source {
    /// Names of the columns, where the file has them apart from its records.
    pub(super) columns: Vec<String>,
    /// Choice that was made among several sheets or tables, to be said.
    pub(super) note: Option<String>,
    pub(super) records: Box<dyn Iterator<Item = Record>>,
}

impl Source {
    pub(super) fn of(records: impl Iterator<Item = Record> + 'static) -> Self {
        Self { columns: vec![], note: None, records: Box::new(records) }
    }
}

/// Gives each column a name of its own: a name that is there already gets a number behind it.
pub(super) fn distinct(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut columns: Vec<String> = vec![];
    let mut seen = std::collections::HashSet::new();
    for name in names {
        let mut own = name.clone();
        let mut n = 2;
        while !own.is_empty() && !seen.insert(own.clone()) {
            own = format!("{name} {n}");
            n += 1;
        }
        columns.push(own);
    }
    columns
}

/// Why a line or a value is no record: it is too long.
pub(super) fn too_long() -> String {
    format!("longer than {} MiB", RECORD_BYTES_MAX / (1024 * 1024))
}

pub(super) fn too_wide(n: usize) -> String {
    format!("{n} columns, over the limit of {COLUMNS_MAX}")
}
