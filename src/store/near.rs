//! Near copies: stories that are nearly the same, by the signatures of their texts.
//!
//! Nothing of it is made by a load. Whoever asks for near copies has the stories read that have no signature yet, and
//! all signatures clustered anew (`explore/near.rs`); triggers take a story out that changes or goes.

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use rusqlite::OptionalExtension as _;
use serde::Serialize;

use super::explore::GroupHead;
use super::{Read, Tx};
use crate::model::{GroupId, GroupKey};
use crate::text::minhash::{Signature, resemblance};

/// Row of `meta` that is there while the clusters are those of all signatures.
const CLUSTERED: &str = "near_copies";
/// Other stories that are told of one.
const COPIES_MAX: u32 = 50;

/// A story that is nearly the same as one of a group.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NearCopy {
    /// Number of the group's own story, from 1 on.
    pub story: u32,
    /// The group of the other one, which may be the same.
    #[serde(flatten)]
    pub group: GroupHead,
    /// Number of the other story in its group.
    pub copy_story: u32,
    /// Estimated share of shingles that both have.
    pub resemblance: f64,
}

/// Stories that are nearly the same.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cluster {
    /// Number of stories.
    pub stories: u64,
    /// Title of the first one, else of its group.
    pub title: Option<String>,
    /// Groups that have them, some at most.
    pub groups: Vec<GroupId>,
    /// Number of these groups.
    pub n_groups: u64,
}

/// Counts of near copies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct NearCounts {
    /// Clusters of two stories or more.
    pub clusters: u64,
    /// Stories in them.
    pub stories: u64,
}

impl Read<'_> {
    /// Returns whether near copies are known of all stories as they are now.
    pub fn has_near_copies(self) -> anyhow::Result<bool> {
        Ok(self.meta(CLUSTERED)?.is_some() && self.unsigned_stories(1)?.is_empty())
    }

    /// Returns the stories that have no signature yet, `limit` at most.
    pub fn unsigned_stories(self, limit: u64) -> anyhow::Result<Vec<i64>> {
        let mut statement = self.0.prepare_cached(
            "SELECT s.id FROM stories s
             WHERE NOT EXISTS (SELECT 1 FROM _story_signatures o WHERE o.story_id = s.id) ORDER BY s.id LIMIT ?1",
        )?;
        let keys = statement.query_map([i64::try_from(limit).unwrap_or(i64::MAX)], |row| row.get(0))?;
        Ok(keys.collect::<Result<_, _>>()?)
    }

    /// Returns the text of a story.
    pub fn story_text(self, story: i64) -> anyhow::Result<Option<String>> {
        let mut statement = self.0.prepare_cached("SELECT text FROM stories WHERE id = ?1")?;
        Ok(statement.query_row([story], |row| row.get(0)).optional()?)
    }

    /// Returns the signatures of all stories that have words, in the order of the stories' keys.
    pub fn signatures(self) -> anyhow::Result<Vec<(i64, Signature)>> {
        let mut statement = self.0.prepare("SELECT story_id, signature FROM _story_signatures ORDER BY story_id")?;
        let mut rows = statement.query([])?;
        let mut signatures = vec![];
        while let Some(row) = rows.next()? {
            // A value of another program is no signature.
            if let Ok(signature) = Signature::try_from(row.get_ref(1)?.as_blob().unwrap_or_default()) {
                signatures.push((row.get(0)?, signature));
            }
        }
        Ok(signatures)
    }

    /// Returns the stories, of any group, that are nearly the same as one of this group; most alike first.
    pub fn near_copies_of(self, group: GroupKey) -> anyhow::Result<Vec<NearCopy>> {
        let mut own = self.0.prepare_cached(
            "SELECT s.id, s.ordinal, n.cluster, o.signature FROM stories s
             JOIN _near_copies n ON n.story_id = s.id JOIN _story_signatures o ON o.story_id = s.id
             WHERE s.story_group_id = ?1 ORDER BY s.ordinal",
        )?;
        let mut others = self.0.prepare_cached(
            "SELECT g.id, g.external_id, g.title, g.date, s.ordinal, o.signature FROM _near_copies n
             JOIN stories s ON s.id = n.story_id JOIN story_groups g ON g.id = s.story_group_id
             JOIN _story_signatures o ON o.story_id = s.id
             WHERE n.cluster = ?1 AND n.story_id <> ?2 ORDER BY n.story_id LIMIT ?3",
        )?;
        let mut copies = vec![];
        let mut rows = own.query([group])?;
        while let Some(row) = rows.next()? {
            let (id, story, cluster): (i64, u32, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let Ok(signature) = Signature::try_from(row.get_ref(3)?.as_blob()?) else { continue };
            let mut rows = others.query((cluster, id, COPIES_MAX))?;
            while let Some(row) = rows.next()? {
                let Ok(other) = Signature::try_from(row.get_ref(5)?.as_blob()?) else { continue };
                copies.push(NearCopy {
                    story,
                    group: GroupHead::read(row, 0)?,
                    copy_story: row.get(4)?,
                    resemblance: (resemblance(&signature, &other) * 1000.0).round() / 1000.0,
                });
            }
        }
        copies.sort_by(|a, b| a.story.cmp(&b.story).then(b.resemblance.total_cmp(&a.resemblance)));
        Ok(copies)
    }

    /// Returns the clusters, the largest first, and how many there are.
    pub fn clusters(self, limit: u64, groups_max: usize) -> anyhow::Result<(Vec<Cluster>, NearCounts)> {
        let mut statement = self.0.prepare(
            "SELECT cluster, count(*) FROM _near_copies GROUP BY cluster HAVING count(*) > 1 ORDER BY 2 DESC, 1",
        )?;
        let mut members = self.0.prepare(
            "SELECT g.external_id, coalesce(s.title, g.title) FROM _near_copies n
             JOIN stories s ON s.id = n.story_id JOIN story_groups g ON g.id = s.story_group_id
             WHERE n.cluster = ?1 ORDER BY n.story_id",
        )?;
        let (mut clusters, mut counts) = (vec![], NearCounts::default());
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (cluster, n): (i64, i64) = (row.get(0)?, row.get(1)?);
            counts.clusters += 1;
            counts.stories += n as u64;
            if counts.clusters > limit {
                continue;
            }
            let (mut groups, mut title) = (vec![], None);
            let mut rows = members.query([cluster])?;
            while let Some(row) = rows.next()? {
                let group: GroupId = row.get(0)?;
                title = title.or(row.get(1)?);
                // Stories of a group have keys that follow each other.
                if groups.last() != Some(&group) {
                    groups.push(group);
                }
            }
            let n_groups = groups.len() as u64;
            groups.truncate(groups_max);
            clusters.push(Cluster { stories: n as u64, title, groups, n_groups });
        }
        Ok((clusters, counts))
    }

    /// Returns the number of groups all of whose stories another group has too, or nearly so.
    pub fn n_copied_groups(self) -> anyhow::Result<u64> {
        Ok(self.copied_groups()?.len() as u64)
    }

    /// Returns the groups all of whose stories another group has too, or nearly so, each with that group.
    ///
    /// Of several it is the one with the most stories, of these one that was answered, then the earliest.
    pub(super) fn copied_groups(self) -> anyhow::Result<Vec<(GroupKey, GroupKey)>> {
        let mut statement = self.0.prepare(
            "SELECT s.story_group_id, coalesce(n.cluster, -s.id),
                    NOT EXISTS (SELECT 1 FROM current_answers c WHERE c.story_group_id = g.id), g.sort_at IS NULL, g.sort_at
             FROM stories s JOIN story_groups g ON g.id = s.story_group_id LEFT JOIN _near_copies n ON n.story_id = s.id
             WHERE s.story_group_id IN (SELECT x.story_group_id FROM _near_copies m JOIN stories x ON x.id = m.story_id)
             ORDER BY s.story_group_id",
        )?;
        type Rank = (std::cmp::Reverse<usize>, bool, bool, Option<String>, GroupKey);
        let mut groups: Vec<(BTreeSet<i64>, Rank)> = vec![];
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let key: GroupKey = row.get(0)?;
            if groups.last().is_none_or(|(_, rank)| rank.4 != key) {
                let rank = (std::cmp::Reverse(0), row.get(2)?, row.get(3)?, row.get(4)?, key);
                groups.push((BTreeSet::new(), rank));
            }
            if let Some((stories, rank)) = groups.last_mut() {
                stories.insert(row.get(1)?);
                rank.0 = std::cmp::Reverse(stories.len());
            }
        }
        let mut with: HashMap<i64, Vec<usize>> = HashMap::new();
        for (at, (stories, _)) in groups.iter().enumerate() {
            stories.iter().for_each(|story| with.entry(*story).or_default().push(at));
        }
        // Groups with the same stories have the same best one.
        let mut best_of: HashMap<Rc<BTreeSet<i64>>, usize> = HashMap::new();
        let mut copied = vec![];
        for (at, (stories, rank)) in groups.iter().enumerate() {
            // A story that no other group has is a negative key, and comes first.
            let Some(first) = stories.first().filter(|first| **first >= 0) else { continue };
            let best = match best_of.get(stories) {
                Some(best) => *best,
                None => {
                    let candidates = with[first].iter().copied().filter(|&other| stories.is_subset(&groups[other].0));
                    let best = candidates.min_by(|&a, &b| groups[a].1.cmp(&groups[b].1)).unwrap_or(at);
                    best_of.insert(Rc::new(stories.clone()), best);
                    best
                }
            };
            if best != at {
                copied.push((rank.4, groups[best].1.4));
            }
        }
        Ok(copied)
    }
}

impl Tx<'_> {
    /// Keeps the signature of a story; `None`: it has no words.
    pub fn keep_signature(&self, story: i64, signature: Option<&Signature>) -> anyhow::Result<()> {
        self.prepare_cached("INSERT OR REPLACE INTO _story_signatures (story_id, signature) VALUES (?1, ?2)")?
            .execute((story, signature.map_or(&[][..], |signature| signature.as_slice())))?;
        Ok(())
    }

    /// Says that the clusters are no longer those of all signatures.
    pub fn begin_clustering(&self) -> anyhow::Result<()> {
        self.execute("DELETE FROM meta WHERE key = ?1", [CLUSTERED])?;
        Ok(())
    }

    /// Replaces the clusters: each story that has a near copy, with the first story of its cluster.
    pub fn keep_clusters(&self, clusters: &[(i64, i64)]) -> anyhow::Result<()> {
        self.execute("DELETE FROM _near_copies", [])?;
        let mut insert = self.prepare_cached("INSERT INTO _near_copies (story_id, cluster) VALUES (?1, ?2)")?;
        for cluster in clusters {
            insert.execute(*cluster)?;
        }
        self.set_meta(CLUSTERED, "1")
    }
}
