//! Capabilities of a server, found out by asking: `/v1/responses` or only chat completions, a strict schema, only
//! `json_object`, or nothing but the prompt, instructions as a message or as a field. The layout is remembered for the
//! origin, since a batch has to be written before anything of it is answered.

use crate::profile::Endpoint;
use crate::provider::ApiError;
use crate::request::line::{Form, InstructionsIn, Layout};

/// Layout of a request for a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// Endpoint that is asked.
    pub endpoint: Endpoint,
    /// Structure asked for.
    pub form: Form,
    /// Position of the instructions, and whether the cache's end is marked.
    pub layout: Layout,
    /// True where a chat's limit of tokens is also given under its older name: servers of one's own often know no
    /// other, and without a limit a small model may write for ever.
    pub older_limit: bool,
}

impl Capabilities {
    /// Returns what is asked first: everything, in the layout that is known of the server. `is_near` says that the
    /// server is one of our own.
    pub fn full(endpoint: Endpoint, layout: Layout, is_near: bool) -> Capabilities {
        Capabilities { endpoint, form: Form::Schema, layout, older_limit: is_near }
    }

    /// Returns the same in a plainer layout after a refusal, where the refusal is about the layout: of a role that the
    /// server does not know, of an input that is no text, of the marks of a prompt cache. It asks for nothing less, so
    /// a batch may be laid out so too.
    pub fn after_layout(self, error: &ApiError) -> Option<Capabilities> {
        if !matches!(error.status, Some(400 | 422 | 500 | 501)) {
            return None;
        }
        let param = error.param.as_deref().unwrap_or("").to_lowercase();
        let said = error.message.to_lowercase();
        let names = |word: &str| said.contains(word) || param.contains(word);
        if self.layout.explicit_cache && names("prompt_cache") {
            let layout = Layout { explicit_cache: false, ..self.layout };
            return Some(Capabilities { layout, ..self });
        }
        let about_role = names("developer") || names("role");
        // `input` must be a text, says a server that knows no list of messages.
        let about_input = names("input") && names("string");
        if self.endpoint == Endpoint::Responses
            && self.layout.instructions == InstructionsIn::Message
            && (about_role || about_input)
        {
            let layout = Layout { instructions: InstructionsIn::Field, ..self.layout };
            return Some(Capabilities { layout, ..self });
        }
        None
    }

    /// Returns the next weaker way after a refusal, where the refusal is about the way and not about the request.
    pub fn after(self, error: &ApiError) -> Option<Capabilities> {
        let said = error.message.to_lowercase();
        let names = |words: &[&str]| words.iter().any(|word| said.contains(word));
        let about_model = error.code.as_deref() == Some("model_not_found") || names(&["model"]);
        match error.status? {
            404 | 405 | 501 if self.endpoint == Endpoint::Responses && !about_model => {
                Some(Capabilities { endpoint: Endpoint::Chat, ..self })
            }
            400 | 422 if self.older_limit && self.endpoint == Endpoint::Chat && names(&["max_tokens"]) => {
                Some(Capabilities { older_limit: false, ..self })
            }
            // A schema that the provider finds wrong is wrong in every form; it is ours to mend.
            _ if error.code.as_deref() == Some("invalid_json_schema") => None,
            400 | 422 | 500 | 501
                if names(&[
                    "response_format",
                    "json_schema",
                    "json schema",
                    "text.format",
                    "structured",
                    "grammar",
                ]) || error
                    .param
                    .as_deref()
                    .is_some_and(|p| p.starts_with("response_format") || p.starts_with("text.format")) =>
            {
                Some(Capabilities { form: self.form.weaker()?, ..self })
            }
            _ => None,
        }
    }

    /// Returns the way to go where a server took a schema and did not keep to it: some ignore the schema of
    /// `/v1/responses` without a word, and enforce that of chat completions.
    pub fn after_unkept_schema(self) -> Option<Capabilities> {
        (self.endpoint == Endpoint::Responses && self.form == Form::Schema)
            .then_some(Capabilities { endpoint: Endpoint::Chat, ..self })
    }

    /// Returns the way in words.
    pub fn words(self) -> String {
        let form = match self.form {
            Form::Schema => "a strict JSON schema",
            Form::JsonObject => "`json_object` and the schema in the prompt",
            Form::Plain => "the schema in the prompt alone",
        };
        let place = match (self.endpoint, self.layout.instructions) {
            (Endpoint::Responses, InstructionsIn::Field) => ", instructions in their own field",
            _ => "",
        };
        format!("{} with {form}{place}", self.endpoint.path())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weaker_way_is_taken_only_where_the_way_was_refused() {
        let full = Capabilities::full(Endpoint::Responses, Layout::default(), true);
        let chat = Capabilities::full(Endpoint::Chat, Layout::default(), true);
        let check = |from: Capabilities, status, code, message: &str, expected: Option<Capabilities>| {
            let error = ApiError::for_test(status, code, None).saying(message);
            assert_eq!(from.after(&error), expected, "{status} {message}");
        };
        check(full, 404, None, "404 page not found", Some(chat));
        check(full, 404, Some("404"), "File Not Found", Some(chat));
        check(full, 404, Some("model_not_found"), "The model `x` does not exist", None);
        check(full, 404, None, "model 'x' not found", None);
        check(chat, 404, None, "404 page not found", None);
        let object = Capabilities { form: Form::JsonObject, ..chat };
        let plain = Capabilities { form: Form::Plain, ..chat };
        check(chat, 400, None, "response_format json_schema is not supported", Some(object));
        check(object, 400, None, "'response_format' is unknown", Some(plain));
        check(plain, 400, None, "'response_format' is unknown", None);
        check(full, 400, Some("invalid_json_schema"), "Invalid schema for response_format", None);
        check(chat, 400, None, "context too long", None);
        let modern = Capabilities { older_limit: false, ..chat };
        check(chat, 400, None, "Unsupported parameter: 'max_tokens'", Some(modern));
        check(modern, 400, None, "Unsupported parameter: 'max_tokens'", None);
        check(chat, 401, None, "response_format", None);
        assert_eq!(full.after_unkept_schema(), Some(chat));
        assert_eq!(chat.after_unkept_schema(), None);
    }

    #[test]
    fn a_plainer_layout_is_taken_only_where_the_layout_was_refused() {
        let full = Capabilities::full(Endpoint::Responses, Layout::default(), false);
        let field = Layout { instructions: InstructionsIn::Field, ..Layout::default() };
        let unmarked = Layout { explicit_cache: false, ..Layout::default() };
        let check = |from: Layout, status, param: Option<&str>, message: &str, expected: Option<Layout>| {
            let error = ApiError::for_test(status, None, param).saying(message);
            let next = Capabilities { layout: from, ..full }.after_layout(&error);
            assert_eq!(next.map(|next| next.layout), expected, "{status} {message}");
        };
        let any = Layout::default();
        check(any, 400, Some("input[0].role"), "Invalid value: 'developer'. Supported values are: 'user'", Some(field));
        check(any, 400, None, "Unexpected message role.", Some(field));
        check(any, 500, None, "Conversation roles must alternate user/assistant/user/assistant/...", Some(field));
        check(any, 422, None, "body.input: Input should be a valid string", Some(field));
        check(any, 400, Some("prompt_cache_options"), "Unknown parameter: 'prompt_cache_options'.", Some(unmarked));
        check(any, 422, None, "body.prompt_cache_key: Extra inputs are not permitted", Some(unmarked));
        check(field, 400, None, "Unexpected message role.", None);
        check(unmarked, 400, None, "Unknown parameter: 'prompt_cache_options'.", None);
        check(any, 400, Some("temperature"), "Unsupported parameter", None);
        check(any, 400, Some("input"), "The input is too long", None);
        check(any, 401, None, "your role may not do this", None);
        check(any, 403, None, "your role may not do this", None);
        let chat = Capabilities { endpoint: Endpoint::Chat, ..full };
        let error = ApiError::for_test(400, None, None).saying("Unexpected message role.");
        assert_eq!(chat.after_layout(&error), None, "a system message has no other place");
    }
}
