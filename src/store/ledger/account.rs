//! The account: of every batch, `sent = usable + unusable + failed + missing`, counted from the lines.

use rusqlite::params;
use serde::Serialize;

use super::{BatchState, RequestState};
use crate::model::BatchKey;
use crate::store::Read;

/// The account of a batch or a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Account {
    /// Requests the provider has or had.
    pub sent: u64,
    /// Answered and understood.
    pub usable: u64,
    /// Paid for, but refused, truncated or malformed.
    pub unusable: u64,
    /// Not billed: refused by the endpoint, expired, cancelled, …
    pub failed: u64,
    /// In neither file.
    pub missing: u64,
    /// Of an uncertain batch: whether they were answered is not known yet.
    #[serde(skip_serializing_if = "is_none")]
    pub uncertain: u64,
    /// Still in flight; 0 once the batch is imported, and only then the account must balance.
    #[serde(skip)]
    pub in_flight: u64,
}

impl Account {
    /// Returns whether every request sent is accounted for.
    pub fn balances(&self) -> bool {
        self.sent == self.usable + self.unusable + self.failed + self.missing + self.uncertain + self.in_flight
    }

    /// Returns whether everything sent came back usable.
    pub fn is_all_usable(&self) -> bool {
        self.sent == self.usable
    }

    /// Adds another account.
    pub fn add(&mut self, other: Account) {
        self.sent += other.sent;
        self.usable += other.usable;
        self.unusable += other.unusable;
        self.failed += other.failed;
        self.missing += other.missing;
        self.uncertain += other.uncertain;
        self.in_flight += other.in_flight;
    }

    /// Counts `n` requests in a state.
    pub fn count(&mut self, state: RequestState, n: u64) {
        match state {
            RequestState::Planned | RequestState::Withdrawn => return,
            RequestState::Sent => self.in_flight += n,
            RequestState::Usable => self.usable += n,
            RequestState::Unusable => self.unusable += n,
            RequestState::Refused | RequestState::Failed => self.failed += n,
            RequestState::Missing => self.missing += n,
        }
        self.sent += n;
    }
}

fn is_none(n: &u64) -> bool {
    *n == 0
}

/// One cause why requests are not usable, with its number and an example.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cause {
    /// `unusable`, `failed`, `refused` or `missing`.
    pub class: RequestState,
    /// Short code: `refusal`, `incomplete`, `http_400`, `batch_expired`, …
    pub reason: String,
    /// Requests it holds for.
    pub count: u64,
    /// Wording of one of them.
    pub example: Option<String>,
}

/// Spending, in tokens and in USD.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Spend {
    /// Answers that told their usage.
    pub n_answers: u64,
    /// All input tokens, cached ones included.
    pub input_tokens: u64,
    /// Input tokens read from the provider's cache.
    pub cached_tokens: u64,
    /// Input tokens written to the cache, at a price of their own.
    pub cache_write_tokens: u64,
    /// All output tokens, reasoning included.
    pub output_tokens: u64,
    /// Output tokens spent on reasoning.
    pub reasoning_tokens: u64,
    /// Spent in all.
    pub cost_usd: f64,
    /// Of it, for answers that were not usable.
    pub unusable_cost_usd: f64,
    /// Saved against synchronous prices.
    pub saved_usd: f64,
    /// Answers with usage whose price is not known; they are in no sum.
    pub n_unpriced: u64,
    /// Paid requests of which no usage is known, so that nobody knows what they cost.
    pub n_without_usage: u64,
}

impl Spend {
    /// Adds what was spent elsewhere.
    pub fn add(&mut self, other: Spend) {
        self.n_answers += other.n_answers;
        self.input_tokens += other.input_tokens;
        self.cached_tokens += other.cached_tokens;
        self.cache_write_tokens += other.cache_write_tokens;
        self.output_tokens += other.output_tokens;
        self.reasoning_tokens += other.reasoning_tokens;
        self.cost_usd += other.cost_usd;
        self.unusable_cost_usd += other.unusable_cost_usd;
        self.saved_usd += other.saved_usd;
        self.n_unpriced += other.n_unpriced;
        self.n_without_usage += other.n_without_usage;
    }
}

/// State of the collection in one world: with real providers, or with a sandbox.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct LedgerProgress {
    /// Groups both of whose questions are answered.
    pub groups_done: u64,
    /// Of these, groups that share an answer of another one with the same text.
    pub groups_sharing: u64,
    /// Groups at least one of whose questions was ever asked.
    pub groups_asked: u64,
    /// Questions with a usable answer; all others count by what became of their last request.
    pub usable: u64,
    /// Of the usable ones, those whose text, prompt, model or parameters have changed since.
    pub stale: u64,
    /// Of the usable ones, those that are asked again and wait in a part or are in flight, where they count too.
    pub asked_again: u64,
    /// Waiting in a part.
    pub planned: u64,
    /// In flight.
    pub in_flight: u64,
    /// Paid for, but not usable.
    pub unusable: u64,
    /// Refused by the endpoint.
    pub refused: u64,
    /// Never billed; sent again by any command that sends.
    pub failed: u64,
    /// In neither file.
    pub missing: u64,
    /// Spending.
    pub spend: Spend,
}

/// State of the whole collection.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Progress {
    /// With real providers.
    pub real: LedgerProgress,
    /// With a sandbox: kept apart, counts for nothing elsewhere.
    pub sandbox: LedgerProgress,
}

impl Read<'_> {
    /// Returns the account of a batch.
    pub fn account(self, batch: BatchKey) -> anyhow::Result<Account> {
        let mut account = Account::default();
        let mut statement =
            self.0.prepare_cached("SELECT state, count(*) FROM requests WHERE batch_id = ?1 GROUP BY state")?;
        let mut rows = statement.query([batch])?;
        while let Some(row) = rows.next()? {
            account.count(row.get(0)?, row.get::<_, i64>(1)? as u64);
        }
        if account.in_flight > 0 && self.batch(batch)?.state == BatchState::Uncertain {
            (account.uncertain, account.in_flight) = (account.in_flight, 0);
        }
        Ok(account)
    }

    /// Returns of how many groups of a batch something is not usable.
    pub fn n_groups_with_errors(self, batch: BatchKey) -> anyhow::Result<u64> {
        let mut statement = self.0.prepare_cached(
            "SELECT count(DISTINCT story_group_id) FROM requests
             WHERE batch_id = ?1 AND state IN ('unusable', 'refused', 'failed', 'missing')",
        )?;
        Ok(statement.query_row([batch], |row| row.get::<_, i64>(0))? as u64)
    }

    /// Returns why requests of a batch are not usable, the most frequent cause first.
    pub fn causes(self, batch: BatchKey) -> anyhow::Result<Vec<Cause>> {
        let mut statement = self.0.prepare_cached(
            "SELECT r.state, coalesce(r.reason, ''), count(*), min(a.message)
             FROM requests r LEFT JOIN answers a ON a.request_id = r.id
             WHERE r.batch_id = ?1 AND r.state IN ('unusable', 'refused', 'failed', 'missing')
             GROUP BY r.state, r.reason ORDER BY count(*) DESC, r.reason",
        )?;
        let rows = statement.query_map([batch], |row| {
            Ok(Cause {
                class: row.get(0)?,
                reason: row.get(1)?,
                count: row.get::<_, i64>(2)? as u64,
                example: row.get(3)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Returns what a batch cost.
    pub fn spend_of_batch(self, batch: BatchKey) -> anyhow::Result<Spend> {
        self.spend("r.batch_id = ?1", params![batch])
    }

    /// Returns what was spent in one world on groups with these ids.
    pub(super) fn spend_about(self, (first, last): (i64, i64), sandbox: bool) -> anyhow::Result<Spend> {
        self.spend("r.story_group_id BETWEEN ?1 AND ?2 AND r.sandbox = ?3", params![first, last, sandbox])
    }

    /// Returns what was spent in one world on groups that were forgotten.
    pub(in crate::store) fn spend_forgotten(self, sandbox: bool) -> anyhow::Result<Spend> {
        self.spend("r.story_group_id IS NULL AND r.sandbox = ?1", params![sandbox])
    }

    fn spend(self, condition: &'static str, values: &[&dyn rusqlite::ToSql]) -> anyhow::Result<Spend> {
        let mut statement = self.0.prepare_cached(&format!(
            "SELECT count(a.input_tokens), coalesce(sum(a.input_tokens), 0), coalesce(sum(a.cached_tokens), 0),
                    coalesce(sum(a.output_tokens), 0), coalesce(sum(a.reasoning_tokens), 0),
                    coalesce(sum(a.cost_usd), 0.0),
                    coalesce(sum(CASE WHEN r.state <> 'usable' THEN a.cost_usd END), 0.0),
                    coalesce(sum(a.sync_cost_usd - a.cost_usd), 0.0),
                    coalesce(sum(a.input_tokens IS NOT NULL AND a.cost_usd IS NULL), 0),
                    coalesce(sum(a.cache_write_tokens), 0),
                    coalesce(sum(r.state IN ('usable', 'unusable') AND a.input_tokens IS NULL), 0)
             FROM requests r LEFT JOIN answers a ON a.request_id = r.id WHERE {condition}"
        ))?;
        Ok(statement.query_row(values, |row| {
            let count = |i| row.get::<_, i64>(i).map(|n| n.max(0) as u64);
            Ok(Spend {
                n_answers: count(0)?,
                input_tokens: count(1)?,
                cached_tokens: count(2)?,
                cache_write_tokens: count(9)?,
                output_tokens: count(3)?,
                reasoning_tokens: count(4)?,
                cost_usd: row.get(5)?,
                unusable_cost_usd: row.get(6)?,
                saved_usd: row.get(7)?,
                n_unpriced: count(8)?,
                n_without_usage: count(10)?,
            })
        })?)
    }
}
