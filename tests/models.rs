use serde_json::{Value, json};

use crate::harness::{World, group};

fn row<'a>(found: &'a Value, model: &str) -> &'a Value {
    let rows = found["models"].as_array().expect("a list");
    rows.iter().find(|row| row["model"] == model).unwrap_or_else(|| panic!("no `{model}`: {found:#}"))
}

#[test]
fn the_table_is_shown_with_what_this_selection_would_cost() {
    let world = World::with_groups(3);
    let found = world.json(&["models"], 0);
    let planned = world.json(&["batch", "create", "--dry-run"], 0)["estimate"].clone();
    assert_eq!((&found["model"], &found["tokens"]["n_groups"]), (&json!("gpt-6-luna"), &json!(3)));
    let luna = row(&found, "gpt-6-luna");
    assert_eq!((&luna["batch_usd"], &luna["sync_usd"]), (&planned["batch_usd"], &planned["sync_usd"]));
    assert_eq!((&luna["shutdown"], &luna["is_gone"], &luna["is_offered"]), (&json!(null), &json!(false), &json!(null)));
    let terra = row(&found, "gpt-6.1-terra");
    let times = terra["batch_usd"].as_f64().unwrap() / luna["batch_usd"].as_f64().unwrap();
    assert!((times - 10.0).abs() < 1e-9, "ten times the price: {times}");
    assert_eq!(row(&found, "gpt-4.1-nano")["is_gone"], true);
    assert_eq!(world.journal().calls.len(), 0, "no network");

    let shown = world.run(&["models", "--limit", "1"]).exits(0);
    let lines: Vec<&str> = shown.stdout.lines().collect();
    assert!(lines[0].starts_with("1 group to be asked about: "), "{}", shown.report());
    assert!(lines[2].contains("gpt-6-luna") && lines[2].starts_with('*'), "the cheapest first: {}", shown.report());
    shown.says("ends on 2026-12-10; `gpt-6-luna` takes its place").says("gone since 2026-10-23");
}

#[test]
fn with_past_answers_the_costs_are_made_from_their_tokens() {
    let world = World::with_groups(20);
    world.run(&["batch", "create", "--wait"]).exits(0);
    // All is answered: the costs are those of asking again.
    let found = world.json(&["models"], 0);
    assert_eq!((&found["tokens"]["is_all_answered"], &found["tokens"]["from_history"]), (&json!(true), &json!(true)));
    let paid = world.rows("SELECT sum(input_tokens), sum(output_tokens) FROM answers").remove(0);
    assert_eq!(format!("{}|{}", found["tokens"]["input_tokens"], found["tokens"]["output_tokens"]), paid);
    world.load_groups(&[group(21), group(22)]);
    assert_eq!(world.json(&["models"], 0)["tokens"]["n_requests"], 4);
}

#[test]
fn the_provider_is_asked_only_when_that_is_meant() {
    let world = World::with_groups(1);
    world.script(&json!({"models": [{"model": "gpt-5.5", "shutdown_date": "2027-02-01"}, {"model": "gpt-6-luna", "unknown": true}]}));
    let found = world.json(&["models", "--check"], 0);
    assert_eq!(row(&found, "gpt-5.5")["shutdown"], "2027-02-01");
    assert_eq!(
        (&row(&found, "gpt-6-luna")["is_offered"], &row(&found, "gpt-6.1-terra")["is_offered"]),
        (&json!(false), &json!(true))
    );
    world
        .run(&["models", "--check"])
        .exits(0)
        .says("warning: the provider's list has no `gpt-6-luna`, which the active profile asks")
        .says("not offered");
    // A restricted key may not list models.
    let error = json!({"error": {"message": "no", "type": "x", "param": null, "code": null}});
    world.script(&json!({"faults": [{"on": "models.list", "status": 403, "json": error}]}));
    world.run(&["models", "--check"]).exits(0).says("the table alone says what there is");
}

#[test]
fn without_a_database_there_is_a_table() {
    let world = World::new();
    let found = world.json(&["models"], 0);
    assert_eq!((&found["model"], &found["tokens"]), (&json!(null), &json!(null)));
    assert!(!world.db.exists());
}

#[test]
fn a_comparison_with_nothing_names_the_candidates() {
    let world = World::with_groups(1);
    let ran = world.run(&["compare"]).exits(2);
    ran.says("error: what is to be compared is missing: a model, or settings of a prompt").says(
        "hint: models that stay, with their prices a million tokens: `gpt-6-luna` ($0.1 in, $0.5 out), `gpt-5.6-luna`",
    );
}
