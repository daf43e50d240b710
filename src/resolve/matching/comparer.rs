//! The comparison of a mention with a catalog name: the pairing of their words, what is left over, and the features of both.

use std::ops::Deref;

use crate::resolve::index::keys::role_weight;
use crate::resolve::index::{NameCard, TokenView};
use crate::resolve::matching::contradiction::{self, Contradiction};
use crate::resolve::matching::difference::{self, Differences};
use crate::resolve::matching::features::{COUNT, Feature, Vector, put_evidence};
use crate::resolve::matching::hints::Evidence;
use crate::resolve::matching::kind::Kind;
use crate::resolve::matching::likeness::How;
use crate::resolve::matching::model_numbers;
use crate::resolve::matching::pairing::{Pair, Pairing};
use crate::resolve::matching::probe::Probe;
use crate::resolve::matching::roles;
use crate::resolve::names::phonetic;
use crate::resolve::names::similarity::common_prefix;
use crate::resolve::names::token::{MAX_TOKENS, last_and_first};
use crate::resolve::names::words::{self, Role};

/// The room in which names are compared; used again for every candidate.
pub(crate) struct Comparer<'a> {
    pairing: Pairing<'a>,
    /// Positions of the name's core words that are not asides.
    core_at: Vec<u8>,
    core: Vec<u8>,
    bones: Vec<u8>,
    wide: Vec<u8>,
    /// The same, of sounds that follow each other one.
    wide_once: Vec<u8>,
}

/// Similarity of a word that an attribute tells.
const TOLD: f32 = 0.9;

/// Log-odds that a model number adds: of the labelled products with the same one, hardly any are two.
const SAME_MODEL: f32 = 4.0;

/// Letters of a core for which there is room from the first on.
const CORE_LETTERS: usize = 64;
/// Letters that two names share which sound alike and of which one is written without vowels.
const ABJAD: f32 = 0.85;
/// Likeness of the sounds of two names of which one a syllabic script has passed through.
const SYLLABIC: f32 = 0.85;

impl<'a> Comparer<'a> {
    pub(crate) fn new() -> Comparer<'a> {
        Comparer {
            pairing: Pairing::new(),
            core_at: Vec::new(),
            core: Vec::new(),
            bones: Vec::new(),
            wide: Vec::new(),
            wide_once: Vec::new(),
        }
    }

    /// Returns the pairs of the last comparison.
    pub(crate) fn pairs(&self) -> &[Pair] {
        &self.pairing.pairs
    }

    /// Returns the name's words of the last comparison.
    pub(crate) fn name_words(&self) -> &[TokenView<'a>] {
        &self.pairing.name
    }

    /// Returns which words of the mention the last comparison paired with more than a likeness, a bit a word.
    pub(crate) fn certain(&self) -> u32 {
        let sure = |pair: &&Pair| match pair.how {
            How::Similar => false,
            How::Abbreviation => pair.similarity >= SURE_ABBREVIATION,
            _ => true,
        };
        self.pairing.pairs.iter().filter(sure).fold(0, |bits, pair| bits | 1 << pair.mention)
    }

    /// Compares a mention with a catalog name, but for what only the best candidates need ([`Comparer::finish`]).
    pub(crate) fn compare<G: Deref<Target = [u8]>>(
        &mut self,
        probe: &Probe,
        card: &'a NameCard<G>,
        evidence: &Evidence,
    ) -> Vector {
        self.pairing.name.clear();
        self.pairing.name.reserve(MAX_TOKENS / 2);
        self.core.reserve(CORE_LETTERS);
        card.tokens(|token| self.pairing.name.push(token));
        self.core_at.clear();
        for (at, token) in (0u8..).zip(&self.pairing.name) {
            if token.role.is_core() && !token.aside {
                self.core_at.push(at);
            }
        }
        self.pairing.pair_words(probe);
        self.vector(probe, card, evidence)
    }

    /// Takes words of the mention, a bit a word, for explained by what is known of the entity besides its names.
    pub(crate) fn tell<G: Deref<Target = [u8]>>(
        &mut self,
        probe: &Probe,
        card: &NameCard<G>,
        evidence: &Evidence,
        told: u32,
    ) -> Vector {
        self.pairing.told = told;
        for i in (0..probe.words.len()).filter(|i| told & 1 << i != 0) {
            self.pairing.mention_paired[i] = TOLD;
        }
        self.vector(probe, card, evidence)
    }

    /// Takes words of the name, a bit a word, for no more than the place where the entity is.
    pub(crate) fn place(&mut self, words: u32) {
        self.pairing.of_place = words;
    }

    /// Takes the entity for what its type says.
    pub(crate) fn set_kind(&mut self, kind: Kind) {
        self.pairing.kind = kind;
    }

    /// Takes the entity for one of another generation.
    pub(crate) fn set_of_another_generation(&mut self, is_of_another: bool) {
        self.pairing.is_of_another_generation = is_of_another;
    }

    /// Returns whether a word of the mention was taken for explained in the last comparison.
    pub(crate) fn is_told(&self, i: usize) -> bool {
        self.pairing.told & 1 << i != 0
    }

    /// Returns whether a word of the mention found no partner in the last comparison.
    pub(crate) fn is_open(&self, i: usize) -> bool {
        self.pairing.mention_paired[i] < 0.5
    }

    fn vector<G: Deref<Target = [u8]>>(&mut self, probe: &Probe, card: &NameCard<G>, evidence: &Evidence) -> Vector {
        let mut v = [0.0; COUNT];
        self.coverage(probe, &mut v);
        self.strings(probe, &mut v);
        v[Feature::generation as usize] = roles::generation(probe, &self.pairing);
        let (of_mention, of_name) = roles::left_numbers(probe, &self.pairing);
        v[Feature::numbers_differ as usize] = of_mention.min(of_name) as f32;
        v[Feature::mention_numbers as usize] = of_mention.saturating_sub(of_name) as f32;
        v[Feature::name_numbers as usize] = of_name.saturating_sub(of_mention) as f32;
        v[Feature::told as usize] = self.pairing.told.count_ones() as f32;
        v[Feature::same_model as usize] =
            if model_numbers::is_shared(probe, &self.pairing.name) { SAME_MODEL } else { 0.0 };
        v[Feature::lacks as usize] = f32::from(difference::lacks_all_but_hints(probe, &self.pairing));
        v[Feature::alias as usize] = f32::from(u8::from(card.alias));
        put_evidence(evidence, &mut v);
        v
    }

    /// Looks closer at the last comparison: sets the features that do not count for the plain score, and returns the
    /// contradiction that rules find.
    pub(crate) fn look_closer(
        &mut self,
        probe: &Probe,
        inverted: bool,
        evidence: &Evidence,
        v: &mut Vector,
    ) -> Option<Contradiction> {
        self.pairs_by_kind(probe, v);
        self.ends(probe, inverted, v);
        v[Feature::legal as usize] = roles::legal(probe, &self.pairing);
        let Differences { more, edited, lacks } = difference::find(probe, &self.pairing);
        v[Feature::more as usize] = f32::from(more);
        v[Feature::edited as usize] = f32::from(edited);
        let known = &mut v[Feature::lacks as usize];
        *known = known.max(f32::from(lacks));
        v[Feature::foreign as usize] = f32::from(u8::from(probe.foreign));
        v[Feature::capitals as usize] = f32::from(u8::from(probe.capitals));
        // A model number tells as much as a hint does.
        let agree = evidence
            .agree
            .max(contradiction::TELLING_AGREEMENT * f32::from(u8::from(v[Feature::same_model as usize] > 0.0)));
        contradiction::find(probe, &self.pairing, inverted, &Evidence { agree, ..*evidence })
    }

    /// Words explained on both sides, and what is not.
    fn coverage(&mut self, probe: &Probe, v: &mut Vector) {
        let (mut all, mut explained, mut rest, mut rest_max) = (0.0f32, 0.0f32, 0.0f32, 0.0f32);
        let mut parts = [0.0f32; 32];
        for (i, word) in probe.words.iter().enumerate() {
            if word.token.role.is_core() && self.pairing.told & 1 << i == 0 {
                let part = usize::from(word.token.segment.min(31));
                parts[part] = parts[part].max(self.pairing.mention_paired[i] * word.rarity);
            }
        }
        let (mut part_all, mut part_explained, mut part_rest_max) = (0.0f32, 0.0f32, 0.0f32);
        let strongest = parts.iter().copied().fold(0.0, f32::max);
        for (i, word) in probe.words.iter().enumerate() {
            let weight = word.rarity * role_weight(word.token.role) * if word.token.aside { 0.4 } else { 1.0 };
            let paired = self.pairing.mention_paired[i];
            all += weight;
            explained += weight * paired;
            let left = weight * (1.0 - paired);
            rest += left;
            rest_max = rest_max.max(left);
            if word.frequency > 0 {
                let known = &mut v[Feature::known_rest as usize];
                *known = known.max(left);
            }
            if word.token.role == Role::Word && !words::is_generic(word.token.class) && word.country.is_none() {
                let telling = &mut v[Feature::mention_telling as usize];
                *telling = telling.max(left);
            }
            if probe.name.inverted || parts[usize::from(word.token.segment.min(31))] >= strongest * 0.5 {
                part_all += weight;
                part_explained += weight * paired;
                part_rest_max = part_rest_max.max(left);
            }
        }
        v[Feature::mention_explained as usize] = explained / all.max(0.01);
        v[Feature::mention_rest as usize] = rest;
        v[Feature::mention_rest_max as usize] = rest_max;
        v[Feature::part_explained as usize] = part_explained / part_all.max(0.01);
        v[Feature::part_rest_max as usize] = part_rest_max;
        let (mut all, mut explained, mut rest, mut rest_max) = (0.0f32, 0.0f32, 0.0f32, 0.0f32);
        for (j, token) in self.pairing.name.iter().enumerate() {
            let weight = token.rarity * role_weight(token.role) * if token.aside { 0.4 } else { 1.0 };
            let paired = self.pairing.name_paired[j];
            all += weight;
            explained += weight * paired;
            let left = weight * (1.0 - paired);
            rest += left;
            rest_max = rest_max.max(left);
            if token.role == Role::Word && !words::is_generic(token.class) {
                let telling = &mut v[Feature::name_telling as usize];
                *telling = telling.max(left);
            }
        }
        v[Feature::name_explained as usize] = explained / all.max(0.01);
        v[Feature::name_rest as usize] = rest;
        v[Feature::name_rest_max as usize] = rest_max;
        v[Feature::shared as usize] = explained;
        v[Feature::clash as usize] = rest_max.min(v[Feature::part_rest_max as usize]);
    }

    /// Pairs by what makes them one, the worst of them, and their order.
    fn pairs_by_kind(&mut self, probe: &Probe, v: &mut Vector) {
        // Those that are counted may have been counted before, beside other evidence.
        use Feature::{abbreviated, initials, misspelt, nicknames, numbers_agree};
        for counted in [numbers_agree, initials, nicknames, abbreviated, misspelt] {
            v[counted as usize] = 0.0;
        }
        let mut worst = 1.0f32;
        let mut in_order = 1.0f32;
        let mut previous = 0;
        self.pairing.pairs.sort_unstable_by_key(|pair| pair.mention);
        for pair in &self.pairing.pairs {
            let token = &self.pairing.name[usize::from(pair.name)];
            if !token.role.is_core() {
                continue;
            }
            match pair.how {
                How::Equal | How::Joined => {
                    let max = &mut v[Feature::shared_max as usize];
                    *max = max.max(token.rarity);
                }
                How::Number => v[Feature::numbers_agree as usize] += 1.0,
                How::Initial => v[Feature::initials as usize] += 1.0,
                How::Nickname => v[Feature::nicknames as usize] += 1.0,
                How::Abbreviation => v[Feature::abbreviated as usize] += 1.0,
                How::Similar => {
                    v[Feature::misspelt as usize] += 1.0;
                    let word = &probe.words[usize::from(pair.mention)];
                    if word.frequency > 0 {
                        let known = &mut v[Feature::known_similar as usize];
                        *known = known.max(word.rarity);
                    }
                }
                How::SameMeaning => {}
            }
            if pair.how == How::Equal && token.role == Role::Number {
                v[Feature::numbers_agree as usize] += 1.0;
            }
            worst = worst.min(pair.similarity);
            if pair.name < previous {
                in_order = 0.0;
            }
            previous = pair.name;
        }
        v[Feature::worst_pair as usize] = worst;
        v[Feature::in_order as usize] = in_order;
    }

    /// Letters of both names as wholes. Their sounds come later, by [`Comparer::finish`].
    fn strings(&mut self, probe: &Probe, v: &mut Vector) {
        self.core.clear();
        let mut rest = Some(probe.full.as_bytes());
        for token in &self.pairing.name {
            rest = rest.and_then(|rest| rest.strip_prefix(token.text));
        }
        let same_letters = rest.is_some_and(<[u8]>::is_empty);
        for &at in &self.core_at {
            self.core.extend_from_slice(self.pairing.name[usize::from(at)].text);
        }
        let core = probe.core.as_bytes();
        // Names of one country are one name, whatever their letters.
        v[Feature::letters as usize] =
            if self.pairing.is_same_country { 1.0 } else { probe.core_pattern.similarity(&self.core) };
        v[Feature::start as usize] =
            common_prefix(core, &self.core) as f32 / core.len().min(self.core.len()).max(1) as f32;
        v[Feature::mention_letters as usize] = core.len() as f32;
        v[Feature::name_letters as usize] = self.core.len() as f32;
        let same_words = v[Feature::mention_rest as usize] < 0.05 && v[Feature::name_rest as usize] < 0.05;
        v[Feature::form as usize] = if same_letters {
            4.0
        } else if core == self.core {
            3.0
        } else if same_words {
            2.0
        } else {
            0.0
        };
        v[Feature::initialism as usize] = self.initialism(probe);
    }

    /// Sets what only the best candidates need: the overlap of all letters, and how both names sound.
    pub(crate) fn finish<G: Deref<Target = [u8]>>(&mut self, probe: &Probe, card: &'a NameCard<G>, v: &mut Vector) {
        self.core.clear();
        self.bones.clear();
        self.wide.clear();
        card.tokens(|token| {
            if token.role.is_core() && !token.aside {
                self.core.extend_from_slice(token.text);
                phonetic::skeleton(token.text, &mut self.bones);
            }
        });
        phonetic::coarse(&self.bones, &mut self.wide);
        v[Feature::overlap as usize] = probe.core_pattern.overlap(&self.core);
        let sound = |similarity: f32| if self.pairing.is_same_country { 1.0 } else { similarity };
        v[Feature::sound as usize] = sound(probe.sound_pattern.similarity(&self.bones));
        v[Feature::coarse_sound as usize] = sound(probe.coarse_pattern.similarity(&self.wide));
        self.wide_once.clear();
        self.wide_once.extend_from_slice(&self.wide);
        self.wide_once.dedup();
        if probe.syllabic.contains(&self.wide_once) {
            for (feature, worth) in [(Feature::sound, SYLLABIC), (Feature::coarse_sound, 1.0)] {
                let known = &mut v[feature as usize];
                *known = known.max(worth);
            }
        }
        let mut is_same = probe.sound == self.bones;
        if !probe.abjad.is_empty() {
            is_same |= probe.abjad == self.bones;
            let sound = probe.abjad_pattern.similarity(&self.bones);
            for (feature, worth) in [(Feature::sound, 1.0), (Feature::coarse_sound, 1.0), (Feature::letters, ABJAD)] {
                let known = &mut v[feature as usize];
                *known = known.max(sound * worth);
            }
        }
        if v[Feature::form as usize] == 0.0 && is_same && self.bones.len() >= 3 {
            v[Feature::form as usize] = 1.0;
        }
    }

    /// Returns the length of an initialism that one side, or a word of it, is of the other's words.
    fn initialism(&self, probe: &Probe) -> f32 {
        let own = probe.initials.as_bytes();
        let whole = (2..=9).contains(&own.len()) && probe.words.len() > 1 && self.core == own;
        self.pairing.spelled.max(if whole { own.len() } else { 0 }) as f32
    }

    /// First and last words: given name and surname where it is a person.
    fn ends(&mut self, probe: &Probe, inverted: bool, v: &mut Vector) {
        let segments = self.core_at.iter().map(|j| self.pairing.name[usize::from(*j)].segment);
        if let Some((last, first)) = last_and_first(segments, inverted) {
            v[Feature::last_word as usize] = self.pairing.name_paired[usize::from(self.core_at[last])];
            v[Feature::first_word as usize] = self.pairing.name_paired[usize::from(self.core_at[first])];
        }
        v[Feature::name_words as usize] = self.core_at.len() as f32;
        v[Feature::mention_words as usize] = probe.core_at.len() as f32;
    }
}

/// An abbreviation so near its word is not looked for further.
const SURE_ABBREVIATION: f32 = 0.75;
