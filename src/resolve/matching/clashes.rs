//! Contradictions of names that have much in common: other initials, a subtitle, a place or a party that the other is not. Tried
//! among the rules of `contradiction`.

use std::sync::LazyLock;

use crate::resolve::matching::contradiction::{Contradiction, Rule, Sides, YEARS};
use crate::resolve::matching::likeness::How;
use crate::resolve::names::institutions::{self, Part};
use crate::resolve::names::words::{self, Role};
use crate::resolve::names::{exclusive, known_words, plural};

/// Words of a short name.
const SHORT: usize = 2;

impl Sides<'_, '_> {
    /// Finds the first of these rules that is broken.
    pub(super) fn clash(&self) -> Option<Contradiction> {
        if self.probe.segments > 1 || self.probe.foreign {
            return None;
        }
        let rules: [Rule<Self>; 14] = [
            (Self::is_another_party, "another party", 7.5),
            (Self::is_hardly_alike, "a word hardly alike", 4.0),
            (Self::has_own_words_behind, "another word behind it", 4.5),
            (Self::has_known_word_before, "another word before it", 4.5),
            (Self::has_known_word_behind, "another word behind it", 4.5),
            (Self::has_one_besides, "one and another", 5.5),
            (Self::has_subtitle, "a subtitle", 5.5),
            (Self::has_numbers_inside, "one more number", 5.5),
            (Self::lacks_an_alternative, "another word of its kind", 6.5),
            (Self::is_one_of_many, "one and many", 4.5),
            (Self::is_only_the_place, "a place of that name", 5.0),
            (Self::first_words_are_known, "another telling word", 4.0),
            (Self::has_word_for_the_place, "another word inside", 5.0),
            (Self::have_words_of_their_own, "words of their own", 4.0),
        ];
        self.first_broken(&rules)
    }

    /// *Falkenrath Glass Works* are not *Falkenrath Otters*: each side of two short names has a word that the other lacks, which is no
    /// place and no trade.
    fn have_words_of_their_own(&self) -> bool {
        const SHORTEST: usize = 3;
        let tells = |text: &str, role: Role| {
            role == Role::Word
                && text.len() >= SHORTEST
                && !exclusive::is_trade(text)
                && !exclusive::is_region(text)
                && !known_words::is_place(text)
        };
        let of_mention = |i: usize| {
            let token = &self.probe.words[i].token;
            self.pairing.mention_paired[i] == 0.0 && !token.small && !token.dotted && tells(self.text(i), token.role)
        };
        let of_name = |j: usize| {
            let token = &self.names[j];
            self.pairing.name_paired[j] == 0.0 && tells(self.name_text(j), token.role)
        };
        !self.probe.small
            && self.probe.core_at.len() <= 2 * SHORT
            && self.core().len() <= 2 * SHORT
            && self.core_of_mention().any(of_mention)
            && self.core_of_name().any(of_name)
    }

    /// *T. H. Falkenrath* is not *D. H. Falkenrath*: initials of which neither are the beginning of the other.
    pub(super) fn initials_differ(&self) -> bool {
        let mut of_mention = self
            .core_of_mention()
            .filter(|i| self.probe.words[*i].token.role == Role::Initials && !self.is_firm(0, *i));
        let mut of_name = self.core_of_name().filter(|j| self.names[*j].role == Role::Initials && !self.is_firm(1, *j));
        let (Some(i), None, Some(j), None) = (of_mention.next(), of_mention.next(), of_name.next(), of_name.next())
        else {
            return false;
        };
        let (a, b) = (self.text(i), self.name_text(j));
        let is_name = |i: usize| self.is_firm(0, i) && self.probe.words[i].token.role == Role::Word;
        self.probe.words[i].token.dotted
            && self.pairing.spelled == 0
            && !a.starts_with(b)
            && !b.starts_with(a)
            && self.core_of_mention().any(is_name)
            && self.core_of_name().all(|other| other == j || self.is_firm(1, other))
    }

    /// *Robert Edmund* is not *Edmund Robert*: two first names, either of which may be the surname, and no comma.
    pub(super) fn are_names_exchanged(&self) -> bool {
        let ([i, k], [j, l]) = (&self.probe.core_at[..], self.core()) else { return false };
        let is_first_name = |i: usize| !self.probe.words[i].families.is_empty();
        self.probe.segments < 2
            && self.names.iter().all(|token| token.segment == 0)
            && is_first_name(*i)
            && is_first_name(*k)
            && self.text(*i) == self.name_text(*l)
            && self.text(*k) == self.name_text(*j)
            && self.text(*i) != self.text(*k)
    }

    /// *Lantern: Into the Harbour* is not *Lantern*: behind a colon the mention has words of which the name has none.
    fn has_subtitle(&self) -> bool {
        let Some(from) = self.probe.words.iter().position(|word| word.token.ends_title).map(|last| last + 1) else {
            return false;
        };
        let is_telling = |i: usize| self.probe.words[i].token.role == Role::Word && words::is_telling(self.text(i));
        self.is_name_whole()
            && self.core_of_mention().all(|i| self.is_firm(0, i) == (i < from))
            && self.core_of_mention().any(|i| i >= from && is_telling(i))
    }

    /// *Lantern and Otters* are more than *Lantern*: behind the name the mention has `and` and another one.
    fn has_one_besides(&self) -> bool {
        let Some(from) = self.core_of_mention().find(|i| !self.is_firm(0, *i)) else { return false };
        let and = from.checked_sub(1).filter(|and| *and > 0 && self.text(*and) == "and");
        let is_own = |i: usize| {
            let token = &self.probe.words[i].token;
            token.role == Role::Word && !token.small && words::is_telling(self.text(i))
        };
        let is_head = |j: usize| institutions::is(Part::Head, self.name_text(j), self.names[j].class);
        and.is_some_and(|and| self.probe.words[and].token.role == Role::Small)
            && self.is_name_whole()
            && !self.core_of_name().any(is_head)
            && self.core_of_mention().all(|i| self.is_firm(0, i) == (i < from))
            && is_own(from)
    }

    /// The *Harbour Lantern Garden* is not the *Harbour Lantern*: behind a name of one or two words stands another known one.
    fn has_known_word_behind(&self) -> bool {
        let Some((last, before)) = self.probe.core_at.split_last() else { return false };
        let token = &self.probe.words[*last].token;
        let is_head = |j: usize| institutions::is(Part::Head, self.name_text(j), self.names[j].class);
        !self.probe.small
            && !self.probe.capitals
            && !token.small
            && token.role == Role::Word
            && token.class == 0
            && !token.aside
            && (1..=SHORT).contains(&before.len())
            && before.iter().all(|i| self.is_firm(0, *i))
            && !self.is_firm(0, *last)
            && self.is_name_whole()
            && self.core().len() == before.len()
            && !self.core_of_name().any(is_head)
            && known_words::is_word(self.text(*last))
            && !exclusive::is_trade(self.text(*last))
    }

    /// The *Harbour Party* is not the *National Harbour Party*: one side has a word more that is none for a nation.
    fn is_another_party(&self) -> bool {
        static PARTY: LazyLock<u16> = LazyLock::new(|| words::class("party"));
        let is_party = |class: u16| class == *PARTY;
        let tells = |text: &str, class: u16| {
            !is_party(class) && !exclusive::is_region(text) && exclusive::country_word(text).is_none()
        };
        let open_of_mention = || self.core_of_mention().filter(|i| !self.is_firm(0, *i));
        let open_of_name = || self.core_of_name().filter(|j| !self.is_firm(1, *j));
        self.core_of_mention().any(|i| self.is_firm(0, i) && is_party(self.probe.words[i].token.class))
            && match (self.is_mention_whole(), self.is_name_whole()) {
                (false, false) => self.has_another_form(),
                (true, false) => open_of_name()
                    .any(|j| self.names[j].role == Role::Word && tells(self.name_text(j), self.names[j].class)),
                (false, true) => open_of_mention().any(|i| {
                    let token = &self.probe.words[i].token;
                    token.role == Role::Word && !token.capitals && tells(self.text(i), token.class)
                }),
                _ => false,
            }
    }

    /// The *National Party* is not the *Nationalist Party*: of two words one is another form of a known one.
    fn has_another_form(&self) -> bool {
        let is_known = |word: &str, class: u16| words::is_generic(class) || known_words::is_word(word);
        self.probe.core_at.len() == SHORT
            && self.core().len() == SHORT
            && self.pairing.pairs.iter().any(|pair| {
                let (i, j) = (usize::from(pair.mention), usize::from(pair.name));
                let (token, a, b) = (&self.probe.words[i].token, self.text(i), self.name_text(j));
                let are_one = || exclusive::alternatives(a).iter().any(|one| exclusive::alternatives(b).contains(one));
                matches!(pair.how, How::Similar | How::Abbreviation)
                    && !token.small
                    && !token.dotted
                    && !plural::is_plural_of_other(a, b)
                    && (is_known(a, token.class) || is_known(b, self.names[j].class))
                    && !are_one()
            })
    }

    /// *Falkenrath University* is not *Falkenoss University*: of several words one is hardly alike, and sounds otherwise.
    fn is_hardly_alike(&self) -> bool {
        const HARDLY: f32 = 0.65;
        const SHORTEST: usize = 5;
        let letters = |word: &str| word.len() >= SHORTEST && word.bytes().all(|letter| letter.is_ascii_lowercase());
        (SHORT..=2 * SHORT).contains(&self.core().len())
            && self.core().len() == self.probe.core_at.len()
            && !self.probe.small
            && self.firm[0] != 0
            && self.pairing.pairs.iter().any(|pair| {
                let (i, j) = (usize::from(pair.mention), usize::from(pair.name));
                let token = &self.probe.words[i].token;
                pair.how == How::Similar
                    && pair.similarity < HARDLY
                    && !token.small
                    && !token.dotted
                    && token.class == 0
                    && self.names[j].class == 0
                    && letters(self.text(i))
                    && letters(self.name_text(j))
            })
    }

    /// *Lantern Falkenrath* is not *Lantern*: behind a name of one word stand telling ones, which are no trade.
    fn has_own_words_behind(&self) -> bool {
        let (Some((first, behind)), [_]) = (self.probe.core_at.split_first(), self.core()) else { return false };
        let is_own = |i: &usize| {
            let token = &self.probe.words[*i].token;
            let text = self.text(*i);
            !self.is_firm(0, *i)
                && token.role == Role::Word
                && token.class == 0
                && !token.small
                && !token.capitals
                && !token.hyphened
                && !exclusive::is_trade(text)
        };
        !self.probe.capitals
            && self.is_firm(0, *first)
            && !self.probe.words[*first].token.hyphened
            && (1..=SHORT).contains(&behind.len())
            && behind.iter().all(is_own)
            && self.probe.words.iter().all(|word| word.token.role != Role::Small && !word.token.aside)
    }

    /// *Wandering Glass Harbour* is not *Glass Harbour*: before the words of a name that is no person's stands another known one.
    fn has_known_word_before(&self) -> bool {
        let Some((first, behind)) = self.probe.core_at.split_first() else { return false };
        let token = &self.probe.words[*first].token;
        let is_head = |j: usize| institutions::is(Part::Head, self.name_text(j), self.names[j].class);
        !self.probe.capitals
            && !token.small
            && token.role == Role::Word
            && token.class == 0
            && !token.aside
            && !behind.is_empty()
            && behind.iter().all(|i| self.is_firm(0, *i) && self.probe.words[*i].families.is_empty())
            && !self.is_firm(0, *first)
            && self.is_name_whole()
            && self.core().len() == behind.len()
            && !self.core_of_name().any(is_head)
            && known_words::is_word(self.text(*first))
    }

    /// *2 Lantern 2 Harbour* is not *Lantern Harbour*.
    fn has_numbers_inside(&self) -> bool {
        const LAST: u32 = 99;
        let is_number = |i: usize| {
            let number = self.text(i).parse::<u32>().ok();
            number.is_some_and(|number| (2..=LAST).contains(&number) && !YEARS.contains(&number))
        };
        !self.probe.small
            && self.is_name_whole()
            && !self.is_mention_whole()
            && self.core_of_mention().all(|i| self.is_firm(0, i) || is_number(i))
    }

    /// The *Socialist Party* is not the *Socialist Workers Party*: the name has a word besides that is one instead of a word of
    /// the mention.
    fn lacks_an_alternative(&self) -> bool {
        let mut open = self.core_of_name().filter(|j| !self.is_firm(1, *j));
        let (Some(j), None) = (open.next(), open.next()) else { return false };
        let word = self.name_text(j);
        let alternatives = exclusive::alternatives(word);
        self.is_mention_whole()
            && self.core_of_mention().any(|i| {
                let rule = exclusive::exclude(word, alternatives, self.text(i));
                rule.is_some_and(|rule| rule != exclusive::FIRST_NAME && rule != "another institution")
            })
    }

    /// *Lanterns* is not *Lantern*: as a name of one word, a known one is one thing in the singular and another in the plural.
    fn is_one_of_many(&self) -> bool {
        let ([i], [j]) = (&self.probe.core_at[..], self.core()) else { return false };
        let (a, b) = (self.text(*i), self.name_text(*j));
        let singular = if a.len() < b.len() { a } else { b };
        !self.probe.small && !self.probe.capitals && plural::is_plural_of_other(a, b) && known_words::is_word(singular)
    }

    /// *Auckland* is not *Bishop Auckland*, nor *Calgary* its university: a mention that is the name of a known place is that
    /// place.
    fn is_only_the_place(&self) -> bool {
        const SHORTEST: usize = 4;
        let ([i], Some((last, before))) = (&self.probe.core_at[..], self.core().split_last()) else { return false };
        let word = &self.probe.words[*i];
        let class = word.token.class;
        let is_place =
            class != 0 && !words::is_generic(class) && word.families.is_empty() || known_words::is_place(self.text(*i));
        let is_own = |j: &usize| {
            let (token, text) = (&self.names[*j], self.name_text(*j));
            token.role == Role::Word
                && (text.len() >= SHORTEST && known_words::is_word(text) && words::is_telling(text)
                    || institutions::is(Part::University, text, token.class))
        };
        is_place
            && !word.token.small
            && !self.probe.capitals
            && self.is_firm(0, *i)
            && self.is_firm(1, *last)
            && before.iter().any(is_own)
            && before.iter().all(|j| !self.is_firm(1, *j))
    }

    /// *Garden Lantern* is not *Window Lantern*: of two words each the first are known and have nothing in common.
    fn first_words_are_known(&self) -> bool {
        let ([i, k], [j, l]) = (&self.probe.core_at[..], self.core()) else { return false };
        let (a, b) = (self.text(*i), self.name_text(*j));
        let (class, other) = (self.probe.words[*i].token.class, self.names[*j].class);
        self.is_firm(0, *k)
            && self.is_firm(1, *l)
            && self.pairing.mention_paired[*i] == 0.0
            && self.pairing.name_paired[*j] == 0.0
            && (class == 0 || class != other)
            && known_words::is_word(a)
            && known_words::is_word(b)
    }

    /// *Ashby Lantern University* is not *Ashby University Elmwood*: between the words of an institution the mention has one
    /// more, and the name no more than a place.
    fn has_word_for_the_place(&self) -> bool {
        let core = &self.probe.core_at[..];
        let before = core.iter().take_while(|i| self.is_firm(0, **i)).count();
        let behind = core[before..].iter().rev().take_while(|i| self.is_firm(0, **i)).count();
        let [i] = core[before..core.len() - behind] else { return false };
        let token = &self.probe.words[i].token;
        let is_head = |i: &usize| institutions::is(Part::Head, self.text(*i), self.probe.words[*i].token.class);
        let is_place = |j: usize| {
            let (class, text) = (self.names[j].class, self.name_text(j));
            class != 0 && !words::is_generic(class) || exclusive::is_region(text) || known_words::is_place(text)
        };
        before > 0
            && behind > 0
            && core.len() <= SHORT + 2
            && core.iter().any(is_head)
            && token.role == Role::Word
            && !token.small
            && words::is_telling(self.text(i))
            && !self.is_name_whole()
            && self.core_of_name().all(|j| self.is_firm(1, j) || is_place(j))
    }
}
