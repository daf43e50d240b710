//! A group as `export groups` wrote it: it comes back as it was.
//!
//! Such a record holds what was learned beside what was loaded, and `as_loaded` says what cannot be told from the rest: the
//! group's own date, and the hash of the texts as they first came. A text was cleaned then; to clean it again might change it
//! (`&amp;lt;p&gt;` once, `<p>` twice), and with another hash it would be asked about again. So a record whose texts nobody
//! touched since is taken as it is, and any other is read as a stranger's.

use serde::Deserialize;
use serde_json::Value;

use super::{Ignored, attributes, value};
use crate::intake::{Fields, date};
use crate::model::{Group, GroupId, Story};
use crate::request;
use crate::text::unhex;

/// Field by which such a record is known.
const MARK: &str = "as_loaded";

/// Fields that say what was learned.
const LEARNED: [&str; 3] = ["topics", "entities", "answers"];

/// Facts about a group that its other fields do not tell.
#[derive(Deserialize)]
struct AsLoaded {
    /// The date that the group was given; `None`: that of its newest story counts.
    created_at: Option<String>,
    /// Hash of all that a model reads of it as it first came; `None`: there is nothing to read.
    text_hash: Option<String>,
    /// The same hash of the texts as they stand in the record.
    hash: String,
}

/// The fields that were loaded once.
#[derive(Deserialize)]
struct Row {
    group_id: String,
    title: Option<String>,
    created_at: Option<String>,
    status: String,
    stories: Vec<RowStory>,
}

#[derive(Deserialize)]
struct RowStory {
    title: Option<String>,
    text: String,
    url: Option<String>,
    published_at: Option<String>,
    #[serde(default)]
    attributes: Fields,
}

/// Takes what was learned out of the fields of such a record; of any other nothing.
///
/// # Errors
/// Fails where the texts were left out: loaded, they would be gone.
pub(in crate::intake) fn without_learned(fields: &mut Fields) -> Result<Option<Value>, String> {
    if !fields.contains_key("stories") {
        return Ok(None);
    }
    match fields.remove(MARK) {
        None => Ok(None),
        Some(Value::Null) => Err("was exported without its texts (`--no-text`), which loading it would remove".into()),
        Some(mark) => {
            LEARNED.iter().for_each(|name| _ = fields.remove(*name));
            Ok(Some(mark))
        }
    }
}

/// Returns the group of such a record as it was, with the hash of its text as it first came; `None` where something was
/// changed in it since.
pub(in crate::intake) fn group(
    fields: &Fields,
    mark: Value,
    ignored: &mut Ignored,
) -> Option<(Group, Option<[u8; 16]>)> {
    let mark = AsLoaded::deserialize(mark).ok()?;
    let row = Row::deserialize(Value::Object(fields.clone())).ok()?;
    let id = value::id(Some(row.group_id.into())).ok()?;
    let is_date = |text: &Option<String>| {
        text.as_deref().is_none_or(|text| date::read(text, None) == date::Reading::Date(text.to_owned()))
    };
    if !is_date(&row.created_at) || !row.stories.iter().all(|story| is_date(&story.published_at)) {
        return None;
    }
    let mut stories = vec![];
    for story in row.stories {
        let url = story.url.map(|url| url.trim().to_owned()).filter(|url| !url.is_empty());
        let attributes = attributes::of(story.attributes.into_iter(), ignored);
        let RowStory { title, text, published_at, .. } = RowStory { url: None, attributes: Fields::new(), ..story };
        stories.push(Story { title, text, url, published_at, attributes });
    }
    let group = Group {
        id: GroupId::new(id),
        title: row.title,
        status: row.status.trim().to_owned(),
        created_at: mark.created_at,
        stories,
    };
    let is_same = group.date() == row.created_at.as_deref() && hash(&mark.hash)? == request::text_hash(&group);
    let text_hash = match &mark.text_hash {
        Some(text) => Some(hash(text)?),
        None => None,
    };
    (is_same && text_hash.is_some() == group.has_text()).then_some((group, text_hash))
}

fn hash(text: &str) -> Option<[u8; 16]> {
    unhex(text)?.try_into().ok()
}
