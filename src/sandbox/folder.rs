//! The folder of a sandbox's files, locked as long as the sandbox runs: one that nobody holds was left by a killed one.

use std::fs::{self, File};
use std::io;
use std::path::Path;

/// Prefix of the folders of all sandboxes.
const PREFIX: &str = "gleaner-sandbox-";

/// The file in it that is locked.
const LOCK: &str = "lock";

/// A folder that goes when the sandbox does.
pub(super) struct Folder {
    // Before the folder: Windows removes no file that is open.
    _lock: File,
    folder: tempfile::TempDir,
}

impl Folder {
    pub(super) fn make() -> io::Result<Folder> {
        loop {
            let folder = tempfile::Builder::new().prefix(PREFIX).tempdir()?;
            let lock = File::create(folder.path().join(LOCK))?;
            lock.lock()?;
            // Before it was locked, another that starts just now may have taken it for one that was left.
            if folder.path().join(LOCK).exists() {
                return Ok(Folder { _lock: lock, folder });
            }
        }
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// Removes folders that killed sandboxes left; what cannot be removed is left to the next start.
pub(super) fn sweep() {
    for entry in fs::read_dir(std::env::temp_dir()).into_iter().flatten().flatten() {
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if !is_folder || !entry.file_name().to_string_lossy().starts_with(PREFIX) {
            continue;
        }
        // One without a lock is being made just now.
        let Ok(lock) = File::open(entry.path().join(LOCK)) else { continue };
        if lock.try_lock().is_ok() {
            // Held to the end, so that one in the making waits and sees that it is gone.
            let is_gone = fs::remove_dir_all(entry.path()).is_ok();
            drop(lock);
            if !is_gone {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }
}
