//! CSV that a spreadsheet can open without running anything.

use std::io::Write;

use anyhow::Context as _;

/// Writes rows of text.
pub struct Rows<W: Write>(csv::Writer<W>);

impl<W: Write> Rows<W> {
    /// Begins with a byte order mark, without which a spreadsheet takes UTF-8 for another encoding, and a row of heads.
    pub fn for_spreadsheets(mut out: W, heads: &[&str]) -> anyhow::Result<Self> {
        out.write_all("\u{feff}".as_bytes()).context("cannot write CSV")?;
        Self::new(out, heads)
    }

    /// Begins with a row of heads.
    pub fn new(out: W, heads: &[&str]) -> anyhow::Result<Self> {
        let mut rows = Self(csv::Writer::from_writer(out));
        // A head may be the name of an attribute, which is from outside too.
        let heads = heads.iter().map(|head| neutral(head).into_owned());
        rows.0.write_record(heads).context("cannot write CSV")?;
        Ok(rows)
    }

    /// Writes a row.
    pub fn row(&mut self, cells: &[Cell<'_>]) -> anyhow::Result<()> {
        for cell in cells {
            match cell {
                Cell::Text(text) => self.0.write_field(neutral(text).as_bytes())?,
                Cell::Owned(text) => self.0.write_field(neutral(text).as_bytes())?,
                Cell::Opt(text) => self.0.write_field(neutral(text.unwrap_or_default()).as_bytes())?,
                Cell::Plain(digits) => self.0.write_field(digits)?,
                Cell::Number(n) => self.0.write_field(n.to_string())?,
                Cell::Count(n) => self.0.write_field(n.to_string())?,
            }
        }
        self.0.write_record(None::<&[u8]>).context("cannot write CSV")
    }

    /// Writes what is still held.
    pub fn finish(mut self) -> anyhow::Result<()> {
        self.0.flush().context("cannot write CSV")
    }
}

/// Value of a cell.
#[derive(Clone, Debug)]
pub enum Cell<'a> {
    /// Text from outside.
    Text(&'a str),
    /// Text from outside, or nothing.
    Opt(Option<&'a str>),
    /// Text put together from outside.
    Owned(String),
    /// Digits that the program wrote itself, in which a minus is no formula.
    Plain(String),
    /// A measure.
    Number(f64),
    /// A number of things.
    Count(u64),
}

/// Makes a text harmless that a spreadsheet would take for a formula: an apostrophe before it (the advice of OWASP's
/// page on CSV injection). Control characters that hide such a beginning go too.
pub fn neutral(text: &str) -> std::borrow::Cow<'_, str> {
    let begins = text.trim_start_matches(|c: char| c.is_whitespace() || c.is_control());
    let is_formula = begins.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠', '|', '%']);
    if is_formula || text.starts_with(['\t', '\r', '\n']) {
        return format!("'{text}").into();
    }
    text.into()
}

/// Takes the apostrophe off again, for files that come back.
pub fn plain(text: &str) -> &str {
    match text.strip_prefix('\'') {
        Some(rest) if neutral(rest) == text => rest,
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_no_formulas_either() {
        let mut out = vec![];
        Rows::new(&mut out, &["id", "=1+1"]).unwrap().finish().unwrap();
        assert_eq!(out, b"id,'=1+1\n");
    }

    #[test]
    fn formulas_become_text_and_come_back() {
        for (text, expected) in [
            ("Apollo 11", "Apollo 11"),
            ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t=1"),
            (" =1", "' =1"),
            ("＝1", "'＝1"),
            ("'quoted'", "'quoted'"),
            ("", ""),
        ] {
            assert_eq!(neutral(text), expected);
            assert_eq!(plain(&neutral(text)), text);
        }
    }
}
