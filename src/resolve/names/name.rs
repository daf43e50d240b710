//! Parses a name into tokens with roles: words, numbers, initials, generation, legal form, title, small words.
//!
//! The catalog's names and the mentions go through the same parser, so that whatever it decides, it decides for both.
//! Nothing is thrown away: a legal form that differs still counts, only far less than a word.

use crate::resolve::names::clean::clean;
use crate::resolve::names::exclusive;
use crate::resolve::names::numerals;
use crate::resolve::names::scanner::Scanner;
use crate::resolve::names::syllables;
use crate::resolve::names::token::Name;
use crate::resolve::names::words::{self, Role};

impl Name {
    /// Parses a text of any script and length.
    pub(crate) fn parse(text: &str) -> Name {
        let mut name = Name::default();
        name.parse_into(text);
        name
    }

    /// Parses into this name, whose buffers are used again.
    pub(crate) fn parse_into(&mut self, text: &str) {
        self.text.clear();
        self.tokens.clear();
        self.inverted = false;
        let ascii = clean(text);
        self.text.reserve(ascii.len());
        self.tokens.reserve(4);
        Scanner { bytes: ascii.as_bytes(), at: 0, segment: 0, depth: 0, quote: false, name: self }.run();
        self.sounds.clear();
        syllables::join(self, &ascii);
        self.assign_roles(ascii.as_bytes().iter().any(u8::is_ascii_lowercase));
        self.inverted = self.is_inverted();
    }

    fn core_count(&self) -> usize {
        self.tokens.iter().filter(|t| t.role.is_core()).count()
    }

    fn is_inverted(&self) -> bool {
        let mut counts = [0usize; 3];
        for token in &self.tokens {
            if matches!(token.role, Role::Legal | Role::Tail) || words::is_generic(token.class) || token.segment > 1 {
                return false;
            }
            if token.role.is_core() {
                counts[usize::from(token.segment)] += 1;
            }
        }
        (1..=2).contains(&counts[0]) && (1..=2).contains(&counts[1])
    }

    /// Second pass: roles that depend on the neighbours.
    fn assign_roles(&mut self, has_lower: bool) {
        let count = self.tokens.len();
        for at in 0..count {
            self.tokens[at].capitals &= has_lower || count == 1;
            if self.is_lone_numeral(at) {
                self.tokens[at].role = Role::Number;
            }
            let token = self.tokens[at];
            let text = self.text(&token);
            let dotted_legal = token.role == Role::Initials
                && token.len > 1
                && words::entry(text).is_some_and(|entry| entry.role == Role::Legal);
            if token.role != Role::Word && !dotted_legal {
                continue;
            }
            if self.is_ambiguous_generation(at) {
                self.tokens[at].role = Role::Generation;
                self.spell_generation(at);
                self.tokens[at].class = words::class(self.text(&self.tokens[at]));
                continue;
            }
            let before = self.tokens[..at].iter().any(|t| t.role.is_core());
            let Some(entry) = words::entry(text) else {
                if let Some(value) = numerals::numeral(text).filter(|_| before && token.role == Role::Word) {
                    self.set_number(at, value);
                }
                continue;
            };
            let role = match entry.role {
                Role::Legal if dotted_legal && !before => continue,
                Role::Generation if !before => Role::Word,
                Role::Legal if !before && (text.len() < 3 || at + 1 == count) => Role::Word,
                // `Baja California Sur`, where `sur` is no preposition.
                Role::Small if self.ends_name(at) && exclusive::is_direction(text) => Role::Word,
                Role::Title if before || at + 1 == count => Role::Word,
                // The *mayor of Ashford* is somebody, and the town is what it says.
                Role::Title if self.tokens.get(at + 1).is_some_and(|next| self.text(next) == "of") => Role::Word,
                Role::Tail if !before || has_lower && text.len() < 4 => Role::Word,
                role => role,
            };
            self.tokens[at].role = role;
            self.tokens[at].class = entry.class;
            if role == Role::Generation {
                self.spell_generation(at);
            }
        }
        self.mark_tail(has_lower);
        if self.core_count() == 0 {
            // `The The`, `SA`: a name of nothing but such words means them.
            for token in &mut self.tokens {
                token.role = Role::Word;
            }
        }
    }

    /// Returns whether a word that may be a name is one for a generation: *Brandner jun.*, not *Jun Brandner*, nor *Brandner et
    /// Fils*.
    fn is_ambiguous_generation(&self, at: usize) -> bool {
        let token = &self.tokens[at];
        let is_last = self.tokens.get(at + 1).is_none_or(|next| next.segment != token.segment);
        let is_behind_name =
            || at.checked_sub(1).is_some_and(|at| self.tokens[at].role == Role::Word && !self.tokens[at].small);
        (token.small || token.dotted)
            && is_last
            && words::generation(self.text(token)).is_some_and(|(_, is_name_too)| is_name_too)
            && is_behind_name()
    }

    /// Writes a generation in its usual spelling, so that *Jun.*, *Junior* and *Jr.* are one word.
    fn spell_generation(&mut self, at: usize) {
        let token = self.tokens[at];
        let Some((usual, _)) = words::generation(self.text(&token)) else { return };
        if usual.len() <= usize::from(token.len) {
            let start = usize::from(token.start);
            self.text.replace_range(start..start + usual.len(), usual);
            self.tokens[at].len = u8::try_from(usual.len()).unwrap_or(token.len);
        }
    }

    /// Returns whether a word stands at the end, right behind another.
    fn ends_name(&self, at: usize) -> bool {
        let is_behind = at.checked_sub(1).is_some_and(|before| self.tokens[before].segment == self.tokens[at].segment);
        at + 1 == self.tokens.len() && is_behind
    }

    /// Returns whether a lone capital numbers what stands before it: *Abdullah I of Elmwood*, *Type I*, not *Anna I Hale*.
    fn is_lone_numeral(&self, at: usize) -> bool {
        const NUMBERED: &str = "type class phase part volume book chapter factor grade stage level category group section title \
            schedule model mark series complex act photosystem collagen";
        const OF: [&str; 7] = ["of", "de", "di", "d", "von", "van", "af"];
        let token = &self.tokens[at];
        if token.role != Role::Initials || token.dotted || token.aside || !matches!(self.text(token), "i" | "v" | "x") {
            return false;
        }
        let Some(before) = at.checked_sub(1).map(|before| &self.tokens[before]) else { return false };
        let is_of =
            self.tokens.get(at + 1).is_some_and(|next| next.segment == token.segment && OF.contains(&self.text(next)));
        before.role == Role::Word
            && before.segment == token.segment
            && (is_of || NUMBERED.split_whitespace().any(|word| word == self.text(before)))
    }

    /// Writes a token anew as a number; no Roman numeral that counts as one is shorter.
    fn set_number(&mut self, at: usize, value: u32) {
        let digits = value.to_string();
        let token = &mut self.tokens[at];
        let start = usize::from(token.start);
        if digits.len() <= usize::from(token.len) {
            self.text.replace_range(start..start + digits.len(), &digits);
            token.len = u8::try_from(digits.len()).unwrap_or(token.len);
            token.role = Role::Number;
        }
    }

    /// Share class and nominal value at the end of a security's name: `CL.A`, `EO 2,5`, `DL-,01`, a lone letter.
    fn mark_tail(&mut self, has_lower: bool) {
        let mut seen_core = false;
        for at in 0..self.tokens.len() {
            let token = self.tokens[at];
            let text = self.text(&token);
            let next = self.tokens.get(at + 1).map(|t| self.text(t));
            let previous_tail = at > 0 && self.tokens[at - 1].role == Role::Tail;
            let is_tail = seen_core
                && (is_currency_amount(text, has_lower)
                    || is_currency(text) && next.is_some_and(|next| is_nominal(next, has_lower))
                    || previous_tail && (text.len() == 1 || is_nominal(text, false))
                    || token.role == Role::Initials && text == "on" && at + 1 == self.tokens.len());
            if is_tail {
                self.tokens[at].role = Role::Tail;
            } else if token.role.is_core() {
                seen_core = true;
            }
        }
    }
}

/// Two-letter currency signs of German-style security names (`EO` euro, `DL` dollar, `LS` sterling …).
fn is_currency(text: &str) -> bool {
    const CURRENCIES: [&str; 22] = [
        "eo", "dl", "ls", "sf", "hd", "yn", "sk", "nk", "dk", "ad", "cd", "sd", "zy", "rp", "tw", "bp", "ya", "dm",
        "ff", "nd", "rc", "is",
    ];
    CURRENCIES.contains(&text)
}

/// Returns whether a number is a nominal value. A plain one is in capitals only: `CD73` and `IS 500` are no currencies in
/// a text that has small letters too.
fn is_nominal(text: &str, has_lower: bool) -> bool {
    text.starts_with('0') && text.len() > 1
        || text.contains('.')
        || !has_lower && text.parse::<u32>().is_ok_and(|n| n <= 1000)
}

fn is_currency_amount(text: &str, has_lower: bool) -> bool {
    text.len() > 2
        && text.is_char_boundary(2)
        && is_currency(&text[..2])
        && text[2..].bytes().all(|b| b.is_ascii_digit() || b == b'.')
        && (!has_lower || text[2..].contains('.') || text[2..].starts_with('0'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resolve::names::token::MAX_TOKENS;

    /// Tokens with a sign for their role: `jr^`, `inc$`, `the.`, `(x)`.
    fn show(text: &str) -> String {
        let name = Name::parse(text);
        let words: Vec<String> = name
            .tokens
            .iter()
            .map(|t| {
                let sign = match t.role {
                    Role::Word => "",
                    Role::Number => "#",
                    Role::Initials => "*",
                    Role::Generation => "^",
                    Role::Legal => "$",
                    Role::Tail => "~",
                    Role::Title => "!",
                    Role::Small => ".",
                };
                let word = format!("{}{sign}", name.text(t));
                if t.aside { format!("({word})") } else { word }
            })
            .collect();
        words.join(" ")
    }

    #[test]
    fn a_run_of_initials_longer_than_a_token_is_several() {
        for n_initials in [254, 255, 256, 257, 300] {
            let name = Name::parse(&"A.".repeat(n_initials));
            let lengths: Vec<usize> = name.tokens.iter().map(|token| name.text(token).len()).collect();
            assert!(lengths.iter().all(|length| *length > 0), "{n_initials}: {lengths:?}");
            assert_eq!(lengths.iter().sum::<usize>(), n_initials);
        }
    }

    #[test]
    fn names_fall_into_tokens_with_roles() {
        for (text, expected) in [
            ("C.J. Stroud", "cj* stroud"),
            ("CJ Stroud", "cj* stroud"),
            ("C. J. Stroud", "cj* stroud"),
            ("J.Smith", "j* smith"),
            ("O'Brien", "obrien"),
            ("De'Andre D’Arcy", "deandre darcy"),
            ("Marvin Harrison Jr.", "marvin harrison jr^"),
            ("Dwayne \"The Rock\" Johnson", "dwayne (the.) (rock) johnson"),
            ("Karl Brandner jun.", "karl brandner jr^"),
            ("Karl Brandner Junior", "karl brandner jr^"),
            ("Karl Brandner, sen.", "karl brandner sr^"),
            ("Alexandre Brandner père", "alexandre brandner sr^"),
            ("Jun Brandner", "jun brandner"),
            ("Amartya Sen", "amartya sen"),
            ("Brandner et Fils", "brandner et. fils"),
            ("Acme Holdings, Inc.", "acme holdings inc$"),
            ("Foo S.p.A.", "foo spa$"),
            ("Dr. Jane Doe", "dr! jane doe"),
            ("Bob's", "bob"),
            ("Ren?e Ashby? Yes", "rene ashby yes"),
            ("AT&T Inc", "att inc$"),
            ("Photo Studio v8.0", "photo studio 8#"),
            ("Photo Studio 7.0", "photo studio 7#"),
            ("XJ-900", "xj* 900#"),
            ("OfficeSuite(r) 1,200", "office suite 1200#"),
            ("#MitchLeidner", "mitch leidner"),
            ("LaMarcus McDonald", "lamarcus mcdonald"),
            ("MUSTER INDS CL.A EO2,5", "muster inds cl~ a~ eo2.5~"),
            ("MUSTER AG EO 1", "muster ag$ eo~ 1~"),
            ("MUSTER EO -,25", "muster eo~ 25~"),
            ("Receptor, CD73", "receptor cd73"),
            ("Model IS 500", "model is 500#"),
            ("The The", "the the"),
            ("Baja Ashford Sur", "baja ashford sur"),
            ("Lantern, The", "lantern the."),
            ("Ashford, IN", "ashford in."),
            ("Otto I of Elmwood", "otto i# of. elmwood"),
            ("Anna I Hale", "anna i* hale"),
            ("Type V barexin", "type v# barexin"),
            ("Barexium(II) oxide", "barexium ii# oxide"),
            ("Barexium (UK)", "barexium (uk)"),
            ("Ashford U21", "ashford u* 21#"),
            ("U571", "u571"),
            ("Super Bowl LVII", "super bowl 57#"),
            ("super bowl xlix", "super bowl 49#"),
            ("Super Bowl VII", "super bowl vii"),
            ("Super Bowl LI", "super bowl li"),
            ("LIV Golf", "liv golf"),
            ("The XXX", "the. xxx"),
            ("Otto Dix", "otto dix"),
            ("Ode MMXXIV civil", "ode 2024# civil"),
            ("", ""),
            ("!!! 😀 --", ""),
        ] {
            assert_eq!(show(text), expected, "{text}");
        }
    }

    #[test]
    fn last_comma_first_is_seen() {
        assert!(Name::parse("Smith, John").inverted);
        assert!(Name::parse("Smith, John A.").inverted);
        assert!(!Name::parse("Acme, Inc.").inverted);
        assert!(!Name::parse("Dept of Physics, University of Foo, Bar").inverted);
    }

    #[test]
    fn any_text_becomes_a_few_short_plain_words() {
        let mut state = 1u64;
        let mut below = |n: u32| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            u32::try_from(state >> 33).unwrap_or(0) % n
        };
        let mut name = Name::default();
        for round in 0..20_000 {
            // Characters of all planes, and mostly those that the parser looks at.
            let mut text = String::new();
            for _ in 0..below(30) {
                text.extend(match below(4) {
                    0 => char::from_u32(below(0x11_0000)),
                    1 => ".,-'&()\"/|;#@ vIX0".chars().nth(below(19) as usize),
                    _ => char::from_u32(0x20 + below(0x60)),
                });
            }
            if round % 500 == 0 {
                text = text.repeat(1 + 10_000 / text.len().max(1));
            }
            name.parse_into(&text);
            assert!(name.tokens.len() <= MAX_TOKENS, "{text:?}");
            for token in &name.tokens {
                let word = name.text(token);
                let is_plain = word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'.');
                assert!(is_plain && (1..=60).contains(&word.len()), "{text:?}: {word:?}");
            }
            assert_eq!(name, Name::parse(&text), "{text:?}: a buffer that is used again changes nothing");
        }
    }
}
