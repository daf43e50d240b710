//! Requests and answers.

use rusqlite::{OptionalExtension as _, Row, params};

use super::words;
use crate::model::{BatchKey, GroupKey, Kind, PromptKey, RequestKey, RunId, Usage};
use crate::store::{Read, Tx};

words! {
    /// State of a request.
    RequestState {
        /// Waits in a part.
        Planned = "planned",
        /// In flight.
        Sent = "sent",
        /// Answered and understood.
        Usable = "usable",
        /// Paid for, but refused by the model, truncated or malformed.
        Unusable = "unusable",
        /// Refused by the endpoint (4xx in the line); not billed, and no better the next time.
        Refused = "refused",
        /// Never billed: expired, cancelled, ghost, 408, 429, 5xx.
        Failed = "failed",
        /// In neither file, though both were read whole.
        Missing = "missing",
        /// Its plan was dropped; it was never sent.
        Withdrawn = "withdrawn",
    }
}

impl RequestState {
    /// Returns whether an answer may still come.
    pub fn is_pending(self) -> bool {
        matches!(self, RequestState::Planned | RequestState::Sent)
    }
}

/// A request to be recorded.
#[derive(Clone, Debug)]
pub struct NewRequest {
    /// The group asked about.
    pub group: GroupKey,
    /// Prompt.
    pub kind: Kind,
    /// Prompt that it asks.
    pub prompt: PromptKey,
    /// Hash of the group's text as it is sent.
    pub text_hash: [u8; 16],
    /// Part of this run.
    pub run: RunId,
    /// Its part; `None`: asked directly.
    pub batch: Option<BatchKey>,
    /// Asked at a sandbox.
    pub sandbox: bool,
    /// Asked by `compare`.
    pub is_comparison: bool,
    /// 1 is the first.
    pub attempt: u32,
    /// `Planned` or `Sent`.
    pub state: RequestState,
}

/// A request as it stands in the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestRow {
    /// Row of `requests`.
    pub key: RequestKey,
    /// The group asked about.
    pub group: GroupKey,
    /// Prompt.
    pub kind: Kind,
    /// Prompt that it asks.
    pub prompt: PromptKey,
    /// Hash of the group's text as it was sent.
    pub text_hash: [u8; 16],
    /// Its part or batch.
    pub batch: Option<BatchKey>,
    /// Asked at a sandbox.
    pub sandbox: bool,
    /// Asked by `compare`.
    pub is_comparison: bool,
    /// 1 is the first.
    pub attempt: u32,
    /// Outcome.
    pub state: RequestState,
    /// Why, where it is not usable.
    pub reason: Option<String>,
}

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

const COLUMNS: &str =
    "id, story_group_id, kind, prompt_id, text_hash, batch_id, sandbox, is_comparison, attempt, state, reason";

fn request(row: &Row<'_>) -> rusqlite::Result<RequestRow> {
    Ok(RequestRow {
        key: row.get(0)?,
        group: row.get(1)?,
        kind: row.get(2)?,
        prompt: row.get(3)?,
        text_hash: row.get(4)?,
        batch: row.get(5)?,
        sandbox: row.get(6)?,
        is_comparison: row.get(7)?,
        attempt: row.get(8)?,
        state: row.get(9)?,
        reason: row.get(10)?,
    })
}

impl Read<'_> {
    /// Returns a request.
    pub fn request(self, key: RequestKey) -> anyhow::Result<RequestRow> {
        Ok(self
            .0
            .prepare_cached(&format!("SELECT {COLUMNS} FROM requests WHERE id = ?1"))?
            .query_row([key], request)?)
    }

    /// Returns the request of a batch for a group and kind.
    pub fn request_in_batch(self, batch: BatchKey, group: GroupKey, kind: Kind) -> anyhow::Result<Option<RequestRow>> {
        let row = self
            .0
            .prepare_cached(&format!(
                "SELECT {COLUMNS} FROM requests WHERE batch_id = ?1 AND story_group_id = ?2 AND kind = ?3"
            ))?
            .query_row(params![batch, group, kind], request)
            .optional()?;
        Ok(row)
    }

    /// Returns the prompts of the requests that wait in a part.
    pub fn prompts_planned_in(self, batch: BatchKey) -> anyhow::Result<Vec<PromptKey>> {
        let mut statement = self.0.prepare_cached(
            "SELECT DISTINCT prompt_id FROM requests WHERE batch_id = ?1 AND state = 'planned' ORDER BY prompt_id",
        )?;
        Ok(statement.query_map([batch], |row| row.get(0))?.collect::<Result<_, _>>()?)
    }

    /// Gives the requests of a part or batch in the order they were planned, optionally only those in one state.
    pub fn each_request_of_batch(
        self,
        batch: BatchKey,
        only: Option<RequestState>,
        mut visit: impl FnMut(RequestRow) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let mut statement = self.0.prepare(&format!(
            "SELECT {COLUMNS} FROM requests WHERE batch_id = ?1 AND (?2 IS NULL OR state = ?2) ORDER BY id"
        ))?;
        let mut rows = statement.query(params![batch, only])?;
        while let Some(row) = rows.next()? {
            visit(request(row)?)?;
        }
        Ok(())
    }

    /// Returns the requests for a group and kind in one world, the last asked first; what was withdrawn and comparisons
    /// of
    /// `compare` left out.
    pub fn requests_for(self, group: GroupKey, kind: Kind, sandbox: bool) -> anyhow::Result<Vec<RequestRow>> {
        let mut statement = self.0.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM requests
             WHERE story_group_id = ?1 AND kind = ?2 AND sandbox = ?3 AND is_comparison = 0 AND state <> 'withdrawn'
             ORDER BY id DESC"
        ))?;
        Ok(statement.query_map(params![group, kind, sandbox], request)?.collect::<Result<_, _>>()?)
    }

    /// Returns whether a request was to be sent without a batch and nothing was written down of its answer.
    pub fn has_unanswered(self) -> anyhow::Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM requests WHERE state = 'sent' AND batch_id IS NULL)";
        Ok(self.0.query_row(sql, [], |row| row.get(0))?)
    }

    /// Gives the requests in one world whose text another group has today, the last asked first; what was withdrawn and
    /// trials of `compare` left out.
    pub fn each_request_for_copies(self, sandbox: bool, mut visit: impl FnMut(RequestRow)) -> anyhow::Result<()> {
        let mut statement = self.0.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM requests r
             WHERE sandbox = ?1 AND is_comparison = 0 AND state <> 'withdrawn'
               AND EXISTS (SELECT 1 FROM story_groups g WHERE g.text_hash = r.text_hash AND g.status = 'active'
                             AND g.id <> r.story_group_id)
             ORDER BY id DESC"
        ))?;
        let mut rows = statement.query([sandbox])?;
        while let Some(row) = rows.next()? {
            visit(request(row)?);
        }
        Ok(())
    }

    /// Gives the groups that share an answer to another group's request in one world, with that request.
    pub fn each_shared_request(self, sandbox: bool, mut visit: impl FnMut(GroupKey, RequestRow)) -> anyhow::Result<()> {
        let columns = COLUMNS.replace(", ", ", r.");
        let mut statement = self.0.prepare_cached(&format!(
            "SELECT r.{columns}, c.story_group_id FROM current_answers c JOIN requests r ON r.id = c.request_id
             WHERE c.is_shared = 1 AND r.sandbox = ?1"
        ))?;
        let mut rows = statement.query([sandbox])?;
        while let Some(row) = rows.next()? {
            visit(row.get(11)?, request(row)?);
        }
        Ok(())
    }

    /// Returns what waits in a part to be asked about a text that groups have today.
    pub fn planned_for_text(self, text_hash: [u8; 16], kind: Kind) -> anyhow::Result<Vec<RequestRow>> {
        let mut statement = self.0.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM requests
             WHERE story_group_id IN (SELECT id FROM story_groups WHERE text_hash = ?1) AND kind = ?2
               AND text_hash = ?1 AND state = 'planned' AND is_comparison = 0 ORDER BY id DESC"
        ))?;
        Ok(statement.query_map(params![text_hash, kind], request)?.collect::<Result<_, _>>()?)
    }

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

    /// Returns how many groups are left out as too large for a queue and have not been asked otherwise since.
    pub fn n_too_large(self) -> anyhow::Result<u64> {
        let n: i64 = self.0.query_row(
            "SELECT count(DISTINCT r.story_group_id) FROM requests r
             WHERE r.state = 'withdrawn' AND r.reason = 'too_large' AND r.is_comparison = 0
               AND NOT EXISTS (SELECT 1 FROM requests o WHERE o.story_group_id = r.story_group_id AND o.kind = r.kind
                                 AND o.id > r.id AND o.is_comparison = 0)",
            [],
            |row| row.get(0),
        )?;
        Ok(n.max(0) as u64)
    }

    /// Returns how many requests of a batch are in a state.
    pub fn n_requests_in(self, batch: BatchKey, state: RequestState) -> anyhow::Result<u64> {
        let n: i64 = self
            .0
            .prepare_cached("SELECT count(*) FROM requests WHERE batch_id = ?1 AND state = ?2")?
            .query_row(params![batch, state], |row| row.get(0))?;
        Ok(n as u64)
    }
}

impl Tx<'_> {
    /// Records a request.
    pub fn add_request(&self, new: &NewRequest) -> anyhow::Result<RequestKey> {
        self.prepare_cached(
                "INSERT INTO requests (story_group_id, kind, prompt_id, text_hash, run_id, batch_id, sandbox, is_comparison, attempt,
                                       state)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            )?
            .execute(
                params![
                    new.group,
                    new.kind,
                    new.prompt,
                    new.text_hash,
                    new.run,
                    new.batch,
                    new.sandbox,
                    new.is_comparison,
                    new.attempt,
                    new.state
                ])?;
        Ok(RequestKey(self.last_insert_rowid()))
    }

    /// Sets what became of a request.
    pub fn set_request_state(&self, key: RequestKey, state: RequestState, reason: Option<&str>) -> anyhow::Result<()> {
        self.prepare_cached("UPDATE requests SET state = ?2, reason = ?3 WHERE id = ?1")?
            .execute(params![key, state, reason])?;
        Ok(())
    }

    /// Gives a planned request the text it will be sent with.
    pub fn set_request_text(&self, key: RequestKey, text_hash: [u8; 16]) -> anyhow::Result<()> {
        self.prepare_cached("UPDATE requests SET text_hash = ?2 WHERE id = ?1")?.execute(params![key, text_hash])?;
        Ok(())
    }

    /// Says of a part's requests at which kind of origin they are asked.
    pub fn set_sandbox_of_batch(&self, batch: BatchKey, sandbox: bool) -> anyhow::Result<()> {
        self.execute(
            "UPDATE requests SET sandbox = ?2 WHERE batch_id = ?1 AND sandbox <> ?2",
            params![batch, sandbox],
        )?;
        Ok(())
    }

    /// Moves a request to another part, where it waits.
    pub fn move_request(&self, key: RequestKey, to: BatchKey) -> anyhow::Result<()> {
        self.prepare_cached("UPDATE requests SET batch_id = ?2, state = 'planned', reason = NULL WHERE id = ?1")?
            .execute(params![key, to])?;
        Ok(())
    }

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
