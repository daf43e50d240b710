//! Under which keys a name is found: the same for the catalog's names and for mentions.

use crate::resolve::index::key::{KeyKind, key};
use crate::resolve::names::token::{Name, spaced};
use crate::resolve::names::words::Role;
use crate::resolve::names::{countries, numerals, phonetic, plural};

/// The keys of whole names.
#[derive(Default)]
pub(crate) struct Keys {
    /// All letters; letters of the core; sorted words of the core.
    pub(crate) forms: Vec<u64>,
    /// Sound and coarse sound of the core.
    pub(crate) sounds: Vec<u64>,
    /// Initial letters, with and without small words.
    pub(crate) initialisms: Vec<u64>,
    squash: String,
    bones: Vec<u8>,
    wide: Vec<u8>,
    order: Vec<(u16, usize)>,
}

/// Weight of a word by what it does in the name.
pub(crate) fn role_weight(role: Role) -> f32 {
    match role {
        Role::Word | Role::Number => 1.0,
        Role::Initials => 0.6,
        Role::Generation => 0.3,
        Role::Legal | Role::Title | Role::Small => 0.1,
        Role::Tail => 0.02,
    }
}

impl Keys {
    /// Computes all keys of a name.
    pub(crate) fn of(&mut self, name: &Name) {
        self.of_sounding(name, None);
    }

    /// Computes all keys of a name of which the sound of the core is known already.
    pub(crate) fn of_sounding(&mut self, name: &Name, sound: Option<&[u8]>) {
        self.forms.clear();
        self.sounds.clear();
        self.initialisms.clear();
        name.squash(&mut self.squash);
        push_new(&mut self.forms, key(KeyKind::Form, self.squash.as_bytes(), &[]));
        self.squash.clear();
        self.bones.clear();
        self.wide.clear();
        self.order.clear();
        for (at, token) in name.tokens.iter().enumerate() {
            if token.role.is_core() && !token.aside {
                let text = name.text(token);
                self.squash.push_str(text);
                if sound.is_none() {
                    phonetic::skeleton(text.as_bytes(), &mut self.bones);
                }
                self.order.push((token.class, at));
            }
        }
        if !self.squash.is_empty() {
            push_new(&mut self.forms, key(KeyKind::Form, self.squash.as_bytes(), &[]));
        }
        self.bones.extend_from_slice(sound.unwrap_or_default());
        if let Some(whole) = whole_sound(&self.bones) {
            self.sounds.push(whole);
            phonetic::coarse(&self.bones, &mut self.wide);
            // To be found a name need not say how often a sound comes; the comparison tells.
            self.wide.dedup();
            if self.wide.len() >= 3 {
                self.sounds.push(key(KeyKind::CoarseSound, &self.wide, &[]));
            }
        }
        if let Some(number) = country(name, &mut self.squash) {
            push_new(&mut self.forms, key(KeyKind::Form, b"country", &number.to_le_bytes()));
        }
        self.initials(name);
        self.numbered_initials(name);
        self.sorted_words(name);
    }

    /// The words of the core in the order of the alphabet, as they are and as one of each.
    fn sorted_words(&mut self, name: &Name) {
        let is_plural = |at: &(u16, usize)| at.0 == 0 && plural::singular(name.text(&name.tokens[at.1])).is_some();
        let has_plural = self.order.iter().any(is_plural);
        if let ([(_, at)], true) = (&self.order[..], has_plural) {
            self.squash.clear();
            push_singular(name.text(&name.tokens[*at]), &mut self.squash);
            push_new(&mut self.forms, key(KeyKind::Form, self.squash.as_bytes(), &[]));
        }
        if self.order.len() < 2 {
            return;
        }
        let text = |at: &(u16, usize)| (at.0, if at.0 == 0 { name.text(&name.tokens[at.1]) } else { "" });
        self.order.sort_unstable_by(|a, b| text(a).cmp(&text(b)));
        for as_singular in [false, true].into_iter().filter(|as_singular| has_plural || !as_singular) {
            self.squash.clear();
            for (class, at) in &self.order {
                let text = name.text(&name.tokens[*at]);
                if *class != 0 {
                    self.squash.push(char::from(b'0' + (*class % 64) as u8));
                    self.squash.push(char::from(b'0' + (*class / 64) as u8));
                } else if as_singular {
                    push_singular(text, &mut self.squash);
                } else {
                    self.squash.push_str(text);
                }
                self.squash.push(' ');
            }
            push_new(&mut self.forms, key(KeyKind::Form, self.squash.as_bytes(), &[]));
        }
    }

    /// `World War II` by its initials and its number, as `WWII` and `WW2` have them.
    fn numbered_initials(&mut self, name: &Name) {
        let core = || name.tokens.iter().filter(|token| token.role != Role::Small && !token.aside);
        let n_words = core().count().saturating_sub(1);
        if !(2..=6).contains(&n_words) || !core().take(n_words).all(|token| token.role == Role::Word) {
            return;
        }
        let Some(value) = core().next_back().and_then(|last| numerals::value(name.text(last))) else { return };
        self.squash.clear();
        for token in core().take(n_words) {
            self.squash.push_str(&name.text(token)[..1]);
        }
        self.initialisms.push(numbered_key(&self.squash, value));
    }

    fn initials(&mut self, name: &Name) {
        let capitals = name.tokens.iter().any(|token| token.capitals && !token.aside);
        for (with_small, spread) in [(false, false), (true, false), (false, true)] {
            if spread && !capitals {
                continue;
            }
            self.squash.clear();
            let mut words = 0;
            for token in &name.tokens {
                let is_word = matches!(token.role, Role::Word) || spread && token.role == Role::Initials;
                if token.aside || !(is_word || with_small && token.role == Role::Small) {
                    continue;
                }
                words += usize::from(is_word);
                // `NOAA Climate Prediction Center`: the letters of the first stand for words themselves.
                let letters = if spread && (token.capitals || token.role == Role::Initials) {
                    usize::from(token.len())
                } else {
                    1
                };
                self.squash.push_str(&name.text(token)[..letters]);
                if token.ends_title && !with_small && !spread && (3..=9).contains(&self.squash.len()) {
                    push_new(&mut self.initialisms, key(KeyKind::Initialism, self.squash.as_bytes(), &[]));
                }
            }
            if words >= 2 && (3..=9).contains(&self.squash.len()) {
                push_new(&mut self.initialisms, key(KeyKind::Initialism, self.squash.as_bytes(), &[]));
            }
        }
    }
}

/// Returns the country that a whole name is a name of; `words` is a buffer.
fn country(name: &Name, words: &mut String) -> Option<u16> {
    const LONGEST: usize = 8;
    if name.tokens.len() > LONGEST {
        return None;
    }
    spaced(name, words);
    if words.len() > 2 { countries::country(words.strip_prefix("the ").unwrap_or(words)) } else { None }
}

/// Key of an initialism with a number behind it.
pub(crate) fn numbered_key(letters: &str, number: u32) -> u64 {
    key(KeyKind::Initialism, letters.as_bytes(), &number.to_le_bytes())
}

/// Adds a word, of a plural the singular.
fn push_singular(word: &str, out: &mut String) {
    let (stem, end) = plural::singular(word).unwrap_or((word, ""));
    out.push_str(stem);
    out.push_str(end);
}

fn push_new(list: &mut Vec<u64>, key: u64) {
    if !list.contains(&key) {
        list.push(key);
    }
}

/// Key of a word, or of its class where it has one: `universität` is found as `university`.
pub(crate) fn word_key(text: &str, class: u16) -> u64 {
    if class == 0 { key(KeyKind::Word, text.as_bytes(), &[]) } else { key(KeyKind::Class, &class.to_le_bytes(), &[]) }
}

/// Key under which the builder keeps how often a word stands in the names of a type.
pub(crate) fn count_key(word_key: u64, kind: u16) -> u64 {
    key(KeyKind::Count, &word_key.to_le_bytes(), &kind.to_le_bytes())
}

/// Key under which the builder keeps how many entities of a type have a value of an attribute.
pub(crate) fn known_value_key(entity_type: &str, attribute: &str, value: &str) -> u64 {
    key(KeyKind::Value, format!("{entity_type}\t{attribute}").as_bytes(), value.as_bytes())
}

/// Keys of a word and of what is left of it when one letter is missing: two words that differ by one letter (one more,
/// one less, another, or two neighbours swapped) share one of them. The idea is that of T. Bocek, E. Hunt and B.
/// Stiller, "Fast similarity search in large dictionaries", 2007.
pub(crate) fn less_one(word: &[u8], put: &mut dyn FnMut(u64)) {
    const LONGEST: usize = 24;
    put(key(KeyKind::Less, word, &[]));
    if !(4..=LONGEST).contains(&word.len()) {
        return;
    }
    let mut rest = [0u8; LONGEST];
    rest[..word.len() - 1].copy_from_slice(&word[1..]);
    for at in 0..word.len() {
        // One key for a run of equal letters.
        if at > 0 {
            rest[at - 1] = word[at - 1];
            if word[at] == word[at - 1] {
                continue;
            }
        }
        put(key(KeyKind::Less, &rest[..word.len() - 1], &[]));
    }
}

/// Key of two words that follow each other.
pub(crate) fn pair_key(a: &str, a_class: u16, b: &str, b_class: u16) -> u64 {
    let (x, y) = (word_key(a, a_class), word_key(b, b_class));
    key(KeyKind::Pair, &x.to_le_bytes(), &y.to_le_bytes())
}

/// Keys of a last word with a value of an attribute: the whole value and each of its words.
pub(crate) fn value_keys(last: &str, value: &str, put: &mut dyn FnMut(u64)) {
    put(key(KeyKind::LastValue, last.as_bytes(), value.as_bytes()));
    if value.contains(' ') {
        for word in value.split(' ').filter(|word| word.len() > 2) {
            put(key(KeyKind::LastValue, last.as_bytes(), word.as_bytes()));
        }
    }
}

/// Three-letter keys of a word, its ends marked.
pub(crate) fn grams(word: &[u8], put: &mut dyn FnMut(u64)) {
    let mut window = [b'^', b'^', b'^'];
    for &byte in word.iter().take(32).chain(b"$") {
        window = [window[1], window[2], byte];
        if window != [b'^', b'^', word[0]] {
            put(key(KeyKind::Gram, &window, &[]));
        }
    }
}

/// Key of the sound of a whole name; none where little of it remains.
pub(crate) fn whole_sound(bones: &[u8]) -> Option<u64> {
    (bones.len() >= 3).then(|| key(KeyKind::Sound, bones, &[]))
}

/// Key of a word's sound; none where little of it remains.
pub(crate) fn word_sound(word: &[u8]) -> Option<u64> {
    let mut bones = Vec::with_capacity(16);
    phonetic::skeleton(word, &mut bones);
    (bones.len() >= 3).then(|| key(KeyKind::WordSound, &bones, &[]))
}
