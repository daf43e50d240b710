//! From a mention to a decision: candidates, their comparison with the mention, probabilities.

pub(super) mod resolver;
mod exact;
pub(super) mod again;
mod explain;
pub(super) mod search;
mod scored;
pub(super) mod trail;
mod told;
mod retrieve;
mod widen;
mod tallies;
mod score;
mod forest;
mod features;
mod roles;
mod contradiction;
mod siblings;
mod institutions;
mod frame;
mod pairing;
mod likeness;
mod probe;
pub(super) mod context;
pub(super) mod context_names;
mod hints;
mod hint_match;
pub(super) mod measure;
