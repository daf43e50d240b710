//! A catalog made of what is unlinked: names put together and proposed as entities, and made real.

use std::collections::BTreeMap;

use anyhow::Result;
use serde::Serialize;

use crate::curation::cluster::cluster;
use crate::intake;
use crate::linking;
use crate::model::{Attributes, Entity, EntityId};
use crate::profile::Profile;
use crate::resolve::mention_key;
use crate::store::{Read, Tx};
use crate::text::{fold, is_same};

/// A proposed entity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Proposal {
    /// The profile's word for what it is.
    #[serde(rename = "type")]
    pub entity_type: String,
    /// The most frequent spelling.
    pub name: String,
    /// The other spellings, most frequent first.
    pub aliases: Vec<String>,
    /// Number of mentions they have together.
    pub mentions: u64,
}

impl Proposal {
    /// Returns the entity it would become.
    pub fn entity(&self) -> Entity {
        Entity {
            id: EntityId::new(format!("new-{}", mention_key(&self.name).replace(' ', "-"))),
            entity_type: self.entity_type.clone(),
            name: self.name.clone(),
            aliases: self.aliases.clone(),
            attributes: Attributes::new(),
        }
    }
}

/// Clusters what the catalog lacks, over the whole database, the most frequent first: mentions that nothing fits. An
/// ambiguous one has several entities already. `on_part` is told how many different names of how many were compared.
pub fn propose(
    read: Read<'_>,
    profile: &Profile,
    entity_type: Option<&str>,
    min_count: u64,
    mut on_part: impl FnMut(u64, u64),
) -> Result<Vec<Proposal>> {
    let mut by_type: BTreeMap<String, Vec<(String, u64)>> = BTreeMap::new();
    read.each_unknown(|known, text, count| {
        if entity_type.is_none_or(|wanted| fold(wanted) == fold(known)) {
            by_type.entry(known.to_owned()).or_default().push((text.to_owned(), count));
        }
        Ok(())
    })?;
    let n_all: usize = by_type.values().map(Vec::len).sum();
    let mut n_done = 0;
    let mut proposals = Vec::new();
    for (entity_type, mut names) in by_type {
        // Of spellings that are as frequent, the one that is not all in capitals.
        let shouts = |name: &str| !name.contains(char::is_lowercase);
        names.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| (shouts(&a.0), &a.0).cmp(&(shouts(&b.0), &b.0))));
        let people = profile.profile_type_of("person").unwrap_or("person");
        let is_people = [people, "person"].iter().any(|word| is_same(word, &entity_type));
        for members in cluster(&names, is_people, |n| on_part((n_done + n) as u64, n_all as u64))? {
            let mut spellings = members.iter().map(|&at| &names[at].0);
            proposals.push(Proposal {
                entity_type: entity_type.clone(),
                name: spellings.next().cloned().unwrap_or_default(),
                aliases: spellings.cloned().collect(),
                mentions: members.iter().map(|&at| names[at].1).sum(),
            });
        }
        n_done += names.len();
        on_part(n_done as u64, n_all as u64);
    }
    proposals.retain(|proposal| proposal.mentions >= min_count);
    proposals.sort_by(|a, b| {
        b.mentions.cmp(&a.mentions).then_with(|| (&a.name, &a.entity_type).cmp(&(&b.name, &b.entity_type)))
    });
    Ok(proposals)
}

/// Makes proposals real. Returns how many were, and how many were left out because the catalog has their id: one was
/// made of this name before and is not linked to these mentions, so a person decided otherwise.
pub fn accept(tx: &Tx<'_>, proposals: &[Proposal], now: &str) -> Result<(u64, u64)> {
    let mut made = 0;
    for proposal in proposals {
        let entity = intake::typed_entity(&proposal.entity()).map_err(anyhow::Error::msg)?;
        if tx.read().entity_key(&entity.entity_type, &entity.id)?.is_none() {
            tx.load_entity(&entity, now)?;
            made += 1;
        }
    }
    linking::refresh(tx)?;
    Ok((made, proposals.len() as u64 - made))
}
