//! An index with the room to ask it: what it finds of a mention, and the comparisons with that.

use std::collections::HashSet;
use std::rc::Rc;

use anyhow::Result;

use crate::model::EntityKey;
use crate::resolve::index::{Blocks, EntityCard, Index, NameCard, TypeStats};
use crate::resolve::matching::comparer::Comparer;
use crate::resolve::matching::contradiction;
use crate::resolve::matching::explain;
use crate::resolve::matching::features::{Feature, Vector};
use crate::resolve::matching::generations;
use crate::resolve::matching::heard::HeardValues;
use crate::resolve::matching::hints::{Evidence, Hint};
use crate::resolve::matching::kind::Kind;
use crate::resolve::matching::namesakes;
use crate::resolve::matching::probe::Probe;
use crate::resolve::matching::retrieve;
use crate::resolve::matching::score;
use crate::resolve::matching::scored::{AroundMention, Found, Scored};
use crate::resolve::matching::tallies::{Hit, Scope, Tallies};
use crate::resolve::matching::told;
use crate::resolve::matching::trail::{Comparison, Trail};
use crate::resolve::matching::widen::Reach;

/// Sets of types that are remembered; a profile has some.
const SCOPES: usize = 8;

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

/// An index, and the room to ask it.
pub(crate) struct Layer<P> {
    /// Which layer it is.
    number: u8,
    pub(crate) index: Index<P>,
    pub(crate) room: Tallies,
    /// Types that were asked for of late, and what they mean here; those asked for last come last.
    scopes: Vec<(Vec<String>, Scope)>,
    pub(super) found: Vec<Hit>,
    /// Values of attributes that were heard of.
    pub(in crate::resolve::matching) heard: HeardValues,
}

impl<P: Blocks> Layer<P> {
    /// Opens an index as a layer: 0 is the catalog's, 1 what was changed since.
    pub(crate) fn open(number: u8, blocks: P) -> Result<Layer<P>> {
        Ok(Layer {
            number,
            index: Index::open(blocks)?,
            room: Tallies::default(),
            scopes: Vec::new(),
            found: Vec::new(),
            heard: HeardValues::default(),
        })
    }

    /// Takes note of the types that are asked for.
    pub(crate) fn set_scope(&mut self, types: &[String]) {
        let scope = match self.scopes.iter().rposition(|(known, _)| known == types) {
            Some(at) if at + 1 == self.scopes.len() => return,
            Some(at) => self.scopes.remove(at),
            None => (types.to_vec(), Scope::of(&self.index.meta, types)),
        };
        if self.scopes.len() >= SCOPES {
            self.scopes.remove(0);
        }
        self.scopes.push(scope);
    }

    /// Returns the types that are asked for; none before the first question.
    pub(crate) fn scope(&self) -> Option<&Scope> {
        self.scopes.last().map(|(_, scope)| scope)
    }

    pub(super) fn retrieve(&mut self, search: &Search<'_>, probe: &mut Probe) -> Result<()> {
        let Some((_, scope)) = self.scopes.last() else {
            return Ok(());
        };
        // Entities that are not to be found must not keep the rest from being looked for.
        self.room.is_thorough = !search.except.is_empty();
        retrieve::retrieve(&self.index, scope, probe, &mut self.room, &mut self.found)?;
        self.leave_out_hidden(search)
    }

    /// Takes names for found.
    pub(super) fn take(&mut self, names: impl Iterator<Item = u32>) {
        self.found.clear();
        self.found.extend(names.map(|name| Hit { name, tally: 0.0, is_rarest: false }));
    }

    /// Takes names with a generation whose core is one of these, and which were not compared yet.
    pub(super) fn take_generations(&mut self, search: &Search<'_>, cores: &[String], trail: &Trail) -> Result<()> {
        self.found.clear();
        let Some((_, scope)) = self.scopes.last() else {
            return Ok(());
        };
        for core in cores {
            for name in namesakes::bearers(&self.index, scope, core)? {
                let is_known = trail.comparisons.iter().any(|known| known.place.0 == self.number && known.name == name)
                    || self.found.iter().any(|hit| hit.name == name);
                if !is_known {
                    self.found.push(Hit { name, tally: 0.0, is_rarest: false });
                }
            }
        }
        self.leave_out_hidden(search)
    }

    pub(super) fn widen(&mut self, search: &Search<'_>, probe: &Probe, open: (u32, Reach)) -> Result<()> {
        let Some((_, scope)) = self.scopes.last() else {
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
    pub(super) fn compare(
        &mut self,
        search: &Search<'_>,
        probe: &Probe,
        out: &mut Found,
        trail: &mut Trail,
    ) -> Result<()> {
        let Layer { index, room, found, number, heard, .. } = self;
        if found.is_empty() {
            return Ok(());
        }
        let index = &*index;
        // Fetched one after the other, names and entities come into the processor's cache side by side.
        let cards: Vec<NameCard<P::Block<'_>>> = found.iter().map(|f| index.name(f.name)).collect::<Result<_>>()?;
        let entities: Vec<EntityCard<P::Block<'_>>> =
            cards.iter().map(|card| index.entity(card.entity)).collect::<Result<_>>()?;
        let around = AroundMention::of(probe);
        let mut comparer = Comparer::new();
        for ((found, card), entity) in found.iter().zip(&cards).zip(&entities) {
            if search.except.contains(&entity.key) {
                continue;
            }
            let Some(stats) = index.meta.types.get(usize::from(entity.kind)) else {
                continue;
            };
            let evidence = Evidence::of(&probe.hints, index, entity, stats, &mut room.meanings)?;
            let place = (*number, card.entity);
            let context = around.agree(probe, (place, index), (entity, stats), heard)?;
            let mut vector = comparer.compare(probe, card, &evidence);
            let certain = comparer.certain();
            let goes_on = |plain: f32| out.may_take(plain, search.most);
            let mut told = 0;
            if told::may_tell(probe, &vector) && goes_on(score::plain(&vector) + told::MOST) {
                told = told::by_attributes(probe, |i| comparer.is_open(i), (index, entity, stats))?;
                if told != 0 {
                    vector = comparer.tell(probe, card, &evidence, told);
                }
            }
            let mut comparison =
                Comparison { name: found.name, place, certain, told, vector, evidence, contradiction: None };
            let look_closer = |evidence: &Evidence, v: &mut Vector| {
                learn_of_entity(&mut comparer, probe, v, (index, place.1, entity, stats))?;
                Ok(comparer.look_closer(probe, card.inverted, evidence, v))
            };
            let scored = Scored::of(&mut comparison, entity, context, goes_on, look_closer)?;
            let words = if search.explain { explain::words(probe, &comparer) } else { Vec::new() };
            out.put(Scored { words, ..scored });
            trail.comparisons.push(comparison);
        }
        Ok(())
    }

    /// Does the same with the comparisons of a trail. What the context says nothing of is as it was.
    pub(super) fn compare_again(
        &mut self,
        search: &Search<'_>,
        probe: &Probe,
        comparisons: &[Comparison],
        out: &mut Found,
    ) -> Result<()> {
        let Layer { index, number, heard, .. } = self;
        let index = &*index;
        let around = AroundMention::of(probe);
        for comparison in comparisons.iter().filter(|comparison| comparison.place.0 == *number) {
            let entity = index.entity(comparison.place.1)?;
            let Some(stats) = index.meta.types.get(usize::from(entity.kind)) else {
                continue;
            };
            let context = around.agree(probe, (comparison.place, index), (&entity, stats), heard)?;
            let mut again = comparison.clone();
            let goes_on = |plain: f32| out.may_take(plain, search.most);
            let look_closer = |evidence: &Evidence, v: &mut Vector| match comparison.contradiction {
                Some(known) if contradiction::weighs_alike(&comparison.evidence, evidence) => Ok(known),
                _ => {
                    let card = index.name(comparison.name)?;
                    let mut comparer = Comparer::new();
                    comparer.compare(probe, &card, evidence);
                    if comparison.told != 0 {
                        comparer.tell(probe, &card, evidence, comparison.told);
                    }
                    learn_of_entity(&mut comparer, probe, v, (index, comparison.place.1, &entity, stats))?;
                    Ok(comparer.look_closer(probe, card.inverted, evidence, v))
                }
            };
            let scored = Scored::of(&mut again, &entity, context, goes_on, look_closer)?;
            out.put(scored);
        }
        Ok(())
    }

    /// Sets the features that only the best candidates need, of those of this layer.
    pub(super) fn finish(&self, probe: &Probe, scored: &mut [Scored]) -> Result<()> {
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

/// Tells a comparer what the rest of an entity says of the name that it compared: whether that is no more than a place, and
/// of another generation.
fn learn_of_entity<'i, P: Blocks>(
    comparer: &mut Comparer<'_>,
    probe: &Probe,
    vector: &Vector,
    (index, number, entity, stats): (&'i Index<P>, u32, &EntityCard<P::Block<'i>>, &TypeStats),
) -> Result<()> {
    if told::may_be_of_place(probe, vector) {
        let of_place = told::places(comparer.name_words(), (index, entity, stats))?;
        comparer.place(of_place);
    }
    comparer.set_kind(Kind::of(&stats.name));
    if vector[Feature::generation as usize] == generations::ONLY_IN_MENTION {
        comparer.set_of_another_generation(generations::is_another(probe, index, (number, entity))?);
    }
    Ok(())
}
