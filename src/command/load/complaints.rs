//! Bad lines: the first of each kind are shown as they are met, the rest is counted.

use std::collections::HashMap;

use serde::Serialize;

use crate::intake::LineError;
use crate::terminal::Terminal;
use crate::text::words;

/// Lines of one kind that are shown.
const SHOWN_MAX: u64 = 5;

/// Kinds that are told apart; what comes after is one more.
const KINDS_MAX: usize = 50;

/// Bad lines that `--json` repeats.
const IN_JSON_MAX: usize = 100;

/// A bad line, for `--json`.
#[derive(Serialize)]
pub(super) struct BadLine {
    file: String,
    line: u64,
    reason: String,
}

/// A reason, and how many lines have it.
#[derive(Serialize)]
pub(super) struct Kind {
    reason: String,
    lines: u64,
}

/// The bad lines of all files.
#[derive(Default)]
pub(super) struct Complaints {
    pub(super) lines: Vec<BadLine>,
    pub(super) kinds: Vec<Kind>,
    places: HashMap<String, usize>,
}

impl Complaints {
    /// Shows a bad line, unless enough of its kind were shown.
    pub(super) fn add(&mut self, terminal: &Terminal, file: &str, error: &LineError) {
        let mut kind = error.kind();
        if self.kinds.len() >= KINDS_MAX && !self.places.contains_key(&kind) {
            kind = "something else".into();
        }
        let place = *self.places.entry(kind.clone()).or_insert_with(|| {
            self.kinds.push(Kind { reason: kind, lines: 0 });
            self.kinds.len() - 1
        });
        self.kinds[place].lines += 1;
        if self.kinds[place].lines <= SHOWN_MAX || error.is_fatal {
            let rest = if error.is_fatal { "; the rest of the file was not read" } else { "" };
            terminal.complain(format!("{file}:{}: {}{rest}", error.line, error.reason));
        }
        if self.lines.len() < IN_JSON_MAX {
            self.lines.push(BadLine { file: file.to_owned(), line: error.line, reason: error.reason.clone() });
        }
    }

    /// Says how many lines were not shown, by their kinds.
    pub(super) fn end(&self, terminal: &Terminal) {
        for kind in self.kinds.iter().filter(|kind| kind.lines > SHOWN_MAX) {
            terminal.complain(format!("{}: {}", words::count(kind.lines - SHOWN_MAX, "more line"), kind.reason));
        }
    }
}
