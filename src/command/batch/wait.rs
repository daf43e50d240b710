//! `gleaner batch wait`, `gleaner batch submit`, and the waiting part of `batch create --wait`.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::Context;
use super::describe;
use super::notify::{Outcome, notify};
use crate::answer::Reason;
use crate::batch::batch_or_run::BatchOrRun;
use crate::batch::budget::{self, Budget, Cost};
use crate::batch::look;
use crate::batch::poll::{self, Waited, Waiting};
use crate::batch::submit;
use crate::batch::uncertain;
use crate::cli::batch::{SubmitArgs, WaitArgs, WaitingArgs};
use crate::error::{Exit, hinted, usage};
use crate::model::{BatchKey, RunId};
use crate::provider::Client;
use crate::request::Prices;
use crate::session::{Lock, Session, Tried, explain};
use crate::store::{BatchState, Cause, Origin, is_locked};
use crate::terminal::words::{count, count_verb, dollars, duration};

/// The longest pause before a database that is locked is tried again: SQLite has waited by itself before.
const LOCKED_PAUSE_MAX: Duration = Duration::from_secs(30);

/// `batch wait`
pub(super) fn wait(args: &WaitArgs, context: &Context) -> anyhow::Result<Exit> {
    let how = How::new(&args.waiting, context)?;
    let mut session = context.session()?;
    session.anyway = args.spend.anyway;
    let target = args.id.as_deref().map(|id| BatchOrRun::find(session.store.read(), id)).transpose()?;
    if session.store.read().pending_batches()?.is_empty() && named_gone(&session, target.as_ref())?.is_empty() {
        if context.terminal.is_json() {
            context.terminal.json(&json!({"batches": []}))?;
        } else {
            context.terminal.line("nothing to wait for")?;
        }
        return Ok(Exit::Done);
    }
    let client = context.client()?;
    let prices = context.prices(None)?;
    let pause = how.poll_interval.min(LOCKED_PAUSE_MAX);
    let (lock, origin) = survey(context, &mut session, &client, &prices, pause)?;
    let mut cost = Cost::default();
    cost.add_waiting(&budget::sendable_of(&session, target.as_ref(), origin.key)?);
    poll::check_models(&mut session, &client, target.as_ref())?;
    let budget = Budget::check(&cost, context.terms(&args.spend, None, &client, session.store.read())?)?;
    // Held again for each part that is sent: others may send while this one waits.
    drop(lock);
    let (only, max_enqueued) = (args.id.as_deref(), args.max_enqueued_tokens);
    until_done(
        context,
        session,
        Wait { client: &client, only, how: &how, budget, max_enqueued, prices: &prices, made: None },
    )
}

/// Takes the right to spend and looks through the provider's list. A reader that pauses is waited out here as it is
/// later, and others may send meanwhile.
fn survey(
    context: &Context,
    session: &mut Session<'_>,
    client: &Client,
    prices: &Prices,
    pause: Duration,
) -> anyhow::Result<(Lock, Origin)> {
    let mut lock = session.lock_spending()?;
    loop {
        match uncertain::survey(session, client, prices).and_then(|()| session.origin_of(client)) {
            Ok(origin) => return Ok((lock, origin)),
            Err(error) if is_locked(&error) => {
                drop(lock);
                context.terminal.warn(locked(&error, pause));
            }
            Err(error) => return Err(error),
        }
        lock = loop {
            context.config.pause(pause)?;
            match session.try_lock_spending()? {
                Tried::Taken(lock) => break lock,
                Tried::Held(holder) => {
                    session.warn_once(format!("{holder} is sending; looking again in {}", duration(pause.as_secs())));
                }
            }
        };
    }
}

/// Repeats a step until the database is not locked any more.
fn while_locked<T>(
    context: &Context,
    pause: Duration,
    mut step: impl FnMut() -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    loop {
        match step() {
            Err(error) if is_locked(&error) => context.terminal.warn(locked(&error, pause)),
            other => return other,
        }
        context.config.pause(pause)?;
    }
}

fn locked(error: &anyhow::Error, pause: Duration) -> String {
    format!("{error:#}; looking again in {}", duration(pause.as_secs()))
}

/// `batch submit`
pub(super) fn submit(args: &SubmitArgs, context: &Context) -> anyhow::Result<Exit> {
    let how = How::new(&args.waiting, context)?;
    let mut session = context.session()?;
    session.anyway = args.spend.anyway;
    let run = match &args.run {
        Some(id) => match BatchOrRun::find(session.store.read(), id)? {
            BatchOrRun::Run(run) => Some(run),
            BatchOrRun::Batch(key) => Some(session.store.read().batch(key)?.run),
        },
        None => None,
    };
    let waiting: Vec<RunId> = session
        .store
        .read()
        .pending_batches()?
        .into_iter()
        .filter(|part| part.state.is_unsent() && run.as_ref().is_none_or(|run| part.run == *run))
        .map(|part| part.run)
        .fold(vec![], |mut runs, run| {
            if !runs.contains(&run) {
                runs.push(run);
            }
            runs
        });
    if waiting.is_empty() {
        context.terminal.line("nothing waits to be sent")?;
        return Ok(Exit::Done);
    }
    let client = context.client()?;
    let lock = session.lock_spending()?;
    let prices = context.prices(None)?;
    uncertain::survey(&mut session, &client, &prices)?;
    let origin = session.origin_of(&client)?;
    let mut cost = Cost::default();
    for run in &waiting {
        cost.add_waiting(&budget::sendable(&session, Some(run), origin.key)?);
    }
    let budget = Budget::check(&cost, context.terms(&args.spend, None, &client, session.store.read())?)?;
    let mut submitted = submit::Submitted::default();
    for run in &waiting {
        submitted.merge(submit::send_waiting(&mut session, &client, Some(run), &budget, args.max_enqueued_tokens)?);
    }
    if args.wait {
        let only = run.as_ref().map(RunId::as_str);
        drop(lock);
        let max_enqueued = args.max_enqueued_tokens;
        let wait = Wait { client: &client, only, how: &how, budget, max_enqueued, prices: &prices, made: None };
        return until_done(context, session, wait);
    }
    let read = session.store.read();
    let batches = submitted.opened.iter().map(|key| read.batch(*key)).collect::<anyhow::Result<Vec<_>>>()?;
    if context.terminal.is_json() {
        context.terminal.json(&describe::json_of_runs(read, &batches)?)?;
    } else {
        for batch in &batches {
            describe::show(context, read, batch)?;
        }
        if !submitted.held.is_empty() {
            context.terminal.line(format!("{} still held by the queue", count(submitted.held.len() as u64, "part")))?;
        }
        context.terminal.hint("`gleaner batch wait` waits and imports");
    }
    super::say_uncertain(context, &session, Some(&client), Exit::Done)
}

/// Manner of a wait.
pub(super) struct How {
    /// Between two looks.
    poll_interval: Duration,
    /// The longest that it may take.
    max_wait: Option<Duration>,
    /// Command that is run at its end.
    notify: Option<String>,
}

impl How {
    /// Checks what was typed.
    pub(super) fn new(args: &WaitingArgs, context: &Context) -> anyhow::Result<How> {
        let seconds = context.config.poll_interval_secs(args.poll_interval)?;
        match Duration::try_from_secs_f64(seconds) {
            Ok(poll_interval) if poll_interval <= Duration::from_secs(86_400) => {
                Ok(How { poll_interval, max_wait: args.max_wait, notify: args.notify.clone() })
            }
            _ => Err(usage(format!("`--poll-interval` must be 0 to 86400 seconds, not {seconds}"))),
        }
    }
}

/// Subject of a wait, and what it may do meanwhile.
pub(super) struct Wait<'a> {
    pub(super) client: &'a Client,
    /// Batch or run that is waited for; `None`: all that is open.
    pub(super) only: Option<&'a str>,
    pub(super) how: &'a How,
    /// Sum that parts which are sent meanwhile may cost.
    pub(super) budget: Budget,
    /// Tokens that may be enqueued at a time.
    pub(super) max_enqueued: Option<u64>,
    pub(super) prices: &'a Prices,
    /// Result of the command before it waited, for the one result that `--json` prints.
    pub(super) made: Option<Value>,
}

/// Waits until nothing that is meant is pending, imports as batches end, and says what came of it.
pub(super) fn until_done(context: &Context, session: Session<'_>, wait: Wait<'_>) -> anyhow::Result<Exit> {
    let mut outcome = Outcome::default();
    let notified = wait.how.notify.as_deref();
    let result = wait_and_tell(context, session, wait, &mut outcome);
    if let Some(command) = notified {
        notify(command, &outcome, &result, context);
    }
    result
}

fn wait_and_tell(
    context: &Context,
    mut session: Session<'_>,
    wait: Wait<'_>,
    outcome: &mut Outcome,
) -> anyhow::Result<Exit> {
    let Wait { client, only, how, budget, max_enqueued, prices, made } = wait;
    let target = only.map(|id| BatchOrRun::find(session.store.read(), id)).transpose()?;
    let until = how.max_wait.map(|max| context.config.now().saturating_add(max)).transpose()?;
    let waiting = Waiting { poll_interval: how.poll_interval, until, only: target, budget: Some(budget), max_enqueued };
    let pause = how.poll_interval.min(LOCKED_PAUSE_MAX);
    for row in while_locked(context, pause, || named_gone(&session, waiting.only.as_ref()))? {
        while_locked(context, pause, || look::look(&mut session, client, row))?;
    }
    let n_too_large = session.store.read().n_too_large()?;
    let Waited { collected, left, gone, ran_out, stopped } = poll::wait(&mut session, client, &waiting, prices);
    let stopped = stopped.map(|error| match explain(&error).exit {
        Exit::Interrupted => {
            let again = only.map(|id| format!(" {id}")).unwrap_or_default();
            let hint = format!("the batches go on at the provider; `gleaner batch wait{again}` returns to them");
            hinted(error, hint)
        }
        _ => error,
    });
    outcome.ran_out = !ran_out.is_empty();
    outcome.n_open = (left.len() + ran_out.len()) as u64;
    // Imports made before are still shown.
    let stopped = match stopped {
        Some(error) if collected.is_empty() => return Err(error),
        other => other,
    };
    let read = session.store.read();
    let is_all_sent = read.n_too_large()? <= n_too_large;
    let is_whole = left.is_empty() && gone.is_empty() && ran_out.is_empty();
    let mut exit = if is_whole && is_all_sent { Exit::Done } else { Exit::Incomplete };
    let mut values: Vec<Value> = vec![];
    let mut n_rehearsals = 0;
    for done in &collected {
        if done.part.state == BatchState::Replaced {
            continue;
        }
        if !done.report.account.is_all_usable() || done.report.foreign > 0 {
            exit = Exit::Incomplete;
        }
        outcome.cost_usd += done.report.cost.cost_usd;
        outcome.imported.push(done.name());
        outcome.account.add(done.report.account);
        n_rehearsals += usize::from(describe::is_rehearsal(read, &done.part)?);
        if context.terminal.is_json() {
            values.push(describe::json_of_import(read, &done.part, &done.report)?);
        } else {
            describe::show_import(context, read, &done.name(), &done.part, &done.report)?;
        }
    }
    if context.terminal.is_json() {
        let mut result = made.unwrap_or_else(|| json!({}));
        result["batches"] = values.into();
        result["cost_usd"] = outcome.cost_usd.into();
        context.terminal.json(&result)?;
    } else if values.is_empty() && collected.is_empty() && is_whole {
        context.terminal.line("nothing is open any more")?;
        if read.pending_batches()?.iter().any(|part| part.state.is_unsent()) {
            // A run made with --no-submit is sent only when it is meant.
            context.terminal.hint("`gleaner batch submit` sends what waits");
        }
    } else if collected.len() > 1 {
        // All are of one provider: what a sandbox answered costs nothing.
        let cost = if n_rehearsals > 0 { "nothing was spent".to_owned() } else { dollars(outcome.cost_usd) };
        context.terminal.line(format!("{} imported, {cost}", count(collected.len() as u64, "batch")))?;
    }
    if let Some(error) = stopped {
        return Err(error);
    }
    if let (Some(max), false) = (how.max_wait, ran_out.is_empty()) {
        context.terminal.warn(format!(
            "{} still open after {}",
            count_verb(ran_out.len() as u64, "batch", "is"),
            duration(max.as_secs())
        ));
        context.terminal.hint("they go on at the provider; `gleaner batch wait` returns to them");
        return super::say_uncertain(context, &session, Some(client), Exit::Incomplete);
    }
    exit = super::say_uncertain(context, &session, Some(client), exit)?;
    let is_about_model = |cause: &Cause| cause.reason == Reason::MODEL_GONE;
    let mut causes = collected.iter().flat_map(|done| &done.report.causes).peekable();
    if exit == Exit::Incomplete && (causes.peek().is_none() || !causes.all(is_about_model)) {
        context.terminal.hint(
            "what was never billed is sent again by the next `gleaner batch create`; the rest with `--retry-failed`",
        );
    }
    Ok(exit)
}

/// Returns the batches that are named and were said to be gone: who names one wants it looked at again.
fn named_gone(session: &Session<'_>, target: Option<&BatchOrRun>) -> anyhow::Result<Vec<BatchKey>> {
    let Some(target) = target else { return Ok(vec![]) };
    let mut batches = target.batches(session.store.read())?;
    batches.retain(|batch| batch.state == BatchState::Gone);
    Ok(uncertain::keys(&batches))
}
