//! A name as the rest of the program sees it: the key of decisions, and its words with what they do in it.

use crate::resolve::names::numerals;
use crate::resolve::names::token::{Name, Token, spaced};
use crate::resolve::names::words::Role;

/// Returns the key under which decisions about a mention are kept: its words, whatever their case, marks and
/// punctuation.
pub fn mention_key(text: &str) -> String {
    let mut words = String::new();
    spaced(&Name::parse(text), &mut words);
    words
}

/// Role of a word in a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WordRole {
    /// It tells this name from others.
    Core,
    /// It tells a son from his father.
    Generation,
    /// It addresses, or names an office.
    Title,
    /// It says little wherever it stands: an article, a particle.
    Small,
    /// A legal form, or what an exchange adds.
    Form,
}

/// Returns the words of a name with what they do in it, as [`mention_key`] has them, but `Last, First` the right way
/// round.
pub fn name_words(text: &str) -> Vec<(String, WordRole)> {
    let name = Name::parse(text);
    let mut tokens: Vec<&Token> = name.tokens.iter().collect();
    if name.inverted {
        let last = tokens.iter().filter(|token| token.segment == 0).count();
        tokens.rotate_left(last);
    }
    let role = |token: &Token| match token.role {
        Role::Word | Role::Number | Role::Initials => WordRole::Core,
        Role::Generation => WordRole::Generation,
        Role::Title => WordRole::Title,
        Role::Small => WordRole::Small,
        Role::Legal | Role::Tail => WordRole::Form,
    };
    tokens.into_iter().map(|token| (name.text(token).to_owned(), role(token))).collect()
}

/// Returns whether a word of [`mention_key`] numbers what is named, so that another one names something else: digits, a
/// Roman numeral, a lone letter.
pub fn is_numbering(word: &str) -> bool {
    word.len() == 1 || word.bytes().any(|c| c.is_ascii_digit()) || numerals::roman(word).is_some()
}
