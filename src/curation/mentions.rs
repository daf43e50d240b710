//! Deciding about unlinked mentions: who may be meant, what was decided, and the links that follow from it.
//!
//! Every decision is one transaction together with the links it changes.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context as _;
use serde::Serialize;

use crate::error::{Explain as _, usage};
use crate::intake;
use crate::linking::precedence;
use crate::linking::relink::{self, Changes, Relinked};
use crate::linking::typed_name::{self, WhyShown};
use crate::linking::{self, Linker, Load};
use crate::model::{Attributes, Decision, Entity, EntityId, EntityKey, GroupKey, Target, Verdict};
use crate::profile::Profile;
use crate::resolve::{Query, Strictness, mention_key};
use crate::store::active_profile;
use crate::store::explore::{EntityHead, GroupHead};
use crate::store::{CatalogChange, Read, Store, StoredDecision, Tx, Unresolved};
use crate::text::plain_name;

/// Candidates less likely than this are no help.
const LEAST: f64 = 0.01;

/// An unlinked mention with what is needed to decide about it.
#[derive(Clone, Debug, Serialize)]
pub struct Case {
    /// The mention.
    #[serde(flatten)]
    pub mention: Unresolved,
    /// Hints of its newest group.
    pub hints: Attributes,
    /// Other hints that it has elsewhere, the most frequent first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub other_hints: Vec<OtherHints>,
    /// Some groups with it, newest first.
    pub groups: Vec<GroupHead>,
    /// The best candidates, best first.
    pub candidates: Vec<CaseCandidate>,
}

/// Hints that a mention of a case has in other groups than the one shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OtherHints {
    /// The hints; none are hints of their own.
    pub hints: Attributes,
    /// Frequency of the mention with them.
    pub mentions: u64,
}

/// Candidate of a case.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CaseCandidate {
    /// The entity.
    #[serde(flatten)]
    pub entity: EntityHead,
    /// Attributes that the catalog has of it.
    pub attributes: Attributes,
    /// Probability, by itself, that it is meant.
    pub score: f64,
    /// Reason for which it is shown all the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
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
        Ok(Self {
            read,
            profile: active_profile::active(read)?,
            linker: Linker::open(read, Strictness::Default, Load::One)?,
        })
    }

    /// Returns what is needed to decide about a mention.
    pub fn case(&mut self, mention: Unresolved, n_groups: u64, n_candidates: usize) -> anyhow::Result<Case> {
        let groups = self.read.groups_of_unresolved(&mention.entity_type, &mention.mention, n_groups)?;
        let mut hints = Attributes::new();
        if let Some((group, ordinal)) = groups.first() {
            let mentions = self.read.mentions_of(group.key)?;
            hints = mentions.into_iter().find(|row| row.ordinal == *ordinal).map(|row| row.hints).unwrap_or_default();
        }
        let mut other_hints = vec![];
        for (others, mentions) in self.read.hints_of_unresolved(&mention.entity_type, &mention.mention)? {
            if others != hints {
                other_hints.push(OtherHints { hints: others, mentions });
            }
        }
        let types = self.linker.types_for(&self.profile, &mention.entity_type);
        let query = Query { text: &mention.mention, types: &types, hints: &hints, context: "" };
        let mut candidates = vec![];
        for candidate in self.linker.resolve(&mention.entity_type, &query)?.candidates {
            if candidate.score >= LEAST && candidates.len() < n_candidates {
                candidates.extend(self.candidate(candidate.entity, candidate.score)?);
            }
        }
        let known: Vec<EntityKey> = candidates.iter().map(|known| known.entity.key).collect();
        let others = typed_name::of_other_types(&mut self.linker, self.read, &mention.mention, &known)?;
        // The last places are theirs: the very name says more than one that is alike.
        candidates.truncate(n_candidates.saturating_sub(others.len()));
        let why = WhyShown::of(self.read, &mention.mention, (&mention.entity_type, &hints), &types)?;
        for other in others.iter().take(n_candidates) {
            if let Some(other) = self.candidate(other.entity, 0.0)? {
                let note = Some(why.words(other.entity.key, &other.entity.entity_type));
                candidates.push(CaseCandidate { note, ..other });
            }
        }
        let groups = groups.into_iter().map(|(group, _)| group).collect();
        Ok(Case { mention, hints, other_hints, groups, candidates })
    }

    fn candidate(&self, key: EntityKey, score: f64) -> anyhow::Result<Option<CaseCandidate>> {
        let Some(entity) = self.read.entity(key)? else { return Ok(None) };
        let Entity { id, entity_type, name, attributes, .. } = entity;
        Ok(Some(CaseCandidate { entity: EntityHead { key, id, entity_type, name }, attributes, score, note: None }))
    }
}

/// Choice of a person about a mention, before it becomes a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
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
    /// Mention as the stories write it.
    pub mention: String,
    /// The profile's word for what it is; empty: any.
    pub entity_type: String,
    /// It holds where these agree.
    pub hints: Attributes,
    /// It holds only where nothing else links the mention.
    pub only_unlinked: bool,
}

/// Effects of decisions, so that they can be undone.
#[derive(Clone, Debug, Default)]
pub struct Done {
    decisions: Vec<i64>,
    /// Decisions in their place before.
    before: Vec<StoredDecision>,
    /// Earlier decisions that said otherwise and gave way.
    pub replaced: Vec<StoredDecision>,
    /// Entities that the catalog did not have.
    pub created: Vec<EntityKey>,
    /// Decisions that were there already.
    pub n_known: u64,
    keys: BTreeSet<String>,
    /// Mentions in the database that are called so.
    pub mentions: u64,
    /// Number of links changed.
    pub relinked: Relinked,
    /// Mentions that changed.
    pub changes: Changes,
}

impl Done {
    /// Returns the number of decisions that hold by now, made or there already.
    pub fn n_decisions(&self) -> u64 {
        self.decisions.len() as u64 + self.n_known
    }
}

/// Mentions that a decision would change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// Mentions that wait in the queue.
    pub waiting: u64,
    /// Mentions that are linked, by how they were.
    pub linked: BTreeMap<String, u64>,
}

/// Returns the mentions of the type and hints of a decision, in any spelling that counts as the same.
pub fn reach(read: Read<'_>, about: &About) -> anyhow::Result<Reach> {
    let mut reach = Reach::default();
    let key = mention_key(&about.mention);
    let (groups, _) = relink::affected(read, &[key.clone()].into())?;
    for group in groups {
        for link in read.links_of_group(group)? {
            let is_meant = mention_key(&link.mention.text) == key
                && precedence::is_about(
                    (&about.entity_type, &about.hints),
                    (&link.mention.entity_type, &link.mention.hints),
                );
            if is_meant && link.entity.is_some() {
                *reach.linked.entry(link.method).or_default() += 1;
            } else if is_meant && link.method != "decision" {
                reach.waiting += 1;
            }
        }
    }
    Ok(reach)
}

/// Remembers what was said and links anew everything it is about, in the caller's transaction. Said once more it is the
/// latest decision.
pub fn decide(tx: &Tx<'_>, about: &About, answer: &Choice, now: &str) -> anyhow::Result<Done> {
    decide_each(tx, [(about, answer)], now, false)
}

/// Remembers many things said, then links anew what they are about: once, however many they are. A decision that is there
/// already stays as it is, so that the same file changes nothing a second time.
pub fn decide_all<'a>(
    tx: &Tx<'_>,
    said: impl IntoIterator<Item = (&'a About, &'a Choice)>,
    now: &str,
) -> anyhow::Result<Done> {
    decide_each(tx, said, now, true)
}

fn decide_each<'a>(
    tx: &Tx<'_>,
    said: impl IntoIterator<Item = (&'a About, &'a Choice)>,
    now: &str,
    keeps_known: bool,
) -> anyhow::Result<Done> {
    linking::rekey(tx)?;
    let mut done = Done::default();
    for (about, answer) in said {
        let key = mention_key(&about.mention);
        if key.is_empty() {
            return Err(usage(format!("`{}` has no letters or digits to decide about", about.mention)));
        }
        let verdict = match answer {
            Choice::Is(entity) => Verdict::Is(target(tx, *entity)?),
            Choice::Not(entity) => Verdict::Not(target(tx, *entity)?),
            Choice::Nothing => Verdict::Nothing,
            Choice::New(entity) => {
                let entity = intake::typed_entity(entity).map_err(usage)?;
                create(tx, &entity, now, &mut done)?;
                Verdict::Is(Target { entity_type: entity.entity_type, id: entity.id })
            }
        };
        let taught = Decision {
            mention: plain_name(&about.mention),
            mention_type: about.entity_type.clone(),
            hints: about.hints.clone(),
            only_unlinked: about.only_unlinked,
            verdict,
            decided_at: None,
        };
        if keeps_known && tx.read().decision_change(&key, &taught)? == CatalogChange::Unchanged {
            done.n_known += 1;
            done.keys.insert(key);
            continue;
        }
        let (id, replaced) = tx.decide(&key, &taught, now)?;
        done.before.extend(replaced.iter().filter(|known| !done.decisions.contains(&known.id)).cloned());
        done.decisions.push(id);
        done.replaced.extend(replaced.into_iter().filter(|known| known.decision.verdict != taught.verdict));
        done.keys.insert(key);
    }
    let (groups, n_mentions) = relink::affected(tx.read(), &done.keys)?;
    done.mentions = n_mentions;
    (done.relinked, done.changes) = relink(tx, groups)?;
    Ok(done)
}

fn target(tx: &Tx<'_>, entity: EntityKey) -> anyhow::Result<Target> {
    let (id, entity_type, _) = tx.read().entity_name(entity)?.context("the entity was removed meanwhile")?;
    Ok(Target { entity_type, id: EntityId::new(id) })
}

fn create(tx: &Tx<'_>, entity: &Entity, now: &str, done: &mut Done) -> anyhow::Result<()> {
    if let Some(key) = tx.read().entity_key(&entity.entity_type, &entity.id)? {
        // The same decision read a second time.
        if tx.read().entity(key)?.is_some_and(|known| known.name == entity.name) {
            return Ok(());
        }
        return Err(usage(format!("the catalog has `{}:{}` already", entity.entity_type, entity.id)))
            .hint("`gleaner unresolved accept MENTION ENTITY` links to it");
    }
    done.created.push(tx.load_entity(entity, now)?.1);
    Ok(())
}

/// Takes back what was done.
pub fn undo(tx: &Tx<'_>, done: &Done) -> anyhow::Result<Done> {
    let (mut groups, mentions) = relink::affected(tx.read(), &done.keys)?;
    for id in &done.decisions {
        tx.undecide(*id)?;
    }
    for known in &done.before {
        tx.put_back(known)?;
    }
    for entity in &done.created {
        groups.extend(tx.read().mentions_linked_to(*entity)?.into_iter().map(|(group, _)| group));
        tx.remove_entity(*entity)?;
    }
    let (relinked, changes) = relink(tx, groups)?;
    Ok(Done { mentions, relinked, changes, ..Done::default() })
}

/// Takes back what was decided about a mention: everything, or what holds in just this scope. `None`: nothing was.
pub fn forget(tx: &Tx<'_>, about: &About) -> anyhow::Result<Option<Done>> {
    linking::rekey(tx)?;
    let key = mention_key(&about.mention);
    let is_everything = about.entity_type.is_empty() && about.hints.is_empty();
    let mut known = tx.read().decisions_about_mention(&key)?;
    known.retain(|known| {
        is_everything || known.decision.mention_type == about.entity_type && known.decision.hints == about.hints
    });
    if known.is_empty() {
        return Ok(None);
    }
    let decisions = known.into_iter().map(|known| known.id).collect();
    undo(tx, &Done { decisions, keys: [key].into(), ..Done::default() }).map(Some)
}

/// Links groups anew, as at their import.
pub fn relink(tx: &Tx<'_>, groups: BTreeSet<GroupKey>) -> anyhow::Result<(Relinked, Changes)> {
    let load = if groups.len() > 200 { Load::Many } else { Load::One };
    let profile = active_profile::active(tx.read())?;
    let mut changes = Changes::default();
    let relinked = relink::groups(tx, &profile, Strictness::Default, groups, load, Some(&mut changes), || ())?;
    Ok((relinked, changes))
}

/// Reads what a spreadsheet says of a mention: a number of a candidate, `TYPE:ID` or a name, `none`, `new TYPE:ID`.
/// `candidate` tells who is meant by a number.
pub fn read_answer(
    store: &Store,
    mention: &str,
    text: &str,
    candidate: impl FnOnce(usize) -> anyhow::Result<Option<EntityKey>>,
) -> anyhow::Result<Option<Choice>> {
    let text = text.trim();
    let lower = text.to_lowercase();
    if text.is_empty() || matches!(lower.as_str(), "skip" | "?" | "-") {
        return Ok(None);
    }
    if matches!(lower.as_str(), "none" | "nothing" | "reject" | "no") {
        return Ok(Some(Choice::Nothing));
    }
    let new = text.split_at_checked(3).filter(|(word, _)| word.eq_ignore_ascii_case("new"));
    if let Some((_, rest)) = new.filter(|(_, rest)| rest.starts_with([' ', ':'])) {
        let rest = rest.trim_start_matches([' ', ':']);
        let Some((entity_type, id)) = rest.split_once(':').filter(|(t, id)| !t.is_empty() && !id.is_empty()) else {
            return Err(usage(format!("`{text}` does not say which: `new TYPE:ID`")));
        };
        return Ok(Some(Choice::New(new_entity(mention, entity_type, id))));
    }
    if let Ok(number) = text.parse::<usize>()
        && let Some(entity) = candidate(number)?
    {
        return Ok(Some(Choice::Is(entity)));
    }
    let entity = typed_name::one_entity(store, text)
        .hint("or write the number of a candidate, `none`, `new TYPE:ID`, or nothing to leave it")?;
    Ok(Some(Choice::Is(entity)))
}

/// An entity made of a mention.
pub fn new_entity(mention: &str, entity_type: &str, id: &str) -> Entity {
    Entity {
        id: EntityId::new(id.trim()),
        entity_type: entity_type.trim().to_owned(),
        name: plain_name(mention),
        aliases: vec![],
        attributes: Attributes::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_undone_leaves_what_was_decided_before() {
        let mut store = Store::open_in_memory("2026-01-01T00:00:00Z").unwrap();
        let tx = store.write().unwrap();
        let entity = new_entity("Zephyr", "company", "zephyr");
        let (one, two) = (new_entity("Zephyr", "company", "one"), new_entity("Zephyr", "company", "two"));
        let about = About {
            mention: "Zephyr".into(),
            entity_type: String::new(),
            hints: Attributes::from([("a".into(), "b".into())]),
            only_unlinked: false,
        };
        let all = |tx: &Tx<'_>| -> Vec<(String, Option<String>)> {
            let known = tx.read().stored_decisions().unwrap().into_iter();
            known
                .map(|known| (known.decision.verdict.target().unwrap().id.to_string(), known.decision.decided_at))
                .collect()
        };
        let first = decide(&tx, &about, &Choice::New(entity.clone()), "2026-01-01T00:00:00Z").unwrap();
        assert_eq!(all(&tx), [("zephyr".to_owned(), Some("2026-01-01T00:00:00Z".to_owned()))]);
        // The same said again, something else said, and two things said at once.
        for said in [vec![&entity], vec![&one], vec![&entity, &two]] {
            let answers: Vec<Choice> = said.into_iter().cloned().map(Choice::New).collect();
            let done = decide_all(&tx, answers.iter().map(|answer| (&about, answer)), "2026-01-02T00:00:00Z").unwrap();
            assert_eq!(all(&tx).len(), 1);
            undo(&tx, &done).unwrap();
            assert_eq!(all(&tx), [("zephyr".to_owned(), Some("2026-01-01T00:00:00Z".to_owned()))]);
        }
        undo(&tx, &first).unwrap();
        assert_eq!((all(&tx), tx.read().n_entities().unwrap()), (vec![], 0));
    }
}
