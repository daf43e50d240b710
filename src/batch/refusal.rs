//! A refused parameter, explained: which setting it is, and how to do without it.

use crate::answer::parameter_in;
use crate::profile::PromptOptions;
use crate::provider::ApiError;
use crate::store::Cause;
use crate::text::words::list;

/// A setting of the profile that a model may refuse.
struct Setting {
    /// Words in the names of the provider's parameters for it.
    words: &'static [&'static str],
    name: &'static str,
    /// The option of a command.
    flag: &'static str,
    /// Value that sends none.
    unset: &'static str,
    /// The key in `[model]` of the profile.
    key: &'static str,
}

const SETTINGS: [Setting; 4] = [
    Setting {
        words: &["reasoning"],
        name: "reasoning effort",
        flag: "--effort",
        unset: PromptOptions::UNSET,
        key: "reasoning_effort",
    },
    Setting {
        words: &["verbosity"],
        name: "verbosity",
        flag: "--verbosity",
        unset: PromptOptions::UNSET,
        key: "verbosity",
    },
    Setting { words: &["temperature"], name: "temperature", flag: "--temperature", unset: "", key: "temperature" },
    Setting {
        words: &["max_output_tokens", "max_completion_tokens", "max_tokens"],
        name: "limit of output tokens",
        flag: "--max-output-tokens",
        unset: "0",
        key: "max_output_tokens",
    },
];

/// Returns what to do about a model that refuses a parameter or the schema of a prompt.
pub fn advice(error: &ApiError, model: &str) -> Option<String> {
    let code = error.code.as_deref().unwrap_or("");
    advise(error.status?, code, error.param.as_deref(), &error.message, model)
}

/// Returns the same for the lines of a batch that were refused for one cause.
pub fn advice_on(cause: &Cause, model: &str) -> Option<String> {
    let status = cause.reason.strip_prefix("http_")?.parse().ok()?;
    let said = cause.example.as_deref()?;
    let code = said.split_once(": ").map_or("", |(code, _)| code);
    advise(status, code, parameter_in(said), said, model)
}

fn advise(status: u16, code: &str, param: Option<&str>, message: &str, model: &str) -> Option<String> {
    if !matches!(status, 400 | 404 | 422) {
        return None;
    }
    let said = message.to_lowercase();
    // The parameter says what it is about; the sentence may name others beside it.
    let about = param.filter(|param| !param.is_empty()).map_or_else(|| said.clone(), str::to_lowercase);
    let names = |words: &[&str]| words.iter().any(|word| about.contains(word));
    if code == "invalid_json_schema" || names(&["text.format.schema"]) || said.contains("invalid schema") {
        return Some(
            "the schema is made from the profile's types and hints: `gleaner profile check` looks for what is wrong with \
             it"
            .into(),
        );
    }
    if code == "model_not_found" || (status == 404 && names(&["model"])) {
        return Some(format!(
            "`{model}` is not offered here, or not to this key: choose another with `--model` or `[model] name` in the \
             profile"
        ));
    }
    if let Some(setting) = SETTINGS.iter().find(|setting| names(setting.words)) {
        return Some(setting.advice(&listed_values(message), model));
    }
    if names(&["text.format", "response_format", "json_schema"]) {
        return Some(format!(
            "`{model}` knows no Structured Outputs, which a batch needs: choose another model, or use `gleaner extract`"
        ));
    }
    if about.contains(".role") || said.contains("'developer'") {
        return Some(
            "the server refuses the role of the instructions: `gleaner extract --limit 1 --retry-failed` finds out how it \
             wants to be asked, and later batches are laid out so"
                .into(),
        );
    }
    None
}

impl Setting {
    /// Returns what to do about the setting, given the values that the provider says it takes.
    fn advice(&self, values: &[&str], model: &str) -> String {
        let Setting { name, flag, unset, key, .. } = self;
        let taken = match list(values, "or") {
            none if none.is_empty() => format!("`{model}` does not take this {name}"),
            values => format!("as {name} `{model}` takes {values}"),
        };
        match *unset {
            "" => format!("{taken}: leave out `{flag}`, and `[model] {key}` in the profile"),
            unset => format!(
                "{taken}: choose another with `{flag}`, or send none with `{flag} {unset}`; in the profile it is `[model] \
                 {key}`"
            ),
        }
    }
}

/// Returns the values that a refusal lists: `Supported values are: 'none', 'low', and 'high'.`
fn listed_values(message: &str) -> Vec<&str> {
    let Some((_, list)) = message.split_once("upported values are: ") else { return vec![] };
    // Words between quotes, as long as they look like values; what follows the list has another form.
    let is_value =
        |word: &&str| !word.is_empty() && word.len() <= 24 && word.bytes().all(|b| b.is_ascii_alphanumeric());
    list.split('\'').skip(1).step_by(2).take_while(is_value).take(12).collect()
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
        check(400, Some("invalid_value"), Some("input[0].role"), "Invalid value: 'developer'.", "gleaner extract");
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

    #[test]
    fn the_values_that_a_refusal_lists_are_repeated() {
        let check = |param, message: &str, expected: &str| {
            let error = ApiError::for_test(400, Some("unsupported_value"), Some(param)).saying(message);
            assert_eq!(advice(&error, "gpt-6-luna").as_deref(), Some(expected));
        };
        check(
            "reasoning.effort",
            "Unsupported value: 'minimal' is not supported with the 'gpt-6-luna' model. Supported values are: 'none', \
             'low', and 'max'.",
            "as reasoning effort `gpt-6-luna` takes `none`, `low` or `max`: choose another with `--effort`, or send none with \
             `--effort unset`; in the profile it is `[model] reasoning_effort`",
        );
        check(
            "temperature",
            "Unsupported value: 'temperature' does not support 0.3 with this model. Only the default (1) value is \
             supported.",
            "`gpt-6-luna` does not take this temperature: leave out `--temperature`, and `[model] temperature` in the \
             profile",
        );
        // The parameter decides, whatever else the sentence names; and what is no list of values is none.
        check(
            "max_output_tokens",
            "It must be larger with reasoning. Supported values are: 'rm -rf /; reasoning'",
            "`gpt-6-luna` does not take this limit of output tokens: choose another with `--max-output-tokens`, or send \
             none with `--max-output-tokens 0`; in the profile it is `[model] max_output_tokens`",
        );
    }
}
