//! TOML into a [`Profile`], strictly: an unknown key is an error with the one that was meant.

use anyhow::{Result, anyhow};
use serde::Deserialize;

use super::check::problems;
use super::problem::Problem;
use super::{Allowed, EntityType, Keyword, Model, Pair, Profile};
use crate::error::Explain as _;
use crate::text::nearest;

/// Reads a profile without a problem; see [`Profile::parse`].
pub(super) fn profile(text: &str) -> Result<Profile> {
    let (profile, problems) = match read(text) {
        Ok(profile) => {
            let found = problems(&profile);
            (Some(profile), found)
        }
        Err(problem) => (None, vec![problem]),
    };
    match (profile, problems.first()) {
        (Some(profile), None) => Ok(profile),
        (_, first) => {
            let first = first.expect("there is no profile only where there is a problem");
            let more = match problems.len() {
                1 => String::new(),
                n => format!(" (and {} more; `gleaner profile check` lists them)", n - 1),
            };
            let error = Err(anyhow!("{first}{more}"));
            match &first.hint {
                Some(hint) => error.hint(hint.clone()),
                None => error,
            }
        }
    }
}

/// Returns all that is wrong with a profile's text; nothing means it can be used.
pub fn check(text: &str) -> Vec<Problem> {
    match read(text) {
        Ok(profile) => problems(&profile),
        Err(problem) => vec![problem],
    }
}

/// Reads the text into the profile's form; what it says is not looked at yet.
pub(super) fn read(text: &str) -> Result<Profile, Problem> {
    let file: File = toml::from_str(text).map_err(|error| problem_of(&error, text))?;
    Ok(file.into())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    title: String,
    #[serde(default = "default_language")]
    language: String,
    #[serde(default = "default_max_topics")]
    max_topics: u32,
    #[serde(default = "default_max_entities")]
    max_entities: u32,
    model: ModelTable,
    topic: TopicTable,
    entity: Instructions,
    #[serde(default, rename = "type")]
    types: Vec<TypeTable>,
    #[serde(default, rename = "keyword")]
    keywords: Vec<KeywordTable>,
}

fn default_language() -> String {
    "English".into()
}

fn default_max_topics() -> u32 {
    10
}

fn default_max_entities() -> u32 {
    20
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ModelTable {
    name: String,
    reasoning_effort: Option<String>,
    verbosity: Option<String>,
    max_output_tokens: Option<u32>,
    temperature: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TopicTable {
    instructions: String,
    allowed: Option<AllowedTable>,
}

/// Allowed topics, alone or with what is said of others.
#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "`allowed` is a list of topics, or a table as in { topics = [\"trade\"], others = false }"
)]
enum AllowedTable {
    Topics(Vec<String>),
    Table(AllowedFacts),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AllowedFacts {
    topics: Vec<String>,
    others: Option<bool>,
}

impl From<AllowedTable> for Allowed {
    fn from(table: AllowedTable) -> Self {
        let facts = match table {
            AllowedTable::Topics(topics) => AllowedFacts { topics, others: None },
            AllowedTable::Table(facts) => facts,
        };
        Allowed { topics: facts.topics, others: facts.others.unwrap_or(true) }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Instructions {
    instructions: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TypeTable {
    name: String,
    description: String,
    #[serde(default)]
    maps: Vec<String>,
    #[serde(default)]
    hints: Vec<HintTable>,
    #[serde(default)]
    require_any: Vec<String>,
    pair: Option<PairTable>,
}

/// A hint, by its name alone or with what is known of it.
#[derive(Deserialize)]
#[serde(untagged, expecting = "a hint is its name, or a table as in { name = \"team\", changes = true }")]
enum HintTable {
    Name(String),
    Table(HintFacts),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HintFacts {
    name: String,
    changes: Option<bool>,
}

impl HintTable {
    fn facts(self) -> HintFacts {
        match self {
            HintTable::Name(name) => HintFacts { name, changes: None },
            HintTable::Table(facts) => facts,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PairTable {
    members: String,
    home: String,
    away: String,
    #[serde(default)]
    with: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeywordTable {
    topic: String,
    words: Vec<String>,
}

impl From<File> for Profile {
    fn from(file: File) -> Profile {
        let model = Model {
            name: file.model.name,
            reasoning_effort: file.model.reasoning_effort,
            verbosity: file.model.verbosity,
            max_output_tokens: file.model.max_output_tokens,
            temperature: file.model.temperature,
        };
        let pair =
            |table: PairTable| Pair { members: table.members, home: table.home, away: table.away, with: table.with };
        let types = file.types.into_iter().map(|table| {
            let hints: Vec<HintFacts> = table.hints.into_iter().map(HintTable::facts).collect();
            EntityType {
                name: table.name,
                description: table.description,
                maps: table.maps,
                changes: hints.iter().filter_map(|hint| Some((hint.name.clone(), hint.changes?))).collect(),
                hints: hints.into_iter().map(|hint| hint.name).collect(),
                require_any: table.require_any,
                pair: table.pair.map(pair),
            }
        });
        Profile {
            name: file.name,
            title: file.title,
            language: file.language,
            max_topics: file.max_topics,
            max_entities: file.max_entities,
            model,
            topic_instructions: file.topic.instructions,
            allowed_topics: file.topic.allowed.map(Allowed::from),
            entity_instructions: file.entity.instructions,
            types: types.collect(),
            keywords: file.keywords.into_iter().map(|k| Keyword { topic: k.topic, words: k.words }).collect(),
        }
    }
}

/// Says where in the text the reader stumbled, over what, and which key was probably meant.
fn problem_of(error: &toml::de::Error, text: &str) -> Problem {
    let message = error.message().trim();
    let place = match error.span() {
        Some(span) => format!("line {}", 1 + text[..span.start.min(text.len())].matches('\n').count()),
        None => "the file".into(),
    };
    Problem { place, message: message.lines().collect::<Vec<_>>().join(", "), hint: meant(message) }
}

/// Finds the nearest of the keys that an `unknown field` message lists.
fn meant(message: &str) -> Option<String> {
    let mut words = message.strip_prefix("unknown field")?.split('`').skip(1).step_by(2);
    let unknown = words.next()?;
    nearest(unknown, words).map(|known| format!("did you mean `{known}`?"))
}
