//! Rules for names of which one is a variant of the other: the second team of a club, an edition of a product, the new or
//! southern one of two places; another given name, saint or state of nearly the same letters. Tried among the rules of
//! `contradiction`.

use std::sync::LazyLock;

use crate::resolve::matching::contradiction::{Sides, has_digit};
use crate::resolve::matching::difference::is_club;
use crate::resolve::matching::kind::Kind;
use crate::resolve::matching::likeness::How;
use crate::resolve::names::institutions::{self, Part};
use crate::resolve::names::token::last_and_first;
use crate::resolve::names::words::{self, Role};
use crate::resolve::names::{exclusive, first_names, given_names, numerals};

/// A word that so many names of its type have tells none of them apart (natural logarithm of the rarity).
const COMMON: f32 = 2.5;

/// Letters of an acronym; in a shorter one more are mistyped, a longer one is read as a word.
const ACRONYM: std::ops::RangeInclusive<usize> = 4..=5;
/// Words of a person's name, mostly; the table of first names does not have all of them.
const PERSON: usize = 2;

impl Sides<'_, '_> {
    /// *Elmwood* is the first team and not *Elmwood II*; of a person it may be the grandson who is meant.
    pub(super) fn is_second_team(&self) -> bool {
        let numeral = |role: Role, text: &str| role == Role::Generation && numerals::value(text).is_some();
        let Some(last) = self.names.len().checked_sub(1) else { return false };
        let is_team = || {
            let of_club = |j: usize| self.names[j].class != 0 && self.names[j].role == Role::Word;
            self.core_of_name().any(of_club)
        };
        numeral(self.names[last].role, self.name_text(last))
            && self.pairing.name_paired[last] < 0.5
            && self.probe.words.iter().all(|word| word.token.role != Role::Generation && word.value.is_none())
            && is_team()
    }

    /// *B. Huber* is not *Karl Huber*: no first name that he has begins so, nor a short form of it.
    pub(super) fn initial_is_another(&self, inverted: bool) -> bool {
        let Some((last, first)) = self.probe.last_and_first() else { return false };
        let at = self.core();
        let Some((name_last, name_first)) = last_and_first(at.iter().map(|j| self.names[*j].segment), inverted) else {
            return false;
        };
        let (name_last, name_first) = (at[name_last], at[name_first]);
        let Some(letter) = self.text(first).bytes().next() else { return false };
        let begins_so = |j: usize| {
            let text = self.name_text(j);
            text.as_bytes().first() == Some(&letter) || first_names::may_begin_with(text, letter)
        };
        self.pairing.kind == Kind::Person
            && self.probe.core_at.len() == 2
            && last != first
            && name_last != name_first
            && self.probe.words[first].token.role == Role::Initials
            && self.pairing.mention_paired[first] == 0.0
            && self.names[name_first].role == Role::Word
            && self.is_firm(0, last)
            && self.is_firm(1, name_last)
            && !self.core_of_name().any(|j| j != name_last && begins_so(j))
    }

    /// *Boris Becker GmbH* is not *Boris Becker*, nor *Elmwood Inc.* the town: a company that is called after somebody or after a place.
    pub(super) fn is_company_of_the_name(&self) -> bool {
        matches!(self.pairing.kind, Kind::Person | Kind::Place)
            && self.probe.segments < 2
            && self.probe.words.last().is_some_and(|word| word.token.role == Role::Legal)
            && self.names.iter().all(|token| token.role != Role::Legal)
    }

    /// *Lantern Nights II* is not *Lantern Nights*, nor *FC Elmwood II* *FC Elmwood*; a person's numeral may be left out
    /// elsewhere.
    pub(super) fn is_later_in_series(&self) -> bool {
        let Some((last, words)) = self.probe.words.split_last() else { return false };
        last.token.role == Role::Generation
            && numerals::value(self.text(words.len())).is_some_and(|number| number > 1)
            && (words.len() > PERSON
                || self.pairing.kind == Kind::Team
                || (0..words.len()).any(|at| is_club(self.text(at))))
            && words.iter().all(|word| word.families.is_empty())
            && self
                .names
                .iter()
                .all(|token| token.role != Role::Generation && !token.text.iter().any(u8::is_ascii_digit))
            && self.is_name_whole()
    }

    /// The *FGHB Cup* is not the *FGKB Cup*: behind its first letter, a short word all in capitals has another letter; so has one with a
    /// letter more before it.
    pub(super) fn acronyms_differ(&self) -> bool {
        self.pairing.pairs.iter().filter(|pair| pair.how == How::Similar).any(|pair| {
            let i = usize::from(pair.mention);
            let (a, b) = (self.text(i).as_bytes(), self.name_text(usize::from(pair.name)).as_bytes());
            self.probe.words[i].token.capitals
                && (!self.probe.capitals || self.probe.words.len() == 1)
                && !self.probe.foreign
                && a.iter().all(u8::is_ascii_alphabetic)
                && ACRONYM.contains(&a.len().min(b.len()))
                && (a.len() == b.len() && a[0] == b[0] && a.iter().zip(b).filter(|(x, y)| x != y).count() == 1
                    || a.len() == b.len() + 1 && a[1..] == *b
                    || b.len() == a.len() + 1 && b[1..] == *a)
        })
    }

    /// *Elmwood Rovers* are not *Elmwood Rovers Women*, *Lantern 4* not *Lantern 4 Pro*: one side has nothing more than words
    /// for another team or edition, which most names of the type do without.
    pub(super) fn is_other_edition(&self) -> bool {
        let is_mark = |text: &str, before: Option<&str>, is_last: bool| {
            exclusive::edition(text).is_some_and(|anywhere| anywhere || is_last)
                || is_last && matches!(text, "b" | "c")
                || has_digit(text) && matches!(before, Some("under" | "u"))
                || text == "u" && !is_last
        };
        let last = (self.core_of_mention().next_back(), self.core_of_name().next_back());
        let of_name = |j: usize| {
            self.names[j].rarity > COMMON
                && is_mark(self.name_text(j), j.checked_sub(1).map(|at| self.name_text(at)), last.1 == Some(j))
        };
        let of_mention = |i: usize| is_mark(self.text(i), i.checked_sub(1).map(|at| self.text(at)), last.0 == Some(i));
        let is_whole = [self.is_mention_whole(), self.is_name_whole()];
        match is_whole {
            [true, false] => self.core_of_name().all(|j| self.is_firm(1, j) || of_name(j)),
            [false, true] => self.core_of_mention().all(|i| self.is_firm(0, i) || of_mention(i)),
            _ => false,
        }
    }

    /// *FC Elmwood (Reserves)* is not *FC Elmwood*.
    pub(super) fn has_edition_aside(&self) -> bool {
        (0..self.probe.words.len()).any(|i| {
            self.probe.words[i].token.aside
                && self.pairing.mention_paired[i] < 0.5
                && exclusive::edition(self.text(i)).is_some()
        })
    }

    /// *Elmwood Hawks* are not *Elmwood Herons*: two words each, of which the last have nothing in common.
    pub(super) fn is_of_another_last_word(&self) -> bool {
        let ([i, k], [j, l]) = (&self.probe.core_at[..], self.core()) else { return false };
        let is_plain = |role: Role, text: &str| role == Role::Word && text.len() > 3 && words::is_telling(text);
        self.probe.segments < 2
            && self.is_firm(0, *i)
            && self.is_firm(1, *j)
            && self.pairing.mention_paired[*k] == 0.0
            && self.pairing.name_paired[*l] == 0.0
            && self.pairing.pairs.iter().any(|pair| usize::from(pair.mention) == *i && usize::from(pair.name) == *j)
            && is_plain(self.probe.words[*k].token.role, self.text(*k))
            && is_plain(self.names[*l].role, self.name_text(*l))
    }

    /// *Elmwood Children's Fund* is not *Elmwood*: the mention has a telling word more and behind it one for an institution.
    pub(super) fn is_institution_of_it(&self) -> bool {
        let is_open = |i: &usize| !self.is_firm(0, *i);
        let is_head = |i: usize| institutions::is(Part::Head, self.text(i), self.probe.words[i].token.class);
        let open = || self.core_of_mention().filter(|i| is_open(i));
        self.probe.segments < 2
            && self.probe.words.iter().all(|word| word.token.role != Role::Small)
            && self.is_name_whole()
            && self.core_of_mention().next().is_some_and(|i| self.is_firm(0, i))
            && self.core_of_mention().next_back().is_some_and(|i| is_open(&i) && is_head(i))
            && open().any(|i| self.probe.words[i].token.role == Role::Word && words::is_telling(self.text(i)))
    }

    /// *New Hampshire* is not *Hampshire*: one side has nothing more than a word that makes another place of the rest.
    pub(super) fn is_modified(&self) -> bool {
        let in_mention = |i: usize| self.pairing.mention_paired[i] >= 0.5;
        let in_name = |j: usize| self.pairing.name_paired[j] >= 0.5;
        let is_mention_whole = self.core_of_mention().all(in_mention);
        if is_mention_whole == self.core_of_name().all(in_name) {
            return false;
        }
        let makes_another = |word: &str, last: &str, is_last: bool| match is_last {
            true => exclusive::is_direction(word),
            false => {
                exclusive::is_place_modifier(word) || exclusive::is_of_an_empire(word) && exclusive::is_region(last)
            }
        };
        if is_mention_whole {
            let Some(last) = self.core_of_name().next_back() else { return false };
            let of_name = |j: usize| makes_another(self.name_text(j), self.name_text(last), j == last);
            self.core_of_name().all(|j| in_name(j) || of_name(j))
        } else {
            let Some(last) = self.core_of_mention().next_back() else { return false };
            let of_mention = |i: usize| makes_another(self.text(i), self.text(last), i == last);
            self.core_of_mention().all(|i| in_mention(i) || of_mention(i))
        }
    }

    /// *Wang Fang* is not *Wang Feng*.
    pub(super) fn given_names_differ(&self) -> bool {
        let mention = &self.probe.core_at[..];
        let name = self.core();
        let ([surname, given @ ..], [name_surname, name_given @ ..]) = (mention, name) else { return false };
        if !(1..=2).contains(&given.len()) || !(1..=2).contains(&name_given.len()) {
            return false;
        }
        let surname = self.text(*surname);
        if surname != self.name_text(*name_surname) || !given_names::is_surname(surname) {
            return false;
        }
        let joined = |words: &mut dyn Iterator<Item = &str>| words.collect::<String>();
        let a = joined(&mut given.iter().map(|i| self.text(*i)));
        let b = joined(&mut name_given.iter().map(|j| self.name_text(*j)));
        given_names::differ(surname, &a, &b)
    }

    /// *Liu Xiang* is not *Li Xiang*, nor is *Xiang Liu*.
    pub(super) fn chinese_surnames_differ(&self) -> bool {
        let (mention, name) = (&self.probe.core_at[..], self.core());
        if mention.len() != name.len() || !(2..=3).contains(&name.len()) {
            return false;
        }
        let words = || mention.iter().zip(name).map(|(i, j)| (self.text(*i), self.name_text(*j)));
        [0, name.len() - 1].into_iter().any(|at| {
            let rest = words().enumerate().filter(|(other, _)| *other != at).map(|(_, words)| words);
            let (Some((a, b)), true) = (words().nth(at), rest.clone().all(|(a, b)| a == b)) else { return false };
            given_names::surnames_differ(a, b, &rest.map(|(given, _)| given).collect::<String>())
        })
    }

    /// *Saint Anna's School* is not *Saint Anne's*: two first names behind *Saint* are two saints; so are two states of
    /// nearly the same letters two places.
    pub(super) fn saints_or_states_differ(&self) -> bool {
        // Shorter forms are codes and abbreviations.
        const FORMS: usize = 4;
        static SAINT: LazyLock<u16> = LazyLock::new(|| words::class("saint"));
        let alike = self.pairing.pairs.iter().filter(|pair| matches!(pair.how, How::Similar | How::Abbreviation));
        alike.map(|pair| (usize::from(pair.mention), usize::from(pair.name))).any(|(i, j)| {
            let (a, b) = (self.text(i), self.name_text(j));
            let is_saint = i > 0 && self.probe.words[i - 1].token.class == *SAINT;
            let known = |name: &str| !first_names::families(name).is_empty();
            is_saint && known(a) && known(b) && !first_names::related(a, b)
                || a.len().min(b.len()) > FORMS && exclusive::regions_differ(a, b)
        })
    }

    /// *Lantern Heavy* is not *Lantern 9*: where one has a number the other has a word.
    pub(super) fn has_a_word_for_the_number(&self) -> bool {
        let (Some(i), Some(j)) = (self.core_of_mention().next_back(), self.core_of_name().next_back()) else {
            return false;
        };
        let is_word = |role: Role, text: &str| {
            role == Role::Word
                && text.len() > 3
                && !has_digit(text)
                && words::is_telling(text)
                && numerals::value(text).is_none()
        };
        let is_number = |role: Role| role == Role::Number;
        let (role, other) = (self.probe.words[i].token.role, self.names[j].role);
        self.probe.segments < 2
            && (self.probe.core_at.len(), self.core().len()) == (2, 2)
            && self.core_of_mention().all(|at| at == i || self.is_firm(0, at))
            && self.core_of_name().all(|at| at == j || self.is_firm(1, at))
            && (is_word(role, self.text(i)) && is_number(other) || is_number(role) && is_word(other, self.name_text(j)))
    }
}
