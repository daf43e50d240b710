//! Places of mentions in the stories of a group: to the letter, else folded, else in words that are nearly the same.
//!
//! The closest way counts, wherever it is found; of several places the first, texts before titles. A place inside a longer
//! mention of the same answer is that one's. Most mentions stand there to the letter, so the other ways prepare a text only
//! when one does not.

use std::cell::OnceCell;
use std::ops::Range;

use memchr::memmem::Finder;

use super::grounding::{self, Grounding as Folded, joined};
use super::inside::Longer;
use crate::model::{Grounded, Grounding, Group, Place};

/// Words of a story that may stand between two words of a mention.
const BETWEEN_MAX: usize = 1;

/// Letters from which on a word with one slip, or two, is nearly the same.
const ONE_SLIP_FROM: usize = 5;
const TWO_SLIPS_FROM: usize = 9;

/// The stories of a group, for looking up many mentions.
pub struct Stories<'g> {
    fields: Vec<Field<'g>>,
}

struct Field<'g> {
    story: Option<u32>,
    in_title: bool,
    text: &'g str,
    folded: OnceCell<Folded>,
    words: OnceCell<Words>,
}

/// Words of a folded text.
struct Words {
    ranges: Vec<Range<usize>>,
    /// First byte of each.
    firsts: Vec<u8>,
}

impl<'g> Stories<'g> {
    /// Takes the texts and titles that a model was given.
    pub fn new(group: &'g Group) -> Stories<'g> {
        let field = |story: Option<usize>, in_title, text| Field {
            story: story.and_then(|at| u32::try_from(at + 1).ok()),
            in_title,
            text,
            folded: OnceCell::new(),
            words: OnceCell::new(),
        };
        let stories = || group.stories.iter().enumerate();
        let texts = stories().map(|(at, story)| field(Some(at), false, story.text.as_str()));
        let titles = stories().filter_map(|(at, story)| Some(field(Some(at), true, story.title.as_deref()?)));
        let title = group.title.as_deref().map(|title| field(None, true, title));
        Stories { fields: texts.chain(titles).chain(title).collect() }
    }

    /// Looks for a mention of an answer; `all` are all mentions of it.
    pub fn locate(&self, mention: &str, all: &[&str]) -> Grounded {
        let mention = mention.trim();
        let finder = Finder::new(mention);
        let longer = Longer::to_the_letter(&finder, all);
        if let Some(place) = self.first(|field| exact(field.text, mention, &finder, &longer)) {
            return Grounded { grounding: Grounding::Exact, place };
        }
        let longer = Longer::than(mention, all);
        let wanted = grounding::folded(mention);
        let finder = Finder::new(&wanted);
        let stands = |field: &Field<'_>| {
            field.folded().find_by(mention, &wanted, &finder, |place| !longer.hold(field.text, place))
        };
        if let Some(place) = self.first(stands) {
            return Grounded { grounding: Grounding::Normalized, place };
        }
        let words = words_of(&wanted);
        match self.first(|field| field.find_nearly(&words, &longer)) {
            Some(place) => Grounded { grounding: Grounding::Fuzzy, place },
            None => Grounded { grounding: Grounding::Ungrounded, place: None },
        }
    }

    /// Returns the first place that one way finds; in a text of gigabytes it has no number.
    fn first(&self, find: impl Fn(&Field<'_>) -> Option<Range<usize>>) -> Option<Option<Place>> {
        self.fields.iter().find_map(|field| Some(field.place(find(field)?)))
    }
}

impl Field<'_> {
    fn folded(&self) -> &Folded {
        self.folded.get_or_init(|| Folded::new(self.text))
    }

    fn place(&self, bytes: Range<usize>) -> Option<Place> {
        let at = self.text[..bytes.start].chars().count();
        let length = self.text[bytes].chars().count();
        let (at, length) = (u32::try_from(at).ok()?, u32::try_from(length).ok()?);
        Some(Place { story: self.story, in_title: self.in_title, at, length })
    }

    /// Finds words that are nearly those of a mention, in their order.
    fn find_nearly(&self, wanted: &[String], longer: &Longer<'_>) -> Option<Range<usize>> {
        // A few letters are like too much.
        if wanted.iter().map(|word| word.chars().count()).sum::<usize>() < ONE_SLIP_FROM {
            return None;
        }
        let folded = self.folded();
        let Words { ranges: words, firsts } = self.words.get_or_init(|| Words::of(folded.folded()));
        let is_alone = wanted.len() == 1;
        let alike = |at: usize, wanted: &str| is_nearly(&folded.folded()[words[at].clone()], wanted, is_alone);
        let (first, rest) = wanted.split_first()?;
        'starts: for start in memchr::memchr_iter(*first.as_bytes().first()?, firsts) {
            if !alike(start, first) {
                continue;
            }
            let mut last = start;
            for word in rest {
                let next = (last + 1..words.len().min(last + 2 + BETWEEN_MAX)).find(|at| alike(*at, word));
                let Some(next) = next else { continue 'starts };
                last = next;
            }
            let place = folded.in_text(words[start].start..words[last].end);
            if !longer.hold(self.text, &place) {
                return Some(place);
            }
        }
        None
    }
}

/// Finds a mention to the letter, as whole words.
fn exact(text: &str, mention: &str, finder: &Finder<'_>, longer: &Longer<'_>) -> Option<Range<usize>> {
    let (first, last) = (mention.chars().next()?, mention.chars().next_back()?);
    finder.find_iter(text.as_bytes()).find_map(|at| {
        let end = at + mention.len();
        let before = text[..at].chars().next_back();
        let after = text[end..].chars().next();
        let is_part = before.is_some_and(|c| joined(c, first)) || after.is_some_and(|c| joined(last, c));
        (!is_part && !longer.hold(text, &(at..end))).then_some(at..end)
    })
}

/// Returns the words of a folded mention; none where it is of a script without spaces.
fn words_of(folded: &str) -> Vec<String> {
    if folded.chars().any(|c| c.is_alphanumeric() && !joined(c, 'a')) {
        return vec![];
    }
    word_ranges(folded).into_iter().map(|range| folded[range].to_owned()).collect()
}

impl Words {
    fn of(folded: &str) -> Words {
        let ranges = word_ranges(folded);
        let firsts = ranges.iter().map(|range| folded.as_bytes()[range.start]).collect();
        Words { ranges, firsts }
    }
}

fn word_ranges(text: &str) -> Vec<Range<usize>> {
    let mut words = Vec::with_capacity(text.len() / 6);
    let (mut begun, mut at) = (None, 0);
    let bytes = text.as_bytes();
    while let Some(byte) = bytes.get(at) {
        let (is_part, n_bytes) = match byte.is_ascii() {
            true => (byte.is_ascii_alphanumeric(), 1),
            false => text[at..].chars().next().map_or((false, 1), |c| (c.is_alphanumeric(), c.len_utf8())),
        };
        match (is_part, begun) {
            (true, None) => begun = Some(at),
            (false, Some(start)) => {
                words.push(start..at);
                begun = None;
            }
            _ => {}
        }
        at += n_bytes;
    }
    words.extend(begun.map(|start| start..text.len()));
    words
}

/// Returns whether two folded words are nearly the same. Numbers never are, and an initial only beside other words.
fn is_nearly(word: &str, wanted: &str, is_alone: bool) -> bool {
    // Most words are told apart by their first byte.
    if word.as_bytes().first() != wanted.as_bytes().first() {
        return false;
    }
    if word == wanted {
        return true;
    }
    if word.chars().next() != wanted.chars().next() {
        return false;
    }
    let (short, long) = match (word.chars().count(), wanted.chars().count()) {
        (a, b) if a <= b => (a, b),
        (a, b) => (b, a),
    };
    if short == 1 {
        return !is_alone && long >= 3;
    }
    let slips = match short {
        TWO_SLIPS_FROM.. => 2,
        ONE_SLIP_FROM.. => 1,
        _ => return false,
    };
    let has_digit = |text: &str| text.chars().any(char::is_numeric);
    long - short <= slips && !has_digit(word) && !has_digit(wanted) && strsim::osa_distance(word, wanted) <= slips
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{GroupId, Story};

    fn group(title: &str, stories: &[(&str, &str)]) -> Group {
        let story = |&(title, text): &(&str, &str)| Story {
            title: Some(title.into()).filter(|title: &String| !title.is_empty()),
            text: text.into(),
            ..Story::default()
        };
        Group {
            id: GroupId::new("g"),
            title: Some(title.into()),
            status: Group::ACTIVE.into(),
            created_at: None,
            stories: stories.iter().map(story).collect(),
        }
    }

    /// Grounding, story (`t`: its title), what stands there and before how many characters.
    fn shown(group: &Group, Grounded { grounding, place }: Grounded) -> String {
        let shown = place.map(|place| {
            let story = place.story.map(|story| &group.stories[story as usize - 1]);
            let text = match (story, place.in_title) {
                (Some(story), true) => story.title.as_deref().unwrap(),
                (Some(story), false) => &story.text,
                (None, _) => group.title.as_deref().unwrap(),
            };
            let found: String = text.chars().skip(place.at as usize).take(place.length as usize).collect();
            format!("{}{} {found}", place.story.unwrap_or(0), if place.in_title { "t" } else { "" })
        });
        format!("{} {}", grounding.as_str(), shown.unwrap_or_default()).trim().to_owned()
    }

    #[test]
    fn a_place_inside_a_longer_mention_is_that_ones() {
        let check = |text: &str, all: &[&str], mention: &str, expected: &str| {
            let group = group("", &[("", text)]);
            let found = Stories::new(&group).locate(mention, all);
            let at = found.place.map(|place| format!(" at {}", place.at)).unwrap_or_default();
            assert_eq!(format!("{}{at}", shown(&group, found)), expected, "{mention} in {text}");
        };
        let banks = ["Bank of Ireland", "Central Bank of Ireland", "Ireland"];
        let text = "The Central Bank of Ireland warned. Bank of Ireland fell.";
        check(text, &banks, "Bank of Ireland", "exact 1 Bank of Ireland at 36");
        check(text, &banks, "Central Bank of Ireland", "exact 1 Central Bank of Ireland at 4");
        check(text, &banks, "Ireland", "ungrounded");
        check(text, &["Ireland"], "Ireland", "exact 1 Ireland at 20");
        // However the longer one is written.
        let text = "the CENTRAL\n  bank  of Ireland";
        check(text, &banks, "Ireland", "ungrounded");
        check(text, &banks, "Bank of Ireland", "ungrounded");
        check(
            "CENTRAL BANK OF IRELAND, BANK OF IRELAND",
            &banks,
            "Bank of Ireland",
            "normalized 1 BANK OF IRELAND at 25",
        );
        // In words that are nearly the same, too.
        check("The Central Bank of Ireland", &["Bank of Irland", banks[1]], "Bank of Irland", "ungrounded");
        check("Jim Lovell spoke", &["Jim Lovel", "Jim Lovell"], "Jim Lovel", "fuzzy 1 Jim Lovell at 0");
        // An article or an ending is no other name.
        check("The Beatles", &["Beatles", "The Beatles"], "Beatles", "exact 1 Beatles at 4");
        check("Ford’s plan", &["Ford", "Ford’s"], "Ford", "exact 1 Ford at 0");
        check("Sally Ride flew; Ride spoke", &["Ride", "Sally Ride"], "Ride", "exact 1 Ride at 17");
        check("東京都庁と東京", &["東京", "東京都庁"], "東京", "exact 1 東京 at 5");
    }

    #[test]
    fn the_closest_way_counts_and_texts_before_titles() {
        let group = group(
            "Kranz remembers Apollo 13",
            &[
                ("Gene Kranz at eighty", "Flight director Kranz spoke in Houston of Jim Lovell."),
                ("", "Ärzte und Raumfahrer: J. Swigert, Fred Wallace Haise, AT&amp;T. Die Astronauten landeten."),
            ],
        );
        let stories = Stories::new(&group);
        let check = |mention: &str, expected: &str| {
            assert_eq!(shown(&group, stories.locate(mention, &[])), expected, "{mention}");
        };
        check("Kranz", "exact 1 Kranz");
        check("Gene Kranz", "exact 1t Gene Kranz");
        check("Apollo 13", "exact 0t Apollo 13");
        check("gene kranz", "normalized 1t Gene Kranz");
        check("Arzte", "normalized 2 Ärzte");
        check("AT&T", "normalized 2 AT&amp;T");
        check("  Jim\u{200b} Lovell ", "normalized 1 Jim Lovell");
        // Another ending, a slip, an initial, a word between.
        check("Astronaut", "fuzzy 2 Astronauten");
        check("Astronomie", "ungrounded");
        check("Jim Lovel", "fuzzy 1 Jim Lovell");
        check("Jack Swigert", "fuzzy 2 J. Swigert");
        check("Fred Haise", "fuzzy 2 Fred Wallace Haise");
        // Likeness to too much, or to nothing, is no place.
        check("Apollo 14", "ungrounded");
        check("Apollo 1", "ungrounded");
        check("Jan", "ungrounded");
        check("Ken Mattingly", "ungrounded");
        check("Houston Rockets", "ungrounded");
        check("", "ungrounded");
        check("東京", "ungrounded");
    }
}
