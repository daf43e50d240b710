//! Answers: what came back for each request, and what it cost.

use rusqlite::{OptionalExtension as _, params};

use super::requests::{RequestRow, RequestState};
use crate::model::{BatchKey, PromptKey, RequestKey, Usage};
use crate::store::{Read, Tx};

/// Reply to a request.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AnswerRow {
    /// The answer's own time, else the batch's end.
    pub answered_at: Option<String>,
    /// The model that says it answered.
    pub model: Option<String>,
    /// The provider's id of the response.
    pub response_id: Option<String>,
    /// The model's text, whole.
    pub text: Option<String>,
    /// The line itself, at most 64 KiB, where it is not usable.
    pub raw: Option<String>,
    /// Why it is not usable, in words.
    pub message: Option<String>,
    /// True where its JSON had to be mended.
    pub repaired: bool,
    /// Values out of range, brought into it.
    pub clamped: u64,
    /// Usage; `None`: the line told nothing, so it was not billed.
    pub usage: Option<Usage>,
    /// `None`: price unknown or not billed.
    pub cost_usd: Option<f64>,
    /// Cost of the same without the Batch API.
    pub sync_cost_usd: Option<f64>,
}

impl Read<'_> {
    /// Returns the answer to a request.
    pub fn answer(self, key: RequestKey) -> anyhow::Result<Option<AnswerRow>> {
        let row = self
            .0
            .prepare_cached(
                "SELECT answered_at, model, response_id, text, raw, message, is_repaired, input_tokens, cached_tokens,
                        output_tokens, reasoning_tokens, cost_usd, sync_cost_usd, n_clamped, cache_write_tokens
                 FROM answers WHERE request_id = ?1",
            )?
            .query_row([key], |row| {
                let count = |i| row.get::<_, Option<i64>>(i).map(|n| n.unwrap_or(0).max(0) as u64);
                let has_usage = row.get::<_, Option<i64>>(7)?.is_some();
                Ok(AnswerRow {
                    answered_at: row.get(0)?,
                    model: row.get(1)?,
                    response_id: row.get(2)?,
                    text: row.get(3)?,
                    raw: row.get(4)?,
                    message: row.get(5)?,
                    repaired: row.get(6)?,
                    clamped: count(13)?,
                    usage: if has_usage {
                        Some(Usage {
                            input_tokens: count(7)?,
                            cached_tokens: count(8)?,
                            cache_write_tokens: count(14)?,
                            output_tokens: count(9)?,
                            reasoning_tokens: count(10)?,
                        })
                    } else {
                        None
                    },
                    cost_usd: row.get(11)?,
                    sync_cost_usd: row.get(12)?,
                })
            })
            .optional()?;
        Ok(row)
    }

    /// Returns the average output tokens of past answers of a prompt, once there are at least 20 to average.
    pub fn average_output_tokens(self, prompt: PromptKey) -> anyhow::Result<Option<f64>> {
        let (n, average): (i64, Option<f64>) = self.0.query_row(
            "SELECT count(a.output_tokens), avg(a.output_tokens)
             FROM requests r JOIN answers a ON a.request_id = r.id WHERE r.prompt_id = ?1",
            [prompt],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        Ok(average.filter(|_| n >= 20))
    }

    /// Returns which shares of their input past answers to a prompt read from the provider's cache and wrote into it;
    /// `None` while there are too few. A sandbox's cache says nothing of a provider's.
    pub fn cache_shares(self, prompt: PromptKey, sandbox: bool) -> anyhow::Result<Option<(f64, f64)>> {
        let (n, input, cached, written): (i64, f64, f64, f64) = self.0.query_row(
            "SELECT count(a.input_tokens), total(a.input_tokens), total(a.cached_tokens), total(a.cache_write_tokens)
             FROM requests r JOIN answers a ON a.request_id = r.id WHERE r.prompt_id = ?1 AND r.sandbox = ?2",
            params![prompt, sandbox],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
        )?;
        Ok((n >= 20 && input > 0.0).then(|| (cached / input, written / input)))
    }

    /// Returns the average input and output tokens of past answers of some prompts, once there are at least 20.
    pub fn average_tokens(self, prompts: &[PromptKey]) -> anyhow::Result<Option<(f64, f64)>> {
        let mut statement = self.0.prepare_cached(
            "SELECT count(a.output_tokens), coalesce(sum(a.input_tokens), 0), coalesce(sum(a.output_tokens), 0)
             FROM requests r JOIN answers a ON a.request_id = r.id WHERE r.prompt_id = ?1",
        )?;
        let (mut n, mut input, mut output) = (0.0, 0.0, 0.0);
        for prompt in prompts {
            let sums: (f64, f64, f64) = statement.query_row([prompt], |row| {
                Ok((row.get::<_, i64>(0)? as f64, row.get::<_, i64>(1)? as f64, row.get::<_, i64>(2)? as f64))
            })?;
            (n, input, output) = (n + sums.0, input + sums.1, output + sums.2);
        }
        Ok((n >= 20.0).then(|| (input / n, output / n)))
    }

    /// Returns what the unusable answers among some requests have cost so far.
    pub fn cost_of_unusable(self, requests: &[RequestRow]) -> anyhow::Result<f64> {
        let mut statement =
            self.0.prepare_cached("SELECT coalesce(sum(cost_usd), 0.0) FROM answers WHERE request_id = ?1")?;
        let mut cost = 0.0;
        for request in requests.iter().filter(|request| request.state == RequestState::Unusable) {
            cost += statement.query_row([request.key], |row| row.get::<_, f64>(0))?;
        }
        Ok(cost)
    }
}

impl Tx<'_> {
    /// Keeps what came back for a request, in place of what came before. The cost is stored once: a later import does
    /// not price an old answer anew.
    pub fn keep_answer(&self, key: RequestKey, answer: &AnswerRow) -> anyhow::Result<()> {
        // More tokens than a database counts are not known; the answer is kept all the same.
        let count = |pick: fn(&Usage) -> u64| answer.usage.as_ref().and_then(|usage| i64::try_from(pick(usage)).ok());
        self.prepare_cached(
            "INSERT INTO answers (request_id, answered_at, model, response_id, text, raw, message, is_repaired, input_tokens,
                                  cached_tokens, output_tokens, reasoning_tokens, cost_usd, sync_cost_usd, n_clamped,
                                  cache_write_tokens)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)
             ON CONFLICT (request_id) DO UPDATE SET answered_at = excluded.answered_at, model = excluded.model,
                 response_id = excluded.response_id, text = excluded.text, raw = excluded.raw,
                 message = excluded.message, is_repaired = excluded.is_repaired,
                 n_clamped = excluded.n_clamped, input_tokens = excluded.input_tokens,
                 cached_tokens = excluded.cached_tokens, output_tokens = excluded.output_tokens,
                 reasoning_tokens = excluded.reasoning_tokens, cache_write_tokens = excluded.cache_write_tokens,
                 cost_usd = coalesce(answers.cost_usd, excluded.cost_usd),
                 sync_cost_usd = coalesce(answers.sync_cost_usd, excluded.sync_cost_usd)",
        )?
        .execute(params![
            key,
            answer.answered_at,
            answer.model,
            answer.response_id,
            answer.text,
            answer.raw,
            answer.message,
            answer.repaired,
            count(|u| u.input_tokens),
            count(|u| u.cached_tokens),
            count(|u| u.output_tokens),
            count(|u| u.reasoning_tokens),
            answer.cost_usd,
            answer.sync_cost_usd,
            answer.clamped as i64,
            count(|u| u.cache_write_tokens)
        ])?;
        Ok(())
    }

    /// Settles requests that were to be sent without a batch by a process that is gone: whether they were bought nobody
    /// knows, so they count as paid. Returns how many there were.
    pub fn settle_unanswered(&self, reason: &str, message: &str) -> anyhow::Result<u64> {
        self.execute(
            "INSERT INTO answers (request_id, message)
             SELECT id, ?1 FROM requests WHERE state = 'sent' AND batch_id IS NULL
             ON CONFLICT (request_id) DO NOTHING",
            [message],
        )?;
        let sql = "UPDATE requests SET state = 'unusable', reason = ?1 WHERE state = 'sent' AND batch_id IS NULL";
        Ok(self.execute(sql, [reason])? as u64)
    }

    /// Sets a line aside that nobody asked for; one that was set aside before is not kept twice.
    pub fn set_aside(&self, batch: BatchKey, custom_id: Option<&str>, line: &str) -> anyhow::Result<()> {
        self.prepare_cached(
            "INSERT INTO foreign_lines (batch_id, custom_id, line)
             SELECT ?1, ?2, ?3 WHERE NOT EXISTS (SELECT 1 FROM foreign_lines
                                                 WHERE batch_id = ?1 AND custom_id IS ?2 AND line = ?3)",
        )?
        .execute(params![batch, custom_id, line])?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::explore::testing;

    #[test]
    fn what_no_database_counts_does_not_keep_an_answer_out() {
        let mut store = testing::store();
        let tx = store.write().unwrap();
        let usage = Usage { input_tokens: u64::MAX, cached_tokens: 7, cache_write_tokens: 5, ..Usage::default() };
        let answer = AnswerRow { usage: Some(usage), text: Some("paid".into()), ..AnswerRow::default() };
        tx.keep_answer(RequestKey(1), &answer).unwrap();
        let read: (Option<i64>, i64, i64) = tx
            .query_row("SELECT input_tokens, cached_tokens, cache_write_tokens FROM answers", [], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })
            .unwrap();
        assert_eq!(read, (None, 7, 5));
    }
}
