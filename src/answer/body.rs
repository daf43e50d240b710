//! The body of an answer: a Responses object, a chat completion, or something near to one of them.

use super::clean;
use super::error_words::ErrorWords;
use super::json::Json;
use crate::model::{Usage, whole_tokens};

/// Contents of a body, whichever API it came from.
#[derive(Debug, Default)]
pub(super) struct Body {
    pub(super) id: Option<String>,
    pub(super) model: Option<String>,
    pub(super) answered_at: Option<i64>,
    pub(super) usage: Option<Usage>,
    /// True where it names a usage that cannot be.
    pub(super) usage_is_unknown: bool,
    /// All text of the model, in order; none where there is only white space.
    pub(super) text: Option<String>,
    /// Channels in which else an answer may stand, the likelier place first: the arguments of a tool, the reasoning.
    pub(super) elsewhere: Vec<String>,
    pub(super) refusal: Option<String>,
    /// Why it ended before its end.
    pub(super) incomplete: Option<String>,
    pub(super) status: Option<String>,
    pub(super) error: Option<ErrorWords>,
    /// True where there was any content at all.
    any: bool,
    /// True where there was something, of whatever shape.
    is_something: bool,
}

impl Body {
    /// Reads a body; some servers give it as a string of JSON, some tools as the model's bare text.
    pub(super) fn read(value: Json<'_>) -> Body {
        let is_something = match &value {
            Json::Null => false,
            Json::Object(map) => !map.is_empty(),
            Json::Text(text) => !text.trim().is_empty(),
            _ => true,
        };
        Body { is_something, ..Body::read_any(value) }
    }

    fn read_any(value: Json<'_>) -> Body {
        match value {
            Json::Object(_) => Body::from_object(&value),
            Json::Text(text) => match serde_json::from_str::<Json<'_>>(&text) {
                Ok(inner) if is_envelope(&inner) => Body::from_object(&inner),
                _ => Body { any: !text.trim().is_empty(), text: solid(text.into_owned()), ..Body::default() },
            },
            _ => Body::default(),
        }
    }

    /// Returns whether there is anything to judge: a text, a status, tokens.
    pub(super) fn says_something(&self) -> bool {
        self.any
    }

    /// Returns whether there is something in a shape that nobody here knows: it may well have been paid for.
    pub(super) fn is_strange(&self) -> bool {
        self.is_something && !self.any
    }

    /// Returns whether somebody paid for it, as far as it says so.
    pub(super) fn is_paid(&self) -> bool {
        self.usage_is_unknown || self.usage.is_some_and(|usage| usage.output_tokens > 0)
    }

    fn from_object(value: &Json<'_>) -> Body {
        let word = |key: &str| value.get(key).and_then(Json::as_str).filter(|t| !t.is_empty()).map(|t| clean(t, 200));
        let time = |key: &str| {
            let number = value.get(key)?;
            let seconds = number.as_i64().or_else(|| number.as_f64().filter(|n| n.abs() < 9e15).map(|n| n as i64))?;
            // Some servers count milliseconds.
            Some(if seconds > MILLISECONDS_MIN { seconds / 1000 } else { seconds })
        };
        let usage = value.get("usage").map(Tokens::read).unwrap_or_default();
        let mut body = Body {
            id: word("id"),
            model: word("model"),
            answered_at: time("completed_at").or_else(|| time("created_at")).or_else(|| time("created")),
            usage: usage.known,
            usage_is_unknown: usage.is_unknown,
            status: word("status"),
            error: value.get("error").and_then(ErrorWords::read),
            any: is_envelope(value),
            ..Body::default()
        };
        let mut text = String::new();
        let mut refusal = String::new();
        let items = value.get("output").map_or(&[][..], Json::items);
        for item in items.iter().filter(|item| item.get("type").is_none_or(|t| t.as_str() == Some("message"))) {
            read_parts(item.get("content"), &mut text, &mut refusal);
        }
        // A convenience of the SDKs, kept by tools that write what their SDK gave them.
        if text.is_empty() {
            text.push_str(value.get("output_text").and_then(Json::as_str).unwrap_or(""));
        }
        if let Some(choice) = choice(value) {
            let message = choice.get("message").or_else(|| choice.get("delta")).unwrap_or(&Json::Null);
            read_parts(message.get("content").or_else(|| choice.get("text")), &mut text, &mut refusal);
            refusal.push_str(message.get("refusal").and_then(Json::as_str).unwrap_or(""));
            body.elsewhere = other_places(message);
            body.incomplete = match choice.get("finish_reason").and_then(Json::as_str) {
                Some(reason @ ("length" | "content_filter" | "max_tokens" | "max_output_tokens")) => {
                    Some(reason.into())
                }
                _ => None,
            };
        } else {
            if text.is_empty() {
                read_parts(value.at(&["message", "content"]), &mut text, &mut refusal);
            }
            body.elsewhere = items.iter().filter_map(|item| json_text(item.get("arguments")?)).collect();
        }
        let reason = value.at(&["incomplete_details", "reason"]).and_then(Json::as_str);
        match (body.status.as_deref(), reason) {
            (_, Some(reason)) => body.incomplete = Some(reason.to_string()),
            (Some("incomplete"), None) => body.incomplete = Some("no reason given".to_string()),
            _ => {}
        }
        body.text = solid(text);
        body.refusal = solid(refusal).map(|refusal| clean(&refusal, 400));
        body
    }
}

/// Times above this are milliseconds: as seconds they would be after the year 5138.
const MILLISECONDS_MIN: i64 = 100_000_000_000;

/// The most tokens that one answer can have taken: a hundred times the largest context there is.
const ANSWER_TOKENS_MAX: u64 = 100_000_000;

/// Usage that an answer states.
#[derive(Default)]
struct Tokens {
    known: Option<Usage>,
    is_unknown: bool,
}

impl Tokens {
    fn read(usage: &Json<'_>) -> Tokens {
        let names = ["input_tokens", "prompt_tokens", "output_tokens", "completion_tokens"];
        let said: Vec<&Json<'_>> = names.iter().filter_map(|name| usage.get(name)).filter(|n| !n.is_null()).collect();
        let can_be = |n: &&Json<'_>| n.as_f64().is_some_and(|n| (0.0..=ANSWER_TOKENS_MAX as f64).contains(&n));
        match said.iter().all(can_be) {
            true => Tokens { known: Usage::read_by(|path| count(usage.at(path)?)), is_unknown: false },
            false => Tokens { known: None, is_unknown: true },
        }
    }
}

fn count(value: &Json<'_>) -> Option<u64> {
    value.as_u64().or_else(|| whole_tokens(value.as_f64()?))
}

/// Returns the choice that answers: the first with a content, else the first. Some servers give one without a list.
fn choice<'v, 't>(value: &'v Json<'t>) -> Option<&'v Json<'t>> {
    let choices = match value.get("choices")? {
        Json::List(choices) => choices.as_slice(),
        one @ Json::Object(_) => std::slice::from_ref(one),
        _ => return None,
    };
    let says = |choice: &&Json<'_>| {
        let content = choice.at(&["message", "content"]).or_else(|| choice.get("text"));
        content.is_some_and(|content| content.as_str().map_or(!content.is_null(), |text| !text.trim().is_empty()))
    };
    choices.iter().find(says).or(choices.first())
}

/// Returns where else in a message an answer may stand: a gateway that enforces a schema by a tool puts it into the
/// tool's arguments, and a server that splits off the reasoning of a model that wrote none into that.
fn other_places(message: &Json<'_>) -> Vec<String> {
    let calls = message.get("tool_calls").map_or(&[][..], Json::items);
    let arguments = calls.iter().filter_map(|call| json_text(call.at(&["function", "arguments"])?));
    let older = message.at(&["function_call", "arguments"]).and_then(json_text);
    let reasoning = ["reasoning_content", "reasoning"].iter().filter_map(|name| message.get(name)?.as_str());
    arguments.chain(older).chain(reasoning.map(str::to_owned)).collect()
}

/// Returns JSON as a text, whether it is one already or not.
fn json_text(value: &Json<'_>) -> Option<String> {
    match value {
        Json::Text(text) => Some(text.clone().into_owned()),
        Json::Object(_) | Json::List(_) => Some(value.to_string()),
        _ => None,
    }
}

/// Reads the content of a message: a string, or parts of text and of refusal.
fn read_parts(content: Option<&Json<'_>>, text: &mut String, refusal: &mut String) {
    match content {
        Some(Json::Text(whole)) => text.push_str(whole),
        Some(Json::List(parts)) => {
            for part in parts {
                match (part.get("refusal").and_then(Json::as_str), part.get("text").and_then(Json::as_str)) {
                    (Some(words), _) => refusal.push_str(words),
                    (None, Some(words)) => text.push_str(words),
                    (None, None) => text.push_str(part.as_str().unwrap_or("")),
                }
            }
        }
        _ => {}
    }
}

/// Returns whether an object is an answer of an API, and not the model's own JSON.
fn is_envelope(value: &Json<'_>) -> bool {
    ["output", "output_text", "choices", "message", "error", "status", "usage", "object", "incomplete_details"]
        .iter()
        .any(|key| value.get(key).is_some_and(|part| !part.is_null()))
}

fn solid(text: String) -> Option<String> {
    (!text.trim().is_empty()).then_some(text)
}
