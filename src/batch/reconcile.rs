//! Looking at the provider's list before anything is bought: was it made after all, and by whom?
//!
//! There is no idempotency key in the provider's API, so an unclear `POST /batches` is resolved by looking: each try
//! carries a fresh `gleaner_key` in its metadata, and the list shows it, or the input file's id, if it arrived.

use std::fmt;
use std::time::Duration;

use jiff::SignedDuration;

use crate::batch::look;
use crate::error::{ErrorKind, Explain as _};
use crate::model::{BatchId, RunId};
use crate::provider::{ApiError, Batch, BatchStatus, Client, Fault};
use crate::session::Session;
use crate::session::api_failure;
use crate::store::{BatchRow, BatchState, Claim, Read};
use crate::terminal::words::{duration, list};

/// Time between two searches of the list.
const SEARCH_PAUSE: Duration = Duration::from_secs(10);

/// Number of times that a list that cannot be read is asked for.
const LIST_TRIES: u64 = 4;

/// Batches that the second look before a purchase always goes through: a page of the list.
const NEWEST_MIN: usize = 100;

/// Difference between the provider's clock and ours that the second look puts up with.
const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_hours(1);

/// Result of a search of the provider's list.
#[derive(Clone, Debug, PartialEq)]
pub enum Search {
    /// It is there.
    Found(Box<Batch>),
    /// The whole list was read, long enough after the try, and it is not there.
    Absent,
    /// The list could not be read whole.
    Unclear,
}

/// Searches the provider's whole list for a part whose creation had no clear outcome, for as long as it may take to
/// appear, counted from the try.
pub fn search(session: &Session<'_>, client: &Client, part: &BatchRow) -> anyhow::Result<Search> {
    let since = part.intent_at.as_deref().and_then(|text| text.parse::<jiff::Timestamp>().ok());
    let (mut said, mut n_looks) = (false, 0);
    loop {
        n_looks += 1;
        match search_once(session, client, part)? {
            Search::Absent => {}
            other => return Ok(other),
        }
        let elapsed = since.map_or(0, |since| session.config.now().as_second() - since.as_second());
        let left = session.config.adopt_wait().saturating_sub(Duration::from_secs(elapsed.max(0) as u64));
        // However long ago the try was, one look alone claims nothing.
        if left.is_zero() && n_looks > 1 {
            return Ok(Search::Absent);
        }
        if !said {
            said = true;
            session.terminal.status(format!(
                "whether the batch was made is not known yet: searching the provider's list for up to {} more",
                duration(left.as_secs())
            ));
        }
        session.config.pause(if left.is_zero() { SEARCH_PAUSE } else { left.min(SEARCH_PAUSE) })?;
    }
}

/// Searches the provider's whole list once.
fn search_once(session: &Session<'_>, client: &Client, part: &BatchRow) -> anyhow::Result<Search> {
    let mut is_empty = true;
    for batch in client.all_batches() {
        let batch = match batch {
            Ok(batch) => batch,
            Err(error) if error.is_auth() => return Err(api_failure(error)),
            Err(error) => {
                session.terminal.warn(format!("{error}; whether the batch was made is not known yet"));
                return Ok(Search::Unclear);
            }
        };
        if is_ours(session, client, part, &batch)? {
            return Ok(Search::Found(Box::new(batch)));
        }
        is_empty = false;
    }
    // A list of nothing is no list of theirs while something of ours is in flight there.
    let pending = session.store.read().pending_batches()?;
    let in_flight = pending.iter().find(|other| other.origin == part.origin && other.batch_id.is_some());
    if let (true, Some(batch_id)) = (is_empty, in_flight.and_then(|other| other.batch_id.as_ref())) {
        session.terminal.warn(format!(
            "the provider's list is empty, though `{batch_id}` is there; whether the batch was made is not known yet"
        ));
        return Ok(Search::Unclear);
    }
    Ok(Search::Absent)
}

/// Returns whether a batch of the list is the one that was tried: it carries the key of the try, or its input file, and
/// is not already known as another one.
fn is_ours(session: &Session<'_>, client: &Client, part: &BatchRow, batch: &Batch) -> anyhow::Result<bool> {
    let same_key = part.gleaner_key.is_some() && batch.metadata.get("gleaner_key") == part.gleaner_key.as_ref();
    let same_file = part.input_file_id.is_some()
        && batch.input_file_id.as_deref() == part.input_file_id.as_ref().map(|id| id.as_str());
    Ok((same_key || same_file)
        && session
            .store
            .read()
            .batch_at(client.origin().as_str(), &BatchId::new(batch.id.clone()))?
            .is_none_or(|known| known.key == part.key))
}

/// Looks through the provider's list before something is bought: batches that carry this database's id are known here,
/// or are adopted as the outcome of a try that was cut off or seemed refused, or were made by another copy of the
/// database. In the last case the command stops, since both copies would buy the same requests.
///
/// It is also the first call of a command that spends, so that afterwards the client knows whether it talks to a
/// sandbox.
pub fn survey(session: &mut Session<'_>, client: &Client) -> anyhow::Result<()> {
    stop_beside_a_copy(look_through(session, client)?)
}

/// Makes the same survey of the newest batches, just before a part that is uploaded is bought: since the first look
/// another copy of the database may have sent the same, and an upload takes its time.
pub fn survey_newest(session: &mut Session<'_>, client: &Client, part: &BatchRow) -> anyhow::Result<()> {
    let run = session.store.read().run(&part.run)?;
    let begun = run.and_then(|run| run.created_at.parse::<jiff::Timestamp>().ok()).unwrap_or_default();
    let since = (begun - CLOCKS_DIFFER).as_second();
    let is_new = |(at, batch): &(usize, Result<Batch, ApiError>)| {
        let is_older = |batch: &Batch| batch.created_at.is_some_and(|created| created < since);
        *at < NEWEST_MIN || batch.as_ref().map_or(true, |batch| !is_older(batch))
    };
    let newest =
        patiently(session, || client.all_batches().enumerate().take_while(is_new).map(|(_, batch)| batch).collect())?;
    stop_beside_a_copy(note_each(session, client, newest)?)
}

fn stop_beside_a_copy(from_copies: Vec<String>) -> anyhow::Result<()> {
    let Some(first) = from_copies.first().cloned() else { return Ok(()) };
    Err(SentByCopy(from_copies))
        .kind(ErrorKind::Refused)
        .hint("`gleaner merge OTHER.db` brings the two copies together; what both would send would be paid twice")
        .hint(format!(
            "or take its batch over: `gleaner batch process {first}` reads its requests and answers into this copy, \
             `gleaner batch cancel {first} --local` leaves it aside"
        ))
}

/// Batches that another copy of the database has sent, so that nothing is bought here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentByCopy(Vec<String>);

impl fmt::Display for SentByCopy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "another copy of this database has sent {}", list(&self.0, "and"))
    }
}

impl std::error::Error for SentByCopy {}

/// Like [`survey`], but only adopts: what a command that looks may do.
pub fn adopt_what_was_bought(session: &mut Session<'_>, client: &Client) -> anyhow::Result<()> {
    if session.store.read().batches_in(BatchState::Creating)?.is_empty() {
        return Ok(());
    }
    look_through(session, client).map(drop)
}

/// Reads the whole list and puts right what is believed: what was tried is adopted, what was gone or uncertain is
/// there. Returns the batches of this database that no part of it was made to.
fn look_through(session: &mut Session<'_>, client: &Client) -> anyhow::Result<Vec<String>> {
    let all = patiently(session, || client.all_batches().collect())?;
    note_each(session, client, all)
}

fn note_each(session: &mut Session<'_>, client: &Client, batches: Vec<Batch>) -> anyhow::Result<Vec<String>> {
    let db_id = session.store.read().db_id()?;
    let mut from_copies = vec![];
    for batch in batches {
        let read = session.store.read();
        if let Some(known) = read.batch_at(client.origin().as_str(), &BatchId::new(batch.id.clone()))? {
            if known.state == BatchState::Gone || known.claim == Some(Claim::Gone) {
                look::seen(session, &known, &batch)?;
            }
            continue;
        }
        let is_this_database = batch.metadata.get("gleaner_db") == Some(&db_id);
        if let Some(part) = tried_as(read, &batch, is_this_database)? {
            look::note_opened(session, part.key, &batch, true)?;
        } else if is_this_database && batch.status != BatchStatus::Failed {
            // A batch that failed its validation bought nothing.
            from_copies.push(batch.id);
        }
    }
    Ok(from_copies)
}

/// Returns the part that a batch of the list was made from, whatever was believed of it since: a refusal may have come
/// from something before the API, or after the batch was made.
fn tried_as(read: Read<'_>, batch: &Batch, is_this_database: bool) -> anyhow::Result<Option<BatchRow>> {
    let word = |name: &str| batch.metadata.get(name).map(String::as_str);
    let run = word("gleaner_run").map(RunId::new);
    let number = word("gleaner_part").and_then(|part| part.split('/').next()?.parse().ok());
    let of_run = match (&run, number, word("gleaner_sha256").filter(|sha256| !sha256.is_empty())) {
        (Some(run), Some(number), Some(sha256)) if is_this_database => Some((run, number, sha256)),
        _ => None,
    };
    let part = read.part_tried_as(word("gleaner_key"), batch.input_file_id.as_deref(), of_run)?;
    // Of what was split nothing is left to adopt: its requests are in other parts.
    Ok(part.filter(|part| !matches!(part.state, BatchState::Replaced | BatchState::Imported)))
}

/// Reads the provider's list; an answer that cannot be read is asked for again.
fn patiently(
    session: &Session<'_>,
    mut read: impl FnMut() -> Result<Vec<Batch>, ApiError>,
) -> anyhow::Result<Vec<Batch>> {
    let mut n_tries = 0;
    loop {
        n_tries += 1;
        match read() {
            Ok(batches) => return Ok(batches),
            Err(error) if is_page(&error) && n_tries < LIST_TRIES => {
                session.terminal.warn(format!("{error}; asking again"));
                session.config.pause(Duration::from_secs(n_tries * 5))?;
            }
            Err(error) => return Err(api_failure(error)),
        }
    }
}

/// Returns whether something before the API answered, or something that nobody can read.
fn is_page(error: &ApiError) -> bool {
    error.fault == Fault::Unreadable || (error.fault == Fault::Status && !error.is_envelope())
}
