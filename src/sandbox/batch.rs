//! A batch as clients see it: which status is shown at which look, and the object that tells of it.
//!
//! The work itself runs ahead in `work.rs`. What is shown advances by looks (each `GET` of the batch is a step) or by
//! time, and never past what is really done.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use super::check;
use super::pattern::patch;
use super::script::{BatchRule, CancelRule, Ends, Pace, Script, Step};
use super::work::{Mark, Progress, Validation, Work};

/// The provider's only completion window.
const WINDOW_SECS: i64 = 24 * 60 * 60;
/// Shares of the whole time that pass before the work is shown to begin, and after it is shown to be over.
const VALIDATING_SHARE: f64 = 0.1;
const FINALIZING_SHARE: f64 = 0.15;

/// Order of the client for a batch.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub(crate) input_file_id: String,
    pub(crate) endpoint: String,
    pub(crate) completion_window: String,
    pub(crate) metadata: Value,
}

/// A batch of the sandbox, with what decides how it goes on.
pub(crate) struct BatchRecord {
    pub(crate) id: String,
    pub(crate) order: Order,
    pub(crate) created_at: i64,
    pub(crate) work: Arc<Work>,
    pub(crate) script: Arc<Script>,
    rule: BatchRule,
    pace: Pace,
    started: Instant,
    n_polls: u32,
    status: String,
    stamps: Map<String, Value>,
    cancel: Option<Cancel>,
    end: Option<End>,
    n_polls_after_end: u32,
}

#[derive(Clone, Copy)]
struct Cancel {
    n_polls: u32,
    elapsed: Duration,
    /// Requests done by then.
    n_done: usize,
    accepted: bool,
}

/// Files and counts of a batch that has ended.
#[derive(Clone, Debug, Default)]
pub(crate) struct End {
    pub(crate) output_file_id: Option<String>,
    pub(crate) error_file_id: Option<String>,
    pub(crate) mark: Mark,
    pub(crate) n_requests: u64,
    pub(crate) errors: Option<Value>,
}

/// State of a batch that a look should show.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Moment {
    pub(crate) status: String,
    /// The share of requests done.
    pub(crate) done: f64,
    pub(crate) ends: Option<Ends>,
}

impl Moment {
    fn new(status: &str, done: f64) -> Moment {
        Moment { status: status.into(), done, ends: None }
    }

    fn end(ends: Ends, done: f64) -> Moment {
        Moment { status: word(ends).into(), done, ends: Some(ends) }
    }

    /// True where enough work is done to show this.
    pub(crate) fn is_ready(&self, progress: &Progress) -> bool {
        match &progress.validation {
            None => self.status == "validating",
            Some(Validation::Rejected(_)) => true,
            Some(Validation::Accepted { n_requests, .. }) => {
                let n_requests = usize::try_from(*n_requests).unwrap_or(usize::MAX);
                self.ends != Some(Ends::Completed) && progress.marks.len() >= self.n_done(n_requests)
            }
        }
    }

    /// Returns how many of `total` requests are done.
    pub(crate) fn n_done(&self, total: usize) -> usize {
        ((self.done.clamp(0.0, 1.0) * total as f64).round() as usize).min(total)
    }
}

pub(crate) fn word(ends: Ends) -> &'static str {
    match ends {
        Ends::Completed => "completed",
        Ends::Failed => "failed",
        Ends::Expired => "expired",
        Ends::Cancelled => "cancelled",
    }
}

fn parse_end(status: &str) -> Option<Ends> {
    [Ends::Completed, Ends::Failed, Ends::Expired, Ends::Cancelled].into_iter().find(|ends| word(*ends) == status)
}

impl BatchRecord {
    pub(crate) fn new(
        id: String,
        order: Order,
        created_at: i64,
        pace: Pace,
        script: Arc<Script>,
        rule: BatchRule,
    ) -> BatchRecord {
        BatchRecord {
            id,
            order,
            created_at,
            work: Arc::default(),
            pace: rule.pace.or(script.pace).unwrap_or(pace),
            rule,
            script,
            started: Instant::now(),
            n_polls: 0,
            status: "validating".into(),
            stamps: Map::new(),
            cancel: None,
            end: None,
            n_polls_after_end: 0,
        }
    }

    pub(crate) fn rule(&self) -> &BatchRule {
        &self.rule
    }

    /// True where it counts against the queue limit.
    pub(crate) fn is_open(&self) -> bool {
        self.end.is_none()
    }

    /// True where it moves on by looks alone.
    pub(crate) fn is_polled(&self) -> bool {
        matches!(self.pace, Pace::Polls(_))
    }

    /// True where the script says that it is a 404 by now.
    pub(crate) fn is_gone(&self) -> bool {
        self.step().is_some_and(|step| step.gone)
    }

    /// Counts a look.
    pub(crate) fn poll(&mut self) {
        self.n_polls += 1;
        self.n_polls_after_end += u32::from(self.end.is_some());
    }

    /// Returns what is due now, whatever the work has come to.
    pub(crate) fn due(&self) -> Moment {
        let by_rule = self.due_by_rule();
        let Some(cancel) = self.cancel else { return by_rule };
        let is_over = match self.pace {
            Pace::Polls(n_polls) => self.n_polls - cancel.n_polls >= if n_polls < 3 { 1 } else { 2 },
            Pace::Millis(millis) => self.started.elapsed() - cancel.elapsed >= Duration::from_millis(millis / 6),
        };
        match self.rule.cancel {
            CancelRule::Completed if is_over => Moment::end(Ends::Completed, 1.0),
            CancelRule::Cancelled if is_over => Moment::end(Ends::Cancelled, by_rule.done),
            _ => Moment::new("cancelling", by_rule.done),
        }
    }

    fn due_by_rule(&self) -> Moment {
        if self.n_polls == 0 && self.is_polled() {
            return Moment::new("validating", 0.0);
        }
        if let Some(step) = self.step() {
            let usual = if matches!(step.status.as_str(), "completed" | "finalizing") { 1.0 } else { 0.5 };
            let done = step.done.or(self.rule.done).unwrap_or(if step.status == "validating" { 0.0 } else { usual });
            return Moment { status: step.status.clone(), done, ends: parse_end(&step.status) };
        }
        let ends = self.rule.ends.unwrap_or(Ends::Completed);
        let share = if ends == Ends::Completed { 1.0 } else { self.rule.done.unwrap_or(0.5) };
        let course = self.course();
        if ends == Ends::Failed && course > VALIDATING_SHARE {
            return Moment::end(ends, 0.0);
        }
        let usual = if course >= 1.0 {
            Moment::end(ends, share)
        } else if self.is_finalizing(course) {
            Moment::new("finalizing", share)
        } else if course > VALIDATING_SHARE {
            Moment::new("in_progress", share * self.share_done(course))
        } else {
            Moment::new("validating", 0.0)
        };
        match self.rule.stuck.as_deref() {
            Some(status) if usual.status != "validating" || status == "validating" => {
                let done = match status {
                    "validating" => 0.0,
                    "finalizing" => 1.0,
                    _ => usual.done.min(self.rule.done.unwrap_or(0.5)),
                };
                Moment::new(status, done)
            }
            _ => usual,
        }
    }

    /// Returns how much of the way is behind the batch: 1 is its end.
    fn course(&self) -> f64 {
        match self.pace {
            Pace::Polls(n_polls) => f64::from(self.n_polls) / f64::from(n_polls.max(1)),
            Pace::Millis(millis) => self.started.elapsed().as_secs_f64() * 1000.0 / (millis.max(1) as f64),
        }
    }

    fn is_finalizing(&self, course: f64) -> bool {
        match self.pace {
            Pace::Polls(n_polls) => n_polls >= 3 && self.n_polls + 1 == n_polls,
            Pace::Millis(_) => course >= 1.0 - FINALIZING_SHARE,
        }
    }

    fn share_done(&self, course: f64) -> f64 {
        match self.pace {
            Pace::Polls(n_polls) => f64::from(self.n_polls) / f64::from(n_polls.saturating_sub(1).max(1)),
            Pace::Millis(_) => (course - VALIDATING_SHARE) / (1.0 - VALIDATING_SHARE - FINALIZING_SHARE),
        }
    }

    fn step(&self) -> Option<&Step> {
        let last = self.rule.steps.len().checked_sub(1)?;
        let at = match self.pace {
            Pace::Polls(_) => (self.n_polls as usize).checked_sub(1)?,
            Pace::Millis(_) => (self.course() * self.rule.steps.len() as f64) as usize,
        };
        self.rule.steps.get(at.min(last))
    }

    /// Brings the status up to what is due and really done; returns the end that is now to be carried out.
    pub(crate) fn advance(&mut self, now: i64) -> Option<(Ends, usize)> {
        let due = self.due();
        if self.end.is_some() {
            // Only a script shows anything else after the end.
            if !self.rule.steps.is_empty() {
                self.status = due.status;
            }
            return None;
        }
        let work = Arc::clone(&self.work);
        let progress = work.lock();
        let n_requests = match &progress.validation {
            None if self.cancel.is_none() || due.ends.is_none() => {
                if due.status == "cancelling" || !self.rule.steps.is_empty() {
                    self.show(&due.status, now);
                }
                return None;
            }
            None => 0,
            Some(Validation::Rejected(_)) if due.status == "validating" => return None,
            Some(Validation::Rejected(_)) => return Some((Ends::Failed, 0)),
            Some(Validation::Accepted { n_requests, .. }) => usize::try_from(*n_requests).unwrap_or(usize::MAX),
        };
        let n_done = match self.cancel {
            Some(cancel) if due.ends != Some(Ends::Completed) => cancel.n_done,
            _ => due.n_done(n_requests),
        };
        match due.ends {
            Some(ends) if progress.finished || (ends != Ends::Completed && progress.marks.len() >= n_done) => {
                return Some((ends, n_done));
            }
            Some(_) => self.show("in_progress", now),
            None => self.show(&due.status, now),
        }
        None
    }

    fn show(&mut self, status: &str, now: i64) {
        status.clone_into(&mut self.status);
        let stamp = match status {
            "in_progress" => "in_progress_at",
            "finalizing" => "finalizing_at",
            "completed" => "completed_at",
            "failed" => "failed_at",
            "expired" => "expired_at",
            "cancelling" => "cancelling_at",
            "cancelled" => "cancelled_at",
            _ => return,
        };
        self.stamps.entry(stamp).or_insert_with(|| json!(now));
    }

    /// Notes the end of the batch.
    pub(crate) fn end(&mut self, ends: Ends, end: End, now: i64) {
        if matches!(ends, Ends::Completed | Ends::Expired) {
            self.stamps.entry("in_progress_at").or_insert_with(|| json!(now));
            self.stamps.entry("finalizing_at").or_insert_with(|| json!(now));
        }
        self.show(word(ends), now);
        self.end = Some(end);
    }

    /// Asks for an end; `false` when it has already come.
    pub(crate) fn cancel(&mut self, now: i64) -> bool {
        if self.end.is_some() {
            return false;
        }
        if self.cancel.is_none() {
            let progress = self.work.lock();
            let n_requests = progress.order.len();
            let n_done =
                self.due().n_done(n_requests).min(if self.is_polled() { n_requests } else { progress.marks.len() });
            let accepted = matches!(progress.validation, Some(Validation::Accepted { .. }));
            drop(progress);
            let (n_polls, elapsed) = (self.n_polls, self.started.elapsed());
            self.cancel = Some(Cancel { n_polls, elapsed, n_done, accepted });
            self.show("cancelling", now);
        }
        true
    }

    /// Returns the batch object.
    pub(crate) fn to_json(&self) -> Value {
        let mut shown = json!({
            "id": self.id, "object": "batch", "endpoint": self.order.endpoint, "errors": null,
            "input_file_id": self.order.input_file_id, "completion_window": self.order.completion_window,
            "status": self.status, "output_file_id": null, "error_file_id": null, "created_at": self.created_at,
            "in_progress_at": null, "expires_at": self.created_at + WINDOW_SECS, "finalizing_at": null,
            "completed_at": null, "failed_at": null, "expired_at": null, "cancelling_at": null, "cancelled_at": null,
            "request_counts": {"total": 0, "completed": 0, "failed": 0}, "usage": null,
            "metadata": self.order.metadata,
        });
        patch(&mut shown, &self.stamps, &[]);
        let progress = self.work.lock();
        if let Some(Validation::Accepted { n_requests, model, .. }) = &progress.validation
            && self.status != "validating"
        {
            shown["model"] = json!(model);
            let n_done = match self.cancel {
                Some(cancel) => cancel.n_done,
                None => self.due().n_done(usize::try_from(*n_requests).unwrap_or(usize::MAX)),
            };
            let mark = progress.mark(n_done);
            shown["request_counts"] = json!({"total": n_requests, "completed": mark.completed, "failed": mark.failed});
        }
        drop(progress);
        if let Some(end) = &self.end {
            shown["errors"] = json!(end.errors);
            shown["request_counts"] =
                json!({"total": end.n_requests, "completed": end.mark.completed, "failed": end.mark.failed});
            shown["usage"] = end.mark.tokens.to_json();
            if self.n_polls_after_end >= self.rule.settle {
                shown["output_file_id"] = json!(end.output_file_id);
                shown["error_file_id"] = json!(end.error_file_id);
            }
        }
        patch(&mut shown, &self.rule.set, &self.rule.unset);
        if let Some(step) = self.step() {
            patch(&mut shown, &step.set, &step.unset);
        }
        shown
    }

    /// Returns the `errors` of a failed batch.
    pub(crate) fn errors(&self) -> Value {
        let list = |data: &Value| json!({"object": "list", "data": data});
        match (&self.rule.errors, &self.work.lock().validation) {
            (Some(data @ Value::Array(_)), _) => list(data),
            (Some(other), _) => other.clone(),
            (None, Some(Validation::Rejected(errors))) if !errors.is_empty() => list(&json!(errors)),
            (None, _) => {
                list(&json!([check::error("server_error", "The batch failed, as the script says.", None, None)]))
            }
        }
    }

    /// True where a cancel came before the input was accepted, so that there are no requests to tell of.
    pub(crate) fn was_cancelled_early(&self) -> bool {
        self.cancel.is_some_and(|cancel| !cancel.accepted)
    }
}
