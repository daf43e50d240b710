//! Files that a person names to be read whole: of bounded size, from a pipe as well, and Ctrl-C ends the reading.

use std::fs::File;
use std::io;
use std::path::Path;

use anyhow::Context as _;

use crate::interrupt::stream::{self, Input};
use crate::text::bounded;

/// The most that is read of a profile; the largest built-in one has 30 kB.
pub(super) const PROFILE_BYTES_MAX: u64 = 1 << 20;

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
