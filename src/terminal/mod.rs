//! The only writer to stdout and stderr: results, bars, hints, warnings.
//!
//! stdout is the result and can be piped; everything else goes to stderr. Whatever is written passes [`style::render`],
//! so text from outside stays inert. A [`Terminal`] is cheap to clone and may be used from several threads.

mod ask;
pub mod bar;
mod json;
mod manner;
mod pager;
pub mod style;
mod stdout;
pub mod table;

pub use crate::text::words;
pub use manner::{ColorChoice, Manner};
pub use pager::Pager;
pub use stdout::ClosedPipe;

use std::io::{self, IsTerminal as _, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use indicatif::{MultiProgress, ProgressDrawTarget};

use crate::error::Explained;
use crate::interrupt::{self, stream};
use crate::text::shell_word;
use bar::Bar;
use json::inert_json;
use pager::Paged;
use stdout::{Stdout, on_stdout};
use table::Table;

/// Columns of the longest bar of a table.
const BAR: usize = 24;

/// Destination of everything written.
#[derive(Clone)]
pub struct Terminal {
    inner: Arc<Inner>,
}

struct Inner {
    manner: Manner,
    color_out: bool,
    color_err: bool,
    interactive: bool,
    /// True where stdout is a terminal.
    is_terminal: bool,
    width: usize,
    bars: MultiProgress,
    out: Mutex<Box<dyn Write + Send>>,
    err: Mutex<Box<dyn Write + Send>>,
    /// `--db` as a word of the shell, where it was typed.
    db: OnceLock<String>,
    /// True where stdout may go to a pager: what is said of the result stands in its place there too.
    is_paged: AtomicBool,
}

impl Terminal {
    /// Returns the terminal of this process.
    pub fn new(manner: Manner) -> Self {
        let color = |is_terminal: bool| match manner.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => is_terminal && !manner.no_color,
        };
        let (out, err) = (io::stdout(), io::stderr());
        let interactive = io::stdin().is_terminal() && err.is_terminal();
        let show_bars = err.is_terminal() && !manner.quiet && !manner.json;
        let bars = MultiProgress::with_draw_target(if show_bars {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        });
        let width = console_width(out.is_terminal());
        Self {
            inner: Arc::new(Inner {
                manner,
                color_out: color(out.is_terminal()),
                color_err: color(err.is_terminal()),
                interactive,
                is_terminal: out.is_terminal(),
                width,
                bars,
                out: Mutex::new(Box::new(io::BufWriter::new(stream::stdout()))),
                err: Mutex::new(stream::stderr()),
                db: OnceLock::new(),
                is_paged: AtomicBool::new(false),
            }),
        }
    }

    /// Returns a terminal that writes to the given places, without bars; for tests of flows.
    pub fn to(out: impl Write + Send + 'static, err: impl Write + Send + 'static, manner: Manner) -> Self {
        Self {
            inner: Arc::new(Inner {
                manner,
                color_out: false,
                color_err: false,
                interactive: false,
                is_terminal: false,
                width: 100,
                bars: MultiProgress::with_draw_target(ProgressDrawTarget::hidden()),
                out: Mutex::new(Box::new(out)),
                err: Mutex::new(Box::new(err)),
                db: OnceLock::new(),
                is_paged: AtomicBool::new(false),
            }),
        }
    }

    /// Shows the result page by page where stdout is a terminal and it is longer than the screen.
    pub fn start_pager(&self, pager: Pager) {
        let Some((terminal_size::Width(width), terminal_size::Height(height))) = terminal_size::terminal_size() else {
            return;
        };
        if !self.inner.is_terminal || self.is_json() || height < 2 || pager.command.trim().is_empty() {
            return;
        }
        let terminal = self.clone();
        let warn = Box::new(move |text: String| {
            // Straight to stderr: stdout is what is being written to.
            let line =
                style::render(&format!("{} {text}", style::yellow("warning:")), terminal.inner.color_err).into_owned();
            let _ = writeln!(lock(&terminal.inner.err), "{line}");
        });
        *lock(&self.inner.out) = Box::new(Paged::new(pager, (usize::from(width), usize::from(height) - 1), warn));
        self.inner.is_paged.store(io::stderr().is_terminal(), Ordering::Relaxed);
    }

    /// Ends the result and waits until the pager is left, where there is one.
    pub fn close_pager(&self) {
        self.inner.is_paged.store(false, Ordering::Relaxed);
        // Dropped, it shows what it holds, or tells the pager that this was all.
        let paged = std::mem::replace(&mut *lock(&self.inner.out), Box::new(io::BufWriter::new(stream::stdout())));
        drop(paged);
    }

    /// Returns whether results are wanted as JSON.
    pub fn is_json(&self) -> bool {
        self.inner.manner.json
    }

    /// Returns whether JSON is wanted as one object a line.
    pub fn is_json_lines(&self) -> bool {
        self.inner.manner.json_lines
    }

    /// Returns whether more is to be said.
    pub fn is_verbose(&self) -> bool {
        self.inner.manner.verbose
    }

    /// Returns whether a person can be asked.
    pub fn is_interactive(&self) -> bool {
        self.inner.interactive
    }

    /// Returns the width of stdout in columns; 100 where it is no terminal.
    pub fn width(&self) -> usize {
        self.inner.width
    }

    /// Returns the columns of a bar beside other columns: at most 24, fewer on a narrow terminal.
    pub fn bar_width(&self) -> usize {
        if self.inner.is_terminal { (self.inner.width / 6).min(BAR) } else { BAR }
    }

    /// Writes one line of the result to stdout.
    pub fn line(&self, text: impl AsRef<str>) -> anyhow::Result<()> {
        let rendered = style::render(text.as_ref(), self.inner.color_out);
        self.above_bars(|| writeln!(lock(&self.inner.out), "{rendered}")).map_err(on_stdout)
    }

    /// Writes a table to stdout, all of it behind so many blanks: to fit a terminal, and with whole cells into a pipe. One
    /// without rows is not written.
    pub fn table(&self, table: &Table, indent: usize) -> anyhow::Result<()> {
        if table.is_empty() {
            return Ok(());
        }
        let width = if self.inner.is_terminal { self.inner.width.saturating_sub(indent) } else { usize::MAX };
        let indent = " ".repeat(indent);
        table.lines(width).iter().try_for_each(|line| self.line(format!("{indent}{line}")))
    }

    /// Writes one line of the result that names commands, to be copied as they are.
    pub fn advise(&self, text: impl AsRef<str>) -> anyhow::Result<()> {
        self.line(self.copyable(text.as_ref()))
    }

    /// Says what a command did: its result, where none is wanted as JSON.
    pub fn done(&self, text: impl AsRef<str>) -> anyhow::Result<()> {
        if self.is_json() {
            self.status(text);
            return Ok(());
        }
        self.advise(text)
    }

    /// Gives stdout to a writer of whole files (`export`, completions): bytes pass unchanged.
    pub fn raw(&self, write: impl FnOnce(&mut dyn Write) -> anyhow::Result<()>) -> anyhow::Result<()> {
        let mut out = lock(&self.inner.out);
        let mut stdout = Stdout { out: &mut *out, is_closed: false };
        let written = write(&mut stdout);
        // Whatever a writer in between made of it: some do not tell what caused their error.
        if stdout.is_closed {
            return Err(ClosedPipe.into());
        }
        if written.is_err() {
            interrupt::check()?;
        }
        written?;
        out.flush().map_err(on_stdout)
    }

    /// Flushes stdout; called once at the end.
    pub fn flush(&self) -> anyhow::Result<()> {
        lock(&self.inner.out).flush().map_err(on_stdout)
    }

    /// Says on stderr what is being done, unless quiet.
    pub fn status(&self, text: impl AsRef<str>) {
        if !self.inner.manner.quiet {
            self.say("", &self.copyable(text.as_ref()));
        }
    }

    /// Says on stderr what only a curious person wants to know (`-v`).
    pub fn detail(&self, text: impl AsRef<str>) {
        if self.inner.manner.verbose {
            self.say("", text.as_ref());
        }
    }

    /// Warns on stderr.
    pub fn warn(&self, text: impl AsRef<str>) {
        self.say(&style::yellow("warning:"), &self.copyable(text.as_ref()));
    }

    /// Says on stderr what is wrong at a place of a file, `path:line: reason`; without a label, so that editors can
    /// jump to it, and also when quiet.
    pub fn complain(&self, text: impl AsRef<str>) {
        self.say("", style::single_line(text.as_ref()).as_ref());
    }

    /// Says on stderr what to do next, unless quiet.
    pub fn hint(&self, text: impl AsRef<str>) {
        if !self.inner.manner.quiet {
            self.say(&style::cyan("hint:"), &self.copyable(text.as_ref()));
        }
    }

    /// Returns whether stdout is a terminal, where what is no text would be a mess.
    pub fn is_stdout_terminal(&self) -> bool {
        self.inner.is_terminal
    }

    /// Names the database that commands in hints are about, where it was typed and is not the one they would find.
    pub fn name_db(&self, db: &Path) {
        // Only the first one counts: a process has one command.
        let _ = self.inner.db.set(shell_word(&db.display().to_string()));
    }

    /// Returns a text whose commands can be copied as they are: none of them names a database by itself.
    fn copyable(&self, text: &str) -> String {
        const COMMAND: &str = "`gleaner ";
        // Commands that use no database.
        const WITHOUT: [&str; 5] = ["completions", "demo", "help", "key", "man"];
        let Some(db) = self.inner.db.get() else { return text.to_owned() };
        let mut parts = text.split(COMMAND);
        let mut copyable = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let command = part.split([' ', '`']).next().unwrap_or_default();
            match WITHOUT.contains(&command) {
                true => copyable.push_str(&format!("{COMMAND}{part}")),
                false => copyable.push_str(&format!("{COMMAND}--db {db} {part}")),
            }
        }
        copyable
    }

    /// Shows an error with its causes and hints on stderr.
    pub fn error(&self, error: &Explained) {
        if self.inner.manner.json {
            let mut message = self.copyable(&error.message);
            for cause in &error.causes {
                message.push_str(": ");
                message.push_str(cause);
            }
            let hints: Vec<String> = error.hints.iter().map(|hint| self.copyable(hint)).collect();
            let value = serde_json::json!({"error": {
                "message": message, "hints": hints, "code": error.exit as u8, "kind": error.kind.word(),
            }});
            let _ = self.above_bars(|| writeln!(lock(&self.inner.err), "{}", inert_json(&value.to_string())));
            return;
        }
        self.say(&style::red("error:"), &self.copyable(&error.message));
        for cause in &error.causes {
            self.say("  caused by:", cause);
        }
        for hint in &error.hints {
            self.say(&style::cyan("hint:"), &self.copyable(hint));
        }
    }

    /// Returns a bar that counts up to `length` (groups, bytes, …); hidden where bars are not wanted.
    pub fn bar(&self, length: u64, unit: bar::Unit, what: &str) -> Bar {
        let bar = Bar::new(&self.inner.bars, length, unit, what);
        let Manner { quiet, json, waits_in_words, .. } = self.inner.manner;
        if unit == bar::Unit::Remote && self.inner.bars.is_hidden() && waits_in_words && !quiet && !json {
            let terminal = self.clone();
            return bar.in_words(move |text| terminal.status(text));
        }
        bar
    }

    fn say(&self, label: &str, text: &str) {
        let space = if label.is_empty() { "" } else { " " };
        let line = format!("{label}{space}{text}");
        let rendered = style::render(&line, self.inner.color_err);
        if self.inner.is_paged.load(Ordering::Relaxed) {
            let _ = writeln!(lock(&self.inner.out), "{rendered}");
            return;
        }
        // Where stderr is closed nobody listens; the result on stdout still counts.
        let _ = self.above_bars(|| writeln!(lock(&self.inner.err), "{rendered}"));
    }

    /// Writes while the bars are taken off the screen. Where none can show, there is nothing to take off.
    fn above_bars<T>(&self, write: impl FnOnce() -> T) -> T {
        if self.inner.bars.is_hidden() { write() } else { self.inner.bars.suspend(write) }
    }
}

fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A thread that panicked while writing left at the worst half a line.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn console_width(is_terminal: bool) -> usize {
    match terminal_size::terminal_size() {
        Some((terminal_size::Width(columns), _)) if is_terminal => usize::from(columns).max(40),
        _ => 100,
    }
}
