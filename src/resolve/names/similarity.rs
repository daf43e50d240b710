//! Similarity of short ASCII strings, bit-parallel: up to 64 letters take one machine word.
//!
//! Optimal string alignment (insert, delete, replace, swap neighbours) after H. Hyyrö, "A bit-vector algorithm for
//! computing Levenshtein and Damerau edit distances", 2003. Longer strings are compared by their first 64 letters.

/// The positions of each letter of a pattern, made once and compared with many texts.
#[derive(Clone)]
pub(crate) struct Pattern {
    masks: [u64; 40],
    len: usize,
    /// Which letters there are, a bit each.
    letters: u64,
}

/// Maps letters, digits and the rest to 0..40.
#[inline]
fn slot(byte: u8) -> usize {
    match byte {
        b'a'..=b'z' => (byte - b'a') as usize,
        b'0'..=b'9' => (byte - b'0') as usize + 26,
        _ => 36 + (byte & 3) as usize,
    }
}

/// Returns which letters a text has, a bit each; some rare ones share one.
pub(crate) fn letters_of(text: &[u8]) -> u64 {
    text.iter().fold(0, |letters, byte| letters | 1 << slot(*byte))
}

impl Default for Pattern {
    fn default() -> Self {
        Pattern { masks: [0; 40], len: 0, letters: 0 }
    }
}

impl Pattern {
    /// Prepares a pattern.
    pub(crate) fn new(text: &[u8]) -> Pattern {
        let mut pattern = Pattern::default();
        pattern.set(text);
        pattern
    }

    /// Prepares this pattern anew.
    pub(crate) fn set(&mut self, text: &[u8]) {
        self.masks = [0; 40];
        self.len = text.len().min(64);
        for (at, byte) in text.iter().take(64).enumerate() {
            self.masks[slot(*byte)] |= 1 << at;
        }
        self.letters = letters_of(&text[..self.len]);
    }

    /// Returns the edit distance to a text.
    pub(crate) fn distance(&self, text: &[u8]) -> usize {
        let text = &text[..text.len().min(64)];
        if self.len == 0 {
            return text.len();
        }
        let last = 1u64 << (self.len - 1);
        let (mut vp, mut vn, mut d0, mut before) = (!0u64, 0u64, 0u64, 0u64);
        let mut distance = self.len;
        for byte in text {
            let mask = self.masks[slot(*byte)];
            let swap = ((!d0 & mask) << 1) & before;
            d0 = ((mask & vp).wrapping_add(vp) ^ vp) | mask | vn | swap;
            let hp = vn | !(d0 | vp);
            let hn = d0 & vp;
            distance += usize::from(hp & last != 0);
            distance -= usize::from(hn & last != 0);
            let hp = (hp << 1) | 1;
            vp = (hn << 1) | !(d0 | hp);
            vn = hp & d0;
            before = mask;
        }
        distance
    }

    /// Returns whether the similarity to a text can reach a bound at all: each letter that only one of them has takes an
    /// edit of its own, as does each by which one is longer.
    pub(crate) fn may_reach(&self, text: &[u8], bound: f32) -> bool {
        let len = text.len().min(64);
        let letters = letters_of(&text[..len]);
        let only_one = (self.letters & !letters).count_ones().max((letters & !self.letters).count_ones());
        let edits = self.len.abs_diff(len).max(only_one as usize);
        1.0 - edits as f32 / self.len.max(len).max(1) as f32 >= bound
    }

    /// Returns 1 for equal strings, 0 for strings that share nothing.
    pub(crate) fn similarity(&self, text: &[u8]) -> f32 {
        let longest = self.len.max(text.len().min(64));
        if longest == 0 {
            return 0.0;
        }
        1.0 - self.distance(text) as f32 / longest as f32
    }

    /// Returns the length of the longest common subsequence as a share of both lengths (2 LCS / (a + b)).
    pub(crate) fn overlap(&self, text: &[u8]) -> f32 {
        let text = &text[..text.len().min(64)];
        if self.len + text.len() == 0 {
            return 0.0;
        }
        let mut state = !0u64;
        for byte in text {
            let mask = self.masks[slot(*byte)];
            let both = state & mask;
            state = state.wrapping_add(both) | (state - both);
        }
        let width = if self.len == 64 { !0 } else { (1u64 << self.len) - 1 };
        let common = (!state & width).count_ones();
        2.0 * common as f32 / (self.len + text.len()) as f32
    }
}

/// Writes a word as it was before a scanner misread it.
pub(crate) fn as_read(word: &[u8], out: &mut Vec<u8>) {
    out.clear();
    out.extend(Reading { rest: word });
}

/// Letters of a word as they were before a scanner misread them: `rn` for m, `vv` for w, `cl` for d, digits for the letters
/// they resemble. A word may have meant what it says; this is one more reading of it.
struct Reading<'w> {
    rest: &'w [u8],
}

impl Iterator for Reading<'_> {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        let (letter, used) = match *self.rest {
            [] => return None,
            [b'r', b'n', ..] => (b'm', 2),
            [b'v', b'v', ..] => (b'w', 2),
            [b'c', b'l', ..] => (b'd', 2),
            [b'0', ..] => (b'o', 1),
            [b'1', ..] => (b'l', 1),
            [b'5', ..] => (b's', 1),
            [b'8', ..] => (b'b', 1),
            [b'6', ..] => (b'g', 1),
            [other, ..] => (other, 1),
        };
        self.rest = &self.rest[used..];
        Some(letter)
    }
}

/// Returns whether two words look alike to a scanner: the same once read, all strokes one letter.
pub(crate) fn look_alike(a: &[u8], b: &[u8]) -> bool {
    fn stroke(letter: u8) -> u8 {
        if matches!(letter, b'i' | b'j') { b'l' } else { letter }
    }
    if a.len().abs_diff(b.len()) > 2 {
        return false;
    }
    Reading { rest: a }.map(stroke).eq(Reading { rest: b }.map(stroke))
}

/// Returns whether `short` is `long` with letters left out, beginning alike, as in `mfg` of `manufacturing`.
pub(crate) fn is_contraction(short: &[u8], long: &[u8]) -> bool {
    if short.len() < 3 || short.len() >= long.len() || short[0] != long[0] {
        return false;
    }
    let mut rest = long.iter();
    short.iter().all(|letter| rest.any(|other| other == letter))
}

/// Returns whether only vowels are missing from `short`.
pub(crate) fn lacks_vowels_only(short: &[u8], long: &[u8]) -> bool {
    if short.len() < 2 || short.len() >= long.len() || short[0] != long[0] {
        return false;
    }
    let mut at = 0;
    for letter in long {
        if short.get(at) == Some(letter) {
            at += 1;
        } else if !matches!(letter, b'a' | b'e' | b'i' | b'o' | b'u' | b'y') && (at == 0 || short[at - 1] != *letter) {
            return false;
        }
    }
    at == short.len()
}

/// Returns the number of equal letters at the start.
pub(crate) fn common_prefix(a: &[u8], b: &[u8]) -> usize {
    a.iter().zip(b).take_while(|(x, y)| x == y).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_edits_and_swaps() {
        for (a, b, expected) in [
            ("", "", 0),
            ("abc", "", 3),
            ("", "abc", 3),
            ("kitten", "sitting", 3),
            ("michael", "micheal", 1),
            ("abcd", "abcd", 0),
            ("ca", "abc", 3),
        ] {
            assert_eq!(Pattern::new(a.as_bytes()).distance(b.as_bytes()), expected, "{a} {b}");
        }
    }

    #[test]
    fn agrees_with_the_plain_algorithm() {
        let words = ["jonathan", "johnathon", "x900", "international", "intrnatoinal", "a", "zz"];
        for a in words {
            for b in words {
                assert_eq!(Pattern::new(a.as_bytes()).distance(b.as_bytes()), strsim::osa_distance(a, b), "{a} {b}");
            }
        }
    }

    #[test]
    fn no_similarity_is_out_of_reach() {
        let words = ["jonathan", "johnathon", "x900", "international", "intrnatoinal", "a", "zz", "", &"ab".repeat(50)];
        for a in words {
            for b in words {
                let pattern = Pattern::new(a.as_bytes());
                assert!(pattern.may_reach(b.as_bytes(), pattern.similarity(b.as_bytes())), "{a} {b}");
            }
        }
        assert!(!Pattern::new(b"elmwood rovers").may_reach(b"quist city gulls", 0.8));
    }

    #[test]
    fn overlap_is_the_common_subsequence() {
        assert!((Pattern::new(b"abcd").overlap(b"acd") - 6.0 / 7.0).abs() < 1e-6);
        assert!((Pattern::new(&[b'a'; 64]).overlap(&[b'a'; 64]) - 1.0).abs() < 1e-6);
    }

    #[test]
    fn a_scanner_misreads() {
        for (a, b) in
            [("srnith", "smith"), ("0cean", "ocean"), ("mi11er", "miller"), ("cawson", "cawson"), ("ovven", "owen")]
        {
            assert!(look_alike(a.as_bytes(), b.as_bytes()), "{a} {b}");
        }
        assert!(!look_alike(b"smith", b"smyth"));
    }

    #[test]
    fn contractions_are_seen() {
        assert!(is_contraction(b"mfg", b"manufacturing"));
        assert!(!is_contraction(b"mgf", b"manufacturing"));
        assert!(!lacks_vowels_only(b"machs", b"machs e".split(|b| *b == b' ').next().unwrap_or_default()));
        assert!(lacks_vowels_only(b"nrth", b"north"));
        assert!(lacks_vowels_only(b"hldng", b"holding"));
        assert!(!lacks_vowels_only(b"hdng", b"holding"));
    }
}
