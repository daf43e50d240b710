//! Whole files of bounded size: what is read into memory has an end, also where it comes from a pipe.

use std::fmt;
use std::io::{self, Read};

use super::words;

/// Reads all there is, up to a size; an error says that there is more.
pub(crate) fn read(reader: impl Read, bytes_max: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // The size that a file tells is no help: a pipe tells none, and a file may grow.
    reader.take(bytes_max + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > bytes_max {
        return Err(io::Error::other(format!("it is larger than {}", words::bytes(bytes_max))));
    }
    Ok(bytes)
}

/// Reads all there is as text, up to a size.
pub(crate) fn read_text(reader: impl Read, bytes_max: u64) -> io::Result<String> {
    let bytes = read(reader, bytes_max)?;
    String::from_utf8(bytes).map_err(|_| io::Error::other(NotUtf8))
}

/// The error inside of [`io::Error`] where a file that must be text is none.
#[derive(Debug)]
pub(crate) struct NotUtf8;

impl fmt::Display for NotUtf8 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it is not UTF-8")
    }
}

impl std::error::Error for NotUtf8 {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_ends_at_the_limit() {
        for (bytes, expected) in [
            (&b""[..], Ok("")),
            (b"12345", Ok("12345")),
            (b"123456", Err("it is larger than 5 bytes")),
            (b"\xff", Err("it is not UTF-8")),
        ] {
            let read = read_text(bytes, 5).map_err(|error| error.to_string());
            assert_eq!(read.as_deref().map_err(String::as_str), expected);
        }
        assert!(read_text(io::repeat(b'x'), 1000).is_err(), "a stream without an end");
    }
}
