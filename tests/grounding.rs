use serde_json::{Value, json};

use crate::harness::World;

/// A world with two groups: of the first one's mentions some stand in its stories, of the second one's none.
fn world() -> World {
    let world = World::new();
    let stories = json!([
        {"title": "A day in Houston", "text": "Gene Kranz spoke of Jim Lovell &amp; of the Jo\u{ad}hn\u{ad}son centre."},
        {"text": "Then Ärzte came."},
    ]);
    world.load_groups(&[
        json!({"id": "g1", "title": "Apollo remembered", "created_at": "2000-01-01", "stories": stories}),
        json!({"id": "g2", "title": "Markets", "created_at": "2000-01-02", "text": "Shares rose on Friday."}),
    ]);
    let answer = |id: &str, output: Value| {
        let usage = json!({"input_tokens": 100, "output_tokens": 10});
        json!({"custom_id": id, "body": {"status": "completed", "usage": usage, "output_text": output.to_string()}})
    };
    let mentions = |names: &[&str]| {
        let mention = |(rank, name): (usize, &&str)| json!({"type": "person", "mention": name, "rank": rank + 1});
        json!({"entities": names.iter().enumerate().map(mention).collect::<Vec<_>>()})
    };
    let topics = |topic: &str| json!({"topics": [{"topic": topic, "confidence": 0.9, "rank": 1}]});
    let names = ["Gene Kranz", "Johnson", "arzte", "Jim Lovel", "Houston", "Apollo", "Ken Mattingly"];
    world.script(&json!({"answers": [
        answer("entity_g1", mentions(&names)),
        answer("topic_g1", topics("spaceflight")),
        answer("entity_g2", mentions(&["Wall Street"])),
        answer("topic_g2", topics("markets")),
    ]}));
    world
}

const PLACES: &str =
    "SELECT mention_text, grounding, place_story, place_in, substr(CASE place_in WHEN 'text' THEN s.text
        ELSE coalesce(s.title, g.title) END, place_at + 1, place_length)
    FROM story_entities m JOIN story_groups g ON g.id = m.story_group_id
    LEFT JOIN stories s ON s.story_group_id = m.story_group_id AND s.ordinal = m.place_story
    ORDER BY m.story_group_id, m.ordinal";

const FOUND: [&str; 8] = [
    "Gene Kranz|exact|1|text|Gene Kranz",
    // Loading has taken out what hides it.
    "Johnson|exact|1|text|Johnson",
    "arzte|normalized|2|text|Ärzte",
    "Jim Lovel|fuzzy|1|text|Jim Lovell",
    "Houston|exact|1|title|Houston",
    "Apollo|exact||title|Apollo",
    "Ken Mattingly|ungrounded|||",
    "Wall Street|ungrounded|||",
];

#[test]
fn each_mention_is_located_and_what_stands_nowhere_is_left_out_only_when_asked() {
    let world = world();
    world.run(&["batch", "create", "--wait"]).exits(0);
    assert_eq!(world.rows(PLACES), FOUND, "nothing is dropped");
    world.run(&["rebuild"]).exits(0);
    assert_eq!(world.rows(PLACES), FOUND);

    let progress = world.json(&["progress"], 0)["knowledge"].clone();
    let counts = json!({"exact": 4, "normalized": 1, "fuzzy": 1, "ungrounded": 2, "unknown": 0});
    assert_eq!((&progress["mentions"], &progress["grounding"]), (&json!(8), &counts));
    world
        .run(&["progress"])
        .exits(0)
        .says("  2 mentions stand nowhere in the stories, or only inside a longer name; `--require-grounding` leaves");
    let told = world.run(&["progress", "--require-grounding"]).exits(0).says("1 topic, 6 mentions, 0 of them linked");
    told.says("left out: 2 mentions, nowhere in the stories or only inside a longer name\n");
    world.run(&["show", "g1"]).exits(0).says("ungrounded").says("1 (nearly)");

    let exported = |args: &[&str]| world.run(args).exits(0).stdout.clone();
    let (all, grounded) = (exported(&["export", "links"]), exported(&["export", "links", "--require-grounding"]));
    assert_eq!((all.lines().count(), grounded.lines().count()), (8, 6));
    assert!(all.contains("Wall Street") && !grounded.contains("Wall Street"));
    // The topics of a group go with its last mention.
    assert_eq!(world.json(&["topics"], 0)["total"], 2);
    assert_eq!(world.json(&["topics", "--require-grounding"], 0)["topics"][0]["topic"], "spaceflight");
    assert_eq!(world.json(&["topics", "--require-grounding"], 0)["total"], 1);
    world.load_entities(&[json!({"id": "p1", "type": "person", "name": "Ken Mattingly"})]);
    world.run(&["resolve", "--all"]).exits(0);
    assert_eq!(world.json(&["entities"], 0)["total"], 1);
    assert_eq!(world.json(&["entities", "--require-grounding"], 0)["total"], 0);
    for (args, has_it) in [(&["report"][..], true), (&["report", "--require-grounding"], false)] {
        world.run(args).exits(0);
        let page = std::fs::read_to_string(world.path("report.html")).unwrap();
        assert_eq!(page.contains("Ken Mattingly"), has_it);
    }
}

#[test]
fn a_name_inside_a_longer_one_of_the_answer_is_not_counted_there() {
    let world = World::new();
    let text = "The Central Bank of Ireland warned. Bank of Ireland fell, said the Central Bank of Ireland.";
    world.load_groups(&[json!({"id": "g1", "title": "Banks", "created_at": "2000-01-01", "text": text})]);
    let mentions = ["Central Bank of Ireland", "Bank of Ireland", "Ireland"];
    let mention = |name: &&str| json!({"type": "organization", "mention": name});
    let output = json!({"entities": mentions.iter().map(mention).collect::<Vec<_>>()}).to_string();
    world.script(
        &json!({"answers": [{"custom_id": "entity_g1", "body": {"status": "completed", "output_text": output}}]}),
    );
    world.run(&["batch", "create", "--wait"]).exits(0);
    assert_eq!(
        world.rows("SELECT mention_text, grounding, place_at FROM story_entities ORDER BY ordinal"),
        ["Central Bank of Ireland|exact|4", "Bank of Ireland|exact|36", "Ireland|ungrounded|"]
    );
    world.run(&["show", "g1"]).exits(0);
    let shown = world.json(&["show", "g1"], 0);
    let places = |at: usize| shown["entities"][at]["places"].as_array().unwrap().len();
    assert_eq!([0, 1, 2].map(places), [2, 1, 0]);
}

#[test]
fn a_place_is_of_the_text_that_was_asked_about() {
    let world = world();
    world.run(&["batch", "create", "--wait"]).exits(0);
    // Loaded anew with another text, before and after an import.
    let changed = json!({"id": "g2", "title": "Markets", "created_at": "2000-01-02", "text": "Wall Street closed."});
    world.load_groups(&[changed]);
    assert_eq!(world.rows(PLACES)[7], "Wall Street||||");
    world.run(&["rebuild"]).exits(0);
    assert_eq!(world.rows(PLACES)[7], "Wall Street||||", "the answer was about another text");
    world.run(&["progress", "--require-grounding"]).exits(0).says("1 mention was not looked for");
}
