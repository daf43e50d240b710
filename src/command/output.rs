//! Files that a person names for a result.

use std::path::Path;

use crate::error::{Explain as _, usage};
use crate::text::whole_file::WholeFile;

/// Returns whether what is named as a file is stdout, as `-` is stdin for what is read.
pub(crate) fn is_stdout(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Writes the file that a person named, whole or not at all.
pub(crate) fn whole_file<T>(
    path: &Path,
    write: impl FnOnce(&mut dyn std::io::Write) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    if is_stdout(path) {
        return Err(usage("this is written to a file, not to stdout")).hint("a file that is called so is `./-`");
    }
    if path.is_dir() {
        return Err(usage(format!("`{}` is a folder", path.display())));
    }
    let mut file = WholeFile::create_ordered(path)?;
    let result = write(&mut file)?;
    file.finish()?;
    Ok(result)
}
