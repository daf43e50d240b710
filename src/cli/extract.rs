//! `gleaner extract` and `gleaner compare`: asking without a batch.

use clap::Args;
use clap::builder::Resettable;

use super::select::{PromptArgs, SelectArgs};
use super::spend::SpendArgs;

/// Options of `extract`.
#[derive(Clone, Debug, Default, Args)]
pub struct ExtractArgs {
    /// Which groups.
    #[command(flatten)]
    pub select: SelectArgs,

    /// What is asked.
    #[command(flatten)]
    pub prompt: PromptArgs,

    /// Calls at the same time
    #[arg(long, value_name = "N", default_value_t = ExtractArgs::CONCURRENCY, value_parser = clap::value_parser!(u16).range(1..=64), help_heading = Resettable::Reset)]
    pub concurrency: u16,

    /// Seconds that an answer may take
    #[arg(long, value_name = "SECONDS", default_value_t = ExtractArgs::TIMEOUT, value_parser = clap::value_parser!(u32).range(1..), help_heading = Resettable::Reset)]
    pub timeout: u32,

    /// Show what would be asked and what it would cost; no row, no network
    #[arg(long, help_heading = Resettable::Reset)]
    pub dry_run: bool,

    /// Refuse if the estimate is above this, and stop when so much is spent
    #[arg(long, value_name = "USD", value_parser = super::usd, help_heading = "Spending")]
    pub max_cost: Option<f64>,

    /// What it may spend.
    #[command(flatten)]
    pub spend: SpendArgs,
}

impl ExtractArgs {
    /// Calls at the same time, where nothing is said: four keep a small server busy and stay far from any rate limit.
    pub const CONCURRENCY: u16 = 4;

    /// Seconds that an answer may take, where nothing is said; as long as the official SDK waits.
    pub const TIMEOUT: u32 = 600;
}

/// Options of `compare`.
#[derive(Clone, Debug, Args)]
pub struct CompareArgs {
    /// What to compare: MODEL, or settings as in `gpt-6.1-terra,effort=none` or `profile=my.toml`; one alone is compared
    /// with what the active profile asks
    #[arg(value_name = "PROMPT", num_args = 0..=2)]
    pub prompts: Vec<String>,

    /// Groups to ask about, drawn at random, the same ones each time for the same --seed
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..))]
    pub sample: u64,

    /// Seed of --sample
    #[arg(long, value_name = "SEED", default_value_t = 1)]
    pub seed: u64,

    /// Calls at the same time
    #[arg(long, value_name = "N", default_value_t = ExtractArgs::CONCURRENCY, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub concurrency: u16,

    /// Seconds that an answer may take
    #[arg(long, value_name = "SECONDS", default_value_t = ExtractArgs::TIMEOUT, value_parser = clap::value_parser!(u32).range(1..))]
    pub timeout: u32,

    /// Price per million tokens in USD, as `INPUT,CACHED,OUTPUT[,WRITE]`, for both sides
    #[arg(long, value_name = "PRICE")]
    pub price: Option<String>,

    /// Ask through the Batch API, at half the price; once the batches are imported, the same command shows the result
    #[arg(long, conflicts_with = "dry_run")]
    pub batch: bool,

    /// Refuse if the estimate for both sides is above this
    #[arg(long, value_name = "USD", value_parser = super::usd, help_heading = "Spending")]
    pub max_cost: Option<f64>,

    /// What it may spend.
    #[command(flatten)]
    pub spend: SpendArgs,

    /// Show what would be asked and what it would cost; no row, no network
    #[arg(long, help_heading = Resettable::Reset)]
    pub dry_run: bool,

    /// Make the answers of this run of a comparison the collection's own
    #[arg(long, value_name = "RUN", conflicts_with_all = ["prompts", "dry_run", "max_cost"], help_heading = Resettable::Reset)]
    pub adopt: Option<String>,
}
