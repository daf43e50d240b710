//! When to try again, and how long to wait first. Pure: the clock is the `Date` the server itself gave.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::fmt::rfc2822::DateTimeParser;
use ureq::http::HeaderMap;

/// The longest wait a server can ask of us; the official SDK honors as much.
const SERVER_DELAY_MAX: Duration = Duration::from_secs(120);
/// The first wait of our own, doubled each time (SDK: 0.5 s up to 8 s).
const BACKOFF_FIRST: Duration = Duration::from_millis(500);
/// The longest wait of our own.
const BACKOFF_MAX: Duration = Duration::from_secs(8);

/// A retry about to happen, for whoever shows it: `retry 2 of 5 in 3 s: …`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retrying {
    /// The first retry is 1.
    pub attempt: u32,
    /// Most tries there will be.
    pub of: u32,
    /// The wait before it.
    pub delay: Duration,
    /// Failure that is tried again, in words.
    pub why: String,
}

impl fmt::Display for Retrying {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.delay.as_secs_f64();
        let digits = usize::from(seconds < 10.0 && seconds.fract() > 0.0);
        write!(f, "retry {} of {} in {seconds:.digits$} s: {}", self.attempt, self.of, self.why)
    }
}

/// Returns the wait before retry number `attempt` (from 1): what the server asked for, else a doubling one of which up
/// to a quarter is taken off by `jitter` (0 to 1), so that many clients do not come back at once.
pub(super) fn delay(attempt: u32, asked: Option<Duration>, jitter: f64) -> Duration {
    match asked {
        Some(asked) => asked.min(SERVER_DELAY_MAX),
        None => {
            let doubled = BACKOFF_FIRST.saturating_mul(1 << attempt.saturating_sub(1).min(16));
            doubled.min(BACKOFF_MAX).mul_f64(1.0 - 0.25 * jitter.clamp(0.0, 1.0))
        }
    }
}

/// Reads how long the server asks us to wait: `retry-after-ms`, or `Retry-After` as seconds or as a date.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).map(str::trim);
    let number = |name: &str| text(name)?.parse::<f64>().ok().filter(|n| n.is_finite() && *n >= 0.0);
    if let Some(ms) = number("retry-after-ms") {
        return Duration::try_from_secs_f64(ms / 1000.0).ok();
    }
    if let Some(seconds) = number("retry-after") {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let instant = |name: &str| DateTimeParser::new().parse_timestamp(text(name)?).ok();
    let wait = instant("retry-after")?.as_second() - instant("date")?.as_second();
    Some(Duration::from_secs(u64::try_from(wait).unwrap_or(0)))
}

/// Remainder of a rate limit, as the reply's `x-ratelimit-*` headers say it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RateLimits {
    /// Requests allowed in a window.
    pub limit_requests: Option<u64>,
    /// Requests left in it.
    pub remaining_requests: Option<u64>,
    /// Time until all requests are allowed again.
    pub reset_requests: Option<Duration>,
    /// Tokens allowed in a window.
    pub limit_tokens: Option<u64>,
    /// Tokens left in it.
    pub remaining_tokens: Option<u64>,
    /// Time until all tokens are allowed again.
    pub reset_tokens: Option<Duration>,
}

impl RateLimits {
    /// Reads the headers of a reply.
    pub(super) fn read(headers: &HeaderMap) -> RateLimits {
        let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).map(str::trim);
        let number = |name: &str| text(name)?.parse::<u64>().ok();
        RateLimits {
            limit_requests: number("x-ratelimit-limit-requests"),
            remaining_requests: number("x-ratelimit-remaining-requests"),
            reset_requests: text("x-ratelimit-reset-requests").and_then(span),
            limit_tokens: number("x-ratelimit-limit-tokens"),
            remaining_tokens: number("x-ratelimit-remaining-tokens"),
            reset_tokens: text("x-ratelimit-reset-tokens").and_then(span),
        }
    }
}

/// Reads a span as the provider writes it: `12ms`, `1s`, `6m0s`, `1h30m`, `1d2h`; a bare number is seconds.
fn span(text: &str) -> Option<Duration> {
    let mut total = 0.0;
    let mut rest = text.trim();
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let letters = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        total += number
            * match &rest[..letters] {
                "ms" => 0.001,
                "s" | "" => 1.0,
                "m" => 60.0,
                "h" => 3600.0,
                "d" => 86400.0,
                _ => return None,
            };
        rest = &rest[letters..];
    }
    Duration::try_from_secs_f64(total).ok()
}

/// A small source of numbers from 0 to 1 (splitmix64), enough to spread waits.
#[derive(Debug)]
pub(super) struct Jitter(AtomicU64);

impl Jitter {
    pub(super) fn new(seed: u64) -> Jitter {
        Jitter(AtomicU64::new(seed))
    }

    /// Returns the next 64 bits.
    pub(super) fn bits(&self) -> u64 {
        let mut z = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed).wrapping_add(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Returns a number from 0 up to 1.
    pub(super) fn next(&self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ureq::http::{HeaderName, HeaderValue};

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(k, v)| (HeaderName::from_static(k), HeaderValue::from_static(v))).collect()
    }

    #[test]
    fn the_server_says_how_long_to_wait() {
        let check = |pairs: &[(&'static str, &'static str)], ms: Option<u64>| {
            assert_eq!(retry_after(&headers(pairs)), ms.map(Duration::from_millis), "{pairs:?}");
        };
        check(&[], None);
        check(&[("retry-after", "3")], Some(3000));
        check(&[("retry-after", " 1.5 ")], Some(1500));
        check(&[("retry-after", "0")], Some(0));
        check(&[("retry-after", "-1")], None);
        check(&[("retry-after", "soon")], None);
        check(&[("retry-after", "NaN")], None);
        check(&[("retry-after", "9"), ("retry-after-ms", "250")], Some(250));
        let later = ("retry-after", "Wed, 21 Oct 2026 07:28:30 GMT");
        check(&[later, ("date", "Wed, 21 Oct 2026 07:28:00 GMT")], Some(30_000));
        check(&[later, ("date", "Wed, 21 Oct 2026 07:29:00 GMT")], Some(0));
        check(&[later], None);
    }

    #[test]
    fn waits_double_up_to_a_limit_and_obey_the_server_up_to_another() {
        let check = |attempt, asked: Option<u64>, jitter, ms| {
            assert_eq!(delay(attempt, asked.map(Duration::from_secs), jitter), Duration::from_millis(ms), "{attempt}");
        };
        check(1, None, 0.0, 500);
        check(2, None, 0.0, 1000);
        check(4, None, 1.0, 3000);
        check(5, None, 0.0, 8000);
        check(u32::MAX, None, 0.0, 8000);
        check(1, Some(3), 0.9, 3000);
        check(1, Some(86400), 0.0, 120_000);
    }

    #[test]
    fn spans_are_read_as_the_provider_writes_them() {
        let check = |text: &str, ms: Option<u64>| assert_eq!(span(text), ms.map(Duration::from_millis), "{text}");
        check("12ms", Some(12));
        check("1s", Some(1000));
        check("6m0s", Some(360_000));
        check("1h2m3.5s", Some(3_723_500));
        check("7", Some(7000));
        for bad in ["", "s", "1y", "-1s", "1e999s", "..s"] {
            check(bad, None);
        }
    }

    #[test]
    fn jitter_stays_between_zero_and_one_and_differs_by_seed() {
        let (one, two) = (Jitter::new(1), Jitter::new(2));
        for _ in 0..100 {
            let (a, b) = (one.next(), two.next());
            assert!((0.0..1.0).contains(&a) && (0.0..1.0).contains(&b) && a != b);
        }
    }

    #[test]
    fn a_retry_reads_as_a_sentence() {
        let retry = |ms| Retrying { attempt: 2, of: 5, delay: Duration::from_millis(ms), why: "503 busy".into() };
        assert_eq!(retry(3000).to_string(), "retry 2 of 5 in 3 s: 503 busy");
        assert_eq!(retry(440).to_string(), "retry 2 of 5 in 0.4 s: 503 busy");
        assert_eq!(retry(120_000).to_string(), "retry 2 of 5 in 120 s: 503 busy");
    }
}
