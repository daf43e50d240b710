//! Excerpts of a story around a mention, with the mention marked.

use std::ops::Range;

use crate::answer::grounding::Grounding;
use crate::answer::inside::Longer;
use crate::model::Story;

/// A style of `terminal::style`, for one word.
pub(crate) type Mark = fn(&str) -> String;

/// Returns every place where a mention stands in a text, but not those inside a longer one of all that its answer gives.
pub(crate) fn places<'m>(text: &str, mention: &str, all: impl IntoIterator<Item = &'m str>) -> Vec<Range<usize>> {
    let longer = Longer::of(mention, all);
    let mut places = Grounding::new(text).find_all(mention);
    places.retain(|place| !longer.hold(text, place));
    places
}

/// Returns the first story with such a place of a mention, and the place; else the first that has it inside a longer one,
/// which is better than none for a person who judges it. `all` are the mentions of the group.
pub(crate) fn first_place<'s>(stories: &'s [Story], mention: &str, all: &[String]) -> Option<(&'s str, Range<usize>)> {
    let find = |all: &[String]| {
        stories.iter().find_map(|story| {
            let place = places(&story.text, mention, all.iter().map(String::as_str)).into_iter().next()?;
            Some((story.text.as_str(), place))
        })
    };
    find(all).or_else(|| find(&[]))
}

/// Returns a text with the given places marked; of places that overlap the longest counts.
pub(crate) fn mark(text: &str, mut places: Vec<(Range<usize>, Mark)>) -> String {
    places.sort_by_key(|(place, _)| (place.start, std::cmp::Reverse(place.end)));
    let (mut out, mut at) = (String::with_capacity(text.len() + 64), 0);
    for (place, style) in places {
        if place.start >= at {
            out.push_str(&text[at..place.start]);
            // A mark per word, so that it survives the breaking of lines.
            let words: Vec<String> = text[place.clone()].split(' ').map(style).collect();
            out.push_str(&words.join(" "));
            at = place.end;
        }
    }
    out.push_str(&text[at..]);
    out
}

/// Returns a text around a place, cut at blanks, in one line.
pub(crate) fn excerpt(text: &str, place: std::ops::Range<usize>, around: usize) -> String {
    let mut begin = place.start.saturating_sub(around);
    while !text.is_char_boundary(begin) {
        begin += 1;
    }
    let mut end = (place.end + around).min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    if begin > 0 {
        begin = text[begin..place.start].find(char::is_whitespace).map_or(begin, |at| begin + at);
    }
    if end < text.len() {
        end = text[place.end..end].rfind(char::is_whitespace).map_or(end, |at| place.end + at);
    }
    let (before, after) = (if begin > 0 { "…" } else { "" }, if end < text.len() { "…" } else { "" });
    format!("{before}{}{after}", text[begin..end].split_whitespace().collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mentions_are_marked_wherever_they_stand() {
        let text = "Neil Armstrong, said Armstrong.";
        let places: Vec<(Range<usize>, Mark)> = ["Neil Armstrong", "Armstrong"]
            .iter()
            .flat_map(|mention| places(text, mention, []))
            .map(|place| (place, (|word| format!("<{word}>")) as Mark))
            .collect();
        assert_eq!(mark(text, places), "<Neil> <Armstrong>, said <Armstrong>.");
    }

    #[test]
    fn an_excerpt_ends_at_blanks() {
        let text = "In the old town of Gdańsk the mayor spoke for an hour";
        let at = text.find("Gdańsk").unwrap();
        assert_eq!(excerpt(text, at..at + "Gdańsk".len(), 8), "…of Gdańsk the…");
        assert_eq!(excerpt(text, at..at + 3, 500), text);
    }
}
