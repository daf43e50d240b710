//! Names that a syllabic script has passed through, as they are transliterated back: Chinese written syllable by syllable
//! and small (*mei sen lin gen*) or with hyphens (*Wei-hsing*), Japanese and Korean with a vowel behind every consonant (*fearufirudo*). Their syllables
//! are no words, their letters are few of the original's, and what remains is the order of the families of consonants.

use crate::resolve::names::phonetic;
use crate::resolve::names::token::Name;

/// Syllables of Chinese behind a name: a city, a county, a district, a town.
const KINDS: [&str; 7] = ["shi", "shih", "xian", "hsien", "qu", "zhen", "chen"];
/// Sounds of a name, at least: of fewer too many names are made.
const SOUNDS: usize = 3;
/// Letters of a name that is no Chinese, and its sounds, at least.
const LETTERS: usize = 6;
const SOUNDS_OF_WORDS: usize = 4;

/// Makes one word of a name that is nothing but syllables of Chinese, small or with hyphens; a word for its kind stays alone.
pub(super) fn join(name: &mut Name, text: &str) {
    let n_tokens = name.tokens.len();
    let is_small = || text.bytes().all(|byte| byte.is_ascii_lowercase() || matches!(byte, b' ' | b'-' | b'\''));
    let is_hyphened = || name.tokens[..n_tokens - 1].iter().all(|token| token.hyphened);
    if n_tokens < 2 || !is_hyphened() && !is_small() {
        return;
    }
    let is_kind = n_tokens > 2 && KINDS.contains(&name.text(&name.tokens[n_tokens - 1]));
    let n_joined = n_tokens - usize::from(is_kind);
    let mut sounds = Sounds::default();
    let are_syllables = name.tokens[..n_joined].iter().all(|token| sounds.take(name.text(token)));
    let len: usize = name.tokens[..n_joined].iter().map(|token| usize::from(token.len())).sum();
    let Ok(len) = u8::try_from(len) else { return };
    if !are_syllables || name.tokens[..n_joined].iter().any(|token| token.segment != 0 || token.aside) {
        return;
    }
    name.tokens[0].len = len;
    name.tokens[0].hyphened = false;
    name.tokens.drain(1..n_joined);
    name.sounds = sounds.read();
}

/// Families of consonants of a name, in their order: those of Chinese that was joined, or of small words as Japanese and
/// Korean are transliterated. Two of them where it is open what an *ng* was.
pub(crate) fn sounds<'n>(name: &'n Name, is_small: bool, words: impl Iterator<Item = &'n str>) -> Vec<Vec<u8>> {
    if !name.sounds.is_empty() || !is_small {
        return name.sounds.clone();
    }
    let (mut bones, mut letters) = (Vec::new(), 0);
    for word in words {
        if !is_open(word.as_bytes()) {
            return Vec::new();
        }
        letters += word.len();
        phonetic::skeleton(word.as_bytes(), &mut bones);
    }
    let mut wide = Vec::with_capacity(bones.len());
    phonetic::coarse(&bones, &mut wide);
    wide.dedup();
    if letters < LETTERS || wide.len() < SOUNDS_OF_WORDS { Vec::new() } else { vec![wide] }
}

fn is_vowel(letter: u8) -> bool {
    matches!(letter, b'a' | b'e' | b'i' | b'o' | b'u')
}

/// Returns whether a word may be Japanese or Korean for one of another language.
fn is_open(word: &[u8]) -> bool {
    is_japanese(word) || is_korean(word)
}

/// A vowel behind every consonant, and a *u* or *o* for what the other language has none for.
fn is_japanese(word: &[u8]) -> bool {
    let is_letter = |at: usize| match word[at] {
        b'c' => word.get(at + 1) == Some(&b'h'),
        b'h' => at == 0 || !matches!(word[at - 1], b't' | b'p' | b'k' | b'g' | b'b' | b'd'),
        letter => letter.is_ascii_lowercase() && !matches!(letter, b'l' | b'q' | b'v' | b'x'),
    };
    let is_behind_vowel = |two: &[u8]| {
        is_vowel(two[0])
            || is_vowel(two[1])
            || two[0] == two[1]
            || two[0] == b'n'
            || matches!(two[1], b'y' | b'h')
            || two == b"ts"
    };
    let is_filled = |three: &[u8]| three[1] == b'u' && !is_vowel(three[0]) && !is_vowel(three[2]) && three[0] != b'y';
    let ends = word.last();
    (0..word.len()).all(is_letter)
        && ends.is_some_and(|last| is_vowel(*last) || *last == b'n')
        && word.windows(2).all(is_behind_vowel)
        && (matches!(ends, Some(b'u' | b'o')) || word.windows(3).any(is_filled))
}

/// An *eu* or *eo*, no letter that Korean has not, and nowhere more consonants than end one syllable and begin the next.
fn is_korean(word: &[u8]) -> bool {
    let is_letter = |at: usize| match word[at] {
        b'c' => word.get(at + 1) == Some(&b'h'),
        letter => letter.is_ascii_lowercase() && !matches!(letter, b'f' | b'q' | b'v' | b'x' | b'z'),
    };
    let is_cluster = |letters: &[u8]| letters.iter().all(|letter| !is_vowel(*letter) && !matches!(letter, b'h' | b'g'));
    word.windows(2).any(|two| matches!(two, b"eu" | b"eo"))
        && (0..word.len()).all(is_letter)
        && !word.windows(3).any(is_cluster)
        && !word.first_chunk::<2>().is_some_and(|two| is_cluster(two))
}

/// Sounds of the syllables of a Chinese name so far, with *ng* as one sound and as two.
#[derive(Default)]
struct Sounds {
    plain: Vec<u8>,
    with_g: Vec<u8>,
}

impl Sounds {
    /// Adds a syllable; false where it is none.
    fn take(&mut self, syllable: &str) -> bool {
        let n_initial = match syllable.as_bytes() {
            [b'z' | b'c' | b's', b'h', ..] | [b'h' | b's', b's', ..] | [b't', b's' | b'z', ..] => 2,
            [first, ..] if !b"aeo".contains(first) => 1,
            _ => 0,
        };
        let (initial, end) = syllable.split_at(n_initial);
        if !FINALS.split_whitespace().any(|other| other == end) {
            return false;
        }
        let is_first = self.plain.is_empty();
        let sound = match (initial, end) {
            ("b" | "p" | "f" | "w", _) | ("h", "ua" | "uai" | "uan" | "uang" | "ui") => Some(b'p'),
            ("m" | "n", _) => Some(b'n'),
            ("d" | "t", _) => Some(b't'),
            ("g" | "k", _) => Some(b'k'),
            ("l" | "r", _) => Some(b'l'),
            ("j" | "q" | "x" | "z" | "c" | "s" | "zh" | "ch" | "sh" | "hs" | "ss" | "ts" | "tz", _) => Some(b's'),
            ("h", _) => None,
            ("y" | "", _) if is_first => Some(b'a'),
            ("y" | "", _) => None,
            _ => return false,
        };
        self.plain.extend(sound);
        self.with_g.extend(sound);
        let behind: (&[u8], &[u8]) = match end {
            "er" | "erh" => (b"l", b"l"),
            _ if end.ends_with("ng") => (b"n", b"nk"),
            _ if end.ends_with('n') => (b"n", b"n"),
            _ => (b"", b""),
        };
        self.plain.extend(behind.0);
        self.with_g.extend(behind.1);
        true
    }

    fn read(mut self) -> Vec<Vec<u8>> {
        self.plain.dedup();
        self.with_g.dedup();
        let is_one = self.plain == self.with_g;
        let mut read = vec![self.plain, self.with_g];
        read.truncate(2 - usize::from(is_one));
        read.retain(|sounds| sounds.len() >= SOUNDS);
        read
    }
}

/// Ends of the syllables of Chinese, in pinyin and after Wade and Giles.
const FINALS: &str = "a o e i u v ai ei ui ao ou iu ie ue ve er an en in un vn ang eng ing ong ia iao ian iang iong ua uo \
    uai uan uang ung ien ieh ueh uei erh ih eh iung";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn syllables_of_chinese_are_one_word() {
        for (text, words, sounds) in [
            ("mei sen lin gen", "meisenlingen", "nsnlnkn"),
            ("hui xing dun", "huixingdun", "psntn psnktn"),
            ("ka er mu shi", "kaermu shi", "kln"),
            ("er mu ni", "ermuni", "aln"),
            ("Mei Sen Lin Gen", "mei sen lin gen", ""),
            ("mei sen river", "mei sen river", ""),
            ("lo wu", "lowu", ""),
            ("Kan-hsing-hsien", "kanhsing hsien", "knsn knsnk"),
            ("Wei-hsing Lin", "wei hsing lin", ""),
        ] {
            let name = Name::parse(text);
            let found: Vec<&str> = name.tokens.iter().map(|token| name.text(token)).collect();
            assert_eq!(found.join(" "), words, "{text}");
            let sounds_found: Vec<_> = name.sounds.iter().map(|s| String::from_utf8_lossy(s)).collect();
            assert_eq!(sounds_found.join(" "), sounds, "{text}");
        }
    }

    #[test]
    fn a_vowel_stands_behind_every_consonant() {
        for (word, expected) in [
            ("fearufirudo", true),
            ("rokkuriba", true),
            ("rantan", false),
            ("lanteleun", true),
            ("fairfield", false),
            ("bolton", false),
            ("melarone", false),
            ("leucorin", false),
        ] {
            assert_eq!(is_open(word.as_bytes()), expected, "{word}");
        }
    }
}
