//! Files of groups and entities, read into the model line by line.
//!
//! [`groups`] and [`entities`] take any `BufRead` and return an iterator. There are two levels of failure: a file that
//! cannot be read at all is an `Err` of the call; one bad line is an `Err` of the iterator, with its number and the
//! reason, and the next line goes on. Memory does not grow with the file, apart from a few bytes an id by which the
//! second appearance of an id is found.
//!
//! Three forms are read: JSON Lines; a JSON array of objects, as exports and `jq -s` write it; and CSV with a line of
//! names at its head. Whatever the form, a record becomes a map of fields (`json`, `table`), and `record` turns that
//! into a group or an entity, so all forms have the same fields and the same rules.
//!
//! Nothing here opens a file, prints or decides what happens to a bad line.

pub mod date;
mod json;
pub mod load;
mod message;
mod record;
mod seen;
mod table;

use std::collections::BTreeSet;
use std::fmt;
use std::io::BufRead;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use serde_json::{Map, Value};

use crate::error::Explain as _;
use crate::model::{Entity, Group, Taught};
use record::Ignored;
use seen::SeenIds;

/// The longest line, JSON element or CSV row that is read. A group is a few stories; what is longer than this is no
/// group but a file of another kind, or a quote that never closes.
pub const RECORD_BYTES_MAX: usize = 16 * 1024 * 1024;

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line, or one JSON array of objects.
    JsonLines,
    /// A line of column names, then a row a record; `,`, `;` or tab between the cells.
    Csv,
}

impl Format {
    /// Returns the format that a file's name promises: `.csv` and `.tsv` are tables, all else is JSON.
    pub fn detect(path: &Path) -> Format {
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        if ["csv", "tsv"].iter().any(|table| extension.eq_ignore_ascii_case(table)) {
            Format::Csv
        } else {
            Format::JsonLines
        }
    }

    /// Reads the word of a `--format` option.
    pub fn parse(word: &str) -> Option<Format> {
        match word {
            "jsonl" => Some(Format::JsonLines),
            "csv" => Some(Format::Csv),
            _ => None,
        }
    }
}

/// A line that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineError {
    /// Its number, from 1; of a record over several lines, the first.
    pub line: u64,
    /// Why, in words: lower case, no final period.
    pub reason: String,
    /// Whether nothing can be read after it: the file broke off or lost its shape.
    pub is_fatal: bool,
}

impl LineError {
    fn new(line: u64, reason: impl Into<String>) -> Self {
        Self { line, reason: reason.into(), is_fatal: false }
    }

    fn fatal(line: u64, reason: impl Into<String>) -> Self {
        Self { line, reason: reason.into(), is_fatal: true }
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

/// Where records come from: the line a record starts on, and its fields.
type Source<'a> = Box<dyn Iterator<Item = Result<(u64, Fields), LineError>> + 'a>;

/// An iterator over the records of a file, each with the line it starts on.
pub struct Records<'a, T> {
    source: Source<'a>,
    convert: fn(Fields, &mut Ignored) -> Result<T, String>,
    /// What the record is known by; some have nothing of the kind.
    id_of: fn(&T) -> Option<[&str; 2]>,
    seen: SeenIds,
    ignored: Ignored,
    is_over: bool,
}

impl<T> Records<'_, T> {
    /// Returns the names of the fields that were there and mean nothing to us, as far as the file was read.
    pub fn ignored(&self) -> &BTreeSet<String> {
        &self.ignored.names
    }
}

impl<T> Iterator for Records<'_, T> {
    type Item = Result<(u64, T), LineError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        let record = self.source.next()?.and_then(|(line, fields)| {
            let record = (self.convert)(fields, &mut self.ignored).map_err(|reason| LineError::new(line, reason))?;
            let seen = (self.id_of)(&record).and_then(|[kind, id]| Some((id, self.seen.see(kind, id, line)?)));
            match seen {
                None => Ok((line, record)),
                Some((id, first)) => Err(LineError::new(line, format!("id `{id}` is already on line {first}"))),
            }
        });
        self.is_over = matches!(&record, Err(error) if error.is_fatal);
        Some(record)
    }
}

/// Reads story groups; the error says why the file cannot be read at all.
pub fn groups<'a>(reader: impl BufRead + 'a, format: Format) -> Result<Records<'a, Group>> {
    let source = source(reader, format, &["id"], &[&["text", "stories"]])?;
    Ok(records(source, record::group, group_id))
}

/// Reads catalog entities; the error says why the file cannot be read at all.
pub fn entities<'a>(reader: impl BufRead + 'a, format: Format) -> Result<Records<'a, Entity>> {
    let source = source(reader, format, &["id", "type", "name"], &[])?;
    Ok(records(source, record::entity, entity_id))
}

/// What a file of a catalog holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CatalogRecord {
    /// An entity.
    Entity(Entity),
    /// What a person decided about a mention: a record without `id`, with `decision` and `mention`.
    Decision(Taught),
}

/// Reads a catalog: entities, and the decisions that go with them; the error says why the file cannot be read at all.
pub fn catalog<'a>(reader: impl BufRead + 'a, format: Format) -> Result<Records<'a, CatalogRecord>> {
    let source = source(reader, format, &["id", "type", "name"], &[])?;
    Ok(records(source, record::catalog, catalog_id))
}

/// Reads a line that is one JSON object, or says why it is none.
pub fn object(line: &[u8]) -> Result<serde_json::Map<String, Value>, String> {
    json::fields(line)
}

/// Makes an entity of what was typed, by the rules for a line of a file.
pub fn typed_entity(entity: &Entity) -> Result<Entity, String> {
    let fields = match serde_json::to_value(entity) {
        Ok(Value::Object(fields)) => fields,
        _ => return Err("not an entity".into()),
    };
    record::entity(fields, &mut Ignored::default())
}

fn group_id(group: &Group) -> Option<[&str; 2]> {
    Some(["", group.id.as_str()])
}

fn entity_id(entity: &Entity) -> Option<[&str; 2]> {
    Some([entity.entity_type.as_str(), entity.id.as_str()])
}

fn catalog_id(record: &CatalogRecord) -> Option<[&str; 2]> {
    match record {
        CatalogRecord::Entity(entity) => entity_id(entity),
        CatalogRecord::Decision(_) => None,
    }
}

fn records<'a, T>(
    source: Source<'a>,
    convert: fn(Fields, &mut Ignored) -> Result<T, String>,
    id_of: fn(&T) -> Option<[&str; 2]>,
) -> Records<'a, T> {
    Records { source, convert, id_of, seen: SeenIds::default(), ignored: Ignored::default(), is_over: false }
}

/// Looks at how the file starts and chooses its reader. `required` and `one_of` are the columns of a table.
fn source<'a>(
    mut reader: impl BufRead + 'a,
    format: Format,
    required: &[&str],
    one_of: &[&[&str]],
) -> Result<Source<'a>> {
    let start = reader.fill_buf().context("cannot read the file")?;
    match start {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => bail!("the file is UTF-16, not UTF-8; save it again as UTF-8"),
        [0x1f, 0x8b, ..] => {
            return Err(anyhow::anyhow!("the file is compressed")).hint("`gzip -dc FILE | gleaner load … -`");
        }
        [b'P', b'K', 3, 4, ..] => bail!("the file is a ZIP archive or a spreadsheet; export it as CSV"),
        [0xef, 0xbb, 0xbf, ..] => reader.consume(3),
        _ => {}
    }
    Ok(match format {
        Format::Csv => Box::new(table::Table::new(reader, required, one_of)?),
        Format::JsonLines if starts_an_array(&mut reader)? => Box::new(json::JsonArray::new(reader)),
        Format::JsonLines => Box::new(json::JsonLines::new(reader)),
    })
}

/// Returns whether the first byte that is not white space, as far as the buffer shows, opens a list.
fn starts_an_array(reader: &mut impl BufRead) -> Result<bool> {
    let start = reader.fill_buf().context("cannot read the file")?;
    Ok(start.trim_ascii_start().first() == Some(&b'['))
}

#[cfg(test)]
mod tests;
