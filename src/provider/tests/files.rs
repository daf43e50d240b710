//! Uploads and downloads: whole or not at all, whatever breaks.

use crate::provider::testing::{Act, Received, Server, reply};
use crate::provider::{ApiError, Fault, Upload};

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
) -> (Server, Result<String, ApiError>) {
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
    assert!(download(|_, _| reply(404, &[], ""), None).1.unwrap_err().is_not_found());
}

#[test]
fn what_is_packed_without_being_asked_for_is_unpacked_or_named() {
    fn gzip(n: usize) -> Act {
        let mut packed = flate2::write::GzEncoder::new(vec![], flate2::Compression::fast());
        std::io::Write::write_all(&mut packed, CONTENT.as_bytes()).unwrap();
        let packed = packed.finish().unwrap();
        let head = format!("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n", packed.len());
        Act::Send([head.as_bytes(), &packed[..n.min(packed.len())]].concat())
    }
    let (_, text) = download(|_, _| gzip(usize::MAX), None);
    assert_eq!(text.unwrap(), CONTENT);
    // A download that breaks off, or is packed in its second half only, begins anew.
    let (server, text) = download(|_, n| gzip(if n == 1 { 30 } else { usize::MAX }), None);
    assert_eq!((text.unwrap().as_str(), server.seen()[1].header("range")), (CONTENT, None));
    let (_, text) = download(|_, n| if n == 1 { broken_at(10, "\"a\"") } else { gzip(usize::MAX) }, None);
    assert_eq!(text.unwrap(), CONTENT);
    let (_, text) = download(|_, _| reply(200, &[("content-encoding", "br")], CONTENT), None);
    let error = text.unwrap_err();
    assert!(error.fault == Fault::Unreadable && error.to_string().contains("encoded as `br`"), "{error}");
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
