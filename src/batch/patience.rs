//! Errors that a wait puts up with: which pass by themselves, and which are about one batch only.

use crate::error;
use crate::provider::{ApiError, Fault};
use crate::store;

/// Returns whether an error is waited out for as long as it takes.
pub(super) fn passes(error: &anyhow::Error) -> bool {
    // A reader that pauses, or a long import: the file is free again some time.
    if store::is_locked(error) {
        return true;
    }
    let Some(api) = error::find::<ApiError>(error) else { return false };
    if matches!(api.fault, Fault::Setup | Fault::Local) || api.is_billing() {
        return false;
    }
    // A page of something before the API says nothing about the batch or the key.
    let is_page = api.fault == Fault::Status && !api.is_envelope();
    is_page || api.is_retryable() || matches!(api.fault, Fault::Unreachable | Fault::Unreadable | Fault::Tls)
}

/// Returns whether an error is about the key.
pub(super) fn is_auth(error: &anyhow::Error) -> bool {
    error::find::<ApiError>(error).is_some_and(ApiError::is_auth)
}

/// Returns whether an error says something about one batch or file only: the provider answered, and it was not about
/// the key or money.
pub fn is_about_one(error: &anyhow::Error) -> bool {
    error::find::<ApiError>(error).is_some_and(|api| api.fault == Fault::Status && !api.is_auth() && !api.is_billing())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locked_file_is_waited_out_and_a_damaged_one_is_not() {
        for (code, waits) in [(rusqlite::ffi::SQLITE_BUSY, true), (rusqlite::ffi::SQLITE_CORRUPT, false)] {
            let error = rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None);
            assert_eq!(passes(&anyhow::Error::from(error).context("cannot write")), waits);
        }
    }
}
