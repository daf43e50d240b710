//! First names and their short forms: `Bill` and `William` may be one person.
//!
//! A row of `first_names.tsv` is a family of forms; a form may stand in several (`Alex`, `Chris`, `Jo`), so the relation is
//! not transitive.

use std::sync::LazyLock;

use crate::resolve::fast_map::Map;
use crate::resolve::names::table::rows;

static TABLE: LazyLock<Map<&'static str, Vec<u16>>> = LazyLock::new(|| {
    let mut table: Map<&'static str, Vec<u16>> = Map::default();
    for (number, forms) in (0u16..).zip(rows(include_str!("first_names.tsv"))) {
        for form in forms {
            table.entry(form).or_default().push(number);
        }
    }
    table
});

/// Returns the families a first name belongs to; empty for a name of none.
pub(crate) fn families(name: &str) -> &'static [u16] {
    if name.len() > 14 { &[] } else { TABLE.get(name).map_or(&[], Vec::as_slice) }
}

/// Returns whether two first names may be forms of one.
pub(crate) fn related(a: &str, b: &str) -> bool {
    let (a, b) = (families(a), families(b));
    a.iter().any(|family| b.contains(family))
}

#[cfg(test)]
mod tests {
    use super::related;

    #[test]
    fn short_forms_meet_their_names() {
        for (a, b) in [("bill", "william"), ("bobby", "robert"), ("mike", "michael"), ("chuck", "charles")] {
            assert!(related(a, b), "{a} {b}");
        }
        assert!(!related("bill", "robert"));
        assert!(!related("mahomes", "kelce"));
    }
}
