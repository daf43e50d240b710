//! `gleaner show`, `topics`, `entities`, `search`, `related`, `unresolved`, `audit`, `export`, `report`

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::WhereArg;
use super::page::PageArgs;

/// Mentions that no story holds.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct GroundingArgs {
    /// Leave out mentions that stand nowhere in the stories, and topics of groups of whose mentions none does
    #[arg(long)]
    pub require_grounding: bool,
}

/// Near copies.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct DistinctArgs {
    /// Count what is nearly the same once: leave out groups all of whose stories another group has too
    #[arg(long)]
    pub distinct: bool,
}

/// Options of `copies`.
#[derive(Clone, Debug, Args)]
pub struct CopiesArgs {
    /// Part of the list.
    #[command(flatten)]
    pub page: PageArgs<20>,
}

/// A stretch of time.
#[derive(Clone, Debug, Default, Args)]
pub struct PeriodArgs {
    /// Only groups from this time on (2024, 2024-05, 2024-05-01 or 2024-05-01T12:00:00Z)
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,

    /// Only groups up to the end of this year, month, day or time
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,

    /// Only groups with a story whose attribute is VALUE (`!=`: is not), in any case; repeatable, all must hold
    #[arg(long = "where", value_name = "NAME=VALUE", value_parser = super::parse_where)]
    pub conditions: Vec<WhereArg>,
}

/// Options of `show`.
#[derive(Clone, Debug, Args)]
pub struct ShowArgs {
    /// Id of the group
    pub group: String,

    /// Leave the stories out
    #[arg(long)]
    pub no_text: bool,
}

/// Length of a step of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StepArg {
    Year,
    Quarter,
    Month,
    Week,
}

/// Options of `topics`.
#[derive(Clone, Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct TopicsArgs {
    /// A topic: list the groups that have it
    pub topic: Option<String>,

    /// Which mentions.
    #[command(flatten)]
    pub grounding: GroundingArgs,

    /// Near copies.
    #[command(flatten)]
    pub distinct: DistinctArgs,

    /// Which time.
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
    Dedupe(TopicsDedupeArgs),
}

/// List, add or remove the topics that were made another.
#[derive(Clone, Debug, Subcommand)]
pub enum TopicAliasCommand {
    /// List what was decided
    List,
    /// The same as `topics merge ALIAS into TOPIC`
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
    /// At most N pairs
    #[arg(long, value_name = "N", value_parser = super::page::rows, allow_hyphen_values = true, default_value = "50")]
    pub limit: u64,

    /// Only pairs at least this alike, 0 to 1
    #[arg(long, value_name = "SCORE", default_value_t = 0.8, value_parser = super::share)]
    pub min_score: f64,

    /// Merge every pair at least this alike without asking
    #[arg(long, value_name = "SCORE", value_parser = super::share)]
    pub accept: Option<f64>,
}

/// Options of `entities`.
#[derive(Clone, Debug, Args)]
pub struct EntitiesArgs {
    /// A name, an alias or an id: show the entity and the groups that name it
    pub name: Option<String>,

    /// Only entities of this catalog type (may be given more than once)
    #[arg(long = "type", value_name = "TYPE")]
    pub types: Vec<String>,

    /// Which mentions.
    #[command(flatten)]
    pub grounding: GroundingArgs,

    /// Near copies.
    #[command(flatten)]
    pub distinct: DistinctArgs,

    /// Which time.
    #[command(flatten)]
    pub period: PeriodArgs,

    /// Only groups with this topic (may be given more than once)
    #[arg(long, value_name = "TOPIC")]
    pub topic: Vec<String>,

    /// Part of the list.
    #[command(flatten)]
    pub page: PageArgs<20>,

    /// Count groups in steps of time
    #[arg(long, value_name = "STEP")]
    pub by: Option<StepArg>,
}

/// Options of `trends`.
#[derive(Clone, Debug, Args)]
pub struct TrendsArgs {
    /// Length of the window, up to the last group: days (30d), weeks (12w), months (6m) or years (1y)
    #[arg(long, value_name = "TIME", default_value = "30d")]
    pub window: String,

    /// Only what at least N groups of the window have
    #[arg(long, value_name = "N", default_value_t = 2)]
    pub min_groups: u64,

    /// Part of the list.
    #[command(flatten)]
    pub page: PageArgs<10>,

    /// Near copies.
    #[command(flatten)]
    pub distinct: DistinctArgs,

    /// Which time.
    #[command(flatten)]
    pub period: PeriodArgs,
}

/// Options of `related`.
#[derive(Clone, Debug, Args)]
pub struct RelatedArgs {
    /// Id of the group
    pub group: String,

    /// Part of the list.
    #[command(flatten)]
    pub page: PageArgs<10>,
}

/// Options of `search`.
#[derive(Clone, Debug, Args)]
pub struct SearchArgs {
    /// What to look for: all words; "in quotes" as they stand; word* for beginnings; OR, -word, (parentheses)
    pub words: Vec<String>,

    /// Only groups with this topic (may be given more than once)
    #[arg(long, value_name = "TOPIC")]
    pub topic: Vec<String>,

    /// Only groups that name this entity (may be given more than once)
    #[arg(long, value_name = "NAME")]
    pub entity: Vec<String>,

    /// Near copies.
    #[command(flatten)]
    pub distinct: DistinctArgs,

    /// Which time.
    #[command(flatten)]
    pub period: PeriodArgs,

    /// Part of the list.
    #[command(flatten)]
    pub page: PageArgs<10>,

    /// Say what the groups have in common that are found: entities, topics, years, and attributes such as a section
    #[arg(long)]
    pub facets: bool,

    /// Make the full-text index anew
    #[arg(long)]
    pub rebuild: bool,
}

/// Options of `export`.
#[derive(Clone, Debug, Args)]
pub struct ExportArgs {
    /// What to write [default: groups; for csv links; for a workbook or a graph everything]
    pub what: Option<ExportWhat>,

    /// Form of the file [default: by the name of the file, else jsonl]
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<ExportFormat>,

    /// Write to FILE, which appears whole or not at all [default: stdout]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// Which mentions.
    #[command(flatten)]
    pub grounding: GroundingArgs,

    /// Near copies.
    #[command(flatten)]
    pub distinct: DistinctArgs,

    /// Which time.
    #[command(flatten)]
    pub period: PeriodArgs,

    /// Only pairs of entities that stand together in at least N groups
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub min_groups: u64,

    /// Leave out the texts of the stories; groups cannot be loaded back then
    #[arg(long)]
    pub no_text: bool,
}

/// What to export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExportWhat {
    /// A row a group; as JSON with all that is known of it and its stories, as `load groups` reads them back
    Groups,
    /// A row a story, with its text and attributes
    Stories,
    /// A row for each topic of each group
    Topics,
    /// A row for each entity that is named
    Entities,
    /// A row for each mention, with what it is linked to
    Links,
    /// A row for each two entities that stand in the same groups
    Cooccurrence,
    /// The whole catalog and what was decided about mentions, as `load entities` reads them (jsonl or csv)
    Catalog,
}

/// Form of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// JSON Lines
    Jsonl,
    /// CSV, with what a spreadsheet would take for a formula made harmless
    Csv,
    /// A workbook: without a name of rows, a sheet for each kind
    Xlsx,
    /// A graph for networkx, Gephi, yEd
    Graphml,
    /// A graph with time, for Gephi's timeline
    Gexf,
    /// Statements for Kuzu
    Cypher,
    /// Statements for Neo4j and Memgraph
    Neo4j,
    /// Metadata for Datasette: titles, descriptions, hidden tables, facets
    Datasette,
}

/// Options of `unresolved`.
#[derive(Clone, Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct UnresolvedArgs {
    /// Which mentions.
    #[command(flatten)]
    pub queue: QueueArgs,

    /// Decide.
    #[command(subcommand)]
    pub command: Option<UnresolvedCommand>,
}

/// Which mentions of the queue.
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

    /// A mention is this entity of the catalog
    Accept {
        /// The mention, as the stories write it
        mention: String,
        /// The entity: an id, TYPE:ID, or a name that only one has
        entity: String,
        /// Where it holds.
        #[command(flatten)]
        scope: ScopeArgs,
    },

    /// A mention is none of the catalog; or, with ENTITY, not that one
    Reject {
        /// The mention, as the stories write it
        mention: String,
        /// An entity that it is not
        entity: Option<String>,
        /// Where it holds.
        #[command(flatten)]
        scope: ScopeArgs,
    },

    /// A mention is an entity that the catalog should have
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
        /// Which decisions.
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
        /// Which mentions.
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
    },
}

/// Where a decision holds.
#[derive(Clone, Debug, Default, Args)]
pub struct ScopeArgs {
    /// Only for mentions of this type
    #[arg(long = "type", value_name = "TYPE")]
    pub entity_type: Option<String>,

    /// Only where the mention has this hint, as in team=KC (may be given more than once)
    #[arg(long = "hint", value_name = "NAME=VALUE")]
    pub hints: Vec<String>,
}

/// Options of `report`.
#[derive(Clone, Debug, Args)]
pub struct ReportArgs {
    /// Write to FILE, which appears whole or not at all
    #[arg(short, long, value_name = "FILE", default_value = "report.html")]
    pub output: PathBuf,

    /// Headline of the page
    #[arg(long, value_name = "TEXT", default_value = "What the stories are about")]
    pub title: String,

    /// Put the whole stories into the page
    #[arg(long)]
    pub with_text: bool,

    /// Mentions of a group that are shown in their sentence [default: 20, fewer where there are many groups]
    #[arg(long, value_name = "N")]
    pub snippets: Option<usize>,

    /// Which mentions.
    #[command(flatten)]
    pub grounding: GroundingArgs,

    /// Near copies.
    #[command(flatten)]
    pub distinct: DistinctArgs,

    /// Which time.
    #[command(flatten)]
    pub period: PeriodArgs,
}

/// Options of `audit`.
#[derive(Clone, Debug, Args)]
pub struct AuditArgs {
    /// What to judge
    #[arg(value_enum, default_value = "links")]
    pub what: AuditWhatArg,

    /// Items of the sample, or groups of `misses` [default: 100, of `misses` 30; a sample that was begun goes on]
    #[arg(long, value_name = "N", value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..=100_000))]
    pub sample: Option<usize>,

    /// Seed of the sample: the same one on the same data draws the same items
    #[arg(long, value_name = "SEED", default_value_t = 1)]
    pub seed: u64,

    /// Draw a new sample, also where one is not finished
    #[arg(long)]
    pub new: bool,

    /// Write the sample as CSV, to judge in a spreadsheet
    #[arg(long, value_name = "FILE", conflicts_with = "from")]
    pub to: Option<PathBuf>,

    /// Read verdicts from such a CSV
    #[arg(long, value_name = "FILE")]
    pub from: Option<PathBuf>,
}

/// What to judge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum AuditWhatArg {
    /// Whether mentions are linked to the right entity
    Links,
    /// Whether groups are about their topics
    Topics,
    /// Which topics and names of groups the model left out
    Misses,
}
