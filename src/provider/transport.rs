//! One exchange: builds the agent, sends a call, and turns whatever happens into a reply or an [`ApiError`].

use std::fs::File;
use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use flate2::read::MultiGzDecoder;
use ureq::http::{HeaderMap, HeaderValue, Method, Request, Response, header};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, TlsProvider, parse_pem};
use ureq::{Agent, AsSendBody, Proxy, SendBody, Timeout};

use super::error::{ApiError, Fault};
use super::error_body::{excerpt, read_error};
use super::retry::retry_after;
use super::settings::{Address, Secret, Settings};
use crate::text::{bounded, clean};

/// The longest answer read into memory; a page of 10,000 files is about 3 MB.
const BODY_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// The largest file of certificates; those of a whole system have a quarter of a megabyte.
const CERTIFICATES_BYTES_MAX: u64 = 16 << 20;
/// Bytes of an error's body that are read.
const ERROR_BODY_BYTES_MAX: u64 = 64 * 1024;
/// Size from which on a body is announced first (`Expect: 100-continue`), as curl does: a refusal then comes before the
/// upload instead of breaking it.
const ANNOUNCED_BYTES_MIN: u64 = 1024 * 1024;
/// Number of times that a read may be sent elsewhere: a store's address may lead to another of its own.
const REDIRECTS_MAX: u32 = 3;
/// Set on its replies by the local sandbox, so that its answers are never taken for a model's.
const SANDBOX_HEADER: &str = "x-gleaner-sandbox";

/// A call to make.
pub(super) struct Call<'a> {
    /// For messages: `create the batch`.
    pub(super) doing: &'a str,
    pub(super) method: Method,
    /// Path from the base URL on, ids already encoded.
    pub(super) path: String,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Payload<'a>,
    /// Time-out in place of that for silence.
    pub(super) patience: Option<Duration>,
    /// True where the server may send us elsewhere; only for what is read and may be read by whoever has the address.
    pub(super) may_be_elsewhere: bool,
}

impl<'a> Call<'a> {
    pub(super) fn new(doing: &'a str, method: Method, path: impl Into<String>) -> Call<'a> {
        Call {
            doing,
            method,
            path: path.into(),
            headers: vec![],
            body: Payload::None,
            patience: None,
            may_be_elsewhere: false,
        }
    }
}

/// Body of a call. A stream always has a length: servers refuse chunked uploads.
pub(super) enum Payload<'a> {
    None,
    Stream { reader: &'a mut dyn Read, len: u64, content_type: String },
}

/// One exchange that has ended, without anything secret.
#[derive(Clone, Debug)]
pub struct Called {
    /// `GET`, `POST` or `DELETE`.
    pub method: String,
    /// Address; a base URL holds neither query nor key.
    pub url: String,
    /// Status of the reply; `None`: there was none.
    pub status: Option<u16>,
    /// The provider's id of the request.
    pub request_id: Option<String>,
    /// Reason of a failure.
    pub error: Option<String>,
}

/// Callback that is told of each exchange.
pub type OnCall = Box<dyn Fn(&Called) + Send + Sync>;

/// An answer with a status of success, its body not yet read.
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) request_id: Option<String>,
    pub(super) body: ureq::Body,
}

/// Encoding of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Identity,
    Gzip,
}

/// The connections to one provider.
pub(super) struct Transport {
    pub(super) origin: Address,
    agent: Agent,
    headers: HeaderMap,
    key: Option<String>,
    silence: Duration,
    connect: Duration,
    stopped: AtomicBool,
    sandbox: AtomicBool,
    /// True where a large body is announced before it is sent; not any more once a server refused that.
    announces: AtomicBool,
    called: Option<OnCall>,
}

impl Transport {
    pub(super) fn new(settings: &Settings, called: Option<OnCall>) -> Result<Transport, ApiError> {
        let origin = Address::parse(&settings.base_url)?;
        origin.check_key(settings.api_key.as_ref())?;
        let mut headers = HeaderMap::new();
        let key = settings.api_key.as_ref().map(Secret::reveal);
        let who = (settings.organization.as_deref(), settings.project.as_deref());
        for (name, value) in settings.dialect.headers(key, who) {
            let Some(value) = value.filter(|v| !v.is_empty()) else { continue };
            let mut value = HeaderValue::from_str(&value).map_err(|_| {
                ApiError::new(Fault::Setup, format!("call {}", origin.host()), origin.host(), {
                    format!("the value for the header `{name}` holds characters a header cannot carry")
                })
            })?;
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        Ok(Transport {
            agent: build_agent(settings, &origin)?,
            origin,
            headers,
            key: settings.api_key.as_ref().map(|key| key.reveal().to_string()),
            silence: settings.silence_timeout,
            connect: settings.connect_timeout,
            stopped: AtomicBool::new(false),
            sandbox: AtomicBool::new(false),
            announces: AtomicBool::new(true),
            called,
        })
    }

    /// Breaks the calls under way and refuses new ones.
    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
        self.agent.clone().shutdown();
    }

    pub(super) fn saw_sandbox(&self) -> bool {
        self.sandbox.load(Ordering::Relaxed)
    }

    /// Sends a call over a kept connection.
    pub(super) fn send(&self, call: Call) -> Result<Reply, ApiError> {
        self.send_with(&self.agent, call)
    }

    /// Sends a call over a connection of its own, made now: a kept one may already be dead, and a call that is sent
    /// once must not be lost to that.
    pub(super) fn send_fresh(&self, mut call: Call) -> Result<Reply, ApiError> {
        call.headers.push(("connection", "close".to_string()));
        self.send_with(&self.agent.config().new_agent(), call)
    }

    fn send_with(&self, agent: &Agent, call: Call) -> Result<Reply, ApiError> {
        let Some(called) = &self.called else { return self.exchange(agent, call) };
        let (method, url) = (call.method.to_string(), format!("{}{}", self.origin.as_str(), call.path));
        let result = self.exchange(agent, call);
        let (status, request_id, error) = match &result {
            Ok(reply) => (Some(reply.status), reply.request_id.clone(), None),
            Err(error) => (error.status, error.request_id.clone(), Some(error.to_string())),
        };
        called(&Called { method, url, status, request_id, error });
        result
    }

    fn exchange(&self, agent: &Agent, call: Call) -> Result<Reply, ApiError> {
        let Call { doing, method, path, headers, body, patience, may_be_elsewhere } = call;
        if self.stopped.load(Ordering::SeqCst) {
            return Err(ApiError::new(Fault::Interrupted, doing, self.origin.host(), ""));
        }
        let address = format!("{}{path}", self.origin.as_str());
        let mut request = Request::builder().method(method.clone()).uri(&address);
        if let Some(all) = request.headers_mut() {
            all.extend(self.headers.clone());
        }
        for (name, value) in &headers {
            request = request.header(*name, value);
        }
        let patience = patience.unwrap_or(self.silence);
        let mut is_announced = false;
        let sent = match body {
            Payload::None => {
                if method == Method::POST {
                    request = request.header(header::CONTENT_LENGTH, 0);
                }
                run(agent, request.body(()), patience)
            }
            Payload::Stream { reader, len, content_type } => {
                request = request.header(header::CONTENT_TYPE, content_type).header(header::CONTENT_LENGTH, len);
                is_announced = len >= ANNOUNCED_BYTES_MIN && self.announces.load(Ordering::Relaxed);
                if is_announced {
                    request = request.header(header::EXPECT, "100-continue");
                }
                run(agent, request.body(SendBody::from_reader(reader)), patience)
            }
        };
        let mut response = sent.map_err(|error| self.failed(doing, error, patience))?;
        if may_be_elsewhere {
            response = self.follow(agent, doing, (address, response), &headers, patience)?;
        }
        let error = match self.judge(doing, response) {
            Ok(reply) => return Ok(reply),
            Err(error) => error,
        };
        // A proxy that knows no announcements (RFC 9110, 10.1.1): the same again, without one.
        let is_unannounced_next = error.status == Some(417) && is_announced;
        if is_unannounced_next {
            self.announces.store(false, Ordering::Relaxed);
        }
        Err(if is_unannounced_next { error.repeated_at_once() } else { error })
    }

    /// Goes where a reply sends us, without the key: the address itself is the permission. Never from an encrypted
    /// connection to one that is not, nor from the outside into this machine or the private network.
    fn follow(
        &self,
        agent: &Agent,
        doing: &str,
        (mut address, mut response): (String, Response<ureq::Body>),
        headers: &[(&'static str, String)],
        patience: Duration,
    ) -> Result<Response<ureq::Body>, ApiError> {
        for _ in 0..REDIRECTS_MAX {
            if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
                break;
            }
            let location = response.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
            let target = location.and_then(|location| self.origin.elsewhere(&address, location));
            let Some(target) = target else { break };
            address = target.to_string();
            let mut request = Request::builder().method(Method::GET).uri(target);
            for (name, value) in headers {
                request = request.header(*name, value);
            }
            response = run(agent, request.body(()), patience).map_err(|error| self.failed(doing, error, patience))?;
        }
        Ok(response)
    }

    /// Turns a response into a reply, or into the error that it tells.
    fn judge(&self, doing: &str, response: Response<ureq::Body>) -> Result<Reply, ApiError> {
        let (parts, body) = response.into_parts();
        if parts.headers.contains_key(SANDBOX_HEADER) {
            self.sandbox.store(true, Ordering::Relaxed);
        }
        let word = |name: &str| parts.headers.get(name).and_then(|v| v.to_str().ok()).map(|v| clean(v, 120));
        let request_id = word("x-request-id").filter(|id| !id.is_empty());
        let status = parts.status.as_u16();
        if parts.status.is_success() {
            return Ok(Reply { status, headers: parts.headers, request_id, body });
        }
        // A body that breaks off does not change what the status says.
        let mut start = Vec::new();
        let reader = body.into_with_config().limit(u64::MAX).reader();
        let _ = match self.encoding(doing, &parts.headers) {
            Ok(Encoding::Gzip) => MultiGzDecoder::new(reader).take(ERROR_BODY_BYTES_MAX).read_to_end(&mut start),
            _ => reader.take(ERROR_BODY_BYTES_MAX).read_to_end(&mut start),
        };
        let said = read_error(status, &start).map(|word| self.redact(word));
        let mut error = ApiError::new(Fault::Status, doing, self.origin.host(), said.message.clone());
        error.note(status, said);
        let detail = error.detail();
        detail.request_id = request_id.map(|word| self.redact(word));
        detail.retry_after = retry_after(&parts.headers);
        detail.should_retry = word("x-should-retry").and_then(|v| v.parse().ok());
        if status == 404 && self.origin.has_no_path() {
            error = error.with_hint("the base URL has no path; it mostly ends in `/v1`");
        }
        Err(error)
    }

    /// Reads a reply's body whole, up to a limit.
    pub(super) fn read(&self, doing: &str, reply: Reply) -> Result<(HeaderMap, Option<String>, Vec<u8>), ApiError> {
        let mut bytes = Vec::new();
        let encoding = self.encoding(doing, &reply.headers)?;
        let reader = reply.body.into_with_config().limit(BODY_BYTES_MAX).reader();
        let read = match encoding {
            Encoding::Identity => { reader }.read_to_end(&mut bytes),
            Encoding::Gzip => MultiGzDecoder::new(reader).take(BODY_BYTES_MAX).read_to_end(&mut bytes),
        };
        match read {
            Ok(_) => Ok((reply.headers, reply.request_id, bytes)),
            Err(error) => {
                let mut error = self.failed(doing, error.into(), self.silence);
                error.detail().request_id = reply.request_id;
                Err(error)
            }
        }
    }

    /// Returns how a body is encoded. Plain was asked for; something in between may pack it all the same.
    pub(super) fn encoding(&self, doing: &str, headers: &HeaderMap) -> Result<Encoding, ApiError> {
        match headers.get(header::CONTENT_ENCODING).map(|value| value.to_str().unwrap_or("?").trim()) {
            None | Some("") => Ok(Encoding::Identity),
            Some(word) if word.eq_ignore_ascii_case("identity") => Ok(Encoding::Identity),
            Some(word) if word.eq_ignore_ascii_case("gzip") || word.eq_ignore_ascii_case("x-gzip") => {
                Ok(Encoding::Gzip)
            }
            Some(word) => {
                let why = format!("it is encoded as `{}`, though that was not asked for", clean(word, 40));
                Err(ApiError::new(Fault::Unreadable, doing, self.origin.host(), why))
            }
        }
    }

    /// Returns the error for a success whose content is not what it should be.
    pub(super) fn unreadable(&self, doing: &str, request_id: Option<String>, body: &[u8]) -> ApiError {
        let start = excerpt(body);
        let what = if start.is_empty() { "it is empty".to_string() } else { format!("it begins with `{start}`") };
        let mut error = ApiError::new(Fault::Unreadable, doing, self.origin.host(), self.redact(what));
        error.detail().request_id = request_id;
        error
    }

    /// Returns the error for an exchange that did not happen or broke.
    pub(super) fn failed(&self, doing: &str, error: ureq::Error, patience: Duration) -> ApiError {
        use io::ErrorKind as Kind;
        let (fault, why) = match error {
            _ if self.stopped.load(Ordering::SeqCst) => (Fault::Interrupted, String::new()),
            ureq::Error::HostNotFound => (Fault::Unreachable, "no such host".to_string()),
            ureq::Error::Timeout(Timeout::Resolve | Timeout::Connect) => {
                (Fault::Unreachable, format!("none within {} s", self.connect.as_secs_f64()))
            }
            ureq::Error::Timeout(_) => (Fault::Silent, format!("nothing came for {} s", patience.as_secs_f64())),
            ureq::Error::ConnectionFailed => (Fault::Unreachable, "it failed".to_string()),
            ureq::Error::ConnectProxyFailed(why) => (Fault::Unreachable, format!("the proxy refused: {why}")),
            ureq::Error::InvalidProxyUrl => (Fault::Setup, "the proxy of the environment is no URL".to_string()),
            ureq::Error::Tls(why) => (Fault::Tls, why.to_string()),
            ureq::Error::Rustls(why) => (Fault::Tls, why.to_string()),
            ureq::Error::TlsRequired => (Fault::Tls, "it is not encrypted".to_string()),
            ureq::Error::BadUri(why) => (Fault::Setup, why),
            ureq::Error::Http(why) => (Fault::Setup, why.to_string()),
            ureq::Error::Protocol(why) => (Fault::Cut, format!("it does not speak HTTP: {why}")),
            ureq::Error::BodyExceedsLimit(bytes) => (Fault::Unreadable, format!("it is longer than {bytes} bytes")),
            ureq::Error::LargeResponseHeader(..) => (Fault::Unreadable, "its header is too long".to_string()),
            ureq::Error::Io(error) => match error.kind() {
                Kind::ConnectionRefused => (Fault::Unreachable, "connection refused".to_string()),
                Kind::HostUnreachable | Kind::NetworkUnreachable | Kind::AddrNotAvailable | Kind::NetworkDown => {
                    (Fault::Unreachable, error.to_string())
                }
                Kind::TimedOut => (Fault::Silent, error.to_string()),
                // Which of them it is depends on what was on its way when the other side closed it.
                Kind::UnexpectedEof | Kind::ConnectionReset | Kind::ConnectionAborted | Kind::BrokenPipe => {
                    (Fault::Cut, "it was closed too early".to_string())
                }
                // What rustls says about a certificate comes wrapped so.
                Kind::InvalidData => (Fault::Tls, error.to_string()),
                _ => (Fault::Cut, error.to_string()),
            },
            other => (Fault::Cut, other.to_string()),
        };
        ApiError::new(fault, doing, self.origin.host(), self.redact(clean(&why, 300)))
    }

    /// Takes our key out of what a server says: some repeat it.
    fn redact(&self, text: String) -> String {
        match &self.key {
            Some(key) if text.contains(key.as_str()) => text.replace(key.as_str(), "[redacted]"),
            _ => text,
        }
    }
}

fn run(
    agent: &Agent,
    request: Result<Request<impl AsSendBody>, ureq::http::Error>,
    patience: Duration,
) -> Result<Response<ureq::Body>, ureq::Error> {
    let request = agent.configure_request(request?).timeout_per_read(Some(patience)).build();
    agent.run(request)
}

/// Builds the agent, with every option written out: the defaults follow redirects, know no time-out, and send loopback
/// through a proxy.
fn build_agent(settings: &Settings, origin: &Address) -> Result<Agent, ApiError> {
    let proxy = if origin.is_loopback() || !settings.proxy_from_env { None } else { Proxy::try_from_env() };
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .https_only(false)
        .proxy(proxy)
        .no_delay(true)
        .max_redirects(0)
        .user_agent(&settings.user_agent)
        .accept("application/json")
        .accept_encoding("identity")
        .timeout_global(None)
        .timeout_per_call(None)
        .timeout_resolve(Some(settings.connect_timeout))
        .timeout_connect(Some(settings.connect_timeout))
        .timeout_await_100(Some(Duration::from_secs(1)))
        .timeout_per_read(Some(settings.silence_timeout))
        .timeout_per_write(Some(settings.silence_timeout))
        .timeout_send_body(None)
        .timeout_recv_response(None)
        .timeout_recv_body(None)
        .max_response_header_size(64 * 1024)
        // One connection a thread of `extract` is kept.
        .max_idle_connections(64)
        .max_idle_connections_per_host(64)
        .max_idle_age(Duration::from_secs(15));
    let tls = TlsConfig::builder().provider(TlsProvider::Rustls);
    let tls = match &settings.ca_file {
        None => tls.root_certs(RootCerts::WebPki),
        Some(path) => {
            let wrong = |why: String| {
                let message = format!("the certificates in `{}` cannot be used: {why}", path.display());
                ApiError::new(Fault::Setup, format!("call {}", origin.host()), origin.host(), message)
                    .with_hint("`SSL_CERT_FILE` names a file of PEM certificates")
            };
            let pem = File::open(path).and_then(|file| bounded::read(file, CERTIFICATES_BYTES_MAX));
            let pem = pem.map_err(|error| wrong(error.to_string()))?;
            let certificates: Vec<Certificate> = parse_pem(&pem)
                .filter_map(|item| match item {
                    Ok(PemItem::Certificate(certificate)) => Some(certificate),
                    _ => None,
                })
                .collect();
            if certificates.is_empty() {
                return Err(wrong("it holds none".to_string()));
            }
            tls.root_certs(RootCerts::new_with_certs(&certificates))
        }
    };
    Ok(config.tls_config(tls.build()).build().into())
}
