//! First names and their short forms: `Bill` and `William` may be one person.
//!
//! A row of `first_names.tsv` is a family of forms; a form may stand in several (`Alex`, `Chris`, `Jo`), so the relation is
//! not transitive.

use std::sync::LazyLock;

use crate::resolve::fast_map::Map;
use crate::resolve::names::table::rows;
use crate::resolve::names::{phonetic, spelling};

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

/// Letters with which the forms of each family begin, a bit a letter.
static FIRST_LETTERS: LazyLock<Vec<u32>> = LazyLock::new(|| {
    let bit = |form: &str| form.bytes().next().map_or(0, |letter| 1 << (letter & 31));
    rows(include_str!("first_names.tsv")).map(|forms| forms.map(bit).fold(0, |all, one| all | one)).collect()
});

/// Returns whether some form of a first name begins with a letter: of *William* with a *b*.
pub(crate) fn may_begin_with(name: &str, letter: u8) -> bool {
    families(name).iter().any(|family| FIRST_LETTERS[usize::from(*family)] & 1 << (letter & 31) != 0)
}

/// Names that Arabic writes without vowels: transcriptions differ in them, and in doubled letters.
const OF_ARABIC: [&str; 14] = [
    "abdullah",
    "abdulrahman",
    "ahmed",
    "aisha",
    "hassan",
    "hussein",
    "karim",
    "khaled",
    "mahmoud",
    "mohammed",
    "mustafa",
    "omar",
    "said",
    "yusuf",
];

/// Returns whether one of two first names is a short form of the other, or its spelling. A row begins with the name whose forms
/// follow; of two short forms none is a form of the other, nor is a name in another language: *Francesco* is not *Francisco*.
pub(crate) fn is_form_of_other(a: &str, b: &str) -> bool {
    static HEADS: LazyLock<Vec<&str>> =
        LazyLock::new(|| rows(include_str!("first_names.tsv")).map(|mut row| row.next().unwrap_or_default()).collect());
    let bones = |name: &str| {
        let mut bones = Vec::new();
        phonetic::skeleton(name.as_bytes(), &mut bones);
        bones
    };
    let of_b = families(b);
    let mut shared = families(a).iter().filter(|family| of_b.contains(family)).peekable();
    let is_spelling = || spelling::is_one_sound(a.as_bytes(), b.as_bytes());
    shared.peek().is_some()
        && (is_spelling()
            || shared.any(|family| {
                let head = HEADS[usize::from(*family)];
                let is_short = (head == a && b.len() < a.len()) || (head == b && a.len() < b.len());
                is_short || OF_ARABIC.contains(&head) && bones(a) == bones(b)
            }))
}

#[cfg(test)]
mod tests {
    use super::{is_form_of_other, related};

    #[test]
    fn a_short_form_is_one_of_the_whole_name() {
        for (a, b, expected) in [
            ("bill", "william", true),
            ("liam", "will", false),
            ("mohamad", "mohamed", true),
            ("sergey", "sergei", true),
            ("francesco", "francisco", false),
            ("gabriel", "gabriele", false),
            ("bill", "robert", false),
        ] {
            assert_eq!(is_form_of_other(a, b), expected, "{a} {b}");
        }
    }

    #[test]
    fn short_forms_meet_their_names() {
        for (a, b) in [("bill", "william"), ("bobby", "robert"), ("mike", "michael"), ("chuck", "charles")] {
            assert!(related(a, b), "{a} {b}");
        }
        assert!(!related("bill", "robert"));
        assert!(!related("mahomes", "kelce"));
    }
}
