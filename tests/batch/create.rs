use std::fs;

use super::{batch_files, check, estimate_lines, one, short_answers};
use crate::harness::World;

#[test]
fn a_dry_run_leaves_no_trace_and_needs_no_key() {
    let mut world = World::with_groups(3);
    world.unset_var("OPENAI_API_KEY");
    let before = fs::read(&world.db).expect("the database is a file");
    let estimate = &world.json(&["batch", "create", "--dry-run"], 0)["estimate"];
    let [tokens, cost, cache] = estimate_lines(estimate);
    let stdout = ["would send 6 requests for 3 groups in 1 part", &tokens, &cost, &cache];
    let stderr = ["hint: nothing was written or sent; leave `--dry-run` out to send it"];
    check(&world, &["batch", "create", "--dry-run"], 0, &stdout, &stderr);
    check(&world, &["--batch", "--dry-run"], 0, &stdout, &stderr);
    assert_eq!(fs::read(&world.db).expect("the database is a file"), before, "no row");
    assert!(!world.path("batch_files").exists(), "no file, no folder");
    assert!(world.journal().calls.is_empty(), "no network");
}

#[test]
fn without_submission_there_are_files_and_rows_and_no_network() {
    let mut world = World::with_groups(3);
    world.unset_var("OPENAI_API_KEY");
    let [tokens, cost, cache] = estimate_lines(&world.json(&["batch", "create", "--dry-run"], 0)["estimate"]);
    let ran = world.run(&["batch", "create", "--no-submit"]);
    let file = "knowledge_extraction_batch_20261102_120000.jsonl";
    let size = fs::metadata(world.path("batch_files").join(file)).expect("the file is there").len();
    let path = format!("    DIR/batch_files/{file} ({})", gleaner::door::terminal::words::bytes(size));
    let stdout = ["RUN1: 6 requests for 3 groups", "  part 1  planned, not sent", &path, &tokens, &cost, &cache];
    let stderr = [
        "hint: `gleaner batch submit RUN1` sends it",
        "hint: or take the file elsewhere and import the answers with `gleaner batch process --file FILE`",
    ];
    super::expect(&world, &ran, 0, &stdout, &stderr);
    assert!(world.journal().calls.is_empty(), "no network");
    assert_eq!(world.rows("SELECT state, count(*) FROM requests GROUP BY state"), ["planned|6"]);
    assert_eq!(one(&world, "SELECT state, external_id, status FROM batches"), "planned||");

    // What waits is not planned twice, and is sent as it was written.
    check(
        &world,
        &["batch", "create", "--no-submit"],
        0,
        &["nothing to send: every group that is meant has been asked about"],
        &["hint: `gleaner batch submit` sends what waits"],
    );
    let written = fs::read_to_string(world.path("batch_files").join(file)).expect("the file is there");
    world.set_var("OPENAI_API_KEY", "sk-test");
    check(
        &world,
        &["batch", "wait"],
        0,
        &["nothing is open any more"],
        &["hint: `gleaner batch submit` sends what waits"],
    );
    assert!(world.journal().batches.is_empty(), "waiting does not send what was only written");
    world.run(&["batch", "submit"]).exits(0);
    let journal = world.journal();
    assert_eq!(journal.asked.len(), 6);
    let upload = journal.calls.iter().find(|call| call.endpoint == "files.create").expect("an upload");
    assert!(upload.content_length.is_some_and(|n| n > written.len() as u64), "{upload:?}");
    assert_eq!(fs::read_to_string(world.path("batch_files").join(file)).expect("it stays"), written);
    assert_eq!(world.rows("SELECT state, count(*) FROM requests GROUP BY state"), ["sent|6"]);
}

#[test]
fn a_batch_is_made_and_everything_is_written_down() {
    let world = World::with_groups(2);
    let estimate = world.json(&["batch", "create", "--dry-run"], 0)["estimate"].clone();
    let [tokens, cost, cache] = estimate_lines(&estimate);
    let ran = world.run(&["batch", "create"]);
    let bytes = one(&world, "SELECT input_bytes FROM batches").parse().expect("a number");
    let path = format!(
        "    DIR/batch_files/knowledge_extraction_batch_20261102_120000.jsonl ({})",
        gleaner::door::terminal::words::bytes(bytes)
    );
    let stdout = ["RUN1: 4 requests for 2 groups", "  BATCH1  in_progress", &path, &tokens, &cost, &cache];
    let usd = gleaner::door::terminal::words::dollars(estimate["batch_usd"].as_f64().expect("a price"));
    let stderr = [
        &format!("to be sent: 4 requests, about {usd}"),
        "batch `BATCH1`: 4 requests for 2 groups",
        "hint: `gleaner batch wait` waits and imports; `gleaner batch status` looks once",
    ];
    super::expect(&world, &ran, 0, &stdout, &stderr);

    let journal = world.journal();
    let [purchase] = &journal.batches[..] else { panic!("one batch: {:?}", journal.batches) };
    let row = one(
        &world,
        "SELECT run_id, part, state, external_id, input_file_id, sha256, n_groups, n_requests, origin_id IS NOT NULL FROM batches",
    );
    let run = one(&world, "SELECT id FROM runs");
    let sha256 = purchase.metadata["gleaner_sha256"].as_str().expect("a hash");
    assert_eq!(row, format!("{run}|1|open|{}|{}|{sha256}|2|4|1", purchase.batch_id, purchase.input_file_id));
    assert_eq!(purchase.metadata["gleaner_run"], run);
    assert_eq!(purchase.metadata["gleaner_part"], "1/1");
    assert_eq!(purchase.metadata["gleaner_db"], one(&world, "SELECT value FROM meta WHERE key = 'db_id'"));
    assert_eq!(purchase.metadata["gleaner_key"], one(&world, "SELECT gleaner_key FROM batches"));
    assert_eq!(
        one(&world, "SELECT mode, created_at, n_groups, n_requests FROM runs"),
        "batch|2026-11-02T12:00:00Z|2|4"
    );
    assert_eq!(
        world.rows("SELECT g.external_id, kind, state, attempt, sandbox FROM requests r JOIN story_groups g ON g.id = story_group_id ORDER BY r.id"),
        ["g2|topic|sent|1|1", "g2|entity|sent|1|1", "g1|topic|sent|1|1", "g1|entity|sent|1|1"]
    );
    assert_eq!(one(&world, "SELECT base_url, is_sandbox FROM origins"), format!("{}|1", world.sandbox.base_url()));
}

#[test]
fn a_database_without_groups_has_nothing_to_send() {
    let world = World::new();
    world.load_entities(&crate::harness::catalog());
    let stdout = ["nothing to send: the database has no story groups"];
    check(&world, &["batch", "create"], 0, &stdout, &["hint: load some with `gleaner load groups FILE`"]);
    assert!(world.journal().batches.is_empty());
}

#[test]
fn with_nothing_new_to_send_waiting_waits_for_what_is_open() {
    let world = World::with_groups(1);
    world.script(&short_answers());
    world.run(&["batch", "create"]).exits(0);
    let stdout = [
        "BATCH1  completed: 1 group, 2 topics, 3 entities (2 linked, 0 ambiguous)",
        "  account: sent 2 = usable 2 + unusable 0 + failed 0 + missing 0",
    ];
    check(&world, &["batch", "create", "--wait"], 0, &stdout, &["nothing new to send; waiting for what is open"]);
    check(
        &world,
        &["batch", "create", "--wait"],
        0,
        &["nothing to send: every group that is meant has been asked about"],
        &[],
    );
    assert_eq!(world.journal().batches.len(), 1);
}

#[test]
fn more_than_a_batch_holds_leaves_in_parts_with_pairs_together() {
    let world = World::with_groups(5);
    world.script(&short_answers());
    let dry = world.json(&["batch", "create", "--dry-run", "--max-requests", "4"], 0);
    let shown =
        |key: &str| dry["batches"].as_array().expect("parts").iter().map(|part| part[key].clone()).collect::<Vec<_>>();
    assert_eq!(
        (shown("groups"), shown("requests")),
        (vec![2.into(), 2.into(), 1.into()], vec![4.into(), 4.into(), 2.into()])
    );

    world.run(&["batch", "create", "--max-requests", "4"]).exits(0);
    let stem = "knowledge_extraction_batch_20261102_120000";
    let expected: Vec<String> =
        (1..=3).flat_map(|n| [format!("{stem}_part0{n}.jsonl"), format!("{stem}_part0{n}_metadata.json")]).collect();
    assert_eq!(batch_files(&world), expected);
    for (n, lines) in [(1, 4), (2, 4), (3, 2)] {
        let text =
            fs::read_to_string(world.path("batch_files").join(format!("{stem}_part0{n}.jsonl"))).expect("a part");
        assert_eq!(text.lines().count(), lines);
    }
    assert_eq!(
        world.rows("SELECT part, n_groups, n_requests, state FROM batches ORDER BY id"),
        ["1|2|4|open", "2|2|4|open", "3|1|2|open"]
    );
    let journal = world.journal();
    let parts: Vec<_> = journal.batches.iter().map(|batch| batch.metadata["gleaner_part"].clone()).collect();
    assert_eq!(parts, ["1/3", "2/3", "3/3"]);
    let ran = world.run(&["batch", "wait"]).exits(0).says("3 batches imported");
    assert_eq!(ran.stdout.matches("imported").count(), 1, "{}", ran.report());
    assert_eq!(world.count("SELECT count(*) FROM current_answers"), 10);
    assert!(journal.asked_again().is_empty());
}

#[test]
fn a_taken_name_gets_a_number() {
    let world = World::with_groups(4);
    let stem = "knowledge_extraction_batch_20261102_120000";
    let names = |suffixes: &[&str]| -> Vec<String> {
        let mut names: Vec<String> = suffixes
            .iter()
            .flat_map(|suffix| [format!("{stem}{suffix}.jsonl"), format!("{stem}{suffix}_metadata.json")])
            .collect();
        names.sort();
        names
    };
    for _ in 0..2 {
        world.run(&["batch", "create", "--no-submit", "--limit", "1"]).exits(0);
    }
    assert_eq!(batch_files(&world), names(&["", "_2"]));
    world.run(&["batch", "create", "--no-submit", "--max-requests", "2"]).exits(0);
    assert_eq!(batch_files(&world), names(&["", "_2", "_3_part01", "_3_part02"]));

    // A name in the ledger is taken also where its file is gone.
    let world = World::with_groups(2);
    world.run(&["batch", "create", "--no-submit", "--limit", "1"]).exits(0);
    fs::remove_dir_all(world.path("batch_files")).expect("the folder can be removed");
    world.run(&["batch", "create", "--no-submit"]).exits(0);
    assert_eq!(batch_files(&world), names(&["_2"]));
}

#[test]
fn two_databases_in_one_folder_never_write_over_each_others_files() {
    let mut world = World::with_groups(2);
    for args in [&["--max-requests", "2"][..], &[]] {
        let create = [&["batch", "create", "--no-submit"], args].concat();
        for name in ["one.db", "two.db"] {
            world.db = world.path(name);
            world.load_groups(&[crate::harness::group(1), crate::harness::group(2)]);
            let before = contents(&world);
            world.run(&create).exits(0);
            let after = contents(&world);
            assert!(after.len() > before.len());
            assert!(before.iter().all(|file| after.contains(file)), "{name}: a file was written over");
            fs::remove_file(&world.db).expect("the database can be removed");
        }
    }
}

/// Returns the files of `batch_files/` with their content.
fn contents(world: &World) -> Vec<(String, String)> {
    let read = |name: String| {
        let text = fs::read_to_string(world.path("batch_files").join(&name)).expect("the file is text");
        (name, text)
    };
    batch_files(world).into_iter().map(read).collect()
}

#[test]
fn a_sum_that_is_too_high_is_refused_before_anything_is_sent() {
    let world = World::with_groups(2);
    let stderr = world.run(&["batch", "create", "--max-cost", "0.000001"]).exits(1).stderr;
    assert!(stderr.contains("above `--max-cost 0.000001`"), "{stderr}");
    assert!(stderr.contains("hint: nothing was sent"), "{stderr}");
    world
        .run(&["batch", "create", "--max-cost", "5", "--model", "some-model-without-price"])
        .exits(1)
        .says("the price of `some-model-without-price` is not known");
    let dry = world.json(&["batch", "create", "--dry-run", "--model", "some-model", "--price", "1000,1000,0"], 0);
    let (tokens, usd) = (&dry["estimate"]["input_tokens"], &dry["estimate"]["sync_usd"]);
    assert_eq!(usd.as_f64(), tokens.as_u64().map(|n| n as f64 / 1000.0), "the price that was typed counts");
    assert!(world.journal().batches.is_empty());
    assert_eq!(world.count("SELECT count(*) FROM runs"), 0);
}
