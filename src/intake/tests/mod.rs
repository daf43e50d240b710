//! Whole files, as tables: what they hold and what is said about their bad lines.

mod ours;
mod theirs;

use std::fs;
use std::rc::Rc;

use super::input::silent;
use super::records::{self, Got, Records};
use super::*;
use crate::model::{Group, Story, StoryValue};

/// Writes a file and opens it; the folder must stay as long as it is read.
fn open(name: &str, file: &[u8], options: &Options) -> anyhow::Result<(tempfile::TempDir, Rc<Input>)> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, file).unwrap();
    Ok((folder, Rc::new(Input::open(&path, options)?)))
}

/// Reads records and writes each or its error on one line, so that a test shows the file and what became of it.
fn read<T>(records: anyhow::Result<Box<dyn Records<T>>>, show: impl Fn(&T) -> String) -> Vec<String> {
    match records {
        Err(error) => vec![format!("file: {}", error.root_cause())],
        Ok(records) => records
            .map(|record| match record {
                Ok((line, Got::One(record))) => format!("{line}: {}", show(&record)),
                Ok((line, Got::Copy)) => format!("{line}: copy"),
                Err(error) => format!("{}! {}", error.line, error.reason),
            })
            .collect(),
    }
}

fn groups_of(name: &str, file: &[u8], mapping: Mapping) -> Vec<String> {
    let options = Options { mapping, command: "gleaner load groups F".into(), ..Options::default() };
    match open(name, file, &options) {
        Err(error) => vec![format!("file: {}", error.root_cause())],
        Ok((_folder, input)) => read(records::groups(&input, &options, &silent()), |made| show_group(&made.group)),
    }
}

fn entities_of(name: &str, file: &[u8], mapping: Mapping) -> Vec<String> {
    let options = Options { subject: Subject::Entities, mapping, ..Options::default() };
    match open(name, file, &options) {
        Err(error) => vec![format!("file: {}", error.root_cause())],
        Ok((_folder, input)) => read(records::catalog(&input, &options, &silent()), show_catalog),
    }
}

fn show_group(group: &Group) -> String {
    let title = group.title.as_deref().unwrap_or("-");
    let stories = group.stories.iter().map(show_story).collect::<Vec<_>>().join("; ");
    format!("{} | {title} | {} | {} | {stories}", group.id, group.status, group.created_at.as_deref().unwrap_or("-"))
}

fn show_story(story: &Story) -> String {
    let or_dash = |field: &Option<String>| field.clone().unwrap_or_else(|| "-".into());
    let value = |value: &StoryValue| match value {
        StoryValue::One(text) => text.clone(),
        StoryValue::Many(all) => all.join("+"),
    };
    let attributes: String = story.attributes.iter().map(|(name, own)| format!(" {name}={}", value(own))).collect();
    let published_at = or_dash(&story.published_at);
    format!("{}, {}, {}, {published_at}{attributes}", or_dash(&story.title), story.text, or_dash(&story.url))
}

fn show_entity(entity: &Entity) -> String {
    let attributes: Vec<String> = entity.attributes.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let aliases = entity.aliases.join("|");
    format!("{} | {} | {} | {aliases} | {}", entity.id, entity.entity_type, entity.name, attributes.join(" "))
}

fn show_catalog(record: &CatalogRecord) -> String {
    match record {
        CatalogRecord::Entity(entity) => show_entity(entity),
        CatalogRecord::Topic(decision) => {
            let verdict = if decision.verdict.as_str() == "is" { "is" } else { "is not" };
            format!("topic {} {verdict} {} ({})", decision.topic, decision.target, decision.label)
        }
        CatalogRecord::Decision(taught) => {
            let target = taught.verdict.target().map_or("-".to_owned(), ToString::to_string);
            format!(
                "{} {} {target} [{}] {:?} {}",
                taught.mention,
                taught.verdict.as_str(),
                taught.mention_type,
                taught.hints,
                taught.decided_at.as_deref().unwrap_or("-")
            )
        }
    }
}

#[track_caller]
fn check_groups(name: &str, file: &str, expected: &[&str]) {
    assert_eq!(groups_of(name, file.as_bytes(), Mapping::default()), expected, "{file}");
}

#[track_caller]
fn check_entities(name: &str, file: &str, expected: &[&str]) {
    assert_eq!(entities_of(name, file.as_bytes(), Mapping::default()), expected, "{file}");
}
