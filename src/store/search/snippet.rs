//! Snippets: a part of a text around the words that were found, as the text writes them.
//!
//! SQLite marks the words in the text as it is indexed, folded and cut; each byte of that knows where it came from.

use std::ops::Range;

use super::{MARK, MARK_END};
use crate::text::cut_words_of;

/// Length of a snippet, in characters.
const CHARS: usize = 180;
/// Of these before the first mark.
const BEFORE: usize = 50;

/// A text as it is indexed.
#[derive(Debug)]
pub(super) struct Indexed {
    /// Folded and cut.
    pub text: String,
    /// For each byte of it where its character begins in the text as it was; empty where the two are the same.
    origins: Vec<usize>,
}

impl Indexed {
    pub(super) fn new(text: &str) -> Self {
        if text.is_ascii() {
            return Self { text: text.to_owned(), origins: vec![] };
        }
        let mut origins = Vec::with_capacity(text.len());
        let text = cut_words_of(text, |at, n_bytes| origins.extend(std::iter::repeat_n(at, n_bytes)));
        Self { text, origins }
    }

    /// Returns where the marked parts of the indexed text stand in the text as it was.
    fn places(&self, highlighted: &str, original: &str) -> Vec<Range<usize>> {
        let origin = |at: usize| match self.origins.as_slice() {
            [] => at.min(original.len()),
            origins => origins.get(at).copied().unwrap_or(original.len()),
        };
        let (mut places, mut at, mut start) = (vec![], 0, 0);
        for c in highlighted.chars() {
            match c {
                MARK => start = at,
                MARK_END => places.push(origin(start)..origin(at)),
                c => at += c.len_utf8(),
            }
        }
        places
    }

    /// Returns the snippet with the most marks, the first of them; `None` where nothing is marked.
    pub(super) fn snippet(&self, highlighted: &str, original: &str) -> Option<String> {
        let places = self.places(highlighted, original);
        let is_near = |first: &Range<usize>, other: &Range<usize>| {
            other.start >= first.start
                && original
                    .get(first.start..other.end)
                    .is_some_and(|part| part.chars().take(CHARS).count() < CHARS - BEFORE)
        };
        let marks = |i: usize| places[i..].iter().take(20).take_while(|other| is_near(&places[i], other)).count();
        let best = (0..places.len()).max_by_key(|&i| (marks(i), std::cmp::Reverse(i)))?;
        let first = original.get(places[best].clone()).map(|_| places[best].start)?;
        let (begin, end) = window(original, first);
        let mut snippet = String::from(if begin > 0 { "…" } else { "" });
        let mut at = begin;
        for place in places[best..].iter().take_while(|place| place.end <= end) {
            snippet.push_str(&original[at..place.start]);
            snippet.push(MARK);
            snippet.push_str(&original[place.clone()]);
            snippet.push(MARK_END);
            at = place.end;
        }
        snippet.push_str(&original[at..end]);
        if end < original.len() {
            snippet.push('…');
        }
        Some(snippet)
    }
}

/// Returns the part of a text to show, which begins a little before a place and is cut between words where it can be.
fn window(text: &str, first: usize) -> (usize, usize) {
    let back = |n: usize| text[..first].char_indices().rev().nth(n - 1).map_or(0, |(at, _)| at);
    let mut begin = back(BEFORE);
    if begin > 0 {
        begin = text[begin..first].find(char::is_whitespace).map_or(begin, |at| begin + at);
    }
    let mut end = text[begin..].char_indices().nth(CHARS).map_or(text.len(), |(at, _)| begin + at);
    if end < text.len() {
        end = text[first..end].rfind(char::is_whitespace).map(|at| first + at).filter(|&at| at > first).unwrap_or(end);
    }
    (begin + text[begin..].len() - text[begin..].trim_start().len(), end)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The words between brackets are those that SQLite marked in the text as it is indexed.
    fn check(text: &str, marked: &[&str], expected: &str) {
        let indexed = Indexed::new(text);
        let lower = indexed.text.to_lowercase();
        let mut highlighted = indexed.text.clone();
        let mut places: Vec<Range<usize>> = vec![];
        for word in marked {
            places.extend(lower.match_indices(word).map(|(at, word)| at..at + word.len()));
        }
        places.sort_by_key(|place| std::cmp::Reverse(place.start));
        for place in places {
            highlighted.insert(place.end, MARK_END);
            highlighted.insert(place.start, MARK);
        }
        let snippet = indexed.snippet(&highlighted, text).map(|text| text.replace(MARK, "[").replace(MARK_END, "]"));
        assert_eq!(snippet.as_deref(), Some(expected).filter(|_| !marked.is_empty()), "{text}");
    }

    #[test]
    fn snippets_show_the_text_as_it_was() {
        check("The moon rose.", &["moon"], "The [moon] rose.");
        check("Nach Łódź fuhr die Große Bahn.", &["lodz", "grosse"], "Nach [Łódź] fuhr die [Große] Bahn.");
        check("美国宇航局在月球上建立基地。", &["月 球"], "美国宇航局在[月球]上建立基地。");
        check("Co\u{ad}op\u{ad}erate and \u{200b}go", &["cooperate"], "[Co\u{ad}op\u{ad}erate] and \u{200b}go");
        check("nothing", &[], "");
        let far = format!("moon {}a moon and a star, {}", "word ".repeat(100), "word ".repeat(100));
        let found = format!("…{}a [moon] and a [star],{}…", "word ".repeat(9), " word".repeat(23));
        check(&far, &["moon", "star"], &found);
    }
}
