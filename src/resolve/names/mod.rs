//! From a text to words with roles: what can be told of a name without a catalog.

pub(super) mod mention_key;
pub(super) mod pair_mention;
pub(super) mod attribute_names;
mod name;
pub(super) mod token;
mod scanner;
mod clean;
mod kana;
pub(super) mod syllables;
pub(super) mod romanized;
pub(super) mod words;
pub(super) mod numerals;
pub(super) mod first_names;
pub(super) mod given_names;
pub(super) mod countries;
pub(super) mod positions;
pub(super) mod exclusive;
pub(super) mod institutions;
pub(super) mod phonetic;
pub(super) mod plural;
pub(super) mod transliteration;
pub(super) mod spelling;
pub(super) mod known_words;
pub(super) mod compounds;
pub(super) mod similarity;
mod table;
