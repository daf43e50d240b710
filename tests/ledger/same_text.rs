use serde_json::{Value, json};

use super::{account, bought_once, copied};
use crate::harness::{World, content, group, same_content, start_sandbox};

/// A group with the text of group `n` and an id of its own.
fn copy_of(n: usize, id: &str) -> Value {
    let mut copy = group(n);
    copy["id"] = json!(id);
    copy
}

/// Two texts: `g1` with nine copies `g1-1`, …, and `g2` with none.
fn world() -> World {
    let world = World::with_groups(2);
    world.load_groups(&(1..10).map(|i| copy_of(1, &format!("g1-{i}"))).collect::<Vec<_>>());
    world
}

/// Expects that every group has topics and mentions, those of one text the same ones.
#[track_caller]
fn all_learned(world: &World, n_groups: i64) {
    assert_eq!(world.count("SELECT count(*) FROM group_overview WHERE n_topics > 0 AND n_mentions > 0"), n_groups);
    let learned = "SELECT DISTINCT (SELECT group_concat(t.topic || t.rank || t.prompt_id || t.extracted_at) FROM story_topics t
                                    WHERE t.story_group_id = g.id),
                          (SELECT group_concat(m.mention_text || m.method || ifnull(m.entity_id, 0)) FROM story_entities m
                           WHERE m.story_group_id = g.id)
                   FROM story_groups g WHERE g.external_id LIKE 'g1%'";
    assert_eq!(world.rows(learned).len(), 1);
}

#[test]
fn ten_groups_with_one_text_are_one_question() {
    let world = world();
    let dry = world.run(&["batch", "create", "--dry-run"]).exits(0);
    dry.says("would send 4 requests for 2 groups in 1 part\n")
        .says("9 more groups have the same text as another group: asked once, and the answers are shared\n");
    let dry = world.json(&["batch", "create", "--dry-run"], 0);
    assert_eq!([&dry["total_groups"], &dry["total_requests"], &dry["copies"]], [2, 4, 9]);
    let created = world.json(&["batch", "create"], 0);
    assert_eq!([&created["total_groups"], &created["total_requests"], &created["copies"]], [2, 4, 9]);
    world.run(&["batch", "wait"]).exits(0).says("  9 groups share the answers of another with the same text\n");
    bought_once(&world, 1, 4);
    account(&world, [4, 0, 0, 0]);
    all_learned(&world, 11);
    // Of a copy there is an answer, and no request or cost.
    assert_eq!(world.rows("SELECT is_shared, count(*) FROM current_answers GROUP BY 1"), ["0|4", "1|18"]);
    assert_eq!(world.count("SELECT count(DISTINCT story_group_id) FROM requests"), 2);
    assert_eq!(world.count("SELECT count(*) FROM group_costs"), 2);
    let progress = world.json(&["progress"], 0);
    assert_eq!(progress["groups"]["copies"], 9);
    assert_eq!([&progress["sandbox"]["groups_done"], &progress["sandbox"]["groups_sharing"]], [11, 9]);
    assert_eq!(progress["sandbox"]["usable"], 4);
    world.run(&["check"]).exits(0);
    let shown = world.json(&["show", "g1"], 0);
    let asked = world.rows(
        "SELECT g.external_id FROM requests r JOIN story_groups g ON g.id = r.story_group_id
                            WHERE g.external_id LIKE 'g1%' GROUP BY 1",
    );
    let shared = &shown["answers"][0]["shared_with"];
    assert!(asked == ["g1"] && shared.is_null() || *shared == asked[0].as_str(), "{shared} {asked:?}");
}

#[test]
fn whose_answer_it_is_stands_at_the_copy() {
    let world = World::with_groups(1);
    world.run(&["batch", "create", "--wait"]).exits(0);
    world.load_groups(&[copy_of(1, "copy")]);
    world.run(&["batch", "create"]).exits(0);
    let ran = world.run(&["show", "copy", "--no-text"]).exits(0);
    ran.says("sandbox  shared: `g1` has the same text and was asked\n");
    let shown = world.json(&["show", "copy"], 0);
    let answer = &shown["answers"][0];
    assert_eq!(
        (&answer["shared_with"], &answer["cost_usd"], &answer["input_tokens"]),
        (&json!("g1"), &Value::Null, &Value::Null)
    );
    assert_eq!((&shown["cost_usd"], &shown["n_billed_answers"]), (&json!(0.0), &json!(0)));
    world.run(&["show", "g1", "--no-text"]).exits(0).says_not("shared");
}

#[test]
fn a_copy_that_comes_later_takes_the_answer_unpaid() {
    type Take = fn(&World);
    let table: [(&str, Take); 5] = [
        ("create", |world| {
            let ran = world.run(&["batch", "create"]).exits(0);
            ran.says("1 group shares the answers that another group with the same text has\n").says("nothing to send");
        }),
        ("extract", |world| _ = world.run(&["extract"]).exits(0).says("nothing to ask")),
        ("next import", |world| {
            world.load_groups(&[group(2)]);
            world.run(&["batch", "create", "--no-dedupe", "--ids-from", "ids", "--wait"]).exits(0);
        }),
        ("rebuild", |world| _ = world.run(&["rebuild"]).exits(0)),
        ("the same batch again", |world| {
            let id = world.rows("SELECT external_id FROM batches").remove(0);
            world.run(&["batch", "process", &id]).exits(0);
        }),
    ];
    for (what, take) in table {
        eprintln!("{what}");
        let world = World::with_groups(1);
        world.write("ids", "g2\n");
        world.run(&["batch", "create", "--wait"]).exits(0);
        world.load_groups(&[copy_of(1, "g1-late")]);
        assert_eq!(world.count("SELECT count(*) FROM group_overview WHERE n_topics > 0"), 1);
        world.run(&["batch", "create", "--dry-run"]).exits(0).says("nothing to send");
        assert_eq!(
            world.count("SELECT count(*) FROM group_overview WHERE n_topics > 0"),
            1,
            "a dry run writes nothing"
        );
        take(&world);
        all_learned(&world, if what == "next import" { 3 } else { 2 });
        assert_eq!(world.count("SELECT count(*) FROM current_answers WHERE is_shared"), 2);
        assert!(world.journal().billed.values().all(|times| *times == 1));
        assert_eq!(
            world.count(
                "SELECT count(*) FROM requests r JOIN story_groups g ON g.id = r.story_group_id
                                WHERE g.external_id = 'g1-late'"
            ),
            0
        );
    }
}

#[test]
fn a_changed_text_parts_them() {
    // The text of the one that was asked changes: the copy keeps the answer, and is asked about nothing.
    let world = World::with_groups(1);
    world.run(&["batch", "create", "--wait"]).exits(0);
    let mut other = group(1);
    other["stories"][0]["text"] = json!("NASA flew to the moon again.");
    world.load_groups(&[other.clone(), copy_of(1, "late")]);
    world
        .run(&["batch", "create"])
        .exits(0)
        .says("nothing to send")
        .says("2 answers stand for texts or prompts that have changed");
    assert_eq!(world.count("SELECT count(*) FROM current_answers WHERE is_shared"), 2);
    world.run(&["batch", "create", "--stale", "--wait"]).exits(0);
    assert_eq!(world.count("SELECT count(*) FROM requests"), 4);
    let topic = |id: &str| {
        world.rows(&format!("SELECT t.topic FROM story_topics t JOIN story_groups g ON g.id = t.story_group_id WHERE g.external_id = '{id}'"))
    };
    assert_eq!((topic("g1"), topic("late")), (vec!["moon landing".to_owned()], vec!["trade".to_owned()]));
    let before = content(&world.db);
    world.run(&["rebuild"]).exits(0);
    same_content(&before, &content(&world.db));

    // The text of the copy changes: what it shares is stale, and asked for only with `--stale`.
    let mut changed = copy_of(1, "late");
    changed["stories"][0]["text"] = json!("Ada Lovelace in Houston.");
    world.load_groups(&[changed]);
    world.run(&["batch", "create"]).exits(0).says("nothing to send").says("2 answers stand for");
    world.run(&["batch", "create", "--stale", "--wait"]).exits(0);
    assert_eq!(world.count("SELECT count(*) FROM requests"), 6);
    assert_eq!(world.count("SELECT count(*) FROM current_answers WHERE is_shared"), 0);

    // It comes to the text of the other: that is answered already.
    other["id"] = json!("late");
    world.load_groups(&[other]);
    world.run(&["batch", "create"]).exits(0).says("nothing to send").says_not("stand for");
    assert_eq!(topic("late"), ["moon landing"]);
    let before = content(&world.db);
    world.run(&["rebuild"]).exits(0);
    same_content(&before, &content(&world.db));
    account(&world, [6, 0, 0, 0]);
}

#[test]
fn who_wants_it_asks_each_of_them() {
    let world = world();
    let created = world.json(&["batch", "create", "--no-dedupe"], 0);
    assert_eq!([&created["total_groups"], &created["total_requests"], &created["copies"]], [11, 22, 0]);
    world.run(&["batch", "wait"]).exits(0).says_not("share");
    assert_eq!(world.count("SELECT count(*) FROM current_answers WHERE is_shared"), 0, "each has its own");
    let before = content(&world.db);
    world.run(&["batch", "create"]).exits(0).says("nothing to send");
    world.run(&["rebuild"]).exits(0);
    same_content(&before, &content(&world.db));
    // A later question is put to one of them again, and all have its answer.
    world.run(&["batch", "create", "--stale", "--model", "gpt-6.1-terra", "--wait"]).exits(0);
    assert_eq!(world.count("SELECT count(*) FROM requests"), 26);
    assert_eq!(world.count("SELECT count(*) FROM current_answers WHERE is_shared"), 18);
}

#[test]
fn what_was_asked_in_vain_is_asked_again_once() {
    let world = world();
    world.script(&json!({"batches": [{"nth": 1, "ends": "cancelled", "done": 0.0}]}));
    world.run(&["batch", "create", "--wait"]).exits(3);
    assert_eq!(world.count("SELECT count(*) FROM requests WHERE state = 'failed'"), 4);
    let again = world.json(&["batch", "create", "--dry-run"], 0);
    assert_eq!([&again["total_groups"], &again["total_requests"], &again["copies"]], [2, 4, 9]);
    // Unusable: one question, held back once.
    world.script(&json!({"answers": [{"custom_id": "*_g1*", "output_text": "no JSON"}]}));
    world.run(&["batch", "create", "--wait"]).exits(3);
    world.run(&["batch", "create"]).exits(0).says("not sent again: 2 requests that failed before");
    world.script(&json!({}));
    let retry = world.json(&["batch", "create", "--retry-failed", "--wait"], 0);
    assert_eq!(retry["total_requests"], 2);
    all_learned(&world, 11);
}

#[test]
fn a_retired_first_and_a_retired_copy() {
    let world = World::with_groups(1);
    let mut retired = group(1);
    retired["status"] = json!("archived");
    let mut retired_copy = copy_of(1, "g1-retired");
    retired_copy["status"] = json!("archived");
    // A group that is not active is not asked about, and speaks for nobody before it was.
    world.load_groups(&[retired.clone(), retired_copy, copy_of(1, "g1-new")]);
    let created = world.json(&["batch", "create"], 0);
    assert_eq!([&created["total_groups"], &created["copies"]], [1, 0]);
    world.run(&["batch", "wait"]).exits(0);
    assert_eq!(world.rows("SELECT group_id FROM group_overview WHERE n_topics > 0"), ["g1-new"]);
    world.load_groups(&[group(1)]);
    world.run(&["batch", "create"]).exits(0).says("nothing to send");
    assert_eq!(world.rows("SELECT group_id FROM group_overview WHERE n_topics > 0 ORDER BY 1"), ["g1", "g1-new"]);
    // The one that was asked is retired: its answer still stands for the others.
    let mut asked = copy_of(1, "g1-new");
    asked["status"] = json!("archived");
    world.load_groups(&[asked, copy_of(1, "g1-late")]);
    world.run(&["batch", "create"]).exits(0).says("nothing to send");
    assert_eq!(world.count("SELECT count(*) FROM group_overview WHERE n_topics > 0"), 3);
    bought_once(&world, 1, 2);
}

#[test]
fn a_rehearsal_is_shared_among_rehearsals() {
    let mut world = world();
    world.run(&["batch", "create", "--wait"]).exits(0);
    assert_eq!(world.rows("SELECT DISTINCT sandbox FROM story_topics"), ["1"]);
    let real = start_sandbox(&json!({"faults": [{"on": "*", "times": 0, "headers": {"x-gleaner-sandbox": null}}]}));
    world.set_var("OPENAI_BASE_URL", &real.base_url());
    let created = world.json(&["batch", "create", "--limit", "1", "--wait"], 0);
    assert_eq!(created["total_groups"], 1);
    assert_eq!(real.journal().asked.len(), 2);
    world.run(&["batch", "create", "--wait"]).exits(0);
    assert_eq!(real.journal().asked.len(), 4);
    // The real answer is shared in the place of the rehearsed one, by every copy.
    assert_eq!(world.rows("SELECT DISTINCT sandbox FROM story_topics"), ["0"]);
    assert_eq!(world.rows("SELECT DISTINCT sandbox FROM story_entities"), ["0"]);
    all_learned(&world, 11);
    let before = content(&world.db);
    world.run(&["rebuild"]).exits(0);
    same_content(&before, &content(&world.db));
}

#[test]
fn limits_count_what_is_sent() {
    let world = world();
    world.load_groups(&[group(3), group(4)]);
    let limited = world.json(&["batch", "create", "--limit", "3", "--dry-run"], 0);
    assert_eq!([&limited["total_groups"], &limited["total_requests"]], [3, 6]);
    let limited = world.json(&["batch", "create", "--limit", "4", "--wait"], 0);
    assert_eq!([&limited["total_groups"], &limited["copies"]], [4, 9]);
    all_learned(&world, 13);
}

#[test]
fn another_copy_of_the_database_shares_too() {
    let mut world = world();
    let first = world.db.clone();
    let second = copied(&world, "copy");
    world.run(&["batch", "create", "--wait"]).exits(0);
    let id = world.rows("SELECT external_id FROM batches").remove(0);
    world.db = second.clone();
    // Plans of this copy for the same texts are dropped, whichever of the groups it named.
    let mut newest = copy_of(1, "g1-0");
    newest["created_at"] = json!("2030-01-01");
    world.load_groups(&[newest]);
    world.run(&["batch", "create", "--no-submit"]).exits(0);
    assert_eq!(
        world.rows("SELECT external_id FROM story_groups WHERE id IN (SELECT story_group_id FROM requests) ORDER BY 1"),
        ["g1-0", "g2"]
    );
    world.run(&["batch", "process", &id]).exits(0);
    assert_eq!(world.rows("SELECT state, count(*) FROM requests GROUP BY 1 ORDER BY 1"), ["usable|4", "withdrawn|4"]);
    all_learned(&world, 12);
    world.run(&["batch", "create"]).exits(0).says("nothing to send");
    bought_once(&world, 1, 4);
    world.db = first;
    all_learned(&world, 11);
}

#[test]
fn answers_of_a_file_and_at_once_are_shared() {
    let world = world();
    let run = world.json(&["batch", "create", "--no-submit"], 0)["run_id"].as_str().unwrap().to_owned();
    let asked =
        std::fs::read_to_string(world.path("batch_files/knowledge_extraction_batch_20261102_120000.jsonl")).unwrap();
    let answers: Vec<Value> = asked
        .lines()
        .map(|line| {
            let line: Value = serde_json::from_str(line).unwrap();
            let id = line["custom_id"].as_str().unwrap();
            let text = match id.starts_with("topic") {
                true => json!({"topics": [{"topic": "trade", "confidence": 0.9, "rank": 1}]}),
                false => json!({"entities": [{"type": "organization", "mention": "NASA", "is_primary": true, "confidence": 0.9, "rank": 1}]}),
            };
            json!({"custom_id": id, "response": {"status_code": 200, "body": {"output_text": text.to_string()}}})
        })
        .collect();
    let file = world.write_lines("answers.jsonl", &answers);
    world.run(&["batch", "process", &run, "--file", &file.display().to_string()]).exits(0).says("9 groups share");
    all_learned(&world, 11);

    let world = self::world();
    let ran = world.json(&["extract"], 0);
    assert_eq!([&ran["groups_processed"], &ran["copies_answered"], &ran["account"]["sent"]], [2, 9, 4]);
    all_learned(&world, 11);
}

#[test]
fn a_copy_is_found_by_what_it_shares() {
    let world = World::with_groups(2);
    world.load_groups(&[copy_of(2, "twin")]);
    let found = |word: &str| -> Vec<String> {
        let found = world.json(&["search", word], 0);
        let mut ids: Vec<String> = found["groups"]
            .as_array()
            .unwrap()
            .iter()
            .map(|group| group["group_id"].as_str().unwrap().to_owned())
            .collect();
        ids.sort();
        ids
    };
    // The index knows the texts before anything is learned.
    assert_eq!(found("landing"), Vec::<String>::new());
    world.run(&["batch", "create", "--wait"]).exits(0);
    assert_eq!(found("landing"), ["g2", "twin"]);
}

#[test]
fn topics_of_copies_come_back_with_what_is_undone() {
    let world = World::with_groups(2);
    world.load_groups(&[copy_of(2, "twin")]);
    world.run(&["batch", "create", "--wait"]).exits(0);
    let topics = || {
        world.rows(
            "SELECT g.external_id, t.topic, t.label FROM story_topics t
             JOIN story_groups g ON g.id = t.story_group_id ORDER BY 1, 2",
        )
    };
    let before = topics();
    assert!(before.iter().any(|row| row.starts_with("twin|")), "{before:?}");
    world.run(&["topics", "merge", "moon landing", "into", "Lunar landing"]).exits(0);
    // The rows are others than the merge left, so they are read again from the answers.
    world.run(&["rebuild"]).exits(0);
    world.run(&["undo"]).exits(0);
    assert_eq!(topics(), before);
}

#[test]
fn a_load_of_copies_is_undone_after_they_share_an_answer() {
    let world = World::with_groups(1);
    world.run(&["batch", "create", "--wait"]).exits(0);
    world.load_groups(&[copy_of(1, "twin")]);
    world.run(&["batch", "create"]).exits(0);
    let learned =
        "SELECT count(*) FROM story_topics t JOIN story_groups g ON g.id = t.story_group_id WHERE external_id = 'twin'";
    assert!(world.count(learned) > 0);
    world.run(&["undo"]).exits(0);
    assert_eq!(world.rows("SELECT external_id FROM story_groups"), ["g1"]);
    world.run(&["check"]).exits(0);
}
