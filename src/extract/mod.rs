//! Asking without a batch: the same requests answered synchronously, by the provider or by a model of one's own.
//!
//! `direct` deals the requests out to threads, `writer` saves what they bring; `worker` asks one request, `rate_limiter`
//! paces them all, `capabilities` finds out what a server can do. `probe` and
//! `compare` are smaller runs of the same, `comparison` is what the latter shows.

pub mod direct;
mod writer;
mod worker;
mod rate_limiter;
pub mod capabilities;
pub mod probe;
pub mod comparison;
pub mod compare;
