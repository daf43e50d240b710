//! Text from outside, made safe and comparable; and the little that every room needs to read and write it.
//!
//! The ground room: it depends on no other. All of it takes values and returns values, but for [`lines`], which reads
//! from what it is given, and [`whole_file`], which is the one place where a finished file gets its name.

pub(crate) mod clean;
pub(crate) mod cut;
pub(crate) mod entities;
pub(crate) mod fold;
pub(crate) mod hex;
pub mod hidden;
pub(crate) mod lines;
pub(crate) mod separator;
pub(crate) mod whole_file;
pub mod words;

pub(crate) use clean::{clean, single_line, single_spaced, topic_key};
pub(crate) use cut::{cut_words, is_folded_elsewhere};
pub(crate) use entities::decode_entities;
pub(crate) use fold::fold;
pub(crate) use hex::hex;
