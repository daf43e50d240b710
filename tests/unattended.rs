//! Jobs that nobody watches: waits with an end, what is run afterwards, the log of calls, the recipe of the docs.

use std::fs;

use serde_json::{Value, json};

use crate::harness::World;

#[test]
fn a_wait_with_an_end_is_incomplete_and_can_be_taken_up_again() {
    let world = World::with_groups(2);
    world.script(&json!({"pace": {"polls": 50}}));
    let ran = world.run(&["batch", "create", "--wait", "--max-wait", "10m"]).exits(3);
    assert!(ran.stderr.contains("warning: 1 batch is still open after 10 min"), "{}", ran.report());
    // One look a minute, at a clock that only pauses move.
    let n_looks = world.journal().n_calls("batches.get");
    assert!((11..=13).contains(&n_looks), "{n_looks} looks");
    world.run(&["batch", "wait", "--max-wait", "0s"]).exits(3);
    for wrong in ["soon", "5x", "-1m", ""] {
        world.run(&["batch", "wait", &format!("--max-wait={wrong}")]).exits(2);
    }
    world.run(&["batch", "wait"]).exits(0).says("account: sent 4 = usable 4");
    world.run(&["batch", "wait", "--max-wait", "1s"]).exits(0).says("nothing to wait for");
}

#[test]
fn a_batch_past_its_window_is_named() {
    let world = World::with_groups(1);
    world.has_no_transcript("how far a batch is at each look");
    world.script(&json!({"pace": {"polls": 1600}}));
    let ran = world.run(&["batch", "create", "--wait", "--max-wait", "25h", "--poll-interval", "3600"]).exits(3);
    assert_eq!(ran.stderr.matches("is past its window, which ended at ").count(), 1, "{}", ran.report());
}

#[cfg(unix)]
#[test]
fn a_command_is_told_how_a_wait_ended() {
    let mut world = World::with_groups(2);
    world.set_var("PATH", "/usr/bin:/bin");
    let notify = "env | grep ^GLEANER_ | grep -v TEST | sort > told; env | grep -c OPENAI_API_KEY >> told; echo hello";
    let ran = world.run(&["batch", "create", "--wait", "--notify", notify, "--json"]).exits(0);
    let id = ran.json()["batches"][0]["batch_id"].as_str().expect("an id").to_owned();
    assert!(ran.stderr.contains("hello\n"), "stdout is the result: {}", ran.report());
    let cost = ran.json()["cost_usd"].as_f64().expect("a sum");
    let db = world.db.display();
    let expected = format!(
        "GLEANER_BATCH_IDS={id}\nGLEANER_COST_USD={cost:.6}\nGLEANER_DB={db}\nGLEANER_EVENT=done\nGLEANER_EXIT_CODE=0\n\
         GLEANER_FAILED=0\nGLEANER_IMPORTED=1\nGLEANER_MESSAGE=\nGLEANER_MISSING=0\nGLEANER_OPEN=0\nGLEANER_SENT=4\n\
         GLEANER_UNUSABLE=0\nGLEANER_USABLE=4\n0\n"
    );
    assert_eq!(fs::read_to_string(world.path("told")).unwrap(), expected);
    world.load_groups(&[crate::harness::group(7)]);
    world.script(&json!({"pace": {"polls": 50}}));
    let args =
        ["batch", "create", "--wait", "--max-wait", "1m", "--notify", "echo $GLEANER_EVENT $GLEANER_OPEN > told"];
    world.run(&args).exits(3);
    assert_eq!(fs::read_to_string(world.path("told")).unwrap(), "max_wait 1\n");
    world.run(&["batch", "wait", "--notify", "exit 7"]).exits(0).says("the command of `--notify` failed");
}

#[test]
fn each_call_is_logged_without_secrets() {
    let world = World::with_groups(1);
    world.script(&json!({"faults": [{"on": "batches.create", "at": "received", "status": 400, "json": {"error":
        {"message": "No, sk-test.", "type": "invalid_request_error", "param": null, "code": null}}}]}));
    world.run(&["batch", "create", "--log", "calls.jsonl"]).exits(1);
    world.script(&json!({}));
    world.run(&["batch", "create", "--wait", "--log", "calls.jsonl"]).exits(0);
    let text = fs::read_to_string(world.path("calls.jsonl")).unwrap();
    assert!(!text.contains("sk-test"), "{text}");
    let calls: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect();
    assert_eq!(calls.len(), world.journal().calls.len(), "{text}");
    for call in &calls {
        assert!(call["at"].is_string() && call["method"].is_string() && call["url"].is_string(), "{call}");
        assert!(call["request_id"].is_string(), "{call}");
    }
    let refused = calls.iter().find(|call| call["status"] == 400).expect("the refusal is there");
    assert!(refused["error"].as_str().unwrap().contains("No, [redacted]."), "{refused}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(world.path("calls.jsonl")).unwrap().permissions().mode() & 0o777, 0o600);
    }
    world.run(&["batch", "list", "--log", "nowhere/calls.jsonl"]).exits(2);
}

/// The recipe of docs/unattended.md, run as it stands there.
#[cfg(unix)]
#[test]
fn the_recipe_of_the_docs_runs() {
    let mut world = World::with_groups(2);
    let docs = include_str!("../docs/unattended.md");
    let script = docs.split("```sh\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a script");
    world.set_var("PATH", &format!("{}:/usr/bin:/bin", bin().display()));
    world.write_lines("incoming.jsonl", &[crate::harness::group(8), crate::harness::group(9)]);
    let path = world.write("nightly.sh", script);
    let run = |world: &World| {
        let mut command = std::process::Command::new("sh");
        command.arg(&path).current_dir(world.path("")).env_clear();
        let vars = world.command(&[]);
        let vars = vars.get_envs().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())));
        let output = command.envs(vars).output().expect("sh runs");
        let said = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
        (output.status.code(), said)
    };
    let (code, said) = run(&world);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(world.count("SELECT count(*) FROM requests WHERE state = 'usable'"), 8);
    assert!(fs::read_to_string(world.path("links.csv")).unwrap().lines().count() > 1);
    // The next night there is nothing new.
    let (code, said) = run(&world);
    assert_eq!(code, Some(0), "{said}");
    world.load_groups(&[crate::harness::group(11)]);
    world.script(&json!({"pace": {"polls": 5000}}));
    let (code, said) = run(&world);
    assert_eq!(code, Some(0), "a batch that is still open is no failure: {said}");
    assert!(said.contains("still open"), "{said}");
}

#[cfg(unix)]
fn bin() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_BIN_EXE_gleaner")).parent().expect("it lies in a folder").to_owned()
}
