//! The bytes and the text of a file: unpacked, decoded, and as far as one asks.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::rc::Rc;

use anyhow::{Context as _, bail};
use encoding_rs::{Encoding, UTF_8};
use flate2::read::MultiGzDecoder;

use super::encoding::{self, Decoded};
use super::sniff::{self, Kind};
use super::stream::{self, Watched};
use crate::intake::{Options, RECORD_BYTES_MAX, Subject};

/// Bytes of a file's beginning that are looked at.
const START_BYTES: usize = 64 * 1024;

/// Encoding: how the bytes of a text are to be understood.
#[derive(Clone, Copy)]
pub(super) struct Text {
    pub(super) kind: Kind,
    pub(super) is_gzip: bool,
    pub(super) encoding: &'static Encoding,
    /// Lines end with a carriage return alone, as old Macs wrote them.
    pub(super) has_old_lines: bool,
}

/// A function that is told how many bytes were read.
pub type OnBytes = Rc<dyn Fn(u64)>;

/// A meter that nobody reads.
pub(in crate::intake) fn silent() -> OnBytes {
    Rc::new(|_| {})
}

/// The bytes of a file, unpacked.
pub(super) fn bytes(path: &Path, is_gzip: bool, on_bytes: &OnBytes) -> anyhow::Result<Box<dyn BufRead>> {
    let file = File::open(path).context("cannot open it")?;
    let file = Watched { reader: file, on_bytes: Rc::clone(on_bytes) };
    Ok(match is_gzip {
        true => {
            let unpacked = MultiGzDecoder::new(BufReader::with_capacity(stream::READ_BYTES, file));
            Box::new(BufReader::with_capacity(stream::READ_BYTES, unpacked))
        }
        false => Box::new(BufReader::with_capacity(stream::READ_BYTES, file)),
    })
}

/// Unpacks the beginning of a stream and refuses what is no text, or a line without end: a stream is kept before it is read,
/// and what unpacks to nothing but zeros would fill the disk.
pub(super) fn check_unpacked(start: &[u8], options: &Options) -> anyhow::Result<()> {
    let mut unpacked = vec![];
    // The beginning breaks off somewhere.
    let _ = MultiGzDecoder::new(start).take(RECORD_BYTES_MAX as u64 + 1).read_to_end(&mut unpacked);
    if sniff::kind(&unpacked, "", options.subject)?.is_some() {
        return Ok(());
    }
    if options.encoding.is_none() {
        encoding::by_beginning(&unpacked[..unpacked.len().min(START_BYTES)])?;
    }
    if unpacked.len() > RECORD_BYTES_MAX && !unpacked.iter().any(|byte| stream::ends_a_record(*byte)) {
        bail!("a line longer than {} MiB", RECORD_BYTES_MAX / (1024 * 1024));
    }
    Ok(())
}

/// The text of a file as UTF-8, without its mark.
pub(super) fn decoded(path: &Path, text: &Text, on_bytes: &OnBytes) -> anyhow::Result<Box<dyn BufRead>> {
    let mut reader = bytes(path, text.is_gzip, on_bytes)?;
    if text.encoding != UTF_8 || text.has_old_lines {
        let decoded = Lines { reader: Decoded::new(reader, text.encoding, false), is_old: text.has_old_lines };
        reader = Box::new(BufReader::with_capacity(stream::READ_BYTES, decoded));
    }
    if reader.fill_buf()?.starts_with("\u{feff}".as_bytes()) {
        reader.consume("\u{feff}".len());
    }
    Ok(reader)
}

/// Reads a whole text of a folder.
pub(in crate::intake) fn whole_text(
    path: &Path,
    bytes_max: u64,
    asked: Option<&'static Encoding>,
) -> anyhow::Result<String> {
    let start = beginning(bytes(path, false, &silent())?)?;
    let is_gzip = sniff::kind(&start, "", Subject::Groups)? == Some(Kind::Gzip);
    let start = if is_gzip { beginning(bytes(path, true, &silent())?)? } else { start };
    let known = match asked {
        Some(encoding) => Some(encoding),
        None => encoding::by_beginning(&start)?,
    };
    let encoding = match known {
        Some(encoding) => encoding,
        None => encoding::by_content(|| bytes(path, is_gzip, &silent()))?.encoding,
    };
    let text = Text { kind: Kind::Text, is_gzip, encoding, has_old_lines: false };
    let mut out = Vec::new();
    decoded(path, &text, &silent())?.take(bytes_max + 1).read_to_end(&mut out)?;
    if out.len() as u64 > bytes_max {
        bail!("longer than {} MiB", bytes_max / (1024 * 1024));
    }
    Ok(String::from_utf8_lossy(&out).into_owned())
}

pub(super) fn beginning(mut reader: Box<dyn BufRead>) -> anyhow::Result<Vec<u8>> {
    let mut start = Vec::new();
    reader.by_ref().take(START_BYTES as u64).read_to_end(&mut start).context("cannot read the beginning")?;
    Ok(start)
}

/// A reader that may turn carriage returns into line ends.
struct Lines<R> {
    reader: R,
    is_old: bool,
}

impl<R: Read> Read for Lines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n_bytes = self.reader.read(buffer)?;
        if self.is_old {
            buffer[..n_bytes].iter_mut().filter(|byte| **byte == b'\r').for_each(|byte| *byte = b'\n');
        }
        Ok(n_bytes)
    }
}
