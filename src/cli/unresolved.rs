//! `gleaner unresolved`

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::page::PageArgs;

/// Options of `unresolved`.
#[derive(Clone, Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct UnresolvedArgs {
    /// Mentions that are meant.
    #[command(flatten)]
    pub queue: QueueArgs,

    /// Decide.
    #[command(subcommand)]
    pub command: Option<UnresolvedCommand>,
}

/// Mentions of the queue.
#[derive(Clone, Debug, Args)]
pub struct QueueArgs {
    /// Only mentions of this type (may be given more than once)
    #[arg(long = "type", value_name = "TYPE")]
    pub types: Vec<String>,

    /// Part of the list.
    #[command(flatten)]
    pub page: PageArgs<20>,

    /// Candidates shown of each
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub candidates: usize,
}

/// Decide about mentions.
#[derive(Clone, Debug, Subcommand)]
pub enum UnresolvedCommand {
    /// Walk through the queue on a terminal: one key a decision, each saved at once
    Walk(QueueArgs),

    /// Decide that a mention is this entity of the catalog
    Accept {
        /// The mention, as the stories write it
        mention: String,
        /// The entity: an id, TYPE:ID, or a name that only one has
        entity: String,
        /// Scope in which it holds.
        #[command(flatten)]
        scope: ScopeArgs,
        /// Only where nothing else links the mention: links that stand stay as they are
        #[arg(long)]
        only_unlinked: bool,
    },

    /// Decide that a mention is none of the catalog; or, with ENTITY, not that one
    Reject {
        /// The mention, as the stories write it
        mention: String,
        /// An entity that it is not
        entity: Option<String>,
        /// Scope in which it holds.
        #[command(flatten)]
        scope: ScopeArgs,
    },

    /// Decide that a mention is an entity that the catalog lacks, and add it
    New {
        /// The mention, as the stories write it
        mention: String,
        /// Id of the new entity
        #[arg(long)]
        id: String,
        /// Catalog type of the new entity
        #[arg(long = "type", value_name = "TYPE")]
        entity_type: String,
        /// Its name [default: the mention]
        #[arg(long)]
        name: Option<String>,
        /// Only for mentions of this type
        #[arg(long, value_name = "TYPE")]
        mention_type: Option<String>,
        /// Only where the mention has this hint, as in team=KC (may be given more than once)
        #[arg(long = "hint", value_name = "NAME=VALUE")]
        hints: Vec<String>,
    },

    /// Take back what was decided about a mention: everything, or what holds in just the scope given
    Undo {
        /// The mention
        mention: String,
        /// Decisions that are meant.
        #[command(flatten)]
        scope: ScopeArgs,
    },

    /// List what was decided, and where that is at odds: with another decision, with the catalog, with what is gone from it
    Decisions {
        /// Only about this mention
        mention: Option<String>,
        /// Only decisions that something is to be said of
        #[arg(long)]
        conflicts: bool,
    },

    /// Write the queue for a spreadsheet, with an empty column `decision`
    Export {
        /// Mentions that are meant.
        #[command(flatten)]
        queue: QueueArgs,
        /// Write to FILE; .json for JSON, else CSV [default: CSV on stdout]
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },

    /// Read decisions back from such a file, in one transaction
    ///
    /// The column `decision` may say: the number of a candidate, TYPE:ID or a name, `none`, or `new TYPE:ID`. Rows where
    /// it is empty are left alone.
    Import {
        /// The file, .csv or .json
        file: PathBuf,
        /// Only where nothing else links the mentions: links that stand stay as they are
        #[arg(long)]
        only_unlinked: bool,
    },
}

/// Scope of a decision.
#[derive(Clone, Debug, Default, Args)]
pub struct ScopeArgs {
    /// Only for mentions of this type
    #[arg(long = "type", value_name = "TYPE")]
    pub entity_type: Option<String>,

    /// Only where the mention has this hint, as in team=KC (may be given more than once)
    #[arg(long = "hint", value_name = "NAME=VALUE")]
    pub hints: Vec<String>,
}
