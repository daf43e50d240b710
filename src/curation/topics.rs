//! Topics that are almost the same: for typing errors, and for `topics dedupe`.

use std::collections::{HashMap, HashSet};

use serde::Serialize;

use super::neighbours::{self, Groups};
use crate::interrupt;
use crate::model::{EntityKey, GroupKey};
use crate::store::explore::{GroupHead, Period};
use crate::store::{Read, Store, TopicVerdict};
use crate::text::fold;

/// Returns the topics most like a typed one, best first, with how alike they are: 0 to 1.
///
/// It looks at every topic, which only happens where the typed one does not exist.
pub fn similar(store: &Store, key: &str, limit: usize) -> anyhow::Result<Vec<(f64, String)>> {
    let mut found: Vec<(f64, u64, String)> = vec![];
    store.read().each_topic(|topic, groups| {
        let score = if key.len() >= 3 && topic.contains(key) {
            // Whoever types a part of it means one of these.
            0.85
        } else {
            strsim::normalized_damerau_levenshtein(topic, key)
        };
        if score >= 0.7 {
            found.push((score, groups, topic.to_owned()));
        }
    })?;
    found.sort_by(|a, b| b.0.total_cmp(&a.0).then(b.1.cmp(&a.1)).then_with(|| a.2.cmp(&b.2)));
    found.truncate(limit);
    Ok(found.into_iter().map(|(score, _, topic)| (score, topic)).collect())
}

/// Evidence that two topics are one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// They are nearly the same words.
    Spelling,
    /// They are never together, and stand beside the same entities.
    Neighbours,
}

/// Two topics that are likely one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Proposal {
    /// Evidence for it.
    pub method: Method,
    /// Similarity, 0 to 1; of one method, since those of two say different things.
    pub score: f64,
    /// The less frequent one.
    pub topic: String,
    /// Groups that have it.
    pub groups: u64,
    /// The more frequent one, which it would become.
    pub into: String,
    /// Groups that have that.
    pub into_groups: u64,
    /// A group that has the less frequent one; see [`add_examples`].
    pub example: Option<GroupHead>,
    /// A group that has the more frequent one; of neighbours only.
    pub into_example: Option<GroupHead>,
    /// Names of entities that both stand beside, those that tell most; of neighbours only.
    pub shared: Vec<String>,
    /// Number of all entities that both stand beside; of neighbours only.
    pub shared_entities: Option<u64>,
    /// Groups that would have both, if the topics had nothing to do with each other; of neighbours only.
    pub expected_together: Option<f64>,
    /// Entities whose names are to be shown.
    #[serde(skip)]
    reasons: Vec<EntityKey>,
}

impl Proposal {
    /// Makes a proposal of two topics, each with its groups: the more frequent one stays; of two as frequent, the shorter
    /// one.
    fn new(method: Method, score: f64, a: &(String, u64), b: &(String, u64)) -> Self {
        let rank = |of: &(String, u64)| (of.1, std::cmp::Reverse((of.0.len(), of.0.clone())));
        let (from, into) = if rank(a) > rank(b) { (b, a) } else { (a, b) };
        Self {
            method,
            score: (score * 1000.0).round() / 1000.0,
            topic: from.0.clone(),
            groups: from.1,
            into: into.0.clone(),
            into_groups: into.1,
            example: None,
            into_example: None,
            shared: vec![],
            shared_entities: None,
            expected_together: None,
            reasons: vec![],
        }
    }
}

/// Gives proposals an example each; those of neighbours one of both topics, and the names of what they share.
pub fn add_examples(read: Read<'_>, proposals: &mut [Proposal]) -> anyhow::Result<()> {
    let example = |topic: &str| -> anyhow::Result<Option<GroupHead>> {
        Ok(read.groups_of_topic(topic, &Period::default(), 1)?.pop().map(|found| found.group))
    };
    for pair in proposals {
        pair.example = example(&pair.topic)?;
        if pair.method == Method::Neighbours {
            pair.into_example = example(&pair.into)?;
        }
        for &key in &pair.reasons {
            pair.shared.extend(read.entity(key)?.map(|entity| entity.name));
        }
    }
    Ok(())
}

/// Returns pairs of topics that may be synonyms by their neighbours, the most alike first; see [`super::neighbours`]. Pairs
/// that people kept apart are left out, and so are those of which one stands under the other.
pub fn synonyms(read: Read<'_>, least: f64, on_part: impl FnMut(usize, usize)) -> anyhow::Result<Vec<Proposal>> {
    let mut topics: Vec<(String, u64)> = vec![];
    let mut places: HashMap<String, u32> = HashMap::new();
    let mut of_groups: Vec<(GroupKey, Vec<u32>)> = vec![];
    read.each_topic_of_texts(|group, topic| {
        let place = match places.get(topic) {
            Some(place) => *place,
            None => {
                let place = topics.len() as u32;
                topics.push((topic.to_owned(), 0));
                places.insert(topic.to_owned(), place);
                place
            }
        };
        topics[place as usize].1 += 1;
        match of_groups.last_mut() {
            Some((last, topics)) if *last == group => topics.push(place),
            _ => of_groups.push((group, vec![place])),
        }
    })?;
    let mut groups = Groups::default();
    let mut waiting = of_groups.into_iter().peekable();
    let mut entities: Vec<EntityKey> = vec![];
    let mut last = None;
    let mut end_of = |group: Option<GroupKey>, entities: &mut Vec<EntityKey>| {
        if let Some(group) = group {
            while waiting.next_if(|(other, _)| *other < group).is_some() {}
            if let Some((_, topics)) = waiting.next_if(|(other, _)| *other == group) {
                groups.add(topics, entities);
            }
        }
        entities.clear();
    };
    read.each_entity_of_groups(|group, entity| {
        if last != Some(group) {
            end_of(last, &mut entities);
            last = Some(group);
        }
        entities.push(entity);
    })?;
    end_of(last, &mut entities);
    let apart = kept_apart(read)?;
    let mut found = vec![];
    for pair in neighbours::pairs(groups, topics.len(), least, on_part)? {
        let (a, b) = (&topics[pair.topics.0 as usize], &topics[pair.topics.1 as usize]);
        let is_under = |child: &str, parent: &str| -> anyhow::Result<bool> {
            Ok(read.parents_of(child)?.iter().any(|(key, _)| key == parent))
        };
        if is_apart(&apart, &a.0, &b.0) || is_under(&a.0, &b.0)? || is_under(&b.0, &a.0)? {
            continue;
        }
        found.push(Proposal {
            shared_entities: Some(pair.n_shared as u64),
            expected_together: Some((pair.expected * 10.0).round() / 10.0),
            reasons: pair.shared,
            ..Proposal::new(Method::Neighbours, pair.score, a, b)
        });
    }
    sort(&mut found);
    Ok(found)
}

/// Pairs of topics that people kept apart, each in alphabetical order.
type Apart = HashSet<(String, String)>;

fn kept_apart(read: Read<'_>) -> anyhow::Result<Apart> {
    let decisions = read.topic_decisions()?.into_iter();
    let not = decisions.filter(|decision| decision.verdict == TopicVerdict::Not);
    Ok(not.map(|decision| (decision.topic, decision.target)).collect())
}

fn is_apart(apart: &Apart, a: &str, b: &str) -> bool {
    let (first, second) = if a <= b { (a, b) } else { (b, a) };
    apart.contains(&(first.to_owned(), second.to_owned()))
}

/// Puts the most alike first, of those the most frequent.
fn sort(found: &mut [Proposal]) {
    found.sort_by(|a, b| {
        let size = |pair: &Proposal| pair.groups + pair.into_groups;
        b.score.total_cmp(&a.score).then(size(b).cmp(&size(a))).then_with(|| a.topic.cmp(&b.topic))
    });
}

/// Likeness of topics that differ in nothing but where their words are parted, as `cyber security` and `cybersecurity`.
const JOINED: f64 = 0.97;
/// Letters of words that are compared without their blanks: shorter ones are the same by chance.
const JOINED_CHARS_MIN: usize = 7;

/// A word that more topics have than this brings no two of them together by itself: `game`, `election`.
const COMMON_WORD: usize = 150;

/// Returns pairs of topics that are likely one, best first. Pairs that people kept apart are left out.
///
/// Two topics are compared if they share a rare word, or the beginnings of two words; never each with each. `on_part` is
/// told how many lists of such topics of how many were compared.
pub fn duplicates(store: &Store, least: f64, on_part: impl FnMut(usize, usize)) -> anyhow::Result<Vec<Proposal>> {
    let mut topics: Vec<(String, u64)> = vec![];
    store.read().each_topic(|topic, groups| topics.push((topic.to_owned(), groups)))?;
    let apart = kept_apart(store.read())?;
    let found = alike(&topics, least, on_part)?;
    Ok(found.into_iter().filter(|pair| !is_apart(&apart, &pair.topic, &pair.into)).collect())
}

/// Returns the pairs among these topics that are alike.
fn alike(topics: &[(String, u64)], least: f64, mut on_part: impl FnMut(usize, usize)) -> anyhow::Result<Vec<Proposal>> {
    let words: Vec<Vec<String>> = topics.iter().map(|(topic, _)| stems(topic)).collect();
    let mut of_word: HashMap<&str, Vec<usize>> = HashMap::new();
    let mut of_key: HashMap<String, Vec<usize>> = HashMap::new();
    for (i, words) in words.iter().enumerate() {
        for word in words {
            of_word.entry(word).or_default().push(i);
        }
        // Beginnings, sorted: words spelled differently, or in another order.
        let mut begins: Vec<String> = words.iter().map(|word| word.chars().take(4).collect()).collect();
        begins.sort();
        of_key.entry(begins.join(" ")).or_default().push(i);
        of_key.entry(words.concat()).or_default().push(i);
    }
    let weight = |word: &str| {
        let n = of_word.get(word).map_or(1, Vec::len);
        (1.0 + topics.len() as f64 / n as f64).ln()
    };
    let mut seen = HashSet::new();
    let mut found = vec![];
    let lists: Vec<&Vec<usize>> =
        of_word.values().chain(of_key.values()).filter(|list| (2..=COMMON_WORD).contains(&list.len())).collect();
    for (n_done, list) in lists.iter().enumerate() {
        interrupt::check()?;
        on_part(n_done, lists.len());
        for (at, &i) in list.iter().enumerate() {
            for &j in &list[at + 1..] {
                let pair = (i.min(j), i.max(j));
                if i == j || !seen.insert(pair) {
                    continue;
                }
                let mut score = likeness(&words[i], &words[j], &weight);
                if score < JOINED && is_joined(&words[i], &words[j]) {
                    score = JOINED;
                }
                if score >= least {
                    found.push(Proposal::new(Method::Spelling, score, &topics[i], &topics[j]));
                }
            }
        }
    }
    sort(&mut found);
    Ok(found)
}

/// Returns whether two topics are the same words, parted in other places.
fn is_joined(a: &[String], b: &[String]) -> bool {
    let (one, other) = (a.concat(), b.concat());
    // Numbers that are parted otherwise are others.
    one == other && one.chars().count() >= JOINED_CHARS_MIN && !one.chars().any(char::is_numeric)
}

/// Similarity of two topics: the weight of the words that are the same or nearly so, against all their weight. Words
/// are weighted by rarity, so that `injury update` and `trade update` are not alike for their update.
fn likeness(a: &[String], b: &[String], weight: &impl Fn(&str) -> f64) -> f64 {
    let mut free: Vec<&String> = b.iter().collect();
    let (mut shared, mut whole) = (0.0, 0.0);
    for word in a {
        let own = weight(word);
        whole += own;
        let near = free
            .iter()
            .enumerate()
            .map(|(i, other)| (same_word(word, other), i))
            .max_by(|x, y| x.0.total_cmp(&y.0).then(y.1.cmp(&x.1)));
        if let Some((alike, i)) = near.filter(|(alike, _)| *alike > 0.0) {
            let other = weight(free.remove(i));
            shared += alike * (own + other);
            whole += other;
        }
    }
    whole += free.iter().map(|word| weight(word)).sum::<f64>();
    if whole > 0.0 { shared / whole } else { 0.0 }
}

/// Similarity of two words: 1 for equal ones, less for one with a letter wrong, 0 for others. Numbers differ
/// or they don't.
fn same_word(a: &str, b: &str) -> f64 {
    if a == b {
        return 1.0;
    }
    let has_digit = |word: &str| word.chars().any(|c| c.is_ascii_digit());
    if has_digit(a) || has_digit(b) || a.chars().count().min(b.chars().count()) < 5 {
        return 0.0;
    }
    let alike = strsim::normalized_damerau_levenshtein(a, b);
    if alike >= 0.8 { alike } else { 0.0 }
}

/// The words of a topic, folded, without the endings of English plurals and without words that say nothing.
fn stems(topic: &str) -> Vec<String> {
    fold(topic)
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| {
            !word.is_empty() && !matches!(*word, "the" | "a" | "an" | "of" | "in" | "and" | "for" | "on" | "to" | "s")
        })
        .map(|word| {
            let long = word.chars().count() > 3;
            match word {
                _ if !long || word.ends_with("ss") || word.ends_with("us") || word.ends_with("is") => word.to_owned(),
                _ if word.ends_with("ies") => format!("{}y", &word[..word.len() - 3]),
                _ if ["shes", "ches", "xes", "sses", "zes"].iter().any(|end| word.ends_with(end)) => {
                    word[..word.len() - 2].to_owned()
                }
                _ => word.strip_suffix('s').unwrap_or(word).to_owned(),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_duplicates_are_found_and_others_are_not() {
        let topics = [
            ("injury update", 9),
            ("injury updates", 4),
            ("updates on injuries", 2),
            ("trade update", 5),
            ("moon landing", 7),
            ("lunar landing", 3),
            ("landing on the moon", 1),
            ("apollo 11", 3),
            ("apollo 12", 3),
            ("presidental election", 1),
            ("presidential election", 8),
            ("space station", 2),
            ("spacestation", 1),
            ("cyber-security", 1),
            ("cybersecurity", 3),
            ("économie mondiale", 2),
            ("economie mondiale", 4),
            ("sts 41", 1),
            ("sts 4 1", 1),
        ]
        .map(|(topic, n)| (topic.to_owned(), n));
        let mut pairs: Vec<String> = alike(&topics, 0.8, |_, _| ())
            .unwrap()
            .into_iter()
            .map(|pair| format!("{} > {}", pair.topic, pair.into))
            .collect();
        pairs.sort();
        assert_eq!(
            pairs,
            [
                "cyber-security > cybersecurity",
                "injury updates > injury update",
                "landing on the moon > moon landing",
                "presidental election > presidential election",
                "spacestation > space station",
                "updates on injuries > injury update",
                "updates on injuries > injury updates",
                "économie mondiale > economie mondiale",
            ]
        );
    }
}
