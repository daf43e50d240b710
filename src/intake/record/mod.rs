//! The fields of a record, whatever the file's form, into a group or an entity.

mod attributes;
pub(super) mod dates;
pub(super) mod entity;
pub(super) mod exported;
pub(super) mod group;
pub(super) mod ids;
mod value;

use std::collections::BTreeSet;

/// Unknown field names that are remembered; a file with more is not of this kind at all.
const IGNORED_MAX: usize = 50;

/// The names of fields that were there and mean nothing to us.
#[derive(Clone, Debug, Default)]
pub(super) struct Ignored {
    pub(super) names: BTreeSet<String>,
}

impl Ignored {
    fn note(&mut self, name: String) {
        if self.names.len() < IGNORED_MAX {
            self.names.insert(name);
        }
    }
}
