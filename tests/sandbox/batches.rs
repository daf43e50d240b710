use serde_json::{Value, json};

use super::{Rig, requests};

/// Returns the statuses of the next looks.
fn statuses(rig: &Rig, id: &str, n_looks: usize) -> Vec<String> {
    (0..n_looks).map(|_| rig.look(id)["status"].as_str().unwrap_or("404").to_owned()).collect()
}

#[test]
fn a_batch_ends_as_the_script_says() {
    let table = [
        (
            json!({"ends": "failed", "errors": [{"code": "c", "message": "m", "line": 2}]}),
            "failed",
            false,
            false,
            json!([0, 0, 0]),
        ),
        (json!({"ends": "expired", "done": 0.5}), "expired", true, true, json!([4, 2, 0])),
        (json!({"ends": "expired", "done": 0}), "expired", false, true, json!([4, 0, 0])),
        (json!({"ends": "cancelled", "done": 0.5, "rest": "absent"}), "cancelled", true, false, json!([4, 2, 0])),
        (json!({"ends": "completed", "empty_error_file": true}), "completed", true, true, json!([4, 4, 0])),
    ];
    for (rule, status, has_output, has_error, counts) in table {
        let rig = Rig::start(&json!({"batches": [rule]}));
        let id = rig.batch(&requests(4));
        let batch = rig.until(&id, status);
        let seen = &batch["request_counts"];
        assert_eq!(json!([seen["total"], seen["completed"], seen["failed"]]), counts, "{rule}");
        assert_eq!(batch["output_file_id"].is_string(), has_output, "{rule}");
        assert_eq!(batch["error_file_id"].is_string(), has_error, "{rule}");
        assert!(batch[format!("{status}_at")].is_i64(), "{rule}");
        assert_eq!(batch["errors"]["data"][0]["line"].as_u64(), (status == "failed").then_some(2));
        let n_accepted = u32::from(status != "failed");
        assert_eq!(rig.sandbox.journal().accepted_by("gleaner_key").values().sum::<u32>(), n_accepted, "{rule}");
    }
}

#[test]
fn what_is_shown_can_be_scripted_look_by_look() {
    let steps = json!([
        {"status": "validating", "set": {"request_counts": null, "output_file_id": "", "error_file_id": ""}},
        {"status": "paused_by_moonlight"},
        {"status": "in_progress", "done": 0.25, "set": {"output_file_id": "file-early"}},
        {"status": "completed", "set": {"output_file_id": null}},
        {"status": "completed"},
    ]);
    let rig = Rig::start(&json!({"batches": [{"steps": steps, "unset": ["usage", "finalizing_at"]}]}));
    let id = rig.batch(&requests(4));
    let looks: Vec<_> = (0..6).map(|_| rig.look(&id)).collect();
    let words: Vec<_> = looks.iter().map(|look| look["status"].as_str().unwrap()).collect();
    assert_eq!(words, ["validating", "paused_by_moonlight", "in_progress", "completed", "completed", "completed"]);
    assert_eq!((&looks[0]["request_counts"], &looks[0]["output_file_id"]), (&Value::Null, &json!("")));
    assert_eq!(looks[2]["output_file_id"], "file-early");
    assert_eq!(looks[2]["request_counts"]["completed"], 1);
    assert_eq!(looks[3]["output_file_id"], Value::Null);
    assert_eq!(rig.lines(&looks[5]["output_file_id"]).len(), 4);
    assert!(looks.iter().all(|look| look.get("usage").is_none()));
}

#[test]
fn a_batch_can_stand_still_or_vanish() {
    let rig = Rig::start(&json!({"batches": [
        {"nth": 1, "stuck": "in_progress", "done": 0.5, "cancel": "stuck"},
        {"nth": 2, "steps": [{"status": "in_progress"}, {"gone": true}]},
    ]}));
    let id = rig.batch(&requests(4));
    assert_eq!(statuses(&rig, &id, 4), ["in_progress"; 4]);
    assert_eq!(rig.look(&id)["request_counts"]["completed"], 2);
    assert_eq!(rig.post(&format!("/batches/{id}/cancel"), &json!({})).json["status"], "cancelling");
    assert_eq!(statuses(&rig, &id, 4), ["cancelling"; 4]);
    let id = rig.batch(&requests(4));
    assert_eq!(statuses(&rig, &id, 3), ["in_progress", "404", "404"]);
}

#[test]
fn file_ids_and_lines_may_come_late() {
    let rig = Rig::start(&json!({"pace": {"polls": 1}, "batches": [{"settle": 2, "short": {"lines": 3, "reads": 1}}]}));
    let id = rig.batch(&requests(5));
    let looks: Vec<_> = (0..3).map(|_| rig.look(&id)).collect();
    assert!(looks.iter().all(|look| look["status"] == "completed" && look["request_counts"]["completed"] == 5));
    assert_eq!((&looks[0]["output_file_id"], &looks[1]["output_file_id"]), (&Value::Null, &Value::Null));
    let file = &looks[2]["output_file_id"];
    assert_eq!(rig.lines(file).len(), 2);
    assert_eq!(rig.lines(file).len(), 5);
}

#[test]
fn a_cancelled_batch_keeps_what_was_done() {
    let rig = Rig::start(&json!({"pace": {"polls": 5}}));
    let id = rig.batch(&requests(8));
    statuses(&rig, &id, 2);
    let cancelling = rig.post(&format!("/batches/{id}/cancel"), &json!({})).json;
    assert_eq!(cancelling["status"], "cancelling");
    assert_eq!(statuses(&rig, &id, 3), ["cancelling", "cancelled", "cancelled"]);
    let batch = rig.look(&id);
    assert_eq!(batch["request_counts"], json!({"total": 8, "completed": 4, "failed": 0}));
    assert_eq!(rig.lines(&batch["output_file_id"]).len(), 4);
    let rest = rig.lines(&batch["error_file_id"]);
    assert!(rest.len() == 4 && rest.iter().all(|line| line["error"]["code"] == "batch_cancelled"));
    let again = rig.post(&format!("/batches/{id}/cancel"), &json!({}));
    assert_eq!(again.status, 409);
    assert_eq!(rig.post("/batches/batch_x/cancel", &json!({})).status, 404);
}

#[test]
fn a_cancel_can_lose_the_race() {
    let rig = Rig::start(&json!({"batches": [{"cancel": "completed"}]}));
    let id = rig.batch(&requests(3));
    rig.post(&format!("/batches/{id}/cancel"), &json!({}));
    assert_eq!(rig.lines(&rig.until(&id, "completed")["output_file_id"]).len(), 3);
}

#[test]
fn a_cancel_before_the_first_look_is_in_time_for_all() {
    let rig = Rig::start(&json!({}));
    let id = rig.batch(&requests(3));
    rig.post(&format!("/batches/{id}/cancel"), &json!({}));
    let batch = rig.until(&id, "cancelled");
    assert_eq!(batch["output_file_id"], Value::Null);
    assert_eq!(batch["request_counts"], json!({"total": 3, "completed": 0, "failed": 0}));
    assert_eq!(rig.lines(&batch["error_file_id"]).len(), 3);
    assert!(rig.sandbox.journal().billed.is_empty());
}

#[test]
fn an_invalid_input_fails_with_line_numbers() {
    let rig = Rig::start(&json!({}));
    let id = rig.batch(&format!("{}\n{}", requests(2), requests(1)));
    let batch = rig.until(&id, "failed");
    let errors = batch["errors"]["data"].as_array().unwrap();
    let seen: Vec<_> = errors.iter().map(|error| (error["code"].as_str().unwrap(), error["line"].as_u64())).collect();
    assert_eq!(seen, [("invalid_json_line", Some(3)), ("duplicate_custom_id", Some(4))]);
    assert!(rig.sandbox.journal().asked.is_empty());
}

#[test]
fn bad_orders_are_refused_and_lost_files_not_found() {
    let rig = Rig::start(&json!({}));
    let file = rig.upload(&requests(1)).json["id"].clone();
    assert_eq!(rig.create(&json!("file-x"), &json!({})).status, 404);
    assert_eq!(rig.create(&file, &json!({"a": 1})).status, 400);
    let refused = rig.post("/batches", &json!({"input_file_id": file}));
    assert_eq!((refused.status, &refused.json["error"]["param"]), (400, &json!("endpoint")));
}

#[test]
fn the_queue_holds_so_many_tokens_and_no_more() {
    // Twelve requests are some 650 tokens by the sandbox's estimate: one batch fits, two do not.
    let rig = Rig::start(&json!({"pace": {"polls": 2}, "limits": {"enqueued_tokens": {"gpt-6-luna": 1000}}}));
    let first = rig.batch(&requests(12));
    let second = rig.batch(&requests(12));
    let refused = rig.look(&second);
    assert_eq!(refused["status"], "failed");
    let error = &refused["errors"]["data"][0];
    assert_eq!((&error["code"], &error["line"]), (&json!("token_limit_exceeded"), &Value::Null));
    assert_eq!(
        error["message"],
        "Enqueued token limit reached for gpt-6-luna in organization org-sandbox. Limit: 1,000 enqueued tokens. Please try \
         again once some in_progress batches have been completed."
    );
    rig.until(&first, "completed");
    let third = rig.batch(&requests(12));
    rig.until(&third, "completed");
    assert_eq!(rig.sandbox.journal().asked["entity_1"], 2, "the refused one was not bought");
}

#[test]
fn lists_come_newest_first_in_pages() {
    let rig = Rig::start(&json!({}));
    let file = rig.upload(&requests(1)).json["id"].clone();
    let ids: Vec<Value> = (0..5).map(|_| rig.create(&file, &json!({"n": "1"})).json["id"].clone()).collect();
    let page = rig.get("/batches?limit=2").json;
    assert_eq!((&page["data"][0]["id"], &page["data"][1]["id"], &page["has_more"]), (&ids[4], &ids[3], &json!(true)));
    assert_eq!((&page["first_id"], &page["last_id"]), (&ids[4], &ids[3]));
    let page = rig.get(&format!("/batches?limit=3&after={}", ids[3].as_str().unwrap())).json;
    assert_eq!((&page["data"][2]["id"], &page["has_more"]), (&ids[0], &json!(false)));
    assert_eq!(rig.get("/batches?limit=101").status, 400);
    assert!(rig.get("/batches").json["data"].as_array().unwrap().iter().all(|b| b["status"] == "validating"));
}

#[test]
fn whole_files_can_be_given() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.jsonl");
    std::fs::write(&path, "{\"custom_id\":\"a\"}\n{\"custom_id\":\"b\"}\n").unwrap();
    let rig = Rig::start(&json!({"batches": [{"output_file": path, "no_final_newline": true}]}));
    let id = rig.batch(&requests(1));
    let batch = rig.until(&id, "completed");
    let content = rig.get(&format!("/files/{}/content", batch["output_file_id"].as_str().unwrap())).text;
    assert_eq!(content, "{\"custom_id\":\"a\"}\n{\"custom_id\":\"b\"}");
}

#[test]
fn time_moves_a_batch_on_too() {
    let rig = Rig::start(&json!({"pace": {"millis": 1}}));
    let id = rig.batch(&requests(20));
    assert_eq!(rig.lines(&rig.until(&id, "completed")["output_file_id"]).len(), 20);
}
