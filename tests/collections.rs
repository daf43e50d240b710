//! What is wrong here is wrong in a data file: the message names the collection and the line.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use gleaner::door::intake;
use gleaner::door::model::{Attributes, Entity, Group};
use gleaner::door::profile::Profile;
use serde::Deserialize;

/// The bundled collections and the profile each is made for.
const COLLECTIONS: [(&str, &str); 2] = [("spaceflight", "news"), ("football", "football")];

/// A line of a gold file: what a name in a group's stories is, or that the catalog lacks it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Gold {
    group_id: String,
    #[serde(rename = "type")]
    mention_type: String,
    mention: String,
    hints: Attributes,
    entity_id: Option<String>,
}

fn path(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(file)
}

fn read(file: &str) -> String {
    fs::read_to_string(path(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn groups(name: &str) -> Vec<Group> {
    let records = intake::bundled_groups(read(&format!("src/sandbox/samples/{name}/groups.jsonl")).leak());
    records.map(|record| record.unwrap_or_else(|error| panic!("{name} groups {error}")).1.group).collect()
}

fn entities(name: &str) -> Vec<Entity> {
    let records = intake::bundled_entities(read(&format!("src/sandbox/samples/{name}/entities.jsonl")).leak());
    records.map(|record| record.unwrap_or_else(|error| panic!("{name} entities {error}")).1).collect()
}

fn profile(name: &str) -> Profile {
    let text = Profile::builtin(name).expect("the profile is built in");
    Profile::parse(text).expect("a built-in profile has no problem")
}

/// Returns the gold of a collection, each with its place; nothing while it has none.
fn gold(name: &str) -> Vec<(String, Gold)> {
    let file = format!("tests/gold/{name}.jsonl");
    if !path(&file).exists() {
        return vec![];
    }
    let line = |(index, line): (usize, &str)| {
        let place = format!("{file}:{}", index + 1);
        let gold = serde_json::from_str(line).unwrap_or_else(|error| panic!("{place}: {error}"));
        (place, gold)
    };
    read(&file).lines().enumerate().map(line).collect()
}

#[test]
fn every_group_has_a_few_stories_with_dates() {
    for (name, _) in COLLECTIONS {
        let groups = groups(name);
        assert!(groups.len() >= 30, "{name}: {} groups", groups.len());
        for group in groups {
            assert!((2..=4).contains(&group.stories.len()), "{name} {}: {} stories", group.id, group.stories.len());
            for story in &group.stories {
                assert!(story.title.is_some() && story.published_at.is_some(), "{name} {}", group.id);
                let n_words = story.text.split_whitespace().count();
                assert!((40..=150).contains(&n_words), "{name} {}: a story of {n_words} words", group.id);
            }
        }
    }
}

#[test]
fn every_catalog_type_is_one_of_the_profile() {
    for (name, profile_name) in COLLECTIONS {
        let profile = profile(profile_name);
        for entity in entities(name) {
            let known = profile.profile_type_of(&entity.entity_type);
            assert!(known.is_some(), "{name} {}: no type for `{}`", entity.id, entity.entity_type);
        }
    }
}

#[test]
fn football_attributes_name_teams_of_the_catalog() {
    let entities = entities("football");
    let teams: BTreeSet<&str> =
        entities.iter().filter(|e| e.entity_type == "team").flat_map(|e| &e.aliases).map(String::as_str).collect();
    for entity in entities.iter().filter(|e| e.entity_type != "team") {
        for key in ["team", "former_teams", "home", "away"] {
            for team in entity.attributes.get(key).into_iter().flat_map(|value| value.split(", ")) {
                assert!(teams.contains(team), "{}: `{team}` is no team", entity.id);
            }
        }
    }
}

#[test]
fn gold_stands_in_the_stories_and_the_catalog() {
    for (name, profile_name) in COLLECTIONS {
        let (groups, entities, profile) = (groups(name), entities(name), profile(profile_name));
        let mut seen = BTreeSet::new();
        for (place, gold) in gold(name) {
            let group = groups.iter().find(|group| group.id.as_str() == gold.group_id);
            let group = group.unwrap_or_else(|| panic!("{place}: no group `{}`", gold.group_id));
            let mut texts =
                group.stories.iter().flat_map(|story| [story.title.as_deref(), Some(&story.text)]).flatten();
            let mention = gold.mention.as_str();
            assert!(texts.any(|text| text.contains(mention)), "{place}: `{mention}` is not in the stories");

            let mention_type = profile.entity_type(&gold.mention_type);
            let mention_type = mention_type.unwrap_or_else(|| panic!("{place}: no type `{}`", gold.mention_type));
            for hint in gold.hints.keys() {
                assert!(mention_type.hints.contains(hint), "{place}: `{}` has no hint `{hint}`", mention_type.name);
            }
            let required = &mention_type.require_any;
            let has_required = required.is_empty() || required.iter().any(|hint| gold.hints.contains_key(hint));
            assert!(has_required, "{place}: none of {required:?}");

            let types = profile.catalog_types_for(&mention_type.name);
            let fits = |entity: &&Entity| types.iter().any(|word| word.eq_ignore_ascii_case(&entity.entity_type));
            // A null may bear a name of the catalog on purpose: another ship, another president.
            if let Some(id) = &gold.entity_id {
                let is_there = entities.iter().filter(fits).any(|entity| entity.id.as_str() == id);
                assert!(is_there, "{place}: no {} `{id}`", mention_type.name);
            }
            assert!(
                seen.insert((gold.group_id, gold.mention_type, gold.mention, gold.hints)),
                "{place}: is there twice"
            );
        }
    }
}
