//! Carries out the script's HTTP faults.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Map, Value};

use super::fault::{Fault, LengthRule, Stage};
use super::http::{Body, Content, Ending, Reply};
use super::pattern::patch;
use super::scheduler::bytes_of_last_lines;
use super::shared::{Loaded, Shared};

/// Time between two looks of a held call whether it may go on.
const LOOK: Duration = Duration::from_millis(5);

/// Effect of a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    Continue,
    /// The connection is to be closed without another word.
    Close,
}

/// The faults that hit one call.
#[derive(Default)]
pub(crate) struct Faults<'s> {
    hits: Vec<&'s Fault>,
}

impl<'s> Faults<'s> {
    /// Finds the faults of a call by its head, or those that need its body (`contains`).
    pub(crate) fn find(loaded: &'s Loaded, endpoint: &str, body: Option<&str>) -> Faults<'s> {
        let mut hits = vec![];
        for (fault, count) in loaded.script.faults.iter().zip(&loaded.fault_counts) {
            let fits = match (&fault.contains, body) {
                (None, None) => true,
                (Some(part), Some(body)) => body.contains(part),
                _ => false,
            };
            if !fits || (fault.on != "*" && fault.on != endpoint) {
                continue;
            }
            let nth = count.fetch_add(1, Ordering::SeqCst) + 1;
            let first = fault.nth.unwrap_or(1).max(1);
            let times = fault.times.unwrap_or(1);
            if nth >= first && (times == 0 || nth < first + times) {
                hits.push(fault);
            }
        }
        Faults { hits }
    }

    pub(crate) fn extend(&mut self, more: Faults<'s>) {
        self.hits.extend(more.hits);
    }

    fn at(&self, stage: Stage) -> impl Iterator<Item = &'s Fault> {
        self.hits.iter().copied().filter(move |fault| fault.stage() == stage)
    }

    /// Lets the faults of a stage wait and close.
    pub(crate) fn pause(&self, shared: &Shared, stage: Stage) -> Flow {
        let mut flow = Flow::Continue;
        for fault in self.at(stage) {
            if pause(shared, fault) == Flow::Close {
                flow = Flow::Close;
            }
        }
        flow
    }

    /// Returns the reply that a fault of this stage gives in place of the sandbox's own.
    pub(crate) fn reply(&self, stage: Stage) -> Option<Instead> {
        let fault = self.at(stage).find(|fault| fault.replaces_reply())?;
        if let Some(raw) = &fault.raw {
            return Some(Instead::Raw(raw.clone().into_bytes()));
        }
        let (content_type, body) = match (&fault.json, &fault.text) {
            (Some(json), _) => ("application/json", json.to_string()),
            (None, Some(text)) if text.trim_start().starts_with('<') => ("text/html", text.clone()),
            (None, Some(text)) => ("text/plain", text.clone()),
            (None, None) => ("application/json", String::new()),
        };
        Some(Instead::Reply(Reply::new(fault.status.unwrap_or(200), content_type, body)))
    }

    /// Changes a reply in all the ways that the faults name.
    pub(crate) fn edit(&self, reply: &mut Reply) -> io::Result<()> {
        for fault in &self.hits {
            edit_json(fault, reply);
            cut(fault, reply)?;
            for (name, value) in &fault.headers {
                reply.headers.retain(|(key, _)| !key.eq_ignore_ascii_case(name));
                if let Some(value) = value {
                    reply.headers.push((name.clone(), value.clone()));
                }
            }
        }
        Ok(())
    }

    /// True where the connection goes after the reply, whatever the reply says.
    pub(crate) fn drop_after(&self) -> bool {
        self.hits.iter().any(|fault| fault.drop_after)
    }

    /// Returns after how many bytes of the reply's body something happens.
    pub(crate) fn reply_bytes(&self) -> Option<u64> {
        self.at(Stage::Reply).map(|fault| fault.after_bytes).min()
    }

    /// Returns after how many bytes of the request's body something happens.
    fn body_bytes(&self) -> Option<u64> {
        self.at(Stage::Body).map(|fault| fault.after_bytes).min()
    }
}

/// Reply in place of the sandbox's.
pub(crate) enum Instead {
    Reply(Reply),
    Raw(Vec<u8>),
}

/// The body of a request, with the faults that strike in its middle.
pub(crate) struct Tapped<'a> {
    pub(crate) body: Body<'a>,
    shared: &'a Shared,
    faults: &'a Faults<'a>,
    left: Option<u64>,
}

impl<'a> Tapped<'a> {
    pub(crate) fn new(body: Body<'a>, shared: &'a Shared, faults: &'a Faults<'a>) -> Tapped<'a> {
        Tapped { body, shared, faults, left: faults.body_bytes() }
    }
}

impl Read for Tapped<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.left == Some(0) {
            self.left = None;
            if self.faults.pause(self.shared, Stage::Body) == Flow::Close {
                return Err(io::Error::new(io::ErrorKind::ConnectionAborted, "closed by the script"));
            }
        }
        let most = self.left.map_or(buf.len(), |left| buf.len().min(usize::try_from(left).unwrap_or(usize::MAX)));
        let n_bytes = self.body.read(&mut buf[..most])?;
        self.left = self.left.map(|left| left - n_bytes as u64);
        Ok(n_bytes)
    }
}

fn pause(shared: &Shared, fault: &Fault) -> Flow {
    if let Some(path) = &fault.announce {
        // A test that waits for this file will say so itself if it cannot be made.
        let _ = File::create(path);
    }
    let until = Instant::now() + Duration::from_millis(fault.delay_ms);
    let waits = |path: &Path| !path.exists();
    while Instant::now() < until || fault.hang || fault.hold.as_deref().is_some_and(waits) {
        if shared.is_stopping() {
            return Flow::Close;
        }
        thread::sleep(LOOK);
    }
    if fault.close { Flow::Close } else { Flow::Continue }
}

fn edit_json(fault: &Fault, reply: &mut Reply) {
    if fault.only.is_none() && fault.set.is_empty() && fault.unset.is_empty() {
        return;
    }
    let Content::Bytes(bytes) = &mut reply.content else { return };
    let Ok(mut value) = serde_json::from_slice::<Value>(bytes) else { return };
    if let (Some(only), Some(members)) = (&fault.only, value.as_object_mut()) {
        members.retain(|name, _| only.contains(name));
    }
    patch(&mut value, &fault.set, &fault.unset);
    *bytes = value.to_string().into_bytes();
}

fn cut(fault: &Fault, reply: &mut Reply) -> io::Result<()> {
    let whole = reply.content.len();
    if let Some(n_bytes) = fault.truncate {
        reply.content.truncate(n_bytes);
    }
    if let Some(n_lines) = fault.drop_lines {
        let tail = last_lines(&reply.content, n_lines)?;
        reply.content.truncate(whole.saturating_sub(tail));
    }
    match fault.length {
        LengthRule::Matching => {}
        LengthRule::Promised => reply.ending = Ending::Promised(whole),
        LengthRule::None => reply.ending = Ending::Close,
    }
    Ok(())
}

fn last_lines(content: &Content, n_lines: u64) -> io::Result<u64> {
    let mut copy = tempfile::NamedTempFile::new()?;
    match content {
        Content::Bytes(bytes) => io::copy(&mut bytes.as_slice(), &mut copy)?,
        Content::File { file, .. } => {
            let mut file = file.try_clone()?;
            io::Seek::rewind(&mut file)?;
            io::copy(&mut file, &mut copy)?
        }
    };
    bytes_of_last_lines(copy.path(), n_lines)
}

/// The shape in which a body is noted: only what tests ask for.
pub(crate) fn body_details(body: &Value) -> Value {
    let kept = ["model", "input_file_id", "endpoint", "completion_window", "metadata", "output_expires_after"];
    let members = body.as_object().into_iter().flatten();
    members
        .filter(|(name, _)| kept.contains(&name.as_str()))
        .map(|(k, v)| (k.clone(), v.clone()))
        .collect::<Map<_, _>>()
        .into()
}
