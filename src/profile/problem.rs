//! One thing wrong with a profile.

use std::fmt;

/// One thing wrong with a profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Place: a line of the file, or the key.
    pub place: String,
    /// The problem, in words.
    pub message: String,
    /// Remedy, where that is not plain.
    pub hint: Option<String>,
}

impl Problem {
    pub(super) fn at(place: impl Into<String>, message: impl Into<String>) -> Problem {
        Problem { place: place.into(), message: message.into(), hint: None }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}
