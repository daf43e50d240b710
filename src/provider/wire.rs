//! Wire types: the provider's objects, read tolerantly. Pure.
//!
//! Other servers speak the same API with small differences, so nothing is required but an id: null is the same as
//! absent, an empty id is none, a time may be a float or a date, an unknown status is kept as it is.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::fields::{count, plain, text, time};
use super::status::BatchStatus;
use crate::model::Usage;
use crate::text::clean;

/// Counts of a batch's lines by state. Not evidence: the lines are counted at the end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestCounts {
    /// All.
    pub total: u64,
    /// Reply.
    pub completed: u64,
    pub failed: u64,
}

impl RequestCounts {
    /// Reads the counts; `None` where there is no number in them.
    fn read(counts: &Value) -> Option<RequestCounts> {
        let [total, completed, failed] = ["total", "completed", "failed"].map(|key| count(counts, key));
        total.or(completed).or(failed)?;
        let or_none = |n: Option<u64>| n.unwrap_or(0);
        Some(RequestCounts { total: or_none(total), completed: or_none(completed), failed: or_none(failed) })
    }
}

/// One reason why a batch failed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct BatchError {
    /// The provider's word.
    pub code: Option<String>,
    /// Reason in a sentence.
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
    /// State of the batch.
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
    /// Reasons of the failure.
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
    /// Counts of lines by state.
    pub request_counts: Option<RequestCounts>,
    /// Tokens of all its lines.
    pub usage: Option<Usage>,
    /// Metadata attached when it was made, perhaps with more keys than were sent.
    pub metadata: BTreeMap<String, String>,
}

impl Batch {
    /// Reads a batch; nothing is required but an id. Some servers wrap it: `{"job": {…}}`.
    pub fn read(value: &Value) -> Option<Batch> {
        let value = value.get("job").filter(|job| job.is_object()).unwrap_or(value);
        let at = |key| time(value, key);
        Some(Batch {
            id: text(value, "id")?,
            status: BatchStatus::parse(&text(value, "status").unwrap_or_default()),
            endpoint: text(value, "endpoint"),
            model: text(value, "model"),
            input_file_id: text(value, "input_file_id"),
            output_file_id: text(value, "output_file_id"),
            error_file_id: text(value, "error_file_id"),
            errors: read_errors(value.get("errors").filter(|errors| !errors.is_null()).or(value.get("error"))),
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
            request_counts: value.get("request_counts").and_then(RequestCounts::read),
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
                line: count(item, "line"),
            },
        })
        .collect()
}

/// A file as the provider describes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FileObject {
    /// The provider's id.
    pub id: String,
    /// Size in bytes.
    pub bytes: Option<u64>,
    /// The name it was uploaded under.
    pub filename: Option<String>,
    /// `batch`, `batch_output`, …
    pub purpose: Option<String>,
    /// Unix seconds.
    pub created_at: Option<i64>,
    /// Unix seconds.
    pub expires_at: Option<i64>,
    /// `processed`, or a word that says that it is not ready yet; many servers have none.
    pub status: Option<String>,
    /// Reason for which it could not be read.
    pub status_details: Option<String>,
}

impl FileObject {
    /// Reads a file object; nothing is required but an id.
    pub fn read(value: &Value) -> Option<FileObject> {
        Some(FileObject {
            id: text(value, "id")?,
            bytes: count(value, "bytes"),
            filename: text(value, "filename").map(|t| clean(&t, 300)),
            purpose: text(value, "purpose"),
            created_at: time(value, "created_at"),
            expires_at: time(value, "expires_at"),
            status: text(value, "status").map(|word| clean(&word, 60).to_ascii_lowercase()),
            status_details: text(value, "status_details").map(|words| clean(&words, 300)),
        })
    }

    /// Returns whether the provider is still reading it; a batch of it would be refused.
    pub fn is_pending(&self) -> bool {
        matches!(self.status.as_deref(), Some("pending" | "uploading" | "running" | "processing" | "notstarted"))
    }

    /// Returns whether the provider could not read it.
    pub fn is_broken(&self) -> bool {
        matches!(self.status.as_deref(), Some("error" | "failed"))
    }
}

/// A model that a server offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelObject {
    /// Name under which it is asked for.
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
    /// True where another page follows.
    pub has_more: bool,
    /// Cursor of the next page.
    pub last_id: Option<String>,
}

impl<T> Page<T> {
    /// Reads a page: an object with `data`, or a bare list. Where a server does not say whether more follows, a page
    /// with just as many things as were asked for is taken to be one of several; one with more is all there is. A bare
    /// list of nothing is no page: anything between us and the server may answer so, and absence costs money.
    pub(super) fn read(value: &Value, limit: usize, item: impl Fn(&Value) -> Option<T>) -> Option<Page<T>> {
        let list = match value {
            Value::Array(items) if items.is_empty() => return None,
            Value::Array(items) => items,
            other => other.get("data").and_then(Value::as_array)?,
        };
        Some(Page {
            data: list.iter().filter_map(item).collect(),
            has_more: value.get("has_more").and_then(Value::as_bool).unwrap_or(list.len() == limit),
            last_id: text(value, "last_id").or_else(|| list.last().and_then(|last| text(last, "id"))),
        })
    }
}

/// Parameters of a new batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateBatch {
    /// The uploaded requests.
    pub input_file_id: String,
    /// `/v1/responses`, …
    pub endpoint: String,
    /// When the answers are due.
    pub window: CompletionWindow,
    /// At most 16 pairs; keys up to 64, values up to 512 characters.
    pub metadata: BTreeMap<String, String>,
    /// Time that the provider keeps the results, counted from their making: 3600 to 2592000.
    pub output_expires_after_secs: Option<u64>,
}

/// Service level of a batch: the time within which it is to be answered, and so its price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompletionWindow {
    /// 24 hours, at half the price: the only one that the Batch API sells.
    Day,
}

impl CompletionWindow {
    /// Returns the provider's word.
    pub fn as_str(self) -> &'static str {
        match self {
            CompletionWindow::Day => "24h",
        }
    }
}

impl CreateBatch {
    pub(super) fn to_json(&self) -> String {
        let mut body = json!({
            "input_file_id": self.input_file_id,
            "endpoint": self.endpoint,
            "completion_window": self.window.as_str(),
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
    fn counts_of_nothing_are_none() {
        let counts = |text: &str| batch(&format!(r#"{{"id":"b","request_counts":{text}}}"#)).request_counts;
        assert_eq!(counts(r#"{"total":null,"completed":null,"failed":null}"#), None);
        assert_eq!(counts("{}"), None);
        assert_eq!(counts("[]"), None);
        assert_eq!(
            counts(r#"{"completed":2,"failed":-1}"#),
            Some(RequestCounts { completed: 2, ..Default::default() })
        );
    }

    #[test]
    fn a_batch_may_be_wrapped_and_its_times_be_dates() {
        let job = batch(
            r#"{"job":{"id":"j","status":"VALIDATING","created_at":"2026-07-19T17:13:57.25Z","error":"queue is full",
                "errors":null},"warning":""}"#,
        );
        assert_eq!((job.id.as_str(), job.status.as_str(), job.created_at), ("j", "validating", Some(1_784_481_237)));
        assert_eq!(job.errors[0].message.as_deref(), Some("queue is full"));
    }

    #[test]
    fn a_file_may_not_be_ready_yet() {
        let file = |status: &str| FileObject::read(&json!({"id": "f", "status": status})).unwrap();
        let is = |status: &str| (file(status).is_pending(), file(status).is_broken());
        assert_eq!(["pending", "Pending", "processed", "uploaded", "error", ""].map(is), {
            let (ready, pending, broken) = ((false, false), (true, false), (false, true));
            [pending, pending, ready, ready, broken, ready]
        });
    }

    #[test]
    fn a_page_may_be_a_bare_list() {
        let page = |text: &str| Page::read(&serde_json::from_str(text).unwrap(), 2, Batch::read);
        let full = page(r#"{"object":"list","data":[{"id":"a"},{"no":"id"},{"id":"b"}],"has_more":true}"#).unwrap();
        assert_eq!((full.data.len(), full.has_more, full.last_id.as_deref()), (2, true, Some("b")));
        assert!(!page(r#"[{"id":"a"}]"#).unwrap().has_more);
        assert!(page(r#"{"data":[{"id":"a"},{"id":"b"}]}"#).unwrap().has_more);
        assert!(!page(r#"[{"id":"a"},{"id":"b"},{"id":"c"}]"#).unwrap().has_more, "it knows no pages");
        assert_eq!(page(r#"{"data":null}"#), None);
    }
}
