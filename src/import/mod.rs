//! Answers to knowledge: answer lines become ledger rows, topics and linked mentions, in one transaction.

pub mod answers;
pub mod knowledge;
pub mod rebuild;
