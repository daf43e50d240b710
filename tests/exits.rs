//! Exit codes, and errors for programs: the README's table, held for every command.

use std::collections::BTreeMap;

use gleaner::door::error::{ErrorKind, Exit};
use serde_json::{Value, json};

use crate::harness::{World, group, start_sandbox};

/// A world of two groups, asked, answered and imported, with one decision.
fn answered() -> World {
    let world = World::with_groups(2);
    world.run(&["batch", "create", "--wait"]).exits(0);
    world
}

/// Returns every command that does something, by its words.
fn commands(world: &World, path: &[String], found: &mut Vec<String>) {
    let words: Vec<&str> = path.iter().map(String::as_str).collect();
    let help = world.start(&[&words[..], &["--help"]].concat()).end().exits(0).stdout;
    let Some(list) = help.split("Commands:\n").nth(1) else {
        found.push(path.join(" "));
        return;
    };
    let list = list.lines().take_while(|line| !line.is_empty());
    let names = list
        .filter_map(|line| line.strip_prefix("  ").filter(|line| !line.starts_with(' ')))
        .filter_map(|line| line.split_whitespace().next());
    for name in names.filter(|name| *name != "help") {
        commands(world, &[path, &[name.to_owned()]].concat(), found);
    }
    // A command that has commands may do something by itself.
    if ["config", "batch limits"].contains(&path.join(" ").as_str()) {
        found.push(path.join(" "));
    }
}

/// Command lines by command, each with its exit code, on a world of two answered groups.
const TABLE: &[(&str, &[(&str, i32)])] = &[
    ("demo", &[("--dir DEMO", 0), ("--collection chess", 2)]),
    ("load groups", &[("groups.jsonl", 0), ("bad.jsonl", 3), ("nowhere.jsonl", 2), ("", 2)]),
    ("load entities", &[("entities.jsonl", 0), ("nowhere.jsonl", 2)]),
    ("profile list", &[("", 0)]),
    ("profile show", &[("", 0), ("nowhere", 2), ("nowhere.toml", 2)]),
    ("profile use", &[("news", 0), ("nowhere", 2)]),
    ("profile check", &[("news", 0), ("nowhere.toml", 2), ("bad.jsonl.toml", 1)]),
    ("profile topics", &[("", 2), ("--min-groups 1", 0), ("nowhere", 2), ("--from nowhere.txt", 2)]),
    ("profile export", &[("news", 0), ("nowhere", 2), ("news -o nowhere/x.toml", 2)]),
    ("batch create", &[("", 0), ("--dry-run", 0), ("--max-cost x", 2), ("--retry", 2), ("--profile nowhere", 2)]),
    ("batch submit", &[("", 0), ("run-nowhere", 2)]),
    ("batch wait", &[("", 0), ("batch_nowhere", 2), ("--poll-interval -1", 2)]),
    ("batch status", &[("", 0), ("batch_nowhere", 2), ("--offline", 0)]),
    ("batch process", &[("", 0), ("run-nowhere", 2), ("--file nowhere.jsonl", 2)]),
    ("batch list", &[("", 0), ("--offline", 0)]),
    ("batch cancel", &[("batch_nowhere", 2), ("", 2)]),
    ("batch clean", &[("--dry-run", 0), ("batch_nowhere", 2)]),
    ("batch limits", &[("", 0)]),
    ("batch limits forget", &[("gpt-none", 0), ("", 2)]),
    ("extract", &[("", 0), ("--dry-run", 0), ("--limit x", 2)]),
    ("compare", &[("gpt-6.1-terra --dry-run", 0), ("", 2), ("--adopt run-nowhere", 2)]),
    ("progress", &[("", 0), ("extra", 2)]),
    ("costs", &[("", 0), ("--by year", 2)]),
    ("models", &[("", 0)]),
    ("show", &[("g1", 0), ("nowhere", 2)]),
    ("topics", &[("", 0), ("zzzz", 2)]),
    ("trends", &[("", 0), ("--window soon", 2)]),
    ("entities", &[("", 0), ("zzzz", 2)]),
    ("search", &[("moon", 0), ("zzzzzz", 0), ("", 2)]),
    ("copies", &[("", 0), ("--limit 0", 0)]),
    ("related", &[("g1", 0), ("nowhere", 2)]),
    ("catalog list", &[("", 0), ("zzzz", 0)]),
    ("catalog show", &[("person:zzzz", 2)]),
    ("catalog add", &[("", 2)]),
    ("catalog edit", &[("person:zzzz --name X", 2)]),
    ("catalog remove", &[("person:zzzz", 2)]),
    ("catalog merge", &[("person:zzzz person:yyyy", 2)]),
    ("catalog split", &[("person:zzzz X", 2)]),
    ("catalog dedupe", &[("", 0)]),
    ("catalog propose", &[("", 0), ("--type zzzz", 2)]),
    ("catalog accept", &[("--dry-run", 0)]),
    ("catalog alias add", &[("person:zzzz X", 2)]),
    ("catalog alias remove", &[("person:zzzz X", 2)]),
    ("resolve", &[("NASA --type bogus", 2), ("NASA", 0), ("Nobody_At_All", 0), ("--file nowhere.jsonl", 2), ("", 2)]),
    ("rebuild", &[("", 0)]),
    ("sql", &[("SELECT_1", 2), ("--schema", 0), ("--schema zzzz", 2)]),
    ("history", &[("", 0)]),
    ("undo", &[("--to 99", 2)]),
    ("rehearsal forget", &[("--dry-run", 0)]),
    ("check", &[("", 0)]),
    ("merge", &[("nowhere.db", 2), ("g.db", 2), ("", 2)]),
    ("forget", &[("nowhere --yes", 2), ("g1", 2), ("g1 --dry-run", 0), ("", 2)]),
    ("backup", &[("copy.db", 0), ("nowhere/copy.db", 2), ("--check nowhere.db", 2)]),
    ("config", &[("", 0)]),
    ("config set", &[("max_cost 1", 0), ("max_csot 1", 2), ("max_cost x", 2)]),
    ("config unset", &[("color", 2)]),
    ("config edit", &[("", 2)]),
    ("config path", &[("", 0)]),
    ("key set", &[("", 2)]),
    ("key list", &[("", 0)]),
    ("key remove", &[("nowhere", 2)]),
    ("sandbox", &[("--script nowhere.json", 2)]),
    ("audit", &[("--from nowhere.csv", 2)]),
    ("report", &[("-o report.html", 0), ("-o nowhere/r.html", 2)]),
    ("export", &[("", 0), ("-o nowhere/x.csv", 2), ("chess", 2)]),
    ("completions", &[("bash", 0), ("tcsh", 2)]),
    ("man", &[("", 0)]),
];

#[test]
fn every_command_keeps_the_table_of_exit_codes() {
    let world = answered();
    world.has_no_transcript("what the commands say is in the transcripts of their own tests");
    let mut all = vec![];
    commands(&world, &[], &mut all);
    let table: BTreeMap<&str, &[(&str, i32)]> = TABLE.iter().copied().collect();
    let missing: Vec<&String> = all.iter().filter(|name| !has_row(&table, name)).collect();
    assert!(missing.is_empty(), "commands without a row in the table: {missing:?}");
    world.write("bad.jsonl", "{\"id\":\"g8\",\"text\":\"A story.\"}\nnot json\n");
    world.write("bad.jsonl.toml", "name = 1\n");
    let mut wrong = vec![];
    for (command, lines) in &table {
        for (line, code) in *lines {
            let args: Vec<&str> = command.split(' ').chain(line.split(' ').filter(|word| !word.is_empty())).collect();
            // Thousands of lines that are made from the help stand in no transcript.
            let is_long = ["man", "completions"].contains(command);
            let ran = if is_long { world.start(&args).end() } else { world.run(&args) };
            if ran.code != Some(*code) || (*code == 2 && !ran.stdout.is_empty()) {
                wrong.push(format!("expected {code}: {}", ran.report()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The tree of `unresolved` and `topics` is walked in their own tests; here they stand by their first words.
fn has_row(table: &BTreeMap<&str, &[(&str, i32)]>, name: &str) -> bool {
    table.keys().any(|row| *row == name || name.starts_with(&format!("{row} ")))
        || name.starts_with("unresolved")
        || name.starts_with("topics ")
}

#[test]
fn what_failed_is_1_and_what_is_incomplete_is_3() {
    let mut world = World::with_groups(2);
    world.run(&["batch", "create", "--max-cost", "0.0000001"]).exits(1);
    world.script(&json!({"answers": [{"contains": "Story 1:", "outcome": "refusal"}]}));
    world.run(&["batch", "create", "--wait"]).exits(3);
    world.sql().execute_batch("DROP VIEW group_overview").unwrap();
    world.run(&["check"]).exits(3);
    world.set_var("OPENAI_BASE_URL", "http://127.0.0.1:9/v1");
    world.load_groups(&[group(5)]);
    world.run(&["batch", "create"]).exits(1);
    world.run(&["--db", "nowhere.db", "progress"]).exits(2);
}

/// Runs a command with `--json` and returns its error.
fn error(world: &World, args: &[&str]) -> Value {
    let ran = world.run(&[args, &["--json"]].concat());
    assert_eq!(ran.stdout, "", "{}", ran.report());
    let last = ran.stderr.lines().last().unwrap_or_default();
    let value: Value = serde_json::from_str(last).unwrap_or_else(|error| panic!("{error}\n{}", ran.report()));
    let error = &value["error"];
    assert_eq!(error["code"].as_i64(), ran.code.map(i64::from), "{}", ran.report());
    assert!(error["message"].is_string() && error["hints"].is_array(), "{}", ran.report());
    error.clone()
}

#[test]
fn errors_are_json_where_json_is_asked_for() {
    let mut world = answered();
    let kind = |world: &World, args: &[&str]| error(world, args)["kind"].as_str().expect("a word").to_owned();
    for (args, expected) in [
        (&["show", "nowhere"][..], "not_found"),
        (&["batch", "status", "batch_nowhere"], "not_found"),
        (&["load", "groups", "nowhere.jsonl"], "not_found"),
        (&["--db", "nowhere.db", "progress"], "not_found"),
        (&["undo", "--to", "99"], "not_found"),
        (&["progress", "extra"], "usage"),
        (&["batch", "create", "--limit", "x"], "usage"),
        (&["batch", "create", "--retry"], "usage"),
        (&["--limit", "1", "batch", "create"], "usage"),
    ] {
        assert_eq!(kind(&world, args), expected, "{args:?}");
    }
    let near = error(&world, &["batch", "create", "--retry"]);
    assert_eq!(near["message"], "unexpected argument '--retry' found");
    assert_eq!(near["hints"], json!(["a similar argument exists: '--retry-failed'"]));
    world.load_groups(&[group(5)]);
    assert_eq!(kind(&world, &["batch", "create", "--max-cost", "0.0000001"]), "refused");
    let other = start_sandbox(&json!({"faults": [{"on": "*", "times": 0, "status": 401, "json": {"error":
        {"message": "Incorrect API key", "type": "invalid_request_error", "param": null, "code": "invalid_api_key"}}}]}));
    world.set_var("OPENAI_BASE_URL", &other.base_url());
    assert_eq!(kind(&world, &["batch", "create"]), "provider");
    world.unset_var("OPENAI_API_KEY");
    world.set_var("OPENAI_BASE_URL", "https://gleaner.invalid/v1");
    assert_eq!(kind(&world, &["batch", "create"]), "usage");
    let mut bytes = std::fs::read(&world.db).unwrap();
    bytes[4096..].fill(0x5a);
    std::fs::write(&world.db, bytes).unwrap();
    assert_eq!(kind(&world, &["progress"]), "damaged");
}

#[test]
fn the_documented_kinds_are_the_programs() {
    let documented: Vec<&str> = include_str!("../docs/json.md")
        .lines()
        .skip_while(|line| !line.starts_with("| kind |"))
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .filter_map(|line| line.split('`').nth(1))
        .collect();
    assert_eq!(documented, ErrorKind::ALL.map(ErrorKind::word));
    let codes = [Exit::Done, Exit::Failed, Exit::Usage, Exit::Incomplete, Exit::Interrupted];
    assert!(codes.iter().all(|exit| include_str!("../README.md").contains(&format!("| {} |", *exit as u8))));
}

#[test]
fn a_file_of_another_kind_is_said_to_be_that_and_changes_nothing() {
    let world = World::with_groups(2);
    std::fs::create_dir(world.path("folder")).unwrap();
    let unlike = [
        ("empty.txt", &b""[..]),
        ("latin.txt", b"caf\xe9\n"),
        ("other.jsonl", b"{\"a\":1}\n"),
        ("odd name.zip", b"PK\x03\x04readme"),
    ];
    for (name, bytes) in unlike {
        std::fs::write(world.path(name), bytes).unwrap();
    }
    let before = world.content();
    for command in [
        &["load", "entities"][..],
        &["resolve", "--file"],
        &["batch", "process", "--file"],
        &["profile", "topics", "--from"],
        &["topics", "import"],
        &["unresolved", "import"],
        &["merge"],
        &["sandbox", "--script"],
        &["batch", "create", "--dry-run", "--ids-from"],
    ] {
        let nothing_there = world.run(&[command, &["nowhere.txt"]].concat());
        nothing_there.exits(2);
        world.run(&[command, &["folder"]].concat()).exits(2);
        // Anything may be a line of a list, and be the name of a topic.
        let is_list = command.contains(&"profile") || command.contains(&"--ids-from");
        for (name, _) in unlike.iter().filter(|(name, _)| !is_list || *name == "latin.txt") {
            let ran = world.run(&[command, &[name]].concat());
            let is_empty_list = *name == "empty.txt" && ran.code == Some(0);
            assert!(is_empty_list || ran.code.is_some_and(|code| (1..=3).contains(&code)), "{}", ran.report());
        }
    }
    assert_eq!(world.content(), before);
}
