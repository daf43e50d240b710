//! Decisions looked at as a whole: which decisions are at odds, and which dangle.
//!
//! Two decisions about one mention are at odds where both hold and they cannot both be true, unless the narrower one is
//! plainly an exception of the wider and counts as such. The linker takes the narrower, whatever it says, and of
//! equally narrow ones the later.

use std::collections::HashMap;

use anyhow::Result;
use serde::Serialize;

use crate::linking::precedence;
use crate::model::{Attributes, EntityId, Verdict};
use crate::resolve::mention_key;
use crate::store::explore::EntityHead;
use crate::store::{Read, StoredDecision};

/// A decision as it is listed.
#[derive(Clone, Debug, Serialize)]
pub struct Listed {
    /// A later one has a larger number.
    pub id: i64,
    /// The mention, as it was shown.
    pub mention: String,
    /// `is`, `not` or `nothing`.
    pub decision: &'static str,
    /// It holds for mentions of this type; none: of any.
    pub mention_type: Option<String>,
    /// It holds where the mention's hints agree with these.
    pub hints: Attributes,
    /// It holds only where nothing else links the mention.
    pub only_unlinked: bool,
    /// The catalog's type of the entity.
    pub target_type: Option<String>,
    pub target_id: Option<EntityId>,
    /// Name of the entity, where it is in the catalog.
    pub name: Option<String>,
    /// When it was made.
    pub decided_at: Option<String>,
    /// The entity is not in the catalog; the decision holds again once it is.
    pub is_dangling: bool,
    /// The decisions that it is at odds with.
    pub conflicts: Vec<Conflict>,
    /// Other entities of the catalog that bear this name.
    pub namesakes: Vec<EntityHead>,
}

/// A decision that another one is at odds with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Conflict {
    /// Id of the other decision.
    pub with: i64,
    /// Id of the one that counts where both hold.
    pub counts: i64,
}

/// Returns all decisions with what is to be said of them, by mention.
pub fn all(read: Read<'_>) -> Result<Vec<Listed>> {
    let mut by_key: HashMap<String, Vec<StoredDecision>> = HashMap::new();
    for decision in read.stored_decisions()? {
        by_key.entry(decision.mention_key.clone()).or_default().push(decision);
    }
    let mut listed = vec![];
    for decisions in by_key.values() {
        for decision in decisions {
            listed.push(list(read, decision, conflicts(decision, decisions))?);
        }
    }
    listed.sort_by(|a, b| mention_key(&a.mention).cmp(&mention_key(&b.mention)).then(a.id.cmp(&b.id)));
    Ok(listed)
}

/// Returns the decisions about one mention with what is to be said of them.
pub fn about(read: Read<'_>, mention_key: &str) -> Result<Vec<Listed>> {
    let decisions = read.decisions_about_mention(mention_key)?;
    decisions.iter().map(|stored| list(read, stored, conflicts(stored, &decisions))).collect()
}

fn list(read: Read<'_>, stored: &StoredDecision, conflicts: Vec<Conflict>) -> Result<Listed> {
    let decision = &stored.decision;
    let target = decision.verdict.target();
    let mut namesakes = vec![];
    if let Verdict::Is(target) = &decision.verdict {
        let bearers = read.namesakes(&decision.mention, 5)?.into_iter().map(|namesake| namesake.entity);
        namesakes.extend(bearers.filter(|one| one.entity_type != target.entity_type || one.id != target.id));
    }
    Ok(Listed {
        id: stored.id,
        mention: decision.mention.clone(),
        decision: decision.verdict.as_str(),
        mention_type: Some(decision.mention_type.clone()).filter(|word| !word.is_empty()),
        hints: decision.hints.clone(),
        only_unlinked: decision.only_unlinked,
        target_type: target.map(|target| target.entity_type.clone()),
        target_id: target.map(|target| target.id.clone()),
        name: stored.entity.as_ref().map(|(_, name)| name.clone()),
        decided_at: decision.decided_at.clone(),
        is_dangling: target.is_some() && stored.entity.is_none(),
        conflicts,
        namesakes,
    })
}

/// Returns which of the decisions about the same mention one is at odds with.
fn conflicts(one: &StoredDecision, all: &[StoredDecision]) -> Vec<Conflict> {
    let others = all.iter().filter(|other| other.id != one.id);
    others
        .filter_map(|other| {
            precedence::at_odds(one, other).map(|counts| Conflict { with: other.id, counts: counts.id })
        })
        .collect()
}
