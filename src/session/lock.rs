//! Locks between processes on one machine: of the right to spend with a database, and of collecting a batch.
//!
//! They belong to the database and not to its folder: a symbolic link to it is the same database, a neighbour is
//! another one. A lock is a small file beside the database that says who holds it; the system lets go of it when the
//! process ends, however it ends.

use std::fmt;
use std::fs::{self, File, TryLockError};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::text::private;

/// A lock that is held until it is dropped.
#[derive(Debug)]
pub struct Lock {
    #[expect(dead_code, reason = "held, and let go when dropped")]
    file: File,
    /// The file goes with the lock; `None`: it stays.
    passing: Option<PathBuf>,
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Removed while it is held: whoever waits for it finds that its file has no name any more, and begins anew.
        if let Some(path) = &self.passing {
            let _ = fs::remove_file(path);
        }
    }
}

/// Holder of a lock, as far as that can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder(Option<String>);

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(text) => f.write_str(text),
            None => f.write_str("another process"),
        }
    }
}

/// Outcome of one try to take a lock.
#[derive(Debug)]
pub enum Tried {
    /// It is held now.
    Taken(Lock),
    /// Another process holds it.
    Held(Holder),
}

/// Returns who holds a lock of a database now.
pub fn holders(database: &Path) -> Vec<Holder> {
    let (folder, prefix) = place(database);
    let mut holders = vec![];
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let is_lock = name.to_str().is_some_and(|name| name.starts_with(&prefix) && name.ends_with(".lock"));
        let file = is_lock.then(|| File::open(entry.path()).ok()).flatten();
        if let Some(mut file) = file
            && matches!(file.try_lock(), Err(TryLockError::WouldBlock))
        {
            holders.push(read_holder(&mut file));
        }
    }
    holders.dedup();
    holders
}

/// Returns the folder of a database's locks, and how their names begin.
fn place(database: &Path) -> (PathBuf, String) {
    // A database in memory has no path, and nobody to share it with.
    let database = database.canonicalize().unwrap_or_else(|_| database.to_owned());
    let name = database.file_name().unwrap_or_default().to_string_lossy();
    (database.with_file_name("batch_files"), format!(".{name}."))
}

/// Tries to take the lock `name` of a database; `now` is what others are told. The file of a `passing` lock is removed
/// with it.
pub(super) fn try_take(database: &Path, name: &str, passing: bool, now: &str) -> anyhow::Result<Tried> {
    let (folder, prefix) = place(database);
    private::create_folder(&folder).with_context(|| format!("cannot make the folder `{}`", folder.display()))?;
    let path = folder.join(format!("{prefix}{name}.lock"));
    loop {
        let mut file = private::file_options()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path)
            .with_context(|| format!("cannot open `{}`", path.display()))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(Tried::Held(read_holder(&mut file))),
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("cannot lock `{}`", path.display()));
            }
        }
        if !is_at(&file, &path) {
            continue;
        }
        // Who it is only helps people; a full disk is no reason not to go on.
        let _ = file.set_len(0).and_then(|()| write!(file, "process {}, since {now}", std::process::id()));
        return Ok(Tried::Taken(Lock { file, passing: (passing && cfg!(unix)).then_some(path) }));
    }
}

fn read_holder(file: &mut File) -> Holder {
    let mut text = String::new();
    let read = file.seek(SeekFrom::Start(0)).and_then(|_| file.take(200).read_to_string(&mut text));
    let is_plain = read.is_ok() && !text.is_empty() && !text.chars().any(char::is_control);
    Holder(is_plain.then_some(text))
}

/// Returns whether a file still has its name: the one who held it before may have removed it.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let id = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
    file.metadata().is_ok_and(|held| fs::metadata(path).is_ok_and(|named| id(held) == id(named)))
}

#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-01-01T00:00:00Z";

    fn is_free(database: &Path, name: &str) -> bool {
        matches!(try_take(database, name, true, NOW).unwrap(), Tried::Taken(_))
    }

    #[test]
    fn a_lock_is_of_one_database_and_names_its_holder() {
        let folder = tempfile::tempdir().unwrap();
        let [one, other] = ["a.db", "b.db"].map(|name| folder.path().join(name));
        fs::write(&one, "").unwrap();
        fs::write(&other, "").unwrap();
        let Tried::Taken(held) = try_take(&one, "spending", false, NOW).unwrap() else { panic!("nobody has it") };
        match try_take(&one, "spending", false, NOW).unwrap() {
            Tried::Held(holder) => {
                assert_eq!(holder.to_string(), format!("process {}, since {NOW}", std::process::id()));
            }
            Tried::Taken(_) => panic!("it is held"),
        }
        assert_eq!(holders(&one).len(), 1);
        assert!(is_free(&other, "spending"), "a neighbour is another database");
        assert!(is_free(&one, "batch-1"));
        #[cfg(unix)]
        {
            let elsewhere = tempfile::tempdir().unwrap();
            let link = elsewhere.path().join("link.db");
            std::os::unix::fs::symlink(&one, &link).unwrap();
            assert!(!is_free(&link, "spending"), "a link is the same database");
        }
        drop(held);
        assert!(is_free(&one, "spending"));
        assert_eq!(holders(&one), []);
    }

    #[test]
    #[cfg(unix)]
    fn a_passing_lock_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("a.db");
        fs::write(&database, "").unwrap();
        assert!(is_free(&database, "batch-1"));
        assert_eq!(fs::read_dir(folder.path().join("batch_files")).unwrap().count(), 0);
    }
}
