//! A model that is shut down: seen before money is spent, from the table and from the provider.

use serde_json::json;

use super::bought_once;
use crate::harness::{World, group, start_sandbox};

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

/// The sandbox knows this model no more.
fn without(model: &str) -> serde_json::Value {
    json!({"models": [{"model": model, "unknown": true}]})
}

const GONE: &str = "`gpt-5-mini` is gone since 2026-12-10; `--model gpt-6-luna` asks its successor: nothing was billed, no \
                    attempt is used up, and nothing is sent to `gpt-5-mini` again";

#[test]
fn lines_of_a_model_that_is_gone_are_not_billed_and_go_to_another_model_only() {
    let world = at("2026-12-11T12:00:00Z");
    // The first time that a request is asked.
    let gone = json!({"times": 1, "outcome": "http", "status": 404, "code": "model_not_found",
        "message": "The model `gpt-5-mini` does not exist"});
    world.script(&json!({"answers": [gone]}));
    let ran = world.run(&["batch", "create", "--wait", "--anyway", "--model", "gpt-5-mini"]).exits(3);
    ran.says(&format!("hint: {GONE}\n")).says("4 failed (model_gone): ").says_not("sent again by the next");
    assert_eq!(world.rows("SELECT state, reason, count(*) FROM requests GROUP BY 1, 2"), ["failed|model_gone|4"]);
    // Never to that model again, whatever is said but `--anyway`.
    for flag in ["--retry-failed", "--stale"] {
        // The table would refuse it first.
        let own = world.write(
            "own.toml",
            "[model.\"gpt-5-mini\"]\ninput = 1\ncached_input = 1\noutput = 1\nshutdown = \"2099-01-01\"\n",
        );
        let mut command = world.command(&["batch", "create", "--model", "gpt-5-mini", flag]);
        let out = command.env("GLEANER_PRICES", own).output().expect("it runs");
        let (out, err) = (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
        assert_eq!(out, "nothing to send: every group that is meant has been asked about\n");
        assert!(err.contains("4 requests are not sent to `gpt-5-mini` again, which was not there"), "{err}");
    }
    world.run(&["batch", "create", "--wait"]).exits(0).says("sent 4 = usable 4");
    assert_eq!(world.rows("SELECT DISTINCT attempt FROM requests"), ["1"], "no attempt is used up");
    assert!(world.journal().billed.values().all(|times| *times == 1));
}

#[test]
fn a_batch_or_a_call_for_a_model_that_is_gone_says_the_same() {
    let world = at("2026-12-11T12:00:00Z");
    let old = ["--anyway", "--model", "gpt-5-mini"];
    world.script(&without("gpt-5-mini"));
    let ran = world.run(&[&["extract"], &old[..]].concat()).exits(1);
    ran.says(&format!("hint: {GONE}\n")).says("(model_not_found)").says_not("the same command goes on");
    assert_eq!(world.rows("SELECT state, reason, count(*) FROM requests GROUP BY 1, 2"), ["failed|model_gone|1"]);

    // The whole batch fails.
    let errors = json!([{"code": "model_not_found", "message": "The model `gpt-5-mini` does not exist", "line": null}]);
    world.script(&json!({"batches": [{"ends": "failed", "errors": errors}]}));
    let ran = world.run(&[&["batch", "create", "--wait"], &old[..]].concat()).exits(3);
    ran.says(&format!("hint: {GONE}\n")).says_not("sent again by the next");

    // The batch is refused: the plan is no longer in the way of another model.
    let world = at("2026-12-11T12:00:00Z");
    let error = json!({"message": "The model `gpt-5-mini` has been deprecated", "type": "invalid_request_error",
        "param": null, "code": "model_not_found"});
    world.script(&json!({"faults": [{"on": "batches.create", "status": 404, "json": {"error": error}}]}));
    world.run(&[&["batch", "create"], &old[..]].concat()).exits(1).says(&format!("hint: {GONE}\n"));
    world.run(&["batch", "create", "--wait"]).exits(0).says("sent 4 = usable 4");
    bought_once(&world, 1, 4);
}

#[test]
fn a_profile_of_an_earlier_version_is_kept_and_today_s_is_offered() {
    let mut world = at("2026-12-01T12:00:00Z");
    let today = world.run(&["profile", "export", "news"]).exits(0).stdout;
    let earlier = world.write("news.toml", &today.replace("name = \"gpt-6-luna\"", "name = \"gpt-5-mini\""));
    world.run(&["profile", "use", &earlier.display().to_string()]).exits(0);
    let offer = "hint: `gpt-5-mini` ends on 2026-12-10; `gleaner profile use news` takes `gpt-6-luna`\n";
    world.run(&["progress"]).exits(0).says(offer);
    world.run(&["batch", "create", "--wait"]).exits(0).says(offer);
    assert_eq!(world.rows("SELECT DISTINCT model FROM prompts"), ["gpt-5-mini"], "never switched");
    world.run(&["batch", "create", "--model", "gpt-6-luna"]).exits(0).says_not("profile use");

    // The other model makes nothing stale.
    world.run(&["profile", "use", "news"]).exits(0);
    world.set_var("GLEANER_TEST_CLOCK", "2026-12-20T12:00:00Z");
    world.run(&["progress"]).exits(0).says_not("profile use").says_not("changed since");
    for stale in [&[][..], &["--stale"]] {
        world.run(&[&["batch", "create"], stale].concat()).exits(0).says("nothing to send");
    }
    let model = ["batch", "create", "--stale", "--model", "gpt-6-luna"];
    let planned = world.json(&[&model[..], &["--dry-run"]].concat(), 0);
    assert_eq!((&planned["total_requests"], &planned["estimate"]["answered_by_another_model"]), (&json!(4), &json!(4)));
    world.run(&[&model[..], &["--wait"]].concat()).exits(0).says("4 requests were answered before by another model");
    world.run(&model).exits(0).says("nothing to send");
}

#[test]
fn what_a_model_that_is_gone_left_is_said_apart_and_may_be_asked_elsewhere() {
    let mut world = World::with_groups(1);
    world.script(&json!({"batches": [{"ends": "failed", "errors": [
        {"code": "model_not_found", "message": "The model `gpt-6-luna` does not exist", "line": null}]}]}));
    world.run(&["batch", "create", "--wait"]).exits(3);
    let gone = "  2 requests failed since `gpt-6-luna` is not there; only another `--model` asks again\n";
    world.run(&["progress"]).exits(0).says(gone).says_not("the next `gleaner batch create` sends them again");
    world.run(&["batch", "create", "--dry-run"]).exits(0).says("2 requests are not sent to `gpt-6-luna` again");
    // Another provider has it, or so one may ask; to it, these are requests like others.
    let other = start_sandbox(&json!({}));
    let here = world.sandbox.base_url();
    world.set_var("OPENAI_BASE_URL", &other.base_url());
    world.run(&["batch", "create", "--wait"]).exits(0).says("sent 2 = usable 2");
    world.set_var("OPENAI_BASE_URL", &here);
    world.run(&["batch", "create"]).exits(0).says("nothing to send");
    world.run(&["progress"]).exits(0).says_not("is not there");
}
