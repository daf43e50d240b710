//! The packed index: blocks of bytes that can lie in memory or in the database, and the reading of them.
//!
//! `build` makes the blocks from entities; `Index` answers questions over any [`Blocks`]. Everything is addressed by
//! number: a *name* is one name or alias of one entity; a *word* is a distinct word of the vocabulary. Names of one type
//! stand together, so that a type is a range of numbers.
//!
//! | table | a block holds | numbered by |
//! | --- | --- | --- |
//! | `Meta` | the catalog's figures, as JSON | one block |
//! | `Keys` | a bucket of hashed keys with their lists of names or words | top bits of the hash |
//! | `Names` | 64 names, tokenized, with the rarity of each token | name / 64 |
//! | `Entities` | 128 entities: key, type, and the numbers of their attribute values | entity / 128 |
//! | `Words` | 256 words | word / 256 |
//! | `Weights` | one byte a name: how much there is to explain | name / 4096 |
//! | `Values` | 256 distinct values of attributes, as words, with the country they name | value / 256 |
//! | `Labels` | 64 entities: id and name as the user knows them, for showing | entity / 64 |
//!
//! A list longer than `LONGEST_LIST` is not kept, only its length: words that common find nothing by themselves, and
//! the pair keys (initial and surname, surname and attribute value) take their place.

mod alphabet;
mod background;
mod blocks;
mod build;
mod changes;
mod derived;
mod filter;
pub(super) mod key;
pub(super) mod keys;
mod layout;
mod pack;
mod pair_keys;
mod places;
mod postings;
mod read;
mod types;

pub(crate) use background::Background;
pub use blocks::{Blocks, Resident};
pub use build::Builder;
pub(crate) use key::{KeyKind, key};
pub(crate) use layout::{
    AttributeStats, COUNTED_FROM, FORMAT, LONGEST_LIST, Meta, TypeStats, VOCABULARY_MAX, get_varint, put_varint,
    rarity, read_u32,
};
pub use layout::{N_TABLES, Table};
pub use pack::without_ids;
pub(crate) use read::{EntityCard, Index, List, NameCard, TokenView};
pub use read::{is_current, is_earlier};
