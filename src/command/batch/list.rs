//! `gleaner batch list`

use std::collections::HashMap;

use serde_json::json;

use super::super::Context;
use super::super::page::{Key, Page};
use super::describe;
use crate::batch::look::observation;
use crate::batch::part;
use crate::batch::uncertain;
use crate::cli::batch::ListArgs;
use crate::error::Exit;
use crate::provider::{Batch, Client};
use crate::session::Session;
use crate::session::{api_failure, explain};
use crate::store::{BatchRow, BatchState};
use crate::terminal::style::{bold, dim};
use crate::terminal::words::count;

/// Runs the command: the runs known here, joined with the provider's list; without network, what is known.
pub(in crate::command) fn list(args: &ListArgs, context: &Context) -> anyhow::Result<Exit> {
    let page = Page::new(&args.page, &[])?;
    let mut session = context.session()?;
    let remote = if args.offline {
        None
    } else {
        let client = context.looking_client();
        let lacks_key = client.is_err() && context.lacks_key();
        match client.and_then(|client| Ok((remote(context, &mut session, &client)?, client))) {
            Ok(remote) => Some(remote),
            Err(error) if explain(&error).exit == Exit::Interrupted => return Err(error),
            // Without anything under way, a list of what was is no reason to ask for a key.
            Err(_) if lacks_key && session.store.read().pending_batches()?.is_empty() => {
                context.terminal.status("what is known here: without an API key the provider's list is not asked for");
                None
            }
            Err(error) => {
                context.terminal.warn(format!("{error:#}; showing what is known here"));
                for hint in explain(&error).hints {
                    context.terminal.hint(hint);
                }
                None
            }
        }
    };
    let (remote, client) = match remote {
        Some((remote, client)) => (Some(remote), Some(client)),
        None => (None, None),
    };
    let end = |session: &Session<'_>| super::say_uncertain(context, session, client.as_ref(), Exit::Done);
    let read = session.store.read();
    let db_id = read.db_id()?;
    let mut runs = vec![];
    for run in page.of(read.batch_runs(page.n_read())?, |run, _| Key::date(Some(&run.created_at))) {
        runs.push((read.batches_of_run(&run.id)?, run));
    }
    let known: Vec<&BatchRow> = runs.iter().flat_map(|(batches, _)| batches).collect();
    let mut others: Vec<&Batch> = vec![];
    if let Some(remote) = &remote {
        for batch in remote.values() {
            let is_known = known.iter().any(|part| part.batch_id.as_ref().is_some_and(|id| id.as_str() == batch.id));
            if !is_known && read.batches_by_id(&crate::model::BatchId::new(batch.id.clone()))?.is_empty() {
                others.push(batch);
            }
        }
        others.sort_by_key(|batch| std::cmp::Reverse(batch.created_at));
    }
    if context.terminal.is_json() {
        let all: Vec<BatchRow> = runs.iter().flat_map(|(batches, _)| batches.clone()).collect();
        let mut value = describe::json_of_runs(read, &all)?;
        value["other"] = json!(others);
        value["is_online"] = json!(remote.is_some());
        context.terminal.json(&value)?;
        return end(&session);
    }
    if runs.is_empty() && others.is_empty() && page.offset == 0 {
        context.terminal.line("no batches yet")?;
        context.terminal.hint("`gleaner batch create` makes one");
    }
    for (batches, run) in &runs {
        // In a database that has both, only this tells a rehearsal from what is paid for.
        let origins = batches.iter().map(|part| part.origin).chain([run.origin]).flatten();
        let origins = origins.map(|origin| read.origin(origin));
        let is_rehearsal = origins.collect::<anyhow::Result<Vec<_>>>()?.iter().any(|origin| origin.is_sandbox);
        context.terminal.line(format!(
            "{}  {}  {} for {}{}",
            bold(&run.id),
            run.created_at,
            count(run.n_requests, "request"),
            count(run.n_groups, "group"),
            match (is_rehearsal, batches.is_empty()) {
                (true, true) => " (a rehearsal, forgotten)",
                (true, false) => " (a rehearsal)",
                (false, _) => "",
            }
        ))?;
        for part in batches {
            let name = part.batch_id.as_ref().map_or_else(|| format!("part {}", part.part), ToString::to_string);
            context.terminal.advise(format!("  {name}  {}", describe::headline(part)))?;
        }
    }
    for batch in others {
        let whose = if batch.metadata.get("gleaner_db") == Some(&db_id) {
            "another copy of this database"
        } else if batch.metadata.contains_key("gleaner_db") {
            "another database"
        } else {
            "not made by gleaner"
        };
        let counts = batch.request_counts.map(|c| format!(", {}", count(c.total, "request"))).unwrap_or_default();
        context.terminal.line(dim(format!("{}  {}{counts} ({whose})", batch.id, batch.status)))?;
    }
    end(&session)
}

/// Fetches the provider's list and notes what it says of batches known here.
fn remote(context: &Context, session: &mut Session<'_>, client: &Client) -> anyhow::Result<HashMap<String, Batch>> {
    uncertain::adopt(session, client, &context.prices(None)?)?;
    let mut remote = HashMap::new();
    for batch in client.all_batches() {
        let batch = batch.map_err(api_failure)?;
        remote.insert(batch.id.clone(), batch);
    }
    let now = context.config.now_text();
    let tx = session.store.write()?;
    let gone = tx.read().batches_in(BatchState::Gone)?;
    for row in tx.read().pending_batches()?.into_iter().chain(gone) {
        if let Some(batch) = row.batch_id.as_ref().and_then(|id| remote.get(id.as_str())) {
            part::observe(&tx, row.key, &observation(batch), &now)?;
        }
    }
    tx.commit()?;
    Ok(remote)
}
