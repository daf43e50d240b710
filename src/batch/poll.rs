//! Looking at batches, and waiting for them.
//!
//! A fault of the observer never changes the job: while waiting, network faults are waited out for as long as it takes.
//! Every terminal state is collected, whatever its name.

use std::time::Duration;

use crate::batch::budget::Budget;
use crate::batch::collect::{self, Collected};
use crate::batch::look::{self, Looked, elsewhere};
use crate::batch::model_end::{self, ModelEnds};
use crate::batch::submit::{self, Submitted};
use crate::batch::target::{self, Target};
use crate::error::{self};
use crate::interrupt;
use crate::model::BatchKey;
use crate::provider::{ApiError, Client, Fault};
use crate::request::Prices;
use crate::session::{Session, Tried, api_failure};
use crate::store::{self, BatchRow, BatchState, Read};
use crate::terminal::bar::{Bar, Unit};
use crate::terminal::words::duration;

/// The longest pause between two looks while the network is away.
const PAUSE_MAX: Duration = Duration::from_secs(600);

/// What is waited for, and how.
#[derive(Debug)]
pub struct Waiting {
    /// Between two looks.
    pub poll_interval: Duration,
    /// Only this batch or run.
    pub only: Option<Target>,
    /// What may be spent on parts that wait, as the queue empties; `None`: nothing is sent.
    pub budget: Option<Budget>,
    /// The user's own limit of tokens in the provider's queue.
    pub max_enqueued: Option<u64>,
}

/// What came of waiting.
#[derive(Clone, Debug, Default)]
pub struct Waited {
    /// Batches that ended and were collected.
    pub collected: Vec<Collected>,
    /// Parts and batches of which nothing more can be learned now: uncertain, not visible, made elsewhere.
    pub left: Vec<BatchKey>,
    /// Batches that the provider does not know any more; their requests are missing.
    pub gone: Vec<BatchKey>,
}

/// Waits until nothing is pending any more, collecting each batch as it ends and sending parts as the queue empties.
pub fn wait(session: &mut Session<'_>, client: &Client, waiting: &Waiting, prices: &Prices) -> anyhow::Result<Waited> {
    let Waited { mut collected, left: mut given_up, mut gone } = Waited::default();
    let mut pause = waiting.poll_interval;
    let mut bar: Option<Bar> = None;
    loop {
        interrupt::check()?;
        let mut fault = None;
        let meant = |batch: &BatchRow| waiting.only.as_ref().is_none_or(|target| target.includes(batch));
        for batch in session.store.read().pending_batches()?.into_iter().filter(meant) {
            interrupt::check()?;
            if given_up.contains(&batch.key) {
                continue;
            }
            if batch.state == BatchState::Open {
                match look::look(session, client, batch.key) {
                    Ok(Looked::Known) => {}
                    Ok(Looked::Gone) => gone.push(batch.key),
                    Ok(Looked::NotVisible) => given_up.push(batch.key),
                    Ok(Looked::Elsewhere) => {
                        session.terminal.warn(elsewhere(session, &batch)?);
                        given_up.push(batch.key);
                    }
                    Err(error) => fault = patience_or_skip(session, &batch, &mut given_up, error)?.or(fault),
                }
            }
            if session.store.read().batch(batch.key)?.state == BatchState::Ended {
                match collect::collect(session, client, batch.key, prices, false) {
                    Ok(done) => {
                        if let Some(bar) = &bar {
                            bar.message(&format!("batch {} imported", done.name()));
                        }
                        collected.push(done);
                        session.store_holds_released()?;
                    }
                    Err(error) => fault = patience_or_skip(session, &batch, &mut given_up, error)?.or(fault),
                }
            }
        }
        if let Some(budget) = &waiting.budget {
            let run = match &waiting.only {
                Some(Target::Run(run)) => Some(run.clone()),
                _ => None,
            };
            let read = session.store.read();
            let is_sendable = |part: &BatchRow| part.state.is_unsent() && meant(part) && !given_up.contains(&part.key);
            let sendable: Vec<BatchKey> = read
                .pending_batches()?
                .iter()
                .filter(|part| is_sendable(part) && is_on_its_way(read, part))
                .map(|part| part.key)
                .collect();
            if !sendable.is_empty() {
                // The right to spend is held while something is sent, and not while waiting; who has it sends.
                let sent = match session.try_lock_spending()? {
                    Tried::Taken(_lock) => {
                        submit::send_waiting(session, client, run.as_ref(), budget, waiting.max_enqueued)
                    }
                    Tried::Held(holder) => {
                        session.terminal.detail(format!("{holder} is sending; looking again later"));
                        Ok(Submitted::default())
                    }
                };
                match sent {
                    Ok(submitted) => given_up.extend(submitted.uncertain),
                    // What is in flight is waited for all the same.
                    Err(error) if error::find::<ModelEnds>(&error).is_some() => {
                        session.warn_once(format!("{error:#}; parts of it that wait are not sent"));
                        given_up.extend(sendable);
                    }
                    Err(error) => fault = Some(patience(error)?),
                }
            }
        }
        let left: Vec<BatchRow> = session
            .store
            .read()
            .pending_batches()?
            .into_iter()
            .filter(|batch| meant(batch) && !given_up.contains(&batch.key))
            .filter(|batch| {
                !batch.state.is_unsent() || (waiting.budget.is_some() && is_on_its_way(session.store.read(), batch))
            })
            .collect();
        if left.is_empty() {
            return Ok(Waited { collected, left: given_up, gone });
        }
        show(session, &mut bar, &left, &collected, waiting)?;
        pause = match fault {
            Some(error) => {
                session.terminal.warn(format!("{error:#}; looking again in {}", duration(pause.as_secs())));
                (pause * 2).clamp(waiting.poll_interval, PAUSE_MAX.max(waiting.poll_interval))
            }
            None => waiting.poll_interval,
        };
        pause_with_bar(session, bar.as_ref(), pause)?;
    }
}

/// Refuses to wait where all that is meant are parts whose model ends before they are sure to be answered.
pub fn check_models(session: &mut Session<'_>, client: &Client, only: Option<&Target>) -> anyhow::Result<()> {
    let read = session.store.read();
    let meant: Vec<BatchRow> = read
        .pending_batches()?
        .into_iter()
        .filter(|part| only.is_none_or(|target| target.includes(part)))
        .filter(|part| !part.state.is_unsent() || is_on_its_way(read, part))
        .collect();
    if meant.iter().any(|part| !part.state.is_unsent() || part.state == BatchState::Creating) {
        return Ok(());
    }
    meant.iter().try_for_each(|part| model_end::check_part(session, client, part))
}

/// Returns whether a part belongs to a run that was sent, or begun to be: one made without network waits to be named.
fn is_on_its_way(read: Read<'_>, part: &BatchRow) -> bool {
    read.run(&part.run).ok().flatten().is_some_and(|run| run.origin.is_some())
}

impl Session<'_> {
    /// Lets parts that wait for the queue try again, since a batch of ours has left it.
    fn store_holds_released(&mut self) -> anyhow::Result<()> {
        let tx = self.store.write()?;
        tx.release_holds()?;
        tx.commit()
    }
}

/// Sleeps in steps, so that the bar's clock runs.
fn pause_with_bar(session: &Session<'_>, bar: Option<&Bar>, pause: Duration) -> anyhow::Result<()> {
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

/// Returns a fault to be waited out. What only concerns one batch is told, and the others are waited for without it.
fn patience_or_skip(
    session: &Session<'_>,
    batch: &BatchRow,
    given_up: &mut Vec<BatchKey>,
    error: anyhow::Error,
) -> anyhow::Result<Option<anyhow::Error>> {
    match patience(error) {
        Err(error) if is_about_one(&error) => {
            session.terminal.warn(format!("{}: {error:#}", target::name(batch)));
            given_up.push(batch.key);
            Ok(None)
        }
        other => other.map(Some),
    }
}

/// Returns whether an error says something about one batch or file only: the provider answered, and it was not about the
/// key or money.
pub fn is_about_one(error: &anyhow::Error) -> bool {
    error::find::<ApiError>(error).is_some_and(|api| api.fault == Fault::Status && !api.is_auth() && !api.is_billing())
}

/// Passes on what more patience can't mend; returns the rest, to be waited out.
fn patience(error: anyhow::Error) -> anyhow::Result<anyhow::Error> {
    // A reader that pauses, or a long import: the file is free again some time.
    if store::is_locked(&error) {
        return Ok(error);
    }
    let Some(api) = error::find::<ApiError>(&error) else { return Err(error) };
    if matches!(api.fault, Fault::Setup | Fault::Local | Fault::Interrupted) || api.is_auth() || api.is_billing() {
        return Err(if api.fault == Fault::Interrupted { api_failure(api.clone()) } else { error });
    }
    let is_page = matches!(api.status, Some(401 | 403)) && !api.is_envelope();
    let waits =
        is_page || api.is_retryable() || matches!(api.fault, Fault::Unreachable | Fault::Unreadable | Fault::Tls);
    if waits { Ok(error) } else { Err(error) }
}

fn show(
    session: &Session<'_>,
    bar: &mut Option<Bar>,
    left: &[BatchRow],
    collected: &[Collected],
    waiting: &Waiting,
) -> anyhow::Result<()> {
    let n_done: u64 = collected.iter().map(|done| done.report.account.sent).sum();
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
    let n_parts = collected.len() + left.len();
    if n_parts > 1 {
        message += &format!("; {} of {n_parts} parts done", collected.len());
    }
    let unsent: Vec<BatchRow> = left.iter().filter(|batch| batch.state.is_unsent()).cloned().collect();
    if !unsent.is_empty() && waiting.budget.is_some() {
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
    bar.message(&message);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locked_file_is_waited_out_and_a_damaged_one_is_not() {
        for (code, waits) in [(rusqlite::ffi::SQLITE_BUSY, true), (rusqlite::ffi::SQLITE_CORRUPT, false)] {
            let error = rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None);
            assert_eq!(patience(anyhow::Error::from(error).context("cannot write")).is_ok(), waits);
        }
    }
}
