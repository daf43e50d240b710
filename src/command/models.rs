//! `gleaner models`: the table of models, and what this selection would cost with each.

use std::collections::HashMap;

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Value, json};

use super::select::{prompt_options, selection};
use crate::batch::plan::plan;
use crate::batch::prompts::Prompts;
use crate::batch::tokens::{Tokens, expected_tokens};
use crate::cli::models::ModelsArgs;
use crate::cli::select::PromptArgs;
use crate::cli::spend::SpendArgs;
use crate::command::Context;
use crate::command::period::check_names;
use crate::error::Exit;
use crate::request::lifetime::{Mode, Outlook, outlook, parse_day};
use crate::request::{Limits, ModelRow, Prices};
use crate::session::Session;
use crate::terminal::style::{bold, dim, single_line};
use crate::terminal::table::{Side, Table};
use crate::text::words::{count, dollars, number};

/// Provider's list of its models: until when each is there. `None`: it was not asked, or told nothing.
type Offered = Option<HashMap<String, Option<Date>>>;

/// Runs the command.
pub(super) fn run(args: &ModelsArgs, context: &Context) -> anyhow::Result<Exit> {
    let prices = context.prices(None)?;
    let offered = if args.check { offered(context)? } else { None };
    // Without a database there is a table all the same.
    let (asked, tokens) = match context.db_path()?.exists() {
        true => {
            let session = context.session()?;
            let prompts = Prompts::of(&session.store, &prompt_options(&PromptArgs::default(), context)?)?;
            (Some(prompts.model().to_owned()), Some(tokens(args, context, &session, &prompts, &prices)?))
        }
        false => (None, None),
    };
    let now = context.config.now();
    let mut rows: Vec<Row<'_>> =
        prices.rows().map(|(name, row)| Row::new(name, row, &prices, tokens.as_ref(), &offered, now)).collect();
    rows.sort_by(|a, b| a.end().cmp(&b.end()).then(a.rank().total_cmp(&b.rank())).then(a.name.cmp(b.name)));
    if context.terminal.is_json() {
        context.terminal.json(&json!({
            "prices_as_of": prices.as_of,
            "prices_are_old": prices.is_old(now),
            "model": asked,
            "tokens": tokens,
            "models": rows.iter().map(Row::json).collect::<Vec<_>>(),
        }))?;
        return Ok(Exit::Done);
    }
    show(context, &rows, asked.as_deref(), tokens.as_ref())?;
    if prices.is_old(now) {
        context.terminal.warn(format!("the table of prices is of {}, more than half a year old", prices.as_of));
    }
    if let (Some(asked), Some(offered)) = (&asked, &offered)
        && !offered.contains_key(asked)
    {
        context.terminal.warn(format!("the provider's list has no `{asked}`, which the active profile asks"));
    }
    Ok(Exit::Done)
}

/// Asks the provider for its list. A key that may not list models, and a server without a list, are no failure.
fn offered(context: &Context) -> anyhow::Result<Offered> {
    match context.client()?.models() {
        Ok(models) => {
            let day = |text: Option<String>| text.as_deref().and_then(parse_day);
            Ok(Some(models.into_iter().map(|model| (model.id, day(model.shutdown_date))).collect()))
        }
        Err(error) if matches!(error.status, Some(403 | 404 | 405 | 501)) => {
            context.terminal.warn(format!("{error}; the table alone says what there is"));
            Ok(None)
        }
        Err(error) => Err(crate::session::api_failure(error)),
    }
}

/// Returns the tokens of what would be sent; of the whole selection where all of it is answered.
fn tokens(
    args: &ModelsArgs,
    context: &Context,
    session: &Session<'_>,
    prompts: &Prompts,
    prices: &Prices,
) -> anyhow::Result<Tokens> {
    check_names(&session.store, &args.select.conditions)?;
    let selection = selection(&args.select, &PromptArgs::default(), &SpendArgs::default())?;
    let origin = session.store.read().origin_by_url(&context.origin()?)?;
    let sandbox = origin.is_some_and(|origin| origin.is_sandbox);
    let limits = Limits { max_requests: u64::MAX, max_bytes: u64::MAX, max_tokens: None };
    let planned = plan(session, prompts, &selection, limits, prices, sandbox)?;
    expected_tokens(session, prompts, &planned, &selection, prices)
}

/// A model as it is shown.
struct Row<'a> {
    name: &'a str,
    row: &'a ModelRow,
    status: String,
    is_gone: bool,
    shutdown: Option<Date>,
    is_offered: Option<bool>,
    batch_usd: Option<f64>,
    sync_usd: Option<f64>,
}

impl<'a> Row<'a> {
    fn new(
        name: &'a str,
        row: &'a ModelRow,
        prices: &Prices,
        tokens: Option<&Tokens>,
        offered: &Offered,
        now: Timestamp,
    ) -> Row<'a> {
        let listed = offered.as_ref().map(|offered| offered.get(name).copied());
        let shutdown = row.shutdown.into_iter().chain(listed.flatten().flatten()).min();
        let is_offered = listed.map(|listed| listed.is_some());
        let mut status = match (shutdown, outlook(shutdown, now, Mode::Sync)) {
            (Some(day), Outlook::Gone) => format!("gone since {day}"),
            (Some(day), _) => format!("ends on {day}"),
            (None, _) => String::new(),
        };
        let is_gone = status.starts_with("gone");
        if is_offered == Some(false) && !is_gone {
            status += if status.is_empty() { "not offered" } else { ", not offered" };
        }
        if let Some(instead) = row.instead.as_ref().filter(|_| shutdown.is_some()) {
            status += &format!("; `{instead}` takes its place");
        }
        let usd = |batch| tokens.and_then(|tokens| prices.cost(name, tokens.usage(), batch));
        Row { name, row, status, is_gone, shutdown, is_offered, batch_usd: usd(true), sync_usd: usd(false) }
    }

    /// Those that stay first, then those that end, then those that are gone.
    fn end(&self) -> (bool, bool) {
        (self.is_gone, self.shutdown.is_some())
    }

    /// Cheapest first.
    fn rank(&self) -> f64 {
        self.batch_usd.filter(|usd| *usd > 0.0).unwrap_or(self.row.price.input + self.row.price.output)
    }

    fn json(&self) -> Value {
        let price = self.row.price;
        json!({
            "model": self.name, "input": price.input, "cached_input": price.cached_input,
            "cache_write": price.cache_write, "output": price.output, "shutdown": self.shutdown.map(|day| day.to_string()),
            "instead": self.row.instead, "max_input": self.row.max_input, "is_gone": self.is_gone, "is_offered": self.is_offered,
            "batch_usd": self.batch_usd, "sync_usd": self.sync_usd, "source": self.row.source, "as_of": self.row.as_of,
        })
    }
}

fn show(context: &Context, rows: &[Row<'_>], asked: Option<&str>, tokens: Option<&Tokens>) -> anyhow::Result<()> {
    let terminal = &context.terminal;
    if let Some(tokens) = tokens {
        terminal.line(format!(
            "{} {}: {} input and {} output tokens ({})",
            count(tokens.n_groups, "group"),
            if tokens.is_all_answered { "answered already, asked again" } else { "to be asked about" },
            number(tokens.input_tokens),
            number(tokens.output_tokens),
            if tokens.from_history { "from past answers" } else { "a guess until there are past answers" },
        ))?;
    }
    let usd = |price: f64| format!("{price}");
    // None gives way: a name or a day cut short would be another one.
    let mut table = Table::new(&[
        ("", Side::Whole),
        ("model", Side::Whole),
        ("input", Side::Right),
        ("cached", Side::Right),
        ("write", Side::Right),
        ("output", Side::Right),
        ("batch", Side::Right),
        ("at once", Side::Right),
        ("", Side::Whole),
    ]);
    for row in rows {
        let price = row.row.price;
        let name = single_line(row.name);
        let cost = |usd: Option<f64>| usd.map(dollars).unwrap_or_default();
        table.row([
            if asked == Some(row.name) { "*".to_owned() } else { String::new() },
            if row.is_gone { dim(&name) } else { bold(&name) },
            usd(price.input),
            usd(price.cached_input),
            price.cache_write.map(usd).unwrap_or_default(),
            usd(price.output),
            cost(row.batch_usd),
            cost(row.sync_usd),
            single_line(&row.status),
        ]);
    }
    terminal.table(&table, 0)?;
    terminal.line(dim("USD a million tokens, at once; half of it in a batch"))
}
