//! State that all connections share: files, batches, the script in force, the journal.

use std::fs::{self, File};
use std::io::{self, BufReader};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use super::batch::{BatchRecord, End, Order};
use super::check;
use super::journal::{Journal, Purchase};
use super::pattern::fits;
use super::reader::LazyReader;
use super::script::{BatchRule, Pace, Script};
use crate::config::Config;

/// An uploaded or made file.
#[derive(Clone, Debug)]
pub(crate) struct StoredFile {
    pub(crate) id: String,
    pub(crate) path: PathBuf,
    pub(crate) n_bytes: u64,
    pub(crate) filename: String,
    pub(crate) purpose: String,
    pub(crate) created_at: i64,
    pub(crate) expires_at: Option<i64>,
    /// Bytes at the end that are not there yet, and for how many downloads.
    pub(crate) short: Option<(u64, u64)>,
}

impl StoredFile {
    pub(crate) fn to_json(&self) -> Value {
        json!({"id": self.id, "object": "file", "bytes": self.n_bytes, "created_at": self.created_at,
            "expires_at": self.expires_at, "filename": self.filename, "purpose": self.purpose, "status": "processed"})
    }
}

/// Files and batches in the order in which they were made.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) files: Vec<StoredFile>,
    pub(crate) batches: Vec<BatchRecord>,
}

impl State {
    pub(crate) fn file(&mut self, id: &str) -> Option<&mut StoredFile> {
        self.files.iter_mut().find(|file| file.id == id)
    }

    pub(crate) fn batch(&mut self, id: &str) -> Option<&mut BatchRecord> {
        self.batches.iter_mut().rev().find(|batch| batch.id == id)
    }
}

/// The script in force, with the counts that its rules need.
pub(crate) struct Loaded {
    pub(crate) script: Arc<Script>,
    /// Number of calls that each fault fitted.
    pub(crate) fault_counts: Vec<AtomicU64>,
    /// Number of synchronous calls that each answer rule fitted.
    pub(crate) answer_counts: Vec<AtomicU64>,
    n_batches: AtomicU64,
}

impl Loaded {
    pub(crate) fn new(script: Script) -> Loaded {
        let zeros = |n: usize| (0..n).map(|_| AtomicU64::new(0)).collect();
        Loaded {
            fault_counts: zeros(script.faults.len()),
            answer_counts: zeros(script.answers.len()),
            n_batches: AtomicU64::new(0),
            script: Arc::new(script),
        }
    }
}

/// Everything that the connections share.
pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) dir: PathBuf,
    pub(crate) reader: LazyReader,
    pub(crate) pace: Pace,
    pub(crate) stopping: AtomicBool,
    loaded: Mutex<Arc<Loaded>>,
    state: Mutex<State>,
    journal: Mutex<Journal>,
    /// Tells the ids of this sandbox from those of any other.
    instance: String,
    counter: AtomicU64,
    checks: Sender<String>,
}

impl Shared {
    pub(crate) fn new(
        config: Config,
        dir: PathBuf,
        reader: LazyReader,
        pace: Pace,
        script: Script,
        instance: String,
        checks: Sender<String>,
    ) -> Shared {
        Shared {
            config,
            dir,
            reader,
            pace,
            stopping: AtomicBool::new(false),
            loaded: Mutex::new(Arc::new(Loaded::new(script))),
            state: Mutex::default(),
            journal: Mutex::default(),
            instance,
            counter: AtomicU64::new(0),
            checks,
        }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn journal(&self) -> MutexGuard<'_, Journal> {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn loaded(&self) -> Arc<Loaded> {
        Arc::clone(&self.loaded.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn load(&self, script: Script) {
        *self.loaded.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(Loaded::new(script));
    }

    /// Returns the time in Unix seconds.
    pub(crate) fn now(&self) -> i64 {
        self.config.now().as_second()
    }

    /// Returns a text that no other id of any sandbox has.
    pub(crate) fn unique(&self) -> String {
        format!("{}{:06x}", self.instance, self.counter.fetch_add(1, Ordering::SeqCst) + 1)
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }

    /// Adds a file whose content is already on disk.
    pub(crate) fn add_file(
        &self,
        state: &mut State,
        path: PathBuf,
        filename: &str,
        purpose: &str,
    ) -> io::Result<String> {
        let file = StoredFile {
            id: format!("file-{}", self.unique()),
            n_bytes: fs::metadata(&path)?.len(),
            path,
            filename: filename.into(),
            purpose: purpose.into(),
            created_at: self.now(),
            expires_at: None,
            short: None,
        };
        let id = file.id.clone();
        state.files.push(file);
        Ok(id)
    }

    /// Makes a batch and sends it to be validated; returns its object.
    pub(crate) fn add_batch(&self, state: &mut State, order: Order) -> Value {
        let loaded = self.loaded();
        let nth = loaded.n_batches.fetch_add(1, Ordering::SeqCst) + 1;
        let model = || first_model(state, &order.input_file_id);
        let rule = loaded.script.batches.iter().find(|rule| rule_fits(rule, nth, &order.metadata, &model));
        let id = format!("batch_{}", self.unique());
        self.journal().batches.push(Purchase {
            batch_id: id.clone(),
            input_file_id: order.input_file_id.clone(),
            metadata: order.metadata.clone(),
            ..Purchase::default()
        });
        let rule = rule.cloned().unwrap_or_default();
        let batch = BatchRecord::new(id.clone(), order, self.now(), self.pace, Arc::clone(&loaded.script), rule);
        let shown = batch.to_json();
        state.batches.push(batch);
        // Fails only when the sandbox is being stopped.
        let _ = self.checks.send(id);
        shown
    }

    /// Looks at a batch: counts the look where it should, waits for the work it is to show, and shows it.
    pub(crate) fn look(&self, id: &str, is_poll: bool) -> Option<Value> {
        let mut state = self.state();
        let batch = state.batch(id)?;
        if is_poll {
            batch.poll();
        }
        if is_poll && batch.is_polled() {
            // The state is not held while waiting, so the batch is looked up again afterwards.
            let (work, due) = (Arc::clone(&batch.work), batch.due());
            drop(state);
            work.wait(|progress| due.is_ready(progress));
            state = self.state();
        }
        let at = state.batches.iter().position(|batch| batch.id == id)?;
        self.advance(&mut state, at);
        let batch = &state.batches[at];
        (!batch.is_gone()).then(|| batch.to_json())
    }

    /// Moves a batch on as far as it should be by now.
    pub(crate) fn advance(&self, state: &mut State, at: usize) {
        let now = self.now();
        if let Some((ends, n_done)) = state.batches[at].advance(now) {
            let end = self.close(state, at, ends, n_done).unwrap_or_else(|error| End {
                errors: Some(json!([check::error("server_error", &error.to_string(), None, None)])),
                ..End::default()
            });
            state.batches[at].end(ends, end, now);
        }
    }

    /// Ends the threads behind the batches; the one that validates wakes up for an id that is none.
    pub(crate) fn stop_work(&self) {
        for batch in &self.state().batches {
            batch.work.stop();
        }
        let _ = self.checks.send(String::new());
    }
}

fn rule_fits(rule: &BatchRule, nth: u64, metadata: &Value, model: &dyn Fn() -> String) -> bool {
    rule.nth.is_none_or(|wanted| wanted == nth)
        && rule.metadata.iter().all(|(name, pattern)| metadata[name].as_str().is_some_and(|value| fits(pattern, value)))
        && rule.model.as_ref().is_none_or(|pattern| fits(pattern, &model()))
}

/// Returns the model of the first request of a file.
fn first_model(state: &State, file_id: &str) -> String {
    let read = |path: &PathBuf| -> io::Result<String> {
        let mut line = String::new();
        io::BufRead::read_line(&mut BufReader::new(File::open(path)?), &mut line)?;
        let line: Value = serde_json::from_str(&line)?;
        Ok(line["body"]["model"].as_str().unwrap_or_default().to_owned())
    };
    let file = state.files.iter().find(|file| file.id == file_id);
    file.and_then(|file| read(&file.path).ok()).unwrap_or_default()
}
