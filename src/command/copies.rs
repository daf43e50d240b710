//! `gleaner copies`: stories that are nearly the same, and what counts them once.

use std::cell::OnceCell;

use serde_json::json;

use crate::cli::explore::{CopiesArgs, DistinctArgs};
use crate::cli::page::SortArg;
use crate::command::Context;
use crate::command::page::{Key, Page};
use crate::error::Exit;
use crate::explore::near;
use crate::store::{Pages, Store};
use crate::terminal::bar::Unit;
use crate::terminal::table::{Side, Table};
use crate::terminal::{style, words};

/// Groups that are named of a cluster.
const GROUPS_MAX: usize = 5;

/// Runs the command.
pub(super) fn run(args: &CopiesArgs, context: &Context) -> anyhow::Result<Exit> {
    let page = Page::new(&args.page, &[SortArg::Count, SortArg::Name])?;
    let store = context.open()?;
    store.keep_pages(Pages::Passing)?;
    let store = known(store, context)?;
    let (clusters, counts) = store.read().clusters(page.n_read(), GROUPS_MAX)?;
    let clusters = page.of(clusters, |cluster, sort| match sort {
        SortArg::Name => Key::word(cluster.title.as_deref().unwrap_or_default()),
        _ => Key::count(cluster.stories),
    });
    let n_copied = store.read().n_copied_groups()?;
    let terminal = &context.terminal;
    if terminal.is_json() {
        terminal.json(&json!({
            "clusters": clusters, "total": counts.clusters, "stories": counts.stories, "groups_counted_once": n_copied,
        }))?;
        return Ok(Exit::Done);
    }
    let heads = [("stories", Side::Right), ("title of the first", Side::Left), ("groups", Side::Left)];
    let mut table = Table::new(&heads);
    for cluster in &clusters {
        let mut groups: Vec<String> = cluster.groups.iter().map(|id| style::single_line(id.as_str())).collect();
        let n_more = cluster.n_groups.saturating_sub(groups.len() as u64);
        if n_more > 0 {
            groups.push(format!("{} more", words::number(n_more)));
        }
        table.row([
            words::number(cluster.stories),
            style::single_line(cluster.title.as_deref().unwrap_or("(no title)")),
            style::dim(groups.join(", ")),
        ]);
    }
    terminal.table(&table, 0)?;
    terminal.status(match counts.clusters {
        0 => "no two stories are nearly the same".to_owned(),
        n => format!(
            "{} of {} with {}; `--distinct` leaves out {}, whose stories another group has too",
            page.shown(clusters.len() as u64),
            words::count(n, "cluster"),
            words::count(counts.stories, "story"),
            words::count(n_copied, "group")
        ),
    });
    Ok(Exit::Done)
}

/// Returns the database with near copies known of all stories; a temporary copy of it where nothing can be written.
fn known(mut store: Store, context: &Context) -> anyhow::Result<Store> {
    if store.read().has_near_copies()? {
        return Ok(store);
    }
    store = context.writable(store, "near copies are looked for")?;
    let bar = OnceCell::new();
    near::refresh(
        &mut store,
        |n| {
            let _ = bar.set(context.terminal.bar(n, Unit::Count, "comparing"));
        },
        || {
            if let Some(bar) = bar.get() {
                bar.inc(1);
            }
        },
    )?;
    Ok(store)
}

/// Leaves groups out of all that is asked that have nothing but near copies of another group's stories, where that is
/// wanted.
pub(crate) fn distinct(store: Store, args: &DistinctArgs, context: &Context) -> anyhow::Result<Store> {
    if !args.distinct {
        return Ok(store);
    }
    let mut store = known(store, context)?;
    let n = store.leave_copies_out()?;
    context.terminal.status(match n {
        0 => "no group is left out: none has only stories that another group has too".to_owned(),
        n => {
            format!("{} left out of the whole database: another group has their stories too", words::count(n, "group"))
        }
    });
    Ok(store)
}
