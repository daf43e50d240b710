//! `gleaner costs`: what was billed, by the answers, beside the tokens that the provider itself counted.

use serde_json::json;

use super::Context;
use crate::cli::costs::{CostsArgs, CostsByArg};
use crate::error::Exit;
use crate::store::{CostRow, CostsBy};
use crate::terminal::style::single_line;
use crate::terminal::table::{Side, Table};
use crate::terminal::words::{count, count_verb, dollars, number};

/// Runs the command.
pub(super) fn run(args: &CostsArgs, context: &Context) -> anyhow::Result<Exit> {
    let store = context.open()?;
    let (by, head) = match args.by {
        CostsByArg::Month => (CostsBy::Month, "month"),
        CostsByArg::Model => (CostsBy::Model, "model"),
        CostsByArg::Run => (CostsBy::Run, "run"),
    };
    let rows = store.read().costs(by)?;
    let total = total(&rows);
    let reported = store.read().reported_tokens()?;
    let terminal = &context.terminal;
    if terminal.is_json() {
        terminal.json(&json!({"by": head, "costs": rows, "total": total, "provider": reported}))?;
        return Ok(Exit::Done);
    }
    if rows.is_empty() {
        terminal.line("nothing was billed yet")?;
        return Ok(Exit::Done);
    }
    let right = |name| (name, Side::Right);
    let mut table = Table::new(&[
        (head, Side::Left),
        right("answers"),
        right("input"),
        right("cached"),
        right("output"),
        right("billed"),
        right("unusable"),
        right("in flight"),
    ]);
    for row in rows.iter().chain((rows.len() > 1).then_some(&total)) {
        table.row([
            single_line(&row.name),
            number(row.n_answers),
            number(row.input_tokens),
            number(row.cached_tokens),
            number(row.output_tokens),
            dollars(row.cost_usd),
            dollars(row.unusable_cost_usd),
            dollars(row.in_flight_usd),
        ]);
    }
    terminal.table(&table, 0)?;
    if total.n_unpriced > 0 {
        let n = count_verb(total.n_unpriced, "answer", "is");
        terminal.warn(format!("{n} of a model without a known price, and no sum has any of it"));
    }
    if reported.n_batches > 0 {
        terminal.line(format!(
            "the provider counted {} input and {} output tokens in {}; their answers say {} and {}",
            number(reported.input_tokens),
            number(reported.output_tokens),
            count(reported.n_batches, "batch"),
            number(reported.answered_input_tokens),
            number(reported.answered_output_tokens)
        ))?;
    }
    if total.saved_usd > 0.0 {
        terminal.status(format!("the batch price saved {}", dollars(total.saved_usd)));
    }
    Ok(Exit::Done)
}

fn total(rows: &[CostRow]) -> CostRow {
    let mut total = CostRow { name: "total".into(), ..CostRow::default() };
    for row in rows {
        total.n_answers += row.n_answers;
        total.input_tokens += row.input_tokens;
        total.cached_tokens += row.cached_tokens;
        total.output_tokens += row.output_tokens;
        total.cost_usd += row.cost_usd;
        total.unusable_cost_usd += row.unusable_cost_usd;
        total.saved_usd += row.saved_usd;
        total.n_unpriced += row.n_unpriced;
        total.in_flight_usd += row.in_flight_usd;
    }
    total
}
