//! The candidates of a mention: found, compared, and looked for further where they do not explain it. An index and what
//! was changed since are two layers, searched as one: which names go on is decided over both.

use std::collections::HashSet;
use std::rc::Rc;

use anyhow::Result;

use crate::model::EntityKey;
use crate::resolve::index::{Blocks, EntityCard, Index, NameCard, Resident, TypeStats};
use crate::resolve::matching::comparer::Comparer;
use crate::resolve::matching::contradiction;
use crate::resolve::matching::explain;
use crate::resolve::matching::features::{Feature, Vector};
use crate::resolve::matching::generations;
use crate::resolve::matching::heard::HeardValues;
use crate::resolve::matching::hints::{Evidence, Hint};
use crate::resolve::matching::namesakes;
use crate::resolve::matching::probe::Probe;
use crate::resolve::matching::retrieve;
use crate::resolve::matching::score;
use crate::resolve::matching::scored::{AroundMention, Found, Scored, hopeless_below};
use crate::resolve::matching::tallies::{self, Hit, Scope, Tallies};
use crate::resolve::matching::told;
use crate::resolve::matching::trail::{Comparison, NamesOfTrail, Stage, Trail};
use crate::resolve::matching::widen::Reach;
use crate::resolve::names::words::Role;

/// Names that are compared in any case, best tally first.
const FIRST: usize = 8;
/// A mention so far explained by words that are certain is not widened.
const EXPLAINED: f32 = 0.9;
/// Sets of types that are remembered; a profile has some.
const SCOPES: usize = 8;
/// Words of a mention that are widened at a time, the rarest.
const WIDENED_WORDS: usize = 4;
/// Candidates that the forest scores; the plain order puts the right one among the first four in 99 of 100 cases.
pub(crate) const SCORED: usize = 10;

/// An index, and the room to ask it.
pub(crate) struct Layer<P> {
    /// Which layer it is.
    number: u8,
    pub(crate) index: Index<P>,
    pub(crate) room: Tallies,
    /// Types that were asked for of late, and what they mean here; those asked for last come last.
    scopes: Vec<(Vec<String>, Scope)>,
    found: Vec<Hit>,
    /// Values of attributes that were heard of.
    pub(super) heard: HeardValues,
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

impl Search<'_> {
    /// Returns the candidates of a prepared mention, best plain score first, one an entity: of each its best name.
    /// `trail` is set to what was found and compared on the way.
    pub(crate) fn find<P: Blocks>(
        &self,
        base: &mut Layer<P>,
        mut changes: Option<&mut Layer<Resident>>,
        probe: &mut Probe,
        trail: &mut Trail,
    ) -> Result<Vec<Scored>> {
        let mut out = Found::new();
        trail.clear();
        base.retrieve(self, probe)?;
        if let Some(changes) = &mut changes {
            changes.retrieve(self, probe)?;
        }
        trail.words.extend(probe.weights());
        trail.n_names = probe.n_names;
        let close = |base: &Layer<P>, changes: Option<&Layer<Resident>>| {
            base.room.close | changes.map_or(0, |changes| changes.room.close)
        };
        self.compare_all(base, changes.as_deref_mut(), probe, &mut out, trail)?;
        self.compare_generations(base, changes.as_deref_mut(), probe, &mut out, trail)?;
        trail.stages.push(Stage { open: 0, close: close(base, changes.as_deref()), end: trail.comparisons.len() });
        for reach in Reach::ALL {
            let open = open_words(probe, &out.all, reach, close(base, changes.as_deref()));
            if open == 0 {
                break;
            }
            base.widen(self, probe, (open, reach))?;
            if let Some(changes) = &mut changes {
                changes.widen(self, probe, (open, reach))?;
            }
            self.compare_all(base, changes.as_deref_mut(), probe, &mut out, trail)?;
            trail.stages.push(Stage { open, close: close(base, changes.as_deref()), end: trail.comparisons.len() });
        }
        self.finish(base, changes, probe, out.all)
    }

    /// Does the same along the trail of another search for the mention, which was prepared again with a context that the
    /// other had not. `None` where that makes other words worth looking for.
    pub(crate) fn follow<P: Blocks>(
        &self,
        base: &mut Layer<P>,
        mut changes: Option<&mut Layer<Resident>>,
        probe: &mut Probe,
        trail: &Trail,
    ) -> Result<Option<Vec<Scored>>> {
        let mut out = Found::new();
        debug_assert!(!self.explain, "a trail keeps no words");
        probe.set_weights(&trail.words, trail.n_names);
        for at in 0..trail.stages.len() {
            base.compare_again(self, probe, trail.of_stage(at), &mut out)?;
            if let Some(changes) = &mut changes {
                changes.compare_again(self, probe, trail.of_stage(at), &mut out)?;
            }
            let Some(reach) = Reach::ALL.get(at) else { break };
            let next = trail.stages.get(at + 1).map_or(0, |stage| stage.open);
            if open_words(probe, &out.all, *reach, trail.stages[at].close) != next {
                return Ok(None);
            }
        }
        self.finish(base, changes, probe, out.all).map(Some)
    }

    /// Does the same with the names of another search for the mention, which are compared anew; `None` where other words
    /// become worth looking for.
    pub(crate) fn compare_named<P: Blocks>(
        &self,
        base: &mut Layer<P>,
        mut changes: Option<&mut Layer<Resident>>,
        probe: &mut Probe,
        names: &NamesOfTrail,
        trail: &mut Trail,
    ) -> Result<Option<Vec<Scored>>> {
        let mut out = Found::new();
        trail.clear();
        trail.words = names.words();
        trail.n_names = names.n_names();
        probe.set_weights(&trail.words, trail.n_names);
        let (mut stages, mut from) = (names.stages().peekable(), 0);
        for at in 0.. {
            let Some(stage) = stages.next() else { break };
            base.take(names.of_layer(0, from..stage.end));
            base.compare(self, probe, &mut out, trail)?;
            if let Some(changes) = &mut changes {
                changes.take(names.of_layer(1, from..stage.end));
                changes.compare(self, probe, &mut out, trail)?;
            }
            from = stage.end;
            trail.stages.push(Stage { end: trail.comparisons.len(), ..stage });
            let Some(reach) = Reach::ALL.get(at) else { break };
            let next = stages.peek().map_or(0, |stage| stage.open);
            if open_words(probe, &out.all, *reach, stage.close) != next {
                return Ok(None);
            }
        }
        self.finish(base, changes, probe, out.all).map(Some)
    }

    /// Leaves of all that was compared the candidates that go on, and sets the rest of their features.
    fn finish<P: Blocks>(
        &self,
        base: &Layer<P>,
        changes: Option<&mut Layer<Resident>>,
        probe: &Probe,
        mut out: Vec<Scored>,
    ) -> Result<Vec<Scored>> {
        let changes = changes.map(|changes| &*changes);
        namesakes::tell_apart((&base.index, changes.map(|changes| &changes.index)), probe, &mut out)?;
        // Only the best need the rest of their features.
        keep_best(&mut out, self.most);
        base.finish(probe, &mut out)?;
        if let Some(changes) = changes {
            changes.finish(probe, &mut out)?;
        }
        Ok(out)
    }

    /// Compares besides, where the mention has a generation and a name has none, those who have the same name with one.
    fn compare_generations<P: Blocks>(
        &self,
        base: &mut Layer<P>,
        changes: Option<&mut Layer<Resident>>,
        probe: &Probe,
        out: &mut Found,
        trail: &mut Trail,
    ) -> Result<()> {
        let layers = (&base.index, changes.as_ref().map(|changes| &changes.index));
        let names = namesakes::plain_names(layers, probe, &out.all)?;
        if names.is_empty() {
            return Ok(());
        }
        base.take_generations(self, &names, trail)?;
        base.compare(self, probe, out, trail)?;
        if let Some(changes) = changes {
            changes.take_generations(self, &names, trail)?;
            changes.compare(self, probe, out, trail)?;
        }
        Ok(())
    }

    fn compare_all<P: Blocks>(
        &self,
        base: &mut Layer<P>,
        changes: Option<&mut Layer<Resident>>,
        probe: &Probe,
        out: &mut Found,
        trail: &mut Trail,
    ) -> Result<()> {
        match changes {
            Some(changes) => {
                cut(&mut base.found, &mut changes.found, base.room.hinted.max(changes.room.hinted));
                base.compare(self, probe, out, trail)?;
                changes.compare(self, probe, out, trail)
            }
            None => {
                cut(&mut base.found, &mut Vec::new(), base.room.hinted);
                base.compare(self, probe, out, trail)
            }
        }
    }
}

/// Leaves so many candidates, best plain score first, and of these no hopeless ones. They are large to move, and few.
fn keep_best(all: &mut Vec<Scored>, most: usize) {
    let order = |a: &Scored, b: &Scored| b.plain.total_cmp(&a.plain).then(a.order.cmp(&b.order));
    let mut n_kept = 0;
    while n_kept < all.len().min(most) {
        let Some(best) = (n_kept..all.len()).min_by(|a, b| order(&all[*a], &all[*b])) else { break };
        if n_kept > 0 && all[best].plain < hopeless_below(all[0].plain) {
            break;
        }
        all.swap(n_kept, best);
        n_kept += 1;
    }
    all.truncate(n_kept);
}

/// Leaves of what two layers found the names worth comparing, as if one had found them all. Both are in order; `hinted` is
/// what hints have added to a tally at most.
fn cut(a: &mut Vec<Hit>, b: &mut Vec<Hit>, hinted: f32) {
    let tally = |list: &[Hit], at: usize| list.get(at).map_or(f32::MIN, |found| found.tally);
    let best = tally(a, 0).max(tally(b, 0)) - hinted;
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
    keep_rarest(a, n_a);
    keep_rarest(b, n_b);
}

/// Leaves the first names, and of the others those with the mention's rarest word.
fn keep_rarest(found: &mut Vec<Hit>, n: usize) {
    let mut at = 0;
    found.retain(|hit| {
        at += 1;
        at <= n || hit.is_rarest
    });
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

    fn retrieve(&mut self, search: &Search<'_>, probe: &mut Probe) -> Result<()> {
        let Some((_, scope)) = self.scopes.last() else {
            return Ok(());
        };
        // Entities that are not to be found must not keep the rest from being looked for.
        self.room.is_thorough = !search.except.is_empty();
        retrieve::retrieve(&self.index, scope, probe, &mut self.room, &mut self.found)?;
        self.leave_out_hidden(search)
    }

    /// Takes names for found.
    fn take(&mut self, names: impl Iterator<Item = u32>) {
        self.found.clear();
        self.found.extend(names.map(|name| Hit { name, tally: 0.0, is_rarest: false }));
    }

    /// Takes names with a generation whose core is one of these, and which were not compared yet.
    fn take_generations(&mut self, search: &Search<'_>, cores: &[String], trail: &Trail) -> Result<()> {
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

    fn widen(&mut self, search: &Search<'_>, probe: &Probe, open: (u32, Reach)) -> Result<()> {
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
    fn compare(&mut self, search: &Search<'_>, probe: &Probe, out: &mut Found, trail: &mut Trail) -> Result<()> {
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
    fn compare_again(
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
        comparer.place(of_place, told::is_place(&stats.name));
    }
    if vector[Feature::generation as usize] == generations::ONLY_IN_MENTION {
        comparer.set_of_another_generation(generations::is_another(probe, index, (number, entity))?);
    }
    Ok(())
}

/// Returns the words of the mention, a bit a word, that nothing found so far explains; none if some name explains
/// nearly all with certainty. Words in `close` have found a word close enough not to be looked for far away.
fn open_words(probe: &Probe, scored: &[Scored], reach: Reach, close: u32) -> u32 {
    let close = if reach == Reach::Far { close } else { 0 };
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
mod tests;
