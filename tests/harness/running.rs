//! The program while it runs, and what it left.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::PATIENCE;

/// A program that runs.
pub(crate) struct Running {
    pub(super) child: Child,
    pub(super) out: PathBuf,
    pub(super) err: PathBuf,
    pub(super) what: String,
}

impl Running {
    /// Waits until a file appears, such as one that the sandbox announces a stage with.
    #[track_caller]
    pub(crate) fn until(&mut self, path: &Path) {
        let end = Instant::now() + PATIENCE;
        while !path.exists() {
            if let Some(status) = self.child.try_wait().expect("the program can be waited for") {
                panic!("it ended before `{}` appeared\n{}", path.display(), self.report(Some(status)));
            }
            if Instant::now() > end {
                let _ = self.child.kill();
                panic!("`{}` never appeared\n{}", path.display(), self.report(None));
            }
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// Waits until it has said something on stderr.
    #[track_caller]
    pub(crate) fn until_it_says(&mut self, text: &str) {
        let end = Instant::now() + PATIENCE;
        while !fs::read_to_string(&self.err).is_ok_and(|said| said.contains(text)) {
            if self.has_ended() || Instant::now() > end {
                let _ = self.child.kill();
                panic!("it never said `{text}`\n{}", self.report(None));
            }
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// Returns whether it has ended.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("the program can be waited for").is_some()
    }

    /// Kills it (SIGKILL on Unix): no handler runs, nothing is flushed.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("the program runs");
        self.child.wait().expect("the program can be waited for");
    }

    /// Returns what it has said so far.
    pub(crate) fn said(&self) -> String {
        fs::read_to_string(&self.err).unwrap_or_default()
    }

    /// Returns its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for its end.
    #[track_caller]
    pub(crate) fn end(mut self) -> Ran {
        let end = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("the program can be waited for") {
                break status;
            }
            if Instant::now() > end {
                let _ = self.child.kill();
                panic!("it hangs\n{}", self.report(None));
            }
            thread::sleep(Duration::from_millis(2));
        };
        let what = self.report(Some(status));
        let read = |path: &Path| String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned();
        Ran { code: status.code(), stdout: read(&self.out), stderr: read(&self.err), what }
    }

    pub(super) fn report(&self, status: Option<ExitStatus>) -> String {
        let read = |path: &Path| String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned();
        let status = status.map_or("still running".to_owned(), |status| status.to_string());
        format!("{}\n{status}\n--- stdout\n{}--- stderr\n{}---", self.what, read(&self.out), read(&self.err))
    }
}

/// A program that has run.
pub(crate) struct Ran {
    /// Its exit code; `None`: ended by a signal.
    pub(crate) code: Option<i32>,
    /// What it printed.
    pub(crate) stdout: String,
    /// What it said.
    pub(crate) stderr: String,
    what: String,
}

impl Ran {
    /// Expects an exit code.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Ran {
        assert!(self.code == Some(code), "expected exit code {code}\n{}", self.what);
        self
    }

    /// Expects a text in what was printed or said.
    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Ran {
        assert!(self.stdout.contains(text) || self.stderr.contains(text), "expected `{text}`\n{}", self.what);
        self
    }

    /// Expects that a text is neither printed nor said.
    #[track_caller]
    pub(crate) fn says_not(self, text: &str) -> Ran {
        assert!(!self.stdout.contains(text) && !self.stderr.contains(text), "did not expect `{text}`\n{}", self.what);
        self
    }

    /// Returns what was printed as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("not JSON: {error}\n{}", self.what))
    }

    /// Returns command, status and outputs, for a test's own message.
    pub(crate) fn report(&self) -> &str {
        &self.what
    }
}
