//! `gleaner costs`

use clap::{Args, ValueEnum};

/// Options of `costs`.
#[derive(Clone, Debug, Args)]
pub struct CostsArgs {
    /// What the sums are of
    #[arg(long, value_name = "WHAT", default_value = "month")]
    pub by: CostsByArg,
}

/// Division of costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CostsByArg {
    /// Months, by the time of the answers
    Month,
    /// Models
    Model,
    /// Runs
    Run,
}
