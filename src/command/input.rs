//! Files that a person names to be read whole: of bounded size, from a pipe as well, and Ctrl-C ends the reading.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use flate2::bufread::MultiGzDecoder;
use tempfile::TempDir;

use crate::interrupt::stream::{self, Input};
use crate::text::bounded;

/// The most that is read of a profile; the largest built-in one has 30 kB.
pub(super) const PROFILE_BYTES_MAX: u64 = 1 << 20;

/// The most that is taken from a pipe or an archive: a hundred times the largest answer file of a batch.
const SPOOL_BYTES_MAX: u64 = 100 << 30;

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
            let file = File::open(path).with_context(|| format!("cannot open `{}`", path.display()))?;
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
        let bytes = io::copy(&mut source.take(SPOOL_BYTES_MAX), &mut out).with_context(on_path)?;
        anyhow::ensure!(bytes < SPOOL_BYTES_MAX, "`{}` has no end", path.display());
        spooled.push(copy);
    }
    Ok(Spooled { paths: spooled, _folder: folder })
}
