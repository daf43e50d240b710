//! The client against a real socket: what is repeated, what is not, and what comes out whole.

mod files;

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::time::Duration;

use crate::provider::client::Deletion;
use crate::provider::testing::{Act, Server, reply};
use crate::provider::{Client, CreateBatch, CreateError, Fault, Hooks, Secret, Settings, advise};

fn create() -> CreateBatch {
    CreateBatch {
        window: crate::provider::CompletionWindow::Day,
        input_file_id: "file-1".into(),
        endpoint: "/v1/responses".into(),
        metadata: BTreeMap::from([("gleaner_key".into(), "k1".into())]),
        output_expires_after_secs: None,
    }
}

#[test]
fn a_packed_answer_is_unpacked_and_a_bare_list_of_nothing_is_no_page() {
    let packed = |status: &str, body: &str| {
        let mut packed = flate2::write::GzEncoder::new(vec![], flate2::Compression::fast());
        packed.write_all(body.as_bytes()).unwrap();
        let packed = packed.finish().unwrap();
        let head = format!("HTTP/1.1 {status}\r\ncontent-encoding: GZIP\r\ncontent-length: {}\r\n\r\n", packed.len());
        [head.as_bytes(), &packed].concat()
    };
    let bodies = [
        packed("200 OK", r#"{"id":"batch_1","status":"in_progress"}"#),
        packed("404 X", r#"{"error":{"message":"No such batch","type":"invalid_request_error"}}"#),
    ];
    let server = Server::start(move |_, n| Act::Send(bodies[n - 1].clone()));
    let (client, _) = server.client();
    assert_eq!(client.get_batch("batch_1").unwrap().id, "batch_1");
    assert!(client.get_batch("batch_2").unwrap_err().is_envelope());

    let list = |body: &'static str| {
        let (client, _) = Server::start(move |_, _| reply(200, &[], body)).client();
        client.all_batches().collect::<Result<Vec<_>, _>>()
    };
    assert_eq!(list(r#"{"object":"list","data":[]}"#).unwrap(), []);
    assert_eq!(list(r#"[{"id":"batch_1","status":"completed"}]"#).unwrap().len(), 1);
    assert_eq!(list("[]").unwrap_err().fault, Fault::Unreadable);
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
    let hooks = Hooks { pause: Box::new(|_| true), retrying: Box::new(|_| ()), called: None };
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
    let hooks = Hooks { pause: Box::new(|_| true), retrying: Box::new(|_| ()), called: None };
    let settings = Settings { api_key: Secret::new("k"), ..Settings::new(&format!("https://{address}/v1")) };
    let error = Client::new(&settings, hooks).unwrap().get_batch("b").unwrap_err();
    assert_eq!((error.fault, error.tries), (Fault::Tls, 1), "{error}");
    assert!(error.to_string().contains(&format!("no secure connection to {address}: ")), "{error}");
}

#[test]
fn an_interrupted_pause_ends_the_call() {
    let server = Server::start(|_, _| reply(503, &[], ""));
    let hooks = Hooks { pause: Box::new(|_| false), retrying: Box::new(|_| ()), called: None };
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
    // A command has a patience of its own: a call is one call.
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
