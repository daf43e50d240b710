//! The client against a real socket: what is repeated, what is not, and what comes out whole.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::time::Duration;

use super::client::Deletion;
use super::testing::{Act, Received, Server, reply};
use super::{Client, CreateBatch, CreateError, Fault, Hooks, Secret, Settings, Upload, advise};

fn create() -> CreateBatch {
    CreateBatch {
        window: super::CompletionWindow::Day,
        input_file_id: "file-1".into(),
        endpoint: "/v1/responses".into(),
        metadata: BTreeMap::from([("gleaner_key".into(), "k1".into())]),
        output_expires_after_secs: None,
    }
}

#[test]
fn what_fails_for_a_moment_is_repeated_and_told() {
    let server = Server::start(|_, n| match n {
        1 => reply(503, &[("retry-after", "3")], "<html><title>Down</title></html>"),
        2 => Act::Slam,
        3 => reply(429, &[("retry-after-ms", "250")], r#"{"error":{"message":"slow","code":"rate_limit_exceeded"}}"#),
        _ => reply(200, &[], r#"{"id":"batch_1","status":"in_progress"}"#),
    });
    let (client, told) = server.client();
    assert_eq!(client.get_batch("batch_1").unwrap().status.as_str(), "in_progress");
    let told = told.lock().unwrap();
    let host = client.origin().host();
    assert_eq!(
        told[0],
        format!("retry 1 of 3 in 3 s: cannot look at batch `batch_1`: {host} answered 503: an HTML page: Down")
    );
    assert!(told[1].starts_with("retry 2 of 3 in ") && told[1].contains("broke"), "{}", told[1]);
    assert!(told[2].starts_with("retry 3 of 3 in 0.2 s: "), "{}", told[2]);
    assert_eq!(server.lines(), ["GET /batches/batch_1"; 4]);
}

#[test]
fn what_cannot_succeed_is_not_repeated() {
    let check = |status: u16, headers: &'static [(&str, &str)], body: &'static str, n_calls: usize, hint: &str| {
        let server = Server::start(move |_, _| reply(status, headers, body));
        let (client, _) = server.client();
        let error = client.get_batch("b").unwrap_err();
        assert_eq!((error.status, server.lines().len()), (Some(status), n_calls), "{error}");
        assert!(error.hint().unwrap_or_default().contains(hint), "{error}: {:?}", error.hint());
        error
    };
    let error =
        check(401, &[("x-request-id", "req_7")], r#"{"error":{"message":"bad key sk-test-key"}}"#, 1, "OPENAI_API_KEY");
    assert!(error.is_auth() && error.to_string().ends_with("bad key [redacted] (request id req_7)"), "{error}");
    let error = check(429, &[], r#"{"error":{"message":"m","type":"insufficient_quota"}}"#, 1, "insufficient_quota");
    assert!(error.is_billing() && !error.is_retryable());
    assert!(check(404, &[], "", 1, "another project").is_not_found());
    check(302, &[("location", "http://elsewhere.example/")], "", 1, "OPENAI_BASE_URL");
    check(503, &[("x-should-retry", "false")], "", 1, "");
    assert_eq!(check(500, &[], "", 4, "").tries, 4);
}

#[test]
fn a_page_of_html_is_no_batch() {
    let server = Server::start(|_, _| reply(200, &[], "<html><title>Log in</title></html>"));
    let (client, _) = server.client();
    let error = client.get_batch("b").unwrap_err();
    assert_eq!(error.fault, Fault::Unreadable);
    assert!(error.to_string().contains("an HTML page: Log in"), "{error}");
    assert_eq!(server.lines().len(), 1);
}

#[test]
fn an_id_from_outside_stays_in_its_segment() {
    let server = Server::start(|_, _| reply(200, &[], r#"{"id":"b"}"#));
    let (client, _) = server.client();
    client.get_batch("../files?x=1").unwrap();
    client.cancel_batch("b").unwrap();
    assert_eq!(server.lines(), ["GET /batches/..%2Ffiles%3Fx%3D1", "POST /batches/b/cancel"]);
    assert_eq!(server.seen()[1].header("content-length"), Some("0"));
    assert_eq!(server.seen()[0].header("authorization"), Some("Bearer sk-test-key"));
}

#[test]
fn a_batch_is_bought_once_whatever_happens() {
    enum Is {
        Refused,
        Uncertain,
    }
    let check = |act: fn() -> Act, expected: Is| {
        let server = Server::start(move |_, _| act());
        let (client, told) = server.client_with(|s| s.silence_timeout = Duration::from_millis(300));
        let error = client.create_batch(&create()).unwrap_err();
        match expected {
            Is::Refused => assert!(matches!(error, CreateError::Refused(_)), "{error:?}"),
            Is::Uncertain => assert!(matches!(error, CreateError::Uncertain(_)), "{error:?}"),
        }
        assert_eq!((server.lines().len(), told.lock().unwrap().len()), (1, 0), "{error}");
    };
    check(|| reply(400, &[], r#"{"error":{"message":"no such file","type":"invalid_request_error"}}"#), Is::Refused);
    check(|| reply(401, &[], r#"{"error":{"message":"nope"}}"#), Is::Refused);
    check(|| reply(422, &[], r#"{"detail":[{"loc":["body","endpoint"],"msg":"field required"}]}"#), Is::Refused);
    check(|| reply(401, &[], "nope"), Is::Uncertain);
    check(|| reply(403, &[], "<html>"), Is::Uncertain);
    check(|| reply(404, &[], ""), Is::Uncertain);
    check(|| reply(422, &[], r#"{"detail":"no"}"#), Is::Uncertain);
    check(|| reply(429, &[], r#"{"error":{"message":"slow","code":"rate_limit_exceeded"}}"#), Is::Refused);
    check(|| reply(307, &[("location", "/v1/batches")], ""), Is::Uncertain);
    check(|| reply(408, &[], r#"{"error":{"message":"slow"}}"#), Is::Uncertain);
    check(|| reply(409, &[], "<html>"), Is::Uncertain);
    check(|| reply(500, &[], r#"{"error":{"message":"oops"}}"#), Is::Uncertain);
    check(|| reply(502, &[], "<html>"), Is::Uncertain);
    check(|| reply(200, &[], "<html>"), Is::Uncertain);
    check(|| reply(200, &[], "{}"), Is::Uncertain);
    check(|| Act::Send(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{\"id\":\"batch_1\"".to_vec()), Is::Uncertain);
    check(|| Act::Slam, Is::Uncertain);
    check(|| Act::Hang, Is::Uncertain);
}

#[test]
fn an_id_alone_is_a_batch_and_201_a_success() {
    let server = Server::start(|_, _| reply(201, &[("x-gleaner-sandbox", "1")], r#"{"id":"5b1c"}"#));
    let (client, _) = server.client();
    assert!(!client.saw_sandbox());
    assert_eq!(client.create_batch(&create()).unwrap().id, "5b1c");
    assert!(client.saw_sandbox());
    let seen = &server.seen()[0];
    assert_eq!((seen.line.as_str(), seen.header("connection")), ("POST /batches", Some("close")));
    let body: serde_json::Value = serde_json::from_slice(&seen.body).unwrap();
    assert_eq!(
        body,
        serde_json::json!({"input_file_id":"file-1","endpoint":"/v1/responses","completion_window":"24h",
                           "metadata":{"gleaner_key":"k1"}})
    );
}

#[test]
fn without_a_connection_nothing_was_bought() {
    // A port that was free a moment ago and is closed again.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let hooks = Hooks { pause: Box::new(|_| true), retrying: Box::new(|_| ()) };
    let client = Client::new(&Settings::new(&format!("http://{address}/v1")), hooks).unwrap();
    match client.create_batch(&create()) {
        Err(CreateError::NotSent(error)) => {
            assert_eq!(
                error.to_string(),
                format!("cannot create the batch: no connection to {address}: connection refused")
            );
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_server_without_tls_is_told_from_one_that_is_away() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 512]);
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    let hooks = Hooks { pause: Box::new(|_| true), retrying: Box::new(|_| ()) };
    let settings = Settings { api_key: Secret::new("k"), ..Settings::new(&format!("https://{address}/v1")) };
    let error = Client::new(&settings, hooks).unwrap().get_batch("b").unwrap_err();
    assert_eq!((error.fault, error.tries), (Fault::Tls, 1), "{error}");
    assert!(error.to_string().contains(&format!("no secure connection to {address}: ")), "{error}");
}

#[test]
fn an_interrupted_pause_ends_the_call() {
    let server = Server::start(|_, _| reply(503, &[], ""));
    let hooks = Hooks { pause: Box::new(|_| false), retrying: Box::new(|_| ()) };
    let client = Client::new(&Settings::new(&server.url), hooks).unwrap();
    let error = anyhow::Error::from(client.get_batch("b").unwrap_err());
    assert_eq!(crate::error::explain_with(&error, advise).exit, crate::error::Exit::Interrupted);
    client.stopper().stop();
    assert_eq!(client.get_batch("b").unwrap_err().fault, Fault::Interrupted);
    assert_eq!(server.lines().len(), 1);
}

#[test]
fn stopping_breaks_a_call_that_waits_for_its_answer() {
    let server = Server::start(|_, _| Act::Hang);
    let (client, _) = server.client();
    let stopper = client.stopper();
    std::thread::scope(|scope| {
        let call = scope.spawn(|| client.get_batch("b").unwrap_err().fault);
        while server.lines().is_empty() {
            std::thread::yield_now();
        }
        stopper.stop();
        assert_eq!(call.join().unwrap(), Fault::Interrupted);
    });
}

#[test]
fn an_upload_has_a_length_and_is_repeated_whole() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("in.jsonl");
    for content in ["{\"custom_id\":\"topic_1\"}\n".to_string(), "x".repeat(3_000_000)] {
        std::fs::write(&path, &content).unwrap();
        let server = Server::start(|_, n| match n {
            1 => reply(502, &[], "bad gateway"),
            2 => Act::Slam,
            _ => reply(200, &[], r#"{"id":"file-1","bytes":24,"filename":"in.jsonl","purpose":"batch"}"#),
        });
        let (client, told) = server.client();
        let mut last = 0;
        let upload = Upload { path: &path, filename: "in.jsonl", expires_after_secs: None };
        assert_eq!(client.upload_file(upload, &mut |n| last = n).unwrap().id, "file-1");
        assert_eq!((told.lock().unwrap().len(), last), (2, content.len() as u64));
        let seen = server.seen().pop().unwrap();
        assert_eq!(seen.header("content-length"), Some(seen.body.len().to_string().as_str()));
        assert_eq!(seen.header("transfer-encoding"), None);
        let body = String::from_utf8(seen.body).unwrap();
        assert!(body.contains("name=\"purpose\"\r\n\r\nbatch\r\n") && body.contains(&content));
    }
    let (client, _) = Server::start(|_, _| reply(200, &[], "{}")).client();
    let missing = Upload { path: &dir.path().join("none"), filename: "none", expires_after_secs: None };
    assert_eq!(client.upload_file(missing, &mut |_| ()).unwrap_err().fault, Fault::Local);
}

#[test]
fn an_upload_goes_through_a_proxy_that_knows_no_announcement() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("in.jsonl");
    std::fs::write(&path, "x".repeat(3_000_000)).unwrap();
    let server = Server::start(|seen, _| match seen.header("expect") {
        Some(_) => Act::Early(b"HTTP/1.1 417 X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_vec()),
        None => reply(200, &[], r#"{"id":"file-1"}"#),
    });
    let (client, told) = server.client();
    let upload = Upload { path: &path, filename: "in.jsonl", expires_after_secs: None };
    for _ in 0..2 {
        assert_eq!(client.upload_file(upload, &mut |_| ()).unwrap().id, "file-1");
    }
    let announced: Vec<bool> = server.seen().iter().map(|seen| seen.header("expect").is_some()).collect();
    assert_eq!(announced, [true, false, false], "it is asked once only");
    assert!(told.lock().unwrap()[0].starts_with("retry 1 of 3 in 0 s: "), "{told:?}");
    let always = Server::start(|_, _| Act::Early(b"HTTP/1.1 417 X\r\ncontent-length: 0\r\n\r\n".to_vec()));
    let error = always.client().0.upload_file(upload, &mut |_| ()).unwrap_err();
    assert_eq!((error.status, always.lines().len()), (Some(417), 2), "the second one was about something else");
}

#[test]
fn an_upload_does_without_an_expiry_where_that_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("in.jsonl");
    std::fs::write(&path, "{}\n").unwrap();
    let upload = Upload { path: &path, filename: "in.jsonl", expires_after_secs: Some(3600) };
    let check = |status: u16, body: &'static str, n_calls: usize| {
        let server = Server::start(move |seen, _| {
            let has_expiry = String::from_utf8_lossy(&seen.body).contains("expires_after");
            if has_expiry { reply(status, &[], body) } else { reply(200, &[], r#"{"id":"file-1"}"#) }
        });
        let done = server.client().0.upload_file(upload, &mut |_| ());
        assert_eq!((done.is_ok(), server.lines().len()), (n_calls == 2, n_calls), "{status} {body}");
    };
    check(422, r#"{"detail":[{"loc":["body","expires_after[anchor]"],"msg":"extra fields not permitted"}]}"#, 2);
    check(400, r#"{"error":{"message":"Unknown field","param":"expires_after"}}"#, 2);
    check(400, r#"{"error":{"message":"File is too large."}}"#, 1);
    check(403, r#"{"error":{"message":"expires_after"}}"#, 1);
}

#[test]
fn a_file_that_is_pending_is_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("in.jsonl");
    std::fs::write(&path, "{}\n").unwrap();
    let upload = Upload { path: &path, filename: "in.jsonl", expires_after_secs: None };
    let check = |words: &'static [&str], n_looks: usize, expected: Result<&str, &str>| {
        let server = Server::start(move |_, n| {
            let word = words.get(n - 1).or(words.last()).unwrap();
            reply(200, &[], &format!(r#"{{"id":"f","status":"{word}","status_details":"no lines"}}"#))
        });
        let done = server.client().0.upload_file(upload, &mut |_| ());
        match (&done, expected) {
            (Ok(file), Ok(status)) => assert_eq!(file.status.as_deref(), Some(status)),
            (Err(error), Err(end)) => assert!(error.to_string().ends_with(end), "{error}"),
            _ => panic!("{words:?}: {done:?}"),
        }
        assert_eq!(server.lines().len(), n_looks, "{words:?}");
        assert!(server.lines()[1..].iter().all(|line| line == "GET /files/f"));
    };
    check(&["processed"], 1, Ok("processed"));
    check(&["Pending", "pending", "processed"], 3, Ok("processed"));
    check(&["pending", "error"], 2, Err("the file was not taken: no lines"));
    // It is given as it is in the end: the call that needs it finds out.
    check(&["pending"], 21, Ok("pending"));
}

const CONTENT: &str = "{\"custom_id\":\"topic_1\"}\n\n{\"custom_id\":\"topic_2\"}\n{\"custom_id\":\"entity_2\"}";

fn partial(seen: &Received, etag: &str) -> Act {
    let from: usize =
        seen.header("range").and_then(|r| r.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok()).unwrap();
    let range = format!("bytes {from}-{}/{}", CONTENT.len() - 1, CONTENT.len());
    reply(206, &[("content-range", &range), ("etag", etag)], &CONTENT[from..])
}

fn broken_at(n: usize, etag: &str) -> Act {
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\netag: {etag}\r\n\r\n", CONTENT.len());
    Act::Send(format!("{head}{}", &CONTENT[..n]).into_bytes())
}

fn download(
    act: impl Fn(&Received, usize) -> Act + Send + Sync + 'static,
    expected: Option<u64>,
) -> (Server, Result<String, super::ApiError>) {
    let dir = tempfile::tempdir().unwrap();
    let dest = dir.path().join("out.jsonl");
    let server = Server::start(act);
    let (client, _) = server.client();
    let mut last = 0;
    let done = client.download("file-9", &dest, expected, &mut |n| last = n);
    let names: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(names.iter().all(|name| name == "out.jsonl"), "nothing but the whole file: {names:?}");
    let result = done.map(|done| {
        let text = std::fs::read_to_string(&dest).unwrap();
        assert_eq!(
            (done.bytes, done.lines, last),
            (text.len() as u64, text.lines().filter(|line| !line.trim().is_empty()).count() as u64, done.bytes)
        );
        text
    });
    assert_eq!(result.is_ok(), dest.exists());
    (server, result)
}

#[test]
fn a_download_goes_on_where_it_broke() {
    let (server, text) = download(
        |seen, n| match n {
            1 => broken_at(10, "\"a\""),
            2 => reply(502, &[], ""),
            _ => partial(seen, "\"a\""),
        },
        Some(CONTENT.len() as u64),
    );
    assert_eq!(text.unwrap(), CONTENT);
    let seen = server.seen();
    assert_eq!(seen[0].header("accept-encoding"), Some("identity"));
    assert_eq!((seen[2].header("range"), seen[2].header("if-range")), (Some("bytes=10-"), Some("\"a\"")));
}

#[test]
fn a_download_begins_anew_where_it_cannot_go_on() {
    let whole = || reply(200, &[], CONTENT);
    let check = |act: fn(&Received, usize) -> Option<Act>| {
        let (_, text) = download(move |seen, n| act(seen, n).unwrap_or_else(whole), None);
        assert_eq!(text.unwrap(), CONTENT);
    };
    // The server does not know ranges.
    check(|_, n| (n == 1).then(|| broken_at(10, "\"a\"")));
    // It gives another range than was asked for.
    check(|_, n| match n {
        1 => Some(broken_at(10, "\"a\"")),
        2 => Some(reply(206, &[("content-range", "bytes 3-5/99")], "abc")),
        _ => None,
    });
    // The file was written anew meanwhile.
    check(|_, n| match n {
        1 => Some(broken_at(10, "\"a\"")),
        2 => Some(reply(416, &[], "")),
        _ => None,
    });
    // A fresh file is forbidden for a moment.
    check(|_, n| (n <= 2).then(|| reply(403, &[], "")));
}

#[test]
fn a_short_download_is_tried_again_only_where_it_may_be_broken() {
    let whole = CONTENT.len() as u64;
    let closed = |n: usize| Act::Send(format!("HTTP/1.1 200 OK\r\n\r\n{}", &CONTENT[..n]).into_bytes());
    let (_, text) = download(move |_, n| if n == 1 { closed(30) } else { reply(200, &[], CONTENT) }, Some(whole));
    assert_eq!(text.unwrap(), CONTENT);
    // One try that brought something, and three that brought nothing new, and it is believed: this is all.
    let (server, text) = download(move |_, _| closed(20), Some(whole));
    assert_eq!((text.unwrap().len(), server.lines().len()), (20, 5));
    // It ended as its length promised: the caller decides how long to be patient.
    let (server, text) = download(|_, _| reply(200, &[], &CONTENT[..20]), Some(whole));
    assert_eq!((text.unwrap().len(), server.lines().len()), (20, 1));
    let (_, text) = download(|_, _| reply(200, &[("content-encoding", "gzip")], CONTENT), None);
    assert_eq!(text.unwrap_err().fault, Fault::Unreadable);
    assert!(download(|_, _| reply(404, &[], ""), None).1.unwrap_err().is_not_found());
}

#[test]
fn a_chunked_body_has_an_end_of_its_own() {
    let chunked = |end: &str| {
        let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
        Act::Send(format!("{head}{:x}\r\n{CONTENT}\r\n{end}", CONTENT.len()).into_bytes())
    };
    // The file object announces more than there is: every line came, and one try is enough.
    let (server, text) = download(move |_, _| chunked("0\r\n\r\n"), Some(CONTENT.len() as u64 + 43));
    assert_eq!((text.unwrap().as_str(), server.lines().len()), (CONTENT, 1));
    let (server, text) =
        download(move |_, n| if n == 1 { chunked("") } else { reply(200, &[], CONTENT) }, Some(CONTENT.len() as u64));
    assert_eq!((text.unwrap().as_str(), server.lines().len()), (CONTENT, 2), "cut before its end");
}

#[test]
fn content_that_lies_elsewhere_is_fetched_without_the_key() {
    let store = Server::start(|seen, _| match seen.line.as_str() {
        "GET /moved?sig=1" => reply(302, &[("location", "/v1/there?sig=2")], ""),
        _ => reply(200, &[], CONTENT),
    });
    let check = |location: String, expected: Result<&str, u16>| {
        let (server, text) = download(move |_, _| reply(302, &[("location", &location)], ""), None);
        assert_eq!(text.as_deref().map_err(|error| error.status.unwrap()), expected);
        assert_eq!(server.lines(), ["GET /files/file-9/content"]);
        assert_eq!(server.seen()[0].header("authorization"), Some("Bearer sk-test-key"));
    };
    check(format!("{}/there?sig=1", store.url), Ok(CONTENT));
    check("ftp://store.example.org/a".to_owned(), Err(302));
    // From one address of the store to another of its own.
    let (_, text) = download(
        {
            let url = store.url.clone();
            move |_, _| reply(307, &[("location", &format!("{url}/moved?sig=1"))], "")
        },
        None,
    );
    assert_eq!(text.unwrap(), CONTENT);
    assert_eq!(store.lines(), ["GET /there?sig=1", "GET /moved?sig=1", "GET /there?sig=2"]);
    for seen in store.seen() {
        assert_eq!(["authorization", "openai-project", "cookie"].map(|name| seen.header(name)), [None; 3]);
        assert_eq!(seen.header("accept"), Some("*/*"));
    }
    // Only the content of a file is: an answer of the API is the API's own.
    let server = Server::start(|_, _| reply(302, &[("location", "/v1/batches/c")], ""));
    assert_eq!(server.client().0.get_batch("b").unwrap_err().status, Some(302));
    assert_eq!(server.lines(), ["GET /batches/b"]);
}

#[test]
fn lists_are_read_to_their_end_and_end_even_where_they_do_not() {
    let server = Server::start(|seen, _| match seen.line.as_str() {
        "GET /batches?limit=100" => reply(200, &[], r#"{"data":[{"id":"c"},{"id":"b"}],"has_more":true}"#),
        "GET /batches?limit=100&after=b" => reply(200, &[], r#"{"data":[{"id":"a"}],"has_more":false,"last_id":"a"}"#),
        _ => reply(404, &[], ""),
    });
    let (client, _) = server.client();
    let ids: Vec<String> = client.all_batches().map(|b| b.unwrap().id).collect();
    assert_eq!(ids, ["c", "b", "a"]);
    // One that ignores `after`: what is behind its first page is never seen.
    let server = Server::start(|_, _| reply(200, &[], r#"{"data":[{"id":"f"}],"has_more":true,"last_id":"f"}"#));
    let (client, _) = server.client();
    let batches: Vec<_> = client.all_batches().collect();
    assert!(batches[..2].iter().all(Result::is_ok) && batches.len() == 3);
    let error = batches[2].as_ref().unwrap_err();
    assert!(error.to_string().ends_with("it says that more follows, and not where"), "{error}");
}

#[test]
fn a_synchronous_answer_brings_its_rate_limits() {
    let server = Server::start(|seen, n| match (seen.line.as_str(), n) {
        ("POST /responses", 1) => reply(500, &[], ""),
        ("POST /responses", _) => {
            let limits = [("x-ratelimit-remaining-requests", "3"), ("x-ratelimit-reset-tokens", "6m0s")];
            reply(200, &limits, r#"{"id":"resp_1"}"#)
        }
        _ => reply(200, &[], "hello"),
    });
    let (client, _) = server.client();
    // Who asks has a patience of its own: a call is one call.
    assert_eq!(client.ask_once("/responses", "{}").unwrap_err().status, Some(500));
    let answer = client.ask_once("/responses", "{}").unwrap();
    assert_eq!(
        (answer.limits.remaining_requests, answer.limits.reset_tokens),
        (Some(3), Some(Duration::from_secs(360)))
    );
    assert_eq!(client.ask_once("/chat/completions", "{}").unwrap_err().fault, Fault::Unreadable);
    assert_eq!(server.seen()[1].header("content-type"), Some("application/json"));
}

#[test]
fn what_was_deleted_is_what_the_api_says() {
    let server = Server::start(|_, n| match n {
        1 => reply(200, &[], r#"{"id":"f","object":"file","deleted":true}"#),
        2 => reply(404, &[], r#"{"error":{"message":"No such File object: f"}}"#),
        3 => reply(404, &[], "<html>404</html>"),
        4 => reply(200, &[], r#"{"id":"f","object":"file","deleted":false}"#),
        _ => reply(403, &[], r#"{"error":{"message":"no"}}"#),
    });
    let (client, _) = server.client();
    for expected in [Deletion::Done, Deletion::WasGone, Deletion::Unclear, Deletion::Unclear] {
        assert_eq!(client.delete_file("f").unwrap(), expected);
    }
    assert!(client.delete_file("f").unwrap_err().is_auth());
}
