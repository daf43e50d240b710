use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use gleaner::door::sandbox::Script;
use serde_json::{Value, json};

/// Ends the program when the test does, however it does.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn gleaner(folder: &std::path::Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gleaner"));
    command.args(args).current_dir(folder).env_clear().env("HOME", folder).stdin(Stdio::null());
    command
}

#[test]
fn the_command_says_where_it_listens_and_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = gleaner(folder.path(), &["sandbox", "--port", "0", "--polls", "1"]);
    let mut child = Running(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap());
    let mut lines = BufReader::new(child.0.stdout.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    let url = first.strip_prefix("sandbox listening on ").unwrap_or_else(|| panic!("{first}"));
    let said: Vec<String> = lines.take(4).map(Result::unwrap).collect();
    assert!(said[2].contains(&format!("OPENAI_BASE_URL={url}")), "{said:?}");
    let agent: ureq::Agent = ureq::Agent::config_builder().proxy(None).build().into();
    let reply = agent.get(format!("{url}/models")).header("authorization", "Bearer k").call().unwrap();
    assert_eq!(reply.headers()["x-gleaner-sandbox"], "1");
    let home = agent.get(url.trim_end_matches("/v1")).call().unwrap().body_mut().read_to_string().unwrap();
    assert!(home.contains("No language model"), "{home}");
    let err = BufReader::new(child.0.stderr.take().unwrap()).lines().next().unwrap().unwrap();
    assert!(err.contains("no language model answers here"), "{err}");
}

#[test]
fn what_a_killed_sandbox_left_is_swept_by_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let left = || -> Vec<std::ffi::OsString> {
        let entries = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
        entries.filter(|name| name.to_string_lossy().starts_with("gleaner-sandbox-")).collect()
    };
    let start = || {
        let mut command = gleaner(folder.path(), &["sandbox", "--port", "0"]);
        command.env("TMPDIR", folder.path()).env("TMP", folder.path()).stderr(Stdio::null());
        let mut child = Running(command.stdout(Stdio::piped()).spawn().unwrap());
        BufReader::new(child.0.stdout.take().unwrap()).lines().next().unwrap().unwrap();
        child
    };
    drop(start());
    let killed = left();
    assert_eq!(killed.len(), 1, "a killed one sweeps nothing");
    let first = start();
    let running = left();
    assert!(running.len() == 1 && running != killed, "the next one does");
    let _second = start();
    assert_eq!(left().len(), 2, "and leaves what is in use");
    drop(first);
}

#[test]
fn the_catalog_is_read_once_and_let_go() {
    let folder = tempfile::tempdir().unwrap();
    let load = |line: &str| {
        std::fs::write(folder.path().join("catalog.jsonl"), line).unwrap();
        let output = gleaner(folder.path(), &["--db", "my.db", "load", "entities", "catalog.jsonl"]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    load(r#"{"id": "1", "type": "company", "name": "Hasselblad"}"#);
    let mut command = gleaner(folder.path(), &["--json", "--db", "my.db", "sandbox", "--port", "0"]);
    let mut child = Running(command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap());
    let mut said = serde_json::Deserializer::from_reader(child.0.stdout.take().unwrap()).into_iter::<Value>();
    let said = said.next().unwrap().unwrap();
    assert_eq!(said["entities"], 1);
    load(r#"{"id": "2", "type": "company", "name": "Zeiss"}"#);

    let item = json!({"properties": {"type": {"enum": ["person", "organization"]}, "mention": {}}});
    let schema = json!({"properties": {"entities": {"items": item}}});
    let body = json!({"model": "m", "input": "cameras by Hasselblad, lenses by Zeiss",
        "text": {"format": {"type": "json_schema", "name": "n", "schema": schema}}});
    let agent: ureq::Agent = ureq::Agent::config_builder().proxy(None).build().into();
    let call = agent.post(format!("{}/responses", said["base_url"].as_str().unwrap()));
    let reply = call.header("authorization", "Bearer k").send(body.to_string()).unwrap().body_mut().read_to_string();
    let reply: Value = serde_json::from_str(&reply.unwrap()).unwrap();
    let text = r#"{"entities":[{"type":"organization","mention":"Hasselblad"}]}"#;
    assert_eq!(reply["output"][1]["content"][0]["text"], text);
}

/// The steps of the schema before the last one.
const EARLIER_STEPS: [&str; 7] = [
    include_str!("../../src/store/migrations/0001_initial.sql"),
    include_str!("../../src/store/migrations/0002_more_of_the_wire.sql"),
    include_str!("../../src/store/migrations/0003_tables.sql"),
    include_str!("../../src/store/migrations/0004_triggers.sql"),
    include_str!("../../src/store/migrations/0005_views.sql"),
    include_str!("../../src/store/migrations/0006_copies_and_history.sql"),
    include_str!("../../src/store/migrations/0007_dates.sql"),
];

#[test]
fn a_database_of_an_earlier_gleaner_is_read_and_stays_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("old.db");
    let connection = rusqlite::Connection::open(&path).unwrap();
    EARLIER_STEPS.iter().for_each(|step| connection.execute_batch(step).unwrap());
    connection
        .execute_batch(
            "PRAGMA application_id = 0x676C6E72; PRAGMA user_version = 7;
             INSERT INTO entities (external_id, type, name, attributes, loaded_at)
             VALUES ('1', 'company', 'Hasselblad', '{}', '2026-01-01T00:00:00Z')",
        )
        .unwrap();
    drop(connection);
    let before = std::fs::read(&path).unwrap();
    let mut command = gleaner(folder.path(), &["--json", "--db", "old.db", "sandbox", "--port", "0"]);
    let mut child = Running(command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap());
    let mut said = serde_json::Deserializer::from_reader(child.0.stdout.take().unwrap()).into_iter::<Value>();
    assert_eq!(said.next().unwrap().unwrap()["entities"], 1);
    assert!(std::fs::read(&path).unwrap() == before, "nothing of it is written");
}

#[test]
fn what_cannot_be_used_is_said() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("script.json"), r#"{"faluts": []}"#).unwrap();
    let table: &[(&[&str], i32, &str)] = &[
        (&["sandbox", "--script", "nowhere.json"], 2, "cannot read `nowhere.json`"),
        (&["sandbox", "--script", "script.json"], 1, "unknown field `faluts`"),
        (&["sandbox", "--profile", "nowhere"], 2, "built-in profiles"),
        (&["sandbox", "--db", "nowhere.db"], 2, "there is no database"),
        (&["sandbox", "--seconds", "-1"], 2, ""),
        (&["sandbox", "--polls", "0"], 2, ""),
    ];
    for (args, code, said) in table {
        let output = gleaner(folder.path(), args).output().unwrap();
        let err = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(*code), "{args:?}: {err}");
        assert!(err.contains(said), "{args:?}: {err}");
        assert!(output.stdout.is_empty(), "{args:?}");
    }
}

#[test]
fn a_taken_port_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let output = gleaner(folder.path(), &["sandbox", "--port", &port]).output().unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(1) && err.contains("--port"), "{err}");
}

#[test]
fn every_example_of_the_guide_is_a_script() {
    let guide = include_str!("../../docs/sandbox.md");
    let examples: Vec<&str> = guide.split("```json\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(examples.len() > 5);
    for example in examples {
        if let Err(error) = Script::parse(example) {
            panic!("{error:#}\n{example}");
        }
    }
}
