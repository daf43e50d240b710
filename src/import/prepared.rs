//! The first half of an import: files are read, mentions linked and everything laid ready outside of any transaction,
//! so that others read and write the database meanwhile. Whether it still holds is asked in the transaction.

use std::collections::HashMap;

use anyhow::Context as _;

use super::ahead::{Ahead, Linkers, SharedByProfile, read_and_link};
use super::answers::{Files, ImportReport};
use super::knowledge::{RulesByPrompt, counts};
use super::read::{Key, ReadAnswer, ReadLine};
use super::spool::{Record, Spool};
use crate::answer::{self, Content, Outcome};
use crate::model::{BatchKey, GroupKey, Kind, LinkOutcome, RequestKey, Topic};
use crate::request::Prices;
use crate::store::{AnswerRow, Asked, BatchRow, LinkedMention, Read, Store, TopicVerdict};
use crate::terminal::Terminal;
use crate::terminal::bar::Unit;

/// Answers laid ready to be written.
pub struct Prepared {
    pub(super) asked: Asked,
    pub(super) batches: Vec<BatchRow>,
    /// By place among those asked; `None`: nothing of it changes.
    pub(super) answers: Vec<Option<Laid>>,
    /// Lines set aside: the batch, and where the line stands in the spool.
    pub(super) foreign: Vec<(usize, u64, usize)>,
    /// By batch: true where groups were forgotten that it asked about.
    has_forgotten: Vec<bool>,
    pub(super) spool: Spool,
    pub(super) report: ImportReport,
    /// The request whose answer counts, where several batches ask the same.
    pub(super) winners: HashMap<(GroupKey, Kind), RequestKey>,
    /// Version before the first read: while it is the same, nobody else has written.
    version: i64,
    links: u64,
}

/// Place of a prepared answer in the spool.
#[derive(Clone, Copy)]
pub(super) struct Laid {
    pub(super) at: u64,
    pub(super) n_answer: u32,
    /// Length of the knowledge right behind it; 0: nothing, or nothing that counts.
    pub(super) n_learned: u32,
}

impl Prepared {
    /// Prepares the answers of files outside of a transaction.
    pub fn outside(
        store: &Store,
        terminal: &Terminal,
        batches: &[BatchKey],
        files: &mut Files,
        prices: &Prices,
    ) -> anyhow::Result<Prepared> {
        Prepared::prepare(store.read(), Some(store), terminal, batches, files, prices)
    }

    /// Prepares the answers of files inside of a transaction.
    pub fn inside(
        read: Read<'_>,
        terminal: &Terminal,
        batches: &[BatchKey],
        files: &mut Files,
        prices: &Prices,
    ) -> anyhow::Result<Prepared> {
        Prepared::prepare(read, None, terminal, batches, files, prices)
    }

    fn prepare(
        read: Read<'_>,
        store: Option<&Store>,
        terminal: &Terminal,
        batches: &[BatchKey],
        files: &mut Files,
        prices: &Prices,
    ) -> anyhow::Result<Prepared> {
        files.rewind()?;
        let snapshot = store.map(Store::snapshot).transpose()?;
        let mut prepared = Prepared {
            version: read.data_version()?,
            links: read.linking_state()?,
            asked: read.asked(batches)?,
            batches: batches.iter().map(|batch| read.batch(*batch)).collect::<anyhow::Result<_>>()?,
            answers: vec![],
            foreign: vec![],
            has_forgotten: batches.iter().map(|batch| read.has_forgotten(*batch)).collect::<anyhow::Result<_>>()?,
            spool: Spool::new(files.spool_folder()),
            report: ImportReport::default(),
            winners: HashMap::new(),
        };
        let mut rules = RulesByPrompt::default();
        for row in prepared.asked.rows() {
            rules.learn(read, row.prompt)?;
        }
        prepared.answers.resize(prepared.asked.rows().len(), None);
        let asked = std::mem::take(&mut prepared.asked);
        let known_batches = std::mem::take(&mut prepared.batches);
        let bar = terminal.bar(files.bytes()?, Unit::Bytes, "importing");
        let key = Key { asked: &asked, batches: &known_batches, rules: &rules, prices };
        let shared = SharedByProfile::default();
        let ahead = store.and_then(|store| Ahead::of(store, prepared.links, key, &shared));
        let mut preparer = Preparer {
            prepared: &mut prepared,
            read,
            key,
            linkers: Linkers::new(read, key, &shared),
            topics: read
                .topic_decisions()?
                .into_iter()
                .filter(|decision| matches!(decision.verdict, TopicVerdict::Is | TopicVerdict::Drop))
                .map(|decision| (decision.topic, (decision.target, decision.label)))
                .collect(),
            record: Record::default(),
            usable: vec![false; asked.rows().len()],
        };
        drop(snapshot);
        read_and_link(files, &bar, key, ahead.as_ref(), |lines| {
            // Taking the lock for every look costs more than the look; and whoever wants to write waits for it.
            let _snapshot = store.map(Store::snapshot).transpose()?;
            lines.into_iter().try_for_each(|line| preparer.take(line))
        })?;
        let usable = preparer.usable;
        let groups = asked.rows().chunk_by(|a, b| a.group == b.group);
        let mut place = 0;
        for group in groups {
            prepared.report.groups_processed += u64::from(usable[place..place + group.len()].contains(&true));
            place += group.len();
        }
        prepared.asked = asked;
        prepared.batches = known_batches;
        Ok(prepared)
    }

    /// Returns whether what was prepared is still what would be prepared now; asked inside of the transaction.
    pub fn still_holds(&self, read: Read<'_>) -> anyhow::Result<bool> {
        if read.data_version()? == self.version {
            return Ok(true);
        }
        let keys: Vec<BatchKey> = self.batches.iter().map(|batch| batch.key).collect();
        let same = |batch: &BatchRow| {
            let now = read.batch(batch.key)?;
            Ok::<_, anyhow::Error>(now.model == batch.model && now.completed_at == batch.completed_at)
        };
        for batch in &self.batches {
            if !same(batch)? {
                return Ok(false);
            }
        }
        Ok(read.linking_state()? == self.links && read.asked(&keys)? == self.asked)
    }
}

struct Preparer<'p> {
    prepared: &'p mut Prepared,
    read: Read<'p>,
    key: Key<'p>,
    linkers: Linkers<'p>,
    /// Topics as people merged them: the topic, and as it is shown.
    topics: HashMap<String, (String, String)>,
    record: Record,
    usable: Vec<bool>,
}

impl Preparer<'_> {
    fn take(&mut self, line: ReadLine) -> anyhow::Result<()> {
        match line {
            ReadLine::Answer(found) => self.take_answer(*found)?,
            ReadLine::Duplicate => self.prepared.report.duplicate += 1,
            // Nobody asks for it any more, and it is not to come back.
            ReadLine::Foreign { batch, .. } if self.prepared.has_forgotten[batch] => {}
            ReadLine::Foreign { batch, custom_id, line } => {
                self.prepared.report.foreign += 1;
                self.record.clear();
                self.record.maybe(custom_id.as_deref(), Record::text);
                self.record.text(&line);
                let at = self.prepared.spool.put(self.record.bytes()).context("cannot set answers aside")?;
                self.prepared.foreign.push((batch, at, self.record.bytes().len()));
            }
        }
        Ok(())
    }

    fn take_answer(&mut self, found: ReadAnswer) -> anyhow::Result<()> {
        let place = found.place;
        let request = self.key.asked.rows()[place];
        let state = found.state();
        let reason = found.outcome.reason().map(|reason| reason.code.clone());
        self.prepared.report.unknown_usage += u64::from(found.usage_is_unknown);
        let kept = if request.state.is_pending() { None } else { self.read.answer(request.key)? };
        let is_kept = request.state == state && kept.is_some_and(|kept| says_the_same(&kept, &found.row));
        self.record.clear();
        if !is_kept {
            self.record.text(state.as_str());
            self.record.maybe(reason.as_deref(), Record::text);
            write_answer(&mut self.record, &found.row);
        }
        let n_answer = self.record.bytes().len();
        if let Outcome::Usable(content) = found.outcome {
            self.usable[place] = true;
            let report = &mut self.prepared.report;
            report.clamped += content.notes.n_clamped as u64;
            report.repaired += u64::from(content.notes.is_repaired());
            report.left_out += content.notes.n_placeholders as u64;
            report.cleaned += content.notes.n_cleaned as u64;
            let linked = found.linked.transpose()?;
            self.learn(place, (content, linked), is_kept, found.row.answered_at.as_deref())?;
        }
        let n_learned = self.record.bytes().len() - n_answer;
        self.prepared.answers[place] = match self.record.bytes() {
            [] => None,
            record => Some(Laid {
                at: self.prepared.spool.put(record).context("cannot lay answers ready")?,
                n_answer: u32::try_from(n_answer)?,
                n_learned: u32::try_from(n_learned)?,
            }),
        };
        Ok(())
    }

    /// Adds to the record what an answer teaches, unless the answer to a later request stands already, or it stands
    /// there.
    fn learn(
        &mut self,
        place: usize,
        (content, linked): (Content, Option<Vec<LinkedMention>>),
        is_kept: bool,
        answered_at: Option<&str>,
    ) -> anyhow::Result<()> {
        let rows = self.key.asked.rows();
        let request = &rows[place];
        if request.is_comparison {
            return Ok(());
        }
        let question = (request.group, request.kind);
        let report = &mut self.prepared.report;
        let winner = self.prepared.winners.get(&question).and_then(|key| {
            let from = rows.partition_point(|row| (row.group, row.kind) < question);
            rows[from..].iter().find(|row| row.key == *key).map(|row| (row.key, row.sandbox))
        });
        if let Some(current) = winner.or(request.current)
            && !counts((request.key, request.sandbox), current)
        {
            report.superseded += 1;
            return Ok(());
        }
        let neighbors = [place.checked_sub(1), place.checked_add(1)].into_iter().flatten();
        if neighbors.filter_map(|other| rows.get(other)).any(|other| (other.group, other.kind) == question) {
            self.prepared.winners.insert(question, request.key);
        }
        let is_known = is_kept && winner.is_none() && request.current.is_some_and(|(key, _)| key == request.key);
        match content.found {
            answer::Found::Topics(topics) => {
                report.topics_extracted += topics.len() as u64;
                if is_known {
                    return Ok(());
                }
                // A topic that people dropped has no target.
                let is_dropped =
                    |topic: &Topic| self.topics.get(&topic.topic).is_some_and(|(target, _)| target.is_empty());
                let topics: Vec<Topic> = topics.into_iter().filter(|topic| !is_dropped(topic)).collect();
                let record = &mut self.record;
                record.maybe(answered_at, Record::text);
                record.number(topics.len() as u64);
                for topic in topics {
                    let decided = self.topics.get(&topic.topic);
                    record.text(decided.map_or(&topic.topic, |(target, _)| target));
                    record.text(decided.map_or(&topic.label, |(_, label)| label));
                    record.maybe(decided.map(|_| topic.label.as_str()), Record::text);
                    record.real(topic.confidence);
                    record.number(u64::from(topic.rank));
                }
            }
            answer::Found::Mentions(mentions) => {
                report.entities_extracted += linked.as_ref().map_or(mentions.len(), Vec::len) as u64;
                if is_known {
                    let (linked, ambiguous) = self.read.link_counts(request.group)?;
                    report.entities_linked += linked;
                    report.entities_ambiguous += ambiguous;
                    return Ok(());
                }
                let linked = match linked {
                    Some(linked) => linked,
                    None => self.linkers.link(request, mentions)?,
                };
                let n_of = |outcome| linked.iter().filter(|link| link.outcome == outcome).count() as u64;
                report.entities_linked += n_of(LinkOutcome::Linked);
                report.entities_ambiguous += n_of(LinkOutcome::Ambiguous);
                self.record.maybe(answered_at, Record::text);
                self.record.number(linked.len() as u64);
                for link in &linked {
                    write_mention(&mut self.record, link);
                }
            }
        }
        Ok(())
    }
}

/// Returns whether an answer is kept as it came; what it cost is not asked, since it is priced once.
fn says_the_same(kept: &AnswerRow, new: &AnswerRow) -> bool {
    let costs = |row: &AnswerRow| (row.cost_usd.is_some(), row.sync_cost_usd.is_some());
    let plain = |row: &AnswerRow| AnswerRow { cost_usd: None, sync_cost_usd: None, ..row.clone() };
    costs(kept) >= costs(new) && plain(kept) == plain(new)
}

fn write_answer(record: &mut Record, row: &AnswerRow) {
    for text in [&row.answered_at, &row.model, &row.response_id, &row.text, &row.raw, &row.message] {
        record.maybe(text.as_deref(), Record::text);
    }
    record.number(u64::from(row.repaired));
    record.number(row.clamped);
    record.maybe(row.usage, |record, usage| {
        for n in [
            usage.input_tokens,
            usage.cached_tokens,
            usage.cache_write_tokens,
            usage.output_tokens,
            usage.reasoning_tokens,
        ] {
            record.number(n);
        }
    });
    record.maybe(row.cost_usd, Record::real);
    record.maybe(row.sync_cost_usd, Record::real);
}

fn write_mention(record: &mut Record, link: &LinkedMention) {
    let mention = &link.mention;
    record.text(&mention.entity_type);
    record.text(&mention.text);
    record.text(&link.key);
    let hints = (!mention.hints.is_empty()).then(|| serde_json::json!(mention.hints).to_string());
    record.maybe(hints.as_deref(), Record::text);
    record.maybe(link.entity, |record, entity| record.number(entity.0 as u64));
    record.number(link.outcome as u64);
    record.text(&link.method);
    record.real(link.score);
    record.real(mention.confidence);
    record.number(u64::from(mention.is_primary));
    record.number(u64::from(mention.rank));
    record.maybe(link.grounded, |record, grounded| {
        record.number(grounded.grounding as u64);
        record.maybe(grounded.place, |record, place| {
            record.maybe(place.story, |record, story| record.number(u64::from(story)));
            for n in [u32::from(place.in_title), place.at, place.length] {
                record.number(u64::from(n));
            }
        });
    });
}
