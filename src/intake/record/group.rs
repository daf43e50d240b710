//! A record into a story group.

use std::borrow::Cow;

use serde_json::Value;

use super::dates::Dates;
use super::ids::IdRule;
use super::{Ignored, exported, value};
use crate::intake::columns::{Columns, Sorted};
use crate::intake::roles::Role;
use crate::intake::{Fields, clean, message};
use crate::model::{Group, GroupId, Story};
use crate::request;
use crate::store::TextHashes;
use crate::text::single_spaced;

/// A group as it was read, and as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// The group with clean texts.
    pub group: Group,
    /// Hashes of what a model is given to read. The one of the texts before they were cleaned counts: a later version may
    /// clean better, and no paid answer becomes stale by that. `None`: there is nothing to read.
    pub hashes: Option<TextHashes>,
}

impl Made {
    /// Returns the hash that counts.
    pub fn text_hash(&self) -> Option<[u8; 16]> {
        self.hashes.map(|hashes| hashes.raw)
    }
}

/// A group whose texts are as they came, and the id it would have.
#[derive(Clone, Debug)]
pub(in crate::intake) struct Raw {
    pub(in crate::intake) group: Group,
    /// True where the id was made from the content, so that a copy has the same one.
    pub(in crate::intake) is_id_made: bool,
    /// Hash of a group that `export groups` wrote and that is as it was: its texts are clean.
    pub(in crate::intake) exported: Option<Option<[u8; 16]>>,
}

/// Makes groups of records.
pub(in crate::intake) struct GroupMaker {
    pub(in crate::intake) columns: Columns,
    pub(in crate::intake) ids: IdRule,
    pub(in crate::intake) dates: Dates,
    /// Column whose equal values make rows the stories of one group.
    pub(in crate::intake) group_by: Option<String>,
    pub(in crate::intake) ignored: Ignored,
}

impl GroupMaker {
    /// Makes a group: with `stories`, or with one story whose fields stand in the record itself.
    pub(in crate::intake) fn make(&mut self, line: u64, mut fields: Fields) -> Result<Raw, String> {
        if let Some(mark) = exported::without_learned(&mut fields)?
            && self.ids.is_column()
            && self.group_by.is_none()
            && let Some((group, text_hash)) = exported::group(&fields, mark, &mut self.ignored)
        {
            return Ok(Raw { group, is_id_made: false, exported: Some(text_hash) });
        }
        let mut sorted = self.columns.sort(fields);
        if sorted.is_unknown() {
            let names: Vec<&str> = sorted.rest.iter().map(|(name, _)| name.as_str()).take(5).collect();
            return Err(format!("none of its fields is known, such as `{}`", names.join("`, `")));
        }
        let own_id = sorted.take(Role::Id);
        let own_id = match self.ids.is_column() {
            true => Some(value::id(own_id).map_err(|reason| self.of_group(reason))?),
            false => {
                sorted.rest.extend(own_id.map(|value| ("id".to_owned(), value)));
                None
            }
        };
        let title = value::text(sorted.take(Role::Title), "title")?.map(|title| single_spaced(&title));
        let title = title.filter(|title| !title.is_empty());
        let status = value::text(sorted.take(Role::Status), "status")?
            .map_or_else(|| Group::ACTIVE.to_owned(), |status| status.trim().to_owned());
        let created_at = self.dates.read(line, sorted.take(Role::Created));
        let stories = sorted.take(Role::Stories);
        let mut alone = self.story(line, &mut sorted)?;
        if self.group_by.is_some() {
            // A row is a story then, and the title is its own.
            alone.title.clone_from(&title);
        }
        let is_alone = !alone.text.is_empty() || alone.url.is_some() || alone.published_at.is_some();
        let stories = match stories {
            None if is_alone || !alone.attributes.is_empty() => vec![alone],
            None => vec![],
            Some(_) if is_alone => {
                return Err("has `stories` and fields of a single story (`text`, `url`, `published_at`) too".into());
            }
            Some(Value::Array(stories)) => self.several(line, stories, &alone)?,
            Some(other) => return Err(format!("`stories` is {}, not a list", message::kind_of(&other))),
        };
        let mut group = Group { id: GroupId::new(""), title, status, created_at, stories };
        let (id, is_id_made) = match own_id {
            Some(id) => (id, false),
            None => (self.ids.of(&group)?, self.ids.is_of_content()),
        };
        group.id = GroupId::new(id);
        Ok(Raw { group, is_id_made, exported: None })
    }

    /// Stories of a list; what the group's own record says beside them holds for each.
    fn several(&mut self, line: u64, stories: Vec<Value>, common: &Story) -> Result<Vec<Story>, String> {
        let mut several = Vec::with_capacity(stories.len());
        for (index, story) in stories.into_iter().enumerate() {
            let one = || {
                let Value::Object(fields) = story else {
                    return Err(format!("is {}, not an object", message::kind_of(&story)));
                };
                let mut sorted = self.columns.sort(fields);
                let title = value::text(sorted.take(Role::Title), "title")?.map(|title| single_spaced(&title));
                if let Some(id) = sorted.take(Role::Id) {
                    sorted.rest.push(("id".into(), id));
                }
                let mut story = self.story(line, &mut sorted)?;
                story.title = title.filter(|title| !title.is_empty()).or_else(|| common.title.clone());
                for (name, value) in &common.attributes {
                    story.attributes.entry(name.clone()).or_insert_with(|| value.clone());
                }
                Ok(story)
            };
            several.push(one().map_err(|reason: String| format!("story {}: {reason}", index + 1))?);
        }
        Ok(several)
    }

    /// Says of a group without a name which column should have had it.
    fn of_group(&self, reason: String) -> String {
        match &self.group_by {
            Some(column) if reason == value::NO_ID => format!("`{column}` is empty, by which the rows are grouped"),
            _ => reason,
        }
    }

    /// The fields of a story other than its title.
    fn story(&mut self, line: u64, sorted: &mut Sorted) -> Result<Story, String> {
        let text = value::text(sorted.take(Role::Text), "text")?.unwrap_or_default();
        let url = value::text(sorted.take(Role::Url), "url")?.map(|url| url.trim().to_owned());
        let published_at = self.dates.read(line, sorted.take(Role::Published));
        let nested = match sorted.take(Role::Attributes) {
            Some(Value::Object(nested)) => nested,
            Some(other) => {
                sorted.rest.push(("attributes".into(), other));
                Fields::new()
            }
            None => Fields::new(),
        };
        let attributes = super::attributes::of(sorted.rest.drain(..).chain(nested), &mut self.ignored);
        Ok(Story { title: None, text, url: url.filter(|url| !url.is_empty()), published_at, attributes })
    }
}

/// Takes the hash of a group's texts and cleans them.
pub(in crate::intake) fn finish(raw: Raw) -> Made {
    let mut group = raw.group;
    if let Some(text_hash) = raw.exported {
        let hashes = text_hash.map(|raw| TextHashes { raw, clean: request::text_hash(&group) });
        return Made { group, hashes };
    }
    let hash = group.has_text().then(|| request::text_hash(&group));
    let mut is_other = false;
    let mut clean_title = |title: &mut Option<String>| {
        if let Some(raw) = title.as_deref() {
            let clean = single_spaced(&clean::text(raw));
            // A title of nothing but markup is better than none.
            if !clean.is_empty() && clean != raw {
                *title = Some(clean);
                is_other = true;
            }
        }
    };
    clean_title(&mut group.title);
    for story in &mut group.stories {
        clean_title(&mut story.title);
    }
    for story in &mut group.stories {
        if let Cow::Owned(text) = clean::text(&story.text) {
            story.text = text;
            is_other = true;
        }
    }
    let hashes = hash.filter(|_| group.has_text()).map(|raw| {
        // Most texts are clean, and are hashed once.
        TextHashes { raw, clean: if is_other { request::text_hash(&group) } else { raw } }
    });
    Made { group, hashes }
}
