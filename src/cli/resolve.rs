//! `gleaner resolve …`

use std::path::PathBuf;

use clap::Args;

/// Options of `resolve`.
#[derive(Clone, Debug, Args)]
pub struct ResolveArgs {
    /// The name as a story writes it
    #[arg(conflicts_with_all = ["file", "all"], required_unless_present_any = ["file", "all"])]
    pub mention: Option<String>,

    /// What it is: a type of the catalog or of the profile [default: any]
    #[arg(long = "type", value_name = "TYPE", conflicts_with = "all")]
    pub entity_type: Option<String>,

    /// What is known of it, as `team=KC`; may be given several times
    #[arg(long = "hint", value_name = "NAME=VALUE", conflicts_with_all = ["file", "all"])]
    pub hints: Vec<String>,

    /// Other names or text around it
    #[arg(long, value_name = "TEXT", conflicts_with_all = ["file", "all"])]
    pub context: Option<String>,

    /// Resolve every line of a file, `{"mention", "type"?, "hints"?, "context"?}`; `-` is stdin
    #[arg(long, value_name = "FILE", conflicts_with = "all")]
    pub file: Option<PathBuf>,

    /// Link every mention of the database anew, in one transaction, and say what changed
    #[arg(long)]
    pub all: bool,

    /// With --all: say what would change and change nothing
    #[arg(long, requires = "all")]
    pub dry_run: bool,

    /// Show the parts of every candidate's score
    #[arg(long, conflicts_with = "all")]
    pub explain: bool,

    /// Link only what is as good as certain: 95 to 99 links of 100 right, by kind of catalog
    ///
    /// A name that has a word or a generation more, another letter or another form of the first name needs a hint, or
    /// something around it, that agrees.
    #[arg(long)]
    pub strict: bool,

    /// Link every reasonable guess
    #[arg(long, conflicts_with = "strict")]
    pub loose: bool,
}
