//! Parts and batches.

use rusqlite::{OptionalExtension as _, Row, params};

use super::words;
use crate::model::{BatchId, BatchKey, FileId, OriginKey, RunId};
use crate::store::{Read, Tx};

words! {
    /// State of a part or batch, as far as we know.
    BatchState {
        /// Waits here.
        Planned = "planned",
        /// Its file is on its way; a crash leaves it so.
        Uploading = "uploading",
        /// The provider has the file, no batch was asked for yet.
        Uploaded = "uploaded",
        /// The batch was asked for and the outcome is not known: look before sending again.
        Creating = "creating",
        /// At the provider.
        Open = "open",
        /// Terminal there, not yet read.
        Ended = "ended",
        /// Both files were read.
        Imported = "imported",
        /// The provider claims what costs money or loses an answer, and it is not proven: looked at again by whoever
        /// talks to the provider, never sent again by itself.
        Uncertain = "uncertain",
        /// The provider that made it does not know it any more.
        Gone = "gone",
        /// The user does not wait for it any longer.
        GivenUp = "given_up",
        /// Refused or split: its requests are in another part.
        Replaced = "replaced",
        /// The plan was dropped before it was sent.
        Withdrawn = "withdrawn",
    }
}

impl BatchState {
    /// Returns whether something may still come of it.
    pub fn is_pending(self) -> bool {
        use BatchState::*;
        matches!(self, Planned | Uploading | Uploaded | Creating | Open | Ended | Uncertain)
    }

    /// Returns whether nobody knows yet what is at the provider.
    pub fn is_uncertain(self) -> bool {
        matches!(self, BatchState::Creating | BatchState::Uncertain)
    }

    /// Returns whether it waits here to be sent, or is somewhere on its way.
    pub fn is_unsent(self) -> bool {
        use BatchState::*;
        matches!(self, Planned | Uploading | Uploaded | Creating)
    }
}

words! {
    /// The evidence by which a batch was found at the provider after the call that makes it had no clear outcome.
    FoundBy {
        /// It carries the key of the try.
        Key = "key",
        /// It was made from the file that was uploaded.
        InputFile = "input_file",
        /// It names run, part and hash of the file: the row of the try was lost with an older copy of the database.
        Part = "part",
    }
}

words! {
    /// Claim about an uncertain batch.
    Claim {
        /// The provider does not know it.
        Gone = "gone",
        /// Requests are in none of its files, or the files can't be had.
        Answers = "answers",
    }
}

/// A part to be recorded.
#[derive(Clone, Debug)]
pub struct NewBatch {
    pub run: RunId,
    /// 1-based number within the run.
    pub part: u32,
    /// The one model of its requests.
    pub model: String,
    /// Groups in it.
    pub n_groups: u64,
    /// Requests in it.
    pub n_requests: u64,
    /// Estimated input tokens.
    pub estimated_input_tokens: u64,
    /// Estimated cost in USD at batch prices; `None`: price unknown.
    pub estimated_cost_usd: Option<f64>,
}

/// All that is known of a part or batch.
#[derive(Clone, Debug)]
pub struct BatchRow {
    /// Row of `batches`.
    pub key: BatchKey,
    pub run: RunId,
    /// 1-based number within the run.
    pub part: u32,
    pub state: BatchState,
    /// The provider's id.
    pub batch_id: Option<BatchId>,
    pub origin: Option<OriginKey>,
    /// The provider's word, verbatim.
    pub status: Option<String>,
    /// Key to look for at the provider when in doubt.
    pub gleaner_key: Option<String>,
    /// Of the request file as uploaded.
    pub sha256: Option<String>,
    /// Relative to the database's folder.
    pub input_file_path: Option<String>,
    /// Size of the request file.
    pub input_bytes: Option<u64>,
    /// The provider's files.
    pub input_file_id: Option<FileId>,
    /// Answers.
    pub output_file_id: Option<FileId>,
    /// Failed lines.
    pub error_file_id: Option<FileId>,
    /// The one model of its requests.
    pub model: String,
    /// Groups in it.
    pub n_groups: u64,
    /// Requests in it.
    pub n_requests: u64,
    /// Estimated input tokens.
    pub estimated_input_tokens: u64,
    /// Estimated cost in USD.
    pub estimated_cost_usd: Option<f64>,
    /// `request_counts` as last seen: total, completed, failed. Not evidence.
    pub counts: Option<(u64, u64, u64)>,
    /// When the current try to submit began.
    pub intent_at: Option<String>,
    /// The provider's times.
    pub created_at: Option<String>,
    /// When the provider gives up on what is unfinished.
    pub expires_at: Option<String>,
    /// When it became terminal there.
    pub completed_at: Option<String>,
    /// When we last looked.
    pub checked_at: Option<String>,
    /// When status or counts last changed.
    pub status_changed_at: Option<String>,
    /// When both files were read.
    pub imported_at: Option<String>,
    /// The queue was full: when to try again.
    pub not_before: Option<String>,
    /// Number of times that the queue was full.
    pub n_refusals: u32,
    /// When its remote files were deleted.
    pub remote_deleted_at: Option<String>,
    /// Lines nobody asked for.
    pub n_foreign: u64,
    /// Lines that repeated another.
    pub n_duplicate: u64,
    /// Values brought into range.
    pub n_clamped: u64,
    /// Answers whose JSON had to be mended.
    pub n_repaired: u64,
    /// JSON list of {code, message, line, custom_id}.
    pub errors: Option<String>,
    /// JSON, as sent.
    pub metadata: Option<String>,
    /// Claim, where it is uncertain.
    pub claim: Option<Claim>,
    /// When the claim was first made.
    pub claimed_at: Option<String>,
    /// Number of looks brought it, in the API's own words.
    pub n_claims: u32,
}

const COLUMNS: &str = "id, run_id, part, state, external_id, origin_id, status, gleaner_key, sha256, input_file_path,
    input_bytes, input_file_id, output_file_id, error_file_id, model, n_groups, n_requests, estimated_input_tokens,
    estimated_cost_usd, n_reported, n_reported_completed, n_reported_failed, intent_at, created_at, expires_at, completed_at,
    checked_at, status_changed_at, imported_at, not_before, n_refusals, remote_deleted_at, n_foreign, n_duplicate, n_clamped,
    n_repaired, errors, metadata, claim, claimed_at, n_claims";

fn batch_row(row: &Row<'_>) -> rusqlite::Result<BatchRow> {
    let count = |column: &str| row.get::<_, i64>(column).map(|n| n.max(0) as u64);
    let maybe = |column: &str| row.get::<_, Option<i64>>(column).map(|n| n.map(|n| n.max(0) as u64));
    Ok(BatchRow {
        key: row.get("id")?,
        run: row.get("run_id")?,
        part: row.get("part")?,
        state: row.get("state")?,
        batch_id: row.get("external_id")?,
        origin: row.get("origin_id")?,
        status: row.get("status")?,
        gleaner_key: row.get("gleaner_key")?,
        sha256: row.get("sha256")?,
        input_file_path: row.get("input_file_path")?,
        input_bytes: maybe("input_bytes")?,
        input_file_id: row.get("input_file_id")?,
        output_file_id: row.get("output_file_id")?,
        error_file_id: row.get("error_file_id")?,
        model: row.get("model")?,
        n_groups: count("n_groups")?,
        n_requests: count("n_requests")?,
        estimated_input_tokens: count("estimated_input_tokens")?,
        estimated_cost_usd: row.get("estimated_cost_usd")?,
        counts: match (maybe("n_reported")?, maybe("n_reported_completed")?, maybe("n_reported_failed")?) {
            (Some(total), Some(completed), Some(failed)) => Some((total, completed, failed)),
            _ => None,
        },
        intent_at: row.get("intent_at")?,
        created_at: row.get("created_at")?,
        expires_at: row.get("expires_at")?,
        completed_at: row.get("completed_at")?,
        checked_at: row.get("checked_at")?,
        status_changed_at: row.get("status_changed_at")?,
        imported_at: row.get("imported_at")?,
        not_before: row.get("not_before")?,
        n_refusals: row.get("n_refusals")?,
        remote_deleted_at: row.get("remote_deleted_at")?,
        n_foreign: count("n_foreign")?,
        n_duplicate: count("n_duplicate")?,
        n_clamped: count("n_clamped")?,
        n_repaired: count("n_repaired")?,
        errors: row.get("errors")?,
        metadata: row.get("metadata")?,
        claim: row.get("claim")?,
        claimed_at: row.get("claimed_at")?,
        n_claims: row.get("n_claims")?,
    })
}

impl Read<'_> {
    fn batches_where(self, condition: &'static str, value: impl rusqlite::ToSql) -> anyhow::Result<Vec<BatchRow>> {
        let mut statement = self
            .0
            .prepare_cached(&format!(
                // Ids of runs made within one second are in no order.
                "SELECT {COLUMNS} FROM batches b WHERE {condition}
                 ORDER BY (SELECT created_at FROM runs WHERE id = b.run_id), (SELECT rowid FROM runs WHERE id = b.run_id),
                          part, b.id"
            ))?;
        Ok(statement.query_map([value], batch_row)?.collect::<Result<_, _>>()?)
    }

    /// Returns a part or batch.
    pub fn batch(self, key: BatchKey) -> anyhow::Result<BatchRow> {
        let mut statement = self.0.prepare_cached(&format!("SELECT {COLUMNS} FROM batches WHERE id = ?1"))?;
        Ok(statement.query_row([key], batch_row)?)
    }

    /// Returns the batches that a provider calls so; more than one where two providers gave the same id.
    pub fn batches_by_id(self, id: &BatchId) -> anyhow::Result<Vec<BatchRow>> {
        self.batches_where("external_id = ?1", id)
    }

    /// Returns the batch that the provider at `base_url` calls so.
    pub fn batch_at(self, base_url: &str, id: &BatchId) -> anyhow::Result<Option<BatchRow>> {
        let mut statement = self.0.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM batches
             WHERE external_id = ?1 AND origin_id = (SELECT id FROM origins WHERE base_url = ?2)"
        ))?;
        Ok(statement.query_row(params![id, base_url], batch_row).optional()?)
    }

    /// Returns the part that a batch of the provider's list was made from: it carries the key of a try, or its input
    /// file, or a try was made of the very same file of its run; whatever state the part is in.
    pub fn part_tried_as(
        self,
        gleaner_key: Option<&str>,
        input_file: Option<&str>,
        of_run: Option<(&RunId, u32, &str)>,
    ) -> anyhow::Result<Option<BatchRow>> {
        let (run, part, sha256) = match of_run {
            Some((run, part, sha256)) => (Some(run), Some(part), Some(sha256)),
            None => (None, None, None),
        };
        let mut statement = self.0.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM batches
             WHERE external_id IS NULL AND (gleaner_key = ?1 OR input_file_id = ?2
                OR (run_id = ?3 AND part = ?4 AND sha256 = ?5 AND intent_at IS NOT NULL))
             ORDER BY gleaner_key IS ?1 DESC, id LIMIT 1"
        ))?;
        Ok(statement.query_row(params![gleaner_key, input_file, run, part, sha256], batch_row).optional()?)
    }

    /// Returns the parts and batches of a run, in order; those that were replaced come before what replaced them.
    pub fn batches_of_run(self, run: &RunId) -> anyhow::Result<Vec<BatchRow>> {
        self.batches_where("run_id = ?1", run)
    }

    /// Returns all parts and batches in a state.
    pub fn batches_in(self, state: BatchState) -> anyhow::Result<Vec<BatchRow>> {
        self.batches_where("state = ?1", state)
    }

    /// Returns all parts and batches of which something may still come, by run and part, the oldest run first.
    pub fn pending_batches(self) -> anyhow::Result<Vec<BatchRow>> {
        let all = self.batches_where(
            "state IN ('planned', 'uploading', 'uploaded', 'creating', 'open', 'ended', 'uncertain') AND ?1",
            true,
        )?;
        Ok(all)
    }

    /// Returns the estimated input tokens that open batches of a model hold in the provider's queue.
    pub fn enqueued_tokens(self, origin: OriginKey, model: &str) -> anyhow::Result<u64> {
        let tokens: i64 = self.0.query_row(
            "SELECT coalesce(sum(estimated_input_tokens), 0) FROM batches
             WHERE state IN ('open', 'uncertain') AND origin_id = ?1 AND model = ?2 AND imported_at IS NULL",
            params![origin, model],
            |row| row.get(0),
        )?;
        Ok(tokens.max(0) as u64)
    }
}

impl Tx<'_> {
    /// Returns 16 random bytes as 32 hexadecimal digits: a fresh key for a try.
    pub fn fresh_key(&self) -> anyhow::Result<String> {
        Ok(self.query_row("SELECT lower(hex(randomblob(16)))", [], |row| row.get(0))?)
    }

    /// Sets the size of a part, once it is counted.
    pub fn set_part_size(&self, key: BatchKey, part: &NewBatch) -> anyhow::Result<()> {
        self.execute(
            "UPDATE batches SET part = ?2, n_groups = ?3, n_requests = ?4, estimated_input_tokens = ?5,
                    estimated_cost_usd = ?6 WHERE id = ?1",
            params![
                key,
                part.part,
                part.n_groups as i64,
                part.n_requests as i64,
                part.estimated_input_tokens as i64,
                part.estimated_cost_usd
            ],
        )?;
        Ok(())
    }

    /// Notes the file a part was written to without sending it.
    pub fn note_file(&self, key: BatchKey, file: (&str, u64, &str)) -> anyhow::Result<()> {
        let (path, bytes, sha256) = file;
        self.execute(
            "UPDATE batches SET input_file_path = ?2, input_bytes = ?3, sha256 = ?4 WHERE id = ?1",
            params![key, path, bytes as i64, sha256],
        )?;
        Ok(())
    }

    /// Notes where a batch that was made elsewhere lies, and what it carries.
    pub fn note_remote(&self, key: BatchKey, origin: OriginKey, input: &FileId, metadata: &str) -> anyhow::Result<()> {
        self.execute(
            "UPDATE batches SET origin_id = ?2, input_file_id = ?3, metadata = ?4 WHERE id = ?1",
            params![key, origin, input, metadata],
        )?;
        Ok(())
    }

    /// Notes that the queue was full: the part waits until `not_before`.
    pub fn hold_part(&self, key: BatchKey, not_before: &str, n_refusals: u32) -> anyhow::Result<()> {
        self.execute(
            "UPDATE batches SET not_before = ?2, n_refusals = ?3 WHERE id = ?1",
            params![key, not_before, n_refusals],
        )?;
        Ok(())
    }

    /// Lets all parts that wait for the queue try again.
    pub fn release_holds(&self) -> anyhow::Result<()> {
        self.execute("UPDATE batches SET not_before = NULL WHERE not_before IS NOT NULL", [])?;
        Ok(())
    }

    /// Notes why a part or batch failed as a whole.
    pub fn note_errors(&self, key: BatchKey, errors: &str) -> anyhow::Result<()> {
        self.execute("UPDATE batches SET errors = ?2 WHERE id = ?1", params![key, errors])?;
        Ok(())
    }

    /// Notes that the provider's files of a batch were deleted.
    pub fn note_remote_deleted(&self, key: BatchKey, now: &str) -> anyhow::Result<()> {
        self.execute("UPDATE batches SET remote_deleted_at = ?2 WHERE id = ?1", params![key, now])?;
        Ok(())
    }
}
