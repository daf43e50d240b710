//! Observations: what a look at the provider brought of a batch.

use rusqlite::params;

use crate::model::{BatchKey, FileId};
use crate::store::Tx;

/// Observation of a batch at one look; `None` leaves what is known.
#[derive(Clone, Debug, Default)]
pub struct Observation {
    /// The provider's word, verbatim.
    pub status: Option<String>,
    /// True where that word is terminal.
    pub is_terminal: bool,
    /// Answers.
    pub output_file_id: Option<FileId>,
    /// Failed lines.
    pub error_file_id: Option<FileId>,
    /// total, completed, failed.
    pub counts: Option<(u64, u64, u64)>,
    /// The provider's times.
    pub created_at: Option<String>,
    /// When the provider gives up on what is unfinished.
    pub expires_at: Option<String>,
    /// When it became terminal there.
    pub completed_at: Option<String>,
    /// JSON list of {code, message, line, custom_id}.
    pub errors: Option<String>,
    /// Input and output tokens, as the provider summed them up.
    pub tokens: Option<(u64, u64)>,
}

impl Tx<'_> {
    /// Notes what the provider said of a batch; where it stands is not changed.
    pub fn observe(&self, key: BatchKey, seen: &Observation, now: &str) -> anyhow::Result<()> {
        let (total, completed, failed) = match seen.counts {
            // They only explain: what no database counts is as good as not said.
            Some((total, completed, failed)) => {
                (i64::try_from(total).ok(), i64::try_from(completed).ok(), i64::try_from(failed).ok())
            }
            None => (None, None, None),
        };
        let (input, output) = match seen.tokens {
            Some((input, output)) => (i64::try_from(input).ok(), i64::try_from(output).ok()),
            None => (None, None),
        };
        self.execute(
            "UPDATE batches SET
                status_changed_at = CASE WHEN status IS NOT ?2 OR n_reported_completed IS NOT coalesce(?6, n_reported_completed)
                                     OR n_reported_failed IS NOT coalesce(?7, n_reported_failed) THEN ?8 ELSE status_changed_at END,
                status = coalesce(?2, status),
                output_file_id = coalesce(?3, output_file_id), error_file_id = coalesce(?4, error_file_id),
                n_reported = coalesce(?5, n_reported), n_reported_completed = coalesce(?6, n_reported_completed),
                n_reported_failed = coalesce(?7, n_reported_failed),
                checked_at = ?8, created_at = coalesce(?9, created_at), expires_at = coalesce(?10, expires_at),
                completed_at = coalesce(?11, completed_at), errors = coalesce(?12, errors),
                n_reported_input_tokens = coalesce(?13, n_reported_input_tokens),
                n_reported_output_tokens = coalesce(?14, n_reported_output_tokens)
             WHERE id = ?1",
            params![
                key,
                seen.status,
                seen.output_file_id,
                seen.error_file_id,
                total,
                completed,
                failed,
                now,
                seen.created_at,
                seen.expires_at,
                seen.completed_at,
                seen.errors,
                input,
                output
            ],
        )?;
        Ok(())
    }
}
