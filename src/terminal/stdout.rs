//! A stdout that may be closed: whoever reads it may stop.

use std::io::{self, Write};

/// Nobody reads our stdout any more, as in `gleaner … | head`. That is their right and no error.
#[derive(Debug)]
pub struct ClosedPipe;

impl std::fmt::Display for ClosedPipe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("stdout is closed")
    }
}

impl std::error::Error for ClosedPipe {}

/// Tells a closed stdout from a broken connection, which has the same error code.
pub(super) fn on_stdout(error: io::Error) -> anyhow::Error {
    if error.kind() == io::ErrorKind::BrokenPipe { ClosedPipe.into() } else { error.into() }
}

/// stdout for writers that speak `io::Write` only; remembers whether it was closed.
pub(super) struct Stdout<'a> {
    pub(super) out: &'a mut (dyn Write + Send),
    pub(super) is_closed: bool,
}

impl Stdout<'_> {
    fn note<T>(&mut self, result: io::Result<T>) -> io::Result<T> {
        self.is_closed |= result.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::BrokenPipe);
        result
    }
}

impl Write for Stdout<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes);
        self.note(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = self.out.flush();
        self.note(flushed)
    }
}
