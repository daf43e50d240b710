//! The pairing of a mention's words with a name's, one to one, best likenesses first; then initials with the words they
//! stand for, and words that only together equal one of the other side.

use crate::resolve::index::TokenView;
use crate::resolve::index::keys::role_weight;
use crate::resolve::matching::kind::Kind;
use crate::resolve::matching::likeness::{How, likeness, same};
use crate::resolve::matching::probe::Probe;
use crate::resolve::names::token::MAX_TOKENS;
use crate::resolve::names::words::Role;
use crate::resolve::names::{countries, numerals, phonetic};

/// A pair of words.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pair {
    pub(crate) mention: u8,
    pub(crate) name: u8,
    pub(crate) similarity: f32,
    pub(crate) how: How,
}

/// The words of a name and how the mention's pair with them; used again for every name.
pub(crate) struct Pairing<'a> {
    /// The name's words.
    pub(crate) name: Vec<TokenView<'a>>,
    pub(crate) pairs: Vec<Pair>,
    options: Vec<(f32, Pair)>,
    /// By word of the mention: the similarity of its partner, 0 for none.
    pub(crate) mention_paired: [f32; MAX_TOKENS],
    /// The same by word of the name.
    pub(crate) name_paired: [f32; MAX_TOKENS],
    /// Letters of the initialism that stands for a run of words.
    pub(crate) spelled: usize,
    /// True where both are names of one country.
    pub(crate) is_same_country: bool,
    /// Words of the mention that no word of the name explains but something else that is known, a bit a word.
    pub(crate) told: u32,
    /// Words of the name that are the place where the entity is, a bit a word.
    pub(crate) of_place: u32,
    /// Kind of the entity, by its type.
    pub(crate) kind: Kind,
    /// True where other names of the entity say that it is of another generation than the mention.
    pub(crate) is_of_another_generation: bool,
}

impl<'a> Pairing<'a> {
    pub(crate) fn new() -> Pairing<'a> {
        Pairing {
            name: Vec::new(),
            pairs: Vec::new(),
            options: Vec::new(),
            mention_paired: [0.0; MAX_TOKENS],
            name_paired: [0.0; MAX_TOKENS],
            spelled: 0,
            is_same_country: false,
            told: 0,
            of_place: 0,
            kind: Kind::Other,
            is_of_another_generation: false,
        }
    }

    /// Pairs words one to one: first those that are equal or mean the same, then, of what is left, the best likenesses;
    /// then words that only together equal one of the other side.
    pub(crate) fn pair_words(&mut self, probe: &Probe) {
        self.pairs.clear();
        self.spelled = 0;
        self.is_same_country = false;
        self.told = 0;
        self.of_place = 0;
        self.kind = Kind::Other;
        self.is_of_another_generation = false;
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
                // A form of address is nobody's name written otherwise.
                let is_address = (word.token.role == Role::Title) != (other.role == Role::Title);
                if let Some((similarity, how)) = likeness(word, text, other)
                    && !(is_address && how == How::Similar)
                {
                    self.options.push((order(i, j, similarity, other), Pair { mention: i, name: j, similarity, how }));
                }
            }
        }
        self.take_best();
        self.expand_initials(probe);
        self.join_words(probe);
        self.pair_repeats(probe);
        self.pair_sounds(probe);
        self.pair_countries(probe);
    }

    /// `fearufirudo` against `Fairfield`: a name that a syllabic script has passed through is explained by one of the same
    /// families of consonants, the surer the more of them there are.
    fn pair_sounds(&mut self, probe: &Probe) {
        const ENOUGH: f32 = 0.7;
        // Behind the joined syllables of Chinese stands at most a word for a kind of place.
        let n_words = if probe.name.is_chinese() { 1 } else { probe.core_at.len() };
        let words = &probe.core_at[..n_words.min(probe.core_at.len())];
        if probe.syllabic.is_empty() || !words.iter().any(|at| self.mention_paired[*at] < ENOUGH) {
            return;
        }
        let core = || (0..self.name.len()).filter(|j| self.name[*j].role.is_core() && !self.name[*j].aside);
        let (mut bones, mut wide) = (Vec::with_capacity(16), Vec::with_capacity(16));
        core().for_each(|j| phonetic::skeleton(self.name[j].text, &mut bones));
        phonetic::coarse(&bones, &mut wide);
        wide.dedup();
        if !probe.syllabic.contains(&wide) {
            return;
        }
        let core: Vec<usize> = core().collect();
        let letters: Vec<u8> = core.iter().flat_map(|j| self.name[*j].text).copied().collect();
        // Sounds that are not told apart are many; the letters say a little more.
        let similarity = (if wide.len() > 3 { 0.55 } else { 0.45 }) + 0.4 * probe.core_pattern.similarity(&letters);
        self.pairs.clear();
        self.spelled = 0;
        for (at, &i) in words.iter().enumerate() {
            let j = core[at.min(core.len() - 1)];
            self.mention_paired[i] = similarity;
            self.pairs.push(Pair { mention: i as u8, name: j as u8, similarity, how: How::Similar });
        }
        for j in core {
            self.name_paired[j] = similarity;
        }
    }

    /// `DPRK` against `North Korea`: two names of one country explain each other whole.
    fn pair_countries(&mut self, probe: &Probe) {
        const SAME: f32 = 0.97;
        if probe.places.is_none() || !probe.places.is_same_country(countries::places(&self.words())) {
            return;
        }
        self.is_same_country = true;
        self.pairs.clear();
        let last = self.name.len() - 1;
        for i in 0..probe.words.len() {
            let pair = Pair { mention: i as u8, name: i.min(last) as u8, similarity: SAME, how: How::SameMeaning };
            self.pairs.push(pair);
        }
        self.mention_paired[..probe.words.len()].fill(SAME);
        self.name_paired[..self.name.len()].fill(SAME);
    }

    /// Returns the words of the name with single spaces, without `the` before them.
    pub(crate) fn words(&self) -> String {
        let mut words = String::new();
        for token in self.name.iter().skip_while(|token| token.text == b"the") {
            if !words.is_empty() {
                words.push(' ');
            }
            words.push_str(std::str::from_utf8(token.text).unwrap_or_default());
        }
        words
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
        self.expand_numbered(probe);
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

    /// `WWII` against `World War II`: letters each a word, then the number.
    fn expand_numbered(&mut self, probe: &Probe) {
        let &[i] = probe.core_at.as_slice() else { return };
        let Some((letters, number)) = numerals::numbered_initials(probe.text(i)) else { return };
        if self.mention_paired[i] > EXPANDABLE {
            return;
        }
        let word = |j: usize| (self.name[j].role, self.name[j].text[0]);
        let Some(run) = spelled(letters.as_bytes(), self.name.len(), word, |_| true) else { return };
        let value = |text: &[u8]| std::str::from_utf8(text).ok().and_then(numerals::value);
        if self.name.get(run.end).is_none_or(|last| value(last.text) != Some(number)) {
            return;
        }
        self.pairs.retain(|pair| usize::from(pair.mention) != i);
        self.name_paired = [0.0; MAX_TOKENS];
        self.name_paired[run.start..=run.end].fill(0.9);
        self.mention_paired[i] = 0.9;
        self.spelled = letters.len() + 1;
        self.pairs.push(Pair { mention: i as u8, name: run.start as u8, similarity: 0.9, how: How::Initial });
    }

    /// `XJ-900B case - XJ900B`: a model number that a side has twice, whole and in parts, is explained as a whole where one of
    /// the two is.
    fn pair_repeats(&mut self, probe: &Probe) {
        repeats(probe.words.len(), |i| probe.text(i).as_bytes(), &mut self.mention_paired);
        let Pairing { name, name_paired, .. } = self;
        repeats(name.len(), |j| name[j].text, name_paired);
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

/// Letters and digits of a model number, at least.
pub(super) const CODE: usize = 5;

/// Returns whether a word has letters and digits.
pub(super) fn is_code(word: &[u8]) -> bool {
    word.iter().any(u8::is_ascii_digit) && word.iter().any(u8::is_ascii_lowercase)
}

/// Takes a code and the neighbours that make it together for explained where one of them is.
fn repeats<'t>(count: usize, text: impl Fn(usize) -> &'t [u8], paired: &mut [f32; MAX_TOKENS]) {
    const SURE: f32 = 0.9;
    for whole in (0..count).filter(|at| text(*at).len() >= CODE && is_code(text(*at))) {
        for from in (0..count).filter(|from| text(whole).starts_with(text(*from))) {
            let Some(until) = join(text(whole), from, count, |at| (at != whole).then(|| text(at))) else { continue };
            let least = paired[from..until].iter().copied().fold(1.0, f32::min);
            if paired[whole] >= SURE || least >= SURE {
                paired[whole] = paired[whole].max(SURE);
                paired[from..until].iter_mut().for_each(|paired| *paired = paired.max(SURE));
            }
            break;
        }
    }
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
