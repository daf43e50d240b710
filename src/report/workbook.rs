//! XLSX: a sheet for each kind of rows. Every text is a text: nothing is taken for a formula or a link.

use std::io::{Read as _, Seek as _, Write};

use anyhow::Context as _;
use rust_xlsxwriter::{DocProperties, Format, Workbook, Worksheet};
use serde_json::Value as Json;

/// Rows of a sheet, its heads included: the limit of the format.
const ROWS_MAX: u32 = 1_048_576;
/// UTF-16 units of a cell: the limit of the format.
const CELL_UNITS_MAX: usize = 32_767;
/// Columns of a sheet: the limit of the format.
const COLUMNS_MAX: usize = 16_384;
/// Author of a workbook, by which its own are known.
pub const AUTHOR: &str = "gleaner";

/// A workbook that is being filled; rows lie in temporary files until it is written.
pub struct Book {
    book: Workbook,
    head: Format,
    name: String,
    heads: Vec<String>,
    /// Sheets of this kind so far.
    n_sheets: u32,
    row: u32,
    rows_max: u32,
    /// Cells whose text was longer than the format allows.
    pub n_cut: u64,
}

impl Default for Book {
    fn default() -> Self {
        let mut book = Workbook::new();
        book.set_properties(&DocProperties::new().set_author(AUTHOR));
        Self {
            book,
            head: Format::new().set_bold(),
            name: String::new(),
            heads: vec![],
            n_sheets: 0,
            row: 0,
            rows_max: ROWS_MAX,
            n_cut: 0,
        }
    }
}

impl Book {
    /// Begins the sheet of a kind.
    pub fn sheet(&mut self, name: &str, heads: &[String]) -> anyhow::Result<()> {
        anyhow::ensure!(
            heads.len() <= COLUMNS_MAX,
            "`{name}` has {} columns, and a sheet has {COLUMNS_MAX} at most; `--format csv` has all of them",
            heads.len()
        );
        name.clone_into(&mut self.name);
        heads.clone_into(&mut self.heads);
        self.n_sheets = 0;
        self.next_sheet()
    }

    fn next_sheet(&mut self) -> anyhow::Result<()> {
        self.n_sheets += 1;
        let name = if self.n_sheets == 1 { self.name.clone() } else { format!("{} {}", self.name, self.n_sheets) };
        let sheet = self.book.add_worksheet_with_constant_memory().context("cannot make a sheet")?;
        sheet.set_name(name)?.set_freeze_panes(1, 0)?;
        for (at, head) in (0u16..).zip(&self.heads) {
            sheet.set_column_width(at, width(head))?;
            sheet.write_string_with_format(0, at, head, &self.head)?;
        }
        self.row = 1;
        Ok(())
    }

    /// Writes a row; where a sheet is full, in a further one.
    pub fn row(&mut self, values: &[Json], text_of: impl Fn(&Json) -> String) -> anyhow::Result<()> {
        if self.row >= self.rows_max {
            self.next_sheet()?;
        }
        let row = self.row;
        self.row += 1;
        let mut n_cut = 0;
        let last = self.book.worksheets().len() - 1;
        let sheet = self.book.worksheet_from_index(last)?;
        for (at, value) in (0u16..).zip(values) {
            n_cut += u64::from(write(sheet, row, at, value, &text_of)?);
        }
        self.n_cut += n_cut;
        Ok(())
    }

    /// Writes the workbook.
    pub fn finish(mut self, out: &mut dyn Write) -> anyhow::Result<()> {
        let mut file = tempfile::tempfile().context("cannot make a temporary file")?;
        self.book.save_to_writer(&mut file).context("cannot write the workbook")?;
        file.rewind()?;
        let mut buffer = vec![0; 1 << 16];
        loop {
            match file.read(&mut buffer)? {
                0 => return Ok(out.flush()?),
                n => out.write_all(&buffer[..n])?,
            }
        }
    }
}

/// Writes a cell; returns whether its text was cut.
fn write(
    sheet: &mut Worksheet,
    row: u32,
    at: u16,
    value: &Json,
    text_of: impl Fn(&Json) -> String,
) -> anyhow::Result<bool> {
    match value {
        Json::Null => {}
        Json::Bool(is) => _ = sheet.write_boolean(row, at, *is)?,
        Json::Number(number) => _ = sheet.write_number(row, at, number.as_f64().unwrap_or_default())?,
        other => {
            let text = match other {
                Json::String(text) => text.clone(),
                other => text_of(other),
            };
            let (text, is_cut) = fitting(&text);
            if !text.is_empty() {
                sheet.write_string(row, at, text)?;
            }
            return Ok(is_cut);
        }
    }
    Ok(false)
}

/// Returns as much of a text as a cell holds, and whether that is not all.
fn fitting(text: &str) -> (String, bool) {
    if text.len() <= CELL_UNITS_MAX || text.encode_utf16().count() <= CELL_UNITS_MAX {
        return (text.to_owned(), false);
    }
    let (mut fits, mut n_units) = (String::new(), 0);
    for c in text.chars() {
        n_units += c.len_utf16();
        if n_units >= CELL_UNITS_MAX {
            break;
        }
        fits.push(c);
    }
    fits.push('…');
    (fits, true)
}

/// Width of a column, in characters, by what stands in it.
fn width(head: &str) -> f64 {
    match head {
        "text" => 60.0,
        _ if ["title", "name", "url", "mention", "label"].iter().any(|word| head.contains(word)) => 32.0,
        _ => f64::from(u32::try_from(head.chars().count()).unwrap_or(32).clamp(10, 32)) + 2.0,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use calamine::{Data, Reader as _, Xlsx};
    use serde_json::json;

    use super::*;

    fn list(value: &Json) -> String {
        value.to_string()
    }

    #[test]
    fn texts_stay_texts_and_what_is_too_much_goes_on() {
        let mut book = Book { rows_max: 3, ..Book::default() };
        book.sheet("links", &["id".into(), "n".into(), "is".into()]).unwrap();
        for (id, n) in [("=1+1", json!(1)), ("007", json!(0.5)), ("\u{1}x", json!(null)), ("@x", json!([]))] {
            book.row(&[json!(id), n, json!(true)], list).unwrap();
        }
        book.sheet("long", &["text".into()]).unwrap();
        book.row(&[json!("🚀".repeat(20_000))], list).unwrap();
        assert_eq!(book.n_cut, 1);
        let mut bytes = vec![];
        book.finish(&mut bytes).unwrap();
        let mut read: Xlsx<_> = calamine::open_workbook_from_rs(Cursor::new(bytes)).unwrap();
        assert_eq!(read.sheet_names(), ["links", "links 2", "long"]);
        let range = read.worksheet_range("links").unwrap();
        assert_eq!(range.get((1, 0)), Some(&Data::String("=1+1".into())));
        assert_eq!(range.get((2, 0)), Some(&Data::String("007".into())));
        assert_eq!(range.get((2, 1)), Some(&Data::Float(0.5)));
        assert!(read.worksheet_formula("links").unwrap().is_empty());
        assert_eq!(read.worksheet_range("links 2").unwrap().height(), 3);
        let long = read.worksheet_range("long").unwrap();
        let Some(Data::String(text)) = long.get((1, 0)) else { panic!("a text") };
        assert!(text.encode_utf16().count() <= CELL_UNITS_MAX && text.ends_with('…'));
    }
}
