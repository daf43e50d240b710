//! Cuts text into words: initials, numbers, camel case, possessives, the parts between commas, what is in parentheses.

use crate::resolve::names::numerals;
use crate::resolve::names::token::{MAX_TOKENS, Name, Token};
use crate::resolve::names::words::Role;

/// Cuts ASCII text into tokens.
pub(super) struct Scanner<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) at: usize,
    pub(super) segment: u8,
    pub(super) depth: u8,
    pub(super) quote: bool,
    pub(super) name: &'a mut Name,
}

impl Scanner<'_> {
    fn peek(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    pub(super) fn run(&mut self) {
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
                b':' | b'/' | b'=' if self.depth == 0 => self.end_title(),
                _ => {}
            }
            if byte != b'.' && byte != b' ' {
                gap_is_dot = false;
            }
            self.at += 1;
        }
    }

    /// Notes that what follows explains the title before it.
    fn end_title(&mut self) {
        if let Some(last) = self.name.tokens.last_mut() {
            last.ends_title = true;
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
                if self.at > from && (self.splits_camel(from) || self.splits_age(from)) {
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
                // A letter that was lost with its mark.
                b'?' if previous.is_ascii_alphabetic() && next.is_ascii_lowercase() => self.at += 1,
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
        let is_closed = self.depth == 1 && from > 1 && self.bytes[from - 1] == b'(' && self.peek(0) == b')';
        let is_state = is_closed && self.bytes[from - 2].is_ascii_alphanumeric();
        self.finish(start, capitals, after_dot, is_state);
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

    /// Returns whether what was read is the `U` of `U21`, a team of those under 21.
    fn splits_age(&self, from: usize) -> bool {
        const AGES: std::ops::RangeInclusive<u8> = 15..=23;
        let digits = [self.peek(0), self.peek(1)];
        self.at == from + 1
            && self.bytes[from] == b'U'
            && digits.iter().all(u8::is_ascii_digit)
            && AGES.contains(&(10 * (digits[0] - b'0') + digits[1] - b'0'))
            && !self.peek(2).is_ascii_alphanumeric()
    }

    /// Adds the word that was read. `is_state`: in parentheses of its own, right behind another, as the oxidation state of a
    /// metal is written.
    fn finish(&mut self, start: usize, capitals: usize, after_dot: bool, is_state: bool) {
        let name = &mut *self.name;
        if name.text.len() - start > 60 {
            name.text.truncate(start + 60);
        }
        let text = &name.text[start..];
        let is_state = is_state && numerals::value(text).is_some_and(|value| (1..=8).contains(&value));
        let aside = !is_state && (self.depth > 0 || self.quote);
        if aside && matches!(text, "r" | "tm" | "c") {
            // Marks of a registered name.
            name.text.truncate(start);
            return;
        }
        let mut role = role_of_shape(text, capitals, name.tokens.is_empty());
        if role == Role::Number {
            canonical_number(&mut name.text, start);
        }
        if is_state {
            role = Role::Number;
        }
        let len = name.text.len() - start;
        if role == Role::Initials && len == 1 {
            // `C.J.`, `C. J.`, `C J`, `U.S.A.`: initials that follow each other are one token.
            if let Some(last) = name.tokens.last_mut()
                && last.role == Role::Initials
                && last.segment == self.segment
                && last.aside == aside
                && (after_dot || last.len == 1)
                && last.len < u8::MAX
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
            small: capitals == 0,
            dotted: self.bytes.get(self.at) == Some(&b'.'),
            hyphened: self.bytes.get(self.at) == Some(&b'-'),
            ends_title: false,
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
