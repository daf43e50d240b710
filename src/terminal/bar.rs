//! Progress bars: one factory, one look.
//!
//! A bar is not drawn for the first quarter second, is cleared when it is dropped, and does nothing where bars are not
//! wanted, so callers never branch on it.

use std::io::{self, Read};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::style;

/// Work shorter than this shows no bar.
const QUIET_START: Duration = Duration::from_millis(250);

/// Unit of a bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Bytes, shown in MB with a rate.
    Bytes,
    /// Things, shown as numbers with a rate.
    Count,
    /// Requests of a batch elsewhere: no rate, the message tells the rest.
    Remote,
}

/// One progress bar.
#[derive(Clone)]
pub struct Bar {
    bar: ProgressBar,
    bars: MultiProgress,
    begun: Instant,
    shown: std::sync::Arc<std::sync::atomic::AtomicBool>,
}

impl Bar {
    pub(super) fn new(bars: &MultiProgress, length: u64, unit: Unit, what: &str) -> Self {
        let template = match unit {
            Unit::Bytes => "{prefix} [{bar:30}] {bytes}/{total_bytes} {bytes_per_sec} {eta} {msg}",
            Unit::Count => "{prefix} [{bar:30}] {human_pos}/{human_len} {per_sec} {eta} {msg}",
            Unit::Remote => "{prefix} [{bar:30}] {human_pos}/{human_len} {elapsed} {msg}",
        };
        let style = ProgressStyle::with_template(template)
            .unwrap_or_else(|_| ProgressStyle::default_bar())
            .progress_chars("=> ");
        let bar = ProgressBar::hidden().with_style(style).with_prefix(style::single_line(what));
        bar.set_length(length);
        Self { bar, bars: bars.clone(), begun: Instant::now(), shown: Default::default() }
    }

    /// Moves on by `n`.
    pub fn inc(&self, n: u64) {
        self.show_when_due();
        self.bar.inc(n);
    }

    /// Moves to `n`.
    pub fn set(&self, n: u64) {
        self.show_when_due();
        self.bar.set_position(n);
    }

    /// Changes the length, once it is known better.
    pub fn set_length(&self, n: u64) {
        self.bar.set_length(n);
    }

    /// Shows a few words behind the numbers.
    pub fn message(&self, text: &str) {
        self.show_when_due();
        self.bar.set_message(style::single_line(text));
    }

    /// Keeps the elapsed time running while nothing moves.
    pub fn tick(&self) {
        self.show_when_due();
        self.bar.tick();
    }

    /// Wraps a reader so that what is read moves the bar.
    pub fn read<R: Read>(&self, reader: R) -> BarReader<R> {
        BarReader { bar: self.clone(), reader }
    }

    fn show_when_due(&self) {
        use std::sync::atomic::Ordering::Relaxed;
        if !self.shown.load(Relaxed) && self.begun.elapsed() >= QUIET_START && !self.shown.swap(true, Relaxed) {
            self.bars.add(self.bar.clone());
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        // A clone shares the bar; only the last one clears it.
        if std::sync::Arc::strong_count(&self.shown) == 1 {
            self.bar.finish_and_clear();
            self.bars.remove(&self.bar);
        }
    }
}

/// A reader that moves a bar.
pub struct BarReader<R> {
    bar: Bar,
    reader: R,
}

impl<R: Read> Read for BarReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.reader.read(buffer)?;
        self.bar.inc(n as u64);
        Ok(n)
    }
}
