//! The states of a part and the moves between them; nothing else sets a state.
//!
//! A [`Part`] carries its state as a type, and a move is a function from one state to the next that takes the
//! transaction. What protects money is in the signatures: a batch is asked for only with an [`Intent`], which exists
//! once the intention is in the transaction, and an intention only with [`Approved`], which a
//! [`Budget`](crate::batch::budget::Budget) gives.
//!
//! ```text
//! planned -> uploading -> uploaded -> creating -> open -> ended -> imported
//! ```
//!
//! and aside from that way: uncertain, gone, given up, replaced, withdrawn. Uncertain and gone are not final: a look
//! that sees the batch takes them back.
#![expect(clippy::disallowed_methods, reason = "the state machine is the one place that moves parts")]

use std::collections::BTreeMap;
use std::marker::PhantomData;

use anyhow::Context as _;

use crate::answer::Reason;
use crate::batch::budget::Approved;
use crate::model::{BatchId, BatchKey, FileId};
use crate::provider::{CompletionWindow, CreateBatch};
use crate::store::{BatchRow, BatchState, Claim, FoundBy, NewBatch, Observation, Origin, RequestState, Tx};

/// A part or batch known to be in a state.
#[derive(Debug)]
pub struct Part<S> {
    key: BatchKey,
    state: PhantomData<S>,
}

/// A state as a type.
pub trait State {
    /// The word of the ledger.
    const STATE: BatchState;
}

/// A state in which a file can be uploaded: a second copy of a file costs nothing.
pub trait Uploadable: State {}

macro_rules! states {
    ($($(#[$doc:meta])* $name:ident,)*) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub enum $name {}

        impl State for $name {
            const STATE: BatchState = BatchState::$name;
        }
    )*};
}

states! {
    /// Waits here.
    Planned,
    /// Its file is on its way.
    Uploading,
    /// The provider has its file.
    Uploaded,
    /// The batch was asked for, and what came of it is not known.
    Creating,
    /// At the provider.
    Open,
}

impl Uploadable for Planned {}
impl Uploadable for Uploading {}

impl<S: State> Part<S> {
    /// Takes a part as it was read; an error where it is in another state.
    pub fn of(row: &BatchRow) -> anyhow::Result<Part<S>> {
        anyhow::ensure!(
            row.state == S::STATE,
            "part {} of {} is {} and not {}",
            row.part,
            row.run,
            row.state.as_str(),
            S::STATE.as_str()
        );
        Ok(Part::at(row.key))
    }

    /// Returns its row's key.
    pub fn key(&self) -> BatchKey {
        self.key
    }

    fn at(key: BatchKey) -> Part<S> {
        Part { key, state: PhantomData }
    }

    fn go<N: State>(self, tx: &Tx<'_>) -> anyhow::Result<Part<N>> {
        tx.part_moves().set(self.key, S::STATE, N::STATE)?;
        Ok(Part::at(self.key))
    }
}

impl Part<Planned> {
    /// Records a part.
    pub fn add(tx: &Tx<'_>, new: &NewBatch) -> anyhow::Result<Part<Planned>> {
        Ok(Part::at(tx.part_moves().add(new)?))
    }

    /// Records that the provider has a batch that was made elsewhere.
    pub fn taken_over(self, tx: &Tx<'_>, seen: &Seen<'_>, now: &str) -> anyhow::Result<()> {
        open(tx, self, seen, now).map(drop)
    }
}

impl<S: Uploadable> Part<S> {
    /// Writes down the intention to upload a file: its path, size and hash.
    pub fn intend_upload(
        self,
        tx: &Tx<'_>,
        origin: &Origin,
        file: (&str, u64, &str),
        now: &str,
    ) -> anyhow::Result<Part<Uploading>> {
        tx.part_moves().note_upload_intent(self.key, origin.key, file, &tx.fresh_key()?, now)?;
        tx.set_sandbox_of_batch(self.key, origin.is_sandbox)?;
        self.go(tx)
    }
}

impl Part<Uploading> {
    /// Writes down the provider's id of the uploaded file.
    pub fn uploaded(self, tx: &Tx<'_>, file: &FileId) -> anyhow::Result<Part<Uploaded>> {
        tx.part_moves().note_upload(self.key, file)?;
        self.go(tx)
    }
}

/// An intention that is written down: the only thing a batch is asked for with.
#[derive(Debug)]
pub struct Intent {
    part: Part<Creating>,
    create: CreateBatch,
}

impl Intent {
    /// Returns what is asked.
    pub fn create(&self) -> &CreateBatch {
        &self.create
    }

    /// Returns the part, for the move that the outcome makes.
    pub fn into_part(self) -> Part<Creating> {
        self.part
    }
}

impl Part<Uploaded> {
    /// Writes down the intention to create the batch. Each try carries a fresh key, by which it is found again.
    pub fn intend_create(
        self,
        tx: &Tx<'_>,
        approved: &Approved,
        endpoint: String,
        now: &str,
    ) -> anyhow::Result<Intent> {
        anyhow::ensure!(approved.part() == self.key, "another part was approved than is sent");
        let row = tx.read().batch(self.key)?;
        let file = row.input_file_id.context("an uploaded part has a file")?;
        let gleaner_key = tx.fresh_key()?;
        let n_parts = tx.read().batches_of_run(&row.run)?.iter().map(|batch| batch.part).max().unwrap_or(1);
        let metadata = BTreeMap::from([
            ("gleaner_db".to_owned(), tx.read().db_id()?),
            ("gleaner_run".to_owned(), row.run.to_string()),
            ("gleaner_part".to_owned(), format!("{}/{n_parts}", row.part)),
            ("gleaner_key".to_owned(), gleaner_key.clone()),
            ("gleaner_sha256".to_owned(), row.sha256.unwrap_or_default()),
        ]);
        tx.part_moves().note_create_intent(self.key, &gleaner_key, &serde_json::to_string(&metadata)?, now)?;
        let create = CreateBatch {
            input_file_id: file.to_string(),
            endpoint,
            window: CompletionWindow::Day,
            metadata,
            output_expires_after_secs: None,
        };
        Ok(Intent { part: self.go(tx)?, create })
    }

    /// Takes back an upload whose file holds what is not asked any more.
    pub fn outdated(self, tx: &Tx<'_>) -> anyhow::Result<Part<Planned>> {
        self.go(tx)
    }
}

/// Report of the provider on a batch when it was first seen.
#[derive(Debug)]
pub struct Seen<'a> {
    /// The provider's id.
    pub id: &'a BatchId,
    /// The provider's word, verbatim.
    pub status: &'a str,
    /// The evidence that it is this part; `None` where the call that made it said so.
    pub found_by: Option<FoundBy>,
    /// The rest.
    pub observation: &'a Observation,
}

impl Part<Creating> {
    /// Writes down that no batch was made: nothing left this machine, or the whole list was searched.
    pub fn not_made(self, tx: &Tx<'_>) -> anyhow::Result<Part<Uploaded>> {
        self.go(tx)
    }

    /// Writes down that the provider refused it and why: the plan stays until it is sent or dropped.
    pub fn refused(self, tx: &Tx<'_>, errors: &str) -> anyhow::Result<Part<Planned>> {
        tx.note_errors(self.key, errors)?;
        self.go(tx)
    }

    /// Writes down that the provider has the batch: its id, and that its requests are in flight.
    pub fn opened(self, tx: &Tx<'_>, seen: &Seen<'_>, now: &str) -> anyhow::Result<()> {
        open(tx, self, seen, now).map(drop)
    }
}

fn open<S: State>(tx: &Tx<'_>, part: Part<S>, seen: &Seen<'_>, now: &str) -> anyhow::Result<Part<Open>> {
    tx.part_moves().note_batch(part.key, seen.id, seen.status, seen.found_by, now)?;
    tx.part_moves().set_requests(part.key, RequestState::Planned, RequestState::Sent, None)?;
    tx.part_moves().keep_custom_ids(part.key)?;
    let key = part.key;
    let opened = part.go::<Open>(tx)?;
    observe(tx, key, seen.observation, now)?;
    Ok(opened)
}

/// Writes down that a batch of the provider's list was made from a part after all, whatever was believed of the part
/// since. What other parts still plan to ask of the same groups is withdrawn.
pub fn found(tx: &Tx<'_>, row: &BatchRow, seen: &Seen<'_>, now: &str) -> anyhow::Result<()> {
    let moves = tx.part_moves();
    anyhow::ensure!(
        row.batch_id.is_none() && !matches!(row.state, BatchState::Replaced | BatchState::Imported),
        "a part that is {} cannot be a batch",
        row.state.as_str()
    );
    moves.note_batch(row.key, seen.id, seen.status, seen.found_by, now)?;
    moves.set_requests(row.key, RequestState::Planned, RequestState::Sent, None)?;
    for reason in ["cancelled", "given_up"] {
        moves.restore_requests(row.key, RequestState::Withdrawn, reason)?;
    }
    moves.set(row.key, row.state, BatchState::Open)?;
    moves.withdraw_elsewhere(Some(row.key))?;
    observe(tx, row.key, seen.observation, now)
}

/// Writes down what the provider said of a batch. It is there: what was claimed of it is claimed no more, and one that
/// was gone has its requests in flight again.
pub fn observe(tx: &Tx<'_>, key: BatchKey, seen: &Observation, now: &str) -> anyhow::Result<()> {
    tx.observe(key, seen, now)?;
    let row = tx.read().batch(key)?;
    let moves = tx.part_moves();
    if row.state == BatchState::Gone {
        moves.restore_requests(key, RequestState::Missing, "gone")?;
    }
    if row.claim == Some(Claim::Answers) && seen.is_terminal {
        // Only its files can disprove that.
        return Ok(());
    }
    let next = if seen.is_terminal { BatchState::Ended } else { BatchState::Open };
    if next != row.state
        && matches!(row.state, BatchState::Open | BatchState::Ended | BatchState::Uncertain | BatchState::Gone)
    {
        moves.set(key, row.state, next)?;
    }
    if row.claim.is_some() {
        moves.note_claim(key, None)?;
    }
    Ok(())
}

/// Writes down that something is claimed of a batch that is not proven. It counts as evidence only in the API's own
/// words.
pub fn doubt(tx: &Tx<'_>, key: BatchKey, claim: Claim, is_evidence: bool, now: &str) -> anyhow::Result<()> {
    let row = tx.read().batch(key)?;
    anyhow::ensure!(
        matches!(row.state, BatchState::Open | BatchState::Ended | BatchState::Uncertain | BatchState::Imported),
        "a batch that is {} cannot be uncertain",
        row.state.as_str()
    );
    let moves = tx.part_moves();
    if row.state != BatchState::Uncertain {
        moves.set(key, row.state, BatchState::Uncertain)?;
    }
    let known = row.claimed_at.as_deref().filter(|_| row.claim == Some(claim) && row.n_claims > 0);
    let n = if row.claim == Some(claim) { row.n_claims } else { 0 };
    moves.note_claim(key, Some((claim, known.unwrap_or(now), n + u32::from(is_evidence))))
}

/// Writes down that the provider does not know a batch any more, which is proven; returns how many requests have no
/// answer. It is taken back by [`observe`].
pub fn gone(tx: &Tx<'_>, key: BatchKey) -> anyhow::Result<u64> {
    let state = tx.read().batch(key)?.state;
    anyhow::ensure!(state == BatchState::Uncertain, "a batch that is {} cannot be gone", state.as_str());
    tx.part_moves().set(key, state, BatchState::Gone)?;
    tx.part_moves().note_claim(key, None)?;
    tx.part_moves().set_requests(key, RequestState::Sent, RequestState::Missing, Some("gone"))
}

/// Writes down that the files of a batch were read, whatever state it was in: files may come by hand. `rest` is what
/// becomes of requests that are in none of them, and why.
pub fn imported(
    tx: &Tx<'_>,
    key: BatchKey,
    rest: Option<(RequestState, &str)>,
    n_duplicate: u64,
    now: &str,
) -> anyhow::Result<()> {
    if let Some((state, reason)) = rest {
        tx.part_moves().set_requests(key, RequestState::Sent, state, Some(reason))?;
    }
    let read = tx.read();
    let n_pending = read.n_requests_in(key, RequestState::Sent)? + read.n_requests_in(key, RequestState::Planned)?;
    if rest.is_some() || n_pending == 0 {
        tx.part_moves().set(key, read.batch(key)?.state, BatchState::Imported)?;
        tx.part_moves().note_claim(key, None)?;
        tx.part_moves().note_import(key, n_duplicate, now)?;
    }
    Ok(())
}

/// Writes down that a person does not wait for a batch any longer: its requests are missing from now on, and sent
/// again. One whose answers were read as far as they are there is imported with that.
pub fn give_up(tx: &Tx<'_>, key: BatchKey, now: &str) -> anyhow::Result<()> {
    let moves = tx.part_moves();
    if tx.read().batch(key)?.claim == Some(Claim::Answers) {
        return imported(tx, key, Some((RequestState::Missing, "given_up")), 0, now);
    }
    moves.note_claim(key, None)?;
    moves.set_requests(key, RequestState::Sent, RequestState::Missing, Some("given_up"))?;
    moves.set_requests(key, RequestState::Planned, RequestState::Withdrawn, Some("given_up"))?;
    moves.set(key, tx.read().batch(key)?.state, BatchState::GivenUp)
}

/// Writes down that a plan is dropped before it was sent; `reason` is for those of its requests that still wait in it.
pub fn withdraw(tx: &Tx<'_>, key: BatchKey, reason: &str) -> anyhow::Result<()> {
    let state = tx.read().batch(key)?.state;
    anyhow::ensure!(
        matches!(state, BatchState::Planned | BatchState::Uploading | BatchState::Uploaded),
        "a part that is {} cannot be dropped",
        state.as_str()
    );
    tx.part_moves().set_requests(key, RequestState::Planned, RequestState::Withdrawn, Some(reason))?;
    tx.part_moves().set(key, state, BatchState::Withdrawn)
}

/// Writes down that the provider does not know the model of a part: none of its requests was billed, and none of them
/// is sent to that model again.
pub fn model_gone(tx: &Tx<'_>, part: &Part<Planned>) -> anyhow::Result<()> {
    let moves = tx.part_moves();
    moves.set_requests(part.key, RequestState::Planned, RequestState::Failed, Some(Reason::MODEL_GONE))?;
    moves.set(part.key, BatchState::Planned, BatchState::Withdrawn)
}

/// Writes down that other parts have taken the place of one that was refused or split.
pub fn replace(tx: &Tx<'_>, key: BatchKey) -> anyhow::Result<()> {
    let state = tx.read().batch(key)?.state;
    anyhow::ensure!(
        !matches!(state, BatchState::Creating | BatchState::Imported),
        "a part that is {} cannot be replaced",
        state.as_str()
    );
    tx.part_moves().set(key, state, BatchState::Replaced)
}
