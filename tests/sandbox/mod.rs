//! The sandbox itself, over real sockets. Here the rig and the good course of things.

/// The endpoints that answer at once, scripts loaded at run time, the journal.
mod answers;
/// What becomes of batches: ends, scripted looks, validation, limits.
mod batches;
/// What goes wrong with HTTP calls, and when.
mod faults;
/// The command `gleaner sandbox`, and the examples of its guide.
mod command;
/// Files: uploads, lists, ranges, deletion.
mod files;

use std::time::{Duration, Instant};

use gleaner::door::config::Config;
use gleaner::door::model::{Entity, EntityId};
use gleaner::door::sandbox::{Dictionary, Keyword, Options, Pace, Sandbox, Script};
use serde_json::{Value, json};

/// A running sandbox and a client for it.
struct Rig {
    sandbox: Sandbox,
    agent: ureq::Agent,
}

/// A reply: status, headers and body, the body also as JSON where it is.
struct Got {
    status: u16,
    headers: ureq::http::HeaderMap,
    text: String,
    json: Value,
}

impl Rig {
    /// Starts a sandbox whose batches move one step a look.
    fn start(script: &Value) -> Rig {
        let script = Script::parse(&script.to_string()).expect("the test's script fits");
        let config = Config::from_vars([].into()).expect("an empty environment is fine");
        let options = Options { script, pace: Pace::Polls(2), dictionary: dictionary(), ..Options::default() };
        let sandbox = Sandbox::start(&config, &options).expect("a port is free");
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .proxy(None)
            .timeout_global(Some(Duration::from_secs(60)))
            .build()
            .into();
        Rig { sandbox, agent }
    }

    fn url(&self, path: &str) -> String {
        self.sandbox.base_url() + path
    }

    fn host(&self) -> String {
        let url = self.sandbox.base_url();
        url.trim_start_matches("http://").trim_end_matches("/v1").to_owned()
    }

    fn read(reply: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Got {
        let mut reply = reply.expect("the sandbox answers");
        let text = reply.body_mut().read_to_string().expect("the reply arrives whole");
        let json = serde_json::from_str(&text).unwrap_or_default();
        Got { status: reply.status().as_u16(), headers: reply.headers().clone(), text, json }
    }

    fn get(&self, path: &str) -> Got {
        Rig::read(self.agent.get(self.url(path)).header("authorization", "Bearer k").call())
    }

    fn post(&self, path: &str, body: &Value) -> Got {
        let call = self.agent.post(self.url(path)).header("authorization", "Bearer k");
        Rig::read(call.header("content-type", "application/json").send(body.to_string()))
    }

    fn upload(&self, content: &str) -> Got {
        let body = format!(
            "--b\r\ncontent-disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n--b\r\ncontent-disposition: \
             form-data; name=\"file\"; filename=\"in.jsonl\"\r\ncontent-type: application/jsonl\r\n\r\n{content}\r\n--b--\r\n"
        );
        let call = self.agent.post(self.url("/files")).header("authorization", "Bearer k");
        Rig::read(call.header("content-type", "multipart/form-data; boundary=b").send(body))
    }

    fn create(&self, file_id: &Value, metadata: &Value) -> Got {
        let body = json!({"input_file_id": file_id, "endpoint": "/v1/responses", "completion_window": "24h",
            "metadata": metadata});
        self.post("/batches", &body)
    }

    /// Uploads the lines and makes a batch of them; returns its id.
    fn batch(&self, content: &str) -> String {
        let file = self.upload(content);
        assert_eq!(file.status, 200, "{}", file.text);
        let batch = self.create(&file.json["id"], &json!({"gleaner_key": "k1"}));
        assert_eq!(batch.status, 200, "{}", batch.text);
        assert_eq!(batch.json["status"], "validating");
        batch.json["id"].as_str().expect("a batch has an id").to_owned()
    }

    fn look(&self, id: &str) -> Value {
        self.get(&format!("/batches/{id}")).json
    }

    /// Looks until the status is the one wanted.
    fn until(&self, id: &str, status: &str) -> Value {
        let end = Instant::now() + Duration::from_secs(60);
        loop {
            let batch = self.look(id);
            if batch["status"] == status {
                return batch;
            }
            assert!(Instant::now() < end, "never {status}: {batch}");
        }
    }

    /// Returns the lines of a file by custom id.
    fn lines(&self, file_id: &Value) -> Vec<Value> {
        let id = file_id.as_str().expect("a file id");
        let content = self.get(&format!("/files/{id}/content")).text;
        content.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect()
    }
}

fn dictionary() -> Dictionary {
    let entity = Entity {
        id: EntityId::new("1"),
        entity_type: "agency".into(),
        name: "NASA".into(),
        aliases: vec![],
        attributes: Default::default(),
    };
    let keyword = Keyword { topic: "moon landing".into(), words: vec!["moon".into()] };
    Dictionary {
        entities: vec![entity],
        keywords: vec![keyword],
        types: [("agency".to_owned(), "organization".to_owned())].into(),
    }
}

/// Writes `n` request lines.
fn requests(n: usize) -> String {
    let item = json!({"properties": {"type": {"enum": ["person", "organization"]}, "mention": {}, "confidence": {}}});
    let schema = json!({"type": "object", "properties": {"entities": {"type": "array", "items": item}}});
    let line = |n| {
        json!({"custom_id": format!("entity_{n}"), "method": "POST", "url": "/v1/responses", "body": {
            "model": "gpt-6-luna", "instructions": "Find the names.", "input": format!("Story {n}: NASA flew to the moon."),
            "text": {"format": {"type": "json_schema", "name": "entities", "strict": true, "schema": schema}}}})
    };
    (1..=n).map(|n| format!("{}\n", line(n))).collect()
}

#[test]
fn a_batch_runs_from_upload_to_answers() {
    let rig = Rig::start(&json!({"pace": {"polls": 4}}));
    let id = rig.batch(&requests(9));
    let shown: Vec<_> = (0..5).map(|_| rig.look(&id)).collect();
    let statuses: Vec<_> = shown.iter().map(|batch| batch["status"].as_str().unwrap_or_default()).collect();
    assert_eq!(statuses, ["in_progress", "in_progress", "finalizing", "completed", "completed"]);
    let counts: Vec<_> = shown.iter().map(|batch| batch["request_counts"]["completed"].as_u64()).collect();
    assert_eq!(counts, [Some(3), Some(6), Some(9), Some(9), Some(9)]);
    assert_eq!(shown[2]["output_file_id"], Value::Null);

    let lines = rig.lines(&shown[3]["output_file_id"]);
    let ids: Vec<_> = lines.iter().map(|line| line["custom_id"].as_str().unwrap_or_default()).collect();
    let mut sorted = ids.clone();
    sorted.sort_unstable();
    assert_ne!(ids, sorted, "answers come in an order of their own");
    assert_eq!(sorted.len(), 9);
    let body = &lines[0]["response"]["body"];
    assert_eq!(body["output"][0]["type"], "reasoning");
    let text = body["output"][1]["content"][0]["text"].as_str().unwrap_or_default();
    assert_eq!(text, r#"{"entities":[{"type":"organization","mention":"NASA","confidence":0.8}]}"#);
    let total: u64 = lines.iter().filter_map(|line| line["response"]["body"]["usage"]["total_tokens"].as_u64()).sum();
    assert_eq!(shown[3]["usage"]["total_tokens"], total);
    assert_eq!(shown[3]["error_file_id"], Value::Null);

    let journal = rig.sandbox.journal();
    assert_eq!(journal.accepted_by("gleaner_key"), [("k1".to_owned(), 1)].into());
    assert!(journal.asked_again().is_empty() && journal.asked.len() == 9 && journal.billed.len() == 9);
}

#[test]
fn every_reply_says_who_it_is_and_keys_are_wanted() {
    let rig = Rig::start(&json!({}));
    let without = Rig::read(rig.agent.get(rig.url("/models")).call());
    assert_eq!((without.status, &without.json["error"]["code"]), (401, &json!("invalid_api_key")));
    let blank = Rig::read(rig.agent.get(rig.url("/models")).header("authorization", "Bearer  ").call());
    assert_eq!(blank.status, 401);
    for reply in [without, blank, rig.get("/models"), rig.get("/nothing/here")] {
        assert_eq!(reply.headers["x-gleaner-sandbox"], "1");
        assert!(reply.headers["x-request-id"].to_str().is_ok_and(|id| id.starts_with("req_")));
    }
}

#[test]
fn an_expired_batch_delivers_what_was_done() {
    let rig = Rig::start(&json!({"batches": [{"ends": "expired", "done": 0.4}]}));
    let id = rig.batch(&requests(5));
    let batch = rig.until(&id, "expired");
    assert_eq!(batch["request_counts"], json!({"total": 5, "completed": 2, "failed": 0}));
    assert_eq!(rig.lines(&batch["output_file_id"]).len(), 2);
    let rest = rig.lines(&batch["error_file_id"]);
    assert_eq!(rest.len(), 3);
    assert!(rest.iter().all(|line| line["error"]["code"] == "batch_expired" && line["response"].is_null()));
    assert_eq!(rig.sandbox.journal().billed.len(), 2);
}
