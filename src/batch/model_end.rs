//! Lifetime of a model beside what is about to be sent to it: whether it answers long enough.
//!
//! Asked before each upload and before each synchronous run, after the price is known and before anything is spent: a
//! batch whose 24 hours reach into the first day without its model is refused, whoever sends it. The table of models
//! names that day, and so does the provider (`GET /v1/models/{id}`, `shutdown_date`); a provider that says nothing, or
//! does not let this key look, is no reason to stop.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::answer::Reason;
use crate::batch::estimate;
use crate::batch::prompts::Prompts;
use crate::error::{Exit, Explain as _};
use crate::model::{Kind, Usage};
use crate::profile::Profile;
use crate::provider::{ApiError, Client};
use crate::request::Prices;
use crate::request::lifetime::{Mode, Outlook, outlook, parse_day};
use crate::session::{Session, table_of_prices};
use crate::store::{BatchRow, Cause, RequestState};
use crate::terminal::words::dollars;

/// For so long what the provider said of a model is taken for true: a run of many parts asks once.
const ASKED_FOR_SECS: i64 = 3600;

/// Work refused because its model ends before it is sure to be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelEnds {
    model: String,
    day: Date,
    is_gone: bool,
}

impl fmt::Display for ModelEnds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.is_gone {
            true => write!(f, "`{}` is gone since {}", self.model, self.day),
            false => write!(f, "`{}` ends on {}, and a batch may take 24 hours", self.model, self.day),
        }
    }
}

impl std::error::Error for ModelEnds {}

/// Refuses work that its model may not live to answer (exit code 2, unless `--anyway`), with the successor and what the
/// same costs there. An end that is near is told once a command. `usage` is the estimated tokens of all of it, asked for
/// only where that price is told.
pub fn check(
    session: &mut Session<'_>,
    client: Option<&Client>,
    prices: &Prices,
    (model, mode): (&str, Mode),
    usage: impl FnOnce(&Session<'_>) -> anyhow::Result<Usage>,
) -> anyhow::Result<()> {
    let now = session.config.now();
    let known = [prices.row(model).and_then(|row| row.shutdown), asked(session, client, model, now)];
    let Some(day) = known.into_iter().flatten().min() else { return Ok(()) };
    let successor = prices.row(model).and_then(|row| row.instead.as_deref());
    let is_gone = match outlook(Some(day), now, mode) {
        Outlook::Open => return Ok(()),
        Outlook::Ending { days } => {
            let instead = successor.map(|name| format!("; `{name}` takes its place")).unwrap_or_default();
            let left = if days == 1 { "1 day".into() } else { format!("{days} days") };
            session.warn_once(format!("`{model}` ends on {day}, in {left}{instead}"));
            return Ok(());
        }
        Outlook::TooLate => false,
        Outlook::Gone => true,
    };
    let ends = ModelEnds { model: model.to_owned(), day, is_gone };
    if session.anyway {
        session.warn_once(format!("{ends}; sent all the same"));
        return Ok(());
    }
    let mut refused = Err(ends).exit(Exit::Usage);
    if let Some(successor) = successor {
        let cost = prices.cost(successor, usage(session)?, mode == Mode::Batch);
        let cost = cost.map(|usd| format!(", for about {}", dollars(usd))).unwrap_or_default();
        refused = refused.hint(format!("`{successor}` takes its place{cost}: `--model {successor}`"));
    }
    refused.hint("`gleaner models` shows what there is; `--anyway` sends it all the same")
}

/// Offers today's built-in profile where the database still has one of an earlier version whose model ends: in words,
/// since what a database asks changes only when somebody says so.
pub fn offer_profile(session: &Session<'_>, prompts: &Prompts, prices: &Prices) {
    let ends = |model: &str| prices.row(model).and_then(|row| row.shutdown);
    let own = &prompts.profile.model.name;
    let (Some(name), Some(day)) = (Profile::earlier_builtin(&prompts.profile_text), ends(own)) else { return };
    let today = Profile::builtin(name).and_then(|text| Profile::parse(text).ok()).map(|profile| profile.model.name);
    if let Some(model) = today.filter(|model| prompts.model() == own && ends(model).is_none()) {
        session.terminal.hint(format!("`{own}` ends on {day}; `gleaner profile use {name}` takes `{model}`"));
    }
}

/// Makes the check for a part that waits, before it is uploaded.
pub fn check_part(session: &mut Session<'_>, client: &Client, part: &BatchRow) -> anyhow::Result<()> {
    let prices = table_of_prices(session.config)?;
    let usage = |session: &Session<'_>| {
        let output_tokens = expected_output(session, part)?;
        Ok(Usage { input_tokens: part.estimated_input_tokens, output_tokens, ..Usage::default() })
    };
    check(session, Some(client), &prices, (&part.model, Mode::Batch), usage).hint(format!(
        "it waits as part {} of {}; `gleaner batch cancel {}` drops what of it is not sent, and `gleaner batch create` then \
         asks another model",
        part.part, part.run, part.run
    ))
}

/// Returns what a call found out about a model that is not there: when it went, and what takes its place.
pub fn advice(error: &ApiError, model: &str, prices: &Prices, now: Timestamp) -> Option<String> {
    is_model_gone(error).then(|| gone_words(model, &error.message, prices, now))
}

/// Returns the same for the lines of a batch.
pub fn advice_on(cause: &Cause, model: &str, prices: &Prices, now: Timestamp) -> Option<String> {
    let said = cause.example.as_deref().unwrap_or_default();
    (cause.reason == Reason::MODEL_GONE).then(|| gone_words(model, said, prices, now))
}

/// Returns whether the API itself says that there is no such model, or not for this key.
pub fn is_model_gone(error: &ApiError) -> bool {
    error.code.as_deref().is_some_and(Reason::is_model_gone)
}

fn gone_words(model: &str, said: &str, prices: &Prices, now: Timestamp) -> String {
    // Seen with chat completions in batches: the same model answers there at the other endpoint.
    if said.contains(&format!("{model}-batch")) {
        return format!("`{model}` is not offered for chat completions in a batch: leave out `--endpoint chat`");
    }
    let row = prices.row(model);
    let day = row.and_then(|row| row.shutdown);
    let when = match (day, outlook(day, now, Mode::Sync)) {
        (Some(day), Outlook::Gone) => format!("`{model}` is gone since {day}"),
        (Some(day), _) => format!("`{model}` was to end on {day} and is not offered any more"),
        (None, _) => format!("`{model}` is not offered here, or not to this key"),
    };
    let other = match row.and_then(|row| row.instead.as_deref()) {
        Some(instead) => format!("`--model {instead}` asks its successor"),
        None => "choose another with `--model` or `[model] name` in the profile".to_owned(),
    };
    format!("{when}; {other}: nothing was billed, no attempt is used up, and nothing is sent to `{model}` again")
}

fn expected_output(session: &Session<'_>, part: &BatchRow) -> anyhow::Result<u64> {
    let read = session.store.read();
    let mut n_kind = [0u64; 2];
    let mut prompts = [None; 2];
    read.each_request_of_batch(part.key, Some(RequestState::Planned), |request| {
        n_kind[request.kind as usize] += 1;
        prompts[request.kind as usize] = Some(request.prompt);
        Ok(())
    })?;
    let mut output = 0.0;
    for kind in Kind::ALL {
        let (each, _) = estimate::expected_output(read, kind, prompts[kind as usize])?;
        output += each * n_kind[kind as usize] as f64;
    }
    Ok(output as u64)
}

/// Returns the day that the provider names; what it said a while ago is as good.
fn asked(session: &mut Session<'_>, client: Option<&Client>, model: &str, now: Timestamp) -> Option<Date> {
    let client = client?;
    if let Some((at, day)) = session.model_ends.get(model)
        && now.as_second() - at.as_second() < ASKED_FOR_SECS
    {
        return *day;
    }
    let day = match client.get_model(model) {
        Ok(found) => found.shutdown_date.as_deref().and_then(parse_day),
        Err(error) => {
            session.terminal.detail(format!("{error}; the table of models alone says until when it is there"));
            None
        }
    };
    session.model_ends.insert(model.to_owned(), (now, day));
    day
}
