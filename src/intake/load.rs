//! Files into the database: groups and entities, upserted by id.
//!
//! One flow for both. It reads record by record and writes in transactions of some thousand rows and more, so that memory
//! stays flat and a crash loses half of the work at most; what was written stays, since loading again changes nothing
//! that is the same.
//! A bad line is handed to the caller, counted, and never stops the rest.

use std::collections::{BTreeMap, HashSet};
use std::rc::Rc;

use super::input::OnBytes;
use super::records::{self, Got, ReadReport, Records};
use super::{CatalogRecord, Input, LineError, Made, Options};
use crate::error::Explain as _;
use crate::interrupt;
use crate::model::{Entity, EntityId, EntityKey, Group, Verdict};
use crate::report::csv;
use crate::request;
use crate::resolve::mention_key;
use crate::store::{CatalogChange, Change, GroupChange, Loading, Store};

/// Rows in one transaction. Ids, hashes and names come in no order, so that each commit writes nearly all pages of their
/// indexes. Each transaction is therefore as large as all before it: however many there are, a page is written few times.
#[derive(Clone, Copy, Debug)]
struct Steps {
    /// Rows of the first one.
    least: u64,
    /// Rows of the largest, which takes some seconds: others wait for it.
    most: u64,
}

/// First enough that the commit's flush to disk hardly counts, few enough to hold no lock for long.
const GROUPS: Steps = Steps { least: 5_000, most: 200_000 };

/// As long as to pack their names takes afterwards.
const ENTITIES: Steps = Steps { least: 1_000_000, most: 1_000_000 };

/// Text in the first transaction, and in the largest, whatever the number of records.
const BYTES: (usize, usize) = (32 << 20, 512 << 20);

/// Result of loading one file, or several.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    /// Not here before.
    pub new: u64,
    /// Different from what was here, and replaced.
    pub changed: u64,
    /// The same as what is here.
    pub unchanged: u64,
    /// Lines that could not be read.
    pub bad: u64,
    /// Groups without any text: kept, never sent.
    pub without_text: u64,
    /// Groups with text that are not sent because of their status, by that.
    pub inactive: BTreeMap<String, u64>,
    /// Records that say the same as one before, under an id made from it: left out.
    pub copies: u64,
    /// Decisions read with a catalog.
    pub decisions: u64,
    /// Of these, those that were not here, or said otherwise.
    pub decisions_new: u64,
    /// Report on the file; of several, the last.
    pub report: ReadReport,
}

impl Loaded {
    /// Returns the number of records read, bad ones not among them.
    pub fn n_records(&self) -> u64 {
        self.new + self.changed + self.unchanged
    }

    /// Adds what another file came to.
    pub fn add(&mut self, other: Loaded) {
        self.new += other.new;
        self.changed += other.changed;
        self.unchanged += other.unchanged;
        self.bad += other.bad;
        self.without_text += other.without_text;
        self.copies += other.copies;
        for (status, n) in other.inactive {
            *self.inactive.entry(status).or_default() += n;
        }
        self.decisions += other.decisions;
        self.decisions_new += other.decisions_new;
        let mut report = other.report;
        report.ignored.extend(std::mem::take(&mut self.report.ignored));
        report.two_ways.n += self.report.two_ways.n;
        report.unreadable.n += self.report.unreadable.n;
        self.report = report;
    }
}

/// Destination of records: a database; or nowhere, and then they are only compared with one, where there is one.
pub enum Destination<'a> {
    /// Written, as a change of many steps.
    Write(&'a mut Store, &'a Change),
    /// Compared: a dry run.
    Compare(Option<&'a Store>),
}

/// Callbacks while a file is loaded.
pub struct Listener<'a> {
    /// A line that could not be read.
    pub on_bad: &'a mut dyn FnMut(&LineError),
    /// A group, before it goes to its place, and in a dry run the hash that its text would have there.
    pub on_group: &'a mut dyn FnMut(&Group, Option<[u8; 16]>),
    /// An entity likewise.
    pub on_entity: &'a mut dyn FnMut(&Entity),
    /// So many bytes were read.
    pub on_bytes: OnBytes,
}

/// Loads story groups. Each group keeps the hash of its text, so that what is stale is found without rendering.
pub fn groups(
    target: &mut Destination<'_>,
    input: &Rc<Input>,
    options: &Options,
    listener: &mut Listener<'_>,
) -> anyhow::Result<Loaded> {
    let mut n_without_text = 0;
    let mut inactive = BTreeMap::new();
    let on_group = &mut *listener.on_group;
    let mut one = |sink: RecordSink<'_, '_>, made: Made| {
        let (group, text_hash) = (&made.group, made.text_hash());
        n_without_text += u64::from(text_hash.is_none());
        if text_hash.is_some() && group.status != Group::ACTIVE {
            *inactive.entry(group.status.clone()).or_default() += 1;
        }
        let would_be = match sink {
            RecordSink::Write(..) => None,
            RecordSink::Compare(Some(store)) => store.read().text_hash_if_loaded(group, text_hash)?,
            RecordSink::Compare(None) => text_hash,
        };
        on_group(group, would_be);
        let change = match sink {
            RecordSink::Write(loading, now) => {
                loading.group(group, made.hashes, request::wire_id(&group.id).as_deref(), now)?
            }
            RecordSink::Compare(Some(store)) => store.read().group_change(group, text_hash)?,
            RecordSink::Compare(None) => GroupChange::New,
        };
        Ok(match change {
            GroupChange::New => Became::New,
            GroupChange::Changed => Became::Changed,
            GroupChange::Unchanged => Became::Unchanged,
        })
    };
    let bytes_of = |made: &Made| made.group.stories.iter().map(|story| story.text.len()).sum();
    let records = records::groups(input, options, &listener.on_bytes)?;
    let mut loaded = each(target, records, GROUPS, bytes_of, &mut one, listener.on_bad)?;
    loaded.without_text = n_without_text;
    loaded.inactive = inactive;
    Ok(loaded)
}

/// Loads a catalog: entities, whose keys are added to `kept` where there is one, and the decisions that a file of an
/// export has with them.
///
/// The caller has made the keys of earlier decisions current (`linking::rekey`): that is how they are found.
pub fn entities(
    target: &mut Destination<'_>,
    input: &Rc<Input>,
    options: &Options,
    mut kept: Option<&mut HashSet<EntityKey>>,
    listener: &mut Listener<'_>,
) -> anyhow::Result<Loaded> {
    let is_table = input.is_table();
    let mut one = |sink: RecordSink<'_, '_>, mut record: CatalogRecord| {
        if is_table {
            unguard(&mut record);
        }
        let entity = match &record {
            CatalogRecord::Decision(taught) => {
                let key = mention_key(&taught.mention);
                let change = match sink {
                    RecordSink::Write(loading, now) => loading.tx()?.load_decision(&key, taught, now)?,
                    RecordSink::Compare(Some(store)) => store.read().decision_change(&key, taught)?,
                    RecordSink::Compare(None) => CatalogChange::New,
                };
                return Ok(Became::Decision(change != CatalogChange::Unchanged));
            }
            CatalogRecord::Topic(decision) => {
                let change = match sink {
                    RecordSink::Write(loading, now) => loading.tx()?.load_topic_decision(decision, now)?,
                    RecordSink::Compare(Some(store)) => store.read().topic_decision_change(decision)?,
                    RecordSink::Compare(None) => CatalogChange::New,
                };
                return Ok(Became::Decision(change != CatalogChange::Unchanged));
            }
            CatalogRecord::Entity(entity) => entity,
        };
        (listener.on_entity)(entity);
        let (change, key) = match sink {
            RecordSink::Write(loading, now) => loading.entity(entity, now).map(|(change, key)| (change, Some(key)))?,
            RecordSink::Compare(Some(store)) => store.read().entity_change(entity)?,
            RecordSink::Compare(None) => (CatalogChange::New, None),
        };
        if let Some(kept) = &mut kept {
            kept.extend(key);
        }
        Ok(match change {
            CatalogChange::New => Became::New,
            CatalogChange::Changed => Became::Changed,
            CatalogChange::Unchanged => Became::Unchanged,
        })
    };
    let records = records::catalog(input, options, &listener.on_bytes)?;
    each(target, records, ENTITIES, |_| 0, &mut one, listener.on_bad)
}

/// Takes off the apostrophes with which an export to a spreadsheet keeps it from running a name.
fn unguard(record: &mut CatalogRecord) {
    let plain = |text: &mut String| {
        if text.starts_with('\'') {
            *text = csv::plain(text).to_owned();
        }
    };
    let plain_id = |id: &mut EntityId| *id = EntityId::new(csv::plain(id.as_str()));
    match record {
        CatalogRecord::Entity(entity) => {
            plain_id(&mut entity.id);
            plain(&mut entity.entity_type);
            plain(&mut entity.name);
            entity.aliases.iter_mut().chain(entity.attributes.values_mut()).for_each(plain);
        }
        CatalogRecord::Topic(decision) => {
            plain(&mut decision.topic);
            plain(&mut decision.target);
            plain(&mut decision.label);
        }
        CatalogRecord::Decision(taught) => {
            plain(&mut taught.mention);
            plain(&mut taught.mention_type);
            if let Verdict::Is(target) | Verdict::Not(target) = &mut taught.verdict {
                plain_id(&mut target.id);
                plain(&mut target.entity_type);
            }
        }
    }
}

/// Removes the entities that are not among `kept`, and returns how many; a dry run only counts them. Mentions that were
/// linked to them keep their text.
pub fn remove_others(target: &mut Destination<'_>, kept: &HashSet<EntityKey>) -> anyhow::Result<u64> {
    match target {
        Destination::Write(store, change) => {
            let tx = store.change(change)?;
            let others = tx.read().entities_beside(kept)?;
            for key in &others {
                tx.remove_entity(*key)?;
            }
            tx.commit()?;
            Ok(others.len() as u64)
        }
        Destination::Compare(Some(store)) => Ok(store.read().entities_beside(kept)?.len() as u64),
        Destination::Compare(None) => Ok(0),
    }
}

enum Became {
    New,
    Changed,
    Unchanged,
    /// Of a decision; whether it is new here.
    Decision(bool),
}

/// Sink of one record.
#[derive(Clone, Copy)]
enum RecordSink<'a, 'tx> {
    Write(&'a Loading<'tx>, &'a str),
    Compare(Option<&'a Store>),
}

/// Takes the records to their place and counts what became of them.
fn each<T>(
    target: &mut Destination<'_>,
    mut records: Box<dyn Records<T>>,
    steps: Steps,
    bytes_of: impl Fn(&T) -> usize,
    one: &mut dyn FnMut(RecordSink<'_, '_>, T) -> anyhow::Result<Became>,
    on_bad: &mut dyn FnMut(&LineError),
) -> anyhow::Result<Loaded> {
    let mut loaded = Loaded::default();
    let (mut writing, reference) = match target {
        Destination::Write(store, change) => (Some((&mut **store, *change)), None),
        Destination::Compare(reference) => (None, *reference),
    };
    let mut is_over = false;
    let (mut n_rows_before, mut n_bytes_before) = (0, 0);
    while !is_over {
        interrupt::check().hint("what was loaded so far is saved; load the file again to go on")?;
        let (mut n_rows, mut n_bytes) = (0, 0);
        let (rows_max, bytes_max) =
            (n_rows_before.clamp(steps.least, steps.most), n_bytes_before.clamp(BYTES.0, BYTES.1));
        let loading = match &mut writing {
            Some((store, change)) => Some((store.load(change)?, change.at())),
            None => None,
        };
        // A signal ends the rows below, and what is there is committed: a million entities are one transaction.
        let _sparing = loading.is_some().then(interrupt::sparing_queries);
        while n_rows < rows_max && n_bytes < bytes_max && !interrupt::requested() {
            let record = match records.next() {
                None => {
                    is_over = true;
                    break;
                }
                // A read that the person ended is no bad line.
                Some(Err(_)) if interrupt::requested() => break,
                Some(Err(error)) => {
                    loaded.bad += 1;
                    on_bad(&error);
                    continue;
                }
                Some(Ok((_, Got::Copy))) => {
                    loaded.copies += 1;
                    continue;
                }
                Some(Ok((_, Got::One(record)))) => record,
            };
            let sink = match &loading {
                Some((loading, now)) => RecordSink::Write(loading, now),
                None => RecordSink::Compare(reference),
            };
            n_rows += 1;
            n_bytes += bytes_of(&record);
            match one(sink, record)? {
                Became::New => loaded.new += 1,
                Became::Changed => loaded.changed += 1,
                Became::Unchanged => loaded.unchanged += 1,
                Became::Decision(is_new) => {
                    loaded.decisions += 1;
                    loaded.decisions_new += u64::from(is_new);
                }
            }
        }
        if let Some((loading, _)) = loading {
            loading.commit()?;
        }
        n_rows_before += n_rows;
        n_bytes_before += n_bytes;
    }
    loaded.report = records.report();
    Ok(loaded)
}
