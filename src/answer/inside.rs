//! Names inside longer names of the same answer: *Bank of Ireland* in *Central Bank of Ireland* is no place of its own.
//!
//! Only names that an answer gives can be told apart so: what no mention names is no name here.

use std::ops::Range;

use memchr::memmem::Finder;

use super::grounding::{Grounding, folded};

/// Words that do not make another name of one.
const EMPTY_WORDS: [&str; 4] = ["the", "a", "an", "s"];

/// Mentions of an answer that are longer than another one of it.
pub struct Longer<'m>(Vec<&'m str>);

impl<'m> Longer<'m> {
    /// Takes those of all mentions of the answer in which this one stands.
    pub fn of(mention: &str, all: impl IntoIterator<Item = &'m str>) -> Longer<'m> {
        let wanted = folded(mention);
        let finder = Finder::new(&wanted);
        let holds = |other: &&str| other.len() > mention.len() && finder.find(folded(other).as_bytes()).is_some();
        Longer(all.into_iter().filter(holds).collect())
    }

    /// Takes those in which what is looked for stands to the letter.
    pub(super) fn to_the_letter(finder: &Finder<'_>, all: &[&'m str]) -> Longer<'m> {
        let n_bytes = finder.needle().len();
        let holds = |other: &&str| other.len() > n_bytes && finder.find(other.as_bytes()).is_some();
        Longer(all.iter().copied().filter(holds).collect())
    }

    /// Takes all that are longer, for places in other words.
    pub(super) fn than(mention: &str, all: &[&'m str]) -> Longer<'m> {
        Longer(all.iter().copied().filter(|other| other.len() > mention.len()).collect())
    }

    /// Returns whether a place of a text is only a part of where one of them stands.
    pub fn hold(&self, text: &str, place: &Range<usize>) -> bool {
        let Some(n_bytes) = self.0.iter().map(|name| name.len()).max() else { return false };
        // White space and marks may make a name longer in the text.
        let around = n_bytes * 2 + 16;
        let mut begin = place.start.saturating_sub(around);
        while !text.is_char_boundary(begin) {
            begin -= 1;
        }
        let mut end = (place.end + around).min(text.len());
        while !text.is_char_boundary(end) {
            end += 1;
        }
        let window = Grounding::new(&text[begin..end]);
        let holds = |found: Range<usize>| {
            let (start, end) = (begin + found.start, begin + found.end);
            start <= place.start
                && place.end <= end
                && (has_words(&text[start..place.start]) || has_words(&text[place.end..end]))
        };
        self.0.iter().any(|name| window.find_all(name).into_iter().any(holds))
    }
}

/// Returns whether a text has words that make another name of one beside them.
fn has_words(text: &str) -> bool {
    let folded = folded(text);
    folded.split(|c: char| !c.is_alphanumeric()).any(|word| !word.is_empty() && !EMPTY_WORDS.contains(&word))
}
