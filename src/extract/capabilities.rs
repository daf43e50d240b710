//! What a server can do, found out once a run: `/v1/responses` or only chat completions, a strict schema, only
//! `json_object`, or nothing but the prompt.

use crate::profile::Endpoint;
use crate::provider::ApiError;
use crate::request::line::Form;

/// How a request is put to a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// Where it goes.
    pub endpoint: Endpoint,
    /// How much structure is asked for.
    pub form: Form,
    /// Whether a chat's limit of tokens is also given under its older name: servers of one's own often know no other,
    /// and without a limit a small model may write for ever.
    pub older_limit: bool,
}

impl Capabilities {
    /// Returns what is asked first: everything. `is_near` says that the server is one of our own.
    pub fn full(endpoint: Endpoint, is_near: bool) -> Capabilities {
        Capabilities { endpoint, form: Form::Schema, older_limit: is_near }
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
        format!("{} with {form}", self.endpoint.path())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weaker_way_is_taken_only_where_the_way_was_refused() {
        let full = Capabilities::full(Endpoint::Responses, true);
        let chat = Capabilities::full(Endpoint::Chat, true);
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
}
