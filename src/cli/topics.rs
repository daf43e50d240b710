//! `gleaner topics`

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::explore::{DistinctArgs, GroundingArgs, PeriodArgs, StepArg};
use super::page::PageArgs;
use crate::text::nearest;

/// Options of `topics`.
#[derive(Clone, Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct TopicsArgs {
    /// A topic: list the groups that have it
    pub topic: Option<String>,

    /// Mentions that are meant.
    #[command(flatten)]
    pub grounding: GroundingArgs,

    /// Near copies.
    #[command(flatten)]
    pub distinct: DistinctArgs,

    /// Period that is meant.
    #[command(flatten)]
    pub period: PeriodArgs,

    /// Only groups that name this entity (may be given more than once)
    #[arg(long, value_name = "NAME")]
    pub entity: Vec<String>,

    /// Part of the list.
    #[command(flatten)]
    pub page: PageArgs<20>,

    /// Count groups in steps of time
    #[arg(long, value_name = "STEP")]
    pub by: Option<StepArg>,

    /// Only rare topics, which at most N groups have
    #[arg(long, value_name = "N")]
    pub max_groups: Option<u64>,

    /// Topics with those that stand under them; each group counts once
    #[arg(long, conflicts_with_all = ["by", "max_groups", "entity"])]
    pub tree: bool,

    /// Look at topics and merge them.
    #[command(subcommand)]
    pub command: Option<TopicsCommand>,
}

/// Look at topics and merge them.
#[derive(Clone, Debug, Subcommand)]
pub enum TopicsCommand {
    /// Make one topic of several: `topics merge "injury updates" injuries into "injury update"`
    ///
    /// It holds for what is there and for every later import.
    Merge {
        /// Topics, the word `into`, and the topic they become
        #[arg(required = true, num_args = 2.., value_name = "TOPIC")]
        topics: Vec<String>,
    },

    /// List, add or remove the topics that were made another
    #[command(subcommand)]
    Alias(TopicAliasCommand),

    /// Write what was decided about topics as CSV: topic, verdict, target, decided_at
    Export {
        /// The file to write [default: stdout]
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },

    /// Read decisions about topics, or a list of synonyms: two columns, a topic and what it becomes
    ///
    /// A verdict `not` keeps two topics apart. What is decided already stays, and so does what was decided later than the
    /// file's decided_at.
    Import {
        /// The CSV file; `-` is stdin
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },

    /// Call a topic by another name, which none has yet, here and in every later import
    Rename {
        /// The topic
        topic: String,
        /// Its new name
        name: String,
    },

    /// Take topics out of all groups, here and in every later import
    Drop {
        /// The topics
        #[arg(required = true, value_name = "TOPIC")]
        topics: Vec<String>,
    },

    /// Put a topic under another one: `topics parent "moon landing" spaceflight`
    ///
    /// Groups keep their topics. `topics --tree` counts a topic together with those that stand under it.
    Parent {
        /// The topic
        child: String,
        /// The topic it stands under, which need not be that of any group
        #[arg(required_unless_present = "none")]
        parent: Option<String>,
        /// Under no other
        #[arg(long, conflicts_with = "parent")]
        none: bool,
    },

    /// Propose topics that are likely one, best first; on a terminal, decide with one key each
    ///
    /// Topics that are nearly the same words; with `--neighbours` those that may be synonyms (`car industry`, `automotive
    /// sector`): no group has both, though they stand beside the same entities. That is less certain: opposites do, too.
    Dedupe(TopicsDedupeArgs),
}

/// Returns the command of `topics` that a word is nearly, but not quite.
pub fn near_command(typed: &str) -> Option<String> {
    let commands = TopicsCommand::augment_subcommands(clap::Command::new("topics"));
    let names: Vec<String> = commands.get_subcommands().map(|command| command.get_name().to_owned()).collect();
    nearest(typed, names).filter(|name| name != typed)
}

/// List, add or remove the topics that were made another.
#[derive(Clone, Debug, Subcommand)]
pub enum TopicAliasCommand {
    /// List what was decided
    List,
    /// Make one topic another, as `topics merge ALIAS into TOPIC` does
    Add {
        /// The topic that goes
        alias: String,
        /// The topic it becomes
        topic: String,
    },
    /// Make it a topic of its own again
    Remove {
        /// The topic that went
        alias: String,
    },
}

/// Options of `topics dedupe`.
#[derive(Clone, Debug, Args)]
pub struct TopicsDedupeArgs {
    /// Part of the list.
    #[command(flatten)]
    pub page: PageArgs<50>,

    /// Propose synonyms by the entities they stand beside, instead of spellings
    #[arg(long)]
    pub neighbours: bool,

    /// Only pairs at least this alike, 0 to 1 [default: 0.8, of neighbours 0.5]
    #[arg(long, value_name = "SCORE", value_parser = super::share)]
    pub min_score: Option<f64>,

    /// Merge every pair at least this alike without asking; synonyms only with `--neighbours`
    #[arg(long, value_name = "SCORE", value_parser = super::share)]
    pub accept: Option<f64>,
}
