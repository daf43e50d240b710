//! Widening: the words of the vocabulary that look or sound like a word of the mention, and the names that have them.

use anyhow::Result;

use crate::resolve::index::keys;
use crate::resolve::index::{Blocks, Index, KeyKind, List, key, rarity};
use crate::resolve::matching::likeness::word_similarity;
use crate::resolve::matching::probe::Probe;
use crate::resolve::matching::tallies::{BUDGET, Scope, Tallies};
use crate::resolve::names::similarity;
use crate::resolve::names::words::{self, Role};

/// Words of the vocabulary that a word of the mention is widened to.
const WIDENED: usize = 12;
/// Letters of the beginning of a word by which it is found, at least.
const BEGINNING: usize = 3;
/// Words that one beginning is completed to, and names that have them.
const COMPLETED: usize = 96;
const COMPLETED_NAMES: u32 = 4_000;
/// Weight of a completed word beside one that is the same.
const COMPLETED_WORTH: f32 = 0.7;
/// Entries of letter lists read for one word; the rarest letters come first.
const LETTERS_BUDGET: u32 = 6_000;
/// A word this similar is taken for the one that was meant; no further is looked for.
const CLOSE: f32 = 0.72;

/// Widening of a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// To words one letter away.
    Near,
    /// To words that share letters or sound.
    Far,
}

impl Reach {
    /// The nearer first.
    pub(crate) const ALL: [Reach; 2] = [Reach::Near, Reach::Far];
}

/// Neighbouring words of the mention as one word: `xj 900` finds `xj900`.
pub(crate) fn joined<P: Blocks>(index: &Index<P>, scope: &Scope, probe: &Probe, room: &mut Tallies) -> Result<()> {
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
pub(crate) fn widen_word<P: Blocks>(
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
    // Weight that a name not found so far could have besides: of the words whose names were not all read.
    let besides: f32 = (0..probe.words.len())
        .filter(|other| *other != at && room.read & 1 << other == 0)
        .map(|at| probe.weight(at))
        .sum();
    for &(similarity, number) in &similar {
        let list = index.list_of_known(index.word(number, key_of_word)?)?;
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

/// Adds the names of the words that a word of the mention begins: `toxicol` finds `toxicology` and `toxicological`.
pub(crate) fn complete_word<P: Blocks>(
    index: &Index<P>,
    scope: &Scope,
    probe: &Probe,
    at: usize,
    room: &mut Tallies,
) -> Result<()> {
    let text = probe.text(at);
    if probe.words[at].token.role != Role::Word || !(BEGINNING..=12).contains(&text.len()) {
        return Ok(());
    }
    let (begun, _) = words_begun_by(index, text)?;
    let mut lists = Vec::with_capacity(begun.len());
    let mut total = 0;
    for number in begun {
        let list = index.list_of_known(index.word(number, key_of_word)?)?;
        if list.is_kept() && total + list.len() <= COMPLETED_NAMES {
            total += list.len();
            lists.push(list);
        }
    }
    let worth = COMPLETED_WORTH * rarity(total, probe.n_names);
    for list in &lists {
        room.spent += list.len();
        list.each(|number| {
            if scope.has(number) {
                room.add(number, worth);
            }
        });
    }
    Ok(())
}

/// Returns the words of the vocabulary that a text begins, the shortest first, and whether these are all.
pub(super) fn words_begun_by<P: Blocks>(index: &Index<P>, text: &str) -> Result<(Vec<u32>, bool)> {
    index.words_begun_by(text.as_bytes(), COMPLETED)
}

/// Returns the key of a word of the vocabulary; one of many spellings is found by what it means.
pub(super) fn key_of_word(word: &[u8]) -> u64 {
    let text = std::str::from_utf8(word).unwrap_or_default();
    keys::word_key(text, words::entry(text).filter(|entry| entry.role == Role::Word).map_or(0, |entry| entry.class))
}

/// Collects the words of the vocabulary that differ by one letter.
fn words_near<P: Blocks>(index: &Index<P>, text: &str, room: &mut Tallies) -> Result<()> {
    let mut keys = std::mem::take(&mut room.found_keys);
    keys.clear();
    keys::less_one(text.as_bytes(), &mut |key| keys.push(key));
    // Letters that a scanner took for others are one more way to be near.
    let mut read = Vec::with_capacity(text.len());
    similarity::as_read(text.as_bytes(), &mut read);
    if read != text.as_bytes() {
        keys.push(key(KeyKind::Less, &read, &[]));
    }
    index.keep_likely(&mut keys);
    room.counted.clear();
    for &key in &keys {
        let list = index.list_of_known(key)?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Entity, EntityId, EntityKey};
    use crate::resolve::{Builder, Resident};

    #[test]
    fn words_that_a_text_begins_are_all_found_and_in_order() {
        let mut state = 7u64;
        let mut random = |below: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % below
        };
        let mut builder = Builder::new();
        let mut words = std::collections::BTreeSet::new();
        for key in 0..3000 {
            let word: String =
                (0..3 + random(5) + 8 * (random(4) / 3)).map(|_| char::from(b"abcnyz019"[random(9)])).collect();
            let name = format!("Q{word} {word}");
            let id = EntityId::new(format!("e{key}"));
            let entity =
                Entity { id, entity_type: "thing".into(), name, aliases: vec![], attributes: Default::default() };
            builder.add(EntityKey(key), &entity);
            words.insert(word);
        }
        let index: Index<Resident> = Index::open(builder.resident().expect("packs")).expect("opens");
        let word =
            |number: u32| index.word(number, |word| String::from_utf8_lossy(word).into_owned()).expect("is there");
        let all: Vec<String> = (0..index.meta.words).map(word).collect();
        assert!(all.len() > 1_000, "{} words", all.len());
        let mut n_found = 0;
        let beginnings = words.iter().flat_map(|word| [&word[..2 + word.len() % 2], &word[..word.len() - 1]]);
        for text in beginnings.chain(["", "q", "qa", "{", "zz", "az", "a"]) {
            let (found, is_all) = words_begun_by(&index, text).expect("reads");
            let mut expected: Vec<&String> =
                all.iter().filter(|word| word.len() > text.len() && word.starts_with(text)).collect();
            assert_eq!(is_all, expected.len() <= COMPLETED, "{text}");
            expected.truncate(COMPLETED);
            assert_eq!(
                found.into_iter().map(word).collect::<Vec<_>>(),
                expected.into_iter().cloned().collect::<Vec<_>>(),
                "{text}"
            );
            n_found += 1;
        }
        assert!(n_found > 1_000);
    }
}
