use std::fs;

use serde_json::json;

use super::{account, bought_once};
use crate::harness::{World, group};

#[test]
fn of_two_collectors_the_second_waits_for_the_first() {
    let world = World::with_groups(3);
    let (here, go) = (world.path("here"), world.path("go"));
    let fault = json!({"on": "files.content", "nth": 1, "announce": here, "hold": go});
    world.script(&json!({"batches": [{"set": {"request_counts": null}}], "faults": [fault]}));
    world.run(&["batch", "create"]).exits(0);
    let batch = world.rows("SELECT external_id FROM batches").remove(0);
    let mut first = world.start(&["batch", "process", &batch]);
    first.until(&here);
    let mut second = world.start(&["batch", "process", &batch]);
    second.until_it_says(&format!("batch {batch} is being collected by process {}, since ", first.id()));
    fs::write(&go, "").unwrap();
    let (first, second) = (first.end().exits(0), second.end().exits(0));
    assert_eq!(first.stdout, second.stdout, "both tell of the same batch");
    account(&world, [6, 0, 0, 0]);
    let left = fs::read_dir(world.path("batch_files")).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(left.map(|name| name.to_string_lossy().into_owned()).all(|name| !name.contains("batch-")));
}

#[test]
fn others_may_send_while_one_waits() {
    let world = World::with_groups(3);
    let (here, go) = (world.path("here"), world.path("go"));
    world.script(&json!({"faults": [{"on": "batches.get", "nth": 2, "announce": here, "hold": go}]}));
    let mut waiting = world.start(&["batch", "create", "--wait"]);
    waiting.until(&here);
    world.load_groups(&[group(4)]);
    world.run(&["batch", "create"]).exits(0);
    fs::write(&go, "").unwrap();
    waiting.end().exits(0);
    bought_once(&world, 2, 8);
}

#[test]
fn an_export_is_read_to_its_end_before_it_is_shown() {
    use std::io::Read as _;
    use std::process::Stdio;

    let mut world = World::new();
    let groups: Vec<_> = (1..=2000).map(group).collect();
    world.load_groups(&groups);
    world.set_var("NO_COLOR", "1");
    let mut reader = world.command(&["export", "groups"]).stdout(Stdio::piped()).spawn().unwrap();
    // It has begun to write and nobody reads on: a writer does not wait for that.
    let mut first = [0; 1];
    reader.stdout.as_mut().unwrap().read_exact(&mut first).unwrap();
    let writer = world.sql();
    writer.busy_timeout(std::time::Duration::ZERO).unwrap();
    writer.execute("UPDATE story_groups SET title = 'x'", []).unwrap();
    reader.kill().unwrap();
    reader.wait().unwrap();
}

#[test]
fn three_collectors_of_a_batch_without_counts_lose_nothing() {
    let world = World::with_groups(3);
    let (here, go) = (world.path("here"), world.path("go"));
    let fault = json!({"on": "files.content", "nth": 1, "announce": here, "hold": go});
    world.script(&json!({"batches": [{"set": {"request_counts": null}}], "faults": [fault]}));
    world.run(&["batch", "create"]).exits(0);
    let mut first = world.start(&["batch", "process"]);
    first.until(&here);
    let said = format!("is being collected by process {}, since ", first.id());
    let mut others = [world.start(&["batch", "process"]), world.start(&["batch", "wait"])];
    others.iter_mut().for_each(|other| other.until_it_says(&said));
    fs::write(&go, "").unwrap();
    first.end().exits(0).says("sent 6 = usable 6");
    for other in others {
        other.end().exits(0).says("sent 6 = usable 6");
    }
    account(&world, [6, 0, 0, 0]);
    world.run(&["batch", "create"]).exits(0).says("nothing to send");
    bought_once(&world, 1, 6);
}

#[test]
#[cfg(unix)]
fn the_right_to_send_is_the_database_s_and_not_the_folder_s() {
    let mut world = World::with_groups(2);
    let (first, neighbour) = (world.db.clone(), world.path("neighbour.db"));
    world.db = neighbour.clone();
    world.load_groups(&[group(7)]);
    let link = world.path("elsewhere/link.db");
    fs::create_dir(world.path("elsewhere")).unwrap();
    std::os::unix::fs::symlink(&first, &link).unwrap();

    let (here, go) = (world.path("here"), world.path("go"));
    world.script(&json!({"faults": [{"on": "files.create", "at": "received", "announce": here, "hold": go}]}));
    world.db = first.clone();
    let mut sender = world.start(&["batch", "create"]);
    sender.until(&here);
    // By another name it is the same database.
    world.db = link;
    let ran = world.run(&["batch", "create"]).exits(1);
    ran.says(&format!("another gleaner is sending requests with this database: process {}, since 2026-", sender.id()));
    // In the same folder there is another one.
    world.db = neighbour;
    world.run(&["batch", "create"]).exits(0);
    fs::write(&go, "").unwrap();
    sender.end().exits(0);
    world.db = first;
    world.run(&["batch", "wait"]).exits(0);
    assert_eq!(world.journal().batches.len(), 2);
    account(&world, [4, 0, 0, 0]);
}

#[test]
fn a_wait_outlasts_a_database_that_is_locked() {
    // While it looks through the provider's list, and while it looks at its batch.
    for (on, nth) in [("batches.list", 3), ("batches.get", 2)] {
        let mut world = World::with_groups(2);
        world.set_var("GLEANER_TEST_BUSY_MS", "5");
        let (here, go) = (world.path("here"), world.path("go"));
        world.script(&json!({"faults": [{"on": on, "nth": nth, "announce": here, "hold": go}]}));
        world.run(&["batch", "create"]).exits(0);
        let mut waiting = world.start(&["batch", "wait"]);
        waiting.until(&here);
        let other = world.sql();
        other.execute_batch("BEGIN EXCLUSIVE").unwrap();
        fs::write(&go, "").unwrap();
        waiting.until_it_says("database is locked; looking again in ");
        if on == "batches.list" {
            // It does not keep the right to spend meanwhile, and waits for who has taken it.
            let right = fs::File::open(world.path("batch_files/.g.db.spending.lock")).unwrap();
            right.lock().unwrap();
            waiting.until_it_says(" is sending; looking again in ");
        }
        drop(other);
        waiting.end().exits(0);
        bought_once(&world, 1, 4);
        account(&world, [4, 0, 0, 0]);
    }
}
