//! Settings of the client: where the provider is, who we are, how patient to be. Pure; checks come before any call.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use ureq::http::Uri;

use super::dialect::Dialect;
use super::error::{ApiError, Fault};

/// An API key. It shows as `[redacted]` wherever it is printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a key without the white space around it; nothing is left of an empty one.
    pub fn new(key: &str) -> Option<Secret> {
        let key = key.trim();
        (!key.is_empty()).then(|| Secret(key.to_string()))
    }

    /// Returns the key itself, for the one header it belongs in.
    pub(super) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// Address and credentials of a call, and how patiently.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The API that is spoken there.
    pub dialect: Dialect,
    /// The provider's, or that of a server that speaks the same API.
    pub base_url: String,
    /// Needed everywhere but on this machine and, without TLS, in the private network.
    pub api_key: Option<Secret>,
    /// Sent as `OpenAI-Organization`.
    pub organization: Option<String>,
    /// Sent as `OpenAI-Project`.
    pub project: Option<String>,
    /// User agent.
    pub user_agent: String,
    /// Time that a name look-up, and then a connection, may take.
    pub connect_timeout: Duration,
    /// Time that the other side may be silent within a transfer; no transfer is limited as a whole.
    pub silence_timeout: Duration,
    /// Time that a synchronous answer may be silent: nothing is sent before it is whole.
    pub answer_timeout: Duration,
    /// Number of times that a call that may be repeated is repeated.
    pub retries: u32,
    /// True where the proxy variables of the environment count; loopback never goes through a proxy.
    pub proxy_from_env: bool,
    /// A file of PEM certificates to trust in place of the built-in roots.
    pub ca_file: Option<PathBuf>,
    /// Makes the waits of one process differ from those of another.
    pub jitter_seed: u64,
}

impl Settings {
    /// Returns the defaults for a base URL.
    pub fn new(base_url: &str) -> Settings {
        Settings {
            dialect: Dialect::default(),
            base_url: base_url.to_string(),
            api_key: None,
            organization: None,
            project: None,
            user_agent: concat!("gleaner/", env!("CARGO_PKG_VERSION")).to_string(),
            // The official Python SDK waits 5 s for a connection and 600 s for an answer.
            connect_timeout: Duration::from_secs(10),
            silence_timeout: Duration::from_secs(120),
            answer_timeout: Duration::from_secs(600),
            retries: 5,
            proxy_from_env: true,
            ca_file: None,
            jitter_seed: 0,
        }
    }
}

/// A provider's address, checked and in one spelling: two ways of writing the same base URL are the same origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    url: String,
    host: String,
    reach: Reach,
    tls: bool,
}

/// Nearness of a host, by its name alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    Loopback,
    Private,
    Public,
}

impl Address {
    /// Reads a base URL; an error says what is wrong with it.
    pub fn parse(base_url: &str) -> Result<Address, ApiError> {
        let wrong = |why: &str| {
            ApiError::new(Fault::Setup, format!("use the base URL `{}`", show_url(base_url)), "", why.to_string())
                .with_hint("give it as `https://host/v1`, in `OPENAI_BASE_URL` or `--base-url`")
        };
        let trimmed = base_url.trim().trim_end_matches('/');
        let uri: Uri = trimmed.parse().map_err(|_| wrong("it is not a URL"))?;
        let scheme = uri.scheme_str().unwrap_or("").to_ascii_lowercase();
        let tls = match scheme.as_str() {
            "https" => true,
            "http" => false,
            _ => return Err(wrong("it begins with neither `https://` nor `http://`")),
        };
        let authority = uri.authority().ok_or_else(|| wrong("it names no host"))?;
        if authority.as_str().contains('@') {
            return Err(wrong("it holds a user name or a key; the key belongs into `OPENAI_API_KEY`"));
        }
        if uri.query().is_some() || trimmed.contains('#') {
            return Err(wrong("it holds a query or a fragment"));
        }
        let host = authority.host().to_ascii_lowercase();
        if host.is_empty() {
            return Err(wrong("it names no host"));
        }
        let port = match (authority.port_u16(), tls) {
            (Some(443), true) | (Some(80), false) | (None, _) => String::new(),
            (Some(port), _) => format!(":{port}"),
        };
        let path = uri.path().trim_end_matches('/');
        let reach = reach(&host);
        Ok(Address { url: format!("{scheme}://{host}{port}{path}"), host: format!("{host}{port}"), reach, tls })
    }

    /// Returns the base URL in its one spelling, without a slash at the end.
    pub fn as_str(&self) -> &str {
        &self.url
    }

    /// Returns host and port, for messages.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Returns whether it is this machine.
    pub fn is_loopback(&self) -> bool {
        self.reach == Reach::Loopback
    }

    /// Returns whether it is this machine or one in the private network: a server of one's own, where asking is free.
    pub fn is_near(&self) -> bool {
        self.reach != Reach::Public
    }

    /// Returns whether the path of the base URL is empty, which is mostly a forgotten `/v1`.
    pub(super) fn has_no_path(&self) -> bool {
        self.url.matches('/').count() == 2
    }

    /// Returns the address that the `Location` header of a reply names, where it may be followed: never less encrypted
    /// and never nearer than the origin itself. `from` is the address that was asked.
    pub(super) fn elsewhere(&self, from: &str, location: &str) -> Option<Uri> {
        let (scheme, rest) = from.split_once("://")?;
        let server = format!("{scheme}://{}", rest.split('/').next()?);
        let location = location.trim();
        let absolute = match location {
            _ if location.starts_with("//") => format!("{scheme}:{location}"),
            _ if location.starts_with('/') => format!("{server}{location}"),
            _ => location.to_owned(),
        };
        let target: Uri = absolute.split('#').next()?.parse().ok()?;
        let tls = match target.scheme_str()? {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let authority = target.authority()?;
        if authority.as_str().contains('@') {
            return None;
        }
        let nearness = |reach: Reach| match reach {
            Reach::Public => 0,
            Reach::Private => 1,
            Reach::Loopback => 2,
        };
        let is_no_nearer = nearness(reach(&authority.host().to_ascii_lowercase())) <= nearness(self.reach);
        (is_no_nearer && (tls || !self.tls)).then_some(target)
    }

    /// Refuses to send a key where others can read it, and to call without one where one is needed.
    pub fn check_key(&self, key: Option<&Secret>) -> Result<(), ApiError> {
        let refuse = |why: &str, hint: &str| {
            Err(ApiError::new(Fault::Setup, format!("call {}", self.host), &self.host, why.to_string()).with_hint(hint))
        };
        match key {
            Some(key) if key.0.bytes().any(|b| !(0x21..=0x7e).contains(&b)) => {
                refuse("the API key holds characters that no key has", "set `OPENAI_API_KEY` again, without quotes")
            }
            Some(_) if !self.tls && self.reach != Reach::Loopback => refuse(
                "the API key would travel in clear text",
                "use an `https://` base URL; for a server that needs no key, unset `OPENAI_API_KEY`",
            ),
            None if self.reach == Reach::Public || (self.tls && self.reach == Reach::Private) => refuse(
                "no API key is set",
                "set `OPENAI_API_KEY`, or keep a key with `gleaner key set`; `gleaner demo` needs none",
            ),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url)
    }
}

/// Judges a host by its name: what is in the private network may be called without TLS, but then without a key.
fn reach(host: &str) -> Reach {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    if let Ok(address) = bare.parse::<IpAddr>() {
        let private = match address {
            _ if address.is_loopback() => return Reach::Loopback,
            IpAddr::V4(v4) => v4.is_private() || v4.is_link_local(),
            IpAddr::V6(v6) => v6.is_unique_local() || v6.is_unicast_link_local(),
        };
        return if private { Reach::Private } else { Reach::Public };
    }
    let name = bare.trim_end_matches('.');
    if name == "localhost" || name.ends_with(".localhost") {
        Reach::Loopback
    } else if !name.contains('.') || [".local", ".lan", ".internal", ".home.arpa"].iter().any(|end| name.ends_with(end))
    {
        Reach::Private
    } else {
        Reach::Public
    }
}

/// Shows a base URL without whatever stands before an `@`: it may be a key.
fn show_url(url: &str) -> String {
    // Whatever stands behind `?`, `#` or before `@` may be a key.
    let (place, rest) = url.split_at(url.find(['?', '#']).unwrap_or(url.len()));
    let shown = match (place.find("://"), place.rfind('@')) {
        (Some(scheme), Some(at)) if at > scheme => format!("{}[redacted]{}", &place[..scheme + 3], &place[at..]),
        (None, Some(at)) => format!("[redacted]{}", &place[at..]),
        _ => place.to_owned(),
    };
    let end = if rest.is_empty() { String::new() } else { format!("{}[redacted]", &rest[..1]) };
    format!("{}{end}", shown.chars().filter(|c| !c.is_control()).take(200).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_is_shown_without_what_may_be_a_key() {
        for (url, shown) in [
            ("https://a/v1", "https://a/v1"),
            ("https://a/v1?api-key=sk-1&x=2", "https://a/v1?[redacted]"),
            ("https://a/v1#sk-1", "https://a/v1#[redacted]"),
            ("https://sk-1@a/v1?x", "https://[redacted]@a/v1?[redacted]"),
            ("sk-1@a", "[redacted]@a"),
            ("https://a/v1?b@c=sk-1", "https://a/v1?[redacted]"),
        ] {
            assert_eq!(show_url(url), shown);
        }
    }

    #[test]
    fn one_origin_has_one_spelling() {
        let check = |url: &str, expected: &str| {
            assert_eq!(Address::parse(url).map(|o| o.as_str().to_string()).unwrap_or("-".into()), expected, "{url}");
        };
        check("https://api.openai.com/v1", "https://api.openai.com/v1");
        check(" https://API.OpenAI.com:443/v1/ ", "https://api.openai.com/v1");
        check("http://127.0.0.1:8080//", "http://127.0.0.1:8080");
        check("http://[::1]:8080/v1", "http://[::1]:8080/v1");
        for bad in
            ["", "api.openai.com", "ftp://a/v1", "https://", "https://a/v1?x=1", "https://sk-1@a/v1", "http://a b"]
        {
            check(bad, "-");
        }
    }

    #[test]
    fn the_key_goes_where_it_is_safe_and_only_there() {
        let check = |url: &str, key: Option<&str>, expected: &str| {
            let origin = Address::parse(url).unwrap();
            let got = origin.check_key(key.and_then(Secret::new).as_ref());
            let said = got.err().map(|e| e.to_string()).unwrap_or_default();
            assert!(said.contains(expected) && (expected.is_empty() == said.is_empty()), "{url} {key:?}: {said}");
        };
        check("https://api.openai.com/v1", Some("sk-1"), "");
        check("https://api.openai.com/v1", None, "no API key is set");
        check("https://api.openai.com/v1", Some("sk-1\u{201d}"), "holds characters");
        check("http://api.openai.com/v1", Some("sk-1"), "clear text");
        check("http://api.openai.com/v1", None, "no API key is set");
        check("http://127.0.0.1:1/v1", Some("sk-1"), "");
        check("http://localhost:1/v1", None, "");
        check("http://[::1]:1/v1", None, "");
        check("http://192.168.1.7:11434/v1", None, "");
        check("http://192.168.1.7:11434/v1", Some("sk-1"), "clear text");
        check("https://192.168.1.7/v1", None, "no API key is set");
        check("http://localhost.evil.example/v1", Some("sk-1"), "clear text");
    }

    #[test]
    fn a_reply_may_send_us_elsewhere_but_not_inside() {
        let check = |from: &str, location: &str, expected: Option<&str>| {
            let target = Address::parse(from).unwrap().elsewhere(from, location);
            assert_eq!(target.map(|uri| uri.to_string()).as_deref(), expected, "{from} -> {location}");
        };
        let world = "https://api.example.com/v1";
        check(world, "https://store.example.org/a?sig=1", Some("https://store.example.org/a?sig=1"));
        check(world, "/files/1?sig=2#top", Some("https://api.example.com/files/1?sig=2"));
        check(world, "//store.example.org/a", Some("https://store.example.org/a"));
        check(world, "http://store.example.org/a", None);
        check(world, "https://127.0.0.1/a", None);
        check(world, "https://store.internal/a", None);
        check(world, "https://user@store.example.org/a", None);
        check(world, "ftp://store.example.org/a", None);
        check(world, "a", None);
        check(world, "", None);
        check("http://127.0.0.1:8080/v1", "http://127.0.0.1:8081/a", Some("http://127.0.0.1:8081/a"));
        check("http://127.0.0.1:8080/v1", "https://store.example.org/a", Some("https://store.example.org/a"));
        check("http://192.168.1.7/v1", "http://localhost/a", None);
    }

    #[test]
    fn a_key_is_never_shown() {
        let settings = Settings { api_key: Secret::new(" sk-live-1 "), ..Settings::new(Dialect::OpenAi.base_url()) };
        assert!(!format!("{settings:?}").contains("sk-live"));
        let error = Address::parse("https://sk-live-1@api.openai.com/v1").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("sk-live"));
    }
}
