//! The README is true: its session runs as printed, in an empty folder, and its table of exit codes is the program's.

use std::path::Path;
use std::process::Command;

use gleaner::door::error::Exit;

const README: &str = include_str!("../README.md");

/// One command of a `console` block with what is printed below it.
struct Step {
    command: String,
    expected: Vec<String>,
}

fn steps() -> Vec<Step> {
    let mut steps: Vec<Step> = vec![];
    let mut in_block = false;
    for line in README.lines() {
        match line {
            "```console" => in_block = true,
            "```" => in_block = false,
            _ if !in_block => {}
            _ => match line.strip_prefix("$ ") {
                Some(command) => steps.push(Step { command: command.into(), expected: vec![] }),
                None => steps.last_mut().expect("a block begins with a command").expected.push(line.into()),
            },
        }
    }
    steps
}

/// Runs a command line of the README in `folder`, offline and with a home of its own, and returns what it printed.
fn run(command: &str, folder: &Path) -> String {
    let mut words = command.split_whitespace();
    assert_eq!(words.next(), Some("gleaner"), "the session uses nothing else: {command}");
    let output = Command::new(env!("CARGO_BIN_EXE_gleaner"))
        .args(words)
        .current_dir(folder)
        .env_clear()
        .env("HOME", folder)
        .env("XDG_DATA_HOME", folder)
        .envs(std::env::var("SystemRoot").map(|root| ("SystemRoot", root)))
        .output()
        .expect("the program starts");
    let stdout = String::from_utf8(output.stdout).expect("output is UTF-8");
    assert!(output.status.success(), "{command}\n{stdout}\n{}", String::from_utf8_lossy(&output.stderr));
    stdout
}

/// Returns whether a line fits a pattern in which `…` stands for anything.
fn fits(pattern: &str, line: &str) -> bool {
    let mut pieces = pattern.split('…');
    let first = pieces.next().unwrap_or_default();
    let Some(mut rest) = line.strip_prefix(first) else { return false };
    let pieces: Vec<&str> = pieces.collect();
    let Some((last, middle)) = pieces.split_last() else { return rest.trim_end().is_empty() };
    for piece in middle {
        match rest.find(piece) {
            Some(at) => rest = &rest[at + piece.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[test]
fn the_session_runs_as_printed() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let steps = steps();
    assert!(steps.len() >= 5, "the README shows a session");
    for step in steps {
        let printed = run(&step.command, folder.path());
        let mut lines = printed.lines();
        for pattern in &step.expected {
            // Lines may be left out of the README, but not change their order.
            assert!(
                pattern == "…" || lines.any(|line| fits(pattern, line)),
                "`{}` does not print `{pattern}` where the README says so:\n{printed}",
                step.command
            );
        }
    }
}

#[test]
fn the_table_of_exit_codes_is_the_programs() {
    let codes: Vec<(u8, &str)> = README
        .lines()
        .skip_while(|line| *line != "### Exit codes")
        .skip(1)
        .take_while(|line| !line.starts_with('#'))
        .filter_map(|line| {
            let mut cells = line.split('|').map(str::trim);
            let code = cells.nth(1)?.parse().ok()?;
            Some((code, cells.next()?))
        })
        .collect();
    let said: Vec<u8> = codes.iter().map(|(code, _)| *code).collect();
    let all = [Exit::Done, Exit::Failed, Exit::Usage, Exit::Incomplete, Exit::Interrupted];
    assert_eq!(said, all.map(|exit| exit as u8));
}

#[test]
fn dots_stand_for_anything() {
    for (pattern, line, expected) in [
        ("a…c", "abbc", true),
        ("a…c", "abb", false),
        ("run-…: 2 requests", "run-2026: 2 requests", true),
        ("plain", "plain", true),
        ("plain", "plainer", false),
    ] {
        assert_eq!(fits(pattern, line), expected, "{pattern} {line}");
    }
}
