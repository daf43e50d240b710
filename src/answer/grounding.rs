//! Does a mention stand in the stories? A model may name what no story names; this tells the two apart.
//!
//! Compared without regard to case, diacritics, kinds of quotes and dashes and runs of white space, and only as whole
//! words: `Ares` does not stand in `shares`. An acronym of two or three letters keeps its case: `US` is not `us`.
//! Nothing hides a name: neither soft hyphens and zero-width characters nor `&amp;` for `&`.

use std::ops::Range;

use unicode_normalization::char::is_combining_mark;

use crate::text::decode_entities;
use crate::text::entities::entity_at;
use crate::text::fold::{fold, fold_char};
use crate::text::hidden::is_hidden;

/// Finds a mention in a text: the bytes of its first occurrence.
pub fn find(text: &str, mention: &str) -> Option<Range<usize>> {
    Grounding::new(text).find(mention)
}

/// Folds a mention as texts are folded: markup read, characters that show nothing left out.
pub(super) fn folded(mention: &str) -> String {
    let shown: String = decode_entities(mention).chars().filter(|c| !is_hidden(*c) || c.is_whitespace()).collect();
    fold(&shown)
}

/// A text prepared for looking up many mentions.
#[derive(Clone, Debug)]
pub struct Grounding {
    folded: String,
    /// For each byte of `folded`, where its character stands in the text.
    starts: Vec<u32>,
    ends: Vec<u32>,
    text: String,
}

impl Grounding {
    /// Prepares a text; of more than 4 GiB the rest is not looked at.
    pub fn new(text: &str) -> Grounding {
        let mut folded = String::with_capacity(text.len());
        let (mut starts, mut ends) = (Vec::with_capacity(text.len()), Vec::with_capacity(text.len()));
        let mut at = 0;
        while let Some(written) = text[at..].chars().next() {
            // Most of most texts: a letter of ASCII is itself, but for its case.
            if written.is_ascii_alphanumeric() {
                let (Ok(start), Ok(end)) = (u32::try_from(at), u32::try_from(at + 1)) else { break };
                folded.push(written.to_ascii_lowercase());
                starts.push(start);
                ends.push(end);
                at += 1;
                continue;
            }
            let (c, n_bytes) = entity_at(&text[at..]).unwrap_or((written, written.len_utf8()));
            let (Ok(start), Ok(end)) = (u32::try_from(at), u32::try_from(at + n_bytes)) else { break };
            at += n_bytes;
            let before = folded.len();
            if !is_hidden(c) || c.is_whitespace() {
                fold_char(c, &mut folded);
            }
            if folded.len() == before {
                // A mark belongs to the letter before it.
                if let Some(last) = ends.last_mut().filter(|_| is_combining_mark(c)) {
                    *last = end;
                }
                continue;
            }
            starts.resize(folded.len(), start);
            ends.resize(folded.len(), end);
        }
        Grounding { folded, starts, ends, text: text.to_string() }
    }

    /// Finds a mention: the bytes of its first occurrence in the text.
    pub fn find(&self, mention: &str) -> Option<Range<usize>> {
        self.find_folded(mention, &folded(mention))
    }

    /// Finds a mention that was folded before, for all texts that it is looked for in.
    pub(super) fn find_folded(&self, mention: &str, wanted: &str) -> Option<Range<usize>> {
        let (first, last) = (wanted.chars().next()?, wanted.chars().next_back()?);
        let is_acronym = mention.trim().len() <= 3 && mention.trim().bytes().all(|b| b.is_ascii_uppercase());
        self.folded.match_indices(wanted).find_map(|(at, _)| {
            let end = at + wanted.len();
            let before = self.folded[..at].chars().next_back();
            let after = self.folded[end..].chars().next();
            if before.is_some_and(|c| joined(c, first)) || after.is_some_and(|c| joined(last, c)) {
                return None;
            }
            let range = self.starts[at] as usize..self.ends[end - 1] as usize;
            (!is_acronym || self.text[range.clone()] == *mention.trim()).then_some(range)
        })
    }
}

impl Grounding {
    /// Returns the folded text.
    pub(super) fn folded(&self) -> &str {
        &self.folded
    }

    /// Returns where a part of the folded text stands in the text.
    pub(super) fn in_text(&self, folded: Range<usize>) -> Range<usize> {
        self.starts[folded.start] as usize..self.ends[folded.end - 1] as usize
    }
}

/// Returns whether two neighbors belong to one word. Scripts that write no spaces have no such bounds.
pub(super) fn joined(one: char, two: char) -> bool {
    let spaced = |c: char| {
        c.is_alphanumeric()
            && !matches!(c, '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}'
                | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
    };
    spaced(one) && spaced(two)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mention_stands_in_the_text_or_not() {
        let check = |text: &str, mention: &str, expected: Option<&str>| {
            assert_eq!(find(text, mention).map(|range| &text[range]), expected, "{mention} in {text}");
        };
        check("Gene Kranz spoke.", "gene  kranz", Some("Gene Kranz"));
        check("Gene\n  Kranz spoke.", "Gene Kranz", Some("Gene\n  Kranz"));
        check("shares of Ares rose", "Ares", Some("Ares"));
        check("shares rose", "Ares", None);
        check("Björk's album", "Bjork", Some("Björk"));
        check("Bjo\u{308}rk sang", "Björk", Some("Bjo\u{308}rk"));
        check("the O’Neill cylinder", "O'Neill", Some("O’Neill"));
        check("Soyuz–11 returned", "Soyuz-11", Some("Soyuz–11"));
        check("it hit us hard in the US today", "US", Some("US"));
        check("it hit us", "US", None);
        check("the nasa budget", "NASA", Some("nasa"));
        check("AT&amp;T rose", "AT&T", Some("AT&amp;T"));
        check("AT&T rose", "AT&amp;T", Some("AT&T"));
        check("O&#8217;Neill spoke", "O'Neill", Some("O&#8217;Neill"));
        check("Sally&nbsp;Ride flew", "Sally Ride", Some("Sally&nbsp;Ride"));
        check("Chal\u{ad}len\u{ad}ger broke", "Challenger", Some("Chal\u{ad}len\u{ad}ger"));
        check("Sal\u{200b}ly\u{2060} Ride\u{feff} flew", "Sally Ride", Some("Sal\u{200b}ly\u{2060} Ride"));
        check("Sally Ride flew", "Sal\u{200b}ly Ri\u{ad}de", Some("Sally Ride"));
        check("R&D and us", "R&D", Some("R&D"));
        check("昨日NASA発表した東京都庁", "東京", Some("東京"));
        check("昨日NASA発表", "NASA", Some("NASA"));
        check("", "NASA", None);
        check("NASA", "", None);
        check("NASA", "  ", None);
        check("A", "A longer name", None);
        check("Łódź and ﬁne İstanbul", "fine", Some("ﬁne"));
    }
}
