//! Attributes whose values change with time, learned from a catalog: it has the same player more than once, with another
//! team each time.

use crate::resolve::fast_map::Map;
use crate::resolve::index::layout::value_numbers;
use crate::resolve::index::pack::Packed;

/// Bits of other attributes that two of one name must agree in to be one that was written down twice: a birthday, or a
/// college with a year.
const SAME_BITS: f32 = 8.0;
/// Pairs of this kind that it takes to learn from, and of which one in so many must differ.
const PAIRS_MIN: u32 = 5;
const ONE_IN: u32 = 5;
/// More bearers of one name than this are namesakes.
const BEARERS_MAX: usize = 16;

/// Returns, by type and attribute, whether the catalog shows that the values change. `preferred` are the keys of
/// preferred names with their entities, `bits` what an agreement in each attribute of each type tells.
pub(super) fn learn(mut preferred: Vec<(u64, u32)>, entities: &Packed, bits: &[Vec<f32>]) -> Vec<Vec<bool>> {
    preferred.sort_unstable();
    let mut pairs: Map<(u16, u16), (u32, u32)> = Map::default();
    for bearers in preferred.chunk_by(|a, b| a.0 == b.0).filter(|bearers| (2..=BEARERS_MAX).contains(&bearers.len())) {
        for two in bearers.windows(2) {
            let [a, b] = [two[0].1, two[1].1].map(|number| entities.record(number as usize));
            let kind = u16::from_le_bytes([a[8], a[9]]);
            if kind != u16::from_le_bytes([b[8], b[9]]) {
                continue;
            }
            let Some(bits) = bits.get(usize::from(kind)) else { continue };
            let worth = |attribute: u16| bits.get(usize::from(attribute)).copied().unwrap_or(0.0);
            let both = || {
                value_numbers(a).filter_map(|(attribute, value)| {
                    let other = value_numbers(b).find(|(other, _)| *other == attribute);
                    other.map(|(_, other)| (attribute, value == other))
                })
            };
            let agree: f32 = both().filter(|(_, same)| *same).map(|(attribute, _)| worth(attribute)).sum();
            for (attribute, same) in both() {
                if agree - if same { worth(attribute) } else { 0.0 } >= SAME_BITS {
                    let (n, differ) = pairs.entry((kind, attribute)).or_default();
                    *n += 1;
                    *differ += u32::from(!same);
                }
            }
        }
    }
    let changes = |kind: usize, attribute: usize| {
        let key = (u16::try_from(kind).unwrap_or(u16::MAX), u16::try_from(attribute).unwrap_or(u16::MAX));
        pairs.get(&key).is_some_and(|(n, differ)| *n >= PAIRS_MIN && differ * ONE_IN >= *n)
    };
    let of_type = |(kind, attributes): (usize, &Vec<f32>)| (0..attributes.len()).map(|at| changes(kind, at)).collect();
    bits.iter().enumerate().map(of_type).collect()
}

#[cfg(test)]
mod tests {
    use crate::model::{Entity, EntityId, EntityKey};
    use crate::resolve::index::build::Builder;
    use crate::resolve::index::read::Index;

    /// Verdicts of an index on `label`, of which half of the twins have two values, and on `school`.
    fn learned(n_twice: u32) -> [bool; 2] {
        let mut builder = Builder::new();
        let mut add = |key: u32, name: String, label: u32, school: u32| {
            let attributes = [("label", label), ("school", school), ("score", school / 2)];
            let entity = Entity {
                id: EntityId::new(format!("e{key}")),
                entity_type: "singer".into(),
                name,
                aliases: vec![],
                attributes: attributes.map(|(name, value)| (name.to_owned(), format!("v{value}"))).into(),
            };
            builder.add(EntityKey(i64::from(key)), &entity);
        };
        for number in 0..600 {
            add(number, format!("Singer Number{number}"), number % 7, number);
        }
        for number in 0..n_twice {
            add(600 + number, format!("Singer Number{number}"), (number + number % 2) % 7, number);
        }
        let index = Index::open(builder.resident().expect("packs")).expect("opens");
        let known = &index.meta.types[0].attributes;
        ["label", "school"].map(|name| known.iter().find(|attribute| attribute.name == name).expect("is there").changes)
    }

    #[test]
    fn an_attribute_changes_where_the_catalog_has_one_thing_with_two_values() {
        assert_eq!(learned(0), [false, false]);
        assert_eq!(learned(4), [false, false], "too few to learn from");
        assert_eq!(learned(12), [true, false]);
    }
}
