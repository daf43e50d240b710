//! Knowledge into files: rows of the store through the writers of `report`, one at a time.
//!
//! A thing has one name in all forms: `rows` holds those of tables, which are also the keys of JSON, and `graph` gives nodes
//! and edges the same ones.

mod catalog;
mod graph;
mod loadable;
mod rows;

pub use crate::report::cypher::Dialect;
pub use catalog::decision;

use std::io::Write;

use serde_json::Value as Json;

use crate::error::{Explain as _, usage};
use crate::report::csv::{Cell, Rows};
use crate::report::cypher::Script;
use crate::report::datasette;
use crate::report::gexf::Gexf;
use crate::report::graphml::Graphml;
use crate::report::workbook::Book;
use crate::store::Read;
use crate::store::explore::Period;

/// Kinds of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// One a group: as JSON with its stories, as `load groups` reads them.
    Groups,
    /// One a story.
    Stories,
    /// One for each topic of each group.
    Topics,
    /// One for each entity that is named.
    Entities,
    /// One for each mention.
    Links,
    /// One for each two entities that stand in the same groups.
    Cooccurrence,
    /// One for each entity of the catalog, named or not, and one for each decision: what `load entities` reads.
    Catalog,
}

/// Form of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Format {
    /// JSON Lines.
    Jsonl,
    Csv,
    /// A workbook with a sheet for each kind of rows.
    Xlsx,
    Graphml,
    /// A graph with time.
    Gexf,
    /// Cypher statements.
    Cypher(Dialect),
    /// Metadata for Datasette, of a database that is called so there.
    Datasette(String),
}

/// Subject of an export.
#[derive(Clone, Debug)]
pub struct Export {
    /// Kind of rows; `None`: everything, as a graph.
    pub what: Option<What>,
    /// Form of the file.
    pub format: Format,
    /// Time of the groups.
    pub period: Period,
    /// Pairs of entities must share so many groups.
    pub min_groups: u64,
    /// False where the texts of the stories are left out.
    pub with_text: bool,
}

/// Size of what was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Rows; of a graph nodes and edges.
    pub rows: u64,
    /// Cells whose text the format has no room for.
    pub n_cut: u64,
}

/// Writes the export.
pub fn write(read: Read<'_>, export: &Export, out: &mut dyn Write) -> anyhow::Result<Written> {
    match &export.format {
        Format::Xlsx => return workbook(read, export, out),
        Format::Datasette(database) => {
            if export.what.is_some() || !export.period.is_always() {
                return Err(usage("the metadata for Datasette are of the whole database"))
                    .hint("leave out what stands before `--format`, `--since`, `--until` and `--where`");
            }
            let tables = read.table_names()?;
            serde_json::to_writer_pretty(&mut *out, &datasette::metadata(database, &tables))?;
            out.write_all(b"\n")?;
            return Ok(Written { rows: tables.len() as u64, n_cut: 0 });
        }
        _ => {}
    }
    Ok(Written { rows: write_rows(read, export, out)?, n_cut: 0 })
}

/// Kinds of rows that a workbook of everything has, and the names of their sheets.
const SHEETS: [(What, &str); 6] = [
    (What::Groups, "groups"),
    (What::Stories, "stories"),
    (What::Topics, "topics"),
    (What::Links, "links"),
    (What::Entities, "entities"),
    (What::Cooccurrence, "cooccurrence"),
];

fn workbook(read: Read<'_>, export: &Export, out: &mut dyn Write) -> anyhow::Result<Written> {
    if export.what == Some(What::Catalog) {
        return Err(usage("a catalog is no workbook")).hint("`--format jsonl` and `--format csv` write it");
    }
    let mut book = Book::default();
    let mut n = 0;
    for (what, name) in SHEETS.iter().filter(|(own, _)| export.what.is_none_or(|what| what == *own)) {
        let heads = rows::heads(read, *what, rows::Form::Table)?;
        book.sheet(name, &heads)?;
        rows::each(read, *what, export, &heads, |row| {
            n += 1;
            book.row(&row, rows::in_a_cell)
        })?;
    }
    let n_cut = book.n_cut;
    book.finish(out)?;
    Ok(Written { rows: n, n_cut })
}

fn write_rows(read: Read<'_>, export: &Export, mut out: &mut dyn Write) -> anyhow::Result<u64> {
    let Export { format, what, .. } = export;
    match (format, what) {
        (Format::Graphml | Format::Gexf | Format::Cypher(_), Some(what @ (What::Catalog | What::Stories))) => {
            let what = if *what == What::Catalog { "a catalog is" } else { "stories are" };
            Err(usage(format!("{what} no graph"))).hint("`--format jsonl` and `--format csv` write them")
        }
        (Format::Jsonl, Some(What::Catalog)) => catalog::catalog_lines(read, out),
        (Format::Csv, Some(What::Catalog)) => catalog::catalog_table(read, out),
        (Format::Graphml | Format::Gexf | Format::Cypher(_), _) => {
            let columns = graph::columns(read, export)?;
            match format {
                Format::Gexf => graph::write(read, export, &columns, &mut Gexf::new(out, columns.clone())?),
                Format::Cypher(dialect) => {
                    graph::write(read, export, &columns, &mut Script::new(out, columns.clone(), *dialect)?)
                }
                _ => graph::write(read, export, &columns, &mut Graphml::new(out, columns.clone())?),
            }
        }
        (Format::Jsonl, None | Some(What::Groups)) => loadable::groups(read, export, out),
        (Format::Jsonl, Some(what)) => {
            let heads = rows::heads(read, *what, rows::Form::Lines)?;
            let mut n = 0;
            rows::each(read, *what, export, &heads, |row| {
                n += 1;
                let object: serde_json::Map<String, Json> = heads.iter().cloned().zip(row).collect();
                serde_json::to_writer(&mut out, &object)?;
                Ok(out.write_all(b"\n")?)
            })?;
            Ok(n)
        }
        (_, what) => {
            let what = what.unwrap_or(What::Links);
            let heads = rows::heads(read, what, rows::Form::Table)?;
            let mut rows = Rows::new(&mut out, &heads.iter().map(String::as_str).collect::<Vec<_>>())?;
            let mut n = 0;
            rows::each(read, what, export, &heads, |row| {
                n += 1;
                rows.row(&row.iter().map(cell).collect::<Vec<_>>())
            })?;
            rows.finish()?;
            Ok(n)
        }
    }
}

/// Stands before an attribute that is called as a column of ours is; `load groups` tells the two apart by it.
const ATTRIBUTE: &str = "attributes.";

/// Returns the attribute that a column holds.
fn attribute_of(column: &str) -> &str {
    column.strip_prefix(ATTRIBUTE).unwrap_or(column)
}

/// A value as a cell: lists as their texts, or the names of what is in them, with ` | ` between.
fn cell(value: &Json) -> Cell<'_> {
    match value {
        Json::Null => Cell::Opt(None),
        Json::String(text) => Cell::Text(text),
        Json::Number(n) => n.as_u64().map_or(Cell::Number(n.as_f64().unwrap_or_default()), Cell::Count),
        Json::Bool(is) => Cell::Count(u64::from(*is)),
        other => Cell::Owned(rows::in_a_cell(other)),
    }
}
