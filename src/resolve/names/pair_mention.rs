//! Mentions of two things that make a third: `Chiefs vs Chargers`, `Week 5: KC @ LAC`, `the Chiefs–Chargers game`.
//!
//! What can be read off the text alone is here: where it may fall into two, and what else it says. Which of the ways is
//! meant, and what is made of the two, only a catalog knows.

use crate::resolve::names::attribute_names::same_meaning;
use crate::resolve::names::numerals;

/// Texts longer than this name no pair.
const BYTES_MAX: usize = 300;
/// Ways of falling into two that are looked at; a name has a hyphen or two.
const SPLITS_MAX: usize = 12;

/// A mention that may be one of two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PairMention {
    /// Positions at which it may fall into two.
    pub splits: Vec<Split>,
    /// Other hints, by name: `week` is `5`, a bare year is the `season`.
    pub stated: Vec<(String, String)>,
    /// Other words: `wild card`.
    pub also: Vec<String>,
}

/// A mention taken apart at one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// The words of the two, in the order of the mention, with what may stand around their names.
    pub members: [Vec<String>; 2],
    /// True where the text says where: `KC at LAC`, not `KC vs LAC`.
    pub is_at: bool,
}

/// Takes a mention of two apart; `None` if nothing in it joins two.
pub fn read_pair(text: &str) -> Option<PairMention> {
    if text.len() > BYTES_MAX {
        return None;
    }
    let mut found = PairMention { splits: vec![], stated: vec![], also: vec![] };
    for part in text.split([',', ';', ':', '(', ')', '[', ']']) {
        let all: Vec<&str> = part.split_whitespace().collect();
        let stated = found.stated.len();
        let kept = take_stated(&all, &mut found.stated);
        if found.splits.is_empty() {
            split(&kept, &mut found.splits);
            if found.stated.len() > stated {
                // A year may belong to the name of a club.
                split(&all, &mut found.splits);
            }
            if !found.splits.is_empty() {
                continue;
            }
        }
        if !kept.is_empty() {
            found.also.push(kept.join(" "));
        }
    }
    found.splits.truncate(SPLITS_MAX);
    (!found.splits.is_empty()).then_some(found)
}

/// Returns whether what a text calls something is a hint of the profile: a `round` may be its `week`, a `season` its
/// `year`.
pub fn mean_the_same(stated: &str, hint: &str) -> bool {
    const ROUNDS: [&str; 4] = ["week", "round", "matchday", "gameweek"];
    same_meaning(stated, hint) || ROUNDS.contains(&stated) && ROUNDS.contains(&hint)
}

/// Adds the ways in which words fall into two: at a word that joins, else at a sign inside a word.
fn split(words: &[&str], out: &mut Vec<Split>) {
    let is_name = |words: &[&str]| words.iter().any(|word| word.contains(char::is_alphanumeric));
    let owned = |words: &[&str]| -> Vec<String> { words.iter().map(|&word| word.to_owned()).collect() };
    for (at, word) in words.iter().enumerate() {
        let word = word.to_lowercase();
        let joins = matches!(
            word.trim_end_matches('.'),
            "vs" | "v" | "versus" | "against" | "at" | "@" | "-" | "–" | "—" | "/"
        );
        if joins && is_name(&words[..at]) && is_name(&words[at + 1..]) {
            let is_at = matches!(word.as_str(), "at" | "@");
            out.push(Split { members: [owned(&words[..at]), owned(&words[at + 1..])], is_at });
        }
    }
    for (at, word) in words.iter().enumerate().filter(|(_, word)| year(word).is_none()) {
        for (sign, mark) in word.match_indices(['-', '–', '—', '‑', '/', '@']) {
            let (head, tail) = (&word[..sign], &word[sign + mark.len()..]);
            if head.chars().any(char::is_alphanumeric) && tail.chars().any(char::is_alphanumeric) {
                let mut members = [owned(&words[..at]), owned(&words[at + 1..])];
                members[0].push(head.to_owned());
                members[1].insert(0, tail.to_owned());
                out.push(Split { members, is_at: mark == "@" });
            }
        }
    }
}

/// Returns the words that are neither `week 5` nor a year, and keeps these.
fn take_stated<'w>(words: &[&'w str], stated: &mut Vec<(String, String)>) -> Vec<&'w str> {
    let mut kept = vec![];
    let mut at = 0;
    while at < words.len() {
        let word = words[at].to_lowercase();
        let label = match word.trim_matches('.') {
            "week" | "wk" | "gameweek" => "week",
            "round" | "rd" | "matchday" => "round",
            "season" => "season",
            "game" => "game",
            _ => "",
        };
        let next = words.get(at + 1).and_then(|next| number(next));
        if let Some(next) = next.filter(|_| !label.is_empty()) {
            stated.push((label.to_owned(), next));
            at += 1;
        } else if let Some(year) = year(&word) {
            stated.push(("season".to_owned(), year));
        } else {
            kept.push(words[at]);
        }
        at += 1;
    }
    kept
}

/// Reads `5`, `#5`, `5th`, `five`.
fn number(word: &str) -> Option<String> {
    let word = word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    let digits: String = word.chars().take_while(char::is_ascii_digit).collect();
    match &word[digits.len()..] {
        "" | "st" | "nd" | "rd" | "th" if !digits.is_empty() => {
            Some(digits.trim_start_matches('0').to_owned()).filter(|digits| !digits.is_empty())
        }
        _ => numerals::number_word(&word).map(|number| number.to_string()),
    }
}

/// Reads `2023`, `2023-24`, `2023/24`.
fn year(word: &str) -> Option<String> {
    let word = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    let (year, rest) = word.split_at_checked(4)?;
    let rest = rest.trim_start_matches(['-', '–', '/']);
    let is_year = (year.starts_with("19") || year.starts_with("20")) && year.bytes().all(|b| b.is_ascii_digit());
    (is_year && (rest.is_empty() || rest.len() == 2 && rest.bytes().all(|b| b.is_ascii_digit())))
        .then(|| year.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_are_taken_apart() {
        for (text, expected) in [
            ("Chiefs vs Chargers", "Chiefs + Chargers"),
            ("Chiefs v. Chargers (2023)", "Chiefs + Chargers; season=2023"),
            ("KC at LAC, Week 5", "KC at LAC; week=5"),
            ("Week 5: KC @ LAC", "KC at LAC; week=5"),
            ("KC@LAC", "KC at LAC"),
            ("Chargers-Chiefs", "Chargers + Chiefs"),
            ("LAC/KC", "LAC + KC"),
            ("the Chiefs–Chargers game", "the Chiefs + Chargers game"),
            ("Lions @ Bears Week 12 2023", "Lions at Bears | Lions at Bears Week 12 2023; week=12; season=2023"),
            ("Chiefs at Chargers, week five, 2023-24", "Chiefs at Chargers; week=5; season=2023"),
            ("Saints at Seahawks, wild card", "Saints at Seahawks; wild card"),
            (
                "Round 3 of 2019: Arrow-Smiths vs Foxes",
                "Arrow-Smiths + Foxes | Arrow + Smiths vs Foxes; round=3; season=2019; of",
            ),
            ("Arrow-Smiths vs Foxes", "Arrow-Smiths + Foxes | Arrow + Smiths vs Foxes"),
            ("Stars at Law at Foxes", "Stars at Law at Foxes | Stars at Law at Foxes"),
            ("FC 1903 vs Foxes", "FC + Foxes | FC 1903 + Foxes; season=1903"),
            ("vs Chargers", ""),
            ("Chiefs vs", ""),
            ("the Super Bowl", ""),
            ("2018-19", ""),
            ("- / -", ""),
            ("", ""),
        ] {
            let shown = read_pair(text).map_or(String::new(), |pair| {
                let split = |split: &Split| {
                    let sign = if split.is_at { " at " } else { " + " };
                    split.members.each_ref().map(|words| words.join(" ")).join(sign)
                };
                let stated = pair.stated.iter().map(|(name, value)| format!("; {name}={value}"));
                let also = pair.also.iter().map(|words| format!("; {words}"));
                let splits: Vec<String> = pair.splits.iter().map(split).collect();
                splits.join(" | ") + &stated.chain(also).collect::<String>()
            });
            assert_eq!(shown, expected, "{text}");
        }
        assert_eq!(read_pair(&"a-".repeat(1000)), None);
        assert_eq!(read_pair(&"a-".repeat(100)).map(|pair| pair.splits.len()), Some(SPLITS_MAX));
    }
}
