use serde_json::{Value, json};

use super::{bought_once, printed};
use crate::harness::{World, group, start_sandbox};

/// Returns how many answers `progress` counts as stale.
#[track_caller]
fn stale(world: &World) -> i64 {
    let progress = world.json(&["progress"], 0);
    let worlds = ["real", "sandbox"].map(|name| find(&progress, name)["stale"].as_i64().unwrap_or(0));
    worlds.iter().sum()
}

fn find<'v>(value: &'v Value, name: &str) -> &'v Value {
    match value {
        Value::Object(map) => map
            .get(name)
            .unwrap_or_else(|| map.values().map(|v| find(v, name)).find(|v| !v.is_null()).unwrap_or(&Value::Null)),
        _ => &Value::Null,
    }
}

/// A world with three groups, all answered.
fn answered() -> World {
    let world = World::with_groups(3);
    world.run(&["batch", "create", "--wait"]).exits(0);
    assert_eq!(stale(&world), 0);
    world
}

/// Sends what is stale, and expects exactly these requests.
#[track_caller]
fn resends(world: &World, args: &[&str], expected: &[&str]) {
    let before = world.journal().asked;
    world.run(&["batch", "create"].iter().chain(args).copied().collect::<Vec<_>>()).exits(0).says("nothing to send");
    let again: Vec<&str> = [&["batch", "create", "--wait", "--stale"], args].concat();
    world.run(&again).exits(0);
    let mut sent: Vec<String> =
        world.journal().asked.iter().filter(|(id, n)| before.get(*id) != Some(n)).map(|(id, _)| id.clone()).collect();
    sent.sort();
    assert_eq!(sent, expected);
    world.run(&again).exits(0).says("nothing to send");
}

#[test]
fn a_changed_text_makes_its_two_requests_stale() {
    let world = answered();
    let mut changed = group(2);
    changed["stories"][0]["text"] = json!("It was another story after all: Ada Lovelace stayed at home.");
    world.load_groups(&[changed]);
    assert_eq!(stale(&world), 2);
    resends(&world, &[], &["entity_g2", "topic_g2"]);
    assert_eq!(stale(&world), 0);
}

#[test]
fn an_older_answer_stands_while_its_question_is_asked_again() {
    let world = answered();
    let mut changed = group(2);
    changed["stories"][0]["text"] = json!("It was another story after all: Ada Lovelace stayed at home.");
    world.load_groups(&[changed]);
    // In flight, and answered anew.
    for (command, asked_again) in [(&["batch", "create", "--stale"][..], [2, 2]), (&["batch", "wait"], [0, 0])] {
        world.run(command).exits(0);
        world.run(&["progress"]).exits(0);
        let progress = world.json(&["progress"], 0)["sandbox"].clone();
        assert_eq!(
            (&progress["groups_done"], &progress["usable"], &progress["stale"]),
            (&json!(3), &json!(6), &json!(0))
        );
        assert_eq!(["asked_again", "in_flight"].map(|name| progress[name].as_i64().unwrap()), asked_again);
    }
}

#[test]
fn a_run_that_is_only_written_asks_again_what_a_sandbox_answered_and_says_so() {
    let world = answered();
    let words = "a run that is only written may go to any provider: what a sandbox answered is asked again\n";
    world.run(&["batch", "create", "--no-submit"]).exits(0).says(words).says("6 requests for 3 groups");
}

#[test]
fn what_no_model_reads_makes_nothing_stale() {
    let world = answered();
    let mut same = group(2);
    same["created_at"] = json!("2031-01-01");
    same["stories"][0]["url"] = json!("https://example.org/moved");
    world.load_groups(&[same]);
    world.load_entities(&[json!({"id": "x", "type": "person", "name": "Somebody Else"})]);
    assert_eq!(stale(&world), 0);
    resends(&world, &[], &[]);
}

#[test]
fn another_model_or_parameter_makes_all_stale_for_it_alone() {
    let all = ["entity_g1", "entity_g2", "entity_g3", "topic_g1", "topic_g2", "topic_g3"];
    for args in [["--model", "gpt-6.1-terra"], ["--effort", "high"], ["--max-output-tokens", "9000"]] {
        let world = answered();
        resends(&world, &args, &all);
    }
}

#[test]
fn another_prompt_or_schema_makes_the_touched_kind_stale() {
    let world = answered();
    let profile = world.run(&["profile", "export", "news"]).exits(0).stdout;
    assert!(profile.contains("max_entities = 20"));
    let path = world.write("fewer.toml", &profile.replace("max_entities = 20", "max_entities = 12"));
    world.run(&["profile", "use", &path.display().to_string()]).exits(0);
    assert_eq!(stale(&world), 3);
    resends(&world, &[], &["entity_g1", "entity_g2", "entity_g3"]);
}

#[test]
fn an_upgrade_of_the_program_makes_nothing_stale() {
    let world = answered();
    // A later version renders the same profile in other words: the ask keeps the rendering that it was first sent with.
    world
        .sql()
        .execute("UPDATE prompts SET instructions = 'As an older version said it: ' || instructions", [])
        .unwrap();
    assert_eq!(stale(&world), 0);
    resends(&world, &[], &[]);
    world.load_groups(&[group(9)]);
    world.run(&["batch", "create", "--wait"]).exits(0);
    assert_eq!(world.count("SELECT count(*) FROM prompts"), 2);
    let file = world.path("").join(&world.rows("SELECT max(input_file_path) FROM batches")[0]);
    let lines = std::fs::read_to_string(file).unwrap();
    assert!(lines.lines().all(|line| line.contains("As an older version said it: ")));
}

#[test]
fn a_rehearsal_never_blocks_spends_or_confuses_the_real_run() {
    let mut world = World::with_groups(3);
    let sandbox = world.sandbox.base_url();
    let real = start_sandbox(&json!({"faults": [{"on": "*", "times": 0, "headers": {"x-gleaner-sandbox": null}}]}));
    world.run(&["batch", "create", "--wait"]).exits(0);
    assert_eq!(world.count("SELECT count(*) FROM current_answers"), 6);
    // One rehearsal is still under way, another one waits to be sent.
    world.load_groups(&[group(4)]);
    world.run(&["batch", "create"]).exits(0);

    world.set_var("OPENAI_BASE_URL", &real.base_url());
    let planned = world.json(&["batch", "create", "--dry-run"], 0);
    assert_eq!(planned["total_requests"], 8, "{planned:#}");
    world.run(&["batch", "create", "--wait"]).exits(0);
    world.run(&["batch", "wait"]).exits(3).says("was made at").says(&sandbox);
    let bought = real.journal();
    assert_eq!((bought.batches.len(), bought.asked.len()), (1, 8), "all four groups are asked at the real one");
    assert_eq!(real.journal().n_calls("batches.cancel"), 0);
    // What was learned comes from the real one now, and the accounts are apart.
    assert_eq!(
        world.count("SELECT count(*) FROM current_answers c JOIN requests r ON r.id = c.request_id WHERE r.sandbox"),
        0
    );
    let progress = world.json(&["progress"], 0);
    let (real_world, rehearsed) = (find(&progress, "real"), find(&progress, "sandbox"));
    assert_eq!((&real_world["usable"], &real_world["groups_done"]), (&json!(8), &json!(4)), "{progress:#}");
    assert_eq!((&rehearsed["usable"], &rehearsed["in_flight"]), (&json!(6), &json!(2)), "{progress:#}");
    world.run(&["batch", "create"]).exits(0).says("nothing to send");
    assert_eq!(real.journal().batches.len(), 1);

    // A late answer of the rehearsal never replaces a real one.
    world.set_var("OPENAI_BASE_URL", &sandbox);
    world.run(&["batch", "wait"]).exits(0);
    assert_eq!(
        world.count("SELECT count(*) FROM current_answers c JOIN requests r ON r.id = c.request_id WHERE r.sandbox"),
        0
    );
    bought_once(&world, 2, 8);
}

#[test]
fn the_request_asked_last_wins_not_the_one_imported_last() {
    let world = World::with_groups(1);
    world.script(&json!({"answers": [{"custom_id": "topic_*", "output_text":
        {"topics": [{"topic": "asked {{attempt}}", "confidence": 0.9, "rank": 1}]}}]}));
    world.run(&["batch", "create"]).exits(0);
    let first = world.rows("SELECT external_id FROM batches").remove(0);
    world.run(&["batch", "cancel", &first, "--local"]).exits(0);
    let ended = world.json(&["batch", "create", "--wait"], 0);
    assert_eq!(printed(&ended), [2, 2, 0, 0, 0]);
    let topics = world.rows("SELECT topic FROM story_topics");
    assert_eq!(topics, ["asked 2"]);
    // The one given up is answered after all; what was asked later stays.
    let content = world.rows("SELECT outcome, mention_text FROM story_entities");
    for _ in 0..3 {
        world.run(&["batch", "process", &first]);
    }
    assert_eq!(world.rows("SELECT topic FROM story_topics"), topics);
    assert_eq!(world.rows("SELECT outcome, mention_text FROM story_entities"), content);
}

#[test]
fn a_list_of_topics_makes_the_questions_about_topics_stale_and_its_order_does_not() {
    let world = answered();
    let used = |list: &str| {
        let name = format!("{}.toml", list.len());
        world.run_with_stdin(&["profile", "topics", "news", "--from", "-", "-o", &name], list).exits(0);
        world.run(&["profile", "use", &name]).exits(0);
        std::fs::read_to_string(world.path(&name)).unwrap()
    };
    let text = used("trade\nmoon landing\n");
    assert_eq!(stale(&world), 3);
    resends(&world, &[], &["topic_g1", "topic_g2", "topic_g3"]);
    let turned = text.replacen("    \"moon landing\",\n    \"trade\",\n", "    \"trade\",\n    \"moon landing\",\n", 1);
    assert_ne!(turned, text);
    let path = world.write("turned.toml", &turned).display().to_string();
    world.run(&["profile", "use", &path]).exits(0);
    assert_eq!(stale(&world), 0);
    used("trade\n");
    assert_eq!(stale(&world), 3);
    // Answers to the question without a list are there, and are not asked for again.
    world.run(&["profile", "use", "news"]).exits(0);
    assert_eq!(stale(&world), 0);
    world.run(&["batch", "create", "--stale"]).exits(0).says("nothing to send");
}
