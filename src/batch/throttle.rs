//! The provider's queue: it takes so many input tokens of a model at one time, tells the limit only by refusing, and a
//! refusal means *wait*, never *failed*.

use anyhow::Context as _;
use jiff::SignedDuration;

use crate::batch::part::{self, Part};
use crate::batch::plan::custom_id_of;
use crate::config::timestamp_text;
use crate::model::{BatchKey, GroupKey, OriginKey, PromptKey, RequestKey};
use crate::request::{Limits, LineTemplate, PairSize, PartNumber, Splitter, render_input};
use crate::session::Session;
use crate::store::{BatchRow, NewBatch, Origin, RequestState};
use crate::terminal::words::{count, count_verb, number};
use std::collections::HashMap;
use std::io;

/// Share of a learned limit that one part takes, in per cent: our token counts are estimates.
const FILL_PERCENT: u64 = 90;

/// The smallest limit that is believed: the instructions of one request alone are longer.
const LIMIT_TOKENS_MIN: u64 = 1_000;

/// Time that a limit that was learned holds: tiers change.
const LIMIT_HOLDS: SignedDuration = SignedDuration::from_hours(7 * 24);

/// First wait after a refusal that no batch of ours explains, in minutes; it doubles up to [`WAIT_MAX_MINUTES`].
const WAIT_MINUTES: i64 = 1;
const WAIT_MAX_MINUTES: i64 = 30;

/// After so many refusals with nothing of ours in the queue, our estimate must be too low: the part is halved.
const REFUSALS_BEFORE_HALVING: u32 = 3;

/// Split of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Into parts of at most so many estimated tokens; a group that is larger by itself is left out.
    AtMost(u64),
    /// Into two of about the same size, where nobody said how much is too much.
    Halves,
}

/// Room in the provider's queue for a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// As far as we know, now.
    Enough,
    /// Not while others are in it.
    Later,
    /// Never: it must be split.
    TooLarge {
        /// Most tokens of a part that would do.
        max_tokens: u64,
    },
}

/// Returns whether the queue takes a part now.
pub fn room(
    session: &Session<'_>,
    origin: &Origin,
    part: &BatchRow,
    max_enqueued: Option<u64>,
) -> anyhow::Result<Room> {
    let read = session.store.read();
    let limit = limit(session, origin.key, &part.model, max_enqueued)?;
    let waits = part.not_before.as_deref().is_some_and(|at| at > session.config.now_text().as_str());
    let enqueued = read.enqueued_tokens(origin.key, &part.model)?;
    Ok(match limit {
        Some(limit) if part.estimated_input_tokens > limit && part.n_groups > 1 => {
            Room::TooLarge { max_tokens: limit * FILL_PERCENT / 100 }
        }
        Some(limit) if enqueued > 0 && enqueued + part.estimated_input_tokens > limit => Room::Later,
        _ if waits => Room::Later,
        _ => Room::Enough,
    })
}

/// Returns whether the provider's words mean a full queue.
pub fn is_full(code: Option<&str>, message: &str) -> bool {
    code == Some("token_limit_exceeded") || message.to_lowercase().contains("enqueued token limit")
}

/// Returns the message of a full queue among the errors of a failed batch.
pub fn message_of(errors: Option<&str>) -> Option<String> {
    let errors: Vec<serde_json::Value> = serde_json::from_str(errors?).ok()?;
    errors.iter().find_map(|error| {
        let message = error["message"].as_str().unwrap_or_default();
        is_full(error["code"].as_str(), message).then(|| message.to_owned())
    })
}

/// Reads the limit out of a refusal: `… Limit: 2,000,000 enqueued tokens. …`, `… limit of 2.5M …`
pub fn limit_in(message: &str) -> Option<u64> {
    let lower = message.to_lowercase();
    lower.match_indices("limit").find_map(|(at, word)| {
        let rest = lower[at + word.len()..].trim_start_matches([':', ' ', '=']);
        tokens_in(rest.strip_prefix("of ").or(rest.strip_prefix("is ")).unwrap_or(rest))
    })
}

/// Reads the number at the beginning of a text: `2,500,000`, `1_500_000`, `2.500.000`, `30K`, `2.5M`.
fn tokens_in(text: &str) -> Option<u64> {
    let end = text.find(|c: char| !c.is_ascii_digit() && !matches!(c, ',' | '_' | '.')).unwrap_or(text.len());
    let number = text[..end].trim_end_matches([',', '.', '_']);
    let unit: String = text[end..].trim_start().chars().take_while(|c| c.is_ascii_alphabetic()).collect();
    let scale = match unit.as_str() {
        "k" => 1e3,
        "m" | "million" => 1e6,
        "b" | "billion" => 1e9,
        _ => 1.0,
    };
    let plain: String = number.chars().filter(|c| !matches!(c, ',' | '_')).collect();
    // Dots between groups of three are no decimal point.
    let is_grouped =
        number.split('.').skip(1).all(|group| group.len() == 3) && (scale == 1.0 || number.matches('.').count() > 1);
    let value: f64 = if is_grouped { plain.replace('.', "") } else { plain }.parse().ok()?;
    let tokens = value * scale;
    (1.0..9e15).contains(&tokens).then_some(tokens as u64)
}

/// Returns how many tokens of a model the provider's queue takes: what the user says, in either direction, else what
/// was learned there within a week.
pub fn limit(
    session: &Session<'_>,
    origin: OriginKey,
    model: &str,
    max_enqueued: Option<u64>,
) -> anyhow::Result<Option<u64>> {
    if max_enqueued.is_some() {
        return Ok(max_enqueued);
    }
    let since = timestamp_text(session.config.now() - LIMIT_HOLDS);
    session.store.read().queue_limit(origin, model, &since)
}

/// Deals with a refusal: learns the limit, and lets the part wait or splits it. Returns what takes its place, if split:
/// nothing, where each of its groups is larger than the queue.
///
/// A batch that the provider made and failed keeps its row, as replaced; its requests wait in a new part.
pub fn refused(session: &mut Session<'_>, key: BatchKey, message: &str) -> anyhow::Result<Option<Vec<BatchKey>>> {
    let now = session.config.now();
    let row = session.store.read().batch(key)?;
    let origin = row.origin.context("a refused part was sent somewhere")?;
    // Less than any request is no limit that anybody could live with: the sentence was not understood.
    let limit = limit_in(message).filter(|limit| *limit >= LIMIT_TOKENS_MIN);
    let tx = session.store.write()?;
    if let Some(limit) = limit {
        tx.learn_queue_limit(origin, &row.model, limit, &timestamp_text(now))?;
    }
    let was_open = row.batch_id.is_some();
    let key = if was_open {
        // The refused batch no longer counts as enqueued, its requests wait again.
        part::replace(&tx, key)?;
        let again = Part::add(&tx, &new_part(&row))?.key();
        move_all(&tx, key, again)?;
        again
    } else {
        key
    };
    let n_refusals = row.n_refusals + 1;
    let ours_elsewhere = tx.read().enqueued_tokens(origin, &row.model)?;
    let cut = match limit {
        Some(limit) if row.estimated_input_tokens > limit => Some(Cut::AtMost(limit * FILL_PERCENT / 100)),
        _ if row.n_groups < 2 || ours_elsewhere > 0 => None,
        None => Some(Cut::Halves),
        Some(_) => (n_refusals >= REFUSALS_BEFORE_HALVING).then_some(Cut::Halves),
    };
    let minutes = (WAIT_MINUTES << n_refusals.saturating_sub(1).min(10)).min(WAIT_MAX_MINUTES);
    let not_before = timestamp_text(now + SignedDuration::from_mins(minutes));
    tx.hold_part(key, &not_before, n_refusals)?;
    tx.commit()?;
    session.terminal.status(format!(
        "the provider's queue for {} is full{}: part {} of {} waits",
        row.model,
        limit.map(|limit| format!(" (limit: {} tokens)", number(limit))).unwrap_or_default(),
        row.part,
        row.run
    ));
    match cut {
        Some(cut) => split(session, key, cut).map(Some),
        None => Ok(None),
    }
}

fn new_part(row: &BatchRow) -> NewBatch {
    NewBatch {
        run: row.run.clone(),
        part: row.part,
        model: row.model.clone(),
        n_groups: row.n_groups,
        n_requests: row.n_requests,
        estimated_input_tokens: row.estimated_input_tokens,
        estimated_cost_usd: row.estimated_cost_usd,
    }
}

fn move_all(tx: &crate::store::Tx<'_>, from: BatchKey, to: BatchKey) -> anyhow::Result<()> {
    let mut requests: Vec<RequestKey> = vec![];
    tx.read().each_request_of_batch(from, None, |request| {
        if request.state.is_pending() {
            requests.push(request.key);
        }
        Ok(())
    })?;
    for request in requests {
        tx.move_request(request, to)?;
    }
    Ok(())
}

/// Splits a part that waits; returns what takes its place, in order.
pub fn split(session: &mut Session<'_>, key: BatchKey, cut: Cut) -> anyhow::Result<Vec<BatchKey>> {
    let tx = session.store.write()?;
    let read = tx.read();
    let row = read.batch(key)?;
    // Requests of one group stay together; they stand next to each other in the plan.
    let mut groups: Vec<(GroupKey, Vec<RequestKey>, PairSize)> = vec![];
    let mut templates: HashMap<PromptKey, LineTemplate> = HashMap::new();
    let mut input = String::new();
    read.each_request_of_batch(key, Some(RequestState::Planned), |request| {
        if groups.last().is_none_or(|(group, ..)| *group != request.group) {
            groups.push((request.group, vec![], PairSize::default()));
            input = read.group(request.group)?.map(|row| render_input(&row.group)).unwrap_or_default();
        }
        if let std::collections::hash_map::Entry::Vacant(entry) = templates.entry(request.prompt) {
            entry.insert(LineTemplate::new(&read.prompt(request.prompt)?.prompt));
        }
        let template = &templates[&request.prompt];
        let row = read.group(request.group)?.context("a request has a group")?;
        let (_, requests, size) = groups.last_mut().expect("one was pushed");
        requests.push(request.key);
        let bytes = template.write(&mut io::sink(), &custom_id_of(&row, request.kind), &input)? as u64;
        *size += PairSize { requests: 1, bytes, tokens: template.estimate_tokens(&input) };
        Ok(())
    })?;

    let last = read.batches_of_run(&row.run)?.iter().map(|batch| batch.part).max().unwrap_or(row.part);
    let max_tokens = match cut {
        Cut::AtMost(tokens) => Some(tokens),
        Cut::Halves => None,
    };
    let mut splitter = Splitter::starting_at(Limits { max_tokens, ..Limits::default() }, PartNumber(last + 1));
    let half = groups.iter().map(|(.., size)| size.tokens).sum::<u64>() / 2;
    let (n_groups, mut n_tokens) = (groups.len(), 0);
    let mut parts: Vec<(u32, Vec<RequestKey>, u64, PairSize)> = vec![];
    let mut too_large = 0;
    for (i, (_, requests, size)) in groups.into_iter().enumerate() {
        let number = match cut {
            Cut::AtMost(_) => splitter.push(size).map(|number| number.0),
            // Neither half is ever empty, however large a single group may be.
            Cut::Halves => Ok(last + 1 + u32::from(i > 0 && (n_tokens >= half || i + 1 == n_groups))),
        };
        n_tokens += size.tokens;
        let Ok(number) = number else {
            too_large += 1;
            for request in requests {
                tx.set_request_state(request, RequestState::Withdrawn, Some("too_large"))?;
            }
            continue;
        };
        if parts.last().is_none_or(|(last, ..)| *last != number) {
            parts.push((number, vec![], 0, PairSize::default()));
        }
        let (_, into, n_groups, total) = parts.last_mut().expect("one was pushed");
        into.extend(requests);
        *n_groups += 1;
        *total += size;
    }
    let mut keys = vec![];
    for (number, requests, n_groups, size) in parts {
        let share = size.tokens as f64 / row.estimated_input_tokens.max(1) as f64;
        let new = Part::add(
            &tx,
            &NewBatch {
                run: row.run.clone(),
                part: number,
                model: row.model.clone(),
                n_groups,
                n_requests: size.requests,
                estimated_input_tokens: size.tokens,
                estimated_cost_usd: row.estimated_cost_usd.map(|usd| usd * share),
            },
        )?
        .key();
        for request in requests {
            tx.move_request(request, new)?;
        }
        keys.push(new);
    }
    part::replace(&tx, key)?;
    tx.commit()?;
    session.terminal.status(format!(
        "part {} of {} is split into {}{}",
        row.part,
        row.run,
        count(keys.len() as u64, "part"),
        max_tokens.map(|max| format!(" of at most {} tokens", number(max))).unwrap_or_default()
    ));
    if too_large > 0 {
        session
            .terminal
            .warn(format!("{} too large for the provider's queue and left out", count_verb(too_large, "group", "is")));
    }
    Ok(keys)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_read_from_the_refusal() {
        for (message, expected) in [
            (
                "Enqueued token limit reached for gpt-4o-mini in organization org-1. Limit: 2,000,000 enqueued tokens. \
                 Please try again once some in_progress batches have been completed.",
                Some(2_000_000),
            ),
            ("over the enqueued token limit of 90000 tokens", Some(90_000)),
            ("limit=1_500_000", Some(1_500_000)),
            ("Limit: 30K tokens", Some(30_000)),
            ("a limit of 2.5M enqueued tokens", Some(2_500_000)),
            ("limit is 2.5 million.", Some(2_500_000)),
            ("Limit: 2.500.000 enqueued tokens", Some(2_500_000)),
            ("Limit: 1,250,000.", Some(1_250_000)),
            ("Limit: 90000 monthly tokens", Some(90_000)),
            ("Limit: 0", None),
            ("Limit: 99999999999999999999999", None),
            ("Enqueued token limit reached for gpt-5.", None),
            ("", None),
        ] {
            assert_eq!(limit_in(message), expected, "{message}");
        }
    }

    #[test]
    fn a_full_queue_is_told_from_other_failures() {
        assert!(is_full(Some("token_limit_exceeded"), ""));
        assert!(is_full(None, "Enqueued token limit reached for m"));
        assert!(!is_full(Some("rate_limit_exceeded"), "slow down"));
        let errors = r#"[{"code":"invalid_json_line","message":"x"},{"code":"token_limit_exceeded","message":"full"}]"#;
        assert_eq!(message_of(Some(errors)).as_deref(), Some("full"));
        assert_eq!(message_of(Some("[]")), None);
    }
}
