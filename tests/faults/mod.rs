//! Every kind of fault on every call, and both at random over a whole run: nothing is bought twice, lost or forgotten.
//!
//! The tables in `docs/money.md` are what these tests saw.
#![expect(clippy::print_stderr, reason = "the case of a table that fails is the last one named")]

/// Kinds of faults by calls, each once and eight times.
mod matrix;
/// Faults and kills at random, by seed, over a run of many parts.
mod mix;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::harness::{World, group};

/// The kinds of faults: a name, and what the sandbox is told.
fn kinds() -> Vec<(&'static str, Value)> {
    let envelope = |status: u16, code: &str| {
        let error = json!({"message": "Something is wrong.", "type": "some_error", "param": null, "code": code});
        json!({"status": status, "json": {"error": error}})
    };
    let page = |status: u16| json!({"status": status, "text": "<html><h1>Something else</h1></html>"});
    let at_done = |mut fault: Value| {
        fault["at"] = json!("done");
        fault
    };
    vec![
        ("connection closed before the call", json!({"at": "head", "close": true})),
        ("connection closed after the call", json!({"at": "done", "close": true})),
        ("half an answer", json!({"at": "reply", "after_bytes": 20, "close": true})),
        ("half an answer, and nothing shows it", json!({"truncate": 20})),
        ("an empty answer", json!({"status": 200, "text": ""})),
        ("an empty answer after the call", at_done(json!({"status": 200, "text": ""}))),
        ("`{}`", json!({"status": 200, "json": {}})),
        ("`[]`", json!({"status": 200, "json": []})),
        ("an HTML page with status 200", page(200)),
        ("an error with status 200", envelope(200, "server_error")),
        ("no `id`, `status` or `data`", json!({"unset": ["id", "status", "data"]})),
        ("a redirect to nowhere", json!({"status": 302, "text": ""})),
        ("400 from the API", envelope(400, "odd_request")),
        ("401 from the API", envelope(401, "invalid_api_key")),
        ("403 from a proxy", page(403)),
        ("403 from a proxy, after the call", at_done(page(403))),
        ("404 from a proxy", page(404)),
        ("404 from the API", envelope(404, "not_found")),
        ("408", envelope(408, "timeout")),
        ("409 from the API", envelope(409, "conflict")),
        ("413 from a proxy", page(413)),
        ("422 from the API", envelope(422, "unprocessable")),
        ("429, too fast", envelope(429, "rate_limit_exceeded")),
        ("429, no money left", envelope(429, "insufficient_quota")),
        ("500 from the API", envelope(500, "server_error")),
        ("500 from the API, after the call", at_done(envelope(500, "server_error"))),
        ("502 from a proxy", page(502)),
        ("502 from a proxy, after the call", at_done(page(502))),
        ("503 with `Retry-After`", json!({"status": 503, "text": "", "headers": {"retry-after": "7"}})),
    ]
}

/// Lets a fault strike a call `times` times in a row.
fn striking(mut fault: Value, on: &str, nth: u64, times: u64) -> Value {
    (fault["on"], fault["nth"], fault["times"]) = (json!(on), json!(nth), json!(times));
    fault
}

/// A database with `n` groups, to be copied.
fn template(n: usize) -> Vec<u8> {
    let world = World::new();
    world.has_no_transcript("others are copied from it");
    world.load_groups(&(1..=n).map(group).collect::<Vec<_>>());
    fs::read(&world.db).expect("the database is there")
}

/// Number of requests by state.
fn states(world: &World) -> BTreeMap<String, i64> {
    let rows = world.rows("SELECT state, count(*) FROM requests WHERE state <> 'withdrawn' GROUP BY 1");
    rows.iter()
        .filter_map(|row| row.split_once('|'))
        .map(|(state, n)| (state.to_owned(), n.parse().unwrap_or(0)))
        .collect()
}

/// A cell that may hold anything.
const ANY: &str = "*";

/// Compares a table of `docs/money.md`, between two comments of this name, with what was seen; or writes it.
#[track_caller]
fn documented(name: &str, seen: &[Vec<String>]) {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/money.md"));
    let text = fs::read_to_string(path).expect("the guide is there");
    let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- end of {name} -->\n"));
    let from = text.find(&begin).expect("the table has its comment") + begin.len();
    let to = text.find(&end).expect("the table has its end");
    let cells = |line: &str| -> Vec<String> {
        line.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect()
    };
    let kept: Vec<Vec<String>> = text[from..to].lines().map(cells).collect();
    if std::env::var_os("GLEANER_UPDATE_SNAPSHOTS").is_some() {
        let table: String = seen.iter().map(|row| format!("| {} |\n", row.join(" | "))).collect();
        fs::write(path, format!("{}{table}{}", &text[..from], &text[to..])).expect("the guide is writable");
        return;
    }
    assert_eq!(
        seen.len(),
        kept.len(),
        "docs/money.md has another number of rows; GLEANER_UPDATE_SNAPSHOTS=1 writes it"
    );
    for (seen, kept) in seen.iter().zip(&kept) {
        let fits = seen.len() == kept.len() && seen.iter().zip(kept).all(|(seen, kept)| seen == ANY || seen == kept);
        assert!(fits, "seen:          {seen:?}\ndocs/money.md: {kept:?}");
    }
}
