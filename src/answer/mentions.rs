//! Items -> mentions: cleaned, typed in the profile's words, with their hints, each once.

use std::collections::HashMap;
use std::hash::BuildHasher as _;

use super::json::{Json, Object};
use super::names::{is_one_of, name_of};
use super::plain::{self, Value};
use super::{Expect, Notes, clean, topics};
use crate::model::{Attributes, Mention};

/// The longest hint that is kept.
const HINT_CHARS_MAX: usize = 200;
/// The type of a mention that says none.
const TYPE_UNSAID: &str = "unknown";

pub(super) fn read(items: Vec<Json<'_>>, expect: &Expect, notes: &mut Notes) -> Vec<Mention> {
    let mut mentions = Mentions::default();
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
        let said = Said {
            name,
            entity_type: first(&["type", "entity_type", "category", "label"]),
            hints: hints(&map, expect),
            is_primary: match map.get("is_primary").or_else(|| map.get("primary")) {
                Some(Json::Bool(flag)) => *flag,
                Some(Json::Text(text)) => matches!(text.trim().to_ascii_lowercase().as_str(), "true" | "yes" | "1"),
                Some(Json::Number(number)) => number.as_f64() == Some(1.0),
                _ => false,
            },
            confidence: map.get("confidence").or_else(|| map.get("score")).and_then(topics::fraction),
            rank: map.get("rank").and_then(topics::whole),
        };
        mentions.add(said, place, expect, notes);
    }
    mentions.best(expect, notes)
}

/// Reads mentions that are written exactly as the schema asks, and how many items there were.
pub(super) fn read_plain(text: &str, expect: &Expect) -> Option<(Vec<Mention>, Notes, usize)> {
    const OWN: [&str; 5] = ["mention", "type", "is_primary", "confidence", "rank"];
    // A hint may be called as something else of an item.
    let is_hint = |key: &str| expect.hint_names.iter().any(|name| name == key);
    if OWN.iter().any(|key| is_hint(key)) {
        return None;
    }
    let is_like_a_hint = |key: &str| expect.hint_names.iter().any(|name| name.eq_ignore_ascii_case(key));
    let (mut mentions, mut notes, mut n_items) = (Mentions::default(), Notes::default(), 0);
    plain::each_item(text, "entities", |pairs| {
        let (mut name, mut entity_type, mut is_primary, mut confidence, mut rank) = (None, None, None, None, None);
        let (mut hints, mut n_others) = (Attributes::new(), 0);
        for &(key, value) in pairs {
            match (key, value) {
                ("mention", Value::Text(text)) => name = Some(text),
                ("type", Value::Text(text)) => entity_type = Some(text),
                ("is_primary", Value::Bool(flag)) => is_primary = Some(flag),
                ("confidence", Value::Number(number)) => confidence = Some(number),
                ("rank", Value::Number(number)) => rank = Some(number),
                (key, Value::Text(text)) if is_hint(key) => {
                    n_others += 1;
                    hints.extend(hint_of(text).map(|text| (key.to_owned(), text)));
                }
                (key, Value::Null) if is_hint(key) => n_others += 1,
                (key, _) if OWN.contains(&key) || is_like_a_hint(key) => return None,
                // Nothing that is asked for, where all that is asked for is there.
                _ => n_others += 1,
            }
        }
        // A key that comes twice is not for this reader.
        let is_each_once = (1..pairs.len()).all(|at| pairs[..at].iter().all(|(key, _)| *key != pairs[at].0));
        let said = Said { name: name?, entity_type, hints, is_primary: is_primary?, confidence, rank };
        let is_whole =
            entity_type.is_some() && confidence.is_some() && rank.is_some() && pairs.len() == OWN.len() + n_others;
        (is_each_once && is_whole).then_some(())?;
        mentions.add(said, n_items, expect, &mut notes);
        n_items += 1;
        Some(())
    })?;
    Some((mentions.best(expect, &mut notes), notes, n_items))
}

/// An item, as it says it.
struct Said<'i> {
    name: &'i str,
    entity_type: Option<&'i str>,
    hints: Attributes,
    is_primary: bool,
    confidence: Option<f64>,
    rank: Option<f64>,
}

/// Mentions so far, each type, name and hints once.
#[derive(Default)]
struct Mentions {
    mentions: Vec<Mention>,
    /// Places by the hash of type, name and hints. Two of one hash would stay two.
    places: HashMap<u64, usize, foldhash::fast::RandomState>,
}

impl Mentions {
    fn add(&mut self, said: Said<'_>, place: usize, expect: &Expect, notes: &mut Notes) {
        let Some(text) = name_of(said.name, notes) else { return };
        let entity_type = match said.entity_type {
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
            hints: said.hints,
            is_primary: said.is_primary,
            confidence: topics::confidence(said.confidence, notes),
            rank: topics::rank(said.rank, place, notes),
            entity_type,
            text,
        };
        fn key(mention: &Mention) -> (&str, &str, &Attributes) {
            (&mention.entity_type, &mention.text, &mention.hints)
        }
        let Mentions { mentions, places } = self;
        let hash = places.hasher().hash_one(key(&mention));
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

    /// Returns the best ranked that are kept, in the order of the answer.
    fn best(self, expect: &Expect, notes: &mut Notes) -> Vec<Mention> {
        let mut mentions = self.mentions;
        if mentions.len() > expect.limit {
            notes.n_over_limit += mentions.len() - expect.limit;
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
        let find = |map: &Object<'_>| {
            let otherwise =
                || map.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name)).find_map(|(_, value)| hint(value));
            map.get(name).and_then(hint).or_else(otherwise)
        };
        if let Some(value) = find(map).or_else(|| nested.and_then(find)) {
            hints.insert(name.clone(), value);
        }
    }
    hints
}

fn hint(value: &Json<'_>) -> Option<String> {
    match value {
        Json::Text(text) => hint_of(text),
        Json::Number(number) => hint_of(&number.to_string()),
        Json::List(items) if items.len() == 1 => hint(&items[0]),
        _ => None,
    }
}

/// Returns a hint, cleaned; none where it says nothing.
fn hint_of(text: &str) -> Option<String> {
    const NOTHING: [&str; 9] = ["", "null", "none", "n/a", "na", "nil", "unknown", "-", "?"];
    let text = clean(text, HINT_CHARS_MAX + 1);
    (!is_one_of(&text, &NOTHING) && text.chars().count() <= HINT_CHARS_MAX).then_some(text)
}
