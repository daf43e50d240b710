//! Types of a catalog while it is packed: the values that their attributes have, and how much these tell.

use crate::resolve::fast_map::Map;
use crate::resolve::index::background::Background;
use crate::resolve::index::layout::{AttributeStats, TypeStats};
use crate::resolve::names::attribute_names;

/// A type whose entities are being added.
pub(super) struct TypeBuild {
    pub(super) stats: TypeStats,
    /// By attribute: how many entities have each value.
    pub(super) values: Vec<(String, Map<u32, u32>)>,
    /// By name of an attribute: where it stands among the values.
    pub(super) numbers: Map<String, usize>,
}

impl TypeBuild {
    /// Returns a type without entities.
    pub(super) fn new(name: &str) -> TypeBuild {
        let stats = TypeStats { name: name.to_owned(), ranges: vec![], names: 0, entities: 0, attributes: Vec::new() };
        TypeBuild { stats, values: Vec::new(), numbers: Map::default() }
    }

    /// Returns how much an agreement in each attribute tells: the chance that two entities agree, in bits.
    pub(super) fn bits(&self) -> Vec<f32> {
        let of_values = |values: &Map<u32, u32>| {
            let total = n_entities(values).max(1) as f64;
            let pairs: f64 = values.values().map(|n| f64::from(*n) * f64::from(*n)).sum();
            (-(pairs / (total * total)).max(1e-9).log2()) as f32
        };
        self.values.iter().map(|(_, values)| of_values(values)).collect()
    }

    /// Returns the statistics. `bits` are those of its attributes, `learned` says of which the catalog shows that they
    /// change; of those that a larger catalog knows its own count.
    pub(super) fn stats(self, background: &dyn Background, bits: &[f32], learned: &[bool]) -> TypeStats {
        let entities = (self.stats.entities as f32).max(1.0);
        let name_of_type = &self.stats.name;
        let attributes =
            self.values.into_iter().zip(bits.iter().zip(learned)).map(|((name, values), (bits, learned))| {
                let changes = attribute_names::changes(&name).unwrap_or(*learned);
                AttributeStats {
                    filled: n_entities(&values) as f32 / entities,
                    bits: background.bits(name_of_type, &name).unwrap_or(*bits),
                    changes: background.changes(name_of_type, &name).unwrap_or(changes),
                    name,
                }
            });
        let attributes = attributes.collect();
        TypeStats { attributes, ..self.stats }
    }
}

fn n_entities(values: &Map<u32, u32>) -> u64 {
    values.values().map(|n| u64::from(*n)).sum()
}
