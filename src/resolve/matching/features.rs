//! What a mention and a catalog name have in common, as numbers: the pairing of their words, and what is left over.

use std::ops::Deref;

use crate::resolve::index::keys::role_weight;
use crate::resolve::index::{NameCard, TokenView};
use crate::resolve::matching::hints::Evidence;
use crate::resolve::matching::probe::{Probe, Word};
use crate::resolve::names::first_names;
use crate::resolve::names::name::{MAX_TOKENS, last_and_first};
use crate::resolve::names::numerals;
use crate::resolve::names::phonetic;
use crate::resolve::names::similarity::{Pattern, common_prefix, is_contraction, lacks_vowels_only, look_alike};
use crate::resolve::names::words::Role;

macro_rules! features {
    ($($(#[doc = $doc:literal])* $name:ident),* $(,)?) => {
        /// The features by name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[allow(non_camel_case_types, missing_docs)]
        #[repr(usize)]
        pub(crate) enum Feature { $($(#[doc = $doc])* $name),* }

        /// Names of all features, in their order; the table of weights speaks of them.
        pub(crate) const NAMES: &[&str] = &[$(stringify!($name)),*];
    };
}

features! {
    /// Share of the mention's weight that is explained.
    mention_explained,
    /// Share of the name's weight that is explained.
    name_explained,
    /// Rarest word of the mention that is not explained.
    mention_rest_max,
    /// Rarest word of the name that is not explained.
    name_rest_max,
    /// All that is not explained of the mention.
    mention_rest,
    /// All that is not explained of the name.
    name_rest,
    /// As `mention_explained`, over the parts between commas that have anything to do with the name.
    part_explained,
    /// As `mention_rest_max`, over those parts.
    part_rest_max,
    /// Weight of what is paired.
    shared,
    /// Rarest pair of equal words.
    shared_max,
    /// Numbers that agree.
    numbers_agree,
    /// Numbers on both sides that find no partner.
    numbers_differ,
    /// Numbers only in the mention.
    mention_numbers,
    /// Numbers only in the name.
    name_numbers,
    /// Edit similarity of all core letters.
    letters,
    /// Longest common subsequence of all core letters.
    overlap,
    /// Common start of the core letters.
    start,
    /// Edit similarity of the sounds.
    sound,
    /// Edit similarity of the coarse sounds.
    coarse_sound,
    /// 4 all letters equal, 3 core equal, 2 same words, 1 same sound, 0 none.
    form,
    /// Letters of an initialism that match the other side's words.
    initialism,
    /// 4 agree, 3 none, 2 only in the mention, 1 only in the name, 0 differ.
    generation,
    /// 3 agree, 2 none, 1 only on one side, 0 differ.
    legal,
    /// Similarity that the name's last word found.
    last_word,
    /// Similarity that the name's first word found.
    first_word,
    /// Least similarity of a pair.
    worst_pair,
    /// Words paired as abbreviation.
    abbreviated,
    /// Words paired as initial.
    initials,
    /// Words paired as short form of a given name.
    nicknames,
    /// Words paired by similarity only.
    misspelt,
    /// Core words of the mention.
    mention_words,
    /// Core words of the name.
    name_words,
    /// Letters of the mention's core.
    mention_letters,
    /// Letters of the name's core.
    name_letters,
    /// Bits of hints that agree.
    hint_agree,
    /// Bits of hints that nearly agree.
    hint_near,
    /// Bits of hints that contradict.
    hint_against,
    /// Hints the entity knows nothing of.
    hint_unknown,
    /// Whether the words stand in the same order.
    in_order,
    /// The name is an alias.
    alias,
    /// Best plain score of another entity less this one's.
    rival,
    /// Other entities whose plain score is as good or nearly so.
    namesakes,
    /// Place in the order of plain scores.
    place,
    /// Other names of the entity among the candidates.
    support,
    /// The lesser of what is left on both sides: one rare word against another.
    clash,
    /// 1 where the two differ in nothing but a number on either side: another version, another year.
    version,
}

/// Number of features.
pub(crate) const COUNT: usize = NAMES.len();

/// The features of one pair.
pub(crate) type Vector = [f32; COUNT];

/// How two words were paired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    Equal,
    SameMeaning,
    Number,
    Initial,
    Nickname,
    Abbreviation,
    Similar,
    Joined,
}

/// A pair of words.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pair {
    pub(crate) mention: u8,
    pub(crate) name: u8,
    pub(crate) similarity: f32,
    pub(crate) how: How,
}

/// The room in which names are compared; used again for every candidate.
pub(crate) struct Comparer<'a> {
    name: Vec<TokenView<'a>>,
    pairs: Vec<Pair>,
    options: Vec<(f32, Pair)>,
    mention_paired: [f32; MAX_TOKENS],
    name_paired: [f32; MAX_TOKENS],
    /// Letters of the initialism that stands for a run of words.
    spelled: usize,
    /// Positions of the name's core words that are not asides.
    core_at: Vec<u8>,
    core: Vec<u8>,
    bones: Vec<u8>,
    wide: Vec<u8>,
}

impl<'a> Comparer<'a> {
    pub(crate) fn new() -> Comparer<'a> {
        Comparer {
            name: Vec::new(),
            pairs: Vec::new(),
            options: Vec::new(),
            mention_paired: [0.0; MAX_TOKENS],
            name_paired: [0.0; MAX_TOKENS],
            spelled: 0,
            core_at: Vec::new(),
            core: Vec::with_capacity(64),
            bones: Vec::new(),
            wide: Vec::new(),
        }
    }

    /// Returns the pairs of the last comparison.
    pub(crate) fn pairs(&self) -> &[Pair] {
        &self.pairs
    }

    /// Returns the name's words of the last comparison.
    pub(crate) fn name_words(&self) -> &[TokenView<'a>] {
        &self.name
    }

    /// Returns which words of the mention the last comparison paired with more than a likeness, a bit a word.
    pub(crate) fn certain(&self) -> u32 {
        let sure = |pair: &&Pair| !matches!(pair.how, How::Similar | How::Abbreviation);
        self.pairs.iter().filter(sure).fold(0, |bits, pair| bits | 1 << pair.mention)
    }

    /// Compares a mention with a catalog name, but for what only the best candidates need ([`Comparer::finish`]).
    pub(crate) fn compare<G: Deref<Target = [u8]>>(
        &mut self,
        probe: &Probe,
        card: &'a NameCard<G>,
        evidence: &Evidence,
    ) -> Vector {
        self.name.clear();
        self.name.reserve(16);
        self.pairs.reserve(16);
        self.options.reserve(16);
        card.tokens(|token| self.name.push(token));
        self.core_at.clear();
        for (at, token) in (0u8..).zip(&self.name) {
            if token.role.is_core() && !token.aside {
                self.core_at.push(at);
            }
        }
        self.pair_words(probe);
        let mut v = [0.0; COUNT];
        self.coverage(probe, &mut v);
        self.strings(probe, &mut v);
        self.ends(probe, card.inverted, &mut v);
        self.roles(probe, &mut v);
        v[Feature::alias as usize] = f32::from(u8::from(card.alias));
        v[Feature::hint_agree as usize] = evidence.agree;
        v[Feature::hint_near as usize] = evidence.near;
        v[Feature::hint_against as usize] = evidence.against;
        v[Feature::hint_unknown as usize] = evidence.unknown;
        v
    }

    /// Pairs words one to one: first those that are equal or mean the same, then, of what is left, the best likenesses;
    /// then words that only together equal one of the other side.
    fn pair_words(&mut self, probe: &Probe) {
        self.pairs.clear();
        self.spelled = 0;
        self.mention_paired = [0.0; MAX_TOKENS];
        self.name_paired = [0.0; MAX_TOKENS];
        self.options.clear();
        for (i, word) in (0u8..).zip(&probe.words) {
            let text = probe.name.text(&word.token).as_bytes();
            for (j, other) in (0u8..).zip(&self.name) {
                if let Some((similarity, how)) = same(word, text, other) {
                    self.options.push((order(i, j, similarity, other), Pair { mention: i, name: j, similarity, how }));
                }
            }
        }
        self.take_best();
        self.options.clear();
        for (i, word) in (0u8..).zip(&probe.words) {
            if self.mention_paired[usize::from(i)] > 0.0 {
                continue;
            }
            let text = probe.name.text(&word.token).as_bytes();
            for (j, other) in (0u8..).zip(&self.name) {
                if self.name_paired[usize::from(j)] > 0.0 {
                    continue;
                }
                if let Some((similarity, how)) = likeness(word, text, other) {
                    self.options.push((order(i, j, similarity, other), Pair { mention: i, name: j, similarity, how }));
                }
            }
        }
        self.take_best();
        self.expand_initials(probe);
        self.join_words(probe);
    }

    /// Takes the options that do not contradict each other, best first.
    fn take_best(&mut self) {
        if self.options.len() > 1 {
            self.options.sort_unstable_by(|a, b| {
                b.0.total_cmp(&a.0).then(a.1.mention.cmp(&b.1.mention)).then(a.1.name.cmp(&b.1.name))
            });
        }
        for at in 0..self.options.len() {
            let pair = self.options[at].1;
            if self.mention_paired[usize::from(pair.mention)] == 0.0 && self.name_paired[usize::from(pair.name)] == 0.0
            {
                self.take(pair);
            }
        }
    }

    fn take(&mut self, pair: Pair) {
        self.mention_paired[usize::from(pair.mention)] = pair.similarity;
        self.name_paired[usize::from(pair.name)] = pair.similarity;
        self.pairs.push(pair);
    }

    /// `JK` against `Joanne K`, `NOAA` against `National Oceanic and Atmospheric Administration`, and the other way round:
    /// each letter a word. Small words may be passed over.
    fn expand_initials(&mut self, probe: &Probe) {
        for i in 0..probe.words.len() {
            let role = probe.words[i].token.role;
            let letters = probe.text(i).as_bytes();
            if self.mention_paired[i] > EXPANDABLE || !may_be_initials(role, letters) {
                continue;
            }
            let is_free = |j: usize| self.name_paired[j] <= EXPANDABLE;
            let Some(run) = spelled(letters, self.name.len(), |j| (self.name[j].role, self.name[j].text[0]), is_free)
            else {
                continue;
            };
            for j in run.clone() {
                self.name_paired[j] = self.name_paired[j].max(0.7);
            }
            self.mention_paired[i] = 0.8;
            self.spelled = letters.len();
            self.pairs.push(Pair { mention: i as u8, name: run.start as u8, similarity: 0.7, how: How::Initial });
        }
        for j in 0..self.name.len() {
            let letters = self.name[j].text;
            if self.name_paired[j] > EXPANDABLE || !may_be_initials(self.name[j].role, letters) {
                continue;
            }
            let is_free = |i: usize| self.mention_paired[i] <= EXPANDABLE;
            let word = |i: usize| (probe.words[i].token.role, probe.text(i).as_bytes()[0]);
            let Some(run) = spelled(letters, probe.words.len(), word, is_free) else {
                continue;
            };
            for i in run.clone() {
                self.mention_paired[i] = self.mention_paired[i].max(0.7);
            }
            self.name_paired[j] = 0.8;
            self.spelled = letters.len();
            self.pairs.push(Pair { mention: run.start as u8, name: j as u8, similarity: 0.7, how: How::Initial });
        }
    }

    /// `xj` `900` against `xj900`: two or three neighbours of one side that make one word of the other.
    fn join_words(&mut self, probe: &Probe) {
        const FREE: f32 = 0.7;
        for i in 0..probe.words.len() {
            if self.mention_paired[i] >= FREE || probe.text(i).len() < 3 {
                continue;
            }
            let whole = probe.text(i).as_bytes();
            for from in 0..self.name.len() {
                let Some(until) =
                    join(whole, from, self.name.len(), |j| (self.name_paired[j] < FREE).then(|| self.name[j].text))
                else {
                    continue;
                };
                for j in from..until {
                    self.name_paired[j] = 0.95;
                }
                self.mention_paired[i] = 0.95;
                self.pairs.push(Pair { mention: i as u8, name: from as u8, similarity: 0.95, how: How::Joined });
                break;
            }
        }
        for j in 0..self.name.len() {
            if self.name_paired[j] >= FREE || self.name[j].text.len() < 3 {
                continue;
            }
            let whole = self.name[j].text;
            for from in 0..probe.words.len() {
                let free = |i: usize| (self.mention_paired[i] < FREE).then(|| probe.text(i).as_bytes());
                let Some(until) = join(whole, from, probe.words.len(), free) else {
                    continue;
                };
                for i in from..until {
                    self.mention_paired[i] = 0.95;
                }
                self.name_paired[j] = 0.95;
                for i in from..until {
                    self.pairs.push(Pair { mention: i as u8, name: j as u8, similarity: 0.95, how: How::Joined });
                }
                break;
            }
        }
    }

    /// What is explained on both sides, and what is not.
    fn coverage(&mut self, probe: &Probe, v: &mut Vector) {
        let (mut all, mut explained, mut rest, mut rest_max) = (0.0f32, 0.0f32, 0.0f32, 0.0f32);
        let mut parts = [0.0f32; 32];
        for (i, word) in probe.words.iter().enumerate() {
            if word.token.role.is_core() {
                let part = usize::from(word.token.segment.min(31));
                parts[part] = parts[part].max(self.mention_paired[i] * word.rarity);
            }
        }
        let (mut part_all, mut part_explained, mut part_rest_max) = (0.0f32, 0.0f32, 0.0f32);
        let strongest = parts.iter().copied().fold(0.0, f32::max);
        for (i, word) in probe.words.iter().enumerate() {
            let weight = word.rarity * role_weight(word.token.role) * if word.token.aside { 0.4 } else { 1.0 };
            let paired = self.mention_paired[i];
            all += weight;
            explained += weight * paired;
            let left = weight * (1.0 - paired);
            rest += left;
            rest_max = rest_max.max(left);
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
        for (j, token) in self.name.iter().enumerate() {
            let weight = token.rarity * role_weight(token.role) * if token.aside { 0.4 } else { 1.0 };
            let paired = self.name_paired[j];
            all += weight;
            explained += weight * paired;
            let left = weight * (1.0 - paired);
            rest += left;
            rest_max = rest_max.max(left);
        }
        v[Feature::name_explained as usize] = explained / all.max(0.01);
        v[Feature::name_rest as usize] = rest;
        v[Feature::name_rest_max as usize] = rest_max;
        v[Feature::shared as usize] = explained;
        v[Feature::clash as usize] = rest_max.min(v[Feature::part_rest_max as usize]);
        let mut worst = 1.0f32;
        let mut in_order = 1.0f32;
        let mut previous = 0;
        self.pairs.sort_unstable_by_key(|pair| pair.mention);
        for pair in &self.pairs {
            let token = &self.name[usize::from(pair.name)];
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
                How::Similar => v[Feature::misspelt as usize] += 1.0,
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
        for token in &self.name {
            rest = rest.and_then(|rest| rest.strip_prefix(token.text));
        }
        let same_letters = rest.is_some_and(<[u8]>::is_empty);
        for &at in &self.core_at {
            self.core.extend_from_slice(self.name[usize::from(at)].text);
        }
        let core = probe.core.as_bytes();
        v[Feature::letters as usize] = probe.core_pattern.similarity(&self.core);
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
        v[Feature::sound as usize] = probe.sound_pattern.similarity(&self.bones);
        v[Feature::coarse_sound as usize] = probe.coarse_pattern.similarity(&self.wide);
        if v[Feature::form as usize] == 0.0 && probe.sound == self.bones && self.bones.len() >= 3 {
            v[Feature::form as usize] = 1.0;
        }
    }

    /// Returns the length of an initialism that one side, or a word of it, is of the other's words.
    fn initialism(&self, probe: &Probe) -> f32 {
        let own = probe.initials.as_bytes();
        let whole = (2..=9).contains(&own.len()) && probe.words.len() > 1 && self.core == own;
        self.spelled.max(if whole { own.len() } else { 0 }) as f32
    }

    /// First and last words: given name and surname where it is a person.
    fn ends(&mut self, probe: &Probe, inverted: bool, v: &mut Vector) {
        let segments = self.core_at.iter().map(|j| self.name[usize::from(*j)].segment);
        if let Some((last, first)) = last_and_first(segments, inverted) {
            v[Feature::last_word as usize] = self.name_paired[usize::from(self.core_at[last])];
            v[Feature::first_word as usize] = self.name_paired[usize::from(self.core_at[first])];
        }
        v[Feature::name_words as usize] = self.core_at.len() as f32;
        v[Feature::mention_words as usize] = probe.core_at.len() as f32;
    }

    /// Generation, legal form and numbers that found no partner.
    fn roles(&mut self, probe: &Probe, v: &mut Vector) {
        let side = |role: Role| {
            let in_mention = probe.words.iter().position(|w| w.token.role == role);
            let in_name = self.name.iter().position(|t| t.role == role);
            (in_mention, in_name)
        };
        v[Feature::generation as usize] = match side(Role::Generation) {
            (Some(i), Some(j)) => {
                let (a, b) = (probe.words[i].token.class, self.name[j].class);
                if a == b { 4.0 } else { 0.0 }
            }
            (Some(_), None) => 2.0,
            (None, Some(_)) => 1.0,
            (None, None) => 3.0,
        };
        let legal = |i: u16, j: u16| i == j;
        v[Feature::legal as usize] = match side(Role::Legal) {
            (Some(_), Some(_)) => {
                let agree = probe.words.iter().any(|w| {
                    w.token.role == Role::Legal
                        && self.name.iter().any(|t| t.role == Role::Legal && legal(w.token.class, t.class))
                });
                if agree { 3.0 } else { 0.0 }
            }
            (None, None) => 2.0,
            _ => 1.0,
        };
        let left_mention = (0..probe.words.len())
            .filter(|i| {
                self.mention_paired[*i] < 0.5
                    && probe.words[*i].token.role.is_core()
                    && is_number(probe.text(*i).as_bytes())
            })
            .count();
        let left_name = (0..self.name.len())
            .filter(|j| self.name_paired[*j] < 0.5 && self.name[*j].role.is_core() && is_number(self.name[*j].text))
            .count();
        v[Feature::numbers_differ as usize] = left_mention.min(left_name) as f32;
        v[Feature::mention_numbers as usize] = left_mention.saturating_sub(left_name) as f32;
        v[Feature::name_numbers as usize] = left_name.saturating_sub(left_mention) as f32;
        let last = probe.core_at.last();
        let of_mention = (probe.core_at.iter())
            .filter(|i| self.mention_paired[**i] < 0.5)
            .map(|i| (Some(i) == last, probe.words[*i].token.role, probe.text(*i).as_bytes()));
        let last = self.core_at.last();
        let of_name = (self.core_at.iter())
            .filter(|j| self.name_paired[usize::from(**j)] < 0.5)
            .map(|j| (Some(j) == last, self.name[usize::from(*j)].role, self.name[usize::from(*j)].text));
        let is_version = self.pairs.iter().any(|pair| pair.how != How::Initial)
            && only_numbers(of_mention.clone(), &of_name)
            && only_numbers(of_name.clone(), &of_mention);
        v[Feature::version as usize] = f32::from(u8::from(is_version));
    }
}

/// A word paired no better than this may still turn out to be initials, or one of the words they stand for.
const EXPANDABLE: f32 = 0.75;

/// Returns whether a word may be the initials of several others.
fn may_be_initials(role: Role, letters: &[u8]) -> bool {
    match role {
        Role::Initials => (2..=9).contains(&letters.len()),
        Role::Word => (3..=9).contains(&letters.len()) && letters.iter().all(u8::is_ascii_lowercase),
        _ => false,
    }
}

/// Returns the words, one after the other, that begin with these letters. Small words between them may be passed over, and
/// may count.
fn spelled(
    letters: &[u8],
    count: usize,
    word: impl Fn(usize) -> (Role, u8),
    is_free: impl Fn(usize) -> bool,
) -> Option<std::ops::Range<usize>> {
    for from in 0..count {
        if word(from).1 != letters[0] || !is_free(from) || word(from).0 == Role::Small {
            continue;
        }
        let mut at = from;
        let mut rest = letters.iter().peekable();
        while at < count && rest.peek().is_some() {
            let (role, first) = word(at);
            if rest.peek() == Some(&&first) && is_free(at) && (role.is_core() || role == Role::Small) {
                rest.next();
            } else if role != Role::Small {
                break;
            }
            at += 1;
        }
        if rest.peek().is_none() && at > from + 1 {
            return Some(from..at);
        }
    }
    None
}

/// Returns whether a word has digits or is a numeral: `Super Bowl VII` is not `Super Bowl 50`.
fn is_number(text: &[u8]) -> bool {
    text.iter().any(u8::is_ascii_digit)
        || text.len() >= 2 && std::str::from_utf8(text).is_ok_and(|text| numerals::roman(text).is_some())
}

/// Returns whether words that found no partner are numbers, at least one of them, or numerals of one letter at the end
/// (`Super Bowl L`). The letters of a model code go with its number: `XJ-901` beside `XJ900` of the `others`.
fn only_numbers<'t>(
    left: impl Iterator<Item = (bool, Role, &'t [u8])>,
    others: &(impl Iterator<Item = (bool, Role, &'t [u8])> + Clone),
) -> bool {
    let mut n_numbers = 0;
    for (is_last, role, text) in left {
        if is_number(text) || is_last && text.len() == 1 && b"ivxlcdm".contains(&text[0]) {
            n_numbers += 1;
        } else if role != Role::Initials
            && !others
                .clone()
                .any(|(_, _, other)| is_number(other) && other.len() > text.len() && other.starts_with(text))
        {
            return false;
        }
    }
    n_numbers > 0
}

/// Returns where a run of words from `from` ends that together are `whole`; at least two words.
fn join<'t>(whole: &[u8], from: usize, count: usize, text: impl Fn(usize) -> Option<&'t [u8]>) -> Option<usize> {
    let mut rest = whole;
    let mut at = from;
    while at < count && at < from + 4 {
        rest = rest.strip_prefix(text(at)?)?;
        at += 1;
        if rest.is_empty() {
            return (at > from + 1).then_some(at);
        }
    }
    None
}

/// Returns what a pair of words is worth when several contend: likeness, neighbourhood and rarity.
fn order(i: u8, j: u8, similarity: f32, other: &TokenView<'_>) -> f32 {
    let weight = other.rarity * role_weight(other.role).max(0.05);
    let near = 1.0 - 0.01 * f32::from(i.abs_diff(j));
    similarity * similarity * near * (4.0 + weight)
}

/// Returns how a word of the mention and a word of a name are the same: written alike, of one meaning, one number.
fn same(word: &Word, text: &[u8], other: &TokenView<'_>) -> Option<(f32, How)> {
    if text == other.text {
        return Some((1.0, if other.role == Role::Number { How::Number } else { How::Equal }));
    }
    if word.token.class != 0 && word.token.class == other.class {
        return Some((0.97, How::SameMeaning));
    }
    if word.value.is_some() && (word.token.role == Role::Number || other.role == Role::Number) {
        // Written as a numeral or as a word.
        let value = std::str::from_utf8(other.text).ok().and_then(|text| match other.role {
            Role::Number => text.parse().ok(),
            _ => numerals::roman(text).or_else(|| numerals::number_word(text)),
        });
        return (value == word.value).then_some((0.95, How::Number));
    }
    None
}

/// Compares two words that are not the same; `None` if they have nothing in common.
fn likeness(word: &Word, text: &[u8], other: &TokenView<'_>) -> Option<(f32, How)> {
    let role = word.token.role;
    if role == Role::Number || other.role == Role::Number {
        return None;
    }
    if !role.is_core() || !other.role.is_core() {
        let short = role == Role::Generation || other.role == Role::Generation;
        return if short { None } else { letters(word, text, other) };
    }
    if role == Role::Initials || other.role == Role::Initials {
        if text[0] == other.text[0] && (text.len() == 1 || other.text.len() == 1) {
            return Some((0.6, How::Initial));
        }
        if role == other.role || text[0] != other.text[0] {
            return None;
        }
    }
    letters(word, text, other)
}

/// A word of fewer sounds than this is not the same for sounding alike: `Murray` is not `Moore`.
const SOUND_LENGTH: usize = 3;

fn letters(word: &Word, text: &[u8], other: &TokenView<'_>) -> Option<(f32, How)> {
    let long = text.len().max(other.text.len());
    let short = text.len().min(other.text.len());
    if long < 2 {
        return None;
    }
    if !word.families.is_empty()
        && let Ok(name) = std::str::from_utf8(other.text)
        && first_names::families(name).iter().any(|family| word.families.contains(family))
    {
        return Some((0.88, How::Nickname));
    }
    let digits = |text: &[u8]| text.iter().any(u8::is_ascii_digit);
    let coded = digits(text) || digits(other.text);
    let mut best: Option<(f32, How)> = None;
    if text[0] == other.text[0] && !coded {
        let (a, b) = if text.len() < other.text.len() { (text, other.text) } else { (other.text, text) };
        if short >= 2 && short < long && b.starts_with(a) {
            best = Some((0.62 + 0.3 * short as f32 / long as f32, How::Abbreviation));
        } else if lacks_vowels_only(a, b) {
            best = Some((0.6 + 0.3 * short as f32 / long as f32, How::Abbreviation));
        } else if short <= 5 && is_contraction(a, b) && a.last() == b.last() {
            best = Some((0.55 + 0.2 * short as f32 / long as f32, How::Abbreviation));
        }
    }
    if long - short <= long / 2 + 1 && short >= 2 {
        let mut similarity = word.pattern.similarity(other.text);
        if coded {
            // One digit of a model number that differs makes another model; a digit read for a letter does not.
            similarity = misread(text, other.text).unwrap_or(if similarity > 0.85 { 0.5 } else { 0.0 });
        } else if (0.5..0.93).contains(&similarity) && misread(text, other.text).is_some() {
            similarity = 0.93;
        } else if similarity > 0.3
            && similarity < 0.8
            && word.sound.len() >= SOUND_LENGTH
            && phonetic::sounds_as(other.text, &word.sound)
        {
            similarity = similarity.max(0.6 + 0.2 * similarity);
        }
        if similarity >= 0.5 && best.is_none_or(|(found, _)| similarity > found) {
            best = Some((similarity, How::Similar));
        }
    }
    best
}

/// Returns how alike two words are that a scanner may have misread one for the other. A digit read for a letter takes few
/// digits in a word of letters: `S5` and `SS` are two models.
fn misread(a: &[u8], b: &[u8]) -> Option<f32> {
    let digits = |word: &[u8]| word.iter().filter(|byte| byte.is_ascii_digit()).count();
    let (in_a, in_b) = (digits(a), digits(b));
    let plausible = in_a != in_b && in_a.abs_diff(in_b) * 3 <= a.len() || in_a + in_b == 0;
    (plausible && a.len().min(b.len()) >= 4 && look_alike(a, b)).then_some(0.93)
}

/// Returns the similarity of two words as the comparison sees it; for the expansion of words.
pub(crate) fn word_similarity(pattern: &Pattern, sound: &[u8], other: &[u8]) -> f32 {
    let similarity = pattern.similarity(other);
    if similarity < 0.8 && similarity > 0.3 && sound.len() >= SOUND_LENGTH && phonetic::sounds_as(other, sound) {
        return similarity.max(0.6 + 0.2 * similarity);
    }
    similarity
}
