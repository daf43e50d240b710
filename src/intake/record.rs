//! The fields of a record, whatever the file's form, into a group or an entity.

use std::collections::{BTreeSet, HashSet};

use serde_json::Value;

use super::message::{excerpt, kind_of};
use super::{CatalogRecord, Fields, date};
use crate::model::{Attributes, Entity, EntityId, Group, GroupId, Story, Target, Taught, Verdict, attribute_name};
use crate::resolve::mention_key;
use crate::text::single_spaced;

/// The longest id, in bytes: enough for any URL, and a line of a log.
const ID_BYTES_MAX: usize = 1024;

/// How many unknown field names are remembered; a file with more is not of this kind at all.
const IGNORED_MAX: usize = 50;

/// The names of fields that were there and mean nothing to us.
#[derive(Default)]
pub(super) struct Ignored {
    pub(super) names: BTreeSet<String>,
}

impl Ignored {
    fn note(&mut self, name: String) {
        if self.names.len() < IGNORED_MAX {
            self.names.insert(name);
        }
    }
}

/// Makes a group: with `stories`, or with one story whose fields stand in the record itself.
pub(super) fn group(mut fields: Fields, ignored: &mut Ignored) -> Result<Group, String> {
    let id = GroupId::new(id(&mut fields)?);
    let title = text(&mut fields, "title")?.map(|title| single_spaced(&title));
    let status =
        text(&mut fields, "status")?.map_or_else(|| Group::ACTIVE.to_owned(), |status| status.trim().to_owned());
    let created_at = date(&mut fields, "created_at")?;
    let stories = fields.remove("stories").filter(|stories| !stories.is_null());
    let alone = story(&mut fields)?;
    let is_alone = !alone.text.is_empty() || alone.url.is_some() || alone.published_at.is_some();
    let stories = match stories {
        None if is_alone => vec![alone],
        None => vec![],
        Some(_) if is_alone => {
            return Err("has `stories` and fields of a single story (`text`, `url`, `published_at`) too".into());
        }
        Some(Value::Array(stories)) => {
            let one = |(index, story): (usize, Value)| {
                one_of_several(story, ignored).map_err(|reason| format!("story {}: {reason}", index + 1))
            };
            stories.into_iter().enumerate().map(one).collect::<Result<_, _>>()?
        }
        Some(other) => return Err(format!("`stories` is {}, not a list", kind_of(&other))),
    };
    for (name, _) in fields {
        ignored.note(name);
    }
    Ok(Group { id, title: title.filter(|title| !title.is_empty()), status, created_at, stories })
}

fn one_of_several(story: Value, ignored: &mut Ignored) -> Result<Story, String> {
    let Value::Object(mut fields) = story else { return Err(format!("is {}, not an object", kind_of(&story))) };
    let title = text(&mut fields, "title")?.map(|title| single_spaced(&title)).filter(|title| !title.is_empty());
    let story = Story { title, ..self::story(&mut fields)? };
    for (name, _) in fields {
        ignored.note(format!("stories.{name}"));
    }
    Ok(story)
}

/// The fields of a story other than its title.
fn story(fields: &mut Fields) -> Result<Story, String> {
    Ok(Story {
        title: None,
        text: text(fields, "text")?.unwrap_or_default(),
        url: text(fields, "url")?.map(|url| url.trim().to_owned()).filter(|url| !url.is_empty()),
        published_at: date(fields, "published_at")?,
    })
}

/// Makes an entity. Fields beside the known ones are attributes, as other columns of a table are.
pub(super) fn entity(mut fields: Fields, ignored: &mut Ignored) -> Result<Entity, String> {
    let id = EntityId::new(id(&mut fields)?);
    let entity_type = required(&mut fields, "type")?;
    let name = required(&mut fields, "name")?;
    let aliases = aliases(fields.remove("aliases"), &name)?;
    let mut attributes = Attributes::new();
    let nested = match fields.remove("attributes") {
        None | Some(Value::Null) => Fields::new(),
        Some(Value::Object(nested)) => nested,
        Some(other) => return Err(format!("`attributes` is {}, not an object", kind_of(&other))),
    };
    // What is called an attribute outright wins over a stray field of the same name.
    for (name, value) in fields.into_iter().chain(nested) {
        let key = attribute_name(&name);
        match attribute(&value) {
            Some(value) if key.is_empty() || value.is_empty() => {}
            Some(value) => _ = attributes.insert(key, value),
            None => ignored.note(name),
        }
    }
    Ok(Entity { id, entity_type, name, aliases, attributes })
}

/// Makes an entity, or a decision about a mention, which has no id of its own.
pub(super) fn catalog(fields: Fields, ignored: &mut Ignored) -> Result<CatalogRecord, String> {
    let has = |name: &str| fields.get(name).is_some_and(|value| !value.is_null());
    if !has("id") && has("decision") && has("mention") {
        return decision(fields, ignored).map(CatalogRecord::Decision);
    }
    entity(fields, ignored).map(CatalogRecord::Entity)
}

fn decision(mut fields: Fields, ignored: &mut Ignored) -> Result<Taught, String> {
    let word = required(&mut fields, "decision")?;
    let mut target = || {
        Ok::<_, String>(Target {
            entity_type: required(&mut fields, "target_type")?,
            id: EntityId::new(required(&mut fields, "target_id")?),
        })
    };
    let verdict = match word.as_str() {
        "is" => Verdict::Is(target()?),
        "not" => Verdict::Not(target()?),
        "nothing" => Verdict::Nothing,
        other => return Err(format!("`decision` is `{}`, not `is`, `not` or `nothing`", excerpt(other))),
    };
    let mention = required(&mut fields, "mention")?;
    if mention_key(&mention).is_empty() {
        return Err(format!("`{}` has no letters or digits to decide about", excerpt(&mention)));
    }
    let hints = match fields.remove("hints") {
        // A cell of a table.
        Some(Value::String(json)) => {
            serde_json::from_str(&json).map_err(|error| format!("`hints` is no JSON: {error}"))?
        }
        Some(other) => other,
        None => Value::Null,
    };
    let hints: Attributes = match hints {
        Value::Null => Attributes::new(),
        Value::Object(hints) => {
            let plain = hints.iter().filter_map(|(name, value)| Some((attribute_name(name), attribute(value)?)));
            plain.filter(|(name, value)| !name.is_empty() && !value.is_empty()).collect()
        }
        other => return Err(format!("`hints` is {}, not an object", kind_of(&other))),
    };
    let mention_type = text(&mut fields, "mention_type")?.map(|word| single_spaced(&word)).unwrap_or_default();
    let decided_at = date(&mut fields, "decided_at")?;
    for (name, _) in fields {
        ignored.note(name);
    }
    Ok(Taught { mention, mention_type, hints, verdict, decided_at })
}

/// A value of an attribute as text; lists of plain values are joined. `None` for what is nested deeper.
fn attribute(value: &Value) -> Option<String> {
    match value {
        Value::Null => Some(String::new()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Number(value) => Some(value.to_string()),
        Value::String(value) => Some(single_spaced(value)),
        Value::Array(values) => {
            let plain: Option<Vec<String>> =
                values.iter().map(|value| if value.is_array() { None } else { attribute(value) }).collect();
            Some(plain?.into_iter().filter(|value| !value.is_empty()).collect::<Vec<_>>().join(", "))
        }
        Value::Object(_) => None,
    }
}

/// Other names: a list, or one text with `|` between them. Each once, the preferred name not among them.
fn aliases(value: Option<Value>, name: &str) -> Result<Vec<String>, String> {
    let all: Vec<String> = match value {
        None | Some(Value::Null) => vec![],
        Some(Value::String(joined)) => joined.split('|').map(single_spaced).collect(),
        Some(Value::Array(values)) => {
            let one = |value: &Value| match value {
                Value::String(alias) => Ok(single_spaced(alias)),
                Value::Number(alias) => Ok(alias.to_string()),
                other => Err(format!("an alias is {}, not text", kind_of(other))),
            };
            values.iter().map(one).collect::<Result<_, _>>()?
        }
        Some(other) => return Err(format!("`aliases` is {}, not a list", kind_of(&other))),
    };
    // An entity may have a million of them.
    let mut seen: HashSet<&str> = HashSet::with_capacity(all.len());
    let is_new: Vec<bool> = all.iter().map(|alias| !alias.is_empty() && alias != name && seen.insert(alias)).collect();
    Ok(all.into_iter().zip(is_new).filter_map(|(alias, is_new)| is_new.then_some(alias)).collect())
}

/// An id is text or a whole number, on one line, and stays as it is.
fn id(fields: &mut Fields) -> Result<String, String> {
    let id = match fields.remove("id") {
        None | Some(Value::Null) => return Err("`id` is missing".into()),
        Some(Value::String(id)) => id,
        Some(Value::Number(id)) if id.is_i64() || id.is_u64() => id.to_string(),
        // pandas makes 3.0 of a 3 in a column with gaps.
        Some(Value::Number(id)) if id.as_f64().is_some_and(is_whole) => {
            id.to_string().trim_end_matches(".0").to_owned()
        }
        Some(Value::Number(id)) => return Err(format!("`id` is {id}, not text or a whole number")),
        Some(other) => return Err(format!("`id` is {}, not text or a whole number", kind_of(&other))),
    };
    if id.trim().is_empty() {
        return Err("`id` is empty".into());
    }
    if id.chars().any(char::is_control) {
        return Err(format!("`id` holds control characters: `{}`", excerpt(&id).escape_debug()));
    }
    if id.len() > ID_BYTES_MAX {
        return Err(format!("`id` is {} bytes long, over the limit of {ID_BYTES_MAX}", id.len()));
    }
    Ok(id)
}

/// Whether a number is whole and small enough to be exact.
fn is_whole(number: f64) -> bool {
    number.fract() == 0.0 && number.abs() < 9e15
}

/// A short text that must be there, on one line.
fn required(fields: &mut Fields, name: &str) -> Result<String, String> {
    let text = text(fields, name)?.map(|text| single_spaced(&text)).unwrap_or_default();
    if text.is_empty() { Err(format!("`{name}` is missing")) } else { Ok(text) }
}

/// A text, where there is one. Without NUL, at which SQL functions would take it to end.
fn text(fields: &mut Fields, name: &str) -> Result<Option<String>, String> {
    match fields.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.contains('\0') => Ok(Some(text.replace('\0', "\u{fffd}"))),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(other) => Err(format!("`{name}` is {}, not text", kind_of(&other))),
    }
}

fn date(fields: &mut Fields, name: &str) -> Result<Option<String>, String> {
    let text = match fields.remove(name) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) if date::is_blank(&text) => return Ok(None),
        Some(Value::String(text)) => text,
        Some(Value::Number(number)) => number.to_string(),
        Some(other) => return Err(format!("`{name}` is {}, not a date", kind_of(&other))),
    };
    date::to_utc(&text).map(Some).map_err(|reason| format!("`{name}`: {reason}"))
}
