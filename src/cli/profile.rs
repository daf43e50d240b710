//! `gleaner profile …`

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

/// See, choose and check what is asked.
#[derive(Debug, Subcommand)]
pub enum ProfileCommand {
    /// List the profiles: built in, and those that were ever active in this database
    List,

    /// Show what a profile asks for
    Show(ShowArgs),

    /// Make a profile the active one of this database
    ///
    /// Its text is kept in the database. What was asked with other prompts, types or parameters then counts as stale;
    /// `gleaner progress` says how much that is, and only `--stale` asks it again.
    Use(UseArgs),

    /// Say everything that is wrong with a profile
    Check(CheckArgs),

    /// Write a profile's text, to start one of your own from it
    Export(ExportArgs),

    /// Write a profile's text with a list of topics to choose from: those of this database, or of a file
    ///
    /// Up to 1,000 topics are an `enum` of the answer's schema; of more, where other topics are allowed, the list stands in the
    /// instructions. Nothing changes until `profile use` takes the text. What was asked before then counts as stale, and only
    /// `--stale` asks it again.
    Topics(TopicsArgs),
}

/// Options of `profile show`.
#[derive(Clone, Debug, Args)]
pub struct ShowArgs {
    /// Name of a profile or path of its file [default: the active one]
    #[arg(value_name = "PROFILE")]
    pub profile: Option<String>,

    /// Show the instructions and the schema of a kind of request, as they are sent
    #[arg(long, value_name = "KIND")]
    pub prompt: Option<KindArg>,
}

/// Options of `profile use`.
#[derive(Clone, Debug, Args)]
pub struct UseArgs {
    /// Name of a profile or path of its file
    #[arg(value_name = "PROFILE")]
    pub profile: String,
}

/// Options of `profile check`.
#[derive(Clone, Debug, Args)]
pub struct CheckArgs {
    /// Names of profiles or paths of their files
    #[arg(required = true, value_name = "PROFILE")]
    pub profiles: Vec<String>,
}

/// Options of `profile export`.
#[derive(Clone, Debug, Args)]
pub struct ExportArgs {
    /// Name of a profile [default: the active one]
    #[arg(value_name = "PROFILE")]
    pub profile: Option<String>,

    /// File to write; one that is there already is not overwritten [default: stdout]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Options of `profile topics`.
#[derive(Clone, Debug, Args)]
pub struct TopicsArgs {
    /// Name of a profile or path of its file [default: the active one]
    #[arg(value_name = "PROFILE")]
    pub profile: Option<String>,

    /// Only topics that at least N groups have
    #[arg(long, value_name = "N", default_value_t = 2, conflicts_with_all = ["from", "none"])]
    pub min_groups: u64,

    /// Take the topics of a file: one a line, or a table with a column `topic`; `-` is stdin
    #[arg(long, value_name = "FILE", conflicts_with = "none")]
    pub from: Option<PathBuf>,

    /// Allow no other topics
    #[arg(long, conflicts_with = "none")]
    pub only: bool,

    /// Take the list out: every topic is allowed again
    #[arg(long)]
    pub none: bool,

    /// File to write; one that is there already is not overwritten [default: stdout]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// A kind of request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum KindArg {
    /// What the stories are about
    Topic,
    /// Who and what they name
    Entity,
}
