//! Files that a crash left beside the database, and request files that no run of it knows.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::model::RunId;
use crate::store::Read;
use crate::text::bounded;

/// The age at which a file that is being written was left behind: no upload or download stands still for an hour.
const LEFT_OVER: Duration = Duration::from_secs(60 * 60);

/// The size of a metadata file that is read; ours have a few kilobytes.
const METADATA_BYTES_MAX: u64 = 1 << 20;

/// Returns the temporary files in these folders that nobody writes any more.
pub(super) fn temporary(folders: &[PathBuf]) -> Vec<PathBuf> {
    // The clock of the file system, which may be another machine's.
    let Some(now) = tempfile::tempfile().and_then(|file| file.metadata()?.modified()).ok() else { return vec![] };
    let mut found: Vec<PathBuf> = files(folders).filter(|path| is_temporary(path) && is_older(path, now)).collect();
    found.sort();
    found
}

/// Contents of the file beside a request file.
#[derive(serde::Deserialize)]
struct Beside {
    run_id: String,
    gleaner_db: String,
    input_file: String,
}

/// Returns the request files of runs that this database made and does not know any more, as after an older copy of it
/// was put back. A neighbor's files in the same folder are its own business.
pub(super) fn orphans(read: Read<'_>, folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let db_id = read.db_id()?;
    let mut found = vec![];
    for path in files(&[folder.to_owned()]) {
        let is_metadata =
            path.file_name().and_then(|name| name.to_str()).is_some_and(|it| it.ends_with("_metadata.json"));
        if !is_metadata {
            continue;
        }
        let Ok(text) = fs::File::open(&path).and_then(|file| bounded::read(file, METADATA_BYTES_MAX)) else { continue };
        let Ok(beside) = serde_json::from_slice::<Beside>(&text) else { continue };
        if beside.gleaner_db == db_id && read.run(&RunId::new(beside.run_id))?.is_none() {
            // A file's name, not a path: it was read from a file that anybody can write.
            found.extend(Path::new(&beside.input_file).file_name().map(|name| folder.join(name)));
        }
    }
    found.sort();
    Ok(found)
}

fn files(folders: &[PathBuf]) -> impl Iterator<Item = PathBuf> {
    let entries = folders.iter().flat_map(|folder| fs::read_dir(folder).into_iter().flatten().flatten());
    entries.map(|entry| entry.path()).filter(|path| path.is_file())
}

fn is_temporary(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    (name.starts_with(".gleaner-") && name.ends_with(".tmp"))
        || (name.starts_with("knowledge_extraction_batch_") && name.ends_with(".part"))
}

fn is_older(path: &Path, now: SystemTime) -> bool {
    let modified = path.metadata().and_then(|metadata| metadata.modified());
    modified.is_ok_and(|at| now.duration_since(at).is_ok_and(|age| age >= LEFT_OVER))
}
