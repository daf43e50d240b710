//! Names of attributes and hints: `team` and `team_name` mean the same thing.

use std::sync::LazyLock;

use crate::resolve::names::table::rows;

/// Words of one meaning, a list a meaning.
static SYNONYMS: LazyLock<Vec<Vec<&str>>> =
    LazyLock::new(|| rows(include_str!("attribute_names.tsv")).map(Iterator::collect).collect());

/// Returns whether two attribute names mean the same thing: equal, sharing a word (`team`, `team_name`), or synonyms.
pub(crate) fn same_meaning(a: &str, b: &str) -> bool {
    if a.eq_ignore_ascii_case(b) {
        return true;
    }
    let words = |name: &str| -> Vec<String> {
        name.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).map(str::to_lowercase).collect()
    };
    let (a, b) = (words(a), words(b));
    const EMPTY: [&str; 6] = ["name", "id", "code", "of", "home", "current"];
    a.iter().any(|x| {
        !EMPTY.contains(&x.as_str())
            && b.iter()
                .any(|y| x == y || SYNONYMS.iter().any(|set| set.contains(&x.as_str()) && set.contains(&y.as_str())))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_attributes_meet() {
        assert!(same_meaning("team", "team_name"));
        assert!(same_meaning("nationality", "country"));
        assert!(!same_meaning("team_name", "college_name"));
    }
}
