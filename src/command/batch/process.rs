//! `gleaner batch process`

use std::collections::BTreeSet;
use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;

use anyhow::{Context as _, anyhow};
use serde_json::json;

use super::super::{Context, input};
use super::describe;
use crate::answer::Line;
use crate::batch::batch_or_run::{self, BatchOrRun};
use crate::batch::collect::{self, Collected};
use crate::batch::file_import::{self, Import};
use crate::batch::look::{self, Looked};
use crate::batch::patience;
use crate::batch::remote_import;
use crate::batch::uncertain;
use crate::cli::batch::ProcessArgs;
use crate::error::{Exit, Explain as _, cannot_open, hinted, usage};
use crate::import::answers::{ImportReport, LINE_BYTES_MAX};
use crate::model::BatchKey;
use crate::provider::Client;
use crate::request::{Prices, parse_custom_id};
use crate::session::Session;
use crate::store::{BatchRow, BatchState, Claim, Read};
use crate::terminal::words::{count, number};
use crate::text::lines::Lines;

/// Runs the command.
pub(in crate::command) fn process(args: &ProcessArgs, context: &Context) -> anyhow::Result<Exit> {
    let mut session = context.session()?;
    let target = args.id.as_deref().map(|id| known(args, context, &mut session, id)).transpose()?;
    let prices = context.prices(None)?;
    let (mut n_lost, mut client) = (0, None);
    let collected = if args.file.is_empty() {
        remote(args, context, &mut session, target.as_ref(), &prices, (&mut n_lost, &mut client))?
    } else {
        let files = input::spool(&args.file)?;
        let batches = match &target {
            Some(target) => named(session.store.read(), target)?,
            None => guess(session.store.read(), &files.paths)?,
        };
        if let ([batch], None) = (&batches[..], &target) {
            let part = session.store.read().batch(*batch)?;
            if part.state == BatchState::Imported {
                let name = batch_or_run::name(&part);
                context.terminal.status(format!("these files answer `{name}`, which was imported already"));
            }
        }
        let import = Import { batches, files: files.paths.clone(), rest: None, is_all: false, dry_run: args.dry_run };
        let report = file_import::import(&mut session, &import, &prices)?;
        let read = session.store.read();
        if let [batch] = import.batches[..] {
            vec![Collected { part: read.batch(batch)?, report, is_new: true, is_settling: false }]
        } else {
            return tell_run(args, context, &session, &import, &report);
        }
    };
    let exit = tell(args, context, &session, target.as_ref(), &collected)?;
    let exit = if n_lost > 0 { Exit::Incomplete } else { exit };
    super::say_uncertain(context, &session, client.as_ref(), exit)
}

/// Finds what a person means by an id. A batch that only the provider knows is taken over from there.
fn known(args: &ProcessArgs, context: &Context, session: &mut Session<'_>, id: &str) -> anyhow::Result<BatchOrRun> {
    let unknown = match BatchOrRun::find(session.store.read(), id) {
        Ok(target) => return Ok(target),
        Err(error) => error,
    };
    if !args.file.is_empty() || args.dry_run || id.starts_with("run-") {
        return Err(unknown);
    }
    let Ok(client) = context.client() else { return Err(unknown) };
    match remote_import::take_over(session, &client, id)? {
        Some(key) => Ok(BatchOrRun::Batch(key)),
        None => Err(unknown),
    }
}

/// Looks at the batches that are meant, downloads and imports those that have ended; counts those that the provider
/// does not know or hand out any more.
fn remote(
    args: &ProcessArgs,
    context: &Context,
    session: &mut Session<'_>,
    target: Option<&BatchOrRun>,
    prices: &Prices,
    (n_lost, talked_to): (&mut u64, &mut Option<Client>),
) -> anyhow::Result<Vec<Collected>> {
    let meant = |read: Read<'_>| match target {
        Some(target) => target.batches(read),
        None => read.pending_batches(),
    };
    let batches = meant(session.store.read())?;
    if batches.iter().all(|part| part.batch_id.is_none() && part.state != BatchState::Creating) {
        return Ok(vec![]);
    }
    let client = context.client()?;
    if !args.dry_run {
        uncertain::adopt(session, &client, prices)?;
    }
    for part in batches.iter().filter(|part| is_looked_at(part, target.is_some())) {
        match look::look(session, &client, part.key)? {
            Looked::Known | Looked::Uncertain => {}
            Looked::Gone => *n_lost += 1,
            Looked::Elsewhere => context.terminal.warn(look::elsewhere(session, part)?),
        }
    }
    let has_ended = |part: &BatchRow| {
        let is_again = target.is_some() && part.state == BatchState::Imported && part.batch_id.is_some();
        part.state == BatchState::Ended || part.claim == Some(Claim::Answers) || is_again
    };
    let ended: Vec<BatchKey> =
        meant(session.store.read())?.iter().filter(|part| has_ended(part)).map(|p| p.key).collect();
    let mut collected = vec![];
    collect::collect_all(session, &client, ended.clone(), prices, args.dry_run, |session, key, outcome| {
        match outcome {
            Ok(done) if done.part.state == BatchState::Open => {}
            Ok(done) => collected.push(done),
            // The others can be imported all the same.
            Err(error) if !matches!(target, Some(BatchOrRun::Batch(_))) && patience::is_about_one(&error) => {
                let name = batch_or_run::name(&session.store.read().batch(key)?);
                context.terminal.warn(format!("{name}: {error:#}"));
                *n_lost += 1;
            }
            Err(error) => return Err(error),
        }
        Ok(())
    })?;
    // In their order, whichever was whole first.
    collected.sort_by_key(|done| ended.iter().position(|key| *key == done.part.key));
    *talked_to = Some(client);
    Ok(collected)
}

/// Returns whether a batch is looked at: one that may still change, and by its name also one that was said to be gone.
fn is_looked_at(part: &BatchRow, is_named: bool) -> bool {
    matches!(part.state, BatchState::Open | BatchState::Uncertain) || (is_named && part.state == BatchState::Gone)
}

fn tell(
    args: &ProcessArgs,
    context: &Context,
    session: &Session<'_>,
    target: Option<&BatchOrRun>,
    collected: &[Collected],
) -> anyhow::Result<Exit> {
    let read = session.store.read();
    if let ([], Some(BatchOrRun::Batch(key))) = (collected, target) {
        let row = read.batch(*key)?;
        if row.state == BatchState::Uncertain {
            if context.terminal.is_json() {
                context.terminal.json(&describe::json_of(read, &row)?)?;
            } else {
                context.terminal.advise(format!("{}  {}", batch_or_run::name(&row), describe::headline(&row)))?;
            }
            return Ok(Exit::Incomplete);
        }
        return Err(not_finished(&row));
    }
    let mut values = vec![];
    for done in collected {
        if context.terminal.is_json() {
            values.push(describe::json_of_import(read, &done.part, &done.report)?);
        } else {
            describe::show_import(context, read, &done.name(), &done.part, &done.report)?;
        }
    }
    if context.terminal.is_json() {
        match &values[..] {
            [one] if target.is_some() || !args.file.is_empty() => context.terminal.json(one)?,
            _ => context.terminal.json(&json!({ "batches": values }))?,
        }
    } else if collected.is_empty() {
        let open = read.pending_batches()?;
        if open.is_empty() {
            context.terminal.line("nothing to import: no batch is open")?;
        } else {
            context.terminal.line(format!("nothing is ready: {} open", count(open.len() as u64, "batch")))?;
            context.terminal.hint("`gleaner batch wait` waits and imports");
        }
    }
    if args.dry_run && !collected.is_empty() {
        context.terminal.hint("nothing was written; leave `--dry-run` out to import");
    }
    let is_complete = collected.iter().all(|done| {
        done.part.state == BatchState::Replaced || (done.report.account.is_all_usable() && done.report.foreign == 0)
    });
    Ok(if is_complete { Exit::Done } else { Exit::Incomplete })
}

fn not_finished(part: &BatchRow) -> anyhow::Error {
    let name = batch_or_run::name(part);
    let progress = match part.counts {
        Some((total, completed, failed)) if total > 0 => {
            format!(", {} of {}", number(completed + failed), count(total, "request"))
        }
        _ => String::new(),
    };
    let status = part.status.as_deref().unwrap_or(part.state.as_str());
    let error = match part.state {
        BatchState::Open => anyhow!("batch `{name}` is not finished (status: {status}{progress})"),
        _ => anyhow!("batch `{name}` has nothing to import: {}", describe::headline(part)),
    };
    hinted(
        error,
        format!("run `gleaner batch status {name}` to follow it, or `gleaner batch cancel {name}` to stop it"),
    )
}

/// Returns the batches that files may answer, among those that are named: all parts of a run share a name.
fn named(read: Read<'_>, target: &BatchOrRun) -> anyhow::Result<Vec<BatchKey>> {
    let batches = target.batches(read)?;
    let all = batches.iter().map(|batch| batch.key).collect();
    let live: Vec<BatchKey> = batches
        .iter()
        .filter(|batch| !matches!(batch.state, BatchState::Replaced | BatchState::Withdrawn))
        .map(|batch| batch.key)
        .collect();
    Ok(if live.is_empty() { all } else { live })
}

/// Says what files by hand brought for all parts of a run.
fn tell_run(
    args: &ProcessArgs,
    context: &Context,
    session: &Session<'_>,
    import: &Import,
    report: &ImportReport,
) -> anyhow::Result<Exit> {
    let read = session.store.read();
    let batches: Vec<BatchRow> = import.batches.iter().map(|key| read.batch(*key)).collect::<anyhow::Result<_>>()?;
    let Some(first) = batches.first() else { return Ok(Exit::Done) };
    if context.terminal.is_json() {
        let mut value = serde_json::to_value(report)?;
        value["run_id"] = json!(first.run);
        value["batches"] = batches.iter().map(|part| describe::json_of(read, part)).collect::<anyhow::Result<_>>()?;
        context.terminal.json(&value)?;
    } else {
        describe::show_import(context, read, first.run.as_str(), first, report)?;
    }
    if args.dry_run {
        context.terminal.hint("nothing was written; leave `--dry-run` out to import");
    }
    Ok(if report.account.is_all_usable() && report.foreign == 0 { Exit::Done } else { Exit::Incomplete })
}

/// Returns the only open batch that holds all the ids of the files, else all batches of the only run that does, else the
/// only imported batch that does: files that were imported already change nothing, and are no mistake.
fn guess(read: Read<'_>, files: &[PathBuf]) -> anyhow::Result<Vec<BatchKey>> {
    let ids = ids_in(files)?;
    if ids.is_empty() {
        return Err(usage("there is no answer in these files"))
            .hint("a batch's output has a line of JSON for each request, which names its `custom_id`");
    }
    let pending = read.pending_batches()?;
    let batches: Vec<Vec<BatchKey>> = pending.iter().map(|part| vec![part.key]).collect();
    if let Some(batch) = holding(read, batches, &ids)? {
        return Ok(batch);
    }
    let mut runs: Vec<&BatchRow> = pending.iter().collect();
    runs.sort_by(|one, other| one.run.as_str().cmp(other.run.as_str()));
    runs.dedup_by(|one, other| one.run == other.run);
    let of_run = |first: &&BatchRow| pending.iter().filter(|part| part.run == first.run).map(|part| part.key).collect();
    if let Some(run) = holding(read, runs.iter().map(of_run).collect(), &ids)? {
        return Ok(run);
    }
    let imported = read.batches_in(BatchState::Imported)?;
    if let Some(batch) = holding(read, imported.iter().map(|part| vec![part.key]).collect(), &ids)? {
        return Ok(batch);
    }
    Err(usage("which batch these files answer is not clear: no single open batch or run holds all their ids"))
        .hint("name it: `gleaner batch process BATCH --file FILE`; `gleaner batch list` shows them")
}

/// Returns the custom_ids of files, each once.
fn ids_in(files: &[PathBuf]) -> anyhow::Result<BTreeSet<String>> {
    let mut ids = BTreeSet::new();
    for path in files {
        let file = File::open(path).map_err(|error| cannot_open(path, error))?;
        let mut lines = Lines::new(BufReader::new(file), LINE_BYTES_MAX);
        while let Some(line) = lines.next().with_context(|| format!("cannot read `{}`", path.display()))? {
            if let Ok(line) = Line::open(line.bytes) {
                ids.insert(line.custom_id.into_owned());
            }
        }
    }
    Ok(ids)
}

/// Returns the only one of these sets of batches that holds all the ids.
fn holding(read: Read<'_>, sets: Vec<Vec<BatchKey>>, ids: &BTreeSet<String>) -> anyhow::Result<Option<Vec<BatchKey>>> {
    if ids.is_empty() {
        return Ok(None);
    }
    let mut holding = vec![];
    'sets: for batches in sets {
        for id in ids {
            let Some((kind, wire)) = parse_custom_id(id) else { continue 'sets };
            let Some(group) = read.group_key_on_wire(wire)? else { continue 'sets };
            let mut is_held = false;
            for batch in &batches {
                is_held |= read.request_in_batch(*batch, group, kind)?.is_some();
            }
            if !is_held {
                continue 'sets;
            }
        }
        holding.push(batches);
    }
    Ok(if holding.len() == 1 { holding.pop() } else { None })
}
