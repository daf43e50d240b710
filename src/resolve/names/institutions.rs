//! Words of institutions: heads, what belongs to a university, and what makes another institution of one.

use std::sync::LazyLock;

use crate::resolve::fast_map::Map;
use crate::resolve::names::table::rows;
use crate::resolve::names::words;

/// Role of a word in the name of an institution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Word for what it is: *university*, *hospital*.
    Head = 1,
    /// Whole whose parts bear its name too.
    University = 2,
    /// A thing that belongs to a university and is not the university.
    Belonging = 4,
    /// Word that makes another institution beside the head: *state*, *technical*.
    Kind = 8,
}

/// Before a word of which no other spelling counts: `tech` is no `technology`.
const AS_WRITTEN: char = '=';

struct Table {
    /// By word, and by class of generic words: a bit for each [`Part`].
    words: Map<&'static str, u8>,
    classes: Map<u16, u8>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let mut table = Table { words: Map::default(), classes: Map::default() };
    for mut row in rows(include_str!("institutions.tsv")) {
        let part = match row.next() {
            Some("head") => Part::Head,
            Some("university") => Part::University,
            Some("part") => Part::Belonging,
            _ => Part::Kind,
        };
        for cell in row {
            let word = cell.strip_prefix(AS_WRITTEN).unwrap_or(cell);
            *table.words.entry(word).or_default() |= part as u8;
            let class = words::class(word);
            if word == cell && words::is_generic(class) {
                *table.classes.entry(class).or_default() |= part as u8;
            }
        }
    }
    table
});

/// Returns whether a word, of a class, may do that in the name of an institution.
pub(crate) fn is(part: Part, word: &str, class: u16) -> bool {
    let known = [TABLE.classes.get(&class), TABLE.words.get(word)];
    known.into_iter().flatten().any(|parts| parts & part as u8 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_counts_in_every_language() {
        for (part, word, expected) in [
            (Part::Head, "universidad", true),
            (Part::Head, "krankenhaus", true),
            (Part::Head, "press", false),
            (Part::University, "hospital", false),
            (Part::University, "colegio", true),
            (Part::Belonging, "klinikum", true),
            (Part::Belonging, "press", true),
            (Part::Belonging, "elmwood", false),
            (Part::Kind, "technische", true),
            (Part::Kind, "wesleyan", true),
            (Part::Kind, "tech", true),
            (Part::Kind, "technology", true),
        ] {
            assert_eq!(is(part, word, words::class(word)), expected, "{part:?} {word}");
        }
    }
}
