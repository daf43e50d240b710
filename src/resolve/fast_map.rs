//! Hash tables for short keys that no stranger chooses: the tables of words, and what is remembered between mentions.

use std::collections::{HashMap, HashSet};

/// A map with a fast hash. Nothing depends on its order.
pub(crate) type Map<K, V> = HashMap<K, V, foldhash::fast::FixedState>;

/// A set with a fast hash, likewise.
pub(crate) type Set<K> = HashSet<K, foldhash::fast::FixedState>;
