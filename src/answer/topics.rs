//! Items -> topics: cleaned, brought into range, each key once, the best first.

use std::collections::HashMap;

use super::json::Json;
use super::names::name_of;
use super::{Expect, Notes};
use crate::model::Topic;

/// The confidence of an item that says none: neither trusted nor dismissed.
const CONFIDENCE_UNSAID: f64 = 0.5;

/// The largest rank that is kept.
const RANK_MAX: f64 = 1000.0;

pub(super) fn read(items: Vec<Json<'_>>, expect: &Expect, notes: &mut Notes) -> Vec<Topic> {
    let mut topics: Vec<Topic> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
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
        let Some(label) = name_of(name, notes) else { continue };
        let topic = Topic {
            topic: label.to_lowercase(),
            label,
            confidence: confidence(item.get("confidence").or_else(|| item.get("score")), notes),
            rank: rank(item.get("rank"), place, notes),
        };
        match places.get(&topic.topic) {
            None => {
                places.insert(topic.topic.clone(), topics.len());
                topics.push(topic);
            }
            Some(&there) => {
                notes.n_merged += 1;
                let there = &mut topics[there];
                if (topic.rank, -topic.confidence) < (there.rank, -there.confidence) {
                    *there = topic;
                }
            }
        }
    }
    topics.sort_by_key(|topic| topic.rank);
    notes.n_over_limit += topics.len().saturating_sub(expect.limit);
    topics.truncate(expect.limit);
    topics
}

/// Reads a confidence: a number from 0 to 1, also as text, also as `90%`. What lies outside is brought to the nearer end.
pub(super) fn confidence(value: Option<&Json<'_>>, notes: &mut Notes) -> f64 {
    let number = value.and_then(|value| match value {
        Json::Text(text) => match text.trim().strip_suffix('%') {
            Some(percent) => percent.trim().parse().ok().map(|n: f64| n / 100.0),
            None => text.trim().parse().ok(),
        },
        other => other.as_f64(),
    });
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

/// Reads a rank: a whole number from 1, also as text; where there is none, the place in the list.
pub(super) fn rank(value: Option<&Json<'_>>, place: usize, notes: &mut Notes) -> u32 {
    let number = value.and_then(|value| match value {
        Json::Text(text) => text.trim().trim_start_matches('#').parse().ok(),
        other => other.as_f64(),
    });
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
