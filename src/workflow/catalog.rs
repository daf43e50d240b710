//! Tending the catalog: entities proposed from what is unlinked, and likely duplicates, both found by the resolver.

use std::collections::BTreeMap;

use anyhow::Result;
use serde::Serialize;

use super::link::Linker;
use crate::interrupt;
use crate::model::{Attributes, Entity, EntityId, EntityKey};
use crate::resolve::{Builder, Query, Resolver, mention_key};
use crate::store::Read;

/// From this probability on two unlinked names are proposed as one entity. Higher than for a link: a wrong union is
/// harder to see and to take apart than two proposals that are one.
const SAME: f64 = 0.8;

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
    /// How many mentions they have together.
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

/// Clusters the unlinked mentions of the whole database, the most frequent first.
pub fn propose(read: Read<'_>, min_count: u64) -> Result<Vec<Proposal>> {
    let mut by_type: BTreeMap<String, Vec<(String, u64)>> = BTreeMap::new();
    read.each_unresolved(|entity_type, text, count| {
        by_type.entry(entity_type.to_owned()).or_default().push((text.to_owned(), count));
        Ok(())
    })?;
    let mut proposals = Vec::new();
    for (entity_type, names) in by_type {
        proposals.extend(cluster(&entity_type, names)?);
    }
    proposals.retain(|proposal| proposal.mentions >= min_count);
    proposals.sort_by(|a, b| {
        b.mentions.cmp(&a.mentions).then_with(|| (&a.name, &a.entity_type).cmp(&(&b.name, &b.entity_type)))
    });
    Ok(proposals)
}

/// Joins the names of one type that mean the same.
fn cluster(entity_type: &str, mut names: Vec<(String, u64)>) -> Result<Vec<Proposal>> {
    names.retain(|(name, _)| !mention_key(name).is_empty());
    names.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| b.0.len().cmp(&a.0.len())).then_with(|| a.0.cmp(&b.0)));
    let mut builder = Builder::new();
    for (at, (name, _)) in (0i64..).zip(&names) {
        let entity = Entity {
            id: EntityId::new(at.to_string()),
            entity_type: entity_type.to_owned(),
            name: name.clone(),
            aliases: Vec::new(),
            attributes: Attributes::new(),
        };
        builder.add(EntityKey(at), &entity);
    }
    let mut resolver = Resolver::new(builder.resident()?)?;
    // Each name points to the most frequent one that it means; the list is in that order.
    let mut head: Vec<usize> = (0..names.len()).collect();
    for at in 0..names.len() {
        interrupt::check()?;
        let query = Query { text: &names[at].0, types: &[], hints: &Attributes::new(), context: "" };
        let same_key = mention_key(&names[at].0);
        for candidate in resolver.alike(&query, &[EntityKey(i64::try_from(at)?)])? {
            let other = usize::try_from(candidate.entity.0)?;
            if candidate.score >= SAME || mention_key(&names[other].0) == same_key {
                let (a, b) = (root(&head, at), root(&head, other));
                head[a.max(b)] = a.min(b);
            }
        }
    }
    let mut clusters: BTreeMap<usize, Proposal> = BTreeMap::new();
    for (at, (name, count)) in names.iter().enumerate() {
        let proposal = clusters.entry(root(&head, at)).or_insert_with(|| Proposal {
            entity_type: entity_type.to_owned(),
            name: name.clone(),
            aliases: Vec::new(),
            mentions: 0,
        });
        proposal.mentions += count;
        if proposal.name != *name {
            proposal.aliases.push(name.clone());
        }
    }
    Ok(clusters.into_values().collect())
}

fn root(head: &[usize], mut at: usize) -> usize {
    while head[at] != at {
        at = head[at];
    }
    at
}

/// Two entities that may be one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Duplicate {
    /// Probability that they are one.
    pub score: f64,
    /// The one loaded first.
    pub a: Named,
    /// The other.
    pub b: Named,
}

/// An entity of a pair.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Named {
    /// The user's id.
    pub id: String,
    /// The catalog's type.
    #[serde(rename = "type")]
    pub entity_type: String,
    /// The preferred name.
    pub name: String,
}

/// Finds likely duplicates within each type of the catalog, best first.
pub fn duplicates(
    read: Read<'_>,
    linker: &mut Linker<'_>,
    entity_type: Option<&str>,
    least: f64,
    mut on_entity: impl FnMut(),
) -> Result<Vec<Duplicate>> {
    let mut pairs: BTreeMap<(EntityKey, EntityKey), f64> = BTreeMap::new();
    read.each_entity(|key, entity| {
        interrupt::check()?;
        on_entity();
        if entity_type.is_some_and(|wanted| !wanted.eq_ignore_ascii_case(&entity.entity_type)) {
            return Ok(());
        }
        let types = [entity.entity_type.clone()];
        let query = Query { text: &entity.name, types: &types, hints: &entity.attributes, context: "" };
        for candidate in linker.alike(&query, &[key])? {
            if candidate.score >= least {
                let pair = (key.min(candidate.entity), key.max(candidate.entity));
                let score = pairs.entry(pair).or_insert(0.0);
                *score = score.max(candidate.score);
            }
        }
        Ok(())
    })?;
    let mut found = Vec::new();
    for ((a, b), score) in pairs {
        if let (Some(a), Some(b)) = (named(read, a)?, named(read, b)?) {
            found.push(Duplicate { score, a, b });
        }
    }
    found.sort_by(|x, y| {
        y.score.total_cmp(&x.score).then_with(|| x.a.name.cmp(&y.a.name)).then_with(|| x.b.id.cmp(&y.b.id))
    });
    Ok(found)
}

fn named(read: Read<'_>, key: EntityKey) -> Result<Option<Named>> {
    Ok(read.entity_name(key)?.map(|(id, entity_type, name)| Named { id, entity_type, name }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_name_become_one_proposal() {
        let names = [
            ("Margarethe Vandenberg", 5),
            ("Vandenberg, Margarethe", 1),
            ("Margarethe Vandenburg", 1),
            ("Ottoline Pereira", 3),
            ("!!!", 9),
        ];
        let names = names.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
        let proposals = cluster("person", names).expect("clusters");
        assert_eq!(proposals.len(), 2, "{proposals:?}");
        let shown: Vec<(&str, usize, u64)> =
            proposals.iter().map(|p| (p.name.as_str(), p.aliases.len(), p.mentions)).collect();
        assert_eq!(shown, [("Margarethe Vandenberg", 2, 7), ("Ottoline Pereira", 0, 3)]);
    }
}
