use std::fs;

use serde_json::json;

use super::{account, bought_once};
use crate::harness::World;

#[test]
fn calls_that_may_be_repeated_are() {
    let status = |status: u16| json!({"status": status, "text": "busy"});
    let troubles = [
        status(408),
        status(409),
        status(429),
        status(500),
        status(502),
        status(503),
        json!({"status": 504, "text": ""}),
        json!({"status": 503, "text": "<html><title>503</title></html>", "headers": {"retry-after": "3"}}),
        json!({"status": 429, "json": {"error": {"message": "slow", "code": "rate_limit_exceeded"}},
               "headers": {"retry-after-ms": "250"}}),
        json!({"status": 400, "text": "odd", "headers": {"x-should-retry": "true"}}),
        json!({"close": true}),
        json!({"status": 503, "text": "x", "drop_after": true}),
    ];
    let calls = ["files.create", "batches.get", "batches.list", "files.get", "files.content"];
    // Each call meets its own trouble, several at once.
    for (i, trouble) in troubles.iter().enumerate() {
        let world = World::with_groups(2);
        if trouble.get("drop_after").is_some() {
            world.has_no_transcript("the end of a connection is seen before the next call, or by it");
        }
        let faults: Vec<_> = calls
            .iter()
            .map(|on| {
                let mut fault = trouble.clone();
                fault["on"] = json!(on);
                fault["times"] = json!(2);
                fault
            })
            .collect();
        world.script(&json!({ "faults": faults }));
        let ran = world.run(&["batch", "create", "--wait"]).exits(0).says("retry 1 of 5");
        assert!(i != 7 || ran.stderr.contains("in 3 s"), "{}", ran.report());
        assert!(i != 8 || ran.stderr.contains("in 0.2 s") || ran.stderr.contains("in 0.3 s"), "{}", ran.report());
        bought_once(&world, 1, 4);
        account(&world, [4, 0, 0, 0]);
    }
}

#[test]
fn a_retry_after_of_hours_is_capped_and_one_as_a_date_is_understood() {
    let world = World::with_groups(1);
    world.script(&json!({"faults": [
        {"on": "batches.list", "status": 429, "text": "x", "headers": {"retry-after": "86400"}},
        {"on": "files.create", "status": 503, "text": "x",
         "headers": {"date": "Mon, 02 Nov 2026 12:00:00 GMT", "retry-after": "Mon, 02 Nov 2026 12:00:07 GMT"}},
    ]}));
    world.run(&["batch", "create"]).exits(0).says("in 120 s").says("in 7 s");
}

#[test]
fn what_may_not_be_repeated_is_not() {
    for (header, status) in
        [(json!({"x-should-retry": "false"}), 503), (json!({}), 400), (json!({}), 401), (json!({}), 403)]
    {
        let world = World::with_groups(1);
        world.script(&json!({"faults": [
            {"on": "files.create", "times": 0, "status": status, "headers": header, "text": "no"}]}));
        world.run(&["batch", "create"]).exits(1).says("request id req_").says("nothing was bought");
        assert_eq!(world.journal().n_calls("files.create"), 1);
    }
}

#[test]
fn a_limit_on_money_stops_at_once_and_is_named() {
    let codes = [
        "insufficient_quota",
        "credit_balance_exhausted",
        "organization_spend_limit_exceeded",
        "project_spend_limit_exceeded",
        "organization_usage_limit_exceeded",
    ];
    for code in codes {
        for on in ["files.create", "batches.create", "batches.list"] {
            let world = World::with_groups(1);
            world.script(&json!({"faults": [{"on": on, "times": 0, "status": 429, "headers": {"retry-after": "1"},
                "json": {"error": {"message": "You are out of money.", "type": "insufficient_quota", "code": code}}}]}));
            world.run(&["batch", "create", "--wait"]).exits(1).says(code).says("request id req_").says_not("retry 1");
            assert_eq!(world.journal().n_calls(on), 1, "{code} {on}");
            assert_eq!(world.journal().batches.len(), 0);
            // Paid up, it goes on where it stopped.
            world.script(&json!({}));
            world.run(&["batch", "create", "--wait"]).exits(0);
            bought_once(&world, 1, 2);
        }
    }
}

#[test]
fn a_limit_on_money_while_waiting_stops_and_loses_nothing() {
    let world = World::with_groups(1);
    world.run(&["batch", "create"]).exits(0);
    world.script(&json!({"faults": [{"on": "batches.get", "times": 0, "status": 429,
        "json": {"error": {"message": "Out of money.", "type": "insufficient_quota", "code": "insufficient_quota"}}}]}));
    world.run(&["batch", "wait"]).exits(1).says("insufficient_quota");
    world.script(&json!({}));
    world.run(&["batch", "wait"]).exits(0);
    bought_once(&world, 1, 2);
}

#[test]
fn error_bodies_of_every_kind_are_told_in_words() {
    for (body, words) in [
        (json!({"text": "<html><head><title>413 Too Large</title></head></html>"}), "an HTML page: 413 Too Large"),
        (json!({"text": "upstream\u{1b}[31m says no"}), "upstream"),
        (json!({"text": ""}), "answered 413: too large"),
        (json!({"json": {"error": {"message": "The words."}}}), "The words."),
        (json!({"json": {"type": "about:blank", "title": "Bad", "detail": "The detail."}}), "The detail."),
        (json!({"json": ["x"]}), "answered 413"),
    ] {
        let world = World::with_groups(1);
        let mut fault = body;
        fault["on"] = json!("files.create");
        fault["status"] = json!(413);
        world.script(&json!({"faults": [fault]}));
        world.run(&["batch", "create"]).exits(1).says(words).says("request id req_").says_not("\u{1b}");
    }
}

#[test]
fn an_answer_that_is_no_json_is_not_taken_for_one() {
    let world = World::with_groups(1);
    world.script(
        &json!({"faults": [{"on": "files.create", "times": 4, "status": 200, "text": "<html>Welcome to our portal</html>"}]}),
    );
    world.run(&["batch", "create"]).exits(1).says("cannot be read").says("OPENAI_BASE_URL");
    assert_eq!(world.rows("SELECT DISTINCT state FROM requests"), ["planned"]);
    world.run(&["batch", "create", "--wait"]).exits(0);
    bought_once(&world, 1, 2);
}

#[test]
fn a_download_that_breaks_goes_on_and_appears_whole() {
    let at = |n: u64| json!({"on": "files.content", "at": "reply", "after_bytes": n, "close": true});
    let cut = |length: &str| json!({"on": "files.content", "truncate": 700, "length": length});
    let tables = [
        json!({"faults": [at(500)]}),
        json!({"faults": [at(500)], "files": {"range": "off"}}),
        json!({"faults": [at(500)], "files": {"range": "wrong"}}),
        json!({"faults": [at(500)], "files": {"range": "silent"}}),
        json!({"faults": [cut("matching")]}),
        json!({"faults": [cut("promised")]}),
        json!({"faults": [cut("none")]}),
        json!({"faults": [{"on": "files.content", "drop_lines": 1}]}),
        json!({"faults": [{"on": "files.content", "times": 2, "status": 403, "text": "not yet"}]}),
        json!({"faults": [{"on": "files.content", "status": 502, "text": "<html>"}]}),
    ];
    for script in tables {
        eprintln!("{script}");
        let world = World::with_groups(3);
        world.script(&script);
        world.run(&["batch", "create", "--wait"]).exits(0);
        account(&world, [6, 0, 0, 0]);
        let names: Vec<_> =
            fs::read_dir(world.path("batch_files")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert!(
            names
                .iter()
                .all(|name| name.to_string_lossy().starts_with("knowledge_")
                    || name.to_string_lossy().ends_with(".lock")),
            "{names:?}"
        );
        let calls = world.journal().calls;
        let downloads: Vec<_> = calls.iter().filter(|call| call.endpoint == "files.content").collect();
        assert!(downloads.iter().all(|call| call.accept_encoding.as_deref() == Some("identity")));
        assert!(downloads.len() >= 2, "it was tried again");
    }
}

#[test]
fn only_a_matching_range_is_gone_on_with() {
    let world = World::with_groups(3);
    world.script(&json!({"faults": [{"on": "files.content", "at": "reply", "after_bytes": 500, "close": true}]}));
    world.run(&["batch", "create", "--wait"]).exits(0);
    let ranges: Vec<_> = world
        .journal()
        .calls
        .into_iter()
        .filter(|call| call.endpoint == "files.content")
        .map(|call| call.range)
        .collect();
    assert_eq!(ranges, [None, Some("bytes=500-".to_owned())]);
}

#[test]
fn the_key_is_in_no_output_and_no_file() {
    let mut world = World::with_groups(1);
    world.set_var("OPENAI_API_KEY", "sk-very-secret");
    world.script(&json!({"faults": [{"on": "files.create", "status": 401, "json":
        {"error": {"message": "Incorrect API key provided: sk-very-secret.", "code": "invalid_api_key"}}}]}));
    world.run(&["batch", "create", "-v"]).exits(1).says("OPENAI_API_KEY").says_not("sk-very-secret");
    world.run(&["batch", "create", "--wait", "-v"]).exits(0).says_not("sk-very-secret");
    let db = fs::read(&world.db).unwrap();
    assert!(!db.windows(14).any(|bytes| bytes == b"sk-very-secret"));
}

#[test]
fn a_missing_key_is_found_before_any_work() {
    let mut world = World::with_groups(1);
    world.unset_var("OPENAI_API_KEY");
    world.run(&["batch", "create"]).exits(1).says("OPENAI_API_KEY");
    // Servers on one's own machine may want none, so one look tells.
    assert_eq!((world.count("SELECT count(*) FROM runs"), world.journal().calls.len()), (0, 1));
}

#[test]
fn a_creation_that_came_too_fast_waits_as_long_as_it_is_asked_to() {
    let slow =
        json!({"error": {"message": "Slow down.", "type": "requests", "param": null, "code": "rate_limit_exceeded"}});
    let fault = |times: u64| {
        json!({"faults": [{"on": "batches.create", "at": "received", "times": times, "status": 429, "json": slow,
            "headers": {"retry-after": "7"}}]})
    };
    let world = World::with_groups(2);
    world.script(&fault(2));
    let ran = world.run(&["batch", "create", "--wait"]).exits(0);
    assert_eq!(ran.stderr.matches("; asking again in 7 s\n").count(), 2, "{}", ran.report());
    assert_eq!(world.journal().n_calls("batches.create"), 3);
    bought_once(&world, 1, 4);
    account(&world, [4, 0, 0, 0]);
    // It does not ask for ever, and the plan stays.
    let world = World::with_groups(2);
    world.script(&fault(0));
    world.run(&["batch", "create"]).exits(1).says("Slow down.").says("of this part nothing was bought");
    assert_eq!(world.journal().n_calls("batches.create"), 6);
    world.script(&json!({}));
    world.run(&["batch", "submit", "--wait"]).exits(0);
    bought_once(&world, 1, 4);
}

#[test]
fn an_upload_and_the_first_list_that_bring_a_page_are_tried_again() {
    let page = |on: &str| json!({"on": on, "times": 2, "status": 200, "text": "<html>Welcome to our portal</html>"});
    let world = World::with_groups(2);
    world.script(&json!({"faults": [page("files.create"), page("batches.list")]}));
    let ran = world.run(&["batch", "create", "--wait"]).exits(0);
    assert_eq!(ran.stderr.matches("; uploading again\n").count(), 2, "{}", ran.report());
    assert_eq!(ran.stderr.matches("; asking again\n").count(), 2, "{}", ran.report());
    bought_once(&world, 1, 4);
    account(&world, [4, 0, 0, 0]);
}

#[test]
fn that_a_batch_has_ended_is_an_answer_to_who_cancels_it() {
    let world = World::with_groups(2);
    world.run(&["batch", "create"]).exits(0);
    let id = world.rows("SELECT external_id FROM batches").remove(0);
    let message = "Cannot cancel a batch with status 'completed'.";
    world.script(&json!({"faults": [{"on": "batches.cancel", "times": 0, "status": 409,
        "json": {"error": {"message": message, "type": "invalid_request_error", "param": null, "code": null}}}]}));
    let ran = world.run(&["batch", "cancel", &id]).exits(0).says(&id);
    assert_eq!(world.journal().n_calls("batches.cancel"), 1, "{}", ran.report());
    world.script(&json!({}));
    world.run(&["batch", "process", &id]).exits(0).says("sent 4 = usable 4");
}
