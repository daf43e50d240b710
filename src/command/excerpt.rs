//! Excerpts of a story around a mention, with the mention marked.

use std::ops::Range;

use crate::answer::grounding::Grounding;

/// A style of `terminal::style`, for one word.
pub(crate) type Mark = fn(&str) -> String;

/// Returns every place where a mention stands in a text.
pub(crate) fn places(text: &str, mention: &str) -> Vec<Range<usize>> {
    let (mut places, mut begin) = (vec![], 0);
    while let Some(found) = Grounding::new(&text[begin..]).find(mention).filter(|found| !found.is_empty()) {
        places.push(begin + found.start..begin + found.end);
        begin += found.end;
    }
    places
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
            .flat_map(|mention| places(text, mention))
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
