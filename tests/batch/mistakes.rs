use std::fs;

use serde_json::json;

use super::{check, one};
use crate::harness::World;

#[test]
fn a_missing_key_names_its_variable_before_any_call() {
    let mut world = World::with_groups(1);
    world.unset_var("OPENAI_API_KEY");
    // A name that no server has: were anything sent, the error would be another.
    world.set_var("OPENAI_BASE_URL", "https://provider.invalid/v1");
    for args in [&["batch", "create"][..], &["--batch"], &["batch", "create", "--wait"], &["extract"]] {
        let ran = world.run(args).exits(1);
        assert!(ran.stdout.is_empty() && ran.stderr.contains("OPENAI_API_KEY"), "{}", ran.report());
        assert!(ran.stderr.starts_with("error: ") && ran.stderr.contains("hint: "), "{}", ran.report());
        assert!(ran.stderr.contains("no API key is set"), "{}", ran.report());
    }
    assert_eq!(world.count("SELECT count(*) FROM runs"), 0);
}

/// A server on one's own machine may want no key; one that does says so.
#[test]
fn without_a_key_loopback_decides() {
    let mut world = World::with_groups(1);
    world.unset_var("OPENAI_API_KEY");
    world.run(&["batch", "create"]).exits(1).says("hint: ").says("OPENAI_API_KEY");
    world.script(&json!({"without_key": true}));
    world.run(&["batch", "create", "--wait"]).exits(0).says("completed: 1 group");
}

#[test]
fn a_wrong_key_is_one_clear_error() {
    let world = World::with_groups(1);
    let envelope = json!({"error": {"message": "Incorrect API key provided: sk-t**t.", "type": "invalid_request_error",
        "param": null, "code": "invalid_api_key"}});
    world.script(&json!({"faults": [{"on": "*", "times": 0, "status": 401, "json": envelope}]}));
    let ran = world.run(&["batch", "create"]).exits(1);
    assert!(ran.stdout.is_empty(), "{}", ran.report());
    let lines: Vec<&str> = ran.stderr.lines().collect();
    assert!(lines[0].starts_with("error: ") && lines[0].contains("Incorrect API key provided"), "{}", ran.report());
    assert!(lines[1].starts_with("hint: ") && lines[1].contains("OPENAI_API_KEY"), "{}", ran.report());
    assert_eq!(lines.len(), 2, "no retry, no second error: {}", ran.report());
    assert_eq!(world.journal().calls.len(), 1);
    assert_eq!(world.count("SELECT count(*) FROM runs"), 0, "nothing was planned");
}

#[test]
fn an_unknown_batch_is_said_and_nothing_is_asked() {
    let world = World::with_groups(1);
    for args in [
        &["batch", "status", "batch_x"][..],
        &["batch", "process", "batch_x"],
        &["batch", "cancel", "batch_x"],
        &["batch", "wait", "batch_x"],
        &["batch", "submit", "batch_x"],
        &["--batch-status", "batch_x"],
        &["--batch-process", "batch_x"],
        &["--batch-cancel", "batch_x"],
    ] {
        let ran = world.run(args).exits(2);
        assert!(ran.stdout.is_empty(), "{}", ran.report());
        let first = ran.stderr.lines().next().unwrap_or_default();
        assert!(first.starts_with("error: ") && first.contains("`batch_x`"), "{}", ran.report());
        assert!(ran.stderr.contains("hint: `gleaner batch list` shows those"), "{}", ran.report());
    }
}

#[test]
fn a_database_that_is_not_ours_or_newer_is_left_alone() {
    let mut world = World::new();
    world.write_lines("g.jsonl", &[crate::harness::group(1)]);
    let make = |name: &str, sql: &str| {
        let db = rusqlite::Connection::open(world.path(name)).expect("a database can be made");
        db.execute_batch(sql).expect("the statements are right");
    };
    make("newer.db", "CREATE TABLE t (a); PRAGMA application_id = 0x676C6E72; PRAGMA user_version = 99");
    make("foreign.db", "CREATE TABLE bookmarks (url)");
    // Another program's versions mean nothing to us, and its journal stays as it is.
    make("counted.db", "PRAGMA journal_mode = WAL; CREATE TABLE bookmarks (url); PRAGMA user_version = 77");
    world.write("text.db", &"not a database, but a text that is long enough to be taken for one\n".repeat(99));
    fs::create_dir(world.path("folder.db")).expect("a folder can be made");
    let ours = "it is a database of another program";
    for (name, cause, hint) in [
        (
            "newer.db",
            "it was made by a newer gleaner (schema 99; this program knows up to",
            "install the newer gleaner",
        ),
        ("foreign.db", ours, "name another file with `--db PATH`"),
        ("counted.db", ours, "name another file with `--db PATH`"),
        ("text.db", "it is not a SQLite database", ""),
        ("folder.db", "it is a folder", "name another file with `--db PATH`"),
    ] {
        world.db = world.path(name);
        let before = fs::read(&world.db).ok();
        let commands: [&[&str]; 5] =
            [&["progress"], &["batch", "create"], &["batch", "list"], &["rebuild"], &["load", "groups", "g.jsonl"]];
        for args in commands {
            let ran = world.run(args).exits(1).says(cause).says(hint);
            let first = ran.stderr.lines().next().unwrap_or_default();
            assert!(first.starts_with("error: cannot open the database") && first.contains(name), "{}", ran.report());
            assert!(ran.stdout.is_empty() && ran.stderr.matches("error:").count() == 1, "{}", ran.report());
        }
        if ["text.db", "folder.db"].contains(&name) {
            // These look at a file as it is, whatever its version.
            for args in [&["check"][..], &["backup", "b.db"]] {
                world.run(args).exits(1).says(cause);
            }
        }
        assert_eq!(fs::read(&world.db).ok(), before, "{name} was changed");
    }
}

#[test]
fn a_path_without_rights_is_one_clear_error() {
    let mut world = World::new();
    world.write_lines("g.jsonl", &[crate::harness::group(1)]);
    world.write("file", "no folder");
    world.db = world.path("file/g.db");
    let ran = world.run(&["load", "groups", "g.jsonl"]).exits(1).says("file");
    assert!(ran.stdout.is_empty() && ran.stderr.starts_with("error: "), "{}", ran.report());

    // Whoever may do everything, such as root in a container, is not stopped by rights.
    let locked = world.path("locked");
    fs::create_dir(&locked).expect("a folder can be made");
    let mut rights = fs::metadata(&locked).expect("it is there").permissions();
    rights.set_readonly(true);
    fs::set_permissions(&locked, rights).expect("they are ours");
    let may_anything = fs::write(locked.join("probe"), "").is_ok();
    world.db = locked.join("g.db");
    let ran = world.run(&["load", "groups", "g.jsonl"]).exits(i32::from(!may_anything));
    assert_eq!(ran.stderr.starts_with("error: cannot open the database"), !may_anything, "{}", ran.report());
}

#[test]
fn a_folder_that_cannot_be_made_is_found_before_anything_is_sent() {
    let world = World::with_groups(1);
    world.write("batch_files", "in the way");
    for args in [&["batch", "create"][..], &["batch", "create", "--no-submit"], &["extract"]] {
        let ran = world.run(args).exits(1);
        assert!(ran.stderr.starts_with("error: cannot make the folder"), "{}", ran.report());
        assert!(ran.stdout.is_empty() && ran.stderr.contains("batch_files"), "{}", ran.report());
    }
    assert_eq!(world.count("SELECT count(*) FROM runs"), 0);
    assert!(world.journal().asked.is_empty() && world.journal().batches.is_empty());
}

#[test]
fn wrong_usage_is_exit_2_before_anything_is_opened() {
    let world = World::new();
    for args in [
        &["batch", "create", "--no-such-flag"][..],
        &["no-such-command"],
        &["batch"],
        &["batch", "cancel"],
        &["load", "groups"],
        &["--batch-status"],
        &["batch", "create", "--limit", "many"],
        &["batch", "create", "--limit", "1", "--sample", "1"],
        &["batch", "create", "--dry-run", "--wait"],
        &["batch", "create", "--no-submit", "--wait"],
        &["batch", "create", "--poll-interval", "-1"],
        &["batch", "create", "--poll-interval=-1"],
        &["batch", "create", "--poll-interval", "nan"],
        &["batch", "wait", "--poll-interval", "100000"],
        &["batch", "create", "--since", "yesterday"],
        &["batch", "create", "--until", "2024-13-01"],
        &["batch", "create", "--max-cost=-1"],
        &["batch", "create", "--price", "cheap"],
        &["batch", "create", "--max-requests", "1"],
        &["batch", "create", "--max-errors", "0"],
        &["progress", "-q", "-v"],
        &["progress", "--color", "sometimes"],
    ] {
        let ran = world.run(args).exits(2);
        assert!(ran.stdout.is_empty(), "{}", ran.report());
        // Where only a command is missing, its list is shown.
        assert!(ran.stderr.starts_with("error: ") || ran.stderr.contains("Usage: gleaner batch"), "{}", ran.report());
    }
    assert!(!world.db.exists());
}

#[test]
fn help_and_version_are_results_and_touch_nothing() {
    let world = World::new();
    world.has_no_transcript("the help has a file of its own");
    for args in [&[][..], &["--help"], &["help", "batch", "create"], &["batch", "create", "--help"], &["--version"]] {
        let ran = world.run(args).exits(0);
        assert!(!ran.stdout.is_empty() && ran.stderr.is_empty(), "{}", ran.report());
    }
    assert!(!world.db.exists());
}

#[test]
fn a_limit_in_the_environment_is_checked() {
    let mut world = World::with_groups(1);
    world.set_var("MAX_TOPICS_PER_GROUP", "many");
    check(
        &world,
        &["batch", "create", "--dry-run"],
        2,
        &[],
        &["error: `MAX_TOPICS_PER_GROUP` is not a whole number: `many`"],
    );
    world.set_var("MAX_TOPICS_PER_GROUP", "101");
    check(&world, &["progress"], 2, &[], &["error: `MAX_TOPICS_PER_GROUP` must be 1 to 100, not 101"]);
    world.set_var("MAX_TOPICS_PER_GROUP", "1");
    world.set_var("MAX_ENTITIES_PER_GROUP", "2");
    world.script(&super::short_answers());
    world.run(&["batch", "create", "--wait"]).exits(0).says("1 group, 1 topic, 2 entities");
    assert_eq!(one(&world, "SELECT topic FROM story_topics"), "moon landing");
}

#[test]
fn a_key_is_never_sent_in_clear_text_to_another_machine() {
    let world = World::with_groups(1);
    for url in [
        "http://example.com/v1",
        "http://10.0.0.1:9/v1",
        "http://localhost.example.com/v1",
        "ftp://127.0.0.1/v1",
        "nonsense",
    ] {
        let ran = world.run(&["batch", "create", "--base-url", url]);
        assert!(matches!(ran.code, Some(1 | 2)) && ran.stdout.is_empty(), "{}", ran.report());
        assert!(ran.stderr.starts_with("error: "), "{}", ran.report());
        assert!(!ran.stderr.contains("retry"), "nothing was tried: {}", ran.report());
    }
    assert_eq!(world.count("SELECT count(*) FROM runs"), 0);
}
