//! Files of answers into batches: laid ready first, then written in one transaction.

use std::borrow::Cow;
use std::path::PathBuf;

use anyhow::Context as _;

use crate::batch::part;
use crate::batch::prompts::{Prompts, configured};
use crate::import::answers::{self, Files, ImportReport};
use crate::import::copies;
use crate::import::prepared::Prepared;
use crate::interrupt;
use crate::linking;
use crate::model::BatchKey;
use crate::request::{Price, Prices};
use crate::session::Session;
use crate::store::{BatchState, Claim, HowUndone, Pages, Read, RequestState};

/// Number of times that answers are prepared while others change what they depend on, before that is made impossible.
const TRIES_OUTSIDE: u32 = 2;

/// Files to import into batches.
#[derive(Clone, Debug)]
pub struct Import {
    /// The batches they answer: one, or all parts of a run whose answers came in one file.
    pub batches: Vec<BatchKey>,
    /// Output and error files, in any order.
    pub files: Vec<PathBuf>,
    /// State of a request that is in none of them, and why. `None`: nobody knows.
    pub rest: Option<(RequestState, &'static str)>,
    /// True where these are all files that the provider gives: what is in none of them is uncertain then.
    pub is_all: bool,
    /// Count, but write nothing.
    pub dry_run: bool,
}

/// Imports files into batches, in one transaction. They are read and linked before it begins, so that others wait only
/// while it writes.
pub fn import(session: &mut Session<'_>, import: &Import, prices: &Prices) -> anyhow::Result<ImportReport> {
    session.store.keep_pages(Pages::Ordered)?;
    let report = import_files(session, import, prices);
    if report.is_ok() && !import.dry_run {
        // Its pages are at hand now; what cannot be counted here is counted by who asks for it.
        let _ = count_all(session);
    }
    session.store.keep_pages(Pages::Usual)?;
    report
}

/// Counts what changed, so that `progress` after answers to all groups is as fast as ever.
fn count_all(session: &mut Session<'_>) -> anyhow::Result<()> {
    let prompts = Prompts::of(&session.store, &configured(session.config)?)?;
    let current = prompts.current(session.store.read())?.all();
    session.store.count_ahead(&current)
}

fn import_files(session: &mut Session<'_>, import: &Import, prices: &Prices) -> anyhow::Result<ImportReport> {
    let mut files = Files::open(&import.files, session.store.folder())?;
    let now = session.config.now_text();
    let prices = &*prices_of(session.store.read(), &import.batches, prices)?;
    let terminal = session.terminal;
    // A dry run may not pack the index of names; it sees it packed inside of the transaction that it drops.
    let mut n_tries = match linking::is_refreshed_for_many(session.store.read())? {
        true => TRIES_OUTSIDE,
        false if import.dry_run => 0,
        false => {
            let tx = session.store.write()?;
            linking::refresh_for_many(&tx)?;
            tx.commit()?;
            TRIES_OUTSIDE
        }
    };
    let (mut report, tx, n_before) = loop {
        let version = session.store.read().data_version()?;
        let prepared = match n_tries {
            0 => {
                // Its decisions are dated and its removals noted by triggers, which the import does without.
                if !import.dry_run && !linking::is_refreshed_for_many(session.store.read())? {
                    let tx = session.store.write()?;
                    linking::refresh_for_many(&tx)?;
                    tx.commit()?;
                }
                None
            }
            _ => match Prepared::outside(&session.store, terminal, &import.batches, &mut files, prices) {
                Ok(prepared) => Some(prepared),
                // Somebody wrote meanwhile, and what was read no longer fitted together.
                Err(_) if session.store.read().data_version()? != version && !interrupt::requested() => {
                    n_tries -= 1;
                    continue;
                }
                Err(error) => return Err(error),
            },
        };
        let tx = session.store.write_many()?;
        let prepared = match prepared {
            Some(prepared) if prepared.still_holds(tx.read())? => prepared,
            Some(_) => {
                n_tries -= 1;
                continue;
            }
            None => {
                linking::refresh_for_many(&tx)?;
                Prepared::inside(tx.read(), terminal, &import.batches, &mut files, prices)?
            }
        };
        let n_before = n_answered(tx.read(), &import.batches)?;
        break (prepared.write(&tx)?, tx, n_before);
    };
    for &batch in &import.batches {
        part::imported(&tx, batch, import.rest, report.duplicate, &now)?;
        let row = tx.read().batch(batch)?;
        if import.is_all && matches!(row.state, BatchState::Ended | BatchState::Uncertain) {
            part::doubt(&tx, batch, Claim::Answers, true, &now)?;
        }
    }
    answers::make_up(tx.read(), &import.batches, &mut report)?;
    // Copies that were loaded since take earlier answers too.
    report.copies_answered = copies::share(&tx)?.groups;
    // The same files read a second time change nothing.
    let n_new = n_answered(tx.read(), &import.batches)?.saturating_sub(n_before);
    if n_new > 0 {
        let names = names_of(tx.read(), &import.batches)?;
        tx.note_change("import", &names, HowUndone::None, &[("answers", n_new)], &now)?;
    }
    if !import.dry_run {
        tx.commit()?;
        session.store.optimize();
    }
    Ok(report)
}

/// Returns how many requests of these batches something came back for.
fn n_answered(read: Read<'_>, batches: &[BatchKey]) -> anyhow::Result<u64> {
    let accounts = batches.iter().map(|&batch| read.account(batch));
    let all: Vec<_> = accounts.collect::<Result<_, _>>()?;
    Ok(all.iter().map(|account| account.usable + account.unusable + account.failed).sum())
}

/// Returns what `history` calls these batches.
fn names_of(read: Read<'_>, batches: &[BatchKey]) -> anyhow::Result<String> {
    let rows: Vec<_> = batches.iter().map(|&batch| read.batch(batch)).collect::<Result<_, _>>()?;
    let names = rows.into_iter().map(|row| row.batch_id.map_or(row.run.to_string(), |id| id.to_string()));
    Ok(names.collect::<Vec<_>>().join(", "))
}

/// Returns the prices that count for batches of one run: what was typed now, else what was typed when the run was made,
/// else the table's.
fn prices_of<'p>(read: Read<'_>, batches: &[BatchKey], prices: &'p Prices) -> anyhow::Result<Cow<'p, Prices>> {
    let Some(&batch) = batches.first().filter(|_| !prices.is_fixed()) else { return Ok(Cow::Borrowed(prices)) };
    let typed = read.run(&read.batch(batch)?.run)?.and_then(|run| run.price);
    Ok(match typed {
        Some(typed) => {
            Cow::Owned(prices.clone().fixed(Price::parse(&typed).context("the price of the run is broken")?))
        }
        None => Cow::Borrowed(prices),
    })
}
