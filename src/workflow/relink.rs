//! Links made anew, offline, of the groups that a decision is about. (`link::relink` does it for all.)

use std::collections::BTreeSet;

use crate::model::{EntityKey, GroupKey};
use crate::profile::Profile;
use crate::resolve::{Strictness, mention_key};
use crate::store::Tx;
use crate::workflow::link::{Linker, Load};

/// What linking anew came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Relinked {
    /// Groups looked at.
    pub groups: u64,
    /// Mentions that are another entity than before, or none any more.
    pub changed: u64,
    /// Mentions that had no entity and have one now.
    pub linked: u64,
    /// Mentions that had an entity and have none now.
    pub unlinked: u64,
}

impl Relinked {
    /// Adds what others came to.
    pub fn add(&mut self, other: Relinked) {
        self.groups += other.groups;
        self.changed += other.changed;
        self.linked += other.linked;
        self.unlinked += other.unlinked;
    }
}

/// Links the mentions of these groups anew. A group is linked as a whole, as at its import: its mentions are each
/// other's context.
pub fn groups(
    tx: &Tx<'_>,
    profile: &Profile,
    strictness: Strictness,
    groups: impl IntoIterator<Item = GroupKey>,
    load: Load,
    mut on_group: impl FnMut(),
) -> anyhow::Result<Relinked> {
    let mut linker = Linker::open(tx.read(), strictness, load)?;
    let mut relinked = Relinked::default();
    for group in groups {
        let before = tx.read().links_of_group(group)?;
        let mentions = before.iter().map(|link| link.mention.clone()).collect();
        for (old, new) in before.iter().zip(linker.link_all(profile, mentions)?) {
            let is_other = old.entity != new.entity || old.outcome != new.outcome.as_str();
            if is_other || old.method != new.method || (old.score - new.score).abs() >= 1e-9 {
                tx.set_link(group, old.ordinal, (new.entity, new.outcome, &new.method, new.score))?;
            }
            relinked.changed += u64::from(is_other);
            relinked.linked += u64::from(old.entity.is_none() && new.entity.is_some());
            relinked.unlinked += u64::from(old.entity.is_some() && new.entity.is_none());
        }
        relinked.groups += 1;
        on_group();
    }
    Ok(relinked)
}

/// Returns the groups that a decision about a mention may change: those where it is unlinked, in any spelling that
/// counts as the same, and those where it is linked to one of these entities.
pub fn affected(tx: &Tx<'_>, key: &str, linked_to: &[EntityKey]) -> anyhow::Result<BTreeSet<GroupKey>> {
    let read = tx.read();
    let mut same: Vec<(String, String)> = vec![];
    read.each_unresolved(|entity_type, text, _| {
        if mention_key(text) == key {
            same.push((entity_type.to_owned(), text.to_owned()));
        }
        Ok(())
    })?;
    let mut groups = BTreeSet::new();
    for (entity_type, text) in same {
        groups.extend(read.groups_of_unresolved(&entity_type, &text, u64::MAX >> 1)?.into_iter().map(|(g, _)| g.key));
    }
    for entity in linked_to {
        let rows = read.mentions_linked_to(*entity)?;
        groups.extend(rows.into_iter().filter(|(_, text)| mention_key(text) == key).map(|(group, _)| group));
    }
    Ok(groups)
}
