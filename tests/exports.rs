//! Files for others: what was loaded comes back whole, each row leads to its source, graphs have what was asked for.

use std::fs;

use serde_json::{Value, json};

use crate::harness::{World, rows};

/// Stories whose texts a second cleaning would change, whose dates are of all kinds, and whose attributes have the names of
/// fields.
fn hard() -> Vec<Value> {
    vec![
        json!({"id": "g1", "title": "Group & <b>one</b>", "stories": [
            {"title": "A &amp;lt;p&gt; title", "text": "Seen &amp;lt;p&gt;twice&amp;lt;/p> by NASA &amp;amp;", "url": "https://e.org/1",
             "published_at": "2024-05-06", "section": "Sport", "tags": ["a", "b"]},
            {"text": "<p>Other</p><p>text &lt;i&gt;</p>", "published_at": "2024-05"}]}),
        json!({"id": "g2", "title": "Own date", "created_at": "2020", "status": "draft", "stories": [
            {"text": "plain  two\r\nlines", "attributes": {"text": "an attribute", "value": "v", "type": "t", "topics": "z"}}]}),
        json!({"id": "g3", "title": "Only a title"}),
        json!({"id": "g4", "stories": [{"title": "T", "text": "", "url": " https://e.org/x "},
            {"title": "U", "text": "soft\u{ad}hyphen \u{200b} x", "published_at": "2024-05-06T12:30:00+02:00"}]}),
        json!({"id": "g 5 ü", "text": "single", "topics": [{"topic": "mine"}], "answers": "n"}),
    ]
}

/// All that was loaded, without surrogate keys.
const LOADED: [&str; 2] = [
    "SELECT external_id, wire_id, title, status, created_at, sort_at, date, hex(text_hash), hex(clean_hash)
     FROM story_groups ORDER BY external_id",
    "SELECT g.external_id, s.ordinal, s.title, s.text, s.url, s.published_at, s.attributes
     FROM stories s JOIN story_groups g ON g.id = s.story_group_id ORDER BY g.external_id, s.ordinal",
];

#[test]
fn groups_that_were_exported_are_loaded_back_whole() {
    let world = World::new();
    world.load_groups(&hard());
    world.run(&["batch", "create", "--wait", "-q"]).exits(0);
    world.run(&["export", "groups", "-o", "all.jsonl"]).exits(0);
    let loaded = |world: &World| LOADED.map(|sql| rows(&world.sql(), sql));
    let first = fs::read_to_string(world.path("all.jsonl")).unwrap();
    assert!(first.contains("\"answers\":[{"), "what was learned stands in it too");

    let other = World::new();
    other.write("all.jsonl", &first);
    other.run(&["load", "groups", "all.jsonl"]).exits(0);
    assert_eq!(loaded(&other), loaded(&world));
    // A text that comes back is no other text: nothing would be asked again on account of it.
    other.load_groups(&hard());
    let again = world.run(&["load", "groups", "all.jsonl"]).exits(0).stdout;
    assert!(again.starts_with("5 groups: 0 new, 0 changed, 5 unchanged"), "{again}");
    assert_eq!(loaded(&other), loaded(&world));

    // Edited, it is read as any other file is, and what was learned does not become attributes.
    other.write("edited.jsonl", &first.replace("single", "doubled &amp;"));
    other.run(&["load", "groups", "edited.jsonl"]).exits(0);
    assert_eq!(
        rows(&other.sql(), "SELECT text, attributes FROM stories WHERE text LIKE 'doubled%'"),
        [r#"doubled &|{"answers":"n","topics":["{\"topic\":\"mine\"}"]}"#]
    );

    // Without the texts it would take them away, so it is refused line by line.
    let bare = world.run(&["export", "--no-text"]).exits(0).stdout;
    let ended = world.run_with_stdin(&["load", "groups", "-"], bare).exits(1);
    assert!(ended.stderr.contains("<stdin>:1: was exported without its texts"), "{}", ended.stderr);
    assert_eq!(loaded(&other).len(), 2);
}

#[test]
fn each_row_leads_to_its_source() {
    let world = World::with_groups(1);
    world.load_groups(&[json!({"id": "g", "title": "Two stories", "stories": [
        {"title": "First", "text": "NASA flew to the moon.", "url": "https://e.org/1", "published_at": "2024-05-06", "section": "Space"},
        {"title": "Second", "text": "Ada Lovelace was there.", "url": "https://e.org/2", "published_at": "2024-05-07", "status": "x"}]})]);
    world.run(&["batch", "create", "--wait", "-q"]).exits(0);
    for what in ["groups", "stories", "topics", "entities", "links", "cooccurrence"] {
        for format in ["jsonl", "csv"] {
            world.run(&["export", what, "--format", format]).exits(0);
        }
    }
    // The list of a search, a topic, an entity, and related groups have them too.
    for args in
        [&["search", "moon"][..], &["topics", "moon landing"], &["entities", "NASA"], &["show", "g", "--no-text"]]
    {
        let shown = world.json(args, 0).to_string();
        assert!(shown.contains("\"url\":\"https://e.org/2\"") || args[0] == "show", "{args:?}: {shown}");
    }
    let links = world.run(&["export", "links"]).exits(0).stdout;
    let ada = links.lines().find(|line| line.contains("\"mention\":\"Ada Lovelace\"")).unwrap();
    let ada: Value = serde_json::from_str(ada).unwrap();
    assert_eq!(
        (&ada["story"], &ada["story_url"], &ada["published_at"]),
        (&json!(2), &json!("https://e.org/2"), &json!("2024-05-07"))
    );
}

#[test]
fn a_graph_has_what_was_asked_for() {
    let world = World::with_groups(3);
    world.load_groups(&[
        json!({"id": "empty", "text": "Never asked.", "status": "draft"}),
        json!({"id": "alone", "text": "NASA."}),
    ]);
    world.load_entities(&[json!({"id": "o1", "type": "organization", "name": "NASA", "aliases": ["N.A.S.A."],
        "attributes": {"country": "US", "name": "a hostile 'one`; DROP"}})]);
    world.run(&["batch", "create", "--wait", "-q"]).exits(0);
    for what in [None, Some("topics"), Some("links"), Some("entities"), Some("cooccurrence")] {
        for format in ["graphml", "gexf", "cypher", "neo4j"] {
            let args = ["export"].into_iter().chain(what).chain(["--format", format]).collect::<Vec<_>>();
            let text = world.run(&args).exits(0).stdout;
            assert!(!text.contains("empty"), "a group without an edge is not in it: {args:?}");
        }
    }
    for what in ["catalog", "stories"] {
        world.run(&["export", what, "--format", "gexf"]).exits(2);
    }
}

#[test]
fn datasette_is_told_what_the_tables_are() {
    let world = World::with_groups(1);
    for _ in 0..2 {
        world.run(&["export", "--format", "datasette", "-o", "metadata.json"]).exits(0);
    }
    let text = fs::read_to_string(world.path("metadata.json")).unwrap();
    let tables = serde_json::from_str::<Value>(&text).unwrap()["databases"]["g"]["tables"].clone();
    assert_eq!(tables["_stale_texts"], json!({"hidden": true}));
    assert!(tables["story_entities_named"]["facets"].is_array());
    // Each facet and label is a column.
    for (table, about) in tables.as_object().unwrap() {
        for column in about["facets"].as_array().into_iter().flatten().chain(about.get("label_column")) {
            world.sql().prepare(&format!("SELECT {} FROM {table}", column.as_str().unwrap())).unwrap();
        }
    }
    world.run(&["export", "links", "--format", "datasette"]).exits(2);
    world.write("theirs.json", "{\n  \"title\": \"mine\"\n}\n");
    world.run(&["export", "--format", "datasette", "-o", "theirs.json"]).exits(2);
}

#[test]
fn what_gleaner_did_not_write_is_never_replaced() {
    let world = World::new();
    world.load_groups(&hard());
    world.write("notes.jsonl", "{\"mine\":1}\n");
    for (args, says) in [
        (&["export", "groups", "--since", "2090", "-o", "notes.jsonl"][..], "there is nothing to write"),
        (&["export", "groups", "-o", "notes.jsonl"], "gleaner did not write it"),
    ] {
        world.run(args).exits(2).says(says);
        assert_eq!(fs::read_to_string(world.path("notes.jsonl")).expect("is there"), "{\"mine\":1}\n");
    }
}

#[test]
fn tables_of_an_export_take_nothing_from_the_groups() {
    let world = World::new();
    world.load_groups(&[
        json!({"id": "g1", "title": "=HYPERLINK(\"x\")", "stories": [
            {"title": "@one", "text": "First text.", "url": "https://e.org/1", "published_at": "2024-05-06", "section": "-1"},
            {"title": "Two", "text": "Second text.", "tags": ["a", "b"]}]}),
        json!({"id": "g2", "title": "Alone", "text": "Third text.", "status": "draft", "group_title": "an attribute"}),
    ]);
    world.run(&["batch", "create", "--wait", "-q"]).exits(0);
    let loaded = || LOADED.map(|sql| rows(&world.sql(), sql));
    let before = loaded();
    for (what, file) in [
        ("stories", "stories.jsonl"),
        ("stories", "stories.csv"),
        ("groups", "groups.csv"),
        ("topics", "topics.jsonl"),
        ("links", "links.csv"),
    ] {
        world.run(&["export", what, "-o", file]).exits(0);
        world.run(&["load", "groups", file]).exits(1);
        assert_eq!(loaded(), before, "{file}");
    }
    world.run(&["export", "stories", "--no-text", "-o", "bare.csv"]).exits(0);
    world.run(&["load", "groups", "bare.csv", "--group-by", "group_id"]).exits(1);
    assert_eq!(loaded(), before);
    // Asked for by name, the rows become the groups that they were; no text is another one, so nothing is asked again.
    let texts = || {
        let texts = "SELECT g.external_id, g.title, g.date, hex(g.text_hash), s.ordinal, s.text, s.url, s.published_at
                     FROM stories s JOIN story_groups g ON g.id = s.story_group_id ORDER BY 1, 5";
        rows(&world.sql(), texts)
    };
    let before = texts();
    for file in ["stories.jsonl", "stories.csv"] {
        world.run(&["load", "groups", file, "--group-by", "group_id"]).exits(0);
        assert_eq!(texts(), before, "{file}");
    }
}
