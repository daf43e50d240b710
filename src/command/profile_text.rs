//! Text of a profile: found by what was typed, and written.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use anyhow::Context as _;

use crate::command::{Context, input};
use crate::error::{Explain as _, not_found};
use crate::profile::Profile;
use crate::store::Store;
use crate::store::active_profile;
use crate::terminal::words;
use crate::text::nearest;

/// Returns the text of the profile that is meant: the active one, a file, one that is built in, or one kept here.
pub(super) fn find(named: Option<&str>, context: &Context) -> anyhow::Result<String> {
    let store = open_if_there(context)?;
    let Some(named) = named else {
        return match &store {
            Some(store) => active_profile::active_text(store.read()),
            None => Ok(Profile::builtin(Profile::DEFAULT).unwrap_or_default().to_owned()),
        };
    };
    let path = Path::new(named);
    if named.ends_with(".toml") || path.components().count() > 1 {
        return read(path);
    }
    if let Some(text) = Profile::builtin(named) {
        return Ok(text.to_owned());
    }
    let kept = store.as_ref().map_or(Ok(vec![]), |store| store.read().profiles())?;
    if let Some(stored) = kept.iter().rev().find(|stored| stored.name == named) {
        return Ok(stored.text.clone());
    }
    let mut names: Vec<&str> = Profile::names().collect();
    names.extend(kept.iter().map(|stored| stored.name.as_str()).filter(|name| Profile::builtin(name).is_none()));
    Err(not_found(format!("there is no profile `{named}`"))).hint(match nearest(named, &names) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("there are {}; a file's name ends in `.toml`", words::list(&names, "and")),
    })
}

fn read(path: &Path) -> anyhow::Result<String> {
    let context = || format!("cannot read `{}`", path.display());
    input::text(path, input::PROFILE_BYTES_MAX).with_context(context)
}

/// Opens the database, if there is one.
pub(super) fn open_if_there(context: &Context) -> anyhow::Result<Option<Store>> {
    if context.db_path()?.exists() { context.open().map(Some) } else { Ok(None) }
}

/// Writes a profile's text to stdout, or to a file that is not there yet.
pub(super) fn write(text: &str, path: Option<&Path>, context: &Context) -> anyhow::Result<()> {
    let Some(path) = path else {
        return context.terminal.raw(|out| Ok(out.write_all(text.as_bytes())?));
    };
    let cannot = || format!("cannot write `{}`", path.display());
    let file = fs::OpenOptions::new().write(true).create_new(true).open(path);
    let is_there = file.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::AlreadyExists);
    let mut file = match file.with_context(cannot) {
        Err(error) if is_there => return Err(error).hint("name another file: none is written over"),
        other => other?,
    };
    file.write_all(text.as_bytes()).with_context(cannot)?;
    context.terminal.status(format!("wrote `{}`", path.display()));
    Ok(())
}
