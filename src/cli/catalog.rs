//! `gleaner catalog …`

use clap::{Args, Subcommand};

use super::page::PageArgs;
use super::unresolved::ScopeArgs;

/// Edit the catalog of entities.
#[derive(Debug, Subcommand)]
pub enum CatalogCommand {
    /// List entities by name
    List(CatalogListArgs),

    /// Show an entity: names, attributes, what was taught about it
    Show(CatalogEntityArgs),

    /// Add an entity
    Add(CatalogAddArgs),

    /// Change an entity's name, aliases or attributes
    Edit(CatalogEditArgs),

    /// Remove an entity; mentions linked to it keep their text
    Remove(CatalogEntityArgs),

    /// Teach or unlearn another name of an entity
    ///
    /// A taught name is a decision: it counts before anything the catalog says, holds everywhere at once, and survives when
    /// the catalog is loaded again. (A name that several entities may bear belongs into the catalog itself: `catalog edit
    /// --alias`.) `unresolved decisions` lists what was taught.
    #[command(subcommand)]
    Alias(AliasCommand),

    /// Make one entity of two: names, attributes, links and decisions move to the second
    Merge(CatalogMergeArgs),

    /// Make two entities of one: some of its names become a new entity
    ///
    /// What was taught about these names goes along, and mentions that are written so are linked anew.
    Split(CatalogSplitArgs),

    /// List entities of one type that are likely the same, best first
    Dedupe(CatalogDedupeArgs),

    /// Propose entities from the mentions that nothing in the catalog fits
    ///
    /// Spellings of one name are put together: other case, marks, punctuation and order, legal forms, misspellings that are
    /// rarer than what they misspell, and of people the surname or initials alone, where only one person fits.
    Propose(CatalogProposeArgs),

    /// Make the proposed entities real, and link their mentions
    Accept(CatalogAcceptArgs),
}

/// Options of `catalog list`.
#[derive(Clone, Debug, Args)]
pub struct CatalogListArgs {
    /// Only with this text in a name or an alias
    #[arg(default_value = "", hide_default_value = true)]
    pub text: String,

    /// Only this type
    #[arg(long = "type", value_name = "TYPE", default_value = "", hide_default_value = true)]
    pub entity_type: String,

    /// Part of the list.
    #[command(flatten)]
    pub page: PageArgs<50>,
}

/// An entity.
#[derive(Clone, Debug, Args)]
pub struct CatalogEntityArgs {
    /// Its id, `type:id`, or its name
    pub entity: String,
}

/// Options of `catalog add`.
#[derive(Clone, Debug, Args)]
pub struct CatalogAddArgs {
    /// Its preferred name
    pub name: String,

    /// Its type
    #[arg(long = "type", value_name = "TYPE")]
    pub entity_type: String,

    /// Its id [default: made from the name]
    #[arg(long, value_name = "ID")]
    pub id: Option<String>,

    /// Another name; may be given several times
    #[arg(long = "alias", value_name = "NAME")]
    pub aliases: Vec<String>,

    /// What tells it from namesakes, as `team=KC`; may be given several times
    #[arg(long = "attribute", value_name = "NAME=VALUE")]
    pub attributes: Vec<String>,
}

/// Options of `catalog edit`.
#[derive(Clone, Debug, Args)]
pub struct CatalogEditArgs {
    /// Its id, `type:id`, or its name
    pub entity: String,

    /// Its new preferred name
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,

    /// Another name that it has; may be given several times
    #[arg(long = "alias", value_name = "NAME")]
    pub aliases: Vec<String>,

    /// A name that it has no more; may be given several times
    #[arg(long = "remove-alias", value_name = "NAME")]
    pub removed_aliases: Vec<String>,

    /// Set an attribute, as `team=KC`; `team=` removes it; may be given several times
    #[arg(long = "attribute", value_name = "NAME=VALUE")]
    pub attributes: Vec<String>,
}

/// `gleaner catalog alias …`
#[derive(Clone, Debug, Subcommand)]
pub enum AliasCommand {
    /// Teach that a name means an entity
    Add(AliasArgs),

    /// Teach that a name does not mean an entity
    Remove(AliasArgs),
}

/// A name and an entity.
#[derive(Clone, Debug, Args)]
pub struct AliasArgs {
    /// Its id, `type:id`, or its name
    pub entity: String,

    /// The other name
    pub alias: String,

    /// Scope in which it holds.
    #[command(flatten)]
    pub scope: ScopeArgs,
}

/// Options of `catalog merge`.
#[derive(Clone, Debug, Args)]
pub struct CatalogMergeArgs {
    /// The entity that goes
    pub from: String,

    /// The entity that stays
    pub into: String,

    /// Also if their types differ; the second keeps its own
    #[arg(long)]
    pub across_types: bool,
}

/// Options of `catalog split`.
#[derive(Clone, Debug, Args)]
pub struct CatalogSplitArgs {
    /// Its id, `type:id`, or its name
    pub entity: String,

    /// A name that goes to the new entity, the first as its preferred one; may be given several times
    #[arg(long = "alias", value_name = "NAME", required = true)]
    pub aliases: Vec<String>,

    /// Id of the new entity [default: made from its name]
    #[arg(long, value_name = "ID")]
    pub id: Option<String>,
}

/// Options of `catalog dedupe`.
#[derive(Clone, Debug, Args)]
pub struct CatalogDedupeArgs {
    /// Only this type
    #[arg(long = "type", value_name = "TYPE")]
    pub entity_type: Option<String>,

    /// Only pairs that are one with at least this probability, 0 to 1
    #[arg(long, value_name = "P", default_value_t = 0.5, value_parser = super::share)]
    pub min_score: f64,

    /// Part of the list.
    #[command(flatten)]
    pub page: PageArgs<50>,
}

/// Options of `catalog propose`.
#[derive(Clone, Debug, Args)]
pub struct CatalogProposeArgs {
    /// Only names that are mentioned at least so often
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub min_count: u64,

    /// Only of this type
    #[arg(long = "type", value_name = "TYPE")]
    pub entity_type: Option<String>,

    /// Part of the list.
    #[command(flatten)]
    pub page: PageArgs<50>,
}

/// Options of `catalog accept`.
#[derive(Clone, Debug, Args)]
pub struct CatalogAcceptArgs {
    /// Only names that are mentioned at least so often
    #[arg(long, value_name = "N", default_value_t = 2)]
    pub min_count: u64,

    /// Only of this type
    #[arg(long = "type", value_name = "TYPE")]
    pub entity_type: Option<String>,

    /// Say what would be made and change nothing
    #[arg(long)]
    pub dry_run: bool,
}
