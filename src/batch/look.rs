//! One look at a batch at the provider, and the ledger's record of it.
//!
//! A fault of the observer never changes the job: a look that fails leaves everything as it was.

use serde_json::json;

use crate::batch::part::{self, Creating, Part, Seen};
use crate::config::unix_text;
use crate::model::{BatchId, BatchKey, FileId};
use crate::provider::{ApiError, Batch, BatchStatus, Client};
use crate::session::{Session, api_failure};
use crate::store::{BatchRow, Observation};
use crate::terminal::words::count;

/// What a look at the provider found out about a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Looked {
    /// The provider told where it stands; the ledger knows it now.
    Known,
    /// Made at another origin than the client's: not asked.
    Elsewhere,
    /// The provider does not know it any more.
    Gone,
    /// The provider does not know it, but the key may belong to another project.
    NotVisible,
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
            let now = session.config.now_text();
            let tx = session.store.write()?;
            part::observe(&tx, key, &observation(&batch), &now)?;
            tx.commit()?;
            if row.status.as_deref() != Some(batch.status.as_str()) {
                session.terminal.detail(format!("batch `{id}`: {}", batch.status));
            }
            Ok(Looked::Known)
        }
        Err(error) if error.is_not_found() => gone(session, client, &row, &error),
        Err(error) => Err(api_failure(error)),
    }
}

/// Decides what a 404 at a batch's own origin means. The key of another project gets one too, and to believe it would
/// buy everything again; so there must be a sign that we look into the right project: the input file, or another batch
/// of ours.
fn gone(session: &mut Session<'_>, client: &Client, row: &BatchRow, error: &ApiError) -> Result<Looked, anyhow::Error> {
    if !row.state.is_pending() {
        return Ok(Looked::Gone);
    }
    let sees_file = match &row.input_file_id {
        Some(file) => client.get_file(file.as_str()).is_ok(),
        None => false,
    };
    let db_id = session.store.read().db_id()?;
    let sees_us = sees_file
        || client.all_batches().map_while(Result::ok).any(|batch| batch.metadata.get("gleaner_db") == Some(&db_id));
    let id = row.batch_id.as_ref().map_or("", BatchId::as_str);
    if !sees_us {
        session.terminal.warn(format!("{error}"));
        session.terminal.warn(format!(
            "batch `{id}` is not visible with this key: it belongs to another project's key, or is gone for good; \
             nothing of it is sent again"
        ));
        session.terminal.hint(format!(
            "check `OPENAI_API_KEY` and `OPENAI_PROJECT_ID`; `gleaner batch cancel {id} --local` gives it up"
        ));
        return Ok(Looked::NotVisible);
    }
    let tx = session.store.write()?;
    let n = part::gone(&tx, row.key)?;
    tx.commit()?;
    session.terminal.warn(format!(
        "batch `{id}` is gone at the provider; {n} of its requests have no answer and are sent again by the next \
         `gleaner batch create`"
    ));
    Ok(Looked::Gone)
}

/// Writes down that the provider has a batch: its id, and that its requests are in flight.
pub(super) fn note_opened(session: &mut Session<'_>, key: BatchKey, batch: &Batch) -> anyhow::Result<()> {
    let now = session.config.now_text();
    let tx = session.store.write()?;
    let row = tx.read().batch(key)?;
    let seen =
        Seen { id: &BatchId::new(batch.id.clone()), status: batch.status.as_str(), observation: &observation(batch) };
    Part::<Creating>::of(&row)?.opened(&tx, &seen, &now)?;
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
    }
}

/// Writes errors as the ledger keeps them.
pub fn errors_json(errors: &[(Option<String>, String)]) -> String {
    let list: Vec<_> =
        errors.iter().map(|(code, message)| json!({"code": code, "message": message, "line": null})).collect();
    serde_json::Value::from(list).to_string()
}
