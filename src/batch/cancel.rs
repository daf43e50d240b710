//! Parts and batches that a person does not want any more.

use anyhow::anyhow;

use crate::batch::{look, part};
use crate::error::{ErrorKind, Explain as _};
use crate::model::BatchKey;
use crate::provider::Client;
use crate::session::{Session, api_failure};
use crate::store::BatchState;

/// Cancels a part or batch: a plan is dropped, a batch is cancelled at the provider. Returns whether anything changed.
pub fn cancel(session: &mut Session<'_>, client: Option<&Client>, key: BatchKey) -> anyhow::Result<bool> {
    let row = session.store.read().batch(key)?;
    match row.state {
        BatchState::Planned | BatchState::Uploading | BatchState::Uploaded => {
            let tx = session.store.write()?;
            part::withdraw(&tx, key, "cancelled")?;
            tx.commit()?;
            Ok(true)
        }
        BatchState::Creating => Err(anyhow!(
            "part {} of {} may or may not be at the provider; it can't be cancelled before that is known",
            row.part,
            row.run
        ))
        .kind(ErrorKind::Uncertain)
        .hint("`gleaner batch status` looks for it"),
        BatchState::Open => {
            let (Some(client), Some(id)) = (client, &row.batch_id) else { return Ok(false) };
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
    let row = session.store.read().batch(key)?;
    if !row.state.is_pending() {
        return Ok(false);
    }
    let now = session.config.now_text();
    let tx = session.store.write()?;
    part::give_up(&tx, key, &now)?;
    tx.commit()?;
    Ok(true)
}
