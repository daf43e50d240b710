//! Effect of the provider's prompt cache on a run's input, at best and at worst. Pure.
//!
//! Requests of one prompt begin alike, and a cache may serve that beginning. How often it does is not promised, in a
//! batch least of all; so both ends are told, and past answers say what lies between.

use super::line::takes_explicit_cache;
use crate::model::Usage;

/// The shortest beginning that is cached, in tokens.
const PREFIX_TOKENS_MIN: u64 = 1024;

/// A prompt's share of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prefix {
    /// Tokens that all its requests begin with.
    pub tokens: u64,
    /// Number of requests.
    pub n_requests: u64,
}

/// Returns a run's usage where every beginning but the first is read from the cache, and where none is: models that
/// charge for what they write then write it each time. `None` where nothing can be cached.
pub fn best_and_worst(model: &str, prefixes: &[Prefix], usage: Usage) -> Option<(Usage, Usage)> {
    let writes = takes_explicit_cache(model);
    let (mut best, mut worst) = (usage, usage);
    let is_cached = |prefix: &&Prefix| prefix.tokens >= PREFIX_TOKENS_MIN && prefix.n_requests > 0;
    let cached: Vec<&Prefix> = prefixes.iter().filter(is_cached).collect();
    for prefix in &cached {
        best.cached_tokens += prefix.tokens * (prefix.n_requests - 1);
        if writes {
            best.cache_write_tokens += prefix.tokens;
            worst.cache_write_tokens += prefix.tokens * prefix.n_requests;
        }
    }
    (!cached.is_empty()).then_some((best, worst))
}

/// Returns a usage with no more read from the cache than at best, and as much written as lies between the two. What past
/// answers read is a share of many requests; a run of a few has fewer beginnings to read.
pub fn within(usage: Usage, (best, worst): (Usage, Usage)) -> Usage {
    Usage {
        cached_tokens: usage.cached_tokens.min(best.cached_tokens),
        cache_write_tokens: usage.cache_write_tokens.min(worst.cache_write_tokens).max(best.cache_write_tokens),
        ..usage
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginnings_are_read_at_best_and_written_at_worst() {
        let usage = Usage { input_tokens: 11_900_000, output_tokens: 5_600_000, ..Usage::default() };
        let prefix = Prefix { tokens: 1500, n_requests: 3500 };
        let parts = |usage: Usage| (usage.cached_tokens, usage.cache_write_tokens);
        let check = |model: &str, prefixes: &[Prefix], best: (u64, u64), worst: (u64, u64)| {
            let (cheap, dear) = best_and_worst(model, prefixes, usage).unwrap();
            assert_eq!((parts(cheap), parts(dear)), (best, worst), "{model}");
            assert_eq!((cheap.input_tokens, dear.output_tokens), (usage.input_tokens, usage.output_tokens));
        };
        check("gpt-6-luna", &[prefix, prefix], (10_497_000, 3000), (0, 10_500_000));
        // Models before explicit breakpoints write for nothing.
        check("gpt-4.1", &[prefix, prefix], (10_497_000, 0), (0, 0));
        let short = Prefix { tokens: 1000, ..prefix };
        check("gpt-6-luna", &[prefix, short], (5_248_500, 1500), (0, 5_250_000));
        assert_eq!(best_and_worst("gpt-6-luna", &[short, Prefix { n_requests: 0, ..prefix }], usage), None);
    }

    #[test]
    fn a_share_of_the_past_stays_within_what_a_run_can_read_and_write() {
        let check = |n_requests: u64, (cached, written): (u64, u64), expected: (u64, u64)| {
            let usage = Usage { input_tokens: 1700 * n_requests, ..Usage::default() };
            let ends = best_and_worst("gpt-6-luna", &[Prefix { tokens: 1500, n_requests }], usage).unwrap();
            let past = Usage { cached_tokens: cached, cache_write_tokens: written, ..usage };
            let within = within(past, ends);
            assert_eq!((within.cached_tokens, within.cache_write_tokens), expected, "{n_requests}");
        };
        check(100, (90_000, 60_000), (90_000, 60_000));
        // One request alone has nothing to read, and writes.
        check(1, (1400, 20), (0, 1500));
        check(3, (5000, 0), (3000, 1500));
        check(3, (0, 9000), (0, 4500));
    }
}
