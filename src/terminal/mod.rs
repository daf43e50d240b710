//! The only writer to stdout and stderr: results, bars, hints, warnings.
//!
//! stdout is the result and can be piped; everything else goes to stderr. Whatever is written passes [`style::render`],
//! so text from outside stays inert. A [`Terminal`] is cheap to clone and may be used from several threads.

pub mod bar;
mod manner;
mod pager;
pub mod style;
pub mod table;

pub use crate::text::words;
pub use manner::{ColorChoice, Manner};
pub use pager::Pager;

use std::io::{self, BufRead as _, IsTerminal as _, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use indicatif::{MultiProgress, ProgressDrawTarget};
use serde::Serialize;
use serde_json::Value;

use crate::error::Explained;
use crate::interrupt::{self, stream};
use crate::text::hidden::{is_hidden, is_steering};
use crate::text::shell_word;
use bar::Bar;
use pager::Paged;
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

    /// Writes a value to stdout as indented JSON, or the list it holds as lines of JSON where lines are wanted.
    pub fn json(&self, value: &impl Serialize) -> anyhow::Result<()> {
        if self.is_json_lines() {
            let value = serde_json::to_value(value)?;
            let is_list = |value: &&Value| value.as_array().is_some_and(|list| list.iter().all(Value::is_object));
            let list = value.as_object().and_then(|object| object.values().find(is_list));
            return match list.and_then(Value::as_array) {
                Some(list) => list.iter().try_for_each(|item| self.json_line(item)),
                None => self.json_line(&value),
            };
        }
        let text = serde_json::to_string_pretty(value)?;
        self.above_bars(|| writeln!(lock(&self.inner.out), "{}", inert_json(&text))).map_err(on_stdout)
    }

    /// Writes a value to stdout as JSON: what was done, which is one thing whatever lists are in it.
    pub fn json_whole(&self, value: &impl Serialize) -> anyhow::Result<()> {
        if self.is_json_lines() { self.json_line(value) } else { self.json(value) }
    }

    /// Writes a value to stdout as one line of JSON.
    pub fn json_line(&self, value: &impl Serialize) -> anyhow::Result<()> {
        let text = serde_json::to_string(value)?;
        self.above_bars(|| writeln!(lock(&self.inner.out), "{}", inert_json(&text))).map_err(on_stdout)
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

    /// Names the database that commands in hints are about, where it was typed and is not the one they would find.
    pub fn name_db(&self, db: &Path) {
        // Only the first one counts: a process has one command.
        let _ = self.inner.db.set(shell_word(&db.display().to_string()));
    }

    /// Returns a text whose commands can be copied as they are: none of them names a database by itself.
    fn copyable(&self, text: &str) -> String {
        const COMMAND: &str = "`gleaner ";
        let Some(db) = self.inner.db.get() else { return text.to_owned() };
        let mut parts = text.split(COMMAND);
        let mut copyable = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            copyable.push_str(&format!("{COMMAND}--db {db} {part}"));
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
fn on_stdout(error: io::Error) -> anyhow::Error {
    if error.kind() == io::ErrorKind::BrokenPipe { ClosedPipe.into() } else { error.into() }
}

/// stdout for writers that speak `io::Write` only; remembers whether it was closed.
struct Stdout<'a> {
    out: &'a mut (dyn Write + Send),
    is_closed: bool,
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

fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A thread that panicked while writing left at the worst half a line.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Escapes what JSON allows inside a string but a terminal would act on or hide: DEL, C1 controls, bidirectional
/// overrides, zero-width characters, tags. Who parses it gets the same text.
fn inert_json(text: &str) -> std::borrow::Cow<'_, str> {
    let is_escaped = |c: char| c > '~' && is_hidden(c);
    if !text.chars().any(is_escaped) {
        return text.into();
    }
    let mut out = String::with_capacity(text.len() + 32);
    for c in text.chars() {
        if is_escaped(c) {
            c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| out.push_str(&format!("\\u{unit:04x}")));
        } else {
            out.push(c);
        }
    }
    out.into()
}

fn console_width(is_terminal: bool) -> usize {
    match terminal_size::terminal_size() {
        Some((terminal_size::Width(columns), _)) if is_terminal => usize::from(columns).max(40),
        _ => 100,
    }
}
