use std::fs;

use serde_json::{Value, json};

use super::{account, bought_once, printed};
use crate::harness::World;

#[test]
fn odd_looks_end_in_the_same_account() {
    let looks: [(&str, Value); 9] = [
        ("completed before the ids", json!({"settle": 3})),
        ("the file is shorter at first", json!({"short": {"lines": 3, "reads": 2}})),
        ("an empty error file is named", json!({"empty_error_file": true})),
        ("no newline at the end", json!({"no_final_newline": true})),
        (
            "ids before the end",
            json!({"steps": [
                {"status": "in_progress", "done": 0.3, "set": {"output_file_id": "file-early", "error_file_id": "file-e"}},
                {"status": "finalizing", "done": 1, "set": {"output_file_id": "file-early"}},
                {"status": "completed"}]}),
        ),
        (
            "empty-string ids",
            json!({"steps": [
                {"status": "in_progress", "set": {"output_file_id": "", "error_file_id": "", "errors": {}}},
                {"status": "completed", "set": {"error_file_id": ""}}]}),
        ),
        (
            "null counts, null metadata, absent members",
            json!({"steps": [
                {"status": "validating", "set": {"request_counts": null, "metadata": null}},
                {"status": "in_progress", "unset": ["request_counts", "expires_at", "errors", "metadata"]},
                {"status": "completed", "unset": ["error_file_id", "usage"], "set": {"request_counts": null}}]}),
        ),
        (
            "words that nobody knows",
            json!({"steps": [
                {"status": "queued_for_review"}, {"status": "thawing"}, {"status": ""},
                {"status": "completed"}]}),
        ),
        (
            "empty ids with the end, real ones later",
            json!({"steps": [
                {"status": "completed", "set": {"output_file_id": "", "error_file_id": ""}},
                {"status": "completed", "set": {"output_file_id": null}},
                {"status": "completed"}]}),
        ),
    ];
    for (what, mut rule) in looks {
        eprintln!("{what}");
        rule["nth"] = json!(1);
        let world = World::with_groups(4);
        world.script(&json!({"batches": [rule]}));
        let ended = world.json(&["batch", "create", "--wait"], 0);
        assert_eq!(printed(&ended), [8, 8, 0, 0, 0], "{what}: {ended:#}");
        bought_once(&world, 1, 8);
        account(&world, [8, 0, 0, 0]);
        let calls = world.journal().calls;
        assert!(calls.iter().all(|call| !call.path.contains("file-early")), "{what}: an early id means nothing");
    }
}

#[test]
fn an_unknown_status_is_shown_and_is_not_the_end() {
    let world = World::with_groups(1);
    world.script(&json!({"batches": [{"stuck": "thawing \u{1b}[2J"}]}));
    world.run(&["batch", "create"]).exits(0);
    let id = world.rows("SELECT external_id FROM batches").remove(0);
    world.run(&["batch", "status"]).exits(0).says("thawing").says_not("\u{1b}");
    let facts = world.json(&["batch", "status", &id], 0);
    assert_eq!((&facts["state"], facts["status"].as_str()), (&json!("open"), Some("thawing [2J")));
    world.run(&["batch", "process", &id]).exits(1).says("is not finished (status: thawing");
}

#[test]
fn a_file_that_stays_short_leaves_its_batch_uncertain_and_a_later_look_finds_the_rest() {
    let world = World::with_groups(3);
    world.script(&json!({"batches": [{"nth": 1, "short": {"lines": 2, "reads": 50}}]}));
    let ran = world.run(&["batch", "create", "--wait"]).exits(3);
    ran.says("4 of 6 answers are in its files; 2 answers are uncertain").says("missing 0 + uncertain 2");
    assert_eq!(world.rows("SELECT state, claim FROM batches"), ["uncertain|answers"]);
    assert_eq!(world.rows("SELECT state, count(*) FROM requests GROUP BY 1"), ["sent|2", "usable|4"]);
    let reads = world.journal().n_calls("files.content");
    assert!((3..50).contains(&reads), "looked again {reads} times");
    // Nothing of it is sent again, and every command that talks to the provider looks again and says so.
    world.run(&["batch", "create"]).exits(3).says("nothing to send").says("uncertain");
    world.run(&["batch", "list"]).exits(3).says("uncertain: completed");
    world.run(&["progress"]).exits(0).says("uncertain");
    let id = world.rows("SELECT external_id FROM batches").remove(0);
    for _ in 0..10 {
        if world.run(&["batch", "process", &id]).code == Some(0) {
            break;
        }
    }
    bought_once(&world, 1, 6);
    account(&world, [6, 0, 0, 0]);
    world.run(&["batch", "list"]).exits(0).says_not("uncertain");
}

#[test]
fn a_file_that_is_not_whole_keeps_no_other_batch_waiting() {
    for command in ["wait", "process"] {
        let world = World::with_groups(4);
        let (here, go) = (world.path("here"), world.path("go"));
        world.script(&json!({"batches": [{"nth": 1, "short": {"lines": 2, "reads": 2}}],
            "faults": [{"on": "files.content", "nth": 3, "announce": here, "hold": go}]}));
        world.run(&["batch", "create", "--max-requests", "4"]).exits(0);
        world.run(&["batch", "status"]).exits(0);
        world.run(&["batch", "status"]).exits(0);
        let mut collecting = world.start(&["batch", command]);
        collecting.until(&here);
        // While the first is looked at again, the second is imported, and so is what is there of the first.
        assert_eq!(world.rows("SELECT part, state FROM batches ORDER BY part"), ["1|uncertain", "2|imported"]);
        assert_eq!(world.count("SELECT count(*) FROM requests WHERE state = 'usable'"), 6);
        fs::write(&go, "").unwrap();
        let ran = collecting.end().exits(0);
        assert_eq!(ran.stdout.matches("sent 4 = usable 4").count(), 2, "{}", ran.report());
        assert_eq!(ran.stderr.matches("looking again for up to 4 min 52 s\n").count(), 1, "{}", ran.report());
        account(&world, [8, 0, 0, 0]);
        bought_once(&world, 2, 8);
    }
}

#[test]
fn only_an_error_file_means_that_every_line_failed() {
    let world = World::with_groups(2);
    world.script(&json!({"answers": [{"outcome": "http", "status": 400, "code": "invalid_json_schema"}]}));
    let ended = world.json(&["batch", "create", "--wait"], 3);
    assert_eq!(printed(&ended), [4, 0, 0, 4, 0]);
    assert_eq!(world.rows("SELECT output_file_id IS NULL, error_file_id IS NULL FROM batches"), ["1|0"]);
}

#[test]
fn by_a_real_clock_too_it_is_said_that_a_short_file_is_waited_for() {
    let mut world = World::with_groups(2);
    world.has_no_transcript("it runs by a real clock");
    // Two readings of a clock that runs are never the same.
    world.unset_var("GLEANER_TEST_CLOCK");
    world.script(&json!({"faults": [{"on": "files.content", "times": 2, "drop_lines": 1}]}));
    let ran = world.run(&["batch", "create", "--wait"]).exits(0);
    let line = ": 3 of 4 answers are in its files; looking again for up to 4 min 52 s\n";
    assert_eq!(ran.stderr.matches(line).count(), 1, "{}", ran.report());
    account(&world, [4, 0, 0, 0]);
}
