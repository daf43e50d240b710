//! From the selection and model options, as typed, to what the flows take.

use std::fs;
use std::io::Read as _;
use std::path::Path;

use anyhow::Context as _;

use super::{Context, period};
use crate::cli::select::{EndpointArg, PromptArgs, SelectArgs};
use crate::model::GroupId;
use crate::profile::{Endpoint, PromptOptions};
use crate::store::{Resend, Selection};

/// Resolves the selection options.
pub(super) fn selection(args: &SelectArgs) -> anyhow::Result<Selection> {
    let (since, before) = period::bounds(args.since.as_deref(), args.until.as_deref())?;
    Ok(Selection {
        limit: args.limit,
        ids: args.ids_from.as_deref().map(ids_from).transpose()?,
        since,
        before,
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
