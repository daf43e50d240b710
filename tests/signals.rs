use std::fs;
use std::io::{Read as _, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{World, group, hang_up, interrupt};

fn signal(name: &str, process: u32) {
    let status = Command::new("kill").args([name, &process.to_string()]).status();
    assert!(status.is_ok_and(|status| status.success()), "the program still runs");
}

/// Waits for something that the program does by itself, not for a time.
#[track_caller]
fn until(mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(Instant::now() < end, "it never did");
        thread::sleep(Duration::from_millis(2));
    }
}

/// Groups that are more than a pipe holds: once they are written, the program has begun to read.
fn more_than_a_pipe_holds(stdin: &mut ChildStdin) {
    let text = "The lander came down. ".repeat(1000);
    for n in 1..=20 {
        let line = json!({"id": format!("long{n}"), "text": text});
        writeln!(stdin, "{line}").expect("it is read");
    }
}

fn stderr_of(child: Child) -> (Option<i32>, String) {
    let output = child.wait_with_output().expect("the program can be waited for");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// A pipe that nobody writes into any more: the read would last for ever.
#[test]
fn a_read_ends_and_leaves_the_database_whole() {
    for name in [interrupt(), "-TERM", hang_up()] {
        let world = World::new();
        let mut command = world.command(&["load", "groups", "-"]);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it was built");
        let mut stdin = child.stdin.take().expect("it is a pipe");
        more_than_a_pipe_holds(&mut stdin);
        signal(name, child.id());
        let (code, stderr) = stderr_of(child);
        assert_eq!(code, Some(130), "{stderr}");
        assert!(!stderr.contains("error"), "{stderr}");
        drop(stdin);
        // The kind of a pipe is decided from its beginning; nothing of it was loaded yet.
        world.load_groups(&[group(1)]);
        assert_eq!(world.count("SELECT count(*) FROM story_groups"), 1);
        world.run(&["check"]).exits(0);
    }
}

/// A catalog that would take hours, each row of which is written slowly: what was written is kept whole, and the same
/// file goes on from there.
#[test]
fn a_load_of_a_catalog_ends_between_two_entities() {
    const N: usize = 5000;
    let world = World::new();
    let entity = |n: usize| {
        let name = format!("Person {n}");
        json!({"id": format!("e{n}"), "type": "person", "name": name, "aliases": [format!("P. {n}"), format!("{n}th")]})
    };
    world.load_entities(&[entity(0)]);
    world
        .sql()
        .execute_batch(
            "CREATE VIEW slow AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000) SELECT i FROM n;
             CREATE TRIGGER slow_entities AFTER INSERT ON entities BEGIN SELECT count(*) FROM slow; END;",
        )
        .unwrap();
    let path = world.write_lines("many.jsonl", &(1..=N).map(entity).collect::<Vec<_>>()).display().to_string();
    let mut command = world.command(&["load", "entities", &path]);
    let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it was built");
    // It writes as soon as nobody else may begin to.
    let writer = world.sql();
    writer.busy_timeout(Duration::ZERO).unwrap();
    until(|| writer.execute_batch("BEGIN IMMEDIATE; ROLLBACK").is_err());
    signal(interrupt(), child.id());
    let (code, stderr) = stderr_of(child);
    assert_eq!(code, Some(130), "{stderr}");
    world.sql().execute_batch("DROP TRIGGER slow_entities; DROP VIEW slow").unwrap();
    let n = world.count("SELECT count(*) FROM entities") as usize;
    assert!(n < N, "{n}");
    // The signal may also come before the first entity, while the file is looked at.
    let is_said = stderr.contains("what was loaded so far is saved; load the file again to go on");
    assert!(is_said || n == 1, "{n} {stderr}");
    assert_eq!(world.count("SELECT count(*) FROM entity_aliases") as usize, 2 * n);
    world.has_no_transcript("how many were written before the signal is up to the machine");
    world.run(&["check"]).exits(0);
    let rest = world.json(&["load", "entities", &path], 0);
    assert_eq!((&rest["new"], &rest["unchanged"]), (&json!(N + 1 - n), &json!(n - 1)));
}

/// A pipe that nobody reads any more, as under a pager that stands still.
#[test]
fn an_export_ends() {
    let world = World::new();
    let entities: Vec<Value> =
        (0..4000).map(|n| json!({"id": format!("e{n}"), "type": "person", "name": format!("Person {n}")})).collect();
    world.load_entities(&entities);
    let mut command = world.command(&["export", "catalog"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it was built");
    let mut stdout = child.stdout.take().expect("it is a pipe");
    // It has begun to write, and can't end: the pipe takes less than there is.
    stdout.read_exact(&mut [0]).expect("it writes");
    signal(interrupt(), child.id());
    let (code, stderr) = stderr_of(child);
    assert_eq!(code, Some(130), "{stderr}");
    drop(stdout);
}

/// A statement that would last for hours.
#[test]
fn a_computation_of_sqlite_ends() {
    let world = World::with_groups(1);
    let connection = world.sql();
    connection
        .execute_batch(
            "DROP VIEW group_overview; CREATE VIEW group_overview AS SELECT 1;
             INSERT INTO story_groups (external_id, title, loaded_at)
                 WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000000)
                 SELECT 'x' || i, 'title', '2026-01-01T00:00:00Z' FROM n;",
        )
        .unwrap();
    drop(connection);
    let mut child = world.command(&["check"]);
    let child = child.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it was built");
    // It hears of signals before it opens the database, which it then holds for reading.
    let writer = world.sql();
    writer.busy_timeout(Duration::ZERO).unwrap();
    until(|| writer.execute("UPDATE meta SET value = value", []).is_err());
    signal(interrupt(), child.id());
    let (code, stderr) = stderr_of(child);
    assert_eq!(code, Some(130), "{stderr}");
}

/// The call that buys is let through to its answer, which is kept; meanwhile it is said that the signal was heard.
#[test]
fn a_purchase_is_finished_and_the_signal_acknowledged() {
    let world = World::with_groups(2);
    let (here, go) = (world.path("here"), world.path("go"));
    world.script(&json!({"faults": [{"on": "batches.create", "at": "received", "announce": here, "hold": go}]}));
    let mut running = world.start(&["batch", "create", "--wait"]);
    running.until(&here);
    signal(interrupt(), running.id());
    until(|| running.said().contains("interrupted: ending as soon as nothing is lost (once more ends at once)\n"));
    until(|| {
        running.said().contains(
            "warning: waiting for the answer to the call that buys; Ctrl-C once more leaves at once, and the next command \
             looks what came of it\n",
        )
    });
    fs::write(&go, "").expect("the folder is writable");
    running.end().exits(130).says("hint: all of it is sent: `gleaner batch wait` goes on with it");
    assert_eq!(world.rows("SELECT state FROM batches"), ["open"]);
    world.run(&["batch", "wait"]).exits(0);
    assert!(world.journal().asked_again().is_empty());
}

/// Whoever does not want to wait leaves at once; the next command looks what came of it.
#[test]
fn a_second_signal_leaves_a_purchase_at_once() {
    let mut world = World::with_groups(2);
    world.set_var("GLEANER_TEST_ADOPT_WAIT", "30");
    let (here, go) = (world.path("here"), world.path("go"));
    world.script(&json!({"faults": [{"on": "batches.create", "at": "done", "announce": here, "hold": go}]}));
    let mut running = world.start(&["batch", "create", "--wait"]);
    running.until(&here);
    signal(interrupt(), running.id());
    until(|| running.said().contains("warning: waiting for the answer to the call that buys"));
    signal(interrupt(), running.id());
    running.end().exits(130);
    assert_eq!(world.rows("SELECT state FROM batches"), ["creating"]);
    world.script(&json!({}));
    world.run(&["batch", "wait"]).exits(0);
    assert_eq!((world.journal().batches.len(), world.journal().asked_again().len()), (1, 0));
}

/// `nohup` and a shell's `trap ''` mean what they say.
#[test]
fn a_signal_that_was_ignored_stays_ignored() {
    if !std::path::Path::new("/proc/self/status").exists() {
        // Elsewhere only a SIGHUP that nobody catches is left to the shell.
        return;
    }
    let world = World::new();
    let plain = world.command(&["load", "groups", "-"]);
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' HUP INT; exec \"$0\" \"$@\""]).arg(plain.get_program()).args(plain.get_args());
    command.env_clear().current_dir(world.path(""));
    command.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("there is a shell");
    let mut stdin = child.stdin.take().expect("it is a pipe");
    more_than_a_pipe_holds(&mut stdin);
    signal("-HUP", child.id());
    signal("-INT", child.id());
    writeln!(stdin, "{}", group(2)).expect("it is still read");
    drop(stdin);
    let (code, stderr) = stderr_of(child);
    assert_eq!(code, Some(0), "{stderr}");
    assert_eq!(world.count("SELECT count(*) FROM story_groups"), 21);
}
