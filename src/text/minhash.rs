//! Resemblance of texts by their shingles: a short signature of each, of which the share that agrees estimates how many
//! shingles two texts have in common.
//!
//! Shingles and resemblance are A. Z. Broder's ("On the resemblance and containment of documents", 1997). One hash of each
//! shingle serves all places of the signature (P. Li, A. Owen, C.-H. Zhang, "One permutation hashing", 2012), places that
//! stay empty take the value of another (A. Shrivastava, "Optimal densification for fast and accurate minwise hashing",
//! 2017), and of each value eight bits are kept (P. Li, C. König, "b-bit minwise hashing", 2010).

use super::cut::is_unspaced;
use super::fold::fold_char;

/// Places of a signature: two texts with half of their shingles in common are estimated with a standard error of 0.04.
pub(crate) const PLACES: usize = 128;

/// Words of a shingle. A character of a script without spaces is a word.
const SHINGLE: usize = 4;

/// Signature of a text.
pub(crate) type Signature = [u8; PLACES];

/// Returns the signature of a text; `None`: it has no words.
pub(crate) fn signature(text: &str) -> Option<Signature> {
    let mut lowest = [u64::MAX; PLACES];
    let mut last = [0u64; SHINGLE];
    let mut n_words = 0;
    each_word(text, |word| {
        last.rotate_left(1);
        last[SHINGLE - 1] = word;
        n_words += 1;
        if n_words >= SHINGLE {
            keep(&mut lowest, shingle(&last));
        }
    });
    match n_words {
        0 => return None,
        // A text shorter than a shingle is one.
        1..SHINGLE => keep(&mut lowest, shingle(&last)),
        _ => {}
    }
    let mut signature = [0; PLACES];
    for (at, place) in signature.iter_mut().enumerate() {
        let mut from = at;
        let mut n_tries = 0;
        while lowest[from] == u64::MAX {
            n_tries += 1;
            from = mix(at as u64 ^ (n_tries << 32)) as usize % PLACES;
        }
        // The place of a value is in its highest bits, its order in the lowest; these are neither.
        *place = (mix(lowest[from]) >> 24) as u8;
    }
    Some(signature)
}

/// Returns the estimated resemblance of two texts: the share of their shingles that both have, 0 to 1.
pub(crate) fn resemblance(a: &Signature, b: &Signature) -> f64 {
    let n_same = a.iter().zip(b).filter(|(a, b)| a == b).count();
    // One in 256 places agrees by chance.
    let by_chance = 1.0 / 256.0;
    ((n_same as f64 / PLACES as f64 - by_chance) / (1.0 - by_chance)).max(0.0)
}

fn keep(lowest: &mut [u64; PLACES], hash: u64) {
    let place = &mut lowest[(hash >> 57) as usize % PLACES];
    *place = (*place).min(hash & (u64::MAX >> 7));
}

fn shingle(words: &[u64; SHINGLE]) -> u64 {
    mix(words.iter().fold(0, |hash, word| mix(hash ^ word)))
}

/// Gives the hash of each word of a text: letters and digits, folded.
fn each_word(text: &str, mut visit: impl FnMut(u64)) {
    const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
    let (mut word, mut is_in_word, mut folded) = (BASIS, false, String::new());
    let add = |word: &mut u64, c: char| *word = (*word ^ u64::from(u32::from(c))).wrapping_mul(0x0100_0000_01b3);
    for c in text.chars() {
        if c.is_ascii_alphanumeric() {
            add(&mut word, c.to_ascii_lowercase());
            is_in_word = true;
            continue;
        }
        folded.clear();
        if !c.is_ascii() {
            fold_char(c, &mut folded);
            // Marks and what is hidden part no words.
            if folded.is_empty() {
                continue;
            }
        }
        let is_word = folded.chars().any(char::is_alphanumeric);
        if is_in_word && (!is_word || is_unspaced(c)) {
            visit(std::mem::replace(&mut word, BASIS));
            is_in_word = false;
        }
        if is_word {
            folded.chars().for_each(|c| add(&mut word, c));
            is_in_word = true;
            if is_unspaced(c) {
                visit(std::mem::replace(&mut word, BASIS));
                is_in_word = false;
            }
        }
    }
    if is_in_word {
        visit(word);
    }
}

/// Finalizer of SplitMix64 (Steele et al. 2014). Pinned: signatures are kept.
fn mix(mut z: u64) -> u64 {
    z = z.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn alike(a: &str, b: &str) -> f64 {
        resemblance(&signature(a).unwrap(), &signature(b).unwrap())
    }

    fn text(words: std::ops::Range<u32>) -> String {
        words.map(|n| format!("word{n} ")).collect()
    }

    #[test]
    fn resemblance_is_near_the_share_of_shingles_in_common() {
        for (a, b) in [(0..300, 0..300), (0..300, 30..330), (0..300, 100..400), (0..300, 250..600), (0..40, 5..45)] {
            let shingles = |range: &std::ops::Range<u32>| -> HashSet<u32> { (range.start..range.end - 3).collect() };
            let (x, y) = (shingles(&a), shingles(&b));
            let expected = x.intersection(&y).count() as f64 / x.union(&y).count() as f64;
            let found = alike(&text(a.clone()), &text(b.clone()));
            assert!((found - expected).abs() < 0.13, "{a:?} and {b:?}: {found:.2} for {expected:.2}");
        }
        assert!(alike(&text(0..500), &text(1000..1500)) < 0.05);
    }

    #[test]
    fn case_marks_and_punctuation_do_not_count_and_scripts_without_blanks_do() {
        for (a, b) in [
            ("The Große Bahn, to Łódź – at last!", "the grosse bahn to lodz at last"),
            ("Co\u{ad}operate with us on this", "cooperate with us on this"),
            ("美国宇航局在月球上建立基地。", "美国宇航局，在月球上建立基地"),
            ("Short", "short."),
        ] {
            assert_eq!(alike(a, b), 1.0, "{a} and {b}");
        }
        let (a, b) =
            ("美国宇航局昨天宣布将在月球南极建立第一个永久基地", "美国宇航局昨天宣布将在火星南极建立第一个永久基地");
        assert!((0.3..0.95).contains(&alike(a, b)), "{}", alike(a, b));
        assert!(alike("นักบินอวกาศเดินทางไปดวงจันทร์", "ราคาน้ำมันขึ้นอีกครั้งในวันนี้") < 0.3);
        assert_eq!((signature(""), signature(" … ")), (None, None));
    }

    #[test]
    fn a_signature_is_the_same_in_every_version() {
        let signature = signature("Pinned: signatures are kept in the database, whoever made them.").unwrap();
        let sum = signature.iter().fold(0u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(*byte)));
        assert_eq!(sum, 15_219_470_948_232_330_173);
    }
}
