//! Decisions of people: about mentions, topics, the catalog and samples of the result.
//!
//! Each change is one transaction together with the links and topics that follow from it.

pub mod mentions;
pub mod decisions;
pub mod topics;
mod neighbours;
pub mod catalog_edit;
pub mod duplicates;
pub mod propose;
mod cluster;
pub mod audit;
pub mod history;
