//! Files that a person names to be read whole: of bounded size, from a pipe as well, and Ctrl-C ends the reading.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use flate2::bufread::MultiGzDecoder;
use tempfile::TempDir;

use crate::error::cannot_open;
use crate::import::answers::LINE_BYTES_MAX;
use crate::interrupt::stream::{self, Input};
use crate::text::bounded;

/// The most that is read of a profile; the largest built-in one has 30 kB.
pub(super) const PROFILE_BYTES_MAX: u64 = 1 << 20;

/// The most that is taken from a pipe or an archive: a hundred times the largest answer file of a batch.
const SPOOL_BYTES_MAX: u64 = 100 << 30;

/// The longest line that is taken from there; whoever reads it skips what is longer than a sixteenth of it.
const SPOOL_LINE_BYTES_MAX: usize = 16 * LINE_BYTES_MAX;

/// First bytes of a gzip archive.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Reads a text; `-` is stdin.
pub(super) fn text_or_stdin(path: &Path, bytes_max: u64) -> anyhow::Result<String> {
    if path.as_os_str() == "-" {
        return bounded::read_text(stream::stdin(), bytes_max).context("cannot read stdin");
    }
    text(path, bytes_max).with_context(|| format!("cannot read `{}`", path.display()))
}

/// Reads a text; the caller says of what.
pub(super) fn text(path: &Path, bytes_max: u64) -> io::Result<String> {
    bounded::read_text(Input::new(File::open(path)?), bytes_max)
}

/// Reads bytes; the caller says of what.
pub(super) fn bytes(path: &Path, bytes_max: u64) -> io::Result<Vec<u8>> {
    bounded::read(Input::new(File::open(path)?), bytes_max)
}

/// Files that can be read more than once.
pub(super) struct Spooled {
    /// Paths: the files themselves, or copies of them.
    pub(super) paths: Vec<PathBuf>,
    /// Copies are gone with it.
    _folder: TempDir,
}

/// Copies what can be read once only, such as a pipe or stdin (`-`), to a temporary file, and unpacks what is
/// compressed with gzip.
pub(super) fn spool(paths: &[PathBuf]) -> anyhow::Result<Spooled> {
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    let mut spooled = vec![];
    for (n, path) in paths.iter().enumerate() {
        let is_stdin = path.as_os_str() == "-";
        let on_path =
            || if is_stdin { "cannot read stdin".into() } else { format!("cannot read `{}`", path.display()) };
        let (source, is_plain): (Box<dyn Read>, bool) = if is_stdin {
            (stream::stdin(), false)
        } else {
            let file = File::open(path).map_err(|error| cannot_open(path, error))?;
            let is_plain = file.metadata().with_context(on_path)?.is_file();
            (Box::new(Input::new(file)), is_plain)
        };
        let mut reader = BufReader::with_capacity(1 << 18, source);
        let is_packed = reader.fill_buf().with_context(on_path)?.starts_with(&GZIP);
        if is_plain && !is_packed {
            spooled.push(path.clone());
            continue;
        }
        let copy = folder.path().join(n.to_string());
        let mut out = File::create(&copy).context("cannot write a temporary file")?;
        let source: Box<dyn Read> = if is_packed { Box::new(MultiGzDecoder::new(reader)) } else { Box::new(reader) };
        copy_lines(source, &mut out, (SPOOL_LINE_BYTES_MAX, SPOOL_BYTES_MAX)).with_context(on_path)?;
        spooled.push(copy);
    }
    Ok(Spooled { paths: spooled, _folder: folder })
}

/// Copies lines, each of them and all together up to a size: what has no end must not fill the disk.
fn copy_lines(mut source: impl Read, out: &mut impl Write, (line_max, max): (usize, u64)) -> io::Result<()> {
    let mut buffer = vec![0; 1 << 18];
    let (mut n_all, mut n_line) = (0, 0);
    loop {
        let n = match source.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        out.write_all(&buffer[..n])?;
        n_all += n as u64;
        n_line = buffer[..n].iter().rev().position(|byte| *byte == b'\n').unwrap_or(n_line + n);
        if n_line > line_max || n_all > max {
            return Err(io::Error::other("a line of it, or the file, has no end"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_end_is_not_copied_for_ever() {
        let copied = |text: &[u8]| {
            let mut out = vec![];
            copy_lines(text, &mut out, (5, 20)).map(|()| out == text).ok()
        };
        assert_eq!(copied(b""), Some(true));
        assert_eq!(copied(b"12345\n12345\n12345"), Some(true));
        assert_eq!(copied(b"12345\n123456"), None);
        assert_eq!(copied(b"1234\n1234\n1234\n1234\n1"), None);
        assert!(copy_lines(io::repeat(0), &mut io::sink(), (1 << 20, 1 << 30)).is_err());
    }
}
