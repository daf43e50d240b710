//! The candidates of a mention: found, compared, and looked for further where they do not explain it. An index and what
//! was changed since are two layers, searched as one: which names go on is decided over both.

mod layer;

use anyhow::Result;

use crate::resolve::index::{Blocks, Resident};
use crate::resolve::matching::namesakes;
use crate::resolve::matching::probe::Probe;
use crate::resolve::matching::scored::{Found, Scored, hopeless_below};
use crate::resolve::matching::tallies::{self, Hit};
use crate::resolve::matching::trail::{NamesOfTrail, Stage, Trail};
use crate::resolve::matching::widen::Reach;
use crate::resolve::names::words::Role;

pub(crate) use layer::{Layer, Search};

/// Names that are compared in any case, best tally first.
const FIRST: usize = 8;
/// A mention so far explained by words that are certain is not widened.
const EXPLAINED: f32 = 0.9;
/// Words of a mention that are widened at a time, the rarest.
const WIDENED_WORDS: usize = 4;
/// Candidates that the forest scores; the plain order puts the right one among the first four in 99 of 100 cases.
pub(crate) const SCORED: usize = 10;

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
