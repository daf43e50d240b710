//! Parses a name into tokens with roles: words, numbers, initials, generation, legal form, title, small words.
//!
//! The catalog's names and the mentions go through the same parser, so that whatever it decides, it decides for both.
//! Nothing is thrown away: a legal form that differs still counts, only far less than a word.

use crate::resolve::names::clean::clean;
use crate::resolve::names::numerals;
use crate::resolve::names::words::{self, Role};

/// No name needs more; a longer text is an address or a sentence, and its start carries the name.
pub(crate) const MAX_TOKENS: usize = 28;

/// A word of a name; its text lies in the name's own buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    start: u16,
    len: u8,
    /// What it does in the name.
    pub(crate) role: Role,
    /// Class of words that mean the same, 0 for none.
    pub(crate) class: u16,
    /// Which part between commas it stands in.
    pub(crate) segment: u8,
    /// In parentheses or quotes: a nickname, a country, an explanation.
    pub(crate) aside: bool,
    /// Two to six capitals in a text that has small letters too: each may stand for a word.
    pub(crate) capitals: bool,
}

impl Token {
    /// Returns the length of its text in bytes.
    pub(crate) fn len(&self) -> u8 {
        self.len
    }
}

/// A parsed name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Name {
    text: String,
    /// In reading order.
    pub(crate) tokens: Vec<Token>,
    /// Written `Last, First`.
    pub(crate) inverted: bool,
}

impl Name {
    /// Returns the text of a token: lower case ASCII.
    pub(crate) fn text(&self, token: &Token) -> &str {
        &self.text[usize::from(token.start)..usize::from(token.start) + usize::from(token.len)]
    }

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
        Scanner { bytes: ascii.as_bytes(), at: 0, segment: 0, depth: 0, quote: false, name: self }.run();
        self.assign_roles(ascii.as_bytes().iter().any(u8::is_ascii_lowercase));
        self.inverted = self.is_inverted();
    }

    /// Returns the concatenation of all tokens.
    pub(crate) fn squash(&self, out: &mut String) {
        out.clear();
        for token in &self.tokens {
            out.push_str(self.text(token));
        }
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
            let token = self.tokens[at];
            let text = self.text(&token);
            let dotted_legal = token.role == Role::Initials
                && token.len > 1
                && words::entry(text).is_some_and(|entry| entry.role == Role::Legal);
            if token.role != Role::Word && !dotted_legal {
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
                Role::Title if before || at + 1 == count => Role::Word,
                Role::Tail if !before || has_lower && text.len() < 4 => Role::Word,
                role => role,
            };
            self.tokens[at].role = role;
            self.tokens[at].class = entry.class;
        }
        self.mark_tail();
        if self.core_count() == 0 {
            // `The The`, `SA`: a name of nothing but such words means them.
            for token in &mut self.tokens {
                token.role = Role::Word;
            }
        }
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
    fn mark_tail(&mut self) {
        let mut seen_core = false;
        for at in 0..self.tokens.len() {
            let token = self.tokens[at];
            let text = self.text(&token);
            let next = self.tokens.get(at + 1).map(|t| self.text(t));
            let previous_tail = at > 0 && self.tokens[at - 1].role == Role::Tail;
            let is_tail = seen_core
                && (is_currency_amount(text)
                    || is_currency(text) && next.is_some_and(is_nominal)
                    || previous_tail && (text.len() == 1 || is_nominal(text))
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

fn is_nominal(text: &str) -> bool {
    text.starts_with("0") && text.len() > 1
        || text.contains('.')
        || text == "1"
        || text.parse::<u32>().is_ok_and(|n| n <= 1000)
}

fn is_currency_amount(text: &str) -> bool {
    text.len() > 2
        && text.is_char_boundary(2)
        && is_currency(&text[..2])
        && text[2..].bytes().all(|b| b.is_ascii_digit() || b == b'.')
}

/// Returns which of the core words is the last name and which the first; the words come by their segment.
pub(crate) fn last_and_first(segments: impl ExactSizeIterator<Item = u8>, inverted: bool) -> Option<(usize, usize)> {
    let count = segments.len();
    if count == 0 {
        return None;
    }
    if inverted {
        let head = segments.take_while(|segment| *segment == 0).count();
        if head > 0 && head < count {
            return Some((head - 1, head));
        }
    }
    Some((count - 1, 0))
}

/// Writes the words of a name with single spaces between them.
pub(crate) fn spaced(name: &Name, out: &mut String) {
    out.clear();
    for token in &name.tokens {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(name.text(token));
    }
}

/// Cuts ASCII text into tokens.
struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
    segment: u8,
    depth: u8,
    quote: bool,
    name: &'a mut Name,
}

impl Scanner<'_> {
    fn peek(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn run(&mut self) {
        let mut dotted = false;
        let mut gap_is_dot = false;
        while self.at < self.bytes.len() && self.name.tokens.len() < MAX_TOKENS {
            let byte = self.bytes[self.at];
            if byte.is_ascii_alphanumeric() {
                self.word(dotted && gap_is_dot);
                dotted = self.peek(0) == b'.';
                gap_is_dot = true;
                continue;
            }
            match byte {
                b',' | b';' | b'|' => self.next_segment(),
                b'-' if self.at > 0 && self.bytes[self.at - 1] == b' ' && self.peek(1) == b' ' => self.next_segment(),
                b'(' | b'[' | b'{' => self.depth = (self.depth + 1).min(8),
                b')' | b']' | b'}' => self.depth = self.depth.saturating_sub(1),
                b'"' => self.quote = !self.quote,
                _ => {}
            }
            if byte != b'.' && byte != b' ' {
                gap_is_dot = false;
            }
            self.at += 1;
        }
    }

    fn next_segment(&mut self) {
        if self.depth == 0 && self.name.tokens.last().is_some_and(|t| t.segment == self.segment) {
            self.segment = self.segment.saturating_add(1);
        }
    }

    /// Reads one word. `after_dot` says that only a dot lies between it and the word before.
    fn word(&mut self, after_dot: bool) {
        let from = self.at;
        let start = self.name.text.len();
        let mut capitals = 0usize;
        loop {
            let byte = self.peek(0);
            if byte.is_ascii_alphanumeric() {
                if self.at > from && self.splits_camel(from) {
                    break;
                }
                capitals += usize::from(byte.is_ascii_uppercase());
                self.name.text.push(char::from(byte.to_ascii_lowercase()));
                self.at += 1;
                continue;
            }
            let previous = self.bytes[self.at - 1];
            let next = self.peek(1);
            match byte {
                b'\'' | b'`'
                    if matches!(next, b's' | b'S') && !self.peek(2).is_ascii_alphanumeric() && self.at > from + 1 =>
                {
                    self.at += 2;
                    break;
                }
                b'\'' | b'`' if next.is_ascii_alphanumeric() => self.at += 1,
                b'.' if previous.is_ascii_digit() && next.is_ascii_digit() => {
                    self.name.text.push('.');
                    self.at += 1;
                }
                b',' if previous.is_ascii_digit() && next.is_ascii_digit() => {
                    let thousands = (1..=3).all(|n| self.peek(n).is_ascii_digit()) && !self.peek(4).is_ascii_digit();
                    if !thousands || self.bytes[from] == b'0' {
                        self.name.text.push('.');
                    }
                    self.at += 1;
                }
                b'&' if self.at - from <= 2 && next.is_ascii_alphanumeric() && self.short_after() => self.at += 1,
                _ => break,
            }
        }
        self.finish(start, capitals, after_dot);
    }

    /// Returns whether the word after `&` has one or two letters, as in `AT&T` and `R&D`.
    fn short_after(&self) -> bool {
        (1..=4).take_while(|n| self.peek(*n).is_ascii_alphanumeric()).count() <= 2
    }

    /// Returns whether a new word starts at this capital inside `mediaGroup`, `MitchLeidner`, `VNVGlobal`; not in
    /// `McDonald` or `DeAndre`, whose first part is short.
    fn splits_camel(&self, from: usize) -> bool {
        let here = self.peek(0);
        let previous = self.bytes[self.at - 1];
        if !here.is_ascii_uppercase() || !self.peek(1).is_ascii_lowercase() {
            return false;
        }
        let length = self.at - from;
        let whole_word = !self.bytes.contains(&b' ');
        if previous.is_ascii_lowercase() {
            let first = &self.bytes[from..self.at];
            let prefix = matches!(first, b"Mac" | b"Van" | b"Fitz" | b"Des" | b"Del");
            return length >= 4 && first != b"Fitz" || whole_word && length >= 3 && !prefix;
        }
        previous.is_ascii_uppercase() && length >= 2 && self.bytes[from..self.at].iter().all(u8::is_ascii_uppercase)
    }

    fn finish(&mut self, start: usize, capitals: usize, after_dot: bool) {
        let name = &mut *self.name;
        if name.text.len() - start > 60 {
            name.text.truncate(start + 60);
        }
        let text = &name.text[start..];
        let aside = self.depth > 0 || self.quote;
        if aside && matches!(text, "r" | "tm" | "c") {
            // Marks of a registered name.
            name.text.truncate(start);
            return;
        }
        let role = role_of_shape(text, capitals, name.tokens.is_empty());
        if role == Role::Number {
            canonical_number(&mut name.text, start);
        }
        let len = name.text.len() - start;
        if role == Role::Initials && len == 1 {
            // `C.J.`, `C. J.`, `C J`, `U.S.A.`: initials that follow each other are one token.
            if let Some(last) = name.tokens.last_mut()
                && last.role == Role::Initials
                && last.segment == self.segment
                && last.aside == aside
                && (after_dot || last.len == 1)
                && usize::from(last.start) + usize::from(last.len) == start
            {
                last.len += 1;
                return;
            }
        }
        if len == 0 || start > usize::from(u16::MAX) - 64 {
            return;
        }
        name.tokens.push(Token {
            start: u16::try_from(start).unwrap_or(u16::MAX),
            len: u8::try_from(len).unwrap_or(u8::MAX),
            role,
            class: 0,
            segment: self.segment,
            aside,
            capitals: (2..=6).contains(&len) && capitals == len,
        });
    }
}

/// The role that the shape alone tells.
fn role_of_shape(text: &str, capitals: usize, first: bool) -> Role {
    let bytes = text.as_bytes();
    if is_number(bytes) || bytes[0] == b'v' && bytes.len() > 1 && is_number(&bytes[1..]) {
        return Role::Number;
    }
    if bytes.len() == 1 && (capitals == 1 || !matches!(bytes[0], b'a' | b'e' | b'i' | b'o' | b'y')) {
        return Role::Initials;
    }
    // `CJ Stroud`: two capitals without a vowel in front.
    let consonants = bytes.iter().all(|b| b.is_ascii_alphabetic() && !matches!(b, b'e' | b'i' | b'o' | b'u'));
    if first && bytes.len() == 2 && capitals == 2 && consonants {
        return Role::Initials;
    }
    Role::Word
}

fn is_number(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(u8::is_ascii_digit) && bytes.iter().all(|b| b.is_ascii_digit() || *b == b'.')
}

/// `v8`, `8.0` and `08` are 8.
fn canonical_number(text: &mut String, start: usize) {
    if text[start..].starts_with('v') {
        text.remove(start);
    }
    if text[start..].contains('.') {
        while text[start..].ends_with('0') {
            text.pop();
        }
        if text[start..].ends_with('.') {
            text.pop();
        }
    }
    while text.len() - start > 1 && text[start..].starts_with('0') && !text[start..].starts_with("0.") {
        text.remove(start);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            ("Acme Holdings, Inc.", "acme holdings inc$"),
            ("Foo S.p.A.", "foo spa$"),
            ("Dr. Jane Doe", "dr! jane doe"),
            ("Bob's", "bob"),
            ("AT&T Inc", "att inc$"),
            ("Photo Studio v8.0", "photo studio 8#"),
            ("Photo Studio 7.0", "photo studio 7#"),
            ("XJ-900", "xj* 900#"),
            ("OfficeSuite(r) 1,200", "office suite 1200#"),
            ("#MitchLeidner", "mitch leidner"),
            ("LaMarcus McDonald", "lamarcus mcdonald"),
            ("MUSTER INDS CL.A EO2,5", "muster inds cl~ a~ eo2.5~"),
            ("The The", "the the"),
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
