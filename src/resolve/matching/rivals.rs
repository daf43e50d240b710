//! Candidates among each other: who is whose rival, in what order they stand, and what the decision is made of.

use std::cmp::Ordering;

use crate::resolve::matching::features::Feature;
use crate::resolve::matching::generations;
use crate::resolve::matching::score;
use crate::resolve::matching::scored::{FLOOR, HOPELESS, Scored};
use crate::resolve::matching::search::SCORED;

/// Plain score of the rival that is always there: in a small catalog the only candidate is not the right one for that.
const NOBODY: f32 = -3.0;
/// Puts candidates into the order of their probabilities, each seen among the others.
pub(super) fn rank(scored: &mut Vec<Scored>) {
    compare_rivals(scored);
    let best = scored.first().map_or(0.0, |s| s.plain);
    scored.truncate(SCORED);
    // In the order of their plain scores, the hopeless come last.
    let n_hopeful = scored.partition_point(|candidate| candidate.plain >= best - HOPELESS);
    for (at, candidate) in scored.iter_mut().enumerate() {
        candidate.log_odds = if at < n_hopeful { score::pair(&candidate.vector).max(FLOOR) } else { FLOOR };
    }
    put_in_order(scored, |a, b| {
        b.log_odds.total_cmp(&a.log_odds).then(b.plain.total_cmp(&a.plain)).then(a.order.cmp(&b.order))
    });
}

/// Sorts candidates, which mostly stand in their order already, and are large to move.
pub(super) fn put_in_order(scored: &mut [Scored], compare: impl Fn(&Scored, &Scored) -> Ordering) {
    if !scored.is_sorted_by(|a, b| compare(a, b).is_le()) {
        scored.sort_by(compare);
    }
}

/// Sets the features that tell how a candidate stands among the others.
pub(super) fn compare_rivals(scored: &mut [Scored]) {
    put_in_order(scored, |a, b| b.plain.total_cmp(&a.plain).then(a.order.cmp(&b.order)));
    let plains: Vec<f32> = scored.iter().map(|s| s.plain).collect();
    for (at, candidate) in scored.iter_mut().enumerate() {
        let rival = if at == 0 { plains.get(1) } else { plains.first() };
        let rival = (rival.copied().unwrap_or(NOBODY).max(NOBODY) - candidate.plain).clamp(-8.0, 8.0);
        let namesakes = plains.iter().filter(|other| **other >= candidate.plain - 0.3).count() - 1;
        candidate.vector[Feature::rival as usize] = rival;
        candidate.vector[Feature::namesakes as usize] = namesakes.min(20) as f32;
        candidate.vector[Feature::place as usize] = at.min(20) as f32;
    }
}

/// Returns whether nothing tells two candidates apart but their order.
fn has_same_evidence(a: &Scored, b: &Scored) -> bool {
    const AMONG_OTHERS: [Feature; 3] = [Feature::rival, Feature::namesakes, Feature::place];
    let is_same =
        |(at, (a, b)): (usize, (&f32, &f32))| a == b || AMONG_OTHERS.iter().any(|other| *other as usize == at);
    a.context == b.context && a.vector.iter().zip(&b.vector).enumerate().all(is_same)
}

/// Returns whether nothing tells two candidates apart but that they are of two generations, of which the mention says nothing.
pub(super) fn are_as_good(a: &Scored, b: &Scored) -> bool {
    use Feature::{
        coarse_sound, contradiction, first_word, generation, hint_against, hint_agree, hint_contradiction, hint_near,
        hint_unknown, last_word, letters, mention_explained, name_letters, name_words, overlap, sound, told,
    };
    const SAME: [Feature; 16] = [
        coarse_sound,
        contradiction,
        first_word,
        generation,
        hint_against,
        hint_agree,
        hint_contradiction,
        hint_near,
        hint_unknown,
        last_word,
        letters,
        mention_explained,
        name_letters,
        name_words,
        sound,
        told,
    ];
    let at = |one: &Scored, feature: Feature| one.vector[feature as usize];
    let are_generations = || {
        at(a, generation) == generations::ONLY_IN_NAME
            && a.context == b.context
            && at(a, overlap) == at(b, overlap)
            && SAME.iter().all(|feature| at(a, *feature) == at(b, *feature))
    };
    has_same_evidence(a, b) || are_generations()
}

/// Features of the decision forest, in the order of its names.
pub(super) fn decision_features(scored: &[Scored]) -> [f32; score::DECISION_NAMES.len()] {
    let log_odds = |at: usize| scored.get(at).map_or(FLOOR, |s| s.log_odds.clamp(FLOOR, -FLOOR));
    let best = &scored[0];
    let close = scored.iter().skip(1).filter(|s| s.log_odds > best.log_odds - 1.5).count();
    let own = [log_odds(0), log_odds(1), log_odds(2), log_odds(0) - log_odds(1), close.min(20) as f32];
    let mut features = [0.0; score::DECISION_NAMES.len()];
    for (at, feature) in features.iter_mut().enumerate() {
        *feature = match own.get(at) {
            Some(value) => *value,
            None => best.vector[score::DECISION_SOURCES[at - own.len()] as usize],
        };
    }
    features
}

#[cfg(test)]
mod tests {
    use crate::model::{Attributes, Entity, EntityId, EntityKey, LinkOutcome};
    use crate::resolve::{Builder, Query, Resolver};

    #[test]
    fn of_namesakes_that_nothing_tells_apart_none_is_linked() {
        let mut builder = Builder::new();
        for (key, (id, name, team)) in (1..).zip([
            ("a", "Anna Krell", "Harbor City Herons"),
            ("b", "Anna Krell", "Elmwood Rovers"),
            ("c", "Mona Hallworth", "Elmwood Rovers"),
        ]) {
            let entity = Entity {
                id: EntityId::new(id),
                entity_type: "person".into(),
                name: name.into(),
                aliases: vec![],
                attributes: [("team".to_owned(), team.into())].into(),
            };
            builder.add(EntityKey(key), &entity);
        }
        let mut resolver = Resolver::new(builder.resident().expect("packs")).expect("opens");
        let mut resolve = |text: &str, hints: &Attributes| {
            resolver.resolve(&Query { text, types: &[], hints, context: "" }).expect("resolves")
        };
        for text in
            ["Anna Krell", "Frau Anna Krell", "Prof. Anna Krell", "Anna Krell Jr.", "Anna Krell III", "A. Krell"]
        {
            let found = resolve(text, &Attributes::new());
            assert_eq!(found.outcome, LinkOutcome::Ambiguous, "{text}");
            let [first, second, ..] = &found.candidates[..] else { panic!("{text} has two") };
            assert_eq!(first.score, second.score, "{text}");
            assert!(first.score < 0.5, "{text}");
        }
        let hints = [("team".to_owned(), "Elmwood Rovers".to_owned())].into();
        assert_eq!(resolve("Frau Anna Krell", &hints).entity, Some(EntityKey(2)));
        assert_eq!(resolve("Frau Mona Hallworth", &Attributes::new()).entity, Some(EntityKey(3)));
    }
}
