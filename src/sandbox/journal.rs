//! The journal: what was asked of the sandbox, so that a test can count what was bought.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

/// One received call.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Call {
    /// Counts from 1 over all calls.
    pub number: u64,
    /// The endpoint, as `batches.create`; `unknown` where there is none.
    pub endpoint: String,
    /// The HTTP method.
    pub method: String,
    /// The path with its query.
    pub path: String,
    /// True where a bearer token came along. The token itself is not kept.
    pub authorized: bool,
    /// The `content-type` header.
    pub content_type: Option<String>,
    /// The `content-length` header.
    pub content_length: Option<u64>,
    /// The `range` header.
    pub range: Option<String>,
    /// The `openai-organization` header.
    pub organization: Option<String>,
    /// The `openai-project` header.
    pub project: Option<String>,
    /// The `accept-encoding` header.
    pub accept_encoding: Option<String>,
    /// A number for the connection: equal numbers, same connection.
    pub connection: u64,
    /// Summary of the body: purpose, bytes, model, metadata.
    pub details: Value,
    /// The status that was sent; `None` while it is open or where the connection was cut.
    pub status: Option<u16>,
}

/// One batch that was made.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Purchase {
    pub batch_id: String,
    pub input_file_id: String,
    pub metadata: Value,
    /// Requests in its input file.
    pub n_requests: u64,
    /// True where it passed validation, so that its requests cost money.
    pub accepted: bool,
}

/// Everything that was asked and bought since the start.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Journal {
    /// Every call, in the order of arrival.
    pub calls: Vec<Call>,
    /// Every batch, in the order of creation.
    pub batches: Vec<Purchase>,
    /// Number of accepted batches that each custom id was in.
    pub asked: BTreeMap<String, u32>,
    /// Number of answers with usage that each custom id was given.
    pub billed: BTreeMap<String, u32>,
}

impl Journal {
    /// Returns the accepted batches by the value of a metadata key, such as `gleaner_key`.
    pub fn accepted_by(&self, metadata_key: &str) -> BTreeMap<String, u32> {
        let mut counts = BTreeMap::new();
        for batch in self.batches.iter().filter(|batch| batch.accepted) {
            let value = batch.metadata[metadata_key].as_str().unwrap_or_default().to_owned();
            *counts.entry(value).or_insert(0) += 1;
        }
        counts
    }

    /// Returns the custom ids that were in more than one accepted batch.
    pub fn asked_again(&self) -> Vec<&str> {
        self.asked.iter().filter(|(_, times)| **times > 1).map(|(id, _)| id.as_str()).collect()
    }

    /// Returns the number of calls to an endpoint, as `batches.create`.
    pub fn n_calls(&self, endpoint: &str) -> usize {
        self.calls.iter().filter(|call| call.endpoint == endpoint).count()
    }

    /// Writes the journal as the server shows it; all custom ids only where wanted.
    pub(crate) fn to_json(&self, with_custom_ids: bool) -> Value {
        let mut shown = json!({
            "calls": self.calls, "batches": self.batches,
            "accepted_by_gleaner_key": self.accepted_by("gleaner_key"),
            "n_asked": self.asked.len(), "asked_again": self.asked_again(),
        });
        if with_custom_ids {
            shown["asked"] = json!(self.asked);
            shown["billed"] = json!(self.billed);
        }
        shown
    }
}
