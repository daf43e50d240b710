//! Spreadsheets: the rows of one sheet of an XLSX file, the first that is not empty being the names of the columns.

use std::fs::File;
use std::io::{self, BufReader, Read as _};
use std::path::Path;

use anyhow::{Context as _, Result, anyhow, bail};
use calamine::{DataRef, ExcelDateTime, Reader as _, Xlsx};
use serde_json::Value;

use super::{COLUMNS_MAX, Source, producer};
use crate::error::{Explain as _, not_found};
use crate::intake::input::stream::Stoppable;
use crate::intake::{Fields, LineError};

/// Bytes that all parts of a workbook may have when unpacked. Its texts are held in memory, and a packed file of a
/// thousandth of that size could fill it.
pub(in crate::intake) const UNPACKED_BYTES_MAX: u64 = 1024 * 1024 * 1024;

type Book = Xlsx<BufReader<Stoppable>>;

/// The number of a row, from 1, and its cells with their columns, from 0.
type Row = (u64, Vec<(usize, String)>);

/// Begins to read a sheet: the one that is named, by its name or its number from 1, or else the first.
pub(in crate::intake) fn open(file: File, sheet: Option<&str>) -> Result<Source> {
    let workbook: Result<Book, _> = Xlsx::new(BufReader::new(Stoppable(file)));
    let mut workbook = workbook
        .map_err(|error| anyhow!("it is not a whole XLSX workbook: {error}"))
        .hint("save it again as XLSX, or as CSV")?;
    let names = workbook.sheet_names();
    let numbered = |name: &str| name.parse::<usize>().ok().and_then(|number| names.get(number.checked_sub(1)?));
    let name = match sheet {
        Some(name) => names
            .iter()
            .find(|own| *own == name)
            .or_else(|| numbered(name))
            .cloned()
            .ok_or_else(|| not_found(format!("there is no sheet `{name}`, only `{}`", names.join("`, `"))))?,
        None => names.first().cloned().context("the workbook has no sheet")?,
    };
    let note = (sheet.is_none() && names.len() > 1)
        .then(|| format!("sheet `{name}` of `{}`; `--sheet` takes another", names.join("`, `")));
    // The library lends a cell only as long as the workbook is not touched, so a thread of its own holds both.
    let mut rows = producer::start(move |give| {
        if let Err(error) = each_row(&mut workbook, &name, &mut |row| give(Ok(row))) {
            give(Err(LineError::fatal(0, format!("cannot be read: {error}"))));
        }
    });
    let heads = match rows.next() {
        None => vec![],
        Some(Err(error)) => bail!("{}", error.reason),
        Some(Ok((_, cells))) => cells,
    };
    let width = heads.iter().map(|(column, _)| column + 1).max().unwrap_or(0);
    if width > COLUMNS_MAX {
        bail!("{}", super::too_wide(width));
    }
    let mut columns = vec![String::new(); width];
    for (column, head) in heads {
        columns[column] = head.trim().to_owned();
    }
    let columns = super::distinct(columns.into_iter());
    let heads = columns.clone();
    let records = rows.map(move |row| row.map(|(number, cells)| (number, fields(&heads, cells))));
    Ok(Source { columns, note, records: Box::new(records) })
}

/// Refuses a workbook that is larger unpacked than what is read. Its parts are unpacked to be counted: the sizes that
/// stand in the archive are what its maker says. That takes as long as reading them, so it is done once for an input.
pub(in crate::intake) fn check_size(path: &Path) -> Result<()> {
    check_size_up_to(path, UNPACKED_BYTES_MAX)
}

fn check_size_up_to(path: &Path, bytes_max: u64) -> Result<()> {
    let file = File::open(path)?;
    let Ok(mut archive) = zip::ZipArchive::new(BufReader::new(Stoppable(file))) else { return Ok(()) };
    let mut left = bytes_max;
    for index in 0..archive.len() {
        // A part that cannot be unpacked is for the reader of the workbook to say.
        let Ok(part) = archive.by_index(index) else { continue };
        left -= io::copy(&mut part.take(left), &mut io::sink()).unwrap_or(0);
        if left == 0 {
            return too_large();
        }
    }
    Ok(())
}

/// The refusal of a workbook that is larger than what is read.
pub(in crate::intake) fn too_large<T>() -> Result<T> {
    let gib = UNPACKED_BYTES_MAX / (1024 * 1024 * 1024);
    Err(anyhow!("unpacked it is larger than the limit of {gib} GiB")).hint("save it as CSV")
}

fn each_row(book: &mut Book, sheet: &str, give: &mut dyn FnMut(Row) -> bool) -> Result<(), calamine::XlsxError> {
    let mut cells = book.worksheet_cells_reader(sheet)?;
    let mut row: Row = (0, vec![]);
    while let Some(cell) = cells.next_cell()? {
        let (number, column) = cell.get_position();
        let number = u64::from(number) + 1;
        let Some(text) = text(cell.get_value()) else { continue };
        if number != row.0 {
            let full = std::mem::replace(&mut row, (number, vec![]));
            if !full.1.is_empty() && !give(full) {
                return Ok(());
            }
        }
        row.1.push((column as usize, text));
    }
    if !row.1.is_empty() {
        give(row);
    }
    Ok(())
}

/// A cell as text; `None` where nothing stands in it.
fn text(cell: &DataRef<'_>) -> Option<String> {
    let text = match cell {
        DataRef::Empty | DataRef::Error(_) => return None,
        DataRef::String(text) => text.clone(),
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) => number.to_string(),
        DataRef::Bool(value) => value.to_string(),
        DataRef::DateTime(time) => date(time),
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
    };
    (!text.trim().is_empty()).then_some(text)
}

fn date(time: &ExcelDateTime) -> String {
    if !time.is_datetime() {
        return time.as_f64().to_string();
    }
    let (year, month, day, hour, minute, second, _) = time.to_ymd_hms_milli();
    let date = format!("{year:04}-{month:02}-{day:02}");
    // Midnight is how a cell writes a day.
    if (hour, minute, second) == (0, 0, 0) { date } else { format!("{date}T{hour:02}:{minute:02}:{second:02}") }
}

fn fields(columns: &[String], cells: Vec<(usize, String)>) -> Fields {
    let named = |(column, text): (usize, String)| {
        let name = columns.get(column).filter(|name| !name.is_empty())?;
        Some((name.clone(), Value::from(text)))
    };
    cells.into_iter().filter_map(named).collect()
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn a_workbook_is_measured_by_what_it_unpacks_to() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bomb.xlsx");
        let mut bomb = zip::ZipWriter::new(File::create(&path).unwrap());
        for part in ["xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"] {
            bomb.start_file(part, zip::write::SimpleFileOptions::default()).unwrap();
            bomb.write_all(&vec![b' '; 600_000]).unwrap();
        }
        bomb.finish().unwrap();
        assert!(std::fs::metadata(&path).unwrap().len() < 10_000);
        assert!(
            check_size_up_to(&path, 1_000_000)
                .is_err_and(|error| error.to_string().starts_with("unpacked it is larger"))
        );
        assert!(check_size_up_to(&path, 1_300_000).is_ok());
    }
}
