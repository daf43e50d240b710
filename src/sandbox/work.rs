//! The work behind a batch: its input is validated and its requests are answered, in an order of its own, by a thread
//! that runs ahead of what is shown. How much of it clients see is decided in `batch.rs`.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use super::check::{self, Input};
use super::lines;
use super::reader::Reader;
use super::reply::Tokens;
use super::request_body::{Endpoint, Question};
use super::script::Script;

/// A batch's work in progress, shared by the thread that does it and those that look at it.
#[derive(Default)]
pub(crate) struct Work {
    progress: Mutex<Progress>,
    changed: Condvar,
}

/// Progress of the work.
#[derive(Default)]
pub(crate) struct Progress {
    pub(crate) validation: Option<Validation>,
    /// After each answered request: how long the files are by then, and what it all cost.
    pub(crate) marks: Vec<Mark>,
    /// The custom ids in the order in which they are done.
    pub(crate) order: Vec<Box<str>>,
    pub(crate) finished: bool,
    pub(crate) stopped: bool,
}

/// Result of validation.
pub(crate) enum Validation {
    Accepted { n_requests: u64, model: String, tokens: u64 },
    Rejected(Vec<Value>),
}

/// The state of the files after so many requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) output_bytes: u64,
    pub(crate) error_bytes: u64,
    pub(crate) completed: u64,
    pub(crate) failed: u64,
    pub(crate) tokens: Tokens,
}

/// Inputs to answering the requests of a batch.
pub(crate) struct Job<'a> {
    pub(crate) input_path: &'a Path,
    pub(crate) output_path: PathBuf,
    pub(crate) error_path: PathBuf,
    pub(crate) endpoint: Endpoint,
    pub(crate) script: &'a Script,
    pub(crate) reader: &'a Reader,
    /// Unique among all batches; ids of answers are made of it.
    pub(crate) tag: String,
    pub(crate) seed: u64,
    pub(crate) created_at: i64,
}

impl Work {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the work is as far as `enough` says, or finished.
    pub(crate) fn wait(&self, enough: impl Fn(&Progress) -> bool) {
        let mut progress = self.lock();
        while !(progress.finished || enough(&progress)) {
            progress = self.changed.wait(progress).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Changes the progress and wakes those who wait for it.
    pub(crate) fn update(&self, change: impl FnOnce(&mut Progress)) {
        change(&mut self.lock());
        self.changed.notify_all();
    }

    /// Ends the work early; what is done is done.
    pub(crate) fn stop(&self) {
        self.update(|progress| progress.stopped = true);
    }

    /// Answers all requests, or as many as it is let.
    pub(crate) fn run(&self, job: &Job, input: &Input) -> io::Result<()> {
        let order = shuffled(input.lines.len(), job.seed);
        self.update(|progress| {
            progress.order = order.iter().map(|at| input.lines[*at].custom_id.clone()).collect();
        });
        let mut source = BufReader::new(File::open(job.input_path)?);
        let mut output = BufWriter::new(File::create(&job.output_path)?);
        let mut error = BufWriter::new(File::create(&job.error_path)?);
        let mut mark = Mark::default();
        let mut text = vec![];
        for at in order {
            let line = &input.lines[at];
            text.clear();
            source.seek(SeekFrom::Start(line.offset))?;
            source.by_ref().take(check::LINE_BYTES_MAX).read_until(b'\n', &mut text)?;
            // `FromStr` is compiled with serde_json and so optimized in every build; `from_slice` would be ours.
            let request: Value = str::from_utf8(&text).map_err(io::Error::other)?.parse()?;
            let written = lines::answer(
                job.reader,
                job.script,
                &Question {
                    custom_id: &line.custom_id,
                    body: &request["body"],
                    endpoint: job.endpoint,
                    line_number: line.number,
                    attempt: line.attempt.into(),
                    id: format!("{}{:x}", job.tag, line.number),
                    created_at: job.created_at,
                },
            );
            output.write_all(written.output.as_bytes())?;
            error.write_all(written.error.as_bytes())?;
            mark.output_bytes += written.output.len() as u64;
            mark.error_bytes += written.error.len() as u64;
            mark.failed += u64::from(written.failed);
            mark.completed += u64::from(!written.failed);
            mark.tokens.add(written.tokens);
            self.update(|progress| progress.marks.push(mark));
            if self.lock().stopped {
                break;
            }
        }
        output.flush()?;
        error.flush()
    }

    /// Says that no more will come.
    pub(crate) fn finish(&self) {
        self.update(|progress| progress.finished = true);
    }
}

impl Progress {
    /// Returns the mark after so many requests, or the last one there is.
    pub(crate) fn mark(&self, n_done: usize) -> Mark {
        let n_done = n_done.min(self.marks.len());
        n_done.checked_sub(1).map(|at| self.marks[at]).unwrap_or_default()
    }
}

/// Returns the numbers below `n` in an order that depends on the seed alone (Fisher and Yates, xorshift).
fn shuffled(n: usize, seed: u64) -> Vec<usize> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut order: Vec<usize> = (0..n).collect();
    for at in (1..n).rev() {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        order.swap(at, usize::try_from(state % (at as u64 + 1)).unwrap_or(0));
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_another_one_and_always_the_same() {
        let order = shuffled(50, 1);
        assert_eq!(order, shuffled(50, 1));
        assert_ne!(order, shuffled(50, 2));
        assert_ne!(order, (0..50).collect::<Vec<_>>());
        let mut sorted = order;
        sorted.sort_unstable();
        assert_eq!(sorted, (0..50).collect::<Vec<_>>());
    }
}
