//! Names of contexts, each read once: a name stands in many stories, and what is known of an entity wherever it is named.

use std::hash::BuildHasher as _;
use std::sync::{Arc, LazyLock};

use crate::resolve::fast_map::{Map, Set};
use crate::resolve::matching::hints::contains_words;
use crate::resolve::names::token::{Name, spaced};
use crate::resolve::names::{countries, words};

/// Marks a name in a text of them as another name of what is named; it counts only as a whole.
const OTHER_NAME: char = '=';
/// Marks a name in a text of them as a value of what is named; it counts less.
const KNOWN_VALUE: char = '~';

/// Characters that separate names in a text of them.
pub(super) const NAME_SEPARATORS: [char; 5] = ['|', '\n', ';', '.', ','];

/// Words of a name that runs are made of.
const RUN_WORDS: usize = 12;

/// A name of a context, read. Words and runs of words are kept as hashes: of a story's names there are some hundred, and
/// two of one hash will not be met.
#[derive(Debug)]
pub struct ContextName {
    kind: NameKind,
    /// True where it is too long for all its runs to be kept.
    is_long: bool,
    country: u16,
    n_words: u32,
    whole: u64,
    /// Its words in lower case, one space apart; only of what the story names.
    words: Box<str>,
    /// The words, then every run of several; none of another name, which counts only as a whole.
    runs: Box<[u64]>,
}

/// Why a name stands in a context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameKind {
    /// The story says it.
    Named,
    /// It is a value of what the story names.
    Known,
    /// It is another name of what the story names.
    Other,
}

/// Returns the hash of words; nobody outside can know which of them collide.
pub(super) fn hash(words: &str) -> u64 {
    static STATE: LazyLock<foldhash::quality::RandomState> = LazyLock::new(Default::default);
    STATE.hash_one(words)
}

/// Returns the last of words with single spaces between them.
pub(super) fn last_word(words: &str) -> &str {
    words.rsplit_once(' ').map_or(words, |(_, last)| last)
}

impl ContextName {
    /// Reads a name of a text of names, with its mark before it if it has one; none where it is too short to say anything.
    pub(super) fn read_marked(text: &str) -> Option<ContextName> {
        let kind = match text.trim_start().chars().next() {
            Some(OTHER_NAME) => NameKind::Other,
            Some(KNOWN_VALUE) => NameKind::Known,
            _ => NameKind::Named,
        };
        ContextName::read(kind, text)
    }

    /// Reads a name; none where it is too short to say anything.
    pub fn read(kind: NameKind, text: &str) -> Option<ContextName> {
        let mut words = String::new();
        spaced(&Name::parse(text), &mut words);
        ContextName::of_words(kind, words)
    }

    /// Makes a name of words that were read from it: lower case, one space apart; none where they are too short to say
    /// anything.
    pub fn of_words(kind: NameKind, words: String) -> Option<ContextName> {
        if words.len() < 2 {
            return None;
        }
        let whole = hash(&words);
        let mut name =
            ContextName { kind, is_long: false, country: 0, n_words: 0, whole, words: "".into(), runs: [].into() };
        if kind == NameKind::Other {
            return Some(name);
        }
        // Words stand one space apart, so that a run of them is a piece of the name.
        let (mut ends, mut n_words) = ([0; RUN_WORDS], 0);
        for end in words.match_indices(' ').map(|(at, _)| at).chain([words.len()]) {
            name.is_long |= n_words == RUN_WORDS;
            if n_words < RUN_WORDS {
                ends[n_words] = end;
                n_words += 1;
            }
        }
        let ends = &ends[..n_words];
        let start = |at: usize| at.checked_sub(1).map_or(0, |before| ends[before] + 1);
        let mut runs = Vec::with_capacity(n_words * (n_words + 1) / 2);
        runs.extend((0..n_words).map(|at| hash(&words[start(at)..ends[at]])));
        for at in 0..n_words {
            runs.extend(ends[at + 1..].iter().map(|end| hash(&words[start(at)..*end])));
        }
        name.runs = runs.into();
        name.n_words = u32::try_from(ends.len()).unwrap_or(0);
        name.country = countries::country(&words).unwrap_or(0);
        if kind == NameKind::Named {
            name.words = words.into();
        }
        Some(name)
    }

    /// Returns the hashes of its words, where there are several.
    fn words_of_several(&self) -> &[u64] {
        match self.n_words {
            0 | 1 => &[],
            n => &self.runs[..n as usize],
        }
    }

    pub(super) fn kind(&self) -> NameKind {
        self.kind
    }

    /// Returns the hashes of its words and of every run of several; none of another name.
    pub(super) fn runs(&self) -> &[u64] {
        &self.runs
    }

    /// Returns whether it is too long for all its runs to be kept.
    pub(super) fn is_long(&self) -> bool {
        self.is_long
    }

    #[cfg(test)]
    pub(super) fn words(&self) -> &str {
        &self.words
    }

    /// Returns the hash of all its words.
    pub(super) fn whole(&self) -> u64 {
        self.whole
    }
}

/// Names, to be asked for what they say.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    whole: Vec<Arc<ContextName>>,
    is_whole: Set<u64>,
    /// Every run of words of them, and how often it was added.
    runs: Map<u64, u32>,
    /// Words of those that have several.
    words: Set<u64>,
    /// True where one is too long for all its runs to be kept.
    has_long: bool,
    countries: Vec<u16>,
}

impl Names {
    pub(super) fn add(&mut self, name: &Arc<ContextName>) {
        if self.is_whole.insert(name.whole) {
            self.whole.push(Arc::clone(name));
        }
        if name.country != 0 && !self.countries.contains(&name.country) {
            self.countries.push(name.country);
        }
        self.has_long |= name.is_long;
        for run in &name.runs {
            *self.runs.entry(*run).or_insert(0) += 1;
        }
        self.words.extend(name.words_of_several());
    }

    /// Makes room for so many names of two or three words.
    pub(super) fn reserve(&mut self, n_names: usize) {
        const RUNS: usize = 4;
        self.whole.reserve(n_names);
        self.is_whole.reserve(n_names);
        self.runs.reserve(RUNS * n_names);
        self.words.reserve(2 * n_names);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.whole.is_empty()
    }

    /// Returns whether one of them is these words.
    pub(super) fn have(&self, words: &str) -> bool {
        self.is_whole.contains(&hash(words))
    }

    /// Returns whether one of them has all of these words, and more.
    pub(super) fn have_longer(&self, own: &str) -> bool {
        own.split(' ').all(|word| self.words.contains(&hash(word)))
            && self.whole.iter().any(|name| *name.words != *own && contains_words(&name.words, own))
    }

    /// Returns how often these words were said.
    pub(super) fn n_times(&self, words: &str) -> usize {
        self.runs.get(&hash(words)).map_or(0, |n| *n as usize)
    }

    /// Returns whether one of them, or a phrase in it, means the value: all of it, or its telling end (`chiefs`). What
    /// is as short as a code means only what is called so (`KC`).
    pub(super) fn say(&self, value: &str, country: u16) -> bool {
        if country != 0 && self.countries.contains(&country) {
            return true;
        }
        // A value that is said ends in a word that is said, which is a run of its own.
        if !self.has_long && !self.runs.contains_key(&hash(last_word(value))) {
            return false;
        }
        if value.parse::<f64>().is_ok() {
            return false;
        }
        if value.len() <= 3 {
            return self.have(value);
        }
        let ends = value.match_indices(' ').map(|(at, _)| &value[at + 1..]);
        self.runs.contains_key(&hash(value))
            || ends.filter(|end| end.len() > 3).any(|end| self.have(end))
            || value
                .rsplit_once(' ')
                .is_some_and(|(_, last)| last.len() > 3 && self.words.contains(&hash(last)) && words::is_telling(last))
    }
}
