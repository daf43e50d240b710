//! The states of a batch, whatever words a server has for them.

use std::fmt;

use serde::Serialize;

use crate::text::clean;

/// The states of a batch.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum BatchStatus {
    /// The input file is being checked.
    Validating,
    /// The check failed, or the queue was full; see the errors.
    Failed,
    /// Running.
    InProgress,
    /// Done; the results are being written.
    Finalizing,
    /// Ended; some lines may have failed.
    Completed,
    /// The 24 hours are over; what was finished is delivered, and billed.
    Expired,
    /// Being cancelled, for up to ten minutes.
    Cancelling,
    /// Cancelled; there may be some results.
    Cancelled,
    /// A word this program does not know, kept as it is; empty where there was none. Never the end.
    Other(String),
}

impl BatchStatus {
    /// Reads the provider's word, in any case and in either spelling, with the few other words that servers of the same
    /// API have for the same states.
    pub fn parse(word: &str) -> BatchStatus {
        let lower = word.trim().to_ascii_lowercase().replace(['-', ' '], "_");
        match lower.trim_start_matches("batch_state_") {
            "validating" => BatchStatus::Validating,
            "failed" => BatchStatus::Failed,
            "in_progress" | "progress" => BatchStatus::InProgress,
            "finalizing" => BatchStatus::Finalizing,
            "completed" | "succeeded" => BatchStatus::Completed,
            "expired" => BatchStatus::Expired,
            "cancelling" | "canceling" => BatchStatus::Cancelling,
            "cancelled" | "canceled" => BatchStatus::Cancelled,
            _ => BatchStatus::Other(clean(word, 60)),
        }
    }

    /// Returns the word of the API for it, or the provider's own where it is an unknown one.
    pub fn as_str(&self) -> &str {
        match self {
            BatchStatus::Validating => "validating",
            BatchStatus::Failed => "failed",
            BatchStatus::InProgress => "in_progress",
            BatchStatus::Finalizing => "finalizing",
            BatchStatus::Completed => "completed",
            BatchStatus::Expired => "expired",
            BatchStatus::Cancelling => "cancelling",
            BatchStatus::Cancelled => "cancelled",
            BatchStatus::Other(word) => word,
        }
    }

    /// Returns whether nothing will change any more.
    pub fn is_terminal(&self) -> bool {
        use BatchStatus::{Cancelled, Completed, Expired, Failed};
        matches!(self, Failed | Completed | Expired | Cancelled)
    }
}

impl fmt::Display for BatchStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.as_str().is_empty() { "unknown" } else { self.as_str() })
    }
}

impl Serialize for BatchStatus {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_four_states_are_the_end_and_unknown_ones_are_kept() {
        for (word, end) in [
            ("validating", false),
            ("in_progress", false),
            ("finalizing", false),
            ("cancelling", false),
            ("paused_for_review", false),
            ("Paused For Review", false),
            ("completed", true),
            ("failed", true),
            ("expired", true),
            ("cancelled", true),
        ] {
            let status = BatchStatus::parse(word);
            assert_eq!((status.as_str(), status.is_terminal()), (word, end));
        }
    }

    #[test]
    fn a_state_is_the_same_in_any_case_and_spelling() {
        for (word, expected) in [
            ("COMPLETED", "completed"),
            ("Completed", "completed"),
            ("succeeded", "completed"),
            ("BATCH_STATE_EXPIRED", "expired"),
            ("In Progress", "in_progress"),
            ("in-progress", "in_progress"),
            ("PROGRESS", "in_progress"),
            ("canceled", "cancelled"),
            ("Canceling", "cancelling"),
            (" failed ", "failed"),
        ] {
            assert_eq!(BatchStatus::parse(word).as_str(), expected, "{word}");
        }
    }
}
