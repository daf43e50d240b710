//! A mention prepared for comparison with many candidates.

use super::hints::Hint;
use super::keys;
use super::name::{Name, Token};
use super::phonetic;
use super::similarity::Pattern;
use super::words::{self, Role};
use super::{countries, given};

/// A word of the mention.
pub(crate) struct Word {
    pub(crate) token: Token,
    /// Natural logarithm of how rare the word is among the names it may mean.
    pub(crate) rarity: f32,
    pub(crate) pattern: Pattern,
    pub(crate) families: &'static [u16],
    /// Value of a numeral or number word.
    pub(crate) value: Option<u32>,
    pub(crate) sound: Vec<u8>,
}

/// A mention, its words weighed, its hints prepared.
#[derive(Default)]
pub(crate) struct Probe {
    pub(crate) name: Name,
    pub(crate) words: Vec<Word>,
    pub(crate) hints: Vec<Hint>,
    /// Text around the mention: lower-case words, a space before and after each.
    #[expect(dead_code, reason = "context follows")]
    pub(crate) context: String,
    /// Letters of the core, and all letters.
    pub(crate) core: String,
    pub(crate) full: String,
    pub(crate) core_pattern: Pattern,
    pub(crate) sound: Vec<u8>,
    pub(crate) sound_pattern: Pattern,
    pub(crate) coarse: Vec<u8>,
    pub(crate) coarse_pattern: Pattern,
    /// Initial letters of the words, small words left out.
    pub(crate) initials: String,
    pub(crate) segments: u8,
}

impl Probe {
    /// Prepares a mention; rarities are set later, from the index.
    pub(crate) fn new(text: &str, hints: Vec<Hint>, context: &str) -> Probe {
        let name = Name::parse(text);
        let mut probe = Probe { hints, context: context.to_owned(), ..Probe::default() };
        name.squash(&mut probe.full);
        for token in &name.tokens {
            let text = name.text(token);
            let mut sound = Vec::new();
            if token.role == Role::Word {
                phonetic::skeleton(text.as_bytes(), &mut sound);
            }
            if token.role.is_core() && !token.aside {
                probe.core.push_str(text);
                phonetic::skeleton(text.as_bytes(), &mut probe.sound);
                if token.role == Role::Word {
                    probe.initials.push_str(&text[..1]);
                }
            }
            probe.segments = probe.segments.max(token.segment + 1);
            probe.words.push(Word {
                token: *token,
                rarity: 1.0,
                pattern: Pattern::new(text.as_bytes()),
                families: if token.role == Role::Word { given::families(text) } else { &[] },
                value: value_of(text, token.role),
                sound,
            });
        }
        phonetic::coarse(&probe.sound, &mut probe.coarse);
        probe.core_pattern.set(probe.core.as_bytes());
        probe.sound_pattern.set(&probe.sound);
        probe.coarse_pattern.set(&probe.coarse);
        probe.name = name;
        probe.add_place_of_address();
        probe
    }

    /// Returns the text of a word.
    pub(crate) fn text(&self, at: usize) -> &str {
        self.name.text(&self.words[at].token)
    }

    /// Returns the positions of the core words that are not asides.
    pub(crate) fn core_words(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.words.len()).filter(|at| {
            let token = &self.words[*at].token;
            token.role.is_core() && !token.aside
        })
    }

    /// Returns the last and the first core word.
    pub(crate) fn last_and_first(&self) -> Option<(usize, usize)> {
        let core: Vec<usize> = self.core_words().collect();
        let segments: Vec<u8> = core.iter().map(|at| self.words[*at].token.segment).collect();
        let (last, first) = keys::last_and_first(segments.into_iter(), self.name.inverted)?;
        Some((core[last], core[first]))
    }

    /// An address at the end names a country or state: a hint that the text itself gives.
    fn add_place_of_address(&mut self) {
        if self.hints.iter().any(|hint| hint.name.contains("country")) {
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
        self.hints.extend(found.and_then(|country| Hint::new("country", &country)));
    }
}

fn value_of(text: &str, role: Role) -> Option<u32> {
    match role {
        Role::Number => text.parse().ok(),
        _ => words::roman(text).or_else(|| words::number_word(text)),
    }
}
