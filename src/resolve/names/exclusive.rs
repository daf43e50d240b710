//! Words of which a name has one or the other, never both by chance of spelling: *north* and *south*, *men* and *women*,
//! *Daniel* and *Daniela*, *chlorate* and *chloride*. Names that differ in them mean different things, however alike their
//! letters are.

use std::sync::LazyLock;

use crate::resolve::fast_map::Map;
use crate::resolve::names::similarity::Pattern;
use crate::resolve::names::table::rows;
use crate::resolve::names::{countries, first_names};

/// A word as one of several alternatives: which row of a table, and which alternative there.
pub(crate) type Alternative = (u16, u8);

struct Table {
    words: Map<&'static str, Vec<Alternative>>,
    /// Names of the rules by row.
    rules: Vec<&'static str>,
}

static WORDS: LazyLock<Table> = LazyLock::new(|| {
    let mut table = Table { words: Map::default(), rules: Vec::new() };
    let mut add = |rule: &'static str, alternatives: &mut dyn Iterator<Item = &'static str>| {
        let row = u16::try_from(table.rules.len()).expect("the tables have few rows");
        table.rules.push(rule);
        for (number, spellings) in (0u8..).zip(alternatives) {
            for word in spellings.split(' ') {
                table.words.entry(word).or_default().push((row, number));
            }
        }
    };
    for mut row in rows(include_str!("exclusive_words.tsv")) {
        let rule = row.next().unwrap_or_default();
        add(rule, &mut row);
    }
    for mut row in rows(include_str!("exclusive_first_names.tsv")) {
        add(FIRST_NAME, &mut row);
    }
    table
});

/// The rule that two first names are not one.
pub(crate) const FIRST_NAME: &str = "another first name";

/// Returns as which alternatives a word counts; empty for most words.
pub(crate) fn alternatives(word: &str) -> &'static [Alternative] {
    if word.len() > 16 { &[] } else { WORDS.words.get(word).map_or(&[], Vec::as_slice) }
}

/// Returns the rule by which two words exclude each other, of which the alternatives of the first are known.
pub(crate) fn exclude(a: &str, of_a: &[Alternative], b: &str) -> Option<&'static str> {
    if of_a.is_empty() {
        return None;
    }
    let of_b = alternatives(b);
    let (row, _) = of_a.iter().find(|x| of_b.iter().any(|y| x.0 == y.0 && x.1 != y.1))?;
    // A spelling that may be both excludes neither.
    if of_a.iter().any(|x| of_b.contains(x)) || first_names::related(a, b) {
        return None;
    }
    Some(WORDS.rules[usize::from(*row)])
}

/// Returns whether a word, as the alternatives say that it is, is one of those that clubs of many cities have.
pub(crate) fn is_club(alternatives: &[Alternative]) -> bool {
    alternatives.iter().any(|(row, _)| WORDS.rules[usize::from(*row)] == "another club")
}

/// Returns whether a word, as the alternatives say that it is, is the name of a salt's acid part.
pub(crate) fn is_ion(of: &[Alternative]) -> bool {
    are_of_one_row(of, "chloride")
}

/// Returns whether a word, as the alternatives say that it is, is the name of a salt's metal.
pub(crate) fn is_metal(of: &[Alternative]) -> bool {
    are_of_one_row(of, "sodium")
}

fn are_of_one_row(of: &[Alternative], word: &str) -> bool {
    alternatives(word).first().is_some_and(|(row, _)| of.iter().any(|(other, _)| other == row))
}

struct Affixes {
    rule: &'static str,
    is_start: bool,
    alternatives: Vec<&'static str>,
}

static AFFIXES: LazyLock<Vec<Affixes>> = LazyLock::new(|| {
    rows(include_str!("exclusive_affixes.tsv"))
        .map(|mut row| {
            let rule = row.next().unwrap_or_default();
            let is_start = row.next() == Some("start");
            Affixes { rule, is_start, alternatives: row.collect() }
        })
        .collect()
});

/// Letters that must be left of a word without its beginning or ending, and without a long ending.
const STEM: usize = 4;
const SHORT_STEM: usize = 3;
const LONG_ENDING: usize = 3;

/// Returns the rule by which two words of one stem exclude each other for their beginnings or endings.
pub(crate) fn exclude_by_affix(a: &str, b: &str) -> Option<&'static str> {
    fn stem<'w>(word: &'w str, affix: &str, is_start: bool) -> Option<&'w str> {
        let stem = if is_start { word.strip_prefix(affix) } else { word.strip_suffix(affix) };
        let shortest = if !is_start && affix.len() >= LONG_ENDING { SHORT_STEM } else { STEM };
        stem.filter(|stem| stem.len() >= shortest)
    }
    // The rest beside the affix is the same of both, and no shorter than a stem.
    let (x, y) = (a.as_bytes(), b.as_bytes());
    let are_alike_behind = matches!((x.last_chunk::<STEM>(), y.last_chunk::<STEM>()), (Some(x), Some(y)) if x == y);
    let are_alike_before =
        matches!((x.first_chunk::<SHORT_STEM>(), y.first_chunk::<SHORT_STEM>()), (Some(x), Some(y)) if x == y);
    if !are_alike_behind && !are_alike_before {
        return None;
    }
    let found = |row: &&Affixes| {
        (if row.is_start { are_alike_behind } else { are_alike_before })
            && row.alternatives.iter().any(|x| {
                stem(a, x, row.is_start).is_some_and(|rest| {
                    row.alternatives.iter().any(|y| x != y && stem(b, y, row.is_start) == Some(rest))
                })
            })
    };
    AFFIXES.iter().find(found).map(|row| row.rule)
}

/// Letters of an ending that only one class of medicines has.
const CLASS: usize = 4;
/// Beginnings before the same ending that are less alike are two.
const MISSPELT: f32 = 0.7;

/// Returns the rule by which two words are names of different substances.
pub(crate) fn exclude_substances(a: &str, b: &str) -> Option<&'static str> {
    fn bare(word: &str) -> &str {
        word.strip_suffix('e').unwrap_or(word)
    }
    static ENDINGS: LazyLock<Vec<&str>> = LazyLock::new(|| {
        let mut endings: Vec<&str> = rows(include_str!("substance_endings.tsv")).flatten().collect();
        endings.sort_by_key(|ending| std::cmp::Reverse(ending.len()));
        endings.into_iter().map(bare).collect()
    });
    // Shorter words are often none of a substance.
    const SHORTEST: usize = 7;
    if a.len().min(b.len()) < SHORTEST {
        return None;
    }
    let (short, long) = if a.len() < b.len() { (a, b) } else { (b, a) };
    if long.strip_suffix(short).is_some_and(|start| SUBSTANCE_STARTS.contains(&start)) {
        return Some("another prefix");
    }
    let ending = |word: &str| {
        let word = bare(word);
        ENDINGS.iter().find(|ending| word.ends_with(**ending))
    };
    let (x, y) = (ending(a)?, ending(b)?);
    if x != y {
        return Some("another ending");
    }
    let start = |word: &str| bare(word).len() - x.len();
    let (start_of_a, start_of_b) = (&a[..start(a)], &b[..start(b)]);
    let mut pattern = Pattern::default();
    pattern.set(start_of_a.as_bytes());
    (x.len() >= CLASS && pattern.similarity(start_of_b.as_bytes()) < MISSPELT).then_some("another beginning")
}

/// Beginnings that make another substance of one, from chemical and pharmaceutical nomenclature, or another word of a long
/// one: *esomeprazole* is the one half of *omeprazole*.
const SUBSTANCE_STARTS: [&str; 29] = [
    "es", "levo", "dex", "dextro", "nor", "desoxy", "deoxy", "hydro", "iso", "methyl", "ethyl", "oxy", "pseudo", "epi",
    "neo", "apo", "sub", "anti", "non", "semi", "in", "un", "inter", "trans", "post", "pre", "micro", "super", "ultra",
];

/// Returns the words of a table whose rows say nothing of them.
fn words(table: &'static str) -> Map<&'static str, ()> {
    rows(table).flatten().map(|word| (word, ())).collect()
}

/// Returns the words of a table, and whether their rows begin with a mark.
fn marked(table: &'static str, mark: &str) -> Map<&'static str, bool> {
    let of_row = |mut row: std::str::Split<'static, char>| {
        let is_marked = row.next() == Some(mark);
        row.map(move |word| (word, is_marked))
    };
    rows(table).flat_map(of_row).collect()
}

/// Returns whether a word before the name of a place makes the name of another.
pub(crate) fn is_place_modifier(word: &str) -> bool {
    static MODIFIERS: LazyLock<Map<&str, ()>> = LazyLock::new(|| words(include_str!("place_modifiers.tsv")));
    MODIFIERS.contains_key(word)
}

/// Returns whether a word is the name of a direction.
pub(crate) fn is_direction(word: &str) -> bool {
    alternatives(word).iter().any(|(row, _)| WORDS.rules[usize::from(*row)] == "another direction")
}

/// Returns whether a word before the name of a country makes it that country's colony or part: *British Guiana*.
pub(crate) fn is_of_an_empire(word: &str) -> bool {
    ["british", "french", "spanish", "portuguese", "dutch", "danish", "german", "american"].contains(&word)
}

/// Returns whether a word, written small, is no name by itself.
pub(crate) fn is_ordinary(word: &str) -> bool {
    static ORDINARY: LazyLock<Map<&str, ()>> = LazyLock::new(|| words(include_str!("ordinary_words.tsv")));
    ORDINARY.contains_key(word)
}

/// Returns whether a word says what a company or shop does.
pub(crate) fn is_trade(word: &str) -> bool {
    static TRADES: LazyLock<Map<&str, ()>> = LazyLock::new(|| words(include_str!("trade_words.tsv")));
    TRADES.contains_key(word)
}

/// Returns whether a word makes of a name another thing that has to do with it, and whether what lacks the word never
/// means what has it.
pub(crate) fn relation(word: &str) -> Option<bool> {
    static RELATIONS: LazyLock<Map<&str, bool>> =
        LazyLock::new(|| marked(include_str!("relation_words.tsv"), "either"));
    RELATIONS.get(word).copied()
}

/// Returns whether a word is that of something which stands in a place or belongs to it.
pub(crate) fn is_of_a_place(word: &str) -> bool {
    static OF_PLACES: LazyLock<Map<&str, ()>> = LazyLock::new(|| words(include_str!("place_institutions.tsv")));
    OF_PLACES.contains_key(word)
}

/// Returns whether a word stands before the number of a part of a work.
pub(crate) fn is_part(word: &str) -> bool {
    static PARTS: LazyLock<Map<&str, ()>> = LazyLock::new(|| words(include_str!("part_words.tsv")));
    PARTS.contains_key(word)
}

/// Returns whether a word is the name of an enzyme: it is called after the substance that it works on.
pub(crate) fn is_enzyme(word: &str) -> bool {
    const SHORTEST: usize = 6;
    const OTHERS: [&str; 13] = [
        "disease",
        "database",
        "purchase",
        "increase",
        "decrease",
        "release",
        "phrase",
        "paraphrase",
        "showcase",
        "suitcase",
        "staircase",
        "bookcase",
        "briefcase",
    ];
    let word = word.strip_suffix('s').unwrap_or(word);
    word.len() >= SHORTEST && word.ends_with("ase") && !OTHERS.contains(&word)
}

/// Returns whether a word makes of a name another team or edition, and whether it does so wherever it stands and not
/// only at the end.
pub(crate) fn edition(word: &str) -> Option<bool> {
    static EDITIONS: LazyLock<Map<&str, bool>> = LazyLock::new(|| marked(include_str!("editions.tsv"), "anywhere"));
    EDITIONS.get(word).copied()
}

/// Returns whether a word is the name of a continent, a country or a state.
pub(crate) fn is_region(word: &str) -> bool {
    const CONTINENTS: [&str; 6] = ["europe", "asia", "africa", "america", "australia", "oceania"];
    word.len() >= 4
        && (CONTINENTS.contains(&word)
            || countries::country(word).is_some()
            || countries::country_of_state(word).is_some())
}

/// Returns whether two words are the names of two countries, or of two states.
pub(crate) fn regions_differ(a: &str, b: &str) -> bool {
    // Codes are too short to tell.
    const SHORTEST: usize = 4;
    if a.len().min(b.len()) < SHORTEST {
        return false;
    }
    let (a, b) = (countries::places(a), countries::places(b));
    !a.is_none() && !b.is_none() && !a.meets(b)
}

/// Returns the country that a word of a longer name means; codes are too short to tell.
pub(crate) fn country_word(word: &str) -> Option<u16> {
    if word.len() < 4 { None } else { countries::country(word) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_exclude_each_other_in_every_spelling() {
        for (a, b, expected) in [
            ("north", "sud", Some("another direction")),
            ("north", "nord", None),
            ("womens", "men", Some("another sex")),
            ("daniel", "daniela", Some("another first name")),
            ("alice", "alicia", None),
            ("sodium", "potassium", Some("another substance")),
            ("sodium", "river", None),
        ] {
            assert_eq!(exclude(a, alternatives(a), b), expected, "{a} {b}");
        }
    }

    #[test]
    fn beginnings_and_endings_make_another_thing_of_a_stem() {
        for (a, b, expected) in [
            ("hyperthermia", "hypothermia", Some("another prefix")),
            ("chlorate", "chloride", Some("another ending")),
            ("chloride", "chlorides", None),
            ("thermia", "hyperthermia", None),
        ] {
            assert_eq!(exclude_by_affix(a, b), expected, "{a} {b}");
        }
    }

    #[test]
    fn enzymes_are_known_by_their_ending() {
        for (word, expected) in
            [("lactase", true), ("kinases", true), ("diseases", false), ("phase", false), ("base", false)]
        {
            assert_eq!(is_enzyme(word), expected, "{word}");
        }
    }

    #[test]
    fn every_table_says_where_it_comes_from() {
        for table in [
            include_str!("exclusive_words.tsv"),
            include_str!("exclusive_first_names.tsv"),
            include_str!("exclusive_affixes.tsv"),
            include_str!("place_modifiers.tsv"),
            include_str!("ordinary_words.tsv"),
            include_str!("editions.tsv"),
            include_str!("trade_words.tsv"),
            include_str!("compound_elements.tsv"),
            include_str!("east_asian_surnames.tsv"),
        ] {
            let first = table.lines().next().unwrap_or_default();
            assert!(first.starts_with("# ") && first.contains("From "), "{first}");
        }
    }
}
