//! Copies of the database, verified before they get their name.

use std::io;
use std::path::Path;

use anyhow::{Context as _, anyhow};

use super::check::{self, Finding};
use crate::error::{Explain as _, usage};
use crate::store::Store;
use crate::text::whole_file::WholeFile;

/// A copy that was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copied {
    /// Its size.
    pub bytes: u64,
    /// Groups, entities of the catalog and kept answers in it.
    pub sizes: [u64; 3],
}

/// Copies the database to `path`, where nothing may stand but an earlier backup of it. The copy is of one moment, also
/// while another gleaner writes, and has no free pages; it gets its name when it was read whole and found sound.
pub fn backup(store: &Store, path: &Path) -> anyhow::Result<Copied> {
    may_stand_at(store, path)?;
    let file = WholeFile::create(path)?;
    store.read().copy_to(file.temporary_path()).with_context(|| format!("cannot write `{}`", path.display()))?;
    let (findings, sizes) = verify(file.temporary_path())?;
    if let Some(finding) = findings.iter().find(|finding| finding.area != check::Area::Schema) {
        return Err(anyhow!("{}", finding.what))
            .context("the copy is not sound, so it was not kept")
            .hint("`gleaner check` says what is wrong with the database");
    }
    file.finish()?;
    let bytes = path.metadata().map(|metadata| metadata.len()).unwrap_or_default();
    Ok(Copied { bytes, sizes })
}

/// Reads a copy whole, and returns what is wrong with it and how much is in it.
pub fn verify(path: &Path) -> anyhow::Result<(Vec<Finding>, [u64; 3])> {
    let copy = Store::open_copy(path)?;
    copy.check_owner().with_context(|| format!("`{}` is no backup", path.display()))?;
    let findings = check::of_file(copy.read());
    let sizes = match copy.read().sizes() {
        Ok(sizes) => sizes,
        Err(_) if !findings.is_empty() => [0; 3],
        Err(error) => return Err(error),
    };
    Ok((findings, sizes))
}

/// Refuses to write over anything but an earlier backup of the same database.
fn may_stand_at(store: &Store, path: &Path) -> anyhow::Result<()> {
    match path.metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error).with_context(|| format!("cannot write `{}`", path.display())),
        Ok(metadata) if metadata.is_dir() => return Err(usage(format!("`{}` is a folder", path.display()))),
        Ok(_) => {}
    }
    let name = path.display();
    if same_file(store.path(), path) {
        return Err(usage(format!("`{name}` is the database itself"))).hint("name another file");
    }
    let there = Store::open_copy(path).and_then(|copy| copy.read().db_id());
    match there {
        Ok(id) if id == store.read().db_id()? => Ok(()),
        Ok(_) => Err(usage(format!("`{name}` is another database"))).hint("name another file, or move that one away"),
        Err(_) => Err(usage(format!("`{name}` is there and no backup of this database"))).hint("name another file"),
    }
}

fn same_file(one: &Path, other: &Path) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}
