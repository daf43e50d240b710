//! Looking at batches, and waiting for them.
//!
//! A fault of the observer never changes the job: while waiting, network faults are waited out for as long as it takes.
//! Every terminal state is collected, whatever its name.

use std::time::Duration;

use anyhow::anyhow;
use serde_json::json;

use crate::batch::collect::{self, Collected};
use crate::batch::submit;
use crate::config::unix_text;
use crate::error::{self, Explain as _};
use crate::interrupt;
use crate::model::{BatchId, BatchKey, FileId, RunId};
use crate::provider::{ApiError, Batch, BatchStatus, Client, Fault};
use crate::request::Prices;
use crate::session::Session;
use crate::session::api_failure;
use crate::store::{BatchFacts, BatchState, Observation, Read, RequestState};
use crate::terminal::bar::{Bar, Unit};
use crate::terminal::words::duration;

/// The longest pause between two looks while the network is away.
const PAUSE_MAX: Duration = Duration::from_secs(600);

/// What is waited for, and how.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// Between two looks.
    pub poll_interval: Duration,
    /// Only this batch or run.
    pub only: Option<Target>,
    /// Whether parts that wait may be sent as the queue empties.
    pub may_spend: bool,
    /// The user's own limit of tokens in the provider's queue.
    pub max_enqueued: Option<u64>,
}

/// A batch or a run, as a person names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// One batch.
    Batch(BatchKey),
    /// All of a run.
    Run(RunId),
}

impl Target {
    /// Finds what a person means by an id.
    pub fn find(read: Read<'_>, id: &str) -> anyhow::Result<Target> {
        if let Some(batch) = read.batch_by_id(&BatchId::new(id))? {
            return Ok(Target::Batch(batch.key));
        }
        if read.run(&RunId::new(id))?.is_some() {
            return Ok(Target::Run(RunId::new(id)));
        }
        Err(anyhow!("there is no batch or run `{id}` in this database"))
            .hint("`gleaner batch list` shows those that are known here and at the provider")
    }

    /// Returns whether a part or batch is meant.
    pub fn includes(&self, batch: &BatchFacts) -> bool {
        match self {
            Target::Batch(key) => batch.key == *key,
            Target::Run(run) => batch.run == *run,
        }
    }

    /// Returns its parts and batches.
    pub fn batches(&self, read: Read<'_>) -> anyhow::Result<Vec<BatchFacts>> {
        match self {
            Target::Batch(key) => Ok(vec![read.batch(*key)?]),
            Target::Run(run) => read.batches_of_run(run),
        }
    }
}

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
    let facts = session.store.read().batch(key)?;
    let Some(id) = &facts.batch_id else { return Ok(Looked::Known) };
    let origin = facts.origin.map(|origin| session.store.read().origin(origin)).transpose()?;
    if origin.is_some_and(|origin| origin.base_url != client.origin().as_str()) {
        return Ok(Looked::Elsewhere);
    }
    match client.get_batch(id.as_str()) {
        Ok(batch) => {
            let now = session.config.now_text();
            let tx = session.store.write()?;
            tx.observe(key, &observation(&batch), &now)?;
            tx.commit()?;
            if facts.status.as_deref() != Some(batch.status.as_str()) {
                session.terminal.detail(format!("batch `{id}`: {}", batch.status));
            }
            Ok(Looked::Known)
        }
        Err(error) if error.is_not_found() => gone(session, client, &facts, &error),
        Err(error) => Err(api_failure(error)),
    }
}

/// Decides what a 404 at a batch's own origin means. The key of another project gets one too, and to believe it would
/// buy everything again; so there must be a sign that we look into the right project: the input file, or another batch
/// of ours.
fn gone(
    session: &mut Session<'_>,
    client: &Client,
    facts: &BatchFacts,
    error: &ApiError,
) -> Result<Looked, anyhow::Error> {
    if !facts.state.is_pending() {
        return Ok(Looked::Gone);
    }
    let sees_file = match &facts.input_file_id {
        Some(file) => client.get_file(file.as_str()).is_ok(),
        None => false,
    };
    let db_id = session.store.read().db_id()?;
    let sees_us = sees_file
        || client.all_batches().map_while(Result::ok).any(|batch| batch.metadata.get("gleaner_db") == Some(&db_id));
    let id = facts.batch_id.as_ref().map_or("", BatchId::as_str);
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
    tx.set_batch_state(facts.key, BatchState::Gone)?;
    let n = tx.set_requests_of_batch(facts.key, RequestState::Sent, RequestState::Missing, Some("gone"))?;
    tx.commit()?;
    session.terminal.warn(format!(
        "batch `{id}` is gone at the provider; {n} of its requests have no answer and are sent again by the next \
         `gleaner batch create`"
    ));
    Ok(Looked::Gone)
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
        let meant = |batch: &BatchFacts| waiting.only.as_ref().is_none_or(|target| target.includes(batch));
        for batch in session.store.read().pending_batches()?.into_iter().filter(meant) {
            interrupt::check()?;
            if given_up.contains(&batch.key) {
                continue;
            }
            if batch.state == BatchState::Open {
                match look(session, client, batch.key) {
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
        if waiting.may_spend {
            let run = match &waiting.only {
                Some(Target::Run(run)) => Some(run.clone()),
                _ => None,
            };
            let read = session.store.read();
            let is_sendable =
                |part: &BatchFacts| part.state.is_unsent() && meant(part) && !given_up.contains(&part.key);
            if read.pending_batches()?.iter().any(|part| is_sendable(part) && is_on_its_way(read, part)) {
                match submit::send_waiting(session, client, run.as_ref(), waiting.max_enqueued) {
                    Ok(submitted) => given_up.extend(submitted.uncertain),
                    Err(error) => fault = Some(patience(error)?),
                }
            }
        }
        let left: Vec<BatchFacts> = session
            .store
            .read()
            .pending_batches()?
            .into_iter()
            .filter(|batch| meant(batch) && !given_up.contains(&batch.key))
            .filter(|batch| {
                !batch.state.is_unsent() || (waiting.may_spend && is_on_its_way(session.store.read(), batch))
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

/// Returns whether a part belongs to a run that was sent, or begun to be: one made without network waits to be named.
fn is_on_its_way(read: Read<'_>, part: &BatchFacts) -> bool {
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
    batch: &BatchFacts,
    given_up: &mut Vec<BatchKey>,
    error: anyhow::Error,
) -> anyhow::Result<Option<anyhow::Error>> {
    match patience(error) {
        Err(error) if is_about_one(&error) => {
            session.terminal.warn(format!("{}: {error:#}", collect::name(batch)));
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
    let Some(api) = error::find::<ApiError>(&error) else { return Err(error) };
    if matches!(api.fault, Fault::Setup | Fault::Local | Fault::Interrupted) || api.is_auth() || api.is_billing() {
        return Err(if api.fault == Fault::Interrupted { api_failure(api.clone()) } else { error });
    }
    let waits = api.is_retryable() || matches!(api.fault, Fault::Unreachable | Fault::Unreadable | Fault::Tls);
    if waits { Ok(error) } else { Err(error) }
}

/// Says where a batch was made that this client can't see.
pub fn elsewhere(session: &Session<'_>, batch: &BatchFacts) -> anyhow::Result<String> {
    let url = match batch.origin {
        Some(origin) => session.store.read().origin(origin)?.base_url,
        None => "another provider".into(),
    };
    let id = batch.batch_id.as_ref().map_or("", BatchId::as_str);
    Ok(format!("batch `{id}` was made at {url}; look at it with `--base-url {url}`"))
}

fn show(
    session: &Session<'_>,
    bar: &mut Option<Bar>,
    left: &[BatchFacts],
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
    let unsent: Vec<BatchFacts> = left.iter().filter(|batch| batch.state.is_unsent()).cloned().collect();
    if !unsent.is_empty() && waiting.may_spend {
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
