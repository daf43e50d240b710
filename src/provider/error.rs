//! Error of a call, in a form that answers questions: again? whose fault? which limit?

use std::fmt;
use std::ops::Deref;
use std::time::Duration;

use super::error_body::ErrorBody;
use crate::error;

/// A call that did not succeed.
#[derive(Clone, PartialEq)]
pub struct ApiError(Box<Detail>);

/// Failed call of the provider.
#[derive(Clone, Debug, PartialEq)]
pub struct Detail {
    /// Kind of failure.
    pub fault: Fault,
    /// Action under way: `create the batch`.
    pub doing: String,
    /// Host and port.
    pub host: String,
    /// The HTTP status, where there was an answer.
    pub status: Option<u16>,
    /// The provider's words, or the cause; one line, cleaned and short.
    pub message: String,
    /// The provider's `type`.
    pub kind: Option<String>,
    /// The provider's `code`.
    pub code: Option<String>,
    /// The parameter it complains about.
    pub param: Option<String>,
    /// The provider's id of this exchange, for its support.
    pub request_id: Option<String>,
    /// Pause that the server asks for.
    pub retry_after: Option<Duration>,
    /// The header `x-should-retry`.
    pub should_retry: Option<bool>,
    /// Number of tries.
    pub tries: u32,
    envelope: bool,
    unsent: bool,
    hint: Option<String>,
}

/// Stage at which a call failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Before it began: settings that cannot work.
    Setup,
    /// No connection: unknown host, refused, no route, no answer to the call.
    Unreachable,
    /// The TLS handshake failed.
    Tls,
    /// The other side was silent for too long.
    Silent,
    /// The connection broke in the middle.
    Cut,
    /// An answer came, with a status that is no success.
    Status,
    /// A success came whose content cannot be read.
    Unreadable,
    /// Our own disk.
    Local,
    /// The person stopped us.
    Interrupted,
}

impl ApiError {
    pub(super) fn new(fault: Fault, doing: impl Into<String>, host: &str, message: impl Into<String>) -> ApiError {
        ApiError(Box::new(Detail {
            fault,
            doing: doing.into(),
            host: host.to_string(),
            status: None,
            message: message.into(),
            kind: None,
            code: None,
            param: None,
            request_id: None,
            retry_after: None,
            should_retry: None,
            tries: 1,
            envelope: false,
            unsent: false,
            hint: None,
        }))
    }

    /// Makes an error with a status, for tests of the flows.
    #[cfg(test)]
    pub(crate) fn for_test(status: u16, code: Option<&str>, param: Option<&str>) -> ApiError {
        let mut error = ApiError::new(Fault::Status, "ask", "host", "no");
        let detail = error.detail();
        (detail.status, detail.envelope) = (Some(status), true);
        (detail.code, detail.param) = (code.map(str::to_string), param.map(str::to_string));
        error
    }

    /// Gives an error other words, for tests of the flows.
    #[cfg(test)]
    pub(crate) fn saying(mut self, message: &str) -> ApiError {
        self.0.message = message.to_string();
        self
    }

    pub(super) fn with_hint(mut self, hint: impl Into<String>) -> ApiError {
        self.0.hint = Some(hint.into());
        self
    }

    /// Says that the same call, made in another way, may succeed at once.
    pub(super) fn repeated_at_once(mut self) -> ApiError {
        (self.0.should_retry, self.0.retry_after) = (Some(true), Some(Duration::ZERO));
        self
    }

    pub(super) fn detail(&mut self) -> &mut Detail {
        &mut self.0
    }

    /// Says that something before the API spoke, for tests of the flows.
    #[cfg(test)]
    pub(crate) fn without_envelope(mut self) -> ApiError {
        self.0.envelope = false;
        self
    }

    /// Notes what the body of a refusal says.
    pub(super) fn note(&mut self, status: u16, said: ErrorBody) {
        let detail = self.detail();
        (detail.status, detail.kind, detail.code, detail.param) = (Some(status), said.kind, said.code, said.param);
        detail.envelope = said.envelope;
    }

    /// Returns whether the API itself spoke, in its own envelope, and not a proxy, a filter or a sign-in page before
    /// it. Only then is an error evidence: a page may come on any call, also after the API did what was asked.
    pub fn is_envelope(&self) -> bool {
        self.envelope
    }

    /// Notes that nothing of the call left this machine.
    pub(super) fn never_sent(mut self) -> ApiError {
        self.0.unsent = true;
        self
    }

    /// Returns whether the call surely bought nothing: it never left this machine, or the API itself refused it. A page
    /// of something before the API, silence and a broken connection may all come after an answer that was paid for.
    pub fn is_surely_unbilled(&self) -> bool {
        let is_refusal = self.fault == Fault::Status && self.envelope && !matches!(self.status, Some(408 | 499 | 504));
        self.unsent || is_refusal || self.fault == Fault::Setup
    }

    /// Returns whether the same call may succeed when it is repeated. That it may be repeated at all, the caller knows.
    pub fn is_retryable(&self) -> bool {
        match self.fault {
            Fault::Unreachable | Fault::Silent | Fault::Cut => true,
            Fault::Status if self.is_billing() => false,
            Fault::Status => self
                .should_retry
                .unwrap_or_else(|| self.status.is_some_and(|s| matches!(s, 408 | 409 | 429 | 500..=599))),
            Fault::Setup | Fault::Tls | Fault::Unreadable | Fault::Local | Fault::Interrupted => false,
        }
    }

    /// Returns whether the API says that the key is wrong, or not allowed to do this. A page of something before it is
    /// no word about the key.
    pub fn is_auth(&self) -> bool {
        matches!(self.status, Some(401 | 403)) && !self.is_billing() && self.envelope
    }

    /// Returns whether the provider does not know the thing, or not under this key.
    pub fn is_not_found(&self) -> bool {
        self.status == Some(404)
    }

    /// Returns whether a limit on money stopped it; no waiting helps then.
    pub fn is_billing(&self) -> bool {
        self.billing_limit().is_some()
    }

    /// Returns the name of the limit on money that stopped it.
    pub fn billing_limit(&self) -> Option<&str> {
        [&self.code, &self.kind].into_iter().flatten().map(String::as_str).find(|name| is_billing_word(name))
    }

    /// Returns what the person can do about it.
    pub fn hint(&self) -> Option<String> {
        if let Some(hint) = &self.hint {
            return Some(hint.clone());
        }
        let host = &self.host;
        if let Some(limit) = self.billing_limit() {
            return Some(format!("`{limit}` is a limit on spending: look at the billing page of your provider"));
        }
        Some(match (self.fault, self.status) {
            (Fault::Status, Some(401)) => format!("check `OPENAI_API_KEY`: {host} does not accept it"),
            (Fault::Status, Some(403)) => {
                "the key may lack a permission (a batch needs Files read and write, and Batches), or the country is not \
                 served"
                    .to_string()
            }
            // Of an unknown model the provider itself says enough.
            (Fault::Status, Some(404)) if self.code.as_deref() == Some("model_not_found") => return None,
            (Fault::Status, Some(404)) => {
                "it may belong to another project's key, or be gone; check `OPENAI_API_KEY`, `OPENAI_PROJECT_ID` and \
                 `OPENAI_BASE_URL`"
                    .to_string()
            }
            (Fault::Status, Some(300..=399)) | (Fault::Unreadable, _) => {
                format!("is `{host}` an OpenAI-compatible API? check `OPENAI_BASE_URL` or `--base-url`")
            }
            (Fault::Cut, _) => {
                format!("is `{host}` an OpenAI-compatible API, and is it `http://` or `https://`? check `OPENAI_BASE_URL`")
            }
            (Fault::Unreachable, _) => "check the network, and `OPENAI_BASE_URL` or `--base-url`".to_string(),
            (Fault::Tls, _) => {
                "a proxy of your organization may sign with its own certificate; name it in `SSL_CERT_FILE`".to_string()
            }
            _ => return None,
        })
    }
}

/// Returns whether an error's code or type speaks of money rather than of speed.
fn is_billing_word(word: &str) -> bool {
    matches!(
        word,
        "insufficient_quota"
            | "credit_balance_exhausted"
            | "organization_spend_limit_exceeded"
            | "project_spend_limit_exceeded"
            | "organization_usage_limit_exceeded"
            | "billing_hard_limit_reached"
            | "billing_not_active"
    ) || (word.ends_with("_limit_exceeded") && !matches!(word, "rate_limit_exceeded" | "token_limit_exceeded"))
        && (word.contains("spend") || word.contains("usage") || word.contains("credit") || word.contains("billing"))
}

impl Deref for ApiError {
    type Target = Detail;

    fn deref(&self) -> &Detail {
        &self.0
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Detail { doing, host, message, .. } = &**self;
        write!(f, "cannot {doing}: ")?;
        match self.fault {
            Fault::Setup | Fault::Local => f.write_str(message)?,
            Fault::Interrupted => f.write_str("interrupted")?,
            Fault::Unreachable => write!(f, "no connection to {host}: {message}")?,
            Fault::Tls => write!(f, "no secure connection to {host}: {message}")?,
            Fault::Silent => write!(f, "{host} was silent: {message}")?,
            Fault::Cut => write!(f, "the connection to {host} broke: {message}")?,
            Fault::Unreadable => write!(f, "the answer of {host} cannot be read: {message}")?,
            Fault::Status => {
                write!(f, "{host} answered {}", self.status.unwrap_or(0))?;
                match self.code.as_ref().or(self.kind.as_ref()) {
                    Some(code) => write!(f, " ({code}): {message}")?,
                    None => write!(f, ": {message}")?,
                }
            }
        }
        if let Some(id) = &self.request_id {
            write!(f, " (request id {id})")?;
        }
        if self.tries > 1 {
            write!(f, ", after {} tries", self.tries)?;
        }
        Ok(())
    }
}

impl fmt::Debug for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for ApiError {}

/// Returns what a failed call advises by itself, wherever it stands in a chain of causes; for [`error::explain_with`].
pub fn advise(cause: &(dyn std::error::Error + 'static)) -> error::Advice {
    let api = cause.downcast_ref::<ApiError>();
    let is_interrupted = api.is_some_and(|api| api.fault == Fault::Interrupted);
    let kind = api.map(|api| match api.fault {
        Fault::Setup => error::ErrorKind::Usage,
        _ => error::ErrorKind::Provider,
    });
    error::Advice { hint: api.and_then(ApiError::hint), exit: is_interrupted.then_some(error::Exit::Interrupted), kind }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_repeated_and_what_never() {
        let check = |status: u16, code: Option<&str>, should: Option<bool>, expected: (bool, Option<&str>)| {
            let mut error = ApiError::new(Fault::Status, "ask", "h", "m");
            let detail = error.detail();
            (detail.status, detail.code, detail.should_retry) = (Some(status), code.map(str::to_string), should);
            assert_eq!((error.is_retryable(), error.billing_limit()), expected, "{status} {code:?} {should:?}");
        };
        check(400, None, None, (false, None));
        check(401, None, None, (false, None));
        check(404, None, None, (false, None));
        for status in [408, 409, 429, 500, 502, 503, 504, 529] {
            check(status, None, None, (true, None));
        }
        check(429, Some("rate_limit_exceeded"), None, (true, None));
        check(429, Some("slow_down"), None, (true, None));
        check(503, None, Some(false), (false, None));
        check(400, None, Some(true), (true, None));
        for limit in [
            "insufficient_quota",
            "credit_balance_exhausted",
            "organization_spend_limit_exceeded",
            "project_spend_limit_exceeded",
            "organization_usage_limit_exceeded",
            "billing_hard_limit_reached",
        ] {
            check(429, Some(limit), Some(true), (false, Some(limit)));
        }
    }

    #[test]
    fn only_the_api_speaks_of_the_key() {
        for status in [401, 403] {
            let error = ApiError::for_test(status, None, None);
            assert!(error.is_envelope() && error.is_auth());
            let page = error.without_envelope();
            assert!(!page.is_envelope() && !page.is_auth());
        }
        assert!(!ApiError::for_test(403, Some("insufficient_quota"), None).is_auth(), "money is another matter");
    }

    #[test]
    fn nothing_was_billed_only_where_the_api_says_so_or_nothing_left() {
        let check = |error: ApiError, expected| assert_eq!(error.is_surely_unbilled(), expected, "{error}");
        for status in [400, 401, 404, 429, 500, 503] {
            check(ApiError::for_test(status, None, None), true);
            check(ApiError::for_test(status, None, None).without_envelope(), false);
        }
        check(ApiError::for_test(408, None, None), false);
        for fault in [Fault::Unreachable, Fault::Silent, Fault::Cut, Fault::Unreadable, Fault::Interrupted] {
            let error = ApiError::new(fault, "ask", "h", "m");
            check(error.clone(), false);
            check(error.never_sent(), true);
        }
    }

    #[test]
    fn an_error_reads_as_a_sentence() {
        let mut error = ApiError::new(Fault::Status, "create the batch", "api.openai.com", "File is too large.");
        let detail = error.detail();
        detail.status = Some(400);
        detail.code = Some("invalid_request_error".into());
        detail.request_id = Some("req_1".into());
        detail.tries = 3;
        assert_eq!(
            error.to_string(),
            "cannot create the batch: api.openai.com answered 400 (invalid_request_error): File is too large. \
             (request id req_1), after 3 tries"
        );
    }
}
