//! Decisions about topics: merged, kept apart, out into files and in again.

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
