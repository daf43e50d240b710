//! Files into the database: groups and entities, upserted by id.
//!
//! One flow for both. It reads record by record and writes in transactions of some thousand rows, so that memory stays
//! flat and an interruption loses little; what was written stays, since loading again changes nothing that is the same.
//! A bad line is handed to the caller, counted, and never stops the rest.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashSet};
use std::io::BufRead;

use serde::Serialize;

use crate::error::Explain as _;
use crate::intake::{self, CatalogRecord, Format, LineError, Records};
use crate::interrupt;
use crate::model::{EntityId, EntityKey, Group, Verdict};
use crate::report::csv;
use crate::request;
use crate::resolve::mention_key;
use crate::store::{CatalogChange, GroupChange, Store, Tx};

/// Records in one transaction: enough that the commit's flush to disk hardly counts, few enough to hold no lock for
/// long.
const ROWS_PER_COMMIT: u64 = 5_000;

/// Text in one transaction, whatever the number of records: what SQLite keeps in its page cache meanwhile.
const BYTES_PER_COMMIT: usize = 32 * 1024 * 1024;

/// What loading one file, or several, came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
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
    /// Decisions read with a catalog.
    pub decisions: u64,
    /// Of these, those that were not here, or said otherwise.
    pub decisions_new: u64,
    /// Names of fields that were there and mean nothing to us.
    pub ignored_fields: BTreeSet<String>,
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
        self.decisions += other.decisions;
        self.decisions_new += other.decisions_new;
        self.ignored_fields.extend(other.ignored_fields);
    }
}

/// Where records go: a database; or nowhere, and then they are only compared with one, where there is one.
pub enum Target<'a> {
    /// Written, dated `now`.
    Write(&'a mut Store, &'a str),
    /// Compared: a dry run.
    Compare(Option<&'a Store>),
}

/// Loads story groups. Each group keeps the hash of its text, so that what is stale is found without rendering.
pub fn groups(
    target: &mut Target<'_>,
    reader: impl BufRead,
    format: Format,
    on_bad: &mut dyn FnMut(&LineError),
) -> anyhow::Result<Loaded> {
    let mut n_without_text = 0;
    let mut one = |place: Place<'_, '_>, group: &Group| {
        let text_hash = group.has_text().then(|| request::text_hash(group));
        n_without_text += u64::from(text_hash.is_none());
        let change = match place {
            Place::Write(tx, now) => tx.load_group(group, text_hash, request::wire_id(&group.id).as_deref(), now)?,
            Place::Compare(Some(store)) => store.read().group_change(group, text_hash)?,
            Place::Compare(None) => GroupChange::New,
        };
        Ok(match change {
            GroupChange::New => Change::New,
            GroupChange::Changed => Change::Changed,
            GroupChange::Unchanged => Change::Unchanged,
        })
    };
    let bytes_of = |group: &Group| group.stories.iter().map(|story| story.text.len()).sum();
    let mut loaded = each(target, intake::groups(reader, format)?, bytes_of, &mut one, on_bad)?;
    loaded.without_text = n_without_text;
    Ok(loaded)
}

/// Loads a catalog: entities, whose keys are added to `kept`, and the decisions that a file of an export has with them.
///
/// The caller has made the keys of earlier decisions current (`linking::rekey`): that is how they are found.
pub fn entities(
    target: &mut Target<'_>,
    reader: impl BufRead,
    format: Format,
    kept: &mut HashSet<EntityKey>,
    on_bad: &mut dyn FnMut(&LineError),
) -> anyhow::Result<Loaded> {
    let mut one = |place: Place<'_, '_>, record: &CatalogRecord| {
        // Only a table has anything to take off; a line with a million aliases is not copied for it.
        let mut record = Cow::Borrowed(record);
        if format == Format::Csv {
            unguard(record.to_mut());
        }
        let entity = match &*record {
            CatalogRecord::Decision(taught) => {
                let key = mention_key(&taught.mention);
                let change = match place {
                    Place::Write(tx, now) => tx.load_decision(&key, taught, now)?,
                    Place::Compare(Some(store)) => store.read().decision_change(&key, taught)?,
                    Place::Compare(None) => CatalogChange::New,
                };
                return Ok(Change::Decision(change != CatalogChange::Unchanged));
            }
            CatalogRecord::Entity(entity) => entity,
        };
        let (change, key) = match place {
            Place::Write(tx, now) => tx.load_entity(entity, now).map(|(change, key)| (change, Some(key)))?,
            Place::Compare(Some(store)) => store.read().entity_change(entity)?,
            Place::Compare(None) => (CatalogChange::New, None),
        };
        kept.extend(key);
        Ok(match change {
            CatalogChange::New => Change::New,
            CatalogChange::Changed => Change::Changed,
            CatalogChange::Unchanged => Change::Unchanged,
        })
    };
    each(target, intake::catalog(reader, format)?, |_| 256, &mut one, on_bad)
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
pub fn remove_others(target: &mut Target<'_>, kept: &HashSet<EntityKey>) -> anyhow::Result<u64> {
    match target {
        Target::Write(store, _) => {
            let tx = store.write()?;
            let others = tx.read().entities_beside(kept)?;
            for key in &others {
                tx.remove_entity(*key)?;
            }
            tx.commit()?;
            Ok(others.len() as u64)
        }
        Target::Compare(Some(store)) => Ok(store.read().entities_beside(kept)?.len() as u64),
        Target::Compare(None) => Ok(0),
    }
}

enum Change {
    New,
    Changed,
    Unchanged,
    /// Of a decision; whether it is new here.
    Decision(bool),
}

/// Where one record goes.
enum Place<'a, 'tx> {
    Write(&'a Tx<'tx>, &'a str),
    Compare(Option<&'a Store>),
}

/// Takes the records to their place and counts what became of them.
fn each<T>(
    target: &mut Target<'_>,
    mut records: Records<'_, T>,
    bytes_of: impl Fn(&T) -> usize,
    one: &mut dyn FnMut(Place<'_, '_>, &T) -> anyhow::Result<Change>,
    on_bad: &mut dyn FnMut(&LineError),
) -> anyhow::Result<Loaded> {
    let mut loaded = Loaded::default();
    let (mut store, now, reference) = match target {
        Target::Write(store, now) => (Some(&mut **store), *now, None),
        Target::Compare(reference) => (None, "", *reference),
    };
    let mut is_over = false;
    while !is_over {
        interrupt::check().hint("what was loaded so far is saved; load the file again to go on")?;
        let (mut n_rows, mut n_bytes) = (0, 0);
        let tx = store.as_deref_mut().map(Store::write).transpose()?;
        while n_rows < ROWS_PER_COMMIT && n_bytes < BYTES_PER_COMMIT && !interrupt::requested() {
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
                Some(Ok((_, record))) => record,
            };
            let place = match &tx {
                Some(tx) => Place::Write(tx, now),
                None => Place::Compare(reference),
            };
            match one(place, &record)? {
                Change::New => loaded.new += 1,
                Change::Changed => loaded.changed += 1,
                Change::Unchanged => loaded.unchanged += 1,
                Change::Decision(is_new) => {
                    loaded.decisions += 1;
                    loaded.decisions_new += u64::from(is_new);
                }
            }
            n_rows += 1;
            n_bytes += bytes_of(&record);
        }
        if let Some(tx) = tx {
            tx.commit()?;
        }
    }
    loaded.ignored_fields = records.ignored().clone();
    Ok(loaded)
}
