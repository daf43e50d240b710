//! Names of attributes and hints: `team` and `team_name` mean the same thing.

use std::sync::LazyLock;

use crate::resolve::names::table::rows;

/// Words of one meaning, a list a meaning.
static SYNONYMS: LazyLock<Vec<Vec<&str>>> =
    LazyLock::new(|| rows(include_str!("attribute_names.tsv")).map(Iterator::collect).collect());

/// Words of attributes whose values change with time, and of those whose values do not.
static CHANGES: LazyLock<[Vec<&str>; 2]> = LazyLock::new(|| {
    let of = |kind: &str| {
        let mut kinds = rows(include_str!("attribute_changes.tsv"));
        kinds.find(|row| row.clone().next() == Some(kind)).map(|row| row.skip(1).collect()).unwrap_or_default()
    };
    [of("changes"), of("stable")]
});

/// Returns whether what an attribute says changes with time, as far as its name tells. A year in the name dates it
/// (`team_2019`).
pub(crate) fn changes(name: &str) -> Option<bool> {
    let is_year = |word: &str| word.len() == 4 && (word.starts_with("19") || word.starts_with("20"));
    let has = |words: &[&str]| {
        let own = name.split(|c: char| !c.is_alphanumeric());
        own.map(str::to_lowercase).any(|word| words.contains(&word.as_str()))
    };
    let is_dated = name.split(|c: char| !c.is_alphanumeric()).any(|word| is_year(word) && word.parse::<u16>().is_ok());
    if is_dated || has(&CHANGES[0]) { Some(true) } else { has(&CHANGES[1]).then_some(false) }
}

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
    fn a_name_tells_whether_its_values_change() {
        for name in ["team", "team_name", "Current City", "party", "label_2019", "member since"] {
            assert_eq!(changes(name), Some(true), "{name}");
        }
        for name in ["country", "birth_date", "Place of birth", "home-city"] {
            assert_eq!(changes(name), Some(false), "{name}");
        }
        for name in ["category", "college", "2x4", "", "teamwork"] {
            assert_eq!(changes(name), None, "{name}");
        }
    }

    #[test]
    fn names_of_attributes_meet() {
        assert!(same_meaning("team", "team_name"));
        assert!(same_meaning("nationality", "country"));
        assert!(!same_meaning("team_name", "college_name"));
    }
}
