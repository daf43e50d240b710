use serde_json::{Value, json};

use super::{account, bought_once};
use crate::harness::{World, group};

/// A world with so many groups, each of about 3,000 tokens, and a provider whose queue takes `limit` of them.
fn tier(n_groups: usize, limit: u64) -> World {
    let world = World::new();
    world.load_groups(&(1..=n_groups).map(group).collect::<Vec<_>>());
    world.script(&json!({"limits": {"enqueued_tokens": {"*": limit}}}));
    world
}

/// Returns how many batches were accepted.
fn accepted(world: &World) -> usize {
    world.journal().batches.iter().filter(|batch| batch.accepted).count()
}

/// A failed batch's word for a full queue.
fn full(limit: &str) -> Value {
    json!([{"code": "token_limit_exceeded", "line": null, "param": null, "message":
        format!("Enqueued token limit reached for gpt-6-luna in organization org-x.{limit} Please try again once some \
                 in_progress batches have been completed.")}])
}

#[test]
fn a_run_six_times_the_limit_gets_through_with_one_command() {
    let world = tier(200, 100_000);
    let ran = world.run(&["batch", "create", "--wait", "--no-probe"]).exits(0);
    let ran = ran.says("is full (limit: 100,000 tokens)").says("is split into");
    assert!(accepted(&world) >= 6, "{}", ran.report());
    bought_once(&world, accepted(&world), 400);
    account(&world, [400, 0, 0, 0]);
    assert_eq!(world.rows("SELECT max_tokens FROM queue_limits"), ["100000"]);
    // The limit is remembered: the next run is cut to it from the start.
    let before = world.journal().batches.len();
    world.load_groups(&(201..=240).map(group).collect::<Vec<_>>());
    world.run(&["batch", "create", "--wait", "--no-probe"]).exits(0);
    let refused = world.journal().batches[before..].iter().filter(|batch| !batch.accepted).count();
    assert_eq!(refused, 0);
    account(&world, [480, 0, 0, 0]);
}

#[test]
fn a_run_gets_through_over_days_with_a_command_now_and_then() {
    let mut world = tier(100, 100_000);
    world.run(&["batch", "create", "--no-probe"]).exits(0).says("is full (limit: 100,000 tokens)");
    let waits = "SELECT count(*) FROM batches WHERE state IN ('planned', 'open', 'ended')";
    let mut n_days = 0;
    while world.count(waits) > 0 {
        n_days += 1;
        assert!(n_days <= 12, "{:#?}", world.rows("SELECT part, state, not_before FROM batches"));
        world.set_var("GLEANER_TEST_CLOCK", &format!("2026-11-{:02}T09:00:00Z", 2 + n_days));
        // The laptop is open for a moment: what ended is imported, and the next part goes out.
        world.run(&["batch", "status"]).exits(0);
        world.run(&["batch", "status"]).exits(0);
        world.run(&["batch", "process"]);
        world.run(&["batch", "submit"]).exits(0);
    }
    assert!(n_days >= 2);
    bought_once(&world, accepted(&world), 200);
    account(&world, [200, 0, 0, 0]);
}

#[test]
fn waiting_again_after_an_interrupt_goes_on_with_what_is_left() {
    let world = tier(60, 100_000);
    let here = world.path("here");
    world.script(&json!({"limits": {"enqueued_tokens": {"*": 100_000}},
        "faults": [{"on": "files.content", "at": "done", "announce": here, "hang": true}]}));
    let mut running = world.start(&["batch", "create", "--wait", "--no-probe"]);
    running.until(&here);
    running.kill();
    let ran = world.run(&["batch", "list", "--offline"]).exits(0);
    assert!(ran.stdout.contains("not imported yet"), "{}", ran.report());
    world.run(&["batch", "wait"]).exits(0);
    bought_once(&world, accepted(&world), 120);
    account(&world, [120, 0, 0, 0]);
}

#[test]
fn a_refusal_that_names_no_limit_halves_the_part() {
    let world = World::with_groups(4);
    world.script(&json!({"batches": [{"nth": 1, "ends": "failed", "errors": full("")}]}));
    world.run(&["batch", "create", "--wait"]).exits(0).says("is full").says("is split into 2 parts");
    bought_once(&world, 2, 8);
    account(&world, [8, 0, 0, 0]);

    // However uneven: the large one is alone, and not left out.
    let world = World::with_groups(1);
    let mut large = group(2);
    large["stories"][0]["text"] = json!("NASA flew to the moon. ".repeat(4_000));
    world.load_groups(&[large]);
    world.script(&json!({"batches": [{"nth": 1, "ends": "failed", "errors": full("")}]}));
    world.run(&["batch", "create", "--wait"]).exits(0).says("is split into 2 parts");
    bought_once(&world, 2, 4);
    account(&world, [4, 0, 0, 0]);
}

#[test]
fn a_queue_full_of_others_is_waited_for_with_growing_patience() {
    let world = World::with_groups(2);
    let refusal = full(" Limit: 2,000,000 enqueued tokens.");
    world.script(&json!({"batches": [
        {"nth": 1, "ends": "failed", "errors": refusal}, {"nth": 2, "ends": "failed", "errors": refusal}]}));
    let ran = world.run(&["batch", "create"]).exits(0).says("limit: 2,000,000 tokens");
    assert!(ran.stdout.contains("next try") || ran.stderr.contains("next try"), "{}", ran.report());
    let not_before = |world: &World| world.rows("SELECT not_before FROM batches WHERE state = 'planned'");
    assert_eq!(not_before(&world).len(), 1);
    // Before that time nothing is tried, and it is said when.
    let n_tries = world.journal().batches.len();
    world.run(&["batch", "submit"]).exits(0).says("held");
    assert_eq!(world.journal().batches.len(), n_tries);
    world.run(&["batch", "status"]).exits(0).says("next try at 2026-11-02T12:01");
    world.run(&["batch", "wait"]).exits(0);
    bought_once(&world, 1, 4);
    account(&world, [4, 0, 0, 0]);
}

#[test]
fn a_refusal_may_come_late_or_with_the_first_answer() {
    // Late: long after `batch create` has looked away.
    let world = World::with_groups(4);
    let failed = json!({"status": "failed", "set": {"errors": {"object": "list", "data": full("")}}});
    let validating = json!({"status": "validating"});
    world.script(&json!({"batches": [{"nth": 1, "steps":
        [validating, validating, validating, validating, failed]}]}));
    world.run(&["batch", "create"]).exits(0).says_not("is full");
    world.run(&["batch", "wait"]).exits(0).says("is full");
    account(&world, [8, 0, 0, 0]);

    // At once: as the answer to the creation.
    for status in [400, 429] {
        let world = World::with_groups(4);
        world.script(&json!({"faults": [{"on": "batches.create", "at": "received", "status": status,
            "json": {"error": full(" Limit: 9,000 enqueued tokens.")[0]}}]}));
        world.run(&["batch", "create", "--wait"]).exits(0).says("limit: 9,000 tokens").says("is split into");
        bought_once(&world, accepted(&world), 8);
        account(&world, [8, 0, 0, 0]);
    }
}

#[test]
fn one_group_too_large_for_the_queue_is_left_out_and_the_rest_goes() {
    let world = World::with_groups(2);
    let mut large = group(3);
    large["stories"][0]["text"] = json!("NASA flew to the moon. ".repeat(4_000));
    world.load_groups(&[large]);
    world.script(&json!({"limits": {"enqueued_tokens": {"*": 20_000}}}));
    let ran = world.run(&["batch", "create", "--wait", "--no-probe"]);
    let ran = ran.says("too large for the provider's queue");
    bought_once(&world, accepted(&world), 4);
    assert_eq!(
        world.rows("SELECT count(*), reason FROM requests WHERE state = 'withdrawn'"),
        ["2|too_large"],
        "{}",
        ran.report()
    );
    account(&world, [4, 0, 0, 0]);
}
