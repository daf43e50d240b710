use serde_json::json;

use crate::harness::{World, start_sandbox};

/// The line of a command that reads while there is nothing but a rehearsal.
const ONLY: &str = "a rehearsal: a sandbox gave these answers, and no model\n";

const READING: [&[&str]; 9] = [
    &["topics"],
    &["entities"],
    &["show", "g1"],
    &["search", "story"],
    &["related", "g1"],
    &["unresolved"],
    &["export", "--format", "jsonl"],
    &["report"],
    &["catalog", "propose"],
];

#[test]
fn from_the_first_real_answer_on_a_rehearsal_is_left_out() {
    let mut world = World::with_groups(4);
    for args in READING {
        world.run(args).exits(0).says_not("rehears").says_not("sandbox gave");
    }
    world.run(&["batch", "create", "--wait"]).exits(0);
    for args in READING {
        world.run(args).exits(0).says(ONLY);
    }
    assert!(!world.json(&["show", "g1"], 0)["topics"].as_array().unwrap().is_empty());

    // One group is asked for real: it is all that is shown.
    let real = start_sandbox(&json!({"faults": [{"on": "*", "times": 0, "headers": {"x-gleaner-sandbox": null}}]}));
    world.set_var("OPENAI_BASE_URL", &real.base_url());
    world.run(&["batch", "create", "--limit", "1", "--wait"]).exits(0);
    for args in READING {
        let ran = world.run(args).exits(0).says_not(ONLY);
        match args[0] {
            "catalog" => ran.says("what a sandbox answered about 3 groups counts here too"),
            _ => ran.says("3 groups left out, of which only a sandbox was asked; `--rehearsal` shows them too\n"),
        };
        let all = world.run(&[args, &["--rehearsal"]].concat()).exits(0);
        if args[0] != "catalog" {
            all.says("what a sandbox answered is shown too: 3 groups, beside real answers\n");
        }
    }
    let n_topics = |args: &[&str]| world.json(args, 0)["topics"].as_array().unwrap().len();
    assert_eq!((n_topics(&["show", "g1"]), n_topics(&["show", "g4"])), (0, 1));
    assert_eq!(n_topics(&["show", "g1", "--rehearsal"]), 1);
    // A topic that only the rehearsal gave is found only where it is asked for, from one search to the next.
    let topic = world.rows("SELECT topic FROM story_topics WHERE sandbox = 1 LIMIT 1").remove(0);
    world.sql().execute("UPDATE story_topics SET label = 'Zephyrology' WHERE topic = ?1", [&topic]).unwrap();
    let found = |args: &[&str]| world.json(&[&["search", "zephyrology"], args].concat(), 0)["total"].clone();
    let n_real = world.rows(&format!("SELECT count(*) FROM story_topics WHERE topic = '{topic}' AND sandbox = 0"));
    let n_all = world.rows(&format!("SELECT count(*) FROM story_topics WHERE topic = '{topic}'"));
    for _ in 0..2 {
        assert_eq!([found(&[]).to_string()], n_real[..]);
        assert_eq!([found(&["--rehearsal"]).to_string()], n_all[..]);
    }
    assert_ne!(n_real, n_all);
    let learned = |args: &[&str]| world.json(args, 0)["knowledge"]["topics"].clone();
    assert_eq!((learned(&["progress"]), learned(&["progress", "--rehearsal"])), (json!(1), json!(4)));
    let sandbox = "SELECT sandbox, count(*) FROM group_overview GROUP BY 1";
    assert_eq!(world.rows(sandbox), ["0|1", "1|3"], "views hold both");

    // Removed when it is asked for by name.
    let said = "rehearsed requests with their answers, 1 batch, and what 3 groups learned from them\n";
    world.run(&["rehearsal", "forget", "--dry-run"]).exits(0).says(&format!("would forget 8 {said}"));
    assert_eq!(world.rows(sandbox), ["0|1", "1|3"]);
    world.run(&["rehearsal", "forget"]).exits(0).says(&format!("forgot 8 {said}"));
    assert_eq!(world.rows(sandbox), ["0|4"]);
    // It is no less a rehearsal for being forgotten, and told like all that is gone for good.
    world.run(&["batch", "list", "--offline"]).exits(0).says("for 4 groups (a rehearsal, forgotten)\n");
    world.run(&["history"]).exits(0).says("rehearsal forget").says("8 requests, 1 batch, 3 groups; cannot be undone");
    world.run(&["undo"]).exits(1).says("what is forgotten is gone for good");
    assert_eq!(world.rows("SELECT sandbox, count(*) FROM requests GROUP BY 1"), ["0|2"]);
    assert_eq!(world.count("SELECT count(*) FROM batches"), 1);
    world.run(&["topics"]).exits(0).says_not("left out");
    world.run(&["check"]).exits(0);
    world.run(&["rehearsal", "forget"]).exits(0).says("nothing to forget: no sandbox was asked\n");
}
