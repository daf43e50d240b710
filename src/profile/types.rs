//! The types of entities, and how a catalog's own words for types map to them.

use std::collections::BTreeMap;

use super::Profile;

/// One type of entity.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EntityType {
    /// The word the model answers with.
    pub name: String,
    /// Meaning, for the model.
    pub description: String,
    /// Other words a catalog may use for it, in any case.
    pub maps: Vec<String>,
    /// The hints that tell namesakes of this type apart.
    pub hints: Vec<String>,
    /// By hint: whether what it says changes with time, as a team does and a country does not; only those of which the
    /// profile tells.
    pub changes: BTreeMap<String, bool>,
    /// Hints of which a mention must have one to be worth linking; none means no such rule.
    pub require_any: Vec<String>,
    /// Set where an entity of this type is made of two others: a game of two teams.
    pub pair: Option<Pair>,
}

/// Pair: a type made of two entities of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The type of the two.
    pub members: String,
    /// The hint that holds the first.
    pub home: String,
    /// The hint that holds the second.
    pub away: String,
    /// The hints that tell apart what the same two make more than once: season, week.
    pub with: Vec<String>,
}

impl Profile {
    /// Returns one of the profile's types by its name.
    pub fn entity_type(&self, name: &str) -> Option<&EntityType> {
        self.types.iter().find(|known| same_word(&known.name, name))
    }

    /// Returns the profile's word for a catalog's type, or `None` for one it does not know: a neutral type, which is
    /// neither right nor wrong for any mention.
    pub fn profile_type_of(&self, catalog_type: &str) -> Option<&str> {
        let by_name = self.entity_type(catalog_type);
        let maps = |known: &&EntityType| known.maps.iter().any(|word| same_word(word, catalog_type));
        by_name.or_else(|| self.types.iter().find(maps)).map(|known| known.name.as_str())
    }

    /// Returns the words a catalog may use for one of the profile's types, the profile's own first.
    pub fn catalog_types_for(&self, profile_type: &str) -> Vec<String> {
        let Some(known) = self.entity_type(profile_type) else { return vec![] };
        let mut words = vec![known.name.clone()];
        words.extend(known.maps.iter().filter(|word| !same_word(word, &known.name)).cloned());
        words
    }

    /// Returns the names of all hints, each once, in the order of the types: the fields of an answered entity.
    pub fn hints(&self) -> Vec<&str> {
        let mut hints = vec![];
        for hint in self.types.iter().flat_map(|known| &known.hints) {
            if !hints.contains(&hint.as_str()) {
                hints.push(hint.as_str());
            }
        }
        hints
    }
}

/// Returns whether two words for a type are one: case, surrounding space, and `_` or `-` for a space do not matter.
fn same_word(a: &str, b: &str) -> bool {
    // Compared letter by letter, so that most end at the first: a mention's type is looked for among hundreds.
    fn letters(word: &str) -> impl Iterator<Item = char> {
        let word = word.trim().chars().map(|c| if c == '_' || c == '-' { ' ' } else { c });
        word.flat_map(char::to_lowercase)
    }
    letters(a).eq(letters(b))
}

#[cfg(test)]
mod tests {
    use crate::profile::check::tests::profile;

    #[test]
    fn a_catalog_keeps_its_own_words() {
        let profile = profile();
        let check = |word: &str, expected: Option<&str>| assert_eq!(profile.profile_type_of(word), expected, "{word}");
        check("person", Some("person"));
        check("PEOPLE", Some("person"));
        check(" Crew_Member ", Some("person"));
        check("crew-member", Some("person"));
        check("Société", Some("organization"));
        check("SOCIÉTÉ", Some("organization"));
        check("recipe", None);
        check("", None);
    }

    #[test]
    fn a_type_knows_its_words() {
        assert_eq!(profile().catalog_types_for("Person"), ["person", "people", "crew member"]);
        assert_eq!(profile().catalog_types_for("recipe"), [""; 0]);
    }

    #[test]
    fn hints_are_the_union_in_order() {
        assert_eq!(profile().hints(), ["role", "country", "home", "away", "year"]);
    }
}
