//! Links made anew, offline: of the whole database, or of the groups that a decision or a change of the catalog is
//! about.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::AddAssign;

use serde::Serialize;

use crate::interrupt;
use crate::linking::{Linker, Load};
use crate::model::{EntityKey, GroupKey, LinkOutcome};
use crate::profile::Profile;
use crate::resolve::Strictness;
use crate::store::explore::EntityHead;
use crate::store::{Read, StoredLink, Tx};

/// Result of linking anew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Relinked {
    /// Groups looked at.
    pub groups: u64,
    /// Mentions decided otherwise than before: the sum of the following, and of those that stay unlinked for another
    /// reason (ambiguous in place of unknown, or the other way round).
    pub changed: u64,
    /// Mentions that had no entity and have one now.
    pub linked: u64,
    /// Mentions that had an entity and have none now.
    pub unlinked: u64,
    /// Mentions that had an entity and have another one now.
    pub moved: u64,
}

impl AddAssign for Relinked {
    /// Adds what linking once more came to; the groups are the same.
    fn add_assign(&mut self, more: Relinked) {
        self.groups = self.groups.max(more.groups);
        self.changed += more.changed;
        self.linked += more.linked;
        self.unlinked += more.unlinked;
        self.moved += more.moved;
    }
}

/// Changes of mentions, each different one once.
#[derive(Clone, Debug, Default)]
pub struct Changes(BTreeMap<ChangeKey, u64>);

/// A mention with what it was and what it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct ChangeKey {
    mention: String,
    entity_type: String,
    before: Option<EntityKey>,
    after: Option<EntityKey>,
    outcome: &'static str,
}

/// A change, for showing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LinkChange {
    /// The mention, as the stories write it.
    pub mention: String,
    /// The profile's word for what it is.
    pub entity_type: String,
    /// Entity it was linked to.
    pub before: Option<EntityHead>,
    /// Entity it is linked to now.
    pub after: Option<EntityHead>,
    /// `linked`, `ambiguous` or `unknown`.
    pub outcome: &'static str,
    /// Number of mentions.
    pub mentions: u64,
}

impl Changes {
    fn note(&mut self, old: &StoredLink, new: &NewLink) {
        let place = ChangeKey {
            mention: old.mention.text.clone(),
            entity_type: old.mention.entity_type.clone(),
            before: old.entity,
            after: new.entity,
            outcome: new.outcome.as_str(),
        };
        *self.0.entry(place).or_default() += 1;
    }

    /// Returns the changes with the names of their entities, the most frequent first.
    pub fn named(&self, read: Read<'_>) -> anyhow::Result<Vec<LinkChange>> {
        let head =
            |key: Option<EntityKey>| Ok::<_, anyhow::Error>(key.map(|k| read.entity_head(k)).transpose()?.flatten());
        let mut named = vec![];
        for (place, mentions) in &self.0 {
            named.push(LinkChange {
                mention: place.mention.clone(),
                entity_type: place.entity_type.clone(),
                before: head(place.before)?,
                after: head(place.after)?,
                outcome: place.outcome,
                mentions: *mentions,
            });
        }
        named.sort_by_key(|change| std::cmp::Reverse(change.mentions));
        Ok(named)
    }
}

/// Link of a mention that is not as it is stored.
#[derive(Debug)]
pub(super) struct NewLink {
    group: GroupKey,
    /// Place among the stored links of the group.
    at: usize,
    ordinal: i64,
    before: Option<EntityKey>,
    entity: Option<EntityKey>,
    outcome: LinkOutcome,
    method: Box<str>,
    score: f64,
    /// True where it is decided otherwise, and not only by something else or less surely.
    is_other: bool,
}

impl NewLink {
    fn write(&self, tx: &Tx<'_>) -> anyhow::Result<()> {
        tx.set_link(self.group, self.ordinal, (self.entity, self.outcome, &self.method, self.score))
    }
}

/// Links a group anew: its links as they are stored, and those that are others now.
pub(super) fn group(
    read: Read<'_>,
    linker: &mut Linker<'_>,
    profile: &Profile,
    group: GroupKey,
) -> anyhow::Result<(Vec<StoredLink>, Vec<NewLink>)> {
    let before = read.links_of_group(group)?;
    let mentions = before.iter().map(|link| link.mention.clone()).collect();
    let mut new_links = vec![];
    for (at, (old, new)) in before.iter().zip(linker.link_all(profile, mentions)?).enumerate() {
        let is_other = old.entity != new.entity || old.outcome != new.outcome.as_str();
        debug_assert!(new.entity.is_none() || new.outcome == LinkOutcome::Linked);
        if is_other || old.method != new.method || (old.score - new.score).abs() >= 1e-9 {
            new_links.push(NewLink {
                group,
                at,
                ordinal: old.ordinal,
                before: old.entity,
                entity: new.entity,
                outcome: new.outcome,
                method: new.method.into(),
                score: new.score,
                is_other,
            });
        }
    }
    Ok((before, new_links))
}

impl Relinked {
    /// Counts a link.
    fn count(&mut self, link: &NewLink) {
        self.changed += u64::from(link.is_other);
        match (link.before, link.entity) {
            (None, Some(_)) => self.linked += 1,
            (Some(_), None) => self.unlinked += 1,
            (Some(old), Some(new)) => self.moved += u64::from(old != new),
            (None, None) => {}
        }
    }
}

/// Links the mentions of these groups anew. A group is linked as a whole, as at its import: its mentions are each
/// other's context. What changes is noted in `changes`, where they are wanted.
pub fn groups(
    tx: &Tx<'_>,
    profile: &Profile,
    strictness: Strictness,
    groups: impl IntoIterator<Item = GroupKey>,
    load: Load,
    mut changes: Option<&mut Changes>,
    mut on_group: impl FnMut(),
) -> anyhow::Result<Relinked> {
    let mut linker = Linker::open(tx.read(), strictness, load)?;
    let mut relinked = Relinked::default();
    for key in groups {
        interrupt::check()?;
        let (before, new_links) = group(tx.read(), &mut linker, profile, key)?;
        for link in &new_links {
            link.write(tx)?;
            relinked.count(link);
            if let Some(changes) = changes.as_deref_mut().filter(|_| link.is_other) {
                changes.note(&before[link.at], link);
            }
        }
        relinked.groups += 1;
        on_group();
    }
    Ok(relinked)
}

/// Writes links that were made outside of the transaction, of so many groups.
pub(super) fn write(
    tx: &Tx<'_>,
    n_groups: u64,
    new_links: &[NewLink],
    mut changes: Option<&mut Changes>,
) -> anyhow::Result<Relinked> {
    let mut relinked = Relinked { groups: n_groups, ..Relinked::default() };
    for of_group in new_links.chunk_by(|a, b| a.group == b.group) {
        interrupt::check()?;
        if let Some(changes) = changes.as_deref_mut() {
            let before = tx.read().links_of_group(of_group[0].group)?;
            of_group.iter().filter(|link| link.is_other).for_each(|link| changes.note(&before[link.at], link));
        }
        for link in of_group {
            link.write(tx)?;
            relinked.count(link);
        }
    }
    Ok(relinked)
}

/// Returns the groups with a mention that decisions may be about, linked or not, in any spelling that counts as the
/// same, and the number of such mentions.
pub fn affected(read: Read<'_>, keys: &BTreeSet<String>) -> anyhow::Result<(BTreeSet<GroupKey>, u64)> {
    let mut groups = BTreeSet::new();
    let mut n_mentions = 0;
    for key in keys {
        let found = read.groups_of_mention_key(key)?;
        n_mentions += found.len() as u64;
        groups.extend(found);
    }
    Ok((groups, n_mentions))
}
