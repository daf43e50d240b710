//! Contradictions of a word more that makes another thing of an institution, a substance or a person: an institution that is
//! called after another one's place, a substance that has another's ion in it, words before the name of a bank. Tried among
//! the rules of `contradiction`, where no hint agrees.

use std::sync::LazyLock;

use crate::resolve::matching::contradiction::{Contradiction, Rule, Sides};
use crate::resolve::matching::likeness::How;
use crate::resolve::matching::pairing::Pair;
use crate::resolve::names::institutions::{self, Part};
use crate::resolve::names::words::{self, Role};
use crate::resolve::names::{exclusive, token::last_and_first};

impl Sides<'_, '_> {
    /// *Ashby University of Elmwood* is not *Ashby University*, nor is the *University of Elmwood Norway* the *University of
    /// Elmwood*: the mention names an institution whole, and the name goes on behind it.
    fn goes_on_elsewhere(&self) -> bool {
        let core = self.core();
        let n_open = core.iter().rev().take_while(|j| !self.is_firm(1, **j)).count();
        let (named, tail) = core.split_at(core.len() - n_open);
        let is_head = |j: &usize| institutions::is(Part::Head, self.name_text(*j), self.names[*j].class);
        let is_place = |j: &usize| {
            let class = self.names[*j].class;
            class != 0 && !words::is_generic(class) || exclusive::is_region(self.name_text(*j))
        };
        let is_university = |j: &usize| institutions::is(Part::University, self.name_text(*j), self.names[*j].class);
        let is_kind = |j: &usize| words::is_generic(self.names[*j].class);
        n_open > 0
            && self.probe.segments < 2
            && self.is_mention_whole()
            && self.names[tail[0]].segment == 0
            && named.iter().all(|j| self.is_firm(1, *j))
            && named.iter().any(|j| is_head(j) || is_kind(j))
            && named.len() > 1
            && tail.iter().all(|j| self.names[*j].role == Role::Word)
            && (named.iter().any(is_place) && named.iter().any(is_head)
                || tail.iter().all(|j| exclusive::is_region(self.name_text(*j)))
                || named.iter().any(is_university) && tail.iter().all(is_kind))
    }

    /// *Chloride* is not *barexium chloride*, nor is *sodium chloride* *sodium*: one side is no more than the word for a salt, or
    /// for its metal.
    fn is_only_an_ion(&self) -> bool {
        let (mention, name) = (&self.probe.core_at[..], self.core());
        let is_ion = |word: &str| exclusive::is_ion(exclusive::alternatives(word));
        let is_metal = |word: &str| exclusive::is_metal(exclusive::alternatives(word));
        match (mention, name) {
            ([i], [_, ..]) if name.len() > 1 => self.is_firm(0, *i) && is_ion(self.text(*i)),
            ([metal, ion], [j]) => self.is_firm(1, *j) && is_metal(self.text(*metal)) && is_ion(self.text(*ion)),
            _ => false,
        }
    }

    /// The *Lantern and Harbour Bank of Norway* is not the *Bank of Norway*, nor *Edmund Ashby University* *Ashby University*: before
    /// an institution that is called after its place stand words of its own.
    fn has_words_before_institution(&self) -> bool {
        let core = &self.probe.core_at[..];
        let n_open = core.iter().take_while(|i| !self.is_firm(0, **i)).count();
        let is_place = |i: &usize| {
            let word = &self.probe.words[*i];
            let class = word.token.class;
            class != 0 && !words::is_generic(class) || exclusive::is_region(self.text(*i))
        };
        let is_head = |i: &usize| institutions::is(Part::Head, self.text(*i), self.probe.words[*i].token.class);
        let (open, named) = core.split_at(n_open);
        let is_first_name = |i: &usize| !self.probe.words[*i].families.is_empty();
        let is_own = |i: &usize| {
            let token = &self.probe.words[*i].token;
            token.role == Role::Word && !token.small && !token.capitals
        };
        n_open > 0
            && !self.probe.capitals
            && !self.probe.foreign
            && named.iter().all(|i| self.is_firm(0, *i))
            && self.is_name_whole()
            && open.iter().all(is_own)
            && named.iter().any(is_head)
            && (named.first().is_some_and(is_head) && n_open > 1 && named.iter().all(|i| is_head(i) || is_place(i))
                || n_open == 1 && is_first_name(&open[0]) && named.len() == 2 && named.last().is_some_and(is_head))
    }

    /// *Continental AG* is not *Continental Airlines*: where the mention has a legal form, the name has the word of a trade.
    fn has_a_trade_for_the_form(&self) -> bool {
        static TRADES: LazyLock<Vec<u16>> = LazyLock::new(|| {
            ["airlines", "bank", "university", "foundation", "insurance", "hotel", "school", "hospital", "museum"]
                .map(words::class)
                .into_iter()
                .filter(|class| *class != 0)
                .collect()
        });
        let mut open = self.core_of_name().filter(|j| !self.is_firm(1, *j));
        let (Some(j), None) = (open.next(), open.next()) else { return false };
        self.probe.words.iter().any(|word| word.token.role == Role::Legal)
            && self.names.iter().all(|token| token.role != Role::Legal)
            && self.is_mention_whole()
            && TRADES.contains(&self.names[j].class)
    }

    /// *Edmund Falkenrath Jr.* is not *Edmund B. Falkenrath*: each has something for the other's lack of it.
    fn has_a_generation_for_the_initial(&self) -> bool {
        let has_generation = self.probe.words.iter().any(|word| word.token.role == Role::Generation);
        let is_own = |j: usize| matches!(self.names[j].role, Role::Initials | Role::Word);
        has_generation
            && self.probe.core_at.len() == 2
            && self.core().len() == 3
            && self.names.iter().all(|token| token.role != Role::Generation)
            && self.is_mention_whole()
            && self.core_of_name().any(|j| !self.is_firm(1, j) && is_own(j))
    }

    /// *Edmund W. Falkenrath* is not *Edmund H. W. Falkenrath*: behind the first name stand initials of which
    /// the first differ, or a name of another letter.
    fn middle_initials_differ(&self, inverted: bool) -> bool {
        let Some((last, first)) = self.probe.last_and_first() else { return false };
        let at = self.core();
        let Some((name_last, name_first)) = last_and_first(at.iter().map(|j| self.names[*j].segment), inverted) else {
            return false;
        };
        let (name_last, name_first) = (at[name_last], at[name_first]);
        let mut of_mention = self.core_of_mention().filter(|i| *i != first && *i != last && !self.is_firm(0, *i));
        let mut of_name = self.core_of_name().filter(|j| *j != name_first && *j != name_last && !self.is_firm(1, *j));
        let (Some(i), None, Some(j), None) = (of_mention.next(), of_mention.next(), of_name.next(), of_name.next())
        else {
            return false;
        };
        let is_middle =
            |role: Role, other: Role| role == Role::Initials && matches!(other, Role::Initials | Role::Word);
        let (role, other) = (self.probe.words[i].token.role, self.names[j].role);
        (is_middle(role, other) || is_middle(other, role))
            && self.text(i).as_bytes()[0] != self.names[j].text[0]
            && self.is_firm(0, first)
            && self.is_firm(0, last)
    }

    /// *Kettering Bahn* is not *Kettering Bank*: of two words each the last are short and hardly alike.
    fn last_words_are_hardly_alike(&self) -> bool {
        const LONGEST: usize = 6;
        const HARDLY: f32 = 0.58;
        let ([first, last], [name_first, name_last]) = (&self.probe.core_at[..], self.core()) else { return false };
        let token = &self.probe.words[*last].token;
        self.probe.segments < 2
            && !self.probe.foreign
            && !token.small
            && !token.dotted
            && self.is_firm(0, *first)
            && self.is_firm(1, *name_first)
            && self.pairing.pairs.iter().any(|pair| {
                let (a, b) = (self.text(*last), self.name_text(*name_last));
                pair.how == How::Similar
                    && usize::from(pair.mention) == *last
                    && usize::from(pair.name) == *name_last
                    && pair.similarity < HARDLY
                    && a.len().max(b.len()) <= LONGEST
                    && a.bytes().chain(b.bytes()).all(|letter| letter.is_ascii_lowercase())
            })
    }

    /// The *Elmwood Party (Harbourite)* is not the *Elmwood Party*: what stands in parentheses tells the wings of a party apart, and
    /// is neither an acronym nor a place.
    pub(super) fn has_another_wing(&self) -> bool {
        const SHORTEST: usize = 4;
        static PARTY: LazyLock<u16> = LazyLock::new(|| words::class("party"));
        let is_wing = |i: usize| {
            let (token, text) = (&self.probe.words[i].token, self.text(i));
            token.aside
                && token.role == Role::Word
                && !token.capitals
                && !self.is_firm(0, i)
                && text.len() >= SHORTEST
                && words::is_telling(text)
                && !exclusive::is_region(text)
        };
        self.core_of_name().any(|j| self.names[j].class == *PARTY) && (0..self.probe.words.len()).any(is_wing)
    }

    /// *Ashby* is not *Ashby and Falkenrath*: the name is that of two, and the mention that of one.
    fn is_one_of_two(&self) -> bool {
        let core = self.core();
        let [i] = self.probe.core_at[..] else { return false };
        let is_own = |j: &usize| self.names[*j].role == Role::Word && !words::is_generic(self.names[*j].class);
        let and = (0..self.names.len()).find(|j| self.names[*j].role == Role::Small && self.names[*j].text == b"and");
        core.len() == 2
            && self.is_firm(0, i)
            && core.iter().all(is_own)
            && core.iter().any(|j| !self.is_firm(1, *j))
            && and.is_some_and(|and| core[0] < and && and < core[1])
    }

    /// *Solveig Brandt Quist* is not *Solveig Brant*: behind a surname that is only alike stands another one.
    fn has_surname_behind_a_likeness(&self) -> bool {
        let [first, .., before, last] = self.probe.core_at[..] else { return false };
        let token = &self.probe.words[last].token;
        let is_likeness = |pair: &Pair| usize::from(pair.mention) == before && pair.how == How::Similar;
        !self.probe.words[first].families.is_empty()
            && self.is_firm(0, first)
            && self.pairing.mention_paired[last] == 0.0
            && token.role == Role::Word
            && !token.small
            && self.pairing.pairs.iter().any(is_likeness)
            && self.core_of_name().all(|j| self.pairing.name_paired[j] > 0.0)
    }

    /// Finds the first of these rules that is broken.
    pub(super) fn extension(&self, inverted: bool) -> Option<Contradiction> {
        if self.middle_initials_differ(inverted) {
            return Some(Contradiction::of_words("another initial", 6.5));
        }
        let rules: [Rule<Self>; 8] = [
            (Self::has_a_generation_for_the_initial, "another generation", 6.0),
            (Self::has_surname_behind_a_likeness, "another surname behind it", 6.0),
            (Self::goes_on_elsewhere, "another institution", 5.5),
            (Self::is_only_an_ion, "another substance", 6.0),
            (Self::has_words_before_institution, "another institution", 6.0),
            (Self::has_a_trade_for_the_form, "another trade", 6.0),
            (Self::is_one_of_two, "one of two", 5.5),
            (Self::last_words_are_hardly_alike, "another last word", 5.0),
        ];
        self.first_broken(&rules)
    }
}
