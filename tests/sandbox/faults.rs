use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Rig, requests};

/// Sends raw bytes, says that there are no more, and returns all that comes back.
fn exchange(rig: &Rig, request: &str) -> String {
    let mut stream = TcpStream::connect(rig.host()).expect("the sandbox listens");
    stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a minute is a valid time");
    // The sandbox may close before it has read everything.
    let _ = stream.write_all(request.as_bytes());
    let _ = stream.shutdown(Shutdown::Write);
    let mut reply = vec![];
    let _ = stream.read_to_end(&mut reply);
    String::from_utf8_lossy(&reply).into_owned()
}

/// Sends a well-formed call on a connection of its own.
fn call(rig: &Rig, method: &str, path: &str, body: &str) -> String {
    exchange(
        rig,
        &format!(
            "{method} /v1{path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer k\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            rig.host(),
            body.len()
        ),
    )
}

fn wait_for(path: &Path) {
    let end = Instant::now() + Duration::from_secs(60);
    while !path.exists() {
        assert!(Instant::now() < end, "`{}` never appeared", path.display());
        thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn a_reply_can_be_replaced_for_some_calls() {
    let table = [
        (
            json!({"status": 503, "json": {"error": {"message": "busy"}}, "headers": {"retry-after": "7"}}),
            503,
            "application/json",
            r#"{"error":{"message":"busy"}}"#,
        ),
        (json!({"status": 502, "text": "<html>Bad Gateway</html>"}), 502, "text/html", "<html>Bad Gateway</html>"),
        (json!({"status": 500, "text": "plain words"}), 500, "text/plain", "plain words"),
        (json!({"status": 504}), 504, "application/json", ""),
    ];
    for (mut fault, status, content_type, text) in table {
        fault["on"] = json!("models.list");
        fault["nth"] = json!(2);
        fault["times"] = json!(2);
        let rig = Rig::start(&json!({"faults": [fault]}));
        let replies: Vec<_> = (0..4).map(|_| rig.get("/models")).collect();
        let statuses: Vec<_> = replies.iter().map(|reply| reply.status).collect();
        assert_eq!(statuses, [200, status, status, 200]);
        assert_eq!(
            (replies[1].text.as_str(), &replies[1].headers["content-type"]),
            (text, &content_type.parse().unwrap())
        );
        assert_eq!(replies[1].headers.get("retry-after").is_some(), status == 503);
        assert!(replies[1].headers.contains_key("x-request-id"));
    }
}

#[test]
fn a_connection_is_cut_at_each_stage() {
    // What a cut leaves behind: a batch only once it was made.
    let table = [("head", 0), ("body", 0), ("received", 0), ("done", 1), ("reply", 1)];
    for (stage, n_batches) in table {
        let rig =
            Rig::start(&json!({"faults": [{"on": "batches.create", "at": stage, "after_bytes": 10, "close": true}]}));
        let file = rig.upload(&requests(1)).json["id"].clone();
        let order = json!({"input_file_id": file, "endpoint": "/v1/responses", "completion_window": "24h"}).to_string();
        let reply = call(&rig, "POST", "/batches", &order);
        assert_eq!(reply.is_empty(), stage != "reply", "{stage}: {reply}");
        assert!(reply.is_empty() || reply.ends_with(r#"{"id":"bat"#), "{reply}");
        assert_eq!(rig.get("/batches").json["data"].as_array().unwrap().len(), n_batches, "{stage}");
        assert_eq!(rig.sandbox.journal().batches.len(), n_batches, "{stage}");
    }
}

#[test]
fn the_batch_is_made_although_the_answer_is_useless() {
    let table = [
        (json!({"at": "done", "status": 500, "text": "oops"}), 500, json!(null)),
        (json!({"only": ["id"]}), 200, json!(["id"])),
        (json!({"set": {"status": "queued"}, "only": ["status"]}), 200, json!(["status"])),
        (json!({"unset": ["id"], "only": ["object", "id"]}), 200, json!(["object"])),
    ];
    for (mut fault, status, members) in table {
        fault["on"] = json!("batches.create");
        let rig = Rig::start(&json!({"faults": [fault]}));
        let file = rig.upload(&requests(1)).json["id"].clone();
        let reply = rig.create(&file, &json!({}));
        assert_eq!(reply.status, status);
        let seen: Value = reply.json.as_object().map(|members| members.keys().cloned().collect()).unwrap_or_default();
        assert_eq!(seen, members, "{fault}");
        assert_eq!(rig.get("/batches").json["data"].as_array().unwrap().len(), 1);
    }
}

#[test]
fn a_call_is_held_until_a_file_appears() {
    let folder = tempfile::tempdir().unwrap();
    let (here, go) = (folder.path().join("here"), folder.path().join("go"));
    let rig = Rig::start(&json!({"faults": [{"on": "batches.create", "announce": here, "hold": go}]}));
    let file = rig.upload(&requests(1)).json["id"].clone();
    thread::scope(|scope| {
        let held = scope.spawn(|| rig.create(&file, &json!({})).status);
        wait_for(&here);
        assert_eq!(rig.get("/batches").json["data"].as_array().unwrap().len(), 1, "held after the batch was made");
        assert!(!held.is_finished());
        std::fs::write(&go, "").unwrap();
        assert_eq!(held.join().unwrap(), 200);
    });
}

#[test]
fn a_client_that_dies_in_mid_upload_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let (here, go) = (folder.path().join("here"), folder.path().join("go"));
    let rig = Rig::start(&json!({"faults": [
        {"on": "files.create", "at": "body", "after_bytes": 100, "announce": here, "hold": go}]}));
    let mut stream = TcpStream::connect(rig.host()).unwrap();
    let head = format!(
        "POST /v1/files HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer k\r\ncontent-type: multipart/form-data; boundary=b\r\n\
         content-length: 100000\r\n\r\n--b\r\ncontent-disposition: form-data; name=file; filename=a.jsonl\r\n\r\n",
        rig.host()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&[b'x'; 500]).unwrap();
    wait_for(&here);
    drop(stream);
    std::fs::write(&go, "").unwrap();
    assert_eq!(rig.get("/files").json["data"], json!([]));
    assert_eq!(rig.sandbox.journal().calls[0].status, None);
}

#[test]
fn stopping_frees_a_hanging_client() {
    let rig = Rig::start(&json!({"faults": [{"on": "models.list", "hang": true, "announce": null}]}));
    let host = rig.host();
    let hanging = thread::spawn(move || {
        let mut stream = TcpStream::connect(&host).unwrap();
        let request = format!("GET /v1/models HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer k\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut reply = vec![];
        let _ = stream.read_to_end(&mut reply);
        reply
    });
    let end = Instant::now() + Duration::from_secs(60);
    while rig.sandbox.n_calls() == 0 {
        assert!(Instant::now() < end, "the call never came");
        thread::sleep(Duration::from_millis(2));
    }
    rig.sandbox.stop();
    assert!(hanging.join().unwrap().is_empty());
}

#[test]
fn bodies_are_cut_with_and_without_a_word() {
    let whole = requests(3);
    let kept = &whole[..100];
    let two_lines = &whole[..whole.find('\n').unwrap() * 2 + 2];
    let length = |n: usize| format!("content-length: {n}\r\n");
    let table = [
        (json!({"truncate": 100}), Some(length(100)), kept),
        (json!({"truncate": 100, "length": "promised"}), Some(length(whole.len())), kept),
        (json!({"truncate": 100, "length": "none"}), None, kept),
        (json!({"drop_lines": 1}), Some(length(two_lines.len())), two_lines),
        (json!({"length": "none"}), None, whole.as_str()),
        (json!({"at": "reply", "after_bytes": 100, "close": true}), Some(length(whole.len())), kept),
    ];
    for (mut fault, length, expected) in table {
        fault["on"] = json!("files.content");
        let rig = Rig::start(&json!({"faults": [fault]}));
        let id = rig.upload(&whole).json["id"].as_str().unwrap().to_owned();
        let reply = call(&rig, "GET", &format!("/files/{id}/content"), "");
        let (head, body) = reply.split_once("\r\n\r\n").unwrap();
        assert_eq!(body, expected, "{fault}");
        match length {
            Some(length) => assert!(format!("{head}\r\n").contains(&length), "{fault}: {head}"),
            None => assert!(!head.contains("content-length"), "{fault}: {head}"),
        }
        assert_eq!(rig.get(&format!("/files/{id}/content")).text, whole, "only once");
    }
}

#[test]
fn anything_at_all_can_be_sent() {
    let rig = Rig::start(&json!({"faults": [{"on": "models.list", "raw": "SSH-2.0-not_http\r\n"}]}));
    assert_eq!(call(&rig, "GET", "/models", ""), "SSH-2.0-not_http\r\n");
}

#[test]
fn a_kept_connection_may_be_gone() {
    let rig = Rig::start(&json!({"faults": [{"on": "models.list", "status": 500, "drop_after": true}]}));
    let one = format!("GET /v1/models HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer k\r\n\r\n", rig.host());
    let reply = exchange(&rig, &format!("{one}{one}"));
    assert!(reply.contains("connection: keep-alive") && reply.matches("HTTP/1.1").count() == 1, "{reply}");
    let reply = exchange(&rig, &format!("{one}{one}"));
    assert_eq!(reply.matches("HTTP/1.1 200").count(), 2, "{reply}");
}

#[test]
fn headers_can_be_set_and_taken_away() {
    let rig = Rig::start(&json!({"faults": [
        {"on": "*", "times": 0, "headers": {"x-gleaner-sandbox": null}},
        {"on": "models.list", "times": 0, "headers": {"x-ratelimit-remaining-requests": "3", "retry-after-ms": "250"}},
    ]}));
    let reply = rig.get("/models");
    assert_eq!(
        (&reply.headers["x-ratelimit-remaining-requests"], &reply.headers["retry-after-ms"]),
        (&"3".parse().unwrap(), &"250".parse().unwrap())
    );
    assert!(!reply.headers.contains_key("x-gleaner-sandbox"));
}

#[test]
fn a_fault_can_wait_for_a_text() {
    let rig =
        Rig::start(&json!({"faults": [{"on": "responses.create", "contains": "Kranz", "nth": 2, "status": 500}]}));
    let ask = |input: &str| rig.post("/responses", &json!({"model": "m", "input": input})).status;
    assert_eq!([ask("a"), ask("Kranz"), ask("b"), ask("Kranz"), ask("Kranz")], [200, 200, 200, 500, 200]);
}

#[test]
fn nonsense_is_survived() {
    let rig = Rig::start(&json!({}));
    let host = rig.host();
    let endless = format!("GET / HTTP/1.1\r\nx: {}", "y".repeat(100_000));
    let bad_chunk = format!("POST /v1/batches HTTP/1.1\r\nhost: {host}\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n");
    for request in ["", "\r\n", "hello\r\n\r\n", "GET / SMTP\r\n\r\n", endless.as_str(), bad_chunk.as_str()] {
        exchange(&rig, request);
    }
    let reply = call(&rig, "POST", "/batches", "{");
    assert!(reply.starts_with("HTTP/1.1 400 ") && reply.contains("invalid_request_error"), "{reply}");
    assert_eq!(rig.get("/models").status, 200);
}
