//! Path in a JSON value at which the list of items lies, under whatever name a model put it.

use super::Expect;
use super::json::{Json, Object};
use super::lenient::{self, Repair};
use crate::model::Kind;

/// A list of items, and how it was found.
pub(super) struct List<'t> {
    pub(super) items: Vec<Json<'t>>,
    pub(super) repairs: Vec<Repair>,
    /// True where it is one item without a list.
    pub(super) is_single: bool,
    /// True where it has the name or the items of what was asked; else it only looks like it.
    pub(super) is_sure: bool,
}

impl<'t> List<'t> {
    fn new(items: Vec<Json<'t>>, repairs: &[Repair], is_sure: bool) -> Option<List<'t>> {
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
pub(super) fn list<'t>(value: Json<'t>, expect: &Expect) -> Option<List<'t>> {
    match value {
        Json::List(items) => {
            // `[{"topics":[…]}]`: the object in a list of its own.
            if let [Json::Object(map)] = items.as_slice()
                && own_list(map, expect.kind).is_some()
            {
                let mut inner = list(items.into_iter().next()?, expect)?;
                inner.repairs.push(Repair::Shape);
                return Some(inner);
            }
            let has_items = items.iter().any(|item| matches!(item, Json::Object(map) if is_item(map, expect.kind)));
            let has_words = expect.kind == Kind::Topic && items.iter().any(|item| item.as_str().is_some());
            (items.is_empty() || has_items || has_words).then(|| List::new(items, &[Repair::BareArray], has_items))?
        }
        Json::Object(map) => in_object(map, expect, 0),
        _ => None,
    }
}

fn in_object<'t>(map: Object<'t>, expect: &Expect, depth: usize) -> Option<List<'t>> {
    if let Some(at) = own_list(&map, expect.kind) {
        let (key, value) = map.into_iter().nth(at)?;
        let straight: &[Repair] = if depth == 0 && key == list_name(expect.kind) { &[] } else { &[Repair::Shape] };
        return match value {
            Json::List(items) => List::new(items, straight, true),
            Json::Object(inner) if is_item(&inner, expect.kind) => {
                List::new(vec![Json::Object(inner)], &[Repair::Shape], true)
            }
            Json::Object(inner) => by_type(inner, expect),
            // JSON written into a string.
            Json::Text(text) if depth < DEPTH_MAX => {
                let mut inner = list(lenient::read(&text)?.value.into_owned(), expect)?;
                inner.repairs.push(Repair::Shape);
                Some(inner)
            }
            Json::Null => List::new(vec![], straight, true),
            _ => None,
        };
    }
    if depth == 0 && is_item_alone(&map, expect.kind) {
        let items = vec![Json::Object(map)];
        return Some(List { items, repairs: vec![Repair::Shape], is_single: true, is_sure: true });
    }
    if depth >= DEPTH_MAX {
        return None;
    }
    // The list may lie deeper, under its own name; or alone, under another.
    for (_, value) in map.iter().take(32) {
        if let Json::Object(inner) = value
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
        Json::List(items) => Some(items),
        _ => None,
    });
    match (lists.next(), lists.next()) {
        (Some(items), None) if !items.is_empty() => {
            let mut found = list(Json::List(items), expect)?;
            found.repairs = vec![Repair::Shape];
            Some(found)
        }
        _ => None,
    }
}

/// Finds the list by its name: the place of its pair.
fn own_list(map: &Object<'_>, kind: Kind) -> Option<usize> {
    let names: &[&str] = match kind {
        Kind::Topic => &["topics", "topic_list", "story_topics"],
        Kind::Entity => &["entities", "entity_list", "story_entities", "mentions", "named_entities"],
    };
    names.iter().find_map(|name| {
        let (at, (_, value)) = map.iter().enumerate().find(|(_, (key, _))| key.trim().eq_ignore_ascii_case(name))?;
        matches!(value, Json::List(_) | Json::Object(_) | Json::Null | Json::Text(_)).then_some(at)
    })
}

/// Returns whether an object is one item.
fn is_item(map: &Object<'_>, kind: Kind) -> bool {
    let has = |key: &str| map.get(key).is_some_and(|value| value.as_str().is_some());
    match kind {
        Kind::Topic => ["topic", "name", "label", "title"].iter().any(|key| has(key)),
        Kind::Entity => ["mention", "mention_text", "entity", "name", "text"].iter().any(|key| has(key)),
    }
}

/// Returns whether an object can be nothing but an item, so that it needs no list around it.
fn is_item_alone(map: &Object<'_>, kind: Kind) -> bool {
    let has = |key: &str| map.get(key).is_some_and(|value| value.as_str().is_some());
    match kind {
        Kind::Topic => has("topic"),
        Kind::Entity => {
            (has("type") || has("entity_type"))
                && ["mention", "mention_text", "entity", "name"].iter().any(|key| has(key))
        }
    }
}

/// Reads `{"person": ["A"], "place": [{"mention":"B"}]}`: lists under the profile's types.
fn by_type<'t>(map: Object<'t>, expect: &Expect) -> Option<List<'t>> {
    if expect.kind != Kind::Entity {
        return None;
    }
    let mut items = Vec::new();
    let mut n_types = 0;
    for (key, value) in map {
        let Json::List(members) = value else { continue };
        if super::mentions::known_type(&key, expect).is_none() {
            continue;
        }
        n_types += 1;
        for member in members {
            items.push(match member {
                Json::Object(mut member) => {
                    if member.get("type").is_none() && member.get("entity_type").is_none() {
                        member.put("type".into(), Json::Text(key.clone()));
                    }
                    Json::Object(member)
                }
                Json::Text(name) => {
                    let pairs = [("type", key.clone()), ("mention", name)];
                    Json::Object(pairs.into_iter().map(|(key, word)| (key.into(), Json::Text(word))).collect())
                }
                other => other,
            });
        }
    }
    (n_types > 0).then(|| List::new(items, &[Repair::Shape], true))?
}
