//! Mention to entity: normalize, find candidates by an index, compare, decide, explain. Pure: no file, no clock, no
//! database; the index lies behind the trait [`Blocks`].
//!
//! Three floors, each of which knows only those below it:
//!
//! - `names`: text to words with roles, and all that is known of words, as tables.
//! - `index`: what finds the names of a catalog; its keys, its blocks, packing and reading.
//! - `matching`: a mention prepared (`probe`), candidates found (`search`, `retrieve`) and compared (`features`, `hints`,
//!   `context`), probabilities (`score`), the decision (`exact`, `resolver`) and its reasons (`explain`).
//!
//! `docs/linking.md` tells the reasons and the figures.

pub mod resolution;
mod matching;
mod index;
mod names;
mod fast_map;

pub(crate) use index::FORMAT;
pub use index::{Blocks, Builder, N_TABLES, Resident, Table, is_current, is_earlier, without_ids};
pub use matching::again::Compared;
pub use matching::context::{Context, are_namesakes, is_name_again, is_position, key_and_last_name};
pub use matching::context_names::{ContextName, NameKind};
pub use matching::measure::feature_names;
pub use matching::resolver::Resolver;
pub(crate) use names::attribute_names::same_meaning;
pub use names::mention_key::{WordRole, is_numbering, mention_key, name_words};
pub use names::pair_mention::{PairMention, mean_the_same, read_pair};
pub use resolution::{Candidate, Described, Method, Query, Resolution, ScorePart, Strictness};
