//! Contradictions of a word more: one side is the other whole, and has besides a word that makes another thing of it. Only
//! where no hint agrees, since a word more is often no more than a description. Tried among the rules of `contradiction`.

use std::sync::LazyLock;

use crate::resolve::matching::contradiction::{Contradiction, Rule, Sides, has_digit};
use crate::resolve::matching::kind::Kind;
use crate::resolve::matching::likeness::How;
use crate::resolve::names::institutions::{self, Part};
use crate::resolve::names::words::{self, Role};
use crate::resolve::names::{countries, exclusive, known_words, numerals, spelling};

/// Words that a name has at most to be made another one by a word more.
const SHORT: usize = 2;

impl Sides<'_, '_> {
    /// Finds the first of these rules that is broken.
    pub(super) fn addition(&self) -> Option<Contradiction> {
        let broken = |rule, penalty| Some(Contradiction::of_words(rule, penalty));
        if self.probe.segments > 1 {
            return None;
        }
        if self.is_place_misspelt() {
            return broken("a known place is rightly spelled", 5.0);
        }
        match (self.is_mention_whole(), self.is_name_whole()) {
            (false, true) => {
                let rules: [Rule<Self>; 10] = [
                    (Self::has_one_more_part, "one more part", 6.0),
                    (Self::has_word_inside, "another word inside", 6.5),
                    (Self::has_word_behind, "another word behind it", 5.5),
                    (Self::has_name_before_kinds, "a name before it", 5.5),
                    (Self::has_surname_behind, "another surname behind it", 5.5),
                    (Self::has_another_alternative, "another word of its kind", 5.5),
                    (Self::has_club_behind, "another club", 5.5),
                    (Self::has_by_name, "another by-name", 4.5),
                    (Self::is_in_region, "a part elsewhere", 5.0),
                    (Self::is_of_a_class, "one of a class", 4.0),
                ];
                if let Some(found) = self.first_broken(&rules) {
                    return Some(found);
                }
                let is_feature =
                    self.open_of_mention().all(|i| is_feature(self.text(i), self.probe.words[i].token.class));
                let is_own =
                    self.core_of_mention().next_back().is_some_and(|i| self.is_own(i) && is_wild(self.text(i)));
                if is_feature && (self.is_place() || is_own) || self.is_city_of_country() {
                    return broken("another place", 5.0);
                }
                None
            }
            (true, false) => {
                let mut open = self.core_of_name().filter(|j| !self.is_firm(1, *j));
                if open.all(|j| is_feature(self.name_text(j), self.names[j].class)) && self.is_place() {
                    return broken("another place", 5.0);
                }
                None
            }
            _ => None,
        }
    }

    /// Words of the mention that the name does not have.
    fn open_of_mention(&self) -> impl DoubleEndedIterator<Item = usize> + Clone + '_ {
        self.core_of_mention().filter(|i| !self.is_firm(0, *i))
    }

    /// Returns whether a word of the mention that the name does not have is written as a name.
    fn is_own(&self, i: usize) -> bool {
        let token = &self.probe.words[i].token;
        !self.is_firm(0, i) && token.role == Role::Word && !token.small && !self.probe.capitals
    }

    /// *Granada* is no misspelt *Grenada*: a mention that is the name of a country or city, and nothing else, is rightly spelled;
    /// so is the name of a city that everybody knows, but for how other languages write it.
    fn is_place_misspelt(&self) -> bool {
        const MISSPELT: f32 = 0.75;
        let ([i], [j]) = (&self.probe.core_at[..], self.core()) else { return false };
        let word = &self.probe.words[*i];
        let is_city = |class: u16| class != 0 && !words::is_generic(class);
        let is_known = word.country.is_some() || is_city(word.token.class);
        let (a, b) = (self.text(*i), self.name_text(*j));
        let is_alike = |how: How| matches!(how, How::Similar | How::Abbreviation);
        let is_misspelt = |similarity: f32| {
            similarity >= MISSPELT
                && is_city(self.names[*j].class)
                && !word.token.small
                && !spelling::is_one_word(a.as_bytes(), b.as_bytes())
        };
        !self.probe.foreign
            && !has_digit(a)
            && self.pairing.pairs.iter().any(|pair| is_alike(pair.how) && (is_known || is_misspelt(pair.similarity)))
    }

    /// *Lantern Part III* is not *Lantern*.
    fn has_one_more_part(&self) -> bool {
        let Some(last) = self.probe.words.len().checked_sub(1) else { return false };
        let is_part = |i: usize| exclusive::is_part(self.text(i)) || i == last;
        numerals::value(self.text(last)).is_some_and(|value| value > 1)
            && self.open_of_mention().any(|i| i != last)
            && self.open_of_mention().all(is_part)
    }

    /// *Rathaus Nordau* is not *Nordau*, nor is the *town hall of Ashford* *Ashford*: the mention has nothing more than words for
    /// what stands in a place or belongs to it, and the name is the place.
    pub(super) fn stands_in_place(&self) -> bool {
        const WITH_THESE: [&str; 7] = ["town", "city", "railway", "train", "central", "main", "old"];
        let is_with_these =
            |i: usize| WITH_THESE.contains(&self.text(i)) || words::is_generic(self.probe.words[i].token.class);
        // *Ashford Station* is a place as well that grew at a railway.
        let is_name = |i: usize| {
            let is_one = self.open_of_mention().count() == 1;
            self.text(i) == "station" && is_one && !self.probe.words[i].token.small
        };
        self.pairing.kind == Kind::Place
            && self.probe.segments < 2
            && self.is_name_whole()
            && self.open_of_mention().any(|i| exclusive::is_of_a_place(self.text(i)) && !is_name(i))
            && self.open_of_mention().all(|i| exclusive::is_of_a_place(self.text(i)) || is_with_these(i))
    }

    /// *Elmwood Lantern University* is not *Elmwood University*, nor the *Institute of Nuclear Physics* the *Institute of
    /// Physics*: between the words of an institution's name stands one more.
    fn has_word_inside(&self) -> bool {
        static OFTEN_LEFT_OUT: LazyLock<[u16; 3]> =
            LazyLock::new(|| ["national", "international", "royal"].map(words::class));
        let core = &self.probe.core_at[..];
        let before = core.iter().take_while(|i| self.is_firm(0, **i)).count();
        let behind = core[before..].iter().rev().take_while(|i| self.is_firm(0, **i)).count();
        let inside = &core[before..core.len() - behind];
        let is_left_out = |i: usize| OFTEN_LEFT_OUT.contains(&self.probe.words[i].token.class);
        before > 0
            && behind > 0
            && inside.len() == 1
            && inside.iter().all(|i| self.is_own(*i) && !is_left_out(*i))
            && self.core_of_name().any(|j| self.is_body(j))
            && self.core().len() <= SHORT + 2
    }

    /// The *University of Elmwood Lantern* is not the *University of Elmwood*.
    fn has_word_behind(&self) -> bool {
        let [first, .., before, last] = self.probe.core_at[..] else { return false };
        let token = &self.probe.words[last].token;
        self.is_own(last)
            && before + 1 == last
            && self.core_of_mention().all(|i| i == last || self.is_firm(0, i))
            && !token.capitals
            && !token.aside
            && token.class == 0
            && self.probe.words[last].country.is_none()
            && institutions::is(Part::Head, self.text(first), self.probe.words[first].token.class)
            && self.core().len() == self.probe.core_at.len() - 1
    }

    /// The *Elmwood National Science Foundation* is not the *National Science Foundation*: all words of the name are of kinds.
    fn has_name_before_kinds(&self) -> bool {
        let core = &self.probe.core_at[..];
        let n_open = core.iter().take_while(|i| !self.is_firm(0, **i)).count();
        (1..=SHORT).contains(&n_open)
            && !self.probe.foreign
            && core[..n_open].iter().all(|i| self.is_own(*i) && words::is_telling(self.text(*i)))
            && self.core().len() >= SHORT
            && self.core_of_name().all(|j| words::is_generic(self.names[j].class))
    }

    /// *Solveig Brandt Quist* is not *Solveig Brandt*; *Brandt-Quist* may be.
    fn has_surname_behind(&self) -> bool {
        let [first, .., before, last] = self.probe.core_at[..] else { return false };
        !self.probe.words[first].families.is_empty()
            && self.is_firm(0, first)
            && self.is_firm(0, before)
            && self.is_own(last)
            && before + 1 == last
            && !self.probe.words[before].token.hyphened
            && self
                .core_of_name()
                .all(|j| self.names[j].role != Role::Number && !words::is_generic(self.names[j].class))
            && self.names.iter().all(|token| token.role != Role::Generation)
    }

    fn is_body(&self, j: usize) -> bool {
        static BODIES: LazyLock<[u16; 11]> = LazyLock::new(|| {
            [
                "department",
                "committee",
                "council",
                "commission",
                "office",
                "authority",
                "party",
                "union",
                "federation",
                "board",
                "service",
            ]
            .map(words::class)
        });
        let class = self.names[j].class;
        institutions::is(Part::Head, self.name_text(j), class) || class != 0 && BODIES.contains(&class)
    }

    /// The *Socialist Labour Party* is not the *Labour Party*: it has a word besides that is one instead of a word of the name.
    fn has_another_alternative(&self) -> bool {
        let of_name = || self.core_of_name().map(|j| self.name_text(j));
        self.open_of_mention().filter(|i| self.is_own(*i)).any(|i| {
            let alternatives = self.probe.words[i].alternatives;
            let rule = of_name().find_map(|other| exclusive::exclude(self.text(i), alternatives, other));
            rule.is_some_and(|rule| rule != exclusive::FIRST_NAME)
        })
    }

    /// *Elmwood Park Rangers* are not *Elmwood Park*.
    fn has_club_behind(&self) -> bool {
        let Some(last) = self.core_of_mention().next_back() else { return false };
        static CLUBS: LazyLock<[u16; 4]> = LazyLock::new(|| ["football", "club", "sports", "team"].map(words::class));
        let is_name = |j: &usize| self.names[*j].role == Role::Word && !CLUBS.contains(&self.names[*j].class);
        self.is_own(last)
            && !["city", "town", "county"].contains(&self.text(last))
            && last.checked_sub(1).is_some_and(|before| self.is_firm(0, before))
            && exclusive::is_club(self.probe.words[last].alternatives)
            && self.open_of_mention().count() == 1
            && self.core_of_name().filter(is_name).count() >= SHORT
    }

    /// *Elmwood an der Ashe* is not *Elmwood*: a name of a word or two, behind it a small word and a name.
    fn has_by_name(&self) -> bool {
        const SMALL: [&str; 12] = ["de", "del", "do", "da", "di", "an", "am", "upon", "under", "on", "sur", "sous"];
        let Some(first) = self.open_of_mention().next() else { return false };
        let is_name = |j: usize| {
            let token = &self.names[j];
            token.role == Role::Word && !words::is_generic(token.class) && !token.aside
        };
        first > 0
            && self.probe.words[..first].iter().rev().take_while(|word| word.token.role == Role::Small).count() > 0
            && self.core_of_mention().all(|i| i < first && self.is_firm(0, i) || i >= first && self.is_own(i))
            && (0..first).any(|i| self.probe.words[i].token.role == Role::Small && SMALL.contains(&self.text(i)))
            && self.core().len() <= SHORT
            && self.core_of_name().all(is_name)
            && self.probe.words[0].families.is_empty()
    }

    /// *Brackenridge Africa* is a part of *Brackenridge*, and *Brackenridge Montevideo* another one.
    fn is_in_region(&self) -> bool {
        let is_place = |text: &str| exclusive::is_region(text) || known_words::is_place(text);
        let is_region = |i: usize| self.is_own(i) && is_place(self.text(i));
        self.open_of_mention().all(is_region)
            && self.core_of_mention().next_back().is_some_and(is_region)
            && self
                .core_of_mention()
                .next()
                .is_some_and(|i| self.is_firm(0, i) && self.probe.words[i].families.is_empty())
            && self.core().len() <= SHORT
            && self.core_of_name().any(|j| !words::is_generic(self.names[j].class))
            && !self.core_of_name().any(|j| institutions::is(Part::Head, self.name_text(j), self.names[j].class))
    }

    /// *Elmwood lipase* is not *lipase*, nor are *lantern antibodies* the *antibodies*: the name is a class of substances.
    fn is_of_a_class(&self) -> bool {
        const CLASSES: [&str; 3] = ["agents", "antibodies", "factors"];
        const SHORTEST: usize = 3;
        let Some(last) = self.core_of_name().next_back() else { return false };
        let is_class = |word: &str| exclusive::is_enzyme(word) || CLASSES.contains(&word);
        is_class(self.name_text(last))
            && self.core().len() <= SHORT + 1
            && self.open_of_mention().count() <= SHORT
            && self.open_of_mention().any(|i| {
                let token = &self.probe.words[i].token;
                token.role != Role::Word || self.text(i).len() >= SHORTEST && !words::is_generic(token.class)
            })
    }

    /// Returns whether what both sides have is a country, a state or a city that the tables know.
    fn is_place(&self) -> bool {
        let both: Vec<&str> = self.core_of_name().filter(|j| self.is_firm(1, *j)).map(|j| self.name_text(j)).collect();
        let is_city = |j: usize| self.names[j].class != 0 && !words::is_generic(self.names[j].class);
        let mut firm = self.core_of_name().filter(|j| self.is_firm(1, *j));
        !countries::places(&both.join(" ")).is_none()
            || matches!((firm.next(), firm.next()), (Some(j), None) if is_city(j))
    }

    /// *Panama City* is not *Panama*; *Singapore* is its city.
    fn is_city_of_country(&self) -> bool {
        const CITIES: [&str; 4] = ["singapore", "luxembourg", "monaco", "vatican"];
        let (Some(i), Some(j)) = (self.open_of_mention().next_back(), self.core_of_name().next()) else { return false };
        self.text(i) == "city"
            && self.open_of_mention().count() == 1
            && self.core().len() == 1
            && exclusive::is_region(self.name_text(j))
            && !CITIES.contains(&self.name_text(j))
    }
}

/// Returns whether a word behind a name makes it that of a landscape and never of the place that has the name.
fn is_wild(word: &str) -> bool {
    ["springs", "falls", "hill", "hills", "heights", "valley", "creek", "canyon", "river", "lake", "mountains"]
        .contains(&word)
}

/// Returns whether a word is the name of a thing in a landscape that bears the name of a place.
fn is_feature(word: &str, class: u16) -> bool {
    const FEATURES: [&str; 19] = [
        "mountain",
        "mountains",
        "springs",
        "falls",
        "gulf",
        "sea",
        "strait",
        "canyon",
        "creek",
        "cape",
        "desert",
        "peninsula",
        "canal",
        "glacier",
        "volcano",
        "basin",
        "hill",
        "hills",
        "heights",
    ];
    static CLASSES: LazyLock<[u16; 6]> =
        LazyLock::new(|| ["river", "lake", "mount", "valley", "bay", "island"].map(words::class));
    class != 0 && CLASSES.contains(&class) || FEATURES.contains(&word)
}
