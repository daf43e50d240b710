//! Topics of the list that a schema allows, found by their words.

use std::cell::RefCell;

use aho_corasick::AhoCorasick;
use serde_json::Value;

use super::reader::{FoundTopic, Reader, automaton, stands_alone};

/// Topics that the schema of an answer lists.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Listed<'a> {
    topics: Vec<&'a str>,
    /// True where another topic may be answered as well.
    others: bool,
}

impl<'a> Listed<'a> {
    /// Reads the schema of a topic; `None` where it lists none.
    pub(crate) fn of(schema: &'a Value) -> Option<Self> {
        let values = |schema: &'a Value| -> Option<Vec<&'a str>> {
            Some(schema["enum"].as_array()?.iter().filter_map(Value::as_str).collect())
        };
        if let Some(topics) = values(schema) {
            return Some(Self { topics, others: false });
        }
        let options = schema["anyOf"].as_array()?;
        let topics = options.iter().find_map(values)?;
        Some(Self {
            topics,
            others: options.iter().any(|option| option["enum"].is_null() && option["type"] == "string"),
        })
    }
}

thread_local! {
    /// List that was asked for last, with its automaton: all requests of a prompt have the same one.
    static LAST: RefCell<(Vec<String>, AhoCorasick)> = RefCell::new((vec![], automaton([])));
}

/// Counts how often each topic stands in a text.
fn counts(topics: &[&str], text: &str) -> Vec<usize> {
    LAST.with_borrow_mut(|(list, words)| {
        if list != topics {
            *list = topics.iter().map(|topic| (*topic).to_owned()).collect();
            *words = automaton(topics.iter().copied());
        }
        let mut counts = vec![0; topics.len()];
        for hit in words.find_iter(text).filter(|hit| stands_alone(text, hit.start(), hit.end())) {
            counts[hit.pattern().as_usize()] += 1;
        }
        counts
    })
}

impl Reader {
    /// Finds the topics of a list in a text: those whose words stand there, and those that the reader would answer without
    /// the list. Others are found only where they are allowed and none of the list fits.
    pub(crate) fn topics_among(&self, listed: &Listed<'_>, text: &str) -> Vec<FoundTopic> {
        let own = self.topics_in(text);
        let mut counts = counts(&listed.topics, text);
        for found in &own {
            if let Some(at) = listed.topics.iter().position(|topic| topic.to_lowercase() == found.topic.to_lowercase())
            {
                counts[at] = found.count.max(counts[at]);
            }
        }
        let mut topics: Vec<FoundTopic> = counts
            .into_iter()
            .zip(&listed.topics)
            .filter(|(count, _)| *count > 0)
            .map(|(count, topic)| FoundTopic { topic: (*topic).to_owned(), count })
            .collect();
        topics.sort_by_key(|topic| std::cmp::Reverse(topic.count));
        if topics.is_empty() && listed.others { own } else { topics }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::sandbox::reader::{Dictionary, Keyword};

    #[test]
    fn topics_are_chosen_from_the_list_and_others_only_where_they_may_be() {
        let keywords = vec![Keyword { topic: "spending".into(), words: vec!["budget".into()] }];
        let reader = Reader::new(&Dictionary { keywords, ..Dictionary::default() });
        let check = |schema: Value, text: &str, expected: &[&str]| {
            let listed = Listed::of(&schema).expect("the schema has a list");
            let found: Vec<String> = reader.topics_among(&listed, text).into_iter().map(|found| found.topic).collect();
            assert_eq!(found, expected, "{schema} {text}");
        };
        let closed = |topics: Value| json!({"type": "string", "enum": topics});
        let open = |topics: Value| json!({"anyOf": [closed(topics), {"type": "string"}]});
        check(
            closed(json!(["Lunar trade", "moon"])),
            "The moon, a budget; the Moon and lunar trade.",
            &["moon", "Lunar trade"],
        );
        check(closed(json!(["moon"])), "A budget of a honeymoon.", &[]);
        check(closed(json!(["Spending"])), "A budget.", &["Spending"]);
        check(open(json!(["moon"])), "A budget.", &["spending"]);
        check(open(json!(["moon"])), "A budget for the moon.", &["moon"]);
        assert_eq!(Listed::of(&json!({"type": "string"})), None);
        assert_eq!(Listed::of(&json!({"anyOf": [{"type": "string"}]})), None);
    }
}
