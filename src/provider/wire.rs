//! What travels: the provider's objects, read tolerantly. Pure.
//!
//! Other servers speak the same API with small differences, so nothing is required but an id: null is the same as
//! absent, an empty id is none, a time may be a float, an unknown status is kept as it is.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::model::Usage;
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
    /// Reads the provider's word.
    pub fn parse(word: &str) -> BatchStatus {
        match word {
            "validating" => BatchStatus::Validating,
            "failed" => BatchStatus::Failed,
            "in_progress" => BatchStatus::InProgress,
            "finalizing" => BatchStatus::Finalizing,
            "completed" => BatchStatus::Completed,
            "expired" => BatchStatus::Expired,
            "cancelling" => BatchStatus::Cancelling,
            "cancelled" => BatchStatus::Cancelled,
            other => BatchStatus::Other(clean(other, 60)),
        }
    }

    /// Returns the provider's word.
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

/// How many lines of a batch are where. Not evidence: the lines are counted at the end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestCounts {
    /// All.
    pub total: u64,
    /// Answered.
    pub completed: u64,
    /// Failed.
    pub failed: u64,
}

/// One reason why a batch failed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct BatchError {
    /// The provider's word.
    pub code: Option<String>,
    /// Its sentence.
    pub message: Option<String>,
    /// The parameter it complains about.
    pub param: Option<String>,
    /// The line of the input file, from 1.
    pub line: Option<u64>,
}

/// A batch as the provider describes it. Times are Unix seconds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Batch {
    /// The provider's id.
    pub id: String,
    /// Where it stands.
    pub status: BatchStatus,
    /// `/v1/responses`, …
    pub endpoint: Option<String>,
    /// The model that answers.
    pub model: Option<String>,
    /// The uploaded requests.
    pub input_file_id: Option<String>,
    /// The answers; may be set before there are any.
    pub output_file_id: Option<String>,
    /// The lines that failed; may be set before there are any.
    pub error_file_id: Option<String>,
    /// Why it failed.
    pub errors: Vec<BatchError>,
    /// `24h`.
    pub completion_window: Option<String>,
    /// When it was made.
    pub created_at: Option<i64>,
    /// When it began to run.
    pub in_progress_at: Option<i64>,
    /// When it will expire.
    pub expires_at: Option<i64>,
    /// When the results began to be written.
    pub finalizing_at: Option<i64>,
    /// When it ended well.
    pub completed_at: Option<i64>,
    /// When it failed.
    pub failed_at: Option<i64>,
    /// When it expired.
    pub expired_at: Option<i64>,
    /// When the cancelling began.
    pub cancelling_at: Option<i64>,
    /// When it was cancelled.
    pub cancelled_at: Option<i64>,
    /// How many lines are where.
    pub request_counts: Option<RequestCounts>,
    /// Tokens of all its lines.
    pub usage: Option<Usage>,
    /// What was attached when it was made, perhaps with more keys than were sent.
    pub metadata: BTreeMap<String, String>,
}

impl Batch {
    /// Reads a batch; nothing is required but an id.
    pub fn read(value: &Value) -> Option<Batch> {
        let at = |key| integer(value, key);
        Some(Batch {
            id: text(value, "id")?,
            status: BatchStatus::parse(&text(value, "status").unwrap_or_default()),
            endpoint: text(value, "endpoint"),
            model: text(value, "model"),
            input_file_id: text(value, "input_file_id"),
            output_file_id: text(value, "output_file_id"),
            error_file_id: text(value, "error_file_id"),
            errors: read_errors(value.get("errors")),
            completion_window: text(value, "completion_window"),
            created_at: at("created_at"),
            in_progress_at: at("in_progress_at"),
            expires_at: at("expires_at"),
            finalizing_at: at("finalizing_at"),
            completed_at: at("completed_at"),
            failed_at: at("failed_at"),
            expired_at: at("expired_at"),
            cancelling_at: at("cancelling_at"),
            cancelled_at: at("cancelled_at"),
            request_counts: value.get("request_counts").filter(|v| v.is_object()).map(|counts| {
                let n = |key| integer(counts, key).and_then(|n| u64::try_from(n).ok()).unwrap_or(0);
                RequestCounts { total: n("total"), completed: n("completed"), failed: n("failed") }
            }),
            usage: value.get("usage").and_then(Usage::read),
            metadata: match value.get("metadata") {
                Some(Value::Object(map)) => {
                    map.iter().take(64).filter_map(|(k, v)| Some((k.clone(), plain(v)?))).collect()
                }
                _ => BTreeMap::new(),
            },
        })
    }

    /// Returns when it ended, in whichever way.
    pub fn ended_at(&self) -> Option<i64> {
        match self.status {
            BatchStatus::Completed => self.completed_at,
            BatchStatus::Failed => self.failed_at,
            BatchStatus::Expired => self.expired_at,
            BatchStatus::Cancelled => self.cancelled_at,
            _ => None,
        }
    }
}

/// Reads `errors`: `{object, data: […]}`, a bare list, a single object, null, or nothing.
fn read_errors(value: Option<&Value>) -> Vec<BatchError> {
    let list = match value {
        Some(Value::Array(items)) => items.as_slice(),
        Some(object @ Value::Object(map)) => match map.get("data") {
            Some(Value::Array(items)) => items.as_slice(),
            _ if map.contains_key("code") || map.contains_key("message") => std::slice::from_ref(object),
            _ => &[],
        },
        Some(text @ Value::String(_)) => std::slice::from_ref(text),
        _ => &[],
    };
    let cleaned = |value, key| text(value, key).map(|t| clean(&t, 600));
    list.iter()
        .take(1000)
        .map(|item| match item {
            Value::String(message) => BatchError { message: Some(clean(message, 600)), ..BatchError::default() },
            item => BatchError {
                code: cleaned(item, "code"),
                message: cleaned(item, "message"),
                param: cleaned(item, "param"),
                line: integer(item, "line").and_then(|n| u64::try_from(n).ok()),
            },
        })
        .collect()
}

/// A file as the provider describes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FileObject {
    /// The provider's id.
    pub id: String,
    /// Its size.
    pub bytes: Option<u64>,
    /// The name it was uploaded under.
    pub filename: Option<String>,
    /// `batch`, `batch_output`, …
    pub purpose: Option<String>,
    /// Unix seconds.
    pub created_at: Option<i64>,
    /// Unix seconds.
    pub expires_at: Option<i64>,
}

impl FileObject {
    /// Reads a file object; nothing is required but an id.
    pub fn read(value: &Value) -> Option<FileObject> {
        Some(FileObject {
            id: text(value, "id")?,
            bytes: integer(value, "bytes").and_then(|n| u64::try_from(n).ok()),
            filename: text(value, "filename").map(|t| clean(&t, 300)),
            purpose: text(value, "purpose"),
            created_at: integer(value, "created_at"),
            expires_at: integer(value, "expires_at"),
        })
    }
}

/// A model that a server offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelObject {
    /// Its name.
    pub id: String,
    /// The first day without it, `2026-12-11`; `None` where no such day was announced, or the server tells none.
    pub shutdown_date: Option<String>,
}

impl ModelObject {
    /// Reads a model of a list, or one that was asked for.
    pub fn read(value: &Value) -> Option<ModelObject> {
        Some(ModelObject { id: text(value, "id")?, shutdown_date: text(value, "shutdown_date") })
    }
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    /// The things on it; what could not be read at all is left out.
    pub data: Vec<T>,
    /// Whether another page follows.
    pub has_more: bool,
    /// Where the next page goes on.
    pub last_id: Option<String>,
}

impl<T> Page<T> {
    /// Reads a page: an object with `data`, or a bare list. Where a server does not say whether more follows, a page with
    /// as many things as were asked for is taken to be one of several.
    pub(super) fn read(value: &Value, limit: usize, item: impl Fn(&Value) -> Option<T>) -> Option<Page<T>> {
        let list = match value {
            Value::Array(items) => items,
            other => other.get("data").and_then(Value::as_array)?,
        };
        Some(Page {
            data: list.iter().filter_map(item).collect(),
            has_more: value.get("has_more").and_then(Value::as_bool).unwrap_or(list.len() >= limit),
            last_id: text(value, "last_id").or_else(|| list.last().and_then(|last| text(last, "id"))),
        })
    }
}

/// What a batch is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateBatch {
    /// The uploaded requests.
    pub input_file_id: String,
    /// `/v1/responses`, …
    pub endpoint: String,
    /// At most 16 pairs; keys up to 64, values up to 512 characters.
    pub metadata: BTreeMap<String, String>,
    /// How long the provider keeps the results, counted from their making: 3600 to 2592000.
    pub output_expires_after_secs: Option<u64>,
}

impl CreateBatch {
    pub(super) fn to_json(&self) -> String {
        let mut body = json!({
            "input_file_id": self.input_file_id,
            "endpoint": self.endpoint,
            "completion_window": "24h",
        });
        if !self.metadata.is_empty() {
            let pairs = self.metadata.iter().map(|(k, v)| (k.clone(), Value::from(v.as_str())));
            body["metadata"] = Value::Object(pairs.collect::<Map<_, _>>());
        }
        if let Some(seconds) = self.output_expires_after_secs {
            body["output_expires_after"] = json!({"anchor": "created_at", "seconds": seconds});
        }
        body.to_string()
    }
}

/// Returns a field as text: a string that is not empty, or a number's digits.
pub(super) fn text(value: &Value, key: &str) -> Option<String> {
    plain(value.get(key)?).filter(|text| !text.is_empty())
}

fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

/// Returns a field as a whole number, also where it is a float or text.
pub(super) fn integer(value: &Value, key: &str) -> Option<i64> {
    let value = value.get(key)?;
    let float = |n: f64| (n.is_finite() && n.abs() < 9e15).then_some(n as i64);
    match value {
        Value::Number(n) => n.as_i64().or_else(|| n.as_f64().and_then(float)),
        Value::String(text) => text.trim().parse().ok().and_then(float),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(text: &str) -> Batch {
        Batch::read(&serde_json::from_str(text).unwrap()).unwrap()
    }

    #[test]
    fn an_id_is_enough() {
        let batch = batch(r#"{"id":"5b1c-9"}"#);
        assert_eq!((batch.id.as_str(), batch.status.to_string()), ("5b1c-9", "unknown".to_string()));
        assert!(!batch.status.is_terminal() && batch.errors.is_empty() && batch.request_counts.is_none());
        for not_one in ["{}", r#"{"id":""}"#, r#"{"id":null}"#, "[]", "3", "null"] {
            assert_eq!(Batch::read(&serde_json::from_str(not_one).unwrap()), None, "{not_one}");
        }
    }

    #[test]
    fn null_is_absent_and_an_empty_id_is_none() {
        let batch = batch(
            r#"{"id":"b","status":"completed","output_file_id":"","error_file_id":null,"request_counts":null,
                "usage":null,"metadata":null,"errors":null,"created_at":1761900123.75,"completed_at":"1761900999"}"#,
        );
        assert_eq!((batch.output_file_id, batch.error_file_id, batch.usage), (None, None, None));
        assert_eq!((batch.created_at, batch.completed_at), (Some(1_761_900_123), Some(1_761_900_999)));
    }

    #[test]
    fn errors_come_in_four_forms() {
        let check = |errors: &str, expected: &[(Option<&str>, Option<u64>)]| {
            let batch = batch(&format!(r#"{{"id":"b","errors":{errors}}}"#));
            let got: Vec<_> = batch.errors.iter().map(|e| (e.code.as_deref(), e.line)).collect();
            assert_eq!(got, expected, "{errors}");
        };
        check(
            r#"{"object":"list","data":[{"code":"invalid_json_line","line":3}]}"#,
            &[(Some("invalid_json_line"), Some(3))],
        );
        check(r#"[{"code":"x","line":null}]"#, &[(Some("x"), None)]);
        check(r#"{"code":"x","message":"m"}"#, &[(Some("x"), None)]);
        check(r#"["plain words"]"#, &[(None, None)]);
        check("{}", &[]);
        check(r#"{"data":null}"#, &[]);
    }

    #[test]
    fn only_four_states_are_the_end_and_unknown_ones_are_kept() {
        for (word, end) in [
            ("validating", false),
            ("in_progress", false),
            ("finalizing", false),
            ("cancelling", false),
            ("paused_for_review", false),
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
    fn counts_and_usage_are_read_in_either_spelling() {
        let batch = batch(
            r#"{"id":"b","request_counts":{"total":3,"completed":2},"usage":{"input_tokens":0,"prompt_tokens":7,
                "output_tokens":5,"output_tokens_details":{"reasoning_tokens":4}},"metadata":{"a":"1","n":2,"o":{}}}"#,
        );
        assert_eq!(batch.request_counts, Some(RequestCounts { total: 3, completed: 2, failed: 0 }));
        let usage = Usage { input_tokens: 7, output_tokens: 5, reasoning_tokens: 4, ..Usage::default() };
        assert_eq!(batch.usage, Some(usage));
        assert_eq!(batch.metadata, BTreeMap::from([("a".into(), "1".into()), ("n".into(), "2".into())]));
    }

    #[test]
    fn a_page_may_be_a_bare_list() {
        let page = |text: &str| Page::read(&serde_json::from_str(text).unwrap(), 2, Batch::read);
        let full = page(r#"{"object":"list","data":[{"id":"a"},{"no":"id"},{"id":"b"}],"has_more":true}"#).unwrap();
        assert_eq!((full.data.len(), full.has_more, full.last_id.as_deref()), (2, true, Some("b")));
        assert!(!page(r#"[{"id":"a"}]"#).unwrap().has_more);
        assert!(page(r#"{"data":[{"id":"a"},{"id":"b"}]}"#).unwrap().has_more);
        assert_eq!(page(r#"{"data":null}"#), None);
    }
}
