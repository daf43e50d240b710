//! Kana in Roman letters, by the Hepburn system: `deunicode` reads letter by letter, and makes *teitupunesu* of *Tipness*.

/// Syllables of the katakana from small `a` to `v` with a stroke, in the order of Unicode; small letters are below.
const SYLLABLES: [&str; 86] = [
    "a", "a", "i", "i", "u", "u", "e", "e", "o", "o", "ka", "ga", "ki", "gi", "ku", "gu", "ke", "ge", "ko", "go", "sa",
    "za", "shi", "ji", "su", "zu", "se", "ze", "so", "zo", "ta", "da", "chi", "ji", "", "tsu", "zu", "te", "de", "to",
    "do", "na", "ni", "nu", "ne", "no", "ha", "ba", "pa", "hi", "bi", "pi", "fu", "bu", "pu", "he", "be", "pe", "ho",
    "bo", "po", "ma", "mi", "mu", "me", "mo", "ya", "ya", "yu", "yu", "yo", "yo", "ra", "ri", "ru", "re", "ro", "wa",
    "wa", "i", "e", "o", "n", "vu", "ka", "ke",
];
const FIRST: u32 = 0x30a1;
/// Distance of the katakana from the hiragana.
const HIRAGANA: u32 = 0x60;
const DOUBLED: char = 'ッ';
const LONG: char = 'ー';

/// Reads the syllable that a text begins with and writes it in Roman letters; returns how many bytes it has, 0 where the
/// text begins with no kana.
pub(super) fn read(text: &str, out: &mut String) -> usize {
    let mut chars = text.chars();
    let Some(first) = chars.next() else { return 0 };
    if first == LONG {
        return first.len_utf8();
    }
    let Some(syllable) = syllable(first) else { return 0 };
    if katakana(first) == Some(DOUBLED) {
        // The next consonant is doubled; `ch` is written `tch`.
        let next = chars.next().and_then(self::syllable).and_then(|next| next.chars().next());
        out.extend(
            next.filter(|letter| !"aeiou".contains(*letter)).map(|letter| if letter == 'c' { 't' } else { letter }),
        );
        return first.len_utf8();
    }
    let Some((small, vowel)) = chars.next().and_then(|c| Some((c, small_vowel(katakana(c)?)?))) else {
        out.push_str(syllable);
        return first.len_utf8();
    };
    let start = match syllable {
        "u" => "w",
        _ => syllable.trim_end_matches(['a', 'e', 'i', 'o', 'u']),
    };
    if start.is_empty() {
        out.push_str(syllable);
        return first.len_utf8();
    }
    out.push_str(start);
    // `shi` and small `ya` are `sha`, `ki` and small `ya` are `kya`.
    let vowel = if start.ends_with('h') || start == "j" { vowel.trim_start_matches('y') } else { vowel };
    out.push_str(vowel);
    first.len_utf8() + small.len_utf8()
}

fn katakana(c: char) -> Option<char> {
    match c {
        '\u{30a1}'..='\u{30f6}' => Some(c),
        '\u{3041}'..='\u{3096}' => char::from_u32(u32::from(c) + HIRAGANA),
        _ => None,
    }
}

fn syllable(c: char) -> Option<&'static str> {
    SYLLABLES.get((u32::from(katakana(c)?) - FIRST) as usize).copied()
}

/// Returns what a small letter makes of the syllable before it.
fn small_vowel(c: char) -> Option<&'static str> {
    Some(match c {
        'ァ' => "a",
        'ィ' => "i",
        'ゥ' => "u",
        'ェ' => "e",
        'ォ' => "o",
        'ャ' => "ya",
        'ュ' => "yu",
        'ョ' => "yo",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn kana_are_written_as_hepburn_writes_them() {
        for (text, expected) in [
            ("ティップ", "tippu"),
            ("マッチ", "matchi"),
            ("ジュエル", "jueru"),
            ("シャンブル", "shanburu"),
            ("ウェンディ", "wendi"),
            ("ヴァイオリン", "vaiorin"),
            ("きょうと", "kyouto"),
            ("ファ", "fa"),
            ("ヴォ", "vo"),
            ("コーヒー", "kohi"),
            ("ッ", ""),
            ("アァ", "aa"),
            ("ヶ", "ke"),
        ] {
            let (mut out, mut rest) = (String::new(), text);
            while !rest.is_empty() {
                let read = super::read(rest, &mut out);
                assert!(read > 0, "{text}");
                rest = &rest[read..];
            }
            assert_eq!(out, expected, "{text}");
        }
        assert_eq!(super::read("x", &mut String::new()), 0);
    }
}
