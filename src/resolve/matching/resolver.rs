//! The resolver: a query in, a resolution out, the same one for the same query and catalog everywhere.
//!
//! Two ways lead to a resolution. A mention all whose letters are a name's, and one entity's only, is that entity,
//! unless hints contradict: most mentions of real stories, decided from one list of the index. All others are compared
//! with the candidates that the index finds, scored against each other, and, where that does not suffice, once more
//! with what stands around the mention.

use std::collections::{BTreeSet, HashSet};
use std::rc::Rc;

use anyhow::{Result, ensure};

use crate::model::{EntityKey, LinkOutcome};
use crate::resolve::fast_map::Map;
use crate::resolve::index::{Blocks, Builder, Index, Resident};
use crate::resolve::matching::context::Context;
use crate::resolve::matching::context_names::{ContextName, NameKind};
use crate::resolve::matching::explain;
use crate::resolve::matching::features::Feature;
use crate::resolve::matching::hints::{Hint, Prepared};
use crate::resolve::matching::probe::Probe;
use crate::resolve::matching::rivals::{are_as_good, compare_rivals, decision_features, rank};
use crate::resolve::matching::score;
use crate::resolve::matching::scored::{FLOOR, HARDLY_STRICT, Scored};
use crate::resolve::matching::search::{Layer, SCORED, Search};
use crate::resolve::matching::trail::{NamesOfTrail, Trail};
use crate::resolve::names::exclusive;
use crate::resolve::names::mention_key::mention_key;
use crate::resolve::resolution::{Candidate, Described, Method, Query, Resolution, Strictness};

/// Candidates that a resolution lists.
pub(super) const LISTED: usize = 5;
/// Values of hints whose other names are remembered.
const NAMES_MAX: usize = 20_000;
/// Candidates whose plain scores differ by less can't be told apart.
pub(super) const ALIKE: f32 = 0.1;

/// Resolves mentions over an index that lies in memory or in the database, and the few entities changed since.
pub struct Resolver<P> {
    pub(super) base: Layer<P>,
    /// Entities changed since the base was built; they count instead of the base's.
    pub(super) overlay: Option<Layer<Resident>>,
    pub(super) hidden: HashSet<EntityKey>,
    pub(super) probe: Probe,
    /// By a hint's value: what else the catalog calls that.
    pub(super) names: Map<String, Vec<String>>,
    pub(super) prepared: Prepared,
    /// Context that the last query gave; the next may have the same.
    pub(super) context: Context,
    /// Trail of the last search, and whether it is that of the mention begun last.
    pub(super) trail: Trail,
    pub(super) is_compared: bool,
    /// Strictness of links.
    pub strictness: Strictness,
    /// True where candidates carry the parts of their scores.
    pub explain: bool,
}

impl<P: Blocks> Resolver<P> {
    /// Opens an index.
    pub fn new(blocks: P) -> Result<Resolver<P>> {
        Ok(Resolver {
            base: Layer::open(0, blocks)?,
            overlay: None,
            hidden: HashSet::new(),
            probe: Probe::default(),
            names: Map::default(),
            prepared: Prepared::default(),
            context: Context::default(),
            trail: Trail::default(),
            is_compared: false,
            strictness: Strictness::Default,
            explain: false,
        })
    }

    /// Lays the entities changed since over the index, weighed by it: `changed` is what counts now, `hidden` is no
    /// longer valid in the base.
    pub fn overlay(&mut self, changed: Builder, hidden: HashSet<EntityKey>) -> Result<()> {
        let layer = Layer::open(1, changed.resident_before(&self.base.index)?)?;
        self.overlay = (layer.index.meta.names > 0).then_some(layer);
        self.hidden = hidden;
        Ok(())
    }

    /// Returns the types of the catalog.
    pub fn types(&self) -> Vec<String> {
        let overlay = self.overlay.iter().flat_map(|layer| &layer.index.meta.types);
        let mut names: Vec<String> =
            self.base.index.meta.types.iter().chain(overlay).map(|stats| stats.name.clone()).collect();
        names.sort();
        names.dedup();
        names
    }

    /// Returns the names of the attributes that entities of some types have, of all types where none is named.
    pub fn attributes(&self, types: &[String]) -> BTreeSet<&str> {
        let overlay = self.overlay.iter().flat_map(|layer| &layer.index.meta.types);
        let known = self.base.index.meta.types.iter().chain(overlay);
        let wanted = known.filter(|stats| types.is_empty() || types.contains(&stats.name));
        wanted.flat_map(|stats| &stats.attributes).map(|attribute| attribute.name.as_str()).collect()
    }

    /// Returns whether it was told what else the catalog calls a hint's value.
    pub fn knows(&self, value: &str) -> bool {
        self.names.contains_key(value)
    }

    /// Tells what else the catalog calls that of which a hint's value is a name: `BUF` and `Buffalo Bills` for `Bills`.
    /// An attribute with one of these names agrees with the hint.
    pub fn learn(&mut self, value: &str, names: &[String]) {
        if self.names.len() >= NAMES_MAX {
            self.names.clear();
        }
        let words = names.iter().map(|name| mention_key(name)).filter(|words| !words.is_empty());
        self.names.insert(value.to_owned(), words.collect());
        self.prepared.forget(value);
    }

    /// Resolves a mention.
    pub fn resolve(&mut self, query: &Query<'_>) -> Result<Resolution> {
        self.resolve_except(query, &[])
    }

    /// Resolves a mention that is known not to mean certain entities.
    pub fn resolve_except(&mut self, query: &Query<'_>, refused: &[EntityKey]) -> Result<Resolution> {
        self.begin(query)?;
        if self.probe.name.tokens.is_empty() || is_ordinary(query.text) {
            return Ok(Resolution::unknown());
        }
        let hints = self.prepared_hints(query)?;
        let exact = if refused.is_empty() { self.exact(&hints)? } else { None };
        let linked = exact.as_ref().is_some_and(|resolution| resolution.outcome == LinkOutcome::Linked);
        let plain = match exact {
            Some(resolution) if !self.explain => resolution,
            Some(resolution) => {
                let scored = self.candidates(&hints, &Context::default(), refused)?;
                let compared = self.decide(&scored).candidates;
                Resolution { candidates: explain::exact(&resolution, compared), ..resolution }
            }
            None => {
                let scored = self.candidates(&hints, &Context::default(), refused)?;
                let decision = self.decide(&scored);
                let decision = if hints.is_empty() {
                    decision
                } else {
                    let trail = std::mem::take(&mut self.trail);
                    let decision = self.with_fewer_hints(&hints, &scored, refused, decision)?;
                    self.trail = trail;
                    decision
                };
                self.is_compared = true;
                decision
            }
        };
        let sure =
            linked || plain.outcome == LinkOutcome::Linked && matches!(plain.method, Method::Exact | Method::Alias);
        if query.context.is_empty() || sure {
            return Ok(plain);
        }
        if !self.context.is_of(query.context) {
            self.context = Context::new(query.context);
        }
        let context = self.context.clone();
        self.look_again(query, &context, refused, plain, &mut None)
    }

    /// Returns what resembles a name beside certain entities, best first: each with the probability that it would be
    /// meant if it were the only one. For finding what is there twice, where resemblances do not compete.
    pub fn alike(&mut self, query: &Query<'_>, except: &[EntityKey]) -> Result<Vec<Candidate>> {
        self.begin(query)?;
        if self.probe.name.tokens.is_empty() {
            return Ok(Vec::new());
        }
        let hints = self.prepared_hints(query)?;
        let scored = self.candidates(&hints, &Context::default(), except)?;
        let mut alike = Vec::with_capacity(scored.len());
        for mut candidate in scored {
            compare_rivals(std::slice::from_mut(&mut candidate));
            candidate.log_odds = score::pair(&candidate.vector).max(FLOOR);
            let sure = score::probability(score::decision(&decision_features(std::slice::from_ref(&candidate))));
            alike.push(Candidate { score: sure, ..self.candidate(&candidate) });
        }
        alike.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.place.cmp(&b.place)));
        Ok(alike)
    }

    /// Returns the name of a candidate.
    pub fn name(&self, candidate: &Candidate) -> Result<String> {
        let (layer, number) = candidate.place;
        match &self.overlay {
            Some(overlay) if layer == 1 => overlay.index.label(number, |_, name| name.to_owned()),
            _ => self.base.index.label(number, |_, name| name.to_owned()),
        }
    }

    /// Returns id, type and name of a candidate, from the index; an error where ids are left out of it.
    pub fn describe(&self, candidate: &Candidate) -> Result<Described> {
        let (layer, number) = candidate.place;
        match &self.overlay {
            Some(overlay) if layer == 1 => described(&overlay.index, number),
            _ => described(&self.base.index, number),
        }
    }

    /// Returns what a candidate is as context for the other mentions of its group, with so many of its other names.
    pub fn surroundings(&self, candidate: &Candidate, n_others: u32) -> Result<Surroundings> {
        let (layer, number) = candidate.place;
        match &self.overlay {
            Some(overlay) if layer == 1 => surroundings(&overlay.index, number, n_others),
            _ => surroundings(&self.base.index, number, n_others),
        }
    }

    /// Tells whether what a hint says of a type of the catalog changes with time, as a team does and a country does not:
    /// a contradiction of what does not makes two of a mention and an entity.
    pub fn tell_changes(&mut self, entity_type: &str, hint: &str, changes: bool) {
        self.prepared.tell_changes(entity_type, hint, changes);
    }

    /// Prepares the hints of a mention.
    pub(super) fn prepared_hints(&mut self, query: &Query<'_>) -> Result<Vec<Rc<Hint>>> {
        let Resolver { prepared, names, base, overlay, .. } = self;
        prepared.all(query.hints, names, |hint| {
            let mut known = hint.known_in(&base.index)?;
            if let Some(overlay) = overlay.as_ref() {
                known.extend(hint.known_in(&overlay.index)?);
            }
            Ok(known)
        })
    }

    pub(super) fn begin(&mut self, query: &Query<'_>) -> Result<()> {
        self.base.set_scope(query.types);
        if let Some(overlay) = &mut self.overlay {
            overlay.set_scope(query.types);
        }
        self.probe.begin(query.text);
        self.is_compared = false;
        self.respell(query.text)
    }

    /// Returns the candidates, best first, one an entity, as if those in `except` were not there.
    pub(super) fn candidates(
        &mut self,
        hints: &[Rc<Hint>],
        context: &Context,
        except: &[EntityKey],
    ) -> Result<Vec<Scored>> {
        self.probe.prepare(hints, context);
        let Resolver { base, overlay, hidden, probe, explain, trail, .. } = self;
        let search = Search { hidden, except, explain: *explain, most: SCORED };
        let mut scored = search.find(base, overlay.as_mut(), probe, trail)?;
        rank(&mut scored);
        Ok(scored)
    }

    /// Does the same along the trail of the same search without a context; `None` where that leads elsewhere.
    pub(super) fn candidates_along(
        &mut self,
        trail: &Trail,
        hints: &[Rc<Hint>],
        context: &Context,
        except: &[EntityKey],
    ) -> Result<Option<Vec<Scored>>> {
        self.probe.prepare(hints, context);
        let Resolver { base, overlay, hidden, probe, .. } = self;
        let search = Search { hidden, except, explain: false, most: SCORED };
        let mut scored = search.follow(base, overlay.as_mut(), probe, trail)?;
        scored.iter_mut().for_each(rank);
        Ok(scored)
    }

    /// Does the same with the names of such a trail, whose comparisons are not kept.
    pub(super) fn candidates_named(
        &mut self,
        names: &NamesOfTrail,
        hints: &[Rc<Hint>],
        context: &Context,
        except: &[EntityKey],
    ) -> Result<Option<Vec<Scored>>> {
        self.probe.prepare(hints, context);
        let Resolver { base, overlay, hidden, probe, trail, .. } = self;
        let search = Search { hidden, except, explain: false, most: SCORED };
        let mut scored = search.compare_named(base, overlay.as_mut(), probe, names, trail)?;
        scored.iter_mut().for_each(rank);
        Ok(scored)
    }

    pub(super) fn decide(&self, scored: &[Scored]) -> Resolution {
        let Some(best) = scored.first() else {
            return Resolution::unknown();
        };
        let sure = score::probability(score::decision(&decision_features(scored)));
        let first = score::probability(best.log_odds);
        let second = scored.get(1).map_or(0.0, |other| score::probability(other.log_odds));
        // Where nothing tells namesakes apart, which of them comes first says nothing.
        let n_tied = scored.iter().filter(|other| are_as_good(other, best)).count();
        let sure = if n_tied > 1 { sure.min(0.98 / n_tied as f64) } else { sure };
        let is_doubted = self.strict_doubt(best).is_some();
        let has_agreement = best.vector[Feature::hint_agree as usize] > 0.0;
        let threshold = match self.probe.small && !has_agreement {
            true => self.strictness.threshold_of_nouns(),
            false => self.strictness.threshold(),
        };
        let threshold = match self.strictness {
            Strictness::Default => best.threshold_of_guess().map_or(threshold, |guess| guess.max(threshold)),
            Strictness::Strict if best.is_hardly_strict() => threshold.max(HARDLY_STRICT),
            _ => threshold,
        };
        let outcome = if sure >= threshold && !is_doubted && n_tied == 1 {
            LinkOutcome::Linked
        } else if first >= 0.1 && (n_tied > 1 || second >= 0.1 && second * 3.0 >= first) {
            LinkOutcome::Ambiguous
        } else {
            LinkOutcome::Unknown
        };
        let method = best.method();
        let linked = outcome == LinkOutcome::Linked;
        Resolution {
            outcome,
            entity: linked.then_some(best.entity),
            score: sure,
            method: if linked { method } else { Method::None },
            candidates: self.listed(scored, sure),
        }
    }

    /// Returns the candidates that a resolution lists; the first is as sure as the resolution, and none is surer.
    fn listed(&self, scored: &[Scored], sure: f64) -> Vec<Candidate> {
        let mut listed: Vec<Candidate> = scored.iter().take(LISTED).map(|one| self.candidate(one)).collect();
        for (at, candidate) in listed.iter_mut().enumerate() {
            let is_as_good = at == 0 || are_as_good(&scored[at], &scored[0]);
            candidate.score = if is_as_good { sure } else { candidate.score.min(sure) };
        }
        listed
    }

    /// Returns what keeps a candidate from being linked where only sure links are wanted, however probable it is.
    fn strict_doubt(&self, scored: &Scored) -> Option<&'static str> {
        if self.strictness == Strictness::Strict { scored.doubt() } else { None }
    }

    fn candidate(&self, scored: &Scored) -> Candidate {
        let parts = match self.explain {
            true => explain::parts(scored, self.strict_doubt(scored)),
            false => Vec::new(),
        };
        Candidate { entity: scored.entity, score: score::probability(scored.log_odds), parts, place: scored.place }
    }
}

/// Returns whether a mention is an ordinary word written small: *who* is not the WHO.
fn is_ordinary(mention: &str) -> bool {
    exclusive::is_ordinary(mention.trim())
}

fn described<P: Blocks>(index: &Index<P>, number: u32) -> Result<Described> {
    let kind = index.entity(number)?.kind;
    let entity_type = index.meta.types.get(usize::from(kind)).map_or("", |stats| &stats.name).to_owned();
    let described =
        index.label(number, |id, name| Described { id: id.to_owned(), entity_type, name: name.to_owned() })?;
    ensure!(!described.id.is_empty(), "this index has no ids");
    Ok(described)
}

/// A value shared by more than one in eight of a type says nothing of what a story is about.
const TELLING_BITS: f32 = 3.0;

/// An entity as context for what stands beside it.
#[derive(Debug, Default)]
pub struct Surroundings {
    /// Its preferred name, then some of its others.
    pub names: Vec<ContextName>,
    /// Values of its attributes that tell what a story is about, their words in lower case.
    pub values: Vec<String>,
}

fn surroundings<P: Blocks>(index: &Index<P>, number: u32, n_others: u32) -> Result<Surroundings> {
    let mut around = Surroundings::default();
    let mut n_left = n_others;
    let card = index.entity(number)?;
    index.each_name_of((number, &card), |name| {
        let kind = if name.alias { NameKind::Other } else { NameKind::Named };
        n_left -= u32::from(name.alias);
        around.names.extend(ContextName::of_words(kind, name.spaced()));
        n_left > 0
    })?;
    if let Some(stats) = index.meta.types.get(usize::from(card.kind)) {
        let telling =
            |attribute: u16| stats.attributes.get(usize::from(attribute)).is_some_and(|a| a.bits >= TELLING_BITS);
        for (_, value) in card.values().filter(|(attribute, _)| telling(*attribute)) {
            let text = index.value(value, |value| value.text.to_owned())?;
            around.values.extend(Some(text).filter(|text| text.parse::<f64>().is_err()));
        }
    }
    Ok(around)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Attributes, Entity, EntityId};

    #[test]
    fn an_entity_is_context_by_its_names_and_telling_values() {
        let mut builder = Builder::new();
        let birds = ["Gulls", "Owls", "Kites", "Wrens", "Larks", "Terns", "Swans", "Crows"];
        let others = birds.map(|team| ("Ada Lund", vec![], team));
        let all = [
            ("Dana Quist", vec![], "Elmwood Rovers"),
            ("...", vec!["=", "Mona Hallworth"], "Harbor City Herons"),
            ("Ines Marin", vec!["Ines M. Marin", "Marin, Ines", "St. Ines"], "Northport Gulls"),
            ("Jo Reyes", vec![], "1999"),
        ];
        for (key, (name, aliases, team)) in (1..).zip(all.into_iter().chain(others)) {
            let entity = Entity {
                id: EntityId::new(format!("e{key}")),
                entity_type: "person".into(),
                name: name.into(),
                aliases: aliases.into_iter().map(str::to_owned).collect(),
                attributes: [("team".to_owned(), team.into())].into(),
            };
            builder.add(EntityKey(key), &entity);
        }
        let mut resolver = Resolver::new(builder.resident().expect("packs")).expect("opens");
        let mut around = |text: &str, n_others: u32| {
            let query = Query { text, types: &[], hints: &Attributes::new(), context: "" };
            let found = resolver.resolve(&query).expect("resolves");
            let found = resolver.surroundings(&found.candidates[0], n_others).expect("reads");
            let names: Vec<String> =
                found.names.iter().map(|name| format!("{:?} {}", name.kind(), name.words())).collect();
            format!("{}; {}", names.join(", "), found.values.join(", "))
        };
        assert_eq!(around("Dana Quist", 12), "Named dana quist; elmwood rovers");
        assert_eq!(around("Mona Hallworth", 12), "Other ; harbor city herons", "its other names count as wholes");
        assert_eq!(around("Ines Marin", 12), "Named ines marin, Other , Other , Other ; northport gulls");
        assert_eq!(around("Ines Marin", 2), "Named ines marin, Other , Other ; northport gulls");
        assert_eq!(around("Jo Reyes", 12), "Named jo reyes; ", "a number tells nothing");
    }
}
