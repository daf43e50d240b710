//! Path in a JSON value at which the list of items lies, under whatever name a model put it.

use serde_json::{Map, Value};

use super::Expect;
use super::lenient::{self, Repair};
use crate::model::Kind;

/// A list of items, and how it was found.
pub(super) struct List {
    pub(super) items: Vec<Value>,
    pub(super) repairs: Vec<Repair>,
    /// True where it is one item without a list.
    pub(super) is_single: bool,
    /// True where it has the name or the items of what was asked; else it only looks like it.
    pub(super) is_sure: bool,
}

impl List {
    fn new(items: Vec<Value>, repairs: &[Repair], is_sure: bool) -> Option<List> {
        Some(List { items, repairs: repairs.to_vec(), is_single: false, is_sure })
    }
}

/// Returns the name of the list in the schema.
pub(super) fn list_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Topic => "topics",
        Kind::Entity => "entities",
    }
}

/// Depth to which the list is looked for.
const DEPTH_MAX: usize = 4;

/// Finds the list of items in a value.
pub(super) fn list(value: Value, expect: &Expect) -> Option<List> {
    match value {
        Value::Array(items) => {
            // `[{"topics":[…]}]`: the object in a list of its own.
            if let [Value::Object(map)] = items.as_slice()
                && own_list(map, expect.kind).is_some()
            {
                let mut inner = list(items.into_iter().next()?, expect)?;
                inner.repairs.push(Repair::Shape);
                return Some(inner);
            }
            let has_items = items.iter().any(|item| matches!(item, Value::Object(map) if is_item(map, expect.kind)));
            let has_words = expect.kind == Kind::Topic && items.iter().any(Value::is_string);
            (items.is_empty() || has_items || has_words).then(|| List::new(items, &[Repair::BareArray], has_items))?
        }
        Value::Object(map) => in_object(map, expect, 0),
        _ => None,
    }
}

fn in_object(mut map: Map<String, Value>, expect: &Expect, depth: usize) -> Option<List> {
    if let Some(key) = own_list(&map, expect.kind) {
        let straight: &[Repair] = if depth == 0 && key == list_name(expect.kind) { &[] } else { &[Repair::Shape] };
        return match map.remove(&key)? {
            Value::Array(items) => List::new(items, straight, true),
            Value::Object(inner) if is_item(&inner, expect.kind) => {
                List::new(vec![Value::Object(inner)], &[Repair::Shape], true)
            }
            Value::Object(inner) => by_type(inner, expect),
            // JSON written into a string.
            Value::String(text) if depth < DEPTH_MAX => {
                let mut inner = list(lenient::read(&text)?.value, expect)?;
                inner.repairs.push(Repair::Shape);
                Some(inner)
            }
            Value::Null => List::new(vec![], straight, true),
            _ => None,
        };
    }
    if depth == 0 && is_item_alone(&map, expect.kind) {
        let items = vec![Value::Object(map)];
        return Some(List { items, repairs: vec![Repair::Shape], is_single: true, is_sure: true });
    }
    if depth >= DEPTH_MAX {
        return None;
    }
    // The list may lie deeper, under its own name; or alone, under another.
    let keys: Vec<String> = map.keys().take(32).cloned().collect();
    for key in &keys {
        if let Some(Value::Object(inner)) = map.get(key)
            && let Some(found) = in_object(inner.clone(), expect, depth + 1)
        {
            return Some(found);
        }
    }
    if let Some(found) = by_type(map.clone(), expect) {
        return Some(found);
    }
    // A list of the other kind answers another question.
    let other = if expect.kind == Kind::Topic { Kind::Entity } else { Kind::Topic };
    if own_list(&map, other).is_some() {
        return None;
    }
    let mut lists = map.into_iter().filter_map(|(_, value)| match value {
        Value::Array(items) => Some(items),
        _ => None,
    });
    match (lists.next(), lists.next()) {
        (Some(items), None) if !items.is_empty() => {
            let mut found = list(Value::Array(items), expect)?;
            found.repairs = vec![Repair::Shape];
            Some(found)
        }
        _ => None,
    }
}

/// Finds the key of the list by its name.
fn own_list(map: &Map<String, Value>, kind: Kind) -> Option<String> {
    let names: &[&str] = match kind {
        Kind::Topic => &["topics", "topic_list", "story_topics"],
        Kind::Entity => &["entities", "entity_list", "story_entities", "mentions", "named_entities"],
    };
    names.iter().find_map(|name| {
        let (key, value) = map.iter().find(|(key, _)| key.trim().eq_ignore_ascii_case(name))?;
        matches!(value, Value::Array(_) | Value::Object(_) | Value::Null | Value::String(_)).then(|| key.clone())
    })
}

/// Returns whether an object is one item.
fn is_item(map: &Map<String, Value>, kind: Kind) -> bool {
    let has = |key: &str| map.get(key).is_some_and(Value::is_string);
    match kind {
        Kind::Topic => ["topic", "name", "label", "title"].iter().any(|key| has(key)),
        Kind::Entity => ["mention", "mention_text", "entity", "name", "text"].iter().any(|key| has(key)),
    }
}

/// Returns whether an object can be nothing but an item, so that it needs no list around it.
fn is_item_alone(map: &Map<String, Value>, kind: Kind) -> bool {
    let has = |key: &str| map.get(key).is_some_and(Value::is_string);
    match kind {
        Kind::Topic => has("topic"),
        Kind::Entity => {
            (has("type") || has("entity_type"))
                && ["mention", "mention_text", "entity", "name"].iter().any(|key| has(key))
        }
    }
}

/// Reads `{"person": ["A"], "place": [{"mention":"B"}]}`: lists under the profile's types.
fn by_type(map: Map<String, Value>, expect: &Expect) -> Option<List> {
    if expect.kind != Kind::Entity {
        return None;
    }
    let mut items = Vec::new();
    let mut n_types = 0;
    for (key, value) in map {
        let Value::Array(members) = value else { continue };
        if super::mentions::known_type(&key, expect).is_none() {
            continue;
        }
        n_types += 1;
        for member in members {
            items.push(match member {
                Value::Object(mut member) => {
                    if !member.contains_key("type") && !member.contains_key("entity_type") {
                        member.insert("type".to_string(), Value::String(key.clone()));
                    }
                    Value::Object(member)
                }
                Value::String(name) => serde_json::json!({"type": key, "mention": name}),
                other => other,
            });
        }
    }
    (n_types > 0).then(|| List::new(items, &[Repair::Shape], true))?
}
