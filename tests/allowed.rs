use std::fs;

use serde_json::{Value, json};

use crate::harness::{World, group};

const TOPICS: &str =
    "SELECT g.external_id, t.label FROM story_topics t JOIN story_groups g ON g.id = t.story_group_id ORDER BY 1, 2";

/// Returns the schema of a topic, as the requests of the newest file have it, and whether all are alike.
fn asked(world: &World) -> Value {
    let mut files: Vec<_> = fs::read_dir(world.path("batch_files"))
        .expect("there is a file of requests")
        .map(|entry| entry.expect("the folder is read").path())
        .filter(|path| path.extension().is_some_and(|end| end == "jsonl") && !path.to_string_lossy().contains("output"))
        .collect();
    files.sort_by_key(|path| (path.to_string_lossy().len(), path.clone()));
    let text = fs::read_to_string(files.last().expect("there is a file of requests")).expect("it is read");
    let lines = text.lines().map(|line| line.parse::<Value>().expect("each line is JSON"));
    let mut schemas: Vec<Value> = lines
        .filter(|line| line["custom_id"].as_str().is_some_and(|id| id.starts_with("topic_")))
        .map(|line| {
            line["body"]["text"]["format"]["schema"]["properties"]["topics"]["items"]["properties"]["topic"].clone()
        })
        .collect();
    schemas.dedup();
    assert_eq!(schemas.len(), 1, "{schemas:?}");
    schemas.remove(0)
}

#[test]
fn the_list_as_it_stands_is_offered_to_the_next_ask_and_asks_nothing_again() {
    let world = World::with_groups(3);
    world.run(&["batch", "create", "--wait"]).exits(0);
    world.run(&["topics", "merge", "moon landing", "into", "Lunar landing"]).exits(0);
    let tokens = |world: &World| {
        let plan = world.json(&["batch", "create", "--dry-run"], 0);
        plan["estimate"]["input_tokens"].as_u64().expect("tokens are counted")
    };
    let path = world.path("mine.toml").display().to_string();
    world.run(&["profile", "topics", "--min-groups", "1", "--only", "-o", &path]).exits(0);
    world.run(&["profile", "topics", "--min-groups", "1", "-o", &path]).exits(1);
    world.run(&["profile", "check", &path]).exits(0);
    world.run(&["profile", "use", &path]).exits(0);
    world.run(&["profile", "show"]).exits(0).says("2 topics to choose from, in the schema; no others");
    // Groups that were asked stay asked.
    world.run(&["batch", "create"]).exits(0).says("nothing to send");
    world.load_groups(&[group(4), group(5)]);
    assert_eq!(world.json(&["batch", "create", "--dry-run"], 0)["total_requests"], 4);
    world.run(&["batch", "create", "--wait"]).exits(0);
    assert_eq!(asked(&world), json!({"type": "string", "enum": ["Lunar landing", "trade"]}));
    // The reader finds the words of the list and no others: a landing is in none of these stories.
    assert_eq!(world.rows(TOPICS)[3..], ["g5|trade"]);
    // Each request carries the list, and its price is counted.
    world.load_groups(&[group(6)]);
    let with_list = tokens(&world);
    let bare = world.path("bare.toml").display().to_string();
    world.run(&["profile", "topics", "--none", "-o", &bare]).exits(0);
    world.run(&["profile", "use", &bare]).exits(0);
    world.run(&["profile", "show"]).exits(0).says_not("to choose from");
    let without = tokens(&world);
    assert!(with_list > without && without > 0, "{with_list} {without}");
    world.run(&["profile", "topics", "--min-groups", "9"]).exits(2);
}

#[test]
fn other_topics_are_found_where_they_are_allowed_and_none_is_lost() {
    let world = World::new();
    world.load_groups(&[group(1), group(2), group(3)]);
    let list = "label;since\nTrade fair;2001\n\"engines\";2002\nTrade Fair;2003\n";
    world.run_with_stdin(&["profile", "topics", "news", "--from", "-", "-o", "mine.toml"], list).exits(0);
    world.run(&["profile", "show", "mine.toml", "--prompt", "topic"]).exits(0);
    world.run(&["profile", "use", "mine.toml"]).exits(0);
    // A server that does not keep to the schema: what it says is kept.
    let other = json!({"topics": [{"topic": "Engine trade", "confidence": 0.9, "rank": 1}]});
    world.script(&json!({"answers": [{"custom_id": "topic_g3", "output_text": other}]}));
    world.run(&["batch", "create", "--wait"]).exits(0);
    let topic = json!({"anyOf": [{"type": "string", "enum": ["engines", "Trade fair"]}, {"type": "string"}]});
    assert_eq!(asked(&world), topic);
    assert_eq!(world.rows(TOPICS), ["g1|Trade fair", "g1|engines", "g2|moon landing", "g3|Engine trade"]);
}

#[test]
fn a_list_that_no_schema_takes_stands_in_the_instructions_or_is_refused() {
    let world = World::with_groups(2);
    let list: String = (0..1_001).map(|n| format!("subject {n}\n")).collect();
    let path = world.write("list.txt", &list).display().to_string();
    world.run(&["profile", "topics", "--from", &path, "--only"]).exits(2);
    world.run(&["profile", "topics", "--from", &path, "-o", "mine.toml"]).exits(0);
    world.run(&["profile", "use", "mine.toml"]).exits(0);
    world
        .run(&["profile", "show"])
        .exits(0)
        .says("1,001 topics to choose from, in the instructions; others where none fits");
    world.run(&["batch", "create", "--wait"]).exits(0);
    assert_eq!(asked(&world), json!({"type": "string"}));
    assert_eq!(world.count("SELECT count(*) FROM prompts WHERE instructions LIKE '%\n- subject 1000\n%'"), 1);
    let closed = fs::read_to_string(world.path("mine.toml")).unwrap().replacen("others = true", "others = false", 1);
    let closed = world.write("closed.toml", &closed).display().to_string();
    world.run(&["profile", "check", &closed]).exits(1).says("1001 topics, and a schema takes 1000");
    world.run(&["profile", "use", &closed]).exits(1).says("hint: leave out those that few groups have, or say");
    world.run_with_stdin(&["profile", "topics", "--from", "-"], "topic,verdict,target\na,is,b\n").exits(2);
    world.run(&["profile", "topics", "--from", "nowhere.txt"]).exits(2);
    world.run(&["profile", "export", "news", "-o", "own.toml"]).exits(0);
    let own =
        fs::read_to_string(world.path("own.toml")).unwrap().replacen("[topic]\n", "[topic]\nallowed = [\"x\"]\n", 1);
    let own = world.write("own.toml", &own).display().to_string();
    world.run(&["profile", "topics", &own, "--from", &path]).exits(2);
}

#[test]
fn a_list_that_may_be_meant_otherwise_is_refused_before_anything_is_written() {
    let world = World::new();
    let refused = |list: &str| {
        let path = world.write("list.txt", list).display().to_string();
        world.run(&["profile", "topics", "news", "--from", &path, "-o", "mine.toml"]).exits(2);
        assert!(!world.path("mine.toml").exists());
    };
    refused("moon\ntrade, foreign\ntrade, domestic\n");
    refused("moon\n\"trade\nsport\n");
    refused("\n\n");
    // A profile larger than `profile use` reads.
    refused(&(0..4_000).map(|n| format!("{}{n}\n", "月".repeat(100))).collect::<String>());
}

#[test]
fn a_topic_too_long_for_a_list_keeps_no_other_out() {
    let world = World::with_groups(1);
    let long = "a subject that goes on ".repeat(7);
    let topic = |label: &str, rank: u32| json!({"topic": label, "confidence": 0.9, "rank": rank});
    let topics = json!({"topics": [topic(&long, 1), topic("trade", 2)]});
    world.script(&json!({"answers": [
        {"custom_id": "topic_*", "output_text": topics},
        {"custom_id": "entity_*", "output_text": {"entities": []}},
    ]}));
    world.run(&["batch", "create", "--wait"]).exits(0);
    world
        .run(&["profile", "topics", "--min-groups", "1", "-o", "mine.toml"])
        .exits(0)
        .says("1 topic left out, too long");
    let text = fs::read_to_string(world.path("mine.toml")).expect("was written");
    assert!(text.contains("topics = [\n    \"trade\",\n]"), "{text}");
}
