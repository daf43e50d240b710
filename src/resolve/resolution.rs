//! A question to the resolver and its answer: mention, how sure a link must be, candidates, decision.

use crate::model::{Attributes, EntityKey, LinkOutcome};

/// A mention to resolve.
#[derive(Clone, Copy, Debug)]
pub struct Query<'a> {
    /// The name as the story writes it.
    pub text: &'a str,
    /// Catalog types that may be meant, whatever the case; empty: all.
    pub types: &'a [String],
    /// Hints of the mention, by attribute.
    pub hints: &'a Attributes,
    /// Text or names around it; may be empty.
    pub context: &'a str,
}

/// Strictness of links.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strictness {
    /// 98 % of the links right.
    Strict,
    /// The best balance of missed and wrong links.
    #[default]
    Default,
    /// Every reasonable guess.
    Loose,
}

impl Strictness {
    /// Returns the probability from which a mention is linked.
    pub fn threshold(self) -> f64 {
        match self {
            Strictness::Strict => 0.85,
            Strictness::Default => 0.42,
            Strictness::Loose => 0.22,
        }
    }

    /// Returns that for a mention written small throughout with which no hint agrees: common nouns are alike more often than names are.
    pub(crate) fn threshold_of_nouns(self) -> f64 {
        match self {
            Strictness::Default => 0.57,
            other => other.threshold(),
        }
    }
}

/// Method of a link: its chief reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// The name itself, but for case, marks and punctuation.
    Exact,
    /// An alias likewise.
    Alias,
    /// Part of the name, and hints that agree.
    Hint,
    /// A given name by its first letter.
    Initials,
    /// Similar words.
    Fuzzy,
    /// Context: the other names of the group.
    Context,
    /// A person decided it.
    Decision,
    /// The members of a pair.
    Pair,
    /// Not linked.
    None,
}

impl Method {
    /// Returns the word used in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Method::Exact => "exact",
            Method::Alias => "alias",
            Method::Hint => "hint",
            Method::Initials => "initials",
            Method::Fuzzy => "fuzzy",
            Method::Context => "context",
            Method::Decision => "decision",
            Method::Pair => "pair",
            Method::None => "none",
        }
    }
}

/// A part of a candidate's score.
#[derive(Clone, Debug, PartialEq)]
pub struct ScorePart {
    /// In words.
    pub what: String,
    /// In log-odds; 0 for a remark.
    pub value: f64,
}

/// An entity that may be meant.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// Which entity.
    pub entity: EntityKey,
    /// Probability, by itself, that it is meant.
    pub score: f64,
    /// Why; only where an explanation was asked for.
    pub parts: Vec<ScorePart>,
    /// Position in the index: layer and number.
    pub(crate) place: (u8, u32),
}

impl Candidate {
    /// Returns the entity that a person decided on.
    pub fn decided(entity: EntityKey) -> Candidate {
        Candidate { entity, score: 1.0, parts: Vec::new(), place: (u8::MAX, 0) }
    }

    /// Returns whether it was found by the index, so that the resolver can describe it.
    pub fn is_indexed(&self) -> bool {
        self.place.0 != u8::MAX
    }
}

/// An entity as the user knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    /// The user's id.
    pub id: String,
    /// The catalog's type.
    pub entity_type: String,
    /// The preferred name.
    pub name: String,
}

/// Resolution of a mention.
#[derive(Clone, Debug, PartialEq)]
pub struct Resolution {
    /// Linked, ambiguous or unknown.
    pub outcome: LinkOutcome,
    /// The entity, if linked.
    pub entity: Option<EntityKey>,
    /// Probability that the link is right; of the best candidate if not linked.
    pub score: f64,
    /// Chief reason.
    pub method: Method,
    /// The best candidates, best first.
    pub candidates: Vec<Candidate>,
}

impl Resolution {
    /// Nothing in the catalog comes near.
    pub fn unknown() -> Resolution {
        Resolution {
            outcome: LinkOutcome::Unknown,
            entity: None,
            score: 0.0,
            method: Method::None,
            candidates: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Strictness;

    #[test]
    fn nouns_must_be_surer_by_default_only() {
        for (strictness, names, nouns) in
            [(Strictness::Loose, 0.22, 0.22), (Strictness::Default, 0.42, 0.57), (Strictness::Strict, 0.85, 0.85)]
        {
            assert_eq!((strictness.threshold(), strictness.threshold_of_nouns()), (names, nouns), "{strictness:?}");
        }
    }
}
