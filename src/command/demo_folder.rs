//! The folder of a demo: whether something in it is not the demo's own, and the program's name for lines to be pasted.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::config::Config;
use crate::store::Store;
use crate::terminal::words;
use crate::text::shell_word;

/// Says that a folder was made by `demo`, and may be made anew by it.
pub(super) const MARKER: &str = ".gleaner-demo";

/// Files that the demo makes and may make anew.
pub(super) const FILES: [&str; 5] =
    ["gleaner.db", "gleaner.db-journal", "groups.jsonl", "entities.jsonl", "report.html"];

/// Beginning of the names of the demo's request and answer files.
const BATCH_FILE: &str = "knowledge_extraction_batch_";

/// Returns what stands in a folder that the demo did not make: work that would be lost if it were made anew.
///
/// `samples` are the texts that `groups.jsonl` and `entities.jsonl` may have.
pub(super) fn foreign(dir: &Path, samples: &[&str]) -> anyhow::Result<Vec<String>> {
    let mut found = vec![];
    for name in names_in(dir)? {
        if name != MARKER && name != "batch_files" && !is_lock(&name) && !FILES.contains(&name.as_str()) {
            found.push(format!("the file `{name}`"));
        }
    }
    let files = dir.join("batch_files");
    if files.is_dir() {
        let names = names_in(&files)?.into_iter();
        let others = names.filter(|name| !name.starts_with(BATCH_FILE) && name != "downloads" && !is_lock(name));
        found.extend(others.map(|name| format!("the file `batch_files/{name}`")));
    }
    for name in ["groups.jsonl", "entities.jsonl"] {
        match fs::read(dir.join(name)) {
            Ok(bytes) if !samples.iter().any(|sample| sample.as_bytes() == bytes) => {
                found.push(format!("the file `{name}` was changed"));
            }
            _ => {}
        }
    }
    let db = dir.join("gleaner.db");
    if db.is_file() && fs::metadata(&db).is_ok_and(|facts| facts.len() > 0) {
        found.extend(Store::open(&db)?.read().beside_the_demo()?);
    }
    Ok(found)
}

/// Returns whether a file is one that the processes of a database lock.
fn is_lock(name: &str) -> bool {
    name.starts_with(".gleaner.db.") && name.ends_with(".lock")
}

/// Names what was found: the first few, and how many more.
pub(super) fn in_words(found: &[String]) -> String {
    const SHOWN: usize = 5;
    let mut text = found.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join("; ");
    if found.len() > SHOWN {
        text.push_str(&format!("; and {} more", words::number((found.len() - SHOWN) as u64)));
    }
    text
}

fn names_in(dir: &Path) -> anyhow::Result<Vec<String>> {
    let entries = match fs::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(vec![]),
        entries => entries.with_context(|| format!("cannot read the folder `{}`", dir.display()))?,
    };
    let mut names = vec![];
    for entry in entries {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

/// Returns a folder beside `dir` that is not there yet.
pub(super) fn free_beside(dir: &Path) -> PathBuf {
    let name = dir.file_name().map_or("gleaner-demo".into(), |name| name.to_string_lossy().into_owned());
    let mut tries = (2..).map(|n| dir.with_file_name(format!("{name}-{n}")));
    tries.find(|path| !path.exists()).unwrap_or_else(|| dir.with_file_name(name))
}

/// Returns how this program is called in a shell: by its name where it is installed, through cargo where cargo runs it,
/// else by its path.
pub(super) fn program(config: &Config) -> String {
    let Ok(exe) = std::env::current_exe() else { return "gleaner".to_owned() };
    let is_same = |path: &Path| match (path.canonicalize(), exe.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    };
    let name = exe.file_name().unwrap_or_default();
    let on_path =
        config.var("PATH").and_then(|all| std::env::split_paths(all).map(|dir| dir.join(name)).find(|p| p.is_file()));
    match on_path {
        Some(path) if is_same(&path) => shell_word(&name.to_string_lossy()),
        _ if config.var("CARGO").is_some() => match exe.parent().is_some_and(|dir| dir.ends_with("release")) {
            true => "cargo run --release --".to_owned(),
            false => "cargo run --".to_owned(),
        },
        _ => shell_word(&exe.to_string_lossy()),
    }
}
