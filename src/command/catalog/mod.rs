//! `gleaner catalog …`: looking at the catalog, changing single entities, duplicates and proposals.

mod dedupe;
mod edit;
mod list;
mod propose;

use anyhow::Result;

use crate::cli::catalog::{AliasCommand, CatalogCommand};
use crate::command::Context;
use crate::error::Exit;

/// Runs the command.
pub(super) fn run(command: &CatalogCommand, context: &Context) -> Result<Exit> {
    match command {
        CatalogCommand::List(args) => list::list(args, context),
        CatalogCommand::Show(args) => list::show(&args.entity, context),
        CatalogCommand::Add(args) => edit::add(args, context),
        CatalogCommand::Edit(args) => edit::edit(args, context),
        CatalogCommand::Remove(args) => edit::remove(&args.entity, context),
        CatalogCommand::Alias(AliasCommand::Add(args)) => edit::alias(args, true, context),
        CatalogCommand::Alias(AliasCommand::Remove(args)) => edit::alias(args, false, context),
        CatalogCommand::Merge(args) => edit::merge(args, context),
        CatalogCommand::Split(args) => edit::split(args, context),
        CatalogCommand::Dedupe(args) => dedupe::run(args, context),
        CatalogCommand::Propose(args) => propose::propose(args, context),
        CatalogCommand::Accept(args) => propose::accept(args, context),
    }
}
