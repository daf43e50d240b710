//! Slavic surnames in the spellings of several languages: *Gorchakov*, *Gortschakow*, *Gortchakoff* are one name.

use std::sync::LazyLock;

use crate::resolve::names::table::rows;

/// Letters that a name must have: short ones meet by chance.
const SHORTEST: usize = 7;

static SPELLINGS: LazyLock<Vec<(&'static [u8], u8)>> = LazyLock::new(|| {
    let mut spellings = Vec::new();
    for mut row in rows(include_str!("transliterations.tsv")) {
        let sign = row.next().map_or(b'?', |sign| sign.as_bytes()[0]);
        spellings.extend(row.map(|spelling| (spelling.as_bytes(), sign)));
    }
    spellings.sort_by_key(|(spelling, _)| std::cmp::Reverse(spelling.len()));
    spellings
});

/// The signs of a lower-case ASCII word, doubled ones once. A *y* or *j* within a row of *i* is one with it.
fn signs(word: &[u8]) -> impl Iterator<Item = u8> + '_ {
    let (mut at, mut last) = (0, 0);
    std::iter::from_fn(move || {
        while at < word.len() {
            let rest = &word[at..];
            let found = SPELLINGS.iter().find(|(spelling, _)| rest.starts_with(spelling));
            let (sign, used) = found.map_or((rest[0], 1), |(spelling, sign)| (*sign, spelling.len()));
            at += used;
            if sign != last {
                last = sign;
                return Some(sign);
            }
        }
        None
    })
}

/// Returns whether a word is long and ends as Slavic surnames do.
pub(crate) fn is_slavic(word: &[u8]) -> bool {
    const ENDINGS: [&[u8]; 10] = [b"ski", b"sky", b"skij", b"skiy", b"skyi", b"skyy", b"ov", b"ev", b"ow", b"ew"];
    const MORE: [&[u8]; 8] = [b"off", b"eff", b"vich", b"vic", b"witsch", b"vitch", b"enko", b"in"];
    word.len() >= SHORTEST && ENDINGS.iter().chain(&MORE).any(|ending| word.ends_with(ending))
}

/// Returns whether two words are one Slavic surname, each in the spelling of some language.
pub(crate) fn is_one_surname(a: &[u8], b: &[u8]) -> bool {
    is_slavic(a) && is_slavic(b) && signs(a).eq(signs(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_surname_meet() {
        for (a, b, expected) in [
            ("gorchakov", "gortschakow", true),
            ("gorchakov", "gortchakoff", true),
            ("mayevskiy", "majewski", true),
            ("mayevsky", "majewskij", true),
            ("gorchakov", "goryachev", false),
            ("steiner", "stainer", false),
        ] {
            assert_eq!(is_one_surname(a.as_bytes(), b.as_bytes()), expected, "{a} {b}");
        }
    }
}
