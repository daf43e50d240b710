//! One output line -> one classified answer. Pure: nothing here does I/O.
//!
//! A line of an output or error file is opened with [`Line::open`], which finds its custom id; with what was asked
//! ([`Expect`]) it is classified into an [`Answer`]. A synchronous reply's body goes straight into [`classify_body`],
//! and a text kept in the ledger is read again with [`read_text`]. Where an answer came from decides nothing: success
//! is judged by the line alone, in the order error, HTTP status, the response's own status, refusal, incomplete, empty,
//! not JSON, schema.
//!
//! All text here is hostile: sizes and depths are limited, control characters removed, numbers brought into range.

mod line;
mod json;
mod pruned;
mod body;
mod error_words;
mod content;
mod plain;
mod shape;
mod lenient;
mod channels;
mod names;
mod topics;
mod mentions;
pub mod grounding;
pub mod inside;
pub mod locate;

#[cfg(test)]
mod tests;

pub use content::read_text;
pub use error_words::parameter_in;
pub use lenient::Repair;
pub use line::{Line, classify_body};

use std::collections::BTreeSet;

use crate::model::{Kind, Mention, Topic, Usage};
use crate::text::clean;

/// Expectation of the answer, as far as reading the answer needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expect {
    /// Topics or entities.
    pub kind: Kind,
    /// The most topics or entities that are kept of one answer.
    pub limit: usize,
    /// The profile's words for types, each with what else means it. Not used for topics.
    pub types: Vec<TypeWords>,
    /// The profile's hint names. Not used for topics.
    pub hint_names: Vec<String>,
}

impl Expect {
    /// Expects topics.
    pub fn topics(limit: usize) -> Expect {
        Expect { kind: Kind::Topic, limit, types: vec![], hint_names: vec![] }
    }

    /// Expects entities.
    pub fn entities(limit: usize, types: Vec<TypeWords>, hint_names: Vec<String>) -> Expect {
        Expect { kind: Kind::Entity, limit, types, hint_names }
    }
}

/// A type of the profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeWords {
    /// The profile's word: `organization`.
    pub name: String,
    /// Other words for it, such as a catalog's: `company`, `team`.
    pub also: Vec<String>,
}

/// A classified answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The provider's id of the response.
    pub response_id: Option<String>,
    /// The model that says it answered.
    pub model: Option<String>,
    /// When it was answered, in Unix seconds.
    pub answered_at: Option<i64>,
    /// The tokens it says it used; none where it was not billed.
    pub usage: Option<Usage>,
    /// True where it says something of its usage that cannot be: then it was billed, and nobody knows how much.
    pub usage_is_unknown: bool,
    /// The model's text, whole.
    pub text: Option<String>,
    pub outcome: Outcome,
}

impl Answer {
    /// Returns the answer of a call that brought none, but an outcome.
    pub fn without_text(outcome: Outcome) -> Answer {
        Answer {
            response_id: None,
            model: None,
            answered_at: None,
            usage: None,
            usage_is_unknown: false,
            text: None,
            outcome,
        }
    }
}

/// The classes of an answer. A request that came back in no file at all is *missing*, which only the ledger can tell.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It can be used.
    Usable(Content),
    /// It was paid for and cannot be used.
    Unusable(Reason),
    /// The endpoint said no: the same request would be refused again.
    Refused(Reason),
    /// It was never answered or billed: the same request may succeed.
    Failed(Reason),
}

impl Outcome {
    /// Returns the word of the ledger: `usable`, `unusable`, `refused` or `failed`.
    #[cfg(test)]
    fn as_str(&self) -> &'static str {
        match self {
            Outcome::Usable(_) => "usable",
            Outcome::Unusable(_) => "unusable",
            Outcome::Refused(_) => "refused",
            Outcome::Failed(_) => "failed",
        }
    }

    /// Returns why it cannot be used.
    pub fn reason(&self) -> Option<&Reason> {
        match self {
            Outcome::Usable(_) => None,
            Outcome::Unusable(reason) | Outcome::Refused(reason) | Outcome::Failed(reason) => Some(reason),
        }
    }
}

/// Why an answer cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// One word, to count by: `refusal`, `incomplete`, `content_filter`, `empty`, `not_json`, `schema`, `ghost`,
    /// `batch_expired`, `http_400`, or another word of the provider.
    pub code: String,
    /// The same in words, the provider's or the model's where there are some.
    pub message: String,
}

impl Reason {
    /// The code of a request that was refused because its model is not there: not billed, and no better with the same
    /// model.
    pub const MODEL_GONE: &'static str = "model_gone";

    /// Returns the reason of a request whose model is not there, with the provider's words.
    pub fn model_gone(message: &str) -> Reason {
        Reason::new(Reason::MODEL_GONE, message)
    }

    /// Returns the reason of a request of which nobody knows whether it was answered: it counts as paid until a person
    /// says otherwise.
    pub fn unanswered(message: &str) -> Reason {
        Reason::new("unanswered", message)
    }

    /// Returns whether the provider's code says that there is no such model.
    pub fn is_model_gone(code: &str) -> bool {
        code == "model_not_found"
    }

    fn new(code: &str, message: impl AsRef<str>) -> Reason {
        let word: String = code.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')).collect();
        let word = if word.is_empty() { "error".to_string() } else { word.chars().take(64).collect() };
        Reason { code: word, message: clean(message.as_ref(), 500) }
    }
}

/// Contents of a usable answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Content {
    /// Topics or mentions, as asked.
    pub found: Found,
    /// Repairs that it needed.
    pub notes: Notes,
}

/// The things an answer names.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    /// Best rank first, each key once.
    Topics(Vec<Topic>),
    /// In the order of the answer, each once.
    Mentions(Vec<Mention>),
}

impl Found {
    /// Returns how many there are.
    pub fn len(&self) -> usize {
        match self {
            Found::Topics(topics) => topics.len(),
            Found::Mentions(mentions) => mentions.len(),
        }
    }

    /// Returns whether the model found nothing, which is an answer too.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Repairs to an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notes {
    pub repairs: BTreeSet<Repair>,
    /// Confidences and ranks that were missing or out of range.
    pub n_clamped: usize,
    /// Items that are no topic or mention: without a name, or with a name too long to be one.
    pub n_dropped: usize,
    /// Items with a placeholder for a name: `N/A`, `None`, `-`.
    pub n_placeholders: usize,
    /// Names with markup around them that was taken off: `**Sally Ride**`, `AT&amp;T`.
    pub n_cleaned: usize,
    /// Items that said again what another said.
    pub n_merged: usize,
    /// Items beyond the limit.
    pub n_over_limit: usize,
    /// Mentions of a type that the profile does not know.
    pub n_unknown_types: usize,
}

impl Notes {
    /// Returns whether the answer's JSON had to be mended.
    pub fn is_repaired(&self) -> bool {
        !self.repairs.is_empty()
    }
}
