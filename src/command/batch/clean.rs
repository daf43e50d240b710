//! `gleaner batch clean`

use anyhow::anyhow;
use serde_json::json;

use super::super::Context;
use crate::batch::batch_or_run;
use crate::batch::batch_or_run::BatchOrRun;
use crate::cli::batch::CleanArgs;
use crate::error::{Exit, Explain as _};
use crate::provider::{Client, Deletion};
use crate::session::{Session, api_failure};
use crate::store::{BatchRow, BatchState};
use crate::terminal::words::count;

/// States of batches that nothing is awaited from any more.
const OVER: [BatchState; 4] = [BatchState::Imported, BatchState::Replaced, BatchState::GivenUp, BatchState::Withdrawn];

/// Runs the command: shows what would be deleted at the provider, asks, deletes.
pub(super) fn clean(args: &CleanArgs, context: &Context) -> anyhow::Result<Exit> {
    let mut session = context.session()?;
    let target = args.id.as_deref().map(|id| BatchOrRun::find(session.store.read(), id)).transpose()?;
    let mut over = vec![];
    for state in OVER {
        over.extend(session.store.read().batches_in(state)?);
    }
    let origin = session.store.read().origin_by_url(&context.origin()?)?;
    let batches: Vec<BatchRow> = over
        .into_iter()
        .filter(|part| part.remote_deleted_at.is_none() && !ids(part).is_empty())
        .filter(|part| target.as_ref().is_none_or(|target| target.includes(part)))
        .filter(|part| origin.as_ref().is_some_and(|origin| part.origin == Some(origin.key)))
        .collect();
    let files: usize = batches.iter().map(|part| ids(part).len()).sum();
    if files == 0 {
        if context.terminal.is_json() {
            context.terminal.json(&json!({"deleted": []}))?;
        } else {
            context.terminal.line("nothing to delete: no batch that is over has files at this provider")?;
        }
        return Ok(Exit::Done);
    }
    for part in &batches {
        context.terminal.status(format!("{}: {}", batch_or_run::name(part), ids(part).join(", ")));
    }
    let what = format!("{} of {}", count(files as u64, "file"), count(batches.len() as u64, "batch"));
    if args.dry_run {
        if context.terminal.is_json() {
            let would: Vec<String> = batches.iter().flat_map(ids).collect();
            context.terminal.json(&json!({"dry_run": true, "deleted": [], "would_delete": would}))?;
        } else {
            context.terminal.line(format!("would delete {what} at the provider"))?;
        }
        return Ok(Exit::Done);
    }
    if !args.yes && !context.terminal.confirm(&format!("delete {what} at the provider?")) {
        return Err(anyhow!("nothing was deleted")).hint("`--yes` deletes without asking");
    }
    let client = context.client()?;
    let Deleted { deleted, gone, unclear } = delete(&mut session, &client, &batches)?;
    if context.terminal.is_json() {
        context.terminal.json(&json!({ "deleted": deleted, "gone": gone, "unclear": unclear }))?;
    } else {
        let (n, batches) = (count(deleted.len() as u64, "file"), count(batches.len() as u64, "batch"));
        let was_gone = match gone.len() {
            0 => String::new(),
            n => format!(", {n} of {} were gone already", deleted.len() + gone.len() + unclear.len()),
        };
        context
            .terminal
            .line(format!("deleted {n} of {batches} at the provider{was_gone}; the answers are kept here"))?;
    }
    if unclear.is_empty() {
        return Ok(Exit::Done);
    }
    context.terminal.warn(format!("the provider did not say that it deleted {}", unclear.join(", ")));
    context.terminal.hint("`gleaner batch clean` tries them again");
    Ok(Exit::Incomplete)
}

/// The provider's files that were to be deleted.
#[derive(Debug, Default)]
pub(in crate::command) struct Deleted {
    /// Deleted now.
    pub(in crate::command) deleted: Vec<String>,
    /// Gone before.
    pub(in crate::command) gone: Vec<String>,
    /// The provider did not say.
    pub(in crate::command) unclear: Vec<String>,
}

/// Deletes the provider's files of batches.
pub(in crate::command) fn delete(
    session: &mut Session<'_>,
    client: &Client,
    batches: &[BatchRow],
) -> anyhow::Result<Deleted> {
    let mut done = Deleted::default();
    for part in batches {
        let mut is_clear = true;
        for id in ids(part) {
            match client.delete_file(&id).map_err(api_failure)? {
                Deletion::Done => done.deleted.push(id),
                Deletion::WasGone => done.gone.push(id),
                Deletion::Unclear => {
                    is_clear = false;
                    done.unclear.push(id);
                }
            }
        }
        if is_clear {
            let tx = session.store.write()?;
            tx.note_remote_deleted(part.key, &session.config.now_text())?;
            tx.commit()?;
        }
    }
    Ok(done)
}

/// Returns the provider's files of a batch.
pub(in crate::command) fn ids(part: &BatchRow) -> Vec<String> {
    [&part.input_file_id, &part.output_file_id, &part.error_file_id]
        .into_iter()
        .flatten()
        .map(ToString::to_string)
        .collect()
}
