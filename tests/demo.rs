//! `demo` on a folder that was worked in: nothing of the user's is made anew, and what it is is named.

use std::fs;

use rusqlite::Connection;

use crate::harness::World;

/// Expects that a demo in `tour` is refused for this reason, and that nothing is touched.
#[track_caller]
fn refused(world: &World, found: &str) {
    let before = fs::read(world.path("tour/gleaner.db")).expect("the demo made it");
    let ran = world.run(&["demo", "--dir", "tour"]);
    let expected = format!(
        "error: the folder `tour` holds what the demo did not make: {found}\n\
         hint: `gleaner demo --dir tour-2` makes one elsewhere; nothing was changed\n"
    );
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str(), ran.code), ("", expected.as_str(), Some(1)));
    assert_eq!(fs::read(world.path("tour/gleaner.db")).expect("it is there still"), before);
}

#[test]
fn a_folder_in_which_anything_was_done_is_not_made_anew() {
    let world = World::new();
    world.has_no_transcript("the demo's own provider ends batches by the clock");
    let ran = world.run(&["demo", "--dir", "tour"]).exits(0);
    // Lines to try next can be pasted as they are: the program lies on no path here.
    let program = env!("CARGO_BIN_EXE_gleaner");
    let next = ran.stdout.lines().skip_while(|line| *line != "Try next").nth(1).unwrap();
    assert_eq!(next, format!("  {program} --db tour/gleaner.db progress"));
    let edit = |sql: &str| Connection::open(world.path("tour/gleaner.db")).unwrap().execute_batch(sql).unwrap();
    let db = ["--db", "tour/gleaner.db"];

    world.write("tour/notes.txt", "mine");
    world.write("tour/batch_files/mine.jsonl", "{}");
    refused(&world, "the file `notes.txt`; the file `batch_files/mine.jsonl`");
    fs::remove_file(world.path("tour/notes.txt")).unwrap();
    fs::remove_file(world.path("tour/batch_files/mine.jsonl")).unwrap();

    let groups = fs::read_to_string(world.path("tour/groups.jsonl")).unwrap();
    world.write("tour/groups.jsonl", "{\"id\":\"own\",\"text\":\"One.\"}\n");
    refused(&world, "the file `groups.jsonl` was changed");
    world.run(&[&db[..], &["load", "groups", "tour/groups.jsonl"]].concat()).exits(0);
    world.write("tour/groups.jsonl", &groups);
    refused(&world, "load groups groups.jsonl");
    world.run(&[&db[..], &["undo"]].concat()).exits(0);

    world.run(&[&db[..], &["topics", "merge", "spacecraft", "into", "probes"]].concat()).exits(0);
    refused(&world, "topics merge spacecraft into probes");
    world.run(&[&db[..], &["undo"]].concat()).exits(0);

    edit(
        "INSERT INTO origins (id, base_url, added_at) VALUES (77, 'https://api.example.com/v1', '2026-01-01T00:00:00Z');
         INSERT INTO runs (id, mode, origin_id, created_at) VALUES ('run-x', 'direct', 77, '2026-01-01T00:00:00Z')",
    );
    refused(&world, "answers of https://api.example.com/v1");
    edit("DELETE FROM runs WHERE id = 'run-x'; DELETE FROM origins WHERE id = 77");

    edit("UPDATE entities SET name = 'Mine' WHERE id = 1");
    refused(&world, "1 edited entity");
    // As the demo left it, it may be made anew.
    edit("UPDATE entities SET changed_at = loaded_at WHERE id = 1");
    let anew = "the demo in `tour` is made anew: it held nothing but what a demo makes\n";
    world.run(&["demo", "--dir", "tour"]).exits(0).says(anew);
    // It says what to look at next, and that finds something.
    let ran = world.run(&["demo", "--dir", "ball", "--collection", "football"]).exits(0);
    let next = ran.stdout.lines().find_map(|line| line.split_once("--db ball/gleaner.db search ")).unwrap().1;
    let found = world.json(&["--db", "ball/gleaner.db", "search", next], 0);
    assert!(found["total"].as_u64() > Some(3), "{found:#}");
    // A database of one's own is none of the demo's.
    let ran = world.run(&["--db", "own.db", "demo"]).exits(2);
    assert_eq!(
        ran.stderr,
        "error: `--db` has no effect here: the demo makes a database of its own\n\
         hint: `gleaner demo --dir FOLDER` says where\n"
    );
}

#[test]
fn what_is_done_is_listed_without_a_key() {
    let mut world = World::with_groups(1);
    world.run(&["batch", "create", "--wait"]).exits(0);
    world.unset_var("OPENAI_API_KEY");
    world.set_var("OPENAI_BASE_URL", "https://api.openai.com/v1");
    world.run(&["batch", "list"]).exits(0);
    // Batches under way can only be told with one.
    world.load_groups(&[crate::harness::group(2)]);
    world.run(&["batch", "create", "--no-submit"]).exits(0);
    world.run(&["batch", "list"]).exits(0);
}
