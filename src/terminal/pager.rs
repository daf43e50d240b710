//! Output held back until it is longer than the screen; then a pager shows it.

use std::io::{self, Write};
use std::process::{Child, Command, Stdio};

use super::table::columns;
use crate::interrupt::stream;

/// Program that shows text page by page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pager {
    /// The program and its arguments.
    pub command: String,
    /// True where somebody named it: if it cannot be started, that is said.
    pub is_named: bool,
    /// True where `LESS` says how `less` shows things.
    pub has_options: bool,
}

/// Writer to stdout, or to a pager where there are more lines than fit.
pub(super) struct Paged {
    pager: Pager,
    width: usize,
    height: usize,
    held: Vec<u8>,
    /// Lines of the screen that whole lines of `held` take.
    n_lines: usize,
    /// Beginning of the line that is not counted yet.
    at: usize,
    state: State,
    warn: Box<dyn Fn(String) + Send>,
}

enum State {
    Holding,
    Paging(Child),
    /// The pager could not be started.
    Through,
}

impl Paged {
    pub(super) fn new(pager: Pager, (width, height): (usize, usize), warn: Box<dyn Fn(String) + Send>) -> Self {
        Self { pager, width, height, held: vec![], n_lines: 0, at: 0, state: State::Holding, warn }
    }

    fn count(&mut self) {
        while let Some(end) = self.held[self.at..].iter().position(|byte| *byte == b'\n') {
            let line = String::from_utf8_lossy(&self.held[self.at..self.at + end]);
            self.n_lines += columns(&without_colors(&line)).div_ceil(self.width.max(1)).max(1);
            self.at += end + 1;
        }
    }

    fn start(&mut self) -> io::Result<()> {
        let mut words = self.pager.command.split_whitespace();
        let mut command = Command::new(words.next().unwrap_or_default());
        command.args(words).stdin(Stdio::piped());
        if !self.pager.has_options {
            // Colors as they are; what was shown stays on the screen.
            command.env("LESS", "FRX");
        }
        match command.spawn() {
            Ok(child) => self.state = State::Paging(child),
            Err(error) => {
                if self.pager.is_named {
                    (self.warn)(format!("the pager `{}` cannot be started: {error}", self.pager.command));
                }
                self.state = State::Through;
            }
        }
        let held = std::mem::take(&mut self.held);
        self.write_all(&held)
    }
}

impl Write for Paged {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.state {
            State::Paging(child) => match &mut child.stdin {
                Some(stdin) => stdin.write(bytes),
                None => Ok(bytes.len()),
            },
            State::Through => stream::stdout().write(bytes),
            State::Holding => {
                self.held.extend_from_slice(bytes);
                self.count();
                if self.n_lines >= self.height {
                    self.start()?;
                }
                Ok(bytes.len())
            }
        }
    }

    // Held lines stay held: they are shown at the end, or when there are too many of them.
    fn flush(&mut self) -> io::Result<()> {
        match &mut self.state {
            State::Paging(child) => child.stdin.as_mut().map_or(Ok(()), Write::flush),
            State::Through => stream::stdout().flush(),
            State::Holding => Ok(()),
        }
    }
}

impl Drop for Paged {
    fn drop(&mut self) {
        match &mut self.state {
            State::Paging(child) => {
                // Closed, it tells the pager that this was all.
                drop(child.stdin.take());
                let _ = child.wait();
            }
            State::Through => {}
            State::Holding => {
                let mut out = stream::stdout();
                // A terminal that is gone reads nothing more.
                let _ = out.write_all(&self.held).and_then(|()| out.flush());
            }
        }
    }
}

/// A line without the codes of its colors, which take no room.
fn without_colors(line: &str) -> String {
    let mut parts = line.split("\u{1b}[");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        plain.push_str(part.split_once('m').map_or("", |(_, rest)| rest));
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_as_the_screen_shows_them() {
        let pager = Pager { command: "no-such-pager".into(), is_named: true, has_options: false };
        let mut paged = Paged::new(pager, (10, 100), Box::new(|_| {}));
        paged.write_all("short\n\u{1b}[36m0123456789\u{1b}[0m\n0123456789a\n\nno end".as_bytes()).unwrap();
        assert_eq!(paged.n_lines, 1 + 1 + 2 + 1);
        paged.held.clear();
    }
}
