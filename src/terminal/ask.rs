//! Questions to a person: a line, a secret, a key. Without a terminal there is no answer.

use std::io::{self, BufRead as _, Write as _};

use super::{Terminal, lock, style};
use crate::interrupt::stream;
use crate::text::hidden::is_steering;

impl Terminal {
    /// Asks a yes-or-no question on stderr; no terminal, no answer and anything but yes mean no.
    pub fn confirm(&self, question: &str) -> bool {
        self.ask(&format!("{question} [y/N]")).is_some_and(|answer| matches!(answer.as_str(), "y" | "Y" | "yes"))
    }

    /// Asks a question on stderr and reads one line; `None` at the end of input or without a terminal.
    pub fn ask(&self, question: &str) -> Option<String> {
        if !self.inner.interactive {
            return None;
        }
        let _ = self.flush();
        self.prompt(question);
        if !stream::wait_for_line() {
            return None;
        }
        let mut answer = String::new();
        match io::stdin().lock().read_line(&mut answer) {
            Ok(n) if n > 0 => Some(answer.trim().to_owned()),
            _ => None,
        }
    }

    /// Asks for a line that is not shown as it is typed; `None` at the end of input or without a terminal.
    pub fn ask_secret(&self, question: &str) -> Option<String> {
        if !self.inner.interactive {
            return None;
        }
        let _ = self.flush();
        let answer = stream::hidden_line(|| self.prompt(question));
        let _ = writeln!(lock(&self.inner.err));
        answer
    }

    /// Writes a question on stderr, behind which the answer is typed.
    fn prompt(&self, question: &str) {
        let mut err = lock(&self.inner.err);
        let _ = write!(err, "{} ", style::render(question, self.inner.color_err));
        let _ = err.flush();
    }

    /// Asks for one key on stderr; `None` without a terminal, and for Escape, Ctrl-C and the end of input.
    pub fn key(&self, question: &str) -> Option<char> {
        if !self.inner.interactive {
            return None;
        }
        let _ = self.flush();
        self.prompt(question);
        if !stream::wait_for_key() {
            let _ = writeln!(lock(&self.inner.err));
            return None;
        }
        let key = console::Term::stderr().read_key();
        let shown = match key {
            Ok(console::Key::Char(c)) => Some(c),
            Ok(console::Key::Enter) => Some('\n'),
            _ => None,
        };
        let _ = writeln!(lock(&self.inner.err), "{}", shown.filter(|c| !is_steering(*c)).unwrap_or(' '));
        shown
    }
}
