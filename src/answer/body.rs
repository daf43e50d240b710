//! The body of an answer: a Responses object, a chat completion, or something near to one of them.

use serde_json::Value;

use super::clean;
use super::error_words::ErrorWords;
use crate::model::Usage;

/// What a body says, whichever API it came from.
#[derive(Debug, Default)]
pub(super) struct Body {
    pub(super) id: Option<String>,
    pub(super) model: Option<String>,
    pub(super) answered_at: Option<i64>,
    pub(super) usage: Option<Usage>,
    /// All text of the model, in order; none where there is only white space.
    pub(super) text: Option<String>,
    pub(super) refusal: Option<String>,
    /// Why it ended before its end.
    pub(super) incomplete: Option<String>,
    pub(super) status: Option<String>,
    pub(super) error: Option<ErrorWords>,
    /// Whether there was any content at all.
    any: bool,
}

impl Body {
    /// Reads a body; some servers give it as a string of JSON, some tools as the model's bare text.
    pub(super) fn read(value: Value) -> Body {
        match value {
            Value::Object(_) => Body::from_object(&value),
            Value::String(text) => match serde_json::from_str::<Value>(&text) {
                Ok(inner) if is_envelope(&inner) => Body::from_object(&inner),
                _ => Body { any: !text.trim().is_empty(), text: solid(text), ..Body::default() },
            },
            _ => Body::default(),
        }
    }

    /// Returns whether there is anything to judge: a text, a status, tokens.
    pub(super) fn says_something(&self) -> bool {
        self.any
    }

    fn from_object(value: &Value) -> Body {
        let word = |key: &str| value.get(key).and_then(Value::as_str).filter(|t| !t.is_empty()).map(|t| clean(t, 200));
        let time = |key: &str| {
            let number = value.get(key)?;
            number.as_i64().or_else(|| number.as_f64().filter(|n| n.abs() < 9e15).map(|n| n as i64))
        };
        let mut body = Body {
            id: word("id"),
            model: word("model"),
            answered_at: time("completed_at").or_else(|| time("created_at")).or_else(|| time("created")),
            usage: value.get("usage").and_then(Usage::read),
            status: word("status"),
            error: value.get("error").and_then(ErrorWords::read),
            any: is_envelope(value),
            ..Body::default()
        };
        let mut text = String::new();
        let mut refusal = String::new();
        if let Some(items) = value.get("output").and_then(Value::as_array) {
            for item in items.iter().filter(|item| item.get("type").is_none_or(|t| t == "message")) {
                read_parts(item.get("content"), &mut text, &mut refusal);
            }
        }
        // A convenience of the SDKs, kept by tools that write what their SDK gave them.
        if text.is_empty() {
            text.push_str(value.get("output_text").and_then(Value::as_str).unwrap_or(""));
        }
        if let Some(choice) = value.pointer("/choices/0") {
            let message = choice.get("message").or_else(|| choice.get("delta")).unwrap_or(&Value::Null);
            read_parts(message.get("content").or_else(|| choice.get("text")), &mut text, &mut refusal);
            refusal.push_str(message.get("refusal").and_then(Value::as_str).unwrap_or(""));
            body.incomplete = match choice.get("finish_reason").and_then(Value::as_str) {
                Some(reason @ ("length" | "content_filter" | "max_tokens" | "max_output_tokens")) => {
                    Some(reason.into())
                }
                _ => None,
            };
        } else if text.is_empty() {
            read_parts(value.pointer("/message/content"), &mut text, &mut refusal);
        }
        let reason = value.pointer("/incomplete_details/reason").and_then(Value::as_str);
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

/// Reads the content of a message: a string, or parts of text and of refusal.
fn read_parts(content: Option<&Value>, text: &mut String, refusal: &mut String) {
    match content {
        Some(Value::String(whole)) => text.push_str(whole),
        Some(Value::Array(parts)) => {
            for part in parts {
                match (part.get("refusal").and_then(Value::as_str), part.get("text").and_then(Value::as_str)) {
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
fn is_envelope(value: &Value) -> bool {
    ["output", "output_text", "choices", "message", "error", "status", "usage", "object", "incomplete_details"]
        .iter()
        .any(|key| value.get(*key).is_some_and(|part| !part.is_null()))
}

fn solid(text: String) -> Option<String> {
    (!text.trim().is_empty()).then_some(text)
}
