//! Contradictions of institutions: a name turned around; what stands before an address is not what has the name of the place;
//! a part of a university is not the university. Tried among the rules of `contradiction`.

use std::sync::LazyLock;

use crate::resolve::matching::contradiction::Sides;
use crate::resolve::matching::likeness::How;
use crate::resolve::names::institutions::{self, Part};
use crate::resolve::names::words::{self, Role};

impl Sides<'_, '_> {
    /// *York University* is not the *University of York*.
    pub(super) fn is_turned_around(&self) -> bool {
        if self.probe.segments > 1 || self.firm[0] == 0 {
            return false;
        }
        let mention = order(self.probe.words.iter().map(|word| (word.token.class, word.token.role)));
        mention != 0 && mention == -order(self.names.iter().map(|token| (token.class, token.role)))
    }

    /// *Zenarro University, Elmwood* is not *Elmwood University*: all that tells the name from others stands where the
    /// mention only gives a place, and before it stands an institution with a name of its own.
    pub(super) fn has_only_the_address(&self) -> bool {
        if self.probe.segments < 2 || self.probe.name.inverted {
            return false;
        }
        let of_name = |name: u8| &self.names[usize::from(name)];
        let telling = self.pairing.pairs.iter().filter(|pair| {
            let token = of_name(pair.name);
            token.role.is_core() && !token.aside && !words::is_generic(token.class)
        });
        let Some(part) = telling.map(|pair| self.probe.words[usize::from(pair.mention)].token.segment).min() else {
            return false;
        };
        !self.has_head(part) && (0..part).any(|own| self.has_head(own) && self.has_open_name(own))
    }

    /// *Ashby University Hospital* is not *Ashby University*: both have that head in common, and one side has besides a word
    /// for what belongs to a university. A mention that has still more may mean the name all the same.
    pub(super) fn is_part_of_university(&self) -> bool {
        let head = self.pairing.pairs.iter().find(|pair| {
            let (i, j) = (usize::from(pair.mention), usize::from(pair.name));
            self.names[j].class != 0 && self.is(Part::University, 0, i) && self.is(Part::University, 1, j)
        });
        let Some(head) = head else { return self.is_its_press() };
        let part = self.probe.words[usize::from(head.mention)].token.segment;
        let is_open = |i: &usize| self.pairing.mention_paired[*i] < 0.5;
        let belongs = |i: usize| self.is(Part::Belonging, 0, i);
        let in_mention = self.core_of_part(part).filter(is_open).any(belongs);
        let in_name = self.core_of_name().any(|j| self.pairing.name_paired[j] < 0.5 && self.is(Part::Belonging, 1, j));
        in_mention != in_name && (in_mention || self.core_of_part(part).filter(is_open).all(belongs))
    }

    /// *Universität Ashby* is not *Universitätsverlag Ashby*: one word is only alike that says what belongs to a university.
    fn is_its_press(&self) -> bool {
        self.pairing.pairs.iter().filter(|pair| matches!(pair.how, How::Similar | How::Abbreviation)).any(|pair| {
            let (i, j) = (usize::from(pair.mention), usize::from(pair.name));
            self.is(Part::University, 0, i) && self.is(Part::Belonging, 1, j)
                || self.is(Part::Belonging, 0, i) && self.is(Part::University, 1, j)
        })
    }

    /// *Ashby State University* is not *Ashby University in Elmwood*: before its head or after it, one side has a word
    /// that the other lacks, which has another word instead.
    pub(super) fn kinds_of_institution_differ(&self) -> bool {
        if self.probe.segments > 1 {
            return false;
        }
        let is_open = |side: usize, at: usize| match side {
            0 => self.pairing.mention_paired[at] < 0.5,
            _ => self.pairing.name_paired[at] < 0.5,
        };
        let mention = &self.probe.core_at[..];
        let name = self.core();
        let is_kind = |side: usize, kind: usize, head: usize| {
            !self.is_firm(side, kind)
                && self.is_firm(side, head)
                && self.is(Part::Kind, side, kind)
                && self.is(Part::Head, side, head)
        };
        let has_kind = |side: usize, words: &[usize]| {
            words.windows(2).any(|two| is_kind(side, two[0], two[1]) || is_kind(side, two[1], two[0]))
        };
        let has_open = |side: usize, words: &[usize]| words.iter().any(|at| is_open(side, *at));
        has_kind(0, mention) && has_open(1, name)
            || has_kind(1, name) && has_open(0, mention)
            || self.is_technical(mention, name)
    }

    /// *Technical University of Elmwood* is not the *University of Elmwood*: one side has nothing more than that word.
    fn is_technical(&self, mention: &[usize], name: &[usize]) -> bool {
        if !mention.iter().any(|i| self.is(Part::University, 0, *i)) {
            return false;
        }
        let mut open_of_mention = mention.iter().copied().filter(|i| !self.is_firm(0, *i));
        let mut open_of_name = name.iter().copied().filter(|j| !self.is_firm(1, *j));
        match (open_of_mention.next(), open_of_mention.next(), open_of_name.next(), open_of_name.next()) {
            (Some(i), None, None, _) => self.is(Part::Kind, 0, i) && mention.len() > 2,
            (None, _, Some(j), None) => self.is(Part::Kind, 1, j) && name.len() > 2,
            _ => false,
        }
    }

    /// Returns whether a word of a side may do that in the name of an institution.
    fn is(&self, part: Part, side: usize, at: usize) -> bool {
        match side {
            0 => institutions::is(part, self.text(at), self.probe.words[at].token.class),
            _ => institutions::is(part, self.name_text(at), self.names[at].class),
        }
    }

    /// Core words of the mention between two commas.
    fn core_of_part(&self, part: u8) -> impl Iterator<Item = usize> + '_ {
        self.core_of_mention().filter(move |i| self.probe.words[*i].token.segment == part)
    }

    fn has_head(&self, part: u8) -> bool {
        self.core_of_part(part).any(|i| self.is(Part::Head, 0, i))
    }

    /// Returns whether a part has a word that tells names apart and that the name lacks.
    fn has_open_name(&self, part: u8) -> bool {
        const SHORTEST: u8 = 3;
        self.core_of_part(part).any(|i| {
            let token = &self.probe.words[i].token;
            (self.pairing.mention_paired[i] < 0.5 || self.pairing.told & 1 << i != 0)
                && token.role == Role::Word
                && token.len() >= SHORTEST
                && words::is_telling(self.text(i))
        })
    }
}

/// Returns 1 where a name begins with a head and `of`, -1 where it ends with a head, 0 otherwise.
fn order(tokens: impl Iterator<Item = (u16, Role)> + Clone) -> i8 {
    static HEADS: LazyLock<[u16; 3]> = LazyLock::new(|| ["university", "college", "bank"].map(words::class));
    static COUNCIL: LazyLock<u16> = LazyLock::new(|| words::class("council"));
    static EUROPE: LazyLock<u16> = LazyLock::new(|| words::class("europe"));
    let is_of_europe = tokens.clone().any(|(class, _)| class == *EUROPE);
    // A town's council may be named either way.
    let is_head =
        |token: &(u16, Role)| token.0 != 0 && (HEADS.contains(&token.0) || is_of_europe && token.0 == *COUNCIL);
    if !tokens.clone().any(|token| is_head(&token)) {
        return 0;
    }
    let tokens: Vec<(u16, Role)> = tokens.filter(|(_, role)| !matches!(role, Role::Legal | Role::Tail)).collect();
    let tokens = match tokens.as_slice() {
        [(0, Role::Small), rest @ ..] => rest,
        all => all,
    };
    match tokens {
        [first, (_, Role::Small), _, ..] if is_head(first) => 1,
        [first, .., last] if is_head(last) && !is_head(first) => -1,
        _ => 0,
    }
}
