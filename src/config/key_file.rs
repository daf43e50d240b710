//! Keys of providers that the person asked to keep: one a host, in a file of mode 0600.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use toml_edit::{DocumentMut, value};

use super::file;
use crate::error::{Explain as _, usage};
use crate::text::bounded;

/// The most that is read of a file of keys.
const BYTES_MAX: u64 = 1 << 20;

/// The file of keys.
pub struct KeyFile {
    path: PathBuf,
    document: DocumentMut,
}

impl KeyFile {
    /// Reads the file, or begins one where there is none. A file that others can read is refused.
    pub fn open(path: PathBuf) -> anyhow::Result<KeyFile> {
        let cannot = || format!("cannot read `{}`", path.display());
        let text = match File::open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                "# Keys of providers, by host: written by `gleaner key set`, sent to that host only.\n".to_owned()
            }
            Err(error) => return Err(error).with_context(cannot),
            Ok(file) => {
                check_mode(&path, &file)?;
                bounded::read_text(file, BYTES_MAX).with_context(cannot)?
            }
        };
        let document = file::parse(&path, &text)
            // A message of the TOML reader may repeat what stands there.
            .map_err(|_| usage(format!("`{}` is no file of keys", path.display())))
            .hint("remove it, then set the keys again with `gleaner key set`")?;
        Ok(KeyFile { path, document })
    }

    /// Returns the key that is kept for a host.
    pub fn get(&self, host: &str) -> Option<&str> {
        self.document.get(host)?.as_str()
    }

    /// Returns the hosts that a key is kept for.
    pub fn hosts(&self) -> Vec<String> {
        self.document.iter().filter(|(_, item)| item.is_str()).map(|(host, _)| host.to_owned()).collect()
    }

    /// Keeps a key for a host.
    pub fn set(&mut self, host: &str, key: &str) -> anyhow::Result<()> {
        self.document[host] = value(key);
        file::write(&self.path, &self.document)
    }

    /// Removes the key of a host; `false`: there was none.
    pub fn remove(&mut self, host: &str) -> anyhow::Result<bool> {
        if self.document.remove(host).is_none() {
            return Ok(false);
        }
        file::write(&self.path, &self.document)?;
        Ok(true)
    }

    /// Returns the path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

#[cfg(unix)]
fn check_mode(path: &Path, file: &File) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = file.metadata().with_context(|| format!("cannot read `{}`", path.display()))?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(usage(format!("others can read the keys in `{}`", path.display())))
            .hint(format!("`chmod 600 {}` makes them yours alone", path.display()));
    }
    Ok(())
}

#[cfg(not(unix))]
fn check_mode(_: &Path, _: &File) -> anyhow::Result<()> {
    // A folder of the person's own is as safe as Windows makes it.
    Ok(())
}

/// Shows a key by its last four letters; one that is short not even by those.
pub fn shown(key: &str) -> String {
    let letters: Vec<char> = key.chars().collect();
    match letters.len() {
        0..12 => "…".to_owned(),
        n => format!("…{}", letters[n - 4..].iter().collect::<String>()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_kept_for_its_host_and_shown_by_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("g/keys.toml");
        let mut keys = KeyFile::open(path.clone()).unwrap();
        assert_eq!(keys.get("api.openai.com"), None);
        keys.set("api.openai.com", "sk-one").unwrap();
        keys.set("localhost:8080", "sk-two").unwrap();
        let mut keys = KeyFile::open(path.clone()).unwrap();
        assert_eq!(keys.get("api.openai.com"), Some("sk-one"));
        assert_eq!(keys.hosts(), ["api.openai.com", "localhost:8080"]);
        assert!(keys.remove("api.openai.com").unwrap());
        assert!(!keys.remove("api.openai.com").unwrap());
        assert_eq!(KeyFile::open(path).unwrap().hosts(), ["localhost:8080"]);
        assert_eq!(shown("sk-proj-0123456789"), "…6789");
        assert_eq!(shown("sk-1"), "…");
    }

    #[cfg(unix)]
    #[test]
    fn a_file_of_keys_is_its_owner_s_alone() {
        use std::fs;
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.toml");
        KeyFile::open(path.clone()).unwrap().set("h", "k").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(KeyFile::open(path.clone()).is_err());
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&path, "sk-secret = = 1").unwrap();
        let error = KeyFile::open(path).err().unwrap();
        assert!(!format!("{error:?}").contains("sk-secret = ="), "{error:?}");
    }
}
