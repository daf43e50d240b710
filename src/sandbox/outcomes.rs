//! Refusals of a model, and answers that a script spoils on purpose.

use serde_json::{Value, json};

use super::pattern::fits;
use super::reply::ModelReply;
use super::request_body::{
    Endpoint, Format, Question, RequestBody, caches_at_breakpoints, has_developer, mentions_cache,
};
use super::script::{AnswerRule, ModelRule, Outcome};

/// Spoils a good answer in the way the rule names.
pub(crate) fn bend(reply: &mut ModelReply, rule: &AnswerRule) {
    let text = reply.text.clone().unwrap_or_default();
    match rule.outcome {
        Outcome::Refusal => {
            reply.refusal = Some(rule.message.clone().unwrap_or_else(|| "I'm sorry, I can't help with that.".into()));
        }
        Outcome::Incomplete => reply.cut_off(0),
        Outcome::IncompleteText => reply.cut_off(super::request_body::tokens(&text) / 2),
        Outcome::ContentFilter => {
            reply.incomplete = Some("content_filter".into());
            reply.text = None;
        }
        Outcome::Empty => reply.text = Some(String::new()),
        Outcome::NoMessage => reply.text = None,
        Outcome::NotJson => reply.text = Some("There is nothing here that a program could read.".into()),
        Outcome::Fenced => reply.text = Some(format!("```json\n{text}\n```")),
        Outcome::Prose => reply.text = Some(format!("Here is what I found:\n\n{text}\n\nI hope this helps.")),
        Outcome::SchemaViolation => reply.text = Some(r#"{"answer":{"found":"something else"}}"#.into()),
        Outcome::OutOfRange => {
            let mut value: Value = serde_json::from_str(&text).unwrap_or_default();
            exaggerate(&mut value);
            reply.text = Some(value.to_string());
        }
        Outcome::Failed => {
            let code = rule.code.as_deref().unwrap_or("server_error");
            let message = rule.message.as_deref().unwrap_or("The model failed to generate a response.");
            reply.error = Some(json!({"code": code, "message": message}));
        }
        _ => {}
    }
}

fn exaggerate(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(exaggerate),
        Value::Object(members) => {
            for (name, member) in members.iter_mut() {
                match name.as_str() {
                    "confidence" => *member = json!(1.7),
                    "rank" => *member = json!(-3),
                    _ => exaggerate(member),
                }
            }
        }
        _ => {}
    }
}

/// Returns the error with which a model turns the request down: one that the script describes, or one that is known to
/// take no cache breakpoints.
pub(crate) fn refusal_of_model(
    rules: &[ModelRule],
    request: &RequestBody,
    question: &Question,
) -> Option<(u16, Value)> {
    if let Some(name) = mentions_cache(question.body).filter(|_| caches_at_breakpoints(&request.model) == Some(false)) {
        let message = format!("Unsupported parameter: '{name}' is not supported with the '{}' model.", request.model);
        return Some((400, error_body("unsupported_parameter", &message, Some(name))));
    }
    let rule = rules.iter().find(|rule| fits(&rule.model, &request.model))?;
    if rule.unknown {
        let message = format!("The model `{}` does not exist or you do not have access to it.", request.model);
        return Some((404, error_body("model_not_found", &message, None)));
    }
    let refused = rule.refuses.iter().find(|name| match (name.as_str(), request.format) {
        ("developer", _) => has_developer(question.body),
        ("json_schema", format) => matches!(format, Format::Schema(_)),
        ("json_object", format) => format == Format::JsonObject,
        (path, _) => !path.split('.').fold(question.body, |value, name| &value[name]).is_null(),
    })?;
    let param = match (refused.as_str(), question.endpoint) {
        ("developer", _) => {
            let message = "Invalid value: 'developer'. Supported values are: 'system', 'assistant', and 'user'.";
            return Some((400, error_body("invalid_value", message, Some("input[0].role"))));
        }
        ("json_schema" | "json_object", Endpoint::Responses) => "text.format",
        ("json_schema" | "json_object", Endpoint::Chat) => "response_format",
        (name, _) => name,
    };
    let message = format!("Unsupported parameter: '{param}' is not supported with this model.");
    Some((400, error_body("unsupported_parameter", &message, Some(param))))
}

/// Returns the provider's error envelope.
pub(crate) fn error_body(code: &str, message: &str, param: Option<&str>) -> Value {
    let kind = match code {
        "server_error" => "server_error",
        "insufficient_quota" => "insufficient_quota",
        "rate_limit_exceeded" | "slow_down" => "rate_limit_error",
        _ => "invalid_request_error",
    };
    json!({"error": {"message": message, "type": kind, "param": param, "code": code}})
}
