//! A typed name that no entity bears exactly: which may be meant.

use crate::store::Store;
use crate::store::explore::Namesake;

/// An entity that may be meant.
#[derive(Clone, Debug)]
pub struct Similar {
    /// The entity.
    pub namesake: Namesake,
    /// How likely, 0 to 1.
    pub score: f64,
    /// Whether it can be taken without asking.
    pub is_sure: bool,
}

/// Returns the entities most like a typed name, best first.
pub fn similar(_store: &Store, _name: &str, _limit: usize) -> anyhow::Result<Vec<Similar>> {
    Ok(vec![])
}
