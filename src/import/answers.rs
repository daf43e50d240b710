//! Answer files become knowledge, in one transaction.
//!
//! Lines are read one at a time; what is kept in memory is one small mark a request of the batch. Each line is matched to
//! a request of the batch by its custom_id, classified, and written down with its cost; usable ones become topics and
//! linked mentions. The account is counted from the lines. A second import of the same files changes nothing.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::Serialize;

use crate::answer::{Answer, Line, Outcome};
use crate::config::unix_text;
use crate::import::knowledge::KnowledgeWriter;
use crate::interrupt;
use crate::model::{BatchKey, GroupKey, Kind, RequestKey};
use crate::request::{Prices, parse_custom_id};
use crate::store::{Account, AnswerRow, BatchRow, Cause, Read, RequestRow, RequestState, Spend, Tx};
use crate::terminal::Terminal;
use crate::terminal::bar::Unit;
use crate::text::lines::Lines;

/// The most bytes of a raw line that are kept.
const RAW_BYTES_MAX: usize = 64 * 1024;

/// The most bytes of a line that are read; the rest of a longer one is skipped.
pub(crate) const LINE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// What an import found.
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
    /// What the batch cost.
    pub cost: Spend,
}

/// Files that were opened before anything is written.
#[derive(Debug)]
pub struct Files(Vec<(PathBuf, File)>);

impl Files {
    /// Opens files; none of them may be missing.
    pub fn open(paths: &[PathBuf]) -> anyhow::Result<Files> {
        let open = |path: &PathBuf| {
            let file = File::open(path).with_context(|| format!("cannot open `{}`", path.display()))?;
            Ok((path.clone(), file))
        };
        paths.iter().map(open).collect::<anyhow::Result<_>>().map(Files)
    }

    fn bytes(&self) -> anyhow::Result<u64> {
        let size = |(path, file): &(PathBuf, File)| {
            file.metadata().map(|data| data.len()).with_context(|| format!("cannot read `{}`", path.display()))
        };
        self.0.iter().map(size).sum()
    }
}

/// Reads files into the ledger and the knowledge of batches. The account is not made up yet: what is in none of the files
/// is for the caller to settle.
pub fn read(
    tx: &Tx<'_>,
    terminal: &Terminal,
    batches: &[BatchKey],
    files: Files,
    prices: &Prices,
) -> anyhow::Result<ImportReport> {
    let bar = terminal.bar(files.bytes()?, Unit::Bytes, "importing");
    let mut importer = Importer::new(tx, batches, prices)?;
    for (path, file) in files.0 {
        importer.read_file(&path, bar.read(file))?;
    }
    importer.finish()
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

/// What one import has seen of a request.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Seen {
    Usable,
    NotUsable,
}

struct Importer<'t, 'c> {
    tx: &'t Tx<'c>,
    /// The batches, the one that the last line belonged to first.
    batches: Vec<BatchRow>,
    prices: &'t Prices,
    writer: KnowledgeWriter<'t, 'c>,
    seen: HashMap<RequestKey, Seen>,
    /// Groups of which something usable came.
    groups: HashSet<GroupKey>,
    report: ImportReport,
}

impl<'t, 'c> Importer<'t, 'c> {
    fn new(tx: &'t Tx<'c>, batches: &[BatchKey], prices: &'t Prices) -> anyhow::Result<Self> {
        Ok(Self {
            tx,
            batches: batches.iter().map(|batch| tx.read().batch(*batch)).collect::<anyhow::Result<_>>()?,
            prices,
            writer: KnowledgeWriter::new(tx),
            seen: HashMap::new(),
            groups: HashSet::new(),
            report: ImportReport::default(),
        })
    }

    fn read_file(&mut self, path: &Path, file: impl std::io::Read) -> anyhow::Result<()> {
        let mut lines = Lines::new(BufReader::with_capacity(1 << 18, file), LINE_BYTES_MAX);
        while let Some(line) = lines.next().with_context(|| format!("cannot read `{}`", path.display()))? {
            interrupt::check()?;
            if !line.is_blank() {
                self.read_line(line.bytes)?;
            }
        }
        Ok(())
    }

    fn read_line(&mut self, raw: &[u8]) -> anyhow::Result<()> {
        let Ok(line) = Line::open(raw) else { return self.set_aside(None, raw) };
        let request = match parse_custom_id(&line.custom_id) {
            Some((kind, wire)) => match self.tx.read().group_key_on_wire(wire)? {
                Some(group) => self.find(group, kind)?,
                None => None,
            },
            None => None,
        };
        let Some(request) = request else {
            let custom_id = line.custom_id;
            return self.set_aside(Some(&custom_id), raw);
        };
        let answer = line.classify(&self.writer.question(request.prompt)?.expect);
        let is_usable = matches!(answer.outcome, Outcome::Usable(_));
        match self.seen.get(&request.key) {
            // The success wins, whichever came first; the paid answer is never replaced by a failure.
            Some(Seen::Usable) => {
                self.report.duplicate += 1;
                return Ok(());
            }
            Some(Seen::NotUsable) => {
                self.report.duplicate += 1;
                if !is_usable {
                    return Ok(());
                }
            }
            None if request.state == RequestState::Usable && !is_usable => return Ok(()),
            None => {}
        }
        self.seen.insert(request.key, if is_usable { Seen::Usable } else { Seen::NotUsable });
        if is_usable {
            self.groups.insert(request.group);
        }
        self.write_down(&request, answer, raw)
    }

    /// Finds the request for a group and kind among the batches, and puts its batch first.
    fn find(&mut self, group: GroupKey, kind: Kind) -> anyhow::Result<Option<RequestRow>> {
        for i in 0..self.batches.len() {
            let found = self.tx.read().request_in_batch(self.batches[i].key, group, kind)?;
            if found.as_ref().is_some_and(|request| request.state != RequestState::Withdrawn) {
                self.batches.swap(0, i);
                return Ok(found);
            }
        }
        Ok(None)
    }

    fn write_down(&mut self, request: &RequestRow, answer: Answer, raw: &[u8]) -> anyhow::Result<()> {
        // Where an answer tells no time of its own, the end of its batch stands for it.
        let batch = self.batches.first().context("a request has a batch")?;
        let answered_at = answer.answered_at.and_then(unix_text).or_else(|| batch.completed_at.clone());
        let row = answer_row(&answer, answered_at, raw, &batch.model, self.prices, true);
        let state = match answer.outcome {
            Outcome::Usable(_) => RequestState::Usable,
            Outcome::Unusable(_) => RequestState::Unusable,
            Outcome::Refused(_) => RequestState::Refused,
            Outcome::Failed(_) => RequestState::Failed,
        };
        self.tx.set_request_state(request.key, state, answer.outcome.reason().map(|reason| reason.code.as_str()))?;
        self.tx.keep_answer(request.key, &row)?;
        self.report.unknown_usage += u64::from(answer.usage_is_unknown);
        if let Outcome::Usable(content) = answer.outcome {
            self.report.clamped += content.notes.n_clamped as u64;
            self.report.repaired += u64::from(content.notes.is_repaired());
            self.report.left_out += content.notes.n_placeholders as u64;
            self.report.cleaned += content.notes.n_cleaned as u64;
            let learned = self.writer.write(request, content.found, row.answered_at)?;
            self.report.topics_extracted += learned.topics;
            self.report.entities_extracted += learned.mentions;
            self.report.entities_linked += learned.linked;
            self.report.entities_ambiguous += learned.ambiguous;
            self.report.superseded += u64::from(learned.superseded);
        }
        Ok(())
    }

    fn set_aside(&mut self, custom_id: Option<&str>, raw: &[u8]) -> anyhow::Result<()> {
        self.report.foreign += 1;
        let text = String::from_utf8_lossy(raw);
        let batch = self.batches.first().context("files are imported into a batch")?.key;
        self.tx.set_aside(batch, custom_id, clipped(&text, RAW_BYTES_MAX).trim_end())
    }

    fn finish(mut self) -> anyhow::Result<ImportReport> {
        self.report.groups_processed = self.groups.len() as u64;
        Ok(self.report)
    }
}

/// Makes the ledger's row of an answer; `is_batch` chooses the price.
pub fn answer_row(
    answer: &Answer,
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
    let reason = answer.outcome.reason();
    AnswerRow {
        answered_at,
        model: answer.model.clone(),
        response_id: answer.response_id.clone(),
        text: answer.text.clone(),
        raw: reason.is_some().then(|| clipped(&String::from_utf8_lossy(raw), RAW_BYTES_MAX).trim_end().to_owned()),
        message: reason.map(|reason| reason.message.clone()),
        repaired: matches!(&answer.outcome, Outcome::Usable(content) if content.notes.is_repaired()),
        clamped: match &answer.outcome {
            Outcome::Usable(content) => content.notes.n_clamped as u64,
            _ => 0,
        },
        usage: answer.usage,
        cost_usd: cost(is_batch),
        sync_cost_usd: cost(false),
    }
}

fn clipped(text: &str, max: usize) -> &str {
    let mut end = max.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}
