//! `history` and `undo`, through the built program: what changed the database, and everything as it was after.

use serde_json::json;

use crate::harness::{Ran, World, catalog, group};

/// Expects all that a command said, and its exit code.
#[track_caller]
fn says(ran: &Ran, code: i32, stdout: &str, stderr: &str) {
    assert_eq!((masked(&ran.stdout).as_str(), masked(&ran.stderr).as_str(), ran.code), (stdout, stderr, Some(code)));
}

/// A text without the ids of batches, which are others in each world.
fn masked(text: &str) -> String {
    let mut parts = text.split("batch_");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |all, part| {
        format!("{all}batch_ID{}", part.trim_start_matches(|c: char| c.is_ascii_hexdigit() || c == '…'))
    })
}

/// Tables that people own, and those that follow from them.
fn owned(world: &World) -> Vec<String> {
    let mut all = vec![];
    for sql in [
        "SELECT external_id, title, status, created_at, sort_at, hex(text_hash) FROM story_groups ORDER BY id",
        "SELECT story_group_id, ordinal, title, text, attributes FROM stories ORDER BY story_group_id, ordinal",
        "SELECT id, type, external_id, name, attributes FROM entities ORDER BY id",
        "SELECT entity_id, alias FROM entity_aliases ORDER BY 1, 2",
        "SELECT id, mention_key, entity_type, hints, verdict, target_type, target_external_id FROM mention_decisions ORDER BY id",
        "SELECT topic, verdict, target, target_label FROM topic_decisions ORDER BY 1, 2, 3",
        "SELECT story_group_id, topic, label, merged_from, confidence, rank FROM story_topics ORDER BY 1, 2",
        "SELECT story_group_id, ordinal, mention_text, entity_id, outcome, method, score FROM story_entities ORDER BY 1, 2",
    ] {
        all.extend(world.rows(sql));
    }
    all
}

/// Two groups, asked and answered, in a world whose catalog lacks NASA.
fn world() -> World {
    let world = World::new();
    world.load_groups(&[group(1), group(2)]);
    world.load_entities(&catalog()[1..]);
    world.run(&["batch", "create", "--wait"]).exits(0);
    world
}

#[test]
fn what_changed_the_database_is_listed() {
    let world = world();
    world.run(&["unresolved", "accept", "NASA", "person:p1"]).exits(0);
    says(&world.run(&["history"]), 0, HISTORY, HISTORY_SAID);
    let listed = world.json(&["history", "--limit", "1"], 0);
    assert_eq!(
        listed,
        json!({"changes": [{
            "id": 4, "at": "2026-11-02T12:00:00Z", "command": "unresolved accept", "subject": "`NASA` is person:p1",
            "undo": "rows", "counts": {"decisions": {"added": 1}, "links": {"changed": 1}}, "undone_at": null
        }], "total": 4})
    );
}

const HISTORY: &str = "\
id  when                  command            what                  came of it
 4  2026-11-02T12:00:00Z  unresolved accept  `NASA` is person:p1   1 decision added, 1 link changed
 3  2026-11-02T12:00:02Z  import             batch_ID  4 answers; cannot be undone
 2  2026-11-02T12:00:00Z  load entities      entities.jsonl        2 entities added
 1  2026-11-02T12:00:00Z  load groups        groups.jsonl          2 groups added, 2 stories added
";
const HISTORY_SAID: &str = "\
4 of 4 changes
hint: `gleaner undo` takes back the last one, `gleaner undo --to ID` all from that one on
";

#[test]
fn each_kind_of_change_is_taken_back_to_the_letter() {
    let world = world();
    let changed_group =
        json!({"id": "g1", "title": "Other", "text": "Another text about NASA.", "created_at": "2001-01-01"});
    let groups = world.write_lines("changed.jsonl", &[changed_group, group(7)]).display().to_string();
    let other = json!({"id": "p9", "type": "person", "name": "Ada King", "aliases": ["Lovelace"]});
    let entities = world.write_lines("others.jsonl", &[other]).display().to_string();
    let commands: [&[&str]; 11] = [
        &["load", "groups", &groups],
        &["load", "entities", &entities],
        &["load", "entities", "--replace", &entities],
        &["unresolved", "accept", "NASA", "person:p1"],
        &["unresolved", "reject", "Ada Lovelace"],
        &["unresolved", "new", "NASA", "--id", "nasa", "--type", "organization"],
        &["catalog", "add", "NASA", "--type", "organization", "--alias", "Agency"],
        &["catalog", "edit", "person:p1", "--name", "Countess of Lovelace", "--attribute", "born=1815"],
        &["catalog", "remove", "person:p1"],
        &["catalog", "accept", "--min-count", "1"],
        &["topics", "merge", "moon landing", "into", "trade"],
    ];
    for command in commands {
        let before = owned(&world);
        world.run(command).exits(0);
        let n_before = world.count("SELECT count(*) FROM changes WHERE undone_at IS NULL");
        let after = owned(&world);
        assert_ne!(after, before, "{command:?}");
        world.run(&["undo", "--dry-run"]).exits(0).says("would be undone");
        assert_eq!(owned(&world), after, "{command:?}");
        world.run(&["undo"]).exits(0);
        assert_eq!(owned(&world), before, "{command:?}");
        assert_eq!(world.count("SELECT count(*) FROM changes WHERE undone_at IS NULL"), n_before - 1);
    }
    world.run(&["check"]).exits(0);
}

#[test]
fn all_since_one_are_taken_back_or_none() {
    let world = world();
    let before = owned(&world);
    world.run(&["unresolved", "accept", "NASA", "person:p1"]).exits(0);
    world.run(&["catalog", "edit", "person:p1", "--alias", "Enchantress of Numbers"]).exits(0);
    world.run(&["resolve", "--all"]).exits(0);
    let last = owned(&world);
    says(&world.run(&["undo", "--to", "1"]), 1, "", REFUSED);
    assert_eq!(owned(&world), last);
    says(&world.run(&["undo", "--to", "4"]), 0, UNDONE, "");
    assert_eq!(owned(&world), before);
    says(&world.run(&["undo"]), 1, "", LAST_REFUSED);
    says(&world.run(&["undo", "--to", "5"]), 2, "", TWICE);
    says(&world.run(&["undo", "--to", "77"]), 2, "", NOT_THERE);
}

const REFUSED: &str = "\
error: change 3 (import batch_ID) cannot be undone: it brought answers, which were asked for and are kept
hint: nothing was changed
hint: single decisions are taken back with `gleaner unresolved undo MENTION`, `gleaner topics alias remove TOPIC`
";
const UNDONE: &str = "\
undone: 5 catalog edit person:p1  1 entity changed, 1 alias added
undone: 4 unresolved accept `NASA` is person:p1  1 decision added, 1 link changed
";
const LAST_REFUSED: &str = "\
error: change 3 (import batch_ID) cannot be undone: it brought answers, which were asked for and are kept
hint: single decisions are taken back with `gleaner unresolved undo MENTION`, `gleaner topics alias remove TOPIC`
";
const TWICE: &str = "\
error: change 5 was taken back already
hint: `gleaner history` lists what holds
";
const NOT_THERE: &str = "\
error: there is no change 77
hint: `gleaner history` lists them with their ids
";

#[test]
fn what_was_asked_about_since_stays_and_what_another_program_changed_too() {
    let world = World::with_groups(1);
    world.run(&["batch", "create", "--no-submit"]).exits(0);
    says(&world.run(&["undo", "--to", "1"]), 1, "", ASKED);
    let world = World::with_groups(1);
    world.run(&["catalog", "edit", "person:p1", "--name", "Countess"]).exits(0);
    world.sql().execute_batch("UPDATE entities SET name = 'Edited' WHERE external_id = 'p1'").unwrap();
    says(&world.run(&["undo"]), 1, "", EDITED);
    assert_eq!(world.rows("SELECT name FROM entities WHERE external_id = 'p1'"), ["Edited"]);
}

const ASKED: &str = "\
error: change 1 cannot be undone: 1 group was asked about since
hint: what was asked stays with its group; nothing was changed
";
const EDITED: &str = "\
error: change 3 cannot be undone: row 3 of the table `entities` was changed since by another program
hint: nothing was changed; what is there now can be edited by hand
";

#[test]
fn nothing_to_undo_is_said() {
    let world = World::new();
    let empty = world.write("empty.jsonl", "{\"id\":\"g1\",\"text\":\"One.\"}\n").display().to_string();
    world.run(&["load", "groups", &empty]).exits(0);
    world.run(&["load", "groups", &empty]).exits(0);
    assert_eq!(world.count("SELECT count(*) FROM changes"), 1, "loading the same again is no change");
    world.run(&["undo"]).exits(0);
    assert_eq!(world.count("SELECT count(*) FROM story_groups"), 0);
    says(
        &world.run(&["undo"]),
        2,
        "",
        "error: there is nothing to undo\nhint: `gleaner history` lists what changed the database\n",
    );
}
