//! The sandbox's stand-in for a model: a dictionary reader.
//!
//! It looks up known names in a text and counts words; it understands nothing. The same text always gives the same
//! answer, and what it finds it finds by spelling alone. Names come from the user's catalog, and a plain rule of thumb
//! on capital letters finds some that no catalog has, so that a rehearsal also shows what an unlinked mention looks
//! like. Topics come from a list, where a profile or a collection has one, and from the phrases that the text repeats.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;
use std::sync::LazyLock;

use anyhow::Context as _;
use serde::Deserialize;

use super::keyphrases::keyphrases;
use crate::model::{Attributes, Entity};
use aho_corasick::{AhoCorasick, Match, MatchKind};

/// A topic and the words that give it away, as a profile lists them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Keyword {
    /// The topic as it will be answered.
    pub topic: String,
    /// Words or phrases; upper and lower case are alike.
    pub words: Vec<String>,
}

impl Keyword {
    /// Reads a list of topics with their words, JSON Lines.
    pub fn read_list(text: &str) -> anyhow::Result<Vec<Keyword>> {
        let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        let read = |(at, line)| serde_json::from_str(line).with_context(|| format!("line {}", at + 1));
        lines.map(read).collect()
    }
}

/// Vocabulary of the reader.
#[derive(Clone, Debug, Default)]
pub struct Dictionary {
    /// Names and aliases to look for.
    pub entities: Vec<Entity>,
    /// Topics and their words.
    pub keywords: Vec<Keyword>,
    /// The catalog's word for a type -> the profile's (`company` -> `organization`); upper and lower case are alike. A
    /// type that the asked schema lists itself needs no entry.
    pub types: BTreeMap<String, String>,
}

impl Dictionary {
    /// Refuses what is too large to look up.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        let names = self.entities.iter().flat_map(|entity| std::iter::once(&entity.name).chain(&entity.aliases));
        let words = self.keywords.iter().flat_map(|keyword| &keyword.words);
        let n_bytes: usize = names.chain(words).map(String::len).sum();
        anyhow::ensure!(n_bytes <= NAMES_BYTES_MAX, "the catalog's names are too long to look up: {n_bytes} bytes");
        Ok(())
    }
}

/// An automaton has fewer states than its patterns have bytes, and at most 2^31 of them.
const NAMES_BYTES_MAX: usize = 1 << 30;

/// Most topics that are phrases of the text.
const PHRASES_MAX: usize = 5;

/// Names this short are only found in the case in which the catalog writes them: IT is not it.
const CASE_SENSITIVE_CHARS_MAX: usize = 4;

/// A name found in a text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FoundName {
    /// Name as the text writes it.
    pub(crate) mention: String,
    /// The catalog's types that this spelling may have; empty for a guessed name.
    pub(crate) types: Vec<String>,
    /// The catalog's entities that this spelling may mean.
    entities: Vec<usize>,
    pub(crate) count: usize,
    pub(crate) first_at: usize,
}

/// A topic found in a text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FoundTopic {
    pub(crate) topic: String,
    pub(crate) count: usize,
}

/// A reader that is made while the sandbox already listens; who needs it sooner waits.
pub(crate) type LazyReader = LazyLock<Reader, Box<dyn FnOnce() -> Reader + Send>>;

/// A dictionary made ready for looking up.
pub(crate) struct Reader {
    names: AhoCorasick,
    /// Spelling of the catalog for each pattern, and the entities that it may mean.
    spellings: Vec<Spelling>,
    attributes: Vec<Attributes>,
    types: BTreeMap<String, String>,
    words: AhoCorasick,
    /// Index of the topic of each pattern.
    word_topics: Vec<usize>,
    topics: Vec<String>,
}

struct Spelling {
    text: String,
    exact_case: bool,
    /// The entities that have this spelling; mentions that may first mean the same one are counted together.
    entities: Vec<usize>,
    types: Vec<String>,
}

impl Reader {
    /// Makes a dictionary ready; a large one takes seconds. It must fit (see [`Dictionary::check`]).
    pub(crate) fn new(dictionary: &Dictionary) -> Reader {
        let mut spellings: Vec<Spelling> = vec![];
        let mut by_text: HashMap<&str, usize> = HashMap::new();
        for (entity, row) in dictionary.entities.iter().enumerate() {
            for text in std::iter::once(&row.name).chain(&row.aliases) {
                let text = text.trim();
                if text.chars().count() < 2 {
                    continue;
                }
                let at = *by_text.entry(text).or_insert_with(|| {
                    let exact_case = text.chars().count() <= CASE_SENSITIVE_CHARS_MAX;
                    spellings.push(Spelling { text: text.to_owned(), exact_case, entities: vec![], types: vec![] });
                    spellings.len() - 1
                });
                spellings[at].entities.push(entity);
                if !spellings[at].types.contains(&row.entity_type) {
                    spellings[at].types.push(row.entity_type.clone());
                }
            }
        }
        let mut word_topics = vec![];
        let mut words = vec![];
        for (at, keyword) in dictionary.keywords.iter().enumerate() {
            for word in keyword.words.iter().map(|word| word.trim()).filter(|word| !word.is_empty()) {
                words.push(word);
                word_topics.push(at);
            }
        }
        Reader {
            names: automaton(spellings.iter().map(|spelling| spelling.text.as_str())),
            spellings,
            attributes: dictionary.entities.iter().map(|entity| entity.attributes.clone()).collect(),
            types: dictionary.types.iter().map(|(from, to)| (from.to_lowercase(), to.clone())).collect(),
            words: automaton(words),
            word_topics,
            topics: dictionary.keywords.iter().map(|keyword| keyword.topic.clone()).collect(),
        }
    }

    /// Finds the places of the catalog's names: no part of a longer word, nor "it" where the catalog says "IT".
    fn hits<'a>(&'a self, text: &'a str) -> impl Iterator<Item = Match> + 'a {
        self.names.find_iter(text).filter(|hit| {
            let spelling = &self.spellings[hit.pattern().as_usize()];
            stands_alone(text, hit.start(), hit.end()) && (!spelling.exact_case || text[hit.range()] == spelling.text)
        })
    }

    /// Finds the names in a text, those named most often first.
    pub(crate) fn names_in(&self, text: &str) -> Vec<FoundName> {
        let mut found: BTreeMap<usize, FoundName> = BTreeMap::new();
        let mut taken = vec![];
        for hit in self.hits(text) {
            let (spelling, written) = (&self.spellings[hit.pattern().as_usize()], &text[hit.range()]);
            taken.push(hit.range());
            let one = found.entry(spelling.entities[0]).or_insert_with(|| FoundName {
                mention: written.to_owned(),
                types: spelling.types.clone(),
                entities: spelling.entities.clone(),
                count: 0,
                first_at: hit.start(),
            });
            one.count += 1;
            if written.len() > one.mention.len() {
                one.mention = written.to_owned();
            }
        }
        let mut all: Vec<FoundName> = found.into_values().collect();
        let known: BTreeSet<String> = all.iter().map(|one| one.mention.to_lowercase()).collect();
        all.sort_by(|a, b| b.count.cmp(&a.count).then(a.first_at.cmp(&b.first_at)));
        let mut guessed = guess_names(text, &taken);
        guessed.retain(|one| !known.contains(&one.mention.to_lowercase()));
        all.extend(guessed);
        all
    }

    /// Finds the topics of a text: those of the list, the one with most words first; where the list knows none, the
    /// phrases that the text repeats.
    pub(crate) fn topics_in(&self, text: &str) -> Vec<FoundTopic> {
        let mut counts = vec![0; self.topics.len()];
        for hit in self.words.find_iter(text) {
            if stands_alone(text, hit.start(), hit.end()) {
                counts[self.word_topics[hit.pattern().as_usize()]] += 1;
            }
        }
        let mut topics: Vec<FoundTopic> = counts
            .into_iter()
            .zip(&self.topics)
            .filter(|(count, _)| *count > 0)
            .map(|(count, topic)| FoundTopic { topic: topic.clone(), count })
            .collect();
        topics.sort_by_key(|topic| std::cmp::Reverse(topic.count));
        if topics.is_empty() {
            let names: Vec<Range<usize>> =
                self.hits(text).map(|hit| hit.range()).chain(capitalized_runs(text)).collect();
            let phrases = keyphrases(text, &names, PHRASES_MAX).into_iter();
            topics.extend(phrases.map(|(topic, count)| FoundTopic { topic, count }));
        }
        topics
    }

    /// Returns a hint: what the catalog says under that name of an entity with this spelling, if the text says it too.
    pub(crate) fn hint(&self, found: &FoundName, name: &str, text: &str) -> Option<&str> {
        let values = found.entities.iter().filter_map(|entity| self.attributes[*entity].get(name));
        values.map(String::as_str).find(|value| {
            value.chars().count() > 2
                && text.match_indices(value).any(|(at, _)| stands_alone(text, at, at + value.len()))
        })
    }

    /// Chooses among the types that the schema allows; any type will do where it lists none.
    pub(crate) fn type_of(&self, found: &FoundName, allowed: &[String]) -> Option<String> {
        let allowed_as = |word: &str| allowed.iter().find(|allowed| allowed.eq_ignore_ascii_case(word)).cloned();
        if allowed.is_empty() {
            return found.types.first().cloned().or_else(|| Some("name".into()));
        }
        let own = found.types.iter().find_map(|own| {
            allowed_as(own).or_else(|| self.types.get(&own.to_lowercase()).and_then(|mapped| allowed_as(mapped)))
        });
        let guess = if looks_like_an_organization(&found.mention) { "organization" } else { "person" };
        own.or_else(|| allowed_as(guess).filter(|_| found.types.is_empty()))
            .or_else(|| allowed_as("other"))
            .or_else(|| allowed.first().cloned())
    }
}

pub(super) fn automaton<'a>(patterns: impl IntoIterator<Item = &'a str>) -> AhoCorasick {
    let mut builder = AhoCorasick::builder();
    let built = builder.ascii_case_insensitive(true).match_kind(MatchKind::LeftmostLongest).build(patterns);
    built.expect("it fails only for more than two billion letters, and the dictionary was checked")
}

/// True where what lies between the two places is not the inside of a longer word.
pub(super) fn stands_alone(text: &str, start: usize, end: usize) -> bool {
    let before = text[..start].chars().next_back();
    let after = text[end..].chars().next();
    !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
}

const ORGANIZATION_WORDS: &[&str] = &[
    "Administration",
    "Agency",
    "Association",
    "Bank",
    "Center",
    "Centre",
    "Club",
    "Commission",
    "Committee",
    "Company",
    "Corporation",
    "Council",
    "Department",
    "Group",
    "Inc",
    "Institute",
    "Laboratory",
    "Ministry",
    "Office",
    "Party",
    "Society",
    "Union",
    "University",
];

fn looks_like_an_organization(name: &str) -> bool {
    name.split(' ').next_back().is_some_and(|last| ORGANIZATION_WORDS.contains(&last))
}

/// Most words of a guessed name.
const GUESSED_WORDS_MAX: usize = 4;

/// Guesses names by their capitals: two to four capitalized words side by side, not at the start of a sentence.
fn guess_names(text: &str, taken: &[Range<usize>]) -> Vec<FoundName> {
    let mut found: Vec<FoundName> = vec![];
    for run in capitalized_runs(text) {
        let mention = text[run.clone()].to_owned();
        let n_words = mention.split(' ').count();
        let is_known = taken.iter().any(|known| known.start < run.end && run.start < known.end);
        if is_known || !(2..=GUESSED_WORDS_MAX).contains(&n_words) {
            continue;
        }
        match found.iter_mut().find(|one| one.mention == mention) {
            Some(one) => one.count += 1,
            None => found.push(FoundName { mention, types: vec![], entities: vec![], count: 1, first_at: run.start }),
        }
    }
    found
}

/// Finds stretches of capitalized words. Most words are small ones, so these are passed over by their first letter.
fn capitalized_runs(text: &str) -> Vec<Range<usize>> {
    let mut runs = vec![];
    let mut line_at = 0;
    for line in text.split('\n') {
        let mut run: Option<Range<usize>> = None;
        let mut sentence_starts = true;
        let mut at = line_at;
        for word in line.split(' ') {
            let is_small = word.as_bytes().first().is_some_and(u8::is_ascii_lowercase);
            let core = if is_small { "" } else { word.trim_matches(|c: char| !c.is_alphanumeric()) };
            let is_name = !sentence_starts && is_capitalized(core);
            let start = at + word.find(core).unwrap_or(0);
            if is_name {
                let goes_on = run.is_some() && word.starts_with(core);
                let from = run.take().map_or(start, |open| {
                    if goes_on {
                        return open.start;
                    }
                    runs.push(open);
                    start
                });
                run = Some(from..start + core.len());
            }
            // A small word ends a run, and so does punctuation behind a name.
            if !is_name || !word.ends_with(core) {
                runs.extend(run.take());
            }
            sentence_starts = word.ends_with(['.', '!', '?', ':', '"', '”']) || (sentence_starts && word.is_empty());
            at += word.len() + 1;
        }
        runs.extend(run);
        line_at += line.len() + 1;
    }
    runs
}

fn is_capitalized(word: &str) -> bool {
    let mut letters = word.chars();
    letters.next().is_some_and(char::is_uppercase)
        && letters.clone().any(char::is_lowercase)
        && letters.all(|c| c.is_alphabetic() || matches!(c, '-' | '\'' | '’'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entity(entity_type: &str, name: &str, aliases: &[&str]) -> Entity {
        Entity {
            id: crate::model::EntityId::new(name),
            entity_type: entity_type.into(),
            name: name.into(),
            aliases: aliases.iter().map(|alias| (*alias).to_owned()).collect(),
            attributes: Default::default(),
        }
    }

    fn reader() -> Reader {
        Reader::new(&Dictionary {
            entities: vec![
                entity("agency", "NASA", &["National Aeronautics and Space Administration"]),
                entity("astronaut", "Neil Armstrong", &["Armstrong"]),
                entity("vehicle", "Apollo", &[]),
                entity("mission", "Apollo 11", &[]),
                entity("company", "IT", &[]),
            ],
            keywords: vec![
                Keyword { topic: "moon landing".into(), words: vec!["moon".into(), "lunar module".into()] },
                Keyword { topic: "budget".into(), words: vec!["budget".into()] },
            ],
            types: [("Agency".to_owned(), "organization".to_owned()), ("astronaut".into(), "person".into())].into(),
        })
    }

    #[test]
    fn names_are_found_whole_and_longest_first() {
        let table: &[(&str, &[&str])] = &[
            ("Neil Armstrong flew. Armstrong landed.", &["Neil Armstrong"]),
            ("Apollo 11 was an Apollo flight", &["Apollo 11", "Apollo"]),
            ("NASA, not nasality or nasa", &["NASA"]),
            ("it was not it", &[]),
            ("IT is here", &["IT"]),
            ("NASAs", &[]),
            ("", &[]),
        ];
        for (text, expected) in table {
            let found: Vec<_> = reader().names_in(text).into_iter().map(|one| one.mention).collect();
            assert_eq!(&found, expected, "{text}");
        }
    }

    #[test]
    fn some_unknown_names_are_guessed_by_their_capitals() {
        let table: &[(&str, &[&str])] = &[
            ("then Gene Kranz spoke to the Space Task Group of it", &["Gene Kranz", "Space Task Group"]),
            (
                "Yesterday Gene spoke. Then Margaret Hamilton, Kranz and (Chris Kraft) left.",
                &["Margaret Hamilton", "Chris Kraft"],
            ),
            ("the FBI Office said\nThe Old Man", &["Old Man"]),
            ("with Neil Armstrong", &["Neil Armstrong"]),
        ];
        for (text, expected) in table {
            let found: Vec<_> = reader().names_in(text).into_iter().map(|one| one.mention).collect();
            assert_eq!(&found, expected, "{text}");
        }
    }

    #[test]
    fn topics_come_by_their_words() {
        let topics = reader().topics_in("A budget for the Moon: the lunar module. Budgetary honeymoon.");
        let names: Vec<_> = topics.iter().map(|topic| (topic.topic.as_str(), topic.count)).collect();
        assert_eq!(names, [("moon landing", 2), ("budget", 1)]);
    }

    #[test]
    fn a_text_without_a_listed_topic_has_its_own() {
        let topics = reader().topics_in("Rail strike: the rail strike of NASA and Gene Kranz goes on.");
        let names: Vec<_> = topics.iter().map(|topic| (topic.topic.as_str(), topic.count)).collect();
        assert_eq!(names, [("rail strike", 2)]);
    }

    #[test]
    fn a_list_of_topics_names_the_line_that_is_wrong() {
        let list = Keyword::read_list("{\"topic\":\"a\",\"words\":[\"b\"]}\n\n").unwrap();
        assert_eq!(list, [Keyword { topic: "a".into(), words: vec!["b".into()] }]);
        let error = Keyword::read_list("\n{\"topic\":\"a\"}").unwrap_err();
        assert_eq!(format!("{error:#}"), "line 2: missing field `words` at line 1 column 13");
    }

    #[test]
    fn a_type_is_one_that_the_schema_allows() {
        let allowed: Vec<String> = ["person", "organization", "other"].map(String::from).into();
        let reader = reader();
        let table =
            [("NASA", "organization"), ("Neil Armstrong", "person"), ("Apollo 11", "other"), ("to Ann Lee", "person")];
        for (text, expected) in table {
            let found = reader.names_in(text);
            assert_eq!(reader.type_of(&found[0], &allowed).as_deref(), Some(expected), "{text}");
            assert_ne!(reader.type_of(&found[0], &[]), None);
        }
    }
}
