use std::fs;

use serde_json::json;

use super::{account, bought_once, copied, printed};
use crate::harness::{World, content, group, same_content};

#[test]
fn the_database_alone_finishes_the_job_on_another_machine() {
    // Copied while it is only planned, while it waits in parts, in mid-air, and after its end.
    type Step = fn(&World);
    let table: [(&str, Step); 5] = [
        ("planned", |world| _ = world.run(&["batch", "create", "--no-submit"]).exits(0)),
        ("sent", |world| _ = world.run(&["batch", "create"]).exits(0)),
        ("sent in part", |world| {
            world.script(&json!({"faults": [{"on": "files.create", "nth": 2, "times": 0, "status": 400,
                "json": {"error": {"message": "Not today."}}}]}));
            world.run(&["batch", "create", "--max-requests", "4"]).exits(1);
            world.script(&json!({}));
        }),
        ("held by the queue", |world| {
            world.script(&json!({"limits": {"enqueued_tokens": {"*": 10_000}}}));
            world.run(&["batch", "create", "--max-enqueued-tokens", "10000"]).exits(0);
        }),
        ("ended", |world| {
            world.run(&["batch", "create"]).exits(0);
            world.run(&["batch", "status"]).exits(0);
            world.run(&["batch", "status"]).exits(0);
        }),
    ];
    for (what, step) in table {
        eprintln!("{what}");
        let mut world = World::with_groups(6);
        step(&world);
        world.db = copied(&world, "elsewhere");
        let runs = world.rows("SELECT id FROM runs");
        world.run(&["batch", "submit", &runs[0]]).exits(0);
        world.run(&["batch", "wait"]).exits(0);
        account(&world, [12, 0, 0, 0]);
        let n_batches = world.count("SELECT count(*) FROM batches WHERE state = 'imported'");
        bought_once(&world, n_batches as usize, 12);
        assert_eq!(world.count("SELECT count(*) FROM current_answers"), 12);
    }
}

#[test]
fn a_plan_is_sent_as_the_texts_are_then() {
    let mut world = World::with_groups(3);
    let run = world.json(&["batch", "create", "--no-submit"], 0)["run_id"].as_str().unwrap().to_owned();
    let mut changed = group(2);
    changed["stories"][0]["text"] = json!("All new: NASA sold the moon.");
    let mut retired = group(3);
    retired["status"] = json!("archived");
    world.load_groups(&[changed, retired]);
    world.db = copied(&world, "elsewhere");
    world.run(&["batch", "submit", &run, "--wait"]).exits(0);
    bought_once(&world, 1, 4);
    let sent = fs::read_to_string(world.path("elsewhere").join(&world.rows("SELECT input_file_path FROM batches")[0]));
    assert!(sent.unwrap().contains("All new: NASA sold the moon."));
    // Nothing of it is stale: each request has the fingerprint of what was sent.
    let stale = "SELECT count(*) FROM requests r JOIN story_groups g ON g.id = r.story_group_id
                 WHERE r.state = 'usable' AND r.text_hash IS NOT g.text_hash";
    assert_eq!(world.count(stale), 0);
    assert_eq!(world.count("SELECT count(*) FROM requests WHERE state = 'withdrawn'"), 2);
}

#[test]
fn a_batch_of_another_copy_is_adopted_from_its_own_input_file() {
    let mut world = World::with_groups(3);
    let first = world.db.clone();
    let second = copied(&world, "copy");
    world.run(&["batch", "create", "--wait"]).exits(0);
    let id = world.rows("SELECT external_id FROM batches").remove(0);

    world.db = second.clone();
    world.run(&["batch", "create"]).exits(1).says(&format!("gleaner batch process {id}"));
    world.run(&["batch", "process", &id, "--dry-run"]).exits(2);
    assert_eq!(world.count("SELECT count(*) FROM runs"), 0);
    let ran = world.run(&["batch", "process", &id]).exits(0);
    ran.says("adopted from its own input file, 6 requests for 3 groups").says("sent 6 = usable 6");
    bought_once(&world, 1, 6);
    account(&world, [6, 0, 0, 0]);
    // Both copies know the same, down to the ids; only the times of the command differ in nothing that counts.
    same_content(&content(&first), &content(&second));
    // And go on from there: nothing is asked again, nothing is stale.
    world.run(&["batch", "create", "--stale"]).exits(0).says("nothing to send");
    world.run(&["batch", "process", &id]).exits(0);
    same_content(&content(&first), &content(&second));
}

#[test]
fn a_batch_with_a_list_of_topics_is_adopted_with_its_list() {
    let mut world = World::with_groups(2);
    let list = ["profile", "topics", "news", "--from", "-", "-o", "mine.toml"];
    world.run_with_stdin(&list, "trade\nmoon landing\n").exits(0);
    world.run(&["profile", "use", "mine.toml"]).exits(0);
    let first = world.db.clone();
    let second = copied(&world, "copy");
    world.run(&["batch", "create", "--wait"]).exits(0);
    let id = world.rows("SELECT external_id FROM batches").remove(0);
    world.db = second.clone();
    world.run(&["batch", "process", &id]).exits(0);
    same_content(&content(&first), &content(&second));
    world.run(&["batch", "create", "--stale"]).exits(0).says("nothing to send");
    // Where the list is not known the answers are those to another question, and stay.
    world.run(&["profile", "use", "news"]).exits(0);
    world.run(&["batch", "create"]).exits(0).says("nothing to send");
    bought_once(&world, 1, 4);
}

#[test]
fn two_copies_of_an_uncertain_part_find_the_same_batch() {
    for stage in ["received", "done"] {
        let mut world = World::with_groups(2);
        world.script(&json!({"faults": [
            {"on": "batches.create", "at": stage, "close": true},
            {"on": "batches.list", "nth": 3, "times": 9, "status": 503, "text": "down"}]}));
        world.run(&["batch", "create"]).exits(3);
        world.script(&json!({}));
        let second = copied(&world, "copy");
        // The first copy adopts it, or asks again; the second finds it by its key, or by its file.
        world.run(&["batch", "wait"]).exits(0);
        account(&world, [4, 0, 0, 0]);
        let first = std::mem::replace(&mut world.db, second);
        world.run(&["batch", "wait"]).exits(0);
        account(&world, [4, 0, 0, 0]);
        bought_once(&world, 1, 4);
        same_content(&content(&first), &content(&world.db));
    }
}

#[test]
fn what_this_copy_planned_itself_is_withdrawn_for_what_the_other_bought() {
    let mut world = World::with_groups(3);
    let run = world.json(&["batch", "create", "--no-submit"], 0)["run_id"].as_str().unwrap().to_owned();
    let second = copied(&world, "copy");
    world.script(&json!({"pace": {"polls": 6}}));
    world.run(&["batch", "submit", &run]).exits(0);
    let id = world.rows("SELECT external_id FROM batches").remove(0);
    world.db = second;
    // It still runs: adopted, though there is nothing to import yet.
    world.run(&["batch", "process", &id]).exits(1).says("adopted from").says("is not finished");
    world.run(&["batch", "submit", &run]).exits(0).says("nothing waits");
    world.run(&["batch", "wait"]).exits(0);
    account(&world, [6, 0, 0, 0]);
    bought_once(&world, 1, 6);
}

#[test]
fn a_batch_of_another_model_and_other_texts_is_adopted_as_what_it_asked() {
    let mut world = World::with_groups(2);
    let second = copied(&world, "copy");
    world.load_groups(&[group(7)]);
    let args = ["batch", "create", "--model", "gpt-6.1-terra", "--effort", "high", "--endpoint", "chat", "--wait"];
    world.run(&args).exits(0);
    let id = world.rows("SELECT external_id FROM batches").remove(0);
    world.db = second;
    let mut changed = group(1);
    changed["stories"][0]["text"] = json!("Another story by now.");
    world.load_groups(&[changed]);
    // One group is not here: its answers are set aside. One was asked with another text, both with another model.
    let ran = world.run(&["batch", "process", &id]).exits(3);
    ran.says("2 lines of that batch stand for groups that are not in this database").says("sent 4 = usable 4");
    let asks =
        world.rows("SELECT DISTINCT model, endpoint, json_extract(parameters, '$.reasoning_effort') FROM prompts");
    assert_eq!(asks, ["gpt-6.1-terra|/v1/chat/completions|high"]);
    assert_eq!(world.count("SELECT count(*) FROM foreign_lines"), 2);
    let fresh = "SELECT g.external_id FROM requests r JOIN story_groups g ON g.id = r.story_group_id
                 WHERE r.text_hash IS g.text_hash GROUP BY 1";
    assert_eq!(world.rows(fresh), ["g2"]);
    world.run(&["batch", "create"]).exits(0).says("4 answers stand for texts or prompts that have changed");
}

#[test]
fn what_cannot_be_adopted_any_more_can_be_left_aside() {
    let mut world = World::with_groups(2);
    let (first, second) = (world.db.clone(), copied(&world, "copy"));
    world.run(&["batch", "create", "--wait"]).exits(0);
    world.run(&["batch", "clean", "--yes"]).exits(0);
    let id = world.rows("SELECT external_id FROM batches").remove(0);
    world.db = second;
    world.run(&["batch", "create"]).exits(1).says("another copy").says(&format!("gleaner batch cancel {id} --local"));
    world.run(&["batch", "process", &id]).exits(1).says("cannot read what batch");
    world.run(&["batch", "cancel", &id, "--local"]).exits(0).says("given up here");
    world.run(&["batch", "create", "--wait"]).exits(0);
    account(&world, [4, 0, 0, 0]);
    // Nothing of another database is recorded so.
    world.run(&["batch", "cancel", "batch_nowhere", "--local"]).exits(2).says("no batch or run");
    world.db = first;
    account(&world, [4, 0, 0, 0]);
}

#[test]
fn what_is_no_batch_of_ours_is_not_adopted() {
    let world = World::with_groups(1);
    world.run(&["batch", "process", "batch_nowhere"]).exits(2).says("no batch or run `batch_nowhere`");
    let mut other = World::new();
    other.set_var("OPENAI_BASE_URL", &world.sandbox.base_url());
    other.load_groups(&[json!({"id": "another", "text": "A story about something else."})]);
    let batch = other.json(&["batch", "create"], 0)["batches"][0]["batch_id"].as_str().unwrap().to_owned();
    world.run(&["batch", "process", &batch]).exits(1).says("asks about no group of this database");
    assert_eq!(world.count("SELECT count(*) FROM runs"), 0, "nothing is kept of it");
    assert_eq!(printed(&other.json(&["batch", "wait"], 0)), [2, 2, 0, 0, 0]);
}
