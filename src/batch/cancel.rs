//! Parts and batches that a person does not want any more.

use anyhow::anyhow;

use crate::batch::look;
use crate::error::Explain as _;
use crate::model::BatchKey;
use crate::provider::Client;
use crate::session::{Session, api_failure};
use crate::store::{BatchState, RequestState};

/// Cancels a part or batch: a plan is dropped, a batch is cancelled at the provider. Returns whether anything changed.
pub fn cancel(session: &mut Session<'_>, client: Option<&Client>, key: BatchKey) -> anyhow::Result<bool> {
    let part = session.store.read().batch(key)?;
    match part.state {
        BatchState::Planned | BatchState::Uploading | BatchState::Uploaded => {
            let tx = session.store.write()?;
            tx.set_requests_of_batch(key, RequestState::Planned, RequestState::Withdrawn, Some("cancelled"))?;
            tx.set_batch_state(key, BatchState::Withdrawn)?;
            tx.commit()?;
            Ok(true)
        }
        BatchState::Creating => Err(anyhow!(
            "part {} of {} may or may not be at the provider; it can't be cancelled before that is known",
            part.part,
            part.run
        ))
        .hint("`gleaner batch status` looks for it"),
        BatchState::Open => {
            let (Some(client), Some(id)) = (client, &part.batch_id) else { return Ok(false) };
            // A batch that has ended meanwhile refuses; its state afterwards is what counts.
            if let Err(error) = client.cancel_batch(id.as_str()) {
                if !matches!(error.status, Some(400 | 409)) {
                    return Err(api_failure(error));
                }
                session.terminal.detail(format!("{error}"));
            }
            look::look(session, client, key)?;
            Ok(true)
        }
        _ => Ok(false),
    }
}

/// Gives a batch up here, without asking the provider: its requests are missing from now on, and sent again.
pub fn give_up(session: &mut Session<'_>, key: BatchKey) -> anyhow::Result<bool> {
    let part = session.store.read().batch(key)?;
    if !part.state.is_pending() {
        return Ok(false);
    }
    let tx = session.store.write()?;
    tx.set_requests_of_batch(key, RequestState::Sent, RequestState::Missing, Some("given_up"))?;
    tx.set_requests_of_batch(key, RequestState::Planned, RequestState::Withdrawn, Some("given_up"))?;
    tx.set_batch_state(key, BatchState::GivenUp)?;
    tx.commit()?;
    Ok(true)
}
