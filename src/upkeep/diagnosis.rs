//! A step that failed because the file is damaged or locked: where, by whom, and what to do.

use std::path::Path;

use rusqlite::ErrorCode;

use crate::error::{self, hinted};
use crate::session::lock_holders;
use crate::store::{self, Store};
use crate::text::{single_line, words};

/// Names the damaged tables in an error that damage can be the cause of, and the likely holder where the file was locked;
/// any other error comes back as it is.
pub fn explain(error: anyhow::Error, path: &Path) -> anyhow::Error {
    if store::is_locked(&error) {
        return locked(error, path);
    }
    if !may_be_damage(&error) {
        return error;
    }
    let Ok(store) = Store::open_as_it_is(path) else { return error };
    let mut damages = store.read().structural_damage(true);
    damages.extend(store.read().misfits());
    let mut tables: Vec<String> = damages.into_iter().map(|damage| single_line(&damage.table)).collect();
    tables.dedup();
    if tables.is_empty() {
        return error;
    }
    let what = format!("the database `{}` is damaged, in {}", path.display(), words::list(&tables, "and"));
    let mend = "`gleaner check` says what is damaged, and `gleaner check --repair` mends what can be mended";
    hinted(hinted(error.context(what), mend), "a backup made with `gleaner backup` is copied to its place")
}

fn locked(error: anyhow::Error, path: &Path) -> anyhow::Error {
    let holders: Vec<String> = lock_holders(path).iter().map(ToString::to_string).collect();
    let by = match holders.is_empty() {
        true => "another program".to_owned(),
        false => format!("another gleaner ({})", words::list(&holders, "or")),
    };
    let error = error.context(format!("the database `{}` is locked, probably by {by}", path.display()));
    let close = "close what has it open (another gleaner, Datasette, a database browser), or wait until it is done";
    hinted(hinted(error, close), "nothing of the step that failed was kept; the same command goes on from there")
}

/// Returns whether the file, and not the program or the disk, may be what is wrong.
fn may_be_damage(error: &anyhow::Error) -> bool {
    match error::find::<rusqlite::Error>(error) {
        Some(rusqlite::Error::SqliteFailure(failure, _)) => failure.code == ErrorCode::DatabaseCorrupt,
        Some(
            rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::Utf8Error(..),
        ) => true,
        _ => false,
    }
}
