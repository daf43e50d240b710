//! Answer files become knowledge, in two halves and one transaction.
//!
//! First everything is laid ready outside of any transaction (`prepared.rs`): lines are read one at a time in a thread
//! of their own (`read.rs`), matched to a request of the batch by their custom_id and classified; usable ones become
//! topics and linked mentions, in threads that link ahead (`ahead.rs`), and lie in a temporary file where memory does not
//! suffice (`spool.rs`). Then the transaction
//! writes (`write.rs`), if nobody has changed meanwhile what it all depends on. In memory is one small row a request of
//! the batch. The account is counted from the lines. A second import of the same files changes nothing.

use std::fs::File;
use std::io::{Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::Serialize;

use crate::answer::{Answer, Outcome};
use crate::error::cannot_open;
use crate::model::BatchKey;
use crate::request::Prices;
use crate::store::{Account, AnswerRow, Cause, Read, Spend};

/// The most bytes that are kept of a raw line, or of a text that is not usable.
pub(super) const RAW_BYTES_MAX: usize = 64 * 1024;

/// The most bytes of a line that are read; the rest of a longer one is skipped.
pub(crate) const LINE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Result of an import.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ImportReport {
    /// Groups of which something usable came.
    pub groups_processed: u64,
    /// Topics written.
    pub topics_extracted: u64,
    /// Mentions written.
    pub entities_extracted: u64,
    /// Of these, linked to the catalog.
    pub entities_linked: u64,
    /// Of these, with several entities that fit.
    pub entities_ambiguous: u64,
    /// Groups of which something was not usable.
    pub groups_with_errors: u64,
    /// Groups that share answers of others with the same text since.
    pub copies_answered: u64,
    /// The account of the batch after the import.
    pub account: Account,
    /// Why requests are not usable, the most frequent cause first.
    pub causes: Vec<Cause>,
    /// Why the batch failed as a whole.
    pub errors: Vec<serde_json::Value>,
    /// Lines nobody asked for, set aside.
    pub foreign: u64,
    /// Lines that repeat another one.
    pub duplicate: u64,
    /// Values brought into range.
    pub clamped: u64,
    /// Answers whose JSON had to be mended.
    pub repaired: u64,
    /// Items left out, since a placeholder stood for their name.
    pub left_out: u64,
    /// Names whose markup was taken off.
    pub cleaned: u64,
    /// Answers whose usage cannot be: their cost is not known.
    pub unknown_usage: u64,
    /// Usable answers that a later request for the same group has already superseded.
    pub superseded: u64,
    /// Cost of the batch.
    pub cost: Spend,
}

/// Files that were opened before anything is written.
#[derive(Debug)]
pub struct Files {
    files: Vec<(PathBuf, File)>,
    /// Folder in which what is prepared may lie for a while.
    spool_folder: PathBuf,
}

impl Files {
    /// Opens plain files; none of them may be missing. What is prepared of them may need as much room in
    /// `spool_folder`.
    pub fn open(paths: &[PathBuf], spool_folder: &Path) -> anyhow::Result<Files> {
        let open = |path: &PathBuf| {
            let file = File::open(path).map_err(|error| cannot_open(path, error))?;
            Ok((path.clone(), file))
        };
        let files = paths.iter().map(open).collect::<anyhow::Result<_>>()?;
        Ok(Files { files, spool_folder: spool_folder.to_owned() })
    }

    pub(super) fn spool_folder(&self) -> &Path {
        &self.spool_folder
    }

    pub(super) fn each(&self) -> impl Iterator<Item = (&Path, &File)> {
        self.files.iter().map(|(path, file)| (path.as_path(), file))
    }

    /// Goes back to the beginning of each file.
    pub(super) fn rewind(&mut self) -> anyhow::Result<()> {
        for (path, file) in &mut self.files {
            file.seek(SeekFrom::Start(0)).with_context(|| format!("cannot read `{}`", path.display()))?;
        }
        Ok(())
    }

    pub(super) fn bytes(&self) -> anyhow::Result<u64> {
        let size = |(path, file): &(PathBuf, File)| {
            file.metadata().map(|data| data.len()).with_context(|| format!("cannot read `{}`", path.display()))
        };
        self.files.iter().map(size).sum()
    }
}

/// Makes up the account of batches from their requests.
pub fn make_up(read: Read<'_>, batches: &[BatchKey], report: &mut ImportReport) -> anyhow::Result<()> {
    for &batch in batches {
        let account = read.account(batch)?;
        anyhow::ensure!(account.balances(), "the account of the batch does not balance: {account:?}");
        report.account.add(account);
        report.groups_with_errors += read.n_groups_with_errors(batch)?;
        report.cost.add(read.spend_of_batch(batch)?);
        for cause in read.causes(batch)? {
            match report.causes.iter_mut().find(|known| known.class == cause.class && known.reason == cause.reason) {
                Some(known) => known.count += cause.count,
                None => report.causes.push(cause),
            }
        }
    }
    report.causes.sort_by_key(|cause| std::cmp::Reverse(cause.count));
    Ok(())
}

/// Makes the ledger's row of an answer; `is_batch` chooses the price.
/// The answer's own texts are moved into it.
pub fn answer_row(
    answer: &mut Answer,
    answered_at: Option<String>,
    raw: &[u8],
    model: &str,
    prices: &Prices,
    is_batch: bool,
) -> AnswerRow {
    let priced = answer.model.as_deref().unwrap_or(model);
    let cost = |is_batch| {
        let usage = answer.usage?;
        prices.cost_of_request(priced, usage, is_batch).or_else(|| prices.cost_of_request(model, usage, is_batch))
    };
    let (cost_usd, sync_cost_usd) = (cost(is_batch), cost(false));
    let reason = answer.outcome.reason();
    AnswerRow {
        answered_at,
        response_id: answer.response_id.take(),
        // Of what is usable all is kept, since it is read again; the longest that is read has 4 MiB.
        text: answer.text.take().map(|text| match reason {
            Some(_) if text.len() > RAW_BYTES_MAX => clipped(&text, RAW_BYTES_MAX).to_owned(),
            _ => text,
        }),
        raw: reason.is_some().then(|| clipped(&String::from_utf8_lossy(raw), RAW_BYTES_MAX).trim_end().to_owned()),
        message: reason.map(|reason| reason.message.clone()),
        repaired: matches!(&answer.outcome, Outcome::Usable(content) if content.notes.is_repaired()),
        clamped: match &answer.outcome {
            Outcome::Usable(content) => content.notes.n_clamped as u64,
            _ => 0,
        },
        usage: answer.usage,
        cost_usd,
        sync_cost_usd,
        model: answer.model.take(),
    }
}

pub(super) fn clipped(text: &str, max: usize) -> &str {
    let mut end = max.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}
