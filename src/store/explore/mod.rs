//! The questions people ask of what was learned: show, find, relate, count. Nothing here writes.
//!
//! Every lookup goes through an index (a test asserts the plans); counting all topics or entities reads one covering
//! index from end to end and nothing else.

mod entities;
mod export;
mod group;
mod most;
mod overview;
mod related;
mod stories;
mod time;
mod topics;

use rusqlite::Row;
use serde::Serialize;

pub use entities::{EntityCount, Namesake};
pub use export::ExportGroup;
pub(in crate::store) use group::hints_of;
pub use group::{AnswerHead, MentionRow, TopicRow};
pub(super) use most::Most;
pub use related::Shared;
pub use stories::StoryHead;
pub use topics::TopicCount;

use crate::model::{EntityId, EntityKey, GroupId, GroupKey};
use crate::store::attributes::Conditions;

/// Groups of a stretch of time, over `story_groups.sort_at`, and with certain attributes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Period {
    /// From this time on.
    pub since: Option<String>,
    /// Before this time.
    pub before: Option<String>,
    /// With a story whose attributes are so.
    pub attributes: Option<Conditions>,
}

impl Period {
    /// Returns whether it is all of time.
    pub fn is_always(&self) -> bool {
        self.since.is_none() && self.before.is_none() && self.attributes.is_none()
    }
}

/// Condition on a group `g`: it is of a period, whose three values are the first parameters.
const IN_PERIOD: &str = "(?1 IS NULL OR g.sort_at >= ?1) AND (?2 IS NULL OR g.sort_at < ?2)
    AND (?3 IS NULL OR EXISTS (SELECT 1 FROM stories s WHERE s.story_group_id = g.id AND attributes_fit(s.attributes, ?3)))";

/// A set of row keys: a bit each, since keys are small and dense.
#[derive(Clone, Debug, Default)]
pub struct KeySet {
    bits: Vec<u64>,
    len: usize,
}

impl KeySet {
    /// Adds a key that is not in it.
    pub(in crate::store) fn add(&mut self, key: i64) {
        // No key of ours is negative; another program's would never be found.
        let Ok(key) = usize::try_from(key) else { return };
        if self.bits.len() <= key / 64 {
            self.bits.resize(key / 64 + 1, 0);
        }
        self.bits[key / 64] |= 1 << (key % 64);
        self.len += 1;
    }

    /// Returns the keys, in order.
    pub fn keys(&self) -> impl Iterator<Item = i64> {
        (0i64..)
            .zip(&self.bits)
            .flat_map(|(at, bits)| (0..64).filter(move |i| bits >> i & 1 == 1).map(move |i| at * 64 + i))
    }

    /// Returns whether a key is in it.
    pub fn has(&self, key: i64) -> bool {
        usize::try_from(key).is_ok_and(|key| self.bits.get(key / 64).is_some_and(|bits| bits >> (key % 64) & 1 == 1))
    }

    /// Returns the number of keys.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Returns whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

/// Head of a group, for lists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GroupHead {
    /// Row of `story_groups`.
    #[serde(skip)]
    pub key: GroupKey,
    /// The user's id.
    #[serde(rename = "group_id")]
    pub id: GroupId,
    /// Headline.
    pub title: Option<String>,
    /// The group's date, as exact as it was written.
    #[serde(rename = "created_at")]
    pub at: Option<String>,
    /// Its stories; empty until `Read::add_stories` reads them.
    pub stories: Vec<StoryHead>,
}

impl GroupHead {
    /// Reads id, external_id, title and date from four columns on.
    pub(in crate::store) fn read(row: &Row<'_>, first: usize) -> rusqlite::Result<Self> {
        Ok(Self {
            key: row.get(first)?,
            id: row.get(first + 1)?,
            title: row.get(first + 2)?,
            at: row.get(first + 3)?,
            stories: vec![],
        })
    }
}

/// Head of an entity, for lists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EntityHead {
    /// Row of `entities`.
    #[serde(skip)]
    pub key: EntityKey,
    /// The user's id.
    #[serde(rename = "entity_id")]
    pub id: EntityId,
    /// The catalog's word for what it is.
    #[serde(rename = "type")]
    pub entity_type: String,
    /// The preferred name.
    pub name: String,
}

impl EntityHead {
    /// Reads id, external_id, type and name from four columns on.
    pub(in crate::store) fn read(row: &Row<'_>, first: usize) -> rusqlite::Result<Self> {
        Ok(Self {
            key: row.get(first)?,
            id: row.get(first + 1)?,
            entity_type: row.get(first + 2)?,
            name: row.get(first + 3)?,
        })
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(in crate::store) mod testing;
