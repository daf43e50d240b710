//! Answers become knowledge: the ledger's rows, topics, and mentions that are linked to the catalog.

mod ahead;
pub mod answers;
pub mod knowledge;
pub mod copies;
pub mod prepared;
mod read;
pub mod rebuild;
mod spool;
mod write;
