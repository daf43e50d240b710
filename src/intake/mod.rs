//! Files of groups and entities, as people have them, into the model and into the database.
//!
//! `input` tells what a file is by its first bytes, unpacks and decodes it. `readers` has one file a format, each of
//! which yields records: maps of fields with the line they start on. `survey` looks at a file before it is loaded,
//! `columns` knows fields by their names, and `record` makes a group or an entity of them. `load` is the driver: the
//! one place that decides what happens to what cannot be read.
//!
//! There are two levels of failure: a file that cannot be read at all is an `Err` of the call; one bad line is an `Err`
//! of the iterator, with its number and the reason, and the next line goes on. Memory does not grow with the file,
//! apart from a few bytes an id by which the second appearance of an id is found. Nothing here prints.

mod clean;
mod columns;
pub mod date;
mod grouping;
mod html;
pub mod input;
pub mod load;
mod merge;
mod message;
mod readers;
mod record;
mod records;
mod roles;
mod seen;
mod survey;
mod wikidata;

use std::fmt;

use encoding_rs::Encoding;
use serde_json::{Map, Value};

use crate::model::{Decision, Entity};
use crate::store::TopicDecision;
use crate::text::shell_word;

pub use input::Input;
pub use record::dates::Undated;
pub use record::group::Made;
pub use records::{bundled_entities, bundled_groups, typed_entity};
pub use roles::field;

/// The longest line, JSON element or row that is read. A group is a few stories; what is longer than this is no
/// group but a file of another kind, or a quote that never closes.
pub const RECORD_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Encoding and dialect of a text file, where its beginning and its name should not tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line, or one JSON array of objects.
    JsonLines,
    /// A line of column names, then a row a record.
    Csv,
}

/// Subject of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Subject {
    /// Story groups.
    #[default]
    Groups,
    /// A catalog.
    Entities,
}

/// Options of reading files.
#[derive(Clone, Default)]
pub struct Options {
    /// Groups or entities.
    pub subject: Subject,
    /// Format of the files; `None`: told by their first bytes and names.
    pub format: Option<Format>,
    /// Their encoding; `None`: found.
    pub encoding: Option<&'static Encoding>,
    /// Separator of cells; `None`: found.
    pub delimiter: Option<u8>,
    /// The sheet of a spreadsheet, by name or number.
    pub sheet: Option<String>,
    /// The statement whose rows are read of a database.
    pub sql: Option<String>,
    /// The table that is read of a database.
    pub table: Option<String>,
    /// Mapping of their columns.
    pub mapping: Mapping,
    /// The command line as typed, but for the columns: hints put those right.
    pub command: String,
}

impl Options {
    /// Returns the command line as typed, with the columns for which `is_right` holds, `more` of `--map` in the place of
    /// what was typed, and other options.
    pub fn command_with(
        &self,
        is_right: impl Fn(&str) -> bool,
        more: &[(String, String)],
        options: &[String],
    ) -> String {
        let mapping = &self.mapping;
        let mut words = vec![self.command.clone()];
        // Rows are grouped by what is their group's id.
        let (by_group, more): (Vec<_>, Vec<_>) =
            more.iter().partition(|(field, _)| field == "id" && mapping.group_by.is_some());
        let grouped = mapping.group_by.as_ref().filter(|column| is_right(column));
        let grouped = by_group.first().map(|(_, column)| column).or(grouped);
        words.extend(grouped.map(|column| format!("--group-by {}", shell_word(column))));
        let typed = mapping.columns.iter().filter(|(field, column)| {
            let is_by_group = field == "id" && mapping.group_by.as_ref() == Some(column);
            !is_by_group && is_right(column) && more.iter().all(|(other, _)| other != field)
        });
        let pairs: Vec<String> =
            typed.chain(more.iter().copied()).map(|(field, column)| format!("{field}={column}")).collect();
        if !pairs.is_empty() {
            words.push(format!("--map {}", shell_word(&pairs.join(","))));
        }
        words.extend(options.iter().cloned());
        words.join(" ")
    }
}

/// Mapping of the columns of files, as far as it was typed.
#[derive(Clone, Debug, Default)]
pub struct Mapping {
    /// Our name of a field and the column that it is; an empty column: none is.
    pub columns: Vec<(String, String)>,
    /// Source of ids.
    pub id_from: Option<IdFrom>,
    /// The column that says which rows are one group.
    pub group_by: Option<String>,
    /// The order of day and month in dates in figures.
    pub date_order: Option<date::Order>,
    /// The type of entities that say none.
    pub entity_type: Option<String>,
}

/// Source of ids, where no column has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdFrom {
    /// The address.
    Url,
    Text,
    /// The place in the file.
    Row,
}

/// Reads the name of an encoding.
pub fn encoding(name: &str) -> Option<&'static Encoding> {
    input::encoding::parse(name)
}

/// Reads a delimiter: a character, or a word for one.
pub fn delimiter(word: &str) -> Option<u8> {
    readers::table::parse_delimiter(word)
}

/// Reads a line that is one JSON object, or says why it is none.
pub fn object(line: &[u8]) -> Result<Map<String, Value>, String> {
    readers::line_records::fields(line)
}

/// A line that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineError {
    /// Its number, from 1; of a record over several lines, the first.
    pub line: u64,
    /// Why, in words: lower case, no final period.
    pub reason: String,
    /// True where nothing can be read after it: the file broke off or lost its shape.
    pub is_fatal: bool,
}

impl LineError {
    fn new(line: u64, reason: impl Into<String>) -> Self {
        Self { line, reason: reason.into(), is_fatal: false }
    }

    fn fatal(line: u64, reason: impl Into<String>) -> Self {
        Self { line, reason: reason.into(), is_fatal: true }
    }

    /// Returns the reason without what is particular to this line, so that lines can be counted by it.
    pub fn kind(&self) -> String {
        let mut kind = String::with_capacity(self.reason.len());
        let mut in_quotes = false;
        let mut last_is_digit = false;
        for c in self.reason.chars() {
            match c {
                '`' => {
                    in_quotes = !in_quotes;
                    kind.push_str(if in_quotes { "`…" } else { "`" });
                }
                _ if in_quotes => {}
                '0'..='9' if last_is_digit => {}
                '0'..='9' => kind.push('…'),
                c => kind.push(c),
            }
            last_is_digit = c.is_ascii_digit();
        }
        kind
    }
}

impl fmt::Display for LineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.reason)
    }
}

impl std::error::Error for LineError {}

/// The fields of one record, before they are looked at.
type Fields = Map<String, Value>;

/// Record of a catalog's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CatalogRecord {
    /// Decision about two topics: a record without `id`, with `decision` and `topic`.
    Topic(TopicDecision),
    Entity(Entity),
    /// Decision about a mention: a record without `id`, with `decision` and `mention`.
    Decision(Decision),
}

#[cfg(test)]
mod tests;
