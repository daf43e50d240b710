//! An answer before it is put on the wire, and the two wire shapes it can take.

use serde_json::{Map, Value, json};

use super::fill;
use super::reader::Reader;
use super::request_body::{Endpoint, RequestBody, caches_at_breakpoints, tokens};

/// Reply of the stand-in for a model to one request.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ModelReply {
    pub(crate) model: String,
    /// `None`: no message at all, only the reasoning item.
    pub(crate) text: Option<String>,
    pub(crate) refusal: Option<String>,
    /// Reason of an early end: `max_output_tokens` or `content_filter`.
    pub(crate) incomplete: Option<String>,
    /// The `error` of an answer with status `failed`.
    pub(crate) error: Option<Value>,
    pub(crate) usage: Tokens,
}

/// Token counts of one answer, or of many added up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tokens {
    pub(crate) input: u64,
    pub(crate) cached: u64,
    /// Input tokens that were written into the prompt cache.
    pub(crate) written: u64,
    pub(crate) output: u64,
    pub(crate) reasoning: u64,
}

impl Tokens {
    pub(crate) fn add(&mut self, other: Tokens) {
        self.input += other.input;
        self.cached += other.cached;
        self.written += other.written;
        self.output += other.output;
        self.reasoning += other.reasoning;
    }

    /// The shape of a batch object, which tells no written tokens.
    pub(crate) fn to_json(self) -> Value {
        json!({"input_tokens": self.input, "input_tokens_details": {"cached_tokens": self.cached},
            "output_tokens": self.output, "output_tokens_details": {"reasoning_tokens": self.reasoning},
            "total_tokens": self.input + self.output})
    }

    /// The shape of the Responses API.
    fn to_response_json(self) -> Value {
        let mut usage = self.to_json();
        usage["input_tokens_details"]["cache_write_tokens"] = self.written.into();
        usage
    }

    fn to_chat_json(self) -> Value {
        json!({"prompt_tokens": self.input, "completion_tokens": self.output,
            "total_tokens": self.input + self.output,
            "prompt_tokens_details": {"cached_tokens": self.cached, "cache_write_tokens": self.written},
            "completion_tokens_details": {"reasoning_tokens": self.reasoning}})
    }

    /// Counts what of a request's input is read from the prompt cache and what is written into it. `repeated` says
    /// whether the instructions were seen before.
    fn with_cache(mut self, request: &RequestBody, repeated: bool) -> Tokens {
        let shared = request.shared_tokens();
        if caches_at_breakpoints(&request.model) == Some(true) {
            // Matching is exact. Without a breakpoint of its own a request's is behind its last message, where no two of
            // them agree.
            let prefix = if request.explicit_cache { shared } else { self.input };
            match (prefix >= CACHED_TOKENS_MIN, request.explicit_cache && repeated) {
                (true, true) => self.cached = prefix,
                (true, false) => self.written = prefix,
                (false, _) => {}
            }
        } else if repeated && shared >= CACHED_TOKENS_MIN {
            self.cached = shared - shared % CACHED_TOKENS_STEP;
        }
        self
    }
}

/// Caching starts at 1,024 tokens and goes on in steps of 128, says the provider's guide of models before GPT-5.6.
const CACHED_TOKENS_MIN: u64 = 1024;
const CACHED_TOKENS_STEP: u64 = 128;

impl ModelReply {
    /// Reads the request with the dictionary. `repeated` says whether the instructions were seen before.
    pub(crate) fn read(reader: &Reader, request: &RequestBody, repeated: bool) -> ModelReply {
        ModelReply::saying(fill::answer(reader, request), request, repeated)
    }

    /// Says the given text.
    pub(crate) fn saying(text: String, request: &RequestBody, repeated: bool) -> ModelReply {
        let reasoning = match request.effort.as_deref() {
            Some("none" | "minimal") => 0,
            _ => 64 * (1 + tokens(&request.text) / 512),
        };
        let mut reply = ModelReply {
            model: format!("{}-sandbox", request.model),
            usage: Tokens {
                input: request.input_tokens(),
                output: reasoning + tokens(&text),
                reasoning,
                ..Tokens::default()
            }
            .with_cache(request, repeated),
            text: Some(text),
            ..ModelReply::default()
        };
        if let Some(most) = request.output_tokens_max.filter(|most| *most < reply.usage.output) {
            reply.cut_off(most.saturating_sub(reasoning));
            reply.usage.output = most;
            reply.usage.reasoning = reasoning.min(most);
        }
        reply
    }

    /// Ends the answer early, after this many tokens of text.
    pub(crate) fn cut_off(&mut self, text_tokens: u64) {
        self.incomplete = Some("max_output_tokens".into());
        let n_chars = usize::try_from(text_tokens * 4).unwrap_or(usize::MAX);
        let cut = self.text.take().map(|text| text.chars().take(n_chars).collect::<String>());
        self.text = cut.filter(|text| !text.is_empty());
    }

    /// Writes the answer as the body that the endpoint returns.
    pub(crate) fn to_body(&self, endpoint: Endpoint, request_body: &Value, id: &str, created_at: i64) -> Value {
        match endpoint {
            Endpoint::Responses => self.to_response(request_body, id, created_at),
            Endpoint::Chat => self.to_chat_completion(id, created_at),
        }
    }

    fn to_response(&self, request: &Value, id: &str, created_at: i64) -> Value {
        let status = match (&self.error, &self.incomplete) {
            (Some(_), _) => "failed",
            (None, Some(_)) => "incomplete",
            (None, None) => "completed",
        };
        let mut output = vec![];
        if self.usage.reasoning > 0 {
            output.push(json!({"id": format!("rs_{id}"), "type": "reasoning", "summary": []}));
        }
        let part = match (&self.refusal, &self.text) {
            (Some(refusal), _) => Some(json!({"type": "refusal", "refusal": refusal})),
            (None, Some(text)) => Some(json!({"type": "output_text", "annotations": [], "logprobs": [], "text": text})),
            (None, None) => None,
        };
        if let Some(part) = part.filter(|_| self.error.is_none()) {
            output.push(json!({"id": format!("msg_{id}"), "type": "message",
                "status": if self.incomplete.is_some() { "incomplete" } else { "completed" },
                "role": "assistant", "content": [part]}));
        }
        let or = |name: &str, default: Value| request.get(name).cloned().unwrap_or(default);
        json!({
            "id": format!("resp_{id}"), "object": "response", "created_at": created_at, "status": status,
            "background": false, "completed_at": if status == "completed" { json!(created_at) } else { Value::Null },
            "error": self.error, "incomplete_details": self.incomplete.as_ref().map(|reason| json!({"reason": reason})),
            "instructions": null, "max_output_tokens": or("max_output_tokens", Value::Null), "model": self.model,
            "output": output, "parallel_tool_calls": true, "previous_response_id": null,
            "reasoning": or("reasoning", json!({"effort": null, "summary": null})),
            "service_tier": "default", "store": or("store", json!(true)), "temperature": 1.0,
            "text": echo_format(request), "tool_choice": "auto", "tools": [], "top_p": 1.0, "truncation": "disabled",
            "usage": self.usage.to_response_json(), "metadata": {},
        })
    }

    fn to_chat_completion(&self, id: &str, created_at: i64) -> Value {
        let finish_reason = match self.incomplete.as_deref() {
            None => "stop",
            Some("content_filter") => "content_filter",
            Some(_) => "length",
        };
        let content = if self.refusal.is_some() { None } else { self.text.as_ref() };
        json!({
            "id": format!("chatcmpl-{id}"), "object": "chat.completion", "created": created_at, "model": self.model,
            "choices": [{"index": 0, "finish_reason": finish_reason, "logprobs": null,
                "message": {"role": "assistant", "content": content, "refusal": self.refusal, "annotations": []}}],
            "usage": self.usage.to_chat_json(), "service_tier": "default",
        })
    }
}

/// Repeats the asked format without its schema, which would make every answer a page longer.
fn echo_format(request: &Value) -> Value {
    let mut format = request["text"]["format"]
        .as_object()
        .cloned()
        .unwrap_or_else(|| Map::from_iter([("type".to_owned(), json!("text"))]));
    if format.contains_key("schema") {
        format.insert("schema".into(), json!({}));
    }
    json!({"format": format})
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> RequestBody<'static> {
        RequestBody {
            model: "m".into(),
            instructions: "i".repeat(4400),
            text: "t".repeat(40),
            ..RequestBody::default()
        }
    }

    #[test]
    fn usage_adds_up_and_a_repeated_beginning_is_cached() {
        let first = ModelReply::saying("abcd".into(), &request(), false).usage;
        assert_eq!(first, Tokens { input: 1110, output: 65, reasoning: 64, ..Tokens::default() });
        assert_eq!(ModelReply::saying("abcd".into(), &request(), true).usage.cached, 1024);
    }

    #[test]
    fn newer_models_cache_at_breakpoints_and_count_what_they_write() {
        // Explicit or not, repeated or not -> read, written. The instructions have 1100 tokens, all of it 1110.
        let table = [(true, false, 0, 1100), (true, true, 1100, 0), (false, false, 0, 1110), (false, true, 0, 1110)];
        for (explicit_cache, repeated, cached, written) in table {
            let request = RequestBody { model: "gpt-6-luna".into(), explicit_cache, ..request() };
            let usage = ModelReply::saying("abcd".into(), &request, repeated).usage;
            assert_eq!((usage.cached, usage.written), (cached, written), "{explicit_cache} {repeated}");
            let json = usage.to_response_json();
            assert_eq!(json["input_tokens_details"]["cache_write_tokens"], written);
            assert_eq!(usage.to_chat_json()["prompt_tokens_details"]["cache_write_tokens"], written);
            assert_eq!(usage.to_json()["input_tokens_details"].get("cache_write_tokens"), None, "a batch tells none");
        }
    }

    #[test]
    fn an_answer_longer_than_allowed_is_incomplete_and_paid() {
        let table = [
            (Some(66), None, Some("abcdefgh")),
            (Some(65), Some("max_output_tokens"), Some("abcd")),
            (Some(10), Some("max_output_tokens"), None),
        ];
        for (most, incomplete, text) in table {
            let request = RequestBody { output_tokens_max: most, ..request() };
            let reply = ModelReply::saying("abcdefgh".into(), &request, false);
            assert_eq!((reply.incomplete.as_deref(), reply.text.as_deref()), (incomplete, text), "{most:?}");
            assert_eq!(reply.usage.output, most.unwrap_or(66));
        }
    }

    #[test]
    fn a_refusal_and_a_failure_have_their_own_shapes() {
        let refused = ModelReply { refusal: Some("no".into()), text: Some("x".into()), ..ModelReply::default() };
        let body = refused.to_body(Endpoint::Responses, &json!({}), "1", 7);
        assert_eq!(body["output"][0]["content"][0], json!({"type": "refusal", "refusal": "no"}));
        let chat = refused.to_body(Endpoint::Chat, &json!({}), "1", 7);
        assert_eq!(chat["choices"][0]["message"]["content"], Value::Null);
        let failed = ModelReply { error: Some(json!({"code": "server_error"})), ..ModelReply::default() };
        assert_eq!(failed.to_body(Endpoint::Responses, &json!({}), "1", 7)["status"], "failed");
    }
}
