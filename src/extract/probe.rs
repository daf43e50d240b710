//! One request ahead of a big spend: a model, parameter or schema that is refused would fail every line, hours later.

use crate::batch::budget::Budget;
use crate::batch::model_end;
use crate::batch::plan::{Plan, PlannedPart};
use crate::batch::prompts::Prompts;
use crate::batch::refusal;
use crate::error::Explain as _;
use crate::extract::direct::{self, DirectOptions, DirectReport, Stopped};
use crate::interrupt;
use crate::provider::{ApiError, Client};
use crate::request::{PairSize, Prices};
use crate::session::Session;
use crate::store::{Candidate, RequestState, Selected};

/// Number of requests from which on a batch is worth a probe.
pub const REQUESTS_MIN: u64 = 500;

/// Most requests that are sent ahead, each about another group: another one where nobody knows what came of the one before.
const TRIES_MAX: usize = 3;

/// Sends the first request of a plan synchronously, just as the batch would. Its answer counts. An error says why the
/// batch would fail, and which setting to change.
///
/// The request is in the ledger before it is sent. Where nobody knows whether it was answered, it counts as paid and is
/// not sent again; the next group's goes ahead then. Returns how many such requests there are: what came of the others,
/// where there is a synchronous endpoint, is in the ledger. The plan must be made again in any case.
pub fn probe(
    session: &mut Session<'_>,
    client: &Client,
    prompts: &Prompts,
    plan: &Plan,
    prices: &Prices,
    budget: &Budget,
) -> anyhow::Result<u64> {
    session.terminal.detail("sending one request ahead, to see whether model, parameters and schema are accepted");
    let groups = plan.parts.iter().flat_map(|part| &part.groups).take(TRIES_MAX);
    let (mut unclear, mut n_unclear) = (None, 0);
    for (candidate, text_hash) in groups {
        // The entities' schema is the larger one, made from the profile: more can be wrong with it.
        let one = match candidate.entity {
            Some(_) => Candidate { topic: None, ..*candidate },
            None => *candidate,
        };
        let part = PlannedPart::new(vec![(one, *text_hash)], PairSize { requests: 1, ..PairSize::default() });
        let estimate = plan.estimate.clone();
        let first =
            Plan { selected: Selected::default(), parts: vec![part], left_out: vec![], too_long: vec![], estimate };
        let options = DirectOptions { concurrency: 1, is_comparison: false, strict: true };
        let report = direct::run(session, client, prompts, &first, prices, budget, options)?;
        let Some(error) = report.unclear else {
            judge(session, report, prompts, prices)?;
            return Ok(n_unclear);
        };
        n_unclear += 1;
        session
            .terminal
            .warn(format!("{error}; whether the request sent ahead was bought is not known: it counts as paid"));
        session.terminal.hint("`gleaner batch create --retry-failed` asks it again");
        interrupt::check()?;
        if is_no_endpoint(&error) {
            return Ok(n_unclear);
        }
        unclear = Some(error);
    }
    match unclear {
        Some(error) => Err(error).hint("nothing was uploaded; `--no-probe` skips the request that is sent ahead"),
        None => Ok(n_unclear),
    }
}

/// Returns whether a call says that there is no synchronous endpoint.
fn is_no_endpoint(error: &ApiError) -> bool {
    matches!(error.status, Some(404 | 405 | 501)) && !error.message.contains("model")
}

fn judge(session: &Session<'_>, report: DirectReport, prompts: &Prompts, prices: &Prices) -> anyhow::Result<()> {
    match report.stopped {
        None => {}
        Some(Stopped::By(error)) if is_no_endpoint(&error) => {
            session.terminal.detail(format!("no probe: {error}"));
            return Ok(());
        }
        Some(Stopped::By(error)) => {
            let now = session.config.now();
            let advice = model_end::advice(&error, prompts.model(), prices, now)
                .or_else(|| refusal::advice(&error, prompts.model()));
            let stopped = Err(error).hint("nothing was uploaded; `--no-probe` skips the request that is sent ahead");
            return match advice {
                Some(advice) => stopped.hint(advice),
                None => stopped,
            };
        }
        Some(Stopped::Interrupted) => return Err(crate::error::interrupted()),
        Some(Stopped::Cost(_)) => {}
    }
    if let Some(cause) = report.causes.iter().find(|cause| cause.class == RequestState::Refused) {
        let said = cause.example.as_deref().unwrap_or("no reason given");
        return Err(anyhow::anyhow!("the request sent ahead was refused ({}): {said}", cause.reason))
            .hint("nothing was uploaded; `--no-probe` skips the request that is sent ahead");
    }
    for cause in &report.causes {
        let example = cause.example.as_deref().unwrap_or("no reason given");
        session.terminal.warn(format!("the request sent ahead came back {}: {example}", cause.class.as_str()));
    }
    Ok(())
}
