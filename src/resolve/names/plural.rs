//! English plurals of common nouns: *kinases* are found as *kinase*.

/// Letters that a plural has at least: of shorter words an *s* is part.
const SHORTEST: usize = 5;

/// Returns the singular of a lower-case word as its stem and its ending; `None` for a word that is no plural.
pub(crate) fn singular(word: &str) -> Option<(&str, &'static str)> {
    const NONE: [&str; 4] = ["ss", "us", "is", "as"];
    if word.len() < SHORTEST || !word.ends_with('s') || NONE.iter().any(|end| word.ends_with(end)) {
        return None;
    }
    if !word.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return None;
    }
    let (n_bytes, end) = match word {
        _ if word.ends_with("ies") => (3, "y"),
        _ if ["sses", "shes", "ches", "xes"].iter().any(|end| word.ends_with(end)) => (2, ""),
        _ => (1, ""),
    };
    Some((&word[..word.len() - n_bytes], end))
}

/// Returns whether one of two words is the plural of the other.
pub(crate) fn is_plural_of_other(a: &str, b: &str) -> bool {
    let of =
        |plural: &str, other: &str| singular(plural).is_some_and(|(stem, end)| other.strip_prefix(stem) == Some(end));
    if a.len() > b.len() { of(a, b) } else { of(b, a) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plural_has_a_singular() {
        for (plural, expected) in [
            ("kinases", "kinase"),
            ("antibodies", "antibody"),
            ("boxes", "box"),
            ("glasses", "glass"),
            ("agents", "agent"),
            ("virus", "-"),
            ("press", "-"),
            ("basis", "-"),
            ("gas", "-"),
            ("bus", "-"),
            ("s100s", "-"),
        ] {
            let found = singular(plural).map_or("-".to_owned(), |(stem, end)| format!("{stem}{end}"));
            assert_eq!(found, expected, "{plural}");
        }
        assert!(is_plural_of_other("agent", "agents") && is_plural_of_other("antibodies", "antibody"));
        assert!(!is_plural_of_other("agent", "agent") && !is_plural_of_other("agents", "agentry"));
    }
}
