//! The program is killed (SIGKILL) at random moments of every writing command. Afterwards the database is sound by SQLite
//! and by `check`, the same command completes, and the content is that of a run that nobody disturbed.
//!
//! A moment is a share of the undisturbed duration, or a number of calls that the provider has had. A kill that comes too
//! late for a fast machine is one after the end; everything holds then as well.
//! `GLEANER_TEST_KILLS` says how often each command is killed, `GLEANER_TEST_SEED` chooses other moments.

use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::random::{Random, number_of};
use crate::harness::{Ran, World, catalog, group, same_content};

/// Kills a command, unless the variable says another number.
const KILLS: u64 = 20;

/// Knowledge in words, without what differs from run to run, such as ids of runs.
const LEARNED: [&str; 5] = [
    "SELECT external_id, title, status, sort_at FROM story_groups ORDER BY 1",
    "SELECT type, external_id, name, attributes FROM entities ORDER BY 1, 2",
    "SELECT group_id, topic, confidence, rank FROM story_topics_named ORDER BY 1, 4, 2",
    "SELECT group_id, ordinal, mention_text, entity_id, outcome, method FROM story_entities_named ORDER BY 1, 2",
    "SELECT kind, state, count(*) FROM requests WHERE state <> 'withdrawn' GROUP BY 1, 2 ORDER BY 1, 2",
];

/// Batches of which the ledger does not add up, and requests that nothing would ever look at again.
const UNBALANCED: [&str; 2] = [
    "SELECT id FROM batches b WHERE state = 'imported' AND n_requests <>
     (SELECT count(*) FROM requests WHERE batch_id = b.id AND state <> 'withdrawn')",
    "SELECT id FROM requests WHERE state IN ('planned', 'sent') AND batch_id IN
     (SELECT id FROM batches WHERE state = 'imported')",
];

/// Commands before the one that is killed.
type Before = &'static [&'static [&'static str]];

const ASKED: Before = &[&["batch", "create", "--wait"]];
const CREATED: Before = &[&["batch", "create", "--max-requests", "4"]];
const ENDED: Before = &[CREATED[0], &["batch", "status"], &["batch", "status"]];
const WITH_COPY: Before = &[
    ASKED[0],
    &["backup", "other.db"],
    &["--db", "other.db", "load", "groups", "more.jsonl"],
    &["load", "entities", "catalog.jsonl"],
];
const WITH_TWIN: Before = &[ASKED[0], &["catalog", "add", "Ada L.", "--type", "person", "--id", "p9"]];

fn world(before: Before) -> World {
    static LOADED: OnceLock<Vec<u8>> = OnceLock::new();
    let loaded = LOADED.get_or_init(|| {
        let world = World::with_groups(6);
        world.has_no_transcript("whichever test comes first makes it");
        fs::read(&world.db).expect("the database is there")
    });
    let world = World::of(loaded);
    world.has_no_transcript("its commands are killed at random moments");
    world.write_lines("more.jsonl", &(1..200).map(group).collect::<Vec<_>>());
    let mut entities = catalog();
    entities
        .extend((0..200).map(|n| json!({"id": format!("x{n}"), "type": "person", "name": format!("Person No{n}")})));
    world.write_lines("catalog.jsonl", &entities);
    for args in before {
        world.run(args).exits(0);
    }
    world
}

fn learned(world: &World) -> String {
    LEARNED.iter().map(|sql| format!("{}\n", world.rows(sql).join("\n"))).collect()
}

/// A world that is put back to its beginning for each kill: what the command before the killed one left is done once, unless
/// the provider has a part in it.
struct Stage {
    before: Before,
    world: World,
    fresh: Option<Vec<u8>>,
}

impl Stage {
    fn reset(&mut self) {
        match &self.fresh {
            Some(fresh) => {
                for path in leftovers(&self.world) {
                    fs::remove_file(path).expect("the folder is writable");
                }
                fs::write(&self.world.db, fresh).expect("the folder is writable");
            }
            None => self.world = world(self.before),
        }
    }
}

/// The files of the database and what a command makes of it.
fn leftovers(world: &World) -> Vec<PathBuf> {
    let files = fs::read_dir(world.path("")).expect("the folder is there").flatten().map(|entry| entry.path());
    let is_ours = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        path.is_file() && (name.starts_with("g.db") || name.contains("copy"))
    };
    files.filter(is_ours).collect()
}

/// Kills the command at some moment.
fn killed(world: &World, command: &[&str], whole: Duration, calls: u64, random: &mut Random) {
    let mut running = world.start(command);
    let had = world.sandbox.n_calls();
    if calls > 0 && random.below(2) == 0 {
        world.until_called(had + random.below(calls + 1), &mut running);
    } else {
        thread::sleep(whole.mul_f64(random.below(1000) as f64 / 1000.0));
    }
    running.kill();
    // A call that the provider has whole is done, whoever waits for the answer.
    world.settle();
}

/// Expects that SQLite finds nothing wrong, and that the ledger adds up.
fn sound(world: &World, what: &str) {
    // The first to open it rolls back.
    assert_eq!(world.rows("PRAGMA integrity_check"), ["ok"], "{what}");
    assert_eq!(world.rows("PRAGMA foreign_key_check"), Vec::<String>::new(), "{what}");
    for sql in UNBALANCED {
        assert_eq!(world.rows(sql), Vec::<String>::new(), "{what}: {sql}");
    }
}

/// Expects that `check` finds nothing but an index that was to be made and files that were being written, which `--repair`
/// makes and sweeps.
fn checked(world: &World, what: &str) {
    let check = world.run(&["check", "--json"]);
    let findings = check.json()["findings"].clone();
    let grave: Vec<&Value> =
        findings.as_array().into_iter().flatten().filter(|finding| finding["is_repairable"] != json!(true)).collect();
    assert!(grave.is_empty(), "{what}\n{}", check.report());
}

/// Kills a command again and again. A second run of the command, undisturbed, must change nothing.
fn survives(command: &'static [&'static str], before: Before) {
    let mut random =
        Random(number_of("GLEANER_TEST_SEED").unwrap_or(0).wrapping_add(1).wrapping_mul(0x2545_F491_4F6C_DD1D));
    let calm = world(before);
    let fresh = fs::read(&calm.db).expect("the database is there");
    let had = calm.sandbox.n_calls();
    let began = Instant::now();
    let first = calm.run(command);
    let whole = began.elapsed();
    let calls = calm.sandbox.n_calls() - had;
    let expected = learned(&calm);
    let second = calm.run(command);
    same_content(&expected, &learned(&calm));
    let mut stage = Stage { before, world: calm, fresh: (calls == 0).then_some(fresh) };
    for kill in 0..number_of("GLEANER_TEST_KILLS").unwrap_or(KILLS) {
        let what = format!("{command:?}, kill {kill}");
        stage.reset();
        let world = &stage.world;
        killed(world, command, whole, calls, &mut random);
        sound(world, &what);
        checked(world, &what);
        let again = world.run(command);
        completed(&again, [&first, &second], &what);
        same_content(&expected, &learned(world));
        sound(world, &what);
        bought_once(world, command, &what);
        if command[0] == "backup" {
            world.run(&["backup", "--check", "copy.db"]).exits(0);
        }
    }
}

/// A command that was killed ends like one that begins, or like one that finds all done.
fn completed(again: &Ran, calm: [&Ran; 2], what: &str) {
    assert!(calm.iter().any(|ran| ran.code == again.code), "{what}\n{}", again.report());
    if calm[0].stdout == calm[1].stdout {
        assert_eq!(again.stdout, calm[0].stdout, "{what}");
    }
}

fn bought_once(world: &World, command: &[&str], what: &str) {
    let journal = world.journal();
    assert!(journal.asked_again().is_empty(), "{what}: {:?}", journal.asked_again());
    assert!(journal.accepted_by("gleaner_key").values().all(|times| *times == 1), "{what}");
    // Of calls without a batch, the answers in the air at the kill are lost; no more than run at once.
    let twice = journal.billed.values().filter(|times| **times > 1).count();
    let in_the_air = if command[0] == "extract" { 4 } else { 0 };
    assert!(twice <= in_the_air, "{what}: {:?}", journal.billed);
}

/// A test a command.
macro_rules! survives {
    ($($name:ident: $before:expr, $command:expr;)+) => {
        $(#[test]
        fn $name() {
            survives($command, $before);
        })+
    };
}

survives! {
    loading_groups: &[], &["load", "groups", "more.jsonl"];
    loading_entities: &[], &["load", "entities", "catalog.jsonl"];
    creating_and_waiting: &[], &["batch", "create", "--wait", "--max-requests", "4"];
    waiting: CREATED, &["batch", "wait"];
    processing: ENDED, &["batch", "process"];
    extracting: &[], &["extract"];
    resolving_all: ASKED, &["resolve", "--all"];
    rebuilding: ASKED, &["rebuild"];
    accepting_proposals: ASKED, &["catalog", "accept", "--min-count", "1"];
    merging_entities: WITH_TWIN, &["catalog", "merge", "person:p9", "person:p1"];
    searching_first: ASKED, &["search", "moon"];
    merging_copies: WITH_COPY, &["merge", "other.db"];
    forgetting: ASKED, &["forget", "g1", "--yes"];
    backing_up: ASKED, &["backup", "copy.db"];
}
