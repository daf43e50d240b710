//! A model that is shut down: seen before money is spent, from the table and from the provider.

use serde_json::json;

use super::bought_once;
use crate::harness::{World, group};

/// The clock of a world, some time before gpt-5-mini's first day without it, 2026-12-10.
fn at(clock: &str) -> World {
    let mut world = World::with_groups(2);
    world.set_var("GLEANER_TEST_CLOCK", clock);
    world
}

const OLD: [&str; 2] = ["--model", "gpt-5-mini"];

#[test]
fn an_end_within_a_batch_s_day_refuses_every_sender_and_names_the_successor() {
    let world = at("2026-12-09T00:00:00Z");
    let refused = "error: `gpt-5-mini` ends on 2026-12-10, and a batch may take 24 hours\n\
                   hint: `gpt-6-luna` takes its place, for about $0.0011: `--model gpt-6-luna`\n\
                   hint: `gleaner models` shows what there is; `--anyway` sends it all the same\n";
    let ran = world.run(&[&["batch", "create"], &OLD[..]].concat()).exits(2);
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", refused), "{}", ran.report());
    world.run(&["compare", "gpt-5-mini", "--sample", "1", "--batch"]).exits(2).says("`gpt-5-mini` ends on 2026-12-10");
    assert_eq!((world.count("SELECT count(*) FROM runs"), world.journal().n_calls("files.create")), (0, 0));
    // A synchronous answer comes in time.
    world
        .run(&[&["extract", "--limit", "1"], &OLD[..]].concat())
        .exits(0)
        .says("`gpt-5-mini` ends on 2026-12-10, in 1 day");
    world.run(&[&["batch", "create", "--anyway", "--wait"], &OLD[..]].concat()).exits(0).says("sent all the same");
    bought_once(&world, 1, 2);
}

#[test]
fn from_the_day_itself_nothing_is_asked() {
    let world = at("2026-12-10T00:00:00Z");
    for command in
        [&["extract"][..], &["batch", "create"], &["extract", "--dry-run"], &["batch", "create", "--no-submit"]]
    {
        let ran = world.run(&[command, &OLD[..]].concat()).exits(2);
        ran.says("error: `gpt-5-mini` is gone since 2026-12-10").says("hint: `gpt-6-luna` takes its place");
    }
    assert_eq!((world.count("SELECT count(*) FROM requests"), world.journal().n_calls("responses.create")), (0, 0));
    world.run(&["extract", "--limit", "1", "--model", "gpt-5-mini", "--anyway"]).exits(0);
}

#[test]
fn a_plan_that_waited_too_long_is_not_sent() {
    let mut world = at("2026-12-01T12:00:00Z");
    let run = world.json(&["batch", "create", "--no-submit", "--model", "gpt-5-mini"], 0)["run_id"].clone();
    let run = run.as_str().expect("a run");
    world.set_var("GLEANER_TEST_CLOCK", "2026-12-09T12:00:00Z");
    let ran = world.run(&["batch", "submit", run]).exits(2);
    ran.says("`gpt-5-mini` ends on 2026-12-10")
        .says(&format!("it waits as part 1 of {run}"))
        .says("hint: `gpt-6-luna` takes its place");
    assert_eq!(world.journal().n_calls("files.create"), 0);
    // Begun to be sent, it stops `wait` too, which has nothing else to wait for.
    world.sql().execute("UPDATE runs SET origin_id = 1", []).unwrap();
    world.run(&["batch", "wait"]).exits(2).says("`gpt-5-mini` ends on 2026-12-10");
    world.run(&["batch", "wait", "--anyway"]).exits(0).says("sent all the same");
    bought_once(&world, 1, 4);
}

#[test]
fn an_end_that_comes_while_waiting_leaves_the_part_and_imports_the_rest() {
    let world = at("2026-12-08T23:58:00Z");
    world.script(&json!({"pace": {"polls": 6}}));
    // The first part is sent in time, the second waits for the queue.
    let args =
        ["batch", "create", "--wait", "--model", "gpt-5-mini", "--max-requests", "2", "--max-enqueued-tokens", "4000"];
    world.run(&args).exits(3).says("parts of it that wait are not sent").says("sent 2 = usable 2");
    bought_once(&world, 1, 2);
    assert_eq!(world.rows("SELECT state FROM batches ORDER BY part"), ["imported", "planned"]);
}

#[test]
fn the_provider_knows_of_an_end_that_the_table_does_not() {
    let world = at("2027-02-20T12:00:00Z");
    world.script(&json!({"models": [{"model": "gpt-6-luna", "shutdown_date": "2027-02-21"}]}));
    world.run(&["batch", "create"]).exits(2).says("error: `gpt-6-luna` ends on 2027-02-21");
    world.script(&json!({"models": [{"model": "gpt-6-luna", "shutdown_date": "2027-03-21"}]}));
    world
        .run(&["batch", "create", "--limit", "1"])
        .exits(0)
        .says("warning: `gpt-6-luna` ends on 2027-03-21, in 28 days");
    assert_eq!(world.journal().n_calls("models.get"), 2, "asked once before an upload");
    // What does not say anything is no reason to stop.
    let silences = [
        json!({"status": 403}),
        json!({"status": 404}),
        json!({"status": 500}),
        json!({"set": {"shutdown_date": "soon"}}),
    ];
    for (n, mut fault) in silences.into_iter().enumerate() {
        (fault["on"], fault["times"]) = ("models.get".into(), 0.into());
        world.script(&json!({"faults": [fault]}));
        world.load_groups(&[group(10 + n)]);
        world.run(&["batch", "create", "--limit", "1"]).exits(0).says_not("ends on");
    }
}
