//! Spelling: words that differ in nothing but how languages write one sound, or in the ending that a language gives a word
//! of Latin or Greek (*sulfate* and *sulphate*, *Ibuprofeno* and *ibuprofen*).

/// Endings that languages give a word.
const ENDINGS: [&[u8]; 11] = [b"um", b"us", b"is", b"es", b"as", b"os", b"a", b"e", b"i", b"o", b"s"];
/// Words of more letters are seldom names that differ in one.
const SHORT: usize = 7;
/// Letters that must be left before an ending.
const STEM: usize = 4;

/// Returns whether two words of lower-case letters are one in another spelling.
pub(crate) fn is_one_word(a: &[u8], b: &[u8]) -> bool {
    folded(stem(a)).eq(folded(stem(b)))
}

/// Returns whether two words are one but for how languages write its sounds; an ending makes another one of a name.
pub(crate) fn is_one_sound(a: &[u8], b: &[u8]) -> bool {
    folded(a).eq(folded(b))
}

/// Returns whether two words are one of which one spells its umlauts with an *e*: *Joerg* and *Jorg*.
pub(crate) fn is_umlaut_spelled(a: &[u8], b: &[u8]) -> bool {
    fn plain(word: &[u8]) -> impl Iterator<Item = u8> + '_ {
        let is_dropped = |at: usize| at > 0 && word[at] == b'e' && matches!(word[at - 1], b'a' | b'o' | b'u');
        (0..word.len()).filter(move |at| !is_dropped(*at)).map(|at| word[at])
    }
    a.len() != b.len() && plain(a).eq(plain(b))
}

/// Returns whether two short words are one in another spelling, as two surnames are; a long one is rather misspelt.
pub(crate) fn is_another_spelling(a: &[u8], b: &[u8]) -> bool {
    a != b && a.len().max(b.len()) <= SHORT && a.first() != a.get(1) && is_one_word(a, b)
}

/// Returns whether two short words differ in one letter, which is a vowel in both or a consonant in both: a slip of the
/// finger seldom leaves a word that may be a name.
pub(crate) fn has_other_letter(a: &[u8], b: &[u8]) -> bool {
    const VERY_SHORT: usize = 5;
    let is_vowel = |letter: u8| matches!(letter, b'a' | b'e' | b'i' | b'o' | b'u' | b'y');
    let is_letter = |letter: u8| letter.is_ascii_lowercase();
    if a.len() != b.len() {
        return a.len().max(b.len()) <= VERY_SHORT && a.iter().chain(b).all(|letter| is_letter(*letter));
    }
    let mut other = a.iter().zip(b).filter(|(x, y)| x != y);
    match (other.next(), other.next()) {
        (Some((x, y)), None) => a.len() <= SHORT && is_letter(*x) && is_letter(*y) && is_vowel(*x) == is_vowel(*y),
        _ => false,
    }
}

/// Endings of forms of one word: *history* and *historical*, *physics* and *physical*.
const FORMS: [&str; 38] = [
    "", "e", "y", "s", "es", "ies", "ed", "er", "ers", "or", "ors", "ing", "ings", "al", "ial", "ical", "ic", "ics",
    "ly", "ity", "ty", "ness", "ment", "ion", "ation", "ive", "ative", "ant", "ent", "ance", "ence", "ist", "ism",
    "ian", "an", "able", "ous", "ary",
];

/// Returns whether two words are forms of one: they begin alike and end as forms do.
pub(crate) fn are_forms_of_one(a: &str, b: &str) -> bool {
    let n_common = a.bytes().zip(b.bytes()).take_while(|(x, y)| x == y).count();
    (STEM..=n_common).any(|at| FORMS.contains(&&a[at..]) && FORMS.contains(&&b[at..]))
}

/// Returns whether two words of some length differ in two letters that stand next to each other and are exchanged: a slip of the
/// fingers.
pub(crate) fn has_exchanged_letters(a: &[u8], b: &[u8]) -> bool {
    const SOME: usize = 5;
    let Some(at) = a.iter().zip(b).position(|(x, y)| x != y) else { return false };
    a.len() == b.len()
        && a.len() >= SOME
        && at + 1 < a.len()
        && (a[at], a[at + 1]) == (b[at + 1], b[at])
        && a[at + 2..] == b[at + 2..]
}

fn stem(word: &[u8]) -> &[u8] {
    let stems = ENDINGS.iter().filter_map(|ending| word.strip_suffix(*ending));
    stems.filter(|stem| stem.len() >= STEM).min_by_key(|stem| stem.len()).unwrap_or(word)
}

/// Returns the letters of a word as one language would write its sounds: no doubled letters, no *ph*, *th*, *ae*.
fn folded(word: &[u8]) -> impl Iterator<Item = u8> + '_ {
    let (mut at, mut last) = (0, 0);
    std::iter::from_fn(move || {
        while at < word.len() {
            let next = word.get(at + 1).copied().unwrap_or(0);
            let (letter, n) = match (word[at], next) {
                (b'p', b'h') => (b'f', 2),
                (b't', b'h') => (b't', 2),
                (b'c' | b'k', b'h' | b'k') => (b'k', 2),
                (b'a' | b'o', b'e') => (b'e', 2),
                (b'c', _) => (b'k', 1),
                (b'y' | b'j', _) => (b'i', 1),
                (b'z', _) => (b's', 1),
                (b'w', _) => (b'v', 1),
                (letter, _) => (letter, 1),
            };
            at += n;
            if letter != last {
                last = letter;
                return Some(letter);
            }
        }
        None
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn umlauts_are_spelled_with_an_e() {
        for (a, b, expected) in
            [("joerg", "jorg", true), ("mueller", "muller", true), ("moller", "muller", false), ("elm", "elm", false)]
        {
            assert_eq!(is_umlaut_spelled(a.as_bytes(), b.as_bytes()), expected, "{a} {b}");
        }
    }

    #[test]
    fn exchanged_letters_are_a_slip() {
        for (a, b, expected) in [
            ("elmwood", "elwmood", true),
            ("elmwood", "elmwodo", true),
            ("elmwood", "elwmodo", false),
            ("elmwood", "elmwood", false),
            ("ashy", "ahsy", false),
        ] {
            assert_eq!(has_exchanged_letters(a.as_bytes(), b.as_bytes()), expected, "{a} {b}");
        }
    }

    #[test]
    fn forms_of_one_word_are_one() {
        for (a, b, expected) in [
            ("lantern", "lanterns", true),
            ("history", "historical", true),
            ("elmist", "elmic", false),
            ("employee", "employer", false),
            ("paradise", "paradox", false),
        ] {
            assert_eq!(are_forms_of_one(a, b), expected, "{a} {b}");
        }
    }

    #[test]
    fn spellings_of_one_word_are_one() {
        for (a, b, expected) in [
            ("sulphate", "sulfate", true),
            ("ibuprofeno", "ibuprofen", true),
            ("lanternum", "lanterne", true),
            ("oedema", "edema", true),
            ("elmwoodd", "elmwood", true),
            ("thorp", "thorpe", true),
            ("elmwood", "ellwood", false),
            ("lantern", "lectern", false),
            ("ana", "ann", false),
        ] {
            assert_eq!(is_one_word(a.as_bytes(), b.as_bytes()), expected, "{a} {b}");
        }
    }
}
