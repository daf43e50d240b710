//! `gleaner completions` and `gleaner man`

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

/// Options of `completions`.
#[derive(Clone, Copy, Debug, Args)]
pub struct CompletionsArgs {
    /// The shell
    pub shell: Shell,
}

/// Options of `man`.
#[derive(Clone, Debug, Args)]
pub struct ManArgs {
    /// Write a page for each command to FOLDER, which is made where there is none
    #[arg(long, value_name = "FOLDER")]
    pub dir: Option<PathBuf>,
}
