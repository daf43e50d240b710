//! The same requests, answered synchronously: no batch, no waiting, the full price; or a model of one's own.
//!
//! Threads ask, this one writes: each answer is saved as it comes, in small transactions, so a crash or Ctrl-C loses at
//! the most the requests in flight. A request enters the ledger together with its answer; what was never answered leaves
//! no trace there, and the next run asks it. Only the request that goes ahead of a batch is written down before it is
//! sent, like the batch itself: what came of it may never be known, and then it counts as paid.

use std::collections::HashMap;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

pub(crate) use super::rate_limiter::RateLimiter;
pub(crate) use super::worker::{Pair, Reply, Worker};
pub use super::writer::{DirectReport, Stopped};
use super::writer::{Intents, Job, Writer};

use crate::batch::budget::Budget;
use crate::batch::plan::Plan;
use crate::batch::prompts::{KeptPrompts, Prompts};
use crate::import::copies;
use crate::import::knowledge::expect;
use crate::interrupt;
use crate::model::RunId;
use crate::provider::Client;
use crate::request::{Prices, render_input};
use crate::session::{LockPatience, Session};
use crate::store::{NewRequest, Origin, RequestState, RunRow};
use crate::terminal::bar::Unit;

/// Time that requests in flight are waited for after Ctrl-C: their answers are paid for.
const LAST_CALLS: Duration = Duration::from_secs(5);

/// Time between two looks of the writer while no answer comes.
const LOOK: Duration = Duration::from_millis(200);

/// Options of a direct run.
#[derive(Clone, Copy, Debug)]
pub struct DirectOptions {
    /// Calls at the same time.
    pub concurrency: usize,
    /// Asked by `compare`: the answers stay apart until they are adopted.
    pub is_comparison: bool,
    /// Ask as a batch would, with a strict schema at the prompt's own endpoint, or not at all; each request once, with
    /// its intent written down before.
    pub strict: bool,
}

/// Says hello to a provider before anything is asked: whether it is there, takes our key, and is a sandbox. What it
/// says of its models does not matter, not every server has a list.
pub fn greet(session: &mut Session<'_>, client: &Client) -> anyhow::Result<Origin> {
    match client.models() {
        // A restricted key may well lack the right to list models, which is a 403.
        Err(error) if error.status == Some(401) || error.is_billing() || error.status.is_none() => Err(error.into()),
        _ => session.origin_of(client),
    }
}

/// Asks what a plan holds and saves the answers as they come, until it ends or as much is spent as the budget allows.
pub fn run(
    session: &mut Session<'_>,
    client: &Client,
    prompts: &Prompts,
    plan: &Plan,
    prices: &Prices,
    budget: &Budget,
    options: DirectOptions,
) -> anyhow::Result<DirectReport> {
    let origin = session.origin_of(client)?;
    let (run, kept, intents) = begin(session, prompts, plan, &origin, prices, options)?;
    let config = session.config;
    let pause = |wait| config.pause(wait).is_ok();
    let limiter = RateLimiter::new(&pause);
    let terminal = session.terminal.clone();
    let pair = Pair { topic: kept.topic.prompt.clone(), entity: kept.entity.prompt.clone() };
    let expect = Pair { topic: expect(&pair.topic, &prompts.profile), entity: expect(&pair.entity, &prompts.profile) };
    let say = |text: &str| terminal.detail(text);
    let layout = session.store.read().layout_of(origin.key)?;
    let origin_key = origin.key;
    let worker = Worker::new(client, &limiter, pair, expect, layout, options.strict, &say);
    let mut writer = Writer {
        run: run.clone(),
        kept,
        origin,
        prices,
        is_comparison: options.is_comparison,
        max_usd: budget.max_usd(),
        report: DirectReport { run_id: run.to_string(), ..DirectReport::default() },
        intents,
        groups: HashMap::new(),
        causes: HashMap::new(),
    };
    ask_all(session, plan, &worker, &limiter, client, &mut writer, options.concurrency)?;
    let capabilities = worker.capabilities();
    // A plainer layout that brought answers is how this server wants to be asked, by later batches too.
    if capabilities.layout != layout && limiter.any_success() {
        let tx = session.store.write()?;
        tx.keep_layout(origin_key, capabilities.layout)?;
        tx.commit()?;
    }
    writer.report.asked_through = capabilities.words();
    if !options.is_comparison {
        writer.report.copies_answered = copies::share_now(session)?.groups;
    }
    let report = writer.finish();
    session.store.optimize();
    Ok(report)
}

/// Writes the run down, before anything is asked.
fn begin(
    session: &mut Session<'_>,
    prompts: &Prompts,
    plan: &Plan,
    origin: &Origin,
    prices: &Prices,
    DirectOptions { is_comparison, strict, .. }: DirectOptions,
) -> anyhow::Result<(RunId, KeptPrompts, Intents)> {
    let now = session.config.now();
    let now_text = session.config.now_text();
    let tx = session.store.write()?;
    let kept = if is_comparison { prompts.keep_apart(&tx, &now_text)? } else { prompts.keep(&tx, &now_text)? };
    let id = RunId::new(format!("run-{}-{}", now.strftime("%Y%m%d-%H%M%S"), &tx.fresh_key()?[..4]));
    tx.add_run(&RunRow {
        id: id.clone(),
        mode: if is_comparison { "compare" } else { "direct" }.into(),
        origin: Some(origin.key),
        created_at: now_text,
        file_stem: None,
        n_groups: plan.n_groups(),
        n_requests: plan.n_requests(),
        price: prices.typed(),
    })?;
    let mut intents = Intents::new();
    for (candidate, text_hash) in plan.parts.iter().flat_map(|part| &part.groups).filter(|_| strict) {
        for (kind, attempt) in candidate.kinds() {
            let request = tx.add_request(&NewRequest {
                group: candidate.group,
                kind,
                prompt: kept.key(kind),
                text_hash: *text_hash,
                run: id.clone(),
                batch: None,
                sandbox: origin.is_sandbox,
                is_comparison,
                attempt,
                state: RequestState::Sent,
            })?;
            intents.insert((candidate.group, kind), request);
        }
    }
    tx.commit()?;
    Ok((id, kept, intents))
}

fn ask_all(
    session: &mut Session<'_>,
    plan: &Plan,
    worker: &Worker<'_>,
    limiter: &RateLimiter<'_>,
    client: &Client,
    writer: &mut Writer<'_>,
    concurrency: usize,
) -> anyhow::Result<()> {
    let mut wanted = plan.parts.iter().flat_map(|part| &part.groups).flat_map(|(candidate, text_hash)| {
        candidate.kinds().map(|(kind, attempt)| (candidate.group, kind, attempt, *text_hash))
    });
    let n_requests = plan.n_requests();
    let bar = session.terminal.bar(n_requests, Unit::Count, "asking");
    let begun = Instant::now();
    let (to_ask, jobs) = mpsc::channel::<Job>();
    let jobs = Mutex::new(jobs);
    let (answered, answers) = mpsc::channel::<(Job, Reply)>();
    thread::scope(|scope| -> anyhow::Result<()> {
        // However the writer ends, also by an error of the disk, the threads must not wait for more.
        let _stop = StopOnDrop(limiter);
        let to_ask = to_ask;
        for _ in 0..concurrency.max(1) {
            let (answered, jobs) = (answered.clone(), &jobs);
            scope.spawn(move || {
                loop {
                    let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    let Ok(job) = job else { return };
                    let told = worker.ask(job.kind, &job.input);
                    if answered.send((job, told)).is_err() {
                        return;
                    }
                }
            });
        }
        let mut patience = LockPatience::new(session.terminal);
        let mut n_in_flight = 0;
        let mut stopping: Option<Instant> = None;
        // The first request goes alone: what it meets, a missing model or endpoint, is then met once.
        let mut width = 1;
        loop {
            while stopping.is_none() && n_in_flight < width {
                let Some((group, kind, attempt, text_hash)) = wanted.next() else { break };
                let row = loop {
                    match session.store.read().group(group) {
                        Ok(row) => break row,
                        Err(error) => patience.wait(error)?,
                    }
                };
                let Some(row) = row else { continue };
                let input = render_input(&row.group);
                // Sending fails only when no thread is left, and then nothing comes back either.
                n_in_flight += usize::from(to_ask.send(Job { group, kind, attempt, text_hash, input }).is_ok());
            }
            if n_in_flight == 0 {
                return Ok(());
            }
            match answers.recv_timeout(LOOK) {
                Ok(first) => {
                    // What came while the last answers were saved is saved together.
                    let done: Vec<_> = std::iter::once(first).chain(answers.try_iter()).collect();
                    width = concurrency.max(1) * 2;
                    n_in_flight -= done.len();
                    bar.inc(done.len() as u64);
                    writer.save(session, &mut patience, done)?;
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
            bar.message(&writer.rate(begun.elapsed()));
            bar.tick();
            if interrupt::requested() {
                writer.report.stopped.get_or_insert(Stopped::Interrupted);
            }
            if let Some(max) = writer.max_usd.filter(|max| writer.report.cost.cost_usd >= *max) {
                writer.report.stopped.get_or_insert(Stopped::Cost(max));
            }
            if writer.report.stopped.is_some() && stopping.is_none() {
                stopping = Some(Instant::now());
                limiter.stop();
                if n_in_flight > 0 {
                    session.terminal.status("waiting for the requests that are in flight");
                }
            }
            if matches!(writer.report.stopped, Some(Stopped::Interrupted))
                && stopping.is_some_and(|since| since.elapsed() > LAST_CALLS)
            {
                client.stopper().stop();
            }
        }
    })?;
    drop(bar);
    writer.report.not_asked = n_requests.saturating_sub(writer.report.account.sent);
    Ok(())
}

/// Stops the limiter when the scope is left, in whichever way.
struct StopOnDrop<'a>(&'a RateLimiter<'a>);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.stop();
    }
}
