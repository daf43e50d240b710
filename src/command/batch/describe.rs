//! Batches as JSON and as lines for a person; the same for every command.

use serde_json::{Map, Value, json};

use super::super::Context;
use crate::batch::{model_end, refusal};
use crate::import::answers::ImportReport;
use crate::model::BatchId;
use crate::store::{Account, BatchRow, BatchState, Cause, Claim, Read, Spend};
use crate::terminal::style::{bold, dim};
use crate::terminal::words::{count, count_verb, dollars, duration, number};

/// Returns what is known of a batch, as `batch status ID --json` prints them.
pub(super) fn json_of(read: Read<'_>, batch: &BatchRow) -> anyhow::Result<Value> {
    let run = read.run(&batch.run)?;
    let origin = batch.origin.map(|origin| read.origin(origin)).transpose()?;
    let metadata: Value =
        batch.metadata.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_else(|| json!({}));
    let errors: Value =
        batch.errors.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_else(|| json!([]));
    Ok(json!({
        "batch_id": batch.batch_id,
        "run_id": batch.run,
        "part": batch.part,
        "state": batch.state,
        "status": batch.status.as_deref().unwrap_or(batch.state.as_str()),
        "total_groups": batch.n_groups,
        "total_requests": batch.n_requests,
        "input_file_path": batch.input_file_path,
        "input_file_id": batch.input_file_id,
        "output_file_id": batch.output_file_id,
        "error_file_id": batch.error_file_id,
        "request_counts": counts(batch),
        "account": read.account(batch.key)?,
        "cost": read.spend_of_batch(batch.key)?,
        "estimated_cost_usd": batch.estimated_cost_usd,
        "model": batch.model,
        "origin": origin.as_ref().map(|origin| origin.base_url.as_str()),
        "sandbox": origin.as_ref().is_some_and(|origin| origin.is_sandbox),
        "submitted_at": batch.intent_at,
        "run_created_at": run.map(|run| run.created_at),
        "created_at": batch.created_at,
        "expires_at": batch.expires_at,
        "completed_at": batch.completed_at,
        "checked_at": batch.checked_at,
        "status_changed_at": batch.status_changed_at,
        "not_before": batch.not_before,
        "imported_at": batch.imported_at,
        "errors": errors,
        "metadata": metadata,
    }))
}

fn counts(batch: &BatchRow) -> Value {
    match batch.counts {
        Some((total, completed, failed)) => json!({"total": total, "completed": completed, "failed": failed}),
        None => json!({"total": 0, "completed": 0, "failed": 0}),
    }
}

/// Returns what is known of several batches, by run: `{"runs":[{"run_id",…,"batches":[…]}]}`.
pub(super) fn json_of_runs(read: Read<'_>, batches: &[BatchRow]) -> anyhow::Result<Value> {
    let mut runs: Vec<(String, Vec<Value>)> = vec![];
    for batch in batches {
        let id = batch.run.to_string();
        if runs.last().is_none_or(|(last, _)| *last != id) {
            runs.push((id, vec![]));
        }
        runs.last_mut().expect("one was pushed").1.push(json_of(read, batch)?);
    }
    let mut list = vec![];
    for (id, batches) in runs {
        let run = read.run(&crate::model::RunId::new(id.clone()))?;
        list.push(json!({
            "run_id": id,
            "created_at": run.as_ref().map(|run| run.created_at.as_str()),
            "total_groups": run.as_ref().map(|run| run.n_groups),
            "total_requests": run.as_ref().map(|run| run.n_requests),
            "batches": batches,
        }));
    }
    Ok(json!({ "runs": list }))
}

/// Adds what an import found to what is known of its batch.
pub(super) fn json_of_import(read: Read<'_>, batch: &BatchRow, report: &ImportReport) -> anyhow::Result<Value> {
    let mut value = json_of(read, batch)?;
    let object: &mut Map<String, Value> = value.as_object_mut().expect("a batch is an object");
    let found = serde_json::to_value(report)?;
    let mut errors: Vec<Value> = report.errors.clone();
    errors.extend(report.causes.iter().map(
        |cause| json!({"class": cause.class, "code": cause.reason, "count": cause.count, "message": cause.example}),
    ));
    for (key, found) in found.as_object().expect("a report is an object") {
        object.insert(key.clone(), found.clone());
    }
    object.insert("errors".into(), errors.into());
    object.shift_remove("causes");
    Ok(value)
}

/// Says a batch in a few lines.
pub(super) fn show(context: &Context, read: Read<'_>, batch: &BatchRow) -> anyhow::Result<()> {
    let terminal = &context.terminal;
    let name = batch.batch_id.as_ref().map_or_else(|| format!("part {}", batch.part), BatchId::to_string);
    terminal.advise(format!("{}  {}", bold(&name), headline(batch)))?;
    terminal.line(format!(
        "  {} of {} ({}), part {}, {}",
        count(batch.n_requests, "request"),
        count(batch.n_groups, "group"),
        batch.model,
        batch.part,
        batch.run
    ))?;
    if let Some((total, completed, failed)) = batch.counts.filter(|(total, ..)| *total > 0) {
        terminal.line(format!(
            "  at the provider: {} completed, {} failed of {}",
            number(completed),
            number(failed),
            number(total)
        ))?;
    }
    let account = read.account(batch.key)?;
    if account.sent > account.in_flight {
        terminal.line(format!("  account: {}", account_line(&account)))?;
    }
    let cost = read.spend_of_batch(batch.key)?;
    if cost.n_answers > 0 {
        terminal.line(format!("  cost: {}", cost_line(&cost, is_rehearsal(read, batch)?)))?;
    }
    for cause in read.causes(batch.key)? {
        let example = cause.example.map(|text| format!(": {text}")).unwrap_or_default();
        terminal.line(format!("  {} {} ({}){example}", number(cause.count), cause.class.as_str(), cause.reason))?;
    }
    if let Some(errors) = &batch.errors {
        for error in serde_json::from_str::<Vec<Value>>(errors).unwrap_or_default() {
            terminal.line(format!("  error: {}", error_line(&error)))?;
        }
    }
    let now = context.config.now();
    let ago = |text: &Option<String>| {
        let at = text.as_deref()?.parse::<jiff::Timestamp>().ok()?;
        let secs = (now.as_second() - at.as_second()).max(0) as u64;
        (secs > 0).then(|| duration(secs))
    };
    if batch.state == BatchState::Open {
        if let Some(ago) = ago(&batch.status_changed_at) {
            terminal.line(dim(format!("  nothing has moved for {ago}")))?;
        }
        if let Some(expires) = &batch.expires_at {
            terminal.line(dim(format!("  expires at {expires}")))?;
        }
    }
    Ok(())
}

/// Says in a few words where a part or batch stands.
pub(super) fn headline(batch: &BatchRow) -> String {
    let status = batch.status.as_deref().unwrap_or("unknown");
    match batch.state {
        BatchState::Planned | BatchState::Uploaded if batch.not_before.is_some() => {
            let at = batch.not_before.as_deref().unwrap_or_default();
            format!("waits for the provider's queue, next try at {at}")
        }
        BatchState::Planned if batch.errors.is_some() => "refused by the provider, not sent".into(),
        BatchState::Planned => "planned, not sent".into(),
        BatchState::Uploading | BatchState::Uploaded => "being sent; `gleaner batch submit` goes on".into(),
        BatchState::Creating => "uncertain: it may or may not be at the provider".into(),
        BatchState::Open => status.into(),
        BatchState::Ended => format!("{status}, not imported yet"),
        BatchState::Imported => format!("{status}, imported"),
        BatchState::Uncertain => match batch.claim {
            Some(Claim::Answers) => format!("uncertain: {status}, but not all of its answers could be read"),
            _ => "uncertain: gone at the provider, or made with another project's key".into(),
        },
        BatchState::Gone => "gone at the provider".into(),
        BatchState::GivenUp => "given up here".into(),
        BatchState::Replaced => "refused by a full queue or split; its requests are in another part".into(),
        BatchState::Withdrawn => "dropped before it was sent".into(),
    }
}

/// Says an account: `sent 24 = usable 22 + unusable 1 + failed 1 + missing 0`.
pub(super) fn account_line(account: &Account) -> String {
    let open = [("uncertain", account.uncertain), ("in flight", account.in_flight)];
    let open: String =
        open.iter().filter(|(_, n)| *n > 0).map(|(what, n)| format!(" + {what} {}", number(*n))).collect();
    format!(
        "sent {} = usable {} + unusable {} + failed {} + missing {}{open}",
        number(account.sent),
        number(account.usable),
        number(account.unusable),
        number(account.failed),
        number(account.missing)
    )
}

/// Says what of the input went through the cache: `1,024 cached`, and `256 written` where a model tells that.
pub(in crate::command) fn cache_words(spend: &Spend) -> String {
    let written = match spend.cache_write_tokens {
        0 => String::new(),
        n => format!(", {} written", number(n)),
    };
    format!("{} cached{written}", number(spend.cached_tokens))
}

/// Says what was spent. A rehearsal costs nothing: it is said what a provider would have taken.
pub(in crate::command) fn cost_line(spend: &Spend, is_rehearsal: bool) -> String {
    let mut line = format!(
        "{}{} for {} input ({}) and {} output tokens ({} reasoning)",
        if is_rehearsal { "nothing was spent; at the provider's prices " } else { "" },
        dollars(spend.cost_usd),
        number(spend.input_tokens),
        cache_words(spend),
        number(spend.output_tokens),
        number(spend.reasoning_tokens)
    );
    if spend.unusable_cost_usd > 0.0 {
        line += &format!(", {} of it for unusable answers", dollars(spend.unusable_cost_usd));
    }
    if spend.saved_usd > 0.0 && !is_rehearsal {
        line += &format!("; saved {} against synchronous prices", dollars(spend.saved_usd));
    }
    if spend.n_unpriced > 0 {
        line += &format!("; the price of {} is not known", count(spend.n_unpriced, "answer"));
    }
    line
}

/// Returns whether a sandbox answers a batch.
pub(super) fn is_rehearsal(read: Read<'_>, batch: &BatchRow) -> anyhow::Result<bool> {
    let origin = batch.origin.map(|origin| read.origin(origin)).transpose()?;
    Ok(origin.is_some_and(|origin| origin.is_sandbox))
}

/// Says one error of a failed batch.
pub(super) fn error_line(error: &Value) -> String {
    let mut line = String::new();
    if let Some(code) = error["code"].as_str() {
        line += &format!("{code}: ");
    }
    line += error["message"].as_str().unwrap_or("no message");
    if let Some(n) = error["line"].as_u64() {
        line += &format!(" (line {n}");
        if let Some(id) = error["custom_id"].as_str() {
            line += &format!(", `{id}`");
        }
        line.push(')');
    }
    line
}

/// Says what an import found, in a few lines.
pub(super) fn show_import(
    context: &Context,
    read: Read<'_>,
    name: &str,
    batch: &BatchRow,
    report: &ImportReport,
) -> anyhow::Result<()> {
    let terminal = &context.terminal;
    if batch.state == BatchState::Replaced {
        return terminal.advise(format!("{}  {}", bold(name), headline(batch)));
    }
    terminal.line(format!(
        "{}  {}: {}, {}, {} ({} linked, {} ambiguous)",
        bold(name),
        batch.status.as_deref().unwrap_or("by hand"),
        count(report.groups_processed, "group"),
        count(report.topics_extracted, "topic"),
        count(report.entities_extracted, "entity"),
        number(report.entities_linked),
        number(report.entities_ambiguous)
    ))?;
    terminal.line(format!("  account: {}", account_line(&report.account)))?;
    if report.cost.n_answers > 0 {
        terminal.line(format!("  cost: {}", cost_line(&report.cost, is_rehearsal(read, batch)?)))?;
    }
    for cause in &report.causes {
        let example = cause.example.as_ref().map(|text| format!(": {text}")).unwrap_or_default();
        terminal.line(format!("  {} {} ({}){example}", number(cause.count), cause.class.as_str(), cause.reason))?;
    }
    let (prices, now) = (context.prices(None)?, context.config.now());
    let advise = |cause: &Cause| {
        model_end::advice_on(cause, &batch.model, &prices, now).or_else(|| refusal::advice_on(cause, &batch.model))
    };
    if let Some(advice) = report.causes.iter().find_map(advise) {
        terminal.hint(advice);
    }
    for error in &report.errors {
        terminal.line(format!("  error: {}", error_line(error)))?;
    }
    for (n, noun, verb, what) in [
        (report.copies_answered, "group", "shares", "the answers of another with the same text"),
        (report.foreign, "line", "was", "set aside: nobody asked for that"),
        (report.duplicate, "line", "was", "left out: another one has the same custom_id"),
        (report.clamped, "value", "was", "out of range and brought into it"),
        (report.repaired, "answer", "was", "mended"),
        (report.left_out, "name", "was", "left out: only a placeholder"),
        (report.cleaned, "name", "was", "freed of the markup around it"),
        (report.unknown_usage, "answer", "tells", "no usage that can be; what was paid for that is not known"),
        (report.superseded, "answer", "was", "superseded by a later request"),
    ] {
        if n > 0 {
            terminal.line(format!("  {} {what}", count_verb(n, noun, verb)))?;
        }
    }
    if report.foreign > 0 && report.account.sent == 0 {
        terminal.hint(
            "nothing of it waits for answers; if its files were sent all the same, `gleaner batch create --no-submit` plans \
             the groups anew, and `gleaner batch process RUN --file FILE` with that run takes these answers",
        );
    }
    if report.entities_extracted > 0 && !read.has_entities()? {
        terminal.hint("there is no catalog to link to: `gleaner catalog propose` makes one of what the stories name");
    }
    Ok(())
}
