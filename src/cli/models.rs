//! `gleaner models`

use clap::Args;
use clap::builder::Resettable;

use super::select::SelectArgs;

/// Options of `models`.
#[derive(Clone, Debug, Default, Args)]
pub struct ModelsArgs {
    /// Which groups the costs are for.
    #[command(flatten)]
    pub select: SelectArgs,

    /// Also ask the provider which models it offers, and until when
    #[arg(long, help_heading = Resettable::Reset)]
    pub check: bool,
}
