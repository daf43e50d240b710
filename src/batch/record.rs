//! A plan written down: a run with its parts and requests, before anything is sent.

use crate::batch::part::Part;
use crate::batch::plan::Plan;
use crate::batch::prompts::Prompts;
use crate::config::timestamp_text;
use crate::model::RunId;
use crate::request::Prices;
use crate::session::Session;
use crate::store::{NewBatch, NewRequest, Origin, RequestState, RunRow};
use crate::terminal::bar::Unit;

/// Writes a plan down as a run with its parts and requests, all planned, in one transaction. `origin` is where it will
/// be sent; a run without one is sent only when it is named. A price that was
/// typed is kept with the run. With `is_comparison`, the answers stay apart from the collection.
pub fn record(
    session: &mut Session<'_>,
    prompts: &Prompts,
    plan: &Plan,
    origin: Option<&Origin>,
    prices: &Prices,
    is_comparison: bool,
) -> anyhow::Result<RunId> {
    let now = session.config.now();
    let now_text = timestamp_text(now);
    let folder = session.batch_files()?;
    let tx = session.store.write()?;
    let kept = if is_comparison { prompts.keep_apart(&tx, &now_text)? } else { prompts.keep(&tx, &now_text)? };
    let stem = free_stem(&now.strftime("knowledge_extraction_batch_%Y%m%d_%H%M%S").to_string(), |stem| {
        // Another database may keep its files in the same folder.
        let is_there = |suffix: &str| folder.join(format!("{stem}{suffix}.jsonl")).exists();
        Ok(tx.read().is_file_stem_taken(stem)? || is_there("") || is_there("_part01"))
    })?;
    let id = RunId::new(format!("run-{}-{}", now.strftime("%Y%m%d-%H%M%S"), &tx.fresh_key()?[..4]));
    tx.add_run(&RunRow {
        id: id.clone(),
        mode: "batch".into(),
        origin: origin.map(|origin| origin.key),
        created_at: now_text,
        file_stem: Some(stem),
        n_groups: plan.n_groups(),
        n_requests: plan.n_requests(),
        price: prices.typed(),
    })?;
    let bar = session.terminal.bar(plan.n_requests(), Unit::Count, "recording");
    for (i, part) in plan.parts.iter().enumerate() {
        let share = part.size.tokens as f64 / plan.estimate.input_tokens.max(1) as f64;
        let batch = Part::add(
            &tx,
            &NewBatch {
                run: id.clone(),
                part: i as u32 + 1,
                model: prompts.model().to_owned(),
                n_groups: part.groups.len() as u64,
                n_requests: part.size.requests,
                estimated_input_tokens: part.size.tokens,
                estimated_cost_usd: plan.estimate.batch_usd.map(|usd| usd * share),
            },
        )?
        .key();
        let untriggered = tx.requests_untriggered(part.groups.iter().map(|(candidate, _)| candidate.group))?;
        let trusted = tx.trust_values()?;
        for (candidate, text_hash) in &part.groups {
            for (kind, attempt) in candidate.kinds() {
                tx.add_request(&NewRequest {
                    group: candidate.group,
                    kind,
                    prompt: kept.key(kind),
                    text_hash: *text_hash,
                    run: id.clone(),
                    batch: Some(batch),
                    sandbox: origin.is_some_and(|origin| origin.is_sandbox),
                    is_comparison,
                    attempt,
                    state: RequestState::Planned,
                })?;
                bar.inc(1);
            }
        }
        drop(trusted);
        drop(untriggered);
    }
    tx.commit()?;
    Ok(id)
}

/// Returns the stem, or with `_2`, `_3`, … where it is taken.
fn free_stem(stem: &str, is_taken: impl Fn(&str) -> anyhow::Result<bool>) -> anyhow::Result<String> {
    if !is_taken(stem)? {
        return Ok(stem.to_owned());
    }
    for n in 2.. {
        let numbered = format!("{stem}_{n}");
        if !is_taken(&numbered)? {
            return Ok(numbered);
        }
    }
    unreachable!("a number is free at some time")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_name_gets_a_number() {
        let taken = ["a", "a_2"];
        assert_eq!(free_stem("a", |stem| Ok(taken.contains(&stem))).unwrap(), "a_3");
        assert_eq!(free_stem("b", |stem| Ok(taken.contains(&stem))).unwrap(), "b");
    }
}
