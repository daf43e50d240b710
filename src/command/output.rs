//! Files that a person names for a result.

use std::io::{self, BufWriter, IntoInnerError, Seek as _, Write};
use std::path::Path;

use anyhow::Context as _;

use crate::command::own_file;
use crate::error::{Explain as _, usage};
use crate::terminal::Terminal;
use crate::text::whole_file::WholeFile;

/// Returns whether what is named as a file is stdout, as `-` is stdin for what is read.
pub(crate) fn is_stdout(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Bytes held back before they are written.
const WRITE_BYTES: usize = 256 * 1024;

/// Gives stdout what is written, when all of it is: the reader of a pipe may pause for as long as they like, and until then
/// whatever `write` holds, such as the database, would stay open.
pub(crate) fn whole_stdout<T>(
    terminal: &Terminal,
    write: impl FnOnce(&mut dyn Write) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let spool = tempfile::tempfile().context("cannot make a temporary file")?;
    let mut spool = BufWriter::with_capacity(WRITE_BYTES, spool);
    let result = write(&mut spool)?;
    let mut spool = spool.into_inner().map_err(IntoInnerError::into_error)?;
    spool.rewind()?;
    terminal.raw(|out| Ok(io::copy(&mut spool, out).map(drop)?))?;
    Ok(result)
}

/// Bytes at most by which the form of what is written is told.
const START_BYTES: usize = 1 << 18;

/// A file over another one, which is only replaced by what has its form: by a later export, and never a text or a database
/// whose name was typed by mistake.
struct Replacing<'a> {
    out: &'a mut WholeFile,
    path: &'a Path,
    /// The first line, until it was compared; `None`: it was, or there is nothing to replace.
    start: Option<Vec<u8>>,
    is_another: bool,
    /// True where nothing was written: nothing takes the place of what is there.
    is_empty: bool,
}

impl Replacing<'_> {
    /// Compares what is there with what was written so far, and writes it.
    fn decide(&mut self) -> io::Result<()> {
        let Some(start) = self.start.take() else { return Ok(()) };
        self.is_empty = start.is_empty();
        self.is_another = self.is_empty || !own_file::is_own(self.path, &start);
        if self.is_another {
            return Err(io::Error::other("another file is there"));
        }
        self.out.write_all(&start)
    }
}

impl Write for Replacing<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.start {
            None => self.out.write(bytes),
            Some(start) => {
                start.extend_from_slice(bytes);
                if start.contains(&b'\n') || start.len() > START_BYTES || start.starts_with(b"PK") {
                    self.decide()?;
                }
                Ok(bytes.len())
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Writes the file that a person named, whole or not at all. An earlier one of the same making is replaced, another file
/// is not.
pub(crate) fn whole_file<T>(path: &Path, write: impl FnOnce(&mut dyn Write) -> anyhow::Result<T>) -> anyhow::Result<T> {
    if is_stdout(path) {
        return Err(usage("this is written to a file, not to stdout")).hint("a file that is called so is `./-`");
    }
    if path.is_dir() {
        return Err(usage(format!("`{}` is a folder", path.display())));
    }
    // A link stays one, and what it leads to is replaced; a device or a pipe would become a file.
    let target = &path.canonicalize().unwrap_or_else(|_| path.to_owned());
    if target.metadata().is_ok_and(|there| !there.is_file()) {
        return Err(usage(format!("`{}` is no ordinary file", path.display())))
            .hint("without `-o` it goes to stdout, which can be led anywhere");
    }
    let start = target.metadata().is_ok_and(|there| there.is_file() && there.len() > 0).then(Vec::new);
    let mut file = WholeFile::create_ordered(target)?;
    let mut out = Replacing { out: &mut file, path: target, start, is_another: false, is_empty: false };
    let result = write(&mut out).and_then(|result| Ok(out.decide().map(|()| result)?));
    if out.is_empty {
        return Err(usage(format!("there is nothing to write, and `{}` is there already", path.display())))
            .hint("remove it, or name another file");
    }
    if out.is_another {
        return Err(usage(format!("`{}` is there already, and gleaner did not write it", path.display())))
            .hint("name another file, or remove that one first");
    }
    let result = result?;
    file.finish()?;
    Ok(result)
}
