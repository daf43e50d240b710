use serde_json::json;

use super::{account, bought_once, printed};
use crate::harness::World;

#[test]
fn every_end_is_harvested_and_the_rest_is_sent_again() {
    // What becomes of the batch; sent, usable, unusable, failed, missing; exit code; requests asked again.
    let table = [
        (json!({"ends": "completed"}), [8, 8, 0, 0, 0], 0, 0),
        (json!({"ends": "expired", "done": 0.5}), [8, 4, 0, 4, 0], 3, 4),
        (json!({"ends": "expired", "done": 0.5, "rest": "absent"}), [8, 4, 0, 0, 4], 3, 4),
        (json!({"ends": "expired", "done": 0.0}), [8, 0, 0, 8, 0], 3, 8),
        (json!({"ends": "cancelled", "done": 0.75}), [8, 6, 0, 2, 0], 3, 2),
        (json!({"ends": "cancelled", "done": 0.0, "rest": "absent"}), [8, 0, 0, 0, 8], 3, 8),
        (
            json!({"ends": "failed", "errors": [{"code": "server_error", "message": "sorry", "line": null}]}),
            [8, 0, 0, 8, 0],
            3,
            8,
        ),
    ];
    for (mut rule, expected, code, n_again) in table {
        eprintln!("{rule}");
        rule["nth"] = json!(1);
        let world = World::with_groups(4);
        world.script(&json!({"batches": [rule]}));
        let ended = world.json(&["batch", "create", "--wait"], code);
        assert_eq!(printed(&ended), expected, "{ended:#}");
        let [_, usable, unusable, failed, missing] = expected.map(|n| n as i64);
        account(&world, [usable, unusable, failed, missing]);
        let before = world.journal().billed.len();
        assert_eq!(before as i64, usable + unusable, "paid is what came back with usage");

        let again = world.run(&["batch", "create", "--wait", "--json"]).exits(0);
        if n_again > 0 {
            assert_eq!(printed(&again.json()), [n_again, n_again, 0, 0, 0]);
        }
        assert!(world.journal().billed.values().all(|times| *times == 1), "nothing is paid twice");
        assert_eq!(world.count("SELECT count(*) FROM current_answers"), 8);
        assert_eq!(world.count("SELECT max(attempt) FROM requests"), 1, "what never ran is no attempt");
    }
}

#[test]
fn the_error_of_a_failed_batch_names_the_group() {
    let world = World::with_groups(3);
    world.script(&json!({"batches": [{"nth": 1, "ends": "failed", "errors": [
        {"code": "invalid_json_line", "message": "This line is not JSON.", "param": null, "line": 3},
        {"message": "odd", "line": 99},
        {"code": null, "message": null}]}]}));
    let ran = world.run(&["batch", "create", "--wait"]).exits(3);
    // Newest first, the topics before the entities: line 3 is the second group's first request.
    ran.says("invalid_json_line: This line is not JSON. (line 3, `topic_g2`)").says("odd (line 99)");
    account(&world, [0, 0, 6, 0]);
    assert_eq!(world.journal().billed.len(), 0);
    let status = world.run(&["batch", "status", &world.rows("SELECT external_id FROM batches")[0], "--json"]);
    assert_eq!(status.exits(0).json()["errors"][0]["custom_id"], "topic_g2");
}

#[test]
fn a_batch_that_is_gone_at_its_own_origin_is_sent_again() {
    let world = World::with_groups(2);
    world.script(&json!({"batches": [{"nth": 1, "steps": [{"status": "in_progress"}, {"gone": true}]}]}));
    world.run(&["batch", "create", "--wait"]).exits(3).says("is gone at the provider");
    account(&world, [0, 0, 0, 4]);
    assert_eq!(world.rows("SELECT DISTINCT reason FROM requests"), ["gone"]);
    world.run(&["batch", "create", "--wait"]).exits(0);
    assert_eq!(world.count("SELECT count(*) FROM current_answers"), 4);
}

#[test]
fn answers_that_the_provider_has_deleted_stop_nobody_and_are_not_bought_again_unasked() {
    let world = World::with_groups(4);
    world.run(&["batch", "create", "--max-requests", "4"]).exits(0);
    world.run(&["batch", "status"]).exits(0);
    world.run(&["batch", "status"]).exits(0);
    let first = world.rows("SELECT external_id, output_file_id FROM batches ORDER BY part").remove(0);
    let (batch, file) = first.split_once('|').unwrap();
    let url = format!("{}/files/{file}", world.sandbox.base_url());
    let mut saved = ureq::get(&format!("{url}/content")).header("authorization", "Bearer k").call().unwrap();
    let saved = world.write("saved.jsonl", &saved.body_mut().read_to_string().unwrap());
    ureq::delete(&url).header("authorization", "Bearer k").call().unwrap();

    let ran = world.run(&["batch", "wait"]).exits(3).says("what it held is lost").says(batch);
    ran.says("sent 4 = usable 0 + unusable 4").says("sent 4 = usable 4");
    account(&world, [4, 4, 0, 0]);
    assert_eq!(world.rows("SELECT DISTINCT reason FROM requests WHERE state = 'unusable'"), ["file_deleted"]);
    world.run(&["batch", "create"]).exits(0).says("nothing to send").says("--retry-failed");
    // Who has kept the file has lost nothing.
    world.run(&["batch", "process", batch, "--file", &saved.display().to_string()]).exits(0);
    account(&world, [8, 0, 0, 0]);
    bought_once(&world, 2, 8);
}

#[test]
fn one_batch_that_is_not_handed_out_does_not_stop_the_others() {
    for (command, code) in [(["batch", "wait"], 0), (["batch", "process"], 3)] {
        let world = World::with_groups(4);
        world.run(&["batch", "create", "--max-requests", "4"]).exits(0);
        world.run(&["batch", "status"]).exits(0);
        world.run(&["batch", "status"]).exits(0);
        // For the first batch as often as `process` asks for it, by turns with the second: the wait comes back to it, a
        // single command leaves it uncertain.
        world.script(&json!({"faults": [{"on": "files.content", "times": 15, "status": 400, "json":
            {"error": {"message": "Not allowed to download files of purpose: batch_output"}}}]}));
        world.run(&command).exits(code).says("Not allowed to download").says("sent 4 = usable 4");
        let uncertain = world.count("SELECT count(*) FROM batches WHERE state = 'uncertain'");
        assert_eq!(uncertain, i64::from(code == 3));
        if code == 3 {
            world.run(&["progress"]).exits(0).says("uncertain");
            world.run(&["batch", "create"]).exits(0).says("nothing to send");
        }
        account(&world, [8, 0, 0, 0]);
        bought_once(&world, 2, 8);
    }
}

#[test]
fn what_another_projects_key_cannot_see_is_not_sent_again() {
    let world = World::with_groups(2);
    world.run(&["batch", "create"]).exits(0);
    let not_found = json!({"error": {"message": "No batch found with id 'x'.", "type": "invalid_request_error",
        "param": null, "code": null}});
    world.script(&json!({"faults": [
        {"on": "batches.get", "times": 0, "status": 404, "json": not_found},
        {"on": "files.get", "times": 0, "status": 404, "json": not_found},
        {"on": "batches.list", "times": 0, "status": 200, "json": {"object": "list", "data": [], "has_more": false}},
    ]}));
    world.run(&["batch", "status"]).says("another project's key").says("OPENAI_PROJECT_ID");
    world.run(&["batch", "wait"]).exits(3).says("another project's key");
    world.run(&["batch", "create"]).exits(3).says("nothing to send").says("another project's key");
    assert_eq!(world.rows("SELECT DISTINCT state FROM requests"), ["sent"]);
    world.script(&json!({}));
    world.run(&["batch", "wait"]).exits(0);
    bought_once(&world, 1, 4);
    account(&world, [4, 0, 0, 0]);
}

#[test]
fn a_batch_of_another_origin_is_not_looked_for_here() {
    let mut world = World::with_groups(2);
    world.run(&["batch", "create"]).exits(0);
    let elsewhere = crate::harness::start_sandbox(&json!({}));
    let own = world.sandbox.base_url();
    world.set_var("OPENAI_BASE_URL", &elsewhere.base_url());
    world.run(&["batch", "status"]).exits(0).says(&format!("was made at {own}"));
    assert_eq!(elsewhere.journal().n_calls("batches.get"), 0);
    world.set_var("OPENAI_BASE_URL", &own);
    world.run(&["batch", "wait"]).exits(0);
    account(&world, [4, 0, 0, 0]);
}

#[test]
fn a_cancelled_batch_keeps_what_was_answered() {
    for (rule, usable, failed) in [
        (json!({"done": 0.5, "steps": [{"status": "in_progress", "done": 0.5}]}), 4, 4),
        (json!({"cancel": "completed"}), 8, 0),
    ] {
        let world = World::with_groups(4);
        world.script(&json!({"batches": [rule]}));
        world.run(&["batch", "create"]).exits(0);
        let id = world.rows("SELECT external_id FROM batches").remove(0);
        world.run(&["batch", "cancel", &id]).exits(0);
        let code = if failed > 0 { 3 } else { 0 };
        let ended = world.json(&["batch", "wait"], code);
        assert_eq!(printed(&ended), [8, usable, 0, failed, 0], "{ended:#}");
        world.run(&["batch", "cancel", &id]).exits(1).says("can't be cancelled");
    }
}

#[test]
fn a_plan_that_is_cancelled_is_planned_anew() {
    let world = World::with_groups(2);
    let run = world.json(&["batch", "create", "--no-submit"], 0)["run_id"].as_str().unwrap().to_owned();
    world.run(&["batch", "cancel", &run]).exits(0);
    assert_eq!(world.rows("SELECT DISTINCT state FROM requests"), ["withdrawn"]);
    world.run(&["batch", "submit", &run]).exits(0).says("nothing waits");
    world.run(&["batch", "create", "--wait"]).exits(0);
    bought_once(&world, 1, 4);
}

#[test]
fn a_batch_that_never_moves_can_be_given_up_here() {
    let mut world = World::with_groups(2);
    world.script(&json!({"batches": [{"nth": 1, "stuck": "in_progress", "cancel": "stuck"}]}));
    world.run(&["batch", "create"]).exits(0);
    let id = world.rows("SELECT external_id FROM batches").remove(0);
    world.run(&["batch", "cancel", &id]).exits(0);
    world.run(&["batch", "status", &id]).exits(0).says("cancelling").says_not("nothing has moved");
    world.set_var("GLEANER_TEST_CLOCK", "2026-11-02T13:00:00Z");
    world.run(&["batch", "status", &id]).exits(0).says("cancelling").says("nothing has moved for 1 h");
    let before = world.journal().calls.len();
    world.run(&["batch", "cancel", &id, "--local"]).exits(0).says("given up");
    assert_eq!(world.journal().calls.len(), before, "without asking the provider");
    account(&world, [0, 0, 0, 4]);
    world.run(&["batch", "create", "--wait"]).exits(0);
    assert_eq!(world.count("SELECT count(*) FROM current_answers"), 4);
}
