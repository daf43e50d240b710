//! Asked once, paid once, nothing lost: the promise of the ledger, kept through crashes, cuts, refusals and odd answers.
#![expect(clippy::print_stderr, reason = "the case of a table that fails is the last one named")]

/// A whole run, from the first command to the last.
mod course;
/// The program is killed at each step of a submission, or its connection is cut.
mod crash;
/// Every way in which a batch can end, and how one is given up.
mod ends;
/// Every class of answer line, with its reason and in the account.
mod outcomes;
/// Evidence: claims that are believed, and those that stay uncertain.
mod evidence;
/// Files and counts that come late, too early, or not at all.
mod settle;
/// Copies of one database: on another machine, both at once, one that knows less.
mod copies;
/// Rehearsals beside real answers.
mod rehearsals;
/// Groups with the same text: asked once, answered together.
mod same_text;
/// What is asked again: what has changed, what was rehearsed, what is answered twice.
mod again;
/// Imports in every order, by hand and cut off; everything made anew from the ledger.
mod import;
/// What goes wrong between two machines: retries, limits on money, odd bodies, broken downloads.
mod http;
/// How a run is cut into parts, and what fits into none.
mod split;
/// The provider's queue: its limit is learned, what does not fit waits.
mod queue;
/// What it will cost, what it has cost, and what lies around at the provider.
mod cost;
/// The price before money is spent, and the question to a person.
#[cfg(unix)]
mod question;
/// The request that goes ahead of a large run.
mod ahead;
/// A plan that waits while something else is typed.
mod conflict;
/// Several processes with one database at the same time.
mod together;
/// Models that are shut down, and those that are gone.
mod lifetime;

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::harness::World;

/// Expects that so many batches were bought, and no request twice.
#[track_caller]
fn bought_once(world: &World, n_batches: usize, n_requests: usize) {
    let journal = world.journal();
    let accepted: Vec<_> = journal.batches.iter().filter(|batch| batch.accepted).collect();
    assert_eq!((accepted.len(), journal.asked.len()), (n_batches, n_requests), "{:#?}", journal.batches);
    assert_eq!(journal.asked_again(), Vec::<&str>::new());
    assert!(journal.billed.values().all(|times| *times == 1), "{:?}", journal.billed);
    assert_eq!(journal.accepted_by("gleaner_key").len(), n_batches, "each batch has a key of its own");
}

/// Expects that the ledger's account balances, with these numbers over all batches.
#[track_caller]
fn account(world: &World, expected: [i64; 4]) {
    let sql = "SELECT coalesce(sum(state = 'usable'), 0), coalesce(sum(state = 'unusable'), 0),
                      coalesce(sum(state IN ('failed', 'refused')), 0), coalesce(sum(state = 'missing'), 0)
               FROM requests WHERE state <> 'withdrawn'";
    let numbers: Vec<String> = expected.iter().map(i64::to_string).collect();
    assert_eq!(world.rows(sql), [numbers.join("|")], "usable, unusable, failed, missing");
    let pending = "SELECT count(*) FROM requests WHERE state IN ('planned', 'sent')";
    assert_eq!(world.count(pending), 0, "nothing is left open");
    let unbalanced = "SELECT count(*) FROM batches b WHERE state = 'imported' AND n_requests <>
                      (SELECT count(*) FROM requests WHERE batch_id = b.id AND state <> 'withdrawn')";
    assert_eq!(world.count(unbalanced), 0);
}

/// Returns the account that a command printed of its only batch, as sent, usable, unusable, failed, missing.
#[track_caller]
fn printed(value: &Value) -> [u64; 5] {
    let account = if value["account"].is_object() { &value["account"] } else { &value["batches"][0]["account"] };
    ["sent", "usable", "unusable", "failed", "missing"]
        .map(|name| account[name].as_u64().unwrap_or_else(|| panic!("no account: {value:#}")))
}

/// Copies the database, alone, to a folder of its own, as if to another machine.
fn copied(world: &World, name: &str) -> PathBuf {
    let folder = world.path(name);
    fs::create_dir(&folder).expect("the folder is writable");
    fs::copy(&world.db, folder.join("g.db")).expect("the folder is writable");
    folder.join("g.db")
}
