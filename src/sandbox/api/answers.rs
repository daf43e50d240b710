//! The two endpoints that answer at once, and the list of models.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use super::super::asked::{Asked, Endpoint};
use super::super::http::Reply;
use super::super::lines::{self, Question};
use super::super::script::AnswerRule;
use super::super::shared::Shared;
use super::bad_request;

pub(super) fn create(shared: &Shared, endpoint: Endpoint, body: &Value) -> Reply {
    if body["model"].as_str().is_none() {
        return bad_request("Missing required parameter: 'model'.", Some("model"));
    }
    if body["stream"] == true {
        return bad_request("The sandbox does not stream.", Some("stream"));
    }
    let loaded = shared.loaded();
    let text = Asked::read(endpoint, body).text;
    let default = AnswerRule::default();
    // Rules for custom ids and lines are about batches; a call has neither.
    let mut rules = loaded.script.answers.iter().zip(&loaded.answer_counts);
    let rule = rules.find_map(|(rule, count)| {
        let is_for_calls = rule.custom_id.is_none() && rule.every.is_none();
        if !is_for_calls || rule.contains.as_ref().is_some_and(|part| !text.contains(part)) {
            return None;
        }
        let nth = count.fetch_add(1, Ordering::SeqCst) + 1;
        rule.times.is_none_or(|times| nth <= times).then_some(rule)
    });
    let question = Question {
        custom_id: "",
        body,
        endpoint,
        line_number: 1,
        attempt: 1,
        id: shared.unique(),
        created_at: shared.now(),
    };
    let direct = lines::answer_directly(&shared.reader, rule.unwrap_or(&default), &loaded.script, &question);
    Reply::json(direct.status, &direct.body)
}

pub(super) fn models() -> Reply {
    let names = ["gpt-5", "gpt-5-mini", "gpt-5-nano"];
    Reply::json(200, &json!({"object": "list", "data": names.map(model)}))
}

pub(super) fn model(id: &str) -> Value {
    json!({"id": id, "object": "model", "created": 0, "owned_by": "gleaner-sandbox"})
}
