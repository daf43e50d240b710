use std::fs;
use std::path::Path;

use serde_json::json;

use crate::harness::{World, group};

/// Returns the commands of the program.
fn commands(world: &World) -> Vec<String> {
    let help = world.run(&["--help"]).exits(0).stdout;
    let list = help.split("Commands:\n").nth(1).expect("a list of commands");
    let list = list.lines().take_while(|line| !line.is_empty());
    list.filter_map(|line| line.strip_prefix("  ").filter(|line| !line.starts_with(' ')))
        .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
        .collect()
}

/// Calls `visit` with each line of code in a folder.
fn each_line(folder: &Path, visit: &mut dyn FnMut(&Path, &str)) {
    for entry in fs::read_dir(folder).expect("the folder can be read") {
        let path = entry.expect("the folder can be read").path();
        if path.is_dir() {
            each_line(&path, visit);
        } else if path.extension().is_some_and(|ext| ext == "rs") {
            let text = fs::read_to_string(&path).expect("code is text");
            text.lines().filter(|line| !line.trim_start().starts_with("//")).for_each(|line| visit(&path, line));
        }
    }
}

/// A command that is named in a message begins with the program's name: so it can be copied, and `--db` finds its place.
#[test]
fn every_command_that_the_program_names_can_be_copied() {
    let world = World::new();
    let commands = commands(&world);
    assert!(commands.len() > 20 && commands.contains(&"batch".to_owned()), "{commands:?}");
    let mut wrong = vec![];
    each_line(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut |path, line| {
        for (at, _) in line.match_indices('`') {
            let named = &line[at + 1..];
            let mut words = named.split(['`', ' ']);
            let first = words.next().unwrap_or_default();
            // A word by itself may be a column or a file; a command has something behind it.
            if commands.iter().any(|command| command == first) && named[first.len()..].starts_with(' ') {
                wrong.push(format!("{}: {}", path.display(), line.trim()));
            }
        }
    });
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn every_command_that_is_named_carries_the_database_that_was_typed() {
    let mut world = World::with_groups(3);
    let db = world.db.display().to_string();
    world.set_var("GLEANER_DB", "elsewhere.db");
    let mut n_named = 0;
    let mut check = |world: &World, args: &[&str]| {
        let ran = world.run(&[&["--db", &db], args].concat());
        for said in [&ran.stdout, &ran.stderr] {
            for (at, _) in said.match_indices("gleaner ") {
                n_named += 1;
                assert!(said[at..].starts_with(&format!("gleaner --db {db} ")), "{}", ran.report());
            }
        }
    };
    let error = json!({"message": "No.", "type": "invalid_request_error", "param": null, "code": null});
    let refuse =
        json!({"faults": [{"on": "batches.create", "at": "received", "status": 400, "json": {"error": error}}]});
    world.script(&refuse);
    check(&world, &["batch", "create"]);
    check(&world, &["batch", "create", "--endpoint", "chat"]);
    check(&world, &["batch", "status"]);
    check(&world, &["batch", "list", "--offline"]);
    check(&world, &["progress"]);
    check(&world, &["extract", "--dry-run"]);
    world.script(&json!({"pace": {"polls": 4}}));
    check(&world, &["batch", "create"]);
    for command in [&["batch", "create"][..], &["batch", "process"], &["batch", "status"], &["progress"]] {
        check(&world, command);
    }
    world.script(&json!({"faults": [{"on": "batches.get", "times": 0, "status": 404, "text": "<html>"},
        {"on": "batches.list", "times": 0, "status": 404, "text": "<html>"}]}));
    for command in [&["batch", "status"][..], &["batch", "wait"], &["progress"], &["batch", "cancel", "batch_none"]] {
        check(&world, command);
    }
    world.script(&json!({"answers": [{"contains": "Story 1:", "outcome": "refusal"}]}));
    for command in
        [&["batch", "wait"][..], &["batch", "create"], &["progress"], &["batch", "limits"], &["batch", "clean"]]
    {
        check(&world, command);
    }
    world
        .run(&["--db", &db, "load", "groups", &world.write_lines("more.jsonl", &[group(9)]).display().to_string()])
        .exits(0);
    for command in [
        &["batch", "create", "--no-submit"][..],
        &["extract", "--dry-run"],
        &["compare", "gpt-6.1-terra", "--sample", "1"],
        &["compare", "gpt-6.1-terra", "--sample", "1", "--batch"],
        &["compare"],
        &["unresolved"],
        &["unresolved", "walk"],
        &["entities"],
        &["topics"],
        &["show", "nothing"],
        &["entities", "nobody at all"],
        &["catalog", "list"],
        &["check"],
        &["profile", "list"],
        &["models"],
        &["audit"],
    ] {
        check(&world, command);
    }
    assert!(n_named > 20, "{n_named} commands were named");
}

/// `load` says the command as it was typed, the database among it.
#[test]
fn the_command_that_load_offers_names_the_database_once() {
    let world = World::new();
    world.write("file-without-types.csv", "id,name\n1,Ada Lovelace\n");
    let ran = world.run(&["--db", "c3.db", "load", "entities", "file-without-types.csv"]).exits(1);
    assert_eq!(
        (ran.stdout.as_str(), ran.stderr.as_str()),
        (
            "",
            "error: cannot load `file-without-types.csv`\n  caused by: 1 record; no column is called type\n\
             hint: its columns are `id` and `name`\n\
             hint: `gleaner --db c3.db load entities file-without-types.csv --type person`\n"
        )
    );
}
