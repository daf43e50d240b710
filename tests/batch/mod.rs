//! The commands of the main job, each as the built program against the sandbox over a real socket: what it prints, what
//! it says, its exit code, and the database after.

/// `load`: files into the database.
mod load;
/// `batch create`: what it prints and writes, and what it doesn't.
mod create;
/// The request file and its metadata, read back with strict types.
mod request_file;
/// Which groups are meant.
mod select;
/// `submit`, `wait`, `status`, `process`, `list`, `cancel`, `progress`, `rebuild`: the course of a batch.
mod course;
/// What `--json` prints: exactly these keys, of these types.
mod json;
/// The original program's command line.
mod original;
/// What goes wrong before anything is done, with the exit code and the hint.
mod mistakes;
/// Streams, pipes, signals, proxies, and where the key never goes.
mod surroundings;
/// 3,500 groups with canned answers, every row checked.
mod whole;
/// The sessions that the documentation shows.
mod documented;

use serde_json::{Value, json};

use crate::harness::{Ran, World};

/// Expects of a run exactly this: its exit code and the lines of both outputs, with ids and places that differ from run
/// to run replaced by words (see [`masked`]).
#[track_caller]
fn check(world: &World, args: &[&str], code: i32, stdout: &[&str], stderr: &[&str]) {
    expect(world, &world.run(args), code, stdout, stderr);
}

#[track_caller]
fn expect(world: &World, ran: &Ran, code: i32, stdout: &[&str], stderr: &[&str]) {
    assert_eq!(ran.code, Some(code), "{}", ran.report());
    for (what, found, expected) in [("stdout", &ran.stdout, stdout), ("stderr", &ran.stderr, stderr)] {
        let found = masked(world, found);
        assert_eq!(found.lines().collect::<Vec<_>>(), expected, "{what} of\n{}", ran.report());
        assert!(found.is_empty() || found.ends_with('\n'), "{what} ends with a line\n{}", ran.report());
    }
}

/// Replaces what differs from run to run: runs by `RUN1`, `RUN2`, batches by `BATCH1`, …, in the order they were made,
/// the world's folder by `DIR`, the sandbox's address by `URL`.
fn masked(world: &World, text: &str) -> String {
    let folder = world.path("").display().to_string();
    let mut text = text.replace(folder.trim_end_matches('/'), "DIR").replace(&world.sandbox.base_url(), "URL");
    for (word, sql) in [
        ("RUN", "SELECT run_id FROM batches GROUP BY run_id ORDER BY min(id)"),
        ("BATCH", "SELECT external_id FROM batches WHERE external_id IS NOT NULL ORDER BY id"),
    ] {
        if world.db.is_file() && !world.rows("SELECT name FROM sqlite_schema WHERE name = 'batches'").is_empty() {
            for (i, id) in world.rows(sql).iter().enumerate() {
                text = text.replace(id, &format!("{word}{}", i + 1));
            }
        }
    }
    text
}

/// Returns the only value of a query.
#[track_caller]
fn one(world: &World, sql: &str) -> String {
    let rows = world.rows(sql);
    assert_eq!(rows.len(), 1, "{sql}: {rows:?}");
    rows.into_iter().next().unwrap_or_default()
}

/// Returns the names of the files in `batch_files/`, sorted; the lock is not among them.
fn batch_files(world: &World) -> Vec<String> {
    let Ok(folder) = std::fs::read_dir(world.path("batch_files")) else { return vec![] };
    let names = folder.map(|entry| entry.expect("the folder is read").file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> = names.filter(|name| !name.ends_with(".lock")).collect();
    names.sort();
    names
}

/// A script that answers every request with few words: two topics, and three mentions of which the catalog knows two.
/// The lines tell no usage, so that no cost is shown.
fn short_answers() -> Value {
    json!({"answers": [
        {"custom_id": "topic_*", "short_body": true, "output_text": {"topics": [
            {"topic": "Moon Landing", "confidence": 0.9, "rank": 1},
            {"topic": "NASA", "confidence": 0.5, "rank": 2},
        ]}},
        {"custom_id": "entity_*", "short_body": true, "output_text": {"entities": [
            {"type": "person", "mention": "Ada Lovelace", "is_primary": true, "confidence": 0.9, "rank": 1},
            {"type": "organization", "mention": "ESA", "is_primary": false, "confidence": 0.8, "rank": 2},
            {"type": "place", "mention": "Houston", "is_primary": false, "confidence": 0.7, "rank": 3},
        ]}},
    ]})
}

/// The three lines that say what a run would cost, as `estimate` of `--json` has it.
fn estimate_lines(estimate: &Value) -> [String; 3] {
    use gleaner::door::terminal::words::{dollars, number};
    let n = |key: &str| number(estimate[key].as_u64().expect("a number of tokens"));
    let usd = |key: &str| dollars(estimate[key].as_f64().expect("a price"));
    let cache = |key: &str| dollars(estimate["cache"][key].as_f64().expect("a price"));
    [
        format!(
            "estimate: {} input and {} output tokens (a guess until there are past answers) with {}",
            n("input_tokens"),
            n("output_tokens"),
            estimate["model"].as_str().expect("a model")
        ),
        format!(
            "estimated cost: {} in batch mode, {} in synchronous mode (prices of {})",
            usd("batch_usd"),
            usd("sync_usd"),
            estimate["prices_as_of"].as_str().expect("a month")
        ),
        format!(
            "with the prompt cache: {} at best, {} at worst in batch mode; above without it",
            cache("best_batch_usd"),
            cache("worst_batch_usd")
        ),
    ]
}
