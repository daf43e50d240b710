//! The flags of the original program: another spelling of today's commands.

use clap::Args;

/// The flags of the original program.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "The original's flags (another spelling; not together with a command)")]
pub struct OriginalArgs {
    /// `batch create`; with --wait and nothing to send, `batch wait`
    #[arg(long)]
    pub batch: bool,

    /// `batch status ID`
    #[arg(long, value_name = "ID")]
    pub batch_status: Option<String>,

    /// `batch process ID`
    #[arg(long, value_name = "ID")]
    pub batch_process: Option<String>,

    /// `batch list`
    #[arg(long)]
    pub batch_list: bool,

    /// `batch cancel ID`
    #[arg(long, value_name = "ID")]
    pub batch_cancel: Option<String>,

    /// `progress`
    #[arg(long)]
    pub progress: bool,

    /// At most N groups; without --batch this is `extract`
    #[arg(long, value_name = "N", value_parser = super::page::groups, allow_hyphen_values = true)]
    pub limit: Option<u64>,

    /// Wait for the batch and import it
    #[arg(long)]
    pub wait: bool,

    /// Ask again what failed
    #[arg(long)]
    pub retry_failed: bool,

    /// Attempts a request may take [default: 3]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100))]
    pub max_errors: Option<u32>,

    /// Show what would be done; no file, no row, no network
    #[arg(long)]
    pub dry_run: bool,

    /// Seconds between two looks at a batch [default: 60]
    #[arg(long, value_name = "SECONDS")]
    pub poll_interval: Option<f64>,
}
