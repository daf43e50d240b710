//! Turns one line of an input file into its lines of the output and the error file, as the script wants them.

use serde_json::{Value, json};

use super::outcomes::{bend, error_body, refusal_of_model};
use super::pattern::{fill_in, fill_in_text, fits};
use super::reader::Reader;
use super::reply::{ModelReply, Tokens};
use super::request_body::{Endpoint, Question, RequestBody};
use super::script::{AnswerRule, Outcome, Script, Which};

/// The lines that a request leads to, each with its newline.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Written {
    pub(crate) output: String,
    pub(crate) error: String,
    pub(crate) tokens: Tokens,
    /// True where the request counts as failed.
    pub(crate) failed: bool,
}

/// The answer to one call of an endpoint.
pub(crate) struct Direct {
    pub(crate) status: u16,
    pub(crate) body: Value,
    pub(crate) tokens: Tokens,
}

/// Finds the rule for a request of a batch.
pub(crate) fn rule_for<'s>(script: &'s Script, question: &Question, text: &str) -> Option<&'s AnswerRule> {
    script.answers.iter().find(|rule| {
        rule.custom_id.as_ref().is_none_or(|pattern| fits(pattern, question.custom_id))
            && rule
                .every
                .is_none_or(|every| every > 0 && question.line_number % every == rule.from.unwrap_or(every) % every)
            && rule.contains.as_ref().is_none_or(|part| text.contains(part))
            && rule.times.is_none_or(|times| question.attempt <= times)
    })
}

/// Answers one request of a batch.
pub(crate) fn answer(reader: &Reader, script: &Script, question: &Question) -> Written {
    let request = RequestBody::read(question.endpoint, question.body);
    let default = AnswerRule::default();
    let rule = rule_for(script, question, &request.text).unwrap_or(&default);
    write(rule, reader, script, question, &request)
}

/// Answers one synchronous call.
pub(crate) fn answer_directly(reader: &Reader, rule: &AnswerRule, script: &Script, question: &Question) -> Direct {
    let request = RequestBody::read(question.endpoint, question.body);
    body_of(rule, reader, script, question, &request)
}

fn write(rule: &AnswerRule, reader: &Reader, script: &Script, question: &Question, request: &RequestBody) -> Written {
    let values = placeholders(question);
    let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
    if let Some(text) = &rule.line_text {
        return Written::one(
            rule.file.unwrap_or(Which::Output),
            &fill_in_text(text, &values),
            Tokens::default(),
            false,
        );
    }
    if let Some(line) = &rule.line {
        let line = fill_in(line, &values);
        let failed =
            !line["error"].is_null() || line["response"]["status_code"].as_u64().is_some_and(|code| code >= 400);
        let file = rule.file.unwrap_or(if failed { Which::Error } else { Which::Output });
        return Written::one(file, &line.to_string(), Tokens::default(), failed);
    }
    let never_ran = |code: &str, message: &str| {
        let code = rule.code.as_deref().unwrap_or(code);
        let line = never_ran_line(question.custom_id, &question.id, code, rule.message.as_deref().unwrap_or(message));
        Written::one(rule.file.unwrap_or(Which::Error), &line, Tokens::default(), true)
    };
    match rule.outcome {
        Outcome::Missing => return Written::default(),
        Outcome::GarbageLine => {
            return Written::one(Which::Output, "{\"id\":\"batch_req_", Tokens::default(), false);
        }
        Outcome::Ghost => {
            let line = json!({"id": format!("batch_req_{}", question.id), "custom_id": question.custom_id,
                "response": {"status_code": 0, "request_id": "", "body": {}}, "error": null});
            return Written::one(rule.file.unwrap_or(Which::Error), &line.to_string(), Tokens::default(), false);
        }
        Outcome::BatchExpired => return never_ran("batch_expired", EXPIRED),
        Outcome::BatchCancelled => return never_ran("batch_cancelled", CANCELLED),
        _ => {}
    }
    let direct = body_of(rule, reader, script, question, request);
    let failed = direct.status >= 400;
    let file = rule.file.unwrap_or(if failed { Which::Error } else { Which::Output });
    let line = line_of(rule, question, question.custom_id, direct.status, &direct.body);
    let mut written = Written::one(file, &line, direct.tokens, failed);
    match rule.outcome {
        Outcome::Duplicated => written.push(Which::Output, &line),
        Outcome::DuplicatedFailure => {
            let body = error_body("server_error", "The server had an error while processing your request.", None);
            written.push(Which::Error, &line_of(rule, question, question.custom_id, 500, &body));
        }
        Outcome::Foreign => {
            let stranger = format!("foreign_{}", question.custom_id);
            written.push(Which::Output, &line_of(rule, question, &stranger, direct.status, &direct.body));
        }
        _ => {}
    }
    written
}

impl Written {
    fn one(file: Which, line: &str, tokens: Tokens, failed: bool) -> Written {
        let mut written = Written { tokens, failed, ..Written::default() };
        written.push(file, line);
        written
    }

    fn push(&mut self, file: Which, line: &str) {
        let text = match file {
            Which::Output => &mut self.output,
            Which::Error => &mut self.error,
        };
        text.push_str(line);
        text.push('\n');
    }
}

pub(crate) const EXPIRED: &str = "This request could not be executed before the completion window expired.";
pub(crate) const CANCELLED: &str = "This request was not executed because the batch was cancelled.";

/// Returns the line of a request that was never run.
pub(crate) fn never_ran_line(custom_id: &str, id: &str, code: &str, message: &str) -> String {
    json!({"id": format!("batch_req_{id}"), "custom_id": custom_id, "response": null,
        "error": {"code": code, "message": message}})
    .to_string()
}

fn line_of(rule: &AnswerRule, question: &Question, custom_id: &str, status: u16, body: &Value) -> String {
    let mut body = if rule.short_body && status < 400 {
        json!({"output_text": text_of(question.endpoint, body)}).to_string()
    } else {
        body.to_string()
    };
    if rule.body_as_string {
        body = json!(body).to_string();
    }
    // Put together as text: a body is by far the largest part, and need not be copied as a tree.
    format!(
        r#"{{"id":"batch_req_{id}","custom_id":{custom_id},"response":{{"status_code":{status},"request_id":"req_{id}","body":{body}}},"error":null}}"#,
        id = question.id,
        custom_id = json!(custom_id),
    )
}

fn text_of(endpoint: Endpoint, body: &Value) -> Value {
    match endpoint {
        Endpoint::Chat => body["choices"][0]["message"]["content"].clone(),
        Endpoint::Responses => {
            let mut items = body["output"].as_array().into_iter().flatten();
            let message = items.rfind(|item| item["type"] == "message");
            message.map_or(Value::Null, |message| message["content"][0]["text"].clone())
        }
    }
}

fn body_of(rule: &AnswerRule, reader: &Reader, script: &Script, question: &Question, request: &RequestBody) -> Direct {
    let refused = |status: u16, body: Value| Direct { status, body, tokens: Tokens::default() };
    let values = placeholders(question);
    let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
    if let Some(body) = &rule.body {
        let body = fill_in(body, &values);
        return Direct { status: rule.status.unwrap_or(200), tokens: tokens_of(&body), body };
    }
    if rule.outcome == Outcome::Http {
        let status = rule.status.unwrap_or(400);
        let code = rule.code.as_deref().unwrap_or(if status < 500 { "invalid_request_error" } else { "server_error" });
        let message = rule.message.as_deref().unwrap_or("The request was refused, as the script says.");
        return refused(status, error_body(code, message, None));
    }
    if let Some((status, body)) = refusal_of_model(&script.models, request, question) {
        return refused(status, body);
    }
    let repeated = question.line_number > 1;
    let mut reply = match &rule.output_text {
        Some(Value::String(text)) => ModelReply::saying(fill_in_text(text, &values), request, repeated),
        Some(other) => ModelReply::saying(fill_in(other, &values).to_string(), request, repeated),
        None => ModelReply::read(reader, request, repeated),
    };
    bend(&mut reply, rule);
    let body = reply.to_body(question.endpoint, question.body, &question.id, question.created_at);
    Direct { status: rule.status.unwrap_or(200), body, tokens: reply.usage }
}

fn placeholders(question: &Question) -> [(&'static str, String); 4] {
    let group = question.custom_id.split_once('_').map_or(question.custom_id, |(_, group)| group);
    [
        ("custom_id", question.custom_id.to_owned()),
        ("group", group.to_owned()),
        ("n", question.line_number.to_string()),
        ("attempt", question.attempt.to_string()),
    ]
}

fn tokens_of(body: &Value) -> Tokens {
    let usage = &body["usage"];
    let count = |names: [&str; 2]| names.iter().find_map(|name| usage[name].as_u64()).unwrap_or(0);
    Tokens {
        input: count(["input_tokens", "prompt_tokens"]),
        output: count(["output_tokens", "completion_tokens"]),
        cached: usage["input_tokens_details"]["cached_tokens"].as_u64().unwrap_or(0),
        written: usage["input_tokens_details"]["cache_write_tokens"].as_u64().unwrap_or(0),
        reasoning: usage["output_tokens_details"]["reasoning_tokens"].as_u64().unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::reader::Dictionary;

    fn written(rules: &str, custom_id: &str, line_number: u64, attempt: u64) -> Written {
        let reader = Reader::new(&Dictionary::default());
        let script = Script::parse(&format!(r#"{{"answers": {rules}}}"#)).unwrap();
        let body = json!({"model": "m", "input": "Neil saw Gene Kranz.", "temperature": 1,
            "text": {"format": {"type": "json_schema", "name": "n", "schema":
                {"properties": {"entities": {"items": {"properties": {"mention": {}, "confidence": {}, "rank": {}}}}}}}}});
        let endpoint = Endpoint::Responses;
        let question =
            Question { custom_id, body: &body, endpoint, line_number, attempt, id: "1".into(), created_at: 7 };
        answer(&reader, &script, &question)
    }

    fn parsed(text: &str) -> Value {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn the_text_of_each_outcome() {
        let good = r#"{"entities":[{"mention":"Gene Kranz","confidence":0.4,"rank":1}]}"#;
        let table = [
            ("ok", json!(good)),
            ("fenced", json!(format!("```json\n{good}\n```"))),
            ("empty", json!("")),
            ("no_message", Value::Null),
            ("incomplete", Value::Null),
            ("refusal", Value::Null),
            ("schema_violation", json!(r#"{"answer":{"found":"something else"}}"#)),
            ("out_of_range", json!(r#"{"entities":[{"mention":"Gene Kranz","confidence":1.7,"rank":-3}]}"#)),
        ];
        for (outcome, expected) in table {
            let written = written(&format!(r#"[{{"outcome": "{outcome}"}}]"#), "entity_1", 1, 1);
            let line = parsed(&written.output);
            assert_eq!(text_of(Endpoint::Responses, &line["response"]["body"]), expected, "{outcome}");
            assert!(written.tokens.input > 0, "{outcome} is paid");
            assert_eq!((line["custom_id"].as_str(), line["error"].is_null()), (Some("entity_1"), true));
        }
    }

    #[test]
    fn the_files_of_each_outcome() {
        let table = [
            ("ok", 1, 0, false),
            ("http", 0, 1, true),
            ("batch_expired", 0, 1, true),
            ("batch_cancelled", 0, 1, true),
            ("ghost", 0, 1, false),
            ("missing", 0, 0, false),
            ("duplicated", 2, 0, false),
            ("duplicated_failure", 1, 1, false),
            ("foreign", 2, 0, false),
            ("garbage_line", 1, 0, false),
            ("failed", 1, 0, false),
        ];
        for (outcome, n_output, n_error, failed) in table {
            let written = written(&format!(r#"[{{"outcome": "{outcome}"}}]"#), "entity_1", 1, 1);
            let counts = (written.output.lines().count(), written.error.lines().count(), written.failed);
            assert_eq!(counts, (n_output, n_error, failed), "{outcome}");
        }
    }

    #[test]
    fn rules_choose_their_requests() {
        let rules = r#"[{"custom_id": "topic_*", "outcome": "missing"},
            {"every": 10, "from": 3, "outcome": "ghost"},
            {"times": 1, "contains": "Kranz", "outcome": "http", "status": 503},
            {"output_text": {"of": "{{group}}", "n": "{{n}}"}}]"#;
        let table = [
            ("topic_1", 1, 1, ""),
            ("entity_1", 13, 1, "status_code\":0"),
            ("entity_1", 14, 1, "status_code\":503"),
            ("entity_a_b", 14, 2, r#"{\"of\":\"a_b\",\"n\":\"14\"}"#),
        ];
        for (custom_id, line_number, attempt, expected) in table {
            let written = written(rules, custom_id, line_number, attempt);
            let all = written.output + &written.error;
            assert!(
                all.contains(expected) && all.is_empty() == expected.is_empty(),
                "{custom_id} {line_number}: {all}"
            );
        }
    }

    #[test]
    fn bodies_and_lines_can_be_given_whole() {
        let whole = written(r#"[{"line": {"custom_id": "{{custom_id}}", "error": {"code": "x"}}}]"#, "topic_1", 1, 1);
        assert_eq!(whole.error, "{\"custom_id\":\"topic_1\",\"error\":{\"code\":\"x\"}}\n");
        let short = written(r#"[{"output_text": "hi", "short_body": true, "status": 201}]"#, "topic_1", 1, 1);
        let short = parsed(&short.output);
        assert_eq!(
            (&short["response"]["body"], &short["response"]["status_code"]),
            (&json!({"output_text": "hi"}), &json!(201))
        );
        let string = written(r#"[{"body": {"a": "{{n}}"}, "body_as_string": true}]"#, "topic_1", 4, 1);
        assert_eq!(parsed(&string.output)["response"]["body"], json!("{\"a\":\"4\"}"));
    }

    #[test]
    fn a_model_refuses_what_it_does_not_take() {
        let table = [
            (r#"{"model": "m", "unknown": true}"#, 404, "model_not_found"),
            (r#"{"model": "*", "refuses": ["temperature"]}"#, 400, "'temperature'"),
            (r#"{"model": "m*", "refuses": ["json_schema"]}"#, 400, "'text.format'"),
            (r#"{"model": "m", "refuses": ["reasoning.effort"]}"#, 200, ""),
            (r#"{"model": "m", "refuses": ["developer"]}"#, 400, "input[0].role"),
            (r#"{"model": "m", "refuses": ["prompt_cache_options"]}"#, 400, "'prompt_cache_options'"),
            (r#"{"model": "other", "unknown": true}"#, 200, ""),
        ];
        for (rule, status, said) in table {
            let script = Script::parse(&format!(r#"{{"models": [{rule}]}}"#)).unwrap();
            let body = json!({"model": "m", "temperature": 1, "text": {"format": {"type": "json_schema", "schema": {}}},
                    "prompt_cache_options": {"mode": "explicit"}, "input": [{"role": "developer", "content": "x"}]});
            let endpoint = Endpoint::Responses;
            let question = Question {
                custom_id: "",
                body: &body,
                endpoint,
                line_number: 1,
                attempt: 1,
                id: "1".into(),
                created_at: 7,
            };
            let reader = Reader::new(&Dictionary::default());
            let direct = answer_directly(&reader, &AnswerRule::default(), &script, &question);
            assert_eq!(direct.status, status, "{rule}");
            assert!(direct.body.to_string().contains(said), "{rule}");
        }
    }
}
