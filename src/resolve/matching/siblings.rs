//! Contradictions of siblings: persons of one surname, institutions of one city, parts of a company, members of a series,
//! substances of one class. Letters and substances that differ tell two things apart whatever the hints say; the other
//! rules are tried last, and only where no hint tells more than they do.

use std::sync::LazyLock;

use crate::resolve::matching::contradiction::{Sides, YEARS, has_digit};
use crate::resolve::matching::likeness::How;
use crate::resolve::names::similarity::common_prefix;
use crate::resolve::names::token::last_and_first;
use crate::resolve::names::words::{self, Role};
use crate::resolve::names::{exclusive, first_names, known_words, numerals, spelling};

impl Sides<'_, '_> {
    /// Two persons of one surname, whose first names are not alike.
    pub(super) fn first_words_are_other_names(&self, inverted: bool) -> bool {
        let Some((last, first)) = self.probe.last_and_first() else { return false };
        if self.probe.core_at.len() != 2 || last == first {
            return false;
        }
        let at = self.core();
        let Some((name_last, name_first)) = last_and_first(at.iter().map(|j| self.names[*j].segment), inverted) else {
            return false;
        };
        if !(2..=3).contains(&at.len()) {
            return false;
        }
        let (name_last, name_first) = (at[name_last], at[name_first]);
        let of_name = |j: &usize| *j == name_last || self.pairing.name_paired[*j] < 0.5;
        let is_open = self.pairing.mention_paired[first] < 0.5 && at.iter().all(of_name);
        let (a, b) = (self.text(first), self.name_text(name_first));
        let is_plain = |word: &str| words::is_telling(word) && !exclusive::is_region(word);
        is_open
            && is_plain(a)
            && is_plain(b)
            && self.is_firm(0, last)
            && self.is_firm(1, name_last)
            && a.len() > 2
            && b.len() > 2
            && !first_names::related(a, b)
    }

    /// *Solveig Brandt* is not *Solveig Quist*: two persons of one first name, whatever hints agree.
    pub(super) fn surnames_differ(&self, inverted: bool) -> bool {
        let Some((last, first)) = self.probe.last_and_first() else { return false };
        let at = self.core();
        if self.probe.core_at.len() != 2 || at.len() != 2 || last == first {
            return false;
        }
        let Some((name_last, name_first)) = last_and_first(at.iter().map(|j| self.names[*j].segment), inverted) else {
            return false;
        };
        let (name_last, name_first) = (at[name_last], at[name_first]);
        let is_surname = |word: &str| word.len() > 2 && words::is_telling(word);
        !self.probe.words[first].families.is_empty()
            && self.is_firm(0, first)
            && self.is_firm(1, name_first)
            && self.pairing.mention_paired[last] < 0.5
            && self.pairing.name_paired[name_last] < 0.5
            && is_surname(self.text(last))
            && is_surname(self.name_text(name_last))
    }

    /// *Solveig Beck* is not *Solveig Bock*, nor *Thorpe* *Thorp*: behind a first name that the tables know, a surname in another
    /// usual spelling, or a short one with another letter that is as good there, is the name of somebody else.
    pub(super) fn surname_is_another(&self) -> bool {
        let ([first, last], [name_first, name_last]) = (&self.probe.core_at[..], self.core()) else { return false };
        let word = &self.probe.words[*last];
        let (a, b) = (self.text(*last).as_bytes(), self.name_text(*name_last).as_bytes());
        !self.probe.words[*first].families.is_empty()
            && self.is_firm(0, *first)
            && self.is_firm(1, *name_first)
            && !word.token.small
            && !word.token.dotted
            && self.pairing.pairs.iter().any(|pair| {
                // A surname that is a first name as well is none of its forms.
                let is_alike = matches!(pair.how, How::Similar | How::Abbreviation | How::Nickname);
                is_alike && usize::from(pair.mention) == *last && usize::from(pair.name) == *name_last
            })
            && (spelling::is_another_spelling(a, b) || spelling::has_other_letter(a, b))
    }

    /// *Acme Motor Europe* is no more than a part of *Acme Motor Corporation*: the mention has a country, state or continent
    /// more, perhaps with generic words, and the name has a legal form instead.
    pub(super) fn is_branch(&self) -> bool {
        let left = || self.core_of_mention().filter(|i| self.pairing.mention_paired[*i] < 0.5);
        let is_region = |i: usize| exclusive::is_region(self.text(i));
        self.probe.segments < 2
            && self.names.iter().any(|token| token.role == Role::Legal)
            && self.core_of_name().all(|j| self.pairing.name_paired[j] >= 0.5)
            && left().any(is_region)
            && left().all(|i| is_region(i) || words::is_generic(self.probe.words[i].token.class))
    }

    /// *Acme Motor* is not *Acme Motor Europe*: the name has nothing more than a country or a continent behind it, which is no
    /// part of what it is called after.
    pub(super) fn is_whole_of_branch(&self) -> bool {
        let Some(last) = self.core_of_name().next_back() else { return false };
        self.probe.segments < 2
            && self.names.iter().all(|token| token.segment == 0 && token.role != Role::Small)
            && self.core().len() > 2
            && self.pairing.name_paired[last] < 0.5
            && exclusive::is_region(self.name_text(last))
            && self.core_of_name().all(|j| j == last || self.is_firm(1, j))
            && self.is_mention_whole()
    }

    /// The *Elmwood receptor* is not *Elmwood*, nor is an enzyme what it works on: one side has no more than a word for what
    /// has to do with the other.
    pub(super) fn is_related(&self) -> bool {
        let either = |word: &str| exclusive::relation(word) == Some(true) || exclusive::is_enzyme(word);
        let mut of_mention = self.core_of_mention().filter(|i| self.pairing.mention_paired[*i] < 0.5).peekable();
        let mut of_name = self.core_of_name().filter(|j| self.pairing.name_paired[*j] < 0.5).peekable();
        match (of_mention.peek(), of_name.peek()) {
            (Some(_), None) => of_mention.all(|i| exclusive::relation(self.text(i)).is_some() || either(self.text(i))),
            (None, Some(_)) => of_name.all(|j| either(self.name_text(j))),
            _ => false,
        }
    }

    /// *Zenarro Elmwood* is not *FC Elmwood*: the name has nothing but generic words and the place, which a hint gives as
    /// well, or which is a known city, and the mention has a name besides: any, or one of those that clubs of many cities have.
    pub(super) fn has_only_the_place(&self) -> bool {
        let is_place = |word: &str| self.probe.hints.iter().any(|hint| hint.value.split(' ').any(|part| part == word));
        let is_city =
            |j: usize| self.names[j].class != 0 && !words::is_generic(self.names[j].class) && self.core().len() > 1;
        let is_own = |i: usize| {
            let token = &self.probe.words[i].token;
            let text = self.text(i);
            self.pairing.mention_paired[i] < 0.5
                && token.role == Role::Word
                && !token.capitals
                && text.len() > 2
                && words::is_telling(text)
                && !is_place(text)
                && !exclusive::is_region(text)
                && !known_words::is_place(text)
        };
        let is_of_place = |j: usize| is_place(self.name_text(j)) || self.pairing.of_place & 1 << j != 0;
        let is_given = self.core_of_name().any(is_of_place);
        self.probe.segments < 2
            && (is_given || self.core_of_name().any(is_city))
            && self.core_of_name().all(|j| {
                let token = &self.names[j];
                is_of_place(j) || is_city(j) || words::is_generic(token.class) || token.role != Role::Word
            })
            && self.core_of_mention().any(|i| is_own(i) && (is_given || !self.probe.words[i].alternatives.is_empty()))
    }

    /// *The Exchange* is none of those that have a name besides.
    pub(super) fn is_only_a_kind(&self) -> bool {
        self.probe.core_at.iter().all(|i| words::is_generic(self.probe.words[*i].token.class))
            && self.core_of_name().any(|j| self.pairing.name_paired[j] < 0.5 && !words::is_generic(self.names[j].class))
    }

    /// The *Second Battle of Elmwood* is not the *Battle of Elmwood*: the mention has an ordinal before it, and nothing else.
    pub(super) fn has_one_more_ordinal(&self) -> bool {
        let Some(open) = self.core_of_mention().find(|i| !self.is_firm(0, *i)) else { return false };
        numerals::number_word(self.text(open)).is_some_and(|number| number > 1)
            && self.core().len() > 1
            && self.core_of_mention().all(|i| i == open || self.is_firm(0, i))
            && self.is_name_whole()
    }

    /// *Lantern* is all of them and not *Lantern 11*: the name has a number more at its end, which is no year, or an ordinal
    /// before it, and nothing else. Returns the penalty: a small number may be a version, and the bare name mean it.
    pub(super) fn is_one_of_a_series(&self) -> Option<f32> {
        const OTHER: f32 = 5.0;
        const OTHER_VERSION: f32 = 3.0;
        const LAST_VERSION: u32 = 9;
        let is_rest_firm = |at: usize| self.core_of_name().all(|j| j == at || self.is_firm(1, j));
        let (first, last) = (self.core_of_name().next()?, self.core_of_name().next_back()?);
        if !self.is_firm(1, first) && is_rest_firm(first) && self.is_mention_whole() {
            let ordinal = numerals::number_word(self.name_text(first));
            return ordinal.filter(|number| *number > 1).map(|_| OTHER);
        }
        let is_plain = |i: usize| {
            let word = &self.probe.words[i];
            let is_telling = !words::is_generic(word.token.class) || !word.alternatives.is_empty();
            self.is_firm(0, i) && word.token.role == Role::Word && is_telling && !has_digit(self.text(i))
        };
        let is_series = self.names.iter().all(|token| token.segment == 0)
            && self.names[last].role == Role::Number
            && !self.is_firm(1, last)
            && is_rest_firm(last)
            && self.core_of_mention().all(is_plain);
        let number = self.name_text(last).parse::<u32>().ok()?;
        let penalty = if number > LAST_VERSION { OTHER } else { OTHER_VERSION };
        (is_series && !YEARS.contains(&number)).then_some(penalty)
    }

    /// *Lantern Virus A* is not *Lantern Virus B*, nor *Anna C. Hale* *Anna D. Hale*: single letters that differ, and nothing
    /// else.
    pub(super) fn letters_differ(&self) -> bool {
        let mention_left = || self.core_of_mention().filter(|i| self.pairing.mention_paired[*i] == 0.0);
        let name_left = || self.core_of_name().filter(|j| self.pairing.name_paired[*j] == 0.0);
        self.pairing.spelled == 0
            && self.firm[0] != 0
            && mention_left().all(|i| self.text(i) != "s")
            && mention_left().next().is_some()
            && name_left().next().is_some()
            && mention_left().all(|i| self.text(i).len() == 1 || self.probe.words[i].token.dotted)
            && name_left().all(|j| self.name_text(j).len() == 1)
    }

    /// *Elmwood Rovers B* is the second team of *Elmwood Rovers*.
    pub(super) fn has_one_more_letter(&self) -> bool {
        let Some(last) = self.core_of_mention().next_back() else { return false };
        self.text(last).len() == 1
            && self.text(last) != "s"
            && self.pairing.mention_paired[last] == 0.0
            && self.probe.core_at.len() > 2
            && self
                .core_of_mention()
                .all(|i| i == last || self.is_firm(0, i) || words::is_generic(self.probe.words[i].token.class))
            && self.is_name_whole()
    }

    /// Names of medicines end in the stem of their class, and a word before another substance's name makes a third.
    pub(super) fn is_other_substance(&self) -> Option<&'static str> {
        let alike = self.pairing.pairs.iter().filter(|pair| pair.how == How::Similar && !self.probe.foreign);
        alike
            .map(|pair| (self.text(usize::from(pair.mention)), self.name_text(usize::from(pair.name))))
            .find_map(|(a, b)| exclusive::exclude_substances(a, b))
    }

    /// A word that the tables know is rightly spelled: *Bank* is no misspelt *Bahn*.
    pub(super) fn known_word_is_no_misspelling(&self) -> bool {
        const FORMS: usize = 4;
        const MISSPELT: f32 = 0.8;
        self.pairing.pairs.iter().filter(|pair| pair.how == How::Similar).any(|pair| {
            let i = usize::from(pair.mention);
            let word = &self.probe.words[i];
            let (a, b) = (self.text(i), self.name_text(usize::from(pair.name)));
            let is_known = words::is_generic(word.token.class)
                || !word.alternatives.is_empty()
                || exclusive::is_region(a)
                || known_words::is_known(a) && !known_words::is_known(b);
            is_known
                && a.len() >= FORMS
                && pair.similarity < MISSPELT
                && common_prefix(a.as_bytes(), b.as_bytes()) < FORMS
        })
    }

    /// *Elmwood Parliament* is not the *Elmwood Commission*: each side has one word that the other lacks, the name of a kind.
    pub(super) fn kinds_differ(&self) -> bool {
        const SHORTEST: usize = 4;
        // A company is called its group as well.
        static WHOLE: LazyLock<[u16; 2]> = LazyLock::new(|| ["group", "holding"].map(words::class));
        let mut of_mention = self.core_of_mention().filter(|i| !self.is_firm(0, *i));
        let mut of_name = self.core_of_name().filter(|j| !self.is_firm(1, *j));
        let (Some(i), None, Some(j), None) = (of_mention.next(), of_mention.next(), of_name.next(), of_name.next())
        else {
            return false;
        };
        let (a, b) = (self.probe.words[i].token.class, self.names[j].class);
        a != b
            && !(WHOLE.contains(&a) && WHOLE.contains(&b))
            && self.pairing.mention_paired[i] == 0.0
            && self.pairing.name_paired[j] == 0.0
            && words::is_generic(a)
            && words::is_generic(b)
            && self.firm[0] != 0
            && self.probe.segments < 2
            && self.text(i).len().min(self.name_text(j).len()) >= SHORTEST
    }
}
