//! A prompt: everything about a request but the group.

use anyhow::Result;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::{Profile, schema, template};
use crate::error::usage;
use crate::model::Kind;
use crate::text::hex;

/// The endpoint that a request is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Endpoint {
    /// `/v1/responses`.
    #[default]
    Responses,
    /// `/v1/chat/completions`, which more servers know.
    Chat,
}

impl Endpoint {
    /// Returns the path as a request line and a batch name it.
    pub fn path(self) -> &'static str {
        match self {
            Endpoint::Responses => "/v1/responses",
            Endpoint::Chat => "/v1/chat/completions",
        }
    }

    /// Returns the word used on the command line and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Endpoint::Responses => "responses",
            Endpoint::Chat => "chat",
        }
    }

    /// Reads the word or the path back.
    pub fn parse(word: &str) -> Option<Endpoint> {
        [Endpoint::Responses, Endpoint::Chat].into_iter().find(|known| word == known.as_str() || word == known.path())
    }
}

/// Everything about a request but the group: a row of `prompts`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Prompt {
    /// Kind of the request.
    pub kind: Kind,
    /// The provider's name of the model.
    pub model: String,
    /// Endpoint that is asked.
    pub endpoint: Endpoint,
    /// Parameters that are set, under our names whatever the endpoint: `reasoning_effort`, `verbosity`,
    /// `max_output_tokens`,
    /// `temperature`, and `store: false`. What is not set is not here and not sent.
    pub parameters: Map<String, Value>,
    /// The rendered instructions.
    pub instructions: String,
    /// The most topics or entities that are asked for, and kept of an answer.
    pub limit: u32,
    /// The name of the schema on the wire.
    pub schema_name: String,
    /// The JSON schema of an answer.
    pub schema: Value,
    /// SHA-256 in hex of what the *user* decided: kind, model, endpoint, parameters, and of the profile the kind's
    /// template, language and limit, for topics the allowed ones, for entities the types with descriptions and hints. Not of what this version
    /// of the program makes of it: another rendering or a better schema must not make stale what was paid for.
    pub fingerprint: String,
}

/// Settings of a command that override the profile's.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PromptOptions {
    /// Another model.
    pub model: Option<String>,
    /// Another effort; [`PromptOptions::UNSET`] sends none, for models that refuse the parameter.
    pub reasoning_effort: Option<String>,
    /// Another verbosity; [`PromptOptions::UNSET`] sends none.
    pub verbosity: Option<String>,
    /// Another limit of an answer's tokens; 0 sends none.
    pub max_output_tokens: Option<u32>,
    /// Another temperature.
    pub temperature: Option<f64>,
    /// Endpoint that is asked.
    pub endpoint: Endpoint,
    /// Another limit of topics.
    pub max_topics: Option<u32>,
    /// Another limit of entities.
    pub max_entities: Option<u32>,
}

impl PromptOptions {
    /// The word that takes a parameter of the profile back.
    pub const UNSET: &'static str = "unset";
}

/// Makes the prompt of a kind from a profile and what a command sets in its place.
pub fn make_prompt(profile: &Profile, kind: Kind, options: &PromptOptions) -> Result<Prompt> {
    let profile = overridden(profile, options);
    if let Some(problem) = super::check::problems(&profile).first() {
        return Err(usage(problem));
    }
    let instructions = template::render(&profile, kind)?;
    let (schema_name, schema) = match kind {
        Kind::Topic => ("topics", schema::topics(&profile)),
        Kind::Entity => ("entities", schema::entities(&profile)),
    };
    let mut parameters = set_parameters(&profile);
    let fingerprint = fingerprint(&profile, kind, options.endpoint, &parameters);
    parameters.insert("store".into(), false.into());
    Ok(Prompt {
        kind,
        model: profile.model.name,
        endpoint: options.endpoint,
        parameters,
        instructions,
        limit: match kind {
            Kind::Topic => profile.max_topics,
            Kind::Entity => profile.max_entities,
        },
        schema_name: schema_name.into(),
        schema,
        fingerprint,
    })
}

/// The profile with a command's options in their places.
fn overridden(profile: &Profile, options: &PromptOptions) -> Profile {
    let word = |option: &Option<String>, own: &Option<String>| match option.as_deref() {
        Some(PromptOptions::UNSET) => None,
        Some(word) => Some(word.to_owned()),
        None => own.clone(),
    };
    let mut profile = profile.clone();
    let model = &mut profile.model;
    model.name = options.model.clone().unwrap_or_else(|| model.name.clone());
    model.reasoning_effort = word(&options.reasoning_effort, &model.reasoning_effort);
    model.verbosity = word(&options.verbosity, &model.verbosity);
    model.max_output_tokens = options.max_output_tokens.or(model.max_output_tokens).filter(|n| *n > 0);
    model.temperature = options.temperature.or(model.temperature);
    profile.max_topics = options.max_topics.unwrap_or(profile.max_topics);
    profile.max_entities = options.max_entities.unwrap_or(profile.max_entities);
    profile
}

fn set_parameters(profile: &Profile) -> Map<String, Value> {
    let model = &profile.model;
    let all: [(&str, Option<Value>); 4] = [
        ("reasoning_effort", model.reasoning_effort.clone().map(Value::from)),
        ("verbosity", model.verbosity.clone().map(Value::from)),
        ("max_output_tokens", model.max_output_tokens.map(Value::from)),
        ("temperature", model.temperature.map(Value::from)),
    ];
    all.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

/// Hashes the sources of a prompt. The form is JSON, so that fields cannot run into each other; a field that comes
/// later must be left out where it is not used, or all that was asked before turns stale.
fn fingerprint(profile: &Profile, kind: Kind, endpoint: Endpoint, parameters: &Map<String, Value>) -> String {
    let mut sources = serde_json::json!({
        "v": 1,
        "kind": kind,
        "model": profile.model.name,
        "endpoint": endpoint,
        "parameters": parameters,
        "language": profile.language,
    });
    match kind {
        Kind::Topic => {
            sources["template"] = profile.topic_instructions.as_str().into();
            sources["max_topics"] = profile.max_topics.into();
            if let Some(allowed) = &profile.allowed_topics {
                sources["allowed"] = allowed.sorted().into();
                sources["others"] = allowed.others.into();
            }
            if template::reads_vocabulary(profile) {
                sources["topics"] = profile.keywords.iter().map(|keyword| keyword.topic.as_str()).collect();
            }
        }
        Kind::Entity => {
            let one = |known: &super::EntityType| -> Value {
                serde_json::json!({"name": known.name, "description": known.description, "hints": known.hints})
            };
            sources["template"] = profile.entity_instructions.as_str().into();
            sources["max_entities"] = profile.max_entities.into();
            sources["types"] = profile.types.iter().map(one).collect();
        }
    }
    hex(&Sha256::digest(sources.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::check::tests::profile;

    fn fingerprints(profile: &Profile, options: &PromptOptions) -> [String; 2] {
        Kind::ALL.map(|kind| make_prompt(profile, kind, options).unwrap().fingerprint)
    }

    /// Kinds of requests that a change of the profile or the options makes stale.
    fn check(expected: [bool; 2], change: impl FnOnce(&mut Profile, &mut PromptOptions)) {
        let before = fingerprints(&profile(), &PromptOptions::default());
        let (mut profile, mut options) = (profile(), PromptOptions::default());
        change(&mut profile, &mut options);
        let after = fingerprints(&profile, &options);
        assert_eq!([before[0] != after[0], before[1] != after[1]], expected);
    }

    /// Pinned: were these to change, an upgrade would make everything stale.
    #[test]
    fn the_fingerprints_are_the_same_for_ever() {
        assert_eq!(
            fingerprints(&profile(), &PromptOptions::default()),
            [
                "431d19adceb64b821dcb62b3c2b3fd46087b410fb22649a68760cb6d7dfdd8c2",
                "c238c377fe301df2fb2f9547bdcc3ab27730dfdb58091fb7f7965a508b8dccf7"
            ]
        );
    }

    #[test]
    fn what_the_user_decides_is_in_the_fingerprint() {
        check([true, true], |_, options| options.model = Some("gpt-5-nano".into()));
        check([true, true], |_, options| options.reasoning_effort = Some(PromptOptions::UNSET.into()));
        check([true, true], |_, options| options.verbosity = Some("low".into()));
        check([true, true], |_, options| options.max_output_tokens = Some(0));
        check([true, true], |_, options| options.temperature = Some(0.5));
        check([true, true], |_, options| options.endpoint = Endpoint::Chat);
        check([true, true], |profile, _| profile.language = "German".into());
        check([true, false], |_, options| options.max_topics = Some(4));
        check([true, false], |profile, _| profile.topic_instructions.push('!'));
        check([false, true], |_, options| options.max_entities = Some(4));
        check([false, true], |profile, _| profile.entity_instructions.push('!'));
        check([false, true], |profile, _| profile.types[0].description.push('!'));
        check([false, true], |profile, _| profile.types[0].hints.push("team".into()));
        check([false, true], |profile, _| _ = profile.types.remove(0));
    }

    #[test]
    fn what_the_model_is_not_told_makes_nothing_stale() {
        check([false, false], |_, options| options.model = Some("gpt-5-mini".into()));
        check([false, false], |profile, _| profile.name = "renamed".into());
        check([false, false], |profile, _| profile.title = "Renamed".into());
        check([false, false], |profile, _| profile.types[0].maps.clear());
        check([false, false], |profile, _| profile.types[0].require_any.clear());
        check([false, false], |profile, _| profile.types[2].pair = None);
        check([false, false], |profile, _| profile.keywords.clear());
    }

    #[test]
    fn only_what_is_set_is_sent() {
        let prompt = make_prompt(&profile(), Kind::Topic, &PromptOptions::default()).unwrap();
        let parameters = serde_json::to_string(&prompt.parameters).unwrap();
        assert_eq!(parameters, r#"{"reasoning_effort":"low","max_output_tokens":6000,"store":false}"#);
    }

    #[test]
    fn an_option_that_cannot_be_is_wrong_usage() {
        let options = PromptOptions { reasoning_effort: Some("hgh".into()), ..PromptOptions::default() };
        let error = make_prompt(&profile(), Kind::Topic, &options).unwrap_err();
        assert_eq!(crate::error::explain(&error).exit, crate::error::Exit::Usage);
    }
}
