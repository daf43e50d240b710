//! What a run would send: groups selected, dealt out to parts, with an estimate of what it costs. Nothing is written
//! until [`record`].

use serde::Serialize;

use crate::batch::prompts::Prompts;
use crate::interrupt;
use crate::model::{GroupId, Kind, PromptKey, Usage};
use crate::request::cache::{self, Prefix};
use crate::request::{
    Limits, LineTemplate, PairSize, Prices, Splitter, custom_id, custom_id_from_wire, json_bytes, render_input, tokens,
};
use crate::session::Session;
use crate::store::{Candidate, GroupRow, Read, Selected, Selection};
use crate::terminal::bar::Unit;

/// Output tokens of an answer while there is no history, reasoning at low effort included: a handful of topics, or two
/// dozen mentions, by [`Kind`]. Set on the high side of what small reasoning models use; 20 answers of the same prompt
/// replace it.
const OUTPUT_TOKENS_GUESS: [f64; 2] = [500.0, 1100.0];

/// What a run would send.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What was selected, and why the rest was not.
    pub selected: Selected,
    /// The parts, in order.
    pub parts: Vec<PlannedPart>,
    /// Groups that fit into no batch, with the reason.
    pub left_out: Vec<(GroupId, String)>,
    /// Tokens and cost of it all.
    pub estimate: Estimate,
}

/// A part of a plan.
#[derive(Clone, Debug, Default)]
pub struct PlannedPart {
    /// Its groups, with the hash of what would be sent of each.
    pub groups: Vec<(Candidate, [u8; 16])>,
    /// Its size.
    pub size: PairSize,
}

/// What a run would use and cost.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Estimate {
    /// The model asked.
    pub model: String,
    /// Estimated input tokens.
    pub input_tokens: u64,
    /// Estimated output tokens, reasoning included.
    pub output_tokens: u64,
    /// Whether the output is an average of past answers to the same question, or a guess.
    pub output_from_history: bool,
    /// Bytes of the request files.
    pub bytes: u64,
    /// Cost in batch mode; null: the price of the model is not known.
    pub batch_usd: Option<f64>,
    /// Cost of the same in synchronous mode.
    pub sync_usd: Option<f64>,
    /// Day of the table of prices.
    pub prices_as_of: String,
    /// What the prompt cache can make of the cost; null: nothing can be cached, or the price is not known.
    pub cache: Option<CacheEstimate>,
}

/// What a run would cost in batch mode with the prompt cache.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct CacheEstimate {
    /// Where every beginning but the first is read from it.
    pub best_batch_usd: f64,
    /// Where none is, and each is written into it.
    pub worst_batch_usd: f64,
    /// Whether the estimated costs are counted with what past answers read from it; else as if nothing were cached.
    pub from_history: bool,
}

impl Estimate {
    /// Returns the tokens, none of them cached.
    pub fn usage(&self) -> Usage {
        Usage { input_tokens: self.input_tokens, output_tokens: self.output_tokens, ..Usage::default() }
    }
}

impl Plan {
    /// Returns how many groups it asks about.
    pub fn n_groups(&self) -> u64 {
        self.parts.iter().map(|part| part.groups.len() as u64).sum()
    }

    /// Returns how many requests it holds.
    pub fn n_requests(&self) -> u64 {
        self.parts.iter().map(|part| part.size.requests).sum()
    }
}

/// Selects groups and deals them out to parts.
pub fn plan(
    session: &Session<'_>,
    prompts: &Prompts,
    selection: &Selection,
    limits: Limits,
    prices: &Prices,
    sandbox: bool,
) -> anyhow::Result<Plan> {
    let read = session.store.read();
    let selected = read.select(selection, prompts.current(read)?, sandbox)?;
    let templates = Templates::of(prompts);

    let mut splitter = Splitter::new(limits);
    let mut parts: Vec<PlannedPart> = vec![];
    let mut left_out = vec![];
    let mut n_kind = [0u64; 2];
    let bar = session.terminal.bar(selected.candidates.len() as u64, Unit::Count, "planning");
    for &candidate in &selected.candidates {
        interrupt::check()?;
        bar.inc(1);
        let Some(row) = read.group(candidate.group)? else { continue };
        let Some(text_hash) = row.text_hash else { continue };
        let input = render_input(&row.group);
        let size = templates.size(&row, &candidate, &input);
        match splitter.push(size) {
            Ok(part) => {
                let place = part.0 as usize - 1;
                if parts.len() <= place {
                    parts.resize_with(place + 1, PlannedPart::default);
                }
                let part = &mut parts[place];
                part.groups.push((candidate, text_hash));
                part.size.requests += size.requests;
                part.size.bytes += size.bytes;
                part.size.tokens += size.tokens;
                for (kind, _) in candidate.kinds() {
                    n_kind[kind as usize] += 1;
                }
            }
            Err(too_large) => left_out.push((row.group.id, too_large.why)),
        }
    }
    let (tokens, bytes) =
        parts.iter().fold((0, 0), |(tokens, bytes), part| (tokens + part.size.tokens, bytes + part.size.bytes));
    let sent = Sent { size: (tokens, bytes), n_kind, prefix_tokens: templates.prefix_tokens(), sandbox };
    let estimate = estimate(session, prompts, sent, prices)?;
    Ok(Plan { selected, parts, left_out, estimate })
}

/// Measures groups that were chosen otherwise than by a selection, and estimates what asking about them costs.
pub fn plan_groups(
    session: &Session<'_>,
    prompts: &Prompts,
    groups: &[(Candidate, [u8; 16])],
    prices: &Prices,
) -> anyhow::Result<(PairSize, Estimate)> {
    let templates = Templates::of(prompts);
    let mut total = PairSize::default();
    let mut n_kind = [0u64; 2];
    for (candidate, _) in groups {
        interrupt::check()?;
        let Some(row) = session.store.read().group(candidate.group)? else { continue };
        let size = templates.size(&row, candidate, &render_input(&row.group));
        total.requests += size.requests;
        total.bytes += size.bytes;
        total.tokens += size.tokens;
        for (kind, _) in candidate.kinds() {
            n_kind[kind as usize] += 1;
        }
    }
    let size = (total.tokens, total.bytes);
    let sent = Sent { size, n_kind, prefix_tokens: templates.prefix_tokens(), sandbox: false };
    let estimate = estimate(session, prompts, sent, prices)?;
    Ok((total, estimate))
}

/// What would be sent, measured.
#[derive(Clone, Copy)]
struct Sent {
    /// Input tokens and bytes.
    size: (u64, u64),
    /// Requests of each kind.
    n_kind: [u64; 2],
    /// Tokens that the requests of each kind begin with.
    prefix_tokens: [u64; 2],
    /// Whether it goes to a sandbox.
    sandbox: bool,
}

/// Estimates tokens and cost from what would be sent, and from what past answers were like.
fn estimate(session: &Session<'_>, prompts: &Prompts, sent: Sent, prices: &Prices) -> anyhow::Result<Estimate> {
    let Sent { size: (input_tokens, bytes), n_kind, prefix_tokens, sandbox } = sent;
    let read = session.store.read();
    let current = prompts.current(read)?;
    let topic = expected_output(read, Kind::Topic, current.topic)?;
    let entity = expected_output(read, Kind::Entity, current.entity)?;
    let output_tokens = (topic.0 * n_kind[0] as f64 + entity.0 * n_kind[1] as f64) as u64;
    let uncached = Usage { input_tokens, output_tokens, ..Usage::default() };

    let shares = [current.topic, current.entity].map(|prompt| match prompt {
        Some(prompt) => read.cache_shares(prompt, sandbox),
        None => Ok(None),
    });
    let [topic_shares, entity_shares] = shares;
    let past = topic_shares?.zip(entity_shares?);
    let usage = past.map_or(uncached, |shares| as_in_the_past(uncached, n_kind, shares));
    let model = prompts.model();
    let prefixes = [0, 1].map(|kind| Prefix { tokens: prefix_tokens[kind], n_requests: n_kind[kind] });
    let cache = cache::best_and_worst(model, &prefixes, uncached).and_then(|(best, worst)| {
        Some(CacheEstimate {
            best_batch_usd: prices.cost(model, best, true)?,
            worst_batch_usd: prices.cost(model, worst, true)?,
            from_history: past.is_some(),
        })
    });
    Ok(Estimate {
        model: model.to_owned(),
        input_tokens,
        output_tokens,
        output_from_history: topic.1 && entity.1,
        bytes,
        batch_usd: prices.cost(model, usage, true),
        sync_usd: prices.cost(model, usage, false),
        prices_as_of: prices.as_of.clone(),
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

/// The line templates of both questions.
struct Templates {
    topic: LineTemplate,
    entity: LineTemplate,
}

impl Templates {
    fn of(prompts: &Prompts) -> Self {
        Self { topic: LineTemplate::new(&prompts.topic), entity: LineTemplate::new(&prompts.entity) }
    }

    /// Returns the tokens that the requests of each kind begin with.
    fn prefix_tokens(&self) -> [u64; 2] {
        [self.topic.prefix_tokens(), self.entity.prefix_tokens()]
    }

    fn size(&self, row: &GroupRow, candidate: &Candidate, input: &str) -> PairSize {
        let mut size = PairSize::default();
        let (input_bytes, input_tokens) = (json_bytes(input), tokens::estimate(input));
        for (kind, _) in candidate.kinds() {
            let template = if kind == Kind::Topic { &self.topic } else { &self.entity };
            size.requests += 1;
            size.bytes += template.line_bytes(&custom_id_of(row, kind), input_bytes) as u64;
            size.tokens += template.prompt_tokens() + input_tokens;
        }
        size
    }
}

/// Returns the name of a group's request on the wire.
pub(super) fn custom_id_of(row: &GroupRow, kind: Kind) -> crate::model::CustomId {
    match &row.wire_id {
        Some(wire) => custom_id_from_wire(kind, wire),
        None => custom_id(kind, &row.group.id),
    }
}
