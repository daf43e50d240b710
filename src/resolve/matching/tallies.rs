//! Tallies: how well the names of an index that keys have found so far explain a mention.

use std::ops::{Deref, Range};

use anyhow::Result;

use crate::resolve::index::keys::{self, Keys};
use crate::resolve::index::{AttributeStats, Background, Blocks, COUNTED_FROM, Index, List, Meta};
use crate::resolve::matching::hint_match::Meanings;
use crate::resolve::matching::probe::Probe;

/// Names that go on to be compared.
pub(crate) const KEPT: usize = 32;
/// Of these, only those whose tally is this share of the best one's.
pub(crate) const KEPT_SHARE: f32 = 0.3;
/// Beyond the first few only names whose tally is this share of the best one's are compared.
pub(crate) const COMPARED_SHARE: f32 = 0.5;
/// Entries of lists read for one mention; the rarest words come first, so what is left out says little.
pub(crate) const BUDGET: u32 = 12_000;
/// A list this short is always read.
const SHORT: u32 = 64;
/// A longer one is read for new names only if these can still reach this share of the best tally.
const WORTH_READING: f32 = 0.5;
/// Which names may be meant.
pub(crate) struct Scope {
    /// `None`: all.
    ranges: Option<Vec<Range<u32>>>,
    /// Numbers of the types.
    kinds: Vec<u16>,
    /// Number of names.
    pub(crate) names: u32,
}

impl Scope {
    /// Returns the names of the types named, whatever the case; of all types if none is named.
    pub(crate) fn of(meta: &Meta, types: &[String]) -> Scope {
        if types.is_empty() {
            return Scope { ranges: None, kinds: Vec::new(), names: meta.names };
        }
        let mut ranges: Vec<Range<u32>> = Vec::new();
        let mut kinds = Vec::new();
        for (kind, stats) in (0u16..).zip(&meta.types) {
            if types.iter().any(|wanted| wanted.to_lowercase() == stats.name.to_lowercase()) {
                ranges.extend(stats.ranges.iter().cloned());
                kinds.push(kind);
            }
        }
        let names = ranges.iter().map(|range| range.end - range.start).sum();
        if names == meta.names {
            return Scope { ranges: None, kinds, names };
        }
        ranges.sort_unstable_by_key(|range| range.start);
        Scope { ranges: Some(ranges), kinds, names }
    }

    pub(crate) fn has(&self, number: u32) -> bool {
        self.ranges.as_ref().is_none_or(|ranges| ranges.iter().any(|range| range.contains(&number)))
    }
}

/// A name that was found, and how well.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hit {
    pub(crate) name: u32,
    pub(crate) tally: f32,
    /// It has the mention's rarest known word, and is compared whatever else is found.
    pub(crate) is_rarest: bool,
}

/// Tally and name in one number, which is the less the better the name: the greatest tally comes first, and of the same
/// the first name. A tally is never negative, so that its bits have the order of its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ranked(u64);

impl Ranked {
    fn new(tally: f32, name: u32) -> Ranked {
        Ranked(u64::from(!tally.max(0.0).to_bits()) << 32 | u64::from(name))
    }

    fn tally(self) -> f32 {
        f32::from_bits(!((self.0 >> 32) as u32))
    }

    fn name(self) -> u32 {
        self.0 as u32
    }
}

/// Room for tallies, used again for every mention.
#[derive(Default)]
pub(crate) struct Tallies {
    /// Sum and bonus of every name, side by side: a name in a list is looked at once.
    pub(crate) tallies: Vec<[f32; 2]>,
    pub(crate) touched: Vec<u32>,
    /// Names that have the rarest known word, where they are few.
    pub(crate) rarest: Vec<u32>,
    /// The greatest sum so far.
    pub(crate) most: f32,
    /// The greatest reward for values of hints. Names that no hint supports are compared as if none were supported.
    pub(crate) hinted: f32,
    /// Names that may be handed out next.
    ranked: Vec<Ranked>,
    /// Names handed out already.
    pub(crate) handed_out: Vec<u32>,
    pub(crate) counts: Vec<u8>,
    pub(crate) counted: Vec<u32>,
    pub(crate) similar: Vec<(f32, u32)>,
    pub(crate) found_keys: Vec<u64>,
    /// Words of the mention whose names were all read, those that were widened nearly and wholly, and those for which a
    /// close word was found; a bit a word.
    pub(crate) read: u32,
    pub(crate) near: u32,
    pub(crate) far: u32,
    pub(crate) close: u32,
    /// True where common words are read for new names too, whatever is found already.
    pub(crate) is_thorough: bool,
    pub(crate) spent: u32,
    pub(crate) keys: Keys,
    /// Meanings of hints, kept between mentions.
    pub(crate) meanings: Meanings,
}

impl Tallies {
    pub(crate) fn begin(&mut self, meta: &Meta) {
        for &number in &self.touched {
            self.tallies[number as usize] = [0.0; 2];
        }
        self.touched.clear();
        self.handed_out.clear();
        self.rarest.clear();
        if self.tallies.len() != meta.names as usize {
            self.tallies = vec![[0.0; 2]; meta.names as usize];
        }
        if self.counts.len() != meta.words as usize {
            self.counts = vec![0; meta.words as usize];
        }
        (self.read, self.near, self.far, self.close) = (0, 0, 0, 0);
        (self.spent, self.most, self.hinted) = (0, 0.0, 0.0);
    }

    pub(crate) fn is_touched(&self, number: u32) -> bool {
        self.tallies[number as usize] != [0.0; 2]
    }

    pub(crate) fn add(&mut self, number: u32, worth: f32) {
        let tally = &mut self.tallies[number as usize];
        if *tally == [0.0; 2] {
            self.touched.push(number);
        }
        tally[0] += worth;
        self.most = self.most.max(tally[0]);
    }

    pub(crate) fn reward(&mut self, number: u32, worth: f32) {
        let tally = &mut self.tallies[number as usize];
        if *tally == [0.0; 2] {
            self.touched.push(number);
        }
        tally[1] = tally[1].max(worth);
    }

    /// Rewards a name for having a value of a hint, and a little more for each after the first.
    pub(crate) fn support(&mut self, number: u32, worth: f32, more: f32) {
        let tally = &mut self.tallies[number as usize];
        if *tally == [0.0; 2] {
            self.touched.push(number);
        }
        tally[1] = if tally[1] >= worth { tally[1] + more } else { worth };
        self.hinted = self.hinted.max(tally[1]);
    }

    /// Adds a word's worth to its names. `reach` is what a name not found so far could still come to. Returns whether
    /// all its names were read.
    pub(crate) fn spread<G: Deref<Target = [u8]>>(
        &mut self,
        list: &List<G>,
        scope: &Scope,
        worth: f32,
        reach: f32,
    ) -> bool {
        if !list.is_kept() {
            return false;
        }
        let dear = !self.is_thorough && reach < WORTH_READING * self.most || self.spent + list.len() > BUDGET;
        if list.len() <= SHORT || !dear {
            self.spent += list.len();
            list.each(|number| {
                if scope.has(number) {
                    self.add(number, worth);
                }
            });
            return true;
        }
        if self.touched.len() > KEPT && self.spent <= 2 * BUDGET {
            self.spent += list.len();
            list.each(|number| {
                if self.is_touched(number) && scope.has(number) {
                    self.add(number, worth);
                }
            });
        }
        false
    }
}

/// Sets tallies against what there is to explain, and hands out the best that were not handed out before.
pub(crate) fn rank<P: Blocks>(index: &Index<P>, probe: &Probe, room: &mut Tallies, out: &mut Vec<Hit>) -> Result<()> {
    out.clear();
    let own: f32 = (0..probe.words.len()).map(|at| probe.weight(at)).sum();
    let mut weights = index.weights();
    let ranked = &mut room.ranked;
    ranked.clear();
    let (mut best, mut least) = (0.0f32, 0.0f32);
    for &number in &room.touched {
        let [sum, bonus] = room.tallies[number as usize];
        let open = 0.3 * (own - sum).max(0.0);
        // Were there nothing more to explain in the name: those with common words alone are below so many others even so.
        if sum / (sum + open + 0.01) + bonus < least {
            continue;
        }
        let other = weights.of(number)?;
        let tally = sum / (sum + 0.6 * (other - sum).max(0.0) + open + 0.01) + bonus;
        ranked.push(Ranked::new(tally, number));
        if tally > best {
            (best, least) = (tally, least.max(KEPT_SHARE * (tally - room.hinted)));
        }
        if ranked.len() >= 4 * KEPT {
            ranked.select_nth_unstable(KEPT - 1);
            ranked.truncate(KEPT);
            least = least.max(ranked[KEPT - 1].tally());
        }
    }
    if ranked.len() > KEPT {
        ranked.select_nth_unstable(KEPT);
        ranked.truncate(KEPT);
    }
    ranked.sort_unstable();
    out.extend(ranked.iter().map(|hit| Hit { name: hit.name(), tally: hit.tally(), is_rarest: false }));
    let best = out.first().map_or(0.0, |best| best.tally) - room.hinted;
    let least = best * KEPT_SHARE;
    let least_of_rarest = best * COMPARED_SHARE;
    out.truncate(out.partition_point(|found| found.tally >= least));
    for at in 0..room.rarest.len() {
        let name = room.rarest[at];
        match out.iter_mut().find(|hit| hit.name == name) {
            Some(hit) => (hit.tally, hit.is_rarest) = (hit.tally.max(least_of_rarest), true),
            None => out.push(Hit { name, tally: least_of_rarest, is_rarest: true }),
        }
    }
    if !room.rarest.is_empty() {
        out.sort_unstable_by_key(|hit| Ranked::new(hit.tally, hit.name));
    }
    out.retain(|found| !room.handed_out.contains(&found.name));
    room.handed_out.extend(out.iter().map(|found| found.name));
    Ok(())
}

impl<P: Blocks> Background for Index<P> {
    fn names(&self, entity_type: &str) -> u32 {
        self.meta.types.iter().find(|stats| stats.name == entity_type).map_or(0, |stats| stats.names)
    }

    fn frequency(&self, entity_type: &str, word_key: u64) -> Result<u32> {
        let scope = Scope::of(&self.meta, &[entity_type.to_owned()]);
        frequency(self, &scope, word_key, &self.list(word_key)?)
    }

    fn bits(&self, entity_type: &str, attribute: &str) -> Option<f32> {
        attribute_of(&self.meta, entity_type, attribute).map(|known| known.bits)
    }

    fn changes(&self, entity_type: &str, attribute: &str) -> Option<bool> {
        attribute_of(&self.meta, entity_type, attribute).map(|known| known.changes)
    }
}

fn attribute_of<'m>(meta: &'m Meta, entity_type: &str, attribute: &str) -> Option<&'m AttributeStats> {
    let stats = meta.types.iter().find(|stats| stats.name == entity_type)?;
    stats.attributes.iter().find(|known| known.name == attribute)
}

/// Returns in how many names of the scope a word stands.
pub(crate) fn frequency<P: Blocks>(
    index: &Index<P>,
    scope: &Scope,
    word: u64,
    list: &List<P::Block<'_>>,
) -> Result<u32> {
    if scope.ranges.is_none() || list.len() == 0 {
        return Ok(list.len());
    }
    if list.len() >= COUNTED_FROM {
        let mut sum = 0;
        for &kind in &scope.kinds {
            match index.list(keys::count_key(word, kind))? {
                List::One(count) => sum += count,
                _ => {
                    sum = 0;
                    break;
                }
            }
        }
        if sum > 0 || !list.is_kept() {
            return Ok(sum.max(1));
        }
    }
    let mut count = 0;
    list.each(|number| count += u32::from(scope.has(number)));
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_the_order_of_their_tallies_and_then_of_their_numbers() {
        let hits = [(1.4f32, 7), (1.4, u32::MAX), (1.0, 0), (0.3, 2), (f32::MIN_POSITIVE, 1), (0.0, 3), (0.0, 4)];
        let mut ranked: Vec<Ranked> = hits.iter().rev().map(|(tally, name)| Ranked::new(*tally, *name)).collect();
        ranked.sort_unstable();
        assert_eq!(ranked.iter().map(|hit| (hit.tally(), hit.name())).collect::<Vec<_>>(), hits);
    }
}
