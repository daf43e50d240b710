//! The bodies of both endpoints, with an empty story in its place: what stands in front of it is the same in every
//! request of a prompt, so that the provider's prompt cache can serve it.

use serde_json::{Map, Value, json};

use super::layout::{Form, InstructionsIn, Layout, takes_explicit_cache};
use crate::profile::{Endpoint, Prompt};

/// Makes the body of a prompt, and returns what follows the story in it.
pub(super) fn body(
    prompt: &Prompt,
    form: Form,
    layout: Layout,
    instructions: &str,
) -> (Map<String, Value>, &'static str) {
    let cache = (layout.explicit_cache && takes_explicit_cache(&prompt.model)).then(|| cache_key(prompt));
    match (prompt.endpoint, layout.instructions) {
        (Endpoint::Responses, InstructionsIn::Message) => {
            let mut body = responses(prompt, form, None);
            mark_cached(&mut body, cache.as_deref());
            body.insert("input".into(), conversation("developer", "input_text", instructions, cache.is_some()));
            (body, "}]}")
        }
        (Endpoint::Responses, InstructionsIn::Field) => {
            let mut body = responses(prompt, form, Some(instructions));
            body.insert("input".into(), "".into());
            (body, "}")
        }
        (Endpoint::Chat, _) => {
            let mut body = chat(prompt, form);
            mark_cached(&mut body, cache.as_deref());
            body.insert("messages".into(), conversation("system", "text", instructions, cache.is_some()));
            (body, "}]}")
        }
    }
}

/// Returns the key under which the provider looks for a prompt's beginning in its cache: one a prompt, since requests
/// with one key share one beginning. It holds nothing of the prompt but the end of its fingerprint.
fn cache_key(prompt: &Prompt) -> String {
    let start = prompt.fingerprint.char_indices().rev().nth(15).map_or(0, |(at, _)| at);
    format!("gleaner-{}-{}", prompt.kind, &prompt.fingerprint[start..])
}

/// Says that only what stands before the breakpoint is to be cached. Without this the provider would also write each
/// story into the cache, at a quarter more than the price of input, and never read it again.
fn mark_cached(body: &mut Map<String, Value>, key: Option<&str>) {
    if let Some(key) = key {
        body.insert("prompt_cache_key".into(), key.into());
        body.insert("prompt_cache_options".into(), json!({"mode": "explicit"}));
    }
}

/// The two messages of a request, the story's empty and last.
fn conversation(role: &str, part: &str, instructions: &str, breakpoint: bool) -> Value {
    let instructions = if breakpoint {
        json!([{"type": part, "text": instructions, "prompt_cache_breakpoint": {"mode": "explicit"}}])
    } else {
        instructions.into()
    };
    json!([{"role": role, "content": instructions}, {"role": "user", "content": ""}])
}

/// The body of `/v1/responses` without its input.
fn responses(prompt: &Prompt, form: Form, instructions: Option<&str>) -> Map<String, Value> {
    let mut body = Map::new();
    body.insert("model".into(), prompt.model.clone().into());
    if let Some(instructions) = instructions {
        body.insert("instructions".into(), instructions.into());
    }
    let mut text = Map::new();
    match form {
        Form::Schema => {
            let format =
                json!({"type": "json_schema", "name": prompt.schema_name, "strict": true, "schema": prompt.schema});
            text.insert("format".into(), format);
        }
        Form::JsonObject => _ = text.insert("format".into(), json!({"type": "json_object"})),
        Form::Plain => {}
    }
    for (name, value) in &prompt.parameters {
        match name.as_str() {
            "reasoning_effort" => _ = body.insert("reasoning".into(), json!({"effort": value})),
            "verbosity" => _ = text.insert("verbosity".into(), value.clone()),
            _ => _ = body.insert(name.clone(), value.clone()),
        }
    }
    if !text.is_empty() {
        body.insert("text".into(), text.into());
    }
    body
}

/// The body of `/v1/chat/completions` without its messages.
fn chat(prompt: &Prompt, form: Form) -> Map<String, Value> {
    let mut body = Map::new();
    body.insert("model".into(), prompt.model.clone().into());
    for (name, value) in &prompt.parameters {
        match name.as_str() {
            "max_output_tokens" => _ = body.insert("max_completion_tokens".into(), value.clone()),
            // Chat completions are not stored unless asked for, and other servers stumble over the field.
            "store" => {}
            _ => _ = body.insert(name.clone(), value.clone()),
        }
    }
    match form {
        Form::Schema => {
            let schema = json!({"name": prompt.schema_name, "strict": true, "schema": prompt.schema});
            body.insert("response_format".into(), json!({"type": "json_schema", "json_schema": schema}));
        }
        Form::JsonObject => _ = body.insert("response_format".into(), json!({"type": "json_object"})),
        Form::Plain => {}
    }
    body
}
