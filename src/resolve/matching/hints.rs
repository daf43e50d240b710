//! Hints as evidence: how a value that came with a mention compares with an entity's attributes.

use std::rc::Rc;
use std::sync::LazyLock;

use anyhow::Result;

use crate::resolve::fast_map::Map;
use crate::resolve::index::keys::known_value_key;
use crate::resolve::index::{AttributeStats, Blocks, EntityCard, Index, TypeStats, VOCABULARY_MAX};
use crate::resolve::matching::hint_match::{Compared, Ground, HintMatch, Meanings, UNPREPARED, Use};
use crate::resolve::names::countries;

use crate::model::Attributes;
use crate::resolve::names::attribute_names::same_meaning;
use crate::resolve::names::positions::{self, Positions};
use crate::resolve::names::similarity::{Pattern, letters_of};
use crate::resolve::names::token::{Name, spaced};
use crate::resolve::names::words;

/// A hint, prepared once for all candidates.
pub(crate) struct Hint {
    /// Its name as it was given, lower case.
    pub(crate) name: String,
    /// Its value as lower-case words.
    pub(crate) value: String,
    /// Which letters the value has.
    letters: u64,
    /// Other names of that of which the value is a name, as lower-case words, with their letters.
    also: Vec<(u64, String)>,
    squashed: String,
    pattern: Pattern,
    class: u16,
    country: u16,
    /// True where it was given as the country; one that the mention's own text seems to name may be anything.
    is_country: bool,
    /// Types and attributes of the catalog that have the value.
    known: Vec<(String, String)>,
    /// By type: whether what such a hint says changes with time, where the profile tells.
    changes: Vec<(String, bool)>,
    number: Option<i64>,
    positions: &'static [(u8, u8)],
    /// Tells it from the other prepared hints of a resolver.
    id: u32,
}

/// Values that say nothing: a model fills in what it was asked for.
const NOTHING: [&str; 8] = ["unknown", "n a", "none", "null", "nil", "unspecified", "not stated", "not given"];

/// Hints prepared for earlier mentions, by name and value: a story's players have the same teams.
#[derive(Default)]
pub(crate) struct Prepared {
    by_name: Map<String, Map<String, Option<Rc<Hint>>>>,
    n: usize,
    /// The last id given.
    last: u32,
    /// By type and name: whether what a hint says changes with time.
    changes: Vec<(String, String, bool)>,
}

/// Prepared hints that are remembered.
const REMEMBERED_MAX: usize = 4096;

impl Prepared {
    /// Prepares all hints of a mention; `names` are the catalog's other names of what their values name, and
    /// `vocabulary` finds the types and attributes that have a hint's value.
    pub(crate) fn all(
        &mut self,
        hints: &Attributes,
        names: &Map<String, Vec<String>>,
        vocabulary: impl Fn(&Hint) -> Result<Vec<(String, String)>>,
    ) -> Result<Vec<Rc<Hint>>> {
        let mut prepared = Vec::with_capacity(hints.len());
        for (name, value) in hints {
            if let Some(known) = self.by_name.get(name).and_then(|values| values.get(value)) {
                prepared.extend(known.iter().map(Rc::clone));
                continue;
            }
            let mut hint = Hint::new(name, value);
            if let Some(hint) = &mut hint {
                let also = names.get(value).into_iter().flatten();
                hint.also.extend(also.map(|name| (letters_of(name.as_bytes()), name.clone())));
                self.last = self.last.checked_add(1).unwrap_or(UNPREPARED);
                hint.id = self.last;
                hint.is_country = same_meaning(&hint.name, "country");
                hint.known = vocabulary(hint)?;
                let of_hint = self.changes.iter().filter(|(_, name, _)| *name == hint.name);
                hint.changes = of_hint.map(|(entity_type, _, changes)| (entity_type.clone(), *changes)).collect();
            }
            let hint = hint.map(Rc::new);
            prepared.extend(hint.iter().map(Rc::clone));
            if self.n >= REMEMBERED_MAX {
                self.by_name.clear();
                self.n = 0;
            }
            self.n += 1;
            self.by_name.entry(name.clone()).or_default().insert(value.clone(), hint);
        }
        Ok(prepared)
    }

    /// Tells whether what a hint says of a type changes with time.
    pub(crate) fn tell_changes(&mut self, entity_type: &str, hint: &str, changes: bool) {
        self.changes.push((entity_type.to_lowercase(), hint.to_lowercase(), changes));
        self.by_name.clear();
    }

    /// Forgets what was prepared of a value.
    pub(crate) fn forget(&mut self, value: &str) {
        self.by_name.values_mut().for_each(|values| {
            values.remove(value);
        });
    }
}

/// Verdict of the hints on one candidate.
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
    /// Ground of the firmest of these contradictions.
    pub(crate) ground: Option<Ground>,
}

impl Hint {
    /// Returns whether it is a country whose names Chinese reads by their characters.
    pub(crate) fn is_where_characters_are_read(&self) -> bool {
        static COUNTRIES: LazyLock<Vec<u16>> = LazyLock::new(|| {
            ["japan", "south korea", "north korea"].into_iter().filter_map(countries::country).collect()
        });
        self.is_country && COUNTRIES.contains(&self.country)
    }

    /// Prepares a hint; `None` for an empty value.
    pub(crate) fn new(name: &str, value: &str) -> Option<Hint> {
        let mut words = String::new();
        spaced(&Name::parse(value), &mut words);
        if words.is_empty() || NOTHING.contains(&words.as_str()) {
            return None;
        }
        let squashed = words.replace(' ', "");
        Some(Hint {
            name: name.to_lowercase(),
            country: countries::country(&words).unwrap_or(0),
            is_country: false,
            known: Vec::new(),
            changes: Vec::new(),
            // A date is no number: its year alone agrees with it.
            number: words.parse().ok(),
            positions: positions::places(&squashed),
            pattern: Pattern::new(words.as_bytes()),
            class: words::class(&words),
            squashed,
            letters: letters_of(words.as_bytes()),
            value: words,
            also: Vec::new(),
            id: UNPREPARED,
        })
    }

    /// Finds the types and attributes of an index that mean the same thing and have the value.
    pub(crate) fn known_in<P: Blocks>(&self, index: &Index<P>) -> Result<Vec<(String, String)>> {
        let mut known = Vec::new();
        for stats in &index.meta.types {
            for attribute in stats.attributes.iter().filter(|attribute| same_meaning(&self.name, &attribute.name)) {
                if index.list(known_value_key(&stats.name, &attribute.name, &self.value))?.len() > 0 {
                    known.push((stats.name.clone(), attribute.name.clone()));
                }
            }
        }
        Ok(known)
    }

    /// Compares with one value of an attribute that means the same thing.
    fn compare(&self, value: &str, country: u16, bits: f32) -> HintMatch {
        // Most values have a letter that is in no name of the hint, and lack one of each.
        let letters = letters_of(value.as_bytes());
        if value == self.value
            || self.class != 0 && self.class == words::class(value)
            || self.also.iter().any(|(own, other)| own & !letters == 0 && contains_words(value, other))
        {
            return HintMatch::Agree(bits);
        }
        // `LB` is a position and the code of Lebanon.
        if self.country != 0 && country != 0 && (self.is_country || self.positions.is_empty()) {
            return match self.country == country {
                true => HintMatch::Agree(bits),
                false if countries::succeed(self.country, country) => HintMatch::Near(bits),
                false if self.is_country => HintMatch::Firmly(bits, Ground::Country),
                false => HintMatch::Against(bits),
            };
        }
        let places = match value.contains(' ') && !self.positions.is_empty() {
            true => positions::places(&value.replace(' ', "")),
            false if self.positions.is_empty() => &[],
            false => positions::places(value),
        };
        if let Some(positions) = positions::compare(self.positions, places) {
            return match positions {
                Positions::Same => HintMatch::Agree(bits),
                Positions::Near => HintMatch::Near(bits),
                Positions::Apart => HintMatch::Against(bits),
            };
        }
        if let Some(a) = self.number
            && let Ok(b) = value.parse::<i64>()
        {
            return if (a - b).abs() == 1 { HintMatch::Near(bits) } else { HintMatch::Against(bits) };
        }
        if self.letters & !letters == 0 && contains_words(value, &self.value)
            || letters & !self.letters == 0 && contains_words(&self.value, value)
        {
            return HintMatch::Agree(bits);
        }
        let is_short = value.bytes().filter(|byte| *byte != b' ').count() <= SHORT_FORM;
        if is_short_form(&self.squashed, value) || is_short && is_short_form(&value.replace(' ', ""), &self.value) {
            return HintMatch::Agree(bits);
        }
        let is_misspelt = value.len() > 4
            && self.pattern.may_reach(value.as_bytes(), MISSPELT)
            && self.pattern.similarity(value.as_bytes()) >= MISSPELT;
        if is_misspelt { HintMatch::Agree(bits * 0.8) } else { HintMatch::Against(bits) }
    }

    /// Returns whether the hint is this value, by one of its names.
    pub(super) fn tells(&self, value: &str) -> bool {
        self.value == value || self.also.iter().any(|(_, other)| other == value)
    }

    /// Compares with everything known of an entity.
    pub(crate) fn judge<P: Blocks>(
        &self,
        index: &Index<P>,
        entity: &EntityCard<P::Block<'_>>,
        stats: &TypeStats,
        meanings: &mut Meanings,
    ) -> Result<HintMatch> {
        let mut found_match = HintMatch::Unknown;
        let uses = self.uses(index, entity.kind, stats, meanings)?;
        for (number, value) in entity.values() {
            let at = usize::from(number);
            let (Some(attribute), Some(used)) = (stats.attributes.get(at), uses.get(at)) else {
                continue;
            };
            if *used == Use::None {
                continue;
            }
            let found = meanings.compared((self.id, value), || {
                index.value(value, |value| Compared {
                    found_match: self.compare(value.text, value.country, 1.0),
                    is_same: value.text == self.value && value.text.len() > 1 && self.number.is_none(),
                })
            })?;
            if let Use::Meant { firmly } = used {
                let found = match (found.found_match.times(attribute.bits), firmly) {
                    (HintMatch::Against(bits), Some(ground)) => HintMatch::Firmly(bits, *ground),
                    (other, _) => other,
                };
                found_match = found_match.or_better(found);
            } else if found.is_same {
                // The value stands under another name: an agreement, if a smaller one.
                found_match = found_match.or_better(HintMatch::Agree(attribute.bits * 0.7));
            }
        }
        Ok(found_match)
    }

    /// Returns what each attribute of a type is to the hint.
    fn uses<P: Blocks>(
        &self,
        index: &Index<P>,
        kind: u16,
        stats: &TypeStats,
        meanings: &mut Meanings,
    ) -> Result<Rc<[Use]>> {
        meanings.uses((self.id, kind), |same| {
            let each = stats.attributes.iter().zip(same.of(&self.name, kind, stats));
            each.map(|(attribute, is_same)| {
                if *is_same {
                    return Ok(Use::Meant { firmly: self.firmly(attribute, &stats.name) });
                }
                // Values of an attribute with few enough are found by their words.
                let n_values = stats.entities.min(index.meta.values) as usize;
                let is_kept = self.id != UNPREPARED && n_values <= VOCABULARY_MAX;
                let key = known_value_key(&stats.name, &attribute.name, &self.value);
                Ok(if is_kept && index.list(key)?.len() == 0 { Use::None } else { Use::Other })
            })
            .collect()
        })
    }

    /// Returns on which ground a contradiction is a firm one: where the attribute does not change and its values are a
    /// vocabulary that has the hint's value: a *pharmacy* is no *bank*, while a *chemist's* might be a *pharmacy*, and
    /// *Lower Saxony* the birthplace of who was born in *Celle*. Where the profile says that it does not change, any other
    /// value is one.
    fn firmly(&self, attribute: &AttributeStats, entity_type: &str) -> Option<Ground> {
        if self.id == UNPREPARED {
            return None;
        }
        let said = self.changes.iter().find(|(known, _)| *known == entity_type.to_lowercase());
        let said = said.map(|(_, changes)| *changes);
        let is_known = || self.known.iter().any(|(known, name)| known == entity_type && *name == attribute.name);
        match said.unwrap_or(attribute.changes) {
            true => None,
            false if is_known() => Some(Ground::Vocabulary),
            false => said.map(|_| Ground::Stable),
        }
    }
}

impl Evidence {
    /// Returns what all hints together say of an entity.
    pub(crate) fn of<P: Blocks>(
        hints: &[Rc<Hint>],
        index: &Index<P>,
        entity: &EntityCard<P::Block<'_>>,
        stats: &TypeStats,
        meanings: &mut Meanings,
    ) -> Result<Evidence> {
        let mut evidence = Evidence::default();
        for hint in hints {
            evidence.add(hint.judge(index, entity, stats, meanings)?);
        }
        Ok(evidence)
    }

    /// Adds what one hint says.
    fn add(&mut self, found_match: HintMatch) {
        match found_match {
            HintMatch::Agree(bits) => self.agree += bits,
            HintMatch::Near(bits) => self.near += bits,
            HintMatch::Against(bits) => self.against += bits,
            HintMatch::Firmly(bits, ground) => {
                self.against += bits;
                self.ground = self.ground.max(Some(ground));
            }
            HintMatch::Unknown => self.unknown += 1.0,
        }
    }
}

/// Returns whether all words of `part` stand in `whole`, in order.
pub(super) fn contains_words(whole: &str, part: &str) -> bool {
    if part.len() < 2 || part.len() > whole.len() {
        return false;
    }
    let mut rest = whole.split(' ');
    part.split(' ').all(|word| rest.any(|other| other == word))
}

/// Letters of a short form, at most.
const SHORT_FORM: usize = 5;
/// Similarity of values that are one, misspelt.
const MISSPELT: f32 = 0.8;

/// Returns whether `short` abbreviates `long`: initials of words (`kc`, `gb`), or the start of its letters (`chi`).
fn is_short_form(short: &str, long: &str) -> bool {
    if !(2..=SHORT_FORM).contains(&short.len()) || long.len() <= short.len() {
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
        let check = |hint: &str, value: &str, expected: HintMatch| {
            let hint = Hint::new("x", hint).expect("a value");
            let value = Hint::new("x", value).expect("a value");
            assert_eq!(hint.compare(&value.value, value.country, 4.0), expected, "{} {}", hint.value, value.value);
        };
        check("Browns", "Cleveland Browns", HintMatch::Agree(4.0));
        check("KC", "Kansas City Chiefs", HintMatch::Agree(4.0));
        check("GBR", "United Kingdom", HintMatch::Agree(4.0));
        check("LCB", "DB", HintMatch::Near(4.0));
        check("quarterback", "QB", HintMatch::Agree(4.0));
        check("1999", "2000", HintMatch::Near(4.0));
        check("1999", "2010", HintMatch::Against(4.0));
        check("Chicago Bears", "Green Bay Packers", HintMatch::Against(4.0));
    }

    #[test]
    fn a_value_has_the_other_names_the_catalog_knows() {
        let names = Map::from_iter([("Bills".to_owned(), vec!["buffalo bills".to_owned(), "buf".to_owned()])]);
        let hints = (Prepared::default())
            .all(&[("team".to_owned(), "Bills".to_owned())].into(), &names, |_| Ok(Vec::new()))
            .expect("nothing is read");
        let check = |value: &str, expected: HintMatch| assert_eq!(hints[0].compare(value, 0, 4.0), expected, "{value}");
        check("buf", HintMatch::Agree(4.0));
        check("chi buf", HintMatch::Agree(4.0));
        check("chi", HintMatch::Against(4.0));
    }
}
