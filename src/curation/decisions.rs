//! What people decided, looked at as a whole: which decisions are at odds, and which dangle.
//!
//! Two decisions about one mention are at odds where both hold and they cannot both be true, unless the narrower one is
//! plainly an exception of the wider and counts as such. The linker takes the narrower, whatever it says, and of equally
//! narrow ones the later.

use std::collections::HashMap;

use anyhow::Result;
use serde::Serialize;

use crate::model::{Attributes, EntityId, Taught, Verdict};
use crate::resolve::mention_key;
use crate::store::explore::EntityHead;
use crate::store::{Read, Remembered};

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
    /// The catalog's type of the entity.
    pub target_type: Option<String>,
    /// Its id.
    pub target_id: Option<EntityId>,
    /// Its name, where it is in the catalog.
    pub name: Option<String>,
    /// When it was made.
    pub decided_at: Option<String>,
    /// Its entity is not in the catalog; it holds again once it is.
    pub is_dangling: bool,
    /// The decisions that it is at odds with.
    pub conflicts: Vec<Conflict>,
    /// Other entities of the catalog that bear this name.
    pub namesakes: Vec<EntityHead>,
}

/// Why two decisions are at odds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Conflict {
    /// The other one.
    pub with: i64,
    /// The one that counts where both hold.
    pub counts: i64,
}

/// Returns all decisions with what is to be said of them, by mention.
pub fn all(read: Read<'_>) -> Result<Vec<Listed>> {
    let mut by_key: HashMap<String, Vec<Remembered>> = HashMap::new();
    for decision in read.remembered()? {
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
    let decisions = read.remembered_about(mention_key)?;
    decisions.iter().map(|decision| list(read, decision, conflicts(decision, &decisions))).collect()
}

fn list(read: Read<'_>, decision: &Remembered, conflicts: Vec<Conflict>) -> Result<Listed> {
    let taught = &decision.taught;
    let target = taught.verdict.target();
    let mut namesakes = vec![];
    if let Verdict::Is(target) = &taught.verdict {
        let bearers = read.namesakes(&taught.mention, 5)?.into_iter().map(|namesake| namesake.entity);
        namesakes.extend(bearers.filter(|one| one.entity_type != target.entity_type || one.id != target.id));
    }
    Ok(Listed {
        id: decision.id,
        mention: taught.mention.clone(),
        decision: taught.verdict.as_str(),
        mention_type: Some(taught.mention_type.clone()).filter(|word| !word.is_empty()),
        hints: taught.hints.clone(),
        target_type: target.map(|target| target.entity_type.clone()),
        target_id: target.map(|target| target.id.clone()),
        name: decision.entity.as_ref().map(|(_, name)| name.clone()),
        decided_at: taught.decided_at.clone(),
        is_dangling: target.is_some() && decision.entity.is_none(),
        conflicts,
        namesakes,
    })
}

/// Returns which of the decisions about the same mention one is at odds with.
fn conflicts(one: &Remembered, all: &[Remembered]) -> Vec<Conflict> {
    // A dangling decision does not count.
    let is_awake = |decision: &Remembered| decision.taught.verdict == Verdict::Nothing || decision.entity.is_some();
    let others = all.iter().filter(|other| other.id != one.id && is_awake(other) && is_awake(one));
    let at_odds = others.filter_map(|other| {
        let first = if rank(one) > rank(other) { one } else { other };
        let second = if first.id == one.id { other } else { one };
        let is_exception = is_narrower(&first.taught, &second.taught);
        (overlap(&one.taught, &other.taught) && !agree(&one.taught.verdict, &other.taught.verdict) && !is_exception)
            .then_some(Conflict { with: other.id, counts: first.id })
    });
    at_odds.collect()
}

/// Which of two that hold the linker takes: the greater.
fn rank(decision: &Remembered) -> (usize, bool, i64) {
    let taught = &decision.taught;
    (taught.hints.len(), !taught.mention_type.is_empty(), decision.id)
}

fn agree(one: &Verdict, other: &Verdict) -> bool {
    match (one, other) {
        (Verdict::Is(one), Verdict::Is(other)) => one == other,
        (Verdict::Is(is), Verdict::Not(not)) | (Verdict::Not(not), Verdict::Is(is)) => is != not,
        (Verdict::Is(_), Verdict::Nothing) | (Verdict::Nothing, Verdict::Is(_)) => false,
        _ => true,
    }
}

/// Returns whether a mention can be in the scope of both.
fn overlap(one: &Taught, other: &Taught) -> bool {
    let types = one.mention_type.is_empty()
        || other.mention_type.is_empty()
        || one.mention_type.eq_ignore_ascii_case(&other.mention_type);
    let differs = |(name, value): (&String, &String)| {
        other.hints.get(name).is_some_and(|other| mention_key(other) != mention_key(value))
    };
    types && !one.hints.iter().any(differs)
}

/// Returns whether everything in the scope of one is also in the scope of the other, which is wider.
fn is_narrower(one: &Taught, wider: &Taught) -> bool {
    let type_within = wider.mention_type.is_empty() || wider.mention_type.eq_ignore_ascii_case(&one.mention_type);
    let within = |(name, value): (&String, &String)| {
        one.hints.get(name).is_some_and(|own| mention_key(own) == mention_key(value))
    };
    let is_same = one.mention_type.eq_ignore_ascii_case(&wider.mention_type) && one.hints.len() == wider.hints.len();
    type_within && wider.hints.iter().all(within) && !is_same
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{EntityKey, Target};

    /// Reads `is a`, `is a player`, `not a team=x`, `nothing`: verdict, then type and hints.
    fn decision(id: i64, text: &str) -> Remembered {
        let mut words = text.split(' ');
        let verdict = words.next().unwrap();
        let mut target = || Target { entity_type: "t".into(), id: EntityId::new(words.next().unwrap()) };
        let verdict = match verdict {
            "is" => Verdict::Is(target()),
            "not" => Verdict::Not(target()),
            _ => Verdict::Nothing,
        };
        let mut taught = Taught {
            mention: "KC".into(),
            mention_type: String::new(),
            hints: Attributes::new(),
            verdict,
            decided_at: None,
        };
        for word in words {
            match word.split_once('=') {
                Some((name, value)) => _ = taught.hints.insert(name.into(), value.into()),
                None => taught.mention_type = word.into(),
            }
        }
        let entity =
            taught.verdict.target().filter(|t| t.id.as_str() != "gone").map(|t| (EntityKey(id), t.to_string()));
        Remembered { id, mention_key: "kc".into(), taught, entity }
    }

    #[test]
    fn decisions_at_odds_are_found_and_exceptions_are_not() {
        for (one, two, counts) in [
            ("is a", "is b player", None),
            ("is a", "is b team=x", None),
            ("is a player", "is b team=x", Some(2)),
            ("is a team=x", "is b player", Some(1)),
            ("is a team=x", "is b team=y", None),
            ("is a team=x", "is b position=y", Some(2)),
            ("is a player", "is b coach", None),
            ("is a", "is a player", None),
            ("is a", "not a player", None),
            ("not a", "is a player", None),
            ("is a", "not b player", None),
            ("is a", "nothing player", None),
            ("is a team=x", "nothing player", Some(1)),
            ("nothing", "is a player", None),
            ("nothing", "not a player", None),
            ("is gone", "is b player", None),
            ("is a player", "is gone team=x", None),
        ] {
            let both = [decision(1, one), decision(2, two)];
            for (at, other) in [(0, 2), (1, 1)] {
                let found = conflicts(&both[at], &both);
                let expected: Vec<Conflict> =
                    counts.map(|counts| Conflict { with: other, counts }).into_iter().collect();
                assert_eq!(found, expected, "{one} / {two}");
            }
        }
    }
}
