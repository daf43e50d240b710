//! Decisions about mentions by themselves, kept from group to group: the same people are in the news again and again,
//! and a mention is searched and compared once for all groups that name it.
//!
//! Memory is bounded: there are two halves, and when the recent one is full it takes the place of the older one. What
//! is asked for again becomes recent.

use std::collections::HashMap;
use std::hash::BuildHasher as _;
use std::mem::{size_of, take};

use foldhash::quality::RandomState;

use crate::linking::kept_mention::{KeptMention, KnownMention};
use crate::model::Mention;
use crate::resolve::Compared;

/// Bytes of one half, about: some 26,000 mentions.
const HALF_BYTES: usize = 5 << 20;

/// Bytes that the allocator adds to each piece, about.
const ALLOCATION: usize = 16;
/// Bytes of a place in a table that is two thirds full.
const SLOT: usize = size_of::<(u128, KeptMention)>() * 3 / 2;

/// Mentions by a hash of type, text and hints, so long that no two have the same.
#[derive(Default)]
pub(super) struct KnownMentions {
    recent: HashMap<u128, KeptMention, foldhash::fast::FixedState>,
    before: HashMap<u128, KeptMention, foldhash::fast::FixedState>,
    /// Bytes of the recent ones, about.
    bytes: usize,
    /// Seeds of the two halves of a hash, which nobody outside can know.
    seeds: [RandomState; 2],
}

impl KnownMentions {
    /// Returns what was decided about a mention; it is recent then.
    pub(super) fn get(&mut self, mention: &Mention) -> Option<KnownMention> {
        let hash = self.hash(mention);
        if let Some(kept) = self.recent.get(&hash) {
            return Some(kept.known());
        }
        let kept = self.before.remove(&hash)?;
        let known = kept.known();
        self.keep(hash, kept);
        Some(known)
    }

    /// Keeps what was decided about a mention.
    pub(super) fn put(&mut self, mention: &Mention, known: &KnownMention) {
        self.keep(self.hash(mention), KeptMention::of(known));
    }

    /// Keeps what a mention was compared with, which nothing asked for when it was decided.
    pub(super) fn put_compared(&mut self, mention: &Mention, compared: &Compared) {
        let hash = self.hash(mention);
        let kept = match self.recent.get_mut(&hash) {
            Some(kept) => Some(kept),
            None => self.before.get_mut(&hash),
        };
        if let Some(kept) = kept {
            let known = KnownMention { compared: Some(compared.without_comparisons()), ..kept.known() };
            *kept = KeptMention::of(&known);
        }
    }

    fn keep(&mut self, hash: u128, kept: KeptMention) {
        if self.bytes > HALF_BYTES {
            self.before = take(&mut self.recent);
            self.bytes = 0;
        }
        self.bytes += kept.bytes() + ALLOCATION + SLOT;
        self.recent.insert(hash, kept);
    }

    fn hash(&self, mention: &Mention) -> u128 {
        // Each part ends with a byte that no text has, and so is told from the next.
        let parts = (&mention.entity_type, &mention.text, &mention.hints);
        let [high, low] = self.seeds.each_ref().map(|seed| u128::from(seed.hash_one(parts)));
        high << 64 | low
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Attributes;
    use crate::resolve::Resolution;

    fn mention(text: &str, hints: &[(&str, &str)]) -> Mention {
        let hints: Attributes = hints.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        Mention { entity_type: "person".into(), text: text.into(), hints, is_primary: false, confidence: 1.0, rank: 1 }
    }

    fn known(score: f64) -> KnownMention {
        let resolution = Resolution { score, ..Resolution::unknown() };
        KnownMention { resolution, is_open: true, compared: None, key: "".into(), last_name: 0 }
    }

    #[test]
    fn mentions_are_told_apart_by_text_and_hints() {
        let mut mentions = KnownMentions::default();
        let all =
            [mention("Jo Reyes", &[]), mention("Jo Reyes", &[("team", "KC")]), mention("Jo", &[("team", "Reyes")])];
        for (at, mention) in all.iter().enumerate() {
            assert!(mentions.get(mention).is_none());
            mentions.put(mention, &known(at as f64));
        }
        for (at, mention) in all.iter().enumerate() {
            assert_eq!(mentions.get(mention).expect("is known").resolution.score, at as f64);
        }
    }

    #[test]
    fn what_was_not_asked_for_of_late_is_forgotten_and_memory_is_bounded() {
        let mut mentions = KnownMentions::default();
        let often = mention("Jo Reyes", &[]);
        mentions.put(&often, &known(7.0));
        let n = 3 * HALF_BYTES / 100;
        for at in 0..n {
            mentions.put(&mention(&format!("somebody {at}"), &[]), &known(0.0));
            assert_eq!(mentions.get(&often).expect("is known").resolution.score, 7.0);
        }
        assert!(mentions.get(&mention("somebody 0", &[])).is_none());
        assert!(mentions.recent.len() + mentions.before.len() < n);
    }
}
