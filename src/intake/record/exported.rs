//! Groups as `export` wrote them. A record of `export groups` comes back as it was; tables of `export` have less.
//!
//! Such a record holds what was learned beside what was loaded, and `as_loaded` says what cannot be told from the rest: the
//! group's own date, and the hash of the texts as they first came. A text was cleaned then; to clean it again might change it
//! (`&amp;lt;p&gt;` once, `<p>` twice), and with another hash it would be asked about again. So a record whose texts nobody
//! touched since is taken as it is, and any other is read as a stranger's.

use serde::Deserialize;
use serde_json::Value;

use super::{Ignored, attributes, value};
use crate::intake::readers::Record;
use crate::intake::{Fields, date};
use crate::model::{Group, GroupId, Story};
use crate::report::csv;
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

/// A table of `export`, which has less of a group than `load groups` needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::intake) enum Table {
    /// A row a story: grouped by `group_id`, they are whole groups.
    Stories,
    /// A row a group, or something in it, without the texts.
    Bare,
}

impl Table {
    /// Knows a table by those of its columns that no other program's has.
    pub(in crate::intake) fn of(columns: &[String]) -> Option<Self> {
        let has = |names: &[&str]| names.iter().all(|name| columns.iter().any(|column| column == name));
        match () {
            () if has(&["group_id", GROUP_TITLE, GROUP_DATE, STORY]) && !has(&["mention"]) => Some(Table::Stories),
            () if has(&["group_id", "story_titles", "story_urls", "story_dates"]) => Some(Table::Bare),
            () => None,
        }
    }
}

const GROUP_TITLE: &str = "group_title";
const GROUP_DATE: &str = "group_created_at";
const STORY: &str = "story";

/// Returns the rows of a table of stories as records of groups with one story each; `is_guarded`: a spreadsheet may have
/// opened the table.
pub(in crate::intake) fn story_rows(
    rows: Box<dyn Iterator<Item = Record>>,
    is_guarded: bool,
) -> Box<dyn Iterator<Item = Record>> {
    Box::new(rows.map(move |record| {
        let (line, mut fields) = record?;
        if is_guarded {
            unguard(&mut fields);
        }
        Ok((line, story_row(fields)))
    }))
}

/// Returns a row of a table of stories as the record of a group with this one story.
fn story_row(mut story: Fields) -> Fields {
    story.remove(STORY);
    let mut group = Fields::new();
    let of_group = ["group_id", "status"].map(|name| (name, name));
    for (name, own) in of_group.into_iter().chain([(GROUP_TITLE, "title"), (GROUP_DATE, "created_at")]) {
        group.extend(story.remove(name).map(|value| (own.to_owned(), value)));
    }
    // The only story of a group without a title of its own was given the group's.
    if story.get("title") == group.get("title") {
        story.remove("title");
    }
    group.insert("stories".to_owned(), Value::Array(vec![Value::Object(story)]));
    group
}

/// Takes off the apostrophes with which a table keeps a spreadsheet from running a text.
fn unguard(fields: &mut Fields) {
    for value in fields.values_mut() {
        if let Value::String(text) = value
            && text.starts_with('\'')
        {
            *text = csv::plain(text).to_owned();
        }
    }
}

fn hash(text: &str) -> Option<[u8; 16]> {
    unhex(text)?.try_into().ok()
}
