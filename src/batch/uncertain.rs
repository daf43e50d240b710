//! What nobody knows yet, looked at again by every command that talks to its provider.

use crate::batch::collect::{self, Patience};
use crate::batch::look;
use crate::batch::poll::is_about_one;
use crate::batch::reconcile;
use crate::model::BatchKey;
use crate::provider::Client;
use crate::request::Prices;
use crate::session::Session;
use crate::store::{BatchRow, BatchState, Claim};

/// Looks through the provider's list before something is bought, and again at what is uncertain.
pub fn survey(session: &mut Session<'_>, client: &Client, prices: &Prices) -> anyhow::Result<()> {
    reconcile::survey(session, client)?;
    look_again(session, client, prices)
}

/// Adopts what was bought, and looks again at what is uncertain: what a command that only looks may do.
pub fn adopt(session: &mut Session<'_>, client: &Client, prices: &Prices) -> anyhow::Result<()> {
    reconcile::adopt_what_was_bought(session, client)?;
    look_again(session, client, prices)
}

/// Looks once at each uncertain batch of the client's provider, and reads again what is there of its files. A fault of one
/// look leaves the batch as it was.
pub fn look_again(session: &mut Session<'_>, client: &Client, prices: &Prices) -> anyhow::Result<()> {
    for row in session.store.read().batches_in(BatchState::Uncertain)? {
        let looked = look::look(session, client, row.key).and_then(|_| {
            if session.store.read().batch(row.key)?.claim == Some(Claim::Answers) {
                collect::collect(session, client, row.key, prices, Patience::None, false)?;
            }
            Ok(())
        });
        match looked {
            Err(error) if is_about_one(&error) => session.terminal.warn(format!("{error:#}")),
            other => other?,
        }
    }
    Ok(())
}

/// Returns the parts and batches at a provider of which nobody knows yet whether they are there or what they answered.
pub fn of_origin(session: &Session<'_>, client: &Client) -> anyhow::Result<Vec<BatchRow>> {
    let read = session.store.read();
    let mut rows = read.batches_in(BatchState::Creating)?;
    rows.extend(read.batches_in(BatchState::Uncertain)?);
    let origin = read.origin_by_url(client.origin().as_str())?.map(|origin| origin.key);
    rows.retain(|row| row.origin.is_some() && row.origin == origin);
    Ok(rows)
}

/// Returns the keys of rows.
pub fn keys(rows: &[BatchRow]) -> Vec<BatchKey> {
    rows.iter().map(|row| row.key).collect()
}
