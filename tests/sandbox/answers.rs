use serde_json::json;

use super::{Rig, requests};

#[test]
fn both_endpoints_answer_in_the_asked_shape() {
    let rig = Rig::start(&json!({}));
    let item = json!({"properties": {"topic": {}, "confidence": {}, "rank": {}}});
    let schema = json!({"type": "object", "properties": {"topics": {"type": "array", "items": item}}});
    let expected = r#"{"topics":[{"topic":"moon landing","confidence":0.6,"rank":1}]}"#;
    let response = rig.post(
        "/responses",
        &json!({"model": "m", "input": "to the Moon",
        "text": {"format": {"type": "json_schema", "name": "t", "schema": schema}}}),
    );
    assert_eq!(response.json["output"][1]["content"][0]["text"], expected, "{}", response.text);
    assert_eq!((&response.json["model"], &response.json["status"]), (&json!("m-sandbox"), &json!("completed")));
    let chat = rig.post(
        "/chat/completions",
        &json!({"model": "m", "messages": [{"role": "user", "content": "to the Moon"}],
        "response_format": {"type": "json_schema", "json_schema": {"name": "t", "schema": schema}}}),
    );
    assert_eq!(chat.json["choices"][0]["message"]["content"], expected, "{}", chat.text);
    assert_eq!(chat.json["choices"][0]["finish_reason"], "stop");
    assert_eq!(rig.post("/responses", &json!({"input": "x"})).json["error"]["param"], "model");
    assert_eq!(rig.post("/responses", &json!({"model": "m", "input": "x", "stream": true})).status, 400);
    assert_eq!(rig.get("/models").json["object"], "list");
}

#[test]
fn calls_follow_the_script() {
    let rig = Rig::start(&json!({
        "answers": [
            {"custom_id": "never_for_calls", "outcome": "refusal"},
            {"contains": "once", "times": 1, "outcome": "http", "status": 429, "code": "rate_limit_exceeded"},
            {"contains": "secret", "outcome": "refusal", "message": "no"},
            {"output_text": "fine"},
        ],
        "models": [{"model": "strict-*", "refuses": ["reasoning.effort"]}],
    }));
    let ask = |input: &str| rig.post("/responses", &json!({"model": "m", "input": input}));
    assert_eq!((ask("once").status, ask("once").status), (429, 200));
    assert_eq!(ask("secret").json["output"][1]["content"][0], json!({"type": "refusal", "refusal": "no"}));
    assert_eq!(ask("other").json["output"][1]["content"][0]["text"], "fine");
    let refused = rig.post("/responses", &json!({"model": "strict-1", "input": "x", "reasoning": {"effort": "low"}}));
    assert_eq!((refused.status, &refused.json["error"]["code"]), (400, &json!("unsupported_parameter")));
}

#[test]
fn a_request_fails_once_and_then_works() {
    let rig =
        Rig::start(&json!({"answers": [{"custom_id": "entity_2", "times": 1, "outcome": "http", "status": 500}]}));
    let first = rig.batch(&requests(3));
    let batch = rig.until(&first, "completed");
    assert_eq!(batch["request_counts"], json!({"total": 3, "completed": 2, "failed": 1}));
    let failed = &rig.lines(&batch["error_file_id"])[0];
    assert_eq!((&failed["custom_id"], &failed["response"]["status_code"]), (&json!("entity_2"), &json!(500)));
    let second = rig.batch(&requests(3));
    assert_eq!(rig.until(&second, "completed")["request_counts"]["failed"], 0);
    let journal = rig.sandbox.journal();
    assert_eq!(journal.asked_again(), ["entity_1", "entity_2", "entity_3"]);
    assert_eq!((journal.billed["entity_1"], journal.billed["entity_2"]), (2, 1));
}

#[test]
fn a_script_can_be_loaded_over_http() {
    let rig = Rig::start(&json!({}));
    let base = rig.sandbox.base_url();
    let control = base.trim_end_matches("/v1");
    let load = |script: &str| {
        let call = rig.agent.post(format!("{control}/sandbox/script")).header("authorization", "Bearer k");
        Rig::read(call.send(script)).status
    };
    assert_eq!(load(r#"{"faults": [{"on": "models.list", "status": 503}]}"#), 200);
    assert_eq!((rig.get("/models").status, rig.get("/models").status), (503, 200));
    assert_eq!(load(r#"{"fault": []}"#), 400);
    assert_eq!(load("{"), 400);
}

#[test]
fn the_journal_tells_what_was_asked() {
    let rig = Rig::start(&json!({}));
    let id = rig.batch(&requests(2));
    rig.until(&id, "completed");
    let base = rig.sandbox.base_url();
    let read = |query: &str| {
        let url = format!("{}/sandbox/journal{query}", base.trim_end_matches("/v1"));
        Rig::read(rig.agent.get(url).header("authorization", "Bearer k").call()).json
    };
    let journal = read("");
    assert_eq!(journal["accepted_by_gleaner_key"], json!({"k1": 1}));
    assert_eq!((&journal["n_asked"], &journal["asked_again"], journal.get("asked")), (&json!(2), &json!([]), None));
    assert_eq!(journal["calls"][1]["endpoint"], "batches.create");
    assert_eq!(journal["calls"][1]["details"]["metadata"], json!({"gleaner_key": "k1"}));
    assert_eq!(journal["calls"][1]["status"], 200);
    assert_eq!(read("?custom_ids=1")["billed"], json!({"entity_1": 1, "entity_2": 1}));
    assert!(!journal.to_string().contains("Bearer"));
}

#[test]
fn only_this_machine_is_answered() {
    let rig = Rig::start(&json!({"without_key": true}));
    assert_eq!(Rig::read(rig.agent.get(rig.url("/models")).call()).status, 200);
    let call = rig.agent.get(rig.url("/models")).header("host", "evil.example.org");
    assert_eq!(Rig::read(call.call()).status, 403);
}
