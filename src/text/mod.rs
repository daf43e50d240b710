//! Text from outside, made safe and comparable; and the little that every room needs to read and write it.
//!
//! The ground room: it depends on no other. All of it takes values and returns values, but for [`lines`] and [`bounded`], which
//! read from what they are given, and [`whole_file`] and [`private`], which are the one place where a file gets its name and its mode.

pub(crate) mod bounded;
pub(crate) mod clean;
pub(crate) mod cut;
pub(crate) mod entities;
pub(crate) mod fold;
pub(crate) mod garbled;
pub(crate) mod hex;
pub mod hidden;
pub(crate) mod lines;
pub(crate) mod nearest;
pub(crate) mod minhash;
pub(crate) mod private;
pub(crate) mod separator;
pub(crate) mod shell;
pub(crate) mod whole_file;
pub mod words;

pub(crate) use clean::{clean, plain_name, single_line, single_spaced, topic_key, visible};
pub(crate) use cut::{cut_words, cut_words_of, indexed};
pub(crate) use entities::decode_entities;
pub(crate) use fold::{fold, is_same};
pub(crate) use hex::{hex, unhex};
pub(crate) use nearest::nearest;
pub(crate) use shell::shell_word;
