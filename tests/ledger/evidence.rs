use serde_json::{Value, json};

use super::{account, bought_once};
use crate::harness::{World, group};

fn page(on: &str, status: u16, times: u64) -> Value {
    json!({"on": on, "times": times, "status": status, "text": "<html><h1>Not here</h1></html>"})
}

fn envelope(on: &str, status: u16, times: u64) -> Value {
    json!({"on": on, "times": times, "status": status, "json": {"error": {"message": "No such thing.",
        "type": "invalid_request_error", "param": null, "code": null}}})
}

#[test]
fn one_page_or_refusal_in_a_wait_changes_nothing() {
    let faults = [
        page("batches.get", 404, 1),
        envelope("batches.get", 404, 1),
        page("batches.get", 403, 3),
        envelope("batches.get", 401, 3),
        json!({"on": "batches.get", "set": {"status": "failed", "errors": {"data": [{"code": "odd", "message": "odd"}]}}}),
        json!({"on": "batches.get", "nth": 2, "set": {"status": "Completed", "request_counts": null}}),
        page("files.content", 404, 1),
        page("files.content", 403, 4),
        envelope("files.content", 404, 1),
        json!({"on": "files.content", "status": 200, "text": "<html>Please sign in</html>"}),
        json!({"on": "files.content", "times": 2, "truncate": 300, "length": "matching"}),
        json!({"on": "files.get", "set": {"bytes": 999_999}, "times": 0}),
        page("batches.create", 404, 1),
        json!({"on": "batches.create", "at": "done", "status": 403, "text": "<html>blocked</html>"}),
        json!({"on": "batches.create", "at": "done", "status": 302, "text": ""}),
    ];
    for fault in faults {
        eprintln!("{fault}");
        let world = World::with_groups(2);
        world.script(&json!({"faults": [fault]}));
        world.run(&["batch", "create", "--wait"]).exits(0).says_not("nothing was bought");
        bought_once(&world, 1, 4);
        account(&world, [4, 0, 0, 0]);
        world.run(&["batch", "create", "--wait"]).exits(0).says("nothing to send");
    }
}

#[test]
fn a_batch_that_only_pages_call_unknown_stays_uncertain_until_it_is_seen() {
    let world = World::with_groups(2);
    world.script(&json!({"pace": {"polls": 6}}));
    world.run(&["batch", "create"]).exits(0);
    let lists = [
        page("batches.list", 404, 0),
        json!({"on": "batches.list", "times": 0, "status": 200,
        "json": {"object": "list", "data": [], "has_more": true}}),
    ];
    for list in lists {
        world.script(&json!({"faults": [page("batches.get", 404, 0), list]}));
        world.run(&["batch", "status"]).exits(3).says("is uncertain");
        assert_eq!(world.rows("SELECT state, claim, n_claims FROM batches"), ["uncertain|gone|0"]);
        world.run(&["batch", "wait"]).exits(1);
        world.run(&["batch", "create"]).exits(1);
        world.run(&["progress"]).exits(0).says("uncertain  1 part or batch, kept and not sent again by itself");
        world.script(&json!({}));
        world.run(&["batch", "status"]).exits(0).says("is there after all");
    }
    world.run(&["batch", "wait"]).exits(0);
    bought_once(&world, 1, 4);
    account(&world, [4, 0, 0, 0]);

    // Said by the API itself, as often as one likes, while its list shows the batch.
    let world = World::with_groups(2);
    world.run(&["batch", "create"]).exits(0);
    world.script(&json!({"faults": [envelope("batches.get", 404, 30)]}));
    world.run(&["batch", "status"]).exits(0).says("in_progress");
    world.run(&["batch", "wait"]).exits(0);
    bought_once(&world, 1, 4);
    account(&world, [4, 0, 0, 0]);
}

#[test]
fn what_was_gone_and_shows_again_is_taken_back_before_it_is_bought_again() {
    for command in [&["batch", "create", "--wait"][..], &["batch", "process", "ID"], &["batch", "status", "ID"]] {
        let world = World::with_groups(2);
        world.run(&["batch", "create"]).exits(0);
        let id = world.rows("SELECT external_id FROM batches").remove(0);
        // The API itself says so, and its list does not have it; the input file shows that it is the right project.
        world.script(&json!({"faults": [envelope("batches.get", 404, 0), {"on": "batches.list", "times": 0,
            "status": 200, "json": {"object": "list", "data": [], "has_more": false}}]}));
        world.run(&["batch", "wait"]).exits(3).says("is gone at the provider");
        assert_eq!(
            world.rows(
                "SELECT b.state, r.state, r.reason, count(*) FROM batches b JOIN requests r ON
            r.batch_id = b.id"
            ),
            ["gone|missing|gone|4"]
        );
        world.script(&json!({}));
        let args: Vec<&str> = command.iter().map(|arg| if *arg == "ID" { id.as_str() } else { arg }).collect();
        let ran = world.run(&args);
        assert!(ran.stderr.contains("is there after all"), "{}", ran.report());
        world.run(&["batch", "create", "--wait"]).exits(0);
        bought_once(&world, 1, 4);
        account(&world, [4, 0, 0, 0]);
    }
}

#[test]
fn completed_without_files_or_counts_is_uncertain_and_never_bought_again() {
    let world = World::with_groups(2);
    let nothing = json!({"status": "completed", "set": {"request_counts": null, "output_file_id": null}});
    world.script(&json!({"batches": [{"nth": 1, "steps": [nothing]}]}));
    for _ in 0..2 {
        world.run(&["batch", "create", "--wait"]).exits(3).says("uncertain");
        assert_eq!(world.journal().batches.len(), 1);
    }
    let id = world.rows("SELECT external_id FROM batches").remove(0);
    let account = world.json(&["batch", "status", &id], 3)["account"].clone();
    assert_eq!(account, json!({"sent": 4, "usable": 0, "unusable": 0, "failed": 0, "missing": 0, "uncertain": 4}));
    // The one decision that ends it.
    world.run(&["batch", "cancel", &id, "--local"]).exits(0);
    world.run(&["batch", "create", "--dry-run"]).exits(0).says("would send 4 requests");
}

#[test]
fn a_key_that_stays_refused_ends_the_wait_and_what_was_imported_is_still_told() {
    let world = World::with_groups(4);
    let mut steps = vec![json!({"status": "in_progress"}); 6];
    steps.push(json!({"status": "completed"}));
    world.script(&json!({"batches": [{"nth": 2, "steps": steps}]}));
    world.run(&["batch", "create", "--max-requests", "4"]).exits(0);
    world.run(&["batch", "status"]).exits(0);
    world.run(&["batch", "status"]).exits(0);
    let looks = world.journal().n_calls("batches.get");
    // The first batch has ended and is collected; of the second one nothing can be learned.
    world.script(&json!({"faults": [{"on": "batches.get", "times": 0, "status": 401,
        "json": {"error": {"message": "Incorrect API key provided.", "code": "invalid_api_key"}}}]}));
    let ran = world.run(&["batch", "wait"]).exits(1).says("invalid_api_key").says("sent 4 = usable 4");
    let n_looks = world.journal().n_calls("batches.get") - looks;
    assert!((4..20).contains(&n_looks), "{n_looks} looks in a quarter of an hour\n{}", ran.report());
    world.script(&json!({}));
    world.run(&["batch", "wait"]).exits(0);
    bought_once(&world, 2, 8);
    account(&world, [8, 0, 0, 0]);
}

#[test]
fn whoever_asks_without_a_batch_looks_again_at_what_is_uncertain_and_says_so() {
    for command in [&["extract"][..], &["compare", "gpt-6.1-terra", "--sample", "1"]] {
        let world = World::with_groups(2);
        world.script(&json!({"pace": {"polls": 6}}));
        world.run(&["batch", "create"]).exits(0);
        let id = world.rows("SELECT external_id FROM batches").remove(0);
        world.load_groups(&[group(3)]);
        world.script(&json!({"faults": [page("batches.get", 404, 0), page("batches.list", 404, 0)]}));
        world.run(&["batch", "status"]).exits(3);
        let n_looks = world.journal().n_calls("batches.get");
        let said = format!("warning: {id}  uncertain");
        world.run(command).exits(3).says(&said).says("`gleaner batch wait` goes on looking");
        assert!(world.journal().n_calls("batches.get") > n_looks);
        world.script(&json!({}));
        world.run(command).exits(0).says("is there after all").says_not("uncertain");
        // Where nothing is uncertain, nobody looks.
        let n_lists = world.journal().n_calls("batches.list");
        world.run(command).exits(0);
        assert_eq!(world.journal().n_calls("batches.list"), n_lists);
        world.run(&["batch", "wait"]).exits(0);
    }
}
