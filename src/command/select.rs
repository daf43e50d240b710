//! From the selection and model options, as typed, to what the flows take.

use std::path::Path;

use super::{Context, input, period};
use crate::batch::conflict::Typed;
use crate::cli::batch::PartArgs;
use crate::cli::select::{EndpointArg, PromptArgs, SelectArgs};
use crate::cli::spend::SpendArgs;
use crate::model::GroupId;
use crate::profile::{Endpoint, PromptOptions};
use crate::request::Prices;
use crate::store::{Resend, Selection};

/// Resolves the selection options.
pub(super) fn selection(args: &SelectArgs, prompt: &PromptArgs, spend: &SpendArgs) -> anyhow::Result<Selection> {
    let (since, before) = period::bounds(args.since.as_deref(), args.until.as_deref())?;
    Ok(Selection {
        limit: args.limit,
        ids: args.ids_from.as_deref().map(ids_from).transpose()?,
        since,
        before,
        attributes: period::conditions(&args.conditions),
        sample: args.sample.map(|n| (n, args.seed)),
        resend: Resend {
            failed_up_to: args.retry_failed.then_some(args.max_errors),
            stale: args.stale,
            other_model: args.stale && prompt.model.is_some(),
            model_gone: spend.anyway,
            origin: None,
        },
        no_dedupe: args.no_dedupe,
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
        endpoint: match args.endpoint.unwrap_or_default() {
            EndpointArg::Responses => Endpoint::Responses,
            EndpointArg::Chat => Endpoint::Chat,
        },
        max_topics: context.config.max_topics()?,
        max_entities: context.config.max_entities()?,
    })
}

/// Returns the options that a plan is made with, as they were typed.
pub(super) fn typed(args: &PromptArgs, parts: &PartArgs, prices: &Prices) -> Typed {
    let flags = [
        (args.model.is_some(), "--model"),
        (args.endpoint.is_some(), "--endpoint"),
        (args.effort.is_some(), "--effort"),
        (args.verbosity.is_some(), "--verbosity"),
        (args.max_output_tokens.is_some(), "--max-output-tokens"),
        (args.temperature.is_some(), "--temperature"),
        (args.price.is_some(), "--price"),
        (parts.max_requests.is_some(), "--max-requests"),
        (parts.max_bytes.is_some(), "--max-bytes"),
    ];
    Typed {
        flags: flags.into_iter().filter_map(|(is_typed, flag)| is_typed.then_some(flag)).collect(),
        price: prices.typed(),
        max_requests: parts.max_requests,
        max_bytes: parts.max_bytes,
    }
}

/// The most that is read of a list of ids: a million of the longest.
const IDS_BYTES_MAX: u64 = 64_000_000;

fn ids_from(path: &Path) -> anyhow::Result<Vec<GroupId>> {
    let text = input::text_or_stdin(path, IDS_BYTES_MAX)?;
    Ok(text.lines().map(str::trim).filter(|line| !line.is_empty()).map(GroupId::new).collect())
}
