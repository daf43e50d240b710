//! Reads a `multipart/form-data` body as a stream: fields into memory (small), the file straight to disk.

use std::io::{self, Read, Write};

use aho_corasick::AhoCorasick;

/// Longest headers of one part.
const PART_HEAD_BYTES_MAX: usize = 16 * 1024;
const READ_BYTES: usize = 64 * 1024;

/// Identity by one part.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct PartHead {
    pub(crate) name: String,
    pub(crate) filename: Option<String>,
}

/// A reader over the parts of a form.
pub(crate) struct Multipart<R> {
    inner: R,
    delimiter: AhoCorasick,
    delimiter_len: usize,
    buf: Vec<u8>,
    started: bool,
}

/// Returns the boundary that a content type names.
pub(crate) fn boundary(content_type: &str) -> Option<String> {
    let (kind, parameters) = content_type.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let value = parameters.split(';').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("boundary").then(|| value.trim().trim_matches('"').to_owned())
    })?;
    (!value.is_empty()).then_some(value)
}

impl<R: Read> Multipart<R> {
    pub(crate) fn new(inner: R, boundary: &str) -> io::Result<Multipart<R>> {
        let delimiter = format!("\r\n--{boundary}");
        let delimiter_len = delimiter.len();
        let delimiter = AhoCorasick::new([delimiter]).map_err(io::Error::other)?;
        // The first delimiter has no line end before it.
        Ok(Multipart { inner, delimiter, delimiter_len, buf: b"\r\n".to_vec(), started: false })
    }

    /// Goes to the next part; what the current one still holds must have been copied before.
    pub(crate) fn next_part(&mut self) -> io::Result<Option<PartHead>> {
        if !self.started {
            self.started = true;
            self.copy_part(&mut io::sink())?;
        }
        while self.buf.len() < 2 {
            self.fill()?;
        }
        if self.buf.starts_with(b"--") {
            return Ok(None);
        }
        let end = loop {
            if let Some(end) = self.buf.windows(4).position(|window| window == b"\r\n\r\n") {
                break end;
            }
            if self.buf.len() > PART_HEAD_BYTES_MAX {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "part headers too long"));
            }
            self.fill()?;
        };
        let text = String::from_utf8_lossy(&self.buf[..end]).into_owned();
        self.buf.drain(..end + 4);
        Ok(Some(parse_part_head(&text)))
    }

    /// Copies the content of the current part; returns its size.
    pub(crate) fn copy_part(&mut self, out: &mut dyn Write) -> io::Result<u64> {
        let mut n_bytes = 0;
        loop {
            if let Some(found) = self.delimiter.find(&self.buf) {
                out.write_all(&self.buf[..found.start()])?;
                n_bytes += found.start() as u64;
                self.buf.drain(..found.end());
                return Ok(n_bytes);
            }
            // The tail may be the beginning of a delimiter.
            let safe = self.buf.len().saturating_sub(self.delimiter_len - 1);
            out.write_all(&self.buf[..safe])?;
            n_bytes += safe as u64;
            self.buf.drain(..safe);
            self.fill()?;
        }
    }

    fn fill(&mut self) -> io::Result<()> {
        let start = self.buf.len();
        self.buf.resize(start + READ_BYTES, 0);
        let n_bytes = self.inner.read(&mut self.buf[start..])?;
        self.buf.truncate(start + n_bytes);
        if n_bytes == 0 {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "form ends without its closing boundary"));
        }
        Ok(())
    }
}

fn parse_part_head(text: &str) -> PartHead {
    let mut head = PartHead::default();
    for line in text.split("\r\n") {
        let Some((name, value)) = line.split_once(':') else { continue };
        if !name.trim().eq_ignore_ascii_case("content-disposition") {
            continue;
        }
        for parameter in value.split(';').skip(1) {
            let Some((name, value)) = parameter.split_once('=') else { continue };
            let value = value.trim().trim_matches('"').to_owned();
            match name.trim() {
                "name" => head.name = value,
                "filename" => head.filename = Some(value),
                _ => {}
            }
        }
    }
    head
}

/// Reads a form to its end and returns how many parts it has.
pub(crate) fn read_form(body: impl Read, boundary: &str) -> io::Result<u64> {
    let (mut form, mut n) = (Multipart::new(body, boundary)?, 0);
    while form.next_part()?.is_some() {
        form.copy_part(&mut io::sink())?;
        n += 1;
    }
    Ok(n)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hands out a few bytes at a time, as a slow network does.
    struct Drops<'a>(&'a [u8], usize);

    impl Read for Drops<'_> {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            let n_bytes = self.1.min(self.0.len()).min(buf.len());
            buf[..n_bytes].copy_from_slice(&self.0[..n_bytes]);
            self.0 = &self.0[n_bytes..];
            Ok(n_bytes)
        }
    }

    #[test]
    fn parts_come_out_whole_however_the_bytes_arrive() {
        let form = b"--XX\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n--XX\r\n\
            content-disposition: form-data; name=\"file\"; filename=\"a.jsonl\"\r\nContent-Type: text/plain\r\n\r\n\
            {\"a\":1}\r\n--X\r\n\r\n--XX--\r\n";
        for step in [1, 2, 3, 7, 1000] {
            let mut parts = Multipart::new(Drops(form, step), "XX").unwrap();
            let mut seen = vec![];
            while let Some(head) = parts.next_part().unwrap() {
                let mut content = vec![];
                parts.copy_part(&mut content).unwrap();
                seen.push((head.name, head.filename, String::from_utf8(content).unwrap()));
            }
            assert_eq!(
                seen,
                [
                    ("purpose".into(), None, "batch".into()),
                    ("file".into(), Some("a.jsonl".into()), "{\"a\":1}\r\n--X\r\n".into()),
                ],
                "{step} bytes at a time"
            );
        }
    }

    #[test]
    fn a_form_that_breaks_off_is_an_error() {
        let mut parts =
            Multipart::new(&b"--XX\r\ncontent-disposition: form-data; name=a\r\n\r\nhalf"[..], "XX").unwrap();
        parts.next_part().unwrap();
        assert!(parts.copy_part(&mut io::sink()).is_err());
    }

    #[test]
    fn the_boundary_is_found() {
        let table = [
            ("multipart/form-data; boundary=abc", Some("abc")),
            ("multipart/form-data; charset=utf-8; boundary=\"a b\"", Some("a b")),
            ("multipart/form-data", None),
            ("application/json; boundary=abc", None),
        ];
        for (content_type, expected) in table {
            assert_eq!(boundary(content_type).as_deref(), expected, "{content_type}");
        }
    }
}
