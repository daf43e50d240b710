//! Files as they come: told by their first bytes, unpacked, decoded, and read as often as needed.
//!
//! An [`Input`] is opened once and read several times: to find its encoding, to see what columns it has, and to load
//! it. What can be read only once, a pipe or a device, is copied to a temporary file first. Nothing here prints; what
//! was guessed is a note.

pub(super) mod encoding;
pub(super) mod sniff;
pub(super) mod stream;
pub(super) mod text;

use std::fs::File;
use std::io::{self, BufRead, Read, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use super::readers::{self, Source};
use super::{Options, Subject};
use crate::error::{Explain as _, cannot_open, usage};
use crate::text::shell_word;
use encoding::Decoded;
use sniff::Kind;
use stream::Stream;
pub use text::OnBytes;
pub(super) use text::silent;
use text::{Text, beginning, bytes, decoded};

/// A file, folder or stream of records.
pub struct Input {
    /// Name in messages: the path as typed, or `<stdin>`.
    pub name: String,
    /// Guesses that should be said.
    pub notes: Vec<String>,
    /// Bytes that reading it once takes; 0 where that is not known.
    pub length: u64,
    path: PathBuf,
    /// Removed with the input: a copy of a stream, or what was unpacked.
    _copy: Option<tempfile::TempPath>,
    body: Body,
}

enum Body {
    Folder,
    Sheet,
    Sqlite,
    Text(Text),
}

impl Input {
    /// Opens a path, or `-` for stdin, and finds out what it is.
    pub fn open(path: &Path, options: &Options) -> anyhow::Result<Input> {
        let is_stdin = path.as_os_str() == "-";
        let name = if is_stdin { "<stdin>".to_owned() } else { path.display().to_string() };
        if !is_stdin && let Err(error) = std::fs::metadata(path) {
            return Err(cannot_open(path, error));
        }
        Self::find(path, is_stdin, &name, options).with_context(|| format!("cannot load `{name}`"))
    }

    fn find(path: &Path, is_stdin: bool, name: &str, options: &Options) -> anyhow::Result<Input> {
        let input = |path: PathBuf, copy, length, body| {
            let notes = vec![];
            Input { name: name.to_owned(), notes, length, path, _copy: copy, body }
        };
        if !is_stdin {
            let metadata = std::fs::metadata(path).with_context(|| format!("cannot open `{name}`"))?;
            if metadata.is_dir() {
                if options.subject == Subject::Entities {
                    return Err(usage("a folder is no catalog"))
                        .hint(format!("its files are named: `gleaner load entities {}/*`", shell_word(name)));
                }
                return Ok(input(path.to_owned(), None, 0, Body::Folder));
            }
            if metadata.is_file() {
                let found = |path: PathBuf, copy, body| input(path, copy, metadata.len(), body);
                return Self::regular(path.to_owned(), None, name, options, found);
            }
        }
        let mut stream = if is_stdin { Stream::stdin() } else { Stream::file(path) };
        let start = stream.fill_buf().context("cannot read the beginning")?;
        let name = if is_stdin { "" } else { name };
        let kind = sniff::kind(start, name, options.subject)?;
        match kind {
            None if options.encoding.is_none() => _ = encoding::by_beginning(start)?,
            Some(Kind::Gzip) => text::check_unpacked(start, options)?,
            _ => {}
        }
        let mut copy = tempfile::NamedTempFile::new().context("cannot make a temporary file")?;
        stream::spool(&mut stream, copy.as_file_mut(), kind.is_none())?;
        let copy = copy.into_temp_path();
        let length = std::fs::metadata(&copy).map_or(0, |metadata| metadata.len());
        Self::regular(copy.to_path_buf(), Some(copy), name, options, |path, copy, body| input(path, copy, length, body))
    }

    /// Finds out what a regular file is; `name` is the one that counts for its ending.
    fn regular(
        path: PathBuf,
        copy: Option<tempfile::TempPath>,
        name: &str,
        options: &Options,
        found: impl Fn(PathBuf, Option<tempfile::TempPath>, Body) -> Input,
    ) -> anyhow::Result<Input> {
        let start = beginning(bytes(&path, false, &silent())?)?;
        let mut kind = sniff::kind(&start, name, options.subject)?;
        let is_gzip = kind == Some(Kind::Gzip);
        let mut start = start;
        if is_gzip {
            start = beginning(bytes(&path, true, &silent())?).context("cannot unpack it")?;
            kind = sniff::kind(&start, name.strip_suffix(".gz").unwrap_or(name), options.subject)?;
        }
        let body = match kind {
            Some(Kind::Gzip) => bail!("what is gzipped in it is gzipped again"),
            Some(Kind::Sheet) => Body::Sheet,
            Some(Kind::Sqlite) => Body::Sqlite,
            _ => return Self::text(path, copy, &start, is_gzip, name, options, found),
        };
        options.check_fit(matches!(body, Body::Sheet), matches!(body, Body::Sqlite), false)?;
        let check_size = |path: &Path| match body {
            Body::Sheet => readers::sheet::check_size(path),
            _ => Ok(()),
        };
        if !is_gzip {
            check_size(&path)?;
            return Ok(found(path, copy, body));
        }
        // These are read in no order, so they must lie on the disk as they are.
        let mut unpacked = tempfile::NamedTempFile::new().context("cannot make a temporary file")?;
        let n_bytes_max = if matches!(body, Body::Sheet) { readers::sheet::UNPACKED_BYTES_MAX } else { u64::MAX };
        let mut packed = bytes(&path, true, &silent())?.take(n_bytes_max);
        let n_bytes = io::copy(&mut packed, &mut unpacked).context("cannot unpack it")?;
        if n_bytes == n_bytes_max {
            return readers::sheet::too_large();
        }
        unpacked.flush().context("cannot unpack it")?;
        let unpacked = unpacked.into_temp_path();
        check_size(&unpacked)?;
        Ok(found(unpacked.to_path_buf(), Some(unpacked), body))
    }

    fn text(
        path: PathBuf,
        copy: Option<tempfile::TempPath>,
        start: &[u8],
        is_gzip: bool,
        name: &str,
        options: &Options,
        found: impl Fn(PathBuf, Option<tempfile::TempPath>, Body) -> Input,
    ) -> anyhow::Result<Input> {
        let known = match options.encoding {
            Some(encoding) => Some(encoding),
            None => encoding::by_beginning(start)?,
        };
        let encoding = match known {
            Some(encoding) => encoding::Found { encoding, is_guessed: false },
            None => encoding::by_content(|| bytes(&path, is_gzip, &silent()))?,
        };
        let mut text = Vec::new();
        let n_read = Decoded::new(start, encoding.encoding, false).read_to_end(&mut text);
        n_read.context("cannot read the beginning")?;
        let text = String::from_utf8_lossy(&text);
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let kind = match options.format {
            Some(super::Format::Csv) => Kind::Table,
            Some(super::Format::JsonLines) if text.trim_start().starts_with('[') => Kind::Json,
            Some(super::Format::JsonLines) => Kind::JsonLines,
            // Without an ending nothing tells a list of names from a table of one column but the type, which is typed.
            None if options.mapping.entity_type.is_some() && sniff::is_list_of_names(text, name) => Kind::Text,
            None => sniff::text_kind(text, name, options.subject)?,
        };
        options.check_fit(false, false, kind == Kind::Table)?;
        let has_old_lines = text.contains('\r') && !text.contains('\n');
        let mut input =
            found(path, copy, Body::Text(Text { kind, is_gzip, encoding: encoding.encoding, has_old_lines }));
        if encoding.is_guessed {
            input.notes.push(format!("read as {}, a guess; `--encoding` overrules it", encoding.encoding.name()));
        }
        Ok(input)
    }

    /// Returns whether it is a text table, whose cells may be guarded against spreadsheet programs.
    pub(super) fn is_table(&self) -> bool {
        matches!(self.body, Body::Text(Text { kind: Kind::Table, .. }) | Body::Sheet)
    }

    /// Begins to read the records.
    pub(super) fn records(&self, options: &Options, on_bytes: &OnBytes) -> anyhow::Result<Source> {
        match &self.body {
            Body::Folder => readers::folder::open(&self.path, options),
            Body::Sheet => readers::sheet::open(File::open(&self.path)?, options.sheet.as_deref()),
            Body::Sqlite => readers::sqlite::open(&self.path, options.sql.as_deref(), options.table.as_deref()),
            Body::Text(text) => self.text_records(text, options, on_bytes),
        }
    }

    fn text_records(&self, text: &Text, options: &Options, on_bytes: &OnBytes) -> anyhow::Result<Source> {
        let open = |on_bytes: &OnBytes| decoded(&self.path, text, on_bytes);
        let reader = open(on_bytes)?;
        let file = Path::new(&self.name).file_name().map(|name| name.to_string_lossy().into_owned());
        let file = file.filter(|name| name != "<stdin>").unwrap_or_default();
        Ok(match text.kind {
            Kind::JsonLines => Source::of(readers::line_records::LineRecords::json(reader)),
            Kind::Json => readers::json_document::open(|| open(&silent()), reader)?,
            Kind::Text if options.subject == Subject::Entities => Source::of(readers::names::names(reader)),
            Kind::Text | Kind::Html => readers::folder::document(reader, &file, text.kind == Kind::Html)?,
            _ => readers::table::open(reader, options.delimiter)?,
        })
    }
}

impl Options {
    /// Refuses options that mean nothing for a file of this kind.
    fn check_fit(&self, is_sheet: bool, is_sqlite: bool, is_table: bool) -> anyhow::Result<()> {
        let misfit = match () {
            () if self.sheet.is_some() && !is_sheet => "`--sheet` is for spreadsheets",
            () if self.sql.is_some() && !is_sqlite => "`--sql` is for SQLite databases",
            () if self.table.is_some() && !is_sqlite => "`--table` is for SQLite databases",
            () if self.delimiter.is_some() && !is_table => "`--delimiter` is for text tables",
            () => return Ok(()),
        };
        Err(usage(format!("{misfit}, and the file is none"))).hint("load files of different kinds one by one")
    }
}
