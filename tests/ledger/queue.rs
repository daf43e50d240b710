use serde_json::{Value, json};

use super::{account, bought_once};
use crate::harness::{World, group, start_sandbox};

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
fn what_an_earlier_run_has_in_the_queue_is_looked_at_by_the_wait_for_the_next() {
    let world = tier(60, 100_000);
    world.run(&["batch", "create", "--no-probe", "--limit", "30"]).exits(0);
    // One part of the first run is in the queue, the rest waits; both were counted into the price.
    assert!(world.count("SELECT count(*) FROM batches WHERE state = 'open'") > 0);
    world.run(&["batch", "create", "--no-probe", "--wait"]).exits(0);
    bought_once(&world, accepted(&world), 120);
    account(&world, [120, 0, 0, 0]);
}

#[test]
fn a_wait_for_the_queue_looks_at_no_batch_that_cannot_fill_it() {
    let mut world = World::with_groups(1);
    let refusal = full(" Limit: 2,000,000 enqueued tokens.");
    world.script(&json!({"batches": [{"nth": 2, "ends": "failed", "errors": refusal}]}));
    // One batch of another model, and one at another provider.
    world.run(&["batch", "create", "--model", "gpt-6.1-terra"]).exits(0);
    let (here, other) = (world.sandbox.base_url(), start_sandbox(&json!({})));
    world.set_var("OPENAI_BASE_URL", &other.base_url());
    world.load_groups(&[group(2)]);
    world.run(&["batch", "create"]).exits(0);
    world.set_var("OPENAI_BASE_URL", &here);
    let n_before = other.journal().calls.len();

    world.load_groups(&[group(3)]);
    let run = world.json(&["batch", "create"], 0)["run_id"].as_str().expect("a run").to_owned();
    assert_eq!(world.count("SELECT count(*) FROM batches WHERE state = 'planned'"), 1);
    world.run(&["batch", "wait", &run]).exits(0).says("sent 2 = usable 2").says_not("was made at");
    assert_eq!(world.count("SELECT count(*) FROM batches WHERE state = 'open'"), 2);
    assert_eq!(other.journal().calls.len(), n_before);
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

    // With a limit that others fill, the part waits its minute, also after a late refusal.
    let world = World::with_groups(4);
    let failed = json!({"status": "failed", "set": {"errors": {"object": "list",
        "data": full(" Limit: 2,000,000 enqueued tokens.")}}});
    world.script(&json!({"batches": [{"nth": 1, "steps":
        [validating, validating, validating, validating, failed]}]}));
    world.run(&["batch", "create"]).exits(0).says_not("is full");
    world.run(&["batch", "wait", "--poll-interval", "20"]).exits(0).says("is full");
    account(&world, [8, 0, 0, 0]);
    let has_waited = "SELECT intent_at > '2026-11-02T12:01:00Z' FROM batches WHERE state = 'imported'";
    assert_eq!(world.rows(has_waited), ["1"]);

    // By mistake: the next look says that the batch goes on, and nothing of it is bought again.
    let world = World::with_groups(4);
    let failed = json!({"status": "in_progress", "set": {"status": "failed", "errors": failed["set"]["errors"]}});
    let open = json!({"status": "in_progress"});
    world.script(&json!({"batches": [{"nth": 1, "steps": [validating, failed, open, {"status": "completed"}]}]}));
    world.run(&["batch", "create", "--wait"]).exits(0).says_not("is full").says("sent 8 = usable 8");
    bought_once(&world, 1, 8);
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

/// A table of prices in which the default model takes so many input tokens in one request.
fn table(world: &World, max_input: u64) -> String {
    let row = format!("[model.\"gpt-6-luna\"]\ninput = 1\ncached_input = 1\noutput = 1\nmax_input = {max_input}\n");
    world.write("prices.toml", &row).display().to_string()
}

#[test]
fn a_group_longer_than_the_model_takes_is_left_out_and_said() {
    let mut world = World::with_groups(1);
    let mut large = group(2);
    large["stories"][0]["text"] = json!("NASA flew to the moon. ".repeat(4_000));
    world.load_groups(&[large]);
    world.set_var("GLEANER_PRICES", &table(&world, 9_000));
    let left_out = "warning: group `g2` is left out: about 2";
    for command in [&["batch", "create", "--wait"][..], &["batch", "create"]] {
        let ran = world.run(command).exits(3).says(left_out);
        ran.says(" input tokens, more than the 9,000 that `gpt-6-luna` takes\n");
    }
    bought_once(&world, 1, 2);
    world
        .run(&["extract"])
        .exits(3)
        .says(left_out)
        .says("nothing to ask: 1 group is too large, all others that are meant have been asked about\n");
    world.load_groups(&[group(3)]);
    world.run(&["extract"]).exits(3).says(left_out).says("asked 2 = usable 2");
    let shown = "left out  1 group: longer than the 9,000 input tokens that `gpt-6-luna` takes\n";
    world.run(&["progress"]).exits(0).says(shown);
    assert_eq!(world.json(&["progress"], 0)["too_long_groups"], 1);
    // A comparison leaves it out on both sides, since one of them takes no more.
    let ran = world.run(&["compare", "gpt-6.1-terra", "--sample", "3"]).exits(3);
    ran.says(left_out).says("comparing on 2 groups").says_not("no usable answer");
    // A model that takes more is asked, and then nothing is left out any more.
    world.set_var("GLEANER_PRICES", &table(&world, 90_000));
    world.run(&["progress"]).exits(0).says_not("left out");
    world.run(&["batch", "create", "--wait"]).exits(0);
    world.set_var("GLEANER_PRICES", &table(&world, 9_000));
    world.run(&["progress"]).exits(0).says_not("left out");
    assert_eq!(world.count("SELECT count(*) FROM requests WHERE is_comparison = 0"), 6);
}

#[test]
fn a_learned_limit_is_shown_forgotten_and_expires() {
    let mut world = World::with_groups(4);
    let none = "no limit was learned: no provider has refused a batch for a full queue\n";
    let hint = "hint: a limit holds for a week; `--max-enqueued-tokens` goes before it\n";
    let ran = world.run(&["batch", "limits"]).exits(0);
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), (none, hint), "{}", ran.report());
    world.script(&json!({"limits": {"enqueued_tokens": {"*": 9_000}}}));
    world.run(&["batch", "create", "--wait"]).exits(0);
    let url = world.sandbox.base_url();
    let ran = world.run(&["batch", "limits"]).exits(0);
    let at = world.rows("SELECT learned_at FROM queue_limits").remove(0);
    let line = format!("gpt-6-luna  9,000 tokens in the queue of {url}, learned at {at}\n");
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), (line.as_str(), hint), "{}", ran.report());
    let list = json!({"limits": [{"origin": url, "model": "gpt-6-luna", "max_enqueued_tokens": 9_000,
        "learned_at": at}]});
    assert_eq!(world.json(&["batch", "limits"], 0), list);

    // A plan of four groups follows it for a week; what is typed goes before it, in both directions.
    world.load_groups(&(5..=8).map(group).collect::<Vec<_>>());
    let n_parts = |world: &World, typed: &[&str]| {
        let plan = world.json(&[&["batch", "create", "--dry-run"], typed].concat(), 0);
        plan["batches"].as_array().map(Vec::len)
    };
    assert_eq!(n_parts(&world, &[]), Some(2));
    assert_eq!(n_parts(&world, &["--max-enqueued-tokens", "4000"]), Some(4));
    assert_eq!(n_parts(&world, &["--max-enqueued-tokens", "100000"]), Some(1));
    world.set_var("GLEANER_TEST_CLOCK", "2026-11-09T11:59:59Z");
    assert_eq!(n_parts(&world, &[]), Some(2));
    world.set_var("GLEANER_TEST_CLOCK", "2026-11-09T12:10:00Z");
    assert_eq!(n_parts(&world, &[]), Some(1));

    world.set_var("GLEANER_TEST_CLOCK", crate::harness::CLOCK);
    world.run(&["batch", "limits", "forget", "gpt-5"]).exits(0).says("0 limits of `gpt-5` forgotten\n");
    world.run(&["batch", "limits", "forget", "gpt-6-luna"]).exits(0).says("1 limit of `gpt-6-luna` forgotten\n");
    assert_eq!(n_parts(&world, &[]), Some(1));
    world.run(&["batch", "limits"]).exits(0).says(none);
}

#[test]
fn what_is_typed_wins_over_a_learned_limit_when_it_is_sent_too() {
    let world = World::with_groups(4);
    world.script(&json!({"limits": {"enqueued_tokens": {"*": 9_000}}}));
    world.run(&["batch", "create", "--wait"]).exits(0);
    // The provider takes more by now.
    world.script(&json!({}));
    world.load_groups(&(5..=8).map(group).collect::<Vec<_>>());
    let n_before = world.journal().batches.len();
    world.run(&["batch", "create", "--wait", "--max-enqueued-tokens", "100000"]).exits(0);
    assert_eq!(world.journal().batches.len(), n_before + 1);
    // Or less, as somebody knows.
    world.load_groups(&(9..=12).map(group).collect::<Vec<_>>());
    world.run(&["batch", "create", "--wait", "--max-enqueued-tokens", "4000"]).exits(0);
    assert_eq!(world.journal().batches.len(), n_before + 5);
}

#[test]
fn a_part_that_was_begun_elsewhere_is_not_waited_for() {
    let mut world = World::with_groups(2);
    world.script(&json!({"faults": [{"on": "files.create", "at": "received", "times": 0, "status": 400,
        "json": {"error": {"message": "not today", "type": "invalid_request_error"}}}]}));
    world.run(&["batch", "create"]).exits(1).says("not today");
    let run = world.rows("SELECT run_id FROM batches").remove(0);
    let there = world.sandbox.base_url();
    world.script(&json!({}));

    let other = start_sandbox(&json!({}));
    let here = other.base_url();
    world.set_var("OPENAI_BASE_URL", &here);
    let warning = format!("warning: part 1 of {run} was begun at {there} and is not sent to {here}\n");
    let ran = world.run(&["batch", "wait"]).exits(3);
    assert_eq!(ran.stderr.matches(&warning).count(), 1, "{}", ran.report());
    // Beside it a new run is sent, and it alone is waited for.
    world.load_groups(&[group(3)]);
    let ran = world.run(&["batch", "create", "--wait"]).exits(0).says("sent 2 = usable 2");
    assert_eq!(ran.stderr.matches(&warning).count(), 1, "{}", ran.report());
    assert_eq!(other.journal().asked.len(), 2);
    // With nothing new all that waits is meant.
    let ran = world.run(&["batch", "create", "--wait"]).exits(3);
    assert_eq!(ran.stderr.matches(&warning).count(), 1, "{}", ran.report());

    world.set_var("OPENAI_BASE_URL", &there);
    world.run(&["batch", "wait"]).exits(0).says("sent 4 = usable 4");
    bought_once(&world, 1, 4);
    account(&world, [6, 0, 0, 0]);
}
