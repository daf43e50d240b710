//! Whole outputs: everything that the commands of a test printed, said and returned, held to a file.
//!
//! The file is `tests/transcripts/<module>/<test>.txt`. What differs from run to run stands there as a placeholder: the
//! folder, the sandbox's address, ids (numbered as they appear) and times of today. Where a change is meant,
//! `GLEANER_UPDATE_SNAPSHOTS=1` writes the files anew, and the diff is read like code.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::Ran;

/// The outputs of a world so far.
#[derive(Default)]
pub(super) struct Transcript(String);

impl Transcript {
    /// Adds a command that has ended. Empty outputs and the exit code 0 leave no line.
    pub(super) fn add(&mut self, args: &[&str], ran: &Ran) {
        let _ = writeln!(self.0, "$ gleaner {}", args.join(" "));
        self.0.push_str(&ran.stdout);
        if !ran.stderr.is_empty() {
            let _ = write!(self.0, "--- stderr\n{}", ran.stderr);
        }
        if ran.code != Some(0) {
            let _ = writeln!(self.0, "--- exit code {:?}", ran.code);
        }
        self.0.push('\n');
    }

    /// Compares the transcript with the test's file.
    #[track_caller]
    pub(super) fn compare(&self, folder: &Path, base_url: &str) {
        let name = std::thread::current().name().expect("a test has a name").replace("::", "/");
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts").join(format!("{name}.txt"));
        let host = base_url.trim_start_matches("http://").split('/').next().expect("a URL has a host");
        let folder = folder.display().to_string();
        let text = self.0.replace(folder.trim_end_matches(['/', '\\']), "{folder}");
        let text = text.replace(base_url, "{sandbox}").replace(host, "{sandbox's host}");
        let text = mask(&without_other_folders(&text));
        if std::env::var_os("GLEANER_UPDATE_SNAPSHOTS").is_some() {
            fs::create_dir_all(path.parent().expect("it is in a folder")).expect("the folder is writable");
            fs::write(&path, &text).expect("the folder is writable");
        }
        let kept = fs::read_to_string(&path).unwrap_or_default();
        let line = |text: &str, at: usize| text.lines().nth(at).unwrap_or("(its end)").to_owned();
        let n_lines = text.lines().count().max(kept.lines().count());
        if let Some(at) = (0..n_lines).find(|at| line(&text, *at) != line(&kept, *at)) {
            let command = text.lines().take(at + 1).filter(|line| line.starts_with("$ ")).last().unwrap_or_default();
            panic!("{}:{}\n{command}\n- {}\n+ {}", path.display(), at + 1, line(&kept, at), line(&text, at));
        }
        assert_eq!(text.len(), kept.len(), "{}: one ends before the other", path.display());
    }
}

/// Puts a placeholder for the folders of other worlds.
fn without_other_folders(text: &str) -> String {
    let before = std::env::temp_dir().join("gleaner-test-").display().to_string();
    let mut parts = text.split(before.as_str());
    let mut masked = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(part.len());
        masked.push_str("{other folder}");
        masked.push_str(&part[end..]);
    }
    masked
}

/// Puts placeholders for ids and for times of the tests' clock and the sandbox's.
fn mask(text: &str) -> String {
    let mut masked = String::new();
    let mut known: Vec<&str> = vec![];
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | ':');
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len()).max(first.len_utf8());
        let (word, after) = rest.split_at(end);
        rest = after;
        let prefix = ["run-", "batch_", "file-", "req_", "resp_"].into_iter().find(|prefix| {
            word.strip_prefix(prefix).is_some_and(|id| id.len() >= 6 && id.contains(|c: char| c.is_ascii_digit()))
        });
        match prefix {
            Some(prefix) => {
                let at = known.iter().position(|id| *id == word).unwrap_or_else(|| {
                    known.push(word);
                    known.len() - 1
                });
                let _ = write!(masked, "{{{}{}}}", prefix, at + 1);
            }
            None if word.starts_with("20") && word.len() >= 16 && &word[10..11] == "T" && &word[..4] >= "2026" => {
                masked.push_str("{time}");
            }
            None => masked.push_str(word),
        }
    }
    masked
}
