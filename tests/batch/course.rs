use std::fs;

use serde_json::json;

use super::{check, masked, one, short_answers};
use crate::harness::{World, content};

const IMPORTED: [&str; 2] = [
    "BATCH1  completed: 2 groups, 4 topics, 6 entities (4 linked, 0 ambiguous)",
    "  account: sent 4 = usable 4 + unusable 0 + failed 0 + missing 0",
];

/// A world whose two groups are asked about in an open batch, which moves at each look.
fn open() -> World {
    let world = World::with_groups(2);
    let mut script = short_answers();
    script["pace"] = json!({"polls": 5});
    world.script(&script);
    world.run(&["batch", "create"]).exits(0);
    world
}

#[test]
fn status_tells_where_a_batch_stands_until_it_ends() {
    let world = open();
    let shown = |status: &str, n_done: u32| {
        vec![
            format!("BATCH1  {status}"),
            "  4 requests of 2 groups (gpt-6-luna), part 1, RUN1".to_owned(),
            format!("  at the provider: {n_done} completed, 0 failed of 4"),
        ]
    };
    let open_ends = ["  expires at 2026-11-03T12:00:00Z".to_owned()];
    let hint = ["hint: `gleaner batch wait` waits and imports"];
    // The create command looked once, so that a full queue would have shown.
    for (status, n_done) in [("in_progress", 2), ("in_progress", 3), ("finalizing", 4)] {
        let lines = [shown(status, n_done), open_ends.to_vec()].concat();
        check(&world, &["batch", "status"], 0, &lines.iter().map(String::as_str).collect::<Vec<_>>(), &hint);
    }
    let lines = shown("completed, not imported yet", 4);
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    check(&world, &["batch", "status"], 0, &lines, &["hint: `gleaner batch process` imports what has ended"]);
    let id = one(&world, "SELECT external_id FROM batches");
    let n_calls = world.journal().calls.len();
    check(&world, &["batch", "status", &id], 0, &lines, &["hint: `gleaner batch process` imports what has ended"]);
    assert_eq!(world.journal().calls.len(), n_calls, "what has ended is not asked for again");

    world.run(&["batch", "process"]).exits(0);
    check(&world, &["batch", "status"], 0, &["no batch is open"], &[]);
    let run = one(&world, "SELECT id FROM runs");
    let lines = [&shown("completed, imported", 4)[..], &[IMPORTED[1].to_owned()]].concat();
    check(&world, &["batch", "status", &run], 0, &lines.iter().map(String::as_str).collect::<Vec<_>>(), &[]);
}

#[test]
fn offline_status_and_list_tell_what_is_known_without_network_or_key() {
    let mut world = open();
    world.unset_var("OPENAI_API_KEY");
    let n_calls = world.journal().calls.len();
    world.run(&["batch", "status", "--offline"]).exits(0).says("in_progress");
    let lines = ["RUN1  2026-11-02T12:00:00Z  4 requests for 2 groups (a rehearsal)", "  BATCH1  in_progress"];
    check(&world, &["batch", "list", "--offline"], 0, &lines, &[]);
    assert_eq!(world.journal().calls.len(), n_calls);
    // Without a key `list` falls back, and says so.
    let ran = world.run(&["batch", "list"]).exits(0).says("showing what is known here").says("OPENAI_API_KEY");
    assert_eq!(masked(&world, &ran.stdout).lines().collect::<Vec<_>>(), lines);
}

#[test]
fn waiting_imports_and_a_second_time_there_is_nothing_to_wait_for() {
    let world = open();
    check(&world, &["batch", "wait"], 0, &IMPORTED, &[]);
    check(&world, &["batch", "wait"], 0, &["nothing to wait for"], &[]);
    assert_eq!(
        world.rows(
            "SELECT group_id, topic, label, confidence, rank, extracted_at FROM story_topics_named ORDER BY 1, 5"
        ),
        [
            "g1|moon landing|Moon Landing|0.900000000|1|2026-11-02T12:00:00Z",
            "g1|nasa|NASA|0.500000000|2|2026-11-02T12:00:00Z",
            "g2|moon landing|Moon Landing|0.900000000|1|2026-11-02T12:00:00Z",
            "g2|nasa|NASA|0.500000000|2|2026-11-02T12:00:00Z",
        ]
    );
    let mentions = "SELECT entity_type, mention_text, entity_id, outcome, confidence, is_primary, rank
                    FROM story_entities_named WHERE group_id = 'g2' ORDER BY ordinal";
    assert_eq!(
        world.rows(mentions),
        [
            "person|Ada Lovelace|p1|linked|0.900000000|1|1",
            "organization|ESA|o2|linked|0.800000000|0|2",
            "place|Houston||unknown|0.700000000|0|3",
        ]
    );
    assert_eq!(one(&world, "SELECT state, status FROM batches"), "imported|completed");
    assert!(one(&world, "SELECT imported_at FROM batches").as_str() > "2026-11-02T12:00:00Z", "waiting takes time");
    assert_eq!(world.journal().billed.len(), 4);
}

#[test]
fn a_batch_or_a_run_can_be_named_to_wait_for() {
    for column in ["external_id", "run_id"] {
        let world = open();
        let id = one(&world, &format!("SELECT {column} FROM batches"));
        check(&world, &["batch", "wait", &id], 0, &IMPORTED, &[]);
        check(&world, &["batch", "wait", &id], 0, &["nothing to wait for"], &[]);
    }
}

#[test]
fn process_imports_what_is_ready_and_says_what_is_not() {
    let world = open();
    let id = one(&world, "SELECT external_id FROM batches");
    check(
        &world,
        &["batch", "process"],
        0,
        &["nothing is ready: 1 batch open"],
        &["hint: `gleaner batch wait` waits and imports"],
    );
    check(
        &world,
        &["batch", "process", &id],
        1,
        &[],
        &[
            "error: batch `BATCH1` is not finished (status: in_progress, 3 of 4 requests)",
            "hint: run `gleaner batch status BATCH1` to follow it, or `gleaner batch cancel BATCH1` to stop it",
        ],
    );
    world.run(&["batch", "status"]).exits(0);

    // The dry run tells the same numbers, from the same download, and writes nothing.
    let dry = [&IMPORTED[..], &[]].concat();
    check(
        &world,
        &["batch", "process", "--dry-run"],
        0,
        &dry,
        &["hint: nothing was written; leave `--dry-run` out to import"],
    );
    assert_eq!(world.count("SELECT count(*) FROM story_topics"), 0);
    assert_eq!(one(&world, "SELECT state FROM batches"), "ended");
    assert!(super::batch_files(&world).iter().all(|name| !name.contains("output")), "nothing is kept of it");
    check(&world, &["batch", "process"], 0, &IMPORTED, &[]);
    check(&world, &["batch", "process"], 0, &["nothing to import: no batch is open"], &[]);

    // A second import of the same batch changes nothing.
    let content = world.content();
    check(&world, &["batch", "process", &id], 0, &IMPORTED, &[]);
    assert_eq!(world.content(), content);
}

#[test]
fn a_file_is_imported_without_network_or_key() {
    let mut world = World::with_groups(2);
    world.run(&["batch", "create", "--no-submit"]).exits(0);
    world.unset_var("OPENAI_API_KEY");
    let line = |id: &str, text: &str| json!({"custom_id": id, "response": {"status_code": 200, "body": {"output_text": text}}});
    let topics = r#"Here you are: {"topics":[{"topic":"Moon","confidence":2,"rank":1}]}"#;
    let entities =
        r#"[{"entity_type":"person","mention_text":"Ada Lovelace","is_primary":true,"confidence":0.9,"rank":1}]"#;
    world.write_lines("out.jsonl", &[line("topic_g1", topics), line("entity_g1", entities), line("topic_g9", topics)]);
    // A line of nobody's request: no single batch holds all the ids, so the batch must be named.
    let said = ["error: which batch these files answer is not clear: no single open batch or run holds all their ids"];
    let hint = ["hint: name it: `gleaner batch process BATCH --file FILE`; `gleaner batch list` shows them"];
    check(&world, &["batch", "process", "--file", "out.jsonl"], 2, &[], &[&said[..], &hint].concat());
    let run = one(&world, "SELECT id FROM runs");
    let shown = [
        "RUN1 part 1  by hand: 1 group, 1 topic, 1 entity (1 linked, 0 ambiguous)",
        "  account: sent 2 = usable 2 + unusable 0 + failed 0 + missing 0",
        "  1 line was set aside: nobody asked for that",
        "  1 value was out of range and brought into it",
        "  2 answers were mended",
    ];
    check(
        &world,
        &["batch", "process", &run, "--file", "out.jsonl", "--dry-run"],
        3,
        &shown,
        &["hint: nothing was written; leave `--dry-run` out to import"],
    );
    assert_eq!(world.count("SELECT count(*) FROM answers"), 0);
    check(&world, &["batch", "process", &run, "--file", "out.jsonl"], 3, &shown, &[]);
    assert_eq!(one(&world, "SELECT group_id, topic, confidence FROM story_topics_named"), "g1|moon|1.000000000");
    assert_eq!(one(&world, "SELECT mention_text, entity_id FROM story_entities_named"), "Ada Lovelace|p1");
    assert_eq!(world.rows("SELECT state, count(*) FROM requests GROUP BY state"), ["planned|2", "usable|2"]);
    assert_eq!(one(&world, "SELECT custom_id FROM foreign_lines"), "topic_g9");

    // The rest comes in a second file, and then the batch is found by its ids.
    world.write_lines("rest.jsonl", &[line("topic_g2", topics), line("entity_g2", entities)]);
    world.run(&["batch", "process", "--file", "rest.jsonl"]).exits(0).says("account: sent 4 = usable 4");
    assert_eq!(one(&world, "SELECT state FROM batches"), "imported");
    // Read a second time it is the answer of a batch that is imported already, and nothing changes.
    let before = content(&world.db);
    world.run(&["batch", "process", "--file", "rest.jsonl"]).exits(0).says("which was imported already");
    world.run(&["batch", "process", &run, "--file", "rest.jsonl"]).exits(0).says("account: sent 4 = usable 4");
    assert_eq!(content(&world.db), before);
    world.run(&["batch", "process", "--file", "none.jsonl"]).exits(2).says("there is no file `none.jsonl`");
    assert!(world.journal().calls.is_empty(), "no network");
}

#[test]
fn submit_sends_a_run_that_waits_and_can_wait_for_it() {
    let world = World::with_groups(2);
    let mut script = short_answers();
    // A rehearsal would not count for the second run, so this passes for a real provider.
    script["faults"] = json!([{"on": "*", "times": 0, "headers": {"x-gleaner-sandbox": null}}]);
    world.script(&script);
    check(&world, &["batch", "submit"], 0, &["nothing waits to be sent"], &[]);
    world.run(&["batch", "create", "--no-submit", "--limit", "1"]).exits(0);
    let run = one(&world, "SELECT id FROM runs");
    world.run(&["batch", "submit", &run]).exits(0).says(&run).says("batch `batch_");
    check(&world, &["batch", "submit", &run], 0, &["nothing waits to be sent"], &[]);
    world.run(&["batch", "create", "--no-submit"]).exits(0);
    world.run(&["batch", "submit", "--wait"]).exits(0).says("completed: 1 group");
    assert_eq!(world.journal().batches.len(), 2);
    world.run(&["batch", "wait"]).exits(0);
    assert_eq!(world.count("SELECT count(*) FROM current_answers"), 4);
    assert!(world.journal().asked_again().is_empty());
}

#[test]
fn a_cancelled_batch_keeps_what_was_answered_and_sends_the_rest_again() {
    let world = open();
    let id = one(&world, "SELECT external_id FROM batches");
    let hint = ["hint: cancelling takes up to ten minutes; `gleaner batch wait` imports what was answered"];
    check(&world, &["batch", "cancel", &id], 0, &["BATCH1  cancelling"], &hint);
    let account = world.json(&["batch", "wait"], 3)["batches"][0]["account"].clone();
    let states = world.rows("SELECT state, reason, count(*) FROM requests GROUP BY 1, 2 ORDER BY 1");
    let (n_usable, n_failed) = (account["usable"].as_u64().unwrap_or(0), account["failed"].as_u64().unwrap_or(0));
    assert_eq!(states, [format!("failed|batch_cancelled|{n_failed}"), format!("usable||{n_usable}")]);
    assert!(n_usable > 0 && n_failed > 0 && n_usable + n_failed == 4, "{account}");

    let created = world.json(&["batch", "create"], 0);
    assert_eq!(created["total_requests"], n_failed, "what was never billed, and nothing else");
    world.run(&["batch", "wait"]).exits(0);
    assert_eq!(world.count("SELECT count(*) FROM current_answers"), 4);
    assert_eq!(world.journal().billed.values().sum::<u32>(), 4, "each was paid once");
}

#[test]
fn cancelling_drops_a_plan_and_refuses_what_has_ended() {
    let world = World::with_groups(2);
    world.script(&short_answers());
    world.run(&["batch", "create", "--no-submit"]).exits(0);
    let run = one(&world, "SELECT id FROM runs");
    check(&world, &["batch", "cancel", &run], 0, &["RUN1 part 1  dropped before it was sent"], &[]);
    assert_eq!(world.rows("SELECT state, reason, count(*) FROM requests GROUP BY 1, 2"), ["withdrawn|cancelled|4"]);
    assert!(world.journal().calls.is_empty());

    world.run(&["batch", "create", "--wait"]).exits(0);
    let id = one(&world, "SELECT external_id FROM batches WHERE external_id IS NOT NULL");
    check(
        &world,
        &["batch", "cancel", &id],
        1,
        &[],
        &[
            "error: `BATCH1` can't be cancelled: completed, imported",
            "hint: `gleaner batch process` imports what has ended",
        ],
    );
    assert_eq!(world.journal().n_calls("batches.cancel"), 0);
}

#[test]
fn answers_to_a_plan_that_was_dropped_are_taken_by_the_next() {
    let world = World::with_groups(2);
    let line = |id: &str, output: serde_json::Value| json!({"custom_id": id, "response": {"status_code": 200, "body": {"output_text": output.to_string()}}});
    let topics = json!({"topics": [{"topic": "moon", "confidence": 0.9, "rank": 1}]});
    let entities = json!({"entities": [{"type": "person", "mention": "Ada Lovelace", "rank": 1}]});
    let lines = ["g1", "g2"]
        .map(|id| [line(&format!("topic_{id}"), topics.clone()), line(&format!("entity_{id}"), entities.clone())]);
    world.write_lines("out.jsonl", lines.as_flattened());
    let create = ["batch", "create", "--no-submit"];
    let run = world.json(&create, 0)["run_id"].as_str().unwrap().to_owned();
    world.run(&["batch", "cancel", &run]).exits(0);
    let dropped = world.run(&["batch", "process", &run, "--file", "out.jsonl"]);
    dropped.says("4 lines were set aside").says("if its files were sent all the same");
    assert_eq!(world.count("SELECT count(*) FROM answers"), 0);
    let run = world.json(&create, 0)["run_id"].as_str().unwrap().to_owned();
    world.run(&["batch", "process", &run, "--file", "out.jsonl"]).exits(0).says("account: sent 4 = usable 4");
    world.run(&["show", "g1"]).exits(0).says("by hand");
}

#[test]
fn the_list_joins_what_is_known_here_with_what_the_provider_has() {
    let mut world = open();
    let lines = ["RUN1  2026-11-02T12:00:00Z  4 requests for 2 groups (a rehearsal)", "  BATCH1  in_progress"];
    check(&world, &["batch", "list"], 0, &lines, &[]);
    let mine = world.db.clone();
    world.db = world.path("other.db");
    check(
        &world,
        &["batch", "list"],
        2,
        &[],
        &[
            "error: there is no database at `DIR/other.db`",
            "hint: `gleaner load groups FILE` makes one; `gleaner demo` shows the whole job",
            "hint: another place is named with `--db PATH` or the variable `GLEANER_DB`",
        ],
    );
    world.load_groups(&[crate::harness::group(7)]);
    let ran = world.run(&["batch", "list"]).exits(0);
    let theirs = world.journal().batches[0].batch_id.clone();
    assert_eq!(ran.stdout, format!("{theirs}  in_progress, 4 requests (another database)\n"));
    world.db = mine;
    let list = world.json(&["batch", "list"], 0);
    assert_eq!((&list["is_online"], &list["other"]), (&json!(true), &json!([])));
}

#[test]
fn progress_keeps_rehearsals_apart_and_names_the_next_step() {
    let world = World::with_groups(3);
    world.script(&short_answers());
    let groups = ["groups  3 groups", "  3 can be asked about, 0 without text, 0 not active; 3 stories"];
    let nothing = ["asked  0 of 3 groups answered", "catalog  3 entities in the catalog"];
    let learned = "learned  0 topics, 0 mentions, 0 of them linked";
    check(
        &world,
        &["progress"],
        0,
        &[&groups[..], &nothing, &[learned]].concat(),
        &["hint: `gleaner batch create --dry-run` shows what the rest would cost"],
    );
    world.run(&["batch", "create", "--limit", "1", "--wait"]).exits(0);
    let rehearsed = [
        "asked  0 of 3 groups answered",
        "rehearsed with a sandbox (counts for nothing else)  1 of 3 groups answered",
        "  2 requests answered",
        "  2 requests tell no usage that can be: what was paid for that is not known, and in no sum",
        "catalog  3 entities in the catalog",
        "learned  2 topics, 3 mentions, 2 of them linked",
        "  2 mentions stand nowhere in the stories, or only inside a longer name; `--require-grounding` leaves that out",
    ];
    check(
        &world,
        &["progress"],
        0,
        &[&groups[..], &rehearsed].concat(),
        &["hint: `gleaner batch create --dry-run` shows what the rest would cost"],
    );
    world.run(&["batch", "create", "--limit", "1", "--no-submit"]).exits(0);
    let ran = world.run(&["progress"]).exits(0);
    assert_eq!(ran.stderr, "hint: `gleaner batch submit` sends what waits\n", "{}", ran.report());
    world.run(&["batch", "submit"]).exits(0);
    let ran = world.run(&["progress"]).exits(0);
    assert_eq!(ran.stderr, "hint: 1 batch open: `gleaner batch wait` waits and imports\n", "{}", ran.report());
    let shown = world.json(&["progress"], 0);
    assert_eq!(
        (&shown["sandbox"]["in_flight"], &shown["real"]["usable"], &shown["open_batches"]),
        (&json!(2), &json!(0), &json!(1))
    );
}

#[test]
fn rebuild_reads_every_kept_answer_again() {
    let world = open();
    world.run(&["batch", "wait"]).exits(0);
    let content = world.content();
    let rebuilt = "rebuilt from 4 answers: 4 topics, 6 mentions, 4 of them linked";
    check(&world, &["rebuild"], 0, &[rebuilt], &[]);
    assert_eq!(world.content(), content, "the same answers, the same knowledge");
    world.sql().execute_batch("DELETE FROM story_topics; DELETE FROM story_entities").expect("rows can be deleted");
    check(&world, &["rebuild"], 0, &[rebuilt], &[]);
    assert_eq!(world.content(), content, "the answers hold all that was learned");

    // With a better catalog the same answers are linked further.
    world.write_lines("more.jsonl", &[json!({"id": "h", "type": "place", "name": "Houston"})]);
    world.run(&["load", "entities", "more.jsonl"]).exits(0);
    check(&world, &["rebuild"], 0, &["rebuilt from 4 answers: 4 topics, 6 mentions, 6 of them linked"], &[]);
    assert_eq!(world.journal().billed.len(), 4, "nothing was asked again");
}

#[test]
fn cleaning_deletes_the_providers_files_of_what_is_imported() {
    let world = open();
    check(
        &world,
        &["batch", "clean", "--yes"],
        0,
        &["nothing to delete: no batch that is over has files at this provider"],
        &[],
    );
    world.run(&["batch", "wait"]).exits(0);
    world.run(&["batch", "clean", "--dry-run"]).exits(0).says("would delete 2 files of 1 batch at the provider");
    world.run(&["batch", "clean"]).exits(1).says("nothing was deleted").says("`--yes` deletes without asking");
    assert_eq!(world.journal().n_calls("files.delete"), 0);
    world.run(&["batch", "clean", "--yes"]).exits(0).says("deleted 2 files of 1 batch at the provider");
    assert_eq!(world.journal().n_calls("files.delete"), 2);
    check(
        &world,
        &["batch", "clean", "--yes"],
        0,
        &["nothing to delete: no batch that is over has files at this provider"],
        &[],
    );
    // The answers are here, and what was downloaded once is as good.
    let id = one(&world, "SELECT external_id FROM batches");
    world.run(&["batch", "process", &id]).exits(0).says("from the first time");
    assert!(fs::metadata(world.path(&one(&world, "SELECT input_file_path FROM batches"))).is_ok());
}
