//! Whole outputs: everything that the commands of a test printed, said and returned, held to a file.
//!
//! The file is `tests/transcripts/<module>/<test>.txt`, with a section for each world that the test makes. A world
//! compares its own when it goes out of scope, so no test has to ask for it. What differs from run to run stands there as
//! a placeholder: the folder, the sandbox's address, ids (numbered as they appear), hashes, ports,
//! random pauses and times of today. Where a change is
//! meant, `GLEANER_UPDATE_SNAPSHOTS=1` writes the files anew, and the diff is read like code.
//!
//! A test whose outputs depend on timing says so with [`World::has_no_transcript`](super::World::has_no_transcript) and looks for parts;
//! a command that was started beside others is in no transcript.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::Ran;

thread_local! {
    /// Worlds that this test has made so far.
    static N_WORLDS: RefCell<usize> = const { RefCell::new(0) };
    /// Outputs that this test's transcript has, and the world where they stand.
    static WRITTEN: RefCell<HashMap<String, usize>> = RefCell::default();
}

/// The line before the section of a world other than the first.
const SECTION: &str = "=== world ";

/// Width to which an object or a list of JSON stands in one line.
const WIDTH: usize = 120;

/// The outputs of a world so far.
pub(super) struct Transcript {
    /// Each command with its outputs.
    commands: Vec<String>,
    /// Number of the world within its test, from 1.
    world: usize,
}

impl Transcript {
    /// Makes the transcript of the test's next world.
    pub(super) fn of_next_world() -> Transcript {
        let world = N_WORLDS.with_borrow_mut(|n| {
            *n += 1;
            *n
        });
        Transcript { commands: vec![], world }
    }

    /// Adds a command that has ended. Empty outputs and the exit code 0 leave no line; one JSON value on stdout is laid
    /// out anew, to be read in fewer lines.
    pub(super) fn add(&mut self, args: &[&str], ran: &Ran) {
        let mut text = format!("$ gleaner {}\n", args.join(" "));
        match serde_json::from_str(&ran.stdout) {
            Ok(value @ (Value::Object(_) | Value::Array(_))) => lay_out(&mut text, &value, "", 0),
            _ => text.push_str(&ran.stdout),
        }
        if !ran.stderr.is_empty() {
            let _ = write!(text, "--- stderr\n{}", ran.stderr);
        }
        add_exit_code(&mut text, ran.code);
        self.commands.push(text);
    }

    /// Adds a command that ran on a terminal, with all that stood there.
    pub(super) fn add_shown(&mut self, args: &[&str], shown: &str, code: Option<i32>) {
        let mut text = format!("$ gleaner {}\n--- terminal\n{shown}", args.join(" "));
        add_exit_code(&mut text, code);
        self.commands.push(text);
    }

    /// Returns all commands with placeholders; what one printed exactly as before is not repeated.
    fn text(&self, folder: &Path, base_url: &str) -> String {
        let host = base_url.trim_start_matches("http://").split('/').next().expect("a URL has a host");
        let folder = folder.display().to_string();
        let folder = folder.trim_end_matches(['/', '\\']);
        let mut known = vec![];
        let mut text = String::new();
        for command in &self.commands {
            let command = command.replace(folder, "{folder}").replace(base_url, "{sandbox}");
            let command = command.replace(host, "{sandbox's host}").replace(env!("CARGO_BIN_EXE_gleaner"), "{gleaner}");
            let command = command.replace(env!("CARGO_MANIFEST_DIR"), "{repository}");
            let command = mask(&without_page_size(&without_numbers(&without_other_folders(&command))), &mut known);
            let (typed, outputs) = command.split_once('\n').expect("a line stands for the command");
            let before = match outputs.lines().count() > 1 {
                true => WRITTEN.with_borrow_mut(|written| written.insert(outputs.to_owned(), self.world)),
                false => None,
            };
            let _ = match before {
                None => writeln!(text, "{command}"),
                Some(world) if world == self.world => writeln!(text, "{typed}\n(as above)\n"),
                Some(world) => writeln!(text, "{typed}\n(as in world {world})\n"),
            };
        }
        text
    }

    /// Compares the transcript with its section of the test's file.
    #[track_caller]
    pub(super) fn compare(&self, folder: &Path, base_url: &str) {
        let path = file_of_test();
        let text = self.text(folder, base_url);
        let mut sections = sections(&fs::read_to_string(&path).unwrap_or_default());
        sections.resize(sections.len().max(self.world), String::new());
        let kept = std::mem::replace(&mut sections[self.world - 1], text.clone());
        if std::env::var_os("GLEANER_UPDATE_SNAPSHOTS").is_some() {
            if text != kept {
                fs::create_dir_all(path.parent().expect("it is in a folder")).expect("the folder is writable");
                fs::write(&path, joined(&sections)).expect("the folder is writable");
            }
            return;
        }
        let line = |text: &str, at: usize| text.lines().nth(at).unwrap_or("(its end)").to_owned();
        let n_lines = text.lines().count().max(kept.lines().count());
        if let Some(at) = (0..n_lines).find(|at| line(&text, *at) != line(&kept, *at)) {
            let command = text.lines().take(at + 1).filter(|line| line.starts_with("$ ")).last().unwrap_or_default();
            let place = format!("{}, line {} of world {}", path.display(), at + 1, self.world);
            panic!("{place}\n{command}\n- {}\n+ {}", line(&kept, at), line(&text, at));
        }
        assert_eq!(text.len(), kept.len(), "{}: one ends before the other", path.display());
    }
}

fn add_exit_code(text: &mut String, code: Option<i32>) {
    match code {
        Some(0) => {}
        Some(code) => {
            let _ = writeln!(text, "--- exit code {code}");
        }
        None => text.push_str("--- ended by a signal\n"),
    }
}

/// Writes a value of JSON; an object or a list that fits into a line stands in one.
fn lay_out(text: &mut String, value: &Value, name: &str, depth: usize) {
    let indent = "  ".repeat(depth);
    let _ = write!(text, "{indent}{name}");
    let line = match value.as_f64() {
        // A sum of costs depends on their order after the tenth digit.
        Some(number) if value.is_f64() => Value::from((number * 1e10).round() / 1e10).to_string(),
        _ => value.to_string(),
    };
    match value {
        Value::Object(members) if indent.len() + name.len() + line.len() > WIDTH => {
            text.push_str("{\n");
            for (name, member) in members {
                lay_out(text, member, &format!("{}: ", Value::from(name.as_str())), depth + 1);
            }
            let _ = writeln!(text, "{indent}}}");
        }
        Value::Array(items) if indent.len() + name.len() + line.len() > WIDTH => {
            text.push_str("[\n");
            items.iter().for_each(|item| lay_out(text, item, "", depth + 1));
            let _ = writeln!(text, "{indent}]");
        }
        _ => {
            let _ = writeln!(text, "{line}");
        }
    }
}

/// The size of a report is that of its script, which changes with every edit of it.
fn without_page_size(text: &str) -> String {
    const END: &str = "); open it in a browser";
    let mut lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
    for line in lines.iter_mut().filter(|line| line.ends_with(END)) {
        if let Some(at) = line.rfind(" (") {
            line.replace_range(at..line.len() - END.len(), " ({size}");
        }
    }
    lines.join("\n")
}

fn file_of_test() -> PathBuf {
    let name = std::thread::current().name().expect("a test has a name").replace("::", "/");
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts").join(format!("{name}.txt"))
}

fn sections(text: &str) -> Vec<String> {
    let mut sections = vec![String::new()];
    for line in text.split_inclusive('\n') {
        match line.starts_with(SECTION) {
            true => sections.push(String::new()),
            false => sections.last_mut().expect("there is a first").push_str(line),
        }
    }
    sections
}

fn joined(sections: &[String]) -> String {
    let mut text = String::new();
    for (at, section) in sections.iter().enumerate() {
        if at > 0 {
            let _ = writeln!(text, "{SECTION}{}", at + 1);
        }
        text.push_str(section);
    }
    text
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

/// Puts placeholders for the numbers that follow certain words: ports, processes, and the length of random pauses.
fn without_numbers(text: &str) -> String {
    let mut masked = String::new();
    let mut rest = text;
    while let Some((at, before)) =
        ["127.0.0.1:", "process ", "in "].iter().filter_map(|word| Some((rest.find(word)?, word))).min()
    {
        let (head, tail) = rest.split_at(at + before.len());
        let end = tail.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(tail.len());
        let (number, tail) = tail.split_at(end);
        masked.push_str(head);
        masked.push_str(match *before {
            // Pauses that a server asked for are whole seconds.
            "in " if !number.contains('.') || !tail.starts_with(" s: ") => number,
            _ if number.is_empty() => number,
            "127.0.0.1:" => "{port}",
            "process " => "{process}",
            _ => "{pause}",
        });
        rest = tail;
    }
    masked + rest
}

/// Puts placeholders for ids, for hashes, and for times of the tests' clock and the sandbox's. `known` are the ids so far.
fn mask(text: &str, known: &mut Vec<String>) -> String {
    let mut masked = String::new();
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
                    known.push(word.to_owned());
                    known.len() - 1
                });
                let _ = write!(masked, "{{{}{}}}", prefix, at + 1);
            }
            None if word.starts_with("20") && word.len() >= 16 && &word[10..11] == "T" && &word[..4] >= "2026" => {
                masked.push_str("{time}");
            }
            None if word.len() >= 32 && word.bytes().all(|byte| byte.is_ascii_hexdigit()) => masked.push_str("{hex}"),
            None => masked.push_str(word),
        }
    }
    masked
}

#[test]
fn each_file_is_that_of_a_test() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut folders = vec![tests.join("transcripts")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("it is there") {
            let path = entry.expect("it can be read").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let module = folder.strip_prefix(tests.join("transcripts")).expect("it lies below");
            let code = [tests.join(module).with_extension("rs"), tests.join(module).join("mod.rs")];
            let code: String = code.iter().filter_map(|path| fs::read_to_string(path).ok()).collect();
            let test = path.file_stem().expect("it has a name").to_string_lossy().into_owned();
            assert!(code.contains(&format!("fn {test}()")), "no test has the transcript {}", path.display());
        }
    }
}
