//! Records that a thread of its own finds: for libraries that lend each row only for a moment, or think long about one.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;

use crate::intake::LineError;
use crate::interrupt;

/// Records that may wait for whoever reads them.
const RECORDS_AHEAD: usize = 64;

/// The reading end.
pub(super) struct Produced<T> {
    records: Receiver<Result<T, LineError>>,
    is_over: bool,
}

/// Starts a thread that finds records; it hands each to its argument, which returns whether more are wanted.
pub(super) fn start<T: Send + 'static>(
    produce: impl FnOnce(&mut dyn FnMut(Result<T, LineError>) -> bool) + Send + 'static,
) -> Produced<T> {
    let (send, records) = mpsc::sync_channel(RECORDS_AHEAD);
    std::thread::spawn(move || produce(&mut |record| send.send(record).is_ok()));
    Produced { records, is_over: false }
}

impl<T> Iterator for Produced<T> {
    type Item = Result<T, LineError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.is_over {
            if interrupt::requested() {
                self.is_over = true;
                return Some(Err(LineError::fatal(0, "interrupted")));
            }
            match self.records.recv_timeout(Duration::from_millis(50)) {
                Ok(record) => return Some(record),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => self.is_over = true,
            }
        }
        None
    }
}
