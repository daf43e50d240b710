//! Finds the names worth comparing, from a union of keys and never by a scan.
//!
//! Every key that meets adds to a name's tally: the rarity of a word, or a fixed worth for a key of the whole name. The
//! tally is set against what there is to explain on both sides, and the best go on. Rare words are read first; the long
//! list of a common word is not read for new names once a rare word has found some (the idea of MaxScore: H. Turtle and
//! J. Flood, "Query evaluation: strategies and optimizations", 1995), only to tell apart those that are found.
//!
//! A word that no name has is widened to the words of the vocabulary one letter away ([`Reach::Near`]). Where what was
//! found does not explain the mention, the resolver asks for more ([`widen`]): words one letter away from known words, and
//! words that share letters or sound ([`Reach::Far`]), the dearest way.

use std::ops::Range;

use anyhow::Result;

use crate::resolve::index::keys::{self, Keys};
use crate::resolve::index::{Background, Blocks, COUNTED_FROM, Index, KeyKind, LONGEST_LIST, List, Meta, key, rarity};
use crate::resolve::matching::features::word_similarity;
use crate::resolve::matching::hints::Meanings;
use crate::resolve::matching::probe::Probe;
use crate::resolve::names::name::{Name, Token};
use crate::resolve::names::similarity;
use crate::resolve::names::words::{self, Role};

/// Names that go on to be compared.
pub(crate) const KEPT: usize = 32;
/// Of these, only those whose tally is this share of the best one's.
pub(crate) const KEPT_SHARE: f32 = 0.3;
/// Entries of lists read for one mention; the rarest words come first, so what is left out says little.
const BUDGET: u32 = 12_000;
/// Words of the vocabulary that a word of the mention is widened to.
const WIDENED: usize = 12;
/// A list this short is always read.
const SHORT: u32 = 64;
/// A longer one is read for new names only if these can still reach this share of the best tally.
const WORTH_READING: f32 = 0.5;
/// Entries of letter lists read for one word; the rarest letters come first.
const LETTERS_BUDGET: u32 = 6_000;
/// A word this similar is taken for the one that was meant; no further is looked for.
const CLOSE: f32 = 0.72;

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
        for (kind, facts) in (0u16..).zip(&meta.types) {
            if types.iter().any(|wanted| wanted.to_lowercase() == facts.name.to_lowercase()) {
                ranges.extend(facts.ranges.iter().cloned());
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
}

/// How far a word is widened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// To words one letter away.
    Near,
    /// To words that share letters or sound.
    Far,
}

/// Room for tallies, used again for every mention.
#[derive(Default)]
pub(crate) struct Tallies {
    /// Sum and bonus of every name, side by side: a name in a list is looked at once.
    tallies: Vec<[f32; 2]>,
    touched: Vec<u32>,
    /// The greatest sum so far.
    most: f32,
    /// Names handed out already.
    handed_out: Vec<u32>,
    counts: Vec<u8>,
    counted: Vec<u32>,
    similar: Vec<(f32, u32)>,
    found_keys: Vec<u64>,
    /// Words of the mention whose names were all read, those that were widened nearly and wholly, and those for which a
    /// close word was found; a bit a word.
    read: u32,
    near: u32,
    far: u32,
    pub(crate) close: u32,
    /// Whether common words are read for new names too, whatever is found already.
    pub(crate) is_thorough: bool,
    spent: u32,
    keys: Keys,
    /// What hints mean, kept between mentions.
    pub(crate) meanings: Meanings,
}

impl Tallies {
    fn begin(&mut self, meta: &Meta) {
        for &number in &self.touched {
            self.tallies[number as usize] = [0.0; 2];
        }
        self.touched.clear();
        self.handed_out.clear();
        if self.tallies.len() != meta.names as usize {
            self.tallies = vec![[0.0; 2]; meta.names as usize];
        }
        if self.counts.len() != meta.words as usize {
            self.counts = vec![0; meta.words as usize];
        }
        (self.read, self.near, self.far, self.close) = (0, 0, 0, 0);
        (self.spent, self.most) = (0, 0.0);
    }

    fn is_touched(&self, number: u32) -> bool {
        self.tallies[number as usize] != [0.0; 2]
    }

    fn add(&mut self, number: u32, worth: f32) {
        let tally = &mut self.tallies[number as usize];
        if *tally == [0.0; 2] {
            self.touched.push(number);
        }
        tally[0] += worth;
        self.most = self.most.max(tally[0]);
    }

    fn reward(&mut self, number: u32, worth: f32) {
        let tally = &mut self.tallies[number as usize];
        if *tally == [0.0; 2] {
            self.touched.push(number);
        }
        tally[1] = tally[1].max(worth);
    }

    /// Adds a word's worth to its names. `reach` is what a name not found so far could still come to. Returns whether all
    /// its names were read.
    fn spread<G: std::ops::Deref<Target = [u8]>>(
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

/// Finds the best names for a mention as it is written, best first, and sets the rarities of its words.
pub(crate) fn retrieve<P: Blocks>(
    index: &Index<P>,
    scope: &Scope,
    probe: &mut Probe,
    room: &mut Tallies,
    out: &mut Vec<Hit>,
) -> Result<()> {
    room.begin(&index.meta);
    let mut keys = std::mem::take(&mut room.keys);
    keys.of_sounding(&probe.name, Some(&probe.sound));
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

/// Finds more names, by the words that look or sound like words of the mention (`open`, a bit a word); none
/// where all was tried before.
pub(crate) fn widen<P: Blocks>(
    index: &Index<P>,
    scope: &Scope,
    probe: &Probe,
    room: &mut Tallies,
    (open, reach): (u32, Reach),
    out: &mut Vec<Hit>,
) -> Result<()> {
    let before = (room.near, room.far);
    for at in 0..probe.words.len() {
        if open & 1 << at != 0 {
            widen_word(index, scope, probe, at, reach, room)?;
        }
    }
    if reach == Reach::Far && probe.words.len() > 1 {
        joined(index, scope, probe, room)?;
    }
    if before == (room.near, room.far) {
        out.clear();
        return Ok(());
    }
    rank(index, probe, room, out)
}

fn reward_all<P: Blocks>(
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
fn initialisms<P: Blocks>(
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
    if probe.words.iter().any(|word| word.token.capitals) && probe.core_at.len() > 1 {
        for &key in &keys.initialisms {
            reward_all(index, scope, room, key, worth::INITIALISM, 60)?;
        }
    }
    if !keys.initialisms.is_empty() && (2..=9).contains(&probe.initials.len()) {
        reward_all(index, scope, room, key(KeyKind::Form, probe.initials.as_bytes(), &[]), worth::INITIALISM, 100)?;
    }
    Ok(())
}

/// The parts between commas, and what stands in parentheses, each as a name of its own; the rest of an affiliation is
/// an address.
fn parts<P: Blocks>(index: &Index<P>, scope: &Scope, probe: &Probe, keys: &mut Keys, room: &mut Tallies) -> Result<()> {
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
fn pairs<P: Blocks>(index: &Index<P>, scope: &Scope, probe: &Probe, room: &mut Tallies) -> Result<()> {
    let Some((last, first)) = probe.last_and_first() else {
        return Ok(());
    };
    let surname = probe.text(last);
    if last != first {
        let initial = &probe.text(first).as_bytes()[..1];
        let key = key(KeyKind::InitialLast, surname.as_bytes(), initial);
        reward_all(index, scope, room, key, worth::INITIAL_LAST, 2000)?;
    }
    let mut found = std::mem::take(&mut room.found_keys);
    found.clear();
    for hint in &probe.hints {
        keys::value_keys(surname, &hint.value, &mut |key| found.push(key));
    }
    for &key in &found {
        reward_all(index, scope, room, key, worth::LAST_VALUE, 2000)?;
    }
    room.found_keys = found;
    if probe.core_at.len() > 2 {
        for two in probe.core_at.windows(2) {
            let (a, b) = (&probe.words[two[0]].token, &probe.words[two[1]].token);
            let key = keys::pair_key(probe.text(two[0]), a.class, probe.text(two[1]), b.class);
            reward_all(index, scope, room, key, worth::PAIR, 600)?;
        }
    }
    Ok(())
}

impl<P: Blocks> Background for Index<P> {
    fn names(&self, entity_type: &str) -> u32 {
        self.meta.types.iter().find(|facts| facts.name == entity_type).map_or(0, |facts| facts.names)
    }

    fn frequency(&self, entity_type: &str, word_key: u64) -> Result<u32> {
        let scope = Scope::of(&self.meta, &[entity_type.to_owned()]);
        frequency(self, &scope, word_key, &self.list(word_key)?)
    }

    fn bits(&self, entity_type: &str, attribute: &str) -> Option<f32> {
        let facts = self.meta.types.iter().find(|facts| facts.name == entity_type)?;
        facts.attributes.iter().find(|known| known.name == attribute).map(|known| known.bits)
    }
}

/// Returns in how many names of the scope a word stands.
fn frequency<P: Blocks>(index: &Index<P>, scope: &Scope, word: u64, list: &List<P::Block<'_>>) -> Result<u32> {
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

/// Single words, rarest first; and, unless a form of the mention is known, the words one letter away from those that no
/// name has.
fn words<P: Blocks>(index: &Index<P>, scope: &Scope, probe: &mut Probe, room: &mut Tallies, known: bool) -> Result<()> {
    let mut order = Vec::with_capacity(probe.words.len());
    probe.n_names = probe.n_names.max(scope.names);
    for at in 0..probe.words.len() {
        let token = probe.words[at].token;
        let word = keys::word_key(probe.text(at), token.class);
        let list = index.list(word)?;
        let frequency = frequency(index, scope, word, &list)?;
        // A layer of few changes weighs words as the catalog does.
        let word = &mut probe.words[at];
        word.frequency = word.frequency.max(frequency);
        word.rarity = rarity(word.frequency, probe.n_names);
        if token.role.is_core() {
            order.push((frequency, at, list));
        }
    }
    order.sort_unstable_by_key(|(frequency, at, _)| (*frequency, *at));
    let mut reach: f32 = order.iter().filter(|(n, ..)| *n > 0).map(|(_, at, _)| probe.weight(*at)).sum();
    for (frequency, at, list) in &order {
        if *frequency > 0 {
            let worth = probe.weight(*at);
            if room.spread(list, scope, worth, reach) {
                room.read |= 1 << at;
            }
            reach -= worth;
        }
    }
    if known {
        return Ok(());
    }
    let absent: Vec<usize> = order.iter().map(|(_, at, _)| *at).filter(|at| probe.words[*at].frequency == 0).collect();
    drop(order);
    for at in absent {
        widen_word(index, scope, probe, at, Reach::Near, room)?;
    }
    Ok(())
}

/// Neighbouring words of the mention as one word: `xj 900` finds `xj900`.
fn joined<P: Blocks>(index: &Index<P>, scope: &Scope, probe: &Probe, room: &mut Tallies) -> Result<()> {
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
fn widen_word<P: Blocks>(
    index: &Index<P>,
    scope: &Scope,
    probe: &Probe,
    at: usize,
    reach: Reach,
    room: &mut Tallies,
) -> Result<()> {
    let word = &probe.words[at];
    let text = probe.text(at);
    let tried = if reach == Reach::Near { &mut room.near } else { &mut room.far };
    if word.token.role != Role::Word || word.token.class != 0 || text.len() < 3 || *tried & 1 << at != 0 {
        return Ok(());
    }
    *tried |= 1 << at;
    match reach {
        Reach::Near => words_near(index, text, room)?,
        Reach::Far => words_far(index, text, room)?,
    }
    let mut similar = std::mem::take(&mut room.similar);
    similar.clear();
    for &number in &room.counted {
        let similarity = index.word(number, |other| {
            if other == text.as_bytes() { 0.0 } else { word_similarity(&word.pattern, &word.sound, other) }
        })?;
        if similarity >= 0.5 {
            similar.push((similarity, number));
        }
    }
    similar.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    similar.truncate(WIDENED);
    // What a name that was not found so far could have besides: the words whose names were not all read.
    let besides: f32 = (0..probe.words.len())
        .filter(|other| *other != at && room.read & 1 << other == 0)
        .map(|at| probe.weight(at))
        .sum();
    for &(similarity, number) in &similar {
        let list = index.list(index.word(number, key_of_word)?)?;
        if similarity >= CLOSE {
            room.close |= 1 << at;
        }
        if list.len() > 3000 || room.spent > 2 * BUDGET {
            continue;
        }
        let worth = rarity(list.len(), probe.n_names) * similarity * similarity;
        room.spread(&list, scope, worth, worth + besides);
    }
    room.similar = similar;
    Ok(())
}

/// Returns the key of a word of the vocabulary; one of many spellings is found by what it means.
fn key_of_word(word: &[u8]) -> u64 {
    let text = std::str::from_utf8(word).unwrap_or_default();
    keys::word_key(text, words::entry(text).filter(|entry| entry.role == Role::Word).map_or(0, |entry| entry.class))
}

/// Collects the words of the vocabulary that differ by one letter.
fn words_near<P: Blocks>(index: &Index<P>, text: &str, room: &mut Tallies) -> Result<()> {
    let mut keys = std::mem::take(&mut room.found_keys);
    keys.clear();
    keys::less_one(text.as_bytes(), &mut |key| keys.push(key));
    // What a scanner took for other letters is one more way to be near.
    let mut read = Vec::with_capacity(text.len());
    similarity::as_read(text.as_bytes(), &mut read);
    if read != text.as_bytes() {
        keys.push(key(KeyKind::Less, &read, &[]));
    }
    room.counted.clear();
    for &key in &keys {
        let list = index.list(key)?;
        if list.len() <= 200 {
            list.each(|number| room.counted.push(number));
        }
    }
    room.found_keys = keys;
    room.counted.sort_unstable();
    room.counted.dedup();
    Ok(())
}

/// Collects the words of the vocabulary that share most letters, in threes, or the sound.
fn words_far<P: Blocks>(index: &Index<P>, text: &str, room: &mut Tallies) -> Result<()> {
    let length = text.len();
    let starts = &index.meta.word_starts;
    let bound = |length: usize| starts.get(length).or(starts.last()).copied().unwrap_or(0);
    let slack = if length < 5 { 1 } else { 2 + length / 5 };
    let (from, until) = (bound(length - slack.min(length)), bound(length + slack + 1));
    let mut keys = std::mem::take(&mut room.found_keys);
    keys.clear();
    keys::grams(text.as_bytes(), &mut |key| keys.push(key));
    let n_grams = keys.len();
    let mut lists = Vec::with_capacity(n_grams);
    for &key in &keys {
        let list = index.list(key)?;
        if list.is_kept() && list.len() > 0 {
            lists.push(list);
        }
    }
    room.found_keys = keys;
    lists.sort_by_key(List::len);
    room.counted.clear();
    let mut spent = 0;
    let mut n_read = 0;
    for list in &lists {
        if spent > LETTERS_BUDGET {
            break;
        }
        spent += list.len();
        n_read += 1;
        list.each_below(until, |number| {
            if number >= from {
                let count = &mut room.counts[number as usize];
                if *count == 0 {
                    room.counted.push(number);
                }
                *count = count.saturating_add(1);
            }
        });
    }
    let few = if length < 6 { 1 } else { (n_grams / 4).min(n_read / 2).max(1) as u8 };
    let mut alike: Vec<(u8, u32)> = Vec::with_capacity(64);
    for number in &room.counted {
        let count = std::mem::take(&mut room.counts[*number as usize]);
        if count >= few {
            alike.push((count, *number));
        }
    }
    let order = |a: &(u8, u32), b: &(u8, u32)| b.0.cmp(&a.0).then(a.1.cmp(&b.1));
    if alike.len() > 40 {
        alike.select_nth_unstable_by(40, order);
        alike.truncate(40);
    }
    room.counted.clear();
    room.counted.extend(alike.iter().map(|(_, number)| *number));
    if let Some(key) = keys::word_sound(text.as_bytes()) {
        let list = index.list(key)?;
        if list.len() <= 60 {
            list.each(|number| room.counted.push(number));
        }
    }
    room.counted.sort_unstable();
    room.counted.dedup();
    Ok(())
}

/// Sets tallies against what there is to explain, and hands out the best that were not handed out before.
fn rank<P: Blocks>(index: &Index<P>, probe: &Probe, room: &mut Tallies, out: &mut Vec<Hit>) -> Result<()> {
    out.clear();
    let own: f32 = (0..probe.words.len()).map(|at| probe.weight(at)).sum();
    let mut weights = index.weights();
    for &number in &room.touched {
        let [sum, bonus] = room.tallies[number as usize];
        let other = weights.of(number)?;
        let share = sum / (sum + 0.6 * (other - sum).max(0.0) + 0.3 * (own - sum).max(0.0) + 0.01);
        out.push(Hit { name: number, tally: share + bonus });
    }
    let order = |a: &Hit, b: &Hit| b.tally.total_cmp(&a.tally).then(a.name.cmp(&b.name));
    if out.len() > KEPT {
        out.select_nth_unstable_by(KEPT, order);
        out.truncate(KEPT);
    }
    out.sort_unstable_by(order);
    let least = out.first().map_or(0.0, |best| best.tally * KEPT_SHARE);
    out.truncate(out.partition_point(|found| found.tally >= least));
    out.retain(|found| !room.handed_out.contains(&found.name));
    room.handed_out.extend(out.iter().map(|found| found.name));
    Ok(())
}
