//! Contradictions of numbers: names that differ in nothing but a number, however it is written, are two. Tried among the rules
//! of `contradiction`.

use std::sync::LazyLock;

use crate::resolve::matching::contradiction::{Sides, YEARS, has_digit};
use crate::resolve::matching::likeness::How;
use crate::resolve::names::words::{self, Role};
use crate::resolve::names::{exclusive, numerals};

impl Sides<'_, '_> {
    /// Names that differ only in a number, however it is written, are different: *Photo Studio 8* is not *Photo Studio
    /// 7*, *World War II* not *World War I*. So are names that end in different numerals: *Pope John XXIII* is not
    /// *Pope John Paul II*.
    pub(super) fn numbers_differ(&self) -> bool {
        let mention_left = || self.left_of_mention();
        let name_left = || {
            (0..self.names.len())
                .filter(|j| self.pairing.name_paired[*j] < 0.5 && !self.names[*j].aside)
                .map(|j| Left::new(self.names[j].role, self.name_text(j), j + 1 == self.names.len()))
                .filter(Left::counts)
        };
        if self.pairing.pairs.iter().any(|pair| pair.how != How::Initial)
            && only_numbers(mention_left(), name_left)
            && only_numbers(name_left(), mention_left)
        {
            return true;
        }
        if self.firm[0] == 0 {
            return false;
        }
        let (Some(a), Some(b)) = (mention_left().next_back(), name_left().next_back()) else { return false };
        // `XXIII` is read as 23: of the two only one need be written as a numeral.
        match (a.value(), b.value()) {
            (Some(x), Some(y)) => x != y && !(a.is_digits() && b.is_digits()),
            _ => false,
        }
    }

    /// Words of the mention that found no partner and tell names apart.
    fn left_of_mention(&self) -> impl DoubleEndedIterator<Item = Left<'_>> {
        (0..self.probe.words.len())
            .filter(|i| self.pairing.mention_paired[*i] < 0.5 && !self.probe.words[*i].token.aside)
            .map(|i| Left::new(self.probe.words[i].token.role, self.text(i), i + 1 == self.probe.words.len()))
            .filter(Left::counts)
    }

    /// *Lantern 2* is no more than named after *Lantern*: the mention has a number more and nothing else. A name with a
    /// number more may be the one that is meant. Returns the penalty: only digits behind a name that are no year are surely a
    /// number of it.
    pub(super) fn has_one_more_number(&self) -> Option<f32> {
        const SURE: f32 = 5.5;
        const UNSURE: f32 = 3.6;
        let mut left = self.left_of_mention();
        let last = left.next().filter(|word| word.is_last && word.role != Role::Generation && word.is_number())?;
        if left.next().is_some() || self.core_of_name().any(|j| self.pairing.name_paired[j] < 0.5) {
            return None;
        }
        let is_small = self.probe.words.iter().any(|word| word.token.role == Role::Word && word.token.small);
        let is_plain = last.text.parse::<u32>().is_ok_and(|number| number > 1 && !YEARS.contains(&number));
        Some(if is_plain && !is_small && self.probe.segments < 2 { SURE } else { UNSURE })
    }

    /// *12 Ashby Street* is a house and not *Ashby Street*: both have the street, and one of them a number before or behind it.
    pub(super) fn is_house_of_street(&self) -> bool {
        let in_mention = |i: &usize| self.pairing.mention_paired[*i] >= 0.5;
        let in_name = |j: &usize| self.pairing.name_paired[*j] >= 0.5;
        let mut of_mention = self.core_of_mention().filter(|i| !in_mention(i)).peekable();
        let mut of_name = self.core_of_name().filter(|j| !in_name(j)).peekable();
        let has_one = match (of_mention.peek(), of_name.peek()) {
            (Some(_), None) => of_mention.all(|i| has_digit(self.text(i))),
            (None, Some(_)) => of_name.all(|j| has_digit(self.name_text(j))),
            _ => false,
        };
        has_one
            && self.probe.segments < 2
            && self.core_of_name().any(|j| in_name(&j) && is_street(self.name_text(j), self.names[j].class))
    }

    /// *Glass Letters* are all volumes and not *Glass Letters, Vol. 2*: the name has nothing more than the number of a part.
    pub(super) fn is_volume(&self) -> bool {
        let mut open = self.core_of_name().filter(|j| self.pairing.name_paired[*j] < 0.5);
        let (Some(part), Some(number), None) = (open.next(), open.next(), open.next()) else { return false };
        let is_number = |j: usize| has_digit(self.name_text(j)) || numerals::value(self.name_text(j)).is_some();
        self.is_mention_whole() && exclusive::is_part(self.name_text(part)) && is_number(number)
    }

    /// *Glass Harbour (1981)* is not *Glass Harbour (1920)*: what stands in parentheses has a number, and another one.
    pub(super) fn asides_differ(&self) -> bool {
        let in_mention = |i: &usize| {
            let token = &self.probe.words[*i].token;
            token.aside && has_digit(self.text(*i))
        };
        let in_name = |j: &usize| self.names[*j].aside && has_digit(self.name_text(*j));
        let mut of_mention = (0..self.probe.words.len()).filter(in_mention).peekable();
        let mut of_name = (0..self.names.len()).filter(in_name).peekable();
        of_mention.peek().is_some()
            && of_name.peek().is_some()
            && of_mention.all(|i| !self.is_firm(0, i))
            && of_name.all(|j| !self.is_firm(1, j))
    }

    /// *Barexin kinase III* is not *barexin kinase I*, which at the end is no small word.
    pub(super) fn last_numerals_differ(&self) -> bool {
        let number = |role: Role, text: &str| match role {
            Role::Small if text == "i" => Some(1),
            Role::Generation => numerals::value(text),
            _ => None,
        };
        let (Some(last), Some(token)) = (self.probe.words.len().checked_sub(1), self.names.last()) else {
            return false;
        };
        let of_mention = number(self.probe.words[last].token.role, self.text(last));
        let of_name = number(token.role, self.name_text(self.names.len() - 1));
        of_mention.is_some() && of_name.is_some() && of_mention != of_name
    }
}

/// Returns whether a word is one for a street, or ends in one as those of German and Dutch do.
fn is_street(word: &str, class: u16) -> bool {
    static STREETS: LazyLock<[u16; 3]> = LazyLock::new(|| ["street", "avenue", "boulevard"].map(words::class));
    const WORDS: [&str; 11] =
        ["road", "lane", "gasse", "weg", "allee", "platz", "rue", "via", "ulica", "straat", "laan"];
    const ENDS: [&str; 6] = ["strasse", "str", "gasse", "weg", "allee", "straat"];
    const STEM: usize = 3;
    let is_compound = |end: &&str| word.len() >= STEM + end.len() && word.ends_with(*end);
    class != 0 && STREETS.contains(&class) || WORDS.contains(&word) || ENDS.iter().any(is_compound)
}

/// A word that found no partner.
#[derive(Clone, Copy)]
struct Left<'t> {
    role: Role,
    text: &'t str,
    is_last: bool,
}

impl<'t> Left<'t> {
    fn new(role: Role, text: &'t str, is_last: bool) -> Left<'t> {
        Left { role, text, is_last }
    }

    fn is_digits(&self) -> bool {
        self.text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
    }

    /// Returns the number that it may be; a lone letter is one only at the end, or where the parser found it to be.
    fn value(&self) -> Option<u32> {
        let is_one = self.text.len() > 1 || self.is_last || self.role == Role::Number;
        numerals::value(self.text).filter(|_| is_one)
    }

    /// Returns whether the word tells names apart: core words, and numerals that may be a generation.
    fn counts(&self) -> bool {
        self.role.is_core() || self.role == Role::Generation && self.value().is_some()
    }

    fn is_number(&self) -> bool {
        self.text.bytes().any(|byte| byte.is_ascii_digit())
            || self.is_last && self.text.len() == 1 && "ivxlcdm".contains(self.text)
            || self.value().is_some()
    }
}

/// Returns whether words that found no partner are numbers, at least one of them. The letters of a model code go with
/// its number: `XJ-901` beside `XJ900` of the `others`.
fn only_numbers<'t, O: Iterator<Item = Left<'t>>>(
    left: impl Iterator<Item = Left<'t>>,
    others: impl Fn() -> O,
) -> bool {
    let mut n_numbers = 0;
    for word in left {
        if word.is_number() {
            n_numbers += 1;
        } else if word.role != Role::Initials
            && !others().any(|other| {
                other.text.len() > word.text.len() && other.text.starts_with(word.text) && other.is_number()
            })
        {
            return false;
        }
    }
    n_numbers > 0
}
