//! Lines of bounded length: one endless line takes neither the memory nor the lines after it.

use std::io::{self, BufRead};

/// Bytes with which some editors and shells begin a file of UTF-8: the byte order mark.
pub(crate) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A line of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Line<'a> {
    /// Counted from 1.
    pub(crate) number: u64,
    /// Without the `\n` at its end; no more than the reader's limit.
    pub(crate) bytes: &'a [u8],
    /// True where all of the line is in `bytes`; the rest of a longer one was skipped.
    pub(crate) is_whole: bool,
}

impl Line<'_> {
    /// Returns whether nothing stands on the line.
    pub(crate) fn is_blank(&self) -> bool {
        self.is_whole && self.bytes.trim_ascii().is_empty()
    }
}

/// Multiple of its length up to which a line is followed. As long as a line may be it is followed to its end. What goes
/// on for longer ends the reading: a pipe may never send a line feed.
const ENDLESS: usize = 16;

/// Reader of lines of at most `bytes_max` bytes, with one buffer that grows to the longest.
pub(crate) struct Lines<R> {
    reader: R,
    bytes_max: usize,
    buffer: Vec<u8>,
    number: u64,
}

impl<R: BufRead> Lines<R> {
    pub(crate) fn new(reader: R, bytes_max: usize) -> Self {
        Self { reader, bytes_max, buffer: Vec::new(), number: 0 }
    }

    /// Returns what is read from.
    pub(crate) fn reader(&self) -> &R {
        &self.reader
    }

    /// Returns the number of the line read last, 0 before the first.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// Reads the next line; `None` at the end of the file.
    pub(crate) fn next(&mut self) -> io::Result<Option<Line<'_>>> {
        self.buffer.clear();
        let (mut n_read, mut is_whole) = (0, true);
        loop {
            let chunk = match self.reader.fill_buf() {
                Ok(chunk) => chunk,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if chunk.is_empty() {
                break;
            }
            let end = memchr::memchr(b'\n', chunk);
            let part = &chunk[..end.unwrap_or(chunk.len())];
            let room = self.bytes_max - self.buffer.len();
            is_whole &= part.len() <= room;
            self.buffer.extend_from_slice(&part[..part.len().min(room)]);
            let used = end.map_or(chunk.len(), |end| end + 1);
            n_read += used;
            self.reader.consume(used);
            if end.is_some() {
                break;
            }
            if n_read > self.bytes_max.saturating_mul(ENDLESS) {
                let mib = self.bytes_max.saturating_mul(ENDLESS) / (1024 * 1024);
                return Err(io::Error::other(format!("line {} goes on for more than {mib} MiB", self.number + 1)));
            }
        }
        if n_read == 0 {
            return Ok(None);
        }
        self.number += 1;
        Ok(Some(Line { number: self.number, bytes: &self.buffer, is_whole }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_is_cut_and_the_next_is_read() {
        let check = |text: &str, expected: &[(u64, &str, bool)]| {
            // A small buffer, so that lines end in the middle of a chunk and at its end.
            let mut lines = Lines::new(io::BufReader::with_capacity(3, text.as_bytes()), 5);
            for (number, bytes, is_whole) in expected {
                let line = Line { number: *number, bytes: bytes.as_bytes(), is_whole: *is_whole };
                assert_eq!(lines.next().unwrap(), Some(line), "{text:?}");
            }
            assert_eq!(lines.next().unwrap(), None, "{text:?}");
            assert_eq!(lines.number(), expected.len() as u64);
        };
        check("", &[]);
        check("\n", &[(1, "", true)]);
        check("12345\n67", &[(1, "12345", true), (2, "67", true)]);
        check("1234567890\n1\r\n\n", &[(1, "12345", false), (2, "1\r", true), (3, "", true)]);
        check("123456", &[(1, "12345", false)]);
    }

    #[test]
    fn a_blank_line_has_only_white_space() {
        let blank = |bytes, is_whole| Line { number: 1, bytes, is_whole }.is_blank();
        assert!(blank(b" \t\r", true) && !blank(b" x", true) && !blank(b"  ", false));
    }
}
