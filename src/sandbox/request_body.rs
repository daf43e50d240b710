//! Contents of a request body, whichever of the two endpoints it is written for.

use serde_json::Value;

/// A request on its way to an answer.
pub(crate) struct Question<'a> {
    pub(crate) custom_id: &'a str,
    pub(crate) body: &'a Value,
    pub(crate) endpoint: Endpoint,
    /// Line of the input file, from 1.
    pub(crate) line_number: u64,
    /// Number of times this custom id has been asked, this time included.
    pub(crate) attempt: u64,
    /// Unique among all answers; the ids inside are made of it.
    pub(crate) id: String,
    pub(crate) created_at: i64,
}

/// The endpoints that answer requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    Responses,
    Chat,
}

impl Endpoint {
    pub(crate) fn parse(path: &str) -> Option<Endpoint> {
        match path {
            "/v1/responses" => Some(Endpoint::Responses),
            "/v1/chat/completions" => Some(Endpoint::Chat),
            _ => None,
        }
    }
}

/// The form in which the answer is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) enum Format<'a> {
    #[default]
    Text,
    JsonObject,
    Schema(&'a Value),
}

/// A request body, read.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct RequestBody<'a> {
    pub(crate) model: String,
    /// The part that is the same in every request.
    pub(crate) instructions: String,
    /// The user's own text.
    pub(crate) text: String,
    pub(crate) format: Format<'a>,
    /// Estimated tokens of the format.
    pub(crate) format_tokens: u64,
    pub(crate) output_tokens_max: Option<u64>,
    /// `None` when the request leaves it to the model.
    pub(crate) effort: Option<String>,
    /// True where only what stands before a breakpoint is to be cached.
    pub(crate) explicit_cache: bool,
}

impl<'a> RequestBody<'a> {
    pub(crate) fn read(endpoint: Endpoint, body: &'a Value) -> RequestBody<'a> {
        let (conversation, format, limits, effort) = match endpoint {
            Endpoint::Responses => (
                &body["input"],
                read_format(&body["text"]["format"], |format| &format["schema"]),
                ["max_output_tokens", "max_output_tokens"],
                &body["reasoning"]["effort"],
            ),
            Endpoint::Chat => (
                &body["messages"],
                read_format(&body["response_format"], |format| &format["json_schema"]["schema"]),
                ["max_completion_tokens", "max_tokens"],
                &body["reasoning_effort"],
            ),
        };
        let mut request = RequestBody {
            model: body["model"].as_str().unwrap_or_default().to_owned(),
            instructions: body["instructions"].as_str().unwrap_or_default().to_owned(),
            format_tokens: match format {
                Format::Schema(schema) => tokens(&schema.to_string()),
                _ => 0,
            },
            format,
            output_tokens_max: limits.iter().find_map(|name| body[name].as_u64()),
            effort: effort.as_str().map(str::to_owned),
            explicit_cache: body["prompt_cache_options"]["mode"] == "explicit" && has_breakpoint(conversation),
            ..RequestBody::default()
        };
        read_conversation(conversation, &mut request);
        request
    }

    /// Returns an estimate of the tokens read: a token is about four characters of English.
    pub(crate) fn input_tokens(&self) -> u64 {
        tokens(&self.instructions) + tokens(&self.text) + self.format_tokens
    }

    /// Returns the tokens of the beginning that all requests of a prompt share: instructions and schema.
    pub(crate) fn shared_tokens(&self) -> u64 {
        tokens(&self.instructions) + self.format_tokens
    }
}

/// Returns whether a message that is the same in every request ends with a breakpoint of the prompt cache.
fn has_breakpoint(conversation: &Value) -> bool {
    let mut parts = conversation.as_array().into_iter().flatten().filter(|message| message["role"] != "user");
    parts.any(|message| message["content"].as_array().into_iter().flatten().any(marks_cache))
}

fn marks_cache(part: &Value) -> bool {
    part["prompt_cache_breakpoint"]["mode"] == "explicit"
}

/// Returns whether a body asks for explicit caching in any way.
pub(crate) fn mentions_cache(body: &Value) -> Option<&'static str> {
    let parts = ["input", "messages"].into_iter().flat_map(|name| body[name].as_array().into_iter().flatten());
    let marked = parts.flat_map(|message| message["content"].as_array().into_iter().flatten()).any(marks_cache);
    match ["prompt_cache_options", "prompt_cache_key"].into_iter().find(|name| !body[*name].is_null()) {
        None if marked => Some("prompt_cache_breakpoint"),
        named => named,
    }
}

/// Returns whether a body gives an instruction in the role of the developer.
pub(crate) fn has_developer(body: &Value) -> bool {
    let mut messages = ["input", "messages"].into_iter().flat_map(|name| body[name].as_array().into_iter().flatten());
    messages.any(|message| message["role"] == "developer")
}

/// The first version of the `gpt` models that caches at breakpoints and charges for what it writes.
const BREAKPOINTS_SINCE: (u32, u32) = (5, 6);

/// Returns whether a model caches at breakpoints; `None` for a name that tells no version.
pub(crate) fn caches_at_breakpoints(model: &str) -> Option<bool> {
    let version: String = model.strip_prefix("gpt-")?.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
    let (major, minor) = version.split_once('.').unwrap_or((&version, "0"));
    Some((major.parse().ok()?, minor.parse().ok()?) >= BREAKPOINTS_SINCE)
}

/// Estimates the tokens of a text.
pub(crate) fn tokens(text: &str) -> u64 {
    (text.chars().count() as u64).div_ceil(4)
}

fn read_format<'a>(format: &'a Value, schema: fn(&'a Value) -> &'a Value) -> Format<'a> {
    match format["type"].as_str() {
        Some("json_schema") => Format::Schema(schema(format)),
        Some("json_object") => Format::JsonObject,
        _ => Format::Text,
    }
}

fn read_conversation(conversation: &Value, request: &mut RequestBody<'_>) {
    if let Some(text) = conversation.as_str() {
        request.text.push_str(text);
    }
    for message in conversation.as_array().into_iter().flatten() {
        let into = match message["role"].as_str() {
            Some("system" | "developer") => &mut request.instructions,
            Some("assistant") => continue,
            _ => &mut request.text,
        };
        if let Some(text) = message["content"].as_str() {
            push_paragraph(into, text);
        }
        for part in message["content"].as_array().into_iter().flatten() {
            push_paragraph(into, part["text"].as_str().unwrap_or_default());
        }
    }
}

fn push_paragraph(into: &mut String, text: &str) {
    if !into.is_empty() {
        into.push_str("\n\n");
    }
    into.push_str(text);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn both_endpoints_are_read_alike() {
        let schema = json!({"type": "object"});
        let expected = RequestBody {
            model: "m".into(),
            instructions: "Be brief.".into(),
            text: "A\n\nB".into(),
            format: Format::Schema(&schema),
            format_tokens: 5,
            output_tokens_max: Some(9),
            effort: Some("low".into()),
            explicit_cache: true,
        };
        let marked =
            |part: &str| json!([{"type": part, "text": "Be brief.", "prompt_cache_breakpoint": {"mode": "explicit"}}]);
        let responses = json!({"model": "m", "max_output_tokens": 9,
            "reasoning": {"effort": "low"}, "prompt_cache_options": {"mode": "explicit"},
            "input": [{"role": "developer", "content": marked("input_text")}, {"role": "user", "content": "A"}, {"content": [{"type": "input_text", "text": "B"}]}],
            "text": {"format": {"type": "json_schema", "name": "n", "schema": schema}}});
        assert_eq!(RequestBody::read(Endpoint::Responses, &responses), expected);
        let chat = json!({"model": "m", "max_completion_tokens": 9, "reasoning_effort": "low",
            "prompt_cache_options": {"mode": "explicit"},
            "messages": [{"role": "system", "content": marked("text")}, {"role": "user", "content": "A"},
                         {"role": "assistant", "content": "no"}, {"role": "user", "content": "B"}],
            "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": schema}}});
        assert_eq!(RequestBody::read(Endpoint::Chat, &chat), expected);
    }

    #[test]
    fn instructions_in_a_field_of_their_own_are_read_too() {
        let body = json!({"model": "m", "instructions": "Be brief.", "input": "A"});
        let request = RequestBody::read(Endpoint::Responses, &body);
        assert_eq!(
            (request.instructions.as_str(), request.text.as_str(), request.explicit_cache),
            ("Be brief.", "A", false)
        );
    }

    #[test]
    fn a_model_of_a_known_version_caches_at_breakpoints_or_not() {
        let table = [
            ("gpt-6-luna", Some(true)),
            ("gpt-5.6-sol", Some(true)),
            ("gpt-5-mini", Some(false)),
            ("gpt-4o", Some(false)),
            ("m", None),
            ("gpt-oss", None),
        ];
        for (model, expected) in table {
            assert_eq!(caches_at_breakpoints(model), expected, "{model}");
        }
    }

    #[test]
    fn a_plain_input_is_the_text() {
        let body = json!({"model": "m", "input": "abcde"});
        let request = RequestBody::read(Endpoint::Responses, &body);
        assert_eq!((request.text.as_str(), request.format, request.input_tokens()), ("abcde", Format::Text, 2));
    }
}
