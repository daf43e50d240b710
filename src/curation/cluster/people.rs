//! Spellings of the name of one person: surnames alone, initials, middle names left out.

use std::collections::BTreeMap;

use anyhow::Result;

use super::{Node, Union, join_misspelt};
use crate::interrupt;
use crate::resolve::{WordRole, name_words};

/// People of one surname that are compared with each other; of more, a surname alone says nothing anyway.
const BLOCK_MAX: usize = 4000;

/// Offices that are words of a name everywhere but before a person's: General Motors, Queen Elizabeth 2.
const OFFICES: [&str; 3] = ["general", "king", "queen"];

/// A person's name in its parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Person {
    /// Given names and initials; none where the surname stands alone.
    given: Vec<String>,
    surname: String,
    generation: Option<String>,
}

impl Person {
    /// Takes a name apart.
    pub(super) fn of(text: &str) -> Person {
        let mut words = name_words(text);
        let fifth = words.len().checked_sub(1).filter(|at| *at > 1 && words[*at].0 == "v");
        let told = words.iter().rposition(|(_, role)| *role == WordRole::Generation);
        let generation = told.or(fifth).map(|at| words.remove(at).0);
        let is_title = |(word, role): &(String, WordRole)| *role == WordRole::Title || OFFICES.contains(&word.as_str());
        while words.len() > 1 && is_title(&words[0]) {
            words.remove(0);
        }
        // `van den Berg`, but `Al Gore` and `Van Morrison`: a given name is written with a capital.
        if text.trim_start().starts_with(char::is_lowercase) {
            while words.len() > 1 && words[0].1 == WordRole::Small {
                words.remove(0);
            }
        }
        let (surname, _) = words.pop().unwrap_or((String::new(), WordRole::Core));
        let given = words.into_iter().enumerate().filter(|(at, (_, role))| *at == 0 || *role != WordRole::Small);
        Person { given: given.map(|(_, (word, _))| word).collect(), surname, generation }
    }

    /// Returns whether there is a given name in full beside the surname.
    pub(super) fn is_full(&self) -> bool {
        self.given.first().is_some_and(|first| first.len() > 1)
    }

    /// Returns whether both may be one person.
    fn fits(&self, other: &Person) -> bool {
        // Beside *Ada Lovelace Jr.* a full *Ada Lovelace* is rather her mother; the surname alone may be either.
        let generations = self.generation == other.generation
            || (self.generation.is_none() || other.generation.is_none()) && !(self.is_full() && other.is_full());
        generations && self.surname == other.surname && self.given_fits(other)
    }

    fn given_fits(&self, other: &Person) -> bool {
        let (a, b) = (&self.given, &other.given);
        // The surname alone, also one of two words, or without the first of the given names.
        if a.is_empty() || b.is_empty() || a.ends_with(b) || b.ends_with(a) {
            return true;
        }
        same_given(&a[0], &b[0]) && a[1..].iter().zip(&b[1..]).all(|(a, b)| same_given(a, b))
    }
}

/// Returns whether two given names are one: the same, one the initial of the other, or the same sound in other letters, as
/// Sergei and Sergey, Philip and Phillip.
fn same_given(a: &str, b: &str) -> bool {
    let is_initial = |short: &str, long: &str| short.len() == 1 && long.starts_with(short);
    let folded = |word: &str| {
        let mut folded = word.replace("ph", "f").replace('y', "i").into_bytes();
        folded.dedup();
        folded
    };
    a == b || is_initial(a, b) || is_initial(b, a) || a.len() > 3 && b.len() > 3 && folded(a) == folded(b)
}

pub(super) fn join_people(nodes: &[Node], people: &[Person], union: &mut Union) -> Result<()> {
    let mut blocks: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, person) in people.iter().enumerate() {
        blocks.entry(&person.surname).or_default().push(at);
    }
    for block in blocks.values_mut().filter(|block| block.len() <= BLOCK_MAX) {
        interrupt::check()?;
        // From the names that say most to those that say least, so that each finds what it may be short for.
        block.sort_by_key(|&at| {
            let person = &people[at];
            let letters: usize = person.given.iter().map(String::len).sum();
            let says = (person.is_full(), person.given.len(), letters, person.generation.is_some(), nodes[at].count);
            (std::cmp::Reverse(says), at)
        });
        let mut clusters: Vec<Vec<usize>> = vec![];
        for &at in block.iter() {
            let mut fitting = (0..clusters.len())
                .filter(|&cluster| clusters[cluster].iter().all(|&member| people[member].fits(&people[at])));
            match (fitting.next(), fitting.next()) {
                (Some(only), None) => {
                    union.join(clusters[only][0], at);
                    clusters[only].push(at);
                }
                _ => clusters.push(vec![at]),
            }
        }
    }
    // Of a person only the surname is misspelt: another letter in a given name is another name.
    let keys: Vec<String> =
        people.iter().map(|person| format!("{} {}", person.given.join(" "), person.surname)).collect();
    join_misspelt(nodes, &keys, |at, word| people[at].is_full() && people[at].surname == word, union)
}
