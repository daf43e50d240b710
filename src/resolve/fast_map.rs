//! Hash tables for short keys that no stranger chooses: the tables of words, and what is remembered between mentions.

use std::collections::{HashMap, HashSet};

/// A map with a fast hash. Nothing depends on its order.
pub(crate) type Map<K, V> = HashMap<K, V, foldhash::fast::FixedState>;

/// A map for keys that strangers write: as fast, and nobody can know which of them collide.
pub(crate) type WildMap<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// A set of such keys.
pub(crate) type WildSet<K> = HashSet<K, foldhash::fast::RandomState>;
