//! Listens, and carries each call through its stages: head, body, effect, reply, with the script's faults in between.

use std::collections::HashMap;
use std::io::{self, BufReader, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::api::{self, Received, Route};
use super::fault::Stage;
use super::faults::{Faults, Flow, Instead, Tapped, body_details};
use super::http::{self, Body, Head, Reply};
use super::journal::Call;
use super::outcomes::error_body;
use super::shared::Shared;

/// Connections served at once; more are closed.
const CONNECTIONS_MAX: usize = 256;
/// Time that the rest of an unread request is swallowed after an early reply, so that the reply is not lost to a reset.
const LINGER: Duration = Duration::from_secs(2);

/// The open connections, so that stopping can close them.
#[derive(Default)]
pub(crate) struct Connections {
    streams: Mutex<HashMap<u64, TcpStream>>,
}

impl Connections {
    fn add(&self, number: u64, stream: &TcpStream) -> bool {
        let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        let Ok(copy) = stream.try_clone() else { return false };
        streams.len() < CONNECTIONS_MAX && streams.insert(number, copy).is_none()
    }

    fn remove(&self, number: u64) {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner).remove(&number);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    pub(crate) fn close_all(&self) {
        for stream in self.streams.lock().unwrap_or_else(PoisonError::into_inner).values() {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

/// Accepts connections until the sandbox is stopped.
pub(crate) fn listen(listener: &TcpListener, shared: &Arc<Shared>, connections: &Arc<Connections>) {
    for (number, stream) in (1..).zip(listener.incoming()) {
        if shared.is_stopping() {
            return;
        }
        let Ok(stream) = stream else { continue };
        if !connections.add(number, &stream) {
            continue;
        }
        let (shared, connections) = (Arc::clone(shared), Arc::clone(connections));
        thread::spawn(move || {
            // A broken connection concerns nobody but its client.
            let _ = serve(stream, &shared, number);
            connections.remove(number);
        });
    }
}

/// Wakes up a listener that waits for a connection.
pub(crate) fn wake(address: SocketAddr) {
    let _ = TcpStream::connect_timeout(&address, Duration::from_secs(1));
}

fn serve(stream: TcpStream, shared: &Shared, connection: u64) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::with_capacity(64 * 1024, stream);
    while let Some(head) = http::read_head(&mut reader)? {
        if !serve_call(&head, &mut reader, shared, connection)? || shared.is_stopping() {
            break;
        }
    }
    reader.get_ref().shutdown(Shutdown::Both)
}

/// Serves one call; returns whether the connection can be used again.
fn serve_call(head: &Head, reader: &mut BufReader<TcpStream>, shared: &Shared, connection: u64) -> io::Result<bool> {
    let route = Route::of(&head.method, &head.path);
    let number = note(shared, head, &route, connection);
    let loaded = shared.loaded();
    let mut faults = Faults::find(&loaded, route.name(), None);

    if faults.pause(shared, Stage::Head) == Flow::Close {
        return Ok(false);
    }
    if let Some(instead) = faults.reply(Stage::Head) {
        send(instead, &faults, reader.get_mut(), shared, number, false)?;
        linger(reader);
        return Ok(false);
    }

    let received = {
        let mut body = Tapped::new(Body::new(head, reader), shared, &faults);
        let received = api::receive(shared, head, &route, &mut body);
        if received.is_ok() {
            body.body.drain()?;
        }
        received
    };
    let received = match received {
        Ok(received) => received,
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            let reply = Reply::json(400, &error_body("invalid_request_error", &error.to_string(), None));
            send(Instead::Reply(reply), &faults, reader.get_mut(), shared, number, false)?;
            linger(reader);
            return Ok(false);
        }
        Err(error) => return Err(error),
    };
    if let Received::Json { text, value } = &received {
        faults.extend(Faults::find(&loaded, route.name(), Some(text)));
        annotate(shared, number, body_details(value));
    }
    if let Received::Upload(upload) = &received {
        annotate(
            shared,
            number,
            json!({"purpose": upload.purpose, "bytes": upload.n_bytes, "filename": upload.filename}),
        );
    }

    if faults.pause(shared, Stage::Received) == Flow::Close {
        return Ok(false);
    }
    if let Some(instead) = faults.reply(Stage::Received) {
        return send(instead, &faults, reader.get_mut(), shared, number, head.keep_alive);
    }

    let reply = match admit(head, &route, loaded.script.without_key) {
        Some(refusal) => refusal,
        None => api::answer(shared, head, &route, &received)
            .unwrap_or_else(|error| Reply::json(500, &error_body("server_error", &error.to_string(), None))),
    };

    if faults.pause(shared, Stage::Done) == Flow::Close {
        return Ok(false);
    }
    let instead = faults.reply(Stage::Done).unwrap_or(Instead::Reply(reply));
    send(instead, &faults, reader.get_mut(), shared, number, head.keep_alive)
}

/// Turns away who has no key, and web pages that reached this port by a name of their own.
fn admit(head: &Head, route: &Route, without_key: bool) -> Option<Reply> {
    let host = head.header("host").unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, port)| if port.contains(']') { host } else { name });
    if !matches!(name, "127.0.0.1" | "localhost" | "[::1]") {
        return Some(Reply::json(403, &error_body("forbidden", "The sandbox answers on this machine only.", None)));
    }
    if *route != Route::Home && !without_key && !is_authorized(head) {
        let message = "No API key came with this request: send `Authorization: Bearer KEY` (the sandbox takes any).";
        return Some(Reply::json(401, &error_body("invalid_api_key", message, None)));
    }
    None
}

fn is_authorized(head: &Head) -> bool {
    let token = head.header("authorization").and_then(|value| value.split_once(' '));
    token.is_some_and(|(scheme, token)| scheme.eq_ignore_ascii_case("bearer") && !token.trim().is_empty())
}

/// Sends what is to be sent, bent by the faults; returns whether the connection can be used again.
fn send(
    instead: Instead,
    faults: &Faults,
    stream: &mut TcpStream,
    shared: &Shared,
    number: u64,
    keep_alive: bool,
) -> io::Result<bool> {
    let mut reply = match instead {
        Instead::Reply(reply) => reply,
        Instead::Raw(bytes) => {
            stream.write_all(&bytes)?;
            return Ok(false);
        }
    };
    reply.set_header("x-request-id", format!("req_{}", shared.unique()));
    reply.set_header("x-gleaner-sandbox", "1");
    faults.edit(&mut reply)?;
    let keeps = reply.keeps(keep_alive);
    if let Some(call) = call(&mut shared.journal().calls, number) {
        call.status = Some(reply.status);
    }
    let n_first = faults.reply_bytes().unwrap_or(u64::MAX);
    reply.write_start(stream, keep_alive, n_first)?;
    if n_first < u64::MAX {
        if faults.pause(shared, Stage::Reply) == Flow::Close {
            return Ok(false);
        }
        reply.content.copy_range(n_first, u64::MAX, stream)?;
    }
    Ok(keeps && !faults.drop_after())
}

fn linger(reader: &mut BufReader<TcpStream>) {
    let stream = reader.get_ref();
    let _ = stream.shutdown(Shutdown::Write);
    let _ = stream.set_read_timeout(Some(LINGER));
    let mut buf = [0; 16 * 1024];
    while reader.read(&mut buf).is_ok_and(|n_bytes| n_bytes > 0) {}
}

fn note(shared: &Shared, head: &Head, route: &Route, connection: u64) -> u64 {
    if route.is_control() {
        return 0;
    }
    let text = |name: &str| head.header(name).map(str::to_owned);
    let query: Vec<String> = head.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let mut journal = shared.journal();
    let number = journal.calls.len() as u64 + 1;
    journal.calls.push(Call {
        number,
        endpoint: route.name().to_owned(),
        method: head.method.clone(),
        path: if query.is_empty() { head.path.clone() } else { format!("{}?{}", head.path, query.join("&")) },
        authorized: is_authorized(head),
        content_type: text("content-type"),
        content_length: head.content_length(),
        range: text("range"),
        organization: text("openai-organization"),
        project: text("openai-project"),
        accept_encoding: text("accept-encoding"),
        connection,
        details: Value::Null,
        status: None,
    });
    number
}

fn annotate(shared: &Shared, number: u64, details: Value) {
    if let Some(call) = call(&mut shared.journal().calls, number) {
        call.details = details;
    }
}

fn call(calls: &mut [Call], number: u64) -> Option<&mut Call> {
    calls.get_mut(usize::try_from(number).ok()?.checked_sub(1)?)
}
