//! The resolver: a query in, a decision out. The same query over the same catalog gives the same decision everywhere.
//!
//! Two ways lead to a decision. A mention all whose letters are a name's, and one entity's only, is that entity, unless
//! hints contradict: most mentions of real stories, decided from one list of the index. All others are compared with the
//! candidates that the index finds, scored against each other, and, where that does not suffice, once more with what
//! stands around the mention.

use std::collections::HashSet;
use std::rc::Rc;

use anyhow::Result;

use super::features::{self, Comparer, Feature, Vector};
use super::hash::Map;
use super::hints::{Context, Evidence, Hint, Prepared, Verdict};
use super::index::{Index, KeyKind, NameCard, Pages, Resident, key};
use super::probe::Probe;
use super::retrieve::{self, Found, Reach, Scope, Tallies};
use super::score;
use super::words::Role;
use super::{Candidate, Decision, Described, Method, Query, Strictness};
use crate::model::{EntityKey, LinkOutcome};

/// Candidates that a decision lists.
const LISTED: usize = 5;
/// Names that are compared in any case, best tally first.
const FIRST: usize = 8;
/// After these, only names whose tally is this share of the best one's.
const GO_ON: f32 = 0.5;
/// A mention so far explained by words that are certain is not widened.
const EXPLAINED: f32 = 0.9;
/// Words of a mention that are widened to words that share letters or sound.
const WIDENED_WORDS: u32 = 4;
/// Candidates that the forest scores; the plain order puts the right one among the first four in 99 of 100 cases.
const SCORED: usize = 10;
/// Candidates whose plain score is this far behind the best are not scored by the forest.
const HOPELESS: f32 = 5.0;
/// Values of hints whose other names are remembered.
const NAMES_MAX: usize = 20_000;
/// Plain score of the rival that is always there: in a small catalog the only candidate is not the right one for that.
const NOBODY: f32 = -3.0;
/// Log-odds of a candidate that was not scored.
const FLOOR: f32 = -9.0;
/// Entities with exactly this name that are looked at; a name of more is ambiguous without looking.
const NAMESAKES: u32 = 64;
/// Candidates whose plain scores differ by less can't be told apart.
const ALIKE: f32 = 0.1;
/// Probability of an exact, unambiguous name; measured on labelled mentions, where 1 to 3 % of the labels are wrong.
const EXACT: f64 = 0.985;

/// Resolves mentions over an index that lies in memory or in the database, and the few entities changed since.
pub struct Resolver<P> {
    base: Layer<P>,
    /// Entities changed since the base was built; they count instead of the base's.
    overlay: Option<Layer<Resident>>,
    hidden: HashSet<EntityKey>,
    probe: Probe,
    /// By a hint's value: what else the catalog calls that.
    names: Map<String, Vec<String>>,
    prepared: Prepared,
    /// What stood around the last mention; the next of its group has the same.
    context: Context,
    /// How sure a link must be.
    pub strictness: Strictness,
    /// Whether candidates carry the parts of their scores.
    pub explain: bool,
}

/// An index, and the room to ask it.
struct Layer<P> {
    index: Index<P>,
    room: Tallies,
    /// The types last asked for, and what they mean here.
    scope: Option<(Vec<String>, Scope)>,
    found: Vec<Found>,
}

/// A candidate name with its features.
pub(crate) struct Scored {
    pub(crate) entity: EntityKey,
    /// Which of the entity's names was compared.
    name: u32,
    /// Words of the mention that are surely in the name, a bit a word.
    certain: u32,
    /// Which layer, and which entity there.
    place: (u8, u32),
    pub(crate) vector: Vector,
    pub(crate) plain: f32,
    pub(crate) log_odds: f32,
    pub(crate) words: Vec<String>,
    /// Bits by which what stands around the mention agrees; they are among those of the hints.
    pub(crate) context: f32,
}

impl<P: Pages> Layer<P> {
    fn open(pages: P) -> Result<Layer<P>> {
        Ok(Layer { index: Index::open(pages)?, room: Tallies::default(), scope: None, found: Vec::new() })
    }

    fn set_scope(&mut self, types: &[String]) {
        if self.scope.as_ref().is_none_or(|(known, _)| known != types) {
            self.scope = Some((types.to_vec(), Scope::of(&self.index.meta, types)));
        }
    }
}

impl<P: Pages> Resolver<P> {
    /// Opens an index.
    pub fn new(pages: P) -> Result<Resolver<P>> {
        Ok(Resolver {
            base: Layer::open(pages)?,
            overlay: None,
            hidden: HashSet::new(),
            probe: Probe::default(),
            names: Map::default(),
            prepared: Prepared::default(),
            context: Context::default(),
            strictness: Strictness::Default,
            explain: false,
        })
    }

    /// Lays the entities changed since over the index: `changed` packed anew, `hidden` no longer valid in the base.
    pub fn overlay(&mut self, changed: Resident, hidden: HashSet<EntityKey>) -> Result<()> {
        let layer = Layer::open(changed)?;
        self.overlay = (layer.index.meta.names > 0).then_some(layer);
        self.hidden = hidden;
        Ok(())
    }

    /// Returns the types of the catalog.
    pub fn types(&self) -> Vec<String> {
        let overlay = self.overlay.iter().flat_map(|layer| &layer.index.meta.types);
        let mut names: Vec<String> =
            self.base.index.meta.types.iter().chain(overlay).map(|facts| facts.name.clone()).collect();
        names.sort();
        names.dedup();
        names
    }

    /// Returns whether it was told what else the catalog calls a hint's value.
    pub fn knows(&self, value: &str) -> bool {
        self.names.contains_key(value)
    }

    /// Tells what else the catalog calls that of which a hint's value is a name: `BUF` and `Buffalo Bills` for `Bills`. An
    /// attribute with one of these names agrees with the hint.
    pub fn learn(&mut self, value: &str, names: &[String]) {
        if self.names.len() >= NAMES_MAX {
            self.names.clear();
        }
        let words = names.iter().map(|name| super::mention_key(name)).filter(|words| !words.is_empty());
        self.names.insert(value.to_owned(), words.collect());
        self.prepared.forget(value);
    }

    /// Resolves a mention.
    pub fn resolve(&mut self, query: &Query<'_>) -> Result<Decision> {
        self.resolve_except(query, &[])
    }

    /// Resolves a mention that is known not to mean certain entities.
    pub fn resolve_except(&mut self, query: &Query<'_>, refused: &[EntityKey]) -> Result<Decision> {
        self.begin(query);
        if self.probe.name.tokens.is_empty() {
            return Ok(Decision::unknown());
        }
        let hints = self.prepared.all(query.hints, &self.names);
        let exact = if refused.is_empty() { self.exact(&hints)? } else { None };
        let linked = exact.as_ref().is_some_and(|decision| decision.outcome == LinkOutcome::Linked);
        let plain = match exact {
            Some(decision) if !self.explain => decision,
            Some(decision) => {
                let scored = self.candidates(&hints, &Context::default(), refused)?;
                Decision { candidates: self.decide(&scored).candidates, ..decision }
            }
            None => {
                let scored = self.candidates(&hints, &Context::default(), refused)?;
                self.decide(&scored)
            }
        };
        let sure =
            linked || plain.outcome == LinkOutcome::Linked && matches!(plain.method, Method::Exact | Method::Alias);
        if query.context.is_empty() || sure {
            return Ok(plain);
        }
        self.look_again(query, refused, plain)
    }

    /// Decides once more about a mention of which `plain` was decided by itself, with what stands around it. It takes
    /// nothing away: what the context does not link stays as it was.
    pub fn look_again(&mut self, query: &Query<'_>, refused: &[EntityKey], plain: Decision) -> Result<Decision> {
        if !self.context.is_of(query.context) {
            self.context = Context::new(query.context);
        }
        let context = self.context.clone();
        self.begin(query);
        if context.is_empty() || self.probe.name.tokens.is_empty() {
            return Ok(plain);
        }
        let hints = self.prepared.all(query.hints, &self.names);
        let scored = self.candidates(&hints, &context, refused)?;
        // What stands around a mention can tell who is meant; where it says nothing of the best, nothing changes.
        if scored.first().is_none_or(|best| best.context == 0.0) {
            return Ok(plain);
        }
        // Both teams of a game are named, and both have one of the name: that tells nothing either.
        if let [best, second, ..] = &scored[..]
            && second.context >= best.context
            && (best.plain - second.plain).abs() < ALIKE
        {
            return Ok(plain);
        }
        let mut informed = self.decide(&scored);
        if informed.outcome != LinkOutcome::Linked {
            return Ok(plain);
        }
        if informed.entity != plain.entity {
            informed.method = Method::Context;
        }
        Ok(informed)
    }

    /// Returns what resembles a name beside certain entities, best first: each with the probability that it would be
    /// meant if it were the only one. For finding what is there twice, where resemblances do not compete.
    pub fn alike(&mut self, query: &Query<'_>, except: &[EntityKey]) -> Result<Vec<Candidate>> {
        self.begin(query);
        if self.probe.name.tokens.is_empty() {
            return Ok(Vec::new());
        }
        let hints = self.prepared.all(query.hints, &self.names);
        let scored = self.candidates(&hints, &Context::default(), except)?;
        let mut alike = Vec::with_capacity(scored.len());
        for mut candidate in scored {
            compare_rivals(std::slice::from_mut(&mut candidate));
            candidate.log_odds = score::pair(&candidate.vector).max(FLOOR);
            let sure = score::probability(score::decision(&decision_features(std::slice::from_ref(&candidate))));
            alike.push(Candidate { score: sure, ..self.candidate(&candidate) });
        }
        alike.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.entity.cmp(&b.entity)));
        Ok(alike)
    }

    /// Returns id, type and name of a candidate, from the index.
    pub fn describe(&self, candidate: &Candidate) -> Result<Described> {
        let (layer, number) = candidate.place;
        match &self.overlay {
            Some(overlay) if layer == 1 => described(&overlay.index, number),
            _ => described(&self.base.index, number),
        }
    }

    /// Returns the name and the telling attribute values of a candidate: context for the other mentions of its group.
    pub fn surroundings(&self, candidate: &Candidate) -> Result<Vec<String>> {
        let (layer, number) = candidate.place;
        match &self.overlay {
            Some(overlay) if layer == 1 => surroundings(&overlay.index, number),
            _ => surroundings(&self.base.index, number),
        }
    }

    fn begin(&mut self, query: &Query<'_>) {
        self.base.set_scope(query.types);
        if let Some(overlay) = &mut self.overlay {
            overlay.set_scope(query.types);
        }
        self.probe.begin(query.text);
    }

    /// Decides by all letters of the name: one entity is meant, or several are and nothing tells them apart.
    fn exact(&mut self, hints: &[Rc<Hint>]) -> Result<Option<Decision>> {
        let mut bearers = Vec::new();
        exact_bearers(&mut self.base, 0, &self.probe, &self.hidden, hints, &mut bearers)?;
        if let Some(overlay) = &mut self.overlay {
            exact_bearers(overlay, 1, &self.probe, &HashSet::new(), hints, &mut bearers)?;
        }
        let candidate = |bearer: &Bearer, score: f64| Candidate {
            entity: bearer.entity,
            score,
            parts: Vec::new(),
            place: bearer.place,
        };
        match bearers.as_slice() {
            [one] if !one.against => Ok(Some(Decision {
                outcome: LinkOutcome::Linked,
                entity: Some(one.entity),
                score: EXACT,
                method: if one.alias { Method::Alias } else { Method::Exact },
                candidates: vec![candidate(one, EXACT)],
            })),
            [_, _, ..] if hints.is_empty() => {
                let score = EXACT / bearers.len() as f64;
                Ok(Some(Decision {
                    outcome: LinkOutcome::Ambiguous,
                    entity: None,
                    score,
                    method: Method::None,
                    candidates: bearers.iter().take(LISTED).map(|bearer| candidate(bearer, score)).collect(),
                }))
            }
            _ => Ok(None),
        }
    }

    /// Returns the candidates, best first, one an entity, as if those in `except` were not there.
    fn candidates(&mut self, hints: &[Rc<Hint>], context: &Context, except: &[EntityKey]) -> Result<Vec<Scored>> {
        self.probe.prepare(hints, context);
        let mut scored = Vec::new();
        let Resolver { base, overlay, hidden, probe, explain, .. } = self;
        let mut search = Search { number: 0, hidden: Some(hidden), except, explain: *explain, most: SCORED };
        gather(base, probe, &search, &mut scored)?;
        if let Some(overlay) = overlay {
            (search.number, search.hidden) = (1, None);
            gather(overlay, probe, &search, &mut scored)?;
        }
        compare_rivals(&mut scored);
        let best = scored.first().map_or(0.0, |s| s.plain);
        scored.truncate(SCORED);
        for candidate in &mut scored {
            candidate.log_odds =
                if candidate.plain < best - HOPELESS { FLOOR } else { score::pair(&candidate.vector).max(FLOOR) };
        }
        scored.sort_by(|a, b| {
            b.log_odds.total_cmp(&a.log_odds).then(b.plain.total_cmp(&a.plain)).then(a.entity.cmp(&b.entity))
        });
        Ok(scored)
    }

    fn decide(&self, scored: &[Scored]) -> Decision {
        let Some(best) = scored.first() else {
            return Decision::unknown();
        };
        let sure = score::probability(score::decision(&decision_features(scored)));
        let first = score::probability(best.log_odds);
        let second = scored.get(1).map_or(0.0, |other| score::probability(other.log_odds));
        let outcome = if sure >= self.strictness.threshold() {
            LinkOutcome::Linked
        } else if first >= 0.1 && second >= 0.1 && second * 3.0 >= first {
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
            candidates: scored.iter().take(LISTED).map(|s| self.candidate(s)).collect(),
        }
    }

    fn candidate(&self, scored: &Scored) -> Candidate {
        let parts = if self.explain { super::explain::parts(scored) } else { Vec::new() };
        Candidate { entity: scored.entity, score: score::probability(scored.log_odds), parts, place: scored.place }
    }
}

fn described<P: Pages>(index: &Index<P>, number: u32) -> Result<Described> {
    let kind = index.entity(number)?.kind;
    let entity_type = index.meta.types.get(usize::from(kind)).map_or("", |facts| &facts.name).to_owned();
    index.label(number, |id, name| Described { id: id.to_owned(), entity_type, name: name.to_owned() })
}

/// A value shared by more than one in eight of a type says nothing of what a story is about.
const TELLING_BITS: f32 = 3.0;

fn surroundings<P: Pages>(index: &Index<P>, number: u32) -> Result<Vec<String>> {
    let card = index.entity(number)?;
    let mut around = vec![index.label(number, |_, name| name.to_owned())?];
    if let Some(facts) = index.meta.types.get(usize::from(card.kind)) {
        let telling =
            |attribute: u16| facts.attributes.get(usize::from(attribute)).is_some_and(|a| a.bits >= TELLING_BITS);
        for (_, value) in card.values().filter(|(attribute, _)| telling(*attribute)) {
            around.extend(
                index.value(value, |value| Some(value.text.to_owned()).filter(|text| text.parse::<f64>().is_err()))?,
            );
        }
    }
    Ok(around)
}

/// An entity that bears exactly the mention's name.
struct Bearer {
    entity: EntityKey,
    place: (u8, u32),
    alias: bool,
    /// A hint contradicts.
    against: bool,
}

fn exact_bearers<P: Pages>(
    layer: &mut Layer<P>,
    number: u8,
    probe: &Probe,
    hidden: &HashSet<EntityKey>,
    hints: &[Rc<Hint>],
    out: &mut Vec<Bearer>,
) -> Result<()> {
    let Some((_, scope)) = &layer.scope else {
        return Ok(());
    };
    let list = layer.index.list(key(KeyKind::Form, probe.full.as_bytes(), &[]))?;
    if list.len() > NAMESAKES {
        return Ok(());
    }
    let mut names = Vec::new();
    list.each(|name| {
        if scope.has(name) {
            names.push(name);
        }
    });
    for name in names {
        let card = layer.index.name(name)?;
        let mut rest = Some(probe.full.as_bytes());
        card.tokens(|token| rest = rest.and_then(|rest| rest.strip_prefix(token.text)));
        if !rest.is_some_and(<[u8]>::is_empty) {
            continue;
        }
        if let Some(known) = out.iter_mut().find(|bearer| bearer.place == (number, card.entity)) {
            known.alias &= card.alias;
            continue;
        }
        let entity = layer.index.entity(card.entity)?;
        if hidden.contains(&entity.key) {
            continue;
        }
        let facts = layer.index.meta.types.get(usize::from(entity.kind));
        let mut against = false;
        if let Some(facts) = facts {
            for hint in hints {
                let verdict = hint.judge(&layer.index, &entity, facts, &mut layer.room.meanings)?;
                against |= matches!(verdict, Verdict::Against(_));
            }
        }
        out.push(Bearer { entity: entity.key, place: (number, card.entity), alias: card.alias, against });
    }
    Ok(())
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

/// Compares the mention with what the index finds, and looks further where that does not explain it; of each entity the
/// best name goes on.
fn gather<P: Pages>(layer: &mut Layer<P>, probe: &mut Probe, search: &Search<'_>, out: &mut Vec<Scored>) -> Result<()> {
    let Layer { index, room, scope: Some((_, scope)), found } = layer else {
        return Ok(());
    };
    let index = &*index;
    let from = out.len();
    // What is not to be found must not keep the rest from being looked for.
    room.is_thorough = !search.except.is_empty();
    retrieve::retrieve(index, scope, probe, room, found)?;
    search.compare(index, probe, room, found, from, out)?;
    for reach in [Reach::Near, Reach::Far] {
        let open = open_words(probe, &out[from..], if reach == Reach::Far { room.close } else { 0 });
        if open == 0 {
            break;
        }
        if retrieve::widen(index, scope, probe, room, (open, reach), found)? {
            search.compare(index, probe, room, found, from, out)?;
        }
    }
    // Only the best need the rest of their features.
    out[from..].sort_by(|a, b| b.plain.total_cmp(&a.plain).then(a.entity.cmp(&b.entity)));
    out.truncate(from.saturating_add(search.most));
    let best = out.get(from).map_or(0.0, |best| best.plain);
    let hopeful = out[from..].partition_point(|s| s.plain >= best - HOPELESS - score::SOUND_WORTH);
    out.truncate(from + hopeful);
    let cards: Vec<NameCard<P::Page<'_>>> = out[from..].iter().map(|s| index.name(s.name)).collect::<Result<_>>()?;
    let mut comparer = Comparer::new();
    for (scored, card) in out[from..].iter_mut().zip(&cards) {
        comparer.finish(probe, card, &mut scored.vector);
        scored.plain = score::plain(&scored.vector);
    }
    Ok(())
}

/// Returns the words of the mention, a bit a word, that nothing found so far explains; none if some name explains nearly
/// all with certainty. Words in `close` have found a word close enough.
fn open_words(probe: &Probe, scored: &[Scored], close: u32) -> u32 {
    let plain = |at: &usize| probe.words[*at].token.role != Role::Initials;
    let own: f32 = (0..probe.words.len()).filter(plain).map(|at| probe.weight(at)).sum();
    let certain = |candidate: &Scored| -> f32 {
        (0..probe.words.len())
            .filter(|at| plain(at) && candidate.certain & 1 << at != 0)
            .map(|at| probe.weight(at))
            .sum()
    };
    if own == 0.0 || scored.iter().any(|candidate| certain(candidate) >= EXPLAINED * own) {
        return 0;
    }
    let best = scored.iter().max_by(|a, b| a.plain.total_cmp(&b.plain).then(b.entity.cmp(&a.entity)));
    let done = best.map_or(0, |best| best.certain) | close;
    let is_open = |at: &usize| probe.words[*at].token.role == Role::Word && done & 1 << at == 0;
    let rarest = (0..probe.words.len()).filter(is_open).map(|at| probe.words[at].rarity).fold(0.0, f32::max);
    let mut open: Vec<usize> =
        (0..probe.words.len()).filter(|at| is_open(at) && probe.words[*at].rarity >= 0.5 * rarest).collect();
    open.sort_by(|a, b| probe.words[*b].rarity.total_cmp(&probe.words[*a].rarity).then(a.cmp(b)));
    open.iter().take(WIDENED_WORDS as usize).fold(0, |bits, at| bits | 1 << at)
}

/// What is looked for in one index.
struct Search<'s> {
    /// Which layer it is.
    number: u8,
    /// Entities of which another layer knows better.
    hidden: Option<&'s HashSet<EntityKey>>,
    /// Entities that are not to be found.
    except: &'s [EntityKey],
    explain: bool,
    /// Candidates that go on.
    most: usize,
}

impl Search<'_> {
    /// Compares the mention with names, best tally first; the candidates of this index stand from `from` on.
    fn compare<P: Pages>(
        &self,
        index: &Index<P>,
        probe: &Probe,
        room: &mut Tallies,
        found: &[Found],
        from: usize,
        out: &mut Vec<Scored>,
    ) -> Result<()> {
        let least = found.first().map_or(0.0, |best| GO_ON * best.tally);
        let n = found.iter().enumerate().take_while(|(at, found)| *at < FIRST || found.tally >= least).count();
        let cards: Vec<NameCard<P::Page<'_>>> = found[..n].iter().map(|f| index.name(f.name)).collect::<Result<_>>()?;
        let mut own = String::new();
        if !probe.context.is_empty() {
            super::keys::spaced(&probe.name, &mut own);
        }
        let mut comparer = Comparer::new();
        for (found, card) in found.iter().zip(&cards) {
            let known = out[from..].iter().position(|scored| scored.place.1 == card.entity);
            let entity = index.entity(card.entity)?;
            if self.hidden.is_some_and(|hidden| hidden.contains(&entity.key)) || self.except.contains(&entity.key) {
                continue;
            }
            let Some(facts) = index.meta.types.get(usize::from(entity.kind)) else {
                continue;
            };
            let mut evidence = Evidence::default();
            for hint in &probe.hints {
                evidence.add(hint.judge(index, &entity, facts, &mut room.meanings)?);
            }
            let context = if probe.context.is_empty() {
                0.0
            } else {
                probe.context.agree(&own, &probe.hints, (index, card.entity), &entity, facts)?
            };
            evidence.agree += context;
            let vector = comparer.compare(probe, card, &evidence);
            let plain = score::plain(&vector);
            let words = if self.explain { super::explain::words(probe, &comparer) } else { Vec::new() };
            let scored = Scored {
                entity: entity.key,
                name: found.name,
                certain: comparer.certain(),
                place: (self.number, card.entity),
                vector,
                plain,
                log_odds: FLOOR,
                words,
                context,
            };
            match known {
                Some(at) => {
                    let at = from + at;
                    let support = out[at].vector[Feature::support as usize] + 1.0;
                    if scored.plain > out[at].plain {
                        out[at] = scored;
                    }
                    out[at].vector[Feature::support as usize] = support;
                }
                None => out.push(scored),
            }
        }
        Ok(())
    }
}

/// Sets the features that tell how a candidate stands among the others.
fn compare_rivals(scored: &mut [Scored]) {
    scored.sort_by(|a, b| b.plain.total_cmp(&a.plain).then(a.entity.cmp(&b.entity)));
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

/// What the decision forest sees, in the order of its names.
fn decision_features(scored: &[Scored]) -> [f32; score::DECISION_NAMES.len()] {
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

impl<P: Pages> Resolver<P> {
    /// Returns, for fitting and measuring, the features of every candidate that the forest scores, best first, in the order
    /// of [`feature_names`]. An entity to `hide` is taken for absent from the catalog.
    pub fn features(&mut self, query: &Query<'_>, hide: Option<EntityKey>) -> Result<Vec<(EntityKey, Vec<f32>)>> {
        self.begin(query);
        if self.probe.name.tokens.is_empty() {
            return Ok(Vec::new());
        }
        let hints = self.prepared.all(query.hints, &self.names);
        let mut scored = self.candidates(&hints, &Context::default(), hide.as_slice())?;
        let best = scored.iter().map(|s| s.plain).fold(f32::MIN, f32::max);
        scored.retain(|s| s.plain >= best - HOPELESS);
        Ok(scored.into_iter().map(|s| (s.entity, s.vector.to_vec())).collect())
    }
}

impl<P: Pages> Resolver<P> {
    /// Returns, for measuring, the entities that were compared with a mention, most alike first: what the index found
    /// before anything was decided.
    pub fn retrieved(&mut self, query: &Query<'_>) -> Result<Vec<EntityKey>> {
        self.begin(query);
        if self.probe.name.tokens.is_empty() {
            return Ok(Vec::new());
        }
        let hints = self.prepared.all(query.hints, &self.names);
        self.probe.prepare(&hints, &Context::default());
        let mut scored = Vec::new();
        let search = Search { number: 0, hidden: Some(&self.hidden), except: &[], explain: false, most: usize::MAX };
        gather(&mut self.base, &mut self.probe, &search, &mut scored)?;
        Ok(scored.into_iter().map(|candidate| candidate.entity).collect())
    }
}

/// Returns the names of the features of a pair and of a decision.
pub fn feature_names() -> (&'static [&'static str], &'static [&'static str]) {
    (features::NAMES, &score::DECISION_NAMES)
}
