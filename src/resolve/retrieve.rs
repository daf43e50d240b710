//! Finds the names worth comparing, from a union of keys and never by a scan.
//!
//! Every key that meets adds to a name's tally: the rarity of a word, or a fixed worth for a key of the whole name. The
//! tally is set against what there is to explain on both sides, and the best go on. Words that no name of the type has,
//! or that stand in a mention no form of which is known, are widened to the words of the vocabulary that look or sound
//! alike.

use std::ops::Range;

use anyhow::Result;

use super::features::word_similarity;
use super::hints::Meanings;
use super::index::{Index, KeyKind, LONGEST_LIST, Meta, Pages, key, rarity};
use super::keys::{self, Keys, role_weight};
use super::name::{Name, Token};
use super::probe::Probe;
use super::words::Role;

/// Names that go on to be compared.
pub(crate) const KEPT: usize = 32;
/// Of these, only those whose tally is this share of the best one's.
const KEPT_SHARE: f32 = 0.3;
/// Entries of lists read for one mention; the rarest words come first, so what is left out says little.
const BUDGET: u32 = 12_000;
/// Words of the vocabulary that a word of the mention is widened to.
const WIDENED: usize = 12;

/// A mention so far explained by words as they stand is not widened.
const WELL_EXPLAINED: f32 = 0.9;

/// Which names may be meant.
pub(crate) struct Scope {
    /// `None`: all.
    ranges: Option<Vec<Range<u32>>>,
    /// Number of names.
    pub(crate) names: u32,
}

impl Scope {
    /// Returns the names of the types named, whatever the case; of all types if none is named.
    pub(crate) fn of(meta: &Meta, types: &[String]) -> Scope {
        if types.is_empty() {
            return Scope { ranges: None, names: meta.names };
        }
        let mut ranges: Vec<Range<u32>> = Vec::new();
        for facts in &meta.types {
            if types.iter().any(|wanted| wanted.to_lowercase() == facts.name.to_lowercase()) {
                ranges.extend(facts.ranges.iter().cloned());
            }
        }
        let names = ranges.iter().map(|range| range.end - range.start).sum();
        if names == meta.names {
            return Scope { ranges: None, names };
        }
        ranges.sort_unstable_by_key(|range| range.start);
        Scope { ranges: Some(ranges), names }
    }

    pub(crate) fn has(&self, number: u32) -> bool {
        self.ranges.as_ref().is_none_or(|ranges| ranges.iter().any(|range| range.contains(&number)))
    }
}

/// A name that was found, and how well.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found {
    pub(crate) name: u32,
    pub(crate) tally: f32,
}

/// Room for tallies, used again for every mention.
#[derive(Default)]
pub(crate) struct Tallies {
    sums: Vec<f32>,
    bonus: Vec<f32>,
    touched: Vec<u32>,
    counts: Vec<u8>,
    counted: Vec<u32>,
    spent: u32,
    keys: Keys,
    /// What hints mean, kept between mentions.
    pub(crate) meanings: Meanings,
}

impl Tallies {
    fn begin(&mut self, meta: &Meta) {
        if self.sums.len() != meta.names as usize {
            self.sums = vec![0.0; meta.names as usize];
            self.bonus = vec![0.0; meta.names as usize];
        }
        if self.counts.len() != meta.words as usize {
            self.counts = vec![0; meta.words as usize];
        }
        self.spent = 0;
    }

    fn add(&mut self, number: u32, worth: f32) {
        let at = number as usize;
        if self.sums[at] == 0.0 && self.bonus[at] == 0.0 {
            self.touched.push(number);
        }
        self.sums[at] += worth;
    }

    fn reward(&mut self, number: u32, worth: f32) {
        let at = number as usize;
        if self.sums[at] == 0.0 && self.bonus[at] == 0.0 {
            self.touched.push(number);
        }
        self.bonus[at] = self.bonus[at].max(worth);
    }
}

/// Worth of the keys of whole names; set against a tally that is at most 1.
mod worth {
    pub(super) const FORM: f32 = 2.0;
    pub(super) const PART_FORM: f32 = 1.2;
    pub(super) const SOUND: f32 = 0.45;
    pub(super) const COARSE: f32 = 0.25;
    pub(super) const INITIALISM: f32 = 0.5;
    pub(super) const LAST_VALUE: f32 = 0.5;
    pub(super) const INITIAL_LAST: f32 = 0.3;
    pub(super) const PAIR: f32 = 0.15;
}

/// Finds the best names for a mention, best first, and sets the rarities of its words.
pub(crate) fn retrieve<P: Pages>(
    index: &Index<P>,
    scope: &Scope,
    probe: &mut Probe,
    room: &mut Tallies,
    out: &mut Vec<Found>,
) -> Result<()> {
    out.clear();
    room.begin(&index.meta);
    let mut keys = std::mem::take(&mut room.keys);
    keys.of(&probe.name);
    for &key in &keys.forms {
        reward_all(index, scope, room, key, worth::FORM, LONGEST_LIST)?;
    }
    let known = !room.touched.is_empty();
    for (key, worth) in keys.sounds.iter().zip([worth::SOUND, worth::COARSE]) {
        reward_all(index, scope, room, *key, worth, 400)?;
    }
    initialisms(index, scope, probe, &keys, room)?;
    parts(index, scope, probe, &mut keys, room)?;
    room.keys = keys;
    pairs(index, scope, probe, room)?;
    words(index, scope, probe, room, known)?;
    rank(index, probe, room, out)
}

fn reward_all<P: Pages>(
    index: &Index<P>,
    scope: &Scope,
    room: &mut Tallies,
    key: u64,
    worth: f32,
    longest: usize,
) -> Result<()> {
    let list = index.list(key)?;
    if list.len() as usize <= longest {
        room.spent += list.len();
        list.each(|number| {
            if scope.has(number) {
                room.reward(number, worth);
            }
        });
    }
    Ok(())
}

/// A short mention may be the initials of a name, and a long one may stand in the catalog by its initials.
fn initialisms<P: Pages>(
    index: &Index<P>,
    scope: &Scope,
    probe: &Probe,
    keys: &Keys,
    room: &mut Tallies,
) -> Result<()> {
    for letters in [&probe.core, &probe.full] {
        if (2..=9).contains(&letters.len()) && letters.bytes().all(|b| b.is_ascii_lowercase()) {
            reward_all(index, scope, room, key(KeyKind::Initialism, letters.as_bytes(), &[]), worth::INITIALISM, 400)?;
        }
    }
    if !keys.initialisms.is_empty() && (2..=9).contains(&probe.initials.len()) {
        reward_all(index, scope, room, key(KeyKind::Form, probe.initials.as_bytes(), &[]), worth::INITIALISM, 100)?;
    }
    Ok(())
}

/// The parts between commas, and what stands in parentheses, each as a name of its own; the rest of an affiliation is
/// an address.
fn parts<P: Pages>(index: &Index<P>, scope: &Scope, probe: &Probe, keys: &mut Keys, room: &mut Tallies) -> Result<()> {
    let has_aside = probe.words.iter().any(|word| word.token.aside);
    if probe.segments < 2 && !has_aside {
        return Ok(());
    }
    for segment in 0..probe.segments {
        for aside in [false, true] {
            let inside = |token: &&Token| token.segment == segment && token.aside == aside;
            let text: Vec<&str> = probe.name.tokens.iter().filter(inside).map(|t| probe.name.text(t)).collect();
            if text.is_empty() || text.len() == probe.words.len() {
                continue;
            }
            let part = Name::parse(&text.join(" "));
            let mut squash = String::new();
            part.squash(&mut squash);
            keys.of(&part);
            for &key in &keys.forms {
                reward_all(index, scope, room, key, worth::PART_FORM, 400)?;
            }
            if (3..=8).contains(&squash.len()) && text.len() == 1 {
                let key = key(KeyKind::Initialism, squash.as_bytes(), &[]);
                reward_all(index, scope, room, key, worth::INITIALISM, 60)?;
            }
        }
    }
    Ok(())
}

/// Keys of two parts: initial and surname, surname and hint, two neighbouring words.
fn pairs<P: Pages>(index: &Index<P>, scope: &Scope, probe: &Probe, room: &mut Tallies) -> Result<()> {
    let Some((last, first)) = probe.last_and_first() else {
        return Ok(());
    };
    let surname = probe.text(last);
    if last != first {
        let initial = &probe.text(first).as_bytes()[..1];
        let key = key(KeyKind::InitialLast, surname.as_bytes(), initial);
        reward_all(index, scope, room, key, worth::INITIAL_LAST, 2000)?;
    }
    let mut found = Vec::new();
    for hint in &probe.hints {
        keys::value_keys(surname, &hint.value, &mut |key| found.push(key));
    }
    for key in found {
        reward_all(index, scope, room, key, worth::LAST_VALUE, 2000)?;
    }
    let core: Vec<usize> = probe.core_words().collect();
    if core.len() > 2 {
        for two in core.windows(2) {
            let (a, b) = (&probe.words[two[0]].token, &probe.words[two[1]].token);
            let key = keys::pair_key(probe.text(two[0]), a.class, probe.text(two[1]), b.class);
            reward_all(index, scope, room, key, worth::PAIR, 600)?;
        }
    }
    Ok(())
}

/// Single words, rarest first; and the words of the vocabulary they may be misspellings of.
fn words<P: Pages>(index: &Index<P>, scope: &Scope, probe: &mut Probe, room: &mut Tallies, known: bool) -> Result<()> {
    let mut order = Vec::with_capacity(probe.words.len());
    for at in 0..probe.words.len() {
        let token = probe.words[at].token;
        let list = index.list(keys::word_key(probe.text(at), token.class))?;
        let mut frequency = list.len();
        if scope.ranges.is_some() && (list.len() as usize) <= LONGEST_LIST {
            frequency = 0;
            list.each(|number| frequency += u32::from(scope.has(number)));
        }
        probe.words[at].rarity = rarity(frequency, scope.names);
        if token.role.is_core() {
            order.push((frequency, at, list));
        }
    }
    order.sort_by_key(|(frequency, at, _)| (*frequency, *at));
    for (frequency, at, list) in &order {
        if *frequency == 0 || room.spent + list.len() > BUDGET && *at != order[0].1 {
            continue;
        }
        let word = &probe.words[*at];
        let worth = word.rarity * role_weight(word.token.role);
        room.spent += list.len().min(LONGEST_LIST as u32);
        list.each(|number| {
            if scope.has(number) {
                room.add(number, worth);
            }
        });
    }
    drop(order);
    let plain = probe.words.iter().filter(|w| w.token.role != Role::Initials);
    let own: f32 = plain.map(|w| w.rarity * role_weight(w.token.role)).sum();
    let most = room.touched.iter().map(|number| room.sums[*number as usize]).fold(0.0, f32::max);
    let known = known || most >= WELL_EXPLAINED * own;
    for at in 0..probe.words.len() {
        let word = &probe.words[at];
        if word.token.role == Role::Word && word.token.class == 0 && !known {
            widen(index, scope, probe, at, room)?;
        }
    }
    if probe.words.len() > 1 && !known {
        joined(index, scope, probe, room)?;
    }
    Ok(())
}

/// Neighbouring words of the mention as one word: `xj 900` finds `xj900`.
fn joined<P: Pages>(index: &Index<P>, scope: &Scope, probe: &Probe, room: &mut Tallies) -> Result<()> {
    let mut text = String::new();
    for at in 0..probe.words.len() - 1 {
        text.clear();
        text.push_str(probe.text(at));
        for other in at + 1..(at + 3).min(probe.words.len()) {
            text.push_str(probe.text(other));
            let list = index.list(keys::word_key(&text, 0))?;
            if (1..=200).contains(&list.len()) {
                let worth = probe.words[at].rarity.max(probe.words[other].rarity);
                list.each(|number| {
                    if scope.has(number) {
                        room.add(number, worth);
                    }
                });
            }
        }
    }
    Ok(())
}

/// Adds the names of the words that look or sound like a word of the mention.
fn widen<P: Pages>(index: &Index<P>, scope: &Scope, probe: &Probe, at: usize, room: &mut Tallies) -> Result<()> {
    let word = &probe.words[at];
    let text = probe.text(at);
    let length = text.len();
    if length < 3 {
        return Ok(());
    }
    let starts = &index.meta.word_starts;
    let bound = |length: usize| starts.get(length).or(starts.last()).copied().unwrap_or(0);
    let slack = if length < 5 { 1 } else { 2 + length / 5 };
    let range = bound(length - slack.min(length))..bound(length + slack + 1);
    let mut keys = Vec::with_capacity(length + 1);
    keys::grams(text.as_bytes(), &mut |key| keys.push(key));
    room.counted.clear();
    for key in &keys {
        let list = index.list(*key)?;
        if list.len() as usize > LONGEST_LIST {
            continue;
        }
        list.each(|number| {
            if range.contains(&number) {
                let count = &mut room.counts[number as usize];
                if *count == 0 {
                    room.counted.push(number);
                }
                *count = count.saturating_add(1);
            }
        });
    }
    let mut alike: Vec<(u8, u32)> = room.counted.iter().map(|n| (room.counts[*n as usize], *n)).collect();
    for number in &room.counted {
        room.counts[*number as usize] = 0;
    }
    let few = if length < 6 { 1 } else { (keys.len() / 4) as u8 };
    alike.retain(|(count, _)| *count >= few);
    alike.sort_unstable_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    alike.truncate(40);
    if let Some(key) = keys::word_sound(text.as_bytes()) {
        let list = index.list(key)?;
        if list.len() <= 60 {
            list.each(|number| alike.push((0, number)));
        }
    }
    let mut similar: Vec<(f32, u32)> = Vec::with_capacity(alike.len());
    for (_, number) in alike {
        let similarity = index.word(number, |other| {
            if other == text.as_bytes() { 0.0 } else { word_similarity(&word.pattern, &word.sound, other) }
        })?;
        if similarity >= 0.5 && !similar.iter().any(|(_, seen)| *seen == number) {
            similar.push((similarity, number));
        }
    }
    similar.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    similar.truncate(WIDENED);
    for (similarity, number) in similar {
        let list = index.list(index.word(number, |other| key(KeyKind::Word, other, &[]))?)?;
        if list.len() > 3000 || room.spent > 2 * BUDGET {
            continue;
        }
        room.spent += list.len();
        let worth = rarity(list.len(), scope.names) * similarity * similarity;
        list.each(|number| {
            if scope.has(number) {
                room.add(number, worth);
            }
        });
    }
    Ok(())
}

/// Sets tallies against what there is to explain, and keeps the best.
fn rank<P: Pages>(index: &Index<P>, probe: &Probe, room: &mut Tallies, out: &mut Vec<Found>) -> Result<()> {
    let own: f32 = probe.words.iter().map(|w| w.rarity * role_weight(w.token.role)).sum();
    for &number in &room.touched {
        let at = number as usize;
        let (sum, bonus) = (room.sums[at], room.bonus[at]);
        room.sums[at] = 0.0;
        room.bonus[at] = 0.0;
        let other = index.weight(number)?;
        let share = sum / (sum + 0.6 * (other - sum).max(0.0) + 0.3 * (own - sum).max(0.0) + 0.01);
        out.push(Found { name: number, tally: share + bonus });
    }
    room.touched.clear();
    let order = |a: &Found, b: &Found| b.tally.total_cmp(&a.tally).then(a.name.cmp(&b.name));
    if out.len() > KEPT {
        out.select_nth_unstable_by(KEPT, order);
        out.truncate(KEPT);
    }
    out.sort_unstable_by(order);
    let least = out.first().map_or(0.0, |best| best.tally * KEPT_SHARE);
    out.truncate(out.partition_point(|found| found.tally >= least));
    Ok(())
}
