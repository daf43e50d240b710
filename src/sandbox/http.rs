//! A small HTTP/1.1 server's half of a conversation: read one request, write one reply.
//!
//! Written over plain sockets because the sandbox has to break the rules on request (close in mid-body, promise more
//! than it sends, write nonsense), which no HTTP library lets a server do. It knows what clients of this API send:
//! `Content-Length` and chunked bodies, `Expect: 100-continue`, kept-alive connections.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::net::TcpStream;

/// Longest request line and headers together; real clients stay far below.
const HEAD_BYTES_MAX: usize = 64 * 1024;

/// The request line and headers, without the body.
#[derive(Debug, Default)]
pub(crate) struct Head {
    pub(crate) method: String,
    /// Decoded, without the query.
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    /// True where the connection may serve another request.
    pub(crate) keep_alive: bool,
}

impl Head {
    /// Returns the value of a header; `name` in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Returns the value of a query parameter.
    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Returns the announced size of the body.
    pub(crate) fn content_length(&self) -> Option<u64> {
        self.header("content-length")?.trim().parse().ok()
    }
}

/// Reads the head of the next request; `None` when the client closed the connection between two requests.
pub(crate) fn read_head(reader: &mut BufReader<TcpStream>) -> io::Result<Option<Head>> {
    let mut left = HEAD_BYTES_MAX;
    let Some(first) = read_line(reader, &mut left)? else { return Ok(None) };
    let mut words = first.split(' ');
    let (Some(method), Some(target), Some(version)) = (words.next(), words.next(), words.next()) else {
        return Err(malformed("request line"));
    };
    if !version.starts_with("HTTP/1.") {
        return Err(malformed("protocol version"));
    }
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut head = Head {
        method: method.to_owned(),
        path: percent_decode(path),
        query: query.split('&').filter(|pair| !pair.is_empty()).map(decode_pair).collect(),
        headers: vec![],
        keep_alive: version == "HTTP/1.1",
    };
    loop {
        let line = read_line(reader, &mut left)?.ok_or_else(|| malformed("headers"))?;
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':').ok_or_else(|| malformed("header"))?;
        head.headers.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
    }
    if let Some(connection) = head.header("connection") {
        head.keep_alive = connection.eq_ignore_ascii_case("keep-alive") || (head.keep_alive && connection != "close");
    }
    Ok(Some(head))
}

fn read_line(reader: &mut impl BufRead, left: &mut usize) -> io::Result<Option<String>> {
    let mut line = vec![];
    let n_bytes = reader.by_ref().take(*left as u64).read_until(b'\n', &mut line)?;
    *left -= n_bytes;
    if n_bytes == 0 && *left > 0 {
        return Ok(None);
    }
    if line.pop() != Some(b'\n') {
        return Err(malformed("line"));
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    String::from_utf8(line).map(Some).map_err(|_| malformed("text"))
}

fn malformed(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("malformed HTTP {what}"))
}

fn decode_pair(pair: &str) -> (String, String) {
    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
    (percent_decode(&name.replace('+', " ")), percent_decode(&value.replace('+', " ")))
}

fn percent_decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = bytes.get(at + 1..at + 3).and_then(|hex| std::str::from_utf8(hex).ok());
        match (bytes[at], hex.and_then(|hex| u8::from_str_radix(hex, 16).ok())) {
            (b'%', Some(byte)) => {
                decoded.push(byte);
                at += 3;
            }
            (byte, _) => {
                decoded.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

/// The body of a request as it comes off the wire, unframed.
pub(crate) struct Body<'a> {
    reader: &'a mut BufReader<TcpStream>,
    framing: Framing,
    /// True where the client waits for `100 Continue` before it sends anything.
    expects: bool,
}

enum Framing {
    Length(u64),
    /// Bytes left in the current chunk; `None` before the first.
    Chunked(Option<u64>),
    Done,
}

impl<'a> Body<'a> {
    pub(crate) fn new(head: &Head, reader: &'a mut BufReader<TcpStream>) -> Body<'a> {
        let chunked = head.header("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked"));
        let framing = match head.content_length() {
            _ if chunked => Framing::Chunked(None),
            Some(n_bytes) if n_bytes > 0 => Framing::Length(n_bytes),
            _ => Framing::Done,
        };
        let expects = head.header("expect").is_some_and(|what| what.eq_ignore_ascii_case("100-continue"));
        Body { reader, framing, expects }
    }

    /// Reads what is left and throws it away, so that the connection can serve the next request.
    pub(crate) fn drain(&mut self) -> io::Result<u64> {
        io::copy(self, &mut io::sink())
    }
}

impl Read for Body<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.expects && !matches!(self.framing, Framing::Done) {
            self.expects = false;
            self.reader.get_mut().write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        let left = match self.framing {
            Framing::Done => return Ok(0),
            Framing::Length(left) => left,
            Framing::Chunked(Some(left)) if left > 0 => left,
            Framing::Chunked(current) => {
                let mut line_left = 1024;
                if current.is_some() {
                    read_line(self.reader, &mut line_left)?;
                }
                let line = read_line(self.reader, &mut line_left)?.ok_or_else(|| malformed("chunk"))?;
                let size = line.split(';').next().unwrap_or("").trim();
                let size = u64::from_str_radix(size, 16).map_err(|_| malformed("chunk size"))?;
                if size == 0 {
                    while read_line(self.reader, &mut line_left)?.is_some_and(|trailer| !trailer.is_empty()) {}
                    self.framing = Framing::Done;
                    return Ok(0);
                }
                size
            }
        };
        let wanted = buf.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let n_bytes = self.reader.read(&mut buf[..wanted])?;
        if n_bytes == 0 && wanted > 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "client closed in mid-body"));
        }
        let left = left - n_bytes as u64;
        self.framing = match self.framing {
            Framing::Chunked(_) => Framing::Chunked(Some(left)),
            _ if left == 0 => Framing::Done,
            _ => Framing::Length(left),
        };
        Ok(n_bytes)
    }
}

/// Body of a reply.
pub(crate) enum Content {
    Bytes(Vec<u8>),
    /// Part of a file on disk, so that a large output is never held in memory.
    File {
        file: File,
        start: u64,
        len: u64,
    },
}

impl Content {
    pub(crate) fn len(&self) -> u64 {
        match self {
            Content::Bytes(bytes) => bytes.len() as u64,
            Content::File { len, .. } => *len,
        }
    }

    /// Cuts the content to at most this many bytes.
    pub(crate) fn truncate(&mut self, n_bytes: u64) {
        match self {
            Content::Bytes(bytes) => bytes.truncate(usize::try_from(n_bytes).unwrap_or(usize::MAX)),
            Content::File { len, .. } => *len = n_bytes.min(*len),
        }
    }

    /// Copies a stretch of the content.
    pub(crate) fn copy_range(&mut self, from: u64, n_bytes: u64, out: &mut impl Write) -> io::Result<()> {
        let from = from.min(self.len());
        let n_bytes = n_bytes.min(self.len() - from);
        match self {
            Content::Bytes(bytes) => {
                let mut rest = bytes.as_slice();
                io::copy(&mut rest.by_ref().take(from), &mut io::sink())?;
                io::copy(&mut rest.take(n_bytes), out)?;
            }
            Content::File { file, start, .. } => {
                file.seek(SeekFrom::Start(*start + from))?;
                io::copy(&mut file.take(n_bytes), out)?;
            }
        }
        Ok(())
    }
}

/// Framing: how the end of a body is told to the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// `Content-Length` says what is sent.
    Length,
    /// `Content-Length` says this much, whatever is sent; then the connection is closed.
    Promised(u64),
    /// No length: the body ends where the connection does.
    Close,
}

/// One reply.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) content: Content,
    pub(crate) ending: Ending,
}

impl Reply {
    pub(crate) fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Reply {
        Reply {
            status,
            headers: vec![("content-type".into(), content_type.into())],
            content: Content::Bytes(body.into()),
            ending: Ending::Length,
        }
    }

    pub(crate) fn json(status: u16, value: &serde_json::Value) -> Reply {
        Reply::new(status, "application/json", value.to_string())
    }

    /// Sets a header, replacing one of the same name.
    pub(crate) fn set_header(&mut self, name: &str, value: impl Into<String>) {
        self.headers.retain(|(key, _)| !key.eq_ignore_ascii_case(name));
        self.headers.push((name.into(), value.into()));
    }

    /// True where the connection can serve another request after this reply.
    pub(crate) fn keeps(&self, keep_alive: bool) -> bool {
        keep_alive && self.ending == Ending::Length
    }

    /// Writes status line and headers, and the body up to `n_bytes`: all of it, or as much as a fault lets through.
    pub(crate) fn write_start(&mut self, stream: &mut impl Write, keep_alive: bool, n_bytes: u64) -> io::Result<()> {
        let mut start = format!("HTTP/1.1 {} {}\r\n", self.status, reason(self.status)).into_bytes();
        for (name, value) in &self.headers {
            write!(start, "{}: {}\r\n", one_line(name), one_line(value))?;
        }
        match self.ending {
            Ending::Length => write!(start, "content-length: {}\r\n", self.content.len())?,
            Ending::Promised(n_bytes) => write!(start, "content-length: {n_bytes}\r\n")?,
            Ending::Close => {}
        }
        let connection = if self.keeps(keep_alive) { "keep-alive" } else { "close" };
        write!(start, "connection: {connection}\r\n\r\n")?;
        // One write for a small reply, so that it arrives in one piece.
        if let Content::Bytes(_) = self.content {
            self.content.copy_range(0, n_bytes, &mut start)?;
            stream.write_all(&start)?;
        } else {
            stream.write_all(&start)?;
            self.content.copy_range(0, n_bytes, stream)?;
        }
        stream.flush()
    }
}

/// Keeps a value from starting a header of its own.
fn one_line(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        206 => "Partial Content",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        409 => "Conflict",
        413 => "Content Too Large",
        416 => "Range Not Satisfiable",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Status",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_queries_are_decoded() {
        let table = [("a%20b", "a b"), ("a%2Fb", "a/b"), ("100%", "100%"), ("%zz", "%zz"), ("%C3%A9", "é")];
        for (raw, decoded) in table {
            assert_eq!(percent_decode(raw), decoded, "{raw}");
        }
        assert_eq!(decode_pair("purpose=a+b%2B"), ("purpose".into(), "a b+".into()));
    }

    #[test]
    fn a_header_value_stays_on_its_line() {
        assert_eq!(one_line("a\r\nset-cookie: b"), "aset-cookie: b");
    }
}
