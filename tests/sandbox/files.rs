use serde_json::json;

use super::{Rig, requests};

#[test]
fn files_are_kept_listed_read_and_deleted() {
    let rig = Rig::start(&json!({}));
    let ids: Vec<_> = (1..=5).map(|n| rig.upload(&requests(n)).json["id"].as_str().unwrap().to_owned()).collect();
    let list = |query: &str| {
        let page = rig.get(&format!("/files?{query}")).json;
        let ids: Vec<_> =
            page["data"].as_array().unwrap().iter().map(|f| f["id"].as_str().unwrap().to_owned()).collect();
        (ids, page["has_more"] == true)
    };
    let pick = |at: &[usize]| -> Vec<String> { at.iter().map(|at| ids[*at].clone()).collect() };
    assert_eq!(list(""), (pick(&[4, 3, 2, 1, 0]), false));
    assert_eq!(list("limit=2"), (pick(&[4, 3]), true));
    assert_eq!(list(&format!("limit=2&after={}", ids[3])), (pick(&[2, 1]), true));
    assert_eq!(list("order=asc&purpose=batch&limit=2"), (pick(&[0, 1]), true));
    assert_eq!(list("purpose=batch_output"), (vec![], false));
    assert_eq!(rig.get("/files?limit=0").status, 400);
    assert_eq!(rig.get("/files?after=file-x").status, 400);

    let file = rig.get(&format!("/files/{}", ids[1])).json;
    assert_eq!((&file["bytes"], &file["purpose"]), (&json!(requests(2).len()), &json!("batch")));
    assert_eq!(rig.get(&format!("/files/{}/content", ids[1])).text, requests(2));
    let deleted =
        Rig::read(rig.agent.delete(rig.url(&format!("/files/{}", ids[1]))).header("authorization", "Bearer k").call());
    assert_eq!(deleted.json, json!({"id": ids[1], "object": "file", "deleted": true}));
    for path in [format!("/files/{}", ids[1]), format!("/files/{}/content", ids[1])] {
        let gone = rig.get(&path);
        assert_eq!((gone.status, gone.json["error"]["type"].as_str()), (404, Some("invalid_request_error")));
    }
}

#[test]
fn bad_uploads_are_refused() {
    let small = json!({"limits": {"upload_bytes": 100}});
    let picky = json!({"files": {"refuse_expiry": true}});
    let form = |fields: &[(&str, &str)], name: &str, content: &str| {
        let fields: String = fields
            .iter()
            .map(|(name, value)| format!("--b\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"))
            .collect();
        format!(
            "{fields}--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n{content}\r\n--b--\r\n"
        )
    };
    let long = "x".repeat(101);
    let expiry =
        |seconds| [("purpose", "batch"), ("expires_after[anchor]", "created_at"), ("expires_after[seconds]", seconds)];
    let table = [
        (&small, form(&[("purpose", "batch")], "a.jsonl", &long), 400, "File is too large."),
        (&small, form(&[("purpose", "batch")], "a.jsonl", "short"), 200, ""),
        (&small, form(&[], "a.jsonl", "short"), 400, "'purpose'"),
        (&small, form(&[("purpose", "batch")], "a.txt", "short"), 400, ".jsonl"),
        (&small, form(&expiry("3600"), "a.jsonl", "short"), 200, ""),
        (&small, form(&expiry("60"), "a.jsonl", "short"), 400, "expires_after.seconds"),
        (&picky, form(&expiry("3600"), "a.jsonl", "short"), 400, "Unknown parameter"),
        (&small, "--b\r\n".into(), 400, "closing boundary"),
    ];
    for (script, body, status, said) in table {
        let rig = Rig::start(script);
        let call = rig.agent.post(rig.url("/files")).header("authorization", "Bearer k");
        let reply = Rig::read(call.header("content-type", "multipart/form-data; boundary=b").send(&body));
        assert_eq!(reply.status, status, "{body}: {}", reply.text);
        assert!(reply.text.contains(said), "{body}: {}", reply.text);
    }
}

#[test]
fn a_range_is_served_refused_ignored_or_wrong() {
    let content = requests(1);
    let table = [
        ("on", "bytes=5-", 206, Some(format!("bytes 5-{}/{}", content.len() - 1, content.len())), &content[5..]),
        ("on", "bytes=5-9", 206, Some(format!("bytes 5-9/{}", content.len())), &content[5..10]),
        ("off", "bytes=5-", 200, None, &content[..]),
        ("wrong", "bytes=5-9", 206, Some(format!("bytes 0-9/{}", content.len())), &content[..10]),
        ("silent", "bytes=5-9", 206, None, &content[5..10]),
    ];
    for (rule, range, status, content_range, expected) in table {
        let rig = Rig::start(&json!({"files": {"range": rule}}));
        let id = rig.upload(&content).json["id"].as_str().unwrap().to_owned();
        let call = rig.agent.get(rig.url(&format!("/files/{id}/content"))).header("authorization", "Bearer k");
        let reply = Rig::read(call.header("range", range).call());
        assert_eq!((reply.status, reply.text.as_str()), (status, expected), "{rule}");
        let said = reply.headers.get("content-range").map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(said, content_range, "{rule}");
    }
    let rig = Rig::start(&json!({}));
    let id = rig.upload(&content).json["id"].as_str().unwrap().to_owned();
    let call = rig.agent.get(rig.url(&format!("/files/{id}/content"))).header("authorization", "Bearer k");
    assert_eq!(Rig::read(call.header("range", "bytes=99999-").call()).status, 416);
}

#[test]
fn a_rewritten_input_differs_from_the_upload_and_still_runs() {
    let rig = Rig::start(&json!({"files": {"rewrite_input": true}}));
    let id = rig.batch(&requests(3));
    let batch = rig.until(&id, "completed");
    assert_eq!(batch["request_counts"]["completed"], 3);
    let kept = rig.get(&format!("/files/{}/content", batch["input_file_id"].as_str().unwrap())).text;
    assert!(kept != requests(3) && kept.lines().count() == 3);
}

#[test]
fn a_large_upload_is_spooled_in_chunks_too() {
    let rig = Rig::start(&json!({}));
    let content = requests(1).repeat(3000);
    let form = format!(
        "--b\r\ncontent-disposition: form-data; name=purpose\r\n\r\nbatch\r\n--b\r\ncontent-disposition: form-data; \
         name=file; filename=in.jsonl\r\n\r\n{content}\r\n--b--\r\n"
    );
    let call = rig.agent.post(rig.url("/files")).header("authorization", "Bearer k");
    let call = call.header("content-type", "multipart/form-data; boundary=b");
    // A reader of unknown length goes out chunked.
    let reply = Rig::read(call.send(ureq::SendBody::from_reader(&mut form.as_bytes())));
    assert_eq!(reply.json["bytes"], json!(content.len()), "{}", reply.text);
    let journal = rig.sandbox.journal();
    assert_eq!(journal.calls[0].content_length, None);
    assert_eq!(journal.calls[0].details["bytes"], json!(content.len()));
}
