//! `gleaner show`, `entities`, `trends`, `search`, `copies`, `related`, `audit`, `export`, `report`

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::WhereArg;
use super::page::PageArgs;

/// Mentions that no story holds.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct GroundingArgs {
    /// Leave out mentions that stand nowhere in the stories, or only inside a longer name, and topics of groups without any
    /// other
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

    /// Show why each mention is linked, or not: the parts of its score, linked anew with the others of the group
    #[arg(long)]
    pub explain: bool,
}

/// Length of a step of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StepArg {
    Year,
    Quarter,
    Month,
    Week,
}

/// Options of `entities`.
#[derive(Clone, Debug, Args)]
pub struct EntitiesArgs {
    /// A name, an alias or an id: show the entity and the groups that name it
    pub name: Option<String>,

    /// Only entities of this catalog type (may be given more than once)
    #[arg(long = "type", value_name = "TYPE")]
    pub types: Vec<String>,

    /// Mentions that are meant.
    #[command(flatten)]
    pub grounding: GroundingArgs,

    /// Near copies.
    #[command(flatten)]
    pub distinct: DistinctArgs,

    /// Period that is meant.
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

    /// Period that is meant.
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

    /// Period that is meant.
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

    /// Mentions that are meant.
    #[command(flatten)]
    pub grounding: GroundingArgs,

    /// Near copies.
    #[command(flatten)]
    pub distinct: DistinctArgs,

    /// Period that is meant.
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

    /// Mentions that are meant.
    #[command(flatten)]
    pub grounding: GroundingArgs,

    /// Near copies.
    #[command(flatten)]
    pub distinct: DistinctArgs,

    /// Period that is meant.
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
