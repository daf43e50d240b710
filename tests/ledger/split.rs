use std::collections::BTreeMap;
use std::fs;

use serde_json::{Value, json};

use super::{account, bought_once};
use crate::harness::{World, group};

/// Returns the groups of each request file that was written, in the order of the parts, after checking what holds for
/// each of them: pairs stay together, and the file beside it says what it holds.
fn parts(world: &World) -> Vec<Vec<String>> {
    let mut files: Vec<_> = fs::read_dir(world.path("batch_files"))
        .expect("request files were written")
        .map(|entry| entry.expect("the folder can be read").path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "jsonl"))
        .filter(|path| {
            !path.to_string_lossy().contains("put.jsonl") && !path.to_string_lossy().contains("errors.jsonl")
        })
        .collect();
    files.sort();
    let mut parts = vec![];
    for file in files {
        let text = fs::read_to_string(&file).expect("it is text");
        assert!(text.ends_with('\n'));
        let ids: Vec<String> = text
            .lines()
            .map(|line| {
                serde_json::from_str::<Value>(line).expect("JSON")["custom_id"].as_str().expect("an id").to_owned()
            })
            .collect();
        let mut groups: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for id in &ids {
            let (kind, group) = id.split_once('_').expect("kind and group");
            groups.entry(group).or_default().push(kind);
        }
        assert!(groups.values().all(|kinds| kinds == &["topic", "entity"]), "pairs stay together: {ids:?}");
        let name = file.file_stem().expect("a file has a name").to_string_lossy().into_owned();
        let beside =
            fs::read_to_string(file.with_file_name(format!("{name}_metadata.json"))).expect("a file lies beside");
        let beside: Value = serde_json::from_str(&beside).expect("JSON");
        assert_eq!((&beside["total_requests"], &beside["bytes"]), (&json!(ids.len()), &json!(text.len())));
        parts.push(groups.keys().map(|group| group.to_string()).collect());
    }
    parts
}

#[test]
fn a_run_is_split_by_requests() {
    // Of an odd limit the last place stays empty: a pair is never torn.
    for (max, expected) in [("4", vec![2, 2, 1]), ("5", vec![2, 2, 1]), ("2", vec![1; 5]), ("10", vec![5])] {
        let world = World::with_groups(5);
        let created = world.json(&["batch", "create", "--max-requests", max], 0);
        assert_eq!((&created["total_groups"], &created["total_requests"]), (&json!(5), &json!(10)));
        let parts = parts(&world);
        assert_eq!(parts.iter().map(Vec::len).collect::<Vec<_>>(), expected, "{max}");
        // Newest first.
        assert!(parts[0].contains(&"g5".to_owned()));
        world.run(&["batch", "wait"]).exits(0);
        bought_once(&world, expected.len(), 10);
        account(&world, [10, 0, 0, 0]);
    }
}

#[test]
fn a_run_is_split_by_bytes() {
    let world = World::with_groups(6);
    world.run(&["batch", "create", "--wait", "--max-bytes", "30000"]).exits(0);
    let sizes = world.rows("SELECT input_bytes FROM batches ORDER BY part");
    assert!(sizes.len() > 1 && sizes.iter().all(|bytes| bytes.parse::<u64>().unwrap() <= 30_000), "{sizes:?}");
    assert_eq!(parts(&world).concat().len(), 6);
    bought_once(&world, sizes.len(), 12);
}

#[test]
fn a_run_is_split_by_tokens_and_no_more_is_enqueued_than_the_user_allows() {
    let world = World::with_groups(9);
    let ran = world.run(&["batch", "create", "--max-enqueued-tokens", "10000"]).exits(0);
    let tokens = world.rows("SELECT estimated_input_tokens FROM batches ORDER BY part");
    assert!(tokens.len() >= 3 && tokens.iter().all(|n| n.parse::<u64>().unwrap() <= 10_000), "{tokens:?}");
    let open = "SELECT sum(estimated_input_tokens) FROM batches WHERE state = 'open'";
    assert!((1..=10_000).contains(&world.count(open)), "{}", ran.report());
    assert_eq!(world.journal().batches.len(), 1, "the others wait here");
    world.run(&["batch", "list", "--offline"]).exits(0).says("planned, not sent");
    // What a limit of an earlier command held is sent as one batch after the other ends.
    world.run(&["batch", "create", "--wait", "--max-enqueued-tokens", "10000"]).exits(0);
    bought_once(&world, tokens.len(), 18);
    account(&world, [18, 0, 0, 0]);
}

#[test]
fn one_group_that_fits_no_batch_is_left_out_and_not_fatal() {
    let world = World::with_groups(2);
    let mut large = group(3);
    large["stories"][0]["text"] = json!("NASA flew to the moon. ".repeat(3_000));
    world.load_groups(&[large]);
    for _ in 0..2 {
        let ran = world.run(&["batch", "create", "--wait", "--max-bytes", "50000"]);
        ran.says("group `g3` is left out");
    }
    bought_once(&world, 1, 4);
    account(&world, [4, 0, 0, 0]);
    // With room for it, it goes.
    world.run(&["batch", "create", "--wait"]).exits(0);
    bought_once(&world, 2, 6);
}

#[test]
fn a_server_that_takes_smaller_files_gets_smaller_parts() {
    let world = World::with_groups(7);
    world.script(&json!({"limits": {"upload_bytes": 30_000}}));
    world.run(&["batch", "create", "--wait"]).exits(0).says("File is too large").says("is split into 2 parts");
    let n_batches = world.journal().batches.len();
    assert!((3..=7).contains(&n_batches));
    bought_once(&world, n_batches, 14);
    account(&world, [14, 0, 0, 0]);
    // What is too large by itself can't be split any more: it is said, and the plan stays.
    let world = World::with_groups(1);
    world.script(&json!({"limits": {"upload_bytes": 5_000}}));
    world.run(&["batch", "create"]).exits(1).says("File is too large").says("nothing was bought");
    world.script(&json!({}));
    world.run(&["batch", "create", "--wait"]).exits(0);
    bought_once(&world, 1, 2);
}

#[test]
fn thousands_of_groups_leave_with_one_command() {
    let world = World::new();
    world.load_groups(&(1..=1500).map(group).collect::<Vec<_>>());
    let created = world.json(&["batch", "create", "--max-requests", "1000", "--no-probe"], 0);
    assert_eq!(created["batches"].as_array().map(Vec::len), Some(3));
    assert_eq!(parts(&world).iter().map(Vec::len).collect::<Vec<_>>(), [500, 500, 500]);
    world.run(&["batch", "wait"]).exits(0);
    bought_once(&world, 3, 3000);
    account(&world, [3000, 0, 0, 0]);
}
