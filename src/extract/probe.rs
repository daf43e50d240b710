//! One request ahead of a big spend: a model, parameter or schema that is refused would fail every line, hours later.

use crate::batch::budget::Budget;
use crate::batch::model_end;
use crate::batch::plan::{Plan, PlannedPart};
use crate::batch::prompts::Prompts;
use crate::batch::refusal;
use crate::error::Explain as _;
use crate::extract::direct::{self, DirectOptions, Stopped};
use crate::provider::Client;
use crate::request::Prices;
use crate::session::Session;
use crate::store::{Candidate, RequestState, Selected};

/// From how many requests on a batch is worth a probe.
pub const REQUESTS_MIN: u64 = 500;

/// What a probe did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probed {
    /// It was answered; the answer is in the ledger, and the plan must be made again without it.
    Answered,
    /// Nobody could be asked: there is no synchronous endpoint.
    Skipped,
}

/// Sends the first request of a plan synchronously, just as the batch would. Its answer counts. An error says why the
/// batch would fail, and which setting to change.
pub fn probe(
    session: &mut Session<'_>,
    client: &Client,
    prompts: &Prompts,
    plan: &Plan,
    prices: &Prices,
    budget: &Budget,
) -> anyhow::Result<Probed> {
    let Some((candidate, text_hash)) = plan.parts.iter().flat_map(|part| &part.groups).next() else {
        return Ok(Probed::Skipped);
    };
    // The entities' schema is the larger one, made from the profile: more can be wrong with it.
    let one = match candidate.entity {
        Some(_) => Candidate { topic: None, ..*candidate },
        None => *candidate,
    };
    let mut part = PlannedPart { groups: vec![(one, *text_hash)], ..PlannedPart::default() };
    part.size.requests = 1;
    let first =
        Plan { selected: Selected::default(), parts: vec![part], left_out: vec![], estimate: plan.estimate.clone() };
    let options = DirectOptions { concurrency: 1, trial: false, strict: true };
    session.terminal.detail("sending one request ahead, to see whether model, parameters and schema are accepted");
    let report = direct::run(session, client, prompts, &first, prices, budget, options)?;
    match report.stopped {
        None => {}
        Some(Stopped::By(error))
            if matches!(error.status, Some(404 | 405 | 501)) && !error.message.contains("model") =>
        {
            session.terminal.detail(format!("no probe: {error}"));
            return Ok(Probed::Skipped);
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
    Ok(Probed::Answered)
}
