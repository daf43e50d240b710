//! The envelope: a line of an output or error file, and the order in which it is judged.

use std::borrow::Cow;

use super::body::Body;
use super::error_words::ErrorWords;
use super::json::Json;
use super::lenient::Repair;
use super::{Answer, Expect, Outcome, Reason, clean, content, pruned};
use crate::text::lines::BYTE_ORDER_MARK;

/// The longest line that is read. An honest one, with reasoning and all, has a few hundred kilobytes at most.
const LINE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// An opened line, not yet judged.
#[derive(Clone, Debug, PartialEq)]
pub struct Line<'l> {
    /// The name of the request it answers.
    pub custom_id: Cow<'l, str>,
    response: Json<'l>,
    error: Json<'l>,
}

/// Why a line answers nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LineFault {
    /// Longer than any answer.
    TooLong(usize),
    /// Not JSON, or no object; with the reader's words.
    NotJson(String),
    /// An object without a custom id.
    NoCustomId,
}

impl std::fmt::Display for LineFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            LineFault::TooLong(bytes) => write!(f, "the line is {bytes} bytes long, more than any answer"),
            LineFault::NotJson(why) => write!(f, "the line is not a JSON object: {why}"),
            LineFault::NoCustomId => f.write_str("the line has no `custom_id`"),
        }
    }
}

impl std::error::Error for LineFault {}

impl<'l> Line<'l> {
    /// Opens a line; its line end may still be there.
    pub fn open(line: &'l [u8]) -> Result<Line<'l>, LineFault> {
        if line.len() > LINE_BYTES_MAX {
            return Err(LineFault::TooLong(line.len()));
        }
        let line = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line);
        // A byte that is no UTF-8 spoils one character, not the answer.
        let parsed = match std::str::from_utf8(line) {
            Ok(line) => pruned::read(line),
            Err(_) => pruned::read(&String::from_utf8_lossy(line)).map(Json::into_owned),
        };
        let mut line = match parsed {
            Ok(line @ Json::Object(_)) => line,
            Ok(_) => return Err(LineFault::NotJson("it is another value".to_string())),
            Err(error) => return Err(LineFault::NotJson(error.to_string())),
        };
        let custom_id = match line.take("custom_id") {
            Json::Text(id) if !id.is_empty() && id.len() <= 1000 => id,
            _ => return Err(LineFault::NoCustomId),
        };
        Ok(Line { custom_id, response: line.take("response"), error: line.take("error") })
    }

    /// Judges the line by what was asked.
    pub fn classify(mut self, expect: &Expect) -> Answer {
        let has_answer = !is_nothing(&self.response) || !is_nothing(&self.error);
        let mut body = Body::read(self.response.take("body"));
        let status = match self.response.get("status_code") {
            Some(Json::Number(status)) => status.as_u64().unwrap_or(0),
            Some(Json::Text(status)) => status.trim().parse().unwrap_or(0),
            // A tool that writes answers only may leave the status out.
            _ if body.says_something() => 200,
            _ => 0,
        };
        // Neither an answer nor an error, or one in a shape of somebody else's: it counts as paid until a person says
        // otherwise, for what was never billed is bought again.
        let has_status = self.response.get("status_code").is_some();
        let is_strange = status < 300 && (body.is_strange() || (status == 0 && !has_status));
        if !has_answer || (is_nothing(&self.error) && is_strange) {
            let message =
                "the line has neither a `response` nor an `error` that can be read; it may have been paid for";
            return answer(body, Outcome::Unusable(Reason::new("unreadable", message)));
        }
        let outcome = match stopped(&self.error, status, &body) {
            Some(outcome) => outcome,
            None => judge(&mut body, expect),
        };
        answer(body, outcome)
    }
}

/// Judges the body of a synchronous reply that came with a status of success.
pub fn classify_body(body: &str, expect: &Expect) -> Answer {
    let body = serde_json::from_str(body).unwrap_or_else(|_| Json::Text(body.into()));
    let mut body = Body::read(body);
    let outcome = judge(&mut body, expect);
    answer(body, outcome)
}

fn answer(body: Body, outcome: Outcome) -> Answer {
    Answer {
        response_id: body.id,
        model: body.model,
        answered_at: body.answered_at,
        usage: body.usage,
        usage_is_unknown: body.usage_is_unknown,
        text: body.text,
        outcome,
    }
}

/// Judges what lies outside the model's answer: the line's own error and the HTTP status.
fn stopped(error: &Json<'_>, status: u64, body: &Body) -> Option<Outcome> {
    let said = ErrorWords::read(error);
    let ok = (200..300).contains(&status);
    if ok && said.is_none() {
        return None;
    }
    // The endpoint's words stand in the body; a gateway may put its status into the line's error instead.
    let from_body = body.error.as_ref();
    let status = match (status, &said) {
        (0, Some(said)) => said.status.unwrap_or(0),
        (status, _) => status,
    };
    let gone = [from_body, said.as_ref()].into_iter().flatten().find(|words| {
        words.code.as_deref().is_some_and(Reason::is_model_gone)
            && body.usage.is_none_or(|usage| usage.output_tokens == 0)
    });
    if let Some(words) = gone {
        return Some(Outcome::Failed(Reason::model_gone(&words.message)));
    }
    let (code, message) = match (&said, from_body) {
        (Some(said), _) if status == 0 || ok => {
            (said.code.clone().unwrap_or_else(|| "error".to_string()), said.message.clone())
        }
        (_, _) if status == 0 => {
            ("ghost".to_string(), "the line has neither an answer nor a reason; the request never ran".to_string())
        }
        (said, from_body) => {
            let ErrorWords { code, message, .. } = from_body.or(said.as_ref()).cloned().unwrap_or_default();
            let word = code.map(|code| format!("{code}: ")).unwrap_or_default();
            (format!("http_{status}"), format!("{word}{message}"))
        }
    };
    let message = if message.trim().is_empty() { format!("the provider gave no reason ({code})") } else { message };
    let reason = Reason::new(&code, message);
    Some(match status {
        // Tokens were used, so somebody paid.
        _ if body.is_paid() => Outcome::Unusable(reason),
        408 | 409 | 425 | 429 => Outcome::Failed(reason),
        400..=499 => Outcome::Refused(reason),
        _ => Outcome::Failed(reason),
    })
}

/// Judges the model's answer itself.
fn judge(body: &mut Body, expect: &Expect) -> Outcome {
    let paid = body.is_paid();
    let status = body.status.as_deref().unwrap_or("");
    if let (Some(said), true) = (&body.error, matches!(status, "failed" | "") && body.text.is_none()) {
        let code = said.code.as_deref().unwrap_or("error");
        let reason = Reason::new(code, if said.message.is_empty() { "the response failed" } else { &said.message });
        return match code {
            _ if paid => Outcome::Unusable(reason),
            code if Reason::is_model_gone(code) => Outcome::Failed(Reason::model_gone(&said.message)),
            "server_error" | "rate_limit_exceeded" | "vector_store_timeout" | "error" => Outcome::Failed(reason),
            _ => Outcome::Refused(reason),
        };
    }
    if matches!(status, "failed" | "cancelled" | "queued" | "in_progress") {
        let reason = Reason::new(&format!("response_{status}"), format!("the response's status is `{status}`"));
        // One that was accepted and goes on somewhere may be billed yet.
        let is_under_way = body.id.is_some() && matches!(status, "queued" | "in_progress");
        return if paid || is_under_way { Outcome::Unusable(reason) } else { Outcome::Failed(reason) };
    }
    if !body.says_something() {
        // The status says that it was answered, so that it counts as paid: it is asked again when a person says so.
        let message = "the answer came with a status of success and is empty; it may have been paid for";
        return Outcome::Unusable(Reason::new("unreadable", message));
    }
    if let Some(refusal) = &body.refusal {
        return Outcome::Unusable(Reason::new("refusal", format!("the model refused: {refusal}")));
    }
    let read = read_anywhere(body, expect);
    let Some(reason) = body.incomplete.as_deref() else { return read };
    let unusable = match reason {
        "content_filter" => Reason::new("content_filter", "the provider's content filter cut the answer off"),
        // What is whole was not cut off in it: some models go on with blanks until the limit ends them.
        _ if is_whole(&read) => return read,
        "max_output_tokens" | "length" | "max_tokens" => {
            let message = "the answer was cut off at the limit of output tokens (`max_output_tokens`)";
            Reason::new("incomplete", message)
        }
        other => Reason::new("incomplete", format!("the answer is incomplete: {}", clean(other, 80))),
    };
    Outcome::Unusable(unusable)
}

/// Reads the model's text, and where that is no answer the other places where one may stand; there it must be whole.
fn read_anywhere(body: &mut Body, expect: &Expect) -> Outcome {
    let own = match body.text.as_deref() {
        Some(text) => content::read_text(text, expect),
        None => Outcome::Unusable(Reason::new("empty", "the answer holds no text")),
    };
    if matches!(own, Outcome::Usable(_)) {
        return own;
    }
    for text in std::mem::take(&mut body.elsewhere) {
        let mut other = content::read_text(&text, expect);
        if is_whole(&other) {
            if let Outcome::Usable(content) = &mut other {
                content.notes.repairs.insert(Repair::Elsewhere);
            }
            body.text = Some(text);
            return other;
        }
    }
    own
}

/// Returns whether an answer is JSON from its beginning to its end, with nothing mended.
fn is_whole(outcome: &Outcome) -> bool {
    let can_be = |repair: &Repair| matches!(repair, Repair::Encoded | Repair::Elsewhere);
    matches!(outcome, Outcome::Usable(content) if content.notes.repairs.iter().all(can_be))
}

/// Returns whether a part of a line is absent, null or empty.
fn is_nothing(part: &Json<'_>) -> bool {
    match part {
        Json::Null => true,
        Json::Object(map) => map.is_empty(),
        Json::Text(text) => text.trim().is_empty(),
        _ => false,
    }
}
