//! Answer files: each line matched to a request of the batches by its custom_id, classified, and handed on in the order of
//! the files.

use std::io::BufReader;
use std::path::Path;
use std::sync::mpsc::SyncSender;

use anyhow::Context as _;

use super::answers::{Files, LINE_BYTES_MAX, RAW_BYTES_MAX, answer_row, clipped};
use super::knowledge::RulesByPrompt;
use crate::answer::{Line, Outcome};
use crate::config::unix_text;
use crate::interrupt;
use crate::request::{Prices, parse_custom_id};
use crate::store::{AnswerRow, Asked, BatchRow, LinkedMention, RequestState};
use crate::terminal::bar::Bar;
use crate::text::lines::Lines;

/// Lines that are handed on together.
const LINES_AT_ONCE: usize = 32;

/// A line that was read.
pub(super) enum ReadLine {
    /// It answers a request, by its place among those asked.
    Answer(Box<ReadAnswer>),
    /// Nobody asked for it; with the place of the batch that it is set aside at.
    Foreign { batch: usize, custom_id: Option<String>, line: String },
    /// It repeats another one.
    Duplicate,
}

/// An answer to a request.
pub(super) struct ReadAnswer {
    pub(super) place: usize,
    pub(super) row: AnswerRow,
    pub(super) outcome: Outcome,
    /// Mentions that were linked ahead, which the outcome has no more.
    pub(super) linked: Option<anyhow::Result<Vec<LinkedMention>>>,
    pub(super) usage_is_unknown: bool,
}

impl ReadAnswer {
    /// Returns what becomes of its request.
    pub(super) fn state(&self) -> RequestState {
        match self.outcome {
            Outcome::Usable(_) => RequestState::Usable,
            Outcome::Unusable(_) => RequestState::Unusable,
            Outcome::Refused(_) => RequestState::Refused,
            Outcome::Failed(_) => RequestState::Failed,
        }
    }
}

/// Lines of one import about a request.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Seen {
    Nothing,
    Usable,
    NotUsable,
}

/// Reader of lines.
#[derive(Clone, Copy)]
pub(super) struct Key<'a> {
    pub(super) asked: &'a Asked,
    pub(super) batches: &'a [BatchRow],
    pub(super) rules: &'a RulesByPrompt,
    pub(super) prices: &'a Prices,
}

/// Reads all files, and hands on what was found in handfuls, to each of `lanes` in its turn.
pub(super) fn read(
    files: &Files,
    bar: &Bar,
    key: Key<'_>,
    lanes: Vec<SyncSender<Vec<ReadLine>>>,
) -> anyhow::Result<()> {
    let mut reader = Reader {
        key,
        order: (0..key.batches.len()).collect(),
        seen: vec![Seen::Nothing; key.asked.rows().len()],
        found: vec![],
        lanes,
        n_handed_on: 0,
    };
    for (path, file) in files.each() {
        reader.read_file(path, bar.read(file))?;
    }
    reader.hand_on();
    Ok(())
}

struct Reader<'a> {
    key: Key<'a>,
    /// Places of the batches, the one that the last line belonged to first.
    order: Vec<usize>,
    seen: Vec<Seen>,
    found: Vec<ReadLine>,
    lanes: Vec<SyncSender<Vec<ReadLine>>>,
    n_handed_on: usize,
}

impl Reader<'_> {
    fn read_file(&mut self, path: &Path, file: impl std::io::Read) -> anyhow::Result<()> {
        let mut lines = Lines::new(BufReader::with_capacity(1 << 18, file), LINE_BYTES_MAX);
        while let Some(line) = lines.next().with_context(|| format!("cannot read `{}`", path.display()))? {
            interrupt::check()?;
            if line.is_blank() {
                continue;
            }
            if let Some(found) = self.read_line(line.bytes) {
                self.found.push(found);
                if self.found.len() >= LINES_AT_ONCE && !self.hand_on() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Hands on what was found; false where nobody wants it any more.
    fn hand_on(&mut self) -> bool {
        let lane = self.n_handed_on % self.lanes.len();
        self.n_handed_on += 1;
        self.lanes[lane].send(std::mem::take(&mut self.found)).is_ok()
    }

    fn read_line(&mut self, raw: &[u8]) -> Option<ReadLine> {
        let Ok(line) = Line::open(raw) else { return Some(self.foreign(None, raw)) };
        let Some(place) = self.find(&line.custom_id) else {
            return Some(self.foreign(Some(line.custom_id.into_owned()), raw));
        };
        let request = &self.key.asked.rows()[place];
        let mut answer = line.classify(&self.key.rules.of(request.prompt).expect);
        let is_usable = matches!(answer.outcome, Outcome::Usable(_));
        let repeats = match self.seen[place] {
            // The success wins, whichever came first; the paid answer is never replaced by a failure.
            Seen::Usable => return Some(ReadLine::Duplicate),
            Seen::NotUsable if !is_usable => return Some(ReadLine::Duplicate),
            Seen::NotUsable => true,
            Seen::Nothing if request.state == RequestState::Usable && !is_usable => return None,
            Seen::Nothing => false,
        };
        if repeats {
            self.found.push(ReadLine::Duplicate);
        }
        self.seen[place] = if is_usable { Seen::Usable } else { Seen::NotUsable };
        // Where an answer tells no time of its own, the end of its batch stands for it.
        let batch = &self.key.batches[usize::from(request.batch)];
        let answered_at = answer.answered_at.and_then(unix_text).or_else(|| batch.completed_at.clone());
        let row = answer_row(&mut answer, answered_at, raw, &batch.model, self.key.prices, true);
        let usage_is_unknown = answer.usage_is_unknown;
        Some(ReadLine::Answer(Box::new(ReadAnswer {
            place,
            row,
            outcome: answer.outcome,
            linked: None,
            usage_is_unknown,
        })))
    }

    /// Finds the request that is called so among the batches, and puts its batch first.
    fn find(&mut self, custom_id: &str) -> Option<usize> {
        let (kind, wire) = parse_custom_id(custom_id)?;
        let places = self.key.asked.find(wire, kind);
        let rows = self.key.asked.rows();
        let batch_of = |place: usize| usize::from(rows[place].batch);
        let (at, place) = places
            .filter_map(|place| Some((self.order.iter().position(|batch| *batch == batch_of(place))?, place)))
            .min()?;
        self.order.swap(0, at);
        Some(place)
    }

    fn foreign(&self, custom_id: Option<String>, raw: &[u8]) -> ReadLine {
        let line = clipped(&String::from_utf8_lossy(raw), RAW_BYTES_MAX).trim_end().to_owned();
        ReadLine::Foreign { batch: self.order.first().copied().unwrap_or(0), custom_id, line }
    }
}
