//! `gleaner catalog dedupe`: entities that are likely one.

use anyhow::Result;
use serde_json::json;

use super::list::short;
use crate::cli::catalog::CatalogDedupeArgs;
use crate::cli::page::SortArg;
use crate::command::Context;
use crate::command::known_types::check_catalog_types;
use crate::command::page::{Key, Page};
use crate::curation::duplicates::duplicates;
use crate::error::Exit;
use crate::model::{facts, typed_id};
use crate::terminal::bar::Unit;
use crate::terminal::style::{dim, single_line};
use crate::terminal::words::count;

pub(crate) fn run(args: &CatalogDedupeArgs, context: &Context) -> Result<Exit> {
    let page = Page::new(&args.page, &[SortArg::Score, SortArg::Name, SortArg::Type, SortArg::Id])?;
    let store = context.open()?;
    let snapshot = store.snapshot()?;
    let read = snapshot.read();
    check_catalog_types(read, args.entity_type.as_slice())?;
    let bar = context.terminal.bar(read.n_entities()?, Unit::Count, "comparing");
    let pairs = duplicates(read, args.entity_type.as_deref(), args.min_score, |n| bar.inc(n))?;
    drop(bar);
    let total = pairs.len();
    let pairs = page.of(pairs, |pair, sort| match sort {
        SortArg::Name => Key::word(&pair.a.name),
        SortArg::Type => Key::word(&pair.a.entity_type),
        SortArg::Id => Key::word(&pair.a.id),
        _ => Key::Number(pair.score),
    });
    if context.terminal.is_json() {
        context.terminal.json(&json!({"pairs": pairs, "total": total}))?;
        return Ok(Exit::Done);
    }
    for pair in &pairs {
        context.terminal.line(format!(
            "{:>3.0} %  {} {}  =  {} {}",
            100.0 * pair.score,
            short(&pair.a.name),
            dim(single_line(&typed_id(&pair.a.entity_type, &pair.a.id))),
            short(&pair.b.name),
            dim(single_line(&typed_id(&pair.b.entity_type, &pair.b.id)))
        ))?;
        for (known, facts) in [&pair.a, &pair.b].iter().zip(facts(&[&pair.a.attributes, &pair.b.attributes])) {
            if !facts.is_empty() {
                let id = single_line(&typed_id(&known.entity_type, &known.id));
                context.terminal.line(dim(format!("       {id}  {}", single_line(&facts))))?;
            }
        }
    }
    context.terminal.status(format!("{} of {}", page.shown(pairs.len() as u64), count(total as u64, "likely pair")));
    if total > 0 {
        context.terminal.hint("`gleaner catalog merge FROM INTO` makes one of two");
    }
    Ok(Exit::Done)
}
