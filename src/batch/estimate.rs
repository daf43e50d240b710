//! Estimate of a run's tokens and cost, before it is sent.

use serde::Serialize;

use crate::batch::prompts::Prompts;
use crate::model::{Kind, PromptKey, Usage};
use crate::request::cache::{self, Prefix};
use crate::request::{LONG_PROMPT_TOKENS, Prices};
use crate::session::Session;
use crate::store::Read;

/// Output tokens of an answer while there is no history, reasoning at low effort included: a handful of topics, or two
/// dozen mentions, by [`Kind`]. Set on the high side of what small reasoning models use; 20 answers of the same prompt
/// replace it.
const OUTPUT_TOKENS_GUESS: [f64; 2] = [500.0, 1100.0];

/// Estimate of a run's tokens and cost.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Estimate {
    /// The model asked.
    pub model: String,
    /// Estimated input tokens.
    pub input_tokens: u64,
    /// Estimated output tokens, reasoning included.
    pub output_tokens: u64,
    /// True where the output is an average of past answers to the same question, or a guess.
    pub output_from_history: bool,
    /// Bytes of the request files.
    pub bytes: u64,
    /// Requests whose prompt is so long that the model charges more for it.
    pub long_requests: u64,
    /// Requests that another model has answered before.
    pub answered_by_another_model: u64,
    /// Cost in batch mode; null: the price of the model is not known.
    pub batch_usd: Option<f64>,
    /// Cost of the same in synchronous mode.
    pub sync_usd: Option<f64>,
    /// Day of the table of prices.
    pub prices_as_of: String,
    /// True where that day is more than half a year ago, and no price was given.
    pub prices_are_old: bool,
    /// Range of the cost with the prompt cache; null: nothing can be cached, or the price is not known.
    pub cache: Option<CacheEstimate>,
}

/// Cost of a run in batch mode with the prompt cache.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct CacheEstimate {
    /// Cost in USD where every beginning but the first is read from the cache.
    pub best_batch_usd: f64,
    /// Cost in USD where each is written into the cache and none is read.
    pub worst_batch_usd: f64,
    /// True where the estimated costs are counted with what past answers read from it; else as if nothing were cached.
    pub from_history: bool,
}

impl Estimate {
    /// Returns the tokens, none of them cached.
    pub fn usage(&self) -> Usage {
        Usage { input_tokens: self.input_tokens, output_tokens: self.output_tokens, ..Usage::default() }
    }
}

/// The requests of a run, measured.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Volume {
    tokens: u64,
    bytes: u64,
    /// Requests by [`Kind`].
    n_kind: [u64; 2],
    /// Of these, those with a long prompt.
    n_long: [u64; 2],
    long_tokens: u64,
}

impl Volume {
    /// Adds other requests.
    pub(super) fn merge(&mut self, other: Volume) {
        self.tokens += other.tokens;
        self.bytes += other.bytes;
        self.long_tokens += other.long_tokens;
        for kind in Kind::ALL.map(|kind| kind as usize) {
            self.n_kind[kind] += other.n_kind[kind];
            self.n_long[kind] += other.n_long[kind];
        }
    }

    /// Adds a request.
    pub(super) fn add(&mut self, kind: Kind, tokens: u64, bytes: u64) {
        self.tokens += tokens;
        self.bytes += bytes;
        self.n_kind[kind as usize] += 1;
        if tokens > LONG_PROMPT_TOKENS {
            self.n_long[kind as usize] += 1;
            self.long_tokens += tokens;
        }
    }
}

/// Estimates tokens and cost from the requests and what past answers were like. `prefix_tokens` is what the requests of
/// each kind begin with; `sandbox` says that they go to a sandbox.
pub(super) fn estimate(
    session: &Session<'_>,
    prompts: &Prompts,
    volume: &Volume,
    (prefix_tokens, sandbox): ([u64; 2], bool),
    prices: &Prices,
) -> anyhow::Result<Estimate> {
    let read = session.store.read();
    let current = prompts.current(read)?;
    let topic = expected_output(read, Kind::Topic, current.topic.key)?;
    let entity = expected_output(read, Kind::Entity, current.entity.key)?;
    let output = |n: [u64; 2]| (topic.0 * n[0] as f64 + entity.0 * n[1] as f64) as u64;
    let model = prompts.model();
    let n_kind = volume.n_kind;
    let charges_more = prices.row(model).is_some_and(|row| row.long_prompt);
    let n_long = if charges_more { volume.n_long } else { [0; 2] };
    let uncached = Usage { input_tokens: volume.tokens, output_tokens: output(n_kind), ..Usage::default() };
    let long = Usage { input_tokens: volume.long_tokens, output_tokens: output(volume.n_long), ..Usage::default() };

    let shares = |key: Option<PromptKey>| key.map(|key| read.cache_shares(key, sandbox)).transpose();
    let past = shares(current.topic.key)?.flatten().zip(shares(current.entity.key)?.flatten());
    let prefixes = [0, 1].map(|kind| Prefix { tokens: prefix_tokens[kind], n_requests: n_kind[kind] });
    let ends = cache::best_and_worst(model, &prefixes, uncached);
    let usage = past.map_or(uncached, |shares| as_in_the_past(uncached, n_kind, shares));
    let usage = ends.filter(|_| past.is_some()).map_or(usage, |ends| cache::within(usage, ends));
    let usd = |usage, batch| {
        let more = if charges_more { prices.surcharge(model, long, batch)? } else { 0.0 };
        Some(prices.cost(model, usage, batch)? + more)
    };
    let cache = ends.and_then(|(best, worst)| {
        Some(CacheEstimate {
            best_batch_usd: usd(best, true)?,
            worst_batch_usd: usd(worst, true)?,
            from_history: past.is_some(),
        })
    });
    Ok(Estimate {
        model: model.to_owned(),
        input_tokens: uncached.input_tokens,
        output_tokens: uncached.output_tokens,
        output_from_history: topic.1 && entity.1,
        bytes: volume.bytes,
        long_requests: n_long.iter().sum(),
        answered_by_another_model: 0,
        batch_usd: usd(usage, true),
        sync_usd: usd(usage, false),
        prices_as_of: prices.as_of.clone(),
        prices_are_old: !prices.is_fixed() && prices.is_old(session.config.now()),
        cache,
    })
}

/// Returns a usage with as much of its input read from the cache and written into it as past answers to the two prompts
/// told; both kinds of requests are taken to be of one size.
fn as_in_the_past(usage: Usage, n_kind: [u64; 2], (topic, entity): ((f64, f64), (f64, f64))) -> Usage {
    let n = (n_kind[0] + n_kind[1]).max(1) as f64;
    let mean = |topic: f64, entity: f64| (topic * n_kind[0] as f64 + entity * n_kind[1] as f64) / n;
    let share = |share: f64| (usage.input_tokens as f64 * share) as u64;
    Usage { cached_tokens: share(mean(topic.0, entity.0)), cache_write_tokens: share(mean(topic.1, entity.1)), ..usage }
}

/// Returns the output tokens to expect of an answer, and whether they are an average of past answers to this prompt
/// rather than a guess.
pub(super) fn expected_output(read: Read<'_>, kind: Kind, prompt: Option<PromptKey>) -> anyhow::Result<(f64, bool)> {
    let average = prompt.map(|prompt| read.average_output_tokens(prompt)).transpose()?.flatten();
    Ok(match average {
        Some(average) => (average, true),
        None => (OUTPUT_TOKENS_GUESS[kind as usize], false),
    })
}
