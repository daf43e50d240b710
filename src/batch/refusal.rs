//! A refused parameter, explained: which setting it is, and how to do without it.

use crate::profile::PromptOptions;
use crate::provider::ApiError;
use crate::store::Cause;

/// Returns what to do about a model that refuses a parameter or the schema of a prompt.
pub fn advice(error: &ApiError, model: &str) -> Option<String> {
    let code = error.code.as_deref().unwrap_or("");
    let said = format!("{} {}", error.param.as_deref().unwrap_or(""), error.message);
    advise(error.status?, code, &said, model)
}

/// Returns the same for the lines of a batch that were refused for one cause.
pub fn advice_on(cause: &Cause, model: &str) -> Option<String> {
    let status = cause.reason.strip_prefix("http_")?.parse().ok()?;
    let said = cause.example.as_deref()?;
    let code = said.split_once(": ").map_or("", |(code, _)| code);
    advise(status, code, said, model)
}

fn advise(status: u16, code: &str, said: &str, model: &str) -> Option<String> {
    if !matches!(status, 400 | 404 | 422) {
        return None;
    }
    let said = said.to_lowercase();
    let names = |words: &[&str]| words.iter().any(|word| said.contains(word));
    let unset = PromptOptions::UNSET;
    Some(if code == "invalid_json_schema" || names(&["text.format.schema", "invalid schema"]) {
        "the schema is made from the profile's types and hints: `gleaner profile check` looks for what is wrong with it"
            .into()
    } else if code == "model_not_found" || (status == 404 && names(&["model"])) {
        format!(
            "`{model}` is not offered here, or not to this key: choose another with `--model` or `[model] name` in the profile"
        )
    } else if names(&["reasoning"]) {
        format!(
            "`{model}` does not take this reasoning effort: try another `--effort`, or none with `--effort {unset}`; in the profile it is `[model] reasoning_effort`"
        )
    } else if names(&["verbosity"]) {
        format!(
            "`{model}` does not take this verbosity: leave it out with `--verbosity {unset}`; in the profile it is `[model] verbosity`"
        )
    } else if names(&["temperature"]) {
        format!(
            "`{model}` takes no temperature of its own: leave out `--temperature`, or remove `temperature` from `[model]` in the profile"
        )
    } else if names(&["max_output_tokens", "max_completion_tokens", "max_tokens"]) {
        format!(
            "`{model}` does not take this limit: choose another `--max-output-tokens` (0 sends none); in the profile it is `[model] max_output_tokens`"
        )
    } else if names(&["text.format", "response_format", "json_schema"]) {
        format!(
            "`{model}` knows no Structured Outputs, which a batch needs: choose another model, or use `gleaner extract`"
        )
    } else {
        return None;
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::RequestState;

    #[test]
    fn the_setting_is_named() {
        let check = |status, code, param, message: &str, expected: &str| {
            let error = ApiError::for_test(status, code, param).saying(message);
            let advice = advice(&error, "gpt-x").unwrap_or_default();
            assert!(advice.contains(expected) && advice.is_empty() == expected.is_empty(), "{message}: {advice}");
        };
        check(400, Some("unsupported_parameter"), Some("reasoning.effort"), "not supported", "--effort unset");
        check(400, Some("unsupported_value"), Some("text.verbosity"), "not supported", "--verbosity unset");
        check(400, Some("unsupported_parameter"), Some("temperature"), "not supported", "--temperature");
        check(400, None, None, "max_tokens is not supported", "--max-output-tokens");
        check(404, Some("model_not_found"), None, "The model does not exist", "--model");
        check(400, Some("invalid_json_schema"), Some("text.format.schema"), "Invalid schema", "gleaner profile check");
        check(400, None, Some("text.format"), "json_schema is not supported with this model", "Structured Outputs");
        check(400, None, Some("input"), "too long", "");
        check(500, None, None, "temperature", "");
    }

    #[test]
    fn a_batch_whose_lines_were_refused_is_explained_too() {
        let check = |reason: &str, example: &str, expected: Option<&str>| {
            let example = Some(example.to_string());
            let cause = Cause { class: RequestState::Refused, reason: reason.into(), count: 9, example };
            let advice = advice_on(&cause, "gpt-x");
            assert_eq!(advice.is_some(), expected.is_some(), "{advice:?}");
            assert!(advice.unwrap_or_default().contains(expected.unwrap_or("")));
        };
        check("http_400", "unsupported_parameter: 'temperature' is not supported", Some("--temperature"));
        check("http_400", "invalid_json_schema: Invalid schema", Some("gleaner profile check"));
        check("http_429", "slow_down: temperature", None);
        check("refusal", "temperature", None);
    }
}
