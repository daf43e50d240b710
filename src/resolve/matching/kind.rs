//! Kinds of entities that rules ask for, as types of catalogs call them in some languages.

/// Kind of an entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Place,
    Person,
    Team,
    Other,
}

const PLACES: [&str; 10] =
    ["place", "city", "town", "village", "municipality", "settlement", "location", "locality", "ort", "lieu"];
const PERSONS: [&str; 8] = ["person", "people", "human", "player", "athlete", "politician", "personne", "persona"];
const TEAMS: [&str; 6] = ["team", "club", "sports team", "football club", "verein", "mannschaft"];

impl Kind {
    /// Returns what the entities of a type are.
    pub(crate) fn of(entity_type: &str) -> Kind {
        let is_one = |words: &[&str]| words.iter().any(|word| entity_type.eq_ignore_ascii_case(word));
        match () {
            () if is_one(&PLACES) => Kind::Place,
            () if is_one(&PERSONS) => Kind::Person,
            () if is_one(&TEAMS) => Kind::Team,
            () => Kind::Other,
        }
    }
}
