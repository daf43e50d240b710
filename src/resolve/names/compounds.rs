//! Compounds: words of two elements that everybody knows from names, of which one differs. *Lanternstone* is no misspelt
//! *Lanternwater*, nor *Elmford* *Ashford*.

use std::sync::LazyLock;

use crate::resolve::names::similarity::Pattern;
use crate::resolve::names::table::rows;

/// Letters that must be left beside an element.
const REST: usize = 3;
const REST_OF_SHORT: usize = 4;
/// An element of fewer letters takes a longer rest.
const LONG: usize = 3;
/// Beginnings before one ending are two names where they are no more alike.
const ALIKE: f32 = 0.5;

/// An element as it is spelled, and which one it is.
type Element = (&'static str, usize);

static ELEMENTS: LazyLock<[Vec<Element>; 2]> = LazyLock::new(|| {
    let mut elements = [Vec::new(), Vec::new()];
    for (number, mut row) in rows(include_str!("compound_elements.tsv")).enumerate() {
        let side = usize::from(row.next() == Some("start"));
        elements[side].extend(row.map(|spelling| (spelling, number)));
    }
    elements
});

/// Returns whether two words are compounds of which an element differs.
pub(crate) fn differ(a: &str, b: &str) -> bool {
    let (x, y) = (a.as_bytes(), b.as_bytes());
    let is_alike_before = matches!((x.first_chunk::<REST>(), y.first_chunk::<REST>()), (Some(x), Some(y)) if x == y);
    let is_alike_behind = matches!((x.last_chunk::<REST>(), y.last_chunk::<REST>()), (Some(x), Some(y)) if x == y);
    let [ends, starts] = &*ELEMENTS;
    is_alike_before && other_element(a, b, ends, without_end)
        || is_alike_behind && (other_element(a, b, starts, without_start) || begin_otherwise(a, b, ends))
}

/// Returns a word without the element that it ends in.
fn without_end<'w>(word: &'w str, element: &str) -> Option<&'w str> {
    let shortest = if element.len() < LONG { REST_OF_SHORT } else { REST };
    word.strip_suffix(element).filter(|rest| rest.len() >= shortest)
}

/// Returns a word without the element that it begins with.
fn without_start<'w>(word: &'w str, element: &str) -> Option<&'w str> {
    word.strip_prefix(element).filter(|rest| rest.len() >= REST_OF_SHORT)
}

/// Returns whether two words are one beside an element, which is another one in each.
fn other_element(
    a: &str,
    b: &str,
    elements: &[Element],
    without: for<'w> fn(&'w str, &str) -> Option<&'w str>,
) -> bool {
    let mut is_other = false;
    for (x, of_a) in elements {
        let Some(rest) = without(a, x) else { continue };
        for (y, of_b) in elements {
            if without(b, y) == Some(rest) {
                if of_a == of_b {
                    return false;
                }
                is_other = true;
            }
        }
    }
    is_other
}

/// Returns whether two words end in one element and begin with words that are not alike.
fn begin_otherwise(a: &str, b: &str, ends: &[Element]) -> bool {
    let rests = ends.iter().filter(|(end, _)| end.len() > LONG).find_map(|(end, _)| {
        let rests = without_end(a, end).zip(without_end(b, end));
        rests.filter(|(x, y)| x.len().min(y.len()) >= REST)
    });
    rests.is_some_and(|(x, y)| {
        let mut pattern = Pattern::default();
        pattern.set(x.as_bytes());
        pattern.similarity(y.as_bytes()) <= ALIKE
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_element_makes_another_word() {
        for (a, b, expected) in [
            ("lanternstone", "lanternwater", true),
            ("lanternhausen", "lanternhaus", false),
            ("lanternberg", "lanternburg", false),
            ("elmerford", "elmerfrod", false),
            ("blackmoss", "redmoss", true),
            ("bradford", "stratford", true),
            ("guilford", "guildford", false),
            ("elmwood", "elmwood", false),
        ] {
            assert_eq!(differ(a, b), expected, "{a} {b}");
        }
    }
}
