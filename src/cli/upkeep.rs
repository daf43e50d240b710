//! `gleaner check` and `gleaner backup`

use std::path::PathBuf;

use clap::Args;

/// Options of `check`.
#[derive(Clone, Debug, Args)]
pub struct CheckArgs {
    /// Mend what is safe to mend: make indexes again, remove what a crash left behind
    #[arg(long)]
    pub repair: bool,
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
