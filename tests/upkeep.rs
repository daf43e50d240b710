use std::fs;
use std::path::Path;

use serde_json::json;

use crate::harness::World;

/// A world of two groups, asked, answered and imported.
fn answered() -> World {
    let world = World::with_groups(2);
    world.run(&["batch", "create", "--wait"]).exits(0);
    world
}

#[test]
fn a_sound_database_has_no_findings() {
    let world = answered();
    let ran = world.run(&["check"]).exits(0);
    assert_eq!(ran.stdout, format!("`{}` is sound\n", world.db.display()));
    assert_eq!(ran.stderr, "");
    world.run(&["search", "moon"]).exits(0);
    let found = world.json(&["check", "--repair"], 0);
    assert_eq!(found, json!({"database": world.db, "repaired": [], "findings": []}));
}

/// What breaks, with the only finding, and what mends it.
#[test]
fn each_fault_is_found_with_what_mends_it() {
    let from_backup = "put a backup in its place, made with `gleaner backup`";
    let repair = "`gleaner check --repair`";
    for (sql, what, mend) in [
        ("DROP INDEX requests_group", "the index `requests_group` is missing", repair),
        ("DROP VIEW group_overview", "the view `group_overview` is missing", repair),
        ("DROP TRIGGER entities_added", "the trigger `entities_added` is missing", repair),
        ("DROP TABLE foreign_lines", "the table `foreign_lines` is missing", from_backup),
        (
            "UPDATE story_groups SET title = CAST(x'66ff' AS TEXT) WHERE external_id = 'g1'",
            "`story_groups` is damaged: column `title` holds no text in 1 of its rows",
            from_backup,
        ),
        (
            "PRAGMA ignore_check_constraints = ON; UPDATE batches SET metadata = '{'",
            "`batches` is damaged: column `metadata` holds no JSON in 1 of its rows",
            from_backup,
        ),
        (
            "UPDATE story_entities SET entity_id = 999",
            "4 rows of `story_entities` refer to rows of `entities` that are not there",
            "`gleaner resolve --all`",
        ),
        ("DELETE FROM _name_index", "the name index of the catalog is missing or outdated", repair),
        ("DELETE FROM _name_index WHERE id = 4294967296", "the name index of the catalog is damaged", repair),
        (
            "INSERT OR REPLACE INTO _counts VALUES (0, NULL, '[1]'), (9223372036854775807, NULL, '2')",
            "2 counts that `progress` adds up are wrong",
            repair,
        ),
        (
            "UPDATE requests SET state = 'sent' WHERE id = 1; DELETE FROM current_answers WHERE request_id = 1;
             DELETE FROM story_topics; DELETE FROM story_entities",
            "batch `BATCH` was sent 4 requests and accounts for 3",
            "`gleaner batch process BATCH`",
        ),
        (
            "UPDATE batches SET state = 'given_up'; UPDATE requests SET state = 'sent' WHERE id > 2;
             DELETE FROM current_answers WHERE request_id > 2; DELETE FROM story_topics; DELETE FROM story_entities",
            "2 requests wait for an answer that no batch will bring",
            "`gleaner batch create` asks again, and pays again",
        ),
        (
            "UPDATE answers SET text = NULL WHERE request_id = 1",
            "1 request is said to be answered, and the answer is not kept",
            from_backup,
        ),
        (
            "DELETE FROM current_answers WHERE kind = 'topic'",
            "2 groups have topics or mentions that no answer taught",
            "`gleaner rebuild`",
        ),
        (
            "UPDATE story_groups SET loaded_at = '2031-01-01T00:00:00Z' WHERE external_id = 'g1'",
            "1 time comes from the future, up to 2031-01-01T00:00:00Z: the clock is or was wrong",
            "set the clock of this machine; what is written stays",
        ),
        (
            "PRAGMA user_version = 1",
            "the schema is of version 1, this program's is NEWEST",
            "any command that writes brings it forward",
        ),
    ] {
        let world = answered();
        let newest = world.count("PRAGMA user_version").to_string();
        let batch = world.rows("SELECT external_id FROM batches").remove(0);
        let connection = world.sql();
        connection.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
        connection.execute_batch(sql).unwrap();
        drop(connection);
        let before = fs::read(&world.db).unwrap();
        let ran = world.run(&["check"]).exits(3);
        let expected = format!("{what}\n  mended by: {mend}\n");
        let expected = expected.replace("BATCH", &batch).replace("NEWEST", &newest);
        assert_eq!(ran.stdout, expected, "{sql}\n{}", ran.report());
        assert_eq!(ran.stderr, "1 finding\n");
        assert!(fs::read(&world.db).unwrap() == before, "looking changes nothing: {sql}");
        // A command that is named mends it, offline; what a person has to do is left to them.
        if let Some(command) = mend.strip_prefix("`gleaner ").and_then(|rest| rest.strip_suffix('`')) {
            let command = command.replace("BATCH", &batch);
            world.run(&command.split(' ').collect::<Vec<_>>()).exits(0);
            world.run(&["check"]).exits(0);
        }
    }
}

/// What is kept of counts goes with every command that changes what they count, triggers or not.
#[test]
fn no_count_outlives_a_change_of_what_it_counts() {
    let world = World::with_groups(3);
    let changed = json!({"id": "g1", "title": "Another", "text": "Neil Armstrong came back from the Moon."});
    let changed = world.write_lines("changed.jsonl", &[changed]).display().to_string();
    let no_catalog = world.write_lines("none.jsonl", &[json!({"id": "x", "type": "person", "name": "Nobody"})]);
    let no_catalog = no_catalog.display().to_string();
    for line in [
        "batch create --no-submit",
        "batch submit",
        "batch wait",
        "topics drop TOPIC",
        "load entities --replace NONE",
        "undo",
        "load groups CHANGED",
        "batch create --stale --wait --yes",
        "rebuild",
        "forget g2 --yes",
    ] {
        let topic = world.rows("SELECT topic FROM story_topics ORDER BY topic LIMIT 1").pop().unwrap_or_default();
        let with = |word: &str| match word {
            "NONE" => no_catalog.clone(),
            "CHANGED" => changed.clone(),
            "TOPIC" => topic.clone(),
            word => word.to_owned(),
        };
        let line: Vec<String> = line.split(' ').map(with).collect();
        world.sql().execute("INSERT OR REPLACE INTO _counts VALUES (0, NULL, '[1]')", []).unwrap();
        let ran = world.run(&line.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(world.count("SELECT count(*) FROM _counts WHERE numbers = '[1]'"), 0, "{}", ran.report());
    }
    world.run(&["progress"]).exits(0);
    world.run(&["check"]).exits(0);
}

/// A reading command brings the schema of an older file forward, and leaves its name index to one that links.
#[test]
fn a_name_index_of_an_earlier_gleaner_is_no_fault() {
    let world = answered();
    let sql = "UPDATE _name_index SET page = CAST(json_set(CAST(page AS TEXT), '$.format', 1) AS BLOB) WHERE id = 0";
    assert_eq!(world.sql().execute(sql, []).unwrap(), 1);
    world.run(&["check"]).exits(0).says("the next command that links packs it anew");
    world.run(&["entities"]).exits(0);
    world.run(&["check"]).exits(0);
    world.run(&["resolve", "--all"]).exits(0);
    let ran = world.run(&["check"]).exits(0);
    assert_eq!(ran.stderr, "");
}

#[test]
fn a_crash_s_files_are_swept_after_an_hour() {
    let world = answered();
    let old = world.write("batch_files/knowledge_extraction_batch_20260101_000000_output.jsonl.part", "x");
    let fresh = world.write("batch_files/.gleaner-abc.tmp", "x");
    let long_ago = fs::metadata(&old).unwrap().modified().unwrap() - std::time::Duration::from_secs(7200);
    fs::File::options().write(true).open(&old).unwrap().set_modified(long_ago).unwrap();
    let ran = world.run(&["check"]).exits(3);
    let name = old.display();
    assert_eq!(ran.stdout, format!("`{name}` was left behind by a crash\n  mended by: `gleaner check --repair`\n"));
    world.run(&["check", "--repair"]).exits(0).says("removed 1 left-over file");
    assert!(!old.exists() && fresh.exists());
}

/// Overwrites the first page of a table.
fn break_table(path: &Path, table: &str) {
    let connection = rusqlite::Connection::open(path).expect("the database opens");
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).expect("one number") as usize;
    let page_bytes = number("PRAGMA page_size");
    let root = number(&format!("SELECT rootpage FROM sqlite_schema WHERE name = '{table}'"));
    let mut bytes = fs::read(path).expect("the file is read");
    bytes[(root - 1) * page_bytes..root * page_bytes].fill(0x5a);
    fs::write(path, bytes).expect("the file is writable");
}

#[test]
fn a_damaged_table_is_named_and_a_backup_restores_it() {
    let world = answered();
    let content = world.content();
    let copy = world.path("copy.db");
    let copy_name = copy.display().to_string();
    world.run(&["backup", &copy_name]).exits(0).says("2 groups, 3 entities of the catalog, 4 kept answers");
    world.run(&["backup", "--check", &copy_name]).exits(0).says("is sound");
    break_table(&world.db, "stories");
    let db = world.db.display().to_string();
    let ran = world.run(&["show", "g1"]).exits(1);
    assert!(
        ran.stderr.starts_with(&format!(
            "a rehearsal: a sandbox gave these answers, and no model\nerror: the database `{db}` is damaged, in `stories`\n"
        )),
        "{}",
        ran.report()
    );
    assert!(
        ran.stderr.ends_with("hint: a backup made with `gleaner backup` is copied to its place\n"),
        "{}",
        ran.report()
    );
    world.run(&["check"]).exits(3).says("`stories` is damaged");
    world.run(&["check", "--repair"]).exits(3).says("`stories` is damaged");
    world.run(&["backup", &world.path("bad.db").display().to_string()]).exits(1);
    assert!(!world.path("bad.db").exists());
    fs::copy(&copy, &world.db).unwrap();
    world.run(&["check"]).exits(0);
    assert_eq!(world.content(), content);
}

#[test]
fn a_backup_replaces_nothing_but_a_backup() {
    let world = answered();
    let copy = world.path("copy.db").display().to_string();
    world.run(&["backup", &copy]).exits(0);
    world.run(&["backup", &copy]).exits(0);
    let other = World::with_groups(1);
    for (path, says) in [
        (world.db.display().to_string(), "is the database itself"),
        (world.path("").display().to_string(), "is a folder"),
        (other.db.display().to_string(), "is another database"),
        (world.write("notes.txt", "mine").display().to_string(), "is there and no backup of this database"),
    ] {
        world.run(&["backup", &path]).exits(2).says(says);
    }
    assert_eq!(fs::read_to_string(world.path("notes.txt")).unwrap(), "mine");
    break_table(&world.path("copy.db"), "answers");
    world.run(&["backup", "--check", &copy]).exits(3).says("`answers` is damaged");
    world.run(&["backup", "--check", "notes.txt"]).exits(1);
    world.run(&["backup", "--check", "nowhere.db"]).exits(2);
}

#[test]
fn a_backup_waits_for_no_writer() {
    let world = answered();
    let connection = world.sql();
    connection.execute_batch("BEGIN IMMEDIATE; UPDATE story_groups SET title = 'never committed'").unwrap();
    let copy = world.path("copy.db");
    world.run(&["backup", &copy.display().to_string()]).exits(0);
    drop(connection);
    let copy = rusqlite::Connection::open(&copy).unwrap();
    let n: i64 = copy
        .query_row("SELECT count(*) FROM story_groups WHERE title = 'never committed'", [], |row| row.get(0))
        .unwrap();
    assert_eq!(n, 0);
}

/// Any page of the index gone, cut off, overwritten or in another's place: never another answer, and no panic.
#[test]
fn a_damaged_name_index_is_told_and_packed_again() {
    let world = World::with_groups(2);
    world.has_no_transcript("each page is damaged in each way");
    let mentions = ["Ada Lovelace", "Ada Lovelase", "A. Lovelace", "Nasa", "Houston"]
        .map(|name| format!(r#"{{"mention":"{name}"}}"#));
    let mentions = world.write("mentions.txt", &mentions.join("\n"));
    let ask = |world: &World| world.run(&["resolve", "--file", &mentions.display().to_string()]);
    let ask_one = |world: &World| world.run(&["resolve", "Ada Lovelase"]);
    let (expected, expected_one) = (ask(&world).exits(0).stdout, ask_one(&world).stdout);
    let pages = world.rows("SELECT id FROM _name_index WHERE id > 0 ORDER BY id");
    assert!(pages.len() >= 5, "{pages:?}");
    for id in pages {
        for damage in [
            format!("DELETE FROM _name_index WHERE id = {id}"),
            format!("UPDATE _name_index SET page = substr(page, 1, length(page) / 2) WHERE id = {id}"),
            format!("UPDATE _name_index SET page = x'' WHERE id = {id}"),
            format!(
                "UPDATE _name_index SET page = CAST(substr(page, 1, 1) || x'ff' || substr(page, 3) || x'01' AS BLOB) WHERE id = {id}"
            ),
            format!(
                "UPDATE _name_index SET page = (SELECT page FROM _name_index WHERE id > 0 AND id <> {id}) WHERE id = {id}"
            ),
        ] {
            world.sql().execute_batch(&damage).unwrap();
            for (ran, expected) in [(ask(&world), &expected), (ask_one(&world), &expected_one)] {
                if ran.code == Some(1) {
                    ran.says("gleaner check --repair");
                } else {
                    assert_eq!(&ran.stdout, expected, "{damage}");
                }
            }
            let checked = world.run(&["check"]).exits(3);
            assert!(checked.stdout.contains("the name index of the catalog is damaged"), "{damage}");
            world.run(&["check", "--repair"]).exits(0);
            assert_eq!(ask(&world).exits(0).stdout, expected, "{damage}");
        }
    }
}
