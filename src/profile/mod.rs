//! Profiles: prompt templates, JSON schemas, entity types. Pure; the built-in profiles are embedded.
//!
//! A domain is data, not code: a [`Profile`] is one TOML text with the instructions for both kinds of request, the
//! types of entities with their hints, and the limits. It is read strictly, so that a misspelt key is said and not
//! ignored. The active profile's text lives in the database, so what is asked does not change when the program does.
//! From a profile and the options of a command comes a [`Prompt`]: everything about a request but the group.

mod prompt;
mod allowed;
mod builtin;
mod check;
mod parse;
mod problem;
mod rewrite;
mod template;
pub mod schema;
mod types;

pub use allowed::Allowed;
pub use parse::check;
pub use prompt::{Endpoint, Prompt, PromptOptions, make_prompt};
pub use rewrite::with_allowed;
pub use types::{EntityType, Pair};

use anyhow::Result;

/// A domain: what to ask about its stories and what its catalog holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// Name on the command line, `news`.
    pub name: String,
    /// Title for a person.
    pub title: String,
    /// The language that topics are written in; mentions stay as the stories write them.
    pub language: String,
    /// The most topics of a group.
    pub max_topics: u32,
    /// The most entities of a group.
    pub max_entities: u32,
    /// Model and its parameters.
    pub model: Model,
    /// The template of the instructions for topics.
    pub topic_instructions: String,
    /// The topics to choose from; `None` allows every one.
    pub allowed_topics: Option<Allowed>,
    /// The template of the instructions for entities.
    pub entity_instructions: String,
    /// The types of entities, in the order they are told to the model.
    pub types: Vec<EntityType>,
    /// Words that give a topic away: what the sandbox reads by, and a vocabulary for the template that wants one.
    pub keywords: Vec<Keyword>,
}

/// The model and its parameters; what is `None` is not sent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Model {
    /// The provider's name of the model.
    pub name: String,
    /// Reasoning effort: `none`, `low`, `medium`, `high`, `xhigh`, `max`; not every model takes all of them.
    pub reasoning_effort: Option<String>,
    /// Verbosity: `low`, `medium`, `high`.
    pub verbosity: Option<String>,
    /// The most tokens of an answer, those of thinking included.
    pub max_output_tokens: Option<u32>,
    /// For models that take one.
    pub temperature: Option<f64>,
}

/// The words by which a topic is recognized.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keyword {
    pub topic: String,
    /// Any of these in the text.
    pub words: Vec<String>,
}

impl Profile {
    /// The profile of a fresh database.
    pub const DEFAULT: &'static str = "news";

    /// Reads a profile; the error names the first problem and how many there are.
    pub fn parse(text: &str) -> Result<Profile> {
        parse::profile(text)
    }

    /// Returns the text of a built-in profile.
    pub fn builtin(name: &str) -> Option<&'static str> {
        builtin::TEXTS.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
    }

    /// Returns the name of the built-in profile that a text was in an earlier version of the program.
    pub fn earlier_builtin(text: &str) -> Option<&'static str> {
        builtin::earlier(text)
    }

    /// Returns the names of the built-in profiles.
    pub fn names() -> impl Iterator<Item = &'static str> {
        builtin::TEXTS.iter().map(|(name, _)| *name)
    }
}
