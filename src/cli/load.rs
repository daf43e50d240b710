//! `gleaner load …`

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

/// Load files into the database.
#[derive(Debug, Subcommand)]
pub enum LoadCommand {
    /// Load story groups; a group that is here already is replaced, its stories as a set
    ///
    /// JSON Lines, one group a line:
    ///
    ///     {"id": "g1", "title": "…", "stories": [{"title": "…", "text": "…", "url": "…"}, …]}
    ///     {"id": "g2", "title": "…", "text": "…", "published_at": "2024-05-06"}
    ///
    /// `status` (only `active` groups are sent), `created_at` and each story's `published_at` are
    /// optional. A JSON array of such objects is read too. CSV has the same names as columns, one
    /// row a group of one story.
    #[command(verbatim_doc_comment)]
    Groups(GroupsArgs),

    /// Load the catalog of entities that mentions are linked to; one that is here already is replaced
    ///
    /// JSON Lines, one entity a line:
    ///
    ///     {"id": "e1", "type": "person", "name": "…", "aliases": ["…"],
    ///      "attributes": {"country": "…"}}        (in one line)
    ///
    /// CSV has the same names as columns: aliases with `|` between them, every other column an
    /// attribute. Type and id together name an entity. Entities that are in no file stay, unless
    /// --replace is given.
    #[command(verbatim_doc_comment)]
    Entities(EntitiesArgs),
}

/// Options of `load groups`.
#[derive(Clone, Debug, Args)]
pub struct GroupsArgs {
    /// What to load.
    #[command(flatten)]
    pub files: FilesArgs,
}

/// Options of `load entities`.
#[derive(Clone, Debug, Args)]
pub struct EntitiesArgs {
    /// What to load.
    #[command(flatten)]
    pub files: FilesArgs,

    /// Afterwards remove every entity that is in none of the files; mentions linked to it keep their text
    #[arg(long)]
    pub replace: bool,
}

/// Which files, and how they are read.
#[derive(Clone, Debug, Args)]
pub struct FilesArgs {
    /// Files to load; `-` is stdin
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,

    /// Format of the files [default: by their names; JSON Lines unless it ends in .csv or .tsv]
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<FormatArg>,

    /// Read everything and say what would change; write nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FormatArg {
    /// One JSON object a line, or one array of objects
    Jsonl,
    /// A line of column names, then rows
    Csv,
}
