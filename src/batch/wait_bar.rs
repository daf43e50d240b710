//! The bar of a wait for batches: how far they are, and what is waited for.

use std::collections::HashMap;
use std::time::Duration;

use crate::batch::collect::Collected;
use crate::batch::submit;
use crate::model::BatchKey;
use crate::session::Session;
use crate::store::BatchRow;
use crate::terminal::bar::{Bar, Unit};
use crate::terminal::words::duration;

/// Returns the requests of each batch that was imported and is waited for no more; one of which an answer is missing is
/// imported, and looked at again.
fn ended(imports: impl Iterator<Item = (BatchKey, u64)>, is_left: impl Fn(BatchKey) -> bool) -> HashMap<BatchKey, u64> {
    imports.filter(|(key, _)| !is_left(*key)).collect()
}

/// Shows how far a wait is; `sends` where parts that wait for the queue are sent, `settles_in` where the next look at files
/// that are not whole is a while off.
pub(super) fn show(
    session: &Session<'_>,
    bar: &mut Option<Bar>,
    left: &[BatchRow],
    collected: &[Collected],
    (sends, settles_in): (bool, Option<Duration>),
) -> anyhow::Result<()> {
    let done = ended(collected.iter().map(|done| (done.part.key, done.report.account.sent)), |key| {
        left.iter().any(|batch| batch.key == key)
    });
    let n_done: u64 = done.values().sum();
    let total: u64 = n_done + left.iter().map(|batch| batch.n_requests).sum::<u64>();
    let (completed, failed) = left
        .iter()
        .filter_map(|batch| batch.counts)
        .fold((0, 0), |(c, f), (_, completed, failed)| (c + completed, f + failed));
    let bar = bar.get_or_insert_with(|| session.terminal.bar(total, Unit::Remote, "waiting"));
    bar.set_length(total);
    bar.set(n_done + completed + failed);
    let now = session.config.now();
    let mut message = format!("completed {}, failed {failed}", n_done + completed);
    let n_parts = done.len() + left.len();
    if n_parts > 1 {
        message += &format!("; {} of {n_parts} parts done", done.len());
    }
    let unsent: Vec<BatchRow> = left.iter().filter(|batch| batch.state.is_unsent()).cloned().collect();
    if !unsent.is_empty() && sends {
        message += &format!(", {}", submit::next_try(session, &unsent));
    }
    let expiry = left.iter().filter_map(|batch| batch.expires_at.as_deref()?.parse::<jiff::Timestamp>().ok()).min();
    if let Some(expiry) = expiry {
        let seconds = expiry.as_second() - now.as_second();
        message += &format!("; expires in {}", duration(seconds.max(0) as u64));
    }
    if let Some(status) = left.iter().find_map(|batch| batch.status.as_deref()) {
        message += &format!("; {status}");
    }
    // Some minutes each, in which nothing else moves.
    if let Some(pause) = settles_in.filter(|pause| !pause.is_zero()) {
        message += &format!("; answers are still missing, looking again in {}", duration(pause.as_secs()));
    }
    bar.message(&message);
    Ok(())
}

/// Sleeps in steps, so that the bar's clock runs.
pub(super) fn pause_with_bar(session: &Session<'_>, bar: Option<&Bar>, pause: Duration) -> anyhow::Result<()> {
    let step = Duration::from_secs(1);
    let mut left = pause;
    while left > step {
        session.config.pause(step)?;
        left -= step;
        if let Some(bar) = bar {
            bar.tick();
        }
    }
    session.config.pause(left)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_that_is_imported_and_looked_at_again_counts_once() {
        let (one, other) = (BatchKey(1), BatchKey(2));
        let imports = [(one, 76), (other, 20), (one, 76)];
        let sum = |left: &[BatchKey]| ended(imports.into_iter(), |key| left.contains(&key)).values().sum::<u64>();
        assert_eq!((sum(&[]), sum(&[one]), sum(&[one, other])), (96, 20, 0));
    }
}
