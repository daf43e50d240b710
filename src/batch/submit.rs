//! Sending what waits: upload, create, and after a crash or an unclear outcome, look before sending again.
//!
//! Each step writes its intention before the call and the result right after. A part goes
//! `planned -> uploading -> uploaded -> creating -> open`; wherever a process dies, the state says what may have
//! happened. Uploading twice costs nothing; creating twice would be paid twice, so a part found in `creating` is
//! searched for at the provider before anything is sent ([`super::reconcile`]).

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, anyhow};

use crate::batch::look;
use crate::batch::reconcile::{self, Search};
use crate::batch::request_file;
use crate::batch::throttle::{self, Cut, Room};
use crate::error::Explain as _;
use crate::interrupt;
use crate::model::{BatchKey, FileId, RunId};
use crate::provider::{ApiError, Batch, Client, CreateBatch, CreateError, Upload};
use crate::session::Session;
use crate::session::api_failure;
use crate::store::{BatchRow, BatchState, Origin, RequestState};
use crate::terminal::bar::Unit;
use crate::terminal::words::{bytes, duration};

/// How long the provider keeps a request file that nobody deletes: its own longest, 30 days.
const INPUT_EXPIRES_SECS: u64 = 2_592_000;

/// How often an unclear creation is searched for and sent again before a person should look.
const CREATE_TRIES: u32 = 3;

/// How often a file that was just uploaded may be unknown to the next call (the contract saw up to 5 s).
const FRESH_FILE_TRIES: u32 = 3;

/// What became of the parts that waited.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Submitted {
    /// Now at the provider.
    pub opened: Vec<BatchKey>,
    /// Still waiting here: the queue is full.
    pub held: Vec<BatchKey>,
    /// May or may not be at the provider.
    pub uncertain: Vec<BatchKey>,
}

impl Submitted {
    /// Adds what became of other parts.
    pub fn merge(&mut self, other: Submitted) {
        self.opened.extend(other.opened);
        self.held.extend(other.held);
        self.uncertain.extend(other.uncertain);
    }
}

/// What became of one part.
enum Sent {
    Open,
    Held,
    Uncertain,
    /// Nothing was left to send.
    Withdrawn,
    /// It was too large for the queue; these took its place.
    Split(Vec<BatchKey>),
}

/// Sends the parts that wait, of one run or of all, in order, as far as the queue takes them.
///
/// `max_enqueued` is the user's own limit of tokens in the provider's queue. The caller holds the spending lock and has
/// looked at the provider's list ([`reconcile::survey`]).
pub fn send_waiting(
    session: &mut Session<'_>,
    client: &Client,
    run: Option<&RunId>,
    max_enqueued: Option<u64>,
) -> anyhow::Result<Submitted> {
    let origin = session.origin_of(client)?;
    let mut submitted = Submitted::default();
    if let Some(run) = run {
        let tx = session.store.write()?;
        tx.set_run_origin(run, origin.key)?;
        tx.commit()?;
    }
    let mut waiting = vec![];
    for part in session.store.read().pending_batches()?.into_iter().filter(|part| part.state.is_unsent()) {
        let is_meant = match run {
            Some(run) => part.run == *run,
            // A run made without network is sent only when it is named: it may be on its way by hand.
            None => session.store.read().run(&part.run)?.is_some_and(|run| run.origin.is_some()),
        };
        if is_meant {
            waiting.push(part.key);
        }
    }
    waiting.reverse();
    // A full queue is full for the later parts too: they keep their order.
    let mut full = false;
    while let Some(key) = waiting.pop() {
        interrupt::check()?;
        let part = session.store.read().batch(key)?;
        if !belongs_to(session, &part, &origin)? {
            continue;
        }
        if full && part.state == BatchState::Planned {
            submitted.held.push(key);
            continue;
        }
        match send_part(session, client, &origin, key, max_enqueued)? {
            Sent::Open => submitted.opened.push(key),
            Sent::Held => {
                full = true;
                submitted.held.push(key);
            }
            Sent::Uncertain => submitted.uncertain.push(key),
            Sent::Withdrawn => session.terminal.warn(format!(
                "part {} of {} has nothing left to send: its groups lost their text or are not active any more",
                part.part, part.run
            )),
            Sent::Split(keys) => waiting.extend(keys.into_iter().rev()),
        }
    }
    Ok(submitted)
}

/// Returns whether a part may be sent to this origin; one that was begun elsewhere is left alone, and said so.
fn belongs_to(session: &Session<'_>, part: &BatchRow, origin: &Origin) -> anyhow::Result<bool> {
    let read = session.store.read();
    let begun = match part.origin {
        Some(origin) => Some(origin),
        None => read.run(&part.run)?.and_then(|run| run.origin),
    };
    let Some(begun) = begun.filter(|begun| *begun != origin.key) else { return Ok(true) };
    session.terminal.warn(format!(
        "part {} of {} was begun at {} and is not sent to {}",
        part.part,
        part.run,
        read.origin(begun)?.base_url,
        origin.base_url
    ));
    Ok(false)
}

fn send_part(
    session: &mut Session<'_>,
    client: &Client,
    origin: &Origin,
    key: BatchKey,
    max_enqueued: Option<u64>,
) -> anyhow::Result<Sent> {
    let mut n_tries = 0;
    loop {
        let part = session.store.read().batch(key)?;
        match part.state {
            BatchState::Planned | BatchState::Uploading => {
                match throttle::room(session, origin, &part, max_enqueued)? {
                    Room::Enough => {}
                    Room::Later => return Ok(Sent::Held),
                    Room::TooLarge { max_tokens } => {
                        return Ok(Sent::Split(throttle::split(session, key, Cut::AtMost(max_tokens))?));
                    }
                }
                if let Some(sent) = upload(session, client, origin, key)? {
                    return Ok(sent);
                }
            }
            BatchState::Uploaded => {
                if let Room::Later = throttle::room(session, origin, &part, max_enqueued)? {
                    return Ok(Sent::Held);
                }
                n_tries += 1;
                if let Some(sent) = create(session, client, &part)? {
                    return Ok(sent);
                }
            }
            BatchState::Creating if n_tries >= CREATE_TRIES => return Ok(Sent::Uncertain),
            BatchState::Creating => match reconcile::search(session, client, &part)? {
                Search::Found(batch) => return opened(session, client, key, &batch),
                Search::Absent => {
                    let tx = session.store.write()?;
                    tx.set_batch_state(key, BatchState::Uploaded)?;
                    tx.commit()?;
                }
                Search::Unclear => return Ok(Sent::Uncertain),
            },
            BatchState::Open | BatchState::Ended => return Ok(Sent::Open),
            BatchState::Withdrawn => return Ok(Sent::Withdrawn),
            state => {
                return Err(anyhow!("part {} of {} is {} and cannot be sent", part.part, part.run, state.as_str()));
            }
        }
    }
}

/// Writes a part's file from the database and uploads it. Returns what became of the part where it is not uploaded: nothing
/// is left to send, or it was too large and is split.
fn upload(session: &mut Session<'_>, client: &Client, origin: &Origin, key: BatchKey) -> anyhow::Result<Option<Sent>> {
    let Some(file) = request_file::write(session, key)? else { return Ok(Some(Sent::Withdrawn)) };
    let now = session.config.now_text();
    let tx = session.store.write()?;
    tx.intend_upload(key, origin.key, (&file.path, file.bytes, &file.sha256), &tx.fresh_key()?, &now)?;
    tx.set_sandbox_of_batch(key, origin.is_sandbox)?;
    tx.commit()?;

    let path = session.store.folder().join(&file.path);
    let filename = file.path.rsplit('/').next().unwrap_or("requests.jsonl");
    session.terminal.detail(format!("uploading `{}` ({})", file.path, bytes(file.bytes)));
    let bar = session.terminal.bar(file.bytes, Unit::Bytes, "uploading");
    let send = |expires_after_secs| {
        client.upload_file(Upload { path: &path, filename, expires_after_secs }, &mut |sent| bar.set(sent))
    };
    // Servers that know no expiry refuse the field; the file then stays until `batch clean`.
    let uploaded = match send(Some(INPUT_EXPIRES_SECS)) {
        Err(error) if error.status == Some(400) && error.to_string().contains("expires_after") => send(None),
        other => other,
    };
    drop(bar);
    if let Err(error) = &uploaded
        && is_too_large(error)
        && file.n_groups > 1
    {
        session.terminal.warn(format!("{error}; sending it in smaller parts"));
        return Ok(Some(Sent::Split(throttle::split(session, key, Cut::Halves)?)));
    }
    let uploaded = uploaded.map_err(api_failure).hint("nothing was bought; `gleaner batch submit` tries again")?;
    let tx = session.store.write()?;
    tx.note_upload(key, &FileId::new(uploaded.id))?;
    tx.commit()?;
    Ok(None)
}

/// Returns whether a server takes smaller files than the provider's documents say.
fn is_too_large(error: &ApiError) -> bool {
    error.status == Some(413) || (error.status == Some(400) && error.message.to_lowercase().contains("too large"))
}

/// Asks for the batch, once. Returns what became of it, or `None` where the next look at the part's state decides.
fn create(session: &mut Session<'_>, client: &Client, part: &BatchRow) -> anyhow::Result<Option<Sent>> {
    let file = part.input_file_id.clone().context("an uploaded part has a file")?;
    let now = session.config.now_text();
    let endpoint = endpoint_of(session, part.key)?;
    for attempt in 1.. {
        let tx = session.store.write()?;
        let gleaner_key = tx.fresh_key()?;
        let n_parts = tx.read().batches_of_run(&part.run)?.iter().map(|batch| batch.part).max().unwrap_or(1);
        let metadata = BTreeMap::from([
            ("gleaner_db".to_owned(), tx.read().db_id()?),
            ("gleaner_run".to_owned(), part.run.to_string()),
            ("gleaner_part".to_owned(), format!("{}/{n_parts}", part.part)),
            ("gleaner_key".to_owned(), gleaner_key.clone()),
            ("gleaner_sha256".to_owned(), part.sha256.clone().unwrap_or_default()),
        ]);
        tx.intend_create(part.key, &gleaner_key, &serde_json::to_string(&metadata)?, &now)?;
        tx.commit()?;

        let result = client.create_batch(&CreateBatch {
            input_file_id: file.to_string(),
            endpoint: endpoint.clone(),
            metadata,
            output_expires_after_secs: None,
        });
        let error = match result {
            Ok(batch) => return opened(session, client, part.key, &batch).map(Some),
            Err(CreateError::Uncertain(error)) => {
                session.terminal.warn(format!("{error}; looking whether the batch was made"));
                return Ok(None);
            }
            Err(CreateError::NotSent(error)) => {
                let tx = session.store.write()?;
                tx.set_batch_state(part.key, BatchState::Uploaded)?;
                tx.commit()?;
                return Err(api_failure(error)).hint("nothing was bought; `gleaner batch submit` tries again");
            }
            Err(CreateError::Refused(error)) => error,
        };
        let tx = session.store.write()?;
        tx.set_batch_state(part.key, BatchState::Uploaded)?;
        tx.commit()?;
        if throttle::is_full(error.code.as_deref(), &error.message) {
            let split = throttle::refused(session, part.key, &error.message)?;
            return Ok(Some(if split.is_empty() { Sent::Held } else { Sent::Split(split) }));
        }
        if names_file(&error) && attempt < FRESH_FILE_TRIES {
            session.config.pause(Duration::from_secs(u64::from(attempt) * 2))?;
            continue;
        }
        // What the provider refused is no part of its queue; the plan stays until it is sent or dropped.
        let tx = session.store.write()?;
        tx.set_batch_state(part.key, BatchState::Planned)?;
        tx.note_errors(part.key, &look::errors_json(&[(error.code.clone(), error.message.clone())]))?;
        tx.commit()?;
        return Err(api_failure(error))
            .hint(format!(
                "nothing was bought; `gleaner batch submit {0}` tries again, `gleaner batch cancel {0}` drops the plan",
                part.run
            ))
            .context(format!("the provider refused part {} of {}", part.part, part.run));
    }
    unreachable!("the loop ends by returning")
}

/// Returns whether a refusal complains about the input file rather than about the batch.
fn names_file(error: &ApiError) -> bool {
    error.param.as_deref() == Some("input_file_id")
        || (error.status == Some(404) && error.message.to_lowercase().contains("file"))
}

/// Notes the batch the moment its id is known, then looks at it once or twice: a full queue shows only then.
fn opened(session: &mut Session<'_>, client: &Client, key: BatchKey, batch: &Batch) -> anyhow::Result<Sent> {
    look::note_opened(session, key, batch)?;
    for _ in 0..2 {
        let part = session.store.read().batch(key)?;
        if part.state != BatchState::Open || !matches!(part.status.as_deref(), Some("validating" | "")) {
            break;
        }
        session.config.pause(Duration::from_secs(2))?;
        if let Err(error) = look::look(session, client, key) {
            // The batch is there; how it fares is for the next look.
            session.terminal.detail(format!("{error:#}"));
            break;
        }
    }
    let part = session.store.read().batch(key)?;
    if part.state == BatchState::Ended
        && part.status.as_deref() == Some("failed")
        && let Some(message) = throttle::message_of(part.errors.as_deref())
    {
        let split = throttle::refused(session, key, &message)?;
        return Ok(if split.is_empty() { Sent::Held } else { Sent::Split(split) });
    }
    Ok(Sent::Open)
}

fn endpoint_of(session: &Session<'_>, key: BatchKey) -> anyhow::Result<String> {
    let read = session.store.read();
    let mut endpoint = None;
    read.each_request_of_batch(key, Some(RequestState::Planned), |request| {
        if endpoint.is_none() {
            endpoint = Some(read.prompt(request.prompt)?.prompt.endpoint.path().to_owned());
        }
        Ok(())
    })?;
    endpoint.context("the part has no requests")
}

/// Says in words when a held part is tried next.
pub fn next_try(session: &Session<'_>, parts: &[BatchRow]) -> String {
    let next = parts.iter().filter_map(|part| part.not_before.as_deref()).min();
    match next.and_then(|text| text.parse::<jiff::Timestamp>().ok()) {
        Some(at) => {
            let seconds = at.as_second() - session.config.now().as_second();
            format!("next try in {}", duration(seconds.max(0) as u64))
        }
        None => "next try when a batch ends".into(),
    }
}
