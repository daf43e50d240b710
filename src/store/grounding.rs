//! Grounding in the database: which mentions stand in the stories.

use rusqlite::{OptionalExtension as _, params};
use serde::Serialize;

use super::Read;
use crate::model::{GroupKey, RequestKey};

/// Counts of mentions by how they stand in the stories.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct GroundingCounts {
    /// To the letter.
    pub exact: u64,
    /// But for case, marks and what shows nothing.
    pub normalized: u64,
    /// In words that are nearly the same.
    pub fuzzy: u64,
    /// Nowhere.
    pub ungrounded: u64,
    /// Not looked for: imported by an earlier version, or the stories are others by now.
    pub unknown: u64,
}

impl GroundingCounts {
    /// Adds the counts of other mentions.
    pub(super) fn add(&mut self, other: GroundingCounts) {
        self.exact += other.exact;
        self.normalized += other.normalized;
        self.fuzzy += other.fuzzy;
        self.ungrounded += other.ungrounded;
        self.unknown += other.unknown;
    }
}

impl Read<'_> {
    /// Returns whether a group still has the text that a request asked about.
    pub fn has_text_of(self, group: GroupKey, request: RequestKey) -> anyhow::Result<bool> {
        let mut statement = self.0.prepare_cached(
            "SELECT g.text_hash IS r.text_hash FROM story_groups g, requests r WHERE g.id = ?1 AND r.id = ?2",
        )?;
        Ok(statement.query_row(params![group, request], |row| row.get(0)).optional()?.unwrap_or(false))
    }

    /// Counts mentions by how they stand in the stories.
    pub fn grounding_counts(self) -> anyhow::Result<GroundingCounts> {
        let mut statement = self.0.prepare("SELECT grounding, count(*) FROM story_entities GROUP BY 1")?;
        let mut rows = statement.query([])?;
        let mut counts = GroundingCounts::default();
        while let Some(row) = rows.next()? {
            let n = row.get::<_, i64>(1)?.unsigned_abs();
            match row.get::<_, Option<String>>(0)?.as_deref() {
                Some("exact") => counts.exact = n,
                Some("normalized") => counts.normalized = n,
                Some("fuzzy") => counts.fuzzy = n,
                Some("ungrounded") => counts.ungrounded = n,
                _ => counts.unknown += n,
            }
        }
        Ok(counts)
    }
}
