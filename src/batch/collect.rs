//! A batch that has ended: fetch both files, import.
//!
//! `completed` may be said before the file ids are there, or before the files are whole; so where not every request
//! that was sent is answered in a readable line, it is looked at again with back-off. What is not there then is missing
//! only where the provider's own account says so, and uncertain otherwise.

use std::collections::HashMap;
use std::time::Duration;

use crate::answer::Reason;
use crate::batch::batch_or_run;
use crate::batch::fetch::{Settling, fetch, settling_time};
use crate::batch::file_import::{self, Import};
use crate::batch::look;
use crate::batch::part;
use crate::batch::plan::custom_id_of;
use crate::batch::throttle;
use crate::import::answers::{self, ImportReport};
use crate::model::BatchKey;
use crate::provider::Client;
use crate::request::Prices;
use crate::session::Session;
use crate::store::{Account, BatchRow, BatchState, Claim, RequestState, Spend};
use crate::terminal::words::{count_verb, duration};

/// A batch that was collected.
#[derive(Clone, Debug)]
pub struct Collected {
    /// As it stands now.
    pub part: BatchRow,
    /// Result of the import.
    pub report: ImportReport,
    /// True where anything was read that had not been read before.
    pub is_new: bool,
    /// True where its files are not whole, and the next look may show more.
    pub is_settling: bool,
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
///
/// Requests that are neither answered nor proven to be lost stay in flight, and the batch is uncertain then. What is
/// there of files that are not whole is imported at once; with `settling` the caller looks again, without it nothing is
/// claimed.
pub fn collect(
    session: &mut Session<'_>,
    client: &Client,
    key: BatchKey,
    prices: &Prices,
    mut settling: Option<&mut Settling>,
    dry_run: bool,
) -> anyhow::Result<Collected> {
    let name = batch_or_run::name(&session.store.read().batch(key)?);
    // Where another process has just collected it, this is a second import, which changes nothing and says the same.
    let _lock = session.lock_collecting(key, &name)?;
    let row = session.store.read().batch(key)?;
    let nothing = |part| Collected { part, report: ImportReport::default(), is_new: true, is_settling: false };
    if look::has_failed(&row) {
        let pause = if settling.is_some() { look::SECOND_LOOK } else { Duration::ZERO };
        let row = look::look_twice(session, client, key, pause)?;
        if look::has_failed(&row) {
            return failed(session, &row, dry_run);
        }
        if row.state == BatchState::Open {
            return Ok(nothing(row));
        }
    }
    let scratch;
    let folder = if dry_run {
        scratch = tempfile::tempdir()?;
        scratch.path().to_owned()
    } else {
        session.batch_files()?
    };
    let row = session.store.read().batch(key)?;
    let is_first = settling.as_ref().is_some_and(|settling| settling.is_first());
    let fetched = fetch(session, client, &row, &folder, settling.as_deref_mut())?;
    let read = session.store.read();
    let is_more_here = read.n_requests_in(key, RequestState::Sent)? > fetched.n_missing;
    if fetched.is_settling {
        if is_first || session.terminal.is_verbose() {
            session.terminal.status(format!(
                "batch `{name}`: {}; looking again for up to {}",
                fetched.problem.as_deref().unwrap_or_default(),
                duration(settling_time().as_secs())
            ));
        }
        if dry_run || !fetched.is_readable || !is_more_here {
            return Ok(Collected { is_new: false, is_settling: true, ..nothing(row) });
        }
    }
    let read = session.store.read();
    if row.claim == Some(Claim::Answers) && fetched.rest.is_none() && !is_more_here {
        // Everything that is there was read before.
        let by_us = settling.as_mut().and_then(|settling| settling.imported.take());
        let is_new = by_us.is_some();
        let mut report = ImportReport {
            account: Account::default(),
            causes: vec![],
            groups_with_errors: 0,
            cost: Spend::default(),
            ..by_us.unwrap_or_default()
        };
        answers::make_up(read, &[key], &mut report)?;
        if settling.is_some() {
            say_doubt(session, &row, fetched.problem, &report);
        }
        return Ok(Collected { part: row, report, is_new, is_settling: false });
    }
    let import = Import { batches: vec![key], files: fetched.files, rest: fetched.rest, is_all: true, dry_run };
    let report = file_import::import(session, &import, prices)?;
    let row = session.store.read().batch(key)?;
    if row.state == BatchState::Uncertain && !fetched.is_settling {
        say_doubt(session, &row, fetched.problem, &report);
    }
    if let Some(settling) = settling.filter(|_| fetched.is_settling) {
        settling.imported = Some(report.clone());
    }
    Ok(Collected { part: row, report, is_new: true, is_settling: fetched.is_settling })
}

/// Collects batches that have ended. Files that are not whole are looked at again with growing pauses, once what is
/// whole of the others is imported. `each` is told the outcome of each batch, as it comes.
pub fn collect_all(
    session: &mut Session<'_>,
    client: &Client,
    mut batches: Vec<BatchKey>,
    prices: &Prices,
    dry_run: bool,
    mut each: impl FnMut(&Session<'_>, BatchKey, anyhow::Result<Collected>) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut settling: HashMap<BatchKey, Settling> = HashMap::new();
    while !batches.is_empty() {
        let mut again = vec![];
        for key in batches {
            let patience = settling.entry(key).or_default();
            match collect(session, client, key, prices, Some(patience), dry_run) {
                Ok(done) if done.is_settling => again.push(key),
                outcome => each(session, key, outcome)?,
            }
        }
        batches = again;
        let now = session.config.now();
        let pauses = batches.iter().filter_map(|key| settling[key].pause(now));
        if let Some(pause) = pauses.max() {
            session.config.pause(pause)?;
        }
        let mut ended = vec![];
        for key in batches {
            let looked = look::look(session, client, key);
            let row = session.store.read().batch(key)?;
            match looked {
                Err(error) => each(session, key, Err(error))?,
                // It goes on after all, or nobody knows whether it is there: its files mean nothing yet.
                Ok(_) if row.state == BatchState::Open || row.claim == Some(Claim::Gone) => {
                    let nothing =
                        Collected { part: row, report: ImportReport::default(), is_new: true, is_settling: false };
                    each(session, key, Ok(nothing))?;
                }
                Ok(_) => ended.push(key),
            }
        }
        batches = ended;
    }
    Ok(())
}

/// Says that a batch is uncertain, once, and what can be done.
fn say_doubt(session: &mut Session<'_>, row: &BatchRow, problem: Option<String>, report: &ImportReport) {
    let name = batch_or_run::name(row);
    let warning = format!(
        "batch `{name}`: {}; {} uncertain, and nothing of it is sent again",
        problem.unwrap_or_else(|| "requests are in none of its files".into()),
        count_verb(report.account.uncertain, "answer", "is")
    );
    let is_first = session.warn_once(warning);
    if is_first {
        session.terminal.hint(format!(
            "`gleaner batch process {name}` looks again; `gleaner batch cancel {name} --local` gives up what is not there"
        ));
    }
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
            is_settling: false,
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
    Ok(Collected { part: session.store.read().batch(row.key)?, report, is_new: true, is_settling: false })
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
