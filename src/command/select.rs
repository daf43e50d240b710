//! From the selection and model options, as typed, to what the flows take.

use std::fs;
use std::io::Read as _;
use std::path::Path;

use anyhow::Context as _;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use super::Context;
use crate::cli::select::{EndpointArg, PromptArgs, SelectArgs};
use crate::config::timestamp_text;
use crate::error::{Explain as _, usage};
use crate::model::GroupId;
use crate::profile::{Endpoint, PromptOptions};
use crate::store::{Resend, Selection};

/// Resolves the selection options.
pub(super) fn selection(args: &SelectArgs) -> anyhow::Result<Selection> {
    Ok(Selection {
        limit: args.limit,
        ids: args.ids_from.as_deref().map(ids_from).transpose()?,
        since: args.since.as_deref().map(|text| moment("--since", text, false)).transpose()?,
        before: args.until.as_deref().map(|text| moment("--until", text, true)).transpose()?,
        sample: args.sample.map(|n| (n, args.seed)),
        resend: Resend { failed_up_to: args.retry_failed.then_some(args.max_errors), stale: args.stale },
    })
}

/// Resolves the model options; limits may come from the environment.
pub(super) fn prompt_options(args: &PromptArgs, context: &Context) -> anyhow::Result<PromptOptions> {
    Ok(PromptOptions {
        model: args.model.clone(),
        reasoning_effort: args.effort.clone(),
        verbosity: args.verbosity.clone(),
        max_output_tokens: args.max_output_tokens,
        temperature: args.temperature,
        endpoint: match args.endpoint {
            EndpointArg::Responses => Endpoint::Responses,
            EndpointArg::Chat => Endpoint::Chat,
        },
        max_topics: context.config.max_topics()?,
        max_entities: context.config.max_entities()?,
    })
}

fn ids_from(path: &Path) -> anyhow::Result<Vec<GroupId>> {
    let mut text = String::new();
    if path == Path::new("-") {
        std::io::stdin().read_to_string(&mut text).context("cannot read ids from stdin")?;
    } else {
        text = fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()))?;
    }
    Ok(text.lines().map(str::trim).filter(|line| !line.is_empty()).map(GroupId::new).collect())
}

/// Reads a day or a time. The end of a range includes the whole day it names; a time is its own end.
fn moment(option: &str, text: &str, is_end: bool) -> anyhow::Result<String> {
    if let Ok(date) = text.parse::<Date>() {
        // A date alone; jiff also reads the date of a longer text, which must then be read as a time.
        if text.len() == 10 {
            let date = if is_end { date.checked_add(1.day())? } else { date };
            return Ok(timestamp_text(date.to_zoned(TimeZone::UTC)?.timestamp()));
        }
    }
    match text.parse::<Timestamp>() {
        Ok(time) => Ok(timestamp_text(time)),
        Err(_) => Err(usage(format!("`{option} {text}` is neither a day nor a time")))
            .hint("write it as `2024-05-01` or `2024-05-01T12:00:00Z`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_means_all_of_it() {
        for (text, is_end, expected) in [
            ("2024-05-01", false, "2024-05-01T00:00:00Z"),
            ("2024-05-31", true, "2024-06-01T00:00:00Z"),
            ("2024-05-01T12:00:00Z", true, "2024-05-01T12:00:00Z"),
            ("2024-05-01T12:00:00+02:00", false, "2024-05-01T10:00:00Z"),
        ] {
            assert_eq!(moment("--since", text, is_end).unwrap(), expected, "{text}");
        }
        assert!(moment("--since", "yesterday", false).is_err());
    }
}
