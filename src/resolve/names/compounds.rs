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

/// A word with an element has no fewer letters.
const SHORTEST: usize = 6;

/// An element as it is spelled, and which one it is.
type Element = (&'static str, usize);

/// Elements of one side of a word, by the letter that stands outermost: most words have few.
type Side = [Vec<Element>; 26];

static ELEMENTS: LazyLock<[Side; 2]> = LazyLock::new(|| {
    let mut sides = [Side::default(), Side::default()];
    for (number, mut row) in rows(include_str!("compound_elements.tsv")).enumerate() {
        let is_start = row.next() == Some("start");
        for spelling in row {
            let outermost = if is_start { spelling.bytes().next() } else { spelling.bytes().last() };
            if let Some(letter) = outermost.and_then(place) {
                sides[usize::from(is_start)][letter].push((spelling, number));
            }
        }
    }
    sides
});

/// Returns the place of a letter in the alphabet.
fn place(letter: u8) -> Option<usize> {
    letter.is_ascii_lowercase().then(|| usize::from(letter - b'a'))
}

/// Returns whether two words are compounds of which an element differs.
pub(crate) fn differ(a: &str, b: &str) -> bool {
    let (x, y) = (a.as_bytes(), b.as_bytes());
    if x.len().min(y.len()) < SHORTEST {
        return false;
    }
    let (is_alike_before, is_alike_behind) = (x[..REST] == y[..REST], x[x.len() - REST..] == y[y.len() - REST..]);
    let [ends, starts] = &*ELEMENTS;
    let of = |side: &'static Side, letter: Option<&u8>| {
        letter.and_then(|letter| place(*letter)).map_or(&[][..], |at| &side[at])
    };
    is_alike_before && other_element((a, of(ends, x.last())), (b, of(ends, y.last())), without_end)
        || is_alike_behind
            && (other_element((a, of(starts, x.first())), (b, of(starts, y.first())), without_start)
                || begin_otherwise(a, b, of(ends, x.last())))
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

/// Returns whether two words, each with the elements that it may have, are one beside an element, which is another one in each.
fn other_element(
    (a, of_a): (&str, &[Element]),
    (b, of_b): (&str, &[Element]),
    without: for<'w> fn(&'w str, &str) -> Option<&'w str>,
) -> bool {
    let mut is_other = false;
    for (x, in_a) in of_a {
        let Some(rest) = without(a, x) else { continue };
        for (y, in_b) in of_b {
            if without(b, y) == Some(rest) {
                if in_a == in_b {
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
