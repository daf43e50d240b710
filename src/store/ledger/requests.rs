//! Requests: one row for each time a group was asked for its topics or its entities.

use rusqlite::{OptionalExtension as _, Row, params};

use super::words;
use crate::model::{BatchKey, GroupKey, Kind, PromptKey, RequestKey, RunId};
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
            "SELECT {COLUMNS} FROM requests
             WHERE batch_id = ?1 AND (?2 IS NULL OR state = ?2) AND story_group_id IS NOT NULL ORDER BY id"
        ))?;
        let mut rows = statement.query(params![batch, only])?;
        while let Some(row) = rows.next()? {
            visit(request(row)?)?;
        }
        Ok(())
    }

    /// Returns the requests for a group and kind, of rehearsals or of the real thing, the last asked first; without those
    /// that were withdrawn or asked by `compare`.
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

    /// Gives the requests whose text another group has today, of rehearsals or of the real thing, the last asked first;
    /// without those that were withdrawn or asked by `compare`.
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

    /// Gives the groups that share an answer to another group's request, of rehearsals or of the real thing, with that
    /// request.
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

    /// Sets state and reason of a request.
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
}
