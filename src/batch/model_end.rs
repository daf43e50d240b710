//! Whether a model answers long enough for what is about to be sent to it.
//!
//! Asked before each upload and before each synchronous run, after the price is known and before anything is spent: a
//! batch whose 24 hours reach into the first day without its model is refused, whoever sends it. The table of models
//! names that day, and so does the provider (`GET /v1/models/{id}`, `shutdown_date`); a provider that says nothing, or
//! does not let this key look, is no reason to stop.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::batch::plan;
use crate::error::{Exit, Explain as _};
use crate::model::{Kind, Usage};
use crate::provider::Client;
use crate::request::Prices;
use crate::request::lifetime::{Mode, Outlook, outlook, parse_day};
use crate::session::{Session, table_of_prices};
use crate::store::{BatchRow, RequestState};
use crate::terminal::words::dollars;

/// For so long what the provider said of a model is taken for true: a run of many parts asks once.
const ASKED_FOR_SECS: i64 = 3600;

/// What is about to be sent.
#[derive(Clone, Copy, Debug)]
pub struct Work<'a> {
    /// The model that is asked.
    pub model: &'a str,
    /// How it is asked.
    pub mode: Mode,
    /// Estimated tokens, for the price of the same with the successor.
    pub usage: Usage,
}

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
/// same costs there. An end that is near is told once a command.
pub fn check(
    session: &mut Session<'_>,
    client: Option<&Client>,
    prices: &Prices,
    work: &Work<'_>,
) -> anyhow::Result<()> {
    let Work { model, mode, .. } = *work;
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
        let cost = prices.cost(successor, work.usage, mode == Mode::Batch);
        let cost = cost.map(|usd| format!(", for about {}", dollars(usd))).unwrap_or_default();
        refused = refused.hint(format!("`{successor}` takes its place{cost}: `--model {successor}`"));
    }
    refused.hint("`gleaner models` shows what there is; `--anyway` sends it all the same")
}

/// Makes the check for a part that waits, before it is uploaded.
pub fn check_part(session: &mut Session<'_>, client: &Client, part: &BatchRow) -> anyhow::Result<()> {
    let prices = table_of_prices(session.config)?;
    let usage = Usage {
        input_tokens: part.estimated_input_tokens,
        output_tokens: expected_output(session, part)?,
        ..Usage::default()
    };
    check(session, Some(client), &prices, &Work { model: &part.model, mode: Mode::Batch, usage }).hint(format!(
        "it waits as part {} of {}; `gleaner batch cancel {}` drops what of it is not sent, and `gleaner batch create` then \
         asks another model",
        part.part, part.run, part.run
    ))
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
        let (each, _) = plan::expected_output(read, kind, prompts[kind as usize])?;
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
