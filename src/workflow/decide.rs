//! Deciding about unlinked mentions: who may be meant, what was decided, and the links that follow from it.
//!
//! Every decision is one transaction together with the links it changes.

use std::collections::BTreeSet;

use serde::Serialize;

use super::profile;
use crate::error::{Explain as _, usage};
use crate::model::{Attributes, Entity, EntityId, EntityKey, GroupKey};
use crate::profile::Profile;
use crate::resolve::{Query, Strictness, mention_key};
use crate::store::explore::{EntityHead, GroupHead};
use crate::store::{NewDecision, Read, Store, Tx, Unresolved, Verdict};
use crate::workflow::link::{Linker, Load};
use crate::workflow::relink::{self, Relinked};

/// Candidates less likely than this are no help.
const LEAST: f64 = 0.01;

/// An unlinked mention with what is needed to decide about it.
#[derive(Clone, Debug, Serialize)]
pub struct Case {
    /// The mention.
    #[serde(flatten)]
    pub mention: Unresolved,
    /// What one of the groups tells of it.
    pub hints: Attributes,
    /// Some groups with it, newest first.
    pub groups: Vec<GroupHead>,
    /// The best candidates, best first.
    pub candidates: Vec<CaseCandidate>,
}

/// Who may be meant.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CaseCandidate {
    /// The entity.
    #[serde(flatten)]
    pub entity: EntityHead,
    /// Probability, by itself, that it is meant.
    pub score: f64,
}

/// Makes cases of mentions; keeps the name index open between them.
pub struct Cases<'a> {
    read: Read<'a>,
    profile: Profile,
    linker: Linker<'a>,
}

impl<'a> Cases<'a> {
    /// Opens the name index.
    pub fn open(read: Read<'a>) -> anyhow::Result<Self> {
        Ok(Self { read, profile: profile::active(read)?, linker: Linker::open(read, Strictness::Default, Load::One)? })
    }

    /// Returns what is needed to decide about a mention.
    pub fn case(&mut self, mention: Unresolved, n_groups: u64, n_candidates: usize) -> anyhow::Result<Case> {
        let groups = self.read.groups_of_unresolved(&mention.entity_type, &mention.mention, n_groups)?;
        let mut hints = Attributes::new();
        if let Some((group, ordinal)) = groups.first() {
            let mentions = self.read.mentions_of(group.key)?;
            hints = mentions.into_iter().find(|row| row.ordinal == *ordinal).map(|row| row.hints).unwrap_or_default();
        }
        let types = self.linker.types_for(&self.profile, &mention.entity_type);
        let query = Query { text: &mention.mention, types: &types, hints: &hints, context: "" };
        let mut candidates = vec![];
        for candidate in self.linker.resolve(&mention.entity_type, &query)?.candidates {
            if candidate.score >= LEAST && candidates.len() < n_candidates {
                let entity = self.read.entity_head(candidate.entity)?;
                candidates.extend(entity.map(|entity| CaseCandidate { entity, score: candidate.score }));
            }
        }
        Ok(Case { mention, hints, groups: groups.into_iter().map(|(group, _)| group).collect(), candidates })
    }
}

/// What a person says about a mention.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is this entity.
    Is(EntityKey),
    /// It is not this entity.
    Not(EntityKey),
    /// It is none of the catalog.
    Nothing,
    /// It is one that the catalog should have.
    New(Entity),
}

/// About which mention something is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// As the stories write it.
    pub mention: String,
    /// The profile's word for what it is; empty: any.
    pub entity_type: String,
    /// It holds where these agree.
    pub hints: Attributes,
}

/// What was done, so that it can be undone.
#[derive(Clone, Debug)]
pub struct Done {
    decisions: Vec<i64>,
    created: Option<EntityKey>,
    mention_key: String,
    /// The links that changed.
    pub relinked: Relinked,
}

/// Remembers what was said and links what it touches anew, in the caller's transaction. `linked_to` are entities the
/// mention is wrongly linked to now.
pub fn decide(tx: &Tx<'_>, about: &About, answer: &Answer, linked_to: &[EntityKey], now: &str) -> anyhow::Result<Done> {
    let key = mention_key(&about.mention);
    if key.is_empty() {
        return Err(usage(format!("`{}` has no letters or digits to decide about", about.mention)));
    }
    let mut done = Done { decisions: vec![], created: None, mention_key: key.clone(), relinked: Relinked::default() };
    let mut linked_to = linked_to.to_vec();
    let verdict = match answer {
        Answer::Is(entity) => Verdict::Is(*entity),
        Answer::Not(entity) => {
            linked_to.push(*entity);
            Verdict::Not(*entity)
        }
        Answer::Nothing => Verdict::Nothing,
        Answer::New(entity) => Verdict::Is(create(tx, entity, now, &mut done)?),
    };
    let decision = NewDecision {
        mention_key: key.clone(),
        mention: about.mention.clone(),
        entity_type: about.entity_type.clone(),
        hints: about.hints.clone(),
        verdict,
    };
    done.decisions.push(tx.decide(&decision, now)?);
    let groups = relink::affected(tx, &key, &linked_to)?;
    done.relinked = relink(tx, groups)?;
    Ok(done)
}

fn create(tx: &Tx<'_>, entity: &Entity, now: &str, done: &mut Done) -> anyhow::Result<EntityKey> {
    if let Some(key) = tx.read().entity_key(&entity.entity_type, &entity.id)? {
        // The same decision read a second time.
        if tx.read().entity(key)?.is_some_and(|known| known.name == entity.name) {
            return Ok(key);
        }
        return Err(usage(format!("the catalog has a {} `{}` already", entity.entity_type, entity.id)))
            .hint("`gleaner unresolved accept MENTION ENTITY` links to it");
    }
    tx.load_entity(entity, now)?;
    let key = tx.read().entity_key(&entity.entity_type, &entity.id)?.ok_or_else(|| usage("it was not written"))?;
    done.created = Some(key);
    Ok(key)
}

/// Takes back what was done.
pub fn undo(tx: &Tx<'_>, done: &Done) -> anyhow::Result<Relinked> {
    let mut groups = everywhere(tx, &done.mention_key)?;
    for id in &done.decisions {
        tx.undecide(*id)?;
    }
    if let Some(entity) = done.created {
        groups.extend(tx.read().mentions_linked_to(entity)?.into_iter().map(|(group, _)| group));
        tx.remove_entity(entity)?;
    }
    relink(tx, groups)
}

/// Takes back everything that was decided about a mention; `None`: nothing was.
pub fn forget(tx: &Tx<'_>, mention: &str) -> anyhow::Result<Option<Relinked>> {
    let key = mention_key(mention);
    let decisions = tx.read().decisions_about(&key)?;
    if decisions.is_empty() {
        return Ok(None);
    }
    undo(tx, &Done { decisions, created: None, mention_key: key, relinked: Relinked::default() }).map(Some)
}

fn everywhere(tx: &Tx<'_>, key: &str) -> anyhow::Result<BTreeSet<GroupKey>> {
    Ok(tx.read().groups_with_mention(|text| mention_key(text) == key)?.into_iter().collect())
}

fn relink(tx: &Tx<'_>, groups: BTreeSet<GroupKey>) -> anyhow::Result<Relinked> {
    let load = if groups.len() > 200 { Load::Many } else { Load::One };
    relink::groups(tx, &profile::active(tx.read())?, Strictness::Default, groups, load, || ())
}

/// What a spreadsheet says of a mention: a number of a candidate, `TYPE:ID` or a name, `none`, `new TYPE:ID`.
pub fn read_answer(store: &Store, case: &Case, text: &str) -> anyhow::Result<Option<Answer>> {
    let text = text.trim();
    let lower = text.to_lowercase();
    if text.is_empty() || matches!(lower.as_str(), "skip" | "?" | "-") {
        return Ok(None);
    }
    if matches!(lower.as_str(), "none" | "nothing" | "reject" | "no") {
        return Ok(Some(Answer::Nothing));
    }
    if let Some(rest) = lower.strip_prefix("new").filter(|rest| rest.starts_with([' ', ':'])) {
        let rest = text[text.len() - rest.len()..].trim_start_matches([' ', ':']);
        let Some((entity_type, id)) = rest.split_once(':').filter(|(t, id)| !t.is_empty() && !id.is_empty()) else {
            return Err(usage(format!("`{text}` does not say which: `new TYPE:ID`")));
        };
        return Ok(Some(Answer::New(new_entity(&case.mention.mention, entity_type, id))));
    }
    if let Some(candidate) = text.parse::<usize>().ok().and_then(|n| case.candidates.get(n.checked_sub(1)?)) {
        return Ok(Some(Answer::Is(candidate.entity.key)));
    }
    let found = store.read().namesakes(text, 3)?;
    match found.as_slice() {
        [one] => Ok(Some(Answer::Is(one.entity.key))),
        [] => Err(usage(format!("`{text}` is neither a candidate's number nor an entity of the catalog"))),
        _ => Err(usage(format!("`{text}` names several entities"))).hint("name it as `TYPE:ID`"),
    }
}

/// An entity made of a mention.
pub fn new_entity(mention: &str, entity_type: &str, id: &str) -> Entity {
    Entity {
        id: EntityId::new(id.trim()),
        entity_type: entity_type.trim().to_owned(),
        name: mention.split_whitespace().collect::<Vec<_>>().join(" "),
        aliases: vec![],
        attributes: Attributes::new(),
    }
}
