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
