use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
#[cfg(unix)]
use std::process::Stdio;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;

use super::{account, bought_once, copied};
use crate::harness::{World, content, group, same_content};

/// A world with an ended batch of which half failed, not imported yet, and its two files on disk.
fn ended(n: usize) -> (World, PathBuf, PathBuf) {
    let world = World::with_groups(n);
    world.script(&json!({"answers": [
        {"custom_id": "topic_g1", "outcome": "refusal"},
        {"custom_id": "entity_g1", "outcome": "duplicated_failure"},
        {"custom_id": "topic_g2", "outcome": "foreign"},
        {"custom_id": "entity_g2", "outcome": "http", "status": 500},
        {"custom_id": "topic_g3", "outcome": "out_of_range"},
    ]}));
    world.run(&["batch", "create"]).exits(0);
    world.run(&["batch", "status"]).exits(0);
    world.run(&["batch", "status"]).exits(0);
    let ids = world.rows("SELECT output_file_id FROM batches UNION ALL SELECT error_file_id FROM batches");
    let files = ["output", "errors"].map(|name| world.path(&format!("{name}.jsonl")));
    for (id, path) in ids.iter().zip(&files) {
        assert!(!id.is_empty(), "the batch has ended with two files");
        let url = format!("{}/files/{id}/content", world.sandbox.base_url());
        let mut reply = ureq::get(&url).header("authorization", "Bearer k").call().expect("the sandbox answers");
        fs::write(path, reply.body_mut().read_to_string().expect("it is text")).expect("the folder is writable");
    }
    let [output, errors] = files;
    (world, output, errors)
}

#[test]
fn every_order_of_import_leads_to_the_same_content() {
    let (mut world, output, errors) = ended(4);
    let id = world.rows("SELECT external_id FROM batches").remove(0);
    let (output, errors) = (output.display().to_string(), errors.display().to_string());
    let by_hand = |files: &[&str]| {
        files
            .iter()
            .fold(vec!["batch", "process", &id], |args, file| [args, vec!["--file", file]].concat())
            .into_iter()
            .map(str::to_owned)
            .collect::<Vec<String>>()
    };
    let online: Vec<String> = ["batch", "process", &id].map(str::to_owned).into();
    let orders = [
        vec![online.clone()],
        vec![online.clone(), online.clone()],
        vec![by_hand(&[&output, &errors])],
        vec![by_hand(&[&errors, &output])],
        vec![by_hand(&[&output]), by_hand(&[&errors])],
        vec![by_hand(&[&errors]), by_hand(&[&output])],
        vec![by_hand(&[&output]), by_hand(&[&output]), by_hand(&[&errors])],
        vec![by_hand(&[&output, &output, &errors])],
        vec![by_hand(&[&errors]), online.clone(), by_hand(&[&output])],
        vec![online.clone(), by_hand(&[&output]), by_hand(&[&errors])],
    ];
    let mut contents = vec![];
    for (i, order) in orders.iter().enumerate() {
        eprintln!("order {i}: {order:?}");
        let copy = copied(&world, &format!("order{i}"));
        let original = std::mem::replace(&mut world.db, copy);
        for command in order {
            world.run(&command.iter().map(String::as_str).collect::<Vec<_>>()).exits(3);
        }
        account(&world, [6, 1, 1, 0]);
        assert_eq!(world.count("SELECT count(*) FROM foreign_lines"), 1);
        contents.push(content(&world.db));
        world.db = original;
    }
    for other in &contents[1..] {
        same_content(&contents[0], other);
    }
}

#[test]
fn a_file_by_hand_never_makes_a_request_missing() {
    let (world, output, errors) = ended(3);
    world.run(&["batch", "process", "--file", &errors.display().to_string()]).exits(3);
    // Half of it is all that was read: the rest may still come.
    let text = fs::read_to_string(&output).unwrap();
    let half: String = text.split_inclusive('\n').take(2).collect();
    let half = world.write("half.jsonl", &half);
    world.run(&["batch", "process", "--file", &half.display().to_string()]);
    assert_eq!(world.count("SELECT count(*) FROM requests WHERE state = 'missing'"), 0);
    // It holds a line that nobody asked for, so the batch must be named.
    let output = output.display().to_string();
    world.run(&["batch", "process", "--file", &output]).exits(2).says("name it");
    let id = world.rows("SELECT external_id FROM batches").remove(0);
    world.run(&["batch", "process", &id, "--file", &output]).exits(3);
    account(&world, [4, 1, 1, 0]);
}

#[test]
fn a_file_that_fits_no_batch_or_several_is_wrong_usage() {
    let world = World::with_groups(2);
    world.run(&["batch", "create"]).exits(0);
    let line = |id: &str| json!({"custom_id": id, "response": {"status_code": 200, "body": {"output_text": "{\"topics\":[]}"}}});
    let stray = world.write_lines("stray.jsonl", &[line("topic_g1"), line("topic_nowhere")]);
    world.run(&["batch", "process", "--file", &stray.display().to_string()]).exits(2).says("name it");
    let first = world.rows("SELECT external_id FROM batches").remove(0);
    world.run(&["batch", "cancel", &first, "--local"]).exits(0);
    world.run(&["batch", "create"]).exits(0);
    let fits = world.write_lines("fits.jsonl", &[line("topic_g1")]);
    // The batch that was given up is not open: the other one is meant, and named it is the one named.
    let ran = world.json(&["batch", "process", "--file", &fits.display().to_string()], 3);
    assert_ne!(ran["batch_id"].as_str(), Some(first.as_str()));
    world.run(&["batch", "process", &first, "--file", &fits.display().to_string()]).exits(3);
    let counts = "SELECT b.external_id = (SELECT min(external_id) FROM batches), count(*) FROM answers a
                  JOIN requests r ON r.id = a.request_id JOIN batches b ON b.id = r.batch_id GROUP BY 1";
    assert_eq!(world.rows(counts), ["0|1", "1|1"]);
    world.run(&["batch", "process", "--file", &world.path("none.jsonl").display().to_string()]).exits(2);
}

#[cfg(unix)]
#[test]
fn a_kill_in_mid_import_leaves_everything_or_nothing() {
    let (mut world, output, errors) = ended(40);
    let before = content(&world.db);
    let id = world.rows("SELECT external_id FROM batches").remove(0);
    let text = fs::read_to_string(&output).unwrap();
    // Answers that together do not fit into the page cache of 64 MiB: the kill leaves a half-written database and its journal.
    let long = |n: usize| {
        let body = json!({"output_text": "x".repeat(2_400_000), "usage": {"input_tokens": 9, "output_tokens": 9}});
        format!("{}\n", json!({"custom_id": format!("topic_g{n}"), "response": {"status_code": 200, "body": body}}))
    };
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let longs: String = (3..=40).map(long).collect();
    let again = |world: &World| {
        world.run(&["batch", "process", &id]).exits(3);
        account(world, [78, 1, 1, 0]);
        assert_eq!(world.rows("PRAGMA integrity_check"), ["ok"]);
    };
    let errors = errors.display().to_string();
    for (i, given) in ["", lines[0], &lines[..40].concat(), &text].into_iter().enumerate() {
        let copy = copied(&world, &format!("at{i}"));
        let original = std::mem::replace(&mut world.db, copy);
        // The file is a pipe that stays open, so that the command stands between two lines when it is killed.
        let pipe = world.path(&format!("pipe{i}"));
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let path = pipe.display().to_string();
        let running = world.start(&["batch", "process", &id, "--file", &errors, "--file", &path]);
        let mut writer = fs::OpenOptions::new().write(true).open(&pipe).unwrap();
        writer.write_all(given.as_bytes()).unwrap();
        running.kill();
        drop(writer);
        same_content(&before, &content(&world.db));
        again(&world);
        world.db = original;
    }
    let path = world.write("longs.jsonl", &longs).display().to_string();
    let command = ["batch", "process", &id, "--file", &errors, "--file", &path];
    let calm = copied(&world, "calm");
    let killed = copied(&world, "killed");
    world.db = calm;
    world.run(&command).exits(3);
    let after = content(&world.db);
    world.db = killed;
    let size = fs::metadata(&world.db).unwrap().len();
    let mut running = world.start(&command);
    // The page cache has run over: the database is half written, unless the program was faster than this look.
    while fs::metadata(&world.db).unwrap().len() <= size && !running.has_ended() {}
    running.kill();
    let content = content(&world.db);
    if content == after {
        world.run(&command).exits(3);
    } else {
        same_content(&before, &content);
        again(&world);
    }
}

#[test]
fn rebuild_makes_the_same_content_from_the_ledger_alone() {
    let (world, ..) = ended(6);
    world.run(&["batch", "wait"]).exits(3);
    world.load_groups(&[group(9)]);
    world.script(&json!({}));
    world.run(&["batch", "create", "--wait"]).exits(0);
    let before = content(&world.db);
    let calls = world.journal().calls.len();
    world.run(&["rebuild"]).exits(0);
    same_content(&before, &content(&world.db));
    // Even where all that was learned is lost.
    world
        .sql()
        .execute_batch("DELETE FROM story_topics; DELETE FROM story_entities; DELETE FROM current_answers")
        .unwrap();
    world.run(&["rebuild"]).exits(0);
    same_content(&before, &content(&world.db));
    assert_eq!(world.journal().calls.len(), calls, "offline");
}

#[test]
fn a_change_of_the_catalog_reaches_the_old_answers_by_rebuild() {
    let world = World::new();
    world.load_groups(&[group(1), group(2)]);
    world.run(&["batch", "create", "--wait"]).exits(0);
    assert_eq!(world.count("SELECT count(*) FROM story_entities WHERE entity_id IS NOT NULL"), 0);
    world.load_entities(&crate::harness::catalog());
    world.run(&["rebuild"]).exits(0);
    assert_eq!(world.count("SELECT count(*) FROM story_entities WHERE entity_id IS NOT NULL"), 4);
    bought_once(&world, 1, 4);
}

#[test]
fn files_come_from_pipes_and_archives_and_answer_a_whole_run() {
    let world = World::with_groups(4);
    world.run(&["batch", "create", "--max-requests", "4"]).exits(0);
    world.run(&["batch", "status"]).exits(0);
    world.run(&["batch", "status"]).exits(0);
    let mut lines = vec![];
    for id in world.rows("SELECT output_file_id FROM batches ORDER BY part") {
        let url = format!("{}/files/{id}/content", world.sandbox.base_url());
        let mut reply = ureq::get(&url).header("authorization", "Bearer k").call().expect("the sandbox answers");
        lines.push(reply.body_mut().read_to_string().expect("it is text"));
    }
    assert_eq!(lines.len(), 2, "a run of two parts");
    let packed = |text: &str| {
        let mut packed = GzEncoder::new(vec![], Compression::fast());
        packed.write_all(text.as_bytes()).expect("memory is writable");
        packed.finish().expect("memory is writable")
    };
    let (all, plain) = (world.path("all.jsonl.gz"), world.path("plain.jsonl"));
    fs::write(&all, [packed(&lines[0]), packed(&lines[1])].concat()).unwrap();
    fs::write(&plain, lines.concat()).unwrap();
    let [all, plain] = [all, plain].map(|path| path.display().to_string());
    let fresh = fs::read(&world.db).unwrap();
    let mut contents = vec![];
    let mut by_file = |file: &str, stdin: &str| {
        fs::write(&world.db, &fresh).unwrap();
        world.run_with_stdin(&["batch", "process", "--file", file], stdin).exits(0);
        account(&world, [8, 0, 0, 0]);
        contents.push(world.content());
    };
    by_file(&plain, "");
    by_file(&all, "");
    by_file("-", &lines.concat());
    #[cfg(unix)]
    {
        fs::write(&world.db, &fresh).unwrap();
        let mut command = world.command(&["batch", "process", "--file", "/dev/stdin"]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("the program was built");
        child.stdin.take().unwrap().write_all(&packed(&lines.concat())).expect("it is read");
        assert!(child.wait().unwrap().success(), "a pipe is read once");
        contents.push(world.content());
    }
    for content in &contents[1..] {
        same_content(&contents[0], content);
    }
    // A file of both parts and of a stranger answers no run whole.
    fs::write(&world.db, &fresh).unwrap();
    let stranger = r#"{"custom_id":"topic_nobody","response":{"status_code":200,"body":{"output_text":"{}"}}}"#;
    world
        .run_with_stdin(&["batch", "process", "--file", "-"], format!("{}{stranger}\n", lines.concat()))
        .exits(2)
        .says("no single open batch or run holds all their ids");
}
