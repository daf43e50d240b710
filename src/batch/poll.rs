//! Looking at batches, and waiting for them.
//!
//! A fault of the observer never changes the job: while waiting, network faults are waited out for as long as it takes.
//! Every terminal state is collected, whatever its name.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::batch::batch_or_run::{self, BatchOrRun};
use crate::batch::budget::{Budget, is_on_its_way};
use crate::batch::collect::{self, Collected};
use crate::batch::fetch::Settling;
use crate::batch::look::{self, Looked, elsewhere};
use crate::batch::model_end::{self, ModelEnds};
use crate::batch::patience::{is_about_one, is_auth, passes};
use crate::batch::reconcile::SentByCopy;
use crate::batch::submit::{self, Submitted};
use crate::batch::wait_bar::{pause_with_bar, show};
use crate::config::timestamp_text;
use crate::error;
use crate::interrupt;
use crate::model::BatchKey;
use crate::provider::{ApiError, Client, Fault};
use crate::request::Prices;
use crate::session::{Session, Tried, api_failure};
use crate::store::{BatchRow, BatchState, Claim};
use crate::terminal::bar::Bar;
use crate::terminal::words::duration;

/// The longest pause between two looks while the network is away.
const PAUSE_MAX: Duration = Duration::from_secs(600);

/// Time that a wait puts up with a key that is refused, and with a batch that is uncertain.
const PATIENCE: SignedDuration = SignedDuration::from_mins(15);

/// Subject and manner of a wait.
#[derive(Debug)]
pub struct Waiting {
    /// Between two looks.
    pub poll_interval: Duration,
    /// When to stop, whatever is still open; `None`: never.
    pub until: Option<Timestamp>,
    /// Only this batch or run.
    pub only: Option<BatchOrRun>,
    /// Budget for parts that wait, as the queue empties; `None`: nothing is sent.
    pub budget: Option<Budget>,
    /// The user's own limit of tokens in the provider's queue.
    pub max_enqueued: Option<u64>,
}

/// Outcome of waiting.
#[derive(Debug, Default)]
pub struct Waited {
    /// Batches that ended and were collected.
    pub collected: Vec<Collected>,
    /// Parts and batches of which nothing more can be learned now: uncertain, not visible, made elsewhere.
    pub left: Vec<BatchKey>,
    /// Batches that the provider does not know any more; their requests are missing.
    pub gone: Vec<BatchKey>,
    /// Parts and batches that were still open when the time ran out.
    pub ran_out: Vec<BatchKey>,
    /// Why the wait ended before its end; what was collected before is kept and can be shown.
    pub stopped: Option<anyhow::Error>,
}

/// Waits until nothing is pending any more, collecting each batch as it ends and sending parts as the queue empties.
pub fn wait(session: &mut Session<'_>, client: &Client, waiting: &Waiting, prices: &Prices) -> Waited {
    let mut wait = Wait {
        session,
        client,
        waiting,
        prices,
        waited: Waited::default(),
        uncertain_since: HashMap::new(),
        settling: HashMap::new(),
        auth_since: None,
        bar: None,
    };
    let ended = wait.run();
    wait.waited.stopped = ended.err();
    wait.waited
}

/// A wait under way.
struct Wait<'w, 's> {
    session: &'w mut Session<'s>,
    client: &'w Client,
    waiting: &'w Waiting,
    prices: &'w Prices,
    waited: Waited,
    /// When this wait first found a batch uncertain.
    uncertain_since: HashMap<BatchKey, Timestamp>,
    /// Batches that have ended and whose files are not whole.
    settling: HashMap<BatchKey, Settling>,
    /// Since when the key is refused.
    auth_since: Option<Timestamp>,
    bar: Option<Bar>,
}

impl Wait<'_, '_> {
    fn run(&mut self) -> anyhow::Result<()> {
        let poll_interval = self.waiting.poll_interval;
        let mut pause = poll_interval;
        let mut open = vec![];
        loop {
            interrupt::check()?;
            let fault = match self.round() {
                Ok((left, _)) if left.is_empty() => return Ok(()),
                Ok((left, fault)) => {
                    open = left.iter().map(|batch| batch.key).collect();
                    say_past_window(self.session, &left);
                    let settles_in = self.until_settled();
                    let sends = self.waiting.budget.is_some();
                    show(self.session, &mut self.bar, &left, &self.waited.collected, (sends, settles_in))?;
                    fault
                }
                // The file is locked, and what stands in it could not be read.
                Err(error) => Some(self.patience(error)?),
            };
            if fault.as_ref().is_none_or(|error| !is_auth(error)) {
                self.auth_since = None;
            }
            pause = match fault {
                Some(error) => {
                    self.session.terminal.warn(format!("{error:#}; looking again in {}", duration(pause.as_secs())));
                    (pause * 2).clamp(poll_interval, PAUSE_MAX.max(poll_interval))
                }
                None => poll_interval.min(self.until_settled().unwrap_or(poll_interval)),
            };
            let mut now_pause = pause;
            if let Some(until) = self.waiting.until {
                let left = until.duration_since(self.session.config.now());
                if !left.is_positive() {
                    self.waited.ran_out = open;
                    return Ok(());
                }
                now_pause = pause.min(left.unsigned_abs());
            }
            pause_with_bar(self.session, self.bar.as_ref(), now_pause)?;
        }
    }

    /// Looks at everything once, collects and sends. Returns what is still waited for, and a fault that is to be waited
    /// out.
    fn round(&mut self) -> anyhow::Result<(Vec<BatchRow>, Option<anyhow::Error>)> {
        let mut fault = None;
        let batches = self.to_look_at()?;
        self.settling.retain(|key, _| batches.iter().any(|batch| batch.key == *key));
        for batch in batches {
            interrupt::check()?;
            fault = self.look_at(&batch)?.or(fault);
        }
        fault = self.send()?.or(fault);
        Ok((self.left()?, fault))
    }

    /// Returns how long it is until files that are not whole are to be looked at again.
    fn until_settled(&self) -> Option<Duration> {
        let now = self.session.config.now();
        self.settling.values().filter_map(|settling| settling.pause(now)).min()
    }

    fn is_meant(&self, batch: &BatchRow) -> bool {
        let is_named = self.waiting.only.as_ref().is_none_or(|target| target.includes(batch));
        is_named && !self.waited.left.contains(&batch.key)
    }

    /// Returns the parts and batches that are still waited for.
    fn left(&self) -> anyhow::Result<Vec<BatchRow>> {
        let read = self.session.store.read();
        let sends = self.waiting.budget.is_some();
        let mut left = vec![];
        for batch in read.pending_batches()?.into_iter().filter(|batch| self.is_meant(batch)) {
            if !batch.state.is_unsent() || (sends && is_on_its_way(read, &batch)?) {
                left.push(batch);
            }
        }
        Ok(left)
    }

    /// Returns what is looked at in one round: what is waited for, and where a part of it waits for the queue, also the
    /// batches of other runs that may fill it: of the same provider and model. Nobody else might ever notice that they
    /// have ended.
    fn to_look_at(&self) -> anyhow::Result<Vec<BatchRow>> {
        let read = self.session.store.read();
        let mut batches = self.left()?;
        let models: HashSet<String> =
            batches.iter().filter(|part| part.state.is_unsent()).map(|part| part.model.clone()).collect();
        if !models.is_empty() {
            // A part that was never uploaded has no origin of its own yet: it goes to the client's.
            let origin = read.origin_by_url(self.client.origin().as_str())?.map(|origin| origin.key);
            let mut others = read.pending_batches()?;
            others.retain(|other| {
                !other.state.is_unsent()
                    && other.origin.is_some()
                    && other.origin == origin
                    && models.contains(&other.model)
                    && !self.waited.left.contains(&other.key)
                    && !batches.iter().any(|known| known.key == other.key)
            });
            batches.extend(others);
        }
        Ok(batches)
    }

    /// Looks at a batch and collects it where it has ended. Returns a fault that is to be waited out.
    fn look_at(&mut self, batch: &BatchRow) -> anyhow::Result<Option<anyhow::Error>> {
        let mut fault = None;
        let now = self.session.config.now();
        let is_settling = self.settling.get(&batch.key).and_then(|settling| settling.pause(now));
        if is_settling.is_some_and(|pause| !pause.is_zero()) {
            // Its turn has not come: the pause was short for another one.
            return Ok(None);
        }
        if matches!(batch.state, BatchState::Open | BatchState::Uncertain) || is_settling.is_some() {
            match look::look(self.session, self.client, batch.key) {
                Ok(Looked::Known | Looked::Uncertain) => {}
                Ok(Looked::Gone) => self.waited.gone.push(batch.key),
                Ok(Looked::Elsewhere) => {
                    self.session.terminal.warn(elsewhere(self.session, batch)?);
                    self.waited.left.push(batch.key);
                }
                Err(error) => fault = self.patience_or_skip(batch, error)?,
            }
        }
        let now = self.session.store.read().batch(batch.key)?;
        let has_ended = now.state == BatchState::Ended || now.claim == Some(Claim::Answers);
        if has_ended && fault.is_none() && !self.waited.left.contains(&batch.key) {
            let settling = self.settling.entry(batch.key).or_default();
            match collect::collect(self.session, self.client, batch.key, self.prices, Some(settling), false) {
                Ok(done) if done.is_settling => {}
                Ok(done) if matches!(done.part.state, BatchState::Open | BatchState::Ended) => {}
                Ok(done) if !done.is_new && self.waited.collected.iter().any(|c| c.part.key == done.part.key) => {}
                Ok(done) => {
                    if let Some(bar) = &self.bar {
                        bar.message(&format!("batch {} imported", done.name()));
                    }
                    self.waited.collected.retain(|known| known.part.key != batch.key);
                    // A refusal by a full queue has just told its part to wait.
                    let is_refused = done.part.state == BatchState::Replaced;
                    self.waited.collected.push(done);
                    if !is_refused && let Err(error) = release_holds(self.session) {
                        fault = Some(self.patience(error)?);
                    }
                }
                Err(error) => fault = self.patience_or_skip(batch, error)?,
            }
        }
        self.lose_patience(batch.key)?;
        let now = self.session.store.read().batch(batch.key)?;
        if !has_ended || now.state == BatchState::Imported || self.waited.left.contains(&batch.key) {
            self.settling.remove(&batch.key);
        }
        Ok(fault)
    }

    /// Leaves a batch to later commands that has been uncertain for too long.
    fn lose_patience(&mut self, key: BatchKey) -> anyhow::Result<()> {
        if self.session.store.read().batch(key)?.state != BatchState::Uncertain {
            self.uncertain_since.remove(&key);
            return Ok(());
        }
        let now = self.session.config.now();
        let since = *self.uncertain_since.entry(key).or_insert(now);
        if now.duration_since(since) >= PATIENCE {
            self.waited.left.push(key);
        }
        Ok(())
    }

    /// Sends parts as far as the queue takes them. Returns a fault that is to be waited out.
    fn send(&mut self) -> anyhow::Result<Option<anyhow::Error>> {
        let Some(budget) = &self.waiting.budget else { return Ok(None) };
        let run = match &self.waiting.only {
            Some(BatchOrRun::Run(run)) => Some(run.clone()),
            _ => None,
        };
        let sendable: Vec<BatchKey> =
            self.left()?.iter().filter(|part| part.state.is_unsent()).map(|part| part.key).collect();
        if sendable.is_empty() {
            return Ok(None);
        }
        // The right to spend is held while something is sent, and not while waiting; who has it sends.
        let sent = match self.session.try_lock_spending()? {
            Tried::Taken(_lock) => {
                submit::send_waiting(self.session, self.client, run.as_ref(), budget, self.waiting.max_enqueued)
            }
            Tried::Held(holder) => {
                self.session.terminal.detail(format!("{holder} is sending; looking again later"));
                Ok(Submitted::default())
            }
        };
        match sent {
            Ok(submitted) => {
                self.waited.left.extend(submitted.uncertain);
                // Of a part that is not meant nothing is expected, so it does not make the wait incomplete.
                self.waited.left.extend(submitted.elsewhere.into_iter().filter(|key| sendable.contains(key)));
                Ok(None)
            }
            // Batches in flight are waited for all the same.
            Err(error) if error::find::<ModelEnds>(&error).is_some() || error::find::<SentByCopy>(&error).is_some() => {
                self.session.warn_once(format!("{error:#}; parts of it that wait are not sent"));
                self.waited.left.extend(sendable);
                Ok(None)
            }
            Err(error) => self.patience(error).map(Some),
        }
    }

    /// Returns a fault to be waited out. What only concerns one batch is told, and the others are waited for without
    /// it.
    fn patience_or_skip(&mut self, batch: &BatchRow, error: anyhow::Error) -> anyhow::Result<Option<anyhow::Error>> {
        match self.patience(error) {
            Err(error) if is_about_one(&error) => {
                self.session.terminal.warn(format!("{}: {error:#}", batch_or_run::name(batch)));
                self.waited.left.push(batch.key);
                Ok(None)
            }
            other => other.map(Some),
        }
    }

    /// Passes on what more patience can't mend; returns the rest, to be waited out. A key that is refused once in a
    /// night is tried for a quarter of an hour.
    fn patience(&mut self, error: anyhow::Error) -> anyhow::Result<anyhow::Error> {
        if let Some(api) = error::find::<ApiError>(&error) {
            if api.fault == Fault::Interrupted {
                return Err(api_failure(api.clone()));
            }
            if api.is_auth() {
                let now = self.session.config.now();
                let since = *self.auth_since.get_or_insert(now);
                return if now.duration_since(since) < PATIENCE { Ok(error) } else { Err(error) };
            }
        }
        if passes(&error) { Ok(error) } else { Err(error) }
    }
}

/// Refuses to wait where all that is meant are parts whose model ends before they are sure to be answered.
pub fn check_models(session: &mut Session<'_>, client: &Client, only: Option<&BatchOrRun>) -> anyhow::Result<()> {
    let read = session.store.read();
    let mut meant = vec![];
    for part in read.pending_batches()? {
        let is_named = only.is_none_or(|target| target.includes(&part));
        if is_named && (!part.state.is_unsent() || is_on_its_way(read, &part)?) {
            meant.push(part);
        }
    }
    if meant.iter().any(|part| !part.state.is_unsent() || part.state == BatchState::Creating) {
        return Ok(());
    }
    meant.iter().try_for_each(|part| model_end::check_part(session, client, part))
}

/// Lets parts that wait for the queue try again, since a batch of ours has left it.
fn release_holds(session: &mut Session<'_>) -> anyhow::Result<()> {
    let tx = session.store.write()?;
    tx.release_holds()?;
    tx.commit()
}

/// Says of a batch once that the provider should have ended it by now.
fn say_past_window(session: &mut Session<'_>, left: &[BatchRow]) {
    let now = session.config.now();
    for batch in left {
        let expiry = batch.expires_at.as_deref().and_then(|text| text.parse::<Timestamp>().ok());
        if let Some(expiry) = expiry.filter(|expiry| *expiry < now) {
            session.warn_once(format!(
                "batch `{}` is past its window, which ended at {}; the provider ends it by itself, what is answered is \
                 kept, and what is missing is sent again by the next `gleaner batch create`",
                batch_or_run::name(batch),
                timestamp_text(expiry)
            ));
        }
    }
}
