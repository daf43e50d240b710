//! `gleaner check`, `history`, `undo`, `rehearsal` and `backup`

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::page::PageArgs;

/// Options of `check`.
#[derive(Clone, Debug, Args)]
pub struct CheckArgs {
    /// Mend what is safe to mend: make indexes again, remove what a crash left behind
    #[arg(long)]
    pub repair: bool,
}

/// Options of `forget`.
#[derive(Clone, Debug, Args)]
pub struct ForgetArgs {
    /// The groups, by their ids
    #[arg(value_name = "GROUP", required_unless_present = "all")]
    pub groups: Vec<String>,

    /// Drop the stories only, and keep what was learned from them
    #[arg(long)]
    pub texts: bool,

    /// With --texts: of all groups
    #[arg(long, requires = "texts", conflicts_with = "groups")]
    pub all: bool,

    /// Delete also the provider's files of the batches that asked about them, where they are imported
    #[arg(long)]
    pub remote: bool,

    /// Don't ask
    #[arg(long)]
    pub yes: bool,

    /// Say what would be forgotten, and change nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// Options of `merge`.
#[derive(Clone, Debug, Args)]
pub struct MergeArgs {
    /// The other copy; it is only read
    #[arg(value_name = "OTHER.db")]
    pub other: PathBuf,

    /// Say what would come of it, and change nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// Options of `history`.
#[derive(Clone, Debug, Args)]
pub struct HistoryArgs {
    /// Part of the list.
    #[command(flatten)]
    pub page: PageArgs<20>,
}

/// Options of `undo`.
#[derive(Clone, Debug, Args)]
pub struct UndoArgs {
    /// Take back this change and all after it, by its id in `history`
    #[arg(long, value_name = "ID", value_parser = change_id)]
    pub to: Option<i64>,

    /// Say what would be taken back, and change nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// Remove what a sandbox answered.
#[derive(Clone, Debug, Subcommand)]
pub enum RehearsalCommand {
    /// Remove all that a sandbox answered, and what was learned from it
    Forget {
        /// Say what would be removed, and remove nothing
        #[arg(long)]
        dry_run: bool,
    },
}

/// Options of `backup`.
#[derive(Clone, Debug, Args)]
pub struct BackupArgs {
    /// The file to write; an earlier backup of the same database is replaced
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    /// Write nothing; read the backup FILE whole and say what is wrong with it
    #[arg(long)]
    pub check: bool,
}

fn change_id(text: &str) -> Result<i64, String> {
    text.parse().map_err(|_| "the id of a change is a number; `gleaner history` lists them".to_owned())
}
