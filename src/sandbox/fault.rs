//! Faults of HTTP calls, as a script has them: which call, when, and what goes wrong.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;
use serde_json::{Map, Value};

/// The moments of a call at which something can go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The request's head was read, its body not.
    Head,
    /// Some of the body was read (`after_bytes`).
    Body,
    /// The whole request was received; nothing was done yet.
    Received,
    /// It was done; the reply was not sent.
    Done,
    /// Some of the reply's body was sent (`after_bytes`).
    Reply,
}

/// Something that goes wrong with an HTTP call.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fault {
    /// For the reader of the file; ignored.
    pub note: Option<Value>,
    /// The endpoint, as `batches.create`; `*` is every one.
    pub on: String,
    /// Only calls whose body contains this text.
    pub contains: Option<String>,
    /// The first fitting call that it happens to, from 1.
    pub nth: Option<u64>,
    /// Number of calls in a row that it strikes; 0 is all from then on. Default 1.
    pub times: Option<u64>,
    /// When it happens; each fault has a moment that makes sense for it.
    pub at: Option<Stage>,
    /// Number of bytes after which it strikes, with `body` and `reply`.
    pub after_bytes: u64,
    /// A file to create when the moment has come, so that a test knows.
    pub announce: Option<PathBuf>,
    /// Waits this long.
    pub delay_ms: u64,
    /// Waits until this file exists.
    pub hold: Option<PathBuf>,
    /// Waits for ever.
    pub hang: bool,
    /// Closes the connection.
    pub close: bool,
    /// Answers this status instead.
    pub status: Option<u16>,
    /// Answers this JSON body instead.
    pub json: Option<Value>,
    /// Answers this text instead.
    pub text: Option<String>,
    /// Sends these bytes instead of a reply and closes.
    pub raw: Option<String>,
    /// Sets these headers of the reply; null removes.
    pub headers: BTreeMap<String, Option<String>>,
    /// Keeps only these members of the reply's JSON.
    pub only: Option<Vec<String>>,
    /// Sets members of the reply's JSON.
    pub set: Map<String, Value>,
    /// Removes members of the reply's JSON.
    pub unset: Vec<String>,
    /// Cuts the reply's body after so many bytes.
    pub truncate: Option<u64>,
    /// Cuts so many lines off the end of the reply's body.
    pub drop_lines: Option<u64>,
    /// `Content-Length` of a cut body.
    pub length: LengthRule,
    /// Closes the connection after the reply, which has promised to keep it.
    pub drop_after: bool,
}

impl Fault {
    /// Returns when the fault happens.
    pub(crate) fn stage(&self) -> Stage {
        self.at.unwrap_or(if self.hold.is_some() || self.announce.is_some() { Stage::Done } else { Stage::Received })
    }

    /// True where it answers in place of the sandbox.
    pub(crate) fn replaces_reply(&self) -> bool {
        self.status.is_some() || self.json.is_some() || self.text.is_some() || self.raw.is_some()
    }
}

/// Reading of a body's `Content-Length`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LengthRule {
    /// The bytes that are sent: nothing shows the cut.
    #[default]
    Matching,
    /// The bytes of the whole body; the connection closes early.
    Promised,
    /// There is none; the body ends with the connection.
    None,
}
