//! Files that a person names for a result.

use std::fs::File;
use std::io::{self, Read as _, Write};
use std::path::Path;

use crate::error::{Explain as _, usage};
use crate::text::whole_file::WholeFile;

/// Returns whether what is named as a file is stdout, as `-` is stdin for what is read.
pub(crate) fn is_stdout(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Bytes in which two tables of the same making agree.
const START_BYTES: usize = 6;

/// First fields of the lines that are written as JSON.
const FIRST_FIELDS: [&str; 6] = ["id", "decision", "group_id", "type", "a_type", "topic"];

/// A file over another one, which is only replaced where both begin alike: by an earlier export, and never a text or a
/// database whose name was typed by mistake.
struct Replacing<'a> {
    out: &'a mut WholeFile,
    before: Vec<u8>,
    start: Vec<u8>,
    is_another: bool,
}

impl Write for Replacing<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.start.len() < START_BYTES && !self.before.is_empty() {
            self.start.extend(bytes.iter().take(START_BYTES - self.start.len()));
            self.is_another = !is_of_same_making(&self.start, &self.before);
            if self.is_another {
                return Err(io::Error::other("another file is there"));
            }
        }
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Returns whether a file that begins as `before` may be an earlier one of what begins as `start`.
fn is_of_same_making(start: &[u8], before: &[u8]) -> bool {
    let holds = |word: &str| before.windows(word.len()).any(|window| window == word.as_bytes());
    match start {
        // All pages and graphs begin alike; ours name their maker, or what they are.
        [b'<', b'!', ..] => before.starts_with(b"<!doctype html>") && holds("\"gleaner\""),
        [b'<', b'?', ..] => before.starts_with(b"<?xml") && holds("<graphml"),
        [b'[', ..] => before.starts_with(b"["),
        [b'{', ..] => FIRST_FIELDS.iter().any(|name| before.starts_with(format!("{{\"{name}\":").as_bytes())),
        _ => {
            let n = start.len().min(before.len());
            start[..n] == before[..n]
        }
    }
}

/// Returns the beginning of a regular file; nothing where there is none.
fn beginning(path: &Path) -> Vec<u8> {
    let mut start = vec![];
    if path.is_file()
        && let Ok(file) = File::open(path)
    {
        // A file that cannot be read begins like nothing of ours.
        let _ = file.take(4096).read_to_end(&mut start);
    }
    start
}

/// Writes the file that a person named, whole or not at all. An earlier one of the same making is replaced, another file
/// is not.
pub(crate) fn whole_file<T>(path: &Path, write: impl FnOnce(&mut dyn Write) -> anyhow::Result<T>) -> anyhow::Result<T> {
    if is_stdout(path) {
        return Err(usage("this is written to a file, not to stdout")).hint("a file that is called so is `./-`");
    }
    if path.is_dir() {
        return Err(usage(format!("`{}` is a folder", path.display())));
    }
    let before = beginning(path);
    let mut file = WholeFile::create_ordered(path)?;
    let mut out = Replacing { out: &mut file, before, start: vec![], is_another: false };
    let result = write(&mut out);
    if out.is_another {
        return Err(usage(format!("`{}` is there already, and gleaner did not write it", path.display())))
            .hint("name another file, or remove that one first");
    }
    let result = result?;
    file.finish()?;
    Ok(result)
}
