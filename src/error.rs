//! Attachments of an error beside its message: hints for the person and the exit code for the shell.
//!
//! `anyhow` is the ordinary way through the program. Where the knowledge is, a hint is attached with [`Explain::hint`]
//! or the exit code is chosen with [`usage`]; `main` is the one place that prints them.

use std::error::Error;
use std::fmt;
use std::path::Path;

use crate::text::bounded::NotUtf8;

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
    /// Wrong usage: the command line does not fit together, or names something that does not exist.
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

/// Kind of an error, for programs: one word that stays while messages may change. `docs/json.md` lists them and a test
/// holds the two together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// Something that was named does not exist.
    NotFound,
    /// The command line asks for what does not fit together, or a value is none.
    Usage,
    /// A limit, a missing yes or another copy of the database keeps the command from what it would do.
    Refused,
    /// Bought or not, nobody knows yet.
    Uncertain,
    /// The provider could not be reached, or its answer was no.
    Provider,
    /// Another process has the database, or the right to send.
    Busy,
    /// The database or a file is damaged.
    Damaged,
    /// Something was saved, and something is missing.
    Incomplete,
    /// The person stopped it.
    Interrupted,
    /// Anything else.
    Failed,
}

impl ErrorKind {
    /// Kinds of errors.
    pub const ALL: [ErrorKind; 10] = [
        ErrorKind::NotFound,
        ErrorKind::Usage,
        ErrorKind::Refused,
        ErrorKind::Uncertain,
        ErrorKind::Provider,
        ErrorKind::Busy,
        ErrorKind::Damaged,
        ErrorKind::Incomplete,
        ErrorKind::Interrupted,
        ErrorKind::Failed,
    ];

    /// Returns its word.
    pub fn word(self) -> &'static str {
        match self {
            ErrorKind::NotFound => "not_found",
            ErrorKind::Usage => "usage",
            ErrorKind::Refused => "refused",
            ErrorKind::Uncertain => "uncertain",
            ErrorKind::Provider => "provider",
            ErrorKind::Busy => "busy",
            ErrorKind::Damaged => "damaged",
            ErrorKind::Incomplete => "incomplete",
            ErrorKind::Interrupted => "interrupted",
            ErrorKind::Failed => "failed",
        }
    }

    /// Returns the kind of an error of which only the exit code is known.
    fn of(exit: Exit) -> ErrorKind {
        match exit {
            Exit::Usage => ErrorKind::Usage,
            Exit::Incomplete => ErrorKind::Incomplete,
            Exit::Interrupted => ErrorKind::Interrupted,
            Exit::Done | Exit::Failed => ErrorKind::Failed,
        }
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
    kind: Option<ErrorKind>,
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

    /// Chooses the kind; without it the exit code and the causes decide.
    fn kind(self, kind: ErrorKind) -> anyhow::Result<T>;
}

impl<T, E: Into<anyhow::Error>> Explain<T> for Result<T, E> {
    fn hint(self, hint: impl Into<String>) -> anyhow::Result<T> {
        self.map_err(|error| hinted(error, hint))
    }

    fn exit(self, exit: Exit) -> anyhow::Result<T> {
        self.map_err(|error| Note { source: error.into(), hint: None, exit: Some(exit), kind: None }.into())
    }

    fn kind(self, kind: ErrorKind) -> anyhow::Result<T> {
        self.map_err(|error| Note { source: error.into(), hint: None, exit: None, kind: Some(kind) }.into())
    }
}

/// Returns an error with a hint, as [`Explain::hint`] adds one to a result.
pub fn hinted(error: impl Into<anyhow::Error>, hint: impl Into<String>) -> anyhow::Error {
    Note { source: error.into(), hint: Some(hint.into()), exit: None, kind: None }.into()
}

/// Returns an error of wrong usage (exit code 2).
pub fn usage(message: impl fmt::Display) -> anyhow::Error {
    Note { source: anyhow::anyhow!("{message}"), hint: None, exit: Some(Exit::Usage), kind: None }.into()
}

/// Returns an error that says what was named does not exist (exit code 2).
pub fn not_found(message: impl fmt::Display) -> anyhow::Error {
    let kind = Some(ErrorKind::NotFound);
    Note { source: anyhow::anyhow!("{message}"), hint: None, exit: Some(Exit::Usage), kind }.into()
}

/// Returns why a file that was named cannot be opened: where there is none, that (exit code 2).
pub fn cannot_open(path: &Path, error: std::io::Error) -> anyhow::Error {
    match error.kind() {
        std::io::ErrorKind::NotFound => not_found(format!("there is no file `{}`", path.display())),
        _ => anyhow::Error::new(error).context(format!("cannot open `{}`", path.display())),
    }
}

/// Returns an error that says the person stopped us (exit code 130).
pub fn interrupted() -> anyhow::Error {
    Note { source: anyhow::anyhow!(INTERRUPTED), hint: None, exit: Some(Exit::Interrupted), kind: None }.into()
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
    /// Kind.
    pub kind: ErrorKind,
}

/// Takes an error apart that no room above has anything to say of.
#[cfg(test)]
pub fn explain(error: &anyhow::Error) -> Explained {
    explain_with(error, |_| Advice::default())
}

/// The hint, the exit code and the kind that an error has by itself, if it has.
#[derive(Debug, Default)]
pub struct Advice {
    pub hint: Option<String>,
    pub exit: Option<Exit>,
    pub kind: Option<ErrorKind>,
}

/// Takes an error apart: message, causes, hints and exit code; `advise` is asked about each cause, for the errors of
/// the rooms above.
pub fn explain_with(error: &anyhow::Error, advise: fn(&(dyn Error + 'static)) -> Advice) -> Explained {
    let mut explained = Explained {
        message: String::new(),
        causes: vec![],
        hints: vec![],
        exit: Exit::Failed,
        kind: ErrorKind::Failed,
    };
    let mut chosen = Chosen::default();
    collect(error, advise, &mut explained, &mut chosen);
    explained.exit = chosen.exit.unwrap_or(Exit::Failed);
    // Whoever chose another exit code than that of a plain failure knew more than the cause does.
    let by_exit = Some(ErrorKind::of(explained.exit)).filter(|kind| *kind != ErrorKind::Failed);
    explained.kind = chosen.kind.or(by_exit).or(chosen.cause).unwrap_or(ErrorKind::Failed);
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

/// A folder where a file was to be named, or a file that was to be text and is none.
fn is_another_kind_of_file(io: &std::io::Error) -> bool {
    io.kind() == std::io::ErrorKind::IsADirectory || io.get_ref().is_some_and(|inner| inner.is::<NotUtf8>())
}

/// Exit code and kind, as far as they are chosen; the outermost counts.
#[derive(Default)]
struct Chosen {
    exit: Option<Exit>,
    kind: Option<ErrorKind>,
    /// Kind of the error that caused it.
    cause: Option<ErrorKind>,
}

fn collect(
    error: &anyhow::Error,
    advise: fn(&(dyn Error + 'static)) -> Advice,
    into: &mut Explained,
    chosen: &mut Chosen,
) {
    for cause in error.chain() {
        if let Some(note) = cause.downcast_ref::<Note>() {
            chosen.exit = chosen.exit.or(note.exit);
            chosen.kind = chosen.kind.or(note.kind);
            collect(&note.source, advise, into, chosen);
            into.hints.extend(note.hint.clone().filter(|hint| !into.hints.contains(hint)));
            return;
        }
        let advice = advise(cause);
        into.hints.extend(advice.hint.filter(|hint| !into.hints.contains(hint)));
        chosen.exit = chosen.exit.or(advice.exit);
        chosen.cause = chosen.cause.or(advice.kind);
        // The file itself can be written, or it would have been said before.
        let sqlite = cause.downcast_ref::<rusqlite::Error>().and_then(rusqlite::Error::sqlite_error_code);
        chosen.cause = chosen.cause.or(match sqlite {
            Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked) => Some(ErrorKind::Busy),
            Some(rusqlite::ErrorCode::DatabaseCorrupt | rusqlite::ErrorCode::NotADatabase) => Some(ErrorKind::Damaged),
            _ => None,
        });
        // Files are opened by the names that people give them.
        match cause.downcast_ref::<std::io::Error>() {
            Some(io) if io.kind() == std::io::ErrorKind::NotFound => {
                chosen.exit = chosen.exit.or(Some(Exit::Usage));
                chosen.kind = chosen.kind.or(Some(ErrorKind::NotFound));
            }
            Some(io) if is_another_kind_of_file(io) => {
                chosen.exit = chosen.exit.or(Some(Exit::Usage));
                if io.kind() != std::io::ErrorKind::IsADirectory {
                    into.hints.push("save it as UTF-8".to_owned());
                }
            }
            _ => {}
        }
        let io = cause.downcast_ref::<std::io::Error>();
        let is_full = io.is_some_and(|io| io.kind() == std::io::ErrorKind::StorageFull)
            || sqlite == Some(rusqlite::ErrorCode::DiskFull);
        let hint =
            "the disk is full: make room and run it again; what was not finished changed nothing in the database";
        if is_full && !into.hints.iter().any(|known| known == hint) {
            into.hints.push(hint.to_owned());
        }
        if sqlite == Some(rusqlite::ErrorCode::ReadOnly) {
            into.hints.push("the folder of the database must be writable too, for its journal".to_owned());
        }
        let is_stopped = cause.downcast_ref::<std::io::Error>().is_some_and(is_stopped);
        if is_stopped || sqlite == Some(rusqlite::ErrorCode::OperationInterrupted) {
            chosen.exit = chosen.exit.or(Some(Exit::Interrupted));
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
                kind: ErrorKind::Incomplete,
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
    fn a_full_disk_is_said_to_need_room_once() {
        let full = || std::io::Error::from(std::io::ErrorKind::StorageFull);
        let sqlite = rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_FULL), None);
        for error in
            [anyhow::Error::new(full()), anyhow::Error::new(sqlite), anyhow::Error::new(full()).context(full())]
        {
            let explained = explain(&error);
            assert_eq!((explained.hints.len(), explained.exit), (1, Exit::Failed), "{explained:?}");
            assert!(explained.hints[0].contains("make room"));
        }
    }

    #[test]
    fn a_plain_error_is_a_failure_without_hints() {
        let explained = explain(&anyhow::anyhow!("no"));
        assert_eq!((explained.exit, explained.hints.len(), explained.causes.len()), (Exit::Failed, 0, 0));
        assert_eq!(explain(&usage("no such flag")).exit, Exit::Usage);
    }

    #[test]
    fn the_kind_is_what_was_chosen_else_what_the_exit_code_and_the_cause_say() {
        let kind = |error: anyhow::Error| explain(&error).kind;
        assert_eq!(kind(anyhow::anyhow!("no")), ErrorKind::Failed);
        assert_eq!(kind(usage("no")), ErrorKind::Usage);
        assert_eq!(kind(not_found("no").context("outer")), ErrorKind::NotFound);
        assert_eq!(kind(interrupted()), ErrorKind::Interrupted);
        let busy = || anyhow::Error::from(rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(5), None));
        assert_eq!(kind(busy().context("cannot write")), ErrorKind::Busy);
        assert_eq!(kind(Err::<(), _>(busy()).exit(Exit::Usage).unwrap_err()), ErrorKind::Usage);
        assert_eq!(kind(Err::<(), _>(usage("a")).kind(ErrorKind::Refused).unwrap_err()), ErrorKind::Refused);
    }
}
