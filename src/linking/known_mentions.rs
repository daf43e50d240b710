//! Decisions about mentions by themselves, kept from group to group: the same people are in the news again and again,
//! and a mention is searched and compared once for all groups that name it.
//!
//! Memory is bounded: there are two halves, and when the recent one is full it takes the place of the older one. What
//! is asked for again becomes recent.

use std::collections::HashMap;
use std::mem::{size_of, take};

use crate::model::Mention;
use crate::resolve::{Candidate, Compared, Resolution};

/// Bytes of one half, about: some 50,000 mentions.
const HALF_BYTES: usize = 12 << 20;

/// Resolution of a mention by itself.
#[derive(Debug)]
pub(super) struct KnownMention {
    /// Resolution with the best candidate, if there is one.
    pub(super) resolution: Resolution,
    /// True where its group has a say in it.
    pub(super) is_open: bool,
    /// Comparisons with its candidates; `None` where nothing asked for them yet.
    pub(super) compared: Option<Compared>,
    /// Key of its text, by which decisions about it are found.
    pub(super) key: Box<str>,
    /// Hash of the last name in it.
    pub(super) last_name: u64,
}

/// Mentions by type, text and hints.
#[derive(Debug, Default)]
pub(super) struct KnownMentions {
    recent: HashMap<Box<str>, Box<KnownMention>, foldhash::fast::RandomState>,
    before: HashMap<Box<str>, Box<KnownMention>, foldhash::fast::RandomState>,
    /// Bytes of the recent ones, about.
    bytes: usize,
    /// The key of the mention that was asked for last.
    key: String,
}

impl KnownMentions {
    /// Returns whether a mention is known; it is recent then.
    pub(super) fn has(&mut self, mention: &Mention) -> bool {
        self.set_key(mention);
        if self.recent.contains_key(self.key.as_str()) {
            return true;
        }
        match self.before.remove_entry(self.key.as_str()) {
            Some((key, known)) => {
                self.keep(key, known);
                true
            }
            None => false,
        }
    }

    /// Keeps what was decided about a mention.
    pub(super) fn put(&mut self, mention: &Mention, known: KnownMention) {
        self.set_key(mention);
        self.keep(self.key.as_str().into(), Box::new(known));
    }

    /// Returns a mention that is recent.
    pub(super) fn get(&self, mention: &Mention) -> &KnownMention {
        debug_assert!(self.key.contains(&mention.text), "asked for just now");
        &self.recent[self.key.as_str()]
    }

    /// Takes out what a mention was compared with, for [`KnownMentions::put_compared`] to put back.
    pub(super) fn take_compared(&mut self, mention: &Mention) -> Option<Compared> {
        self.set_key(mention);
        self.either()?.compared.take()
    }

    /// Keeps what a mention was compared with.
    pub(super) fn put_compared(&mut self, mention: &Mention, compared: Option<Compared>) {
        self.set_key(mention);
        if let Some(known) = self.either() {
            known.compared = compared;
        }
    }

    fn either(&mut self) -> Option<&mut KnownMention> {
        match self.recent.get_mut(self.key.as_str()) {
            Some(known) => Some(known),
            None => self.before.get_mut(self.key.as_str()).map(|known| &mut **known),
        }
    }

    fn keep(&mut self, key: Box<str>, known: Box<KnownMention>) {
        if self.bytes > HALF_BYTES {
            self.before = take(&mut self.recent);
            self.bytes = 0;
        }
        let compared = known.compared.as_ref().map_or(0, Compared::len) * size_of::<(u8, u32)>();
        self.bytes += key.len() + known.key.len() + size_of::<KnownMention>() + size_of::<Candidate>() + compared + 32;
        self.recent.insert(key, known);
    }

    fn set_key(&mut self, mention: &Mention) {
        let key = &mut self.key;
        key.clear();
        let hints = mention.hints.iter().flat_map(|(name, value)| [name, value]);
        for part in [&mention.entity_type, &mention.text].into_iter().chain(hints) {
            // With its length before it, a part is told from the next whatever stands in it.
            let mut rest = part.len();
            while rest > 0 {
                key.push(char::from(b'0' + (rest % 64) as u8));
                rest /= 64;
            }
            key.push(' ');
            key.push_str(part);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Attributes;

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
            assert!(!mentions.has(mention));
            mentions.put(mention, known(at as f64));
        }
        for (at, mention) in all.iter().enumerate() {
            assert!(mentions.has(mention));
            assert_eq!(mentions.get(mention).resolution.score, at as f64);
        }
    }

    #[test]
    fn what_was_not_asked_for_of_late_is_forgotten_and_memory_is_bounded() {
        let mut mentions = KnownMentions::default();
        let often = mention("Jo Reyes", &[]);
        mentions.put(&often, known(7.0));
        let n = 3 * HALF_BYTES / 200;
        for at in 0..n {
            mentions.put(&mention(&format!("somebody {at}"), &[]), known(0.0));
            assert!(mentions.has(&often));
        }
        assert_eq!(mentions.get(&often).resolution.score, 7.0);
        assert!(!mentions.has(&mention("somebody 0", &[])));
        assert!(mentions.recent.len() + mentions.before.len() < n);
    }
}
