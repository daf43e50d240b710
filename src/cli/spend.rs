//! What every command that spends can be told of money and models.

use clap::Args;

/// Options of the commands that spend.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Spending")]
pub struct SpendArgs {
    /// Send without asking, whatever it costs; without it a terminal is asked above $5 (`GLEANER_YES=1` does the same)
    #[arg(long)]
    pub yes: bool,

    /// Send also where the model may end before the answers come
    #[arg(long)]
    pub anyway: bool,
}
