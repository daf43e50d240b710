//! The same groups asked with two prompts: what each finds, how far they agree, what each costs.
//!
//! The answers are those of a comparison: paid for and kept in the ledger, but apart from the collection's own until
//! [`adopt`] makes them so. A question that was already answered with the same prompt and text is not asked again.

use std::num::NonZeroU32;

use serde::Serialize;

use crate::answer::{Outcome, read_text};
use crate::batch::budget::Budget;
use crate::batch::plan::{Plan, PlannedPart, plan_groups};
use crate::batch::submit;
use crate::error::{Explain as _, not_found, usage};
use crate::extract::comparison::{Comparison, RequestProgress, Side, SideReport, gather, request_progress};
use crate::extract::direct::{self, DirectOptions};
use crate::import::copies;
use crate::import::knowledge::KnowledgeWriter;
use crate::model::{GroupKey, Kind, RunId};
use crate::provider::Client;
use crate::request::Prices;
use crate::session::Session;
use crate::store::{Candidate, HowUndone, RequestState, Selected};

/// Plan of one side.
#[derive(Clone, Debug)]
pub struct SidePlan {
    /// Selection of what is to be asked now.
    pub plan: Plan,
    /// Requests that were answered before.
    pub reused: u64,
    /// Requests that are in flight in a batch.
    pub pending: u64,
}

/// Draws the groups and plans what is to be asked of each side.
pub fn plan(
    session: &Session<'_>,
    sides: &[Side; 2],
    groups: &[(GroupKey, [u8; 16])],
    prices: &Prices,
    sandbox: bool,
) -> anyhow::Result<[SidePlan; 2]> {
    if sides[0].prompts.topic.fingerprint == sides[1].prompts.topic.fingerprint
        && sides[0].prompts.entity.fingerprint == sides[1].prompts.entity.fingerprint
    {
        return Err(usage("both sides ask the same"))
            .hint("name what differs, as in `gleaner compare gpt-6-luna gpt-6.1-terra,effort=none`");
    }
    let one = |side: &Side| -> anyhow::Result<SidePlan> {
        let mut asked = vec![];
        let (mut reused, mut pending) = (0, 0);
        for &group in groups {
            let mut attempt = |kind| -> anyhow::Result<Option<NonZeroU32>> {
                Ok(match request_progress(session, side, group, kind, sandbox)? {
                    RequestProgress::Answered(_) => {
                        reused += 1;
                        None
                    }
                    RequestProgress::Pending => {
                        pending += 1;
                        None
                    }
                    RequestProgress::Open => Some(NonZeroU32::MIN),
                })
            };
            let candidate = Candidate { group: group.0, topic: attempt(Kind::Topic)?, entity: attempt(Kind::Entity)? };
            if candidate.kinds().next().is_some() {
                asked.push((candidate, group.1));
            }
        }
        let (size, estimate) = plan_groups(session, &side.prompts, &asked, prices)?;
        let parts = if asked.is_empty() { vec![] } else { vec![PlannedPart::new(asked, size)] };
        let plan = Plan { selected: Selected::default(), parts, left_out: vec![], too_long: vec![], estimate };
        Ok(SidePlan { plan, reused, pending })
    };
    Ok([one(&sides[0])?, one(&sides[1])?])
}

/// Sends what is not answered yet as one batch a side, and returns their runs. When they are imported, the same
/// comparison finds the answers.
pub fn send(
    session: &mut Session<'_>,
    client: &Client,
    sides: &[Side; 2],
    plans: &[SidePlan; 2],
    budget: &Budget,
    prices: &Prices,
) -> anyhow::Result<Vec<RunId>> {
    let origin = session.origin_of(client)?;
    let mut runs = vec![];
    for (side, plan) in sides.iter().zip(plans).filter(|(_, plan)| plan.plan.n_requests() > 0) {
        let run = crate::batch::record::record(session, &side.prompts, &plan.plan, Some(&origin), prices, true)?;
        let sent = submit::send_waiting(session, client, Some(&run), budget, None);
        submit::say_how_it_goes_on(sent, session, &run)?;
        runs.push(run);
    }
    Ok(runs)
}

/// Asks what is not answered yet, and compares.
#[expect(clippy::too_many_arguments, reason = "one step with all that a comparison is made of")]
pub fn run(
    session: &mut Session<'_>,
    client: &Client,
    sides: &[Side; 2],
    groups: &[(GroupKey, [u8; 16])],
    plans: &[SidePlan; 2],
    prices: &Prices,
    budget: &Budget,
    concurrency: usize,
) -> anyhow::Result<Comparison> {
    let mut reports = [SideReport::default(), SideReport::default()];
    for (at, side) in sides.iter().enumerate() {
        let plan = &plans[at].plan;
        let report = &mut reports[at];
        report.label = side.label.clone();
        report.model = side.prompts.model().to_string();
        report.reused = plans[at].reused;
        report.pending = plans[at].pending;
        if plan.n_requests() > 0 {
            session.terminal.status(format!("asking {}", side.label));
            let options = DirectOptions { concurrency, is_comparison: true, strict: false };
            let direct = direct::run(session, client, &side.prompts, plan, prices, budget, options)?;
            report.run_id = Some(direct.run_id);
            report.asked = direct.account.sent;
            report.stopped = direct.stopped;
            if report.stopped.is_some() {
                break;
            }
        }
    }
    let sandbox = session.origin_of(client)?.is_sandbox;
    gather(session, sides, groups, reports, prices, sandbox)
}

/// Result of an adoption.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Adopted {
    /// Requests that are the collection's own now.
    pub requests: u64,
    /// Topics written.
    pub topics: u64,
    /// Mentions written.
    pub mentions: u64,
}

/// Makes the answers of a comparison the collection's own, in one transaction.
pub fn adopt(session: &mut Session<'_>, run: &RunId) -> anyhow::Result<Adopted> {
    let now = session.config.now_text();
    let tx = session.store.write()?;
    let comparisons = tx.read().comparisons_of_run(run)?;
    if comparisons.is_empty() {
        return Err(not_found(format!("there are no compared answers of a run `{run}` that wait to be adopted")))
            .hint("`gleaner compare` names the run of each side");
    }
    let mut adopted = Adopted::default();
    let mut writer = KnowledgeWriter::new(&tx);
    for key in comparisons {
        tx.adopt_comparison(key)?;
        adopted.requests += 1;
        let request = tx.read().request(key)?;
        let Some(answer) = tx.read().answer(key)?.filter(|_| request.state == RequestState::Usable) else { continue };
        let expect = writer.expect(request.prompt)?;
        if let Outcome::Usable(content) = read_text(answer.text.as_deref().unwrap_or_default(), &expect) {
            let learned = writer.write(&request, content.found, answer.answered_at)?;
            adopted.topics += learned.topics;
            adopted.mentions += learned.mentions;
        }
    }
    drop(writer);
    copies::share(&tx)?;
    let counts = [("answers", adopted.requests)];
    tx.note_change("compare --adopt", run.as_str(), HowUndone::None, &counts, &now)?;
    tx.commit()?;
    Ok(adopted)
}
