//! Attachments of an error beside its message: hints for the person and the exit code for the shell.
//!
//! `anyhow` is the ordinary way through the program. Where the knowledge is, a hint is attached with [`Explain::hint`]
//! or the exit code is chosen with [`usage`]; `main` is the one place that prints them.

use std::error::Error;
use std::fmt;

/// The message of an error that is the person's own wish.
pub(crate) const INTERRUPTED: &str = "interrupted";

/// Exit codes, the whole table. The README repeats it and a test holds the two together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done.
    Done = 0,
    /// Failed; nothing more was done than is said.
    Failed = 1,
    /// Wrong usage: the command line asks for something that does not exist or does not fit together.
    Usage = 2,
    /// Finished but incomplete: something failed, is missing, unusable or uncertain; the rest is saved.
    Incomplete = 3,
    /// Interrupted by Ctrl-C or a termination signal.
    Interrupted = 130,
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        std::process::ExitCode::from(exit as u8)
    }
}

/// Error of a stream where the person asked us to stop.
#[derive(Debug)]
pub struct Stopped;

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(INTERRUPTED)
    }
}

impl Error for Stopped {}

/// Returns whether an error is that the person asked us to stop.
fn is_stopped(error: &std::io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<Stopped>())
}

/// A hint or an exit code on its way up, wrapped around the error it belongs to.
#[derive(Debug)]
struct Note {
    source: anyhow::Error,
    hint: Option<String>,
    exit: Option<Exit>,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source.fmt(f)
    }
}

impl Error for Note {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        // `Display` already speaks for the wrapped error itself; the chain goes on below it.
        self.source.source()
    }
}

/// Attaches hints and exit codes to errors where the knowledge is.
pub trait Explain<T> {
    /// Adds a line that says what the person can do about it: lower case, names in backticks, no final period.
    fn hint(self, hint: impl Into<String>) -> anyhow::Result<T>;

    /// Chooses the exit code; without it an error is [`Exit::Failed`].
    fn exit(self, exit: Exit) -> anyhow::Result<T>;
}

impl<T, E: Into<anyhow::Error>> Explain<T> for Result<T, E> {
    fn hint(self, hint: impl Into<String>) -> anyhow::Result<T> {
        self.map_err(|error| Note { source: error.into(), hint: Some(hint.into()), exit: None }.into())
    }

    fn exit(self, exit: Exit) -> anyhow::Result<T> {
        self.map_err(|error| Note { source: error.into(), hint: None, exit: Some(exit) }.into())
    }
}

/// Returns an error of wrong usage (exit code 2).
pub fn usage(message: impl fmt::Display) -> anyhow::Error {
    Note { source: anyhow::anyhow!("{message}"), hint: None, exit: Some(Exit::Usage) }.into()
}

/// Returns an error that says the person stopped us (exit code 130).
pub fn interrupted() -> anyhow::Error {
    Note { source: anyhow::anyhow!(INTERRUPTED), hint: None, exit: Some(Exit::Interrupted) }.into()
}

/// An error taken apart for showing.
#[derive(Debug, PartialEq, Eq)]
pub struct Explained {
    /// Message of the outermost error.
    pub message: String,
    /// Causes, outermost first, without repetitions.
    pub causes: Vec<String>,
    /// Hints, innermost first.
    pub hints: Vec<String>,
    /// Exit code.
    pub exit: Exit,
}

/// Takes an error apart that no room above has anything to say of.
#[cfg(test)]
pub fn explain(error: &anyhow::Error) -> Explained {
    explain_with(error, |_| (None, None))
}

/// The hint and the exit code that an error has by itself, if it has.
pub type Advice = (Option<String>, Option<Exit>);

/// Takes an error apart: message, causes, hints and exit code; `advise` is asked about each cause, for the errors of
/// the rooms above.
pub fn explain_with(error: &anyhow::Error, advise: fn(&(dyn Error + 'static)) -> Advice) -> Explained {
    let mut explained = Explained { message: String::new(), causes: vec![], hints: vec![], exit: Exit::Failed };
    let mut exit = None;
    collect(error, advise, &mut explained, &mut exit);
    explained.exit = exit.unwrap_or(Exit::Failed);
    explained
}

/// Returns the first error of a type in the chain, also below hints and exit codes.
pub fn find<T: Error + Send + Sync + 'static>(error: &anyhow::Error) -> Option<&T> {
    if let Some(found) = error.downcast_ref::<T>() {
        return Some(found);
    }
    error.chain().find_map(|cause| match cause.downcast_ref::<Note>() {
        Some(note) => find(&note.source),
        None => cause.downcast_ref::<T>(),
    })
}

fn collect(
    error: &anyhow::Error,
    advise: fn(&(dyn Error + 'static)) -> Advice,
    into: &mut Explained,
    exit: &mut Option<Exit>,
) {
    for cause in error.chain() {
        if let Some(note) = cause.downcast_ref::<Note>() {
            *exit = exit.or(note.exit);
            collect(&note.source, advise, into, exit);
            into.hints.extend(note.hint.clone().filter(|hint| !into.hints.contains(hint)));
            return;
        }
        let (hint, code) = advise(cause);
        into.hints.extend(hint.filter(|hint| !into.hints.contains(hint)));
        *exit = exit.or(code);
        // The file itself can be written, or it would have been said before.
        let sqlite = cause.downcast_ref::<rusqlite::Error>().and_then(rusqlite::Error::sqlite_error_code);
        if sqlite == Some(rusqlite::ErrorCode::ReadOnly) {
            into.hints.push("the folder of the database must be writable too, for its journal".to_owned());
        }
        let is_stopped = cause.downcast_ref::<std::io::Error>().is_some_and(is_stopped);
        if is_stopped || sqlite == Some(rusqlite::ErrorCode::OperationInterrupted) {
            *exit = exit.or(Some(Exit::Interrupted));
            into.message = INTERRUPTED.to_owned();
            into.causes.clear();
            return;
        }
        let text = cause.to_string();
        if into.message.is_empty() {
            into.message = text;
        } else if into.message != text && !into.causes.contains(&text) {
            into.causes.push(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context as _;

    #[test]
    fn hints_and_codes_survive_context() {
        let error = Err::<(), _>(anyhow::anyhow!("disk is full"))
            .hint("free some space")
            .context("cannot write `a.jsonl`")
            .exit(Exit::Incomplete)
            .context("batch create stopped")
            .unwrap_err();
        assert_eq!(
            explain(&error),
            Explained {
                message: "batch create stopped".into(),
                causes: vec!["cannot write `a.jsonl`".into(), "disk is full".into()],
                hints: vec!["free some space".into()],
                exit: Exit::Incomplete,
            }
        );
    }

    #[test]
    fn an_error_is_found_below_hints() {
        let io = || std::io::Error::other("deep");
        let error = Err::<(), _>(io()).hint("a").context("b").exit(Exit::Usage).unwrap_err();
        assert_eq!(find::<std::io::Error>(&error).unwrap().to_string(), "deep");
        assert!(find::<std::fmt::Error>(&error).is_none());
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_named_as_the_cause() {
        // SQLite's code where the journal cannot be made.
        let error = rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(1544), None);
        let explained = explain(&anyhow::Error::from(error).context("cannot write"));
        assert_eq!(explained.hints, ["the folder of the database must be writable too, for its journal"]);
    }

    #[test]
    fn a_plain_error_is_a_failure_without_hints() {
        let explained = explain(&anyhow::anyhow!("no"));
        assert_eq!((explained.exit, explained.hints.len(), explained.causes.len()), (Exit::Failed, 0, 0));
        assert_eq!(explain(&usage("no such flag")).exit, Exit::Usage);
    }
}
