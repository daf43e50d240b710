//! Two processes at once: every writing command beside every other, and each beside a reader that pauses. Both end as if
//! they were alone, or one says that another is sending; nobody finds the file locked, and nothing is bought twice.

use std::fs;
use std::io::Read as _;
use std::process::Stdio;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use serde_json::json;

use crate::harness::{Ran, World, catalog, group};

/// Commands that write to the database.
const WRITERS: [&[&str]; 15] = [
    &["load", "groups", "more.jsonl"],
    &["load", "entities", "catalog.jsonl"],
    &["batch", "create", "--wait"],
    &["batch", "create", "--no-submit"],
    &["batch", "wait"],
    &["batch", "status"],
    &["extract"],
    &["resolve", "--all"],
    &["rebuild"],
    &["catalog", "accept", "--min-count", "1"],
    &["catalog", "add", "Grace Hopper", "--type", "person"],
    &["unresolved", "reject", "Houston"],
    &["search", "moon"],
    &["check", "--repair"],
    &["forget", "g6", "--texts", "--yes"],
];

/// A database with answers and with groups that nobody was asked about.
fn template() -> Vec<u8> {
    let world = World::with_groups(3);
    world.has_no_transcript("others are copied from it");
    world.run(&["batch", "create", "--wait"]).exits(0);
    world.load_groups(&[group(5), group(6)]);
    fs::read(&world.db).expect("the database is there")
}

fn world(template: &[u8]) -> World {
    let world = World::of(template);
    world.has_no_transcript("its commands run two at a time");
    world.write_lines("more.jsonl", &(20..60).map(group).collect::<Vec<_>>());
    world.write_lines("catalog.jsonl", &catalog());
    world
}

/// Does every piece of work, two at a time.
fn each<T: Sync>(work: &[T], one: impl Fn(&T) + Sync) {
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(work) = work.get(next.fetch_add(1, Ordering::Relaxed)) {
                    one(work);
                }
            });
        }
    });
}

/// Returns what is wrong with the end of a command, if anything is.
fn wrong(ran: &Ran, may_be_sent_away: bool) -> Option<String> {
    let is_sent_away = ran.code == Some(1) && ran.stderr.contains("another gleaner is sending") && may_be_sent_away;
    // Of two that add the same, the second is told.
    let is_there = ran.code == Some(2) && ran.stderr.contains("` already") && may_be_sent_away;
    // A request that was sent meanwhile is forgotten only when its answer is back.
    let is_in_flight = ran.code == Some(2) && ran.stderr.contains("is in flight") && may_be_sent_away;
    let is_fine = matches!(ran.code, Some(0 | 3)) || is_sent_away || is_there || is_in_flight;
    let is_locked = ran.stderr.contains("locked") || ran.stderr.contains("busy");
    (!is_fine || is_locked).then(|| ran.report().to_owned())
}

fn wrong_after(world: &World) -> Option<String> {
    let journal = world.journal();
    if !journal.asked_again().is_empty() {
        return Some(format!("bought twice: {:?}", journal.batches));
    }
    if world.rows("PRAGMA integrity_check") != ["ok"] || !world.rows("PRAGMA foreign_key_check").is_empty() {
        return Some("the database is damaged".to_owned());
    }
    // A request is asked once more only in place of another that has no answer.
    let twice =
        "SELECT story_group_id, kind FROM requests WHERE state = 'usable' GROUP BY 1, 2, prompt_id HAVING count(*) > 1";
    let twice = world.rows(twice);
    (!twice.is_empty()).then(|| format!("answered twice: {twice:?}"))
}

#[test]
fn every_two_commands_at_once_end_as_if_alone() {
    let (template, failures) = (template(), Mutex::new(vec![]));
    let pairs: Vec<_> =
        WRITERS.iter().enumerate().flat_map(|(i, one)| WRITERS[i..].iter().map(move |other| (one, other))).collect();
    each(&pairs, |(one, other)| {
        let world = world(&template);
        let (first, second) = (world.start(one), world.start(other));
        let ends = [first.end(), second.end()];
        let wrong = ends.iter().find_map(|ran| wrong(ran, true)).or_else(|| wrong_after(&world));
        failures.lock().expect("no panic").extend(wrong.map(|why| format!("{one:?} beside {other:?}\n{why}")));
    });
    let failures = failures.into_inner().expect("no panic");
    assert!(failures.is_empty(), "{} pairs failed\n\n{}", failures.len(), failures.join("\n\n"));
}

#[test]
fn every_command_ends_beside_a_reader_that_pauses() {
    let (template, failures) = (template(), Mutex::new(vec![]));
    each(&WRITERS, |writer| {
        let world = world(&template);
        // More than a pipe and the buffers before it hold.
        let entity = |n: usize| json!({"id": format!("e{n}"), "type": "event", "name": format!("Event {n} {}", "x".repeat(2000))});
        world.load_entities(&(0..200).map(entity).collect::<Vec<_>>());
        let mut command = world.command(&["export", "catalog"]);
        let command = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut reader = command.spawn().expect("the program was built");
        let mut result = reader.stdout.take().expect("it is a pipe");
        result.read_exact(&mut [0]).expect("it writes");
        let ran = world.run(writer);
        let wrong = wrong(&ran, false).or_else(|| wrong_after(&world));
        failures.lock().expect("no panic").extend(wrong);
        let mut rest = vec![];
        result.read_to_end(&mut rest).expect("it writes on");
        assert!(reader.wait().expect("it ends").success(), "{writer:?}");
    });
    let failures = failures.into_inner().expect("no panic");
    assert!(failures.is_empty(), "{} commands failed\n\n{}", failures.len(), failures.join("\n\n"));
}
