//! A batch that has ended: download both files, settle, import.
//!
//! `completed` may be said before the file ids are there, or before the files are whole; so where fewer lines came than
//! were promised, it is looked at again with back-off before anything is called missing.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;

use crate::batch::look;
use crate::batch::part;
use crate::batch::target;
use crate::batch::throttle;
use crate::error;
use crate::import::answers::{self, Files, ImportReport};
use crate::model::{BatchKey, FileId};
use crate::provider::{ApiError, Client};
use crate::request::Prices;
use crate::session::Session;
use crate::session::api_failure;
use crate::store::{BatchRow, RequestState};
use crate::terminal::bar::Unit;

/// Pauses before looking again at files that are not whole yet, in seconds; the contract saw peers wait up to 95 s.
const SETTLE_PAUSES_SECS: [u64; 6] = [2, 5, 15, 30, 60, 60];

/// A batch that was collected.
#[derive(Clone, Debug)]
pub struct Collected {
    /// As it stands now.
    pub part: BatchRow,
    /// What the import found.
    pub report: ImportReport,
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

/// Downloads both files of a batch that has ended, and imports them in one transaction.
pub fn collect(
    session: &mut Session<'_>,
    client: &Client,
    key: BatchKey,
    prices: &Prices,
    dry_run: bool,
) -> anyhow::Result<Collected> {
    let name = target::name(&session.store.read().batch(key)?);
    // Where another process has just collected it, this is a second import, which changes nothing and says the same.
    let _lock = session.lock_collecting(key, &name)?;
    let part = session.store.read().batch(key)?;
    if part.output_file_id.is_none() && part.error_file_id.is_none() && part.status.as_deref() == Some("failed") {
        return failed(session, &part, dry_run);
    }
    let scratch;
    let folder = if dry_run {
        scratch = tempfile::tempdir()?;
        scratch.path().to_owned()
    } else {
        session.batch_files()?
    };
    let (files, rest) = download_settled(session, client, key, &folder)?;
    let import = Import { batches: vec![key], files, rest: Some(rest), dry_run };
    let report = self::import(session, &import, prices)?;
    Ok(Collected { part: session.store.read().batch(key)?, report })
}

/// Files to import into batches.
#[derive(Clone, Debug)]
pub struct Import {
    /// The batches they answer: one, or all parts of a run whose answers came in one file.
    pub batches: Vec<BatchKey>,
    /// Output and error files, in any order.
    pub files: Vec<PathBuf>,
    /// What becomes of a request that is in none of them, and why. `None`: these may be only some of a batch's files.
    pub rest: Option<(RequestState, &'static str)>,
    /// Count, but write nothing.
    pub dry_run: bool,
}

/// Imports files into batches, in one transaction.
pub fn import(session: &mut Session<'_>, import: &Import, prices: &Prices) -> anyhow::Result<ImportReport> {
    let files = Files::open(&import.files)?;
    let now = session.config.now_text();
    let tx = session.store.write()?;
    let mut report = answers::read(&tx, session.terminal, &import.batches, files, prices)?;
    for &batch in &import.batches {
        part::imported(&tx, batch, import.rest, report.duplicate, &now)?;
    }
    answers::make_up(tx.read(), &import.batches, &mut report)?;
    if !import.dry_run {
        tx.commit()?;
        session.store.optimize();
    }
    Ok(report)
}

/// Downloads what there is until it is as much as was promised, or patience ends. Returns the files, and what it means
/// that a request is in none of them.
fn download_settled(
    session: &mut Session<'_>,
    client: &Client,
    key: BatchKey,
    folder: &Path,
) -> anyhow::Result<(Vec<PathBuf>, (RequestState, &'static str))> {
    let mut pauses = SETTLE_PAUSES_SECS.iter();
    loop {
        let row = session.store.read().batch(key)?;
        let stem = stem(session, &row)?;
        let promised = row.counts.map_or(0, |(_, completed, failed)| completed + failed);
        let mut files = vec![];
        let mut n_lines = 0;
        let mut is_short = false;
        let mut rest = (RequestState::Missing, "in_neither_file");
        for (file, suffix) in [(&row.output_file_id, "output"), (&row.error_file_id, "errors")] {
            let Some(id) = file else { continue };
            let path = folder.join(format!("{stem}_{suffix}.jsonl"));
            match download(session, client, id, &path) {
                Ok((lines, whole)) => {
                    n_lines += lines;
                    is_short |= !whole;
                }
                // The provider keeps results for a while only; what was downloaded once is as good.
                Err(error) if is_not_found(&error) && path.exists() => {
                    session.terminal.warn(format!("{error:#}; using `{}` from the first time", path.display()));
                    n_lines += promised;
                }
                // The batch is there and its file is not: nobody will ever read it. What it held was paid for, so it is
                // not sent again without being told to.
                Err(error) if is_not_found(&error) && is_visible(client, &row) => {
                    let name = target::name(&row);
                    session.terminal.warn(format!("{error:#}; what it held is lost"));
                    session.terminal.hint(format!(
                        "if you have the file, `gleaner batch process {name} --file FILE` still imports it"
                    ));
                    rest = (if suffix == "output" { RequestState::Unusable } else { rest.0 }, "file_deleted");
                    n_lines += promised;
                    continue;
                }
                Err(error) => return Err(error),
            }
            files.push(path);
        }
        if n_lines >= promised && !is_short {
            return Ok((files, rest));
        }
        let Some(&seconds) = pauses.next() else {
            if n_lines < promised {
                session.terminal.warn(format!(
                    "the provider promised {promised} lines and gave {n_lines}; the rest is counted as missing"
                ));
            } else {
                session.terminal.warn("the provider announced larger files than it gave, though with every line");
            }
            return Ok((files, rest));
        };
        session.terminal.detail(format!("{n_lines} of {promised} lines are there; looking again in {seconds} s"));
        session.config.pause(Duration::from_secs(seconds))?;
        look::look(session, client, key)?;
    }
}

/// Downloads a file; returns its number of lines, and whether it is as large as was announced.
fn download(session: &Session<'_>, client: &Client, id: &FileId, path: &Path) -> anyhow::Result<(u64, bool)> {
    // The announced size, where the provider gives one, tells a file that was cut off.
    let size = client.get_file(id.as_str()).ok().and_then(|file| file.bytes);
    let bar = session.terminal.bar(size.unwrap_or(0), Unit::Bytes, "downloading");
    let done = client.download(id.as_str(), path, size, &mut |bytes| bar.set(bytes)).map_err(api_failure)?;
    Ok((done.lines, size.is_none_or(|size| done.bytes >= size)))
}

fn is_visible(client: &Client, row: &BatchRow) -> bool {
    row.batch_id.as_ref().is_some_and(|id| client.get_batch(id.as_str()).is_ok())
}

fn is_not_found(error: &anyhow::Error) -> bool {
    error::find::<ApiError>(error).is_some_and(ApiError::is_not_found)
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

/// Deals with a batch that failed as a whole, where nothing was run or billed: a full queue means waiting, anything else
/// is told, with the line mapped back to the group it stands for.
fn failed(session: &mut Session<'_>, row: &BatchRow, dry_run: bool) -> anyhow::Result<Collected> {
    if let Some(message) = throttle::message_of(row.errors.as_deref()) {
        if !dry_run {
            throttle::refused(session, row.key, &message)?;
        }
        return Ok(Collected { report: ImportReport::default(), part: session.store.read().batch(row.key)? });
    }
    let errors = map_lines(session, row)?;
    let now = session.config.now_text();
    let tx = session.store.write()?;
    tx.note_errors(row.key, &errors)?;
    part::imported(&tx, row.key, Some((RequestState::Failed, "batch_failed")), 0, &now)?;
    let report = ImportReport {
        account: tx.read().account(row.key)?,
        causes: tx.read().causes(row.key)?,
        groups_with_errors: row.n_groups,
        errors: serde_json::from_str(&errors).unwrap_or_default(),
        ..ImportReport::default()
    };
    if dry_run {
        drop(tx);
    } else {
        tx.commit()?;
    }
    Ok(Collected { part: session.store.read().batch(row.key)?, report })
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
            error["custom_id"] = crate::batch::plan::custom_id_of(&row, kind).as_str().into();
        }
    }
    Ok(serde_json::Value::from(errors).to_string())
}
