//! Groups that are forgotten: what goes, what stays, and that nothing of it is left in the file.

use std::fs;

use serde_json::json;

use crate::harness::World;

/// A group whose texts hold a word that stands nowhere else.
fn secret_group() -> serde_json::Value {
    json!({"id": "secret-group-id", "created_at": "2026-10-01", "title": "Xylophonist-title",
           "stories": [{"title": "Quagmire-story", "text": "The Brobdingnag-text says NASA flew to the moon.",
                        "url": "https://example.org/zephyr-url", "published_at": "2026-10-01"}]})
}

const SECRETS: [&str; 5] = ["secret-group-id", "Xylophonist-title", "Quagmire-story", "Brobdingnag-text", "zephyr-url"];

/// Returns which of the secrets a folder's files hold.
fn left_in(folder: &std::path::Path) -> Vec<String> {
    let mut found = vec![];
    for entry in fs::read_dir(folder).expect("the folder can be read").flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(left_in(&path));
            continue;
        }
        let name = path.file_name().expect("a file has a name").to_string_lossy().into_owned();
        if name.starts_with("std") || name == "groups.jsonl" {
            continue;
        }
        let bytes = fs::read(&path).expect("the file can be read");
        let holds = |secret: &&&str| bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
        found.extend(SECRETS.iter().filter(holds).map(|secret| format!("{name}: {secret}")));
    }
    found
}

#[test]
fn nothing_of_a_forgotten_group_is_left_and_the_account_balances() {
    let world = World::with_groups(2);
    world.load_groups(&[secret_group()]);
    world.run(&["batch", "create", "--wait"]).exits(0);
    // Another text, which is replaced: its first text lies in the file's free pages and in the journal of changes.
    let mut changed = secret_group();
    changed["stories"][0]["text"] = "Another Brobdingnag-text.".into();
    world.load_groups(&[changed]);
    world.run(&["search", "moon"]).exits(0);
    let paid = world.rows("SELECT total(cost_usd), total(input_tokens) FROM answers");
    assert!(!left_in(&world.path("")).is_empty());
    let dry = world.run(&["forget", "secret-group-id", "--dry-run"]).exits(0);
    assert!(dry.stdout.starts_with("would forget 1 group: 1 story, 2 answers, 1 topic, "), "{}", dry.report());
    let refused = world.run(&["forget", "secret-group-id"]).exits(2);
    assert!(refused.stderr.contains("nothing was forgotten, since nobody said yes"), "{}", refused.report());
    assert_eq!(world.count("SELECT count(*) FROM story_groups"), 3);

    world.run(&["forget", "secret-group-id", "--yes"]).exits(0).says("forgot 1 group: 1 story, 2 answers, 1 topic, ");
    assert_eq!(left_in(&world.path("")), Vec::<String>::new());
    assert_eq!(world.count("SELECT count(*) FROM story_groups"), 2);
    assert_eq!(world.rows("SELECT total(cost_usd), total(input_tokens) FROM answers"), paid, "what was paid stays");
    assert_eq!(world.rows("SELECT state, count(*) FROM requests GROUP BY 1"), ["usable|6"]);
    let batch = world.rows("SELECT external_id FROM batches").remove(0);
    world.run(&["batch", "status", &batch, "--offline"]).exits(0).says("sent 6 = usable 6");
    world.run(&["check"]).exits(0);
    world.run(&["show", "secret-group-id"]).exits(2);
    world.run(&["undo"]).exits(1).says("what is forgotten is gone for good");
    for command in [&["rebuild"][..], &["progress"], &["search", "moon"], &["export"], &["report", "-o", "r.html"]] {
        world.run(command).exits(0);
    }
    world.run(&["batch", "process", &batch]).exits(0);
    assert_eq!(world.count("SELECT count(*) FROM requests WHERE story_group_id IS NULL"), 2);
    world.run(&["forget", "secret-group-id", "--yes"]).exits(2).says("there is no group `secret-group-id`");
    // Who loads it again has it again, and it is asked again.
    world.load_groups(&[secret_group()]);
    assert_eq!(world.json(&["batch", "create", "--dry-run"], 0)["total_requests"], 2);
}

#[test]
fn a_copy_that_shared_the_answer_keeps_it() {
    let world = World::with_groups(1);
    let mut copy = secret_group();
    copy["id"] = "the-copy".into();
    world.load_groups(&[secret_group(), copy]);
    world.run(&["batch", "create", "--wait"]).exits(0);
    let asked = world
        .rows(
            "SELECT g.external_id FROM requests r JOIN story_groups g ON g.id = r.story_group_id
                            WHERE g.external_id <> 'g1' LIMIT 1",
        )
        .remove(0);
    let other = if asked == "the-copy" { "secret-group-id" } else { "the-copy" };
    let before = world.rows(&format!("SELECT topic FROM story_topics_named WHERE group_id = '{other}'"));
    assert!(!before.is_empty());
    world.run(&["forget", &asked, "--yes"]).exits(0).says("2 answers with the same text kept by another group");
    assert_eq!(world.rows(&format!("SELECT topic FROM story_topics_named WHERE group_id = '{other}'")), before);
    world.run(&["rebuild"]).exits(0);
    assert_eq!(world.rows(&format!("SELECT topic FROM story_topics_named WHERE group_id = '{other}'")), before);
    world.run(&["batch", "create", "--dry-run"]).exits(0).says("nothing to send");
    world.run(&["check"]).exits(0);
}

#[test]
fn files_of_a_batch_that_another_copy_made_are_forgotten_too() {
    let mut world = World::with_groups(1);
    world.load_groups(&[secret_group()]);
    let ours = world.db.clone();
    world.db = world.path("copy.db");
    fs::copy(&ours, &world.db).unwrap();
    world.run(&["batch", "create"]).exits(0);
    let made = world.rows("SELECT external_id FROM batches").remove(0);
    fs::remove_dir_all(world.path("batch_files")).unwrap();
    fs::remove_file(&world.db).unwrap();
    world.db = ours;
    world.run(&["batch", "process", &made]);
    world.run(&["batch", "wait"]);
    assert_eq!(world.count("SELECT count(*) FROM requests WHERE state = 'usable'"), 4);
    assert!(!left_in(&world.path("batch_files")).is_empty());
    world.run(&["forget", "secret-group-id", "--yes"]).exits(0);
    assert_eq!(left_in(&world.path("batch_files")), Vec::<String>::new());
}

#[test]
fn what_is_in_flight_is_not_forgotten() {
    let world = World::with_groups(2);
    world.run(&["batch", "create"]).exits(0);
    let ran = world.run(&["forget", "g1", "--yes"]).exits(2);
    assert!(ran.stderr.contains("group `g1` is in flight, in `batch_"), "{}", ran.report());
    assert_eq!(world.count("SELECT count(*) FROM story_groups"), 2);
}

#[test]
fn texts_go_and_what_was_learned_stays() {
    let world = World::with_groups(2);
    world.load_groups(&[secret_group()]);
    world.run(&["batch", "create", "--wait"]).exits(0);
    let learned = world.rows("SELECT group_id, topic FROM story_topics_named ORDER BY 1, 2");
    let dates = world.rows("SELECT external_id, date FROM story_groups ORDER BY 1");
    world.run(&["forget", "--all", "--yes"]).exits(2);
    world.run(&["forget", "--texts", "--all", "--yes"]).exits(0).says("forgot 3 stories of 3 groups");
    assert_eq!(world.count("SELECT count(*) FROM stories"), 0);
    assert_eq!(world.rows("SELECT group_id, topic FROM story_topics_named ORDER BY 1, 2"), learned);
    assert_eq!(world.rows("SELECT external_id, date FROM story_groups ORDER BY 1"), dates);
    let left = left_in(&world.path(""));
    assert!(left.iter().all(|found| !found.contains("Brobdingnag") && !found.contains("zephyr")), "{left:?}");
    world.run(&["batch", "create", "--dry-run"]).exits(0).says("nothing to send");
    world.run(&["check"]).exits(0);
}

#[test]
fn the_providers_files_are_listed_and_deleted() {
    let world = World::with_groups(2);
    world.run(&["batch", "create", "--wait"]).exits(0);
    let ran = world.run(&["forget", "g1", "--remote", "--yes"]).exits(0);
    assert!(ran.stderr.contains("files at the provider, of batch_"), "{}", ran.report());
    assert_eq!(world.count("SELECT count(*) FROM batches WHERE remote_deleted_at IS NOT NULL"), 1);
    assert!(world.journal().n_calls("files.delete") >= 2);
}

#[test]
fn what_was_forgotten_is_one_line_of_json() {
    let world = World::with_groups(2);
    let line = world.run(&["forget", "g1", "--jsonl", "--yes"]).exits(0).stdout;
    assert_eq!(line.lines().count(), 1);
    assert_eq!(serde_json::from_str::<serde_json::Value>(&line).unwrap()["files"], json!([]));
}
