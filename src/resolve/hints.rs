//! Hints as evidence: how a value that came with a mention compares with an entity's attributes.

use super::countries;
use super::index::{EntityCard, TypeFacts};
use super::keys;
use super::name::Name;
use super::similarity::Pattern;
use super::sports::{self, Positions};
use super::words;
use crate::model::Attributes;
use std::cell::RefCell;
use std::ops::Deref;
use std::rc::Rc;

use super::hash::Map;

/// A hint, prepared once for all candidates.
#[derive(Clone, Debug)]
pub(crate) struct Hint {
    /// Its name as it was given, lower case.
    pub(crate) name: String,
    /// Its value as lower-case words.
    pub(crate) value: String,
    /// What else the catalog calls that of which the value is a name, as lower-case words.
    also: Vec<String>,
    squashed: String,
    country: u16,
    number: Option<i64>,
    positions: &'static [(u8, u8)],
    /// What was found of values: teams and countries come again and again.
    remembered: RefCell<Map<Box<str>, Verdict>>,
}

/// Hints prepared for earlier mentions, by name and value: a story's players have the same teams.
#[derive(Default)]
pub(crate) struct Prepared {
    by_name: Map<String, Map<String, Option<Rc<Hint>>>>,
    n: usize,
}

/// Prepared hints, and values of a hint, that are remembered.
const REMEMBERED_MAX: usize = 4096;

impl Prepared {
    /// Prepares all hints of a mention; `names` are the catalog's other names of what their values name.
    pub(crate) fn all(&mut self, hints: &Attributes, names: &Map<String, Vec<String>>) -> Vec<Rc<Hint>> {
        let mut prepared = Vec::with_capacity(hints.len());
        for (name, value) in hints {
            if let Some(known) = self.by_name.get(name).and_then(|values| values.get(value)) {
                prepared.extend(known.iter().map(Rc::clone));
                continue;
            }
            let hint = Hint::new(name, value).map(|mut hint| {
                hint.also.extend_from_slice(names.get(value).map_or(&[], Vec::as_slice));
                Rc::new(hint)
            });
            prepared.extend(hint.iter().map(Rc::clone));
            if self.n >= REMEMBERED_MAX {
                self.by_name.clear();
                self.n = 0;
            }
            self.n += 1;
            self.by_name.entry(name.clone()).or_default().insert(value.clone(), hint);
        }
        prepared
    }

    /// Forgets what was prepared of a value.
    pub(crate) fn forget(&mut self, value: &str) {
        self.by_name.values_mut().for_each(|values| {
            values.remove(value);
        });
    }
}

/// What the hints say of one candidate.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Evidence {
    /// Bits that agree.
    pub(crate) agree: f32,
    /// Bits that agree in part: a neighbouring position, a year off by one.
    pub(crate) near: f32,
    /// Bits that contradict.
    pub(crate) against: f32,
    /// Hints of which the entity says nothing.
    pub(crate) unknown: f32,
}

/// How one hint compares.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Verdict {
    /// The values mean the same.
    Agree(f32),
    /// They are close.
    Near(f32),
    /// They differ.
    Against(f32),
    /// The entity has no such attribute.
    Unknown,
}

impl Verdict {
    fn times(self, factor: f32) -> Verdict {
        match self {
            Verdict::Agree(bits) => Verdict::Agree(bits * factor),
            Verdict::Near(bits) => Verdict::Near(bits * factor),
            Verdict::Against(bits) => Verdict::Against(bits * factor),
            Verdict::Unknown => Verdict::Unknown,
        }
    }
}

impl Hint {
    /// Prepares a hint; `None` for an empty value.
    pub(crate) fn new(name: &str, value: &str) -> Option<Hint> {
        let mut words = String::new();
        keys::spaced(&Name::parse(value), &mut words);
        if words.is_empty() {
            return None;
        }
        let squashed = words.replace(' ', "");
        Some(Hint {
            name: name.to_lowercase(),
            country: countries::country(&words).unwrap_or(0),
            number: squashed.parse().ok(),
            positions: sports::places(&squashed),
            squashed,
            value: words,
            also: Vec::new(),
            remembered: RefCell::default(),
        })
    }

    /// Compares with one value of an attribute that means the same thing, where an agreement counts so many bits.
    fn judge_value(&self, value: &str, country: u16, bits: f32) -> Verdict {
        if let Some(known) = self.remembered.borrow().get(value) {
            return known.times(bits);
        }
        let verdict = self.compare(value, country, 1.0);
        let mut remembered = self.remembered.borrow_mut();
        if remembered.len() >= REMEMBERED_MAX {
            remembered.clear();
        }
        remembered.insert(value.into(), verdict);
        verdict.times(bits)
    }

    /// Compares with one value of an attribute that means the same thing.
    fn compare(&self, value: &str, country: u16, bits: f32) -> Verdict {
        if value == self.value || self.also.iter().any(|other| contains_words(value, other)) {
            return Verdict::Agree(bits);
        }
        if self.country != 0 && country != 0 {
            return if self.country == country { Verdict::Agree(bits) } else { Verdict::Against(bits) };
        }
        let places = match value.contains(' ') && !self.positions.is_empty() {
            true => sports::places(&value.replace(' ', "")),
            false => sports::places(value),
        };
        if let Some(positions) = sports::compare(self.positions, places) {
            return match positions {
                Positions::Same => Verdict::Agree(bits),
                Positions::Near => Verdict::Near(bits),
                Positions::Apart => Verdict::Against(bits),
            };
        }
        if let (Some(a), Ok(b)) = (self.number, value.parse::<i64>()) {
            return if (a - b).abs() == 1 { Verdict::Near(bits) } else { Verdict::Against(bits) };
        }
        if contains_words(value, &self.value) || contains_words(&self.value, value) {
            return Verdict::Agree(bits);
        }
        if is_short_form(&self.squashed, value) || is_short_form(&value.replace(' ', ""), &self.value) {
            return Verdict::Agree(bits);
        }
        let similarity = Pattern::new(self.value.as_bytes()).similarity(value.as_bytes());
        if similarity >= 0.8 && value.len() > 4 { Verdict::Agree(bits * 0.8) } else { Verdict::Against(bits) }
    }

    /// Compares with everything known of an entity.
    pub(crate) fn judge<G: Deref<Target = [u8]>>(
        &self,
        entity: &EntityCard<G>,
        facts: &TypeFacts,
        meanings: &mut Meanings,
    ) -> Verdict {
        let means = meanings.of(&self.name, entity.kind, facts);
        let mut verdict = Verdict::Unknown;
        for value in entity.values() {
            let Some(attribute) = facts.attributes.get(usize::from(value.attribute)) else {
                continue;
            };
            if means.get(usize::from(value.attribute)) == Some(&true) {
                let new = self.judge_value(value.text, value.country, attribute.bits);
                verdict = better(verdict, new);
            } else if value.text == self.value && value.text.len() > 1 && self.number.is_none() {
                // The value stands under another name: an agreement, if a smaller one.
                verdict = better(verdict, Verdict::Agree(attribute.bits * 0.7));
            }
        }
        verdict
    }
}

/// Which attributes of a type a hint may mean, worked out once for each name of a hint and type.
#[derive(Default)]
pub(crate) struct Meanings(Map<String, Vec<Option<Box<[bool]>>>>);

impl Meanings {
    fn of(&mut self, hint: &str, kind: u16, facts: &TypeFacts) -> &[bool] {
        if !self.0.contains_key(hint) {
            self.0.insert(hint.to_owned(), Vec::new());
        }
        let Some(kinds) = self.0.get_mut(hint) else {
            return &[];
        };
        let kind = usize::from(kind);
        if kinds.len() <= kind {
            kinds.resize(kind + 1, None);
        }
        kinds[kind].get_or_insert_with(|| facts.attributes.iter().map(|a| same_meaning(hint, &a.name)).collect())
    }
}

impl Evidence {
    /// Adds what one hint says.
    pub(crate) fn add(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Agree(bits) => self.agree += bits,
            Verdict::Near(bits) => self.near += bits,
            Verdict::Against(bits) => self.against += bits,
            Verdict::Unknown => self.unknown += 1.0,
        }
    }
}

/// What stands around a mention: the other names of its group. Evidence that can only agree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Context {
    names: Vec<String>,
    countries: Vec<u16>,
}

/// What an agreement with the context counts beside one with a hint: the story says it of someone, maybe of another.
const CONTEXT_WEIGHT: f32 = 0.6;
/// Bits that the full name counts, given elsewhere in the group.
const FULL_NAME_BITS: f32 = 12.0;

impl Context {
    /// Reads names separated by `|`, line breaks or sentence ends; `own`, the mention itself, is not context.
    pub(crate) fn new(text: &str, own: &str) -> Context {
        let mut context = Context::default();
        for part in text.split(['|', '\n', ';', '.', ',']).take(400) {
            let mut words = String::new();
            keys::spaced(&Name::parse(part), &mut words);
            if words.len() < 2 || words == own || context.names.contains(&words) {
                continue;
            }
            context.countries.extend(countries::country(&words));
            context.names.push(words);
        }
        context
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Returns the bits by which an entity agrees with the context. `own` are the mention's words, lower case.
    pub(crate) fn agree<G: Deref<Target = [u8]>>(&self, own: &str, entity: &EntityCard<G>, facts: &TypeFacts) -> f32 {
        let mut bits = 0.0f32;
        for value in entity.values() {
            let known = facts.attributes.get(usize::from(value.attribute)).map_or(0.0, |a| a.bits);
            let country = value.country != 0 && self.countries.contains(&value.country);
            let named = value.text.len() > 3
                && value.text.parse::<f64>().is_err()
                && self.names.iter().any(|name| says(name, value.text));
            if country || named {
                bits = bits.max(known * CONTEXT_WEIGHT);
            }
        }
        let mut words = String::new();
        keys::spaced(&Name::parse(entity.id_and_name().1), &mut words);
        if words != own && contains_words(&words, own) && self.names.contains(&words) {
            bits += FULL_NAME_BITS;
        }
        bits
    }
}

/// Returns whether a name of the context, or a phrase in it, means the value: all of it, or its telling end (`chiefs`).
fn says(name: &str, value: &str) -> bool {
    name == value
        || contains_run(name, value)
        || name.len() > 3 && value.strip_suffix(name).is_some_and(|head| head.ends_with(' '))
        || value.rsplit(' ').next().is_some_and(|last| {
            last != value
                && last.len() > 3
                && name.contains(' ')
                && contains_run(name, last)
                && words::entry(last).is_none()
        })
}

/// Returns whether the words of `part` stand in `whole` one after the other.
fn contains_run(whole: &str, part: &str) -> bool {
    whole.match_indices(part).any(|(at, _)| {
        (at == 0 || whole.as_bytes()[at - 1] == b' ')
            && whole.as_bytes().get(at + part.len()).is_none_or(|byte| *byte == b' ')
    })
}

/// Of several attributes that a hint may mean, the one that agrees counts.
fn better(a: Verdict, b: Verdict) -> Verdict {
    let rank = |verdict: &Verdict| match verdict {
        Verdict::Agree(bits) => (3, *bits),
        Verdict::Near(bits) => (2, *bits),
        Verdict::Against(bits) => (1, *bits),
        Verdict::Unknown => (0, 0.0),
    };
    let (x, y) = (rank(&a), rank(&b));
    if y.0 > x.0 || y.0 == x.0 && y.1 > x.1 { b } else { a }
}

/// Returns whether two attribute names mean the same thing: equal, sharing a word (`team`, `team_name`), or synonyms.
pub(crate) fn same_meaning(a: &str, b: &str) -> bool {
    const SYNONYMS: &[&[&str]] = &[
        &["country", "nation", "nationality", "citizenship"],
        &["team", "club", "franchise"],
        &["position", "role", "pos"],
        &["college", "school", "university", "alma"],
        &["state", "province", "region", "admin1"],
        &["employer", "company", "organization", "organisation", "affiliation"],
        &["year", "season", "founded"],
        &["author", "authors", "writer"],
        &["brand", "manufacturer", "maker", "vendor"],
        &["occupation", "profession", "job"],
    ];
    if a.eq_ignore_ascii_case(b) {
        return true;
    }
    let words = |name: &str| -> Vec<String> {
        name.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).map(str::to_lowercase).collect()
    };
    let (a, b) = (words(a), words(b));
    const EMPTY: [&str; 6] = ["name", "id", "code", "of", "home", "current"];
    a.iter().any(|x| {
        !EMPTY.contains(&x.as_str())
            && b.iter()
                .any(|y| x == y || SYNONYMS.iter().any(|set| set.contains(&x.as_str()) && set.contains(&y.as_str())))
    })
}

/// Returns whether all words of `part` stand in `whole`, in order.
fn contains_words(whole: &str, part: &str) -> bool {
    if part.len() < 2 {
        return false;
    }
    let mut rest = whole.split(' ');
    part.split(' ').all(|word| rest.any(|other| other == word))
}

/// Returns whether `short` abbreviates `long`: initials of words (`kc`, `gb`), or the start of its letters (`chi`).
fn is_short_form(short: &str, long: &str) -> bool {
    if !(2..=5).contains(&short.len()) || long.len() <= short.len() {
        return false;
    }
    let initials: String = long.split(' ').filter_map(|word| word.chars().next()).collect();
    initials.starts_with(short) && initials.len() > 1 || short.len() >= 3 && long.replace(' ', "").starts_with(short)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_compare_as_names() {
        let check = |hint: &str, value: &str, expected: Verdict| {
            let hint = Hint::new("x", hint).expect("a value");
            let value = Hint::new("x", value).expect("a value");
            assert_eq!(hint.compare(&value.value, value.country, 4.0), expected, "{hint:?} {value:?}");
        };
        check("Browns", "Cleveland Browns", Verdict::Agree(4.0));
        check("KC", "Kansas City Chiefs", Verdict::Agree(4.0));
        check("GBR", "United Kingdom", Verdict::Agree(4.0));
        check("LCB", "DB", Verdict::Near(4.0));
        check("quarterback", "QB", Verdict::Agree(4.0));
        check("1999", "2000", Verdict::Near(4.0));
        check("1999", "2010", Verdict::Against(4.0));
        check("Chicago Bears", "Green Bay Packers", Verdict::Against(4.0));
    }

    #[test]
    fn a_value_has_the_other_names_the_catalog_knows() {
        let names = Map::from_iter([("Bills".to_owned(), vec!["buffalo bills".to_owned(), "buf".to_owned()])]);
        let hints = Prepared::default().all(&[("team".to_owned(), "Bills".to_owned())].into(), &names);
        let check = |value: &str, expected: Verdict| assert_eq!(hints[0].compare(value, 0, 4.0), expected, "{value}");
        check("buf", Verdict::Agree(4.0));
        check("chi buf", Verdict::Agree(4.0));
        check("chi", Verdict::Against(4.0));
    }

    #[test]
    fn names_of_attributes_meet() {
        assert!(same_meaning("team", "team_name"));
        assert!(same_meaning("nationality", "country"));
        assert!(!same_meaning("team_name", "college_name"));
    }
}
