//! A record into a catalog entity, or a decision about a mention.

use std::collections::HashSet;

use serde_json::Value;

use super::{Ignored, value};
use crate::intake::columns::Columns;
use crate::intake::roles::Role;
use crate::intake::{CatalogRecord, Fields, Mapping, Subject, date, message, wikidata};
use crate::model::{Attributes, Decision, Entity, EntityId, Target, Verdict, attribute_name};
use crate::resolve::mention_key;
use crate::store::{TopicDecision, TopicVerdict};
use crate::text::{plain_name, single_spaced, topic_key};

/// Makes entities of records.
pub(in crate::intake) struct EntityMaker {
    pub(in crate::intake) columns: Columns,
    /// The type of records that say none.
    pub(in crate::intake) entity_type: Option<String>,
    /// True where the ids are a column's; otherwise an entity is known by its name.
    pub(in crate::intake) has_ids: bool,
    pub(in crate::intake) ignored: Ignored,
}

impl EntityMaker {
    /// Makes entities by the rules for our own files.
    pub(in crate::intake) fn plain() -> Self {
        Self {
            columns: Columns::new(Subject::Entities, Mapping::default()),
            entity_type: None,
            has_ids: true,
            ignored: Ignored::default(),
        }
    }

    /// Makes an entity, or a decision about a mention, which has no id of its own.
    pub(in crate::intake) fn make(&mut self, fields: Fields) -> Result<CatalogRecord, String> {
        let has = |name: &str| fields.get(name).is_some_and(|value| !value.is_null());
        if !has("id") && has("decision") && has("mention") {
            return decision(fields, &mut self.ignored).map(CatalogRecord::Decision);
        }
        if !has("id") && has("decision") && has("topic") {
            return topic_decision(fields).map(CatalogRecord::Topic);
        }
        self.entity(fields).map(CatalogRecord::Entity)
    }

    /// Makes an entity. Fields beside the known ones are attributes, as other columns of a table are.
    pub(in crate::intake) fn entity(&mut self, fields: Fields) -> Result<Entity, String> {
        let mut sorted = self.columns.sort(fields);
        let id = sorted.take(Role::Id);
        let id = if self.has_ids { Some(value::id(id)?) } else { None };
        let entity_type = match (sorted.take(Role::Type), &self.entity_type) {
            (None, Some(given)) => given.clone(),
            (own, _) => value::required(own, "type")?,
        };
        let name = plain_name(&value::required(sorted.take(Role::Name), "name")?);
        if name.is_empty() {
            return Err("`name` is missing".into());
        }
        let id = match id {
            Some(id) => wikidata::item(&id).map(str::to_owned).unwrap_or(id),
            None => value::id(Some(Value::from(name.as_str())))?,
        };
        let aliases = aliases(sorted.take(Role::Aliases), &name)?;
        let nested = match sorted.take(Role::Attributes) {
            None => Fields::new(),
            Some(Value::Object(nested)) => nested,
            Some(other) => return Err(format!("`attributes` is {}, not an object", message::kind_of(&other))),
        };
        let mut attributes = Attributes::new();
        // A field that is called an attribute outright wins over a stray field of the same name.
        for (name, value) in sorted.rest.into_iter().chain(nested) {
            let key = attribute_name(&name);
            match value::attribute(&value) {
                Some(value) if key.is_empty() || value.is_empty() => {}
                Some(value) => _ = attributes.insert(key, value),
                None => self.ignored.note(name),
            }
        }
        Ok(Entity { id: EntityId::new(id), entity_type, name, aliases, attributes })
    }
}

fn topic_decision(mut fields: Fields) -> Result<TopicDecision, String> {
    let mut required = |name: &str| value::required(fields.remove(name), name);
    let (word, topic) = (required("decision")?, required("topic")?);
    let Some(verdict) = TopicVerdict::named(&word) else {
        return Err(format!("`decision` is `{}`, not `is`, `not`, `parent` or `drop`", message::excerpt(&word)));
    };
    let target = if verdict == TopicVerdict::Drop { String::new() } else { required("topic_target")? };
    let (topic, key) = (topic_key(&topic), topic_key(&target));
    if topic.is_empty() || key.is_empty() != (verdict == TopicVerdict::Drop) || topic == key {
        return Err("a decision about topics needs two of them".to_owned());
    }
    let decided_at = value::text(fields.remove("decided_at"), "decided_at")?.unwrap_or_default();
    Ok(TopicDecision { topic, verdict, target: key, label: single_spaced(&target), decided_at })
}

fn decision(mut fields: Fields, ignored: &mut Ignored) -> Result<Decision, String> {
    let required = |fields: &mut Fields, name: &str| value::required(fields.remove(name), name);
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
        other => {
            return Err(format!("`decision` is `{}`, not `is`, `not` or `nothing`", message::excerpt(other)));
        }
    };
    let mention = plain_name(&required(&mut fields, "mention")?);
    if mention_key(&mention).is_empty() {
        return Err(format!("`{}` has no letters or digits to decide about", message::excerpt(&mention)));
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
            let plain = hints.iter().filter_map(|(name, value)| Some((attribute_name(name), value::attribute(value)?)));
            plain.filter(|(name, value)| !name.is_empty() && !value.is_empty()).collect()
        }
        other => return Err(format!("`hints` is {}, not an object", message::kind_of(&other))),
    };
    let only_unlinked = match fields.remove("only_unlinked") {
        None | Some(Value::Null) => false,
        Some(Value::Bool(yes)) => yes,
        // A cell of a table.
        Some(Value::String(word)) if matches!(word.trim(), "" | "0" | "false") => false,
        Some(Value::String(word)) if matches!(word.trim(), "1" | "true") => true,
        Some(Value::Number(number)) if number.as_u64().is_some_and(|n| n < 2) => number.as_u64() == Some(1),
        Some(other) => return Err(format!("`only_unlinked` is {}, not true or false", message::kind_of(&other))),
    };
    let mention_type = value::text(fields.remove("mention_type"), "mention_type")?;
    let mention_type = mention_type.map(|word| single_spaced(&word)).unwrap_or_default();
    let decided_at = match value::text(fields.remove("decided_at"), "decided_at")? {
        Some(text) if !date::is_blank(&text) => {
            Some(date::to_utc(&text).map_err(|reason| format!("`decided_at`: {reason}"))?)
        }
        _ => None,
    };
    for (name, _) in fields {
        ignored.note(name);
    }
    Ok(Decision { mention, mention_type, hints, only_unlinked, verdict, decided_at })
}

/// Other names: a list, or one text with `|` between them, or a list as JSON in a cell of a table, where a name may
/// have
/// `|` in it. Each once, the preferred name not among them.
fn aliases(value: Option<Value>, name: &str) -> Result<Vec<String>, String> {
    let value = match value {
        Some(Value::String(text)) if text.trim_start().starts_with('[') => {
            match serde_json::from_str::<Vec<String>>(&text) {
                Ok(list) => Some(list.into_iter().map(Value::from).collect()),
                Err(_) => Some(Value::String(text)),
            }
        }
        value => value,
    };
    let all: Vec<String> = match value {
        None | Some(Value::Null) => vec![],
        Some(Value::String(joined)) => joined.split('|').map(plain_name).collect(),
        Some(Value::Array(values)) => {
            let one = |value: &Value| match value {
                Value::String(alias) => Ok(plain_name(alias)),
                Value::Number(alias) => Ok(alias.to_string()),
                other => Err(format!("an alias is {}, not text", message::kind_of(other))),
            };
            values.iter().map(one).collect::<Result<_, _>>()?
        }
        Some(other) => return Err(format!("`aliases` is {}, not a list", message::kind_of(&other))),
    };
    // An entity may have a million of them.
    let mut seen: HashSet<&str> = HashSet::with_capacity(all.len());
    let is_new: Vec<bool> = all.iter().map(|alias| !alias.is_empty() && alias != name && seen.insert(alias)).collect();
    Ok(all.into_iter().zip(is_new).filter_map(|(alias, is_new)| is_new.then_some(alias)).collect())
}
