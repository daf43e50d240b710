//! Does a mention stand in the stories? A model may name what no story names; this tells the two apart.
//!
//! Compared without regard to case, diacritics, kinds of quotes and dashes and runs of white space, and only as whole
//! words: `Ares` does not stand in `shares`. An acronym of two or three letters keeps its case: `US` is not `us`.
//! Nothing hides a name: neither soft hyphens and zero-width characters nor `&amp;` for `&`.

use std::cell::OnceCell;
use std::ops::Range;

use memchr::memmem::Finder;
use unicode_normalization::char::is_combining_mark;

use crate::text::decode_entities;
use crate::text::entities::entity_at;
use crate::text::fold::{fold, fold_char};
use crate::text::hidden::is_hidden;

/// Folds a mention as texts are folded: markup read, characters that show nothing left out.
pub(super) fn folded(mention: &str) -> String {
    let shown: String = decode_entities(mention).chars().filter(|c| !is_hidden(*c) || c.is_whitespace()).collect();
    fold(&shown)
}

/// A text prepared for looking up many mentions.
#[derive(Clone, Debug)]
pub struct Grounding {
    folded: String,
    text: String,
    /// Places of `folded` in the text; looked for once something is found.
    places: OnceCell<Places>,
}

/// Places of a folded text in the text itself.
#[derive(Clone, Debug)]
enum Places {
    /// Every byte where it was.
    Same,
    /// For each byte, where its character begins and ends.
    Of { starts: Vec<u32>, ends: Vec<u32> },
}

impl Grounding {
    /// Prepares a text; of more than 4 GiB the rest is not looked at.
    pub fn new(text: &str) -> Grounding {
        let mut folded = String::with_capacity(text.len());
        each_folded(text, &mut folded, |_| {});
        Grounding { folded, text: text.to_owned(), places: OnceCell::new() }
    }

    /// Finds all places of a mention in the text, in their order.
    pub fn find_all(&self, mention: &str) -> Vec<Range<usize>> {
        let (wanted, mut places) = (folded(mention), vec![]);
        self.find_by(mention, &wanted, &Finder::new(&wanted), |place| {
            places.push(place.clone());
            false
        });
        places
    }

    /// Finds a mention that was folded before, for all texts that it is looked for in, with what looks for it; the first
    /// place that is taken counts.
    pub(super) fn find_by(
        &self,
        mention: &str,
        wanted: &str,
        finder: &Finder<'_>,
        mut takes: impl FnMut(&Range<usize>) -> bool,
    ) -> Option<Range<usize>> {
        let (first, last) = (wanted.chars().next()?, wanted.chars().next_back()?);
        let is_acronym = mention.trim().len() <= 3 && mention.trim().bytes().all(|b| b.is_ascii_uppercase());
        finder.find_iter(self.folded.as_bytes()).find_map(|at| {
            let end = at + wanted.len();
            let before = self.folded[..at].chars().next_back();
            let after = self.folded[end..].chars().next();
            if before.is_some_and(|c| joined(c, first)) || after.is_some_and(|c| joined(last, c)) {
                return None;
            }
            let range = self.in_text(at..end);
            let is_it = !is_acronym || self.text[range.clone()] == *mention.trim();
            (is_it && takes(&range)).then_some(range)
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
        match self.places.get_or_init(|| Places::of(&self.text, self.folded.len())) {
            Places::Same => folded,
            Places::Of { starts, ends } => starts[folded.start] as usize..ends[folded.end - 1] as usize,
        }
    }
}

impl Places {
    fn of(text: &str, n_folded: usize) -> Places {
        // No character of ASCII grows, so that none of them has moved.
        if text.len() == n_folded && text.is_ascii() {
            return Places::Same;
        }
        let (mut starts, mut ends): (Vec<u32>, Vec<u32>) = (Vec::with_capacity(n_folded), Vec::with_capacity(n_folded));
        each_folded(text, &mut String::with_capacity(n_folded), |step| match step {
            Step::Run { at, n_bytes } => {
                let end = at + n_bytes;
                starts.extend(at..end);
                ends.extend(at + 1..=end);
            }
            Step::Character { start, end, n_folded } => {
                starts.resize(n_folded, start);
                ends.resize(n_folded, end);
            }
            // A mark belongs to the letter before it.
            Step::Mark { end } => {
                if let Some(last) = ends.last_mut() {
                    *last = end;
                }
            }
        });
        Places::Of { starts, ends }
    }
}

/// A step of folding a text.
enum Step {
    /// Bytes that stand for themselves but for their case.
    Run { at: u32, n_bytes: u32 },
    /// A character, or a reference to one, and the length of the folded text with it.
    Character { start: u32, end: u32, n_folded: usize },
    /// A mark, of which nothing is left.
    Mark { end: u32 },
}

/// Folds a text piece by piece, and tells `visit` of each.
fn each_folded(text: &str, folded: &mut String, mut visit: impl FnMut(Step)) {
    let mut at = 0;
    while at < text.len() {
        let n_plain = n_plain(&text.as_bytes()[at..], folded.as_bytes().last().copied());
        if n_plain > 0 {
            let (Ok(from), Ok(n_bytes)) = (u32::try_from(at), u32::try_from(n_plain)) else { break };
            let Some(end) = from.checked_add(n_bytes) else { break };
            let before = folded.len();
            folded.push_str(&text[at..end as usize]);
            folded[before..].make_ascii_lowercase();
            visit(Step::Run { at: from, n_bytes });
            at = end as usize;
            continue;
        }
        let Some(written) = text[at..].chars().next() else { break };
        let (c, n_bytes) = entity_at(&text[at..]).unwrap_or((written, written.len_utf8()));
        let (Ok(start), Ok(end)) = (u32::try_from(at), u32::try_from(at + n_bytes)) else { break };
        at += n_bytes;
        let before = folded.len();
        if !is_hidden(c) || c.is_whitespace() {
            fold_char(c, folded);
        }
        match folded.len() > before {
            true => visit(Step::Character { start, end, n_folded: folded.len() }),
            false if is_combining_mark(c) => visit(Step::Mark { end }),
            false => {}
        }
    }
}

/// Returns how many bytes at the start of a text are folded to themselves but for their case; `last` is the byte before.
fn n_plain(bytes: &[u8], mut last: Option<u8>) -> usize {
    let mut is_plain = |byte: &u8| {
        let is_space_again = *byte == b' ' && last == Some(b' ');
        last = Some(*byte);
        (b' '..=b'~').contains(byte) && !matches!(byte, b'`' | b'&') && !is_space_again
    };
    bytes.iter().position(|byte| !is_plain(byte)).unwrap_or(bytes.len())
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
            let found = Grounding::new(text).find_all(mention).into_iter().next();
            assert_eq!(found.map(|range| &text[range]), expected, "{mention} in {text}");
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
