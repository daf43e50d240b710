use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use serde_json::json;

use super::{ANY, documented, kinds, states, striking, template};
use crate::harness::World;

/// A call, and the command that makes it.
struct Call {
    /// The endpoint, as scripts name it.
    on: &'static str,
    /// As the table names it.
    name: &'static str,
    /// Commands before the fault.
    before: &'static [&'static [&'static str]],
    /// The command that meets the fault.
    command: &'static [&'static str],
    /// Command typed afterwards, without the fault.
    after: &'static [&'static [&'static str]],
}

const RUN: &[&str] = &["batch", "create", "--wait"];
const CREATE: &[&[&str]] = &[&["batch", "create"]];

const CALLS: [Call; 11] = [
    Call { on: "models.get", name: "models get", before: &[], command: RUN, after: &[RUN] },
    Call { on: "batches.list", name: "batches list", before: &[], command: RUN, after: &[RUN] },
    Call { on: "files.create", name: "files create", before: &[], command: RUN, after: &[RUN] },
    Call { on: "batches.create", name: "batches create", before: &[], command: RUN, after: &[RUN] },
    Call { on: "batches.get", name: "batches get", before: &[], command: RUN, after: &[RUN] },
    Call { on: "files.get", name: "files get", before: &[], command: RUN, after: &[RUN] },
    Call { on: "files.content", name: "files content", before: &[], command: RUN, after: &[RUN] },
    Call {
        on: "batches.cancel",
        name: "batches cancel",
        before: CREATE,
        command: &["batch", "cancel", "RUN"],
        after: &[&["batch", "cancel", "RUN"], &["batch", "wait"]],
    },
    Call {
        on: "files.delete",
        name: "files delete",
        before: &[RUN],
        command: &["batch", "clean", "--yes"],
        after: &[&["batch", "clean", "--yes"]],
    },
    Call {
        on: "responses.create",
        name: "responses",
        before: &[],
        command: &["extract"],
        after: &[&["extract", "--retry-failed"]],
    },
    Call {
        on: "chat.create",
        name: "chat",
        before: &[],
        command: &["extract", "--endpoint", "chat"],
        after: &[&["extract", "--endpoint", "chat", "--retry-failed"]],
    },
];

/// How often in a row a fault strikes besides once: a call is tried six times, and `--wait` goes on after that.
const TIMES: u64 = 8;

/// Requests of each world: one group.
const REQUESTS: i64 = 2;

/// Plays one fault and says how it went.
fn play(template: &[u8], call: &Call, kind: &(&str, serde_json::Value), times: u64) -> Result<&'static str, String> {
    let world = World::of(template);
    world.has_no_transcript("hundreds of faults, each said in the words of another test");
    let what = format!("{} on {}, {times} times", kind.0, call.on);
    let failed = |why: &str, ran: &str| Err(format!("{what}: {why}\n{ran}\n{:?}", states(&world)));
    for args in call.before {
        world.run(args).exits(0);
    }
    let run_id = world.rows("SELECT id FROM runs").pop().unwrap_or_default();
    let typed = |args: &[&'static str]| -> Vec<String> {
        args.iter().map(|arg| if *arg == "RUN" { run_id.clone() } else { (*arg).to_owned() }).collect()
    };
    let run = |args: &[&'static str]| {
        let args = typed(args);
        world.run(&args.iter().map(String::as_str).collect::<Vec<_>>())
    };
    world.script(&json!({"faults": [striking(kind.1.clone(), call.on, 1, times)]}));
    let first = run(call.command);
    world.settle();
    world.script(&json!({}));
    let uncertain = "SELECT count(*) FROM batches WHERE state IN ('creating', 'uncertain')";
    let is_uncertain = world.count(uncertain) > 0;
    let is_done = is_over(&world, call);
    let outcome = match (first.code, is_uncertain, is_done) {
        // To cancel is to ask for it; the end comes later.
        (Some(0), false, _) if call.on == "batches.cancel" => "=",
        (Some(0), false, true) => "=",
        (Some(0), false, false) => return failed("exit 0, and not all is done", first.report()),
        (Some(3), true, _) => "?",
        (Some(1), true, _) => "!?",
        (Some(3), false, _) => "+",
        (Some(1), false, _) => "!",
        _ => return failed("an exit code of no class", first.report()),
    };
    let mut last = first.report().to_owned();
    if outcome != "=" {
        // Looking never buys.
        let n_batches = world.journal().batches.len();
        let look = run(&["batch", "status"]);
        if !matches!(look.code, Some(0 | 3)) || world.journal().batches.len() != n_batches {
            return failed("a look fails or buys", look.report());
        }
    }
    for args in call.after {
        last = format!("{last}\n{}", run(args).report());
    }
    if !is_over(&world, call) {
        return failed("not all is done afterwards", &last);
    }
    if world.count(uncertain) > 0 {
        return failed("still uncertain", &last);
    }
    let journal = world.journal();
    if !journal.asked_again().is_empty() || journal.billed.values().any(|times| *times > 1) {
        return failed("bought twice", &format!("{last}\n{:?}", journal.batches));
    }
    let unbalanced = "SELECT count(*) FROM batches b WHERE state = 'imported' AND n_requests <>
                      (SELECT count(*) FROM requests WHERE batch_id = b.id AND state <> 'withdrawn')";
    if world.count(unbalanced) > 0 {
        return failed("the account does not balance", &last);
    }
    Ok(outcome)
}

/// True where all that was to be had is here.
fn is_over(world: &World, call: &Call) -> bool {
    match call.on {
        // A batch that was cancelled at its first look has no answers; what it did answer is in.
        "batches.cancel" => world.count("SELECT count(*) FROM batches WHERE state NOT IN ('imported')") == 0,
        "files.delete" => world.count("SELECT count(*) FROM batches WHERE remote_deleted_at IS NULL") == 0,
        // A request that was refused without a batch stays in the ledger beside the answer that came in its place.
        "responses.create" | "chat.create" => states(world).get("usable") == Some(&REQUESTS),
        _ => states(world) == [("usable".to_owned(), REQUESTS)].into(),
    }
}

/// One cell in so many is played, unless `GLEANER_TEST_FAULTS` is `all` or a part of a cell's name.
const ONE_IN: usize = 7;

#[test]
fn every_kind_of_fault_on_every_call_is_survived() {
    let (template, kinds) = (template(1), kinds());
    let wanted = std::env::var("GLEANER_TEST_FAULTS").unwrap_or_default();
    let is_wanted = |at: usize, what: &str| match wanted.as_str() {
        "" => at.is_multiple_of(ONE_IN),
        "all" => true,
        part => what.contains(part),
    };
    let cells: Vec<(usize, usize)> =
        (0..kinds.len()).flat_map(|kind| (0..CALLS.len()).map(move |call| (kind, call))).collect();
    let next = AtomicUsize::new(0);
    let played = Mutex::new(vec![vec![None; CALLS.len()]; kinds.len()]);
    let failures = Mutex::new(vec![]);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some((kind, call)) = cells.get(at) else { break };
                    if !is_wanted(at, &format!("{} on {}", kinds[*kind].0, CALLS[*call].on)) {
                        continue;
                    }
                    let outcomes = [1, TIMES].map(|times| {
                        play(&template, &CALLS[*call], &kinds[*kind], times).unwrap_or_else(|why| {
                            eprintln!("{why}");
                            failures.lock().expect("no panic").push(why);
                            "FAILED"
                        })
                    });
                    eprintln!("{} on {}: {}", kinds[*kind].0, CALLS[*call].on, outcomes.join(" "));
                    played.lock().expect("no panic")[*kind][*call] = Some(outcomes.join(" "));
                }
            });
        }
    });
    let failures = failures.into_inner().expect("no panic");
    assert!(failures.is_empty(), "{} cells failed\n\n{}", failures.len(), failures.join("\n\n"));
    let mut table = vec![vec!["once, and eight times".to_owned()]];
    table[0].extend(CALLS.iter().map(|call| call.name.to_owned()));
    table.push(vec!["---".to_owned(); CALLS.len() + 1]);
    for ((name, _), row) in kinds.iter().zip(played.into_inner().expect("no panic")) {
        // A cell that was not played is not compared.
        let cells = row.into_iter().map(|cell| cell.unwrap_or_else(|| ANY.to_owned()));
        table.push([(*name).to_owned()].into_iter().chain(cells).collect());
    }
    documented("faults by call", &table);
}
