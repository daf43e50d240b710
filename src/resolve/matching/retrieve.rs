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

use anyhow::Result;

use crate::resolve::index::keys::{self, Keys};
use crate::resolve::index::{Blocks, Index, KeyKind, LONGEST_LIST, List, key, rarity};
use crate::resolve::matching::abbreviated;
use crate::resolve::matching::pairing::{CODE, is_code};
use crate::resolve::matching::probe::Probe;
use crate::resolve::matching::tallies::{Hit, Scope, Tallies, frequency, rank};
use crate::resolve::matching::widen::{Reach, complete_word, joined, widen_word};
use crate::resolve::names::numerals;
use crate::resolve::names::token::{Name, Token};

/// Names that are compared whatever else is found, where they have the mention's rarest known word.
const RAREST: u32 = 8;
/// Names with a last word and a value of a hint, if they are no more.
const VALUES: u32 = 2000;
/// A last word as rare as this is rewarded in full for agreeing with a hint.
const TELLING_RARITY: f32 = 4.0;

/// Worth of the keys of whole names; set against a tally that is at most 1.
mod worth {
    pub(super) const FORM: f32 = 2.0;
    pub(super) const PART_FORM: f32 = 1.2;
    pub(super) const SOUND: f32 = 0.45;
    pub(super) const COARSE: f32 = 0.25;
    pub(super) const SYLLABIC: f32 = 0.6;
    pub(super) const INITIALISM: f32 = 0.5;
    pub(super) const LAST_VALUE: f32 = 0.5;
    /// Beyond the first, so that who agrees with all hints comes before who agrees with one.
    pub(super) const ONE_MORE_VALUE: f32 = 0.1;
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
    if let Some(key) = keys::whole_sound(&probe.abjad) {
        reward_all(index, scope, room, key, worth::SOUND, 400)?;
    }
    for sounds in &probe.syllabic {
        reward_all(index, scope, room, key(KeyKind::CoarseSound, sounds, &[]), worth::SYLLABIC, 400)?;
    }
    initialisms(index, scope, probe, &keys, room)?;
    parts(index, scope, probe, &mut keys, room)?;
    room.keys = keys;
    let order = weigh(index, scope, probe)?;
    pairs(index, scope, probe, room)?;
    words(index, scope, probe, room, order, known)?;
    codes(index, scope, probe, room)?;
    if !known {
        abbreviated::reward(index, scope, probe, room)?;
    }
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
    let before = (room.near, room.far, room.spent);
    for at in 0..probe.words.len() {
        if open & 1 << at != 0 {
            widen_word(index, scope, probe, at, reach, room)?;
            // Several words that no name explains, or a dot, say that words are abbreviated.
            let is_short = probe.words[at].token.dotted || open.count_ones() > 1;
            if reach == Reach::Near && is_short && probe.core_at.len() > 1 {
                complete_word(index, scope, probe, at, room)?;
            }
        }
    }
    if reach == Reach::Far && probe.words.len() > 1 {
        joined(index, scope, probe, room)?;
    }
    if before == (room.near, room.far, room.spent) {
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
    if let Some((letters, number)) = numerals::numbered_initials(&probe.full) {
        reward_all(index, scope, room, keys::numbered_key(letters, number), worth::INITIALISM, 60)?;
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
    // A word that half the names end in (`airport`) finds nobody, not even with a country.
    let telling = (probe.words[last].rarity / TELLING_RARITY).min(1.0);
    let mut found = std::mem::take(&mut room.found_keys);
    for hint in &probe.hints {
        found.clear();
        keys::value_keys(surname, &hint.value, &mut |key| found.push(key));
        for (at, key) in found.iter().enumerate() {
            // The words of a value are found wherever the whole value is.
            let more = if at == 0 { worth::ONE_MORE_VALUE * telling } else { 0.0 };
            let list = index.list(*key)?;
            if list.len() <= VALUES {
                room.spent += list.len();
                list.each(|number| {
                    if scope.has(number) {
                        room.support(number, worth::LAST_VALUE * telling, more);
                    }
                });
            }
        }
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

/// Model numbers that the mention has in parts, as one word: `DX-300B` finds `DX300B`.
fn codes<P: Blocks>(index: &Index<P>, scope: &Scope, probe: &Probe, room: &mut Tallies) -> Result<()> {
    const NAMES: u32 = 64;
    let words = &probe.words;
    for from in (0..words.len()).filter(|at| words[*at].token.hyphened && (*at == 0 || !words[*at - 1].token.hyphened))
    {
        let n_parts = 1 + words[from..].iter().take_while(|word| word.token.hyphened).count();
        let parts = from..(from + n_parts).min(words.len());
        let code: String = parts.clone().map(|at| probe.text(at)).collect();
        if code.len() < CODE || !is_code(code.as_bytes()) {
            continue;
        }
        let list = index.list(keys::word_key(&code, 0))?;
        if list.is_kept() && list.len() <= NAMES {
            let worth = rarity(list.len(), probe.n_names);
            list.each(|number| {
                if scope.has(number) {
                    room.add(number, worth);
                }
            });
        }
    }
    Ok(())
}

/// Core words of a mention, rarest first: the frequency, which word, its names.
type Order<B> = Vec<(u32, usize, List<B>)>;

/// Sets the rarities of the words.
fn weigh<'i, P: Blocks>(index: &'i Index<P>, scope: &Scope, probe: &mut Probe) -> Result<Order<P::Block<'i>>> {
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
    Ok(order)
}

/// Single words, rarest first; and, unless a form of the mention is known, the words one letter away from those that no
/// name has.
fn words<P: Blocks>(
    index: &Index<P>,
    scope: &Scope,
    probe: &Probe,
    room: &mut Tallies,
    order: Order<P::Block<'_>>,
    known: bool,
) -> Result<()> {
    if let Some((_, _, rarest)) = order.iter().find(|(_, at, _)| (1..=RAREST).contains(&probe.words[*at].frequency)) {
        rarest.each(|number| {
            if scope.has(number) {
                room.rarest.push(number);
            }
        });
    }
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
