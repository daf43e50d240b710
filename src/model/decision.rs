//! Decisions of people about mentions; which one counts is in `linking/precedence.rs`.

use std::fmt;

use super::{Attributes, EntityId};

/// A person's ruling on a mention. It is kept apart from the catalog, names its target by the user's own words and goes
/// where the catalog goes, in a file of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The mention, as the stories write it.
    pub mention: String,
    /// It holds for mentions of this type, the profile's word; empty: of any.
    pub mention_type: String,
    /// It holds where the mention's hints agree with these.
    pub hints: Attributes,
    /// It holds only where nothing else links the mention.
    pub only_unlinked: bool,
    pub verdict: Verdict,
    /// `None` where a file does not say.
    pub decided_at: Option<String>,
}

impl Decision {
    /// Returns whether an earlier decision cannot stand beside this one. A mention is one thing in one scope, but may be
    /// not several entities at once.
    pub fn replaces(&self, earlier: &Decision) -> bool {
        if earlier.mention_type != self.mention_type || earlier.hints != self.hints {
            return false;
        }
        let is_not = |decision: &Decision| matches!(decision.verdict, Verdict::Not(_));
        !is_not(earlier) && !is_not(self) || earlier.verdict.target() == self.verdict.target()
    }
}

/// The ruling itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is this entity.
    Is(Target),
    /// It is not this entity.
    Not(Target),
    /// It is none of the catalog.
    Nothing,
}

impl Verdict {
    /// Returns the word used in the database and in files.
    pub fn as_str(&self) -> &'static str {
        match self {
            Verdict::Is(_) => "is",
            Verdict::Not(_) => "not",
            Verdict::Nothing => "nothing",
        }
    }

    /// Returns the entity that it speaks of.
    pub fn target(&self) -> Option<&Target> {
        match self {
            Verdict::Is(target) | Verdict::Not(target) => Some(target),
            Verdict::Nothing => None,
        }
    }
}

/// The entity that a decision speaks of; it may not be in the catalog.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Target {
    /// The catalog's type.
    pub entity_type: String,
    /// The user's id.
    pub id: EntityId,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&typed_id(&self.entity_type, &self.id))
    }
}

/// Returns how an entity is named to people, `TYPE:ID`: its id alone where that begins with the type already. Either is
/// understood where an entity is typed.
pub fn typed_id(entity_type: &str, id: &impl fmt::Display) -> String {
    let id = id.to_string();
    match id.strip_prefix(entity_type).is_some_and(|rest| rest.len() > 1 && rest.starts_with(':')) {
        true => id,
        false => format!("{entity_type}:{id}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_that_the_id_begins_with_is_not_said_twice() {
        for (entity_type, id, expected) in [
            ("vehicle", "challenger", "vehicle:challenger"),
            ("vehicle", "vehicle:challenger", "vehicle:challenger"),
            ("vehicle", "vehicle:", "vehicle:vehicle:"),
            ("vehicle", "vehicles:1", "vehicle:vehicles:1"),
            ("vehicle", "ship:vehicle:1", "vehicle:ship:vehicle:1"),
            ("", ":x", ":x"),
        ] {
            assert_eq!(typed_id(entity_type, &id), expected, "{entity_type} {id}");
        }
    }
}
