//! Chinese names in their spellings: Pinyin (*Deng Xiaoping*), Wade and Giles (*Teng Hsiao-p'ing*), and Palladius, as Russian
//! writes them (*Дэн Сяопин*); and names of places with what they are behind them (*Xinyang Shi*).

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::resolve::names::table::rows;

/// Kinds of places of China, as syllables behind a name: a town with the seat of its county, a city, a county, a district, a
/// township, a subdistrict.
const KINDS: [&[&str]; 8] = [
    &["cheng", "guan", "zhen"],
    &["xian", "cheng"],
    &["jie", "dao"],
    &["shi"],
    &["xian"],
    &["qu"],
    &["zhen"],
    &["xiang"],
];

/// Syllables of a name, at least: what is left of *Li Zhen* is anybody.
const SYLLABLES: usize = 2;

/// Letters that are rare but in Pinyin.
const OF_PINYIN: [u8; 3] = *b"qxz";

/// Apostrophes behind an aspirated sound.
const ASPIRATION: [char; 6] = ['\'', '’', '‘', 'ʻ', 'ʼ', '`'];

/// Bytes of a syllable in any spelling, at most.
const LONGEST: usize = 10;

/// Syllables in Pinyin by each of their spellings, and the first one after Wade and Giles by Pinyin.
struct Syllables {
    wade_giles: HashMap<&'static str, &'static str>,
    palladius: HashMap<&'static str, &'static str>,
    pinyin: HashMap<&'static str, &'static str>,
}

static SYLLABLES_OF: LazyLock<Syllables> = LazyLock::new(|| {
    let mut all = Syllables { wade_giles: HashMap::new(), palladius: HashMap::new(), pinyin: HashMap::new() };
    for mut row in rows(include_str!("chinese_syllables.tsv")) {
        let [pinyin, others, russian] = [(); 3].map(|()| row.next().unwrap_or_default());
        all.wade_giles.extend(others.split(' ').map(|other| (other, pinyin)));
        all.palladius.insert(russian, pinyin);
        all.pinyin.entry(pinyin).or_insert(others.split(' ').next().unwrap_or_default());
    }
    all
});

/// Another spelling of a name.
#[derive(Debug, PartialEq)]
pub(crate) struct Spelling {
    pub(crate) text: String,
    /// True where only a place is written so.
    pub(crate) is_place: bool,
}

/// Returns the other spellings of a mention; `words` are its words as they were read, small and without marks.
pub(crate) fn spellings<'w>(text: &str, words: impl Iterator<Item = &'w str> + Clone) -> Vec<Spelling> {
    let mut found = Vec::new();
    let mut put = |text: String, is_place: bool| found.push(Spelling { text, is_place });
    let syllables = if let Some(read) = from_wade_giles(text) {
        put(written(&read), false);
        read
    } else if let Some(read) = from_palladius(text) {
        put(written(&read), false);
        put(in_wade_giles(&read), false);
        read
    } else {
        let last = words.clone().last().unwrap_or_default();
        let has_kind = KINDS.iter().any(|kind| kind.ends_with(&[last]));
        let is_pinyin = text.bytes().any(|byte| OF_PINYIN.contains(&byte.to_ascii_lowercase()));
        if !has_kind && !is_pinyin {
            return found;
        }
        let Some(read) = words.map(own_syllables).collect::<Option<Vec<_>>>() else { return found };
        if is_pinyin && read.iter().map(Vec::len).sum::<usize>() >= SYLLABLES {
            put(in_wade_giles(&read), false);
        }
        read
    };
    let all = syllables.concat();
    if let Some(kind) = KINDS.iter().find(|kind| all.ends_with(kind))
        && all.len() - kind.len() >= SYLLABLES
    {
        put(all[..all.len() - kind.len()].concat(), true);
    }
    found
}

fn written(words: &[Vec<&str>]) -> String {
    words.iter().map(|word| word.concat()).collect::<Vec<_>>().join(" ")
}

/// Writes words after Wade and Giles, where apostrophes and marks may be left out.
fn in_wade_giles(words: &[Vec<&str>]) -> String {
    let of_syllable = |syllable: &&str| SYLLABLES_OF.pinyin.get(syllable).copied().unwrap_or_default();
    let of_word = |word: &Vec<&str>| word.iter().map(of_syllable).collect::<Vec<_>>().join("-");
    words.iter().map(of_word).collect::<Vec<_>>().join(" ")
}

/// Reads a name after Wade and Giles as the syllables of its words in Pinyin; none where it is no such name, or the same in
/// both. There the syllables of a word stand between hyphens, which Pinyin has not.
fn from_wade_giles(text: &str) -> Option<Vec<Vec<&'static str>>> {
    if !text.contains('-') && !text.contains(ASPIRATION) {
        return None;
    }
    let text: String = text.to_lowercase().chars().map(|c| if ASPIRATION.contains(&c) { '\'' } else { c }).collect();
    let of_syllable = |syllable: &str| SYLLABLES_OF.wade_giles.get(syllable).copied();
    let of_word = |word: &str| word.split('-').map(of_syllable).collect::<Option<Vec<_>>>();
    let words: Vec<Vec<&str>> = text.split_whitespace().map(of_word).collect::<Option<_>>()?;
    let is_same = words.iter().map(|word| word.join("-")).collect::<Vec<_>>().join(" ") == text;
    (!is_same && words.iter().map(Vec::len).sum::<usize>() >= SYLLABLES).then_some(words)
}

/// Reads a name after Palladius so.
fn from_palladius(text: &str) -> Option<Vec<Vec<&'static str>>> {
    if !text.starts_with(|c: char| ('\u{400}'..'\u{460}').contains(&c)) {
        let text = text.to_lowercase();
        let is_from_russian = FROM_RUSSIAN.iter().any(|letters| text.contains(letters));
        // Which of the two letters for *e* stood there the romanization does not say.
        let read = |e: &str| from_palladius(&in_cyrillic(&text).replace('e', e));
        return if is_from_russian { read("э").or_else(|| read("е")) } else { None };
    }
    let text = text.to_lowercase();
    let words = text.split(|c: char| c.is_whitespace() || c == '-').filter(|word| !word.is_empty());
    let of_word =
        |word: &str| cut(word, &SYLLABLES_OF.palladius).map(|cut| cut.into_iter().map(|(_, pinyin)| pinyin).collect());
    let words: Vec<Vec<&str>> = words.map(of_word).collect::<Option<_>>()?;
    (words.iter().map(Vec::len).sum::<usize>() >= SYLLABLES).then_some(words)
}

/// Cuts a word of Pinyin into its syllables.
fn own_syllables(word: &str) -> Option<Vec<&str>> {
    cut(word, &SYLLABLES_OF.pinyin).map(|cut| cut.into_iter().map(|(own, _)| own).collect())
}

/// Letters of Russian names of China in Latin ones, as English and as scholars write them, that Pinyin has not.
const FROM_RUSSIAN: [&str; 8] = ["chzh", "tsz", "cz", "cj", "kh", "eh", "sy", "sj"];

/// Writes such a name with Cyrillic letters, but for an *e*.
fn in_cyrillic(text: &str) -> String {
    const LETTERS: [(&str, &str); 38] = [
        ("ts", "ц"),
        ("zh", "ж"),
        ("kh", "х"),
        ("ch", "ч"),
        ("sh", "ш"),
        ("eh", "э"),
        ("ya", "я"),
        ("ja", "я"),
        ("yu", "ю"),
        ("ju", "ю"),
        ("a", "а"),
        ("b", "б"),
        ("v", "в"),
        ("g", "г"),
        ("d", "д"),
        ("e", "e"),
        ("z", "з"),
        ("i", "и"),
        ("y", "й"),
        ("j", "й"),
        ("k", "к"),
        ("l", "л"),
        ("m", "м"),
        ("n", "н"),
        ("o", "о"),
        ("p", "п"),
        ("r", "р"),
        ("s", "с"),
        ("t", "т"),
        ("u", "у"),
        ("f", "ф"),
        ("h", "х"),
        ("c", "ц"),
        ("'", "ь"),
        ("’", "ь"),
        ("ʹ", "ь"),
        ("-", "-"),
        (" ", " "),
    ];
    let (mut out, mut rest) = (String::new(), text);
    while !rest.is_empty() {
        let Some((latin, letter)) = LETTERS.iter().find(|(latin, _)| rest.starts_with(latin)) else {
            return String::new();
        };
        out.push_str(letter);
        rest = &rest[latin.len()..];
    }
    out
}

/// A syllable as it is written, and in another spelling.
type Syllable<'w> = (&'w str, &'static str);

/// Cuts a word into syllables, each as long as can be.
fn cut<'w>(word: &'w str, known: &HashMap<&'static str, &'static str>) -> Option<Vec<Syllable<'w>>> {
    // Backtracking over a long word of few letters would not end.
    const SYLLABLES_MAX: usize = 8;
    fn of_rest<'w>(
        rest: &'w str,
        known: &HashMap<&'static str, &'static str>,
        syllables: &mut Vec<Syllable<'w>>,
    ) -> bool {
        if rest.is_empty() {
            return true;
        }
        for length in (1..=rest.len().min(LONGEST)).rev() {
            let Some((first, behind)) = rest.split_at_checked(length) else { continue };
            let Some(other) = known.get(first) else { continue };
            if syllables.len() == SYLLABLES_MAX {
                return false;
            }
            syllables.push((first, other));
            if of_rest(behind, known, syllables) {
                return true;
            }
            syllables.pop();
        }
        false
    }
    let mut syllables = Vec::new();
    of_rest(word, known, &mut syllables).then_some(syllables)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let small = text.to_lowercase().replace(ASPIRATION, "");
        let found = spellings(text, small.split(['-', ' ']));
        let shown = |one: Spelling| format!("{}{}", one.text, if one.is_place { " (place)" } else { "" });
        assert_eq!(found.into_iter().map(shown).collect::<Vec<_>>(), expected, "{text}");
    }

    #[test]
    fn wade_and_giles_is_read_in_pinyin() {
        check("Hsin-yang", &["xinyang"]);
        check("Ch’ing-tao", &["qingdao"]);
        check("Chü-yung", &["juyong"]);
        check("Tzu-yang-hsien", &["ziyangxian", "ziyang (place)"]);
        check("Teng Hsiao-p'ing", &["deng xiaoping"]);
        for same in ["Han-yang", "Jean-Luc Picard", "Geun-hye", "Coca-Cola", "O'Hara", "", "-", "'"] {
            check(same, &[]);
        }
    }

    #[test]
    fn palladius_is_read_in_pinyin() {
        check("Дэн Сяопин", &["deng xiaoping", "teng hsiao-p'ing"]);
        check("Чжоу Эньлай", &["zhou enlai", "chou en-lai"]);
        check("Синьян", &["xinyang", "hsin-yang"]);
        check("Tszyuychzhou", &["juzhou", "chü-chou"]);
        check("Khanʹdan'", &["handan", "han-tan"]);
        check("Syan’yan", &["xianyang", "hsien-yang"]);
        for other in ["Москва", "Ван", "Kharkiv", "Szczecin", "Tszé", "Иван Петров", "Синь-Picard"]
        {
            check(other, &[]);
        }
    }

    #[test]
    fn pinyin_is_read_after_wade_and_giles() {
        check("Mao Zedong", &["mao tse-tung"]);
        check("Xinyang", &["hsin-yang"]);
        for other in ["Qatar", "Zagreb", "Lima", "Xavier Quist", "zizizizizizizizizizizizizizizizizizizizizizizizi"] {
            check(other, &[]);
        }
    }

    #[test]
    fn a_place_is_read_without_its_kind() {
        check("Nanyang Shi", &["nanyang (place)"]);
        check("nan yang cheng guan zhen", &["nan yang ch'eng kuan chen", "nanyang (place)"]);
        check("Hsin-yang-hsien-ch'eng", &["xinyangxiancheng", "xinyang (place)"]);
        for other in ["Li Zhen", "Nanyang", "Northport Shi", "Shi"] {
            let found = spellings(other, other.to_lowercase().split(' '));
            assert!(!found.iter().any(|one| one.is_place), "{other}: {found:?}");
        }
    }
}
