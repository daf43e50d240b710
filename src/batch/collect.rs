//! A batch that has ended: fetch both files, import.
//!
//! `completed` may be said before the file ids are there, or before the files are whole; so where not every request
//! that was sent is answered in a readable line, it is looked at again with back-off. What is not there then is missing
//! only where the provider's own account says so, and uncertain otherwise.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;

use crate::answer::{Line, Reason};
use crate::batch::batch_or_run;
use crate::batch::file_import::{self, Import};
use crate::batch::look;
use crate::batch::part;
use crate::batch::plan::custom_id_of;
use crate::batch::throttle;
use crate::import::answers::{self, ImportReport};
use crate::interrupt;
use crate::model::{BatchKey, FileId};
use crate::provider::{ApiError, Client, Fault};
use crate::request::Prices;
use crate::session::Session;
use crate::session::api_failure;
use crate::store::{BatchRow, BatchState, Claim, RequestState};
use crate::terminal::bar::Unit;
use crate::terminal::words::{count, count_verb, duration, number};
use crate::text::lines::Lines;

/// Pauses before looking again at files that are not whole yet, in seconds; the contract saw peers wait up to 95 s.
const SETTLE_PAUSES_SECS: [u64; 7] = [2, 5, 15, 30, 60, 60, 120];

/// Time that the provider's counts must explain the same missing lines before they are believed.
const EXPLAINED_SECS: i64 = 50;

/// Time that the API must say that a file does not exist before that is believed.
const DELETED_SECS: i64 = 110;

/// A batch that was collected.
#[derive(Clone, Debug)]
pub struct Collected {
    /// As it stands now.
    pub part: BatchRow,
    /// Result of the import.
    pub report: ImportReport,
    /// True where anything was read that had not been read before.
    pub is_new: bool,
}

impl Collected {
    /// Returns the provider's id, or the run and part.
    pub fn name(&self) -> String {
        match &self.part.batch_id {
            Some(id) => id.to_string(),
            None => format!("{} part {}", self.part.run, self.part.part),
        }
    }
}

/// Patience of a collection with files that are not whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// Looks again with growing pauses before anything is claimed.
    Full,
    /// Takes what there is now; nothing is claimed on the strength of one look.
    None,
}

/// Downloads both files of a batch that has ended, and imports them in one transaction.
///
/// Requests that are neither answered nor proven to be lost stay in flight, and the batch is uncertain then.
pub fn collect(
    session: &mut Session<'_>,
    client: &Client,
    key: BatchKey,
    prices: &Prices,
    patience: Patience,
    dry_run: bool,
) -> anyhow::Result<Collected> {
    let name = batch_or_run::name(&session.store.read().batch(key)?);
    // Where another process has just collected it, this is a second import, which changes nothing and says the same.
    let _lock = session.lock_collecting(key, &name)?;
    let row = session.store.read().batch(key)?;
    if look::has_failed(&row) {
        let pause = if patience == Patience::Full { look::SECOND_LOOK } else { Duration::ZERO };
        let row = look::look_twice(session, client, key, pause)?;
        if look::has_failed(&row) {
            return failed(session, &row, dry_run);
        }
        if row.state == BatchState::Open {
            return Ok(Collected { part: row, report: ImportReport::default(), is_new: true });
        }
    }
    let scratch;
    let folder = if dry_run {
        scratch = tempfile::tempdir()?;
        scratch.path().to_owned()
    } else {
        session.batch_files()?
    };
    let fetched = fetch(session, client, key, &folder, patience)?;
    let row = session.store.read().batch(key)?;
    if row.state == BatchState::Open || row.claim == Some(Claim::Gone) {
        // It goes on after all, or nobody knows whether it is there: its files mean nothing yet.
        return Ok(Collected { part: row, report: ImportReport::default(), is_new: true });
    }
    let read = session.store.read();
    if row.claim == Some(Claim::Answers)
        && fetched.rest.is_none()
        && read.n_requests_in(key, RequestState::Sent)? == fetched.n_missing
    {
        // Everything that is there was read before.
        let mut report = ImportReport::default();
        answers::make_up(read, &[key], &mut report)?;
        return Ok(Collected { part: row, report, is_new: false });
    }
    let import = Import { batches: vec![key], files: fetched.files, rest: fetched.rest, is_all: true, dry_run };
    let report = file_import::import(session, &import, prices)?;
    let row = session.store.read().batch(key)?;
    if row.state == BatchState::Uncertain {
        let name = batch_or_run::name(&row);
        session.terminal.warn(format!(
            "batch `{name}`: {}; {} uncertain, and nothing of it is sent again",
            fetched.problem.unwrap_or_else(|| "requests are in none of its files".into()),
            count_verb(report.account.uncertain, "answer", "is")
        ));
        session.terminal.hint(format!(
            "`gleaner batch process {name}` looks again; `gleaner batch cancel {name} --local` gives up what is not there"
        ));
    }
    Ok(Collected { part: row, report, is_new: true })
}

/// Outcome of fetching a batch's files.
struct Fetched {
    files: Vec<PathBuf>,
    /// State of requests that are in none of them; `None`: nobody knows.
    rest: Option<(RequestState, &'static str)>,
    /// Requests that are in none of them.
    n_missing: u64,
    /// Why they are not whole.
    problem: Option<String>,
}

/// Fetches both files until every request that was sent is answered in a readable line, or patience ends.
///
/// Expected is what was *sent*. The counts of the batch only explain: where they say that the provider answered
/// no more than is here, the rest never ran. A file that the API itself says is deleted, again and again, is lost; all
/// else that is not whole is uncertain.
fn fetch(
    session: &mut Session<'_>,
    client: &Client,
    key: BatchKey,
    folder: &Path,
    patience: Patience,
) -> anyhow::Result<Fetched> {
    let expected = expected(session, key)?;
    let mut is_told = false;
    let mut pauses = SETTLE_PAUSES_SECS.iter();
    let (mut explained_since, mut deleted_since) = (None, None);
    loop {
        let row = session.store.read().batch(key)?;
        let stem = stem(session, &row)?;
        let mut files = vec![];
        let mut seen = Seen::default();
        let (mut problem, mut n_deleted) = (None, 0);
        for (file, suffix) in [(&row.output_file_id, "output"), (&row.error_file_id, "errors")] {
            let path = folder.join(format!("{stem}_{suffix}.jsonl"));
            let fetched = match file {
                Some(id) => fetch_file(session, client, id, &path, &expected)?,
                None => FetchedFile::default(),
            };
            n_deleted += u32::from(fetched.is_deleted && suffix == "output");
            if let (Some(problem), true) = (&fetched.problem, path.exists()) {
                session.warn_once(format!("{problem}; using `{}` from the first time", path.display()));
            }
            problem = problem.or(fetched.problem);
            if path.exists() {
                seen.add(read_ids(&path, &expected)?);
                files.push(path);
            }
        }
        let n_missing = expected.len() - seen.ids.len();
        if n_missing == 0 {
            return Ok(Fetched {
                files,
                rest: Some((RequestState::Missing, "in_neither_file")),
                problem: None,
                n_missing: 0,
            });
        }
        let now = session.config.now();
        let is_second = |since: &mut Option<jiff::Timestamp>, holds: bool, secs: i64| {
            *since = holds.then(|| since.unwrap_or(now));
            since.is_some_and(|since| now.as_second() - since.as_second() >= secs)
        };
        let is_explained = problem.is_none() && seen.n_bad == 0 && explains(&row, expected.len(), seen.ids.len());
        let is_lost = n_deleted > 0 && is_visible(client, &row);
        if is_second(&mut explained_since, is_explained, EXPLAINED_SECS) {
            return Ok(Fetched {
                files,
                rest: Some((RequestState::Missing, "in_neither_file")),
                problem: None,
                n_missing: 0,
            });
        }
        if is_second(&mut deleted_since, is_lost, DELETED_SECS) {
            let name = batch_or_run::name(&row);
            session.terminal.warn(format!("the output file of batch `{name}` is deleted; what it held is lost"));
            session
                .terminal
                .hint(format!("if you have the file, `gleaner batch process {name} --file FILE` still imports it"));
            return Ok(Fetched {
                files,
                rest: Some((RequestState::Unusable, "file_deleted")),
                problem: None,
                n_missing: 0,
            });
        }
        let problem = problem.unwrap_or_else(|| match seen.n_bad {
            0 => format!(
                "{} of {} answers are in its files",
                number(seen.ids.len() as u64),
                number(expected.len() as u64)
            ),
            n => format!("{} of its files cannot be read", count(n, "line")),
        });
        let next = pauses.next().filter(|_| patience == Patience::Full && row.state != BatchState::Imported);
        let Some(&seconds) = next else {
            return Ok(Fetched { files, rest: None, problem: Some(problem), n_missing: n_missing as u64 });
        };
        if !is_told || session.terminal.is_verbose() {
            is_told = true;
            session.terminal.status(format!(
                "batch `{}`: {problem}; looking again for up to {}",
                batch_or_run::name(&row),
                duration(SETTLE_PAUSES_SECS.iter().sum())
            ));
        }
        session.config.pause(Duration::from_secs(seconds))?;
        look::look(session, client, key)?;
        let row = session.store.read().batch(key)?;
        if row.state == BatchState::Open || row.claim == Some(Claim::Gone) {
            return Ok(Fetched { files: vec![], rest: None, problem: None, n_missing: 0 });
        }
    }
}

/// Returns whether the provider's counts say that it answered no more requests than are here, so that the others never
/// ran. A batch that says it is completed and answered nothing contradicts itself.
fn explains(row: &BatchRow, n_expected: usize, n_seen: usize) -> bool {
    let Some((total, completed, failed)) = row.counts else { return false };
    let is_whole_story = total == n_expected as u64 && completed.saturating_add(failed) <= n_seen as u64;
    is_whole_story && (n_seen > 0 || row.status.as_deref() != Some("completed"))
}

/// Returns the names on the wire of all requests that a batch was sent with.
fn expected(session: &Session<'_>, key: BatchKey) -> anyhow::Result<HashSet<String>> {
    let read = session.store.read();
    let mut requests = vec![];
    read.each_request_of_batch(key, None, |request| {
        if request.state != RequestState::Withdrawn {
            requests.push((request.group, request.kind));
        }
        Ok(())
    })?;
    let mut ids = HashSet::with_capacity(requests.len());
    for (group, kind) in requests {
        let row = read.group(group)?.context("a request has a group")?;
        ids.insert(custom_id_of(&row, kind).as_str().to_owned());
    }
    Ok(ids)
}

/// Contents of the lines of files.
#[derive(Default)]
struct Seen {
    /// Expected requests with a readable line.
    ids: HashSet<String>,
    /// Lines that cannot be read: half of one, a page, no JSON.
    n_bad: u64,
}

impl Seen {
    fn add(&mut self, other: Seen) {
        self.ids.extend(other.ids);
        self.n_bad += other.n_bad;
    }
}

fn read_ids(path: &Path, expected: &HashSet<String>) -> anyhow::Result<Seen> {
    let cannot = || format!("cannot read `{}`", path.display());
    let mut seen = Seen::default();
    let file = File::open(path).with_context(cannot)?;
    let mut lines = Lines::new(BufReader::with_capacity(1 << 18, file), answers::LINE_BYTES_MAX);
    while let Some(line) = lines.next().with_context(cannot)? {
        interrupt::check()?;
        if line.is_blank() {
            continue;
        }
        match Line::open(line.bytes) {
            Ok(line) if expected.contains(&line.custom_id) => _ = seen.ids.insert(line.custom_id),
            Ok(_) => {}
            Err(_) => seen.n_bad += 1,
        }
    }
    Ok(seen)
}

/// Outcome of fetching one file.
#[derive(Default)]
struct FetchedFile {
    /// Why it did not come, or not whole.
    problem: Option<String>,
    /// True where the API itself says that it does not exist.
    is_deleted: bool,
}

/// Downloads a file beside its place, and puts it there unless what lies there already holds more.
fn fetch_file(
    session: &Session<'_>,
    client: &Client,
    id: &FileId,
    path: &Path,
    expected: &HashSet<String>,
) -> anyhow::Result<FetchedFile> {
    // The announced size is for the bar alone: it proves nothing.
    let described = client.get_file(id.as_str());
    let size = described.as_ref().ok().and_then(|file| file.bytes);
    let bar = session.terminal.bar(size.unwrap_or(0), Unit::Bytes, "downloading");
    let fresh = path.with_extension("jsonl.new");
    let error = match client.download(id.as_str(), &fresh, None, &mut |bytes| bar.set(bytes)) {
        Ok(_) => {
            let n_before = if path.exists() { Some(read_ids(path, expected)?.ids.len()) } else { None };
            if n_before.is_some_and(|n| n > read_ids(&fresh, expected).map_or(0, |seen| seen.ids.len())) {
                let _ = fs::remove_file(&fresh);
            } else {
                fs::rename(&fresh, path).with_context(|| format!("cannot write `{}`", path.display()))?;
            }
            return Ok(FetchedFile::default());
        }
        Err(error) => error,
    };
    // An error of the file is kept and looked at again; one of ours, of the key or of the network is for the caller.
    let is_answer = error.fault == Fault::Status && !error.is_auth() && !error.is_billing() && !error.is_retryable();
    if !is_answer {
        return Err(api_failure(error));
    }
    let is_unknown = |error: &ApiError| error.is_not_found() && error.is_envelope();
    let is_deleted = is_unknown(&error) && described.is_err_and(|error| is_unknown(&error));
    Ok(FetchedFile { problem: Some(error.to_string()), is_deleted })
}

fn is_visible(client: &Client, row: &BatchRow) -> bool {
    row.batch_id.as_ref().is_some_and(|id| client.get_batch(id.as_str()).is_ok())
}

/// Returns the stem of a batch's file names; the request file itself may be on another machine.
fn stem(session: &Session<'_>, row: &BatchRow) -> anyhow::Result<String> {
    if let Some(stem) = row
        .input_file_path
        .as_deref()
        .and_then(|path| Path::new(path).file_stem()?.to_str())
        .filter(|stem| !stem.is_empty())
    {
        return Ok(stem.to_owned());
    }
    let run = session.store.read().run(&row.run)?.context("a batch has a run")?;
    Ok(format!("{}_part{:02}", run.file_stem.unwrap_or_else(|| row.run.to_string()), row.part))
}

/// Deals with a batch that failed as a whole, where nothing was run or billed: a full queue means waiting, anything
/// else is told, with the line mapped back to the group it stands for.
fn failed(session: &mut Session<'_>, row: &BatchRow, dry_run: bool) -> anyhow::Result<Collected> {
    if let Some(message) = throttle::message_of(row.errors.as_deref()) {
        if !dry_run {
            throttle::refused(session, row.key, &message)?;
        }
        return Ok(Collected {
            report: ImportReport::default(),
            part: session.store.read().batch(row.key)?,
            is_new: true,
        });
    }
    let errors = map_lines(session, row)?;
    let now = session.config.now_text();
    let tx = session.store.write()?;
    tx.note_errors(row.key, &errors)?;
    let codes: Vec<serde_json::Value> = serde_json::from_str(&errors).unwrap_or_default();
    let is_model_gone = codes.iter().any(|error| error["code"].as_str().is_some_and(Reason::is_model_gone));
    let reason = if is_model_gone { Reason::MODEL_GONE } else { "batch_failed" };
    part::imported(&tx, row.key, Some((RequestState::Failed, reason)), 0, &now)?;
    let report = ImportReport {
        account: tx.read().account(row.key)?,
        causes: tx.read().causes(row.key)?,
        groups_with_errors: row.n_groups,
        errors: codes,
        ..ImportReport::default()
    };
    if dry_run {
        drop(tx);
    } else {
        tx.commit()?;
    }
    Ok(Collected { part: session.store.read().batch(row.key)?, report, is_new: true })
}

/// Adds to each error of a failed batch the custom_id that stands in the line it names.
fn map_lines(session: &Session<'_>, row: &BatchRow) -> anyhow::Result<String> {
    let mut errors: Vec<serde_json::Value> =
        serde_json::from_str(row.errors.as_deref().unwrap_or("[]")).unwrap_or_default();
    let read = session.store.read();
    let mut custom_ids = vec![];
    if errors.iter().any(|error| error["line"].is_u64()) {
        // The lines went out in the order of the requests.
        read.each_request_of_batch(row.key, None, |request| {
            if request.state != RequestState::Withdrawn {
                custom_ids.push((request.group, request.kind));
            }
            Ok(())
        })?;
    }
    for error in &mut errors {
        let line = error["line"].as_u64().and_then(|line| usize::try_from(line).ok());
        if let Some(&(group, kind)) = line.and_then(|line| custom_ids.get(line.checked_sub(1)?))
            && let Some(row) = read.group(group)?
        {
            error["custom_id"] = custom_id_of(&row, kind).as_str().into();
        }
    }
    Ok(serde_json::Value::from(errors).to_string())
}
