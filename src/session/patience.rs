//! Patience with a database that another process has locked, where work that was paid for waits to be saved.

use std::time::Duration;

use crate::store::is_locked;
use crate::terminal::Terminal;

/// Pause before a step is repeated; SQLite has waited by itself before.
const PAUSE: Duration = Duration::from_millis(200);

/// Patience of one command: says once that it waits, and goes on for as long as it takes. Only a second Ctrl-C ends it:
/// after the first one, what came is still to be saved.
pub struct LockPatience<'a> {
    terminal: &'a Terminal,
    is_said: bool,
}

impl<'a> LockPatience<'a> {
    /// Makes one that has said nothing yet.
    pub fn new(terminal: &'a Terminal) -> Self {
        Self { terminal, is_said: false }
    }

    /// Returns after a pause where the step that failed is to be repeated, since the file was locked; any other error
    /// is passed on.
    pub fn wait(&mut self, error: anyhow::Error) -> anyhow::Result<()> {
        if !is_locked(&error) {
            return Err(error);
        }
        if !self.is_said {
            self.is_said = true;
            self.terminal.warn(format!("{error:#}; answers that came are kept and saved when it is free"));
        }
        std::thread::sleep(PAUSE);
        Ok(())
    }
}
