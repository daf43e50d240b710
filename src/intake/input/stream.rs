//! Bytes that can be interrupted: files, and streams that may keep silent for ever.

use std::fs::File;
use std::io::{self, BufRead as _, Read, Write as _};
use std::path::Path;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;

use anyhow::{Context as _, bail};

use crate::interrupt;

/// Bytes read at once.
pub(in crate::intake) const READ_BYTES: usize = 256 * 1024;

/// A reader that ends with an error once the person asked us to stop, and tells how far it came.
pub(in crate::intake) struct Watched<R> {
    pub(in crate::intake) reader: R,
    pub(in crate::intake) on_bytes: std::rc::Rc<dyn Fn(u64)>,
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if interrupt::requested() {
            return Err(stopped());
        }
        let n_bytes = self.reader.read(buffer)?;
        (self.on_bytes)(n_bytes as u64);
        Ok(n_bytes)
    }
}

/// A file that ends with an error once the person asked us to stop; for threads.
pub(in crate::intake) struct Stoppable(pub(in crate::intake) File);

impl Read for Stoppable {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if interrupt::requested() { Err(stopped()) } else { self.0.read(buffer) }
    }
}

impl io::Seek for Stoppable {
    fn seek(&mut self, position: io::SeekFrom) -> io::Result<u64> {
        self.0.seek(position)
    }
}

/// The error of a read that was stopped. Not `ErrorKind::Interrupted`: that one is tried again by whoever reads.
fn stopped() -> io::Error {
    io::Error::other("interrupted")
}

/// Bytes of a pipe, a terminal or a device, read by a thread of their own: a blocked read, or the opening of a pipe that
/// nobody writes to, can't be called off, but it can be left alone.
pub(in crate::intake) struct Stream {
    chunks: Receiver<io::Result<Vec<u8>>>,
    chunk: Vec<u8>,
    given: usize,
    is_over: bool,
}

impl Stream {
    pub(in crate::intake) fn stdin() -> Self {
        Self::from(|| Ok(interrupt::stream::stdin()))
    }

    pub(in crate::intake) fn file(path: &Path) -> Self {
        let path = path.to_owned();
        Self::from(move || Ok(Box::new(interrupt::stream::Input::new(File::open(path)?))))
    }

    fn from(open: impl FnOnce() -> io::Result<Box<dyn Read + Send>> + Send + 'static) -> Self {
        let (send, chunks) = mpsc::sync_channel(4);
        std::thread::spawn(move || {
            let mut reader = match open() {
                Ok(reader) => reader,
                Err(error) => return drop(send.send(Err(error))),
            };
            loop {
                let mut chunk = vec![0; READ_BYTES];
                let read = match reader.read(&mut chunk) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    read => read,
                };
                let is_last = !matches!(read, Ok(n_bytes) if n_bytes > 0);
                let sent = send.send(read.map(|n_bytes| {
                    chunk.truncate(n_bytes);
                    chunk
                }));
                if is_last || sent.is_err() {
                    return;
                }
            }
        });
        Self { chunks, chunk: vec![], given: 0, is_over: false }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let chunk = self.fill_buf()?;
        let n_bytes = buffer.len().min(chunk.len());
        buffer[..n_bytes].copy_from_slice(&chunk[..n_bytes]);
        self.consume(n_bytes);
        Ok(n_bytes)
    }
}

impl io::BufRead for Stream {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.given == self.chunk.len() && !self.is_over {
            if interrupt::requested() {
                return Err(stopped());
            }
            match self.chunks.recv_timeout(Duration::from_millis(50)) {
                Ok(chunk) => {
                    self.chunk = chunk?;
                    self.given = 0;
                    self.is_over = self.chunk.is_empty();
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => self.is_over = true,
            }
        }
        Ok(&self.chunk[self.given..])
    }

    fn consume(&mut self, n_bytes: usize) {
        self.given += n_bytes;
    }
}

/// Returns whether a byte may end a line or a value.
pub(in crate::intake) fn ends_a_record(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r' | b'}' | b']')
}

/// Copies a stream into a file, so that it can be read more than once. `is_text`: it consists of lines, or of values with
/// brackets; the copy stops where neither ends within a record's limit, or an endless line would fill the disk.
pub(in crate::intake) fn spool(stream: &mut Stream, into: &mut File, is_text: bool) -> anyhow::Result<()> {
    let mut n_unbroken = 0;
    let mut into = io::BufWriter::new(into);
    loop {
        let chunk = stream.fill_buf()?;
        if chunk.is_empty() {
            break;
        }
        into.write_all(chunk).context("cannot keep a copy in the folder for temporary files")?;
        let n_bytes = chunk.len();
        match chunk.iter().rposition(|byte| ends_a_record(*byte)) {
            Some(end) => n_unbroken = n_bytes - end,
            None => n_unbroken += n_bytes,
        }
        if is_text && n_unbroken > super::super::RECORD_BYTES_MAX {
            bail!("a line longer than {} MiB", super::super::RECORD_BYTES_MAX / (1024 * 1024));
        }
        stream.consume(n_bytes);
    }
    into.flush().context("cannot keep a copy in the folder for temporary files")
}
