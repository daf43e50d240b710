use std::fs;

use serde_json::{Value, json};

use super::{account, bought_once};
use crate::harness::World;

/// The points of a submission: the sandbox's fault, and whether the batch is made all the same.
fn points() -> Vec<(&'static str, Value, bool)> {
    let at = |on: &str, stage: &str, bytes: u64, closes: bool| {
        let mut fault = json!({"on": on, "at": stage});
        if bytes > 0 {
            fault["after_bytes"] = bytes.into();
        }
        if closes {
            fault["close"] = true.into();
        }
        fault
    };
    vec![
        ("before the upload", at("files.create", "head", 0, true), false),
        ("during the upload", at("files.create", "body", 500, true), false),
        ("uploaded, the file is not kept", at("files.create", "received", 0, true), false),
        ("uploaded, the id not stored", at("files.create", "done", 0, false), false),
        ("uploaded, half of the answer read", at("files.create", "reply", 8, false), false),
        ("before the batch is asked for", at("batches.create", "head", 0, true), false),
        ("while the batch is asked for", at("batches.create", "body", 40, true), false),
        ("the batch asked for, not made", at("batches.create", "received", 0, true), false),
        ("the batch asked for, made afterwards", at("batches.create", "received", 0, false), true),
        ("the batch made, no answer", at("batches.create", "done", 0, false), true),
        ("the batch made, half of the answer", at("batches.create", "reply", 12, true), true),
        ("the batch known, before the first look", at("batches.get", "received", 0, false), true),
    ]
}

/// Lets `batch create` run into the fault and kills it there; then the sandbox goes on.
fn killed_at(world: &World, mut fault: Value, args: &[&str], made: usize) {
    let (here, go) = (world.path("here"), world.path("go"));
    fault["announce"] = json!(here);
    fault["hold"] = json!(go);
    world.script(&json!({"faults": [fault]}));
    let mut running = world.start(args);
    running.until(&here);
    running.kill();
    fs::write(&go, "").expect("the folder is writable");
    // What the provider does with a request that it has whole does not depend on who waits for the answer.
    while world.journal().batches.len() < made {
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
}

#[test]
fn a_kill_at_any_step_of_a_submission_buys_once() {
    for (what, fault, is_made) in points() {
        for next in [["batch", "create", "--wait"], ["batch", "submit", "--wait"]] {
            eprintln!("killed {what}, then {next:?}");
            let world = World::with_groups(3);
            killed_at(&world, fault.clone(), &["batch", "create"], usize::from(is_made));
            // Looking adopts what was bought, and never buys.
            let is_uncertain = !is_made && world.count("SELECT count(*) FROM batches WHERE state = 'creating'") == 1;
            for look in [&["batch", "status"][..], &["batch", "list"]] {
                world.run(look).exits(if is_uncertain { 3 } else { 0 });
            }
            world.run(&["progress"]).exits(0);
            assert_eq!(world.journal().batches.len(), usize::from(is_made));
            let open = world.count("SELECT count(*) FROM batches WHERE state IN ('open', 'ended')");
            assert_eq!(open == 1, is_made, "what was bought is adopted by a look");
            match next {
                // Nothing waits to be sent once it was adopted.
                ["batch", "submit", _] if is_made => world.run(&["batch", "wait"]),
                _ => world.run(&next),
            }
            .exits(0);
            bought_once(&world, 1, 6);
            account(&world, [6, 0, 0, 0]);
            world.run(&["batch", "create", "--wait"]).exits(0).says("nothing to send");
            bought_once(&world, 1, 6);
        }
    }
}

#[test]
fn a_kill_in_the_second_of_three_parts_buys_each_part_once() {
    for (what, mut fault, is_made) in points() {
        eprintln!("killed {what}");
        fault["nth"] = json!(2);
        if fault["on"] == "batches.get" {
            // The first batch is looked at as well.
            fault["nth"] = json!(3);
        }
        let world = World::with_groups(6);
        killed_at(&world, fault, &["batch", "create", "--max-requests", "4"], 1 + usize::from(is_made));
        world.run(&["batch", "wait"]).exits(0);
        bought_once(&world, 3, 12);
        account(&world, [12, 0, 0, 0]);
    }
}

#[test]
fn a_kill_while_waiting_or_collecting_loses_nothing() {
    let points = [
        json!({"on": "batches.get", "nth": 2, "at": "received"}),
        json!({"on": "batches.get", "nth": 3, "at": "reply", "after_bytes": 30}),
        json!({"on": "files.get", "at": "received"}),
        json!({"on": "files.content", "at": "received"}),
        json!({"on": "files.content", "at": "reply", "after_bytes": 2000}),
        json!({"on": "files.content", "nth": 2, "at": "reply", "after_bytes": 100}),
    ];
    for fault in points {
        eprintln!("{fault}");
        let world = World::with_groups(3);
        // One failed line, so that there are two files.
        let failure = json!({"custom_id": "topic_g1", "outcome": "http", "status": 400});
        let (here, go) = (world.path("here"), world.path("go"));
        let mut fault = fault;
        (fault["announce"], fault["hold"]) = (json!(here), json!(go));
        world.script(&json!({"pace": {"polls": 3}, "answers": [failure], "faults": [fault]}));
        let mut running = world.start(&["batch", "create", "--wait"]);
        running.until(&here);
        running.kill();
        fs::write(&go, "").unwrap();
        world.run(&["batch", "wait"]).exits(3);
        bought_once(&world, 1, 6);
        account(&world, [5, 0, 1, 0]);
        let names: Vec<_> =
            fs::read_dir(world.path("batch_files")).unwrap().map(|file| file.unwrap().file_name()).collect();
        assert!(names.iter().all(|name| !name.to_string_lossy().ends_with(".part")), "{names:?}");
    }
}

#[test]
fn a_kill_after_a_kill_buys_once() {
    let world = World::with_groups(3);
    killed_at(&world, json!({"on": "batches.create", "at": "received", "close": true}), &["batch", "create"], 0);
    fs::remove_file(world.path("here")).unwrap();
    fs::remove_file(world.path("go")).unwrap();
    killed_at(&world, json!({"on": "batches.create", "at": "done"}), &["batch", "submit"], 1);
    world.run(&["batch", "wait"]).exits(0);
    bought_once(&world, 1, 6);
    account(&world, [6, 0, 0, 0]);
}

#[test]
fn a_cut_or_useless_answer_buys_once_within_one_command() {
    let table = [
        json!({"on": "files.create", "at": "head", "close": true}),
        json!({"on": "files.create", "at": "body", "after_bytes": 300, "close": true}),
        json!({"on": "files.create", "at": "done", "close": true}),
        json!({"on": "files.create", "at": "received", "status": 503, "text": "<html>busy</html>"}),
        json!({"on": "batches.create", "at": "head", "close": true}),
        json!({"on": "batches.create", "at": "received", "close": true}),
        json!({"on": "batches.create", "at": "done", "close": true}),
        json!({"on": "batches.create", "at": "reply", "after_bytes": 9, "close": true}),
        json!({"on": "batches.create", "at": "received", "status": 500, "text": "oops"}),
        json!({"on": "batches.create", "at": "done", "status": 500, "json": {"error": {"message": "sorry"}}}),
        json!({"on": "batches.create", "at": "done", "status": 502, "text": "<html>Bad Gateway</html>"}),
        json!({"on": "batches.create", "at": "done", "status": 408}),
        json!({"on": "batches.create", "only": ["id"]}),
        json!({"on": "batches.create", "unset": ["id"]}),
        json!({"on": "batches.create", "set": {"id": "", "metadata": null}}),
        json!({"on": "batches.create", "at": "done", "status": 200, "text": ""}),
    ];
    for fault in table {
        eprintln!("{fault}");
        let world = World::with_groups(2);
        world.script(&json!({"faults": [fault]}));
        world.run(&["batch", "create", "--wait"]).exits(0);
        bought_once(&world, 1, 4);
        account(&world, [4, 0, 0, 0]);
    }
}

#[test]
fn an_outcome_that_stays_unclear_is_looked_for_by_the_next_command() {
    let world = World::with_groups(2);
    // The batch is made, the answer is lost, and the list that would show it is away, after the two looks before it.
    world.script(&json!({"faults": [
        {"on": "batches.create", "at": "done", "close": true},
        {"on": "batches.list", "nth": 3, "times": 50, "status": 503, "text": "down"},
    ]}));
    world.run(&["batch", "create"]).exits(3).says("may or may not be at the provider");
    world.run(&["batch", "list", "--offline"]).exits(0).says("uncertain");
    world.script(&json!({}));
    assert_eq!(world.journal().batches.len(), 1);
    world.run(&["batch", "create"]).exits(0);
    bought_once(&world, 1, 4);
    let found = "SELECT b.found_by, o.dialect FROM batches b JOIN origins o ON o.id = b.origin_id";
    assert_eq!(world.rows(found), ["key|openai"]);
    world.run(&["batch", "wait"]).exits(0);
    account(&world, [4, 0, 0, 0]);

    // Where the answer came at once, nothing had to be found.
    let world = World::with_groups(2);
    world.run(&["batch", "create"]).exits(0);
    assert_eq!(world.rows(found), ["|openai"]);
}

#[test]
fn what_shows_late_in_the_list_is_waited_for_and_what_never_shows_is_sent_again() {
    let hidden = |times: u64| {
        json!({"on": "batches.list", "nth": 3, "times": times, "at": "received", "status": 200,
            "json": {"object": "list", "data": [], "has_more": false}})
    };
    // Made, the answer lost, and the provider's list shows it only after six looks: 50 seconds.
    let mut world = World::with_groups(2);
    world.set_var("GLEANER_TEST_ADOPT_WAIT", "180");
    world.script(&json!({"faults": [{"on": "batches.create", "at": "done", "close": true}, hidden(6)]}));
    world
        .run(&["batch", "create"])
        .exits(0)
        .says("whether the batch was made is not known yet: searching the provider's list for up to 3 min 0 s more\n");
    bought_once(&world, 1, 4);
    assert_eq!(world.journal().n_calls("batches.list"), 2 + 6 + 1);

    // Not made: the list is searched for three minutes, then the batch is asked for once more.
    let mut world = World::with_groups(2);
    world.set_var("GLEANER_TEST_ADOPT_WAIT", "180");
    world.script(&json!({"faults": [{"on": "batches.create", "at": "received", "close": true}]}));
    world.run(&["batch", "create", "--wait"]).exits(0);
    assert_eq!(world.journal().n_calls("batches.list"), 2 + 180 / 10 + 1 + 1);
    bought_once(&world, 1, 4);
    account(&world, [4, 0, 0, 0]);
}

#[test]
fn the_list_is_read_to_its_end() {
    // More strangers' batches than a page holds stand before ours.
    let world = World::with_groups(1);
    killed_at(&world, json!({"on": "batches.create", "at": "done"}), &["batch", "create"], 1);
    let others = World::with_groups(130);
    let mut others = others;
    others.set_var("OPENAI_BASE_URL", &world.sandbox.base_url());
    others.run(&["batch", "create", "--max-requests", "2"]).exits(0);
    world.run(&["batch", "wait"]).exits(0);
    assert_eq!(world.journal().batches.len(), 131);
    account(&world, [2, 0, 0, 0]);
}

#[test]
fn of_two_copies_that_submit_the_second_is_stopped() {
    let mut world = World::with_groups(2);
    let (first, second) = (world.path("g.db"), world.path("copy/g.db"));
    fs::create_dir(world.path("copy")).unwrap();
    fs::copy(&first, &second).unwrap();
    world.run(&["batch", "create"]).exits(0);
    world.db = second;
    for command in [["batch", "create", "--wait"], ["batch", "create", "--retry-failed"]] {
        world.run(&command).exits(1).says("another copy of this database has sent `batch_").says("hint:");
    }
    assert_eq!(world.count("SELECT count(*) FROM runs"), 0, "nothing was planned");
    world.db = first;
    world.run(&["batch", "wait"]).exits(0);
    bought_once(&world, 1, 4);
    account(&world, [4, 0, 0, 0]);
}

#[test]
fn of_two_copies_of_one_plan_the_second_is_stopped() {
    let mut world = World::with_groups(2);
    let run = world.json(&["batch", "create", "--no-submit"], 0)["run_id"].as_str().unwrap().to_owned();
    let (first, second) = (world.path("g.db"), world.path("copy/g.db"));
    fs::create_dir(world.path("copy")).unwrap();
    fs::copy(&first, &second).unwrap();
    world.run(&["batch", "submit", &run]).exits(0);
    world.db = second;
    world.run(&["batch", "submit", &run]).exits(1).says("another copy of this database");
    bought_once(&world, 1, 4);
}

#[test]
fn what_another_copy_sends_during_an_upload_is_taken_out_of_the_file() {
    let mut world = World::with_groups(2);
    // Both copies know the plan of one group; the second one gives it up, and plans both.
    let made = world.json(&["batch", "create", "--no-submit", "--limit", "1"], 0);
    let run = made["run_id"].as_str().unwrap();
    let (first, second) = (world.path("g.db"), world.path("copy/g.db"));
    fs::create_dir(world.path("copy")).unwrap();
    fs::copy(&first, &second).unwrap();
    world.db = second.clone();
    world.run(&["batch", "cancel", run]).exits(0);
    let (here, go) = (world.path("here"), world.path("go"));
    world.script(&json!({"faults": [{"on": "files.create", "nth": 1, "announce": here, "hold": go}]}));
    let mut slow = world.start(&["batch", "create"]);
    slow.until(&here);
    world.db = first;
    world.run(&["batch", "submit", run]).exits(0);
    fs::write(&go, "").unwrap();
    slow.end().exits(1).says("another copy of this database has sent `batch_");
    world.db = second;
    let other = world.journal().batches[0].batch_id.to_string();
    world.run(&["batch", "process", &other]);
    let run = world.rows("SELECT run_id FROM batches WHERE state = 'uploaded'").remove(0);
    world.run(&["batch", "submit", &run]).exits(0);
    bought_once(&world, 2, 4);
    world.run(&["batch", "wait"]).exits(0);
    assert_eq!(world.count("SELECT count(*) FROM current_answers"), 4);
    bought_once(&world, 2, 4);
}

#[test]
fn of_two_copies_that_upload_at_once_one_buys() {
    // Of different plans the later one stops before it asks for its batch; of one plan it takes the other's batch.
    for is_one_plan in [false, true] {
        let mut world = World::with_groups(2);
        let command: Vec<String> = match is_one_plan {
            true => {
                let made = world.json(&["batch", "create", "--no-submit"], 0);
                ["batch", "submit", made["run_id"].as_str().unwrap()].map(String::from).to_vec()
            }
            false => ["batch", "create"].map(String::from).to_vec(),
        };
        let command: Vec<&str> = command.iter().map(String::as_str).collect();
        let (first, second) = (world.path("g.db"), world.path("copy/g.db"));
        fs::create_dir(world.path("copy")).unwrap();
        fs::copy(&first, &second).unwrap();
        let (here, go) = (world.path("here"), world.path("go"));
        world.script(&json!({"faults": [{"on": "files.create", "nth": 1, "announce": here, "hold": go}]}));
        world.db = second.clone();
        let mut slow = world.start(&command);
        slow.until(&here);
        world.db = first.clone();
        world.run(&command).exits(0);
        fs::write(&go, "").unwrap();
        match is_one_plan {
            true => slow.end().exits(0).says("4 requests for 2 groups"),
            false => slow
                .end()
                .exits(1)
                .says("another copy of this database has sent `batch_")
                .says("hint: `gleaner merge OTHER.db` brings"),
        };
        bought_once(&world, 1, 4);
        world.run(&["batch", "wait"]).exits(0);
        account(&world, [4, 0, 0, 0]);
        world.db = second;
        if is_one_plan {
            world.run(&["batch", "wait"]).exits(0);
            account(&world, [4, 0, 0, 0]);
        } else {
            assert_eq!(world.rows("SELECT state FROM batches"), ["uploaded"]);
        }
        bought_once(&world, 1, 4);
    }
}

#[test]
fn two_commands_at_once_send_once() {
    let world = World::with_groups(2);
    let (here, go) = (world.path("here"), world.path("go"));
    world.script(&json!({"faults": [{"on": "files.create", "at": "received", "announce": here, "hold": go}]}));
    let mut first = world.start(&["batch", "create"]);
    first.until(&here);
    for command in [&["batch", "create"][..], &["batch", "submit"], &["batch", "wait"]] {
        world.run(command).exits(1).says("another gleaner is sending");
    }
    // Looking is allowed meanwhile.
    world.run(&["batch", "status"]).exits(0);
    fs::write(&go, "").unwrap();
    first.end().exits(0);
    world.run(&["batch", "wait"]).exits(0);
    bought_once(&world, 1, 4);
}

#[cfg(unix)]
#[test]
fn an_interrupt_leaves_the_batch_running_and_says_how_to_return() {
    let world = World::with_groups(2);
    let here = world.path("here");
    world.script(&json!({"faults": [
        {"on": "batches.get", "nth": 2, "at": "received", "announce": here, "hang": true}]}));
    let mut running = world.start(&["batch", "create", "--wait"]);
    running.until(&here);
    let status = std::process::Command::new("kill")
        .args([crate::harness::interrupt(), &running.id().to_string()])
        .status()
        .unwrap();
    assert!(status.success());
    running.end().exits(130).says("gleaner batch wait");
    world.run(&["batch", "wait"]).exits(0);
    bought_once(&world, 1, 4);
    account(&world, [4, 0, 0, 0]);
}
