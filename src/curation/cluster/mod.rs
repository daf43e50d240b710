//! Spellings of one name put together, where no catalog says what there is.
//!
//! A wrong union is harder to see and to take apart than two proposals that are one, so everything here is careful. Names
//! with the same words are one whatever their case, marks and punctuation. What else is one depends on what is named:
//!
//! - People: the surname alone, initials and middle names left out are the same person where just one person fits; a
//!   different given name never is.
//! - All else: what the resolver finds in other words of the same meaning (legal forms, articles, word order). A part of a
//!   name is not the whole: Kansas is not Kansas City, and Apollo 11 not Apollo.
//! - A misspelling is one letter of a long word, and rarer than what it misspells.

mod people;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use anyhow::Result;

use people::{Person, join_people};

use crate::interrupt;
use crate::model::{Attributes, Entity, EntityId, EntityKey};
use crate::resolve::{Builder, Method, Query, Resolver, is_numbering, mention_key};

/// Probability from which on two names are the same for the resolver. Higher than for a link.
const SAME: f64 = 0.9;
/// A misspelling is at least so many times rarer than what it misspells.
const RARER: u64 = 3;
/// Shorter words are too often one letter from another name: Gambia and Zambia have six, but differ in the first.
const LONG_WORD: usize = 6;
/// Names that have a rest in common, of which each is compared with each; more are no misspellings of one.
const NEAR_MAX: usize = 100;

/// Names of the same words.
#[derive(Debug)]
struct Node {
    /// The normalized words.
    key: String,
    /// Numbers of the names, the most frequent first.
    names: Vec<usize>,
    /// Frequency of all of them.
    count: u64,
}

/// Puts the spellings of one type together; each name with how often it stands, the most frequent first. Returns the
/// numbers of the names of each, the one that it should be called by first; names without any letter are left out.
/// `on_name` is told how many names were compared, which takes long where they are not of people.
pub(super) fn cluster(names: &[(String, u64)], is_people: bool, on_name: impl FnMut(usize)) -> Result<Vec<Vec<usize>>> {
    let mut by_key: HashMap<String, usize> = HashMap::new();
    let mut nodes: Vec<Node> = vec![];
    for (number, (name, count)) in names.iter().enumerate() {
        let key = mention_key(name);
        if key.is_empty() {
            continue;
        }
        let at = *by_key.entry(key).or_insert_with_key(|key| {
            nodes.push(Node { key: key.clone(), names: vec![], count: 0 });
            nodes.len() - 1
        });
        nodes[at].names.push(number);
        nodes[at].count += count;
    }
    let mut union = Union::new(nodes.len());
    let mut people: Vec<Person> = vec![];
    if is_people {
        people.extend(nodes.iter().map(|node| {
            // A particle in small letters tells more than one in capitals.
            let texts = node.names.iter().map(|&number| names[number].0.as_str());
            let small = texts.clone().find(|text| text.starts_with(char::is_lowercase));
            Person::of(small.or(texts.clone().next()).unwrap_or_default())
        }));
        join_people(&nodes, &people, &mut union)?;
    } else {
        join_others(names, &nodes, &mut union, on_name)?;
    }
    let is_full = |at: usize| people.get(at).is_none_or(Person::is_full);
    let mut clusters: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for at in 0..nodes.len() {
        clusters.entry(union.root(at)).or_default().push(at);
    }
    let ordered = clusters.into_values().map(|mut members| {
        // What it should be called by: a full name before a part of one, then the most frequent.
        members.sort_by_key(|&at| (!is_full(at), std::cmp::Reverse(nodes[at].count), at));
        let mut numbers: Vec<usize> = members.iter().flat_map(|&at| nodes[at].names.iter().copied()).collect();
        numbers[1..].sort_unstable();
        numbers
    });
    Ok(ordered.collect())
}

/// Sets of nodes that are one, as a forest.
struct Union(Vec<usize>);

impl Union {
    fn new(n: usize) -> Self {
        Self((0..n).collect())
    }

    fn root(&mut self, mut at: usize) -> usize {
        while self.0[at] != at {
            self.0[at] = self.0[self.0[at]];
            at = self.0[at];
        }
        at
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        self.0[a.max(b)] = a.min(b);
    }
}

/// Joins names that have one word of several letters misspelt. Only words of which `may_be` says so are looked at.
fn join_misspelt(
    nodes: &[Node],
    keys: &[String],
    may_be: impl Fn(usize, &str) -> bool,
    union: &mut Union,
) -> Result<()> {
    // Two words with one letter wrong have a rest in common when a letter is left out of the one, the other, or both.
    let mut rests: Vec<(u64, usize)> = vec![];
    for (at, key) in keys.iter().enumerate() {
        let mut start = 0;
        for word in key.split(' ') {
            let end = start + word.len();
            if word.len() >= LONG_WORD - 1 && may_be(at, word) {
                rests.push((hash(&[key]), at));
                // The first letter is hardly ever the wrong one.
                rests.extend((start + 1..end).map(|left_out| (hash(&[&key[..left_out], &key[left_out + 1..]]), at)));
            }
            start = end + 1;
        }
    }
    rests.sort_unstable();
    rests.dedup();
    let mut meant: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    for near in rests.chunk_by(|a, b| a.0 == b.0).filter(|near| near.len() > 1 && near.len() <= NEAR_MAX) {
        interrupt::check()?;
        for &(_, rare) in near {
            for &(_, frequent) in near {
                let (own, other) = (beside(&keys[rare], &keys[frequent]), beside(&keys[frequent], &keys[rare]));
                if let ([word], [right]) = (own.as_slice(), other.as_slice())
                    && is_misspelling((word, nodes[rare].count), (right, nodes[frequent].count))
                {
                    meant.entry(rare).or_default().insert(frequent);
                }
            }
        }
    }
    for (&rare, frequent) in &meant {
        // What is itself a misspelling is none to be meant.
        let right = frequent.iter().filter(|at| !meant.contains_key(at));
        let right: BTreeSet<usize> = right.map(|&at| union.root(at)).collect();
        if let (1, Some(&only)) = (right.len(), right.first()) {
            union.join(rare, only);
        }
    }
    Ok(())
}

/// Hash of a text, the same everywhere and every time, as the order of what is joined must be.
fn hash(parts: &[&str]) -> u64 {
    let bytes = parts.iter().flat_map(|part| part.bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Returns whether a word is another one with a letter wrong.
fn is_misspelling((word, count): (&str, u64), (right, right_count): (&str, u64)) -> bool {
    word.len().min(right.len()) >= LONG_WORD
        && word.as_bytes()[0] == right.as_bytes()[0]
        && count.saturating_mul(RARER) <= right_count
        && strsim::osa_distance(word, right) == 1
}

fn join_others(
    names: &[(String, u64)],
    nodes: &[Node],
    union: &mut Union,
    mut on_name: impl FnMut(usize),
) -> Result<()> {
    let mut builder = Builder::new();
    for (at, node) in (0i64..).zip(nodes) {
        builder.add(EntityKey(at), &entity(at, &names[node.names[0]].0));
    }
    let mut resolver = Resolver::new(builder.resident()?)?;
    let mut meaning = Meaning::default();
    for (at, node) in nodes.iter().enumerate() {
        interrupt::check()?;
        on_name(at);
        let query = Query { text: &names[node.names[0]].0, types: &[], hints: &Attributes::new(), context: "" };
        for candidate in resolver.alike(&query, &[EntityKey(i64::try_from(at)?)])? {
            let other = usize::try_from(candidate.entity.0)?;
            let (one, two) = (&names[node.names[0]].0, &names[nodes[other].names[0]].0);
            if candidate.score >= SAME && meaning.is_same((one, &node.key), (two, &nodes[other].key))? {
                union.join(at, other);
            }
        }
    }
    let keys: Vec<String> = nodes.iter().map(|node| node.key.clone()).collect();
    join_misspelt(nodes, &keys, |_, _| true, union)
}

/// Words that leave a name what it is, as far as they were looked up.
#[derive(Default)]
struct Meaning(HashMap<(String, String, bool, bool), bool>);

impl Meaning {
    /// Returns whether two names, each with its normalized words, are one in other words. The resolver is asked beside
    /// every other name: among thousands of cities even `City` says little, and Kansas would be Kansas City.
    fn is_same(&mut self, a: (&str, &str), b: (&str, &str)) -> Result<bool> {
        let (own, other) = (beside(a.1, b.1), beside(b.1, a.1));
        if own.iter().chain(&other).any(|word| is_numbering(word)) {
            return Ok(false);
        }
        let same_first = a.1.split(' ').next() == b.1.split(' ').next();
        let same_last = a.1.rsplit(' ').next() == b.1.rsplit(' ').next();
        let asked = (own.join(" "), other.join(" "), same_first, same_last);
        if let Some(is_same) = self.0.get(&asked) {
            return Ok(*is_same);
        }
        let is_same = is_exact(a.0, b.0)? || is_exact(b.0, a.0)?;
        self.0.insert(asked, is_same);
        Ok(is_same)
    }
}

/// Returns whether a name, were it the only one there is, is exactly what a mention says, but for words that do not count.
fn is_exact(mention: &str, name: &str) -> Result<bool> {
    let mut builder = Builder::new();
    builder.add(EntityKey(0), &entity(0, name));
    let query = Query { text: mention, types: &[], hints: &Attributes::new(), context: "" };
    let decision = Resolver::new(builder.resident()?)?.resolve(&query)?;
    Ok(decision.method == Method::Exact)
}

fn entity(number: i64, name: &str) -> Entity {
    Entity {
        id: EntityId::new(number.to_string()),
        entity_type: String::new(),
        name: name.to_owned(),
        aliases: vec![],
        attributes: Attributes::new(),
    }
}

/// Returns the words of one key that the other lacks.
pub(super) fn beside<'a>(key: &'a str, other: &str) -> Vec<&'a str> {
    let mut others: Vec<&str> = other.split(' ').collect();
    key.split(' ')
        .filter(|word| match others.iter().position(|other| other == word) {
            Some(at) => {
                others.swap_remove(at);
                false
            }
            None => true,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `Ada Lovelace 3, Lovelace` becomes `Ada Lovelace + Lovelace`; a name without a number stands once. Clusters are
    /// separated by ` / `, in alphabetical order.
    fn check(is_people: bool, names: &str, expected: &str) {
        let mut all: Vec<(String, u64)> = names
            .split("; ")
            .map(|name| match name.rsplit_once(" x") {
                Some((name, count)) if count.parse::<u64>().is_ok() => (name.to_owned(), count.parse().unwrap()),
                _ => (name.to_owned(), 1),
            })
            .collect();
        all.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        let shown = |numbers: Vec<usize>| numbers.iter().map(|&at| all[at].0.clone()).collect::<Vec<_>>().join(" + ");
        let mut clusters: Vec<String> = cluster(&all, is_people, |_| ()).unwrap().into_iter().map(shown).collect();
        clusters.sort();
        assert_eq!(clusters.join(" / "), expected, "{names}");
    }

    #[test]
    fn people_are_one_where_only_one_fits() {
        for (names, expected) in [
            ("Ada Lovelace x3; Lovelace x2", "Ada Lovelace + Lovelace"),
            ("Lovelace x9; Ada Lovelace", "Ada Lovelace + Lovelace"),
            (
                "Ada Lovelace; ADA LOVELACE; ada lovelace x2; Adä Lovelace's",
                "ada lovelace + ADA LOVELACE + Ada Lovelace + Adä Lovelace's",
            ),
            ("Ada Lovelace; Byron Lovelace; Lovelace", "Ada Lovelace / Byron Lovelace / Lovelace"),
            (
                "Ada Lovelace; Lovelace; A. Lovelace; Lovelace, Ada",
                "Ada Lovelace + A. Lovelace + Lovelace + Lovelace, Ada",
            ),
            ("A. Lovelace; B. Lovelace; Ada Lovelace", "Ada Lovelace + A. Lovelace / B. Lovelace"),
            ("John Smith; Jane Smith; J. Smith; Smith", "J. Smith / Jane Smith / John Smith / Smith"),
            ("Jon Smith; Jane Smith x9", "Jane Smith / Jon Smith"),
            ("John Q. Smith; John Smith", "John Q. Smith + John Smith"),
            ("John Q. Smith; John R. Smith; John Smith", "John Q. Smith / John R. Smith / John Smith"),
            ("Ken Griffey Jr.; Ken Griffey", "Ken Griffey / Ken Griffey Jr."),
            ("Ken Griffey Jr.; Griffey", "Ken Griffey Jr. + Griffey"),
            ("Ken Griffey Jr.; Ken Griffey Sr.; Ken Griffey", "Ken Griffey / Ken Griffey Jr. / Ken Griffey Sr."),
            ("Daniel Brown x9; Daniela Brown", "Daniel Brown / Daniela Brown"),
            ("Maria Costa x9; Mario Costa", "Maria Costa / Mario Costa"),
            ("Sergei Krikalev; Sergey Krikalev x2", "Sergey Krikalev + Sergei Krikalev"),
            (
                "Gabriel García Márquez x2; García Márquez; Garcia Marquez",
                "Gabriel García Márquez + Garcia Marquez + García Márquez",
            ),
            ("Vincent van Gogh x2; van Gogh; Van Gogh", "Vincent van Gogh + Van Gogh + van Gogh"),
            ("Al Gore; Tipper Gore; Gore", "Al Gore / Gore / Tipper Gore"),
            (
                "Margarethe Vandenberg x5; Vandenberg, Margarethe; Margarethe Vandenburg",
                "Margarethe Vandenberg + Margarethe Vandenburg + Vandenberg, Margarethe",
            ),
            ("Michael Johnson x5; Michael Johnston x4", "Michael Johnson / Michael Johnston"),
            ("Senator Warren; Elizabeth Warren x2", "Elizabeth Warren + Senator Warren"),
            ("Ada Lovelace; Ada", "Ada / Ada Lovelace"),
            (
                "George Patton; General Patton; Gen. Patton; Major Patton; Patton, George",
                "George Patton + Gen. Patton + General Patton + Major Patton + Patton, George",
            ),
            ("Vice President Harris; Kamala Harris", "Kamala Harris + Vice President Harris"),
            ("Ludwig van der Rohe x2; van der Rohe; Ludwig Rohe", "Ludwig van der Rohe + Ludwig Rohe + van der Rohe"),
            ("Rex Baldwin V; Rex Baldwin Jr.; Baldwin", "Baldwin / Rex Baldwin Jr. / Rex Baldwin V"),
            ("Jr.; Dr.; van", "Dr. / Jr. / van"),
            ("Pelé x2; PELE", "Pelé + PELE"),
            ("Юрий Гагарин; Yuri Gagarin; Gagarin", "Yuri Gagarin + Gagarin + Юрий Гагарин"),
            ("!!!; 😀", ""),
        ] {
            check(true, names, expected);
        }
    }

    #[test]
    fn numerals_number_and_words_of_their_letters_do_not() {
        for word in ["7", "v8", "c", "ii", "lv", "lvi", "xl"] {
            assert!(is_numbering(word), "{word}");
        }
        for word in ["", "civil", "vivid", "ill", "city"] {
            assert!(!is_numbering(word), "{word}");
        }
    }

    #[test]
    fn other_names_are_one_in_other_words_but_not_in_part() {
        for (names, expected) in [
            (
                "Acme x3; Acme Inc.; ACME, INC; Acme Corporation; The Acme Company",
                "Acme + ACME, INC + Acme Corporation + Acme Inc. + The Acme Company",
            ),
            ("Acme; Acme Robotics; Acme Holdings", "Acme / Acme Holdings / Acme Robotics"),
            ("Zürich; Zurich x2; ZURICH", "Zurich + ZURICH + Zürich"),
            (
                "Kansas x5; Kansas City; Dodge City; Iowa City; Carson City",
                "Carson City / Dodge City / Iowa City / Kansas / Kansas City",
            ),
            ("Rakalgor x50; Rakalor x4; Rakalos", "Rakalgor + Rakalor / Rakalos"),
            (
                "Toyota Motor Corp. x2; Toyota Motor Corporation; Toyota",
                "Toyota / Toyota Motor Corp. + Toyota Motor Corporation",
            ),
            ("York; New York", "New York / York"),
            ("North Korea x9; South Korea; Korea", "Korea / North Korea / South Korea"),
            ("Apollo 11 x9; Apollo 12; Apollo", "Apollo / Apollo 11 / Apollo 12"),
            ("STS-41-C x9; STS-41-G; STS 41 C", "STS-41-C + STS 41 C / STS-41-G"),
            ("World War I x9; World War II; World War III", "World War I / World War II / World War III"),
            ("Gambia x9; Zambia", "Gambia / Zambia"),
            ("Austria x9; Australia", "Australia / Austria"),
            ("Slovakia x9; Slovenia", "Slovakia / Slovenia"),
            ("Philadelphia x9; Philadelhpia; Philadephia", "Philadelphia + Philadelhpia + Philadephia"),
            ("Harry Potter; Harry Potter and the Goblet of Fire", "Harry Potter / Harry Potter and the Goblet of Fire"),
            (
                "Technical University of Munich; University of Munich",
                "Technical University of Munich / University of Munich",
            ),
            ("=cmd|' /C calc'!A0; <b>Acme</b>", "<b>Acme</b> / =cmd|' /C calc'!A0"),
        ] {
            check(false, names, expected);
        }
    }
}
