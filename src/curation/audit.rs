//! Drawing the sample of an audit.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use crate::curation::mentions::{self, About, Choice, Done};
use crate::store::{AuditItem, AuditWhat, Read, Tx};

/// Makes a decision of a correction. It holds for the mention with its hints: what is wrong here may be right elsewhere.
pub fn correct(tx: &Tx<'_>, item: &AuditItem, answer: &Choice, now: &str) -> anyhow::Result<Done> {
    let about = About {
        mention: item.item.clone(),
        entity_type: item.item_type.clone(),
        hints: item.hints.clone(),
        only_unlinked: false,
    };
    mentions::decide(tx, &about, answer, now)
}

/// Draws a sample of `size` items, stratified by method and band of the score: each stratum gets its share, and at least
/// two (one in a small sample), so that rare methods are heard too. The same seed on the same data draws the same items.
pub fn draw(read: Read<'_>, what: AuditWhat, size: usize, seed: u64) -> anyhow::Result<Vec<AuditItem>> {
    if what == AuditWhat::Misses {
        return draw_groups(read, size, seed);
    }
    let mut strata: BTreeMap<String, Vec<([u8; 8], i64, u32)>> = BTreeMap::new();
    let mut total = 0;
    read.each_drawable(what, |drawable| {
        let lot = lot(seed, drawable.group.0, drawable.place);
        let stratum = format!("{} {}", drawable.method, band(drawable.score));
        strata.entry(stratum).or_default().push((lot, drawable.group.0, drawable.place));
        total += 1;
    })?;
    let least = if size >= 4 * strata.len() { 2 } else { 1 };
    let mut drawn: Vec<([u8; 8], AuditItem)> = vec![];
    for (stratum, mut lots) in strata {
        let share = (size as f64 * lots.len() as f64 / total as f64).round() as usize;
        let n = share.max(least).min(lots.len());
        let weight = lots.len() as f64 / n as f64;
        lots.sort_unstable();
        for (lot, group, place) in lots.into_iter().take(n) {
            let group = crate::model::GroupKey(group);
            if let Some(item) = item(read, what, group, place, &stratum, weight)? {
                drawn.push((lot, item));
            }
        }
    }
    // Shown in random order, so that stopping early leaves a fair sample.
    drawn.sort_by_key(|(lot, _)| *lot);
    let items = drawn.into_iter().zip(1..).map(|((_, item), ordinal)| AuditItem { ordinal, ..item });
    Ok(items.collect())
}

/// Draws `size` groups that were answered, all with the same chance: an item for the topics and one for the names of each.
fn draw_groups(read: Read<'_>, size: usize, seed: u64) -> anyhow::Result<Vec<AuditItem>> {
    let mut groups: BTreeMap<i64, Vec<(String, u32)>> = BTreeMap::new();
    read.each_drawable(AuditWhat::Misses, |drawable| {
        groups.entry(drawable.group.0).or_default().push((drawable.method, drawable.place));
    })?;
    let weight = groups.len() as f64 / size.clamp(1, groups.len().max(1)) as f64;
    let mut lots: Vec<_> = groups.into_iter().map(|(group, kinds)| (lot(seed, group, 0), group, kinds)).collect();
    lots.sort_unstable();
    let mut items = vec![];
    for (_, group, kinds) in lots.into_iter().take(size) {
        let group = crate::model::GroupKey(group);
        for (kind, place) in kinds {
            items.extend(item(read, AuditWhat::Misses, group, place, &kind, weight)?);
        }
    }
    Ok(items.into_iter().zip(1..).map(|(item, ordinal)| AuditItem { ordinal, ..item }).collect())
}

fn lot(seed: u64, group: i64, place: u32) -> [u8; 8] {
    let hash = Sha256::digest(format!("{seed}/{group}/{place}").as_bytes());
    std::array::from_fn(|i| hash[i])
}

fn band(score: f64) -> &'static str {
    match score {
        s if s >= 0.99 => "0.99-1",
        s if s >= 0.9 => "0.9-0.99",
        s if s >= 0.7 => "0.7-0.9",
        s if s >= 0.5 => "0.5-0.7",
        _ => "0-0.5",
    }
}

fn item(
    read: Read<'_>,
    what: AuditWhat,
    group: crate::model::GroupKey,
    place: u32,
    stratum: &str,
    weight: f64,
) -> anyhow::Result<Option<AuditItem>> {
    let blank = AuditItem {
        ordinal: 0,
        stratum: stratum.to_owned(),
        weight,
        group: Some(group),
        item: String::new(),
        item_type: "topic".into(),
        method: "topic".into(),
        score: 0.0,
        hints: Default::default(),
        entity: None,
        verdict: None,
        n_found: None,
        missed: vec![],
    };
    Ok(match what {
        AuditWhat::Links => {
            let mention = read.mentions_of(group)?.into_iter().find(|mention| mention.ordinal == place);
            mention.map(|mention| AuditItem {
                item: mention.text,
                item_type: mention.entity_type,
                method: mention.method,
                score: mention.score,
                hints: mention.hints,
                entity: mention.entity.map(|entity| entity.key),
                ..blank
            })
        }
        AuditWhat::Misses => {
            let title = read.group_head(group)?.and_then(|head| head.title).unwrap_or_default();
            let (kind, n_found) = match stratum {
                "topic" => ("topic", read.topics_of(group)?.len()),
                _ => ("name", read.mentions_of(group)?.len()),
            };
            Some(AuditItem {
                item: title,
                item_type: kind.into(),
                method: kind.into(),
                n_found: Some(n_found as u64),
                ..blank
            })
        }
        AuditWhat::Topics => {
            let mut topics = read.topics_of(group)?;
            topics.sort_by(|a, b| a.topic.cmp(&b.topic));
            topics.into_iter().nth(place.saturating_sub(1) as usize).map(|topic| AuditItem {
                item: topic.label,
                score: topic.confidence,
                ..blank
            })
        }
    })
}
