//! A typed name that no entity bears exactly: which may be meant. The resolver that links mentions answers.

use crate::model::Attributes;
use crate::resolve::{Query, Strictness};
use crate::store::Store;
use crate::store::explore::Namesake;
use crate::workflow::link::{Linker, Load};

/// An entity that may be meant.
#[derive(Clone, Debug)]
pub struct Similar {
    /// The entity.
    pub namesake: Namesake,
    /// Probability, by itself, that it is meant.
    pub score: f64,
    /// Whether it can be taken without asking.
    pub is_sure: bool,
}

/// Less likely ones are no help.
const LEAST: f64 = 0.02;

/// Returns the entities most like a typed name, best first.
pub fn similar(store: &Store, name: &str, limit: usize) -> anyhow::Result<Vec<Similar>> {
    let read = store.read();
    let mut linker = Linker::open(read, Strictness::Default, Load::One)?;
    let query = Query { text: name, types: &[], hints: &Attributes::new(), context: "" };
    let decision = linker.resolve("", &query)?;
    let mut found = vec![];
    for candidate in decision.candidates.into_iter().filter(|candidate| candidate.score >= LEAST).take(limit) {
        let is_sure = decision.entity == Some(candidate.entity);
        if let Some(entity) = read.entity_head(candidate.entity)? {
            found.push(Similar { namesake: Namesake { entity, alias: None }, score: candidate.score, is_sure });
        }
    }
    Ok(found)
}
