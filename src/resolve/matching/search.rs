//! The candidates of a mention: found, compared, and looked for further where they do not explain it. An index and what
//! was changed since are two layers, searched as one: which names go on is decided over both.

use std::collections::HashSet;
use std::rc::Rc;

use anyhow::Result;

use crate::model::EntityKey;
use crate::resolve::index::{Blocks, Index, NameCard, Resident};
use crate::resolve::matching::explain;
use crate::resolve::matching::features::{Comparer, Feature, Vector};
use crate::resolve::matching::hints::{Evidence, Hint};
use crate::resolve::matching::probe::Probe;
use crate::resolve::matching::retrieve;
use crate::resolve::matching::score;
use crate::resolve::matching::tallies::{self, Hit, Scope, Tallies};
use crate::resolve::matching::widen::Reach;
use crate::resolve::names::token::spaced;
use crate::resolve::names::words::Role;

/// Names that are compared in any case, best tally first.
const FIRST: usize = 8;
/// A mention so far explained by words that are certain is not widened.
const EXPLAINED: f32 = 0.9;
/// Words of a mention that are widened at a time, the rarest.
const WIDENED_WORDS: usize = 4;
/// Candidates that the forest scores; the plain order puts the right one among the first four in 99 of 100 cases.
pub(crate) const SCORED: usize = 10;
/// Candidates whose plain score is this far behind the best are not scored by the forest.
pub(crate) const HOPELESS: f32 = 5.0;
/// Log-odds of a candidate that was not scored.
pub(crate) const FLOOR: f32 = -9.0;

/// An index, and the room to ask it.
pub(crate) struct Layer<P> {
    /// Which layer it is.
    number: u8,
    pub(crate) index: Index<P>,
    pub(crate) room: Tallies,
    /// The types last asked for, and what they mean here.
    scope: Option<(Vec<String>, Scope)>,
    found: Vec<Hit>,
}

/// A candidate name with its features.
#[derive(Clone)]
pub(crate) struct Scored {
    pub(crate) entity: EntityKey,
    /// Which of the entity's names was compared.
    name: u32,
    /// Words of the mention that are surely in the name, a bit a word.
    certain: u32,
    pub(crate) place: Place,
    /// Of two that are as good the lesser comes first.
    pub(crate) order: u32,
    pub(crate) vector: Vector,
    pub(crate) plain: f32,
    pub(crate) log_odds: f32,
    pub(crate) words: Vec<String>,
    /// The rule that tells it from what is meant.
    pub(crate) rule: Option<&'static str>,
    /// Bits by which what stands around the mention agrees; they are among those of the hints.
    pub(crate) context: f32,
}

/// Search words.
pub(crate) struct Search<'s> {
    /// Entities of the index of which the layer of changes knows better.
    pub(crate) hidden: &'s HashSet<EntityKey>,
    /// Entities that are not to be found.
    pub(crate) except: &'s [EntityKey],
    /// True where the pairing of words is told.
    pub(crate) explain: bool,
    /// Candidates that go on.
    pub(crate) most: usize,
}

/// Entity of a layer: which layer, and which entity there.
pub(crate) type Place = (u8, u32);

/// Values of what a mention was compared with, whatever came of it: the layer and the value, each once.
#[derive(Clone, Debug)]
pub struct Compared(pub(super) Box<[(u8, u32)]>);

impl Compared {
    /// Returns how many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

impl Search<'_> {
    /// Returns the candidates of a prepared mention, best plain score first, one an entity: of each its best name.
    /// `compared` is set to all that were compared on the way.
    pub(crate) fn find<P: Blocks>(
        &self,
        base: &mut Layer<P>,
        mut changes: Option<&mut Layer<Resident>>,
        probe: &mut Probe,
        compared: &mut Vec<Place>,
    ) -> Result<Vec<Scored>> {
        let mut out = Vec::with_capacity(FIRST);
        base.retrieve(self, probe)?;
        if let Some(changes) = &mut changes {
            changes.retrieve(self, probe)?;
        }
        self.compare_all(base, changes.as_deref_mut(), probe, &mut out)?;
        for reach in [Reach::Near, Reach::Far] {
            let close = base.room.close | changes.as_ref().map_or(0, |changes| changes.room.close);
            let open = open_words(probe, &out, if reach == Reach::Far { close } else { 0 });
            if open == 0 {
                break;
            }
            base.widen(self, probe, (open, reach))?;
            if let Some(changes) = &mut changes {
                changes.widen(self, probe, (open, reach))?;
            }
            self.compare_all(base, changes.as_deref_mut(), probe, &mut out)?;
        }
        compared.clear();
        compared.extend(out.iter().map(|scored| scored.place));
        // Only the best need the rest of their features.
        out.sort_by(|a, b| b.plain.total_cmp(&a.plain).then(a.order.cmp(&b.order)));
        out.truncate(self.most);
        let best = out.first().map_or(0.0, |best| best.plain);
        out.truncate(out.partition_point(|s| s.plain >= hopeless_below(best)));
        base.finish(probe, &mut out)?;
        if let Some(changes) = changes {
            changes.finish(probe, &mut out)?;
        }
        Ok(out)
    }

    fn compare_all<P: Blocks>(
        &self,
        base: &mut Layer<P>,
        changes: Option<&mut Layer<Resident>>,
        probe: &Probe,
        out: &mut Vec<Scored>,
    ) -> Result<()> {
        match changes {
            Some(changes) => {
                cut(&mut base.found, &mut changes.found);
                base.compare(self, probe, out)?;
                changes.compare(self, probe, out)
            }
            None => {
                cut(&mut base.found, &mut Vec::new());
                base.compare(self, probe, out)
            }
        }
    }
}

/// Leaves of what two layers found the names worth comparing, as if one had found them all. Both are in order.
fn cut(a: &mut Vec<Hit>, b: &mut Vec<Hit>) {
    let tally = |list: &[Hit], at: usize| list.get(at).map_or(f32::MIN, |found| found.tally);
    let best = tally(a, 0).max(tally(b, 0));
    let (mut n_a, mut n_b) = (0, 0);
    while n_a + n_b < tallies::KEPT && (n_a < a.len() || n_b < b.len()) {
        let next = tally(a, n_a).max(tally(b, n_b));
        if next < tallies::KEPT_SHARE * best || n_a + n_b >= FIRST && next < tallies::COMPARED_SHARE * best {
            break;
        }
        if tally(a, n_a) >= next {
            n_a += 1;
        } else {
            n_b += 1;
        }
    }
    a.truncate(n_a);
    b.truncate(n_b);
}

impl<P: Blocks> Layer<P> {
    /// Opens an index as a layer: 0 is the catalog's, 1 what was changed since.
    pub(crate) fn open(number: u8, blocks: P) -> Result<Layer<P>> {
        Ok(Layer { number, index: Index::open(blocks)?, room: Tallies::default(), scope: None, found: Vec::new() })
    }

    /// Takes note of the types that are asked for.
    pub(crate) fn set_scope(&mut self, types: &[String]) {
        if self.scope.as_ref().is_none_or(|(known, _)| known != types) {
            self.scope = Some((types.to_vec(), Scope::of(&self.index.meta, types)));
        }
    }

    /// Returns the types that are asked for; none before the first question.
    pub(crate) fn scope(&self) -> Option<&Scope> {
        self.scope.as_ref().map(|(_, scope)| scope)
    }

    fn retrieve(&mut self, search: &Search<'_>, probe: &mut Probe) -> Result<()> {
        let Some((_, scope)) = &self.scope else {
            return Ok(());
        };
        // What is not to be found must not keep the rest from being looked for.
        self.room.is_thorough = !search.except.is_empty();
        retrieve::retrieve(&self.index, scope, probe, &mut self.room, &mut self.found)?;
        self.leave_out_hidden(search)
    }

    fn widen(&mut self, search: &Search<'_>, probe: &Probe, open: (u32, Reach)) -> Result<()> {
        let Some((_, scope)) = &self.scope else {
            return Ok(());
        };
        retrieve::widen(&self.index, scope, probe, &mut self.room, open, &mut self.found)?;
        self.leave_out_hidden(search)
    }

    fn leave_out_hidden(&mut self, search: &Search<'_>) -> Result<()> {
        if self.number != 0 || search.hidden.is_empty() {
            return Ok(());
        }
        let mut left = Vec::with_capacity(self.found.len());
        for found in self.found.drain(..) {
            let entity = self.index.name(found.name)?.entity;
            if !search.hidden.contains(&self.index.entity(entity)?.key) {
                left.push(found);
            }
        }
        self.found = left;
        Ok(())
    }

    /// Returns what hints say of an entity of this layer.
    pub(crate) fn evidence(&mut self, entity: u32, hints: &[Rc<Hint>]) -> Result<Evidence> {
        let card = self.index.entity(entity)?;
        match self.index.meta.types.get(usize::from(card.kind)) {
            Some(stats) => Evidence::of(hints, &self.index, &card, stats, &mut self.room.meanings),
            None => Ok(Evidence::default()),
        }
    }

    /// Compares the mention with the names that were found.
    fn compare(&mut self, search: &Search<'_>, probe: &Probe, out: &mut Vec<Scored>) -> Result<()> {
        let Layer { index, room, found, .. } = self;
        let index = &*index;
        let cards: Vec<NameCard<P::Block<'_>>> = found.iter().map(|f| index.name(f.name)).collect::<Result<_>>()?;
        let mut own = String::new();
        if !probe.context.is_empty() {
            spaced(&probe.name, &mut own);
        }
        let has_longer = !probe.context.is_empty() && probe.context.has_longer(&own);
        let mut comparer = Comparer::new();
        for (found, card) in found.iter().zip(&cards) {
            let known = out.iter().position(|scored| scored.place == (self.number, card.entity));
            let entity = index.entity(card.entity)?;
            if search.except.contains(&entity.key) {
                continue;
            }
            let Some(stats) = index.meta.types.get(usize::from(entity.kind)) else {
                continue;
            };
            let mut evidence = Evidence::of(&probe.hints, index, &entity, stats, &mut room.meanings)?;
            let context = if probe.context.is_empty() {
                0.0
            } else {
                let place = (self.number, index, card.entity);
                probe.context.agree((&own, has_longer), &probe.hints, place, &entity, stats)?
            };
            evidence.agree += context;
            let mut vector = comparer.compare(probe, card, &evidence);
            // A candidate that is hopeless beside the best need not be told apart by rules as well.
            let best = out.iter().map(|scored| scored.plain).fold(f32::MIN, f32::max);
            let mut plain = score::plain(&vector);
            let mut rule = None;
            if plain >= hopeless_below(best) {
                rule = comparer.contradict(probe, card.inverted, &evidence, &mut vector);
                if rule.is_some() {
                    plain = score::plain(&vector);
                }
            }
            let words = if search.explain { explain::words(probe, &comparer) } else { Vec::new() };
            let scored = Scored {
                entity: entity.key,
                name: found.name,
                certain: comparer.certain(),
                order: entity.order,
                place: (self.number, card.entity),
                vector,
                plain,
                log_odds: FLOOR,
                words,
                rule,
                context,
            };
            match known {
                Some(at) => {
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

    /// Sets the features that only the best candidates need, of those of this layer.
    fn finish(&self, probe: &Probe, scored: &mut [Scored]) -> Result<()> {
        let mut own: Vec<&mut Scored> = scored.iter_mut().filter(|s| s.place.0 == self.number).collect();
        let cards: Vec<NameCard<P::Block<'_>>> =
            own.iter().map(|scored| self.index.name(scored.name)).collect::<Result<_>>()?;
        let mut comparer = Comparer::new();
        for (scored, card) in own.iter_mut().zip(&cards) {
            comparer.finish(probe, card, &mut scored.vector);
            scored.plain = score::plain(&scored.vector);
        }
        Ok(())
    }
}

/// Returns the plain score below which a candidate is hopeless beside the best, even if it sounds the same.
fn hopeless_below(best: f32) -> f32 {
    best - HOPELESS - score::SOUND_WORTH
}

/// Returns the words of the mention, a bit a word, that nothing found so far explains; none if some name explains
/// nearly all with certainty. Words in `close` have found a word close enough.
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
    let best = scored.iter().max_by(|a, b| a.plain.total_cmp(&b.plain).then(b.order.cmp(&a.order)));
    let done = best.map_or(0, |best| best.certain) | close;
    let is_open = |at: &usize| probe.words[*at].token.role == Role::Word && done & 1 << at == 0;
    let rarest = (0..probe.words.len()).filter(is_open).map(|at| probe.words[at].rarity).fold(0.0, f32::max);
    let mut open: Vec<usize> =
        (0..probe.words.len()).filter(|at| is_open(at) && probe.words[*at].rarity >= 0.5 * rarest).collect();
    open.sort_by(|a, b| probe.words[*b].rarity.total_cmp(&probe.words[*a].rarity).then(a.cmp(b)));
    open.iter().take(WIDENED_WORDS).fold(0, |bits, at| bits | 1 << at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Attributes, Entity, EntityId, EntityKey};
    use crate::resolve::{Builder, Query, Resolver};

    #[test]
    fn what_differs_in_nothing_but_a_number_is_another_thing() {
        let names =
            ["Photo Studio 7.0", "Turbo Printer XJ900", "Grand Final LVII", "Acme 9 Travel Guide", "Harbour 12"];
        let mut builder = Builder::new();
        for (number, name) in (0i64..).zip(names) {
            let entity = Entity {
                id: EntityId::new(name),
                entity_type: "thing".into(),
                name: name.into(),
                aliases: vec![],
                attributes: Attributes::new(),
            };
            builder.add(EntityKey(number), &entity);
        }
        let mut resolver = Resolver::new(builder.resident().expect("packs")).expect("opens");
        for (text, expected) in [
            ("Photo Studio v7", Some(0)),
            ("Photo Studio", Some(0)),
            ("Photo Studio v8", None),
            ("Turbo Printer XJ-900", Some(1)),
            ("Turbo Printer XJ-901", None),
            ("Turbo Printer XJ901", None),
            ("Grand Final 57", Some(2)),
            ("Grand Final LVI", None),
            ("Grand Final L", None),
            ("Acme 8 Travel Guide", None),
            ("Harbor 12", Some(4)),
            ("Harbour 13", None),
        ] {
            let query = Query { text, types: &[], hints: &Attributes::new(), context: "" };
            let decision = resolver.resolve(&query).expect("resolves");
            assert_eq!(decision.entity.map(|entity| entity.0), expected, "{text}: {decision:?}");
        }
    }

    #[test]
    fn of_two_layers_the_best_go_on_as_of_one() {
        let found = |tallies: &[f32]| -> Vec<Hit> {
            (0u32..).zip(tallies).map(|(name, tally)| Hit { name, tally: *tally }).collect()
        };
        for (a, b, expected) in [
            (&[1.0, 0.9][..], &[][..], (2, 0)),
            (&[], &[1.0], (0, 1)),
            (&[1.0, 0.2], &[0.9], (1, 1)),
            (&[0.4, 0.31], &[1.0], (2, 1)),
            (&[1.0; 8], &[0.6, 0.45], (8, 1)),
            (&[1.0; 40], &[1.0; 4], (32, 0)),
        ] {
            let (mut a, mut b) = (found(a), found(b));
            cut(&mut a, &mut b);
            assert_eq!((a.len(), b.len()), expected, "{a:?} {b:?}");
        }
    }
}
