//! The resolver: a query in, a decision out. The same query over the same catalog gives the same decision everywhere.

use std::collections::HashSet;

use anyhow::Result;

use super::features::{self, Comparer, Feature, Vector};
use super::hints::{Evidence, Hint};
use super::index::{Index, NameCard, Pages, Resident};
use super::probe::Probe;
use super::retrieve::{self, Found, Scope, Tallies};
use super::score;
use super::{Candidate, Decision, Method, Query, Strictness};
use crate::model::{EntityKey, LinkOutcome};

/// Candidates that a decision lists.
const LISTED: usize = 5;

/// Resolves mentions over an index that lies in memory or in the database, and the few entities changed since.
pub struct Resolver<P> {
    base: Index<P>,
    /// Entities changed since the base was built; they count instead of the base's.
    overlay: Option<Index<Resident>>,
    hidden: HashSet<EntityKey>,
    base_room: Tallies,
    overlay_room: Tallies,
    /// How sure a link must be.
    pub strictness: Strictness,
    /// Whether candidates carry the parts of their scores.
    pub explain: bool,
}

/// A candidate name with its features.
pub(crate) struct Scored {
    pub(crate) entity: EntityKey,
    pub(crate) vector: Vector,
    pub(crate) plain: f32,
    pub(crate) log_odds: f32,
    pub(crate) words: Vec<String>,
}

impl<P: Pages> Resolver<P> {
    /// Opens an index.
    pub fn new(pages: P) -> Result<Resolver<P>> {
        Ok(Resolver {
            base: Index::open(pages)?,
            overlay: None,
            hidden: HashSet::new(),
            base_room: Tallies::default(),
            overlay_room: Tallies::default(),
            strictness: Strictness::Default,
            explain: false,
        })
    }

    /// Lays the entities changed since over the index: `changed` packed anew, `hidden` no longer valid in the base.
    pub fn overlay(&mut self, changed: Resident, hidden: HashSet<EntityKey>) -> Result<()> {
        let index = Index::open(changed)?;
        self.overlay = (index.meta.names > 0).then_some(index);
        self.hidden = hidden;
        Ok(())
    }

    /// Returns the types of the catalog.
    pub fn types(&self) -> Vec<String> {
        let overlay = self.overlay.iter().flat_map(|index| &index.meta.types);
        let mut names: Vec<String> = self.base.meta.types.iter().chain(overlay).map(|t| t.name.clone()).collect();
        names.sort();
        names.dedup();
        names
    }

    /// Resolves a mention.
    pub fn resolve(&mut self, query: &Query<'_>) -> Result<Decision> {
        self.resolve_except(query, &[])
    }

    /// Resolves a mention that is known not to mean certain entities.
    pub fn resolve_except(&mut self, query: &Query<'_>, refused: &[EntityKey]) -> Result<Decision> {
        let mut scored = self.candidates(query)?;
        scored.retain(|candidate| !refused.contains(&candidate.entity));
        Ok(self.decide(scored))
    }

    /// Returns the candidates, best first, one a name and entity.
    pub(crate) fn candidates(&mut self, query: &Query<'_>) -> Result<Vec<Scored>> {
        let mut probe = Probe::new(query.text, Hint::all(query.hints), query.context);
        let mut scored = Vec::new();
        if probe.words.is_empty() {
            return Ok(scored);
        }
        gather(&self.base, query, &mut probe, &mut self.base_room, &self.hidden, self.explain, &mut scored)?;
        if let Some(overlay) = &self.overlay {
            let none = HashSet::new();
            gather(overlay, query, &mut probe, &mut self.overlay_room, &none, self.explain, &mut scored)?;
        }
        compare_rivals(&mut scored);
        for candidate in &mut scored {
            candidate.log_odds = score::pair(&candidate.vector);
        }
        scored.sort_by(|a, b| b.log_odds.total_cmp(&a.log_odds).then(a.entity.cmp(&b.entity)));
        Ok(scored)
    }

    fn decide(&self, scored: Vec<Scored>) -> Decision {
        let Some(best) = scored.first() else {
            return Decision::unknown();
        };
        let features = decision_features(&scored);
        let sure = score::probability(score::decision(&features));
        let threshold = self.strictness.threshold();
        let second = scored.get(1).map_or(0.0, |other| score::probability(other.log_odds));
        let outcome = if sure >= threshold {
            LinkOutcome::Linked
        } else if score::probability(best.log_odds) >= 0.1
            && second >= 0.1
            && second * 3.0 >= score::probability(best.log_odds)
        {
            LinkOutcome::Ambiguous
        } else {
            LinkOutcome::Unknown
        };
        let method = method_of(best);
        let linked = outcome == LinkOutcome::Linked;
        Decision {
            outcome,
            entity: linked.then_some(best.entity),
            score: sure,
            method: if linked { method } else { Method::None },
            candidates: scored.into_iter().take(LISTED).map(|s| self.candidate(s)).collect(),
        }
    }

    fn candidate(&self, scored: Scored) -> Candidate {
        let parts = if self.explain { super::explain::parts(&scored) } else { Vec::new() };
        Candidate { entity: scored.entity, score: score::probability(scored.log_odds), parts }
    }
}

/// How the link was found, from what the best candidate agrees in.
fn method_of(best: &Scored) -> Method {
    let at = |feature: Feature| best.vector[feature as usize];
    let alias = at(Feature::alias) > 0.0;
    if at(Feature::form) >= 3.0 {
        return if alias { Method::Alias } else { Method::Exact };
    }
    if at(Feature::initialism) > 0.0 || at(Feature::initials) > 0.0 {
        return Method::Initials;
    }
    if at(Feature::name_rest_max) > 1.0 && at(Feature::mention_rest) < 0.5 && at(Feature::hint_agree) > 0.0 {
        return Method::Hint;
    }
    Method::Fuzzy
}

/// Compares the mention with what the index finds; of each entity the best name goes on.
fn gather<P: Pages>(
    index: &Index<P>,
    query: &Query<'_>,
    probe: &mut Probe,
    room: &mut Tallies,
    hidden: &HashSet<EntityKey>,
    explain: bool,
    out: &mut Vec<Scored>,
) -> Result<()> {
    let scope = Scope::of(&index.meta, query.types);
    let mut found: Vec<Found> = Vec::new();
    retrieve::retrieve(index, &scope, probe, room, &mut found)?;
    let cards: Vec<NameCard<P::Page<'_>>> = found.iter().map(|f| index.name(f.name)).collect::<Result<_>>()?;
    let mut comparer = Comparer::new();
    let mut seen: Vec<(u32, usize)> = Vec::with_capacity(cards.len());
    for card in &cards {
        let known = seen.iter().find(|(entity, _)| *entity == card.entity).map(|(_, at)| *at);
        let entity = index.entity(card.entity)?;
        if hidden.contains(&entity.key) {
            continue;
        }
        let Some(facts) = index.meta.types.get(usize::from(entity.kind)) else {
            continue;
        };
        let mut evidence = Evidence::default();
        for hint in &probe.hints {
            evidence.add(hint.judge(&entity, facts, &mut room.meanings));
        }
        let vector = comparer.compare(probe, card, &evidence);
        let plain = score::plain(&vector);
        let words = if explain { super::explain::words(probe, &comparer) } else { Vec::new() };
        let scored = Scored { entity: entity.key, vector, plain, log_odds: 0.0, words };
        match known {
            Some(at) => {
                let support = out[at].vector[Feature::support as usize] + 1.0;
                if scored.plain > out[at].plain {
                    out[at] = scored;
                }
                out[at].vector[Feature::support as usize] = support;
            }
            None => {
                seen.push((card.entity, out.len()));
                out.push(scored);
            }
        }
    }
    Ok(())
}

/// Sets the features that tell how a candidate stands among the others.
fn compare_rivals(scored: &mut [Scored]) {
    scored.sort_by(|a, b| b.plain.total_cmp(&a.plain).then(a.entity.cmp(&b.entity)));
    let plains: Vec<f32> = scored.iter().map(|s| s.plain).collect();
    for (at, candidate) in scored.iter_mut().enumerate() {
        let rival = if at == 0 { plains.get(1) } else { plains.first() };
        let rival = rival.map_or(-8.0, |other| (other - candidate.plain).clamp(-8.0, 8.0));
        let namesakes = plains.iter().filter(|other| **other >= candidate.plain - 0.3).count() - 1;
        candidate.vector[Feature::rival as usize] = rival;
        candidate.vector[Feature::namesakes as usize] = namesakes.min(20) as f32;
        candidate.vector[Feature::place as usize] = at.min(20) as f32;
    }
}

/// What the decision forest sees, in the order of its names.
pub(crate) fn decision_features(scored: &[Scored]) -> [f32; score::DECISION_NAMES.len()] {
    let log_odds = |at: usize| scored.get(at).map_or(-9.0, |s| s.log_odds.clamp(-9.0, 9.0));
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

impl<P: Pages> Resolver<P> {
    /// Returns, for fitting and measuring, the features of every candidate pair, best first by the plain order, and
    /// those of the decision. Rows are the entity, then the features in the order of [`feature_names`].
    pub fn features(&mut self, query: &Query<'_>) -> Result<(Vec<(EntityKey, Vec<f32>)>, Vec<f32>)> {
        let scored = self.candidates(query)?;
        if scored.is_empty() {
            return Ok((Vec::new(), Vec::new()));
        }
        let decision = decision_features(&scored);
        Ok((scored.into_iter().map(|s| (s.entity, s.vector.to_vec())).collect(), decision.to_vec()))
    }
}

/// Returns the names of the features of a pair and of a decision.
pub fn feature_names() -> (&'static [&'static str], &'static [&'static str]) {
    (features::NAMES, &score::DECISION_NAMES)
}
