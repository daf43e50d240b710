//! Which groups are meant; the same options for `batch create`, `extract` and their `--dry-run`.

use std::path::PathBuf;

use clap::Args;

use super::WhereArg;

/// Which groups are meant.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Selection")]
pub struct SelectArgs {
    /// At most N groups, newest first
    #[arg(long, value_name = "N", value_parser = super::page::groups, allow_hyphen_values = true)]
    pub limit: Option<u64>,

    /// Only groups whose ids stand in FILE, one a line (`-` = stdin)
    #[arg(long, value_name = "FILE")]
    pub ids_from: Option<PathBuf>,

    /// Only groups from this time on (2024, 2024-05, 2024-05-01 or 2024-05-01T12:00:00Z)
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,

    /// Only groups up to the end of this year, month, day or time
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,

    /// Only groups with a story whose attribute is VALUE (`!=`: is not), in any case; repeatable, all must hold
    #[arg(long = "where", value_name = "NAME=VALUE", value_parser = super::parse_where)]
    pub conditions: Vec<WhereArg>,

    /// N groups drawn at random, the same ones each time for the same --seed
    #[arg(long, value_name = "N", conflicts_with = "limit")]
    pub sample: Option<u64>,

    /// Seed of --sample
    #[arg(long, value_name = "SEED", default_value_t = 1)]
    pub seed: u64,

    /// Also ask again what was refused by the endpoint or came back unusable, up to --max-errors attempts
    #[arg(long)]
    pub retry_failed: bool,

    /// Attempts a request may take with --retry-failed
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub max_errors: u32,

    /// Also ask again where the text, prompt, schema, model or a parameter has changed since
    #[arg(long)]
    pub stale: bool,

    /// Ask about every group, also where another one has the same text and would share its answers
    #[arg(long)]
    pub no_dedupe: bool,
}

/// What is asked of the model; unset options leave it to the active profile.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Model")]
pub struct PromptArgs {
    /// Model to ask [default: the profile's]
    #[arg(long, value_name = "NAME")]
    pub model: Option<String>,

    /// Reasoning effort: none, low, medium, high, xhigh, max, as the model allows; `unset` sends none
    #[arg(long, value_name = "LEVEL")]
    pub effort: Option<String>,

    /// Verbosity: low, medium, high; `unset` sends none
    #[arg(long, value_name = "LEVEL")]
    pub verbosity: Option<String>,

    /// Most output tokens of an answer, reasoning included; 0 sends no limit
    #[arg(long, value_name = "N")]
    pub max_output_tokens: Option<u32>,

    /// Sampling temperature, for models that allow it
    #[arg(long, value_name = "T")]
    pub temperature: Option<f64>,

    /// Endpoint the requests are written for [default: responses]
    #[arg(long, value_name = "NAME")]
    pub endpoint: Option<EndpointArg>,

    /// Price per million tokens in USD, as `INPUT,CACHED,OUTPUT[,WRITE]`, where the table is wrong or has none
    #[arg(long, value_name = "PRICE")]
    pub price: Option<String>,
}

/// Endpoint the requests are written for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum EndpointArg {
    /// /v1/responses
    #[default]
    Responses,
    /// /v1/chat/completions
    Chat,
}
