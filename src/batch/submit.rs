//! Sending what waits: upload, create, and after a crash or an unclear outcome, look before sending again.
//!
//! Each step writes its intention before the call and the result right after. A part goes
//! `planned -> uploading -> uploaded -> creating -> open`; wherever a process dies, the state says what may have
//! happened. Uploading twice costs nothing; creating twice would be paid twice, so a part found in `creating` is
//! searched for at the provider before anything is sent ([`super::reconcile`]).

use std::time::Duration;

use anyhow::{Context as _, anyhow};

use crate::batch::budget::{self, Approved, Budget};
use crate::batch::look;
use crate::batch::model_end;
use crate::batch::part::{self, Creating, Part, Planned, Uploadable, Uploaded, Uploading};
use crate::batch::reconcile::{self, Search};
use crate::batch::request_file;
use crate::batch::throttle::{self, Cut, Room};
use crate::error::Explain as _;
use crate::interrupt;
use crate::model::{BatchKey, FileId, RunId};
use crate::provider::{ApiError, Batch, Client, CreateError, Fault, Upload};
use crate::session::Session;
use crate::session::{api_failure, table_of_prices};
use crate::store::{BatchRow, BatchState, Origin, RequestState};
use crate::terminal::bar::Unit;
use crate::terminal::words::{bytes, duration};

/// Time that the provider keeps a request file that nobody deletes: its own longest, 30 days.
const INPUT_EXPIRES_SECS: u64 = 2_592_000;

/// Number of times that an unclear creation is searched for and sent again before a person should look.
const CREATE_TRIES: u32 = 3;

/// Number of times that a file is uploaded whose upload brings an answer that cannot be read.
const UPLOAD_TRIES: u64 = 4;

/// Number of times that a creation is asked for again that came too fast (429 in the envelope).
const RATE_TRIES: u32 = 6;

/// The longest wait that a server can ask of us between two tries.
const RATE_WAIT_MAX: Duration = Duration::from_secs(120);

/// Number of times that a file that was just uploaded may be unknown to the next call (the contract saw up to 5 s).
const FRESH_FILE_TRIES: u32 = 3;

/// Outcome of the parts that waited.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Submitted {
    /// Now at the provider.
    pub opened: Vec<BatchKey>,
    /// Still waiting here: the queue is full.
    pub held: Vec<BatchKey>,
    /// May or may not be at the provider.
    pub uncertain: Vec<BatchKey>,
    /// Begun at another origin, and left alone.
    pub elsewhere: Vec<BatchKey>,
}

impl Submitted {
    /// Adds what became of other parts.
    pub fn merge(&mut self, other: Submitted) {
        self.opened.extend(other.opened);
        self.held.extend(other.held);
        self.uncertain.extend(other.uncertain);
        self.elsewhere.extend(other.elsewhere);
    }
}

/// Outcome of one part.
enum Sent {
    Open,
    Held,
    Uncertain,
    /// Nothing was left to send.
    Withdrawn,
    /// It was too large for the queue; these took its place.
    Split(Vec<BatchKey>),
}

/// Adds to an error of [`send_waiting`] how the run goes on, where it does.
pub fn say_how_it_goes_on<T>(sent: anyhow::Result<T>, session: &Session<'_>, run: &RunId) -> anyhow::Result<T> {
    let parts = session.store.read().batches_of_run(run)?;
    if parts.iter().any(|part| part.state.is_unsent()) {
        sent.hint(format!("the run is kept: `gleaner batch submit {run}` goes on with it"))
    } else if parts.iter().any(|part| part.state.is_pending()) {
        sent.hint("all of it is sent: `gleaner batch wait` goes on with it")
    } else {
        sent
    }
}

/// Sends the parts that wait, of one run or of all, in order, as far as the queue takes them and the budget allows.
///
/// `max_enqueued` is the user's own limit of tokens in the provider's queue. The caller holds the spending lock and has
/// looked at the provider's list ([`reconcile::survey`]).
pub fn send_waiting(
    session: &mut Session<'_>,
    client: &Client,
    run: Option<&RunId>,
    budget: &Budget,
    max_enqueued: Option<u64>,
) -> anyhow::Result<Submitted> {
    let origin = session.origin_of(client)?;
    let mut submitted = Submitted::default();
    if let Some(run) = run {
        let tx = session.store.write()?;
        tx.set_run_origin(run, origin.key)?;
        tx.commit()?;
    }
    let mut waiting: Vec<BatchKey> = budget::waiting(session, run)?.iter().map(|part| part.key).collect();
    waiting.reverse();
    // A full queue is full for the later parts too: they keep their order.
    let mut full = false;
    while let Some(key) = waiting.pop() {
        interrupt::check()?;
        let part = session.store.read().batch(key)?;
        if !belongs_to(session, &part, &origin)? {
            submitted.elsewhere.push(key);
            continue;
        }
        if full && part.state == BatchState::Planned {
            submitted.held.push(key);
            continue;
        }
        match send_part(session, client, &origin, key, budget, max_enqueued)? {
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

/// Returns whether a part may be sent to this origin; one that was begun elsewhere is left alone, and said so once.
fn belongs_to(session: &mut Session<'_>, part: &BatchRow, origin: &Origin) -> anyhow::Result<bool> {
    let read = session.store.read();
    let Some(begun) = budget::begun_at(read, part)?.filter(|begun| *begun != origin.key) else { return Ok(true) };
    let warning = format!(
        "part {} of {} was begun at {} and is not sent to {}",
        part.part,
        part.run,
        read.origin(begun)?.base_url,
        origin.base_url
    );
    session.warn_once(warning);
    Ok(false)
}

fn send_part(
    session: &mut Session<'_>,
    client: &Client,
    origin: &Origin,
    key: BatchKey,
    budget: &Budget,
    max_enqueued: Option<u64>,
) -> anyhow::Result<Sent> {
    let (mut n_tries, mut is_rewritten) = (0, false);
    loop {
        let part = session.store.read().batch(key)?;
        if part.state.is_unsent() && part.state != BatchState::Creating {
            model_end::check_part(session, client, &part)?;
        }
        match part.state {
            BatchState::Planned | BatchState::Uploading => {
                match throttle::room(session, origin, &part, max_enqueued)? {
                    Room::Enough => {}
                    Room::Later => return Ok(Sent::Held),
                    Room::TooLarge { max_tokens } => {
                        return Ok(Sent::Split(throttle::split(session, key, Cut::AtMost(max_tokens))?));
                    }
                }
                let sent = match part.state {
                    BatchState::Planned => upload(session, client, origin, Part::<Planned>::of(&part)?)?,
                    _ => upload(session, client, origin, Part::<Uploading>::of(&part)?)?,
                };
                if let Some(sent) = sent {
                    return Ok(sent);
                }
            }
            BatchState::Uploaded => {
                if let Room::Later = throttle::room(session, origin, &part, max_enqueued)? {
                    return Ok(Sent::Held);
                }
                reconcile::survey_newest(session, client, &part)?;
                let part = session.store.read().batch(key)?;
                if part.state != BatchState::Uploaded {
                    // Another copy has sent this very part, and it was adopted.
                    continue;
                }
                let n_planned = session.store.read().n_requests_in(key, RequestState::Planned)?;
                if n_planned != part.n_requests && !is_rewritten {
                    // Another copy has sent some of it: the file is written and uploaded again without that.
                    is_rewritten = true;
                    let tx = session.store.write()?;
                    Part::<Uploaded>::of(&part)?.outdated(&tx)?;
                    tx.commit()?;
                    continue;
                }
                n_tries += 1;
                if let Some(sent) = create(session, client, key, &budget.approve(&part)?)? {
                    return Ok(sent);
                }
            }
            BatchState::Creating if n_tries >= CREATE_TRIES => return Ok(Sent::Uncertain),
            BatchState::Creating => match reconcile::search(session, client, &part)? {
                Search::Found(batch) => return opened(session, client, key, &batch, true),
                Search::Absent => {
                    let tx = session.store.write()?;
                    Part::<Creating>::of(&part)?.not_made(&tx)?;
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

/// Writes a part's file from the database and uploads it. Returns what became of the part where it is not uploaded:
/// nothing is left to send, or it was too large and is split.
fn upload<S: Uploadable>(
    session: &mut Session<'_>,
    client: &Client,
    origin: &Origin,
    part: Part<S>,
) -> anyhow::Result<Option<Sent>> {
    let key = part.key();
    let Some(file) = request_file::write(session, key)? else { return Ok(Some(Sent::Withdrawn)) };
    let now = session.config.now_text();
    let tx = session.store.write()?;
    let part = part.intend_upload(&tx, origin, (&file.path, file.bytes, &file.sha256), &now)?;
    tx.commit()?;

    let path = session.store.folder().join(&file.path);
    let filename = file.path.rsplit('/').next().unwrap_or("requests.jsonl");
    session.terminal.detail(format!("uploading `{}` ({})", file.path, bytes(file.bytes)));
    let bar = session.terminal.bar(file.bytes, Unit::Bytes, "uploading");
    let upload = Upload { path: &path, filename, expires_after_secs: Some(INPUT_EXPIRES_SECS) };
    let mut n_tries = 0;
    let uploaded = loop {
        n_tries += 1;
        match client.upload_file(upload, &mut |sent| bar.set(sent)) {
            // A page where the file should be described: a second copy costs nothing.
            Err(error) if error.fault == Fault::Unreadable && n_tries < UPLOAD_TRIES => {
                session.terminal.warn(format!("{error}; uploading again"));
                session.config.pause(Duration::from_secs(n_tries * 5))?;
            }
            other => break other,
        }
    };
    drop(bar);
    if let Err(error) = &uploaded
        && is_too_large(error)
        && file.n_groups > 1
    {
        session.terminal.warn(format!("{error}; sending it in smaller parts"));
        return Ok(Some(Sent::Split(throttle::split(session, key, Cut::Halves)?)));
    }
    let uploaded = uploaded.map_err(api_failure).hint(of_this_part("`gleaner batch submit` tries again"))?;
    let tx = session.store.write()?;
    part.uploaded(&tx, &FileId::new(uploaded.id))?;
    tx.commit()?;
    Ok(None)
}

/// Returns whether a server takes smaller files than the provider's documents say.
fn is_too_large(error: &ApiError) -> bool {
    error.status == Some(413) || (error.status == Some(400) && error.message.to_lowercase().contains("too large"))
}

/// Asks for the batch, once. Returns what became of it, or `None` where the next look at the part's state decides.
fn create(
    session: &mut Session<'_>,
    client: &Client,
    key: BatchKey,
    approved: &Approved,
) -> anyhow::Result<Option<Sent>> {
    let endpoint = endpoint_of(session, key)?;
    for attempt in 1.. {
        let row = session.store.read().batch(key)?;
        let now = session.config.now_text();
        let tx = session.store.write()?;
        let intent = Part::<Uploaded>::of(&row)?.intend_create(&tx, approved, endpoint.clone(), &now)?;
        tx.commit()?;

        let answer = {
            let _buying = interrupt::buying();
            client.create_batch(intent.create())
        };
        let error = match answer {
            Ok(batch) => return opened(session, client, key, &batch, false).map(Some),
            Err(CreateError::Uncertain(error)) => {
                session.terminal.warn(format!("{error}; looking whether the batch was made"));
                return Ok(None);
            }
            Err(CreateError::NotSent(error)) => {
                let tx = session.store.write()?;
                intent.into_part().not_made(&tx)?;
                tx.commit()?;
                return Err(api_failure(error)).hint(of_this_part("`gleaner batch submit` tries again"));
            }
            Err(CreateError::Refused(error)) => error,
        };
        let is_full = throttle::is_full(error.code.as_deref(), &error.message);
        let is_fresh = names_file(&error) && attempt < FRESH_FILE_TRIES;
        // Too fast, says the API itself: nothing was made, and what it asks us to wait for is waited for.
        let is_too_fast = error.status == Some(429) && !is_full && !error.is_billing() && attempt < RATE_TRIES;
        let tx = session.store.write()?;
        if is_full || is_fresh || is_too_fast {
            intent.into_part().not_made(&tx)?;
        } else {
            // What the provider refused is no part of its queue; the plan stays until it is sent or dropped.
            let errors = look::errors_json(&[(error.code.clone(), error.message.clone())]);
            let planned = intent.into_part().refused(&tx, &errors)?;
            if model_end::is_model_gone(&error) {
                // The same with another model is another plan.
                part::model_gone(&tx, &planned)?;
            }
        }
        tx.commit()?;
        if is_full {
            return Ok(Some(throttle::refused(session, key, &error.message)?.map_or(Sent::Held, Sent::Split)));
        }
        if is_fresh {
            session.config.pause(Duration::from_secs(u64::from(attempt) * 2))?;
            continue;
        }
        if is_too_fast {
            let asked = error.retry_after.unwrap_or(Duration::from_secs(u64::from(attempt) * 5)).min(RATE_WAIT_MAX);
            session.terminal.warn(format!("{error}; asking again in {}", duration(asked.as_secs())));
            session.config.pause(asked)?;
            continue;
        }
        if model_end::is_model_gone(&error) {
            let prices = table_of_prices(session.config)?;
            let advice = model_end::advice(&error, &row.model, &prices, session.config.now()).unwrap_or_default();
            return Err(api_failure(error))
                .hint(advice)
                .context(format!("the provider refused part {} of {}", row.part, row.run));
        }
        return Err(api_failure(error))
            .hint(of_this_part(&format!(
                "`gleaner batch submit {0}` tries again, `gleaner batch cancel {0}` drops the plan",
                row.run
            )))
            .context(format!("the provider refused part {} of {}", row.part, row.run));
    }
    unreachable!("the loop ends by returning")
}

/// Says that a part was not bought, which is certain; others of its run may have been.
fn of_this_part(next: &str) -> String {
    format!("of this part nothing was bought; {next}")
}

/// Returns whether a refusal complains about the input file rather than about the batch.
fn names_file(error: &ApiError) -> bool {
    error.param.as_deref() == Some("input_file_id")
        || (error.status == Some(404) && error.message.to_lowercase().contains("file"))
}

/// Notes the batch the moment its id is known, then looks at it once or twice: a full queue shows only then, and is
/// believed when the next look says so too.
fn opened(
    session: &mut Session<'_>,
    client: &Client,
    key: BatchKey,
    batch: &Batch,
    is_found_again: bool,
) -> anyhow::Result<Sent> {
    look::note_opened(session, key, batch, is_found_again)?;
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
    let refusal = |part: &BatchRow| {
        let has_failed = part.state == BatchState::Ended && look::has_failed(part);
        has_failed.then(|| throttle::message_of(part.errors.as_deref())).flatten()
    };
    if refusal(&session.store.read().batch(key)?).is_none() {
        return Ok(Sent::Open);
    }
    match look::look_twice(session, client, key, look::SECOND_LOOK) {
        Ok(part) => match refusal(&part) {
            Some(message) => Ok(throttle::refused(session, key, &message)?.map_or(Sent::Held, Sent::Split)),
            None => Ok(Sent::Open),
        },
        Err(error) => {
            interrupt::check()?;
            session.terminal.detail(format!("{error:#}"));
            Ok(Sent::Open)
        }
    }
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
