//! `gleaner demo`

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Options of `demo`.
#[derive(Clone, Debug, Args)]
pub struct DemoArgs {
    /// Folder to make; an earlier demo there is made anew if nothing was added or changed, any other folder refused
    #[arg(long, value_name = "FOLDER", default_value = "gleaner-demo")]
    pub dir: PathBuf,

    /// Which bundled collection
    #[arg(long, value_name = "NAME", default_value = "spaceflight")]
    pub collection: CollectionArg,
}

/// A bundled collection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CollectionArg {
    /// The history of spaceflight, with the profile `news`
    Spaceflight,
    /// American football, with the profile `football`
    Football,
}
