//! Files that appear whole or not at all: written under another name beside their place, synced, then renamed.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::Context as _;
use tempfile::NamedTempFile;

/// The beginning and the end of a name that a file has while it is written; what is left under such a name is swept.
const PREFIX: &str = ".gleaner-";
const SUFFIX: &str = ".tmp";

/// The age at which a file under such a name was left behind by a crash: no writing takes a day.
const LEFT_OVER: Duration = Duration::from_secs(24 * 60 * 60);

/// A file that is being written and has no place yet. Dropped, it is gone.
#[derive(Debug)]
pub(crate) struct WholeFile {
    out: BufWriter<NamedTempFile>,
    path: PathBuf,
}

impl WholeFile {
    /// Begins a file of our own that will stand at `path`, over whatever stands there then: for its owner alone, unless
    /// what is replaced has another mode. Left-over beginnings of earlier files in the same folder are removed.
    pub(crate) fn create(path: &Path) -> anyhow::Result<Self> {
        Self::create_with(path, false)
    }

    /// Begins a file that the person ordered at `path`, with the mode of any file they make.
    pub(crate) fn create_ordered(path: &Path) -> anyhow::Result<Self> {
        Self::create_with(path, true)
    }

    fn create_with(path: &Path, is_ordered: bool) -> anyhow::Result<Self> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut file = tempfile::Builder::new();
        file.prefix(PREFIX).suffix(SUFFIX);
        #[cfg(unix)]
        {
            // The umask takes its part of 0666; 0600 it leaves alone.
            let mode = if is_ordered { 0o666 } else { 0o600 };
            file.permissions(std::os::unix::fs::PermissionsExt::from_mode(mode));
        }
        #[cfg(not(unix))]
        let _ = is_ordered;
        let file = file.tempfile_in(folder).map_err(without_path).with_context(|| cannot(path))?;
        if let Some(replaced) = fs::metadata(path).ok().filter(fs::Metadata::is_file) {
            // It has the mode that its owner wants. Where a mode can't be set, there was none to keep.
            let _ = file.as_file().set_permissions(replaced.permissions());
        }
        // The age of the others is counted from this one: by the clock of the file system, which may be another's.
        if let Ok(now) = file.as_file().metadata().and_then(|metadata| metadata.modified()) {
            sweep(folder, now);
        }
        Ok(Self { out: BufWriter::with_capacity(1 << 18, file), path: path.to_owned() })
    }

    /// Returns where the file is while it is written, for a writer that opens it itself.
    pub(crate) fn temporary_path(&self) -> &Path {
        self.out.get_ref().path()
    }

    /// Returns the file itself, for who reads back or begins anew what was written; nothing may be written by way of both.
    pub(crate) fn file(&mut self) -> &mut fs::File {
        self.out.get_mut().as_file_mut()
    }

    /// Gives the file its place; from here on it is whole there, also after a loss of power.
    pub(crate) fn finish(self) -> anyhow::Result<()> {
        let on_path = || cannot(&self.path);
        let file = self.out.into_inner().map_err(|error| without_path(error.into_error())).with_context(on_path)?;
        file.as_file().sync_all().with_context(on_path)?;
        file.persist(&self.path).map_err(|error| without_path(error.error)).with_context(on_path)?;
        Ok(())
    }
}

impl Write for WholeFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes).map_err(without_path)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush().map_err(without_path)
    }
}

/// Writes a file that appears whole or not at all.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let mut file = WholeFile::create(path)?;
    file.write_all(bytes).with_context(|| cannot(path))?;
    file.finish()
}

/// Removes what an earlier process began in a folder and never finished. A folder that cannot be read is left alone.
fn sweep(folder: &Path, now: SystemTime) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let is_ours = name.to_str().is_some_and(|name| name.starts_with(PREFIX) && name.ends_with(SUFFIX));
        let modified = || entry.metadata().and_then(|metadata| metadata.modified());
        if is_ours && modified().is_ok_and(|at| now.duration_since(at).is_ok_and(|age| age >= LEFT_OVER)) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Takes the name of the temporary file out of an error: the person knows the file they named, and no other.
fn without_path(error: io::Error) -> io::Error {
    match error.raw_os_error() {
        // "entity not found", says the standard library; an entity is something else here.
        None if error.kind() == io::ErrorKind::NotFound => io::Error::new(error.kind(), "its folder does not exist"),
        None if error.kind() != io::ErrorKind::Other => error.kind().into(),
        _ => error,
    }
}

fn cannot(path: &Path) -> String {
    format!("cannot write `{}`", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_appears_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        write(&path, b"first").unwrap();
        let mut file = WholeFile::create(&path).unwrap();
        file.write_all(b"second").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"first");
        drop(file);
        assert_eq!(names(folder.path()), ["a.txt"]);
        let mut file = WholeFile::create(&path).unwrap();
        file.write_all(b"third").unwrap();
        file.finish().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"third");
        assert_eq!(names(folder.path()), ["a.txt"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_file_is_its_owner_s_unless_it_was_ordered_or_had_another_mode() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let [own, ordered, plain] = ["own", "ordered", "plain"].map(|name| folder.path().join(name));
        write(&own, b"x").unwrap();
        WholeFile::create_ordered(&ordered).unwrap().finish().unwrap();
        fs::write(&plain, "x").unwrap();
        assert_eq!((mode(&own), mode(&ordered)), (0o600, mode(&plain)), "as the umask has it");
        for path in [&own, &ordered] {
            fs::set_permissions(path, fs::Permissions::from_mode(0o640)).unwrap();
        }
        write(&own, b"y").unwrap();
        WholeFile::create_ordered(&ordered).unwrap().finish().unwrap();
        assert_eq!((mode(&own), mode(&ordered)), (0o640, 0o640), "a mode that was there stays");
    }

    #[test]
    fn what_a_crash_left_is_swept_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        for name in [".gleaner-abc.tmp", ".gleaner-abc.txt", "gleaner.tmp", "a.tmp"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let now = SystemTime::now();
        sweep(folder.path(), now);
        assert_eq!(names(folder.path()).len(), 4);
        sweep(folder.path(), now + 2 * LEFT_OVER);
        assert_eq!(names(folder.path()), [".gleaner-abc.txt", "a.tmp", "gleaner.tmp"]);
    }

    #[test]
    fn a_folder_that_is_missing_is_an_error_with_the_path() {
        let error = write(Path::new("/nowhere/at/all/a.txt"), b"x").unwrap_err();
        assert_eq!(format!("{error:#}"), "cannot write `/nowhere/at/all/a.txt`: its folder does not exist");
    }
}
