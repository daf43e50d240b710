//! Attributes of entities in a few words, those that tell them apart first. Pure.

use super::Attributes;
use crate::text::{fold, words};

/// Characters of a list's line that attributes may take.
const SHOWN: usize = 72;

/// Returns for each of several entities its attributes in words, `born: 1951 · country: US`: those first in which it
/// differs from another of them, or that one of them lacks.
pub fn facts(all: &[&Attributes]) -> Vec<String> {
    let of = |own: &&Attributes| {
        let tells = |(name, value): &(&String, &String)| {
            all.iter().any(|other| other.get(*name).is_none_or(|other| fold(other) != fold(value)))
        };
        let (telling, common): (Vec<_>, Vec<_>) = own.iter().partition(tells);
        let words: Vec<String> =
            telling.into_iter().chain(common).map(|(name, value)| format!("{name}: {value}")).collect();
        words::shorten(&words.join(" · "), SHOWN)
    };
    all.iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tells_them_apart_stands_first() {
        let read = |text: &str| -> Attributes {
            text.split_terminator(", ")
                .filter_map(|one| one.split_once('='))
                .map(|(a, b)| (a.into(), b.into()))
                .collect()
        };
        for (one, other, expected) in [
            (
                "born=1951, country=US",
                "born=1963, country=us",
                ["born: 1951 · country: US", "born: 1963 · country: us"],
            ),
            ("country=US, role=pilot", "country=US", ["role: pilot · country: US", "country: US"]),
            ("country=US", "", ["country: US", ""]),
            ("", "", ["", ""]),
            ("country=US", "country=US", ["country: US", "country: US"]),
        ] {
            assert_eq!(facts(&[&read(one), &read(other)]), expected);
        }
        let long = Attributes::from([("missions".into(), "STS-7 ".repeat(40))]);
        assert_eq!(facts(&[&long]).remove(0).chars().count(), SHOWN);
    }
}
