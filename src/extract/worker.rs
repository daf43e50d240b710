//! One request, asked until it is answered, refused, or given up. Runs on many threads at once.

use std::sync::{Arc, PoisonError, RwLock};

use super::capabilities::Capabilities;
use super::rate_limiter::{FailureClass, RateLimiter, is_too_large, judge};
use crate::answer::{Answer, Expect, Outcome, Reason, classify_body};
use crate::interrupt;
use crate::model::Kind;
use crate::profile::{Endpoint, Prompt};
use crate::provider::{ApiError, Client, Fault};
use crate::request::LineTemplate;
use crate::request::line::Layout;

/// Number of times that one request is tried before it is recorded as failed.
const TRIES_MAX: u32 = 5;
/// Most tries where the server was silent each time: it had minutes to answer, and a third try would rarely be
/// another.
const SILENT_TRIES_MAX: u32 = 2;

/// The two questions, and how an answer to each is read.
#[derive(Clone, Debug)]
pub(crate) struct Pair<T> {
    pub(crate) topic: T,
    pub(crate) entity: T,
}

impl<T> Pair<T> {
    pub(crate) fn of(&self, kind: Kind) -> &T {
        match kind {
            Kind::Topic => &self.topic,
            Kind::Entity => &self.entity,
        }
    }
}

/// State of a request.
pub(crate) enum Reply {
    /// It was answered, well or badly; with the body as it came.
    Answer(Box<Answer>, String),
    /// It was refused, or failed too often; recorded, and others go on.
    Failed(Box<Answer>),
    /// No other request would do better: the run ends, and this one is not recorded.
    Stop(ApiError),
    /// Nobody knows whether it was answered and bought; only of a request that is sent once.
    Unclear(ApiError),
    /// The run ended before it was asked.
    NotAsked,
}

/// Asks requests of one run.
pub(crate) struct Worker<'a> {
    client: &'a Client,
    limiter: &'a RateLimiter<'a>,
    prompts: Pair<Prompt>,
    expect: Pair<Expect>,
    way: RwLock<Arc<Way>>,
    strict: bool,
    say: &'a (dyn Fn(&str) + Sync),
}

/// A way of asking, with its templates made.
struct Way {
    capabilities: Capabilities,
    templates: Pair<LineTemplate>,
}

impl<'a> Worker<'a> {
    /// Begins in the layout that is known of the server. With `strict` no weaker way is taken, only a plainer layout,
    /// and a request that may have been bought is not sent again; `say` is told of each change.
    pub(crate) fn new(
        client: &'a Client,
        limiter: &'a RateLimiter<'a>,
        prompts: Pair<Prompt>,
        expect: Pair<Expect>,
        layout: Layout,
        strict: bool,
        say: &'a (dyn Fn(&str) + Sync),
    ) -> Worker<'a> {
        let full = Capabilities::full(prompts.topic.endpoint, layout, client.origin().is_near());
        let way = Way::new(full, &prompts);
        Worker { client, limiter, prompts, expect, way: RwLock::new(Arc::new(way)), strict, say }
    }

    /// Returns the way that is taken now.
    pub(crate) fn capabilities(&self) -> Capabilities {
        self.way().capabilities
    }

    /// Asks about a story.
    pub(crate) fn ask(&self, kind: Kind, input: &str) -> Reply {
        let mut n_tries = 0;
        loop {
            if !self.limiter.may_ask() {
                return Reply::NotAsked;
            }
            let way = self.way();
            let template = way.templates.of(kind);
            // The base URL ends where a path of the API begins; the paths of request lines have its `/v1` too.
            let path = way.capabilities.endpoint.path().trim_start_matches("/v1");
            let body = template.body(input);
            let answered = if self.strict {
                let _buying = interrupt::buying();
                self.client.ask_alone(path, &body)
            } else {
                self.client.ask_once(path, &body)
            };
            let error = match answered {
                Ok(answered) => {
                    self.limiter.succeeded(&answered.limits, template.estimate_tokens(input));
                    let answer = classify_body(&answered.body, self.expect.of(kind));
                    // Asking again costs nothing only where the model is our own.
                    if ignores_schema(&answer)
                        && !self.strict
                        && self.client.origin().is_near()
                        && let Some(next) = way.capabilities.after_unkept_schema()
                    {
                        self.take(&way, next, "the server did not keep to the schema");
                        continue;
                    }
                    return Reply::Answer(Box::new(answer), answered.body);
                }
                Err(error) => error,
            };
            if self.strict && !error.is_surely_unbilled() {
                return Reply::Unclear(error);
            }
            // A plainer layout asks for nothing less; a weaker way does.
            let weaker = || way.capabilities.after(&error).filter(|_| !self.strict);
            if let Some(next) = way.capabilities.after_layout(&error).or_else(weaker) {
                self.take(&way, next, &error.to_string());
                continue;
            }
            n_tries += 1;
            // A page of a proxy in the midst of good answers is a fault that passes.
            let passing = error.fault == Fault::Unreadable && self.limiter.any_success();
            match judge(&error) {
                FailureClass::Stop if !passing => {
                    self.limiter.stop();
                    return Reply::Stop(error);
                }
                FailureClass::Refused => return Reply::Failed(Box::new(failed(&error, self.client.origin().host()))),
                FailureClass::Stop | FailureClass::Again => {
                    let most = if error.fault == Fault::Silent { SILENT_TRIES_MAX } else { TRIES_MAX };
                    let is_last = n_tries >= most;
                    // Where nothing ever worked, nothing else will.
                    if (is_last && !self.limiter.any_success()) || !self.limiter.failed(&error, n_tries) {
                        self.limiter.stop();
                        return Reply::Stop(error);
                    }
                    if is_last {
                        return Reply::Failed(Box::new(failed(&error, self.client.origin().host())));
                    }
                }
            }
        }
    }

    fn way(&self) -> Arc<Way> {
        Arc::clone(&self.way.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes a weaker way from now on, unless another thread already did.
    fn take(&self, from: &Way, next: Capabilities, why: &str) {
        let mut way = self.way.write().unwrap_or_else(PoisonError::into_inner);
        if way.capabilities == from.capabilities {
            *way = Arc::new(Way::new(next, &self.prompts));
            (self.say)(&format!("{why}; asking {} from now on", next.words()));
        }
    }
}

impl Way {
    fn new(capabilities: Capabilities, prompts: &Pair<Prompt>) -> Way {
        let template = |prompt: &Prompt| {
            let mut prompt = Prompt { endpoint: capabilities.endpoint, ..prompt.clone() };
            if capabilities.older_limit
                && capabilities.endpoint == Endpoint::Chat
                && let Some(limit) = prompt.parameters.get("max_output_tokens").cloned()
            {
                prompt.parameters.insert("max_tokens".to_string(), limit);
            }
            LineTemplate::with(&prompt, capabilities.form, capabilities.layout)
        };
        Way { capabilities, templates: Pair { topic: template(&prompts.topic), entity: template(&prompts.entity) } }
    }
}

/// Returns whether an answer cannot come from a server that enforces the schema.
fn ignores_schema(answer: &Answer) -> bool {
    matches!(&answer.outcome, Outcome::Unusable(reason) if matches!(reason.code.as_str(), "not_json" | "schema"))
}

/// Makes the ledger's answer of a call that brought none.
fn failed(error: &ApiError, host: &str) -> Answer {
    let code = match (error.fault, error.status) {
        (_, Some(status)) => format!("http_{status}"),
        (Fault::Silent, _) => "timeout".to_string(),
        (Fault::Unreadable, _) => "unreadable".to_string(),
        _ => "connection".to_string(),
    };
    let word = error.code.as_deref().map(|code| format!("{code}: ")).unwrap_or_default();
    let reason = Reason { code, message: format!("{host}: {word}{}", error.message) };
    let refused = (matches!(error.status, Some(400..=499)) && !error.is_retryable()) || is_too_large(error);
    Answer::without_text(if refused { Outcome::Refused(reason) } else { Outcome::Failed(reason) })
}
