//! Moves of parts: the statements that set the state of a part or batch.
//!
//! [`Tx::part_moves`] is for the state machine in `batch::part` alone, which knows what may follow on what; the linter
//! refuses it anywhere else. Each statement names the state it moves from, so that a part that another process has moved
//! meanwhile stops the caller instead of being moved twice.

use rusqlite::params;

use super::{BatchState, Claim, FoundBy, NewBatch, RequestState};
use crate::model::{BatchId, BatchKey, FileId, OriginKey};
use crate::store::Tx;

/// Write access to the states of parts, within a transaction.
#[derive(Clone, Copy, Debug)]
pub struct PartMoves<'t>(&'t Tx<'t>);

impl Tx<'_> {
    /// Returns write access to the states of parts; for the state machine alone.
    pub fn part_moves(&self) -> PartMoves<'_> {
        PartMoves(self)
    }
}

impl PartMoves<'_> {
    /// Records a part, planned.
    pub fn add(self, part: &NewBatch) -> anyhow::Result<BatchKey> {
        let key = self
            .0
            .prepare_cached(
                "INSERT INTO batches (run_id, part, state, model, n_groups, n_requests, estimated_input_tokens,
                                      estimated_cost_usd)
                 VALUES (?1, ?2, 'planned', ?3, ?4, ?5, ?6, ?7) RETURNING id",
            )?
            .query_row(
                params![
                    part.run,
                    part.part,
                    part.model,
                    part.n_groups as i64,
                    part.n_requests as i64,
                    part.estimated_input_tokens as i64,
                    part.estimated_cost_usd
                ],
                |row| row.get(0),
            )?;
        Ok(key)
    }

    /// Moves a part from one state to another; an error where it is not in the first.
    pub fn set(self, key: BatchKey, from: BatchState, to: BatchState) -> anyhow::Result<()> {
        let n = self
            .0
            .prepare_cached("UPDATE batches SET state = ?3 WHERE id = ?1 AND state = ?2")?
            .execute(params![key, from, to])?;
        anyhow::ensure!(n == 1, "another gleaner has moved on with a part that was `{}` a moment ago", from.as_str());
        Ok(())
    }

    /// Writes down the file and the origin of an upload.
    pub fn note_upload_intent(
        self,
        key: BatchKey,
        origin: OriginKey,
        file: (&str, u64, &str),
        gleaner_key: &str,
        now: &str,
    ) -> anyhow::Result<()> {
        let (path, bytes, sha256) = file;
        self.0.execute(
            "UPDATE batches SET origin_id = ?2, input_file_path = ?3, input_bytes = ?4, sha256 = ?5, gleaner_key = ?6,
                    intent_at = ?7, input_file_id = NULL, not_before = NULL, errors = NULL
             WHERE id = ?1",
            params![key, origin, path, bytes as i64, sha256, gleaner_key, now],
        )?;
        self.0.execute(
            "UPDATE runs SET origin_id = ?2 WHERE id = (SELECT run_id FROM batches WHERE id = ?1)",
            params![key, origin],
        )?;
        Ok(())
    }

    /// Writes down the provider's id of the uploaded file.
    pub fn note_upload(self, key: BatchKey, file: &FileId) -> anyhow::Result<()> {
        self.0.execute("UPDATE batches SET input_file_id = ?2 WHERE id = ?1", params![key, file])?;
        Ok(())
    }

    /// Writes down the key and the metadata of a try to create the batch; each try has a fresh key.
    pub fn note_create_intent(self, key: BatchKey, gleaner_key: &str, metadata: &str, now: &str) -> anyhow::Result<()> {
        self.0.execute(
            "UPDATE batches SET gleaner_key = ?2, metadata = ?3, intent_at = ?4 WHERE id = ?1",
            params![key, gleaner_key, metadata, now],
        )?;
        Ok(())
    }

    /// Writes down the provider's id of a batch; `found_by` where the call that made it had no clear outcome.
    pub fn note_batch(
        self,
        key: BatchKey,
        id: &BatchId,
        status: &str,
        found_by: Option<FoundBy>,
        now: &str,
    ) -> anyhow::Result<()> {
        self.0.execute(
            "UPDATE batches SET external_id = ?2, status = ?3, checked_at = ?4, status_changed_at = ?4,
                    created_at = coalesce(created_at, ?4), found_by = ?5 WHERE id = ?1",
            params![key, id, status, now, found_by],
        )?;
        Ok(())
    }

    /// Writes down when the files of a batch were read and what they held, counted from what is kept of them, so that the
    /// order of the files makes no difference.
    pub fn note_import(self, key: BatchKey, n_duplicate: u64, now: &str) -> anyhow::Result<()> {
        self.0.execute(
            "UPDATE batches SET imported_at = coalesce(imported_at, ?2),
                    n_foreign = (SELECT count(*) FROM foreign_lines WHERE batch_id = ?1),
                    n_duplicate = max(n_duplicate, ?3), (n_clamped, n_repaired) =
                        (SELECT coalesce(sum(a.n_clamped), 0), coalesce(sum(a.is_repaired), 0)
                         FROM requests r JOIN answers a ON a.request_id = r.id WHERE r.batch_id = ?1)
             WHERE id = ?1",
            params![key, now, n_duplicate as i64],
        )?;
        Ok(())
    }

    /// Writes down what is claimed of a batch, since when and how often; `None`: nothing any more.
    pub fn note_claim(self, key: BatchKey, claim: Option<(Claim, &str, u32)>) -> anyhow::Result<()> {
        let (claim, since, n) = match claim {
            Some((claim, since, n)) => (Some(claim), Some(since), n),
            None => (None, None, 0),
        };
        self.0.execute(
            "UPDATE batches SET claim = ?2, claimed_at = ?3, n_claims = ?4 WHERE id = ?1",
            params![key, claim, since, n],
        )?;
        Ok(())
    }

    /// Gives back the requests of a batch that were dropped for a reason that no longer holds.
    pub fn restore_requests(self, batch: BatchKey, from: RequestState, reason: &str) -> anyhow::Result<()> {
        self.0.execute(
            "UPDATE requests SET state = 'sent', reason = NULL WHERE batch_id = ?1 AND state = ?2 AND reason = ?3",
            params![batch, from, reason],
        )?;
        Ok(())
    }

    /// Withdraws what other parts still plan to ask though this batch has asked it; `None`: though any batch has.
    pub fn withdraw_elsewhere(self, batch: Option<BatchKey>) -> anyhow::Result<()> {
        self.0.execute(
            "UPDATE requests AS r SET state = 'withdrawn', reason = 'asked_elsewhere'
             WHERE r.state = 'planned' AND (?1 IS NULL OR r.batch_id <> ?1)
               AND r.batch_id NOT IN (SELECT id FROM batches WHERE state = 'creating')
               AND EXISTS (SELECT 1 FROM requests o
                           WHERE (?1 IS NULL OR o.batch_id = ?1) AND o.state = 'sent' AND o.kind = r.kind
                             AND o.story_group_id = r.story_group_id AND o.sandbox = r.sandbox AND o.is_comparison = r.is_comparison)",
            [batch],
        )?;
        Ok(())
    }

    /// Sets what became of all requests of a batch that are in one state; returns how many there were.
    pub fn set_requests(
        self,
        batch: BatchKey,
        from: RequestState,
        to: RequestState,
        reason: Option<&str>,
    ) -> anyhow::Result<u64> {
        let n = self.0.execute(
            "UPDATE requests SET state = ?3, reason = ?4 WHERE batch_id = ?1 AND state = ?2",
            params![batch, from, to, reason],
        )?;
        Ok(n as u64)
    }

    /// Keeps the custom_id that each request of a batch was sent with: a group's id may change afterwards.
    pub fn keep_custom_ids(self, batch: BatchKey) -> anyhow::Result<()> {
        self.0.execute(
            "UPDATE requests SET custom_id = kind || '_' || (SELECT coalesce(g.wire_id, g.external_id)
                                                             FROM story_groups g WHERE g.id = story_group_id)
             WHERE batch_id = ?1 AND state = 'sent' AND custom_id IS NULL",
            [batch],
        )?;
        Ok(())
    }
}
