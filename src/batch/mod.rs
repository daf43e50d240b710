//! The life of a part: planned, written to a request file, uploaded, made a batch, watched, collected, imported.
//!
//! A function here takes a [`Session`](crate::session::Session) and, where it needs the network, a client of
//! [`provider`](crate::provider). It decides what happens in which order and in which transaction; it knows no clap
//! type, and leaves how a result is printed to `command`.

pub mod prompts;
pub mod estimate;
pub mod plan;
pub mod tokens;
pub mod model_end;
pub mod budget;
pub mod part;
#[cfg(test)]
mod explored;
pub mod record;
pub mod request_file;
pub mod look;
pub mod reconcile;
pub mod throttle;
pub mod submit;
pub mod fetch;
pub mod collect;
pub mod file_import;
pub mod patience;
pub mod poll;
mod wait_bar;
pub mod uncertain;
pub mod batch_or_run;
pub mod cancel;
pub mod conflict;
pub mod remote_import;
pub mod refusal;
