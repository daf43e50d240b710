//! The only HTTP: a blocking client of one provider, in whichever [`Dialect`] it speaks.
//!
//! [`Client`] has one method a verb; [`Settings`] and [`Hooks`] are all it is told (nothing here reads the environment
//! or the clock). What the provider says is read tolerantly into the types of [`wire`]: null is absent, unknown words
//! are kept. What goes wrong is an [`ApiError`], which answers the questions the flows ask of it (again? not found? a
//! billing limit?).
//!
//! Constraints it lives under: calls that may be repeated are retried, and the one that buys, [`Client::create_batch`],
//! is sent once, on a fresh connection. There is no limit on how long a whole transfer takes, only on connecting and on
//! silence. The key never appears in an error, and never leaves in clear text for another machine.

mod client;
mod dialect;
mod settings;
mod error;
mod error_body;
mod status;
pub mod wire;
mod fields;
mod transport;
mod retry;
mod upload;
mod download;
mod page;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use client::{Client, CreateError, Deletion, Hooks};
pub use dialect::Dialect;
pub use error::{ApiError, Fault, advise};
pub use retry::RateLimits;
pub(crate) use retry::retry_after;
pub use settings::{Address, Secret, Settings};
pub use status::BatchStatus;
pub use transport::Called;
pub use upload::Upload;
pub use wire::{Batch, CompletionWindow, CreateBatch};
