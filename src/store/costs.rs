//! The money, by month, model or run: what was billed, by the answers, and what is on its way, by its estimate.
//!
//! Rehearsals cost nothing and are left out. A request belongs to the month of its answer; one that has none yet, to that
//! of its run.

use rusqlite::params;
use serde::Serialize;

use super::Read;

/// Division of costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CostsBy {
    Month,
    Model,
    Run,
}

/// Costs of one month, model or run.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct CostRow {
    /// The month (`2026-11`), the model or the run.
    pub name: String,
    /// Answers that told their usage.
    pub n_answers: u64,
    /// All input tokens, cached ones included.
    pub input_tokens: u64,
    /// Input tokens read from the provider's cache.
    pub cached_tokens: u64,
    /// All output tokens, reasoning included.
    pub output_tokens: u64,
    /// Billed in USD.
    pub cost_usd: f64,
    /// Of it, for answers that were not usable.
    pub unusable_cost_usd: f64,
    /// Saved against synchronous prices.
    pub saved_usd: f64,
    /// Answers with usage whose price is not known; they are in no sum.
    pub n_unpriced: u64,
    /// Estimate of what is at the provider and not imported yet.
    pub in_flight_usd: f64,
}

/// Tokens of the batches for which the provider gave its own sums, beside those of their answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ReportedTokens {
    /// Batches with such sums.
    pub n_batches: u64,
    /// Input tokens, by the provider.
    pub input_tokens: u64,
    /// Output tokens, by the provider.
    pub output_tokens: u64,
    /// Input tokens of the same batches, by their answers.
    pub answered_input_tokens: u64,
    /// Output tokens of the same batches, by their answers.
    pub answered_output_tokens: u64,
}

impl Read<'_> {
    /// Returns the costs, in the order of their names; of runs, the oldest first.
    pub fn costs(self, by: CostsBy) -> anyhow::Result<Vec<CostRow>> {
        // The one name that differs; the rest of the question is the same.
        let (of_answer, of_batch) = match by {
            CostsBy::Month => ("substr(coalesce(a.answered_at, u.created_at), 1, 7)", "substr(u.created_at, 1, 7)"),
            CostsBy::Model => ("p.model", "b.model"),
            CostsBy::Run => ("u.id", "u.id"),
        };
        let sql = format!(
            "WITH part AS (
                 SELECT {of_answer} AS name, 1 AS n, a.input_tokens AS input, a.cached_tokens AS cached,
                        a.output_tokens AS output, a.cost_usd AS cost,
                        CASE WHEN r.state <> 'usable' THEN a.cost_usd END AS unusable,
                        a.sync_cost_usd - a.cost_usd AS saved, a.cost_usd IS NULL AS unpriced, 0.0 AS in_flight
                 FROM answers a
                 JOIN requests r ON r.id = a.request_id
                 JOIN runs u ON u.id = r.run_id
                 JOIN prompts p ON p.id = r.prompt_id
                 WHERE r.sandbox = 0 AND a.input_tokens IS NOT NULL
                 UNION ALL
                 SELECT {of_batch}, 0, 0, 0, 0, 0.0, 0.0, 0.0, 0, b.estimated_cost_usd
                 FROM batches b
                 JOIN runs u ON u.id = b.run_id
                 LEFT JOIN origins o ON o.id = b.origin_id
                 WHERE b.state IN ('creating', 'open', 'ended', 'uncertain') AND coalesce(o.is_sandbox, 0) = 0)
             SELECT name, sum(n), total(input), total(cached), total(output), total(cost), total(unusable), total(saved),
                    sum(unpriced), total(in_flight)
             FROM part LEFT JOIN runs u ON u.id = name GROUP BY name ORDER BY u.created_at, u.rowid, name"
        );
        let mut statement = self.0.prepare_cached(&sql)?;
        let rows = statement.query_map([], |row| {
            let n = |at| row.get::<_, f64>(at).map(|n| n.max(0.0) as u64);
            let count = |at| row.get::<_, i64>(at).map(|n| n.max(0) as u64);
            Ok(CostRow {
                name: row.get(0)?,
                n_answers: count(1)?,
                input_tokens: n(2)?,
                cached_tokens: n(3)?,
                output_tokens: n(4)?,
                cost_usd: row.get(5)?,
                unusable_cost_usd: row.get(6)?,
                saved_usd: row.get(7)?,
                n_unpriced: count(8)?,
                in_flight_usd: row.get(9)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Returns the tokens that the provider counted for imported batches, and those of their answers.
    pub fn reported_tokens(self) -> anyhow::Result<ReportedTokens> {
        let n = |row: &rusqlite::Row<'_>, at| row.get::<_, i64>(at).map(|n| n.max(0) as u64);
        Ok(self.0.query_row(
            "WITH reported AS (
                 SELECT b.id, b.n_reported_input_tokens AS input, b.n_reported_output_tokens AS output
                 FROM batches b
                 LEFT JOIN origins o ON o.id = b.origin_id
                 WHERE b.state = 'imported' AND b.n_reported_input_tokens IS NOT NULL AND coalesce(o.is_sandbox, 0) = 0),
             answered AS (
                 SELECT sum(a.input_tokens) AS input, sum(a.output_tokens) AS output
                 FROM requests r
                 JOIN answers a ON a.request_id = r.id
                 WHERE r.batch_id IN (SELECT id FROM reported))
             SELECT count(*), CAST(total(input) AS INTEGER), CAST(total(output) AS INTEGER),
                    coalesce((SELECT input FROM answered), 0), coalesce((SELECT output FROM answered), 0)
             FROM reported",
            [],
            |row| {
                Ok(ReportedTokens {
                    n_batches: n(row, 0)?,
                    input_tokens: n(row, 1)?,
                    output_tokens: n(row, 2)?,
                    answered_input_tokens: n(row, 3)?,
                    answered_output_tokens: n(row, 4)?,
                })
            },
        )?)
    }

    /// Returns what was billed since a day, and the estimate of what is on its way since then.
    pub fn spent_since(self, day: &str) -> anyhow::Result<f64> {
        let billed: f64 = self.0.query_row(
            "SELECT total(a.cost_usd)
             FROM answers a
             JOIN requests r ON r.id = a.request_id
             JOIN runs u ON u.id = r.run_id
             WHERE r.sandbox = 0 AND coalesce(a.answered_at, u.created_at) >= ?1",
            params![day],
            |row| row.get(0),
        )?;
        let in_flight: f64 = self.0.query_row(
            "SELECT total(b.estimated_cost_usd)
             FROM batches b
             LEFT JOIN origins o ON o.id = b.origin_id
             WHERE b.state IN ('creating', 'open', 'ended', 'uncertain') AND coalesce(o.is_sandbox, 0) = 0",
            [],
            |row| row.get(0),
        )?;
        Ok(billed + in_flight)
    }
}
