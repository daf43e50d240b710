//! `gleaner progress`: where the whole collection stands.

use serde_json::json;

use crate::batch::model_end;
use crate::batch::prompts::{Prompts, configured};
use crate::cli::explore::GroundingArgs;
use crate::command::Context;
use crate::error::Exit;
use crate::store::{Counts, LedgerProgress, Pages, Rehearsed, Totals};
use crate::terminal::style::bold;
use crate::terminal::words::{count, count_verb, dollars, number};

/// Runs the command.
pub(super) fn run(args: &GroundingArgs, context: &Context) -> anyhow::Result<Exit> {
    let mut session = context.session()?;
    session.store.keep_pages(Pages::Passing)?;
    let prompts = Prompts::of(&session.store, &configured(&context.config)?)?;
    let current = prompts.current(session.store.read())?.all();
    let Totals { counts, n_entities, n_copies } = session.store.totals(&current)?;
    let Counts { groups, progress, mut topics, mut mentions, mut linked, n_too_large, n_model_gone, mut grounding } =
        counts;
    let rehearsed = session.store.read().rehearsed()?;
    let hides_rehearsals = matches!(rehearsed, Rehearsed { groups: 1.., has_real: true }) && !context.rehearsal;
    if hides_rehearsals {
        session.store.leave_rehearsals_out()?;
        grounding = session.store.read().grounding_counts()?;
    }
    if args.require_grounding {
        context.require_grounding(&mut session.store)?;
    }
    if hides_rehearsals || args.require_grounding {
        (topics, mentions, linked) = session.store.read().knowledge_counts()?;
    }
    let read = session.store.read();
    let pending = read.pending_batches()?;
    let n_unsent = pending.iter().filter(|part| part.state.is_unsent()).count() as u64;
    let n_open = pending.len() as u64 - n_unsent;
    let prices = context.prices(None)?;
    let max_input = prices.max_input(prompts.model());
    let n_too_long = max_input.map_or(Ok(0), |max| read.n_too_long(prompts.model(), max))?;
    let origin = context.origin().ok().map(|url| read.origin_by_url(&url)).transpose()?.flatten();
    let origin = origin.map(|origin| origin.key);
    let asked = (prompts.model(), prompts.topic.endpoint.path());
    let gone = |world: &LedgerProgress, sandbox| match world.failed.min(n_model_gone) {
        0 => Ok(0),
        _ => read.n_model_gone(asked, origin, sandbox),
    };
    let (gone, gone_rehearsed) = (gone(&progress.real, false)?, gone(&progress.sandbox, true)?);
    let n_uncertain = pending.iter().filter(|part| part.state.is_uncertain()).count() as u64;
    let active = groups.total - groups.inactive - groups.without_text;
    if context.terminal.is_json() {
        context.terminal.json(&json!({
            "groups": {
                "total": groups.total, "sendable": active, "inactive": groups.inactive,
                "without_text": groups.without_text, "copies": n_copies, "stories": groups.stories,
            },
            "catalog": {"entities": n_entities},
            "real": progress.real,
            "sandbox": progress.sandbox,
            "open_batches": n_open,
            "unsent_parts": n_unsent,
            "uncertain_batches": n_uncertain,
            "too_large_groups": n_too_large,
            "too_long_groups": n_too_long,
            "model_gone_requests": gone,
            "knowledge": {"topics": topics, "mentions": mentions, "linked": linked, "grounding": grounding},
            "profile": prompts.profile.name,
            "model": prompts.model(),
        }))?;
        return Ok(Exit::Done);
    }
    model_end::offer_profile(&session, &prompts, &prices);
    let terminal = &context.terminal;
    terminal.line(format!("{}  {}", bold("groups"), count(groups.total, "group")))?;
    terminal.line(format!(
        "  {} can be asked about, {} without text, {} not active; {}",
        number(active),
        number(groups.without_text),
        number(groups.inactive),
        count(groups.stories, "story")
    ))?;
    if n_copies > 0 {
        terminal.line(format!(
            "  {} the same text as another: asked once, and the answers are shared",
            if n_copies == 1 { "1 has".into() } else { format!("{} have", number(n_copies)) }
        ))?;
    }
    show(context, "asked", (&progress.real, false), active, (gone, prompts.model()))?;
    if progress.sandbox.groups_asked > 0 {
        show(
            context,
            "rehearsed with a sandbox (counts for nothing else)",
            (&progress.sandbox, true),
            active,
            (gone_rehearsed, prompts.model()),
        )?;
    }
    terminal.line(format!("{}  {} in the catalog", bold("catalog"), count(n_entities, "entity")))?;
    terminal.line(format!(
        "{}  {}, {}, {} of them linked",
        bold("learned"),
        count(topics, "topic"),
        count(mentions, "mention"),
        number(linked)
    ))?;
    if grounding.ungrounded > 0 && !args.require_grounding {
        terminal.advise(format!(
            "  {} nowhere in the stories, or only inside a longer name; `--require-grounding` leaves that out",
            count_verb(grounding.ungrounded, "mention", "stands")
        ))?;
    }
    if n_too_large > 0 {
        terminal.line(format!(
            "{}  {}: larger than the provider's queue takes at one time",
            bold("left out"),
            count(n_too_large, "group")
        ))?;
        terminal.hint("`gleaner batch limits` shows the limit; `--max-enqueued-tokens N` sends them all the same, `gleaner extract` without a queue");
    }
    if let Some(max) = max_input.filter(|_| n_too_long > 0) {
        terminal.line(format!(
            "{}  {}: longer than the {} input tokens that `{}` takes",
            bold("left out"),
            count(n_too_long, "group"),
            number(max),
            prompts.model()
        ))?;
    }
    if n_uncertain > 0 {
        terminal.advise(format!(
            "{}  {} or {}, kept and not sent again by itself; `gleaner batch wait` looks again",
            bold("uncertain"),
            count(n_uncertain, "part"),
            if n_uncertain == 1 { "batch" } else { "batches" }
        ))?;
    }
    if n_open > 0 {
        terminal.hint(format!("{} open: `gleaner batch wait` waits and imports", count(n_open, "batch")));
    } else if n_unsent > 0 {
        terminal.hint("`gleaner batch submit` sends what waits");
    } else if progress.real.groups_done < active && progress.sandbox.groups_done < active {
        terminal.hint("`gleaner batch create --dry-run` shows what the rest would cost");
    }
    if n_entities == 0 && mentions > 0 {
        terminal.hint("there is no catalog yet, so nothing is linked: `gleaner catalog propose` makes one of what the stories name, `gleaner load entities FILE` loads one");
    }
    Ok(Exit::Done)
}

/// Shows one world; `gone` is how many of its failed requests failed since their model, the one of today, is not there.
fn show(
    context: &Context,
    title: &str,
    (progress, is_rehearsal): (&LedgerProgress, bool),
    active: u64,
    (gone, model): (u64, &str),
) -> anyhow::Result<()> {
    let terminal = &context.terminal;
    terminal.line(format!(
        "{}  {} of {} answered",
        bold(title),
        number(progress.groups_done),
        count(active, "group")
    ))?;
    let (sharing, planned) = (progress.groups_sharing, progress.planned);
    for (n, of, what) in [
        (sharing, count_verb(sharing, "group", "shares"), "answers of another with the same text"),
        (progress.usable, count(progress.usable, "request"), "answered"),
        (
            progress.stale,
            number(progress.stale),
            "of them stale: text, prompt, model or parameters have changed (`--stale` asks again)",
        ),
        (
            progress.asked_again,
            number(progress.asked_again),
            "of them asked again: an older answer stands until a new one is there",
        ),
        (progress.in_flight, count(progress.in_flight, "request"), "in flight"),
        (planned, count_verb(planned, "request", "waits"), "in a part"),
        (
            progress.failed.saturating_sub(gone),
            count(progress.failed.saturating_sub(gone), "request"),
            "failed without being billed; the next `gleaner batch create` sends what failed again",
        ),
        (
            progress.missing,
            count(progress.missing, "request"),
            "missing from the answers; the next `gleaner batch create` sends what is missing again",
        ),
        (progress.unusable, count(progress.unusable, "answer"), "paid for but unusable (`--retry-failed` asks again)"),
        (progress.refused, count(progress.refused, "request"), "refused by the endpoint (`--retry-failed` asks again)"),
    ] {
        if n > 0 {
            terminal.advise(format!("  {of} {what}"))?;
        }
    }
    if gone > 0 {
        terminal.line(format!(
            "  {} failed since `{model}` is not there; only another `--model` asks again",
            count(gone, "request")
        ))?;
    }
    let spend = &progress.spend;
    if spend.n_answers > 0 && is_rehearsal {
        let prices = dollars(spend.cost_usd);
        terminal.line(format!("  nothing was spent; at the provider's prices these answers are worth {prices}"))?;
    } else if spend.n_answers > 0 {
        terminal.line(format!(
            "  spent {}, {} of it for unusable answers; saved {} against synchronous prices",
            dollars(spend.cost_usd),
            dollars(spend.unusable_cost_usd),
            dollars(spend.saved_usd)
        ))?;
    }
    if spend.n_unpriced > 0 {
        terminal.line(format!("  the price of {} is not known", count(spend.n_unpriced, "answer")))?;
    }
    if spend.n_without_usage > 0 {
        terminal.line(format!(
            "  {} no usage that can be: what was paid for that is not known, and in no sum",
            count_verb(spend.n_without_usage, "request", "tells")
        ))?;
    }
    Ok(())
}
