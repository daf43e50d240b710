//! `gleaner compare`: the same groups asked in two ways, side by side.

use std::path::Path;

use anyhow::Context as _;
use serde_json::json;

use super::batch::{cache_words, say_uncertain};
use super::select::prompt_options;
use crate::batch::budget::{Budget, Cost};
use crate::batch::model_end;
use crate::batch::plan;
use crate::batch::prompts::Prompts;
use crate::batch::refusal;
use crate::batch::uncertain;
use crate::cli::extract::CompareArgs;
use crate::cli::select::PromptArgs;
use crate::command::{Context, input};
use crate::error::{Exit, Explain as _, interrupted, usage};
use crate::extract::compare::{self, SidePlan};
use crate::extract::comparison::{Compared, Comparison, Side, SideReport};
use crate::extract::direct::{self, Stopped};
use crate::model::RunId;
use crate::profile::{Endpoint, Profile, PromptOptions};
use crate::provider::Client;
use crate::request::Prices;
use crate::request::lifetime::Mode;
use crate::session::Session;
use crate::store::Spend;
use crate::terminal::style::{bold, dim};
use crate::terminal::words::{count, dollars, dollars_or_unknown, number, shorten};

/// Models that are named where none was given to compare with.
const CANDIDATES: usize = 5;

/// Runs the command.
pub(super) fn run(args: &CompareArgs, context: &Context) -> anyhow::Result<Exit> {
    let mut session = context.session()?;
    session.anyway = args.spend.anyway;
    if let Some(run) = &args.adopt {
        return adopt(context, &mut session, &RunId::new(run.clone()));
    }
    let prices = context.prices(args.price.as_deref())?;
    if args.prompts.is_empty() {
        return Err(usage("what is to be compared is missing: a model, or settings of a prompt"))
            .hint(candidates(&prices));
    }
    let sides = sides(context, &session, &args.prompts)?;
    let mut groups = session.store.read().sampled_groups(args.sample, args.seed)?;
    if groups.is_empty() {
        return Err(anyhow::anyhow!("there is no group with text to ask about"))
            .hint("`gleaner load groups FILE` loads some");
    }
    // A group that one side cannot be asked about is in vain for the other.
    let mut left_out = 0;
    for side in &sides {
        for (id, why) in plan::without_too_long(&session, &side.prompts, &mut groups, &prices)? {
            context.terminal.warn(format!("group `{id}` is left out: {why}"));
            left_out += 1;
        }
    }
    if groups.is_empty() {
        return Err(anyhow::anyhow!("every group of the sample is longer than a model takes"))
            .hint("`--seed N` draws others");
    }
    if args.dry_run {
        let origin = session.store.read().origin_by_url(&context.origin()?)?;
        let plans = compare::plan(&session, &sides, &groups, &prices, origin.is_some_and(|o| o.is_sandbox))?;
        return show_plans(context, &sides, &plans, groups.len() as u64);
    }
    let client = context.patient_client(args.timeout)?;
    let _lock = session.lock_spending()?;
    let origin = direct::greet(&mut session, &client)?;
    if args.batch {
        uncertain::survey(&mut session, &client, &prices)?;
    } else {
        uncertain::before_asking(&mut session, &client, &prices)?;
    }
    let plans = compare::plan(&session, &sides, &groups, &prices, origin.is_sandbox)?;
    let mode = if args.batch { Mode::Batch } else { Mode::Sync };
    for (side, plan) in sides.iter().zip(&plans).filter(|(_, plan)| plan.plan.n_requests() > 0) {
        let work = (side.prompts.model(), mode);
        model_end::check(&mut session, Some(&client), &prices, work, |_| Ok(plan.plan.estimate.usage()))?;
    }
    let mut cost = Cost::default();
    for plan in &plans {
        cost.add_plan(&plan.plan, args.batch);
    }
    let line =
        format!("comparing on {}: about {}", count(groups.len() as u64, "group"), dollars_or_unknown(cost.usd()));
    let terms = context.terms(&args.spend, args.max_cost, &client, session.store.read())?;
    let budget = Budget::check_saying(&cost, terms, Some(&line)).hint("`--sample N` compares fewer")?;
    let is_waiting = plans.iter().any(|plan| plan.pending > 0);
    if args.batch && (is_waiting || plans.iter().any(|plan| plan.plan.n_requests() > 0)) {
        let exit = send(context, &mut session, &client, &sides, &plans, &prices, &budget)?;
        let exit = if left_out > 0 { Exit::Incomplete } else { exit };
        return say_uncertain(context, &session, Some(&client), exit);
    }
    let comparison =
        compare::run(&mut session, &client, &sides, &groups, &plans, &prices, &budget, args.concurrency.into())?;
    show(context, &comparison)?;
    let exit = finish(context, &comparison, &prices)?;
    let exit = if left_out > 0 { Exit::Incomplete } else { exit };
    say_uncertain(context, &session, Some(&client), exit)
}

fn send(
    context: &Context,
    session: &mut Session<'_>,
    client: &Client,
    sides: &[Side; 2],
    plans: &[SidePlan; 2],
    prices: &Prices,
    budget: &Budget,
) -> anyhow::Result<Exit> {
    let runs = compare::send(session, client, sides, plans, budget, prices)?;
    let n_pending: u64 = plans.iter().map(|plan| plan.pending + plan.plan.n_requests()).sum();
    if context.terminal.is_json() {
        context.terminal.json(&json!({"runs": runs, "pending": n_pending}))?;
    } else {
        context.terminal.line(format!("{} in flight", count(n_pending, "request")))?;
    }
    context.terminal.hint("`gleaner batch wait` imports the answers; then the same command shows them side by side");
    Ok(Exit::Done)
}

fn adopt(context: &Context, session: &mut Session<'_>, run: &RunId) -> anyhow::Result<Exit> {
    let adopted = compare::adopt(session, run)?;
    if context.terminal.is_json() {
        context.terminal.json(&json!({"run_id": run, "adopted": adopted}))?;
    } else {
        context.terminal.line(format!(
            "{run}: {} adopted, {} and {} written",
            count(adopted.requests, "answer"),
            count(adopted.topics, "topic"),
            count(adopted.mentions, "mention")
        ))?;
        context.terminal.hint("to ask the rest in the same way, give the same settings to `gleaner batch create`, or put them into the profile");
    }
    Ok(Exit::Done)
}

/// Names the models that are worth comparing: those that stay, the cheapest first.
fn candidates(prices: &Prices) -> String {
    let mut rows: Vec<_> = prices.rows().filter(|(_, row)| row.shutdown.is_none()).collect();
    rows.sort_by(|(_, a), (_, b)| a.price.output.total_cmp(&b.price.output));
    let names: Vec<String> = rows
        .iter()
        .take(CANDIDATES)
        .map(|(name, row)| format!("`{name}` (${} in, ${} out)", row.price.input, row.price.output))
        .collect();
    format!("models that stay, with their prices a million tokens: {}; `gleaner models` lists all", names.join(", "))
}

/// Reads what is to be compared; the side that is not named is what the active profile asks.
fn sides(context: &Context, session: &Session<'_>, prompts: &[String]) -> anyhow::Result<[Side; 2]> {
    let named = |prompt: &String| side(context, session, prompt);
    match prompts {
        [one] => {
            let options = prompt_options(&PromptArgs::default(), context)?;
            let prompts = Prompts::of(&session.store, &options)?;
            let label = format!("{} (profile `{}`)", prompts.model(), prompts.profile.name);
            Ok([Side { label, prompts }, named(one)?])
        }
        [one, two] => Ok([named(one)?, named(two)?]),
        _ => Err(usage("name one or two prompts to compare")),
    }
}

/// Reads `gpt-6.1-terra,effort=none`: settings separated by commas; the one without a name is the model.
fn side(context: &Context, session: &Session<'_>, text: &str) -> anyhow::Result<Side> {
    let mut options = prompt_options(&PromptArgs::default(), context)?;
    let mut profile = None;
    for setting in text.split(',').map(str::trim).filter(|setting| !setting.is_empty()) {
        match setting.split_once('=').map(|(name, value)| (name.trim(), value.trim())) {
            None => options.model = Some(setting.to_string()),
            Some(("profile", name)) => profile = Some(profile_text(name)?),
            Some((name, value)) => set(&mut options, name, value)?,
        }
    }
    let prompts = match profile {
        Some(text) => Prompts::of_text(&session.store, text, &options)?,
        None => Prompts::of(&session.store, &options)?,
    };
    Ok(Side { label: text.to_string(), prompts })
}

fn set(options: &mut PromptOptions, name: &str, value: &str) -> anyhow::Result<()> {
    let wrong = || usage(format!("`{name}={value}`: not a number"));
    match name {
        "model" => options.model = Some(value.to_string()),
        "effort" => options.reasoning_effort = Some(value.to_string()),
        "verbosity" => options.verbosity = Some(value.to_string()),
        "max-output-tokens" => options.max_output_tokens = Some(value.parse().map_err(|_| wrong())?),
        "temperature" => options.temperature = Some(value.parse().map_err(|_| wrong())?),
        "endpoint" => {
            options.endpoint = Endpoint::parse(value)
                .ok_or_else(|| usage(format!("`endpoint={value}`: it is `responses` or `chat`")))?;
        }
        _ => {
            return Err(usage(format!("`{name}` is no setting of a prompt"))).hint(
                "they are model, effort, verbosity, max-output-tokens, temperature, endpoint and profile, as in \
                 `gpt-6.1-terra,effort=none`",
            );
        }
    }
    Ok(())
}

/// Returns the text of a built-in profile, or of a file.
fn profile_text(name: &str) -> anyhow::Result<String> {
    match Profile::builtin(name) {
        Some(text) => Ok(text.to_string()),
        None => input::text(Path::new(name), input::PROFILE_BYTES_MAX)
            .with_context(|| format!("cannot read the profile `{name}`")),
    }
}

fn show_plans(context: &Context, sides: &[Side; 2], plans: &[SidePlan; 2], n_groups: u64) -> anyhow::Result<Exit> {
    let terminal = &context.terminal;
    if terminal.is_json() {
        let sides: Vec<_> = sides
            .iter()
            .zip(plans)
            .map(|(side, plan)| {
                json!({"label": side.label, "total_requests": plan.plan.n_requests(), "reused": plan.reused,
                       "estimate": plan.plan.estimate})
            })
            .collect();
        terminal.json(&json!({"dry_run": true, "total_groups": n_groups, "sides": sides}))?;
        return Ok(Exit::Done);
    }
    terminal.line(format!("would compare on {}", count(n_groups, "group")))?;
    for (side, plan) in sides.iter().zip(plans) {
        terminal.line(format!(
            "  {}: {} to ask, {} answered before; about {}",
            bold(&side.label),
            count(plan.plan.n_requests(), "request"),
            number(plan.reused),
            if plan.plan.n_requests() == 0 { dollars(0.0) } else { dollars_or_unknown(plan.plan.estimate.sync_usd) }
        ))?;
    }
    Ok(Exit::Done)
}

fn show(context: &Context, comparison: &Comparison) -> anyhow::Result<()> {
    let terminal = &context.terminal;
    if terminal.is_json() {
        return terminal.json(comparison);
    }
    for group in &comparison.groups {
        let title = group.title.as_deref().map(|title| shorten(title, 70)).unwrap_or_default();
        terminal.line(format!("{}  {title}", bold(&group.group_id)))?;
        for (what, lists) in [("topics", &group.topics), ("entities", &group.entities)] {
            show_lists(context, what, lists)?;
        }
    }
    terminal.line("")?;
    for (name, side) in ["A", "B"].iter().zip(&comparison.sides) {
        show_side(context, name, side, comparison)?;
    }
    let share = |share: Option<f64>| share.map_or("unknown".to_string(), |s| format!("{:.0} %", s * 100.0));
    terminal.line(format!(
        "agreement: topics {}, entities {}",
        share(comparison.topic_agreement),
        share(comparison.entity_agreement)
    ))
}

fn show_lists(context: &Context, what: &str, lists: &Compared) -> anyhow::Result<()> {
    for (label, names) in [("both", &lists.both), ("only A", &lists.only_a), ("only B", &lists.only_b)] {
        if !names.is_empty() {
            context.terminal.line(format!("  {what}, {label}: {}", names.join("; ")))?;
        }
    }
    for (name, why) in ["A", "B"].iter().zip(&lists.missing) {
        if let Some(why) = why {
            context.terminal.line(dim(format!("  {what}: no usable answer of {name} ({why})")))?;
        }
    }
    Ok(())
}

fn show_side(context: &Context, name: &str, side: &SideReport, comparison: &Comparison) -> anyhow::Result<()> {
    let terminal = &context.terminal;
    terminal.line(format!("{name}: {}", bold(&side.label)))?;
    let n_all = side.usable + side.unusable + side.failed;
    let unusable = if n_all == 0 { 0.0 } else { (side.unusable + side.failed) as f64 * 100.0 / n_all as f64 };
    terminal.line(format!(
        "  {} of {} usable ({unusable:.0} % not); {:.1} topics and {:.1} entities a group{}",
        number(side.usable),
        count(n_all, "answer"),
        side.topics_per_group,
        side.entities_per_group,
        side.linked_share.map(|share| format!(", {:.0} % linked", share * 100.0)).unwrap_or_default()
    ))?;
    terminal.line(format!(
        "  {} input ({}) and {} output tokens ({} reasoning): {}",
        number(side.usage.input_tokens),
        cache_words(&Spend {
            cached_tokens: side.usage.cached_tokens,
            cache_write_tokens: side.usage.cache_write_tokens,
            ..Spend::default()
        }),
        number(side.usage.output_tokens),
        number(side.usage.reasoning_tokens),
        dollars_or_unknown(side.cost_usd)
    ))?;
    terminal.line(format!(
        "  for all {}: {} in batch mode, {} in synchronous mode",
        count(comparison.collection_groups, "group"),
        dollars_or_unknown(side.projected_batch_usd),
        dollars_or_unknown(side.projected_sync_usd)
    ))?;
    if side.pending > 0 {
        terminal.advise(dim(format!("  {} in flight: `gleaner batch wait` imports them", number(side.pending))))?;
    }
    if let Some(run) = &side.run_id {
        terminal.advise(dim(format!("  to keep these answers: `gleaner compare --adopt {run}`")))?;
    }
    Ok(())
}

fn finish(context: &Context, comparison: &Comparison, prices: &Prices) -> anyhow::Result<Exit> {
    for side in &comparison.sides {
        match &side.stopped {
            Some(Stopped::Interrupted) => {
                return Err(interrupted()).hint("what was answered is saved; the same command goes on");
            }
            Some(Stopped::By(error)) => {
                let gone = model_end::advice(error, &side.model, prices, context.config.now());
                let stopped = match gone.or_else(|| refusal::advice(error, &side.model)) {
                    Some(advice) => Err(error.clone()).hint(advice),
                    None => Err(error.clone().into()),
                };
                let is_partial = side.asked > u64::from(model_end::is_model_gone(error));
                return if is_partial { stopped.exit(Exit::Incomplete) } else { stopped };
            }
            Some(Stopped::Cost(_)) | None => {}
        }
    }
    let all_usable = comparison.sides.iter().all(|side| side.unusable + side.failed == 0);
    if !all_usable {
        context.terminal.hint("what is not usable is kept with its reason; it counts for nothing");
    }
    Ok(if all_usable { Exit::Done } else { Exit::Incomplete })
}
