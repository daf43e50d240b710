//! Price of tokens: the price of one model, and the sum for a use of it.

use anyhow::{Context as _, Result, bail};

use crate::model::Usage;

/// Above so many input tokens in one request, models marked `long_prompt` cost more for all of it.
pub const LONG_PROMPT_TOKENS: u64 = 272_000;

/// Surcharge on a long prompt's input and cache, and what its output does.
const LONG_INPUT_FACTOR: f64 = 2.0;
const LONG_OUTPUT_FACTOR: f64 = 1.5;

/// US dollars for a million tokens of one model, in synchronous calls.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Price {
    /// Input tokens that were neither read from the prompt cache nor written to it.
    pub input: f64,
    /// Input tokens read from the cache.
    pub cached_input: f64,
    /// Input tokens written to the cache; `None`: they cost as uncached ones.
    pub cache_write: Option<f64>,
    /// Output tokens, reasoning included.
    pub output: f64,
}

impl Price {
    /// Reads `input,cached,output[,write]`, as `--price` takes it: US dollars a million tokens.
    pub fn parse(text: &str) -> Result<Price> {
        let numbers: Vec<f64> = text
            .split(',')
            .map(|number| number.trim().parse())
            .collect::<Result<_, _>>()
            .with_context(|| format!("cannot read the price `{text}`"))?;
        let (input, cached_input, output, cache_write) = match numbers[..] {
            [input, cached, output] => (input, cached, output, None),
            [input, cached, output, write] => (input, cached, output, Some(write)),
            _ => bail!("a price is three numbers, `input,cached,output`, or four with `write` behind, not `{text}`"),
        };
        let price = Price { input, cached_input, cache_write, output };
        price.check()?;
        Ok(price)
    }

    /// Returns the price as [`Price::parse`] reads it.
    pub fn as_typed(&self) -> String {
        let Price { input, cached_input, cache_write, output } = self;
        let write = cache_write.map(|write| format!(",{write}")).unwrap_or_default();
        format!("{input},{cached_input},{output}{write}")
    }

    /// Returns the synchronous cost in US dollars. Each input token is uncached, read from the cache or written to it;
    /// reasoning tokens are part of the output and cost the same.
    pub fn cost(&self, usage: Usage) -> f64 {
        let cached = usage.cached_tokens.min(usage.input_tokens);
        let written = usage.cache_write_tokens.min(usage.input_tokens - cached);
        let uncached = usage.input_tokens - cached - written;
        let dollars = uncached as f64 * self.input
            + cached as f64 * self.cached_input
            + written as f64 * self.cache_write.unwrap_or(self.input)
            + usage.output_tokens as f64 * self.output;
        dollars / 1e6
    }

    /// Returns the price of a request with a long prompt.
    pub(super) fn of_long_prompt(self) -> Price {
        Price {
            input: self.input * LONG_INPUT_FACTOR,
            cached_input: self.cached_input * LONG_INPUT_FACTOR,
            cache_write: self.cache_write.map(|price| price * LONG_INPUT_FACTOR),
            output: self.output * LONG_OUTPUT_FACTOR,
        }
    }

    pub(super) fn check(&self) -> Result<()> {
        for number in [self.input, self.cached_input, self.cache_write.unwrap_or(0.0), self.output] {
            if !number.is_finite() || number < 0.0 {
                bail!("a price is a number of dollars, not {number}");
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_input_token_is_counted_once() {
        let usage = |input_tokens, cached_tokens, cache_write_tokens, output_tokens| Usage {
            input_tokens,
            cached_tokens,
            cache_write_tokens,
            output_tokens,
            reasoning_tokens: output_tokens,
        };
        let million = 1_000_000;
        for (price, usage, expected) in [
            ("2,1,10", usage(million, 0, 0, 0), 2.0),
            ("2,1,10", usage(million, million, 0, 0), 1.0),
            ("2,1,10", usage(million, 0, million, 0), 2.0),
            ("2,1,10,4", usage(million, 0, million, 0), 4.0),
            ("2,1,10,0", usage(million, 0, million, 0), 0.0),
            ("2,1,10,4", usage(4 * million, million, million, million), 2.0 * 2.0 + 1.0 + 4.0 + 10.0),
            // A server that counts more than there is: nothing is charged twice.
            ("2,1,10,4", usage(million, 2 * million, 3 * million, 0), 1.0),
        ] {
            assert_eq!(Price::parse(price).unwrap().cost(usage), expected, "{price} {usage:?}");
        }
    }

    #[test]
    fn a_price_that_cannot_be_is_refused() {
        for text in ["", "1", "1,2", "1,2,3,4,5", "a,b,c", "-1,0,0", "nan,0,0", "inf,0,0", "1,1,1,-1"] {
            assert!(Price::parse(text).is_err(), "{text}");
        }
        assert_eq!(Price::parse("1, 0.5, 2 ,3").unwrap().cache_write, Some(3.0));
        for typed in ["1,0.5,2", "0.1,0.025,0,0.3"] {
            assert_eq!(Price::parse(typed).unwrap().as_typed(), typed);
        }
    }
}
