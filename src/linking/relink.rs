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
use crate::store::{LinkedMention, Read, StoredLink, Tx};

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
    fn note(&mut self, old: &StoredLink, new: &LinkedMention) {
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
    for group in groups {
        interrupt::check()?;
        let before = tx.read().links_of_group(group)?;
        let mentions = before.iter().map(|link| link.mention.clone()).collect();
        for (old, new) in before.iter().zip(linker.link_all(profile, mentions)?) {
            let is_other = old.entity != new.entity || old.outcome != new.outcome.as_str();
            if is_other || old.method != new.method || (old.score - new.score).abs() >= 1e-9 {
                tx.set_link(group, old.ordinal, (new.entity, new.outcome, &new.method, new.score))?;
            }
            relinked.changed += u64::from(is_other);
            match (old.entity, new.entity) {
                (None, Some(_)) => relinked.linked += 1,
                (Some(_), None) => relinked.unlinked += 1,
                (Some(old), Some(new)) => relinked.moved += u64::from(old != new),
                (None, None) => {}
            }
            debug_assert!(new.entity.is_none() || new.outcome == LinkOutcome::Linked);
            if let Some(changes) = changes.as_deref_mut().filter(|_| is_other) {
                changes.note(old, &new);
            }
        }
        relinked.groups += 1;
        on_group();
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
