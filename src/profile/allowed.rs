//! Allowed topics: a cleaned list that answers are to keep to.
//!
//! The list is part of the profile's text, and so of the database: what is asked depends on no other file, and changes only
//! when somebody makes another text the active one. As far as Structured Outputs takes it, it is an `enum` of the schema;
//! a longer one, beside which other topics are allowed, stands in the instructions.

use std::collections::HashSet;
use std::fmt::Write as _;

use super::problem::Problem;
use super::schema::{ENUM_CHARS_FREE, ENUM_CHARS_MAX, ENUM_VALUES_MAX};
use crate::text::{topic_key, visible};

/// Topics of a list; each costs some tokens in every request.
const TOPICS_MAX: usize = 5_000;
/// Characters of a topic; the longest that a subject index prints are half as long.
const TOPIC_CHARS_MAX: usize = 120;

/// Topics that a model is to choose from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowed {
    /// The topics, as they are to be written.
    pub topics: Vec<String>,
    /// True where a model may name another topic if none of them fits.
    pub others: bool,
}

impl Allowed {
    /// Returns whether the list is an `enum` of the schema; else it stands in the instructions.
    pub fn is_in_schema(&self) -> bool {
        self.topics.len() <= ENUM_VALUES_MAX
            && (self.topics.len() <= ENUM_CHARS_FREE || self.n_chars() <= ENUM_CHARS_MAX)
    }

    /// Returns whether a topic is short enough for a list.
    pub fn takes(topic: &str) -> bool {
        topic.chars().count() <= TOPIC_CHARS_MAX
    }

    /// Returns the number of characters of all topics.
    pub fn n_chars(&self) -> usize {
        self.topics.iter().map(|topic| topic.chars().count()).sum()
    }

    /// Returns the paragraph about the list, which goes behind a profile's own instructions.
    pub(super) fn instructions(&self) -> String {
        let mut text = match (self.is_in_schema(), self.others) {
            (true, false) => {
                "Topics come from a fixed list, the values that the schema allows, and no other is an answer. Give those \
                 that fit, letter by letter as the list has them, whatever was said above about wording and level. If none \
                 fits, answer with an empty list."
            }
            (true, true) => {
                "The schema has a list of established topics. Where one of them fits, give it, letter by letter as the list \
                 has it, rather than a synonym, a wider or a narrower one. Name another topic, in the same manner, only for \
                 a subject that none of them covers."
            }
            (false, _) => {
                "There is a list of established topics, one a line below. Where one of them fits, give it, letter by letter \
                 as the list has it, rather than a synonym, a wider or a narrower one. Name another topic, in the same \
                 manner, only for a subject that none of them covers.\n"
            }
        }
        .to_owned();
        if !self.is_in_schema() {
            for topic in &self.topics {
                let _ = write!(text, "\n- {topic}");
            }
        }
        text
    }

    /// Returns the topics in an order of their own, so that a list that was sorted otherwise is the same question.
    pub(super) fn sorted(&self) -> Vec<&str> {
        let mut topics: Vec<&str> = self.topics.iter().map(String::as_str).collect();
        topics.sort_unstable();
        topics
    }

    /// Returns all that is wrong with the list.
    pub fn problems(&self) -> Vec<Problem> {
        const PLACE: &str = "topic.allowed";
        let mut problems = vec![];
        let n = self.topics.len();
        if n == 0 {
            problems.push(Problem::at(PLACE, "names no topic; without the table every topic is allowed"));
        }
        if n > TOPICS_MAX {
            let mut problem = Problem::at(PLACE, format!("{n} topics, over the limit of {TOPICS_MAX}"));
            problem.hint = Some("leave out those that few groups have".into());
            problems.push(problem);
        } else if !self.others && !self.is_in_schema() {
            let over = if n > ENUM_VALUES_MAX {
                format!("{n} topics, and a schema takes {ENUM_VALUES_MAX}")
            } else {
                format!(
                    "{} characters in {n} topics, and a schema takes {ENUM_CHARS_MAX} in more than {ENUM_CHARS_FREE}",
                    self.n_chars()
                )
            };
            let mut problem = Problem::at(PLACE, over);
            problem.hint = Some(
                "leave out those that few groups have, or say `others = true`: then the list stands in the instructions"
                    .into(),
            );
            problems.push(problem);
        }
        let mut seen = HashSet::new();
        for topic in &self.topics {
            let shown = visible(topic);
            if shown.is_empty() {
                problems.push(Problem::at(PLACE, "an empty topic"));
            } else if shown != *topic {
                problems.push(Problem::at(PLACE, format!("`{shown}` has blanks or hidden characters to spare")));
            } else if !Self::takes(topic) {
                let start: String = topic.chars().take(40).collect();
                problems.push(Problem::at(PLACE, format!("`{start}…` is longer than {TOPIC_CHARS_MAX} characters")));
            } else if !seen.insert(topic_key(topic)) {
                problems.push(Problem::at(PLACE, format!("`{topic}` is there twice")));
            }
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Kind;
    use crate::profile::check::tests::profile;
    use crate::profile::{Profile, PromptOptions, make_prompt};

    fn allowed(topics: &[&str], others: bool) -> Allowed {
        Allowed { topics: topics.iter().map(|topic| (*topic).to_owned()).collect(), others }
    }

    fn many(n: usize, width: usize) -> Allowed {
        Allowed { topics: (0..n).map(|at| format!("{at:0width$}")).collect(), others: false }
    }

    #[test]
    fn a_list_fits_the_schema_or_not() {
        for (list, expected) in [
            (many(1, 9), true),
            (many(1_000, 15), true),
            (many(1_001, 4), false),
            (many(250, 100), true),
            (many(251, 60), false),
            (many(1_000, 16), false),
        ] {
            let problems = list.problems();
            assert_eq!((list.is_in_schema(), problems.is_empty()), (expected, expected), "{problems:?}");
            let open = Allowed { others: true, ..list };
            assert_eq!((open.problems(), open.instructions().contains(open.topics[0].as_str())), (vec![], !expected));
        }
        let problem = &many(1_058, 20).problems()[0];
        assert_eq!(problem.to_string(), "topic.allowed: 1058 topics, and a schema takes 1000");
        let problem = &many(300, 60).problems()[0];
        assert_eq!(
            problem.to_string(),
            "topic.allowed: 18000 characters in 300 topics, and a schema takes 15000 in more than 250"
        );
    }

    #[test]
    fn each_mistake_in_a_list_is_named() {
        let long = "x".repeat(121);
        for (topics, expected) in [
            (&[][..], "names no topic"),
            (&["a", ""], "an empty topic"),
            (&[" a"], "`a` has blanks or hidden characters to spare"),
            (&["a\u{7}"], "hidden characters"),
            (&["a\u{202e}b"], "`ab` has blanks or hidden characters to spare"),
            (&["Trade", "trade"], "`trade` is there twice"),
            (&[long.as_str()], "is longer than 120 characters"),
        ] {
            let problems = allowed(topics, true).problems();
            assert!(problems.len() == 1 && problems[0].message.contains(expected), "{topics:?}: {problems:?}");
        }
    }

    #[test]
    fn a_list_is_in_the_schema_the_instructions_and_the_fingerprint() {
        let prompt = |list: Option<Allowed>| {
            make_prompt(&Profile { allowed_topics: list, ..profile() }, Kind::Topic, &PromptOptions::default()).unwrap()
        };
        let topic =
            |list: Option<Allowed>| prompt(list).schema["properties"]["topics"]["items"]["properties"]["topic"].clone();
        assert_eq!(topic(None), serde_json::json!({"type": "string"}));
        assert_eq!(topic(Some(allowed(&["a", "b"], false))), serde_json::json!({"type": "string", "enum": ["a", "b"]}));
        assert_eq!(
            topic(Some(allowed(&["a", "b"], true))),
            serde_json::json!({"anyOf": [{"type": "string", "enum": ["a", "b"]}, {"type": "string"}]})
        );
        let long = Allowed { others: true, ..many(1_500, 5) };
        assert_eq!(topic(Some(long.clone())), serde_json::json!({"type": "string"}));
        assert!(prompt(Some(long)).instructions.contains("\n- 01499\n\nThe input is one story group"));
        let fingerprints: Vec<String> = [
            None,
            Some(allowed(&["a", "b"], true)),
            Some(allowed(&["b", "a"], true)),
            Some(allowed(&["a", "b"], false)),
            Some(allowed(&["a"], true)),
        ]
        .map(|list| prompt(list).fingerprint)
        .into();
        assert_eq!(fingerprints[1], fingerprints[2], "the order of a list is no other question");
        let different: HashSet<&String> = fingerprints.iter().collect();
        assert_eq!(different.len(), 4);
    }
}
