use std::fs;

use serde_json::{Value, json};

use super::bought_once;
use crate::harness::{World, group};

/// Returns what the answers cost by their usage, at prices in USD per million tokens and half of it.
fn computed(world: &World, input: f64, cached: f64, output: f64) -> f64 {
    let sql = format!(
        "SELECT sum(((input_tokens - cached_tokens) * {input:?} + cached_tokens * {cached:?} + output_tokens * {output:?})
                    * 0.5 / 1e6) FROM answers"
    );
    world.sql().query_row(&sql, [], |row| row.get(0)).expect("there are answers")
}

#[track_caller]
fn near(value: &Value, expected: f64) {
    let value = value.as_f64().expect("a number");
    assert!((value - expected).abs() <= 1e-9 + expected.abs() * 1e-9, "{value} is not {expected}");
}

#[test]
fn the_cost_is_counted_from_each_lines_usage() {
    let world = World::with_groups(3);
    world.script(&json!({"answers": [{"custom_id": "topic_g1", "outcome": "refusal"},
        {"custom_id": "topic_g2", "outcome": "http", "status": 500}]}));
    let ended = world.json(&["batch", "create", "--wait", "--price", "1,0.1,10"], 3);
    let cost = &ended["batches"][0]["cost"];
    let expected = computed(&world, 1.0, 0.1, 10.0);
    near(&cost["cost_usd"], expected);
    near(&cost["saved_usd"], expected);
    for (name, column) in [
        ("input_tokens", "input_tokens"),
        ("cached_tokens", "cached_tokens"),
        ("output_tokens", "output_tokens"),
        ("reasoning_tokens", "reasoning_tokens"),
    ] {
        assert_eq!(cost[name].as_i64(), Some(world.count(&format!("SELECT sum({column}) FROM answers"))), "{name}");
    }
    assert!(cost["cached_tokens"].as_u64() > Some(0) && cost["reasoning_tokens"].as_u64() > Some(0), "{cost:#}");
    // The refusal is paid for; the 500 is not.
    assert_eq!(cost["n_answers"], 5);
    let refused: f64 = world
        .sql()
        .query_row(
            "SELECT cost_usd FROM answers a JOIN requests r ON r.id = a.request_id WHERE r.state = 'unusable'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    near(&cost["unusable_cost_usd"], refused);

    // Stored once: a later import at other prices changes nothing, and every command tells the same.
    let id = world.rows("SELECT external_id FROM batches").remove(0);
    let again = world.json(&["batch", "process", &id], 3);
    near(&again["cost"]["cost_usd"], expected);
    near(&world.json(&["batch", "status", &id], 0)["cost"]["cost_usd"], expected);
    world.run(&["batch", "status", &id]).exits(0).says("of it for unusable answers");
    let shown = world.run(&["progress"]).exits(0);
    assert!(shown.stdout.contains("unusable") && shown.stdout.contains('$'), "{}", shown.report());
    // Asking again for the refused one says what it cost so far.
    world.run(&["batch", "create", "--retry-failed", "--dry-run"]).exits(0).says("so far");
}

#[test]
fn the_table_has_the_default_model_and_another_price_can_be_given() {
    let world = World::with_groups(2);
    let table = world.json(&["batch", "create", "--dry-run"], 0)["estimate"].clone();
    let own = world.json(&["batch", "create", "--dry-run", "--price", "0.1,0.01,0.5,0.125"], 0)["estimate"].clone();
    // The published price of gpt-6-luna.
    assert_eq!(table["batch_usd"], own["batch_usd"]);
    let tokens = |name: &str| table[name].as_f64().expect("a number");
    near(&table["batch_usd"], (tokens("input_tokens") * 0.1 + tokens("output_tokens") * 0.5) * 0.5 / 1e6);
    near(&table["sync_usd"], (tokens("input_tokens") * 0.1 + tokens("output_tokens") * 0.5) / 1e6);
    assert!(table["prices_as_of"].as_str().is_some_and(|day| day.len() == 10), "{table:#}");
    let n = (world.count("SELECT count(*) FROM runs"), world.journal().calls.len());
    assert_eq!((n, world.path("batch_files").exists()), ((0, 0), false), "a dry run leaves nothing");
}

#[test]
fn with_history_the_estimate_uses_the_average_output() {
    let world = World::with_groups(20);
    assert_eq!(world.json(&["batch", "create", "--dry-run"], 0)["estimate"]["output_from_history"], false);
    world.run(&["batch", "create", "--wait"]).exits(0);
    world.load_groups(&(21..=30).map(group).collect::<Vec<_>>());
    let estimate = world.json(&["batch", "create", "--dry-run"], 0)["estimate"].clone();
    let average: f64 = world
        .sql()
        .query_row(
            "SELECT sum(average) FROM (SELECT avg(a.output_tokens) average FROM answers a
         JOIN requests r ON r.id = a.request_id GROUP BY r.prompt_id)",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(estimate["output_from_history"], true);
    assert_eq!(estimate["output_tokens"].as_u64(), Some((average * 10.0) as u64));
    // Another model has no history.
    let other = world.json(&["batch", "create", "--dry-run", "--model", "gpt-6.1-terra"], 0);
    assert_eq!(other["estimate"]["output_from_history"], false);
}

#[test]
fn max_cost_refuses_before_anything_is_uploaded() {
    let world = World::with_groups(3);
    world.run(&["batch", "create", "--max-cost", "0.0001"]).exits(1).says("above `--max-cost").says("nothing was sent");
    assert_eq!((world.count("SELECT count(*) FROM runs"), world.journal().n_calls("files.create")), (0, 0));
    world.run(&["batch", "create", "--max-cost", "-1"]).exits(2);
    world.run(&["batch", "create", "--wait", "--max-cost", "5"]).exits(0);
    bought_once(&world, 1, 6);
}

#[test]
fn an_unknown_price_is_said_and_not_guessed() {
    let world = World::with_groups(2);
    let args = ["batch", "create", "--model", "my-own-model"];
    world.run(&[&args[..], &["--max-cost", "5"]].concat()).exits(1).says("price of `my-own-model` is not known");
    let dry = world.json(&[&args[..], &["--dry-run"]].concat(), 0);
    assert_eq!(dry["estimate"]["batch_usd"], Value::Null);
    world.run(&[&args[..], &["--dry-run"]].concat()).exits(0).says("unknown");
    let ran = world.run(&[&args[..], &["--wait"]].concat()).exits(0);
    ran.says("the price of 4 answers is not known");
    assert_eq!(world.count("SELECT count(*) FROM answers WHERE cost_usd IS NOT NULL"), 0);
    assert_eq!(world.count("SELECT count(*) FROM answers WHERE input_tokens > 0"), 4);
    world.run(&["progress"]).exits(0).says("not known");
}

#[test]
fn uploads_expire_where_that_is_supported() {
    // A server that knows no expiry is asked a second time, without it.
    for (script, n_uploads) in [(json!({}), 1), (json!({"files": {"refuse_expiry": true}}), 2)] {
        let world = World::with_groups(1);
        world.script(&script);
        world.run(&["batch", "create", "--wait"]).exits(0);
        let id = world.rows("SELECT input_file_id FROM batches").remove(0);
        let url = format!("{}/files/{id}", world.sandbox.base_url());
        let mut reply = ureq::get(&url).header("authorization", "Bearer k").call().unwrap();
        let file: Value = serde_json::from_str(&reply.body_mut().read_to_string().unwrap()).unwrap();
        let days = |name: &str| file[name].as_i64().expect("a time") / 86_400;
        assert_eq!(days("expires_at") - days("created_at"), 30, "{file:#}");
        assert_eq!(world.journal().n_calls("files.create"), n_uploads);
        bought_once(&world, 1, 2);
    }
}

#[test]
fn clean_deletes_the_providers_files_of_imported_batches_after_asking() {
    let world = World::with_groups(2);
    world.run(&["batch", "clean"]).exits(0).says("nothing to delete");
    world.script(&json!({"answers": [{"custom_id": "topic_g1", "outcome": "http", "status": 400}]}));
    world.run(&["batch", "create", "--wait"]).exits(3);
    let imported = world.rows("SELECT input_file_id, output_file_id, error_file_id FROM batches").remove(0);
    world.load_groups(&[group(3)]);
    world.run(&["batch", "create"]).exits(0);

    let shown = world.run(&["batch", "clean", "--dry-run"]).exits(0).says("would delete 3 files of 1 batch");
    assert!(imported.split('|').all(|id| shown.stderr.contains(id)), "{}", shown.report());
    // Nobody there to ask: nothing happens.
    world.run(&["batch", "clean"]).exits(1).says("nothing was deleted").says("--yes");
    assert_eq!(world.journal().n_calls("files.delete"), 0);
    let deleted = world.json(&["batch", "clean", "--yes"], 0);
    let deleted: Vec<&str> = deleted["deleted"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert_eq!(deleted.join("|"), imported);
    world.run(&["batch", "clean", "--yes"]).exits(0).says("nothing to delete");
    assert_eq!(world.journal().n_calls("files.delete"), 3);

    // What was given up has its request file there still.
    world.load_groups(&[group(4)]);
    let made = world.json(&["batch", "create"], 0);
    let given_up = made["batches"][0]["batch_id"].as_str().unwrap().to_owned();
    world.run(&["batch", "cancel", &given_up, "--local"]).exits(0);
    world.script(&json!({"faults": [{"on": "files.delete", "nth": 1, "status": 404, "text": "<html>404</html>"}]}));
    let unclear = world.json(&["batch", "clean", "--yes"], 3);
    assert_eq!((unclear["deleted"].clone(), unclear["unclear"].as_array().map(Vec::len)), (json!([]), Some(1)));
    let deleted = world.json(&["batch", "clean", "--yes"], 0);
    assert_eq!(deleted["deleted"], unclear["unclear"]);

    // The open batch was left alone, and the answers are kept: the files that were downloaded serve again.
    world.run(&["batch", "wait"]).exits(0);
    let first = world.rows("SELECT external_id FROM batches ORDER BY id").remove(0);
    world.run(&["batch", "process", &first]).exits(3).says("sent 4 = usable 3");
    world.run(&["rebuild"]).exits(0);
    assert!(fs::read_dir(world.path("batch_files")).unwrap().count() > 3);
}

#[test]
fn what_waits_from_an_earlier_run_counts_before_anything_is_sent() {
    let world = World::with_groups(2);
    world.script(&json!({"faults": [{"on": "files.create", "times": 0, "status": 400,
        "json": {"error": {"message": "Not now.", "type": "invalid_request_error", "param": null, "code": null}}}]}));
    world.run(&["batch", "create"]).exits(1);
    world.script(&json!({}));
    let n_uploads = world.journal().n_calls("files.create");
    let ran = world.run(&["batch", "create", "--max-cost", "0"]).exits(1);
    assert_eq!(ran.stdout, "");
    assert!(ran.stderr.starts_with("error: the estimate is $0.00"), "{}", ran.report());
    assert!(ran.stderr.contains(", above `--max-cost 0`\nhint: nothing was sent; "), "{}", ran.report());
    assert_eq!((world.journal().n_calls("files.create"), world.journal().batches.len()), (n_uploads, 0));
    // New groups beside it: the sum is checked, and says what is whose.
    world.load_groups(&[group(3)]);
    let ran = world.run(&["batch", "create", "--max-cost", "0"]).exits(1);
    assert!(ran.stderr.contains(" of it for 1 part that waits from an earlier run"), "{}", ran.report());
    world.run(&["batch", "create", "--max-cost", "1", "--wait"]).exits(0);
    bought_once(&world, 2, 6);
}

#[test]
fn written_tokens_have_their_price_and_an_old_table_says_so() {
    let mut world = World::with_groups(1);
    let usage = json!({"input_tokens": 10_000, "input_tokens_details": {"cached_tokens": 2_000, "cache_write_tokens": 5_000},
        "output_tokens": 1_000, "output_tokens_details": {"reasoning_tokens": 0}});
    let body = json!({"status": "completed", "usage": usage, "output_text": "{\"topics\": [], \"entities\": []}"});
    world.script(&json!({"answers": [{"body": body}]}));
    let cost = world.json(&["batch", "create", "--wait"], 0)["batches"][0]["cost"].clone();
    // Two answers: 3,000 uncached, 2,000 read, 5,000 written, 1,000 output tokens each, at half the price of gpt-6-luna.
    near(&cost["cost_usd"], (3_000.0 * 0.1 + 2_000.0 * 0.01 + 5_000.0 * 0.125 + 1_000.0 * 0.5) / 1e6);
    assert_eq!(cost["cache_write_tokens"], 10_000);
    assert_eq!(world.count("SELECT sum(cache_write_tokens) FROM answers"), 10_000);
    world
        .run(&["batch", "status", "--offline", &world.rows("SELECT run_id FROM batches")[0]])
        .exits(0)
        .says("20,000 input (4,000 cached, 10,000 written)");

    world.load_groups(&[group(2)]);
    world.set_var("GLEANER_TEST_CLOCK", "2027-06-01T00:00:00Z");
    let old = "warning: the table of prices is of 2026-11-29, more than half a year old; `--price` or a table of your own goes";
    world.run(&["batch", "create", "--dry-run"]).exits(0).says(old);
    world.run(&["extract", "--dry-run"]).exits(0).says(old);
    world.run(&["extract", "--dry-run", "--price", "1,1,1"]).exits(0).says_not("half a year");
}

#[test]
fn a_very_long_prompt_is_warned_of() {
    let world = World::new();
    let text = "Ada Lovelace sold engines. ".repeat(60_000);
    world.load_groups(&[json!({"id": "long", "text": text}), group(1)]);
    let estimate = world.json(&["batch", "create", "--dry-run"], 0)["estimate"].clone();
    assert_eq!(estimate["long_requests"], 2);
    let tokens = |name: &str| estimate[name].as_f64().expect("a number");
    let base = (tokens("input_tokens") * 0.1 + tokens("output_tokens") * 0.5) / 1e6;
    assert!(tokens("sync_usd") > base * 1.5, "{estimate:#}");
    world
        .run(&["batch", "create", "--dry-run"])
        .exits(0)
        .says("warning: 2 requests have more than 272,000 input tokens");
    world.run(&["batch", "create", "--dry-run", "--model", "gpt-5.5"]).exits(0).says_not("272,000");
}

#[test]
fn usage_out_of_reason_is_said_and_in_no_sum() {
    let world = World::with_groups(2);
    let odd = [json!(1u64 << 62), json!(-3), json!("many")];
    let text = "{\"topics\": [], \"entities\": []}";
    let mut answers: Vec<Value> = odd
        .iter()
        .enumerate()
        .map(|(i, n)| {
            let usage = json!({"input_tokens": n, "output_tokens": 100});
            let id = ["topic_g1", "entity_g1", "topic_g2"][i];
            json!({"custom_id": id, "body": {"status": "completed", "usage": usage, "output_text": text}})
        })
        .collect();
    let usage = json!({"input_tokens": 1_000, "output_tokens": 100});
    answers.push(json!({"body": {"status": "completed", "usage": usage, "output_text": text}}));
    world.script(&json!({"answers": answers}));
    let ran = world.run(&["batch", "create", "--wait"]).exits(0);
    let ran =
        ran.says("sent 4 = usable 4").says("3 answers tell no usage that can be; what was paid for that is not known");
    ran.says("for 1,000 input (0 cached) and 100 output tokens (0 reasoning)");
    let id = world.rows("SELECT external_id FROM batches").remove(0);
    let cost = world.json(&["batch", "status", "--offline", &id], 0)["cost"].clone();
    assert_eq!((&cost["n_answers"], &cost["input_tokens"], &cost["n_unpriced"]), (&json!(1), &json!(1_000), &json!(0)));
    near(&cost["cost_usd"], (1_000.0 * 0.1 + 100.0 * 0.5) * 0.5 / 1e6);
    assert_eq!(world.count("SELECT count(*) FROM answers WHERE input_tokens IS NULL AND cost_usd IS NULL"), 3);
    let spend = world.json(&["progress"], 0)["sandbox"]["spend"].clone();
    assert_eq!((&spend["input_tokens"], &spend["n_without_usage"]), (&json!(1_000), &json!(3)));
    let words = "  3 requests tell no usage that can be: what was paid for that is not known, and in no sum\n";
    world.run(&["progress"]).exits(0).says(words);
}

#[test]
fn what_past_answers_made_of_the_cache_counts_in_the_estimate() {
    let world = World::with_groups(20);
    let usage = json!({"input_tokens": 10_000, "input_tokens_details": {"cached_tokens": 5_000, "cache_write_tokens": 1_000},
        "output_tokens": 100, "output_tokens_details": {"reasoning_tokens": 0}});
    let body = json!({"status": "completed", "usage": usage, "output_text": "{\"topics\": [], \"entities\": []}"});
    world.script(&json!({"answers": [{"body": body}]}));
    let estimate = world.json(&["batch", "create", "--dry-run"], 0)["estimate"].clone();
    assert_eq!(estimate["cache"]["from_history"], false);
    world.run(&["batch", "create", "--wait"]).exits(0);
    world.load_groups(&(21..=30).map(group).collect::<Vec<_>>());
    let estimate = world.json(&["batch", "create", "--dry-run"], 0)["estimate"].clone();
    assert_eq!((&estimate["cache"]["from_history"], &estimate["output_tokens"]), (&json!(true), &json!(2_000)));
    let input = estimate["input_tokens"].as_f64().expect("a number");
    let (cached, written) = ((input * 0.5).floor(), (input * 0.1).floor());
    let expected = (input - cached - written) * 0.1 + cached * 0.01 + written * 0.125 + 2_000.0 * 0.5;
    near(&estimate["batch_usd"], expected * 0.5 / 1e6);
    near(&estimate["sync_usd"], expected / 1e6);
    world.run(&["batch", "create", "--dry-run"]).exits(0).says("in batch mode; above as past answers used it\n");
}

#[test]
fn clean_finds_the_files_of_parts_that_never_became_batches() {
    // Refused by a full queue and split, cancelled before it was sent, and imported.
    let world = World::with_groups(4);
    let full = json!([{"code": "token_limit_exceeded", "line": null, "message": "Enqueued token limit reached."}]);
    world.script(&json!({"batches": [{"nth": 1, "ends": "failed", "errors": full}]}));
    world.run(&["batch", "create", "--wait"]).exits(0).says("is split into 2 parts");
    let error = json!({"message": "No.", "type": "invalid_request_error", "param": null, "code": null});
    world.script(
        &json!({"faults": [{"on": "batches.create", "at": "received", "status": 400, "json": {"error": error}}]}),
    );
    world.load_groups(&[group(5)]);
    world.run(&["batch", "create"]).exits(1);
    let run = world.rows("SELECT run_id FROM batches ORDER BY id DESC LIMIT 1").remove(0);
    world.run(&["batch", "cancel", &run]).exits(0);
    world.script(&json!({}));
    assert_eq!(
        world.rows("SELECT state, count(*) FROM batches WHERE input_file_id IS NOT NULL GROUP BY state"),
        ["imported|2", "replaced|1", "withdrawn|1"]
    );
    let deleted = world.json(&["batch", "clean", "--yes"], 0);
    // A request file of each, and an answer file of the two that were imported.
    assert_eq!(deleted["deleted"].as_array().map(Vec::len), Some(6), "{deleted:#}");
    world.run(&["batch", "clean", "--yes"]).exits(0).says("nothing to delete");
}

#[test]
fn a_part_whose_file_has_grown_is_approved_at_its_new_price() {
    let world = World::with_groups(1);
    world.script(&json!({"faults": [{"on": "files.create", "at": "received", "times": 0, "status": 400,
        "json": {"error": {"message": "not today", "type": "invalid_request_error"}}}]}));
    world.run(&["batch", "create"]).exits(1).says("not today");
    world.script(&json!({}));
    let estimate = "SELECT estimated_cost_usd, estimated_input_tokens FROM batches";
    let estimate = |world: &World| -> (f64, f64) {
        let row = world.rows(estimate).remove(0);
        let (usd, tokens) = row.split_once('|').expect("two columns");
        (usd.parse().unwrap(), tokens.parse().unwrap())
    };
    let (planned, n_planned) = estimate(&world);
    let mut grown = group(1);
    grown["stories"][0]["text"] = json!("NASA flew to the moon. ".repeat(4_000));
    world.load_groups(&[grown]);
    let max = format!("{:.9}", planned * 2.0);
    let run = world.rows("SELECT run_id FROM batches").remove(0);
    let ran = world.run(&["batch", "create", "--max-cost", &max]).exits(1);
    let ran = ran.says(&format!("part 1 of {run} would bring the cost to $")).says("what was sent before is kept");
    assert!(world.journal().batches.is_empty(), "{}", ran.report());
    let (now, n_now) = estimate(&world);
    assert!(n_now > n_planned * 4.0 && (now / planned - n_now / n_planned).abs() < 0.001, "{planned} {now}");
    world.run(&["batch", "create", "--max-cost", "1", "--wait"]).exits(0);
    bought_once(&world, 1, 2);
}
