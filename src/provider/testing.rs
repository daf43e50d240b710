//! A server for tests: the answers are closures, the socket is real.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use super::client::{Client, Hooks};
use super::settings::{Secret, Settings};

/// A request as it came.
#[derive(Clone, Debug, Default)]
pub(super) struct Received {
    /// `POST /batches`, without the version.
    pub(super) line: String,
    headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Received {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
}

/// Action of the server on a request.
pub(super) enum Act {
    /// Sends these bytes and closes, whatever they promised.
    Send(Vec<u8>),
    /// Says nothing until the other side goes away.
    Hang,
    /// Closes before the body is read.
    Slam,
    /// Sends these bytes and closes; where the body was announced, without having asked for it.
    Early(Vec<u8>),
}

/// A reply with a status, headers and a body of the right length.
pub(super) fn reply(status: u16, headers: &[(&str, &str)], body: &str) -> Act {
    let mut text = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n", body.len());
    for (name, value) in headers {
        text += &format!("{name}: {value}\r\n");
    }
    Act::Send(format!("{text}\r\n{body}").into_bytes())
}

/// A server on a free port of this machine; it lives as long as the process.
pub(super) struct Server {
    pub(super) url: String,
    seen: Arc<Mutex<Vec<Received>>>,
}

impl Server {
    /// Starts a server; `act` is given each request and its number, from 1.
    pub(super) fn start(act: impl Fn(&Received, usize) -> Act + Send + Sync + 'static) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (act, log) = (Arc::new(act), Arc::clone(&seen));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (act, log) = (Arc::clone(&act), Arc::clone(&log));
                thread::spawn(move || serve(stream, &*act, &log));
            }
        });
        Server { url, seen }
    }

    /// Returns the requests so far.
    pub(super) fn seen(&self) -> Vec<Received> {
        self.seen.lock().unwrap().clone()
    }

    /// Returns the request lines so far.
    pub(super) fn lines(&self) -> Vec<String> {
        self.seen().into_iter().map(|seen| seen.line).collect()
    }

    /// Returns a client of it that waits for nothing, and what it told of its retries.
    pub(super) fn client(&self) -> (Client, Arc<Mutex<Vec<String>>>) {
        self.client_with(|_| ())
    }

    pub(super) fn client_with(&self, change: impl FnOnce(&mut Settings)) -> (Client, Arc<Mutex<Vec<String>>>) {
        let told = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&told);
        let hooks = Hooks {
            pause: Box::new(|_| true),
            retrying: Box::new(move |retrying| log.lock().unwrap().push(retrying.to_string())),
            called: None,
        };
        let mut settings = Settings { api_key: Secret::new("sk-test-key"), retries: 3, ..Settings::new(&self.url) };
        // Long enough never to strike a server that answers.
        settings.silence_timeout = Duration::from_secs(20);
        change(&mut settings);
        (Client::new(&settings, hooks).unwrap(), told)
    }
}

fn serve(mut stream: TcpStream, act: &(dyn Fn(&Received, usize) -> Act + Send + Sync), log: &Mutex<Vec<Received>>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut seen = Received::default();
    let mut line = String::new();
    while reader.read_line(&mut line).is_ok_and(|n| n > 0) {
        let text = line.trim_end().to_string();
        line.clear();
        match text.split_once(": ") {
            _ if seen.line.is_empty() => seen.line = text.replace(" HTTP/1.1", "").replace("/v1/", "/"),
            _ if text.is_empty() => break,
            Some((name, value)) => seen.headers.push((name.to_ascii_lowercase(), value.to_string())),
            None => {}
        }
    }
    let length: u64 = seen.header("content-length").and_then(|v| v.parse().ok()).unwrap_or(0);
    let n = log.lock().unwrap().len() + 1;
    // A refusal may come before the body does.
    let early =
        seen.header("expect").is_some().then(|| act(&seen, n)).filter(|act| matches!(act, Act::Slam | Act::Early(_)));
    if early.is_none() {
        if seen.header("expect").is_some() {
            let _ = stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n");
        }
        let _ = reader.by_ref().take(length).read_to_end(&mut seen.body);
    }
    log.lock().unwrap().push(seen.clone());
    match act(&seen, n) {
        Act::Send(bytes) | Act::Early(bytes) => {
            let _ = stream.write_all(&bytes);
        }
        Act::Hang => {
            let _ = reader.read(&mut [0]);
        }
        Act::Slam => {}
    }
}
