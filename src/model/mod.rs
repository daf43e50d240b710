//! The shared nouns. Every room speaks of these and of nothing else that crosses a wall.
//!
//! Nothing here does I/O or knows SQL, HTTP or the command line. A word means one thing (see the map in `lib.rs`): a
//! *mention* is what a model wrote, an *entity* is a row of the user's catalog, a *link* joins the two.

mod decision;
mod facts;
mod grounding;

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

pub use decision::{Decision, Target, Verdict, typed_id};
pub use facts::facts;
pub use grounding::{Grounded, Grounding, Place};

use crate::text::single_spaced;

/// Defines a text id as a type of its own, so that a batch id is never passed as a group id.
macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Wraps a text as this kind of id; nothing is checked.
            pub fn new(id: impl Into<String>) -> Self {
                Self(id.into())
            }

            /// Returns the id as it was given.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

/// Defines an integer key of a table as a type of its own.
macro_rules! row_key {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);
    };
}

text_id! {
    /// The user's own id of a story group.
    GroupId
}
text_id! {
    /// The user's own id of a catalog entity; unique together with its type.
    EntityId
}
text_id! {
    /// The provider's id of a batch.
    BatchId
}
text_id! {
    /// The provider's id of a file.
    FileId
}
text_id! {
    /// Our id of a run, `run-…`: all that one `batch create` made.
    RunId
}
text_id! {
    /// The name of a request on the wire: `topic_<group>` or `entity_<group>`.
    CustomId
}
row_key! {
    /// Row key of `story_groups`.
    GroupKey
}
row_key! {
    /// Row key of `entities`.
    EntityKey
}
row_key! {
    /// Row key of `batches`: a part while it is a plan, a batch once the provider has it.
    BatchKey
}
row_key! {
    /// Row key of `requests`; a later request has a larger key.
    RequestKey
}
row_key! {
    /// Row key of `prompts`.
    PromptKey
}
row_key! {
    /// Row key of `origins`.
    OriginKey
}

/// The two things asked about a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Topics of the stories.
    Topic,
    /// Entities that they name.
    Entity,
}

impl Kind {
    /// Both kinds, in the order in which they are written.
    pub const ALL: [Kind; 2] = [Kind::Topic, Kind::Entity];

    /// Returns the word used on the wire and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Topic => "topic",
            Kind::Entity => "entity",
        }
    }

    /// Reads the word back.
    pub fn parse(word: &str) -> Option<Kind> {
        match word {
            "topic" => Some(Kind::Topic),
            "entity" => Some(Kind::Entity),
            _ => None,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One news story.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Story {
    /// Headline, where there is one.
    pub title: Option<String>,
    /// The text as it was loaded; may be empty.
    pub text: String,
    /// Address of the source.
    pub url: Option<String>,
    /// UTC, ISO 8601.
    pub published_at: Option<String>,
    /// Everything else that was loaded of it, by name; a model is not given it.
    #[serde(default)]
    pub attributes: StoryAttributes,
}

/// Attributes of a story beside its text: section, author, language, … by name.
pub type StoryAttributes = BTreeMap<String, StoryValue>;

/// A value of a story's attribute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum StoryValue {
    /// A single one.
    One(String),
    /// Several, such as tags.
    Many(Vec<String>),
}

/// A few stories about one event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// The user's id.
    pub id: GroupId,
    /// Headline of the group.
    pub title: Option<String>,
    /// Only groups that are `active` are sent.
    pub status: String,
    /// UTC, ISO 8601, as exact as it was written; `None` where the source had none.
    pub created_at: Option<String>,
    /// Stories in the order in which they were loaded.
    pub stories: Vec<Story>,
}

impl Group {
    /// The status of a group that is sent; the default of a loaded group.
    pub const ACTIVE: &'static str = "active";

    /// Returns the title of a story: its own, or the group's if it is the only one, as a row of a table is.
    pub fn title_of<'a>(&'a self, story: &'a Story) -> Option<&'a str> {
        let of_group = || self.title.as_deref().filter(|_| self.stories.len() == 1);
        story.title.as_deref().or_else(of_group)
    }

    /// Returns the date of the group, as exact as it was written: created_at, else the latest published_at.
    ///
    /// The latest by text is the latest in time: a day comes before every time on it.
    pub fn date(&self) -> Option<&str> {
        let latest = || self.stories.iter().filter_map(|story| story.published_at.as_deref()).max();
        self.created_at.as_deref().or_else(latest)
    }

    /// Returns whether there is anything to ask about: a story with some text that is not white space.
    pub fn has_text(&self) -> bool {
        self.stories.iter().any(|story| !story.text.trim().is_empty())
    }
}

/// Facts that tell namesakes apart, by name: team, position, country, …
pub type Attributes = BTreeMap<String, String>;

/// Returns the name of an attribute or a hint as profiles write it, whoever wrote it: lower case, `_` for spaces.
pub fn attribute_name(text: &str) -> String {
    if text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_')) {
        return text.to_owned();
    }
    single_spaced(text).to_lowercase().replace(' ', "_")
}

/// A row of the user's catalog.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entity {
    /// The user's id; unique within its type.
    pub id: EntityId,
    /// The catalog's own word for what it is: `person`, `company`, `team`.
    #[serde(rename = "type")]
    pub entity_type: String,
    /// The preferred name.
    pub name: String,
    /// Other names.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// Attributes, every value as text.
    #[serde(default)]
    pub attributes: Attributes,
}

/// A topic as a model gave it, checked and brought into range.
#[derive(Clone, Debug, PartialEq)]
pub struct Topic {
    /// The key: trimmed, lower case, single spaces. Unique within a group.
    pub topic: String,
    /// Topic as the model wrote it, trimmed and single-spaced (`NASA budget`).
    pub label: String,
    /// 0 to 1.
    pub confidence: f64,
    /// 1 is the main topic.
    pub rank: u32,
}

/// A name as a model found it in the stories, checked and brought into range.
#[derive(Clone, Debug, PartialEq)]
pub struct Mention {
    /// The profile's word for what it is.
    pub entity_type: String,
    /// The name as the stories write it.
    pub text: String,
    /// Hints that tell namesakes apart, by the profile's hint names; only those with a value.
    pub hints: Attributes,
    /// True where the stories are chiefly about it.
    pub is_primary: bool,
    /// 0 to 1.
    pub confidence: f64,
    /// 1 is the most important.
    pub rank: u32,
}

/// Tokens that an answer's own `usage` says were used. Cached and written tokens are part of the input, reasoning
/// tokens of the output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Input tokens, cached ones included.
    pub input_tokens: u64,
    /// Input tokens read from the provider's prompt cache.
    pub cached_tokens: u64,
    /// Input tokens written to the prompt cache, at a price of their own; 0 for models before gpt-5.6 and for other
    /// servers. Never more than `input_tokens - cached_tokens`.
    #[serde(default)]
    pub cache_write_tokens: u64,
    /// Output tokens, reasoning included.
    pub output_tokens: u64,
    /// Output tokens spent on reasoning.
    pub reasoning_tokens: u64,
}

impl Usage {
    /// Reads a `usage` object in the spelling of the Responses or of the Chat Completions API. Some servers fill both
    /// and put zeros into one, so the larger number counts. None where it is no object or names no tokens.
    pub fn read(usage: &serde_json::Value) -> Option<Usage> {
        Usage::read_by(|path| {
            let value = path.iter().try_fold(usage, |value, key| value.get(key))?;
            value.as_u64().or_else(|| whole_tokens(value.as_f64()?))
        })
    }

    /// Reads a usage by its numbers: `number` finds the one at the end of keys, one inside the other.
    pub(crate) fn read_by(number: impl Fn(&[&str]) -> Option<u64>) -> Option<Usage> {
        let larger = |one: &[&str], two: &[&str]| number(one).max(number(two));
        let input = larger(&["input_tokens"], &["prompt_tokens"]);
        let output = larger(&["output_tokens"], &["completion_tokens"]);
        if input.is_none() && output.is_none() {
            return None;
        }
        let (input_tokens, output_tokens) = (input.unwrap_or(0), output.unwrap_or(0));
        let cached = larger(&["input_tokens_details", "cached_tokens"], &["prompt_tokens_details", "cached_tokens"]);
        let reasoning =
            larger(&["output_tokens_details", "reasoning_tokens"], &["completion_tokens_details", "reasoning_tokens"]);
        let written =
            larger(&["input_tokens_details", "cache_write_tokens"], &["prompt_tokens_details", "cache_write_tokens"]);
        let cached_tokens = cached.unwrap_or(0).min(input_tokens);
        Some(Usage {
            input_tokens,
            cached_tokens,
            cache_write_tokens: written.unwrap_or(0).min(input_tokens - cached_tokens),
            output_tokens,
            reasoning_tokens: reasoning.unwrap_or(0).min(output_tokens),
        })
    }
}

/// Returns a number of tokens that a server wrote as a fraction: `12.0`.
pub(crate) fn whole_tokens(number: f64) -> Option<u64> {
    (0.0..9e15).contains(&number).then_some(number as u64)
}

/// Resolution of a mention.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LinkOutcome {
    /// It is this entity.
    Linked,
    /// Two or more entities fit too well to choose.
    Ambiguous,
    /// Nothing in the catalog fits.
    Unknown,
}

impl LinkOutcome {
    /// Returns the word used in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            LinkOutcome::Linked => "linked",
            LinkOutcome::Ambiguous => "ambiguous",
            LinkOutcome::Unknown => "unknown",
        }
    }
}
