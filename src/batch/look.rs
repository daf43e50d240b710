//! One look at a batch at the provider, and the ledger's record of it.
//!
//! A fault of the observer never changes the job: a look that fails leaves everything as it was.

use std::time::Duration;

use jiff::SignedDuration;
use serde_json::json;

use crate::batch::part::{self, Creating, Part, Seen};
use crate::config::{timestamp_text, unix_text};
use crate::model::{BatchId, BatchKey, FileId};
use crate::provider::{ApiError, Batch, BatchStatus, Client};
use crate::session::{Session, api_failure};
use crate::store::{BatchRow, BatchState, Claim, FoundBy, Observation};
use crate::terminal::words::{count, count_verb};

/// Number of looks that must say in the API's own words that a batch is unknown before that is believed, …
const LOOKS_BEFORE_GONE: u32 = 3;
/// … and how long after the first of them. A list or a replica may lag for minutes, seldom for longer.
const BEFORE_GONE: SignedDuration = SignedDuration::from_mins(5);

/// The pause before the second look at a batch that is said to have failed.
pub(super) const SECOND_LOOK: Duration = Duration::from_secs(5);

/// Result of a look at a batch at the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Looked {
    /// The provider told where it stands; the ledger knows it now.
    Known,
    /// Made at another origin than the client's: not asked.
    Elsewhere,
    /// The provider does not know it any more: said often enough, and nothing speaks against it.
    Gone,
    /// Somebody says that it is unknown, and that is not proven.
    Uncertain,
}

/// Asks the provider where a batch stands and writes it down.
pub fn look(session: &mut Session<'_>, client: &Client, key: BatchKey) -> Result<Looked, anyhow::Error> {
    let row = session.store.read().batch(key)?;
    let Some(id) = &row.batch_id else { return Ok(Looked::Known) };
    let origin = row.origin.map(|origin| session.store.read().origin(origin)).transpose()?;
    if origin.is_some_and(|origin| origin.base_url != client.origin().as_str()) {
        return Ok(Looked::Elsewhere);
    }
    match client.get_batch(id.as_str()) {
        Ok(batch) => {
            seen(session, &row, &batch)?;
            Ok(Looked::Known)
        }
        Err(error) if error.is_not_found() => unknown(session, client, &row, &error),
        Err(error) => Err(api_failure(error)),
    }
}

/// Returns whether a batch failed as a whole, by what was last seen of it.
pub(super) fn has_failed(row: &BatchRow) -> bool {
    row.output_file_id.is_none() && row.error_file_id.is_none() && row.status.as_deref() == Some("failed")
}

/// Looks a second time, after a pause, at a batch that is said to have failed as a whole: nothing was billed, says one
/// answer, and its requests are sent again only where a second one says so too. Returns the batch as it stands then.
pub(super) fn look_twice(
    session: &mut Session<'_>,
    client: &Client,
    key: BatchKey,
    pause: Duration,
) -> anyhow::Result<BatchRow> {
    session.config.pause(pause)?;
    look(session, client, key)?;
    session.store.read().batch(key)
}

/// Writes down what the provider said of a batch.
pub(super) fn seen(session: &mut Session<'_>, row: &BatchRow, batch: &Batch) -> anyhow::Result<()> {
    let now = session.config.now_text();
    let tx = session.store.write()?;
    part::observe(&tx, row.key, &observation(batch), &now)?;
    tx.commit()?;
    if row.state == BatchState::Gone || row.claim == Some(Claim::Gone) {
        session.terminal.status(format!("batch `{}` is there after all ({})", batch.id, batch.status));
    } else if row.status.as_deref() != Some(batch.status.as_str()) {
        session.terminal.detail(format!("batch `{}`: {}", batch.id, batch.status));
    }
    Ok(())
}

/// Decides what a 404 at a batch's own origin means. A page of a proxy is one too, a replica may lag, and the key of
/// another project gets nothing else; to believe it would buy everything again. So it must be the API's own word,
/// several times over minutes, with the batch absent from a list that was read whole, and with a sign that we look into
/// the right project: the input file, or another batch of ours.
fn unknown(
    session: &mut Session<'_>,
    client: &Client,
    row: &BatchRow,
    error: &ApiError,
) -> Result<Looked, anyhow::Error> {
    if !matches!(row.state, BatchState::Open | BatchState::Ended | BatchState::Uncertain) {
        return Ok(if row.state == BatchState::Gone { Looked::Gone } else { Looked::Known });
    }
    let in_list = is_in_list(session, client, row)?;
    if let InList::There(batch) = in_list {
        session.terminal.detail(format!("{error}; the list has it"));
        seen(session, row, &batch)?;
        return Ok(Looked::Known);
    }
    let now = session.config.now();
    let tx = session.store.write()?;
    part::doubt(&tx, row.key, Claim::Gone, error.is_envelope(), &timestamp_text(now))?;
    let doubted = tx.read().batch(row.key)?;
    let since = doubted.claimed_at.as_deref().and_then(|at| at.parse::<jiff::Timestamp>().ok());
    let is_old = since.is_some_and(|since| now.duration_since(since) >= BEFORE_GONE);
    let is_proven = in_list == InList::Absent && doubted.n_claims >= LOOKS_BEFORE_GONE && is_old;
    let n_missing = if is_proven { Some(part::gone(&tx, row.key)?) } else { None };
    tx.commit()?;
    let id = row.batch_id.as_ref().map_or("", BatchId::as_str);
    if let Some(n) = n_missing {
        session.terminal.warn(format!(
            "batch `{id}` is gone at the provider; {} no answer, and the next `gleaner batch create` sends that again",
            count_verb(n, "request", "has")
        ));
        return Ok(Looked::Gone);
    }
    if row.state != BatchState::Uncertain {
        session.terminal.warn(format!("{error}"));
        session.terminal.warn(format!(
            "whether batch `{id}` is still there is uncertain: it is kept, looked at again, and nothing of it is sent again"
        ));
        if let Some(hint) = error.hint().filter(|_| error.is_envelope()) {
            session.terminal.hint(hint);
        }
    }
    Ok(Looked::Uncertain)
}

/// Place of a batch in the provider's list.
#[derive(PartialEq)]
enum InList {
    There(Box<Batch>),
    /// Read whole by a key that sees the right project, and not there.
    Absent,
    Unclear,
}

fn is_in_list(session: &Session<'_>, client: &Client, row: &BatchRow) -> anyhow::Result<InList> {
    let db_id = session.store.read().db_id()?;
    let mut sees_us = false;
    for batch in client.all_batches() {
        let Ok(batch) = batch else { return Ok(InList::Unclear) };
        if row.batch_id.as_ref().is_some_and(|id| id.as_str() == batch.id) {
            return Ok(InList::There(Box::new(batch)));
        }
        sees_us |= batch.metadata.get("gleaner_db") == Some(&db_id);
    }
    let sees_file = || row.input_file_id.as_ref().is_some_and(|file| client.get_file(file.as_str()).is_ok());
    Ok(if sees_us || sees_file() { InList::Absent } else { InList::Unclear })
}

/// Writes down that the provider has a batch: its id, and that its requests are in flight. `is_found_again` says that
/// the call that makes it had no clear outcome, and the provider's list has it.
pub(super) fn note_opened(
    session: &mut Session<'_>,
    key: BatchKey,
    batch: &Batch,
    is_found_again: bool,
) -> anyhow::Result<()> {
    let now = session.config.now_text();
    let tx = session.store.write()?;
    let row = tx.read().batch(key)?;
    let has_key = row.gleaner_key.is_some() && batch.metadata.get("gleaner_key") == row.gleaner_key.as_ref();
    let has_file = batch.input_file_id.is_some()
        && batch.input_file_id.as_deref() == row.input_file_id.as_ref().map(|id| id.as_str());
    let evidence = match (has_key, has_file) {
        (true, _) => FoundBy::Key,
        (false, true) => FoundBy::InputFile,
        (false, false) => FoundBy::Part,
    };
    let seen = Seen {
        id: &BatchId::new(batch.id.clone()),
        status: batch.status.as_str(),
        found_by: is_found_again.then_some(evidence),
        observation: &observation(batch),
    };
    match Part::<Creating>::of(&row) {
        Ok(part) => part.opened(&tx, &seen, &now)?,
        Err(_) => part::found(&tx, &row, &seen, &now)?,
    }
    tx.commit()?;
    session.terminal.status(format!(
        "batch `{}`: {} for {}",
        batch.id,
        count(row.n_requests, "request"),
        count(row.n_groups, "group")
    ));
    Ok(())
}

/// Says where a batch was made that this client can't see.
pub fn elsewhere(session: &Session<'_>, batch: &BatchRow) -> anyhow::Result<String> {
    let url = match batch.origin {
        Some(origin) => session.store.read().origin(origin)?.base_url,
        None => "another provider".into(),
    };
    let id = batch.batch_id.as_ref().map_or("", BatchId::as_str);
    Ok(format!("batch `{id}` was made at {url}; look at it with `--base-url {url}`"))
}

/// Reads what the provider said of a batch into the ledger's terms.
pub fn observation(batch: &Batch) -> Observation {
    let counts = batch.request_counts.map(|counts| (counts.total, counts.completed, counts.failed));
    let file = |id: &Option<String>| id.clone().map(FileId::new);
    // File ids that are there before the end mean nothing: they are taken down with a terminal status only.
    let is_terminal = batch.status.is_terminal();
    Observation {
        status: match &batch.status {
            BatchStatus::Other(word) if word.is_empty() => None,
            status => Some(status.as_str().to_owned()),
        },
        is_terminal,
        output_file_id: file(&batch.output_file_id).filter(|_| is_terminal),
        error_file_id: file(&batch.error_file_id).filter(|_| is_terminal),
        counts,
        created_at: batch.created_at.and_then(unix_text),
        expires_at: batch.expires_at.and_then(unix_text),
        completed_at: if is_terminal { batch.ended_at().and_then(unix_text) } else { None },
        errors: (!batch.errors.is_empty()).then(|| {
            let errors: Vec<_> = batch
                .errors
                .iter()
                .map(|error| json!({"code": error.code, "message": error.message, "line": error.line}))
                .collect();
            serde_json::Value::from(errors).to_string()
        }),
        // Some servers fill it with zeros: that is no counting.
        tokens: batch
            .usage
            .filter(|usage| usage.input_tokens > 0)
            .map(|usage| (usage.input_tokens, usage.output_tokens)),
    }
}

/// Writes errors as the ledger keeps them.
pub fn errors_json(errors: &[(Option<String>, String)]) -> String {
    let list: Vec<_> =
        errors.iter().map(|(code, message)| json!({"code": code, "message": message, "line": null})).collect();
    serde_json::Value::from(list).to_string()
}
