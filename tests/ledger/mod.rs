//! Asked once, paid once, nothing lost: the promise of the ledger, kept through crashes, cuts, refusals and odd answers.

/// What becomes known of a whole run, from the first command to the last.
mod course;
