//! `gleaner sandbox`

use std::path::PathBuf;

use clap::Args;

/// Options of `sandbox`.
#[derive(Clone, Debug, Default, Args)]
pub struct SandboxArgs {
    /// Port on 127.0.0.1; 0 takes any that is free
    #[arg(long, value_name = "N", default_value_t = 8787)]
    pub port: u16,

    /// Profile whose keywords and types are used: a built-in name or a file [default: the database's own, else news]
    #[arg(long, value_name = "NAME|FILE")]
    pub profile: Option<String>,

    /// Topics to find besides the profile's keywords, JSON Lines of `{"topic","words":[…]}`
    #[arg(long, value_name = "FILE")]
    pub topics: Option<PathBuf>,

    /// JSON file that says what goes wrong and what is answered (docs/sandbox.md)
    #[arg(long, value_name = "FILE")]
    pub script: Option<PathBuf>,

    /// Seconds that a batch takes at least
    #[arg(long, value_name = "SECONDS", default_value_t = 1.0)]
    pub seconds: f64,

    /// End a batch at the N-th look at it instead, however long that takes
    #[arg(long, value_name = "N", conflicts_with = "seconds", value_parser = clap::value_parser!(u32).range(1..))]
    pub polls: Option<u32>,
}
