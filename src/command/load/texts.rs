//! The texts of a dry run, by which it counts the groups that would share an answer.

use std::collections::{HashMap, HashSet};

use sha2::{Digest as _, Sha256};

use crate::model::Group;
use crate::store::Store;

/// The texts of the groups that were read, by their groups' ids; both as hashes, so that a large file fits the memory.
#[derive(Default)]
pub(super) struct Texts(HashMap<[u8; 16], Option<[u8; 16]>>);

impl Texts {
    /// Takes note of a group; `text_hash` is that of its text, `None`: it has none.
    pub(super) fn add(&mut self, group: &Group, text_hash: Option<[u8; 16]>) {
        self.0.insert(hash_of(group.id.as_str()), text_hash.filter(|_| group.status == Group::ACTIVE));
    }

    /// Returns how many active groups would have the text of another one, with those that are in the database already.
    pub(super) fn n_copies(&self, store: Option<&Store>) -> anyhow::Result<u64> {
        let mut seen: HashSet<[u8; 16]> = HashSet::new();
        let mut n_copies = 0;
        let mut count = |text| n_copies += u64::from(!seen.insert(text));
        self.0.values().flatten().for_each(|text| count(*text));
        if let Some(store) = store {
            store.read().each_active_text(|id, text| {
                // A group that is read is as it would be.
                if !self.0.contains_key(&hash_of(id)) {
                    count(text);
                }
            })?;
        }
        Ok(n_copies)
    }
}

fn hash_of(id: &str) -> [u8; 16] {
    let digest = Sha256::digest(id);
    std::array::from_fn(|i| digest[i])
}
