//! Items -> topics: cleaned, brought into range, each key once, the best first.

use std::collections::HashMap;

use super::json::Json;
use super::names::name_of;
use super::plain::{self, Value};
use super::{Expect, Notes};
use crate::model::Topic;

/// The confidence of an item that says none: neither trusted nor dismissed.
const CONFIDENCE_UNSAID: f64 = 0.5;

/// The largest rank that is kept.
const RANK_MAX: f64 = 1000.0;

pub(super) fn read(items: Vec<Json<'_>>, expect: &Expect, notes: &mut Notes) -> Vec<Topic> {
    let mut topics = Topics::default();
    for (place, item) in items.into_iter().enumerate() {
        let name = match &item {
            Json::Text(name) => Some(name.as_ref()),
            Json::Object(map) => {
                ["topic", "name", "label", "title"].iter().find_map(|key| map.get(key).and_then(Json::as_str))
            }
            _ => None,
        };
        let Some(name) = name else {
            notes.n_dropped += 1;
            continue;
        };
        let confidence = item.get("confidence").or_else(|| item.get("score")).and_then(fraction);
        topics.add(name, confidence, item.get("rank").and_then(whole), place, notes);
    }
    topics.best(expect, notes)
}

/// Reads topics that are written exactly as the schema asks, and how many items there were.
pub(super) fn read_plain(text: &str, expect: &Expect) -> Option<(Vec<Topic>, Notes, usize)> {
    let (mut topics, mut notes, mut n_items) = (Topics::default(), Notes::default(), 0);
    plain::each_item(text, "topics", |pairs| {
        let [("topic", Value::Text(name)), ("confidence", Value::Number(confidence)), ("rank", Value::Number(rank))] =
            pairs
        else {
            return None;
        };
        topics.add(name, Some(*confidence), Some(*rank), n_items, &mut notes);
        n_items += 1;
        Some(())
    })?;
    Some((topics.best(expect, &mut notes), notes, n_items))
}

/// Topics so far, each key once.
#[derive(Default)]
struct Topics {
    topics: Vec<Topic>,
    places: HashMap<String, usize, foldhash::fast::RandomState>,
}

impl Topics {
    fn add(&mut self, name: &str, fraction: Option<f64>, whole: Option<f64>, place: usize, notes: &mut Notes) {
        let Some(label) = name_of(name, notes) else { return };
        let topic = Topic {
            topic: label.to_lowercase(),
            label,
            confidence: confidence(fraction, notes),
            rank: rank(whole, place, notes),
        };
        match self.places.get(&topic.topic) {
            None => {
                self.places.insert(topic.topic.clone(), self.topics.len());
                self.topics.push(topic);
            }
            Some(&there) => {
                notes.n_merged += 1;
                let there = &mut self.topics[there];
                if (topic.rank, -topic.confidence) < (there.rank, -there.confidence) {
                    *there = topic;
                }
            }
        }
    }

    /// Returns the best that are kept.
    fn best(self, expect: &Expect, notes: &mut Notes) -> Vec<Topic> {
        let mut topics = self.topics;
        topics.sort_by_key(|topic| topic.rank);
        notes.n_over_limit += topics.len().saturating_sub(expect.limit);
        topics.truncate(expect.limit);
        topics
    }
}

/// Reads a number that may be text, or a share of a hundred: `90%`.
pub(super) fn fraction(value: &Json<'_>) -> Option<f64> {
    match value {
        Json::Text(text) => match text.trim().strip_suffix('%') {
            Some(percent) => percent.trim().parse().ok().map(|n: f64| n / 100.0),
            None => text.trim().parse().ok(),
        },
        other => other.as_f64(),
    }
}

/// Reads a number that may be text: `#2`.
pub(super) fn whole(value: &Json<'_>) -> Option<f64> {
    match value {
        Json::Text(text) => text.trim().trim_start_matches('#').parse().ok(),
        other => other.as_f64(),
    }
}

/// Returns a confidence: a number from 0 to 1. One that lies outside is brought to the nearer end.
pub(super) fn confidence(number: Option<f64>, notes: &mut Notes) -> f64 {
    match number.filter(|n| n.is_finite()) {
        Some(n) if (0.0..=1.0).contains(&n) => n,
        Some(n) => {
            notes.n_clamped += 1;
            n.clamp(0.0, 1.0)
        }
        None => {
            notes.n_clamped += 1;
            CONFIDENCE_UNSAID
        }
    }
}

/// Returns a rank: a whole number from 1; where there is none, the place in the list.
pub(super) fn rank(number: Option<f64>, place: usize, notes: &mut Notes) -> u32 {
    match number.filter(|n| n.is_finite()) {
        Some(n) if (1.0..=RANK_MAX).contains(&n) && n.fract() == 0.0 => n as u32,
        Some(n) => {
            notes.n_clamped += 1;
            n.round().clamp(1.0, RANK_MAX) as u32
        }
        None => {
            notes.n_clamped += 1;
            u32::try_from(place + 1).unwrap_or(u32::MAX).min(RANK_MAX as u32)
        }
    }
}
