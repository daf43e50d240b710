//! Precedence of people's decisions about one mention: which of those that hold counts.
//!
//! The narrower counts before the wider (more hints, then a type), and of equally narrow ones the later. A decision whose
//! entity is not in the catalog is dangling and does not count. Pure; the linker asks it, and what lists conflicts does.

use std::cmp::Reverse;

use crate::model::{Attributes, Decision, EntityKey, Verdict};
use crate::resolve::mention_key;
use crate::store::StoredDecision;
use crate::text::is_same;

/// The sum of all decisions that hold for a mention.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// It is this entity.
    Is(EntityKey),
    /// It is nothing in the catalog.
    Nothing,
    /// It is none of these, of which there may be none.
    Not(Vec<EntityKey>),
}

/// Precedence of a decision: of two that hold, the greater counts.
pub type Precedence = (usize, bool, i64);

/// Returns the precedence of a decision.
pub fn precedence(stored: &StoredDecision) -> Precedence {
    let decision = &stored.decision;
    (decision.hints.len(), !decision.mention_type.is_empty(), stored.id)
}

/// Sorts decisions about one mention as [`ruling`] takes them: the one that counts first.
pub fn sort(decisions: &mut [StoredDecision]) {
    decisions.sort_by_key(|stored| Reverse(precedence(stored)));
}

/// Returns what sorted decisions about one mention come to where it has this type and these hints.
pub fn ruling(decisions: &[StoredDecision], entity_type: &str, hints: &Attributes) -> Ruling {
    let mut refused = vec![];
    let all = decisions.iter().filter(|stored| !stored.decision.only_unlinked);
    for stored in all.filter(|stored| holds(&stored.decision, entity_type, hints)) {
        match (&stored.decision.verdict, stored.entity.as_ref().map(|(entity, _)| *entity)) {
            (Verdict::Is(_), Some(entity)) if !refused.contains(&entity) => return Ruling::Is(entity),
            (Verdict::Nothing, _) => return Ruling::Nothing,
            (Verdict::Not(_), Some(entity)) => refused.push(entity),
            _ => {}
        }
    }
    Ruling::Not(refused)
}

/// Returns what sorted decisions come to where nothing else has linked such a mention.
pub fn fallback(decisions: &[StoredDecision], entity_type: &str, hints: &Attributes) -> Option<Ruling> {
    let all = decisions.iter().filter(|stored| stored.decision.only_unlinked);
    all.filter(|stored| holds(&stored.decision, entity_type, hints)).find_map(|stored| {
        match (&stored.decision.verdict, &stored.entity) {
            (Verdict::Is(_), Some((entity, _))) => Some(Ruling::Is(*entity)),
            (Verdict::Nothing, _) => Some(Ruling::Nothing),
            _ => None,
        }
    })
}

/// Returns which of two decisions about one mention counts, where both can hold and cannot both be true. `None` also where
/// the narrower is plainly an exception of the wider.
pub fn at_odds<'a>(one: &'a StoredDecision, other: &'a StoredDecision) -> Option<&'a StoredDecision> {
    let counts = |stored: &StoredDecision| stored.decision.verdict == Verdict::Nothing || stored.entity.is_some();
    let (first, second) = if precedence(one) > precedence(other) { (one, other) } else { (other, one) };
    // One that holds only where nothing else does is an exception by what it says.
    let is_conflict = one.decision.only_unlinked == other.decision.only_unlinked
        && counts(one)
        && counts(other)
        && overlap(&one.decision, &other.decision)
        && !agree(&one.decision.verdict, &other.decision.verdict)
        && !is_narrower(&first.decision, &second.decision);
    is_conflict.then_some(first)
}

/// Returns whether a decision is about this type and these hints.
fn holds(decision: &Decision, entity_type: &str, hints: &Attributes) -> bool {
    is_about((&decision.mention_type, &decision.hints), (entity_type, hints))
}

/// Returns whether a decision about a type (empty: any) and hints is about a mention with that type and those hints.
pub fn is_about(scope: (&str, &Attributes), mention: (&str, &Attributes)) -> bool {
    (scope.0.is_empty() || is_same(scope.0, mention.0))
        && scope.1.iter().all(|(name, value)| has(mention.1, name, value))
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
fn overlap(one: &Decision, other: &Decision) -> bool {
    let types =
        one.mention_type.is_empty() || other.mention_type.is_empty() || is_same(&one.mention_type, &other.mention_type);
    types && !one.hints.iter().any(|(name, value)| other.hints.contains_key(name) && !has(&other.hints, name, value))
}

/// Returns whether everything in the scope of one is also in the scope of the other, which is wider.
fn is_narrower(one: &Decision, wider: &Decision) -> bool {
    let type_within = wider.mention_type.is_empty() || is_same(&wider.mention_type, &one.mention_type);
    let is_same = is_same(&one.mention_type, &wider.mention_type) && one.hints.len() == wider.hints.len();
    type_within && wider.hints.iter().all(|(name, value)| has(&one.hints, name, value)) && !is_same
}

fn has(hints: &Attributes, name: &str, value: &str) -> bool {
    hints.get(name).is_some_and(|other| other == value || mention_key(other) == mention_key(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{EntityId, Target};

    /// Reads `is a`, `is a player`, `not a team=x`, `nothing`: verdict, then type and hints. The entity `gone` is not in
    /// the catalog; the key of the others is that of their letter.
    fn stored(id: i64, text: &str) -> StoredDecision {
        let mut words = text.split(' ');
        let verdict = words.next().unwrap();
        let mut target = || Target { entity_type: "t".into(), id: EntityId::new(words.next().unwrap()) };
        let verdict = match verdict {
            "is" => Verdict::Is(target()),
            "not" => Verdict::Not(target()),
            _ => Verdict::Nothing,
        };
        let mut decision = Decision {
            mention: "KC".into(),
            mention_type: String::new(),
            hints: Attributes::new(),
            only_unlinked: false,
            verdict,
            decided_at: None,
        };
        for word in words {
            decision.only_unlinked |= word == "otherwise";
            if word == "otherwise" {
                continue;
            }
            match word.split_once('=') {
                Some((name, value)) => _ = decision.hints.insert(name.into(), value.into()),
                None => decision.mention_type = word.into(),
            }
        }
        let target = decision.verdict.target().filter(|target| target.id.as_str() != "gone");
        let entity = target.map(|target| (key(target.id.as_str()), target.to_string()));
        StoredDecision { id, mention_key: "kc".into(), decision, entity }
    }

    fn key(letter: &str) -> EntityKey {
        EntityKey(i64::from(letter.as_bytes()[0]))
    }

    #[test]
    fn the_narrowest_that_holds_counts_and_then_the_latest() {
        let is = |letter| Ruling::Is(key(letter));
        let not = |letters: &[&str]| Ruling::Not(letters.iter().map(|letter| key(letter)).collect());
        for (decisions, entity_type, team, expected) in [
            (&[][..], "player", "", not(&[])),
            (&["is a"], "player", "", is("a")),
            (&["is a", "is b"], "player", "", is("b")),
            (&["is b player", "is a"], "player", "", is("b")),
            (&["is b player", "is a"], "coach", "", is("a")),
            (&["is b Ärzte", "is a"], "äRZTE", "", is("b")),
            (&["is b team=x", "is a player"], "player", "X", is("b")),
            (&["is b team=x", "is a player"], "player", "y", is("a")),
            (&["is b team=x"], "player", "", not(&[])),
            (&["is gone player", "is a"], "player", "", is("a")),
            (&["nothing", "is a player"], "player", "", is("a")),
            (&["nothing", "is a player"], "coach", "", Ruling::Nothing),
            (&["not a", "not b"], "player", "", not(&["b", "a"])),
            (&["is a", "not a player"], "player", "", not(&["a"])),
            (&["not a", "is a player"], "player", "", is("a")),
            (&["not gone"], "player", "", not(&[])),
        ] {
            let mut all: Vec<_> = (1..).zip(decisions).map(|(id, text)| stored(id, text)).collect();
            let hints = [("team".to_owned(), team.to_owned())].into_iter().filter(|_| !team.is_empty()).collect();
            // Their order in the database does not matter.
            for _ in 0..2 {
                all.reverse();
                let mut sorted = all.clone();
                sort(&mut sorted);
                assert_eq!(ruling(&sorted, entity_type, &hints), expected, "{decisions:?} {entity_type} {team}");
            }
        }
    }

    #[test]
    fn what_holds_where_nothing_else_links_is_asked_last() {
        let is = |letter| Some(Ruling::Is(key(letter)));
        for (decisions, entity_type, expected) in [
            (&["is a"][..], "player", None),
            (&["is a otherwise"], "player", is("a")),
            (&["is a player otherwise", "is b otherwise"], "player", is("a")),
            (&["is a player otherwise", "is b otherwise"], "coach", is("b")),
            (&["is gone player otherwise", "is b otherwise"], "player", is("b")),
            (&["nothing otherwise", "is c"], "player", Some(Ruling::Nothing)),
        ] {
            let mut all: Vec<_> = (1..).zip(decisions).map(|(id, text)| stored(id, text)).collect();
            sort(&mut all);
            assert_eq!(fallback(&all, entity_type, &Attributes::new()), expected, "{decisions:?}");
        }
        let all = [stored(1, "is a otherwise")];
        assert_eq!(ruling(&all, "player", &Attributes::new()), Ruling::Not(vec![]));
        assert_eq!(at_odds(&all[0], &stored(2, "is b")), None);
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
            let (one_stored, two_stored) = (stored(1, one), stored(2, two));
            for (a, b) in [(&one_stored, &two_stored), (&two_stored, &one_stored)] {
                assert_eq!(at_odds(a, b).map(|first| first.id), counts, "{one} / {two}");
            }
        }
    }
}
