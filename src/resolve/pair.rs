//! Mentions of two things that make a third: `Chiefs vs Chargers`, `KC at LAC, Week 5`.

use super::name::Name;

/// A mention taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PairParts {
    /// The two, in the order of the mention.
    pub members: [String; 2],
    /// What else it says: `week` is `5`, a bare year is the `season`.
    pub rest: Vec<(String, String)>,
}

/// Takes a mention of two apart; `None` if it is not one.
pub fn split_pair(text: &str) -> Option<PairParts> {
    let (head, tail) = text.split_once([',', '(', ':']).unwrap_or((text, ""));
    let words: Vec<&str> = head.split_whitespace().collect();
    let joint = |word: &&str| {
        matches!(word.to_lowercase().as_str(), "vs" | "vs." | "v" | "v." | "versus" | "at" | "@" | "-" | "–")
    };
    let at = words.iter().position(joint).filter(|at| *at > 0 && at + 1 < words.len())?;
    let mut rest = Vec::new();
    let second = take_rest(&words[at + 1..], &mut rest);
    take_rest(&tail.split_whitespace().collect::<Vec<_>>(), &mut rest);
    let members = [words[..at].join(" "), second.join(" ")];
    members.iter().all(|member| !Name::parse(member).tokens.is_empty()).then_some(PairParts { members, rest })
}

/// Returns the words that are neither `week 5` nor a year, and keeps these.
fn take_rest<'w>(words: &[&'w str], rest: &mut Vec<(String, String)>) -> Vec<&'w str> {
    let digits = |word: &str| -> String { word.chars().filter(char::is_ascii_digit).collect() };
    let mut kept = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let word = words[at].to_lowercase();
        let next = words.get(at + 1).map(|next| digits(next)).unwrap_or_default();
        if matches!(word.as_str(), "week" | "round" | "game" | "season") && !next.is_empty() {
            rest.push((word, next));
            at += 1;
        } else if digits(&word).len() == 4 && (word.starts_with("19") || word.starts_with("20")) {
            rest.push(("season".to_owned(), digits(&word)));
        } else {
            kept.push(words[at]);
        }
        at += 1;
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_are_taken_apart() {
        for (text, expected) in [
            ("Chiefs vs Chargers", Some(("Chiefs", "Chargers", ""))),
            ("KC at LAC, Week 5", Some(("KC", "LAC", "week=5"))),
            ("Lions @ Bears Week 12 2023", Some(("Lions", "Bears", "week=12 season=2023"))),
            ("vs Chargers", None),
            ("the Super Bowl", None),
        ] {
            let found = split_pair(text).map(|parts| {
                let rest: Vec<String> = parts.rest.iter().map(|(name, value)| format!("{name}={value}")).collect();
                (parts.members[0].clone(), parts.members[1].clone(), rest.join(" "))
            });
            let expected = expected.map(|(a, b, c)| (a.to_owned(), b.to_owned(), c.to_owned()));
            assert_eq!(found, expected, "{text}");
        }
    }
}
