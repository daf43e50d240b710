//! Result of a direct run, and its writer: each answer as it comes, in small transactions.

use std::collections::HashMap;
use std::time::Duration;

use serde::Serialize;

use super::worker::Reply;
use crate::answer::{Answer, Outcome, Reason};
use crate::batch::model_end;
use crate::batch::prompts::KeptPrompts;
use crate::config::unix_text;
use crate::import::answers::answer_row;
use crate::import::knowledge::KnowledgeWriter;
use crate::model::{GroupKey, Kind, RequestKey, RunId};
use crate::provider::ApiError;
use crate::request::Prices;
use crate::session::{LockPatience, Session};
use crate::store::{Account, AnswerRow, Cause, HowUndone, NewRequest, Origin, RequestState, Spend, Tx};
use crate::terminal::words::{dollars, number};

/// Result of a direct run.
#[derive(Clone, Debug, Default, Serialize)]
pub struct DirectReport {
    pub run_id: String,
    /// Groups of which something usable came.
    pub groups_processed: u64,
    /// Topics written.
    pub topics_extracted: u64,
    /// Mentions written.
    pub entities_extracted: u64,
    /// Mentions of these that are linked to the catalog.
    pub entities_linked: u64,
    /// Mentions of these that several entities fit.
    pub entities_ambiguous: u64,
    /// Groups of which something was not usable.
    pub groups_with_errors: u64,
    /// Groups that share answers of others with the same text since.
    pub copies_answered: u64,
    /// The account of the run.
    pub account: Account,
    /// Causes of requests that are not usable, the most frequent first.
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
    /// Cost in USD.
    pub cost: Spend,
    /// The way in which the server was asked in the end.
    pub asked_through: String,
    /// Reason of an early end.
    #[serde(skip)]
    pub stopped: Option<Stopped>,
    /// Reason for which it is not known whether a request that is sent once was answered.
    #[serde(skip)]
    pub unclear: Option<ApiError>,
}

/// Reason for which a direct run ended early.
#[derive(Clone, Debug)]
pub enum Stopped {
    /// Every other call would have failed too.
    By(ApiError),
    /// The allowed sum was spent.
    Cost(f64),
    /// The person stopped it.
    Interrupted,
}

/// A request to be asked.
pub(super) struct Job {
    pub(super) group: GroupKey,
    pub(super) kind: Kind,
    pub(super) attempt: u32,
    pub(super) text_hash: [u8; 16],
    pub(super) input: String,
}

/// Requests that were written down before they are sent.
pub(super) type Intents = HashMap<(GroupKey, Kind), RequestKey>;

/// Saves answers and keeps the account.
pub(super) struct Writer<'a> {
    pub(super) run: RunId,
    pub(super) kept: KeptPrompts,
    pub(super) origin: Origin,
    pub(super) prices: &'a Prices,
    pub(super) is_comparison: bool,
    /// Stop when so much is spent.
    pub(super) max_usd: Option<f64>,
    pub(super) report: DirectReport,
    /// Requests that are in the ledger already.
    pub(super) intents: Intents,
    /// True where something usable and something else came of a group.
    pub(super) groups: HashMap<GroupKey, (bool, bool)>,
    pub(super) causes: HashMap<(RequestState, String), (u64, String)>,
}

impl Writer<'_> {
    /// Saves what came, in one transaction. It is paid for, so a database that is locked is waited for.
    pub(super) fn save(
        &mut self,
        session: &mut Session<'_>,
        patience: &mut LockPatience<'_>,
        done: Vec<(Job, Reply)>,
    ) -> anyhow::Result<()> {
        let now = session.config.now_text();
        let tx = loop {
            match session.store.write() {
                Ok(tx) => break tx,
                Err(error) => patience.wait(error)?,
            }
        };
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
        tx.commit_patiently(|error| patience.wait(error))
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
    pub(super) fn rate(&self, elapsed: Duration) -> String {
        let per_minute = self.groups.len() as f64 * 60.0 / elapsed.as_secs_f64().max(1.0);
        let spend = &self.report.cost;
        let cost = if spend.n_unpriced > 0 { String::new() } else { format!(", {} so far", dollars(spend.cost_usd)) };
        let of = self.max_usd.map(|max| format!(" of {}", dollars(max))).unwrap_or_default();
        format!("{} groups/min{cost}{of}", number(per_minute.round() as u64))
    }

    pub(super) fn finish(mut self) -> DirectReport {
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
