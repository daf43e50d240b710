//! Context of a mention, as evidence: the other names of its group, and what is known of those. It can only agree.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use anyhow::Result;

use crate::resolve::fast_map::{Map, Set};
use crate::resolve::index::{Blocks, EntityCard, Index, TypeStats};
use crate::resolve::matching::context_names::{ContextName, NAME_SEPARATORS, NameKind, Names, hash};
use crate::resolve::matching::heard::{Heard, HeardValues, SaidBits};
use crate::resolve::matching::hints::{Hint, contains_words};
use crate::resolve::names::similarity::Pattern;
use crate::resolve::names::token::{Name, Token, spaced};
use crate::resolve::names::{first_names, positions, words};

/// Context of a mention: the names of its group, and what is known of those that are linked. Evidence that can
/// only agree. Made once for a group and shared by its mentions; a look costs the same however much stands around.
#[derive(Clone, Debug, Default)]
pub struct Context(Option<Rc<Around>>);

#[derive(Debug, Default)]
struct Around {
    /// As it was given, where it was given as a text.
    text: String,
    /// Entities that the story names.
    named: Rc<Names>,
    /// Values of what it names: the team of a player.
    known: Rc<Names>,
    /// Other names of what it names, which count only as a whole: `BUF` where the story says Bills.
    exact: Rc<Set<u64>>,
    /// Bits of all these.
    said: SaidBits,
    /// Names that were added.
    n_names: usize,
    /// Weight of a value that is said here, by layer and number of the value: worked out once for all mentions.
    weights: RefCell<Map<(u8, u32), f32>>,
}

/// Weight of an agreement with the context beside one with a hint: the story says it of someone, maybe of another.
const CONTEXT_WEIGHT: f32 = 0.6;
/// Weight where the story does not even say it, but names something of which it is known: one, two, or more that
/// have it in common. A college that one other player went to says little, the team of three of them what it is about.
const KNOWN_WEIGHTS: [f32; 3] = [0.35, 0.5, 0.6];
/// Bits that the full name counts, given elsewhere in the group.
const FULL_NAME_BITS: f32 = 12.0;
/// Names of a context that are read; a group has some dozens.
const CONTEXT_NAMES: usize = 2000;

impl Context {
    /// Reads names separated by `|`, line breaks or sentence ends.
    pub(crate) fn new(text: &str) -> Context {
        let mut around = Around { text: text.to_owned(), ..Around::default() };
        let parts = text.split(NAME_SEPARATORS).take(CONTEXT_NAMES);
        parts.filter_map(ContextName::read_marked).for_each(|name| around.add(&Arc::new(name)));
        Context(Some(Rc::new(around)))
    }

    /// Makes a context of names.
    pub fn of(names: &[Arc<ContextName>]) -> Context {
        Context::default().with(names)
    }

    /// Returns the context with more names.
    pub fn with(&self, names: &[Arc<ContextName>]) -> Context {
        let mut around = match &self.0 {
            Some(known) => Around {
                named: Rc::clone(&known.named),
                known: Rc::clone(&known.known),
                exact: Rc::clone(&known.exact),
                said: known.said.clone(),
                n_names: known.n_names,
                ..Around::default()
            },
            None => Around::default(),
        };
        for (kind, some) in [(NameKind::Named, &mut around.named), (NameKind::Known, &mut around.known)] {
            let n_names = names.iter().filter(|name| name.kind() == kind).count();
            if n_names > 0 {
                Rc::make_mut(some).reserve(n_names);
            }
        }
        names.iter().for_each(|name| around.add(name));
        Context(Some(Rc::new(around)))
    }

    /// Returns whether it was read from this text.
    pub(crate) fn is_of(&self, text: &str) -> bool {
        self.0.as_ref().map_or(text.is_empty(), |around| around.text == text)
    }

    pub(crate) fn is_empty(&self) -> bool {
        let says_nothing =
            |around: &Rc<Around>| around.named.is_empty() && around.known.is_empty() && around.exact.is_empty();
        self.0.as_ref().is_none_or(says_nothing)
    }

    /// Returns whether it has a longer name with a mention's words; `own` are these, lower case.
    pub(crate) fn has_longer(&self, own: &str) -> bool {
        self.0.as_ref().is_some_and(|around| around.named.have_longer(own))
    }

    /// Returns false where a value is surely not said here.
    pub(super) fn may_say(&self, value: Heard) -> bool {
        self.0.as_ref().is_some_and(|around| around.said.may_say(value))
    }

    /// Returns what it counts, of the bits of an attribute, that an entity has this value. `own` are the mention's
    /// words, lower case: they, and what its hints say already, are not context.
    pub(crate) fn weight<P: Blocks>(
        &self,
        own: &str,
        hints: &[Rc<Hint>],
        (layer, index): (u8, &Index<P>),
        value: u32,
    ) -> Result<f32> {
        let Some(around) = &self.0 else { return Ok(0.0) };
        let known = around.weights.borrow().get(&(layer, value)).copied();
        let weight = match known {
            Some(weight) => weight,
            None => {
                let weight = index.value(value, |value| around.weight_of(value.text, value.country))?;
                around.weights.borrow_mut().insert((layer, value), weight);
                weight
            }
        };
        // Asked last: of most values nothing is said at all.
        if weight == 0.0 {
            return Ok(0.0);
        }
        index.value(value, |value| {
            let is_own = says(own, value.text) || hints.iter().any(|hint| hint.tells(value.text));
            if is_own { 0.0 } else { weight }
        })
    }

    /// Returns the bits by which an entity agrees with the context; `has_longer` is what [`Context::has_longer`] said
    /// of the mention.
    pub(crate) fn agree<P: Blocks>(
        &self,
        (own, has_longer): (&str, bool),
        hints: &[Rc<Hint>],
        (layer, index, number): (u8, &Index<P>, u32),
        (entity, stats): (&EntityCard<P::Block<'_>>, &TypeStats),
        heard: &mut HeardValues,
    ) -> Result<f32> {
        let mut bits = 0.0f32;
        for (attribute, value) in entity.values() {
            let known = stats.attributes.get(usize::from(attribute)).map_or(0.0, |a| a.bits);
            if bits >= known * CONTEXT_WEIGHT || !self.may_say(heard.of(index, value)?) {
                continue;
            }
            bits = bits.max(known * self.weight(own, hints, (layer, index), value)?);
        }
        if has_longer {
            let mut words = String::new();
            index.label(number, |_, name| spaced(&Name::parse(name), &mut words))?;
            let is_said = || self.0.as_ref().is_some_and(|around| around.named.have(&words));
            if words != own && contains_words(&words, own) && is_said() {
                bits += FULL_NAME_BITS;
            }
        }
        Ok(bits)
    }
}

impl Around {
    fn add(&mut self, name: &Arc<ContextName>) {
        if self.n_names >= CONTEXT_NAMES {
            return;
        }
        self.n_names += 1;
        let names = match name.kind() {
            NameKind::Named => &mut self.named,
            NameKind::Known => &mut self.known,
            NameKind::Other => {
                self.said.add(name.whole());
                Rc::make_mut(&mut self.exact).insert(name.whole());
                return;
            }
        };
        Rc::make_mut(names).add(name);
        match name.is_long() {
            true => self.said.add_all(),
            false => name.runs().iter().for_each(|run| self.said.add(*run)),
        }
    }

    /// Returns what it counts that a value is said here.
    fn weight_of(&self, value: &str, country: u16) -> f32 {
        if self.named.say(value, country) || self.exact.contains(&hash(value)) {
            CONTEXT_WEIGHT
        } else if self.known.say(value, country) {
            KNOWN_WEIGHTS[self.known.n_times(value).clamp(1, KNOWN_WEIGHTS.len()) - 1]
        } else {
            0.0
        }
    }
}

/// Returns whether a name says the value by itself: a city called as its state tells nothing of which state.
fn says(name: &str, value: &str) -> bool {
    value.len() > 1 && contains_run(name, value)
}

/// Returns whether a mention is a longer one of the same group once more, the full name given once: the same last name,
/// and nothing before it but what the longer has too, or its initials. `Allen`, `J. Allen` and `Mr. Allen` are `Josh
/// Allen`; `York` is not `New York`, whose other word makes another name of any.
pub fn is_name_again(short: &str, long: &str) -> bool {
    again(&core_words(short), &core_words(long))
}

/// Returns the key of a mention's text, and the hash of the last name in it: its last word, without `Jr.`. Mentions of one
/// hash may be the same name given in full and once more ([`is_name_again`]), others are not.
pub fn key_and_last_name(text: &str) -> (String, u64) {
    let name = Name::parse(text);
    let mut key = String::new();
    spaced(&name, &mut key);
    let last = name.tokens.iter().rfind(|token| is_core(token));
    (key, hash(last.map_or("", |token| name.text(token))))
}

fn is_core(token: &Token) -> bool {
    token.role.is_core() && !token.aside
}

fn core_words(text: &str) -> Vec<String> {
    let name = Name::parse(text);
    name.tokens.iter().filter(|token| is_core(token)).map(|token| name.text(token).to_owned()).collect()
}

fn again(short: &[String], long: &[String]) -> bool {
    let ([before @ .., last], [given @ .., same]) = (short, long) else { return false };
    if last != same || last.len() < 3 || !words::is_telling(last) || given.is_empty() || before == given {
        return false;
    }
    let mut rest = given.iter();
    let mut meets =
        |word: &String| rest.any(|other| word == other || word.len() == 1 && other.starts_with(word.as_str()));
    before.iter().all(&mut meets) && given.iter().all(|word| words::is_telling(word))
}

/// Returns whether a value is a position of a player (`QB`).
pub fn is_position(value: &str) -> bool {
    let mut words = String::new();
    spaced(&Name::parse(value), &mut words);
    !positions::places(&words.replace(' ', "")).is_empty()
}

/// Returns whether two full names with the same last name are surely not of one bearer: given names that have nothing
/// to do with each other.
pub fn are_namesakes(a: &str, b: &str) -> bool {
    let (a, b) = (core_words(a), core_words(b));
    let ([a, .., last], [b, .., same]) = (&a[..], &b[..]) else { return false };
    let alike = a.starts_with(b.as_str()) || b.starts_with(a.as_str()) || first_names::related(a, b);
    last == same && !alike && Pattern::new(a.as_bytes()).similarity(b.as_bytes()) < 0.7
}

/// Returns whether the words of `part` stand in `whole` one after the other.
fn contains_run(whole: &str, part: &str) -> bool {
    whole.match_indices(part).any(|(at, _)| {
        (at == 0 || whole.as_bytes()[at - 1] == b' ')
            && whole.as_bytes().get(at + part.len()).is_none_or(|byte| *byte == b' ')
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resolve::names::countries;

    #[test]
    fn a_name_in_a_context_says_a_value_whole_by_its_end_or_as_a_code() {
        let named = |context: &str, value: &str| {
            let context = Context::new(context);
            let country = countries::country(value).unwrap_or(0);
            let around = context.0.expect("made of a text");
            let says = around.named.say(value, country) || around.exact.contains(&hash(value));
            assert!(!says || around.said.may_say(Heard::of(value, country)), "{value} is said");
            says
        };
        for (context, value, expected) in [
            ("Herons | Peru", "harbor city herons", true),
            ("the game of the Harbor City Herons", "harbor city herons", true),
            ("Kansas City", "kansas city chiefs", false),
            ("in Lima, Peru", "peru", true),
            ("Britain", "gb", true),
            ("KC | x", "kc", true),
            ("a KC barbecue", "kc", false),
            ("=KCC | =Kansas City", "kcc", true),
            ("=Kansas City", "kansas city chiefs", false),
            ("1999", "1999", false),
            ("State University", "ohio university", false),
            ("FC Cologne won again", "first football club cologne", true),
            ("", "x", false),
        ] {
            assert_eq!(named(context, value), expected, "{context} / {value}");
        }
        let long = "a b c d e f g h i j k l m harbor city herons";
        assert!(named(long, &format!("the {long}")), "the end of a value may be too long for all its runs");
        let context = Context::new("Harbor City Herons | Elmwood Rovers | Peru");
        let n_denied = (0..100).filter(|n| !context.may_say(Heard::of(&format!("team number{n}"), 0))).count();
        assert!(n_denied > 95, "{n_denied} of 100 that are not said");
        assert!(Context::new(" | ; 🙂").is_empty());
        assert!(Context::new("a | b").is_of("a | b"));
    }

    #[test]
    fn a_surname_is_the_full_name_once_more() {
        for (short, long, expected) in [
            ("Allen", "Josh Allen", true),
            ("London", "Jack London", true),
            ("Nightingale", "Florence Nightingale", true),
            ("J. Allen", "Josh Allen", true),
            ("Mr. Allen", "Josh Allen", true),
            ("Allen", "Josh Allen Jr.", true),
            ("van Tongeren", "Joost van Tongeren", true),
            ("Allen", "Allen", false),
            ("Josh Allen", "Josh Allen", false),
            ("K. Allen", "Josh Allen", false),
            ("Josh", "Josh Allen", false),
            ("Keenan Allen", "Josh Allen", false),
            ("York", "New York", false),
            ("Virginia", "West Virginia", false),
            ("University", "Ohio University", false),
            ("", "Josh Allen", false),
        ] {
            assert_eq!(is_name_again(short, long), expected, "{short} / {long}");
        }
        for (a, b, expected) in [
            ("Marta Reyes", "Daniel Reyes", true),
            ("Dan Reyes", "Daniel Reyes", false),
            ("Bill Reyes", "William Reyes", false),
            ("D. Reyes", "Daniel Reyes", false),
            ("Danial Reyes", "Daniel Reyes", false),
            ("Marta Reyes", "Daniel Ruiz", false),
        ] {
            assert_eq!(are_namesakes(a, b), expected, "{a} / {b}");
        }
    }
}
