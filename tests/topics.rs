//! Decisions about topics: merged, kept apart, out into files and in again.

use serde_json::{Value, json};

use crate::harness::{World, group};

/// Two groups, one about the Moon and one about trade.
fn world() -> World {
    let world = World::new();
    world.load_groups(&[group(1), group(2)]);
    world.run(&["batch", "create", "--wait"]).exits(0);
    world
}

const DECISIONS: &str = "SELECT topic, verdict, target, target_label FROM topic_decisions ORDER BY topic";

#[test]
fn a_target_may_stand_among_those_that_become_it() {
    let world = world();
    let ran = world.run(&["topics", "merge", "moon landing", "Trade", "into", "trade"]);
    let said = "`moon landing` is now `trade` in 1 group, and in every later import\n";
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str(), ran.code), (said, "", Some(0)));
    assert_eq!(world.rows(DECISIONS), ["moon landing|is|trade|trade"]);
    let ran = world.run(&["topics", "merge", "TRADE", "into", "trade"]);
    assert_eq!(
        (ran.stdout.as_str(), ran.stderr.as_str(), ran.code),
        ("", "error: `TRADE` can't become `trade`: it is the same topic\n", Some(2))
    );
}

#[test]
fn decisions_go_out_and_in_again() {
    let world = world();
    let synonyms =
        world.write("synonyms.csv", "\u{feff}synonym;preferred\nÉCONOMIE;Économie nationale\nmoon landing;Raumfahrt\n");
    let synonyms = synonyms.display().to_string();
    let ran = world.run(&["topics", "import", &synonyms]);
    let said = "2 decisions read, 2 new or changed; 0 before, 2 now\n";
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str(), ran.code), (said, "", Some(0)));
    assert_eq!(world.count("SELECT count(*) FROM story_topics WHERE topic = 'raumfahrt' AND label = 'Raumfahrt'"), 1);
    let pairs = "topic,verdict,target\nmoon landing,is,raumfahrt\ntrade,not,raumfahrt\n";
    world.run_with_stdin(&["topics", "import", "-"], pairs).exits(0).says("2 decisions read, 1 new or changed");
    let all = world.rows(DECISIONS);
    let table = world.run(&["topics", "export"]).exits(0);
    assert_eq!(
        table.stdout,
        "topic,verdict,target,decided_at\n\
         moon landing,is,Raumfahrt,2026-11-02T12:00:00Z\n\
         raumfahrt,not,trade,2026-11-02T12:00:00Z\n\
         économie,is,Économie nationale,2026-11-02T12:00:00Z\n"
    );
    // Out and in by each way: nothing is lost, and the same once more changes nothing.
    for name in ["topics.csv", "catalog.jsonl", "catalog.csv"] {
        let (export, import): (&[&str], &[&str]) = match name {
            "topics.csv" => (&["topics", "export", "-o", name], &["topics", "import", name]),
            _ => (&["export", "catalog", "-o", name], &["load", "entities", name]),
        };
        world.run(export).exits(0);
        world.sql().execute_batch("DELETE FROM topic_decisions").unwrap();
        world.run(import).exits(0);
        assert_eq!(world.rows(DECISIONS), all, "{name}");
        let n = world.count("SELECT count(*) FROM changes");
        world.run(import).exits(0);
        assert_eq!(world.count("SELECT count(*) FROM changes"), n, "{name}");
    }
    let broken = world.write("broken.csv", "a,b\nc,\n").display().to_string();
    let ran = world.run(&["topics", "import", &broken]);
    let said = format!(
        "error: cannot read `{broken}`\n  caused by: line 2 does not name two topics\n\
         hint: each line is a topic and what it becomes, as in `injuries,injury update`\n"
    );
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str(), ran.code), ("", said.as_str(), Some(2)));
    assert_eq!(world.rows(DECISIONS), all);
}

/// Stories of the car industry, and of the automotive sector, about the same companies; and of farms and trains.
pub(crate) fn synonyms() -> World {
    let world = World::new();
    let companies = ["Vega Company", "Orion Corporation", "Lyra Group", "Cygnus Office"];
    let farms = ["Ceres Association", "Flora Society"];
    let about = |n: usize| match n % 4 {
        0 => format!("On Monday {} and {} met.", companies[n / 4 % 4], companies[(n / 4 + 1) % 4]),
        1 => format!("On Monday {} and {} met.", companies[n / 4 % 4], companies[(n / 4 + 2) % 4]),
        _ => format!("On Monday {} met.", farms[n / 4 % 2]),
    };
    let groups: Vec<Value> = (0..96)
        .map(|n| json!({"id": format!("g{n}"), "title": format!("Title {n}"), "text": format!("Story {n}. {}", about(n))}))
        .collect();
    world.load_groups(&groups);
    let names = companies.iter().chain(&farms).enumerate();
    let entities: Vec<Value> =
        names.map(|(n, name)| json!({"id": format!("o{n}"), "type": "organization", "name": name})).collect();
    world.load_entities(&entities);
    world.run(&["batch", "create", "--wait", "--yes"]).exits(0);
    world
        .sql()
        .execute_batch(
            "DELETE FROM story_topics;
             INSERT INTO story_topics (story_group_id, topic, label, confidence, rank, sandbox, prompt_id)
             SELECT g.id, t.value, t.value, 0.9, 1, 1, (SELECT min(id) FROM prompts)
             FROM story_groups g JOIN json_each('[\"car industry\", \"automotive sector\", \"farming\", \"crops\"]') t
                 ON t.key = CAST(substr(g.external_id, 2) AS INTEGER) % 4;",
        )
        .expect("the topics are put in");
    world
}

#[test]
fn synonyms_are_proposed_from_their_neighbours_and_accepted_only_by_name() {
    let world = synonyms();
    world.run(&["topics", "dedupe"]).exits(0);
    world.run(&["topics", "dedupe", "--accept", "0"]).exits(0);
    assert_eq!(world.count("SELECT count(*) FROM topic_decisions"), 0);
    world.run(&["topics", "dedupe", "--neighbours"]).exits(0);
    world.run(&["topics", "dedupe", "--neighbours", "--min-score", "1"]).exits(0);
    let found = world.json(&["topics", "dedupe", "--neighbours", "--sort", "name"], 0);
    assert_eq!((&found["total"], &found["proposals"][0]["method"]), (&json!(1), &json!("neighbours")));
    world.run(&["topics", "dedupe", "--neighbours", "--accept", "0.5"]).exits(0);
    assert_eq!(world.rows(DECISIONS), ["automotive sector|is|car industry|car industry"]);
    world.run(&["undo"]).exits(0);
    assert_eq!(world.count("SELECT count(*) FROM topic_decisions"), 0);
    // Topics that are kept apart, or of which one stands under the other, are no proposal any more.
    world
        .run_with_stdin(&["topics", "import", "-"], "topic,verdict,target\ncar industry,not,automotive sector\n")
        .exits(0);
    assert_eq!(world.json(&["topics", "dedupe", "--neighbours"], 0)["total"], 0);
    world.run(&["undo"]).exits(0);
    world.run(&["topics", "parent", "car industry", "automotive sector"]).exits(0);
    assert_eq!(world.json(&["topics", "dedupe", "--neighbours"], 0)["total"], 0);
    // One group with both is enough.
    world.run(&["undo"]).exits(0);
    world
        .sql()
        .execute_batch(
            "INSERT INTO story_topics (story_group_id, topic, label, confidence, rank, sandbox, prompt_id)
        SELECT story_group_id, 'automotive sector', 'automotive sector', 0.9, 2, 1, prompt_id FROM story_topics
        WHERE topic = 'car industry' LIMIT 1",
        )
        .unwrap();
    assert_eq!(world.json(&["topics", "dedupe", "--neighbours"], 0)["total"], 0);
}
