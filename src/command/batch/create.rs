//! `gleaner batch create`

use serde_json::json;

use super::super::{Context, select};
use super::describe;
use super::wait;
use crate::batch::budget::{self, Budget, Cost, Terms};
use crate::batch::model_end;
use crate::batch::plan::{self, Estimate, Plan};
use crate::batch::prompts::Prompts;
use crate::batch::record::record;
use crate::batch::request_file;
use crate::batch::submit::{self, Submitted};
use crate::batch::{conflict, throttle, uncertain};
use crate::cli::batch::{CreateArgs, PartArgs};
use crate::cli::select::SelectArgs;
use crate::command::period::check_names;
use crate::error::{Exit, Explain as _};
use crate::extract::probe;
use crate::import::copies;
use crate::provider::Client;
use crate::request::lifetime::Mode;
use crate::request::{LONG_PROMPT_TOKENS, Limits, Prices};
use crate::session::Session;
use crate::store::{BatchRow, BatchState, Origin, Pages, Selected};
use crate::terminal::words::{bytes, count, count_verb, dollars, dollars_or_unknown, list, number};

/// Runs the command.
pub(in crate::command) fn create(args: &CreateArgs, context: &Context) -> anyhow::Result<Exit> {
    let how = wait::How::new(&args.waiting, context)?;
    let mut selection = select::selection(&args.select, &args.prompt, &args.spend)?;
    let options = select::prompt_options(&args.prompt, context)?;
    let prices = context.prices(args.prompt.price.as_deref())?;
    let mut session = context.session()?;
    check_names(&session.store, &args.select.conditions)?;
    session.store.keep_pages(Pages::Few)?;
    session.anyway = args.spend.anyway;
    let prompts = Prompts::of(&session.store, &options)?;
    model_end::offer_profile(&session, &prompts, &prices);

    // Found before any slow work: a missing key, a wrong one, batches of another copy of this database.
    let is_online = !args.dry_run && !args.no_submit;
    let (lock, client, origin) = if is_online {
        let client = context.client()?;
        let lock = session.lock_spending()?;
        uncertain::survey(&mut session, &client, &prices)?;
        let origin = session.origin_of(&client)?;
        (Some(lock), Some(client), Some(origin))
    } else {
        (None, None, session.store.read().origin_by_url(&context.origin()?)?)
    };
    selection.resend.origin = origin.as_ref().map(|origin| origin.key);
    // A run that is only written may go anywhere, so it counts as real.
    let is_of_sandbox = origin.as_ref().is_some_and(|origin| origin.is_sandbox);
    let sandbox = is_of_sandbox && !args.no_submit;
    if is_of_sandbox && args.no_submit && session.store.read().rehearsed()?.groups > 0 {
        context
            .terminal
            .status("a run that is only written may go to any provider: what a sandbox answered is asked again");
    }
    let limits = limits(&args.parts, &session, origin.as_ref(), prompts.model())?;
    if !args.dry_run && !selection.no_dedupe {
        copies::share_and_say(&mut session)?;
    }
    let mut plan = plan::plan(&session, &prompts, &selection, limits, &prices, sandbox)?;
    say_what_is_not_sent(context, &plan, &args.select)?;
    let typed = select::typed(&args.prompt, &args.parts, &prices);
    conflict::check(&session, &prompts, &typed, origin.as_ref(), true)?;
    // What an earlier command began is sent too, so it counts.
    let waiting = match &origin {
        Some(origin) if !args.no_submit => budget::sendable(&session, None, origin.key)?,
        _ => vec![],
    };
    let mut cost = Cost::default();
    cost.add_plan(&plan, true);
    cost.add_waiting(&waiting);
    if plan.n_groups() > 0 {
        let work = (prompts.model(), Mode::Batch);
        model_end::check(&mut session, client.as_ref(), &prices, work, |_| Ok(plan.estimate.usage()))?;
    }
    let is_probed = is_online && !args.no_probe && plan.n_requests() > probe::REQUESTS_MIN;
    if is_probed {
        cost.add_one_ahead(&plan);
    }
    let terms = match &client {
        Some(client) => context.terms(&args.spend, args.max_cost, client, session.store.read())?,
        None => Terms { max: context.spend_limit(args.max_cost, session.store.read())?, asking: None },
    };
    let budget = Budget::check(&cost, terms).hint("`--limit N` takes the newest groups only")?;
    if args.dry_run && plan.n_groups() > 0 {
        return dry_run(context, &plan, &waiting);
    }
    plan::remember_too_long(&mut session, &plan, prompts.model())?;
    // A group larger than the queue may show only when a part is split, to be sent.
    let n_too_large = |session: &Session<'_>| if is_online { session.store.read().n_too_large() } else { Ok(0) };
    let n_too_large_before = n_too_large(&session)?;
    let mut submitted = Submitted::default();
    if let Some(client) = &client {
        // What an earlier command began comes first.
        submitted = submit::send_waiting(&mut session, client, None, &budget, args.parts.max_enqueued_tokens)?;
    }
    let n_left_out = plan.left_out.len() as u64;
    if plan.n_groups() == 0 {
        drop(lock);
        return nothing_new(
            args,
            context,
            session,
            client.as_ref(),
            (&submitted, n_left_out, &plan.selected),
            &how,
            &prices,
            budget,
        );
    }
    let mut n_unclear = 0;
    if let (Some(client), true) = (&client, is_probed) {
        n_unclear = probe::probe(&mut session, client, &prompts, &plan, &prices, &budget)?;
        // What was sent ahead is answered, and no part of the batch any more.
        plan = plan::plan(&session, &prompts, &selection, limits, &prices, sandbox)?;
    }

    let run = record(&mut session, &prompts, &plan, origin.as_ref().filter(|_| is_online), &prices, false)?;
    plan.release_groups();
    if let Some(client) = &client {
        let sent = submit::send_waiting(&mut session, client, Some(&run), &budget, args.parts.max_enqueued_tokens);
        submitted.merge(submit::say_how_it_goes_on(sent, &session, &run)?);
    } else {
        for part in session.store.read().batches_of_run(&run)? {
            request_file::write(&mut session, part.key)?;
        }
    }
    let n_left_out = n_left_out + n_too_large(&session)?.saturating_sub(n_too_large_before);
    let batches = session.store.read().batches_of_run(&run)?;
    if context.terminal.is_json() && !args.wait {
        let value = describe::json_of_runs(session.store.read(), &batches)?;
        context.terminal.json(&json!({
            "run_id": run,
            "batches": value["runs"][0]["batches"],
            "total_groups": plan.n_groups(),
            "total_requests": plan.n_requests(),
            "copies": plan.selected.n_copies,
            "estimate": plan.estimate,
        }))?;
    } else if !context.terminal.is_json() {
        show(context, &session, &plan, &batches, &run, args.wait)?;
    }
    if args.wait {
        let Some(client) = &client else { return Ok(Exit::Done) };
        // Held again for each part that is sent: others may send while this one waits.
        drop(lock);
        let wait = wait::Wait {
            client,
            // Parts that waited from an earlier run were counted into the price, so they are sent and waited for as well.
            only: waiting.is_empty().then_some(run.as_str()),
            how: &how,
            budget,
            max_enqueued: args.parts.max_enqueued_tokens,
            prices: &prices,
            made: Some(json!({
                "run_id": run, "total_groups": plan.n_groups(), "total_requests": plan.n_requests(),
                "copies": plan.selected.n_copies, "estimate": plan.estimate,
            })),
        };
        let exit = wait::until_done(context, session, wait)?;
        return Ok(if n_left_out + n_unclear > 0 { Exit::Incomplete } else { exit });
    }
    next_steps(context, run.as_str(), is_online, &submitted);
    let exit = if n_left_out + n_unclear > 0 { Exit::Incomplete } else { Exit::Done };
    super::say_uncertain(context, &session, client.as_ref(), exit)
}

fn limits(args: &PartArgs, session: &Session<'_>, origin: Option<&Origin>, model: &str) -> anyhow::Result<Limits> {
    let max_tokens = match origin {
        Some(origin) => throttle::limit(session, origin.key, model, args.max_enqueued_tokens)?,
        None => args.max_enqueued_tokens,
    };
    let own = Limits::default();
    Ok(Limits {
        max_requests: args.max_requests.unwrap_or(own.max_requests),
        max_bytes: args.max_bytes.unwrap_or(own.max_bytes).min(own.max_bytes),
        max_tokens,
    })
}

/// Says on stderr why groups that one might expect are not sent.
pub(in crate::command) fn say_what_is_not_sent(
    context: &Context,
    plan: &Plan,
    args: &SelectArgs,
) -> anyhow::Result<()> {
    let terminal = &context.terminal;
    let selected = &plan.selected;
    if !selected.unknown_ids.is_empty() {
        let shown: Vec<&str> = selected.unknown_ids.iter().take(5).map(|id| id.as_str()).collect();
        let more = selected.unknown_ids.len() - shown.len();
        let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
        terminal.warn(format!("not in the database: {}{rest}", list(&shown, "and")));
    }
    for (id, why) in plan.left_out.iter().take(10) {
        terminal.warn(format!("group `{id}` is left out: {why}"));
    }
    if plan.left_out.len() > 10 {
        terminal.warn(format!("and {} more are left out", plan.left_out.len() - 10));
    }
    if selected.n_copies > 0 {
        terminal.status(format!(
            "{} the same text as another group: asked once, and the answers are shared",
            count_verb(selected.n_copies, "more group", "has")
        ));
    }
    if selected.n_held_back > 0 {
        terminal.hint(format!(
            "not sent again: {} that failed before ({} spent so far); `--retry-failed` asks once more",
            count(selected.n_held_back, "request"),
            dollars(selected.unusable_cost_usd)
        ));
    } else if args.retry_failed && selected.unusable_cost_usd > 0.0 {
        terminal.status(format!(
            "unusable answers to what is asked again have cost {} so far",
            dollars(selected.unusable_cost_usd)
        ));
    }
    if selected.n_exhausted > 0 {
        terminal.warn(format!(
            "{} had all attempts; `--max-errors N` allows more",
            count_verb(selected.n_exhausted, "request", "has")
        ));
    }
    if selected.n_asked_of_another > 0 {
        terminal
            .status(format!("{} were answered before by another model", count(selected.n_asked_of_another, "request")));
    }
    if selected.n_other_model > 0 && args.stale {
        terminal.hint(format!(
            "{} of another model; `--stale --model {}` asks again",
            count_verb(selected.n_other_model, "answer", "is"),
            plan.estimate.model
        ));
    }
    if selected.n_model_gone > 0 {
        terminal.warn(format!(
            "{} not sent to `{}` again, which was not there; `--model` names another, `--anyway` tries the same",
            count_verb(selected.n_model_gone, "request", "is"),
            plan.estimate.model
        ));
    }
    if selected.n_stale > 0 {
        terminal.hint(format!(
            "{} changed since they were asked; `--stale` asks again",
            count(selected.n_stale, "answer")
                .replace("answers", "answers stand for texts or prompts that have")
                .replace("1 answer", "1 answer stands for a text or prompt that has")
        ));
    }
    Ok(())
}

#[expect(clippy::too_many_arguments, reason = "the end of one command, with all that it has")]
fn nothing_new(
    args: &CreateArgs,
    context: &Context,
    session: Session<'_>,
    client: Option<&Client>,
    (submitted, n_left_out, selected): (&Submitted, u64, &Selected),
    how: &wait::How,
    prices: &Prices,
    budget: Budget,
) -> anyhow::Result<Exit> {
    let read = session.store.read();
    let groups = read.group_counts()?;
    let pending = read.pending_batches()?;
    if let (true, Some(client), false) = (args.wait, client, pending.is_empty()) {
        context.terminal.status("nothing new to send; waiting for what is open");
        let max_enqueued = args.parts.max_enqueued_tokens;
        let wait = wait::Wait { client, only: None, how, budget, max_enqueued, prices, made: None };
        return wait::until_done(context, session, wait);
    }
    if context.terminal.is_json() {
        let batches: Vec<BatchRow> =
            submitted.opened.iter().map(|key| read.batch(*key)).collect::<anyhow::Result<_>>()?;
        let value = describe::json_of_runs(read, &batches)?;
        context.terminal.json(&json!({
            "run_id": null, "batches": [], "total_groups": 0, "total_requests": 0, "copies": selected.n_copies,
            "estimate": null,
            "resumed": value["runs"],
        }))?;
    } else if groups.total == 0 {
        context.terminal.line("nothing to send: the database has no story groups")?;
        context.terminal.hint("load some with `gleaner load groups FILE`");
    } else if n_left_out > 0 {
        context.terminal.line(format!(
            "nothing to send: {} too large, all others that are meant have been asked about",
            count_verb(n_left_out, "group", "is")
        ))?;
    } else if selected.is_of_none() {
        context.terminal.line("nothing to send: no group that can be asked about is meant")?;
        context.terminal.hint("`gleaner progress` counts the groups that can be");
    } else {
        context.terminal.line("nothing to send: every group that is meant has been asked about")?;
        if pending.iter().any(|part| !part.state.is_unsent()) {
            context.terminal.hint("`gleaner batch wait` waits for what is open");
        } else if !pending.is_empty() {
            context.terminal.hint("`gleaner batch submit` sends what waits");
        }
    }
    let exit = if n_left_out > 0 { Exit::Incomplete } else { Exit::Done };
    super::say_uncertain(context, &session, client, exit)
}

fn dry_run(context: &Context, plan: &Plan, waiting: &[BatchRow]) -> anyhow::Result<Exit> {
    if context.terminal.is_json() {
        let parts: Vec<_> = plan
            .parts
            .iter()
            .map(|part| {
                json!({"groups": part.groups.len(), "requests": part.size.requests,
                               "bytes": part.size.bytes, "input_tokens": part.size.tokens})
            })
            .collect();
        context.terminal.json(&json!({
            "dry_run": true,
            "run_id": null,
            "batches": parts,
            "total_groups": plan.n_groups(),
            "total_requests": plan.n_requests(),
            "copies": plan.selected.n_copies,
            "estimate": plan.estimate,
        }))?;
        return Ok(Exit::Done);
    }
    context.terminal.line(format!(
        "would send {} for {} in {}",
        count(plan.n_requests(), "request"),
        count(plan.n_groups(), "group"),
        count(plan.parts.len() as u64, "part")
    ))?;
    show_estimate(context, &plan.estimate)?;
    if !waiting.is_empty() {
        let usd: Option<f64> = waiting.iter().map(|part| part.estimated_cost_usd).sum();
        context.terminal.line(format!(
            "and {} from an earlier run: {}",
            count(waiting.len() as u64, "part")
                .replace("parts", "parts that wait")
                .replace("1 part", "1 part that waits"),
            dollars_or_unknown(usd)
        ))?;
    }
    context.terminal.hint("nothing was written or sent; leave `--dry-run` out to send it");
    Ok(Exit::Done)
}

fn show(
    context: &Context,
    session: &Session<'_>,
    plan: &Plan,
    batches: &[BatchRow],
    run: &crate::model::RunId,
    is_waiting: bool,
) -> anyhow::Result<()> {
    let terminal = &context.terminal;
    terminal.line(format!("{run}: {} for {}", count(plan.n_requests(), "request"), count(plan.n_groups(), "group")))?;
    for batch in batches {
        let file = batch.input_file_path.as_ref().map(|path| session.store.folder().join(path));
        let name = batch.batch_id.as_ref().map_or_else(|| format!("part {}", batch.part), ToString::to_string);
        // The end is told with what came of it, in the same output.
        match is_waiting && batch.state == BatchState::Ended {
            true => terminal.line(format!("  {name}"))?,
            false => terminal.advise(format!("  {name}  {}", describe::headline(batch)))?,
        }
        if let (Some(file), Some(size)) = (file, batch.input_bytes) {
            terminal.line(format!("    {} ({})", file.display(), bytes(size)))?;
        }
    }
    show_estimate(context, &plan.estimate)
}

/// Warns of what makes an estimate doubtful, or its requests dear.
pub(in crate::command) fn warn_of_estimate(context: &Context, estimate: &Estimate) {
    if estimate.long_requests > 0 {
        context.terminal.warn(format!(
            "{} more than {} input tokens, which cost double with `{}`, and their output 1.5 times",
            count_verb(estimate.long_requests, "request", "has"),
            number(LONG_PROMPT_TOKENS),
            estimate.model
        ));
    }
    if estimate.prices_are_old {
        context.terminal.warn(format!(
            "the table of prices is of {}, more than half a year old; `--price` or a table of your own goes before it",
            estimate.prices_as_of
        ));
    }
}

pub(in crate::command) fn show_estimate(context: &Context, estimate: &Estimate) -> anyhow::Result<()> {
    warn_of_estimate(context, estimate);
    context.terminal.line(format!(
        "estimate: {} input and {} output tokens ({}) with {}",
        number(estimate.input_tokens),
        number(estimate.output_tokens),
        if estimate.output_from_history { "from past answers" } else { "a guess until there are past answers" },
        estimate.model
    ))?;
    context.terminal.line(match (estimate.batch_usd, estimate.sync_usd) {
        (None, None) => {
            format!("estimated cost: {}; give it with `--price INPUT,CACHED,OUTPUT[,WRITE]`", dollars_or_unknown(None))
        }
        (batch, sync) => format!(
            "estimated cost: {} in batch mode, {} in synchronous mode (prices of {})",
            dollars_or_unknown(batch),
            dollars_or_unknown(sync),
            estimate.prices_as_of
        ),
    })?;
    let Some(cache) = estimate.cache else { return Ok(()) };
    context.terminal.line(format!(
        "with the prompt cache: {} at best, {} at worst in batch mode; {}",
        dollars(cache.best_batch_usd),
        dollars(cache.worst_batch_usd),
        if cache.from_history { "above as past answers used it" } else { "above without it" }
    ))
}

fn next_steps(context: &Context, run: &str, is_online: bool, submitted: &Submitted) {
    if !is_online {
        context.terminal.hint(format!("`gleaner batch submit {run}` sends it"));
        context
            .terminal
            .hint("or take the file elsewhere and import the answers with `gleaner batch process --file FILE`");
        return;
    }
    if !submitted.held.is_empty() {
        context.terminal.hint(format!(
            "{} until the provider's queue has room; `gleaner batch wait` sends then",
            count_verb(submitted.held.len() as u64, "part", "waits")
        ));
    }
    context.terminal.hint("`gleaner batch wait` waits and imports; `gleaner batch status` looks once");
}
