//! Contradictions: what makes two things of a mention and a name however alike their letters are. Each has a rule with
//! a name, for explanations, and a penalty in log-odds. Rules and not weights, since labelled mentions have too few
//! such pairs to learn them from; what the words of a rule are stands in tables (`names/exclusive.rs`).

use crate::resolve::index::TokenView;
use crate::resolve::matching::frame;
use crate::resolve::matching::generations;
use crate::resolve::matching::hint_match::Ground;
use crate::resolve::matching::hints::Evidence;
use crate::resolve::matching::kind::Kind;
use crate::resolve::matching::likeness::How;
use crate::resolve::matching::pairing::Pairing;
use crate::resolve::matching::probe::Probe;
use crate::resolve::names::token::{MAX_TOKENS, last_and_first};
use crate::resolve::names::words::Role;
use crate::resolve::names::{compounds, countries, exclusive, first_names, known_words};

/// A rule that two names break to be one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Contradiction {
    /// Name of the rule.
    pub(crate) rule: &'static str,
    /// Penalty, in log-odds.
    pub(crate) penalty: f32,
    /// True where it is a hint that contradicts, and not the name.
    pub(crate) is_of_hint: bool,
}

/// Returns whether two evidences are one to all rules.
pub(crate) fn weighs_alike(a: &Evidence, b: &Evidence) -> bool {
    let weight = |evidence: &Evidence| {
        let bounds = [WEAK_AGREEMENT, TELLING_AGREEMENT];
        (evidence.agree == 0.0, bounds.map(|bound| evidence.agree < bound), evidence.ground)
    };
    weight(a) == weight(b)
}

/// Bits of hints from which on they tell more than a word that differs: a city, a team with a position.
pub(crate) const TELLING_AGREEMENT: f32 = 6.0;

/// Bits of hints up to which most of what is alike agrees as well: a large country.
const WEAK_AGREEMENT: f32 = 4.5;

/// Numbers that are years.
pub(super) const YEARS: std::ops::RangeInclusive<u32> = 1800..=2030;

/// Words of both sides with what the pairing says of them.
pub(super) struct Sides<'p, 'a> {
    pub(super) probe: &'p Probe,
    pub(super) names: &'p [TokenView<'a>],
    pub(super) pairing: &'p Pairing<'a>,
    /// Words of the mention, then of the name, that are paired with more than a likeness; a bit a word.
    pub(super) firm: [u32; 2],
    /// Places of the core words of the name that are not asides; the first `n_core` of them.
    core: [usize; MAX_TOKENS],
    n_core: usize,
}

/// Finds the first rule that a mention and a name break.
pub(crate) fn find(probe: &Probe, pairing: &Pairing<'_>, inverted: bool, evidence: &Evidence) -> Option<Contradiction> {
    let (mut core, mut n_core) = ([0; MAX_TOKENS], 0);
    for (at, token) in pairing.name.iter().enumerate().take(MAX_TOKENS) {
        if token.role.is_core() && !token.aside {
            core[n_core] = at;
            n_core += 1;
        }
    }
    // Of a surname a first name of the same family is no form.
    let surname = probe.last_and_first().filter(|(last, first)| last != first).map(|(last, _)| last);
    let mut firm = [0u32; 2];
    for pair in &pairing.pairs {
        let is_likeness = match pair.how {
            How::Similar | How::Abbreviation => true,
            How::Nickname => surname == Some(usize::from(pair.mention)),
            _ => false,
        };
        if !is_likeness {
            firm[0] |= 1 << pair.mention;
            firm[1] |= 1 << pair.name;
        }
    }
    let sides = Sides { probe, names: &pairing.name, pairing, firm, core, n_core };
    let broken = Contradiction::of_words;
    // The city and the country of a club are those of its other teams as well.
    let is_open = evidence.agree == 0.0 || pairing.kind == Kind::Team;
    if sides.generations_differ() || pairing.is_of_another_generation {
        return Some(broken(generations::RULE, generations::PENALTY));
    }
    if sides.is_company_of_the_name() {
        return Some(broken("a company of that name", 9.0));
    }
    if is_open && sides.is_second_team() {
        return Some(broken("the second of that name", 7.5));
    }
    if sides.last_numerals_differ() || evidence.agree == 0.0 && sides.asides_differ() {
        return Some(broken("another number", 8.5));
    }
    if is_open && sides.has_edition_aside() {
        return Some(broken("another team or edition", 7.0));
    }
    if evidence.agree == 0.0 && sides.has_another_wing() {
        return Some(broken("another wing", 9.0));
    }
    if is_open && sides.is_later_in_series() {
        return Some(broken("one more number", 9.0));
    }
    if evidence.ground.is_some() || !sides.are_firm() {
        return sides.words_differ(inverted, evidence);
    }
    // All words are the same: what is left is their order.
    if evidence.agree == 0.0 && sides.is_turned_around() {
        return Some(broken("the name turned around", 7.5));
    }
    if evidence.agree == 0.0 && sides.are_names_exchanged() {
        return Some(broken("first name and surname exchanged", 8.5));
    }
    None
}

/// Rule: what breaks it, its name, and its penalty.
pub(super) type Rule<S> = (fn(&S) -> bool, &'static str, f32);

impl Contradiction {
    /// Returns the contradiction of words that break a rule.
    pub(super) fn of_words(rule: &'static str, penalty: f32) -> Contradiction {
        Contradiction { rule, penalty, is_of_hint: false }
    }
}

impl Sides<'_, '_> {
    /// Finds the first of some rules that is broken.
    pub(super) fn first_broken(&self, rules: &[Rule<Self>]) -> Option<Contradiction> {
        let (_, rule, penalty) = rules.iter().find(|(is_broken, ..)| is_broken(self))?;
        Some(Contradiction::of_words(rule, *penalty))
    }

    /// Returns whether all core words of both sides are paired with more than a likeness.
    fn are_firm(&self) -> bool {
        self.is_mention_whole() && self.is_name_whole()
    }

    /// Returns whether all core words of the mention are.
    pub(super) fn is_mention_whole(&self) -> bool {
        self.core_of_mention().all(|i| self.is_firm(0, i))
    }

    /// Returns whether all core words of the name are.
    pub(super) fn is_name_whole(&self) -> bool {
        self.core_of_name().all(|j| self.is_firm(1, j))
    }

    /// Finds the first rule that words break which are not the same.
    fn words_differ(&self, inverted: bool, evidence: &Evidence) -> Option<Contradiction> {
        let broken = Contradiction::of_words;
        if self.numbers_differ() {
            return Some(broken("another number", 7.0));
        }
        if let Some(penalty) = self.has_one_more_number() {
            return Some(broken("one more number", penalty));
        }
        if self.is_house_of_street() {
            return Some(broken("a house of the street", 6.0));
        }
        if self.letters_differ() || self.initials_differ() {
            return Some(broken("another letter", 5.0));
        }
        if self.acronyms_differ() {
            return Some(broken("another acronym", 9.0));
        }
        if self.places_differ() {
            return Some(broken("another country", 9.0));
        }
        if let Some(rule) = self.exclusive_words() {
            return Some(broken(rule, 7.0));
        }
        if let Some(rule) = self.is_other_substance() {
            return Some(broken(rule, 7.0));
        }
        if self.is_related() || self.stands_in_place() {
            return Some(broken("something of that name", 5.5));
        }
        if self.known_words_differ() {
            return Some(broken("another known word", 8.5));
        }
        if self.has_only_the_address() {
            return Some(broken("no more than the address", 5.0));
        }
        if self.is_part_of_university() {
            return Some(broken("a part of a university", 5.0));
        }
        if self.is_modified() {
            return Some(broken("another place", 6.0));
        }
        if self.has_only_the_place() {
            return Some(broken("another one of the place", 5.0));
        }
        if self.first_names_differ(inverted) {
            return Some(broken("another first name", 7.0));
        }
        if evidence.agree == 0.0 && self.initial_is_another(inverted) {
            return Some(broken("another initial", 5.0));
        }
        if self.given_names_differ() {
            return Some(broken("another given name", 7.5));
        }
        if self.saints_or_states_differ() {
            return Some(broken("another saint or state", 7.5));
        }
        if self.chinese_surnames_differ()
            || self.surnames_differ(inverted)
            || evidence.agree == 0.0 && self.surname_is_another()
        {
            return Some(broken("another surname", 7.5));
        }
        if (evidence.agree == 0.0 || self.pairing.kind == Kind::Team) && self.is_other_edition() {
            return Some(broken("another team or edition", 7.0));
        }
        if evidence.agree == 0.0 {
            if self.is_turned_around() {
                return Some(broken("the name turned around", 7.5));
            }
            if self.is_of_another_last_word() {
                return Some(broken("another last word", 5.0));
            }
            if self.has_a_word_for_the_number() {
                return Some(broken("a word for the number", 5.0));
            }
            if self.first_words_are_other_names(inverted) {
                return Some(broken("another first name", 4.0));
            }
            if self.is_only_a_kind() {
                return Some(broken("no more than a kind", 4.0));
            }
            if let Some(found) = self.addition().or_else(|| self.extension(inverted)).or_else(|| self.clash()) {
                return Some(found);
            }
            if self.has_one_more_ordinal() {
                return Some(broken("one of a series", 6.5));
            }
            if self.is_volume() {
                return Some(broken("one of a series", 6.0));
            }
            if let Some(penalty) = self.is_one_of_a_series() {
                return Some(broken("one of a series", penalty));
            }
        }
        if evidence.agree < TELLING_AGREEMENT {
            if frame::is_filled_otherwise(self.probe, self.pairing) {
                return Some(broken("another telling word", 4.0));
            }
            if evidence.agree < WEAK_AGREEMENT && self.is_institution_of_it() {
                return Some(broken("an institution of it", 5.0));
            }
            if self.kinds_differ() {
                return Some(broken("another kind", 3.0));
            }
            if self.known_word_is_no_misspelling() {
                return Some(broken("a known word", 3.0));
            }
            if self.kinds_of_institution_differ() {
                return Some(broken("another institution", 6.0));
            }
            if self.has_one_more_letter() {
                return Some(broken("one more letter", 6.0));
            }
            if self.is_branch() || self.is_whole_of_branch() {
                return Some(broken("a part elsewhere", 5.0));
            }
        }
        let of_hint = |rule: &'static str| Some(Contradiction { is_of_hint: true, ..broken(rule, 11.0) });
        match evidence.ground? {
            Ground::Country => of_hint("a hint says another country"),
            Ground::Vocabulary => of_hint("a hint says otherwise"),
            Ground::Stable if evidence.agree == 0.0 => of_hint("a hint says otherwise of what does not change"),
            Ground::Stable => None,
        }
    }

    pub(super) fn text(&self, i: usize) -> &str {
        self.probe.text(i)
    }

    pub(super) fn name_text(&self, j: usize) -> &str {
        std::str::from_utf8(self.names[j].text).unwrap_or_default()
    }

    pub(super) fn is_firm(&self, side: usize, at: usize) -> bool {
        self.firm[side] & 1 << at != 0
    }

    /// Core words of the mention and of the name that are not asides.
    pub(super) fn core_of_mention(&self) -> impl DoubleEndedIterator<Item = usize> + Clone + '_ {
        self.probe.core_at.iter().copied()
    }

    pub(super) fn core_of_name(&self) -> impl DoubleEndedIterator<Item = usize> + Clone + '_ {
        self.core().iter().copied()
    }

    /// Places of the core words of the name.
    pub(super) fn core(&self) -> &[usize] {
        &self.core[..self.n_core]
    }

    /// *Jr.* and *Sr.*, *III* and *Jr.*; not *II* and *Jr.*, which some use for the same.
    fn generations_differ(&self) -> bool {
        let of_mention = self.probe.words.iter().position(|word| word.token.role == Role::Generation);
        let of_name = self.names.iter().position(|token| token.role == Role::Generation);
        let (Some(i), Some(j)) = (of_mention, of_name) else { return false };
        generations::number(self.text(i)) != generations::number(self.name_text(j))
    }

    /// The table of countries and states tells any two of them apart, whatever their letters.
    fn places_differ(&self) -> bool {
        let of_mention = self.probe.places;
        if of_mention.is_none() {
            return false;
        }
        let of_name = countries::places(&self.pairing.words());
        !of_name.is_none() && !of_name.meets(of_mention)
    }

    /// *North* against *South*, *men* against *women*, *sodium* against *potassium*; words of one stem with another
    /// beginning or ending; words that are countries.
    fn exclusive_words(&self) -> Option<&'static str> {
        let related = |segment: u8| {
            (0..self.probe.words.len()).any(|i| self.is_firm(0, i) && self.probe.words[i].token.segment == segment)
        };
        for i in 0..self.probe.words.len() {
            let word = &self.probe.words[i];
            let is_known = !word.alternatives.is_empty() || word.country.is_some();
            if !is_known || self.is_firm(0, i) || !word.token.role.is_core() || word.token.aside {
                continue;
            }
            if !related(word.token.segment) {
                continue;
            }
            let text = self.text(i);
            for j in 0..self.names.len() {
                if self.is_firm(1, j) || !self.names[j].role.is_core() || self.names[j].aside {
                    continue;
                }
                let other = self.name_text(j);
                if let Some(rule) = exclusive::exclude(text, word.alternatives, other) {
                    return Some(rule);
                }
                if let Some(a) = word.country
                    && let Some(b) = exclusive::country_word(other)
                    && a != b
                {
                    return Some("another country");
                }
            }
        }
        let alike = self.pairing.pairs.iter().filter(|pair| matches!(pair.how, How::Similar | How::Abbreviation));
        alike.map(|pair| (self.text(usize::from(pair.mention)), self.name_text(usize::from(pair.name)))).find_map(
            |(a, b)| {
                let is_other_compound = || !self.probe.foreign && compounds::differ(a, b);
                exclusive::exclude_by_affix(a, b).or_else(|| is_other_compound().then_some("another compound"))
            },
        )
    }

    /// Two words of which the tables know that they mean different things are no misspelling of each other, however
    /// alike their letters are: *Genoa* is not *Geneva*, *Stewart* not *Stuart*.
    fn known_words_differ(&self) -> bool {
        let alike = |how: How| matches!(how, How::Similar | How::Abbreviation | How::Nickname);
        self.pairing.pairs.iter().filter(|pair| alike(pair.how)).any(|pair| {
            let (i, j) = (usize::from(pair.mention), usize::from(pair.name));
            let token = &self.probe.words[i].token;
            let (a, b) = (token.class, self.names[j].class);
            pair.how == How::Similar && a != 0 && b != 0 && a != b
                || !self.is_firm(0, i) && !token.dotted && known_words::differ(self.text(i), self.name_text(j))
        })
    }

    /// Two first names that are only alike are two persons: *Daniela* is no misspelt *Daniel*.
    fn first_names_differ(&self, inverted: bool) -> bool {
        let Some((last, first)) = self.probe.last_and_first() else { return false };
        if last == first || self.pairing.mention_paired[last] < 0.8 {
            return false;
        }
        let at = self.core();
        let Some((name_last, name_first)) = last_and_first(at.iter().map(|j| self.names[*j].segment), inverted) else {
            return false;
        };
        let (name_last, name_first) = (at[name_last], at[name_first]);
        if name_last == name_first {
            return false;
        }
        let alike = |how: How| matches!(how, How::Similar | How::Abbreviation);
        let are_paired = (self.pairing.pairs.iter())
            .any(|pair| usize::from(pair.mention) == first && usize::from(pair.name) == name_first && alike(pair.how));
        let (a, b) = (self.text(first), self.name_text(name_first));
        let known = |name: &str| !first_names::families(name).is_empty();
        are_paired && known(a) && known(b) && !first_names::related(a, b)
    }
}

pub(super) fn has_digit(word: &str) -> bool {
    word.bytes().any(|byte| byte.is_ascii_digit())
}
