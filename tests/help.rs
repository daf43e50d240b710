//! The whole `--help` tree, held to `tests/help.txt`. Where a change is meant, `GLEANER_UPDATE_SNAPSHOTS=1 cargo test help`
//! writes it anew, and the diff is read like code.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::harness::World;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/help.txt");

#[test]
fn the_whole_help_is_as_it_was_read() {
    let mut tree = String::new();
    let world = World::new();
    world.has_no_transcript("it has a file of its own");
    add(&world, &[], &mut tree);
    if std::env::var_os("GLEANER_UPDATE_SNAPSHOTS").is_some() {
        fs::write(FILE, &tree).unwrap();
    }
    let kept = fs::read_to_string(Path::new(FILE)).unwrap_or_default();
    let differs = tree.lines().zip(kept.lines()).position(|(new, old)| new != old);
    if let Some(at) = differs {
        let line = |text: &str| text.lines().nth(at).unwrap_or_default().to_owned();
        panic!("tests/help.txt:{}\n- {}\n+ {}", at + 1, line(&kept), line(&tree));
    }
    assert_eq!(tree.len(), kept.len(), "one ends before the other");
}

#[test]
fn subjects_have_pages_whose_commands_are_the_programs() {
    let world = World::new();
    for subject in ["batches", "costs", "linking", "formats", "json"] {
        let ran = world.run(&["help", subject]).exits(0);
        assert_eq!(ran.stderr, "");
        for line in ran.stdout.lines().filter_map(|line| line.strip_prefix("  gleaner ")) {
            let words: Vec<&str> = line.split("   ").next().unwrap_or_default().split(' ').collect();
            let command: Vec<&str> =
                words.into_iter().take_while(|word| word.chars().all(|c| c.is_ascii_lowercase())).collect();
            let (first, rest) = command.split_first().expect("a command");
            let second = rest.first().filter(|_| ["batch", "load", "config", "catalog"].contains(first));
            let args: Vec<&str> = [*first].into_iter().chain(second.copied()).chain(["--help"]).collect();
            world.run(&args).exits(0);
        }
    }
    world.run(&["help", "nothing"]).exits(2);
}

#[test]
fn help_is_colored_only_where_that_is_wanted() {
    let world = World::new();
    world.has_no_transcript("it is about color");
    let is_colored = |args: &[&str]| world.run(args).exits(0).stdout.contains('\x1b');
    assert!(is_colored(&["--color", "always", "progress", "--help"]));
    assert!(is_colored(&["progress", "--color=always", "--help"]));
    assert!(!is_colored(&["progress", "--color", "never", "--help"]));
    assert!(!is_colored(&["progress", "--help"]));
}

/// Adds the help of a command and of all commands below it.
fn add(world: &World, command: &[&str], tree: &mut String) {
    let ran = world.run(&[command, &["--help"]].concat()).exits(0);
    assert_eq!(ran.stderr, "", "{}", ran.report());
    let _ = write!(tree, "$ gleaner {}\n\n{}\n", [command, &["--help"]].concat().join(" "), ran.stdout);
    let commands =
        ran.stdout.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let names: Vec<String> = commands
        .filter_map(|line| line.strip_prefix("  ").filter(|line| !line.starts_with(' ')))
        .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
        .collect();
    for name in names.iter().filter(|name| *name != "help") {
        add(world, &[command, &[name.as_str()]].concat(), tree);
    }
}
