//! What tokens cost: a dated table that the user can override. A price that is not known is `None`, never a guess.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};

use crate::model::Usage;

/// US dollars for a million tokens of one model, in synchronous calls.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// Input tokens that were not in the prompt cache.
    pub input: f64,
    /// Input tokens that were.
    pub cached_input: f64,
    /// Output tokens, reasoning included.
    pub output: f64,
}

/// Prices by model.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prices {
    /// The month of the table.
    pub as_of: String,
    /// What a batch costs of the synchronous price.
    pub batch_factor: f64,
    model: BTreeMap<String, Price>,
    /// The price given on the command line: for whatever model is asked.
    #[serde(skip)]
    fixed: Option<Price>,
}

/// A user's own prices: the same form, every part optional.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Overrides {
    as_of: Option<String>,
    batch_factor: Option<f64>,
    #[serde(default)]
    model: BTreeMap<String, Price>,
}

impl Prices {
    /// Returns the table that is part of the program.
    pub fn builtin() -> Prices {
        toml::from_str(include_str!("prices.toml")).expect("the built-in table is tested")
    }

    /// Puts a user's table before this one: a TOML text of the same form as the built-in one, every part optional.
    pub fn overridden_by(mut self, table: &str) -> Result<Prices> {
        let overrides: Overrides = toml::from_str(table).context("cannot read the table of prices")?;
        for (model, price) in &overrides.model {
            price.check().with_context(|| format!("price of `{model}`"))?;
        }
        if let Some(factor) = overrides.batch_factor {
            if !(0.0..=1.0).contains(&factor) {
                bail!("`batch_factor` is {factor}, not between 0 and 1");
            }
            self.batch_factor = factor;
        }
        self.as_of = overrides.as_of.unwrap_or(self.as_of);
        self.model.extend(overrides.model);
        Ok(self)
    }

    /// Puts one price before all others, for every model: the `--price` of a command.
    pub fn fixed(mut self, price: Price) -> Prices {
        self.fixed = Some(price);
        self
    }

    /// Returns the price of a model, or `None` where the table does not know it.
    ///
    /// `gpt-5-mini-2025-08-07` is `gpt-5-mini`, by the longest name that is all of it or is followed by a date;
    /// `gpt-5-turbo` is not `gpt-5`: another word behind the name is another model at another price.
    pub fn of(&self, model: &str) -> Option<Price> {
        if let Some(price) = self.fixed {
            return Some(price);
        }
        let names = |name: &str| model.strip_prefix(name).is_some_and(is_version);
        let known = self.model.iter().filter(|(name, _)| names(name));
        known.max_by_key(|(name, _)| name.len()).map(|(_, price)| *price)
    }

    /// Returns what a use of a model cost in US dollars, or `None` where its price is not known.
    pub fn cost(&self, model: &str, usage: Usage, batch: bool) -> Option<f64> {
        let factor = if batch { self.batch_factor } else { 1.0 };
        self.of(model).map(|price| price.cost(usage) * factor)
    }
}

impl Price {
    /// Reads `input,cached,output`, as `--price` takes it: US dollars a million tokens.
    pub fn parse(text: &str) -> Result<Price> {
        let numbers: Vec<f64> = text
            .split(',')
            .map(|number| number.trim().parse())
            .collect::<Result<_, _>>()
            .with_context(|| format!("cannot read the price `{text}`"))?;
        let &[input, cached_input, output] = numbers.as_slice() else {
            bail!("a price is three numbers, `input,cached,output`, not `{text}`");
        };
        let price = Price { input, cached_input, output };
        price.check()?;
        Ok(price)
    }

    /// Returns the synchronous cost in US dollars. Cached tokens are part of the input and cost less, reasoning tokens
    /// are part of the output and cost the same.
    pub fn cost(&self, usage: Usage) -> f64 {
        let cached = usage.cached_tokens.min(usage.input_tokens);
        let fresh = usage.input_tokens - cached;
        (fresh as f64 * self.input + cached as f64 * self.cached_input + usage.output_tokens as f64 * self.output) / 1e6
    }

    fn check(&self) -> Result<()> {
        for number in [self.input, self.cached_input, self.output] {
            if !number.is_finite() || number < 0.0 {
                bail!("a price is a number of dollars, not {number}");
            }
        }
        Ok(())
    }
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
        check("gpt-5", Some(1.25));
        check("gpt-5-mini", Some(0.25));
        check("gpt-5-mini-2025-08-07", Some(0.25));
        check("gpt-4o-2024-11-20", Some(2.5));
        check("gpt-4o-mini-latest", Some(0.15));
        check("o3", Some(2.0));
    }

    #[test]
    fn an_unknown_model_has_no_price() {
        for model in ["", "gpt-6", "gpt-5-turbo", "gpt-50", "o3-pro", "llama3.2", "gpt-5-", "GPT-5"] {
            check(model, None);
        }
    }

    #[test]
    fn the_cost_counts_cached_and_reasoning_tokens_once() {
        let usage = Usage {
            input_tokens: 1_000_000,
            cached_tokens: 400_000,
            output_tokens: 100_000,
            reasoning_tokens: 90_000,
            ..Usage::default()
        };
        let cost = Prices::builtin().cost("gpt-5-mini", usage, false).unwrap();
        assert!((cost - (0.6 * 0.25 + 0.4 * 0.025 + 0.1 * 2.0)).abs() < 1e-12, "{cost}");
        assert_eq!(Prices::builtin().cost("gpt-5-mini", usage, true), Some(cost / 2.0));
        assert_eq!(Prices::builtin().cost("llama3.2", usage, true), None);
        let more_cached_than_there_is = Usage { input_tokens: 10, cached_tokens: 20, ..Usage::default() };
        assert_eq!(Price { input: 1.0, cached_input: 0.0, output: 0.0 }.cost(more_cached_than_there_is), 0.0);
    }

    #[test]
    fn the_user_knows_better() {
        let own = "as_of = \"2027-01\"\n[model]\n\"gpt-6\" = { input = 3, cached_input = 1, output = 9 }\n";
        let prices = Prices::builtin().overridden_by(own).unwrap();
        assert_eq!((prices.as_of.as_str(), prices.of("gpt-6").unwrap().output), ("2027-01", 9.0));
        assert_eq!(prices.of("gpt-5"), Prices::builtin().of("gpt-5"), "what is not overridden stays");
        let fixed = prices.fixed(Price::parse("1, 0.5, 2").unwrap());
        assert_eq!(fixed.of("anything").unwrap().cached_input, 0.5);
    }

    #[test]
    fn a_price_that_cannot_be_is_refused() {
        for text in ["", "1", "1,2", "1,2,3,4", "a,b,c", "-1,0,0", "nan,0,0", "inf,0,0"] {
            assert!(Price::parse(text).is_err(), "{text}");
        }
        for table in ["batch_factor = 2", "[modle]", "[model]\nx = { input = 1 }"] {
            assert!(Prices::builtin().overridden_by(table).is_err(), "{table}");
        }
    }
}
