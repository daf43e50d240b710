//! Files of answers into batches: laid ready first, then written in one transaction.

use std::borrow::Cow;
use std::path::PathBuf;

use anyhow::Context as _;

use crate::batch::part;
use crate::import::answers::{self, Files, ImportReport};
use crate::import::prepared::Prepared;
use crate::linking;
use crate::model::BatchKey;
use crate::request::{Price, Prices};
use crate::session::Session;
use crate::store::{BatchState, Claim, Read, RequestState};

/// How often answers are prepared while others change what they depend on, before that is made impossible.
const TRIES_OUTSIDE: u32 = 2;

/// Files to import into batches.
#[derive(Clone, Debug)]
pub struct Import {
    /// The batches they answer: one, or all parts of a run whose answers came in one file.
    pub batches: Vec<BatchKey>,
    /// Output and error files, in any order.
    pub files: Vec<PathBuf>,
    /// What becomes of a request that is in none of them, and why. `None`: nobody knows.
    pub rest: Option<(RequestState, &'static str)>,
    /// Whether these are all files that the provider gives: what is in none of them is uncertain then.
    pub is_all: bool,
    /// Count, but write nothing.
    pub dry_run: bool,
}

/// Imports files into batches, in one transaction. They are read and linked before it begins, so that others wait only
/// while it writes.
pub fn import(session: &mut Session<'_>, import: &Import, prices: &Prices) -> anyhow::Result<ImportReport> {
    let mut files = Files::open(&import.files, session.store.folder())?;
    let now = session.config.now_text();
    let prices = &*prices_of(session.store.read(), &import.batches, prices)?;
    let terminal = session.terminal;
    // A dry run may not pack the index of names; it sees it packed inside of the transaction that it drops.
    let mut n_tries = match linking::is_refreshed(session.store.read())? {
        true => TRIES_OUTSIDE,
        false if import.dry_run => 0,
        false => {
            let tx = session.store.write()?;
            linking::refresh(&tx)?;
            tx.commit()?;
            TRIES_OUTSIDE
        }
    };
    let (mut report, tx) = loop {
        let prepared = match n_tries {
            0 => None,
            _ => Some(Prepared::outside(&session.store, terminal, &import.batches, &mut files, prices)?),
        };
        let tx = session.store.write_many()?;
        let prepared = match prepared {
            Some(prepared) if prepared.still_holds(tx.read())? => prepared,
            Some(_) => {
                n_tries -= 1;
                continue;
            }
            None => {
                linking::refresh(&tx)?;
                Prepared::inside(tx.read(), terminal, &import.batches, &mut files, prices)?
            }
        };
        break (prepared.write(&tx)?, tx);
    };
    for &batch in &import.batches {
        part::imported(&tx, batch, import.rest, report.duplicate, &now)?;
        let row = tx.read().batch(batch)?;
        if import.is_all && matches!(row.state, BatchState::Ended | BatchState::Uncertain) {
            part::doubt(&tx, batch, Claim::Answers, true, &now)?;
        }
    }
    answers::make_up(tx.read(), &import.batches, &mut report)?;
    if !import.dry_run {
        tx.commit()?;
        session.store.optimize();
    }
    Ok(report)
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
