//! `gleaner sql`: a person's own question to the database.

use std::io::Write;
use std::path::Path;

use serde_json::{Map, Value as Json};

use super::output::whole_stdout;
use super::{Context, input};
use crate::cli::sql::{SqlArgs, SqlFormat};
use crate::error::{Exit, Explain as _, not_found};
use crate::report::csv::{Cell, Rows};
use crate::store::{Sink, Store, Value};
use crate::terminal::style::single_line;
use crate::terminal::table::{Side, Table};
use crate::terminal::words::count;
use crate::text::hex::hex;

/// The most that is read of a statement.
const SQL_BYTES_MAX: u64 = 1 << 20;

/// Rows that a table shows. It is laid out as a whole, and nobody reads more.
const TABLE_ROWS_MAX: usize = 1_000;

/// The documented database.
const SCHEMA: &str = include_str!("../../schema.sql");

/// Runs the command.
pub(super) fn run(args: &SqlArgs, context: &Context) -> anyhow::Result<Exit> {
    if let Some(name) = &args.schema {
        return schema(name, context);
    }
    let sql = match args.sql.as_deref().unwrap_or_default() {
        "-" => input::text_or_stdin(Path::new("-"), SQL_BYTES_MAX)?,
        typed => typed.to_owned(),
    };
    let mut store = context.open()?;
    let terminal = &context.terminal;
    let ask = |store: &mut Store, sink: &mut dyn Sink| {
        store.query(&sql, &args.params, sink).hint("`gleaner sql --schema` shows the tables and views")
    };
    if args.format == SqlFormat::Table && !terminal.is_json() {
        let mut rows = Shown::default();
        ask(&mut store, &mut rows)?;
        return rows.show(context);
    }
    whole_stdout(terminal, move |out| {
        let mut store = store;
        if args.format == SqlFormat::Csv {
            let mut rows = Csv { out: Some(out), rows: None };
            ask(&mut store, &mut rows)?;
            return rows.rows.map_or(Ok(()), Rows::finish);
        }
        let is_array = terminal.is_json() && !terminal.is_json_lines();
        let mut rows = Objects { out, is_array, names: vec![], n: 0 };
        ask(&mut store, &mut rows)?;
        rows.finish()
    })?;
    Ok(Exit::Done)
}

/// Shows the documented schema: all of it, or the tables and views whose names begin with `name`.
fn schema(name: &str, context: &Context) -> anyhow::Result<Exit> {
    let blocks: Vec<&str> = SCHEMA.split("\n\n").filter(|block| name.is_empty() || names(block, name)).collect();
    if blocks.is_empty() {
        return Err(not_found(format!("no table or view is called `{name}`")))
            .hint("`gleaner sql --schema` shows all of them");
    }
    if context.terminal.is_json() {
        context.terminal.json(&serde_json::json!({"schema": blocks.join("\n\n")}))?;
    } else {
        context.terminal.line(blocks.join("\n\n").trim_end())?;
    }
    Ok(Exit::Done)
}

/// Returns whether a block of the schema makes a table or view whose name begins so.
fn names(block: &str, name: &str) -> bool {
    block.lines().any(|line| {
        let made =
            ["CREATE TABLE ", "CREATE VIEW ", "CREATE VIRTUAL TABLE "].iter().find_map(|word| line.strip_prefix(word));
        made.is_some_and(|made| made.to_ascii_lowercase().starts_with(&name.to_ascii_lowercase()))
    })
}

/// Rows for a terminal.
#[derive(Default)]
struct Shown {
    names: Vec<String>,
    rows: Vec<Vec<String>>,
    are_numbers: Vec<bool>,
    has_more: bool,
}

impl Sink for Shown {
    fn columns(&mut self, names: &[String]) -> anyhow::Result<()> {
        self.names = names.iter().map(|name| single_line(name)).collect();
        self.are_numbers = vec![true; names.len()];
        Ok(())
    }

    fn row(&mut self, row: &[Value<'_>]) -> anyhow::Result<bool> {
        self.has_more = self.rows.len() == TABLE_ROWS_MAX;
        if self.has_more {
            return Ok(false);
        }
        for (is_number, value) in self.are_numbers.iter_mut().zip(row) {
            *is_number &= matches!(value, Value::Null | Value::Integer(_) | Value::Real(_));
        }
        self.rows.push(row.iter().map(|value| single_line(&text(*value))).collect());
        Ok(true)
    }
}

impl Shown {
    fn show(self, context: &Context) -> anyhow::Result<Exit> {
        let terminal = &context.terminal;
        let heads: Vec<_> = self
            .names
            .iter()
            .zip(&self.are_numbers)
            .map(|(name, is_number)| (name.as_str(), if *is_number { Side::Right } else { Side::Left }))
            .collect();
        let mut table = Table::new(&heads);
        let n = self.rows.len();
        self.rows.into_iter().for_each(|row| table.row(row));
        if table.is_empty() {
            // Names of columns are an answer, too.
            table.lines(usize::MAX).iter().try_for_each(|line| terminal.line(line))?;
        }
        terminal.table(&table, 0)?;
        if self.has_more {
            terminal.warn(format!("only the first {} are shown; `--format csv` writes all", count(n as u64, "row")));
        } else {
            terminal.status(count(n as u64, "row"));
        }
        Ok(Exit::Done)
    }
}

/// Rows as CSV.
struct Csv<W: Write> {
    out: Option<W>,
    rows: Option<Rows<W>>,
}

impl<W: Write> Sink for Csv<W> {
    fn columns(&mut self, names: &[String]) -> anyhow::Result<()> {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        self.rows = self.out.take().map(|out| Rows::new(out, &names)).transpose()?;
        Ok(())
    }

    fn row(&mut self, row: &[Value<'_>]) -> anyhow::Result<bool> {
        let cells: Vec<Cell<'_>> = row
            .iter()
            .map(|value| match value {
                Value::Integer(_) | Value::Real(_) => Cell::Plain(text(*value)),
                _ => Cell::Owned(text(*value)),
            })
            .collect();
        self.rows.as_mut().map_or(Ok(()), |rows| rows.row(&cells))?;
        Ok(true)
    }
}

/// Rows as JSON objects, a line each or in an array.
struct Objects<W: Write> {
    out: W,
    is_array: bool,
    names: Vec<String>,
    n: u64,
}

impl<W: Write> Sink for Objects<W> {
    fn columns(&mut self, names: &[String]) -> anyhow::Result<()> {
        for name in names {
            // Two columns of one name are two members, as `name` and `name_2`.
            let mut own = name.clone();
            let mut n = 1;
            while self.names.contains(&own) {
                n += 1;
                own = format!("{name}_{n}");
            }
            self.names.push(own);
        }
        Ok(())
    }

    fn row(&mut self, row: &[Value<'_>]) -> anyhow::Result<bool> {
        let object: Map<String, Json> = self.names.iter().cloned().zip(row.iter().map(|value| json(*value))).collect();
        if self.is_array {
            self.out.write_all(if self.n == 0 { b"[\n  " } else { b",\n  " })?;
        }
        serde_json::to_writer(&mut self.out, &object)?;
        if !self.is_array {
            self.out.write_all(b"\n")?;
        }
        self.n += 1;
        Ok(true)
    }
}

impl<W: Write> Objects<W> {
    fn finish(mut self) -> anyhow::Result<()> {
        match (self.is_array, self.n) {
            (true, 0) => self.out.write_all(b"[]\n")?,
            (true, _) => self.out.write_all(b"\n]\n")?,
            (false, _) => {}
        }
        Ok(())
    }
}

/// Returns a value as text: nothing for NULL, hexadecimal digits for bytes.
fn text(value: Value<'_>) -> String {
    match value {
        Value::Null => String::new(),
        Value::Integer(n) => n.to_string(),
        Value::Real(n) => n.to_string(),
        Value::Text(text) => String::from_utf8_lossy(text).into_owned(),
        Value::Blob(bytes) => hex(bytes),
    }
}

/// Returns a value as JSON: bytes as hexadecimal digits, a number that JSON has not as null.
fn json(value: Value<'_>) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Integer(n) => n.into(),
        Value::Real(n) => serde_json::Number::from_f64(n).map_or(Json::Null, Json::Number),
        Value::Text(_) | Value::Blob(_) => text(value).into(),
    }
}
