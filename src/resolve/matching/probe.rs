//! A mention prepared for comparison with many candidates.

use std::rc::Rc;

use crate::resolve::index::keys;
use crate::resolve::matching::context::Context;
use crate::resolve::matching::hints::Hint;
use crate::resolve::names::countries::{self, Places};
use crate::resolve::names::exclusive::{self, Alternative};
use crate::resolve::names::first_names;
use crate::resolve::names::numerals;
use crate::resolve::names::phonetic;
use crate::resolve::names::similarity::Pattern;
use crate::resolve::names::syllables;
use crate::resolve::names::token::{Name, Token, last_and_first, spaced};
use crate::resolve::names::transliteration;
use crate::resolve::names::words::Role;

/// A word of the mention.
pub(crate) struct Word {
    pub(crate) token: Token,
    /// Natural logarithm of how rare the word is among the names it may mean.
    pub(crate) rarity: f32,
    /// In how many names it stands, of the layer of the index that has most.
    pub(crate) frequency: u32,
    pub(crate) pattern: Pattern,
    pub(crate) families: &'static [u16],
    /// Which alternatives the word is of those that exclude each other.
    pub(crate) alternatives: &'static [Alternative],
    /// Country that the word means.
    pub(crate) country: Option<u16>,
    /// It ends as Slavic surnames do.
    pub(crate) is_slavic: bool,
    /// Value of a numeral or number word.
    pub(crate) value: Option<u32>,
    pub(crate) sound: Vec<u8>,
    /// Its sound where the mention is written without vowels; empty elsewhere.
    pub(crate) abjad: Vec<u8>,
}

/// A name without vowels is one of so many letters at least.
const ABJAD_LETTERS: usize = 4;

/// A mention, its words weighed, its hints prepared.
#[derive(Default)]
pub(crate) struct Probe {
    pub(crate) name: Name,
    pub(crate) words: Vec<Word>,
    /// Positions of the core words that are not asides.
    pub(crate) core_at: Vec<usize>,
    pub(crate) hints: Vec<Rc<Hint>>,
    /// Context of the mention.
    pub(crate) context: Context,
    /// Letters of the core, and all letters.
    pub(crate) core: String,
    pub(crate) full: String,
    pub(crate) core_pattern: Pattern,
    pub(crate) sound: Vec<u8>,
    pub(crate) sound_pattern: Pattern,
    /// Sound of the core where the mention is written without vowels; empty elsewhere.
    pub(crate) abjad: Vec<u8>,
    pub(crate) abjad_pattern: Pattern,
    /// Families of consonants of a name that a syllabic script has passed through; empty elsewhere.
    sounds: Vec<Vec<u8>>,
    /// The same, but of Chinese where a hint says that characters are read and not sounds.
    pub(crate) syllabic: Vec<Vec<u8>>,
    pub(crate) coarse: Vec<u8>,
    pub(crate) coarse_pattern: Pattern,
    /// Initial letters of the words, small words left out.
    pub(crate) initials: String,
    pub(crate) segments: u8,
    /// The country or state that the whole mention means.
    pub(crate) places: Places,
    /// True where it is written in another script than the Latin.
    pub(crate) foreign: bool,
    /// True where all its letters are capitals, of four and more.
    pub(crate) capitals: bool,
    /// True where all its letters are small, of a script that has both.
    pub(crate) small: bool,
    /// True where it has a digit.
    pub(crate) has_digit: bool,
    /// Names that may be meant, in the layer of the index that has most.
    pub(crate) n_names: u32,
    /// True where the name of this mention is prepared already: it may be searched for more than once.
    is_prepared: bool,
}

impl Probe {
    /// Takes the next mention; only the letters that an exact match needs are prepared.
    pub(crate) fn begin(&mut self, text: &str) {
        self.name.parse_into(text);
        self.name.squash(&mut self.full);
        self.foreign = !text.is_ascii()
            && text.chars().any(|c| c.is_alphabetic() && (c > '\u{24f}') && !('\u{1e00}'..='\u{1eff}').contains(&c));
        self.capitals =
            text.bytes().filter(u8::is_ascii_uppercase).count() > 3 && !text.bytes().any(|b| b.is_ascii_lowercase());
        self.small = text.is_ascii()
            && text.bytes().any(|b| b.is_ascii_lowercase())
            && !text.bytes().any(|b| b.is_ascii_uppercase());
        self.has_digit = self.full.bytes().any(|byte| byte.is_ascii_digit());
        self.is_prepared = false;
    }

    /// Prepares the rest for a search; rarities are set later, from the index.
    pub(crate) fn prepare(&mut self, hints: &[Rc<Hint>], context: &Context) {
        self.hints.clear();
        self.hints.extend_from_slice(hints);
        self.context = context.clone();
        self.n_names = 0;
        if !self.is_prepared {
            self.prepare_name();
            self.is_prepared = true;
        }
        for word in &mut self.words {
            word.rarity = 1.0;
            word.frequency = 0;
        }
        self.add_place_of_address();
        self.syllabic.clear();
        if !self.hides_sounds() {
            self.syllabic.clone_from(&self.sounds);
        }
    }

    /// Returns rarity and frequency of the words.
    pub(crate) fn weights(&self) -> impl Iterator<Item = (f32, u32)> {
        self.words.iter().map(|word| (word.rarity, word.frequency))
    }

    /// Sets rarity and frequency of the words, as an index found them for the same mention.
    pub(crate) fn set_weights(&mut self, weights: &[(f32, u32)], n_names: u32) {
        for (word, (rarity, frequency)) in self.words.iter_mut().zip(weights) {
            (word.rarity, word.frequency) = (*rarity, *frequency);
        }
        self.n_names = n_names;
    }

    /// Returns whether a hint keeps the sounds of a Chinese name from being compared.
    pub(crate) fn hides_sounds(&self) -> bool {
        self.name.is_chinese() && self.hints.iter().any(|hint| hint.is_where_characters_are_read())
    }

    /// Prepares what the name alone tells.
    fn prepare_name(&mut self) {
        self.core.clear();
        self.core_at.clear();
        self.sound.clear();
        self.coarse.clear();
        self.initials.clear();
        self.segments = 0;
        let mut words = String::new();
        spaced(&self.name, &mut words);
        self.places = countries::places(words.strip_prefix("the ").unwrap_or(&words));
        self.words.truncate(self.name.tokens.len());
        for (at, token) in self.name.tokens.iter().enumerate() {
            let text = self.name.text(token);
            if self.words.len() == at {
                self.words.push(Word {
                    token: *token,
                    rarity: 1.0,
                    frequency: 0,
                    pattern: Pattern::default(),
                    families: &[],
                    alternatives: &[],
                    country: None,
                    is_slavic: false,
                    value: None,
                    sound: Vec::with_capacity(16),
                    abjad: Vec::new(),
                });
            }
            let word = &mut self.words[at];
            word.token = *token;
            word.pattern.set(text.as_bytes());
            word.families = if token.role == Role::Word { first_names::families(text) } else { &[] };
            word.alternatives = exclusive::alternatives(text);
            word.country = exclusive::country_word(text);
            word.is_slavic = transliteration::is_slavic(text.as_bytes());
            word.value = numerals::value(text);
            word.sound.clear();
            if token.role == Role::Word {
                phonetic::skeleton(text.as_bytes(), &mut word.sound);
            }
            if token.role.is_core() && !token.aside {
                self.core_at.push(at);
                self.core.push_str(text);
                match token.role {
                    Role::Word => self.sound.extend_from_slice(&word.sound),
                    _ => phonetic::skeleton(text.as_bytes(), &mut self.sound),
                }
                if token.role == Role::Word {
                    self.initials.push_str(&text[..1]);
                }
            }
            self.segments = self.segments.max(token.segment + 1);
        }
        self.read_as_abjad();
        let words = self.core_at.iter().map(|at| self.name.text(&self.words[*at].token));
        self.sounds = syllables::sounds(&self.name, self.small, words);
        phonetic::coarse(&self.sound, &mut self.coarse);
        self.core_pattern.set(self.core.as_bytes());
        self.sound_pattern.set(&self.sound);
        self.coarse_pattern.set(&self.coarse);
    }

    /// Reads a name without vowels a second time, with *w* and *y* for the long ones: a consonant or a vowel, who knows.
    fn read_as_abjad(&mut self) {
        self.abjad.clear();
        self.words.iter_mut().for_each(|word| word.abjad.clear());
        let core = || self.core_at.iter().map(|at| self.name.text(&self.words[*at].token).as_bytes());
        let has_long_vowel = |word: &[u8]| word.iter().skip(1).any(|letter| matches!(letter, b'w' | b'y'));
        let is_read = self.core.len() >= ABJAD_LETTERS && phonetic::may_be_abjad(self.core.as_bytes());
        if !is_read || !core().any(has_long_vowel) {
            return;
        }
        for &at in &self.core_at {
            let word = &mut self.words[at];
            phonetic::skeleton_of_abjad(self.name.text(&word.token).as_bytes(), &mut word.abjad);
            self.abjad.extend_from_slice(&word.abjad);
        }
        self.abjad_pattern.set(&self.abjad);
    }

    /// Returns the text of a word.
    pub(crate) fn text(&self, at: usize) -> &str {
        self.name.text(&self.words[at].token)
    }

    /// Returns the last and the first core word.
    pub(crate) fn last_and_first(&self) -> Option<(usize, usize)> {
        let segments = self.core_at.iter().map(|at| self.words[*at].token.segment);
        let (last, first) = last_and_first(segments, self.name.inverted)?;
        Some((self.core_at[last], self.core_at[first]))
    }

    /// Returns how much a word of the mention counts.
    pub(crate) fn weight(&self, at: usize) -> f32 {
        let word = &self.words[at];
        word.rarity * keys::role_weight(word.token.role)
    }

    /// Returns whether the mention may have an address behind it, which names a place.
    pub(crate) fn may_give_place(&self) -> bool {
        self.segments > 1 || self.words.iter().any(|word| word.token.aside)
    }

    /// An address at the end names a country or state: a hint that the text itself gives.
    fn add_place_of_address(&mut self) {
        if !self.may_give_place() || self.hints.iter().any(|hint| hint.name.contains("country")) {
            return;
        }
        let mut found = None;
        for segment in 0..self.segments {
            for aside in [false, true] {
                let part: Vec<&str> = self
                    .name
                    .tokens
                    .iter()
                    .filter(|t| t.segment == segment && t.aside == aside)
                    .map(|t| self.name.text(t))
                    .collect();
                if part.is_empty() || part.len() > 4 || segment == 0 && !aside {
                    continue;
                }
                let words = part.join(" ");
                if countries::country(&words).is_some()
                    && (words.len() > 2 || countries::country_of_state(&words).is_none())
                {
                    found = Some(words);
                } else if countries::country_of_state(&words).is_some() {
                    found = found.or(Some("us".to_owned())
                        .filter(|_| countries::country_of_state(&words) == countries::country("us")));
                }
            }
        }
        self.hints.extend(found.and_then(|country| Hint::new("country", &country)).map(Rc::new));
    }
}
