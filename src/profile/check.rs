//! Everything that can be wrong with a profile, found before anything is paid for.

use std::collections::BTreeMap;

use super::problem::Problem;
use super::{Allowed, EntityType, Profile, schema, template};
use crate::model::Kind;

/// The fields of an answered entity that are not hints.
const RESERVED: [&str; 7] = ["type", "mention", "is_primary", "confidence", "rank", "entity_type", "mention_text"];

/// The words the provider's specification lists, August 2026.
const EFFORTS: [&str; 7] = ["none", "minimal", "low", "medium", "high", "xhigh", "max"];
const VERBOSITIES: [&str; 3] = ["low", "medium", "high"];

/// More than this of topics or entities is a slip of the keyboard, and no model answers it well.
const LIMIT_MAX: u32 = 100;

pub(super) fn problems(profile: &Profile) -> Vec<Problem> {
    let mut problems = vec![];
    let mut fail = |place: &str, message: String| problems.push(Problem::at(place, message));
    if !is_name(&profile.name) {
        fail("name", format!("`{}` is not lower-case letters, digits, `_` and `-`", profile.name));
    }
    for (place, text) in
        [("title", &profile.title), ("language", &profile.language), ("model.name", &profile.model.name)]
    {
        if text.trim().is_empty() || text.chars().any(char::is_control) {
            fail(place, "is empty or holds control characters".into());
        }
    }
    for (place, limit) in [("max_topics", profile.max_topics), ("max_entities", profile.max_entities)] {
        if !(1..=LIMIT_MAX).contains(&limit) {
            fail(place, format!("{limit} is not between 1 and {LIMIT_MAX}"));
        }
    }
    let model = &profile.model;
    for (place, word, known) in [
        ("model.reasoning_effort", &model.reasoning_effort, &EFFORTS[..]),
        ("model.verbosity", &model.verbosity, &VERBOSITIES[..]),
    ] {
        if let Some(word) = word.as_deref().filter(|word| !known.contains(word)) {
            fail(place, format!("`{word}` is none of {}", listed(known)));
        }
    }
    if model.max_output_tokens.is_some_and(|n| n < 16) {
        fail("model.max_output_tokens", "the provider takes no less than 16".into());
    }
    if model.temperature.is_some_and(|t| !(0.0..=2.0).contains(&t)) {
        fail("model.temperature", "is not between 0 and 2".into());
    }
    for (index, keyword) in profile.keywords.iter().enumerate() {
        if keyword.topic.trim().is_empty() || keyword.words.iter().all(|word| word.trim().is_empty()) {
            fail(&format!("keyword {}", index + 1), "needs a `topic` and `words`".into());
        }
    }
    if profile.types.is_empty() {
        fail("type", "there is no entity type".into());
    }
    problems.extend(profile.allowed_topics.iter().flat_map(Allowed::problems));
    problems.extend(type_problems(profile));
    if problems.is_empty() {
        // The rest builds on sound types.
        problems.extend(prompt_problems(profile));
        problems.extend(schema::lint(&schema::topics(profile)));
        problems.extend(schema::lint(&schema::entities(profile)));
    }
    problems
}

fn type_problems(profile: &Profile) -> Vec<Problem> {
    let mut problems = vec![];
    let mut words: BTreeMap<String, &str> = BTreeMap::new();
    for known in &profile.types {
        let place = format!("type `{}`", known.name);
        let mut fail = |message: String| problems.push(Problem::at(&place, message));
        if !is_name(&known.name) {
            fail("its name is not lower-case letters, digits, `_` and `-`".into());
        }
        if known.description.trim().is_empty() {
            fail("has no `description`".into());
        }
        for word in std::iter::once(&known.name).chain(&known.maps) {
            match words.insert(word.trim().to_lowercase(), &known.name) {
                Some(other) if other == known.name => {}
                Some(other) => fail(format!("`{word}` maps to `{other}` too")),
                None => {}
            }
        }
        for hint in &known.hints {
            if RESERVED.contains(&hint.as_str()) || !is_name(hint) {
                fail(format!("`{hint}` cannot be the name of a hint"));
            }
        }
        for hint in known.require_any.iter().filter(|hint| !known.hints.contains(hint)) {
            fail(format!("`require_any` names `{hint}`, which is not one of its hints"));
        }
        problems.extend(pair_problems(profile, known, &place));
    }
    let mut names: Vec<&str> = profile.types.iter().map(|known| known.name.as_str()).collect();
    names.sort_unstable();
    for pair in names.windows(2).filter(|pair| pair[0] == pair[1]) {
        problems.push(Problem::at(format!("type `{}`", pair[0]), "is there twice"));
    }
    problems
}

fn pair_problems(profile: &Profile, known: &EntityType, place: &str) -> Vec<Problem> {
    let Some(pair) = &known.pair else { return vec![] };
    let mut problems = vec![];
    if pair.members == known.name || profile.entity_type(&pair.members).is_none() {
        let message = format!("`pair.members` is `{}`, which is no other type of the profile", pair.members);
        problems.push(Problem::at(place, message));
    }
    if pair.home == pair.away {
        problems.push(Problem::at(place, "`pair.home` and `pair.away` are the same hint"));
    }
    for hint in [&pair.home, &pair.away].into_iter().chain(&pair.with).filter(|hint| !known.hints.contains(hint)) {
        problems.push(Problem::at(place, format!("`pair` names `{hint}`, which is not one of its hints")));
    }
    problems
}

fn prompt_problems(profile: &Profile) -> Vec<Problem> {
    let place = |kind: Kind| format!("{kind}.instructions");
    let of = |kind: Kind| match template::render(profile, kind) {
        Err(error) => Some(Problem::at(place(kind), format!("{error:#}"))),
        Ok(text) if text.trim().is_empty() => Some(Problem::at(place(kind), "are empty")),
        Ok(_) => None,
    };
    Kind::ALL.into_iter().filter_map(of).collect()
}

/// Names go into JSON schemas, command lines and columns.
fn is_name(name: &str) -> bool {
    let letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
    (1..=64).contains(&name.len()) && name.chars().all(letter)
}

fn listed(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::profile::check;

    /// A small profile that uses every key.
    pub(in crate::profile) const TEXT: &str = r#"
name = "test"
title = "A test"
language = "English"
max_topics = 3
max_entities = 5
[model]
name = "gpt-5-mini"
reasoning_effort = "low"
max_output_tokens = 6000
[topic]
instructions = "Up to {{ max_topics }} topics in {{ language }}."
[entity]
instructions = """
Up to {{ max_entities }} entities:{% for type in types %}
- {{ type.name }}: {{ type.description }} ({{ type.hints | join(", ") }}){% endfor %}
Hints: {{ hints | join(", ") }}."""
[[type]]
name = "person"
description = "a human being"
maps = ["people", "crew member"]
hints = ["role", "country"]
require_any = ["role"]
[[type]]
name = "organization"
description = "a body of people"
maps = ["société"]
[[type]]
name = "match"
description = "two against each other"
hints = ["home", "away", "year", "country"]
pair = { members = "organization", home = "home", away = "away", with = ["year"] }
[[keyword]]
topic = "spacewalk"
words = ["spacewalk", "EVA"]
"#;

    pub(in crate::profile) fn profile() -> Profile {
        Profile::parse(TEXT).unwrap()
    }

    fn problems_after(from: &str, to: &str) -> Vec<String> {
        let text = TEXT.replacen(from, to, 1);
        assert_ne!(text, TEXT, "`{from}` is not in the profile");
        check(&text).iter().map(|problem| format!("{problem}|{}", problem.hint.as_deref().unwrap_or(""))).collect()
    }

    #[test]
    fn a_sound_profile_has_no_problem() {
        assert_eq!(check(TEXT), []);
    }

    #[test]
    fn each_mistake_is_named() {
        let check = |from: &str, to: &str, expected: &str| {
            let problems = problems_after(from, to);
            assert!(problems.iter().any(|problem| problem.contains(expected)), "{from} -> {to}: {problems:?}");
        };
        check("max_topics = 3", "max_topcs = 3", "line 5: unknown field `max_topcs`");
        check("max_topics = 3", "max_topcs = 3", "|did you mean `max_topics`?");
        check("max_topics = 3", "max_topics = -3", "line 5: invalid value");
        check("max_topics = 3", "max_topics = 0", "max_topics: 0 is not between");
        check("name = \"test\"", "", "missing field `name`");
        check("name = \"test\"", "name = \"a b\"", "name: `a b`");
        check("\"low\"", "\"lw\"", "model.reasoning_effort: `lw` is none of `none`");
        check("6000", "1", "model.max_output_tokens");
        check("gpt-5-mini", " ", "model.name");
        check("{{ language }}", "{{ languge }}", "topic.instructions");
        check("{% for type in types %}", "{% for type in types", "entity.instructions");
        check("{{ type.name }}", "{{ type.nam }}", "entity.instructions");
        check("name = \"organization\"", "name = \"person\"", "type `person`: is there twice");
        check("\"people\"", "\"Société\"", "type `organization`: `société` maps to `person` too");
        check("hints = [\"role\", ", "hints = [\"rank\", ", "`rank` cannot be the name of a hint");
        check("hints = [\"role\", ", "hints = [{ name = \"rank\" }, ", "`rank` cannot be the name of a hint");
        check(
            "hints = [\"role\", ",
            "hints = [{ name = \"role\", change = true }, ",
            "a hint is its name, or a table as in",
        );
        check("require_any = [\"role\"]", "require_any = [\"team\"]", "`require_any` names `team`");
        check("members = \"organization\"", "members = \"club\"", "`pair.members` is `club`");
        check("away = \"away\"", "away = \"home\"", "the same hint");
        check("with = [\"year\"]", "with = [\"week\"]", "`pair` names `week`");
        check("words = [\"spacewalk\", \"EVA\"]", "words = []", "keyword 1");
        check("[topic]", "[topic", "line 11: unclosed table");
    }

    #[test]
    fn a_hint_may_say_whether_it_changes() {
        let text = TEXT.replacen(
            "hints = [\"role\", \"country\"]",
            "hints = [\"role\", { name = \"country\", changes = false }]",
            1,
        );
        let told = Profile::parse(&text).unwrap();
        assert_eq!(told.types[0].hints, profile().types[0].hints);
        assert_eq!(told.types[0].changes, [("country".to_owned(), false)].into());
        assert_eq!(profile().types[0].changes, [].into());
    }

    #[test]
    fn parse_names_the_first_problem_and_counts_the_rest() {
        let text =
            TEXT.replacen("max_topics = 3", "max_topics = 0", 1).replacen("max_entities = 5", "max_entities = 0", 1);
        let message = Profile::parse(&text).unwrap_err().to_string();
        assert!(message.starts_with("max_topics: 0") && message.contains("and 1 more"), "{message}");
    }
}
