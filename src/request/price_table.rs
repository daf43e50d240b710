//! The table of models: prices and lifetimes, dated, with their sources; the user can override every row. A price that
//! is not known is `None`, never a guess.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use serde::Deserialize;

use super::lifetime::parse_day;
use super::price::{LONG_PROMPT_TOKENS, Price};
use crate::model::Usage;

/// After so many months the table is said to be old: prices changed about twice a year since 2023.
const FRESH_MONTHS: i64 = 6;

/// Entry of one model in the table.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelRow {
    pub price: Price,
    /// The first day without it; `None`: no such day is known.
    pub shutdown: Option<Date>,
    /// The model that takes its place.
    pub instead: Option<String>,
    /// The most input tokens of one request; `None`: not known.
    pub max_input: Option<u64>,
    /// Provenance of the row.
    pub source: Option<String>,
    /// The day of the row, as it stands in the table.
    pub as_of: Option<String>,
    /// Share of the synchronous price that a batch costs, where that is another share than the table's.
    batch_factor: Option<f64>,
    /// True where a request of more than [`LONG_PROMPT_TOKENS`] costs more.
    pub long_prompt: bool,
}

/// Prices and lifetimes by model.
#[derive(Clone, Debug, PartialEq)]
pub struct Prices {
    /// The day of the table, or its month where a user's table says no more.
    pub as_of: String,
    /// Share of the synchronous price that a batch costs.
    pub batch_factor: f64,
    model: BTreeMap<String, ModelRow>,
    /// The price given on the command line: for whatever model is asked.
    fixed: Option<Price>,
}

/// A table as it is written: the built-in one, or a user's own, every part optional.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    as_of: Option<String>,
    batch_factor: Option<f64>,
    #[serde(default)]
    model: BTreeMap<String, WrittenRow>,
}

/// A row as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenRow {
    input: f64,
    cached_input: f64,
    cache_write: Option<f64>,
    output: f64,
    batch_factor: Option<f64>,
    long_prompt: Option<bool>,
    shutdown: Option<String>,
    instead: Option<String>,
    max_input: Option<u64>,
    source: Option<String>,
    as_of: Option<String>,
}

impl WrittenRow {
    fn read(self) -> Result<ModelRow> {
        let WrittenRow { input, cached_input, cache_write, output, .. } = self;
        let price = Price { input, cached_input, cache_write, output };
        price.check()?;
        self.batch_factor.map_or(Ok(()), check_factor)?;
        let shutdown = self.shutdown.map(|text| {
            parse_day(&text).with_context(|| format!("`shutdown` is a day such as `2026-12-10`, not `{text}`"))
        });
        Ok(ModelRow {
            price,
            shutdown: shutdown.transpose()?,
            instead: self.instead,
            max_input: self.max_input,
            source: self.source,
            as_of: self.as_of,
            batch_factor: self.batch_factor,
            long_prompt: self.long_prompt.unwrap_or(false),
        })
    }
}

impl Prices {
    /// Returns the table that is part of the program.
    pub fn builtin() -> Prices {
        let empty = Prices { as_of: String::new(), batch_factor: 1.0, model: BTreeMap::new(), fixed: None };
        empty.overridden_by(include_str!("prices.toml")).expect("the built-in table is tested")
    }

    /// Puts a user's table before this one: a TOML text of the same form as the built-in one, every part optional. A
    /// row that says nothing of a model's end, successor or longest input leaves what is known of them.
    pub fn overridden_by(mut self, table: &str) -> Result<Prices> {
        let table: Table = toml::from_str(table).context("cannot read the table of prices")?;
        if let Some(factor) = table.batch_factor {
            check_factor(factor)?;
            self.batch_factor = factor;
        }
        self.as_of = table.as_of.unwrap_or(self.as_of);
        for (model, row) in table.model {
            let mut row = row.read().with_context(|| format!("price of `{model}`"))?;
            if let Some(known) = self.model.get(&model) {
                row.shutdown = row.shutdown.or(known.shutdown);
                row.instead = row.instead.or_else(|| known.instead.clone());
                row.max_input = row.max_input.or(known.max_input);
                row.long_prompt |= known.long_prompt;
            }
            self.model.insert(model, row);
        }
        Ok(self)
    }

    /// Puts one price before all others, for every model: the `--price` of a command.
    pub fn fixed(mut self, price: Price) -> Prices {
        self.fixed = Some(price);
        self
    }

    /// Returns the one price that stands for all models, as `--price` takes it.
    pub fn typed(&self) -> Option<String> {
        self.fixed.map(|price| price.as_typed())
    }

    /// Returns whether one price stands for all models, so that the table's age does not matter.
    pub fn is_fixed(&self) -> bool {
        self.fixed.is_some()
    }

    /// Returns the models of the table with their rows, by name.
    pub fn rows(&self) -> impl Iterator<Item = (&str, &ModelRow)> {
        self.model.iter().map(|(name, row)| (name.as_str(), row))
    }

    /// Returns what the table knows of a model.
    ///
    /// `gpt-5-mini-2025-08-07` is `gpt-5-mini`, by the longest name that is all of it or is followed by a date;
    /// `gpt-5-turbo` is not `gpt-5`: another word behind the name is another model at another price.
    pub fn row(&self, model: &str) -> Option<&ModelRow> {
        let names = |name: &str| model.strip_prefix(name).is_some_and(is_version);
        let known = self.model.iter().filter(|(name, _)| names(name));
        known.max_by_key(|(name, _)| name.len()).map(|(_, row)| row)
    }

    /// Returns the most input tokens of one request to a model, where that is known.
    pub fn max_input(&self, model: &str) -> Option<u64> {
        self.row(model)?.max_input
    }

    /// Returns the price of a model, or `None` where it is not known.
    pub fn of(&self, model: &str) -> Option<Price> {
        self.fixed.or_else(|| self.row(model).map(|row| row.price))
    }

    /// Returns what a use of a model costs in US dollars, or `None` where its price is not known. The use may be a sum
    /// over requests: what long prompts cost more is not in it.
    pub fn cost(&self, model: &str, usage: Usage, batch: bool) -> Option<f64> {
        self.of(model).map(|price| price.cost(usage) * self.factor(model, batch))
    }

    /// Returns what a use in requests with long prompts costs more than the same in short ones.
    pub fn surcharge(&self, model: &str, usage: Usage, batch: bool) -> Option<f64> {
        let price = self.of(model)?;
        Some((price.of_long_prompt().cost(usage) - price.cost(usage)) * self.factor(model, batch))
    }

    /// Returns what one request cost in US dollars, or `None` where the price of its model is not known.
    pub fn cost_of_request(&self, model: &str, usage: Usage, batch: bool) -> Option<f64> {
        let is_long = usage.input_tokens > LONG_PROMPT_TOKENS && self.row(model).is_some_and(|row| row.long_prompt);
        let price = self.of(model)?;
        let price = if is_long { price.of_long_prompt() } else { price };
        Some(price.cost(usage) * self.factor(model, batch))
    }

    /// Returns whether the table is older than half a year; one that does not say its day is not.
    pub fn is_old(&self, now: Timestamp) -> bool {
        let day = parse_day(&self.as_of).or_else(|| parse_day(&format!("{}-01", self.as_of)));
        let end = day.and_then(|day| day.checked_add(FRESH_MONTHS.months()).ok());
        end.is_some_and(|end| end < now.to_zoned(TimeZone::UTC).date())
    }

    fn factor(&self, model: &str, batch: bool) -> f64 {
        match batch {
            true => self.row(model).and_then(|row| row.batch_factor).unwrap_or(self.batch_factor),
            false => 1.0,
        }
    }
}

fn check_factor(factor: f64) -> Result<()> {
    if !(0.0..=1.0).contains(&factor) {
        bail!("`batch_factor` is {factor}, not between 0 and 1");
    }
    Ok(())
}

/// Returns whether what follows a model's name only dates it: nothing, `-2025-08-07`, `-0806`, `-latest`, `@001`.
fn is_version(rest: &str) -> bool {
    let Some(version) = rest.strip_prefix(['-', '@', ':']) else { return rest.is_empty() };
    version == "latest" || (!version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(model: &str, input: Option<f64>) {
        assert_eq!(Prices::builtin().of(model).map(|price| price.input), input, "{model}");
    }

    #[test]
    fn a_model_is_found_by_its_longest_name() {
        check("gpt-6-luna", Some(0.10));
        check("gpt-6-luna-2026-09-22", Some(0.10));
        check("gpt-5", Some(1.25));
        check("gpt-5-mini", Some(0.25));
        check("gpt-5-mini-2025-08-07", Some(0.25));
        check("gpt-5.4-mini", Some(0.75));
        check("gpt-4o-2024-11-20", Some(2.5));
        check("gpt-4o-mini-latest", Some(0.15));
        check("o3", Some(2.0));
    }

    #[test]
    fn an_unknown_model_has_no_price() {
        for model in ["", "gpt-6", "gpt-5-turbo", "gpt-50", "gpt-5.1-mini", "o3-pro", "llama3.2", "gpt-5-", "GPT-5"] {
            check(model, None);
        }
    }

    #[test]
    fn every_row_says_whence_it_is_and_every_end_names_a_successor_without_one() {
        let prices = Prices::builtin();
        for (model, row) in prices.rows() {
            assert!(
                row.source.is_some() && row.as_of.as_deref().is_some_and(|day| parse_day(day).is_some()),
                "{model}"
            );
            assert_eq!(row.shutdown.is_some(), row.instead.is_some(), "{model}");
            if let Some(instead) = &row.instead {
                assert_eq!(prices.row(instead).expect("it has a row").shutdown, None, "{model}");
            }
        }
        let ends = |model: &str| prices.row(model).and_then(|row| row.shutdown).map(|day| day.to_string());
        for model in ["gpt-5", "gpt-5-mini-2025-08-07", "gpt-5-nano", "o3"] {
            assert_eq!(ends(model).as_deref(), Some("2026-12-10"), "{model}");
        }
        assert_eq!(ends("gpt-6-luna"), None);
        let longest = |model: &str| prices.max_input(model);
        assert_eq!((longest("gpt-6-luna"), longest("gpt-5-mini-2025-08-07")), (Some(922_000), Some(272_000)));
        assert_eq!((longest("gpt-4o"), longest("llama3.2")), (Some(128_000), None));
    }

    #[test]
    fn a_batch_costs_its_share_and_an_unknown_model_nothing_that_is_known() {
        let prices = Prices::builtin();
        let usage =
            Usage { input_tokens: 1_000_000, cached_tokens: 400_000, output_tokens: 100_000, ..Usage::default() };
        let cost = prices.cost("gpt-5-mini", usage, false).unwrap();
        assert!((cost - (0.6 * 0.25 + 0.4 * 0.025 + 0.1 * 2.0)).abs() < 1e-12, "{cost}");
        assert_eq!(prices.cost("gpt-5-mini", usage, true), Some(cost / 2.0));
        assert_eq!(prices.cost("llama3.2", usage, true), None);
        let own = "[model.\"gpt-5-mini\"]\ninput = 1\ncached_input = 1\noutput = 1\nbatch_factor = 0.25";
        let prices = prices.overridden_by(own).unwrap();
        assert_eq!(prices.cost("gpt-5-mini", usage, true), Some(1.1 / 4.0));
    }

    #[test]
    fn a_long_prompt_costs_more_where_the_row_says_so() {
        let prices = Prices::builtin();
        let check = |model: &str, input_tokens, expected: f64| {
            let usage = Usage { input_tokens, output_tokens: 1_000, ..Usage::default() };
            let cost = prices.cost_of_request(model, usage, false).unwrap();
            assert!((cost - expected).abs() < 1e-12, "{model} {input_tokens}: {cost}");
        };
        check("gpt-6-luna", 272_000, (272_000.0 * 0.1 + 1_000.0 * 0.5) / 1e6);
        check("gpt-6-luna", 272_001, (272_001.0 * 0.2 + 1_000.0 * 0.75) / 1e6);
        check("gpt-5-mini", 272_001, (272_001.0 * 0.25 + 1_000.0 * 2.0) / 1e6);
    }

    #[test]
    fn a_table_is_old_after_half_a_year() {
        let check = |as_of: &str, now: &str, expected| {
            let prices = Prices::builtin().overridden_by(&format!("as_of = \"{as_of}\"")).unwrap();
            assert_eq!(prices.is_old(now.parse().unwrap()), expected, "{as_of} {now}");
        };
        check("2026-11-29", "2027-05-29T23:59:59Z", false);
        check("2026-11-29", "2027-05-30T00:00:00Z", true);
        check("2025-08", "2026-02-01T12:00:00Z", false);
        check("2025-08", "2026-02-02T12:00:00Z", true);
        check("last year", "2030-01-01T00:00:00Z", false);
    }

    #[test]
    fn the_user_knows_better() {
        let own = "as_of = \"2027-01\"\n[model]\n\"gpt-7\" = { input = 3, cached_input = 1, output = 9 }\n\
                   \"gpt-5-mini\" = { input = 1, cached_input = 1, output = 1 }\n";
        let prices = Prices::builtin().overridden_by(own).unwrap();
        assert_eq!((prices.as_of.as_str(), prices.of("gpt-7").unwrap().output), ("2027-01", 9.0));
        assert_eq!(prices.of("gpt-5"), Prices::builtin().of("gpt-5"), "what is not overridden stays");
        assert!(prices.row("gpt-5-mini").unwrap().shutdown.is_some(), "what a row does not say stays");
        let fixed = prices.fixed(Price::parse("1, 0.5, 2").unwrap());
        assert_eq!(fixed.of("anything").unwrap().cached_input, 0.5);
        for table in ["batch_factor = 2", "[modle]", "[model]\nx = { input = 1 }"] {
            assert!(Prices::builtin().overridden_by(table).is_err(), "{table}");
        }
        let soon = "[model]\nx = { input = 1, cached_input = 1, output = 1, shutdown = \"soon\" }";
        assert!(Prices::builtin().overridden_by(soon).is_err());
    }

    /// The figures of the README: 3,500 groups, two requests each, 1,700 input and 800 output tokens a request.
    #[test]
    fn the_readme_says_what_3500_groups_cost() {
        let prices = Prices::builtin();
        let n_requests = 2 * 3_500;
        let usage = Usage { input_tokens: n_requests * 1_700, output_tokens: n_requests * 800, ..Usage::default() };
        let cents = |batch| (prices.cost("gpt-6-luna", usage, batch).unwrap() * 100.0).round() as u64;
        assert_eq!([cents(true), cents(false)], [200, 399]);
        let readme = include_str!("../../README.md");
        let sentence =
            "3,500 groups (7,000 requests of 1,700 input and 800 output tokens) cost about $2 in a batch, $4 at once";
        let readme = readme.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(readme.contains(sentence), "the README has the figures of the table");
    }
}
