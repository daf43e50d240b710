//! Readers that pause: whoever looks at a long result page by page keeps nobody from writing.

use std::io::Read as _;
use std::process::{Command, Stdio};

use serde_json::json;

use crate::harness::{World, group};

/// Starts a command, reads the first byte of its result and no more, loads a group meanwhile, and reads the rest.
#[track_caller]
fn pauses(world: &World, args: &[&str], n_lines: usize) {
    let mut command: Command = world.command(args);
    let mut reader = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program runs and is read");
    let mut result = reader.stdout.take().expect("the program runs and is read");
    let mut text = vec![0];
    result.read_exact(&mut text).expect("the program runs and is read");
    world.load_groups(&[group(args.len())]);
    result.read_to_end(&mut text).expect("the program runs and is read");
    assert_eq!(reader.wait().expect("the program runs and is read").code(), Some(0), "{args:?}");
    assert_eq!(text.iter().filter(|byte| **byte == b'\n').count(), n_lines, "{args:?}");
}

#[test]
fn a_reader_that_pauses_keeps_nobody_from_writing() {
    let world = World::new();
    // More than a pipe and the buffers before it hold, so that the command stands still until somebody reads on.
    let entity = |n: usize| json!({"id": format!("e{n}"), "type": "person", "name": format!("Somebody {}", "x".repeat(2000)), "aliases": [format!("Alias{n}")]});
    world.load_entities(&(0..1000).map(entity).collect::<Vec<_>>());
    pauses(&world, &["export", "catalog"], 1000);
    let mentions = world
        .write_lines("mentions.jsonl", &(0..1000).map(|n| json!({"mention": format!("Alias{n}")})).collect::<Vec<_>>());
    pauses(&world, &["resolve", "--file", &mentions.display().to_string()], 1000);
}
