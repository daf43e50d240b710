//! `gleaner batch …`

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::Resettable;
use clap::{Args, Subcommand};

use super::page::PageArgs;
use super::select::{PromptArgs, SelectArgs};
use super::spend::SpendArgs;

/// Ask through the Batch API.
#[derive(Debug, Subcommand)]
pub enum BatchCommand {
    /// Select groups, write the requests, upload them and create the batch
    ///
    /// Two requests a group, one for its topics and one for its entities. What was already asked is not asked again.
    Create(CreateArgs),

    /// Send what waits: a run made with --no-submit, or parts left by a full queue or a crash
    Submit(SubmitArgs),

    /// Wait for open batches and import each as it ends
    ///
    /// Ctrl-C leaves the batches running at the provider; `gleaner batch wait` returns to them.
    Wait(WaitArgs),

    /// Show a batch, a run, or all that are open
    Status(StatusArgs),

    /// Download and import what is ready
    Process(ProcessArgs),

    /// List the runs known here, joined with the provider's list
    List(ListArgs),

    /// Cancel a batch or a run; what is already answered is kept
    Cancel(CancelArgs),

    /// Delete the files at the provider whose batches are imported; what is kept here stays
    Clean(CleanArgs),

    /// Show the limits of the provider's queue, input tokens by model, as its refusals told them
    Limits(LimitsArgs),
}

/// Options of `batch limits`.
#[derive(Clone, Debug, Default, Args)]
pub struct LimitsArgs {
    /// What is done with them.
    #[command(subcommand)]
    pub command: Option<LimitsCommand>,
}

/// What is done with learned limits.
#[derive(Clone, Debug, Subcommand)]
pub enum LimitsCommand {
    /// Forget the limit that was learned for a model
    Forget {
        /// The model, as it was asked
        model: String,
    },
}

/// Options of `batch create`.
#[derive(Clone, Debug, Default, Args)]
pub struct CreateArgs {
    /// Which groups.
    #[command(flatten)]
    pub select: SelectArgs,

    /// What is asked.
    #[command(flatten)]
    pub prompt: PromptArgs,

    /// Wait for the batch and import it
    #[arg(long, help_heading = "Waiting")]
    pub wait: bool,

    /// How the wait goes.
    #[command(flatten)]
    pub waiting: WaitingArgs,

    /// Show what would be sent and what it would cost; no file, no row, no network
    #[arg(long, conflicts_with_all = ["wait", "no_submit"], help_heading = Resettable::Reset)]
    pub dry_run: bool,

    /// Write the request files and note the run, but send nothing: `batch submit` does, or you do by hand
    #[arg(long, conflicts_with = "wait", help_heading = Resettable::Reset)]
    pub no_submit: bool,

    /// Refuse before the upload if the estimate is above this
    #[arg(long, value_name = "USD", value_parser = super::usd, help_heading = "Spending")]
    pub max_cost: Option<f64>,

    /// How the run is cut into parts.
    #[command(flatten)]
    pub parts: PartArgs,

    /// What it may spend.
    #[command(flatten)]
    pub spend: SpendArgs,

    /// Don't ask one request of a run of more than 500 ahead, to see whether model, parameters and schema are accepted
    #[arg(long, help_heading = Resettable::Reset)]
    pub no_probe: bool,
}

/// How a wait goes.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Waiting")]
pub struct WaitingArgs {
    /// Seconds between two looks at a batch [default: 60]
    #[arg(long, value_name = "SECONDS")]
    pub poll_interval: Option<f64>,

    /// Stop waiting after this time, such as 90s, 30m, 6h or 2d; exit code 3 where something is still open
    #[arg(long, value_name = "TIME", value_parser = span)]
    pub max_wait: Option<Duration>,

    /// Run this command of the shell when the wait ends; variables tell it what came of it (docs/unattended.md)
    #[arg(long, value_name = "COMMAND")]
    pub notify: Option<String>,
}

/// Reads a span of time: a number with `s`, `m`, `h` or `d` behind it.
fn span(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    let (number, unit) = text.split_at(text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len()));
    let secs = match unit {
        "s" | "" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        "d" => 86_400.0,
        _ => return Err("give a time such as 90s, 30m, 6h or 2d".into()),
    };
    let number: f64 = number.parse().map_err(|_| "give a time such as 90s, 30m, 6h or 2d")?;
    Duration::try_from_secs_f64(number * secs).map_err(|_| "give a time such as 90s, 30m, 6h or 2d".into())
}

/// How a run is cut into parts.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Parts")]
pub struct PartArgs {
    /// Most requests in one batch (the provider's limit is 50,000)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(2..=50_000))]
    pub max_requests: Option<u64>,

    /// Most bytes in one request file (the provider's limit is 200,000,000)
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u64).range(1_000..=200_000_000))]
    pub max_bytes: Option<u64>,

    /// Most estimated input tokens in the provider's queue at one time [default: learned from its refusals]
    #[arg(long, value_name = "TOKENS", value_parser = clap::value_parser!(u64).range(1_000..))]
    pub max_enqueued_tokens: Option<u64>,
}

/// Options of `batch submit`.
#[derive(Clone, Debug, Args)]
pub struct SubmitArgs {
    /// The run [default: all that wait]
    pub run: Option<String>,
    /// Wait for the batches and import them
    #[arg(long, help_heading = "Waiting")]
    pub wait: bool,
    /// How the wait goes.
    #[command(flatten)]
    pub waiting: WaitingArgs,
    /// Most estimated input tokens in the provider's queue at one time [default: learned from its refusals]
    #[arg(long, value_name = "TOKENS", value_parser = clap::value_parser!(u64).range(1_000..), help_heading = "Parts")]
    pub max_enqueued_tokens: Option<u64>,
    /// What it may spend.
    #[command(flatten)]
    pub spend: SpendArgs,
}

/// Options of `batch wait`.
#[derive(Clone, Debug, Args)]
pub struct WaitArgs {
    /// A batch or a run [default: all that are open]
    pub id: Option<String>,
    /// How the wait goes.
    #[command(flatten)]
    pub waiting: WaitingArgs,
    /// Most estimated input tokens in the provider's queue at one time [default: learned from its refusals]
    #[arg(long, value_name = "TOKENS", value_parser = clap::value_parser!(u64).range(1_000..), help_heading = "Parts")]
    pub max_enqueued_tokens: Option<u64>,
    /// What it may spend.
    #[command(flatten)]
    pub spend: SpendArgs,
}

/// Options of `batch status`.
#[derive(Clone, Debug, Args)]
pub struct StatusArgs {
    /// A batch or a run [default: all that are open]
    pub id: Option<String>,
    /// Tell what is known here, without asking the provider
    #[arg(long)]
    pub offline: bool,
}

/// Options of `batch process`.
#[derive(Clone, Debug, Args)]
pub struct ProcessArgs {
    /// A batch or a run [default: all that are ready]
    pub id: Option<String>,
    /// Import this output or error file from disk, without any network: also a gzip file, a pipe, or `-` for stdin (may be given
    /// more than once; all files of a run need no ID)
    #[arg(long, value_name = "FILE")]
    pub file: Vec<PathBuf>,
    /// Report the same numbers and write nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// Options of `batch list`.
#[derive(Clone, Debug, Args)]
pub struct ListArgs {
    /// Tell what is known here, without asking the provider
    #[arg(long)]
    pub offline: bool,
    /// Part of the list.
    #[command(flatten)]
    pub page: PageArgs<20>,
}

/// Options of `batch cancel`.
#[derive(Clone, Debug, Args)]
pub struct CancelArgs {
    /// A batch or a run
    pub id: String,
    /// Give the batch up here, without asking the provider: for one that will never move again
    #[arg(long)]
    pub local: bool,
}

/// Options of `batch clean`.
#[derive(Clone, Debug, Args)]
pub struct CleanArgs {
    /// A batch or a run [default: all that are imported]
    pub id: Option<String>,
    /// Don't ask
    #[arg(long)]
    pub yes: bool,
    /// Show what would be deleted
    #[arg(long)]
    pub dry_run: bool,
}
