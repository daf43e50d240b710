//! The larger catalog by which a few changed entities are weighed.

use anyhow::Result;

/// A catalog beside which a few entities are packed: these are its changes, and are to be weighed as if they were in it.
pub(crate) trait Background {
    /// Returns the number of names of a type.
    fn names(&self, entity_type: &str) -> u32;
    /// Returns in how many names of a type a word stands.
    fn frequency(&self, entity_type: &str, word_key: u64) -> Result<u32>;
    /// Returns how much an agreement in an attribute tells, in bits.
    fn bits(&self, entity_type: &str, attribute: &str) -> Option<f32>;
    /// Returns whether an attribute's values change with time, where it has the attribute.
    fn changes(&self, entity_type: &str, attribute: &str) -> Option<bool>;
}

/// No such catalog.
pub(crate) struct Nothing;

impl Background for Nothing {
    fn names(&self, _: &str) -> u32 {
        0
    }

    fn frequency(&self, _: &str, _: u64) -> Result<u32> {
        Ok(0)
    }

    fn bits(&self, _: &str, _: &str) -> Option<f32> {
        None
    }

    fn changes(&self, _: &str, _: &str) -> Option<bool> {
        None
    }
}
