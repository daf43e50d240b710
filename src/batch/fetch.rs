//! The files of a batch that has ended, fetched and judged: is every request that was sent answered in a readable line,
//! and if not, does the provider's own account say why?

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use jiff::Timestamp;

use crate::answer::Line;
use crate::batch::batch_or_run;
use crate::batch::plan::custom_id_of;
use crate::import::answers::{self, ImportReport};
use crate::interrupt;
use crate::model::{BatchKey, FileId};
use crate::provider::{ApiError, Client, Fault};
use crate::session::Session;
use crate::session::api_failure;
use crate::store::{BatchRow, BatchState, RequestState};
use crate::terminal::bar::Unit;
use crate::terminal::words::{count, number};
use crate::text::lines::Lines;

/// Pauses before looking again at files that are not whole yet, in seconds; the contract saw peers wait up to 95 s.
const SETTLE_PAUSES_SECS: [u64; 7] = [2, 5, 15, 30, 60, 60, 120];

/// Time that the provider's counts must explain the same missing lines before they are believed.
const EXPLAINED_SECS: i64 = 50;

/// Time that the API must say that a file does not exist before that is believed.
const DELETED_SECS: i64 = 110;

/// Looks at the files of one batch that are not whole: how many there were, and what they agree on. Kept by whoever
/// looks again, so that other batches are collected between two of them.
#[derive(Debug, Default)]
pub struct Settling {
    n_looks: usize,
    last: Option<Timestamp>,
    /// Since when the provider's counts explain what is missing.
    explained_since: Option<Timestamp>,
    /// Since when the API says that the output file does not exist.
    deleted_since: Option<Timestamp>,
    /// Result of the import of what was there.
    pub(super) imported: Option<ImportReport>,
}

impl Settling {
    /// Returns how long it is until the next look is due; `None` where the files were given all the time there is.
    pub fn pause(&self, now: Timestamp) -> Option<Duration> {
        let Some(last) = self.last else { return Some(Duration::ZERO) };
        let pause = Duration::from_secs(*SETTLE_PAUSES_SECS.get(self.n_looks - 1)?);
        let since = u64::try_from(now.as_second() - last.as_second()).unwrap_or_default();
        Some(pause.saturating_sub(Duration::from_secs(since)))
    }

    pub(super) fn is_first(&self) -> bool {
        self.n_looks == 0
    }

    fn has_looked(&mut self, now: Timestamp) {
        self.n_looks += 1;
        self.last = Some(now);
    }
}

/// Outcome of fetching a batch's files.
pub(super) struct Fetched {
    pub(super) files: Vec<PathBuf>,
    /// State of requests that are in none of them; `None`: nobody knows.
    pub(super) rest: Option<(RequestState, &'static str)>,
    /// Requests that are in none of them.
    pub(super) n_missing: u64,
    /// Why they are not whole.
    pub(super) problem: Option<String>,
    /// True where the next look, after a pause, may show more.
    pub(super) is_settling: bool,
    /// True where each line could be read.
    pub(super) is_readable: bool,
}

/// Fetches both files as they are now.
///
/// Expected is what was *sent*. The counts of the batch only explain: where they say, look after look, that the provider
/// answered no more than is here, the rest never ran. A file that the API itself says is deleted, again and again, is
/// lost; all else that is not whole is uncertain. Without `settling` nothing is claimed, on the strength of one look.
pub(super) fn fetch(
    session: &mut Session<'_>,
    client: &Client,
    row: &BatchRow,
    folder: &Path,
    mut settling: Option<&mut Settling>,
) -> anyhow::Result<Fetched> {
    let expected = expected(session, row.key)?;
    let stem = stem(session, row)?;
    let mut files = vec![];
    let mut seen = Seen::default();
    let (mut problem, mut is_deleted) = (None, false);
    for (file, suffix) in [(&row.output_file_id, "output"), (&row.error_file_id, "errors")] {
        let path = folder.join(format!("{stem}_{suffix}.jsonl"));
        let fetched = match file {
            Some(id) => fetch_file(session, client, id, &path, &expected)?,
            None => FetchedFile::default(),
        };
        is_deleted |= fetched.is_deleted && suffix == "output";
        if let (Some(problem), true) = (&fetched.problem, path.exists()) {
            session.warn_once(format!("{problem}; using `{}` from the first time", path.display()));
        }
        problem = problem.or(fetched.problem);
        if path.exists() {
            seen.add(read_ids(&path, &expected)?);
            files.push(path);
        }
    }
    let n_missing = (expected.len() - seen.ids.len()) as u64;
    let whole = |rest, files| Fetched {
        files,
        rest: Some(rest),
        n_missing: 0,
        problem: None,
        is_settling: false,
        is_readable: true,
    };
    if n_missing == 0 {
        return Ok(whole((RequestState::Missing, "in_neither_file"), files));
    }
    let now = session.config.now();
    let is_explained = problem.is_none() && seen.n_bad == 0 && explains(row, expected.len(), seen.ids.len());
    let is_lost = is_deleted && is_visible(client, row);
    if let Some(settling) = &mut settling {
        settling.has_looked(now);
        if holds(&mut settling.explained_since, is_explained, now, EXPLAINED_SECS) {
            return Ok(whole((RequestState::Missing, "in_neither_file"), files));
        }
        if holds(&mut settling.deleted_since, is_lost, now, DELETED_SECS) {
            let name = batch_or_run::name(row);
            session.terminal.warn(format!("the output file of batch `{name}` is deleted; what it held is lost"));
            session
                .terminal
                .hint(format!("if you have the file, `gleaner batch process {name} --file FILE` still imports it"));
            return Ok(whole((RequestState::Unusable, "file_deleted"), files));
        }
    }
    let problem = problem.unwrap_or_else(|| match seen.n_bad {
        0 => format!("{} of {} answers are in its files", number(seen.ids.len() as u64), number(expected.len() as u64)),
        n => format!("{} of its files cannot be read", count(n, "line")),
    });
    let is_settling =
        row.state != BatchState::Imported && settling.is_some_and(|settling| settling.pause(now).is_some());
    Ok(Fetched { files, rest: None, n_missing, problem: Some(problem), is_settling, is_readable: seen.n_bad == 0 })
}

/// Returns whether something has held for so many seconds, look after look; notes since when it does.
fn holds(since: &mut Option<Timestamp>, is_so: bool, now: Timestamp, secs: i64) -> bool {
    *since = is_so.then(|| since.unwrap_or(now));
    since.is_some_and(|since| now.as_second() - since.as_second() >= secs)
}

/// Returns how long files that are not whole are looked at again.
pub(super) fn settling_time() -> Duration {
    Duration::from_secs(SETTLE_PAUSES_SECS.iter().sum())
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
            Ok(line) if expected.contains(line.custom_id.as_ref()) => _ = seen.ids.insert(line.custom_id.into_owned()),
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
pub fn stem(session: &Session<'_>, row: &BatchRow) -> anyhow::Result<String> {
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
