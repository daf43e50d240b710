//! The layout of a request on the wire: where the constant instructions stand, and whether the cache's end is marked.
//!
//! What is asked is the same in every layout, so a layout is no part of a fingerprint: a change of it makes nothing
//! stale that was paid for. [`RequestLine`](crate::request::RequestLine) reads all of them back.

use serde::{Deserialize, Serialize};

/// Structure that the server is asked to enforce; each later form is for servers that refuse the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// Structured Outputs: a strict JSON schema. What the provider's batches always use.
    Schema,
    /// `json_object`: some JSON object; the schema is told in the instructions.
    JsonObject,
    /// Nothing is enforced; the schema is told in the instructions.
    Plain,
}

impl Form {
    /// Returns the next weaker form.
    pub fn weaker(self) -> Option<Form> {
        match self {
            Form::Schema => Some(Form::JsonObject),
            Form::JsonObject => Some(Form::Plain),
            Form::Plain => None,
        }
    }
}

/// Layout of a request's body. Kept for each origin as JSON, where something is missing at its default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Layout {
    /// Position of the instructions in a body of `/v1/responses`. Chat completions have one place for them only.
    pub instructions: InstructionsIn,
    /// True where models that are known to take them get a cache key and a breakpoint behind the instructions.
    pub explicit_cache: bool,
}

/// Place of the instructions in a body of `/v1/responses`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum InstructionsIn {
    /// A `developer` message, the first of `input`: in front of the story for every model, so that it can be cached.
    #[default]
    Message,
    /// The field `instructions`, for servers that refuse the role. Models from GPT-6.2 on read it behind the input,
    /// where nothing can be cached.
    Field,
}

impl Default for Layout {
    fn default() -> Layout {
        Layout { instructions: InstructionsIn::Message, explicit_cache: true }
    }
}

/// The first version of the provider's models that takes explicit cache breakpoints; the models before it refuse the
/// fields with a 400.
const EXPLICIT_CACHE_SINCE: (u32, u32) = (5, 6);

/// Returns whether a model is known to take a cache key and explicit breakpoints: `gpt-5.6-luna`, `gpt-6-luna`. A name
/// that tells no version, such as a fine-tuned model's or another provider's, is not known.
pub fn takes_explicit_cache(model: &str) -> bool {
    let Some(name) = model.strip_prefix("gpt-") else { return false };
    let version = name.split('-').next().unwrap_or_default();
    let (major, minor) = version.split_once('.').unwrap_or((version, "0"));
    match (major.parse::<u32>(), minor.parse::<u32>()) {
        (Ok(major), Ok(minor)) => (major, minor) >= EXPLICIT_CACHE_SINCE,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn explicit_caching_is_for_models_that_are_known_to_take_it() {
        let check = |model: &str, expected: bool| assert_eq!(takes_explicit_cache(model), expected, "{model}");
        for model in ["gpt-5.6-luna", "gpt-5.6", "gpt-5.10-sol", "gpt-6-luna", "gpt-6.2-sol", "gpt-10-x"] {
            check(model, true);
        }
        for model in ["gpt-5", "gpt-5-mini", "gpt-5.4-nano", "gpt-5-2025-08-07", "gpt-4.1", "gpt-4o", "gpt-oss-120b"] {
            check(model, false);
        }
        for model in ["", "gpt-", "gpt-x.6", "o3", "ft:gpt-6-luna:org", "openai/gpt-6-luna", "llama3.2", "GPT-6-luna"] {
            check(model, false);
        }
    }

    #[test]
    fn a_layout_is_kept_as_json() {
        let kept = |layout: Layout| serde_json::to_string(&layout).unwrap();
        assert_eq!(kept(Layout::default()), r#"{"instructions":"message","explicit_cache":true}"#);
        let read = |text: &str| serde_json::from_str::<Layout>(text).unwrap();
        assert_eq!(read("{}"), Layout::default());
        let field = Layout { instructions: InstructionsIn::Field, ..Layout::default() };
        assert_eq!(read(r#"{"instructions":"field","later":1}"#), field);
        assert_eq!(read(&kept(field)), field);
    }
}
