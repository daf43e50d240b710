//! The script: what makes the sandbox misbehave, and answer as told. `docs/sandbox.md` describes it for people.
//!
//! One JSON file. Every part may be left out, an empty object is the well-behaved sandbox; unknown names are an error,
//! so that a misspelled fault never passes for a passed test.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::fault::Fault;
use crate::error::Explain as _;
use crate::text::bounded;

/// The most that is read of a script; canned answers for ten thousand requests have some 20 MB.
const BYTES_MAX: u64 = 256 << 20;

/// Instructions to a sandbox.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Script {
    /// For the reader of the file; ignored.
    pub note: Option<Value>,
    /// Changes the order in which requests of a batch are done.
    pub seed: u64,
    /// Pace of batches; the sandbox's own pace where unset.
    pub pace: Option<Pace>,
    /// Faults of HTTP calls.
    pub faults: Vec<Fault>,
    /// Rules for single requests; the first rule that fits counts.
    pub answers: Vec<AnswerRule>,
    /// Rules for batches; the first rule that fits counts.
    pub batches: Vec<BatchRule>,
    /// Excess.
    pub limits: Limits,
    /// Features that models lack.
    pub models: Vec<ModelRule>,
    /// Serving of files.
    pub files: FileRules,
    /// Answers calls without a key too, as servers on one's own machine do.
    pub without_key: bool,
}

impl Script {
    /// Reads a script.
    pub fn parse(text: &str) -> anyhow::Result<Script> {
        // By way of a map: serde would also take a list for a struct.
        let members: Map<String, Value> = serde_json::from_str(text).context("the sandbox script is no JSON object")?;
        serde_json::from_value(members.into()).context("the sandbox script does not fit")
    }

    /// Reads a script from a file.
    pub fn read(path: &Path) -> anyhow::Result<Script> {
        let text = File::open(path).and_then(|file| bounded::read_text(file, BYTES_MAX));
        let text = text.with_context(|| format!("cannot read `{}`", path.display()))?;
        Script::parse(&text)
            .with_context(|| format!("cannot use `{}`", path.display()))
            .hint("`docs/sandbox.md` lists what a script may say")
    }
}

/// Pace of batches.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pace {
    /// A batch ends at this many `GET`s of it; time plays no part.
    Polls(u32),
    /// A batch ends after this long, and not before its requests are answered.
    Millis(u64),
}

/// Bend of a request's answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// A good answer.
    #[default]
    Ok,
    /// The model declines.
    Refusal,
    /// All tokens went into reasoning; there is no text.
    Incomplete,
    /// The text breaks off at the token limit.
    IncompleteText,
    /// The provider's filter stopped it.
    ContentFilter,
    /// A message with an empty text.
    Empty,
    /// No message item at all.
    NoMessage,
    /// Text that holds no JSON.
    NotJson,
    /// Good JSON in a code fence.
    Fenced,
    /// Good JSON with sentences around it.
    Prose,
    /// JSON of another shape.
    SchemaViolation,
    /// Confidence and rank outside their ranges.
    OutOfRange,
    /// Status 200, but the response object says `failed`.
    Failed,
    /// The endpoint refused the request: `status`, `code`, `message`.
    Http,
    /// Never ran: the window closed.
    BatchExpired,
    /// Never ran: the batch was cancelled.
    BatchCancelled,
    /// `status_code` 0 and an empty body, counted as completed.
    Ghost,
    /// No line in either file.
    Missing,
    /// Twice in the output file.
    Duplicated,
    /// Failed in the error file and good in the output file.
    DuplicatedFailure,
    /// A good answer, and beside it one to a request that nobody sent.
    Foreign,
    /// A line that is no JSON.
    GarbageLine,
}

/// One of a batch's two files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Which {
    /// The output file.
    Output,
    /// The error file.
    Error,
}

/// Rule for the answer of single requests.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AnswerRule {
    /// For the reader of the file; ignored.
    pub note: Option<Value>,
    /// Only these custom ids; `*` stands for any text.
    pub custom_id: Option<String>,
    /// Only every n-th line of the input file.
    pub every: Option<u64>,
    /// First line that it fits, from 1, with `every`.
    pub from: Option<u64>,
    /// Only requests whose text contains this.
    pub contains: Option<String>,
    /// Only the first n times that the same request is asked.
    pub times: Option<u64>,
    /// Effect.
    pub outcome: Outcome,
    /// The HTTP status of the line (200 for good answers, 400 with `http`).
    pub status: Option<u16>,
    /// The `error.code` of a failure.
    pub code: Option<String>,
    /// The `error.message` of a failure.
    pub message: Option<String>,
    /// The answer's text; JSON that is not a string is written out as text.
    pub output_text: Option<Value>,
    /// The answer's whole body.
    pub body: Option<Value>,
    /// The whole line.
    pub line: Option<Value>,
    /// The whole line, as it is written.
    pub line_text: Option<String>,
    /// Writes the body as a JSON string.
    pub body_as_string: bool,
    /// Writes only `{"output_text": …}` as the body.
    pub short_body: bool,
    /// The file the line goes to.
    pub file: Option<Which>,
}

/// Course of a batch.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BatchRule {
    /// For the reader of the file; ignored.
    pub note: Option<Value>,
    /// Only the n-th batch since the script was loaded, from 1.
    pub nth: Option<u64>,
    /// Only batches of this model.
    pub model: Option<String>,
    /// Only batches with these metadata.
    pub metadata: BTreeMap<String, String>,
    pub pace: Option<Pace>,
    /// End: `completed`, `failed`, `expired` or `cancelled`.
    pub ends: Option<Ends>,
    /// The share of requests done when it ends early or stands still.
    pub done: Option<f64>,
    /// The status that it never leaves.
    pub stuck: Option<String>,
    /// The `errors` of a failed batch: a list is wrapped as the provider does, anything else goes out as it is.
    pub errors: Option<Value>,
    /// Statuses shown at each `GET`, in place of the usual course; the last one stays.
    pub steps: Vec<Step>,
    /// For so many `GET`s after the end the file ids are not there yet.
    pub settle: u32,
    /// The output file is short at first.
    pub short: Option<Short>,
    /// True where requests that never ran have lines in the error file (the default) or are in neither file.
    pub rest: Rest,
    /// Outcome of a cancel.
    pub cancel: CancelRule,
    /// File whose content is given instead of the output file.
    pub output_file: Option<PathBuf>,
    /// File whose content is given instead of the error file.
    pub error_file: Option<PathBuf>,
    /// An error file is named although it is empty.
    pub empty_error_file: bool,
    /// The last lines lack their newline.
    pub no_final_newline: bool,
    /// Sets members of the batch object, always.
    pub set: Map<String, Value>,
    /// Removes members of the batch object, always.
    pub unset: Vec<String>,
}

/// End of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ends {
    /// All requests were tried.
    Completed,
    /// Nothing was run.
    Failed,
    /// The window closed.
    Expired,
    /// Somebody else cancelled it.
    Cancelled,
}

/// One scripted look at a batch.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Step {
    /// The status word, also one that nobody knows.
    pub status: String,
    /// The share of requests done.
    pub done: Option<f64>,
    /// Sets members of the object.
    pub set: Map<String, Value>,
    /// Removes members of the object.
    pub unset: Vec<String>,
    /// The batch is a 404 from here on.
    pub gone: bool,
}

/// The output file lacks its last lines for the first downloads.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Short {
    /// Lines that are not there yet.
    pub lines: u64,
    /// Downloads that come too early.
    pub reads: u64,
}

/// File in which requests that never ran are told of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rest {
    /// A line of the error file.
    #[default]
    Lines,
    /// Nowhere.
    Absent,
}

/// Outcome of a cancel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CancelRule {
    /// To `cancelled`, by way of `cancelling`.
    #[default]
    Cancelled,
    /// To `completed`: the batch was faster.
    Completed,
    /// To nothing: it stays `cancelling`.
    Stuck,
}

/// Excess.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Input tokens of all open batches of a model together (`*`: any other model).
    pub enqueued_tokens: BTreeMap<String, u64>,
    /// Bytes of an input file. The provider says 200 MB and not which; this is the smaller one.
    pub upload_bytes: u64,
    /// Requests of a batch.
    pub batch_requests: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { enqueued_tokens: BTreeMap::new(), upload_bytes: 200_000_000, batch_requests: 50_000 }
    }
}

/// Limits of a model: features it lacks, and until when it is there.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ModelRule {
    /// The model's name; `*` stands for any text.
    pub model: String,
    /// There is no such model.
    pub unknown: bool,
    /// The first day without it, as the list of models says: `2026-12-11`.
    pub shutdown_date: Option<String>,
    /// Parameters it refuses, as `temperature` or `reasoning.effort`; also `json_schema` and `json_object`.
    pub refuses: Vec<String>,
}

/// Serving of files.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FileRules {
    /// Outcome of a `Range` header.
    pub range: RangeRule,
    /// Input files are written anew, so that they differ from what was uploaded.
    pub rewrite_input: bool,
    /// `expires_after` is refused with a 400.
    pub refuse_expiry: bool,
}

/// Outcome of a `Range` header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RangeRule {
    /// The range, as a 206.
    #[default]
    On,
    /// The whole file, as a 200.
    Off,
    /// A 206 that holds another range than was asked for, and says so.
    Wrong,
    /// A 206 whose `Content-Range` is missing.
    Silent,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::fault::Stage;

    #[test]
    fn a_misspelled_script_is_refused() {
        assert!(Script::parse("{}").is_ok());
        for bad in [r#"{"fault": []}"#, r#"{"answers": [{"outcome": "refused"}]}"#, "[]", ""] {
            assert!(Script::parse(bad).is_err(), "{bad}");
        }
        let script =
            Script::parse(r#"{"pace": {"polls": 3}, "faults": [{"on": "*", "close": true, "at": "head"}]}"#).unwrap();
        assert_eq!((script.pace, script.faults[0].stage()), (Some(Pace::Polls(3)), Stage::Head));
    }
}
