//! The model's text -> topics or mentions: finds the JSON, wherever it stands, and the list inside it.

use std::collections::BTreeSet;

use super::channels::{decoded, last_word};
use super::json::Json;
use super::lenient::{self, Repair};
use super::{Content, Expect, Found, Notes, Outcome, Reason, mentions, shape, topics};
use crate::model::Kind;

/// The longest text that is searched for JSON. Twenty entities take some five kilobytes.
const TEXT_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Opening brackets that are tried in a text of prose.
const STARTS_MAX: usize = 64;

/// Reads a model's text, as it came or as the ledger kept it: usable, or unusable as empty, not JSON or off the schema.
pub fn read_text(text: &str, expect: &Expect) -> Outcome {
    read_plain(text, expect).unwrap_or_else(|| find_and_read(text, expect))
}

/// Reads a text that is written exactly as the schema asks.
pub(super) fn read_plain(text: &str, expect: &Expect) -> Option<Outcome> {
    if text.len() > TEXT_BYTES_MAX {
        return None;
    }
    match expect.kind {
        Kind::Topic => topics::read_plain(text, expect)
            .map(|(topics, notes, n_items)| outcome_of(Found::Topics(topics), notes, n_items)),
        Kind::Entity => mentions::read_plain(text, expect)
            .map(|(mentions, notes, n_items)| outcome_of(Found::Mentions(mentions), notes, n_items)),
    }
}

/// Reads any text: its last word, the JSON in it and the list in that, mended where it must be.
pub(super) fn find_and_read(text: &str, expect: &Expect) -> Outcome {
    let (text, was_encoded) = decoded(last_word(text).trim().trim_start_matches('\u{feff}'));
    let text = text.trim();
    if text.is_empty() {
        return Outcome::Unusable(Reason::new("empty", "the answer holds no text"));
    }
    if text.len() > TEXT_BYTES_MAX {
        return Outcome::Unusable(Reason::new("not_json", format!("the answer is {} bytes long", text.len())));
    }
    let (items, repairs) = match find(text, expect) {
        Find::List(items, repairs) => (items, repairs),
        Find::OtherJson => {
            let wanted = shape::list_name(expect.kind);
            return Outcome::Unusable(Reason::new("schema", format!("the answer is JSON without a list `{wanted}`")));
        }
        Find::Nothing => {
            let start: String = text.chars().take(80).collect();
            return Outcome::Unusable(Reason::new("not_json", format!("the answer is no JSON: `{start}`")));
        }
    };
    let n_items = items.len();
    let mut notes = Notes { repairs, ..Notes::default() };
    if was_encoded {
        notes.repairs.insert(Repair::Encoded);
    }
    let found = match expect.kind {
        Kind::Topic => Found::Topics(topics::read(items, expect, &mut notes)),
        Kind::Entity => Found::Mentions(mentions::read(items, expect, &mut notes)),
    };
    outcome_of(found, notes, n_items)
}

/// Judges what was found in a list.
fn outcome_of(found: Found, notes: Notes, n_items: usize) -> Outcome {
    // A placeholder in place of all of them says that there is nothing, which is an answer.
    if n_items > notes.n_placeholders && found.is_empty() {
        let what = if matches!(found, Found::Topics(_)) { "topic" } else { "entity" };
        return Outcome::Unusable(Reason::new(
            "schema",
            format!("none of the {n_items} items is a {what} with a name"),
        ));
    }
    // Half an answer of which nothing is left says nothing, not even that there is nothing.
    if found.is_empty() && notes.repairs.contains(&Repair::Truncated) {
        return Outcome::Unusable(Reason::new("not_json", "the answer is cut off before its first item"));
    }
    Outcome::Usable(Content { found, notes })
}

enum Find<'t> {
    List(Vec<Json<'t>>, BTreeSet<Repair>),
    OtherJson,
    Nothing,
}

fn find<'t>(text: &'t str, expect: &Expect) -> Find<'t> {
    let mut other_json = false;
    let mut weak = None;
    let mut from = 0;
    for _ in 0..STARTS_MAX {
        let Some(start) = text[from..].find(['{', '[']).map(|at| from + at) else { break };
        let Some(mut reading) = lenient::read(&text[start..]) else {
            from = start + 1;
            continue;
        };
        let mut end = start + reading.end;
        from = end;
        let Some(mut list) = shape::list(reading.value, expect) else {
            other_json = true;
            continue;
        };
        if list.is_single {
            end = read_siblings(text, end, expect, &mut list, &mut reading.repairs);
            from = end;
        }
        let mut repairs = reading.repairs;
        repairs.extend(list.repairs);
        if start > 0 || !text[end..].trim().is_empty() {
            repairs.insert(Repair::Prose);
        }
        if list.is_sure {
            return Find::List(list.items, repairs);
        }
        // `[some]` in a sentence looks like a list too: something better may follow.
        weak.get_or_insert(Find::List(list.items, repairs));
    }
    weak.unwrap_or(if other_json { Find::OtherJson } else { Find::Nothing })
}

/// Reads the items that follow a single one without a list around them, one a line.
fn read_siblings<'t>(
    text: &'t str,
    mut end: usize,
    expect: &Expect,
    list: &mut shape::List<'t>,
    repairs: &mut BTreeSet<Repair>,
) -> usize {
    loop {
        let rest = text[end..].trim_start_matches(|c: char| c.is_whitespace() || c == ',');
        if !rest.starts_with('{') {
            return end;
        }
        let Some(reading) = lenient::read(rest) else { return end };
        let next = text.len() - rest.len() + reading.end;
        match shape::list(reading.value, expect) {
            Some(more) if more.is_single => list.items.extend(more.items),
            _ => return end,
        }
        repairs.extend(reading.repairs);
        end = next;
    }
}
