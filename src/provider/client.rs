//! The verbs, one method each, and the policy of trying again.

use std::cell::Cell;
use std::fmt;
use std::io::{self, Cursor, Read};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use ureq::http::Method;

use super::dialect::{Dialect, Resource};
use super::error::{ApiError, Fault};
use super::page::Pages;
use super::retry::{self, Jitter, RateLimits, Retrying};
use super::settings::{Address, Settings};
use super::transport::{Call, OnCall, Payload, Transport};
use super::upload::{Multipart, Upload};
use super::wire::{Batch, CreateBatch, FileObject, ModelObject, Page};

/// Items of a list that are asked for at once: as many as a page of batches may have.
const PAGE_ITEMS: u32 = 100;

/// Number of times that a pending file is looked at: about two minutes in all.
const PENDING_LOOKS_MAX: u32 = 20;

/// Callbacks of the client.
pub struct Hooks {
    /// Sleeps. Returns false where the person stopped us meanwhile; then the call ends as [`Fault::Interrupted`].
    pub pause: Box<dyn Fn(Duration) -> bool + Send + Sync>,
    /// Is told of each retry before the wait.
    pub retrying: Box<dyn Fn(&Retrying) + Send + Sync>,
    /// Is told of each exchange, where that is wanted.
    pub called: Option<OnCall>,
}

/// A blocking client of one provider. May be shared among threads.
pub struct Client {
    dialect: Dialect,
    transport: Arc<Transport>,
    hooks: Hooks,
    jitter: Jitter,
    retries: u32,
    silence_timeout: Duration,
    answer_timeout: Duration,
}

/// Ends the calls of a client from another thread, such as a signal's.
#[derive(Clone)]
pub struct Stopper(Arc<Transport>);

impl Stopper {
    /// Breaks the calls under way, all but one that buys: that one is let through to its answer. New calls are refused.
    pub fn stop(&self) {
        self.0.stop();
    }
}

/// A synchronous answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// The body as it came.
    pub body: String,
    /// Remainder of the rate limits.
    pub limits: RateLimits,
    /// The provider's id of the exchange.
    pub request_id: Option<String>,
}

/// Outcome of a call that deletes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deletion {
    /// The provider says that it deleted it.
    Done,
    /// The provider says that there is no such thing.
    WasGone,
    /// The answer does not say what became of it.
    Unclear,
}

/// Outcome of one attempt to create a batch.
#[derive(Clone, Debug, PartialEq)]
pub enum CreateError {
    /// The provider said no: there is no batch.
    Refused(ApiError),
    /// It may have been made: look for it before it is sent again.
    Uncertain(ApiError),
    /// Nothing left this machine: there is no batch.
    NotSent(ApiError),
}

impl CreateError {
    /// Returns what went wrong.
    pub fn cause(&self) -> &ApiError {
        match self {
            CreateError::Refused(error) | CreateError::Uncertain(error) | CreateError::NotSent(error) => error,
        }
    }
}

impl fmt::Display for CreateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.cause().fmt(f)
    }
}

impl std::error::Error for CreateError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(self.cause())
    }
}

impl Client {
    /// Checks the settings and makes a client; nothing is sent yet.
    pub fn new(settings: &Settings, mut hooks: Hooks) -> Result<Client, ApiError> {
        Ok(Client {
            dialect: settings.dialect,
            transport: Arc::new(Transport::new(settings, hooks.called.take())?),
            hooks,
            jitter: Jitter::new(settings.jitter_seed),
            retries: settings.retries,
            silence_timeout: settings.silence_timeout,
            answer_timeout: settings.answer_timeout,
        })
    }

    /// Returns whom it talks to.
    pub fn origin(&self) -> &Address {
        &self.transport.origin
    }

    /// Returns the API that is spoken with it.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Returns whether any reply so far came from gleaner's own sandbox.
    pub fn saw_sandbox(&self) -> bool {
        self.transport.saw_sandbox()
    }

    /// Returns a handle that ends this client's calls.
    pub fn stopper(&self) -> Stopper {
        Stopper(Arc::clone(&self.transport))
    }

    /// Uploads a request file and tells `progress` its bytes so far, from 0 again at each retry. A copy left behind by
    /// a broken try costs nothing. Where the provider has to read a file before it can be used, that is waited for.
    pub fn upload_file(&self, upload: Upload, progress: &mut dyn FnMut(u64)) -> Result<FileObject, ApiError> {
        let file = match self.upload_once(upload, progress) {
            // Servers that know no expiry refuse the field; the file then stays until it is deleted.
            Err(error) if upload.expires_after_secs.is_some() && refuses_expiry(&error) => {
                self.upload_once(Upload { expires_after_secs: None, ..upload }, progress)
            }
            other => other,
        }?;
        self.wait_until_read(upload.filename, file)
    }

    fn upload_once(&self, upload: Upload, progress: &mut dyn FnMut(u64)) -> Result<FileObject, ApiError> {
        let doing = format!("upload `{}`", upload.filename);
        let fields = self.dialect.upload_fields(upload.expires_after_secs);
        self.again(&doing, |doing| {
            let nonce = [self.jitter.bits(), self.jitter.bits()];
            let mine = |why: String| {
                let message = format!("cannot read `{}`: {why}", upload.path.display());
                ApiError::new(Fault::Local, doing, self.origin().host(), message)
            };
            let mut body =
                Multipart::open(upload, &fields, nonce, progress).map_err(|error| mine(error.to_string()))?;
            let (len, content_type) = (body.len(), body.content_type());
            let mut call = Call::new(doing, Method::POST, self.dialect.path(Resource::Files));
            call.body = Payload::Stream { reader: &mut body, len, content_type };
            let reply = self.transport.send(call);
            if let Some(why) = body.local {
                return Err(mine(why));
            }
            self.decode(doing, reply?, FileObject::read)
        })
    }

    /// Waits until the provider has read an uploaded file: a batch of one that is pending would be refused. After a
    /// while the file is given as it is, and the next call finds out.
    fn wait_until_read(&self, name: &str, mut file: FileObject) -> Result<FileObject, ApiError> {
        let doing = format!("wait for `{name}`");
        for attempt in 1..=PENDING_LOOKS_MAX {
            if file.is_broken() {
                let why = file.status_details.as_deref().unwrap_or("no reason given");
                let message = format!("the file was not taken: {why}");
                return Err(ApiError::new(Fault::Unreadable, doing, self.origin().host(), message));
            }
            if !file.is_pending() {
                break;
            }
            let delay = retry::delay(attempt, None, self.jitter.next());
            let why = format!("the file is `{}`", file.status.as_deref().unwrap_or_default());
            self.wait(&doing, &Retrying { attempt, of: PENDING_LOOKS_MAX, delay, why })?;
            file = self.get_file(&file.id)?;
        }
        Ok(file)
    }

    /// Asks for a file's size and names.
    pub fn get_file(&self, file_id: &str) -> Result<FileObject, ApiError> {
        self.get(&format!("look at file `{file_id}`"), Resource::File(file_id), FileObject::read)
    }

    /// Deletes a file.
    pub fn delete_file(&self, file_id: &str) -> Result<Deletion, ApiError> {
        let doing = format!("delete file `{file_id}`");
        let path = self.dialect.path(Resource::File(file_id));
        let deleted = self.again(&doing, |doing| {
            let reply = self.transport.send(Call::new(doing, Method::DELETE, &*path))?;
            self.decode(doing, reply, |value| Some(value["deleted"] == true))
        });
        match deleted {
            Ok(true) => Ok(Deletion::Done),
            Ok(false) => Ok(Deletion::Unclear),
            Err(error) if error.is_not_found() && error.is_envelope() => Ok(Deletion::WasGone),
            // A page of something in between, or an answer that says nothing.
            Err(error) if error.is_not_found() || error.fault == Fault::Unreadable => Ok(Deletion::Unclear),
            Err(error) => Err(error),
        }
    }

    /// Makes a batch: sent once, on a fresh connection, never repeated here. The error says whether there may be one.
    pub fn create_batch(&self, create: &CreateBatch) -> Result<Batch, CreateError> {
        let doing = "create the batch";
        let body = self.dialect.create_body(create);
        let touched = Cell::new(false);
        let mut reader = Touched { inner: Cursor::new(body.as_bytes()), touched: &touched };
        let mut call = Call::new(doing, Method::POST, self.dialect.path(Resource::Batches));
        call.body = json_payload(&mut reader, body.len());
        let reply = self.transport.send_fresh(call).map_err(|error| classify(error, touched.get()))?;
        self.decode(doing, reply, Batch::read).map_err(CreateError::Uncertain)
    }

    /// Asks where a batch stands.
    pub fn get_batch(&self, batch_id: &str) -> Result<Batch, ApiError> {
        self.get(&format!("look at batch `{batch_id}`"), Resource::Batch(batch_id), Batch::read)
    }

    /// Cancels a batch; it may take minutes, and what was done is billed.
    pub fn cancel_batch(&self, batch_id: &str) -> Result<Batch, ApiError> {
        let doing = format!("cancel batch `{batch_id}`");
        let path = self.dialect.path(Resource::Cancel(batch_id));
        self.again(&doing, |doing| {
            let sent = self.transport.send(Call::new(doing, Method::POST, &*path));
            let reply = sent.map_err(|mut error| {
                // The batch has ended: that is the answer, and it will be the same the next time.
                if error.status == Some(409) && error.is_envelope() {
                    error.detail().should_retry = Some(false);
                }
                error
            })?;
            self.decode(doing, reply, Batch::read)
        })
    }

    /// Asks for one page of batches, newest first; `limit` is 1 to 100.
    pub fn list_batches(&self, after: Option<&str>, limit: u32) -> Result<Page<Batch>, ApiError> {
        let limit = limit.clamp(1, PAGE_ITEMS);
        let resource = Resource::BatchPage { after, limit };
        self.get("list the batches", resource, |value| Page::read(value, limit as usize, Batch::read))
    }

    /// Returns all batches, newest first, page by page.
    pub fn all_batches(&self) -> Pages<'_, Batch> {
        Pages::new(self.origin().host(), Box::new(|after| self.list_batches(after, PAGE_ITEMS)))
    }

    /// Returns the models the server offers.
    pub fn models(&self) -> Result<Vec<ModelObject>, ApiError> {
        let read = |value: &Value| Page::read(value, usize::MAX, ModelObject::read);
        Ok(self.get("list the models", Resource::Models, read)?.data)
    }

    /// Asks for one model, once: an answer is welcome, and not every server has one.
    pub fn get_model(&self, id: &str) -> Result<ModelObject, ApiError> {
        let doing = format!("look at model `{id}`");
        let call = Call::new(&doing, Method::GET, self.dialect.path(Resource::Model(id)));
        let reply = self.transport.send(call)?;
        self.decode(&doing, reply, ModelObject::read)
    }

    /// Posts a request to an endpoint of the API once; for a caller that has its own patience.
    pub fn ask_once(&self, endpoint: &str, body: &str) -> Result<Reply, ApiError> {
        let mut reader = Cursor::new(body.as_bytes());
        self.ask(endpoint, &mut reader, body.len(), |call| self.transport.send(call))
    }

    /// Like [`Client::ask_once`], on a fresh connection that nobody's stop breaks; an error knows whether anything left
    /// this machine.
    pub fn ask_alone(&self, endpoint: &str, body: &str) -> Result<Reply, ApiError> {
        let touched = Cell::new(false);
        let mut reader = Touched { inner: Cursor::new(body.as_bytes()), touched: &touched };
        let answered = self.ask(endpoint, &mut reader, body.len(), |call| self.transport.send_fresh(call));
        answered.map_err(|error| if touched.get() { error } else { error.never_sent() })
    }

    fn ask(
        &self,
        endpoint: &str,
        reader: &mut dyn Read,
        len: usize,
        send: impl FnOnce(Call<'_>) -> Result<super::transport::Reply, ApiError>,
    ) -> Result<Reply, ApiError> {
        let doing = if endpoint.ends_with("/responses") { "ask for a response" } else { "ask for a chat completion" };
        let mut call = Call::new(doing, Method::POST, endpoint);
        call.body = json_payload(reader, len);
        call.patience = Some(self.answer_timeout);
        let (headers, request_id, bytes) = self.transport.read(doing, send(call)?)?;
        let limits = RateLimits::read(&headers);
        // A page of a proxy is no answer of a model.
        match serde_json::from_slice::<Value>(&bytes) {
            Ok(Value::Object(_)) => {
                Ok(Reply { body: String::from_utf8_lossy(&bytes).into_owned(), limits, request_id })
            }
            _ => Err(self.transport.unreadable(doing, request_id, &bytes)),
        }
    }

    fn get<T>(&self, doing: &str, resource: Resource, read: impl Fn(&Value) -> Option<T>) -> Result<T, ApiError> {
        self.again(doing, |doing| {
            let reply = self.transport.send(Call::new(doing, Method::GET, self.dialect.path(resource)))?;
            self.decode(doing, reply, &read)
        })
    }

    fn decode<T>(
        &self,
        doing: &str,
        reply: super::transport::Reply,
        read: impl Fn(&Value) -> Option<T>,
    ) -> Result<T, ApiError> {
        let (_, request_id, bytes) = self.transport.read(doing, reply)?;
        let value = serde_json::from_slice::<Value>(&bytes).ok();
        value.as_ref().and_then(read).ok_or_else(|| self.transport.unreadable(doing, request_id, &bytes))
    }

    /// Makes a call that may be repeated, and repeats it where that may help.
    fn again<T>(&self, doing: &str, mut call: impl FnMut(&str) -> Result<T, ApiError>) -> Result<T, ApiError> {
        let mut attempt = 0;
        loop {
            let mut error = match call(doing) {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            attempt += 1;
            if attempt > self.retries || !error.is_retryable() {
                error.detail().tries = attempt;
                return Err(error);
            }
            let delay = self.delay(attempt, &error);
            self.wait(doing, &Retrying { attempt, of: self.retries, delay, why: error.to_string() })?;
        }
    }

    pub(super) fn delay(&self, attempt: u32, error: &ApiError) -> Duration {
        retry::delay(attempt, error.retry_after, self.jitter.next())
    }

    pub(super) fn wait(&self, doing: &str, retrying: &Retrying) -> Result<(), ApiError> {
        (self.hooks.retrying)(retrying);
        match (self.hooks.pause)(retrying.delay) {
            true => Ok(()),
            false => Err(ApiError::new(Fault::Interrupted, doing, self.origin().host(), "")),
        }
    }

    /// Returns the call for a file's content.
    pub(super) fn content_call<'a>(&self, doing: &'a str, file_id: &str) -> Call<'a> {
        let mut call = Call::new(doing, Method::GET, self.dialect.path(Resource::Content(file_id)));
        call.may_be_elsewhere = true;
        call
    }

    pub(super) fn transport(&self) -> &Transport {
        &self.transport
    }

    pub(super) fn retries(&self) -> u32 {
        self.retries
    }

    pub(super) fn silence_timeout(&self) -> Duration {
        self.silence_timeout
    }
}

/// Returns whether an upload was refused for the field that says when the file may be deleted.
fn refuses_expiry(error: &ApiError) -> bool {
    let names = |text: &str| text.contains("expires_after");
    matches!(error.status, Some(400 | 422)) && (names(&error.message) || error.param.as_deref().is_some_and(names))
}

/// Says what became of a batch from how the call went wrong. The body is read only after a connection stands and the
/// header is written, so an untouched body is a batch that cannot exist.
fn classify(error: ApiError, touched: bool) -> CreateError {
    match (error.fault, error.status) {
        _ if !touched => CreateError::NotSent(error),
        (Fault::Status, Some(408 | 499)) => CreateError::Uncertain(error),
        // A page of something in between may come after the batch was made.
        (Fault::Status, Some(300..=499)) if error.is_envelope() => CreateError::Refused(error),
        _ => CreateError::Uncertain(error),
    }
}

fn json_payload<'a>(reader: &'a mut dyn Read, len: usize) -> Payload<'a> {
    Payload::Stream { reader, len: len as u64, content_type: "application/json".to_string() }
}

/// A body that remembers whether anybody began to read it.
struct Touched<'a> {
    inner: Cursor<&'a [u8]>,
    touched: &'a Cell<bool>,
}

impl Read for Touched<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.touched.set(true);
        self.inner.read(buf)
    }
}
