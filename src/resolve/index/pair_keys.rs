//! Keys of two parts, made where one part alone would find too many.

use crate::resolve::index::key::{KeyKind, key};
use crate::resolve::index::keys;
use crate::resolve::index::layout::{PAIRED_FROM, value_numbers};
use crate::resolve::index::pack::Packed;
use crate::resolve::names::token::last_and_first;

/// Values of an entity with which each of its last words makes a key, at most: a thousand names of somebody with a thousand
/// attributes would make a million.
const VALUES_PAIRED: usize = 256;

/// Core words of a name while its two-part keys are made.
#[derive(Default)]
pub(crate) struct PairKeys {
    words: Vec<(String, u16, u8, u32)>,
    used: usize,
}

impl PairKeys {
    pub(crate) fn clear(&mut self) {
        self.used = 0;
    }

    pub(crate) fn push(&mut self, text: &str, class: u16, segment: u8, frequency: u32) {
        if self.used == self.words.len() {
            self.words.push((String::new(), 0, 0, 0));
        }
        let slot = &mut self.words[self.used];
        slot.0.clear();
        slot.0.push_str(text);
        (slot.1, slot.2, slot.3) = (class, segment, frequency);
        self.used += 1;
    }

    pub(crate) fn emit(&self, inverted: bool, entity: &[u8], values: &Packed, put: &mut dyn FnMut(u64)) {
        let words = &self.words[..self.used];
        let Some((last, first)) = last_and_first(words.iter().map(|w| w.2), inverted) else {
            return;
        };
        let (surname, _, _, frequency) = &words[last];
        if *frequency >= PAIRED_FROM {
            if words.len() > 1 {
                put(key(KeyKind::InitialLast, surname.as_bytes(), &words[first].0.as_bytes()[..1]));
            }
            for (_, value) in value_numbers(entity).take(VALUES_PAIRED) {
                let text = std::str::from_utf8(&values.record(value as usize)[2..]).unwrap_or_default();
                keys::value_keys(surname, text, put);
            }
        }
        for two in words.windows(2) {
            if words.len() > 2 && two[0].3 >= PAIRED_FROM && two[1].3 >= PAIRED_FROM {
                put(keys::pair_key(&two[0].0, two[0].1, &two[1].0, two[1].1));
            }
        }
    }
}
