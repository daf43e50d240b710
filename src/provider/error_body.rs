//! Bodies of refusals, in whatever form: the provider's envelope, looser JSON, problem+json, HTML, plain text or nothing. Only
//! the envelope is the API's own word.

use serde_json::Value;

use super::fields;
use crate::text::clean;

/// The longest message kept of what a server says; longer ones are cut.
const MESSAGE_CHARS_MAX: usize = 600;
/// The longest word kept as a code, a type or an id.
const WORD_CHARS_MAX: usize = 120;

/// Contents of an error body, whatever its form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ErrorBody {
    pub(super) message: String,
    pub(super) kind: Option<String>,
    pub(super) code: Option<String>,
    pub(super) param: Option<String>,
    /// True where it came in the provider's own envelope, so that the API itself spoke and no proxy before it.
    pub(super) envelope: bool,
}

impl ErrorBody {
    /// Passes every text through a function.
    pub(super) fn map(self, text: impl Fn(String) -> String) -> ErrorBody {
        ErrorBody {
            message: text(self.message),
            kind: self.kind.map(&text),
            code: self.code.map(&text),
            param: self.param.map(&text),
            envelope: self.envelope,
        }
    }
}

/// Reads an error body: the provider's envelope, looser JSON, problem+json, HTML, plain text or nothing.
pub(super) fn read_error(status: u16, body: &[u8]) -> ErrorBody {
    let mut said = match serde_json::from_slice::<Value>(body) {
        Ok(value) => from_json(&value),
        Err(_) => ErrorBody { message: excerpt(body), ..ErrorBody::default() },
    };
    if said.message.is_empty() {
        said.message = reason(status).to_string();
    }
    said
}

fn from_json(value: &Value) -> ErrorBody {
    let word = |value: &Value, key| fields::text(value, key).map(|t| clean(&t, WORD_CHARS_MAX));
    match value {
        Value::Array(items) => items.first().map(from_json).unwrap_or_default(),
        Value::String(text) => ErrorBody { message: excerpt(text.as_bytes()), ..ErrorBody::default() },
        Value::Object(map) => match map.get("error") {
            Some(error @ Value::Object(_)) => {
                let message = error.get("message").map(words).unwrap_or_default();
                let said = ErrorBody {
                    envelope: !message.is_empty(),
                    message,
                    kind: word(error, "type"),
                    code: word(error, "code"),
                    param: word(error, "param"),
                };
                // A gateway may put the whole answer of the server behind it into its own message.
                match serde_json::from_str::<Value>(&said.message) {
                    Ok(inner @ Value::Object(_)) if inner.get("error").is_some() => {
                        let inner = from_json(&inner);
                        ErrorBody { kind: said.kind.or(inner.kind), code: said.code.or(inner.code), ..inner }
                    }
                    _ => said,
                }
            }
            Some(error) => ErrorBody { message: words(error), ..ErrorBody::default() },
            None => ErrorBody {
                envelope: value.get("detail").is_some_and(is_complaint),
                message: ["detail", "message", "title"]
                    .iter()
                    .map(|key| value.get(key).map(words).unwrap_or_default())
                    .find(|message| !message.is_empty())
                    .unwrap_or_default(),
                kind: word(value, "type"),
                code: word(value, "code"),
                ..ErrorBody::default()
            },
        },
        _ => ErrorBody::default(),
    }
}

/// Returns whether a `detail` is what the validator of an API's own code wrote: a list of complaints, each with its
/// place. No proxy writes that.
fn is_complaint(detail: &Value) -> bool {
    let complaints = detail.as_array().map(Vec::as_slice).unwrap_or_default();
    !complaints.is_empty() && complaints.iter().all(|one| one["loc"].is_array() && one["msg"].is_string())
}

/// Returns the text of a message that may be a string, or a list of objects with one each.
fn words(value: &Value) -> String {
    match value {
        Value::String(text) => clean(text, MESSAGE_CHARS_MAX),
        Value::Null => String::new(),
        Value::Array(items) => {
            let parts: Vec<String> = items.iter().take(3).map(item_words).collect();
            clean(&parts.join("; "), MESSAGE_CHARS_MAX)
        }
        other => clean(&other.to_string(), MESSAGE_CHARS_MAX),
    }
}

/// Returns the text of one complaint of a validator, `{"loc": ["body", "temperature"], "msg": "…"}`, with its place.
fn item_words(item: &Value) -> String {
    let said = words(item.get("msg").unwrap_or(item));
    let place: Vec<String> = match item.get("loc") {
        Some(Value::Array(place)) => place.iter().map(words).filter(|step| !step.is_empty()).collect(),
        _ => vec![],
    };
    if place.is_empty() { said } else { format!("{}: {said}", place.join(".")) }
}

/// Returns the beginning of a body as one line that is safe to show; of HTML the title, or the text without its tags.
pub(super) fn excerpt(body: &[u8]) -> String {
    // A body that is no text, or is cut in the middle of a letter, says what is left of it.
    let text = String::from_utf8_lossy(&body[..body.len().min(16 * 1024)]).replace(char::REPLACEMENT_CHARACTER, "");
    let start = text.trim_start();
    if !start.starts_with('<') {
        return clean(start, 200);
    }
    // ASCII lower case keeps every byte's place.
    let lower = start.to_ascii_lowercase();
    let title = lower.find("<title>").map(|at| at + 7).and_then(|from| {
        let to = lower[from..].find("</title>")? + from;
        Some(clean(&start[from..to], 200))
    });
    match title.filter(|t| !t.is_empty()) {
        Some(title) => format!("an HTML page: {title}"),
        None => {
            let mut inside = false;
            let bare = start.chars().filter(|&c| {
                let keep = !inside && c != '<';
                inside = if c == '<' { true } else { inside && c != '>' };
                keep
            });
            match clean(&bare.collect::<String>(), 200) {
                text if text.is_empty() => "an HTML page".to_owned(),
                text => format!("an HTML page: {text}"),
            }
        }
    }
}

/// Returns words for a status that came without any.
fn reason(status: u16) -> &'static str {
    match status {
        300..=399 => "it sends us to another address, which is not followed",
        401 => "not authorized",
        403 => "not permitted",
        404 => "not found",
        408 => "request timeout",
        413 => "too large",
        429 => "too many requests",
        500 => "internal error",
        502 => "bad gateway",
        503 => "overloaded or down",
        504 => "gateway timeout",
        400..=499 => "refused, without a reason",
        _ => "no reason given",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_error_body_says_something() {
        let check = |body: &str, message: &str, code: Option<&str>, envelope: bool| {
            let said = read_error(503, body.as_bytes());
            assert_eq!(
                (said.message.as_str(), said.code.as_deref(), said.envelope),
                (message, code, envelope),
                "{body}"
            );
        };
        check(r#"{"error":{"message":"No","type":"t","param":null,"code":"c"}}"#, "No", Some("c"), true);
        check(r#"{"error":{"message":"No"}}"#, "No", None, true);
        check(r#"{"error":{"message":"No","code":404}}"#, "No", Some("404"), true);
        check(r#"{"error":"model not found"}"#, "model not found", None, false);
        check(r#"[{"error":{"message":"No","code":"c"}}]"#, "No", Some("c"), true);
        check(r#"{"error":{"message":"{\"error\":{\"message\":\"deep\",\"code\":\"c\"}}"}}"#, "deep", Some("c"), true);
        check(r#"{"detail":"Not authenticated"}"#, "Not authenticated", None, false);
        check(r#"{"detail":[{"loc":["body"],"msg":"field required"}]}"#, "body: field required", None, true);
        check(r#"{"detail":[]}"#, "overloaded or down", None, false);
        check(r#"{"detail":["no place"]}"#, "no place", None, false);
        check(r#"{"type":"about:blank","title":"Bad","detail":"It is bad"}"#, "It is bad", None, false);
        check("upstream\tconnect\x1b[31m error\r\n", "upstream connect[31m error", None, false);
        check(
            "<html><head><title>502 Bad\nGateway</title></head></html>",
            "an HTML page: 502 Bad Gateway",
            None,
            false,
        );
        check("<h1>Sorry</h1><p>later", "an HTML page: Sorrylater", None, false);
        check("<html>", "an HTML page", None, false);
        check("", "overloaded or down", None, false);
        check("null", "overloaded or down", None, false);
        check("{}", "overloaded or down", None, false);
        assert_eq!(read_error(500, &[0xff; 9]).message, "internal error");
        assert_eq!(read_error(500, "é".repeat(5000).as_bytes()).message.chars().count(), 201);
    }
}
