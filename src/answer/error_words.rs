//! The words of an error: of a line, of a response, or of the endpoint's own envelope, which all look alike.

use super::clean;
use super::json::Json;

/// Contents of an error object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ErrorWords {
    /// The provider's `code`, else its `type`.
    pub(super) code: Option<String>,
    /// Its sentence, and behind it the parameter it complains about and what it found misaligned, where it says so.
    pub(super) message: String,
    /// An HTTP status found inside the message, where a gateway put the whole reply of the server behind it.
    pub(super) status: Option<u64>,
}

/// Begins the parameter behind a message.
const PARAMETER: &str = " (parameter `";

impl ErrorWords {
    /// Reads an `error`: an object or a text; `None` where it says nothing.
    pub(super) fn read(error: &Json<'_>) -> Option<ErrorWords> {
        match error {
            Json::Text(message) if !message.trim().is_empty() => {
                Some(ErrorWords { message: clean(message, 500), ..ErrorWords::default() })
            }
            Json::Object(map) if !map.is_empty() => {
                // A reply inside the message says more than what is around it, and the status it came with.
                let whole = map.get("message").and_then(Json::as_str).unwrap_or_default();
                let inner =
                    serde_json::from_str::<Json<'_>>(whole).ok().filter(|inner| matches!(inner, Json::Object(_)));
                let inner = inner.as_ref();
                let status = inner.and_then(|inner| {
                    ["status_code", "status", "code"].iter().find_map(|key| inner.get(key)?.as_u64())
                });
                let said =
                    inner.and_then(|inner| inner.at(&["error", "message"]).or_else(|| inner.get("message"))?.as_str());
                let word = |key: &str| map.get(key).and_then(word).filter(|word| !word.is_empty());
                let mut message = clean(said.unwrap_or(whole), 500);
                if let Some(param) = word("param") {
                    message = format!("{message}{PARAMETER}{}`)", clean(&param, 100).replace('`', "'"));
                }
                if let Some(found) = map.get("misalignment").filter(|found| !found.is_null()) {
                    let found = found.as_str().map_or_else(|| found.to_string(), str::to_owned);
                    message = format!("{message} (misalignment: {})", clean(&found, 200));
                }
                let code = word("code").or_else(|| word("type")).map(|code| clean(&code, 64));
                Some(ErrorWords { code, message: message.trim_start().to_owned(), status })
            }
            _ => None,
        }
    }
}

/// Returns the parameter that a kept reason complains about.
pub fn parameter_in(message: &str) -> Option<&str> {
    let (_, rest) = message.rsplit_once(PARAMETER)?;
    rest.split_once('`').map(|(param, _)| param)
}

/// Returns a word: a text, or a number where a server writes one.
fn word(value: &Json<'_>) -> Option<String> {
    match value {
        Json::Text(word) => Some(word.clone().into_owned()),
        Json::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(error: &Value) -> Option<ErrorWords> {
        ErrorWords::read(&serde_json::from_str(&error.to_string()).unwrap())
    }

    #[test]
    fn an_error_is_kept_with_all_it_says() {
        let check = |error: Value, code: Option<&str>, message: &str, parameter: Option<&str>| {
            let said = read(&error).unwrap();
            assert_eq!((said.code.as_deref(), said.message.as_str()), (code, message), "{error}");
            assert_eq!(parameter_in(&said.message), parameter, "{error}");
        };
        check(
            json!({"message": "No such value.", "type": "t", "param": "reasoning.effort", "code": "unsupported_value"}),
            Some("unsupported_value"),
            "No such value. (parameter `reasoning.effort`)",
            Some("reasoning.effort"),
        );
        check(json!({"message": "No", "type": "t", "param": null, "code": null}), Some("t"), "No", None);
        check(
            json!({"message": "No", "code": "misalignment_policy_violation", "misalignment": {"kind": "x", "score": 1}}),
            Some("misalignment_policy_violation"),
            "No (misalignment: {\"kind\":\"x\",\"score\":1})",
            None,
        );
        check(json!({"param": "a`b"}), None, "(parameter `a'b`)", None);
        check(json!({"code": 400, "message": "No"}), Some("400"), "No", None);
        check(json!("plain"), None, "plain", None);
        for nothing in [json!(null), json!({}), json!(""), json!([])] {
            assert_eq!(read(&nothing), None);
        }
        let outer = json!({"message": "{\"status\":503,\"error\":{\"message\":\"deep\"}}"});
        assert_eq!(read(&outer).map(|said| (said.status, said.message)), Some((Some(503), "deep".into())));
    }
}
