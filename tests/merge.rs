//! Two copies of a database that went their own ways, merged both ways to the same content.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::harness::{World, group, rows, same_content, start_sandbox};

/// What people own, without surrogate keys.
const OWNED: [&str; 6] = [
    "SELECT external_id, title, status, created_at, changed_at, hex(text_hash), (SELECT group_concat(text, '/') FROM
        (SELECT text FROM stories WHERE story_group_id = g.id ORDER BY ordinal)) FROM story_groups g",
    "SELECT type, external_id, name, attributes, changed_at, (SELECT group_concat(alias, '/') FROM
        (SELECT alias FROM entity_aliases WHERE entity_id = e.id ORDER BY alias)) FROM entities e",
    "SELECT mention_key, mention, entity_type, hints, verdict, target_external_id, decided_at, changed_at
        FROM mention_decisions",
    "SELECT topic, verdict, target, target_label, changed_at FROM topic_decisions",
    "SELECT table_name, key, removed_at FROM tombstones",
    "SELECT id, mode, created_at, n_groups, n_requests FROM runs",
];

/// An entity of the catalog.
fn entity(entity_type: &str, id: &str, name: &str) -> Value {
    json!({"id": id, "type": entity_type, "name": name})
}

/// Returns all that a database holds as text, without surrogate keys.
fn content(world: &World) -> String {
    let mut text = world.content();
    for sql in OWNED {
        let mut lines = rows(&world.sql(), sql);
        lines.sort();
        text += &format!("== {}\n{}\n", &sql[..40], lines.join("\n"));
    }
    text
}

/// Returns a second world on the same provider whose database is a copy of the first one's.
fn copy_of(world: &World) -> World {
    let mut copy = World::of(&fs::read(&world.db).expect("the database is read"));
    copy.set_var("OPENAI_BASE_URL", &world.sandbox.base_url());
    copy
}

/// Puts a copy of a world's database beside another's, and returns its path.
fn beside(world: &World, other: &World, name: &str) -> PathBuf {
    let path = world.path(name);
    fs::copy(&other.db, &path).expect("the folder is writable");
    path
}

/// Merges two worlds into each other, each with the other as it was before.
fn merge_both(one: &mut World, two: &mut World) {
    let (of_two, of_one) = (beside(one, two, "two.db"), beside(two, one, "one.db"));
    one.run(&["merge", &of_two.display().to_string()]).exits(0);
    two.run(&["merge", &of_one.display().to_string()]).exits(0);
    same_content(&content(one), &content(two));
    // A second time there is nothing left to do.
    one.run(&["merge", &of_two.display().to_string()]).exits(0).says("nothing to merge");
    for world in [one, two] {
        later(world, 5);
        world.run(&["check"]).exits(0);
    }
}

fn later(world: &mut World, day: u32) {
    world.set_var("GLEANER_TEST_CLOCK", &format!("2026-11-{day:02}T12:00:00Z"));
}

#[test]
fn two_copies_with_batches_in_flight_on_both_come_to_the_same_content() {
    let mut one = World::with_groups(4);
    one.script(&json!({"pace": {"polls": 4}}));
    // Before they part: one batch is answered, one is open.
    one.run(&["batch", "create", "--limit", "1", "--wait"]).exits(0);
    one.run(&["batch", "create", "--limit", "1"]).exits(0);
    let mut two = copy_of(&one);

    // Each loads, decides and sends of its own. The second copy sends at a provider of its own, since the first one's
    // would show it what the first has sent.
    later(&mut one, 3);
    later(&mut two, 4);
    one.load_groups(&[
        group(10),
        json!({"id": "g1", "title": "Changed here", "text": "Changed here, said Ada Lovelace."}),
    ]);
    two.load_groups(&[group(11), json!({"id": "g1", "title": "Changed there", "text": "Changed there, said NASA."})]);
    one.load_entities(&[entity("person", "p9", "Sally Ride")]);
    two.load_entities(&[entity("person", "p8", "Mae Jemison"), entity("person", "p9", "Sally K. Ride")]);
    one.run(&["batch", "create", "--limit", "1"]).exits(0);
    let other = start_sandbox(&json!({"pace": {"polls": 4}}));
    two.set_var("OPENAI_BASE_URL", &other.base_url());
    two.run(&["batch", "create", "--limit", "1"]).exits(0);
    // One of them collects what was open before.
    one.run(&["batch", "wait", "--max-wait", "1m"]);
    merge_both(&mut one, &mut two);

    // The later change counts, and is named.
    assert_eq!(one.rows("SELECT title FROM story_groups WHERE external_id = 'g1'"), ["Changed there"]);
    assert_eq!(one.rows("SELECT name FROM entities WHERE external_id = 'p9'"), ["Sally K. Ride"]);
    assert_eq!(one.count("SELECT count(*) FROM runs"), 4);

    // What is in flight on both sides is asked by neither again, and both can collect all of it.
    let first = one.sandbox.base_url();
    for world in [&mut one, &mut two] {
        let n = world.json(&["batch", "create", "--dry-run"], 0)["total_groups"].as_u64().expect("a number");
        world.set_var("OPENAI_BASE_URL", &first);
        world.run(&["batch", "wait"]);
        world.set_var("OPENAI_BASE_URL", &other.base_url());
        world.run(&["batch", "wait"]).exits(0);
        let open = "SELECT count(*) FROM requests WHERE state IN ('sent', 'planned')";
        assert_eq!(
            (world.count(open), n),
            (0, world.json(&["batch", "create", "--dry-run"], 0)["total_groups"].as_u64().unwrap())
        );
    }
    same_content(&one.content(), &two.content());
    assert!(one.journal().asked_again().is_empty());
}

#[test]
fn what_both_bought_is_counted_for_both_and_the_answer_asked_last_counts() {
    let mut one = World::with_groups(1);
    let mut two = copy_of(&one);
    later(&mut one, 3);
    later(&mut two, 4);
    one.run(&["extract"]).exits(0);
    two.run(&["extract", "--model", "gpt-6.1-terra"]).exits(0);
    let paid = |world: &World| world.rows("SELECT total(input_tokens), count(*) FROM answers");
    let (of_one, of_two) = (paid(&one), paid(&two));
    merge_both(&mut one, &mut two);
    assert_eq!(one.count("SELECT count(*) FROM answers"), 4);
    assert_ne!(of_one, paid(&one));
    assert_ne!(of_two, paid(&one));
    let models = "SELECT DISTINCT p.model FROM story_topics t JOIN prompts p ON p.id = t.prompt_id";
    assert_eq!(one.rows(models), ["gpt-6.1-terra"]);
    for world in [&one, &two] {
        assert_eq!(world.json(&["batch", "create", "--dry-run"], 0)["total_requests"], 0);
    }
}

#[test]
fn a_plan_that_only_one_copy_has_sent_is_sent_once() {
    let mut one = World::with_groups(3);
    one.run(&["batch", "create", "--no-submit"]).exits(0);
    let mut two = copy_of(&one);
    later(&mut one, 3);
    later(&mut two, 4);
    two.run(&["batch", "submit", &one.rows("SELECT id FROM runs")[0]]).exits(0);
    merge_both(&mut one, &mut two);
    assert_eq!(one.rows("SELECT state, count(*) FROM batches GROUP BY 1"), ["open|1"]);
    one.run(&["batch", "submit"]).exits(0).says("nothing waits to be sent");
    one.run(&["batch", "wait"]).exits(0).says("sent 6 = usable 6");
    two.run(&["batch", "wait"]).exits(0).says("sent 6 = usable 6");
    same_content(&one.content(), &two.content());
    assert!(one.journal().asked_again().is_empty());
}

#[test]
fn decisions_removals_and_undone_decisions_travel() {
    let mut one = World::with_groups(4);
    one.run(&["batch", "create", "--wait"]).exits(0);
    one.run(&["unresolved", "reject", "Houston"]).exits(0);
    one.run(&["topics", "merge", "trade", "into", "commerce"]).exits(0);
    one.load_entities(&[entity("person", "p7", "To be removed"), entity("person", "p6", "To stay")]);
    let mut two = copy_of(&one);
    later(&mut one, 3);
    later(&mut two, 4);
    one.run(&["catalog", "remove", "person:p7"]).exits(0);
    two.run(&["catalog", "edit", "person:p6", "--name", "Stayed"]).exits(0);
    one.run(&["topics", "merge", "moon landing", "into", "moon"]).exits(0);
    two.run(&["topics", "alias", "remove", "trade"]).exits(0);
    one.run(&["unresolved", "undo", "Houston"]).exits(0);
    two.run(&["unresolved", "reject", "NASA"]).exits(0);
    merge_both(&mut one, &mut two);
    assert_eq!(one.rows("SELECT name FROM entities WHERE external_id IN ('p6', 'p7')"), ["Stayed"]);
    assert_eq!(one.rows("SELECT mention_key FROM mention_decisions"), ["nasa"]);
    assert_eq!(one.rows("SELECT topic, target FROM topic_decisions"), ["moon landing|moon"]);
}

#[test]
fn what_one_copy_has_forgotten_is_forgotten_by_both() {
    let mut one = World::with_groups(3);
    one.run(&["batch", "create", "--wait"]).exits(0);
    let mut two = copy_of(&one);
    later(&mut one, 3);
    later(&mut two, 4);
    two.load_groups(&[group(12)]);
    one.run(&["forget", "g2", "--yes"]).exits(0);
    let paid = "SELECT total(cost_usd), total(input_tokens), count(*) FROM answers";
    let before = one.rows(paid);
    merge_both(&mut one, &mut two);
    for world in [&one, &two] {
        assert_eq!(world.rows(paid), before);
        assert_eq!(world.count("SELECT count(*) FROM story_groups WHERE external_id = 'g2'"), 0);
        assert_eq!(world.count("SELECT count(*) FROM requests WHERE story_group_id IS NULL"), 2);
    }
}

#[test]
fn only_copies_of_one_database_merge_and_a_try_changes_nothing() {
    let mut one = World::with_groups(2);
    let two = World::with_groups(2);
    let other = beside(&one, &two, "two.db").display().to_string();
    one.run(&["merge", &other]).exits(2).says("is not a copy of this database");
    let own = one.db.display().to_string();
    one.run(&["merge", &own]).exits(2).says("is this database itself");
    one.run(&["merge", "nowhere.db"]).exits(2);
    one.write("text.db", "no database");
    one.run(&["merge", "text.db"]);
    let mut copy = copy_of(&one);
    later(&mut copy, 3);
    later(&mut one, 4);
    copy.load_groups(&[group(9)]);
    let path = beside(&one, &copy, "copy.db");
    let bytes = (fs::read(&one.db).unwrap(), fs::read(&path).unwrap());
    let tried = one.json(&["merge", &path.display().to_string(), "--dry-run"], 0);
    assert_eq!(tried["merged"]["groups"]["added"], 1);
    assert!(bytes == (fs::read(&one.db).unwrap(), fs::read(&path).unwrap()));
    one.run(&["merge", &path.display().to_string()]).exits(0);
    assert!(bytes.1 == fs::read(&path).unwrap(), "the other copy is only read");
    assert_eq!(one.count("SELECT count(*) FROM story_groups"), 3);
    one.run(&["undo"]).exits(1).says("another copy of the database was brought in");
}

#[test]
fn a_plan_for_what_the_other_copy_has_sent_in_a_run_of_its_own_is_not_sent() {
    let mut one = World::with_groups(3);
    // A provider that does not say it is a sandbox: a rehearsal never stands for the real run.
    one.script(&json!({"faults": [{"on": "*", "times": 0, "headers": {"x-gleaner-sandbox": null}}]}));
    let mut two = copy_of(&one);
    later(&mut one, 3);
    later(&mut two, 4);
    one.run(&["batch", "create", "--no-submit", "--limit", "2"]).exits(0);
    two.run(&["batch", "create"]).exits(0);
    merge_both(&mut one, &mut two);
    let planned = "SELECT count(*) FROM requests WHERE state = 'planned'";
    assert_eq!((one.count(planned), two.count(planned)), (0, 0));
    one.run(&["batch", "submit"]).exits(0).says("nothing waits to be sent");
    one.run(&["batch", "wait"]).exits(0).says("sent 6 = usable 6");
    assert!(one.journal().asked_again().is_empty());
}

#[test]
fn a_batch_that_was_refused_and_sent_anew_is_not_taken_back() {
    let mut one = World::with_groups(2);
    let full = json!({"code": "token_limit_exceeded", "line": null, "param": null,
        "message": "Enqueued token limit reached for gpt-6-luna in organization org. Limit: 2,000,000 enqueued tokens. Please try again once some in_progress batches have been completed."});
    let failed = json!({"status": "failed", "set": {"errors": {"object": "list", "data": [full]}}});
    let validating = json!({"status": "validating"});
    one.script(&json!({"batches": [{"nth": 1, "steps": [validating, validating, validating, validating, failed]}]}));
    one.run(&["batch", "create"]).exits(0);
    let mut two = copy_of(&one);
    later(&mut one, 3);
    later(&mut two, 4);
    one.run(&["batch", "wait"]).exits(0).says("sent 4 = usable 4");
    assert_eq!(one.journal().batches.len(), 2);
    merge_both(&mut one, &mut two);
    for world in [&one, &two] {
        world.run(&["batch", "wait"]).exits(0);
        assert_eq!(world.count("SELECT count(*) FROM requests WHERE state = 'usable'"), 4);
        assert_eq!(world.count("SELECT count(*) FROM requests WHERE state IN ('planned', 'sent')"), 0);
    }
    assert_eq!(one.journal().batches.len(), 2);
    same_content(&one.content(), &two.content());
}

#[test]
fn what_one_copy_takes_for_gone_and_the_other_sees_is_in_flight() {
    let mut one = World::with_groups(2);
    one.script(&json!({"pace": {"polls": 4}}));
    one.run(&["batch", "create"]).exits(0);
    let mut two = copy_of(&one);
    later(&mut one, 3);
    later(&mut two, 4);
    one.sql()
        .execute_batch(
            "UPDATE batches SET state = 'gone';
             UPDATE requests SET state = 'missing', reason = 'gone'",
        )
        .unwrap();
    merge_both(&mut one, &mut two);
    for world in [&one, &two] {
        assert_eq!(world.json(&["batch", "create", "--dry-run"], 0)["total_requests"], 0);
    }
    one.run(&["batch", "wait"]).exits(0).says("sent 4 = usable 4");
    assert!(one.journal().asked_again().is_empty());
}

#[test]
fn what_was_forgotten_here_and_is_in_flight_there_comes_back_to_its_group() {
    let mut one = World::with_groups(2);
    let mut two = copy_of(&one);
    later(&mut two, 3);
    later(&mut one, 4);
    two.run(&["batch", "create"]).exits(0);
    one.run(&["forget", "g1", "--yes"]).exits(0);
    let of_two = beside(&one, &two, "two.db");
    one.run(&["merge", &of_two.display().to_string()]).exits(0);
    one.run(&["batch", "wait"]).exits(0).says("sent 4 = usable 4");
    assert_eq!(one.count("SELECT count(*) FROM foreign_lines"), 0);
}
