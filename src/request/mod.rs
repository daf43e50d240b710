//! From a group to its request lines; splitting into parts; estimates of tokens and cost. Pure, apart from `io::Write`.
//!
//! A group becomes two requests, one for its topics and one for its entities. What is the same in all of them (model,
//! instructions, parameters, schema) is a [`Prompt`](crate::profile::Prompt), made by [`crate::profile`] and serialized once by a
//! [`LineTemplate`]; what differs is the `custom_id` and the `input`, the story text, which stands last in the line, so
//! that the provider's prompt cache can serve all that stands before it.
//!
//! Two things here must never change for a given content, since what was paid for hangs on them: [`custom_id`] and
//! [`text_hash`]. Tests pin both.

mod ids;
mod content;
pub mod line;
mod back;
pub mod tokens;
pub mod cache;
pub mod parts;
pub mod price;
mod price_table;
pub mod lifetime;

pub use back::RequestLine;
pub use content::{render_input, text_hash};
pub use ids::{custom_id, custom_id_from_wire, parse_custom_id, wire_id};
pub use line::{LineTemplate, escaped, json_bytes};
pub use parts::{Limits, PairSize, PartNumber, Splitter};
pub use price::{LONG_PROMPT_TOKENS, Price};
pub use price_table::{ModelRow, Prices};
