use gleaner::door::terminal::words::dollars;
use serde_json::json;

use super::bought_once;
use crate::harness::{World, group};
use crate::walks::walk;

/// At this price two groups cost more than a person is not asked about.
const DEAR: [&str; 2] = ["--price", "5000,5000,5000"];

const ASKED: &str = "? [y/N] ";

fn with<'a>(args: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    [args, more].concat()
}

/// A world with a part that waits from an earlier run, since its upload was refused, at a price above the question's.
fn waiting() -> World {
    let world = World::with_groups(2);
    let error = json!({"message": "Not now.", "type": "invalid_request_error", "param": null, "code": null});
    world.script(&json!({"faults": [{"on": "files.create", "times": 0, "status": 400, "json": {"error": error}}]}));
    world.run(&with(&["batch", "create"], &DEAR)).exits(1);
    world.script(&json!({}));
    world
}

#[test]
fn above_five_dollars_a_terminal_is_asked_and_no_keeps_nothing() {
    let world = World::with_groups(2);
    let estimate = world.json(&with(&["batch", "create", "--dry-run"], &DEAR), 0)["estimate"].clone();
    let (batch, sync) = (estimate["batch_usd"].as_f64().unwrap(), estimate["sync_usd"].as_f64().unwrap());
    let no = "error: nothing was sent, since nobody said yes\n\
              hint: `--yes` sends without asking, `--max-cost USD` refuses above a sum\n";
    for answer in ["n\n", "\n", "ye\n"] {
        let (shown, code) = walk(&world, &with(&["batch", "create", "--wait"], &DEAR), &[(ASKED, answer)]);
        let usd = dollars(batch);
        let expected = format!("to be sent: 4 requests, about {usd}\nsend it for about {usd}? [y/N] {no}");
        assert_eq!((shown, code), (format!("{expected}hint: `--limit N` takes the newest groups only\n"), Some(2)));
    }
    let (shown, code) = walk(&world, &with(&["extract"], &DEAR), &[(ASKED, "n\n")]);
    assert!(shown.contains(&format!("send it for about {}{ASKED}{no}", dollars(sync))), "{shown}");
    assert_eq!(code, Some(2));
    let compare = ["compare", "gpt-6.1-terra", "--sample", "2"];
    for more in [&[][..], &["--batch"]] {
        let (shown, code) = walk(&world, &with(&with(&compare, &DEAR), more), &[(ASKED, "n\n")]);
        assert!(shown.contains("comparing on 2 groups: about $") && shown.contains(no), "{shown}");
        assert_eq!(code, Some(2));
    }
    let kept = "SELECT (SELECT count(*) FROM runs) + (SELECT count(*) FROM requests) + (SELECT count(*) FROM batches)";
    assert_eq!(world.count(kept), 0);
    let calls: Vec<String> = world.journal().calls.iter().map(|call| call.endpoint.to_string()).collect();
    assert!(
        calls.iter().all(|call| ["batches.list", "models.get", "models.list"].contains(&call.as_str())),
        "{calls:?}"
    );
}

#[test]
fn one_yes_is_enough_for_a_run_and_all_that_waits() {
    let world = waiting();
    world.load_groups(&[group(3)]);
    let args = with(&["batch", "create", "--wait"], &DEAR);
    let (shown, code) = walk(&world, &args, &[(ASKED, "y\n")]);
    assert!(shown.contains(" of it for 1 part that waits from an earlier run\n"), "{shown}");
    assert_eq!((shown.matches("[y/N]").count(), code), (1, Some(0)), "{shown}");
    bought_once(&world, 2, 6);
}

#[test]
fn what_waits_is_asked_about_once_before_it_is_sent() {
    for command in [&["batch", "submit"][..], &["batch", "wait"]] {
        let world = waiting();
        let (shown, code) = walk(&world, command, &[(ASKED, "n\n")]);
        assert!(
            shown.starts_with("to be sent: 4 requests in 1 part that waits from an earlier run, about $"),
            "{shown}"
        );
        assert_eq!((code, world.rows("SELECT state FROM batches")), (Some(2), vec!["uploading".to_owned()]));
        let (shown, code) = walk(&world, command, &[(ASKED, "y\n")]);
        assert_eq!((shown.matches("[y/N]").count(), code), (1, Some(0)), "{shown}");
        bought_once(&world, 1, 4);
    }
    // Only what is meant counts: another run waits, and nothing of the named one does.
    let world = waiting();
    world.load_groups(&[group(3)]);
    let run = world.json(&with(&["batch", "create", "--no-submit"], &DEAR), 0)["run_id"].as_str().unwrap().to_owned();
    let (shown, code) = walk(&world, &["batch", "wait", &run], &[]);
    assert_eq!((shown.contains("[y/N]"), code), (false, Some(0)), "{shown}");
    assert_eq!(world.journal().batches.len(), 0);
}

#[test]
fn nobody_is_asked_below_the_sum_or_after_a_yes_or_without_a_terminal() {
    let cheap = World::with_groups(1);
    let (shown, code) = walk(&cheap, &["batch", "create", "--wait"], &[]);
    assert!(shown.starts_with("to be sent: 2 requests, about $0.00") && !shown.contains("[y/N]"), "{shown}");
    assert_eq!(code, Some(0));

    let world = World::with_groups(1);
    let (shown, code) = walk(&world, &with(&["batch", "create", "--wait", "--yes"], &DEAR), &[]);
    assert_eq!((shown.contains("[y/N]"), code), (false, Some(0)), "{shown}");

    let mut world = World::with_groups(1);
    world.set_var("GLEANER_YES", "1");
    let (shown, code) = walk(&world, &with(&["extract"], &DEAR), &[]);
    assert_eq!((shown.contains("[y/N]"), code), (false, Some(0)), "{shown}");
    world.set_var("GLEANER_YES", "yes");
    world.load_groups(&[group(2)]);
    world.run(&["batch", "create"]).exits(2).says("error: `GLEANER_YES` must be 1 or 0, not `yes`\n");

    let world = World::with_groups(1);
    let ran = world.run(&with(&["batch", "create", "--wait"], &DEAR)).exits(0).says_not("[y/N]");
    assert!(ran.stderr.starts_with("to be sent: 2 requests, about $"), "{}", ran.report());
}

#[test]
fn a_price_that_was_typed_once_counts_for_its_run() {
    let world = World::with_groups(2);
    world.run(&["batch", "create", "--price", "100, 100,100", "--limit", "1"]).exits(0);
    world.run(&["batch", "create"]).exits(0);
    assert_eq!(world.rows("SELECT price FROM runs ORDER BY rowid"), ["100,100,100", ""]);
    world.run(&["batch", "wait"]).exits(0);
    let usd = world.rows(
        "SELECT round(sum(a.cost_usd) * 1e6 / sum(a.input_tokens + a.output_tokens)) FROM answers a
         JOIN requests r ON r.id = a.request_id JOIN runs u ON u.id = r.run_id GROUP BY u.id ORDER BY u.rowid",
    );
    assert_eq!(
        usd,
        ["50.000000000", "0.000000000"],
        "a million tokens in a batch: half of what was typed, and of the table's"
    );
}
