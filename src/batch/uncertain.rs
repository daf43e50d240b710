//! Uncertain batches and answers, looked at again by every command that talks to its provider.

use crate::answer::Reason;
use crate::batch::collect;
use crate::batch::look;
use crate::batch::patience::is_about_one;
use crate::batch::reconcile;
use crate::error;
use crate::model::BatchKey;
use crate::provider::{ApiError, Client, Fault};
use crate::request::Prices;
use crate::session::Session;
use crate::store::{BatchRow, BatchState, Claim};
use crate::terminal::words::count_verb;

/// Looks through the provider's list before something is bought, and again at what is uncertain. The caller holds the
/// right to spend.
pub fn survey(session: &mut Session<'_>, client: &Client, prices: &Prices) -> anyhow::Result<()> {
    settle_unanswered(session)?;
    reconcile::survey(session, client)?;
    look_again(session, client, prices)
}

/// Looks again at what is uncertain at a provider before something is asked there without a batch; a fault of the look
/// leaves all as it was. The caller holds the right to spend.
pub fn before_asking(session: &mut Session<'_>, client: &Client, prices: &Prices) -> anyhow::Result<()> {
    settle_unanswered(session)?;
    // Not every server has batches, so none is asked about them without need.
    if of_origin(session, client)?.is_empty() {
        return Ok(());
    }
    match adopt(session, client, prices) {
        Err(error) if error::find::<ApiError>(&error).is_some_and(|api| api.fault != Fault::Interrupted) => {
            session.terminal.warn(format!("{error:#}"));
            Ok(())
        }
        other => other,
    }
}

/// Settles requests that an earlier command sent without a batch and never heard of again, since it was killed. Who
/// holds the right to spend knows that nobody is waiting for them.
fn settle_unanswered(session: &mut Session<'_>) -> anyhow::Result<()> {
    if !session.store.read().has_unanswered()? {
        return Ok(());
    }
    let reason = Reason::unanswered("the program ended before its answer came");
    let tx = session.store.write()?;
    let n = tx.settle_unanswered(&reason.code, &reason.message)?;
    tx.commit()?;
    if n > 0 {
        session.terminal.warn(format!(
            "{} sent ahead by a command that was killed; whether it was bought is not known, so it counts as paid",
            count_verb(n, "request", "was")
        ));
        session.terminal.hint("`gleaner batch create --retry-failed` asks it again");
    }
    Ok(())
}

/// Adopts what was bought, and looks again at what is uncertain: what a command that only looks may do.
pub fn adopt(session: &mut Session<'_>, client: &Client, prices: &Prices) -> anyhow::Result<()> {
    reconcile::adopt_what_was_bought(session, client)?;
    look_again(session, client, prices)
}

/// Looks once at each uncertain batch of the client's provider, and reads again what is there of its files. A fault of
/// one look leaves the batch as it was.
pub fn look_again(session: &mut Session<'_>, client: &Client, prices: &Prices) -> anyhow::Result<()> {
    for row in session.store.read().batches_in(BatchState::Uncertain)? {
        let looked = look::look(session, client, row.key).and_then(|_| {
            if session.store.read().batch(row.key)?.claim == Some(Claim::Answers) {
                collect::collect(session, client, row.key, prices, None, false)?;
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
