//! Uploads: a multipart body made by hand, so that it streams and still has an exact length.

use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::Path;

/// A file to upload for a batch.
#[derive(Clone, Copy, Debug)]
pub struct Upload<'a> {
    /// Path; opened anew for each try.
    pub path: &'a Path,
    /// Name that it gets at the provider.
    pub filename: &'a str,
    /// Seconds after which the provider deletes it: 3600 to 2592000. None leaves it to the provider.
    pub expires_after_secs: Option<u64>,
}

/// A body that is read from its parts, and knows how far it was read and why it stopped.
pub(super) struct Multipart<'a> {
    head: Cursor<Vec<u8>>,
    file: io::Take<File>,
    file_bytes: u64,
    tail: Cursor<Vec<u8>>,
    boundary: String,
    progress: &'a mut dyn FnMut(u64),
    /// Our own trouble with the file; everything else is the network's.
    pub(super) local: Option<String>,
}

impl<'a> Multipart<'a> {
    /// Opens the file. `fields` stand before it; `nonce` makes the boundary one that no file can contain but by
    /// guessing.
    pub(super) fn open(
        upload: Upload,
        fields: &[(&str, String)],
        nonce: [u64; 2],
        progress: &'a mut dyn FnMut(u64),
    ) -> io::Result<Multipart<'a>> {
        let file = File::open(upload.path)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(io::Error::other("it is not a file"));
        }
        let file_bytes = metadata.len();
        let boundary = format!("gleaner-{:016x}{:016x}", nonce[0], nonce[1]);
        let mut head = String::new();
        for (name, value) in fields {
            head += &format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        }
        head += &format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{}\"\r\n\
             Content-Type: application/jsonl\r\n\r\n",
            quotable(upload.filename)
        );
        Ok(Multipart {
            head: Cursor::new(head.into_bytes()),
            file: file.take(file_bytes),
            file_bytes,
            tail: Cursor::new(format!("\r\n--{boundary}--\r\n").into_bytes()),
            boundary,
            progress,
            local: None,
        })
    }

    pub(super) fn len(&self) -> u64 {
        self.head.get_ref().len() as u64 + self.file_bytes + self.tail.get_ref().len() as u64
    }

    pub(super) fn content_type(&self) -> String {
        format!("multipart/form-data; boundary={}", self.boundary)
    }
}

impl Read for Multipart<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.head.read(buf)?;
        if n > 0 || buf.is_empty() {
            return Ok(n);
        }
        match self.file.read(buf) {
            Ok(0) if self.file.limit() > 0 => {
                self.local = Some("the file became shorter while it was sent".to_string());
                Err(io::Error::other("the file became shorter"))
            }
            Ok(0) => self.tail.read(buf),
            Ok(n) => {
                (self.progress)(self.file_bytes - self.file.limit());
                Ok(n)
            }
            Err(error) => {
                self.local = Some(error.to_string());
                Err(error)
            }
        }
    }
}

/// Makes a file name safe between quotes in a header, as browsers do.
fn quotable(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        match c {
            '"' => out.push_str("%22"),
            '\r' | '\n' | '\0' => out.push('_'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::Dialect;

    #[test]
    fn the_body_has_the_length_it_announces() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.jsonl");
        for content in ["", "{}\n", &"x".repeat(100_000)] {
            std::fs::write(&path, content).unwrap();
            let mut seen = 0;
            let mut progress = |n| seen = n;
            let upload = Upload { path: &path, filename: "a\"\r\nb.jsonl", expires_after_secs: Some(3600) };
            let fields = Dialect::OpenAi.upload_fields(upload.expires_after_secs);
            let mut body = Multipart::open(upload, &fields, [1, 2], &mut progress).unwrap();
            let (len, content_type) = (body.len(), body.content_type());
            let mut text = String::new();
            body.read_to_string(&mut text).unwrap();
            assert_eq!(text.len() as u64, len);
            assert_eq!(seen, content.len() as u64);
            let boundary = content_type.split("boundary=").nth(1).unwrap();
            assert_eq!(text.matches(boundary).count(), 5);
            assert!(text.contains("name=\"expires_after[seconds]\"\r\n\r\n3600\r\n"));
            assert!(text.contains("filename=\"a%22__b.jsonl\"\r\nContent-Type: application/jsonl\r\n\r\n"));
            assert!(text.ends_with(&format!("{content}\r\n--{boundary}--\r\n")));
        }
    }

    #[test]
    fn a_file_that_shrinks_is_our_own_trouble() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.jsonl");
        std::fs::write(&path, "x".repeat(1000)).unwrap();
        let mut progress = |_| ();
        let upload = Upload { path: &path, filename: "a", expires_after_secs: None };
        let mut body = Multipart::open(upload, &[], [1, 2], &mut progress).unwrap();
        std::fs::write(&path, "x").unwrap();
        assert!(body.read_to_end(&mut Vec::new()).is_err());
        assert!(body.local.is_some());
    }
}
