//! What the commands that show knowledge have in common: naming a group, one line for it, marks in a text.

use std::ops::Range;

use anyhow::anyhow;

use super::Context;
use crate::answer::grounding::Grounding;
use crate::error::{Exit, Explain as _};
use crate::model::{GroupId, GroupKey};
use crate::store::Store;
use crate::store::explore::GroupHead;
use crate::terminal::{style, words};

/// Returns the group with this id, or an error that says which one may have been meant.
pub(super) fn group_named(store: &Store, id: &str) -> anyhow::Result<GroupKey> {
    if let Some(key) = store.read().group_key(&GroupId::new(id))? {
        return Ok(key);
    }
    let error = Err(anyhow!("there is no group `{id}`")).exit(Exit::Usage);
    let similar = store.read().group_ids_like(id, 3)?;
    if similar.is_empty() {
        return error.hint("`gleaner search WORDS` finds groups by what stands in them");
    }
    error.hint(format!("did you mean {}?", words::list(&similar, "or")))
}

/// Returns a group's title, fit for a line.
pub(super) fn title(group: &GroupHead) -> String {
    group
        .title
        .as_deref()
        .map(style::single_line)
        .filter(|title| !title.is_empty())
        .unwrap_or_else(|| "(no title)".into())
}

/// Returns the day of a time.
pub(super) fn day(time: Option<&str>) -> String {
    time.map(|time| style::single_line(time.get(..10).unwrap_or(time))).unwrap_or_default()
}

/// Returns a probability as it is shown.
pub(super) fn percent(p: f64) -> String {
    // 99.6 % is not certain, and should not look so.
    if p < 1.0 && p > 0.995 { ">99 %".into() } else { format!("{:.0} %", p * 100.0) }
}

/// Returns every place where a mention stands in a text.
pub(super) fn places(text: &str, mention: &str) -> Vec<Range<usize>> {
    let (mut places, mut begin) = (vec![], 0);
    while let Some(found) = Grounding::new(&text[begin..]).find(mention).filter(|found| !found.is_empty()) {
        places.push(begin + found.start..begin + found.end);
        begin += found.end;
    }
    places
}

/// A style of `terminal::style`, for one word.
pub(super) type Mark = fn(&str) -> String;

/// Returns a text with the given places marked; of places that overlap the longest counts.
pub(super) fn mark(text: &str, mut places: Vec<(Range<usize>, Mark)>) -> String {
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

/// Says which store commands need something to show.
pub(super) fn hint_if_empty(context: &Context, store: &Store) -> anyhow::Result<()> {
    let (topics, mentions, linked) = store.read().knowledge_counts()?;
    if topics + mentions == 0 {
        context.terminal.hint(
            "nothing was learned yet: `gleaner batch create --wait` asks, `gleaner progress` tells where it stands",
        );
    } else if linked == 0 {
        context
            .terminal
            .hint("no mention is linked: `gleaner load entities FILE` gives a catalog, `gleaner resolve --all` links");
    }
    Ok(())
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
    fn almost_certain_is_not_certain() {
        assert_eq!((percent(1.0), percent(0.9996), percent(0.5)), ("100 %".into(), ">99 %".into(), "50 %".into()));
    }
}
