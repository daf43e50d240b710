//! Paces the threads that ask: follows rate limits, rests when a provider fails again and again, and stops them all.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::provider::{ApiError, Fault, RateLimits};

/// Failed calls in a row, over all threads, after which all of them rest.
const FAILURES_BEFORE_REST: u32 = 6;
/// The first rest; doubled each time.
const REST_FIRST: Duration = Duration::from_secs(30);
/// Rests without any success in between that end the run.
const RESTS_MAX: u32 = 3;
/// The longest wait for a rate limit to lift.
const LIMIT_WAIT_MAX: Duration = Duration::from_secs(120);
/// The first wait after a failure that names none, doubled each time, up to sixteen times as long.
const BACKOFF_FIRST: Duration = Duration::from_secs(1);

/// Class of a failed call: the next step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum FailureClass {
    /// Every other call would fail too: stop the run.
    Stop,
    /// The request alone was refused; others may not be.
    Refused,
    /// It may succeed later.
    Again,
}

/// Returns whether one request is larger than a minute's budget: no waiting helps it, and others go on.
pub(super) fn is_too_large(error: &ApiError) -> bool {
    error.status == Some(429) && error.is_envelope() && error.message.to_lowercase().contains("request too large")
}

/// Judges a failed call.
pub(super) fn judge(error: &ApiError) -> FailureClass {
    let unknown_model = error.code.as_deref() == Some("model_not_found");
    match (error.fault, error.status) {
        (Fault::Setup | Fault::Tls | Fault::Local | Fault::Interrupted, _) => FailureClass::Stop,
        _ if error.is_billing() || error.is_auth() || unknown_model => FailureClass::Stop,
        // A page of something before the API, which may be gone in a moment.
        (Fault::Status, Some(401 | 403)) if !error.is_envelope() => FailureClass::Again,
        // Not the API at all, or not at this address.
        (Fault::Unreadable, _) | (_, Some(300..=399 | 404 | 405)) => FailureClass::Stop,
        _ if is_too_large(error) => FailureClass::Refused,
        _ if error.is_retryable() => FailureClass::Again,
        // A parameter that one request is refused for is in all of them; a text is not.
        _ if names_parameter(error) => FailureClass::Stop,
        _ => FailureClass::Refused,
    }
}

/// Returns whether a refusal is about what all requests have in common.
pub(super) fn names_parameter(error: &ApiError) -> bool {
    let code = error.code.as_deref().unwrap_or("");
    let param = error.param.as_deref().unwrap_or("");
    matches!(code, "unsupported_parameter" | "unsupported_value" | "unknown_parameter" | "invalid_json_schema")
        || ["reasoning", "text", "temperature", "verbosity", "max_output_tokens", "max_completion_tokens", "model"]
            .iter()
            .any(|known| param.split('.').next() == Some(*known))
        || param.starts_with("response_format")
}

/// State that the threads share.
pub(crate) struct RateLimiter<'a> {
    /// Held by a thread that waits for all of them; the others wait here before they ask.
    gate: Mutex<()>,
    state: Mutex<State>,
    stopped: AtomicBool,
    pause: &'a (dyn Fn(Duration) -> bool + Sync),
}

#[derive(Default)]
struct State {
    failures: u32,
    rests: u32,
    any_success: bool,
}

impl<'a> RateLimiter<'a> {
    /// `pause` sleeps, and returns false when the person asked to stop.
    pub(crate) fn new(pause: &'a (dyn Fn(Duration) -> bool + Sync)) -> RateLimiter<'a> {
        RateLimiter { gate: Mutex::new(()), state: Mutex::default(), stopped: AtomicBool::new(false), pause }
    }

    /// Lets no further call begin.
    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
    }

    /// Waits until a call may begin; false when none may any more.
    pub(crate) fn may_ask(&self) -> bool {
        drop(lock(&self.gate));
        !self.stopped.load(Ordering::SeqCst)
    }

    /// Returns whether any call has succeeded.
    pub(crate) fn any_success(&self) -> bool {
        lock(&self.state).any_success
    }

    /// Notes a success, and waits where the next call would exceed a limit that the reply told. `tokens` is what a call
    /// takes, about.
    pub(crate) fn succeeded(&self, limits: &RateLimits, tokens: u64) {
        *lock(&self.state) = State { any_success: true, ..State::default() };
        if let Some(wait) = wait_for(limits, tokens) {
            self.wait_all(wait);
        }
    }

    /// Notes a failure that may pass and waits before the next try, alone or with all threads. `attempt` is the number
    /// of tries so far. False when the run is to end.
    pub(crate) fn failed(&self, error: &ApiError, attempt: u32) -> bool {
        let rest = {
            let mut state = lock(&self.state);
            state.failures += 1;
            if state.failures < FAILURES_BEFORE_REST {
                None
            } else if state.rests == RESTS_MAX {
                self.stop();
                return false;
            } else {
                state.failures = 0;
                state.rests += 1;
                Some(REST_FIRST * (1 << (state.rests - 1)))
            }
        };
        match (rest, error.retry_after) {
            (Some(rest), asked) => self.wait_all(rest.max(asked.unwrap_or_default()).min(LIMIT_WAIT_MAX)),
            (None, Some(asked)) => self.wait_all(asked.min(LIMIT_WAIT_MAX)),
            (None, None) => self.wait_alone(BACKOFF_FIRST * (1 << attempt.saturating_sub(1).min(4))),
        }
        !self.stopped.load(Ordering::SeqCst)
    }

    fn wait_all(&self, wait: Duration) {
        let _gate = lock(&self.gate);
        self.wait_alone(wait);
    }

    fn wait_alone(&self, wait: Duration) {
        if !self.stopped.load(Ordering::SeqCst) && !(self.pause)(wait) {
            self.stop();
        }
    }
}

/// Returns how long to wait where a limit is used up.
fn wait_for(limits: &RateLimits, tokens: u64) -> Option<Duration> {
    let requests = limits.reset_requests.filter(|_| limits.remaining_requests == Some(0));
    let tokens = limits.reset_tokens.filter(|_| limits.remaining_tokens.is_some_and(|left| left < tokens));
    requests.max(tokens).filter(|wait| !wait.is_zero()).map(|wait| wait.min(LIMIT_WAIT_MAX))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing here is left half done by a thread that panics.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_used_up_limit_is_waited_for() {
        let seconds = Duration::from_secs;
        let limits = |requests, tokens| RateLimits {
            remaining_requests: requests,
            reset_requests: Some(seconds(2)),
            remaining_tokens: tokens,
            reset_tokens: Some(seconds(400)),
            ..RateLimits::default()
        };
        assert_eq!(wait_for(&limits(Some(3), Some(5000)), 1000), None);
        assert_eq!(wait_for(&limits(Some(0), Some(5000)), 1000), Some(seconds(2)));
        assert_eq!(wait_for(&limits(Some(0), Some(500)), 1000), Some(seconds(120)));
        assert_eq!(wait_for(&limits(None, None), 1000), None);
        assert_eq!(wait_for(&RateLimits::default(), 1000), None);
    }

    #[test]
    fn after_failures_in_a_row_all_rest_and_then_stop() {
        let waits = Mutex::new(Vec::new());
        let pause = |wait: Duration| {
            lock(&waits).push(wait.as_secs());
            true
        };
        let limiter = RateLimiter::new(&pause);
        let error = ApiError::for_test(503, None, None);
        limiter.succeeded(&RateLimits::default(), 1);
        let mut n_failures = 0;
        while limiter.failed(&error, 1) {
            n_failures += 1;
        }
        assert_eq!(n_failures, (RESTS_MAX + 1) * FAILURES_BEFORE_REST - 1);
        let long: Vec<u64> = lock(&waits).iter().copied().filter(|wait| *wait > 1).collect();
        assert_eq!(long, [30, 60, 120]);
        assert!(!limiter.may_ask());
    }

    #[test]
    fn what_stops_the_run_and_what_only_one_request() {
        let check = |status, code, param, expected| {
            assert_eq!(judge(&ApiError::for_test(status, code, param)), expected, "{status} {code:?} {param:?}");
        };
        check(401, None, None, FailureClass::Stop);
        check(403, None, None, FailureClass::Stop);
        check(404, Some("model_not_found"), None, FailureClass::Stop);
        check(429, Some("insufficient_quota"), None, FailureClass::Stop);
        check(400, Some("unsupported_parameter"), Some("reasoning.effort"), FailureClass::Stop);
        check(400, None, Some("text.format.schema"), FailureClass::Stop);
        check(400, Some("context_length_exceeded"), Some("input"), FailureClass::Refused);
        check(400, Some("invalid_prompt"), None, FailureClass::Refused);
        check(429, Some("rate_limit_exceeded"), None, FailureClass::Again);
        check(503, None, None, FailureClass::Again);
        assert_eq!(judge(&ApiError::for_test(403, None, None).without_envelope()), FailureClass::Again);
    }
}
