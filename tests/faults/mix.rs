use serde_json::json;

use super::{kinds, states, striking, template};
use crate::harness::World;
use crate::harness::random::{Random, number_of};

/// Seeds of the sample; `GLEANER_TEST_SEEDS` plays more, from 0 on.
const SEEDS: u64 = 2;

/// Groups of a run, and so many requests a part: ten parts. `GLEANER_TEST_GROUPS` says another number of groups.
const GROUPS: usize = 60;

/// Commands under faults; after them everything is well.
const ROUNDS: u64 = 6;

const CALLS: [&str; 7] =
    ["models.get", "batches.list", "files.create", "batches.create", "batches.get", "files.get", "files.content"];

/// Course of a seed, counted.
#[derive(Default)]
struct Course {
    faults: u64,
    kills: u64,
    commands: u64,
    calls: u64,
}

/// Plays one seed: commands under faults, some of them killed, then one or two without.
fn play(world: &World, seed: u64, parts_of: &str) -> Course {
    let mut random = Random((seed + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let (kinds, mut course) = (kinds(), Course::default());
    let create = ["batch", "create", "--wait", "--max-requests", parts_of];
    for _ in 0..ROUNDS {
        let faults: Vec<_> = (0..random.below(8))
            .map(|_| {
                let (kind, on) = (random.one_of(&kinds).1.clone(), *random.one_of(&CALLS));
                let (nth, times) = (1 + random.below(12), 1 + random.below(3));
                striking(kind, on, nth, times)
            })
            .collect();
        course.faults += faults.len() as u64;
        eprintln!("seed {seed}: {}", json!({ "faults": faults }));
        world.script(&json!({"seed": seed, "faults": faults}));
        let command =
            *random.one_of(&[&create[..], &create, &["batch", "wait"], &["batch", "process"], &["batch", "status"]]);
        let mut running = world.start(command);
        course.commands += 1;
        if random.below(2) == 0 {
            world.until_called(world.sandbox.n_calls() + random.below(30), &mut running);
            course.kills += u64::from(!running.has_ended());
            running.kill();
        } else {
            let ran = running.end();
            assert!(matches!(ran.code, Some(0 | 1 | 3)), "seed {seed}\n{}", ran.report());
        }
        world.settle();
    }
    world.script(&json!({"seed": seed}));
    for _ in 0..2 {
        world.run(&create);
    }
    course.calls = world.sandbox.n_calls();
    course
}

#[test]
fn faults_and_kills_at_random_buy_nothing_twice_and_lose_nothing() {
    let n_groups = number_of("GLEANER_TEST_GROUPS").unwrap_or(GROUPS as u64) as usize;
    let (template, n_requests) = (template(n_groups), 2 * n_groups as i64);
    let parts_of = (n_requests / 10).to_string();
    let mut sum = Course::default();
    for seed in 0..number_of("GLEANER_TEST_SEEDS").unwrap_or(SEEDS) {
        let world = World::of(&template);
        world.has_no_transcript("its commands are killed at random moments");
        let course = play(&world, seed, &parts_of);
        let journal = world.journal();
        assert!(journal.asked_again().is_empty(), "seed {seed}: bought twice: {:?}", journal.batches);
        assert!(journal.billed.values().all(|times| *times == 1), "seed {seed}");
        // A large run sends one request ahead, without a batch.
        let n_ahead = world.count("SELECT count(*) FROM requests WHERE batch_id IS NULL AND state = 'usable'");
        assert_eq!(journal.asked.len() as i64 + n_ahead, n_requests, "seed {seed}: {:?}", states(&world));
        assert_eq!(states(&world), [("usable".to_owned(), n_requests)].into(), "seed {seed}");
        assert_eq!(world.rows("PRAGMA integrity_check"), ["ok"], "seed {seed}");
        assert_eq!(
            world.rows("SELECT DISTINCT state FROM batches WHERE state <> 'withdrawn'"),
            ["imported"],
            "seed {seed}"
        );
        sum.faults += course.faults;
        sum.kills += course.kills;
        sum.commands += course.commands;
        sum.calls += course.calls;
    }
    eprintln!("{} commands, {} kills, {} faults, {} calls", sum.commands, sum.kills, sum.faults, sum.calls);
}
