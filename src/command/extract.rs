//! `gleaner extract`: the same requests, answered synchronously.

use jiff::Timestamp;
use serde_json::json;

use super::batch::{cost_line, say_uncertain, say_what_is_not_sent, warn_of_estimate};
use super::select::{prompt_options, selection, typed};
use crate::batch::budget::{Budget, Cost};
use crate::batch::conflict;
use crate::batch::model_end;
use crate::batch::plan::{self, Plan, plan};
use crate::batch::prompts::Prompts;
use crate::batch::refusal;
use crate::batch::uncertain;
use crate::cli::batch::PartArgs;
use crate::cli::extract::ExtractArgs;
use crate::command::Context;
use crate::command::period::check_names;
use crate::error::{Exit, Explain as _, interrupted, usage};
use crate::extract::direct::{self, DirectOptions, DirectReport, Stopped};
use crate::import::copies;
use crate::request::lifetime::Mode;
use crate::request::{Limits, Prices};
use crate::session::Session;
use crate::store::Cause;
use crate::terminal::style::{bold, dim};
use crate::terminal::words::{count, count_verb, dollars, dollars_or_unknown, number};

/// Runs the command.
pub(super) fn run(args: &ExtractArgs, context: &Context) -> anyhow::Result<Exit> {
    if args.max_cost.is_some_and(|max| !max.is_finite() || max < 0.0) {
        return Err(usage("`--max-cost` is an amount of dollars"));
    }
    let mut selection = selection(&args.select, &args.prompt, &args.spend)?;
    let prices = context.prices(args.prompt.price.as_deref())?;
    let mut session = context.session()?;
    check_names(&session.store, &args.select.conditions)?;
    session.anyway = args.spend.anyway;
    let prompts = Prompts::of(&session.store, &prompt_options(&args.prompt, context)?)?;
    model_end::offer_profile(&session, &prompts, &prices);
    let work = (prompts.model(), Mode::Sync);
    if args.dry_run {
        let origin = session.store.read().origin_by_url(&context.origin()?)?;
        let is_sandbox = origin.as_ref().is_some_and(|origin| origin.is_sandbox);
        selection.resend.origin = origin.map(|origin| origin.key);
        // One part, however large: nothing is uploaded.
        let plan = plan(&session, &prompts, &selection, unlimited(), &prices, is_sandbox)?;
        model_end::check(&mut session, None, &prices, work, |_| Ok(plan.estimate.usage()))?;
        return show_plan(context, &session, &plan, args);
    }
    let client = context.patient_client(args.timeout)?;
    let _lock = session.lock_spending()?;
    let origin = direct::greet(&mut session, &client)?;
    selection.resend.origin = Some(origin.key);
    uncertain::before_asking(&mut session, &client, &prices)?;
    if !selection.no_dedupe {
        copies::share_and_say(&mut session)?;
    }
    let plan = plan(&session, &prompts, &selection, unlimited(), &prices, origin.is_sandbox)?;
    say_what_is_not_sent(context, &plan, &args.select)?;
    let typed = typed(&args.prompt, &PartArgs::default(), &prices);
    conflict::check(&session, &prompts, &typed, Some(&origin), false)?;
    plan::remember_too_long(&mut session, &plan, prompts.model())?;
    if plan.n_requests() == 0 {
        let exit = nothing_to_do(context, &session, &plan)?;
        return say_uncertain(context, &session, Some(&client), exit);
    }
    model_end::check(&mut session, Some(&client), &prices, work, |_| Ok(plan.estimate.usage()))?;
    let mut cost = Cost::default();
    cost.add_plan(&plan, false);
    let line = format!(
        "asking {} about {} at {}: about {} tokens, {}",
        prompts.model(),
        count(plan.n_groups(), "group"),
        origin.base_url,
        number(plan.estimate.input_tokens + plan.estimate.output_tokens),
        dollars_or_unknown(plan.estimate.sync_usd)
    );
    let terms = context.terms(&args.spend, args.max_cost, &client, session.store.read())?;
    let budget =
        Budget::check_saying(&cost, terms, Some(&line)).hint("`gleaner batch create` asks at half the price")?;
    let options = DirectOptions { concurrency: args.concurrency.into(), is_comparison: false, strict: false };
    let report = direct::run(&mut session, &client, &prompts, &plan, &prices, &budget, options)?;
    show(context, &report, origin.is_sandbox)?;
    let exit = finish(&report, prompts.model(), &prices, context.config.now())?;
    let exit = if plan.left_out.is_empty() { exit } else { Exit::Incomplete };
    say_uncertain(context, &session, Some(&client), exit)
}

/// Requests sent one by one have no limit but the model's own.
fn unlimited() -> Limits {
    Limits { max_requests: u64::MAX, max_bytes: u64::MAX, max_tokens: None }
}

fn nothing_to_do(context: &Context, session: &Session<'_>, plan: &Plan) -> anyhow::Result<Exit> {
    if context.terminal.is_json() {
        context.terminal.json(&json!({
            "total_groups": 0, "total_requests": 0, "copies": plan.selected.n_copies, "estimate": plan.estimate,
        }))?;
    } else if session.store.read().group_counts()?.total == 0 {
        context.terminal.line("nothing to ask: the database has no story groups")?;
        context.terminal.hint("load some with `gleaner load groups FILE`");
    } else if plan.left_out.is_empty() && plan.selected.is_of_none() {
        context.terminal.line("nothing to ask: no group that can be asked about is meant")?;
        context.terminal.hint("`gleaner progress` counts the groups that can be");
    } else if plan.left_out.is_empty() {
        context.terminal.line("nothing to ask: every group that is meant has been asked about")?;
    } else {
        context.terminal.line(format!(
            "nothing to ask: {} too large, all others that are meant have been asked about",
            count_verb(plan.left_out.len() as u64, "group", "is")
        ))?;
    }
    Ok(if plan.left_out.is_empty() { Exit::Done } else { Exit::Incomplete })
}

fn show_plan(context: &Context, session: &Session<'_>, plan: &Plan, args: &ExtractArgs) -> anyhow::Result<Exit> {
    let terminal = &context.terminal;
    let estimate = &plan.estimate;
    if terminal.is_json() {
        let value = json!({
            "dry_run": true,
            "total_groups": plan.n_groups(),
            "total_requests": plan.n_requests(),
            "estimate": estimate,
            "copies": plan.selected.n_copies,
            "held_back": plan.selected.n_held_back,
            "stale": plan.selected.n_stale,
        });
        terminal.json(&value)?;
        return Ok(Exit::Done);
    }
    if plan.n_requests() == 0 {
        return nothing_to_do(context, session, plan);
    }
    warn_of_estimate(context, estimate);
    terminal.line(format!(
        "would ask {} about {}: {}",
        estimate.model,
        count(plan.n_groups(), "group"),
        count(plan.n_requests(), "request")
    ))?;
    let guess = if estimate.output_from_history { "from past answers" } else { "a guess" };
    terminal.line(format!(
        "  about {} input and {} output tokens ({guess}): {}",
        number(estimate.input_tokens),
        number(estimate.output_tokens),
        dollars_or_unknown(estimate.sync_usd)
    ))?;
    if let Some(usd) = estimate.batch_usd {
        terminal.advise(dim(format!("  {} with `gleaner batch create`", dollars(usd))))?;
    }
    for part in &plan.parts {
        for (candidate, _) in part.groups.iter().take(5) {
            if let Some(row) = session.store.read().group(candidate.group)? {
                let kinds: Vec<&str> = candidate.kinds().map(|(kind, _)| kind.as_str()).collect();
                let title = row.group.title.as_deref().unwrap_or("");
                terminal.line(dim(format!("  {} ({}) {title}", row.group.id, kinds.join(", "))))?;
            }
        }
    }
    if plan.n_groups() > 5 {
        terminal.line(dim(format!("  … and {} more", number(plan.n_groups() - 5))))?;
    }
    let limit = context.spend_limit(args.max_cost, session.store.read())?;
    if let Some(max) = limit.filter(|max| estimate.sync_usd.is_some_and(|usd| usd > max.usd)) {
        terminal.warn(format!("this is above {}", max.named));
    }
    Ok(Exit::Done)
}

fn show(context: &Context, report: &DirectReport, is_rehearsal: bool) -> anyhow::Result<()> {
    let terminal = &context.terminal;
    if terminal.is_json() {
        let mut value = serde_json::to_value(report)?;
        let errors: Vec<_> = report.causes.iter().map(cause_json).collect();
        value["errors"] = errors.into();
        if let Some(map) = value.as_object_mut() {
            map.shift_remove("causes");
        }
        return terminal.json(&value);
    }
    terminal.line(format!(
        "{}  {}, {}, {} ({} linked, {} ambiguous)",
        bold(&report.run_id),
        count(report.groups_processed, "group"),
        count(report.topics_extracted, "topic"),
        count(report.entities_extracted, "entity"),
        number(report.entities_linked),
        number(report.entities_ambiguous)
    ))?;
    let account = &report.account;
    terminal.line(format!(
        "  account: asked {} = usable {} + unusable {} + failed {}",
        number(account.sent),
        number(account.usable),
        number(account.unusable),
        number(account.failed)
    ))?;
    if report.cost.n_answers > 0 {
        terminal.line(format!("  cost: {}", cost_line(&report.cost, is_rehearsal)))?;
    }
    for cause in &report.causes {
        let example = cause.example.as_ref().map(|text| format!(": {text}")).unwrap_or_default();
        terminal.line(format!("  {} {} ({}){example}", number(cause.count), cause.class.as_str(), cause.reason))?;
    }
    let is_model_gone = matches!(&report.stopped, Some(Stopped::By(error)) if model_end::is_model_gone(error));
    for (n, noun, what) in [
        (report.repaired, "answer", "had to be mended"),
        (report.left_out, "name", "left out: a placeholder"),
        (report.cleaned, "name", "with markup around it, which was taken off"),
        (report.unknown_usage, "answer", "with a usage that cannot be; what it cost is not known"),
        (report.clamped, "value", "missing or out of range, brought into it"),
        (report.copies_answered, "group", "with the same text as another, answered with it"),
        (report.not_asked, "request", if is_model_gone { "not asked" } else { "not asked; the same command goes on" }),
    ] {
        if n > 0 {
            terminal.line(format!("  {} {what}", count(n, noun)))?;
        }
    }
    Ok(())
}

fn cause_json(cause: &Cause) -> serde_json::Value {
    json!({"class": cause.class, "code": cause.reason, "count": cause.count, "message": cause.example})
}

/// Chooses the exit code, and tells why a run ended early.
fn finish(report: &DirectReport, model: &str, prices: &Prices, now: Timestamp) -> anyhow::Result<Exit> {
    let account = &report.account;
    let incomplete = account.usable + account.unusable > 0;
    match &report.stopped {
        Some(Stopped::Interrupted) => Err(interrupted()).hint("what was answered is saved; the same command goes on"),
        Some(Stopped::Cost(max)) => Err(anyhow::anyhow!("stopped: the {} of `--max-cost` are spent", dollars(*max)))
            .hint("what was answered is saved; the same command goes on")
            .exit(Exit::Incomplete),
        Some(Stopped::By(error)) => {
            let gone = model_end::advice(error, model, prices, now);
            let stopped = match gone.or_else(|| refusal::advice(error, model)) {
                Some(advice) => Err(error.clone()).hint(advice),
                None => Err(error.clone().into()),
            };
            match incomplete {
                true => stopped.hint("what was answered is saved; the same command goes on").exit(Exit::Incomplete),
                false => stopped,
            }
        }
        None if report.account.is_all_usable() => Ok(Exit::Done),
        None => Ok(Exit::Incomplete),
    }
}
