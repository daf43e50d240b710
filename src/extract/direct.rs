//! The same requests, answered synchronously: no batch, no waiting, the full price; or a model of one's own.
//!
//! Threads ask, this one writes: each answer is saved as it comes, in small transactions, so a crash or Ctrl-C loses at
//! the most the calls in the air. A request enters the ledger together with its answer; what was never answered leaves
//! no trace there, and the next run asks it. Only the request that goes ahead of a batch is written down before it is sent,
//! like the batch itself: what came of it may never be known, and then it counts as paid.

use std::collections::HashMap;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde::Serialize;

pub(crate) use super::rate_limiter::RateLimiter;
pub(crate) use super::worker::{Pair, Reply, Worker};

use crate::answer::{Answer, Outcome, Reason};
use crate::batch::budget::Budget;
use crate::batch::model_end;
use crate::batch::plan::Plan;
use crate::batch::prompts::{KeptPrompts, Prompts};
use crate::config::unix_text;
use crate::import::answers::answer_row;
use crate::import::knowledge::{KnowledgeWriter, expect};
use crate::interrupt;
use crate::model::{GroupKey, Kind, RequestKey, RunId};
use crate::provider::{ApiError, Client};
use crate::request::{Prices, render_input};
use crate::session::Session;
use crate::store::{Account, AnswerRow, Cause, HowUndone, NewRequest, Origin, RequestState, RunRow, Spend, Tx};
use crate::terminal::bar::Unit;
use crate::terminal::words::{dollars, number};

/// How long calls in the air are waited for after Ctrl-C: their answers are paid for.
const LAST_CALLS: Duration = Duration::from_secs(5);

/// How often the writer looks up while no answer comes.
const LOOK: Duration = Duration::from_millis(200);

/// How a direct run is made.
#[derive(Clone, Copy, Debug)]
pub struct DirectOptions {
    /// Calls at the same time.
    pub concurrency: usize,
    /// Asked by `compare`: the answers stay apart until they are adopted.
    pub is_comparison: bool,
    /// Ask as a batch would, with a strict schema at the prompt's own endpoint, or not at all; each request once, with its
    /// intent written down before.
    pub strict: bool,
}

/// What a direct run brought.
#[derive(Clone, Debug, Default, Serialize)]
pub struct DirectReport {
    /// Its id in the ledger.
    pub run_id: String,
    /// Groups of which something usable came.
    pub groups_processed: u64,
    /// Topics written.
    pub topics_extracted: u64,
    /// Mentions written.
    pub entities_extracted: u64,
    /// Of these, linked to the catalog.
    pub entities_linked: u64,
    /// Of these, with several entities that fit.
    pub entities_ambiguous: u64,
    /// Groups of which something was not usable.
    pub groups_with_errors: u64,
    /// The account of the run.
    pub account: Account,
    /// Why requests are not usable, the most frequent cause first.
    pub causes: Vec<Cause>,
    /// Answers whose JSON had to be mended.
    pub repaired: u64,
    /// Values brought into range.
    pub clamped: u64,
    /// Items left out, since a placeholder stood for their name.
    pub left_out: u64,
    /// Names whose markup was taken off.
    pub cleaned: u64,
    /// Answers whose usage cannot be: their cost is not known.
    pub unknown_usage: u64,
    /// Requests that were not asked: the run ended before.
    pub not_asked: u64,
    /// What it cost.
    pub cost: Spend,
    /// The way in which the server was asked in the end.
    pub asked_through: String,
    /// Why it ended early.
    #[serde(skip)]
    pub stopped: Option<Stopped>,
    /// Why nobody knows whether a request was answered that is sent once.
    #[serde(skip)]
    pub unclear: Option<ApiError>,
}

/// Why a direct run ended early.
#[derive(Clone, Debug)]
pub enum Stopped {
    /// Every other call would have failed too.
    By(ApiError),
    /// As much was spent as was allowed.
    Cost(f64),
    /// The person stopped it.
    Interrupted,
}

/// A request to be asked.
struct Job {
    group: GroupKey,
    kind: Kind,
    attempt: u32,
    text_hash: [u8; 16],
    input: String,
}

/// Says hello to a provider before anything is asked: whether it is there, takes our key, and is a sandbox. What it says
/// of its models does not matter, not every server has a list.
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
    Ok(writer.finish())
}

/// Requests that were written down before they are sent.
type Intents = HashMap<(GroupKey, Kind), RequestKey>;

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
        let mut n_in_air = 0;
        let mut stopping: Option<Instant> = None;
        // The first request goes alone: what it meets, a missing model or endpoint, is then met once.
        let mut width = 1;
        loop {
            while stopping.is_none() && n_in_air < width {
                let Some((group, kind, attempt, text_hash)) = wanted.next() else { break };
                let Some(row) = session.store.read().group(group)? else { continue };
                let input = render_input(&row.group);
                // Sending fails only when no thread is left, and then nothing comes back either.
                n_in_air += usize::from(to_ask.send(Job { group, kind, attempt, text_hash, input }).is_ok());
            }
            if n_in_air == 0 {
                return Ok(());
            }
            match answers.recv_timeout(LOOK) {
                Ok(first) => {
                    // What came while the last answers were saved is saved together.
                    let done: Vec<_> = std::iter::once(first).chain(answers.try_iter()).collect();
                    width = concurrency.max(1) * 2;
                    n_in_air -= done.len();
                    bar.inc(done.len() as u64);
                    writer.save(session, done)?;
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
                if n_in_air > 0 {
                    session.terminal.status("finishing the calls in the air");
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

/// Saves answers and keeps the account.
struct Writer<'a> {
    run: RunId,
    kept: KeptPrompts,
    origin: Origin,
    prices: &'a Prices,
    is_comparison: bool,
    /// Stop when so much is spent.
    max_usd: Option<f64>,
    report: DirectReport,
    /// Requests that are in the ledger already.
    intents: Intents,
    /// Whether something usable and something else came of a group.
    groups: HashMap<GroupKey, (bool, bool)>,
    causes: HashMap<(RequestState, String), (u64, String)>,
}

impl Writer<'_> {
    /// Saves what came, in one transaction.
    fn save(&mut self, session: &mut Session<'_>, done: Vec<(Job, Reply)>) -> anyhow::Result<()> {
        let now = session.config.now_text();
        let tx = session.store.write()?;
        let mut writer = KnowledgeWriter::for_few(&tx);
        let n_before = self.report.account.usable + self.report.account.unusable;
        for (job, told) in done {
            match told {
                Reply::Answer(answer, raw) => self.save_one(&tx, &mut writer, &job, *answer, &raw, &now)?,
                Reply::Failed(answer) => self.save_one(&tx, &mut writer, &job, *answer, "", &now)?,
                Reply::Stop(error) => {
                    // Kept, so that nothing is sent to this model again before somebody says so.
                    if model_end::is_model_gone(&error) {
                        let answer = Answer::without_text(Outcome::Failed(Reason::model_gone(&error.message)));
                        self.save_one(&tx, &mut writer, &job, answer, "", &now)?;
                    } else if let Some(key) = self.intents.remove(&(job.group, job.kind)) {
                        let status = error.status.map(|status| format!("http_{status}"));
                        let reason = status.as_deref().unwrap_or("connection");
                        tx.set_request_state(key, RequestState::Failed, Some(reason))?;
                    }
                    self.report.stopped.get_or_insert(Stopped::By(error));
                }
                Reply::Unclear(error) => {
                    let answer = Answer::without_text(Outcome::Unusable(Reason::unanswered(&error.to_string())));
                    self.save_one(&tx, &mut writer, &job, answer, "", &now)?;
                    self.report.unclear.get_or_insert(error);
                }
                Reply::NotAsked => {
                    if let Some(key) = self.intents.remove(&(job.group, job.kind)) {
                        tx.set_request_state(key, RequestState::Withdrawn, Some("not_asked"))?;
                    }
                }
            }
        }
        drop(writer);
        let n_new = (self.report.account.usable + self.report.account.unusable).saturating_sub(n_before);
        if n_new > 0 && !self.is_comparison {
            tx.note_change("extract", &self.report.run_id, HowUndone::None, &[("answers", n_new)], &now)?;
        }
        tx.commit()
    }

    fn save_one(
        &mut self,
        tx: &Tx<'_>,
        writer: &mut KnowledgeWriter<'_, '_>,
        job: &Job,
        mut answer: Answer,
        raw: &str,
        now: &str,
    ) -> anyhow::Result<()> {
        let prompt = self.kept.key(job.kind);
        let state = match answer.outcome {
            Outcome::Usable(_) => RequestState::Usable,
            Outcome::Unusable(_) => RequestState::Unusable,
            Outcome::Refused(_) => RequestState::Refused,
            Outcome::Failed(_) => RequestState::Failed,
        };
        let intent = self.intents.remove(&(job.group, job.kind));
        if let Some(key) = intent {
            tx.set_request_state(key, state, None)?;
        }
        let new = NewRequest {
            group: job.group,
            kind: job.kind,
            prompt,
            text_hash: job.text_hash,
            run: self.run.clone(),
            batch: None,
            sandbox: self.origin.is_sandbox,
            is_comparison: self.is_comparison,
            attempt: job.attempt,
            state,
        };
        let key = intent.map_or_else(|| tx.add_request(&new), Ok)?;
        let answered_at = answer.answered_at.and_then(unix_text).or_else(|| Some(now.to_string()));
        let model = &self.kept.topic.prompt.model;
        let row = answer_row(&mut answer, answered_at, raw.as_bytes(), model, self.prices, false);
        tx.keep_answer(key, &row)?;
        self.report.unknown_usage += u64::from(answer.usage_is_unknown);
        self.count(job.group, state, &answer, &row);
        if let Some(reason) = answer.outcome.reason() {
            tx.set_request_state(key, state, Some(&reason.code))?;
        }
        if let Outcome::Usable(content) = answer.outcome {
            self.report.clamped += content.notes.n_clamped as u64;
            self.report.repaired += u64::from(content.notes.is_repaired());
            self.report.left_out += content.notes.n_placeholders as u64;
            self.report.cleaned += content.notes.n_cleaned as u64;
            let learned = writer.write(&tx.read().request(key)?, content.found, row.answered_at)?;
            self.report.topics_extracted += learned.topics;
            self.report.entities_extracted += learned.mentions;
            self.report.entities_linked += learned.linked;
            self.report.entities_ambiguous += learned.ambiguous;
        }
        Ok(())
    }

    fn count(&mut self, group: GroupKey, state: RequestState, answer: &Answer, row: &AnswerRow) {
        self.report.account.count(state, 1);
        let marks = self.groups.entry(group).or_default();
        *(if state == RequestState::Usable { &mut marks.0 } else { &mut marks.1 }) = true;
        if let Some(reason) = answer.outcome.reason() {
            let cause = self.causes.entry((state, reason.code.clone())).or_insert((0, reason.message.clone()));
            cause.0 += 1;
        }
        let spend = &mut self.report.cost;
        if let Some(usage) = row.usage {
            spend.n_answers += 1;
            spend.input_tokens += usage.input_tokens;
            spend.cached_tokens += usage.cached_tokens;
            spend.cache_write_tokens += usage.cache_write_tokens;
            spend.output_tokens += usage.output_tokens;
            spend.reasoning_tokens += usage.reasoning_tokens;
            spend.n_unpriced += u64::from(row.cost_usd.is_none());
            let cost = row.cost_usd.unwrap_or(0.0);
            spend.cost_usd += cost;
            spend.unusable_cost_usd += if state == RequestState::Usable { 0.0 } else { cost };
        }
    }

    /// Says how fast it goes and what it has cost so far.
    fn rate(&self, elapsed: Duration) -> String {
        let per_minute = self.groups.len() as f64 * 60.0 / elapsed.as_secs_f64().max(1.0);
        let spend = &self.report.cost;
        let cost = if spend.n_unpriced > 0 { String::new() } else { format!(", {} so far", dollars(spend.cost_usd)) };
        let of = self.max_usd.map(|max| format!(" of {}", dollars(max))).unwrap_or_default();
        format!("{} groups/min{cost}{of}", number(per_minute.round() as u64))
    }

    fn finish(mut self) -> DirectReport {
        self.report.groups_processed = self.groups.values().filter(|marks| marks.0).count() as u64;
        self.report.groups_with_errors = self.groups.values().filter(|marks| marks.1).count() as u64;
        let mut causes: Vec<Cause> = self
            .causes
            .into_iter()
            .map(|((class, reason), (count, example))| Cause { class, reason, count, example: Some(example) })
            .collect();
        causes.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.reason.cmp(&b.reason)));
        self.report.causes = causes;
        self.report
    }
}
