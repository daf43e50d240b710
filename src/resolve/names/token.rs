//! A name and its tokens, as the parser (`name.rs`) leaves them.

use crate::resolve::names::words::Role;

/// No name needs more; a longer text is an address or a sentence, and its start carries the name.
pub(crate) const MAX_TOKENS: usize = 28;

/// A word of a name; its text lies in the name's own buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(super) start: u16,
    pub(super) len: u8,
    /// Role in the name.
    pub(crate) role: Role,
    /// Class of words that mean the same, 0 for none.
    pub(crate) class: u16,
    /// Which part between commas it stands in.
    pub(crate) segment: u8,
    /// In parentheses or quotes: a nickname, a country, an explanation.
    pub(crate) aside: bool,
    /// Two to six capitals in a text that has small letters too: each may stand for a word.
    pub(crate) capitals: bool,
    /// Written without a capital.
    pub(crate) small: bool,
    /// A dot follows: it may be abbreviated.
    pub(crate) dotted: bool,
    /// A hyphen follows.
    pub(crate) hyphened: bool,
    /// A colon or a slash follows, behind which a title is explained.
    pub(crate) ends_title: bool,
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
    pub(super) text: String,
    /// In reading order.
    pub(crate) tokens: Vec<Token>,
    /// Written `Last, First`.
    pub(crate) inverted: bool,
    /// Sounds of a name in syllables of Chinese; empty for all others.
    pub(super) sounds: Vec<Vec<u8>>,
}

impl Name {
    /// Returns the text of a token: lower case ASCII.
    pub(crate) fn text(&self, token: &Token) -> &str {
        &self.text[usize::from(token.start)..usize::from(token.start) + usize::from(token.len)]
    }

    /// Returns whether it is written in syllables of Chinese.
    pub(crate) fn is_chinese(&self) -> bool {
        !self.sounds.is_empty()
    }

    /// Returns the concatenation of all tokens.
    pub(crate) fn squash(&self, out: &mut String) {
        out.clear();
        for token in &self.tokens {
            out.push_str(self.text(token));
        }
    }
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
    out.reserve(name.text.len() + name.tokens.len());
    for token in &name.tokens {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(name.text(token));
    }
}
