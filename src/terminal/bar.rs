//! Progress bars: one factory, one look.
//!
//! A bar is not drawn for the first quarter second, is cleared when it is dropped, and does nothing where bars are not
//! wanted, so callers never branch on it.

use std::fmt;
use std::io::{self, Read, Write};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressState, ProgressStyle};

use super::{style, words};

/// Work shorter than this shows no bar.
const QUIET_START: Duration = Duration::from_millis(250);

/// Columns below which a bar leaves rate and time out.
const NARROW: u16 = 60;

/// Time between two plain lines of a wait, where there is no terminal to draw on.
const PLAIN_EVERY: Duration = Duration::from_secs(10);

/// Unit of a bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Bytes, shown in MB with a rate.
    Bytes,
    /// Things, shown as numbers with a rate.
    Count,
    /// Bytes of which nobody knows how many there will be.
    Written,
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
    /// In place of a bar, where there is no terminal.
    plain: Option<std::sync::Arc<Plain>>,
}

/// Plain lines in place of a bar.
struct Plain {
    say: Box<dyn Fn(&str) + Send + Sync>,
    last: Mutex<Instant>,
}

impl Bar {
    pub(super) fn new(bars: &MultiProgress, length: u64, unit: Unit, what: &str) -> Self {
        // The bar takes what is left of the line, also after a resize.
        let is_narrow = console::Term::stderr().size().1 < NARROW;
        let template = match unit {
            Unit::Bytes if is_narrow => "{prefix:.12} {wide_bar} {size}/{all}",
            Unit::Count if is_narrow => "{prefix:.12} {wide_bar} {human_pos}/{human_len}",
            Unit::Remote if is_narrow => "{prefix} {human_pos}/{human_len} {elapsed} {wide_msg}",
            Unit::Bytes => "{prefix} {wide_bar} {size}/{all} {rate_bytes} {left} {msg}",
            Unit::Count => "{prefix} {wide_bar} {human_pos}/{human_len} {rate} {left} {msg}",
            Unit::Written => "{prefix} {size} {rate_bytes} {wide_msg}",
            Unit::Remote => "{prefix} [{bar:10}] {human_pos}/{human_len} {elapsed} {wide_msg}",
        };
        let style = ProgressStyle::with_template(template)
            .unwrap_or_else(|_| ProgressStyle::default_bar())
            .with_key("rate", |state: &ProgressState, out: &mut dyn fmt::Write| {
                let _ = write!(out, "{}/s", words::number(state.per_sec().round() as u64));
            })
            .with_key("rate_bytes", |state: &ProgressState, out: &mut dyn fmt::Write| {
                let _ = write!(out, "{}/s", words::bytes(state.per_sec().round() as u64));
            })
            .with_key("size", |state: &ProgressState, out: &mut dyn fmt::Write| {
                let _ = write!(out, "{}", words::bytes(state.pos()));
            })
            .with_key("all", |state: &ProgressState, out: &mut dyn fmt::Write| {
                let _ = write!(out, "{}", words::bytes(state.len().unwrap_or_default()));
            })
            .with_key("left", |state: &ProgressState, out: &mut dyn fmt::Write| {
                let left = state.eta().as_secs();
                let _ = if left == 0 { Ok(()) } else { write!(out, "{} left", words::duration(left)) };
            })
            .progress_chars("=> ");
        let bar = ProgressBar::hidden().with_style(style).with_prefix(if is_narrow {
            words::shorten(&style::single_line(what), 12)
        } else {
            style::single_line(what)
        });
        bar.set_length(length);
        Self { bar, bars: bars.clone(), begun: Instant::now(), shown: Default::default(), plain: None }
    }

    /// Lets the bar say a plain line from time to time in its place.
    pub(super) fn in_words(mut self, say: impl Fn(&str) + Send + Sync + 'static) -> Self {
        self.plain = Some(Plain { say: Box::new(say), last: Mutex::new(Instant::now()) }.into());
        self
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
        if let Some(plain) = &self.plain {
            let mut last = plain.last.lock().unwrap_or_else(PoisonError::into_inner);
            if last.elapsed() >= PLAIN_EVERY {
                *last = Instant::now();
                let (done, all) = (self.bar.position(), self.bar.length().unwrap_or_default());
                (plain.say)(&format!("{}: {}/{}; {text}", self.bar.prefix(), words::number(done), words::number(all)));
            }
        }
    }

    /// Keeps the elapsed time running while nothing moves.
    pub fn tick(&self) {
        self.show_when_due();
        self.bar.tick();
    }

    /// Wraps a writer so that what is written moves the bar.
    pub fn write<'w>(&self, writer: &'w mut dyn Write) -> BarWriter<'w> {
        BarWriter { bar: self.clone(), writer, n_ahead: 0 }
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

/// A writer that moves a bar.
pub struct BarWriter<'w> {
    bar: Bar,
    writer: &'w mut dyn Write,
    /// Bytes that the bar does not count yet.
    n_ahead: u64,
}

/// Bytes after which a bar is moved. JSON is written a few bytes at a time, and for each the clock was read twice: that took
/// a third of an export.
const MOVE_BYTES: u64 = 64 * 1024;

impl Write for BarWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.writer.write(bytes)?;
        self.n_ahead += n as u64;
        if self.n_ahead >= MOVE_BYTES {
            self.bar.inc(std::mem::take(&mut self.n_ahead));
        }
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
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
