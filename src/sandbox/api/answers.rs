//! The two endpoints that answer at once, and the list of models.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use super::super::http::Reply;
use super::super::lines;
use super::super::outcomes;
use super::super::pattern;
use super::super::request_body::{Endpoint, Question, RequestBody};
use super::super::script::{AnswerRule, ModelRule};
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
    let text = RequestBody::read(endpoint, body).text;
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

/// The models of the list, besides those that the script names. Any other name is answered too.
const MODELS: [&str; 3] = ["gpt-6-luna", "gpt-6.1-terra", "gpt-6.2-sol"];

pub(super) fn models(shared: &Shared) -> Reply {
    let loaded = shared.loaded();
    let named = loaded.script.models.iter().map(|rule| rule.model.as_str()).filter(|name| !name.contains('*'));
    let mut names: Vec<&str> = MODELS.into_iter().chain(named).collect();
    names.sort_unstable();
    names.dedup();
    let known: Vec<Value> = names.into_iter().filter_map(|name| object(&loaded.script.models, name)).collect();
    Reply::json(200, &json!({"object": "list", "data": known}))
}

pub(super) fn model(shared: &Shared, id: &str) -> Reply {
    match object(&shared.loaded().script.models, id) {
        Some(model) => Reply::json(200, &model),
        None => {
            let message = format!("The model '{id}' does not exist or you do not have access to it.");
            Reply::json(404, &outcomes::error_body("model_not_found", &message, Some("model")))
        }
    }
}

/// Returns a model as the list shows it; `None` where the script says that there is none.
fn object(rules: &[ModelRule], id: &str) -> Option<Value> {
    let rule = rules.iter().find(|rule| pattern::fits(&rule.model, id));
    if rule.is_some_and(|rule| rule.unknown) {
        return None;
    }
    let shutdown_date = rule.and_then(|rule| rule.shutdown_date.as_deref());
    Some(json!({
        "id": id, "object": "model", "created": 0, "owned_by": "gleaner-sandbox", "shutdown_date": shutdown_date,
    }))
}
