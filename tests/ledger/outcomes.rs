use serde_json::{Value, json};

use super::{account, printed};
use crate::harness::World;

/// What one request is answered, and what the ledger says of it.
fn table() -> Vec<(Value, &'static str, &'static str)> {
    let http = |status: u16| json!({"outcome": "http", "status": status, "code": "some_code", "message": "some words"});
    vec![
        (json!({"outcome": "ok"}), "usable", ""),
        (json!({"outcome": "fenced"}), "usable", ""),
        (json!({"outcome": "prose"}), "usable", ""),
        (json!({"outcome": "ok", "short_body": true}), "usable", ""),
        (json!({"outcome": "ok", "body_as_string": true}), "usable", ""),
        (json!({"outcome": "ok", "status": 201}), "usable", ""),
        (json!({"outcome": "out_of_range"}), "usable", ""),
        (json!({"outcome": "duplicated"}), "usable", ""),
        (json!({"outcome": "duplicated_failure"}), "usable", ""),
        (json!({"outcome": "foreign"}), "usable", ""),
        (json!({"outcome": "ok", "file": "error"}), "usable", ""),
        (json!({"outcome": "refusal", "message": "no"}), "unusable", "refusal"),
        (json!({"outcome": "incomplete"}), "unusable", "incomplete"),
        (json!({"outcome": "incomplete_text"}), "unusable", "incomplete"),
        (json!({"outcome": "content_filter"}), "unusable", "content_filter"),
        (json!({"outcome": "empty"}), "unusable", "empty"),
        (json!({"outcome": "no_message"}), "unusable", "empty"),
        (json!({"outcome": "not_json"}), "unusable", "not_json"),
        (json!({"outcome": "schema_violation"}), "unusable", "schema"),
        (json!({"outcome": "failed", "code": "server_error", "message": "sorry"}), "unusable", "server_error"),
        (http(400), "refused", "http_400"),
        (http(404), "refused", "http_404"),
        (http(408), "failed", "http_408"),
        (http(429), "failed", "http_429"),
        (http(500), "failed", "http_500"),
        (http(503), "failed", "http_503"),
        (json!({"outcome": "batch_expired"}), "failed", "batch_expired"),
        (json!({"outcome": "batch_cancelled"}), "failed", "batch_cancelled"),
        (json!({"outcome": "ghost"}), "failed", "ghost"),
        (json!({"line": {"custom_id": "{{custom_id}}", "response": null, "error": {"code": null}}}), "failed", "error"),
        (json!({"line": {"custom_id": "{{custom_id}}"}}), "unusable", "unreadable"),
        (json!({"line": {"custom_id": "{{custom_id}}", "result": {"type": "succeeded"}}}), "unusable", "unreadable"),
        // The provider counts them as answered, so nobody knows.
        (json!({"outcome": "missing"}), "sent", ""),
        (json!({"outcome": "garbage_line"}), "sent", ""),
    ]
}

#[test]
fn every_kind_of_line_is_classified_with_its_reason() {
    let table = table();
    let world = World::with_groups(table.len());
    let rules: Vec<Value> = table
        .iter()
        .enumerate()
        .map(|(i, (rule, ..))| {
            let mut rule = rule.clone();
            rule["custom_id"] = json!(format!("topic_g{}", i + 1));
            rule
        })
        .collect();
    world.script(&json!({"answers": rules}));
    let ended = world.json(&["batch", "create", "--wait"], 3);
    for (i, (rule, state, reason)) in table.iter().enumerate() {
        let found = world.rows(&format!(
            "SELECT state, reason FROM requests r JOIN story_groups g ON g.id = r.story_group_id
             WHERE g.external_id = 'g{}' AND kind = 'topic'",
            i + 1
        ));
        assert_eq!(found, [format!("{state}|{reason}")], "{rule}");
    }
    let n = |wanted: &[&str]| table.iter().filter(|(_, state, _)| wanted.contains(state)).count() as u64;
    let all = 2 * table.len() as u64;
    let (unusable, failed, uncertain) = (n(&["unusable"]), n(&["failed", "refused"]), n(&["sent"]));
    assert_eq!(printed(&ended), [all, all - unusable - failed - uncertain, unusable, failed, 0]);
    assert_eq!(ended["batches"][0]["account"]["uncertain"], uncertain);
    let batch = &ended["batches"][0];
    assert_eq!((&batch["foreign"], &batch["duplicate"]), (&json!(2), &json!(2)), "{batch:#}");
    assert_eq!(world.count("SELECT count(*) FROM foreign_lines"), 2);
    assert!(batch["clamped"].as_u64() > Some(0) && batch["repaired"].as_u64() > Some(0), "{batch:#}");

    // What is paid is what came with usage; it is kept with its cost, usable or not.
    // Only the line that can't be read tells nothing of what it cost.
    let told = "SELECT count(*) FROM answers WHERE input_tokens IS NOT NULL";
    assert_eq!(world.count(told), world.journal().billed.len() as i64 - 1);
    let raw = "SELECT count(*) FROM requests r LEFT JOIN answers a ON a.request_id = r.id
               WHERE r.state IN ('unusable', 'failed', 'refused') AND a.raw IS NULL";
    assert_eq!(world.count(raw), 0, "the line of what is not usable is kept");
}

#[test]
fn the_account_names_the_most_frequent_cause_first() {
    let world = World::with_groups(9);
    world.script(&json!({"answers": [
        {"custom_id": "topic_g1", "outcome": "missing"},
        {"custom_id": "topic_*", "outcome": "refusal", "message": "I can't \u{1b}[31mhelp with that."},
        {"custom_id": "entity_g1", "outcome": "http", "status": 400, "code": "bad", "message": "bad words"},
        {"custom_id": "entity_g2", "outcome": "http", "status": 400, "code": "bad", "message": "bad words"},
    ]}));
    let ran = world.run(&["batch", "create", "--wait"]).exits(3);
    ran.says("account: sent 18 = usable 7 + unusable 8 + failed 2 + missing 0 + uncertain 1");
    let id = world.rows("SELECT external_id FROM batches").remove(0);
    world.run(&["batch", "cancel", &id, "--local"]).exits(0);
    let ran = world.run(&["batch", "process", &id]).exits(3);
    let ran = ran.says("account: sent 18 = usable 7 + unusable 8 + failed 2 + missing 1").says_not("\u{1b}");
    let at = |text: &str| ran.stdout.find(text).unwrap_or_else(|| panic!("no `{text}`\n{}", ran.report()));
    assert!(at("8 unusable (refusal)") < at("2 refused (http_400): bad: bad words"));
    assert!(at("2 refused (http_400)") < at("1 missing (given_up)"));
    account(&world, [7, 8, 2, 1]);
    // Kept, and said again.
    world.run(&["batch", "status", &id]).exits(0).says("sent 18 = usable 7 + unusable 8 + failed 2 + missing 1");
    world.run(&["batch", "process", &id]).exits(3).says("sent 18 = usable 7 + unusable 8 + failed 2 + missing 1");
}

#[test]
fn only_retry_failed_sends_again_what_was_paid_or_refused() {
    let world = World::with_groups(2);
    world.script(&json!({"answers": [
        {"custom_id": "topic_g1", "outcome": "not_json"},
        {"custom_id": "entity_g1", "outcome": "http", "status": 400},
        {"custom_id": "topic_g2", "times": 1, "outcome": "ghost"},
    ]}));
    world.json(&["batch", "create", "--wait"], 3);
    // The ghost was never billed: any create sends it again, alone.
    assert_eq!(printed(&world.json(&["batch", "create", "--wait"], 0)), [1, 1, 0, 0, 0]);
    world.run(&["batch", "create"]).exits(0).says("nothing to send").says("`--retry-failed` asks once more");
    for n in 2..=3 {
        let ended = world.json(&["batch", "create", "--wait", "--retry-failed"], 3);
        assert_eq!(printed(&ended), [2, 0, 1, 1, 0], "attempt {n}");
    }
    let exhausted = world.run(&["batch", "create", "--wait", "--retry-failed"]).exits(0);
    exhausted.says("nothing to send").says("2 requests have had all attempts");
    assert_eq!(world.journal().asked["topic_g1"], 3);
    world.run(&["batch", "create", "--wait", "--retry-failed", "--max-errors", "4"]).exits(3);
    assert_eq!(world.journal().asked["topic_g1"], 4);

    // Once it comes, it counts, and nothing is held back any more.
    world.script(&json!({}));
    world.run(&["batch", "create", "--wait", "--retry-failed", "--max-errors", "5"]).exits(0);
    assert_eq!(world.count("SELECT count(*) FROM current_answers"), 4);
    world.run(&["batch", "create"]).exits(0).says("nothing to send").says_not("--retry-failed");
    assert_eq!(world.journal().asked["entity_g2"], 1);
}
