//! `gleaner forget`: groups that are removed for good, or their stories.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use serde_json::json;

use super::Context;
use super::batch::{Deleted, delete, ids};
use super::named::group_named;
use crate::batch::{batch_or_run, fetch};
use crate::cli::upkeep::ForgetArgs;
use crate::error::{ErrorKind, Exit, Explain as _, usage};
use crate::model::{BatchKey, GroupId, GroupKey};
use crate::session::Session;
use crate::store::{BatchRow, BatchState};
use crate::terminal::words::{count, list};

/// Runs the command: finds every reason to refuse, says what would go, asks, and forgets.
pub(super) fn run(args: &ForgetArgs, context: &Context) -> anyhow::Result<Exit> {
    let terminal = &context.terminal;
    let mut session = context.session()?;
    if !args.dry_run && session.store.is_overwriting_due()? {
        terminal.status("going on with what was forgotten before: writing the database anew");
        session.store.overwrite_what_is_deleted()?;
        session.store.finish_overwriting()?;
    }
    // Whoever sends meanwhile would send what is about to be forgotten.
    let _lock = if args.dry_run { None } else { Some(session.lock_spending()?) };
    let mut groups: Vec<(GroupKey, GroupId)> = vec![];
    for id in &args.groups {
        let key = group_named(&session.store, id)?;
        if !groups.iter().any(|(known, _)| *known == key) {
            groups.push((key, GroupId::new(id)));
        }
    }
    if args.all {
        groups = session.store.read().all_group_ids()?;
    }
    let read = session.store.read();
    let mut batches: Vec<BatchKey> = vec![];
    for (key, id) in &groups {
        let open = read.batches_in_flight_with(*key)?;
        if !open.is_empty() {
            return Err(usage(format!("group `{id}` is in flight, in {}", list(&open, "and"))))
                .kind(ErrorKind::Refused)
                .hint(
                    "`gleaner batch wait` imports it, `gleaner batch cancel ID` gives it up; then it can be forgotten",
                );
        }
        batches.extend(read.batches_with(*key)?);
    }
    batches.sort_unstable_by_key(|key| key.0);
    batches.dedup();
    let batches: Vec<BatchRow> = batches.into_iter().map(|key| read.batch(key)).collect::<anyhow::Result<_>>()?;
    let files = local_files(&session, &batches)?;
    let remote = if args.remote { remote_of(context, &session, batches)? } else { vec![] };
    for path in &files {
        terminal.status(format!("file here: {}", path.display()));
    }
    for part in &remote {
        terminal.status(format!("files at the provider, of {}: {}", batch_or_run::name(part), ids(part).join(", ")));
    }
    let what = if args.texts { "the stories of " } else { "" };
    let n = count(groups.len() as u64, "group");
    if groups.is_empty() {
        terminal.status("there is no group");
    }
    if !args.dry_run
        && !args.yes
        && !terminal.confirm(&format!("forget {what}{n} for good, with {}?", count(files.len() as u64, "file here")))
    {
        return Err(anyhow!("nothing was forgotten, since nobody said yes"))
            .exit(Exit::Usage)
            .kind(ErrorKind::Refused)
            .hint("`--yes` forgets without asking, `--dry-run` says what would go");
    }
    // The provider first: what fails there can be tried again as long as it is known here.
    let mut deleted = Deleted::default();
    if !args.dry_run && !remote.is_empty() {
        let client = context.client()?;
        deleted = delete(&mut session, &client, &remote)?;
    }
    let now = context.config.now_text();
    if !args.dry_run {
        // Before what is here: stopped in between, the same command goes on with it.
        for path in &files {
            overwrite(path).with_context(|| format!("cannot remove `{}`", path.display()))?;
        }
        session.store.overwrite_what_is_deleted()?;
    }
    let tx = session.store.write()?;
    let done = if args.texts { tx.forget_texts(&groups, &now)? } else { tx.forget_groups(&groups, &now)? };
    if args.dry_run {
        drop(tx);
    } else {
        tx.commit()?;
        terminal.status("writing the database anew, without what was forgotten");
        session.store.finish_overwriting()?;
    }
    if terminal.is_json() {
        terminal.json_whole(&json!({
            "dry_run": args.dry_run, "forgotten": done, "files": files,
            "remote": {"deleted": deleted.deleted, "gone": deleted.gone, "unclear": deleted.unclear},
        }))?;
    } else {
        let verb = if args.dry_run { "would forget" } else { "forgot" };
        terminal.line(match args.texts {
            true => format!("{verb} {} of {n}; what was learned is kept", count(done.stories, "story")),
            false => format!(
                "{verb} {n}: {}, {}, {}, {}",
                count(done.stories, "story"),
                count(done.answers, "answer"),
                count(done.topics, "topic"),
                count(done.mentions, "mention")
            ),
        })?;
        if done.handed_over > 0 {
            terminal.line(format!("{} with the same text kept by another group", count(done.handed_over, "answer")))?;
        }
        if !args.remote {
            terminal.hint(
                "backups, other copies and what the provider keeps are not touched; `--remote` deletes its files",
            );
        }
    }
    if deleted.unclear.is_empty() {
        return Ok(Exit::Done);
    }
    terminal.warn(format!("the provider did not say that it deleted {}", deleted.unclear.join(", ")));
    terminal.hint("`gleaner batch clean` tries them again");
    Ok(Exit::Incomplete)
}

/// Returns the files of batches that lie beside the database and hold stories or answers.
fn local_files(session: &Session<'_>, batches: &[BatchRow]) -> anyhow::Result<Vec<PathBuf>> {
    let folder = session.store.folder().join("batch_files");
    let stems: Vec<String> = batches.iter().map(|part| fetch::stem(session, part)).collect::<anyhow::Result<_>>()?;
    let mut found = vec![];
    let entries = match fs::read_dir(&folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(found),
        other => other.with_context(|| format!("cannot read the folder `{}`", folder.display()))?,
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        let is_of = |stem: &String| {
            name.strip_prefix(stem.as_str())
                .is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_digit()) && rest.contains(".json"))
        };
        if stems.iter().any(is_of) {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

/// Returns the imported batches that have files at the provider that is meant.
fn remote_of(context: &Context, session: &Session<'_>, batches: Vec<BatchRow>) -> anyhow::Result<Vec<BatchRow>> {
    let origin = session.store.read().origin_by_url(&context.origin()?)?;
    let is_meant = |part: &BatchRow| {
        part.state == BatchState::Imported
            && part.remote_deleted_at.is_none()
            && !ids(part).is_empty()
            && origin.as_ref().is_some_and(|origin| part.origin == Some(origin.key))
    };
    Ok(batches.into_iter().filter(is_meant).collect())
}

/// Overwrites a file with zeros and removes it.
fn overwrite(path: &Path) -> io::Result<()> {
    let mut file = File::options().write(true).open(path)?;
    let mut left = file.metadata()?.len();
    while left > 0 {
        let n = left.min(1 << 16);
        file.write_all(&[0; 1 << 16][..n as usize])?;
        left -= n;
    }
    file.sync_all()?;
    drop(file);
    fs::remove_file(path)
}
