//! Items -> mentions: cleaned, typed in the profile's words, with their hints, each once.

use std::collections::HashMap;
use std::hash::BuildHasher as _;

use super::json::{Json, Object};
use super::names::name_of;
use super::topics::{confidence, rank};
use super::{Expect, Notes, clean};
use crate::model::{Attributes, Mention};

/// The longest hint that is kept.
const HINT_CHARS_MAX: usize = 200;
/// The type of a mention that says none.
const TYPE_UNSAID: &str = "unknown";

pub(super) fn read(items: Vec<Json<'_>>, expect: &Expect, notes: &mut Notes) -> Vec<Mention> {
    let mut mentions: Vec<Mention> = Vec::new();
    // By the hash of type, name and hints. Two of one hash would stay two.
    let hasher = foldhash::fast::RandomState::default();
    let mut places: HashMap<u64, usize, foldhash::fast::RandomState> = HashMap::default();
    for (place, item) in items.into_iter().enumerate() {
        let Json::Object(map) = item else {
            notes.n_dropped += 1;
            continue;
        };
        let first = |keys: &[&str]| keys.iter().find_map(|key| map.get(key).and_then(Json::as_str));
        let Some(name) = first(&["mention", "mention_text", "name", "text", "entity"]) else {
            notes.n_dropped += 1;
            continue;
        };
        let Some(text) = name_of(name, notes) else { continue };
        let entity_type = match first(&["type", "entity_type", "category", "label"]) {
            Some(word) => known_type(word, expect).map(str::to_string).unwrap_or_else(|| {
                notes.n_unknown_types += 1;
                Some(clean(word, 40).to_lowercase()).filter(|w| !w.is_empty()).unwrap_or(TYPE_UNSAID.to_string())
            }),
            None => {
                notes.n_unknown_types += 1;
                TYPE_UNSAID.to_string()
            }
        };
        let mention = Mention {
            hints: hints(&map, expect),
            is_primary: match map.get("is_primary").or_else(|| map.get("primary")) {
                Some(Json::Bool(flag)) => *flag,
                Some(Json::Text(text)) => matches!(text.trim().to_ascii_lowercase().as_str(), "true" | "yes" | "1"),
                Some(Json::Number(number)) => number.as_f64() == Some(1.0),
                _ => false,
            },
            confidence: confidence(map.get("confidence").or_else(|| map.get("score")), notes),
            rank: rank(map.get("rank"), place, notes),
            entity_type,
            text,
        };
        fn key(mention: &Mention) -> (&str, &str, &Attributes) {
            (&mention.entity_type, &mention.text, &mention.hints)
        }
        let hash = hasher.hash_one(key(&mention));
        match places.get(&hash).map(|there| &mut mentions[*there]).filter(|there| key(there) == key(&mention)) {
            None => {
                places.insert(hash, mentions.len());
                mentions.push(mention);
            }
            Some(there) => {
                notes.n_merged += 1;
                there.rank = there.rank.min(mention.rank);
                there.confidence = there.confidence.max(mention.confidence);
                there.is_primary |= mention.is_primary;
            }
        }
    }
    if mentions.len() > expect.limit {
        notes.n_over_limit += mentions.len() - expect.limit;
        // The best ranked stay, in the order of the answer.
        let mut by_rank: Vec<(u32, usize)> = mentions.iter().enumerate().map(|(at, m)| (m.rank, at)).collect();
        by_rank.sort_unstable();
        let mut keep: Vec<bool> = vec![false; mentions.len()];
        for &(_, at) in &by_rank[..expect.limit] {
            keep[at] = true;
        }
        let mut keep = keep.into_iter();
        mentions.retain(|_| keep.next().unwrap_or(false));
    }
    mentions
}

/// Returns the profile's word for a type, whatever its case, its number, or the catalog it comes from.
pub(super) fn known_type<'a>(word: &str, expect: &'a Expect) -> Option<&'a str> {
    let word = word.trim();
    let find = |word: &str| {
        let is_ascii = word.is_ascii();
        let same = |other: &str| {
            let may_fold_otherwise = || !is_ascii || !other.is_ascii();
            other.eq_ignore_ascii_case(word) || may_fold_otherwise() && other.to_lowercase() == word.to_lowercase()
        };
        let by_name = expect.types.iter().find(|t| same(&t.name));
        by_name.or_else(|| expect.types.iter().find(|t| t.also.iter().any(|a| same(a)))).map(|t| t.name.as_str())
    };
    find(word).or_else(|| find(word.strip_suffix(['s', 'S'])?))
}

/// Reads the hints: the profile's names, flat or in an object of their own; only those that say something.
fn hints(map: &Object<'_>, expect: &Expect) -> Attributes {
    let nested = ["hints", "attributes"].iter().find_map(|key| match map.get(key)? {
        Json::Object(inner) => Some(inner),
        _ => None,
    });
    let mut hints = Attributes::new();
    for name in &expect.hint_names {
        let find = |map: &Object<'_>| map.iter().find(|(k, _)| k.eq_ignore_ascii_case(name)).and_then(|(_, v)| hint(v));
        if let Some(value) = find(map).or_else(|| nested.and_then(find)) {
            hints.insert(name.clone(), value);
        }
    }
    hints
}

fn hint(value: &Json<'_>) -> Option<String> {
    let text = match value {
        Json::Text(text) => clean(text, HINT_CHARS_MAX + 1),
        Json::Number(number) => number.to_string(),
        Json::List(items) if items.len() == 1 => return hint(&items[0]),
        _ => return None,
    };
    let says_nothing =
        matches!(text.to_lowercase().as_str(), "" | "null" | "none" | "n/a" | "na" | "nil" | "unknown" | "-" | "?");
    (!says_nothing && text.chars().count() <= HINT_CHARS_MAX).then_some(text)
}
